"""ClientSecret, or a value that is stored beforehand, becomes the client's secret without a replacement."""

from __future__ import annotations

from typing import Any

import pytest

from tests.canaries import OTHER_SECRET, OWN_SECRET
from tests.fakes.cognito import ApiError
from tests.fakes.secrets_manager import PREVIOUS, denied
from tests.fixtures.stored_secrets import ADD, DESCRIBE_POOL, LIST, NAME, PUT, REMOVE, Kept, is_told_nothing, own
from tests.fixtures.templates import APP, MOBILE
from tests.fixtures.world import MARKER, OTHER_POOL, POOL

type Json = dict[str, Any]


# ClientSecret: bring your own


def test_a_secret_of_ones_own_is_the_clients_and_in_the_answer_without_secret_id(kept: Kept) -> None:
    answer = kept.world.create({"UserPoolId": POOL, "ClientSecret": OWN_SECRET})

    assert (answer.status, answer.data["ClientSecret"], answer.no_echo) == ("SUCCESS", OWN_SECRET, True)
    assert kept.values(answer.physical_id) == [OWN_SECRET]


def test_changing_a_secret_of_ones_own_replaces_the_client_without_secret_id(kept: Kept) -> None:
    old = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET}
    created = kept.world.create(old)

    answer = kept.world.update(created.physical_id, {**old, "ClientSecret": OTHER_SECRET}, old)

    assert answer.status == "SUCCESS"
    assert answer.physical_id != created.physical_id
    assert kept.values(answer.physical_id) == [OTHER_SECRET]
    assert kept.values(created.physical_id) == [OWN_SECRET]


def test_a_secret_of_ones_own_is_kept_with_secret_id(kept: Kept) -> None:
    answer = kept.world.create(own(kept))

    assert is_told_nothing(answer, kept)
    assert kept.current()["client_secret"] == OWN_SECRET
    assert kept.is_sound()


def test_a_new_secret_of_ones_own_becomes_current_beside_the_old_one_without_replacement(kept: Kept) -> None:
    created = kept.world.create(own(kept))
    before = kept.current()
    kept.world.clock.now += 1

    answer = kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert is_told_nothing(answer, kept)
    assert answer.data["SecretVersionId"] == kept.secrets.version_id(kept.arn)
    assert kept.current()["client_secret"] == OTHER_SECRET
    assert kept.is_sound()
    assert kept.takes(before)
    assert kept.current(stage=PREVIOUS) == before


def test_of_two_secrets_the_one_that_is_not_current_goes_for_a_new_one(kept: Kept) -> None:
    created = kept.world.create(own(kept))
    first = kept.current()
    kept.rotate()
    second = kept.current()

    answer = kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))

    assert answer.status == "SUCCESS"
    assert kept.current()["client_secret"] == OTHER_SECRET
    assert kept.is_sound()
    assert kept.takes(second)
    assert not kept.takes(first)


def test_a_secret_of_ones_own_in_place_of_a_generated_one_needs_no_replacement(kept: Kept) -> None:
    client_id = kept.made()

    answer = kept.world.update(client_id, own(kept), kept.template())

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert kept.current()["client_secret"] == OWN_SECRET
    assert kept.is_sound()


def test_secret_id_and_a_new_secret_of_ones_own_may_come_together(kept: Kept) -> None:
    old = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET}
    created = kept.world.create(old)

    answer = kept.world.update(created.physical_id, own(kept, OTHER_SECRET), old)

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert kept.current()["client_secret"] == OTHER_SECRET
    assert kept.is_sound()


@pytest.mark.parametrize("rotations", [1, 2, 3])
def test_a_secret_of_ones_own_that_was_rotated_away_does_not_come_back(kept: Kept, rotations: int) -> None:
    created = kept.world.create(own(kept))
    for _ in range(rotations):
        kept.rotate()
    before = kept.current()

    answer = kept.world.update(created.physical_id, own(kept, LogoutURLs=[APP]), own(kept))

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert kept.current() == before


def test_a_secret_of_ones_own_that_leaves_the_template_stays(kept: Kept) -> None:
    created = kept.world.create(own(kept))
    before = kept.current()

    answer = kept.world.update(created.physical_id, {"UserPoolId": POOL, "SecretId": kept.arn}, own(kept))

    assert (answer.status, answer.physical_id, kept.current()) == ("SUCCESS", created.physical_id, before)


