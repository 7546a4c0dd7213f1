"""A replacement's secret becomes current, and its rollback makes the old client's secret current again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.secrets_manager import CANNOT_DECRYPT, KMS_DENIED, PREVIOUS, SERVER_ERROR, denied
from tests.fixtures.stored_secrets import DESCRIBE_POOL, GET, MOVE, NAME, PUT, WRITES, Kept
from tests.fixtures.world import DELETE, MARKER, OTHER_POOL, POOL

if TYPE_CHECKING:
    from tests.fakes.cognito import ApiError

type Json = dict[str, Any]


def test_after_a_replacement_the_new_clients_secret_is_current_and_the_old_ones_previous(kept: Kept) -> None:
    old = kept.made()
    before = kept.current()

    answer = kept.world.update(old, kept.template(UserPoolId=OTHER_POOL), kept.template())

    assert kept.current()["client_id"] == answer.physical_id
    assert kept.current(stage=PREVIOUS) == before
    assert kept.takes(before)
    assert kept.is_sound()


def test_the_old_client_lives_until_cloudformation_deletes_it_and_that_leaves_the_secret_alone(kept: Kept) -> None:
    old = kept.made()
    new = kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())
    before = kept.secrets.stages(kept.arn)
    assert old in kept.world.client_ids()

    deleted = kept.world.delete(old, kept.template())

    assert deleted.status == "SUCCESS"
    assert kept.world.client_ids() == []
    assert kept.secrets.stages(kept.arn) == before
    assert kept.current()["client_id"] == replaced.physical_id
    assert kept.is_sound()


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_if_a_replacement_is_rolled_back_the_old_clients_secret_is_current_again(kept: Kept, rotations: int) -> None:
    old = kept.made()
    for _ in range(rotations):
        kept.rotate()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())
    kept.forget()

    deleted = kept.world.delete(replaced.physical_id, new)

    assert deleted.status == "SUCCESS"
    assert [call for call in kept.calls() if call in WRITES] == [MOVE, DELETE]
    assert kept.current() == before
    assert kept.current(stage=PREVIOUS)["client_id"] == replaced.physical_id
    assert kept.world.client_ids(OTHER_POOL) == []
    assert kept.is_sound()


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_after_a_rolled_back_replacement_updates_and_rotations_go_on(kept: Kept, rotations: int) -> None:
    old = kept.made()
    for _ in range(rotations):
        kept.rotate()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())
    kept.world.delete(replaced.physical_id, new)

    answer = kept.world.roll_back(old, kept.template(), new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", old)
    assert kept.current() == before
    kept.rotate()
    assert kept.is_sound()
    assert kept.takes(before)


@pytest.mark.parametrize("rotations", [0, 1, 2])
@pytest.mark.parametrize("after", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
def test_if_a_replacement_dies_half_way_the_rollback_makes_the_old_clients_secret_current(
    kept: Kept, rotations: int, after: int
) -> None:
    old = kept.made()
    for _ in range(rotations):
        kept.rotate()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    kept.dying(after, lambda: kept.world.update(old, new, kept.template()))

    answer = kept.world.roll_back(old, kept.template(), new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", old), answer.reason
    assert kept.current() == before
    assert kept.is_sound()


def test_an_update_that_takes_a_replacement_back_under_the_new_id_is_right_too(kept: Kept) -> None:
    old = kept.made()
    new = kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())

    answer = kept.world.update(replaced.physical_id, kept.template(), new)
    for physical_id, properties in ((replaced.physical_id, new), (old, kept.template())):
        assert kept.world.delete(physical_id, properties).status == "SUCCESS"

    assert kept.current()["client_id"] == answer.physical_id
    assert kept.world.client_ids() == [answer.physical_id]
    assert kept.is_sound()


def test_current_is_not_moved_back_to_a_client_that_is_gone(kept: Kept) -> None:
    old = kept.made()
    new = kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())
    kept.world.delete(old, kept.template())
    before = kept.secrets.stages(kept.arn)

    deleted = kept.world.delete(replaced.physical_id, new)

    assert deleted.status == "SUCCESS"
    assert kept.secrets.stages(kept.arn) == before
    assert kept.world.client_ids(OTHER_POOL) == []


def test_the_delete_of_a_client_that_current_does_not_name_moves_nothing(kept: Kept) -> None:
    client_id = kept.made()
    kept.secrets.put_elsewhere(kept.arn, {**kept.current(), "client_id": "another0client"})
    before = kept.secrets.stages(kept.arn)

    assert kept.world.delete(client_id, kept.template()).status == "SUCCESS"

    assert kept.secrets.stages(kept.arn) == before


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_the_end_of_the_stack_deletes_the_client_and_leaves_the_secret_to_cloudformation(
    kept: Kept, rotations: int
) -> None:
    client_id = kept.made()
    for _ in range(rotations):
        kept.rotate()
    before = kept.secrets.stages(kept.arn)

    assert kept.world.delete(client_id, kept.template()).status == "SUCCESS"

    assert kept.world.client_ids() == []
    assert kept.secrets.stages(kept.arn) == before


@pytest.mark.parametrize("gone", ["deleted", "about to be deleted"])
def test_a_client_whose_secret_is_gone_already_is_deleted(kept: Kept, gone: str) -> None:
    client_id = kept.made()
    if gone == "deleted":
        kept.secrets.delete_at_once(kept.arn)
    else:
        kept.secrets.schedule_deletion(kept.arn)

    assert kept.world.delete(client_id, kept.template()).status == "SUCCESS"

    assert kept.world.client_ids() == []


@pytest.mark.parametrize("failure", [SERVER_ERROR, denied(MOVE, NAME)])
def test_a_client_is_not_deleted_before_current_is_moved_back(kept: Kept, failure: ApiError) -> None:
    old = kept.made()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())

    with kept.failing(MOVE, failure):
        failed = kept.world.delete(replaced.physical_id, new)
    assert (failed.status, failed.physical_id) == ("FAILED", replaced.physical_id)
    assert kept.world.client_ids(OTHER_POOL) == [replaced.physical_id]
    again = kept.world.delete(replaced.physical_id, new)

    assert again.status == "SUCCESS"
    assert kept.current() == before


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_a_delete_that_dies_half_way_can_be_repeated(kept: Kept, after: int) -> None:
    old = kept.made()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())

    kept.dying(after, lambda: kept.world.delete(replaced.physical_id, new))
    assert kept.takes(kept.current())
    again = kept.world.delete(replaced.physical_id, new)

    assert again.status == "SUCCESS"
    assert kept.current() == before
    assert kept.world.client_ids(OTHER_POOL) == []


def test_an_adopted_client_that_is_let_go_keeps_its_kept_secret(kept: Kept) -> None:
    client_id = kept.world.existing(GenerateSecret=True)
    template = {"UserPoolId": POOL, "ImportId": f"{POOL}/{client_id}", "SecretId": kept.arn}
    kept.world.create(template)
    before = kept.secrets.stages(kept.arn)

    assert kept.world.delete(client_id, template).status == "SUCCESS"

    assert kept.world.client_ids() == [client_id]
    assert kept.secrets.stages(kept.arn) == before


@pytest.mark.parametrize("failure", [denied(GET, NAME), KMS_DENIED, CANNOT_DECRYPT])
def test_a_client_that_is_gone_needs_no_secret_that_can_be_read(kept: Kept, failure: ApiError) -> None:
    client_id = kept.made()
    kept.world.delete_elsewhere(client_id)
    kept.secrets.forbidden[GET] = failure

    deleted = kept.world.delete(client_id, kept.template())

    assert (deleted.status, deleted.physical_id) == ("SUCCESS", client_id)


@pytest.mark.parametrize("physical_id", [MARKER, "another-resource-1QZ6T0XJ4MHFN"])
def test_the_delete_of_an_id_that_was_never_a_clients_asks_nobody(kept: Kept, physical_id: str) -> None:
    assert kept.world.delete(physical_id, kept.template()).status == "SUCCESS"

    assert kept.asked == []


def test_a_rotation_between_a_replacement_and_its_rollback_keeps_the_way_back(kept: Kept) -> None:
    first = kept.made()
    old, new = kept.template(), kept.template(UserPoolId=OTHER_POOL)
    second = kept.world.update(first, new, old).physical_id
    kept.rotate()  # AWSPREVIOUS names the second client now

    assert kept.world.delete(second, new).status == "SUCCESS"

    assert kept.current()["client_id"] == first
    assert kept.takes(kept.current())


def test_after_a_replacement_that_stays_the_client_before_does_not_come_back(kept: Kept) -> None:
    first = kept.made()
    old, new = kept.template(), kept.template(UserPoolId=OTHER_POOL)
    second = kept.world.update(first, new, old).physical_id
    kept.world.delete(first, old)
    third = kept.world.update(second, old, new).physical_id
    kept.world.delete(second, new)

    kept.world.delete(third, old)

    assert kept.current()["client_id"] == third


@pytest.mark.parametrize(
    ("hanging", "kept_too_late"),
    [
        pytest.param("GetUserPoolClientSessionConfiguration", False, id="before-the-secret-is-kept"),
        pytest.param(DESCRIBE_POOL, True, id="while-it-is-being-kept"),
    ],
)
def test_a_replacement_that_was_answered_as_late_does_not_become_current(
    kept: Kept, hanging: str, kept_too_late: bool
) -> None:
    first = kept.made()
    old, new = kept.template(), kept.template(UserPoolId=OTHER_POOL, SSOSession={"MaxValidityMinutes": "5"})
    answered, hear = threading.Event(), kept.hear
    kept.world.on_put = lambda _: answered.set()

    def hang(operation: str, params: Json) -> None:
        hear(operation, params)
        if operation == hanging:
            assert answered.wait(10)

    kept.world.fake.on_call = hang
    event = kept.world.request("Update", new, PhysicalResourceId=first, OldResourceProperties=old)
    answer = kept.world.send(event, timeout=0.8)

    assert (answer.status, answer.physical_id) == ("FAILED", kept.world.client_ids(OTHER_POOL)[0])
    assert kept.current()["client_id"] == first
    assert (PUT in kept.calls()) == kept_too_late