def test_the_same_request_twice_adds_one_secret(kept: Kept) -> None:
    created = kept.world.create(own(kept))
    request = kept.world.request(
        "Update",
        own(kept, OTHER_SECRET),
        PhysicalResourceId=created.physical_id,
        OldResourceProperties=own(kept),
    )
    kept.world.send(request)
    before = kept.secrets.stages(kept.arn)

    assert kept.world.send(request).status == "SUCCESS"

    assert kept.secrets.stages(kept.arn) == before
    assert kept.values(created.physical_id) == [OWN_SECRET, OTHER_SECRET]


def test_a_new_secret_of_ones_own_is_taken_back_without_a_moment_in_which_the_old_one_is_refused(kept: Kept) -> None:
    created = kept.world.create(own(kept))
    before = kept.current()
    kept.world.clock.now += 1
    kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))
    refused: list[str] = []
    kept.secrets.on_call = kept.world.fake.on_call = lambda operation, _params: (
        None if kept.takes(before) else refused.append(operation)
    )

    answer = kept.world.update(created.physical_id, own(kept), own(kept, OTHER_SECRET))

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert refused == []
    assert kept.current()["client_secret"] == OWN_SECRET
    assert kept.is_sound()


@pytest.mark.parametrize(
    ("operation", "rotations"),
    [(LIST, 0), (LIST, 1), (ADD, 0), (ADD, 1), (REMOVE, 1), (DESCRIBE_POOL, 0), (DESCRIBE_POOL, 1), (PUT, 0), (PUT, 1)],
)
def test_if_a_new_secret_of_ones_own_cannot_be_kept_the_rollback_leaves_no_secret_that_nobody_knows(
    kept: Kept, operation: str, rotations: int
) -> None:
    created = kept.world.create(own(kept))
    for _ in range(rotations):
        kept.rotate()
    kept.world.clock.now += 1
    before = kept.current()
    failure = ApiError("AccessDeniedException", "not authorized")
    if operation == PUT:
        kept.secrets.fail(PUT, failure)
    else:
        kept.world.fail(operation, failure)

    failed = kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))
    rolled_back = kept.world.roll_back(created.physical_id, own(kept), own(kept, OTHER_SECRET))

    assert (failed.status, failed.physical_id) == ("FAILED", created.physical_id)
    assert rolled_back.status == "SUCCESS"
    assert kept.takes(before)
    assert kept.is_sound()
    assert OTHER_SECRET not in kept.values(created.physical_id)


@pytest.mark.parametrize("after", [False, True])
def test_if_nobody_knows_whether_a_new_secret_of_ones_own_was_kept_the_rollback_is_right_either_way(
    kept: Kept, after: bool
) -> None:
    created = kept.world.create(own(kept))
    kept.world.clock.now += 1

    with kept.failing(PUT, "read-timeout", after=after):
        kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))
    rolled_back = kept.world.roll_back(created.physical_id, own(kept), own(kept, OTHER_SECRET))

    assert rolled_back.status == "SUCCESS"
    assert kept.current()["client_secret"] == OWN_SECRET
    assert kept.is_sound()
    assert after or kept.values(created.physical_id) == [OWN_SECRET]


@pytest.mark.parametrize("rotations", [0, 1, 2])
@pytest.mark.parametrize("after", range(1, 11))
def test_if_a_new_secret_of_ones_own_dies_half_way_every_moment_is_sound(
    kept: Kept, rotations: int, after: int
) -> None:
    created = kept.world.create(own(kept))
    for _ in range(rotations):
        kept.rotate()
    kept.world.clock.now += 1
    before = kept.current()

    kept.dying(after, lambda: kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept)))

    assert kept.is_sound()
    assert kept.takes(before)
    rolled_back = kept.world.roll_back(created.physical_id, own(kept), own(kept, OTHER_SECRET))
    assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", created.physical_id)
    assert kept.is_sound()
    assert kept.current() == before
    again = kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))
    assert again.status == "SUCCESS"
    assert kept.current()["client_secret"] == OTHER_SECRET
    assert kept.is_sound()


@pytest.mark.parametrize("secret_id", [False, True])
def test_a_dynamic_reference_is_refused_with_the_reason_why(kept: Kept, secret_id: bool) -> None:
    reference = "{{resolve:secretsmanager:web:SecretString:client_secret}}"
    template = {"UserPoolId": POOL, "ClientSecret": reference, **({"SecretId": kept.arn} if secret_id else {})}

    answer = kept.world.create(template)

    assert (answer.status, answer.physical_id, kept.asked) == ("FAILED", MARKER, [])
    assert "ClientSecret: it holds a dynamic reference, which CloudFormation does not resolve in custom resources." in (
        answer.reason
    )
    assert "Hand the value over as a parameter with NoEcho, or put it into the secret that SecretId names" in (
        answer.reason
    )


# A value that is there before


@pytest.mark.parametrize("properties", [{}, {"GenerateSecret": "true"}])
def test_a_secret_that_was_put_there_before_is_the_new_clients(kept: Kept, properties: Json) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})

    answer = kept.world.create({"UserPoolId": POOL, "SecretId": kept.arn, **properties})

    assert answer.status == "SUCCESS", answer.reason
    assert is_told_nothing(answer, kept)
    assert kept.values(answer.physical_id) == [OWN_SECRET]
    assert kept.is_sound()
    assert kept.current()["client_id"] == answer.physical_id


@pytest.mark.parametrize("change", [{}, {"LogoutURLs": [MOBILE]}])
def test_a_client_with_a_secret_that_was_put_there_before_is_updated_in_place(kept: Kept, change: Json) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})
    template = {"UserPoolId": POOL, "SecretId": kept.arn}
    created = kept.world.create(template)
    kept.rotate()
    before = kept.current()

    answer = kept.world.update(created.physical_id, {**template, **change}, template)

    assert (answer.status, answer.physical_id, kept.current()) == ("SUCCESS", created.physical_id, before)


def test_the_templates_secret_goes_before_the_one_that_was_put_there(kept: Kept) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": "not0fit"})

    answer = kept.world.create(own(kept))

    assert kept.values(answer.physical_id) == [OWN_SECRET]
    assert kept.is_sound()


@pytest.mark.parametrize("value", [OWN_SECRET[:23], OWN_SECRET * 3, f"{OWN_SECRET}-"])
def test_a_secret_that_was_put_there_and_does_not_fit_is_refused_and_not_quoted(kept: Kept, value: str) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": value})

    answer = kept.world.create({"UserPoolId": POOL, "SecretId": kept.arn})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert "SecretId: the client_secret in the secret that it names: the value (not shown) is not allowed." in (
        answer.reason
    )
    assert value not in answer.reason
    assert kept.world.client_ids() == []


def test_the_rollback_of_a_create_with_a_secret_that_was_put_there_leaves_that_one(kept: Kept) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})
    template = {"UserPoolId": POOL, "SecretId": kept.arn}
    kept.secrets.fail(PUT, denied(PUT, NAME))

    failed = kept.world.create(template)
    deleted = kept.world.delete(failed.physical_id, template)
    again = kept.world.create(template)

    assert (failed.status, deleted.status, again.status) == ("FAILED", "SUCCESS", "SUCCESS")
    assert kept.world.client_ids() == [again.physical_id]
    assert kept.values(again.physical_id) == [OWN_SECRET]


def test_a_replacement_does_not_take_the_secret_of_the_client_before_it(kept: Kept) -> None:
    client_id = kept.made()
    before = kept.current()

    answer = kept.world.update(client_id, kept.template(UserPoolId=OTHER_POOL), kept.template())

    assert kept.values(answer.physical_id, pool_id=OTHER_POOL) != [before["client_secret"]]


def test_a_secret_laid_there_before_is_used_again_after_a_rollback(kept: Kept) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})
    template = {name: value for name, value in kept.template().items() if name != "GenerateSecret"}
    first = kept.world.create(template)
    kept.world.delete(first.physical_id, template)

    again = kept.world.create(template)

    assert (again.status, kept.current()["client_secret"]) == ("SUCCESS", OWN_SECRET)
    assert kept.takes(kept.current())
