"""After a rollback AWSCURRENT is what it was before the update: no secret is added, deleted or brought back to life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OTHER_SECRET, OWN_SECRET
from tests.fakes.secrets_manager import CANNOT_DECRYPT, PENDING, SERVER_ERROR, denied
from tests.fixtures.stored_secrets import ADD, DAY, GET, MOVE, NAME, PUT, REMOVE, Kept, own
from tests.fixtures.templates import APP
from tests.fixtures.world import JOURNAL, OTHER_POOL, POOL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.cognito import ApiError

type Json = dict[str, Any]


def with_own_secret(kept: Kept, rotations: int = 0) -> str:
    """Create a client with a secret of one's own, which has been rotated so often since, and return its ID."""
    created = kept.world.create(own(kept))
    for _ in range(rotations):
        kept.rotate()
    kept.world.clock.now += 1
    kept.forget()
    return created.physical_id


@pytest.mark.parametrize("rotations", [0, 1, 2, 3])
def test_the_version_from_before_the_update_is_current_again_and_no_secret_is_added_or_deleted(
    kept: Kept, rotations: int
) -> None:
    client_id = with_own_secret(kept, rotations)
    before, version = kept.current(), kept.secrets.version_id(kept.arn)
    kept.world.update(client_id, own(kept, OTHER_SECRET), own(kept))
    after = kept.values(client_id)
    kept.forget()

    answer = kept.world.roll_back(client_id, own(kept), own(kept, OTHER_SECRET))

    assert (answer.status, answer.physical_id, answer.data["SecretVersionId"]) == ("SUCCESS", client_id, version)
    assert (kept.current(), kept.values(client_id)) == (before, after)
    assert not {ADD, REMOVE, PUT} & set(kept.calls())
    assert kept.is_sound()


@pytest.mark.parametrize("rotations", [0, 1, 2])
@pytest.mark.parametrize("after", range(1, 13))
def test_an_update_that_died_before_it_noted_what_it_stored_is_undone_as_well(
    kept: Kept, rotations: int, after: int
) -> None:
    client_id = with_own_secret(kept, rotations)
    before = kept.current()
    kept.dying(after, lambda: kept.world.update(client_id, own(kept, OTHER_SECRET), own(kept)))
    values = kept.values(client_id)

    answer = kept.world.roll_back(client_id, own(kept), own(kept, OTHER_SECRET))

    assert answer.status == "SUCCESS"
    assert (kept.current(), kept.values(client_id)) == (before, values)
    assert kept.is_sound()


@pytest.mark.parametrize("died", [False, True])
@pytest.mark.parametrize("rotations", [1, 2])
def test_what_a_rotation_has_made_since_the_update_stays(kept: Kept, rotations: int, died: bool) -> None:
    client_id = with_own_secret(kept)
    new = own(kept, OTHER_SECRET)

    def update() -> None:
        kept.world.update(client_id, new, own(kept))

    if died:
        dying_at(kept, PUT, update)
        assert kept.current()["client_secret"] == OTHER_SECRET
    else:
        update()
    for _ in range(rotations):
        kept.rotate()
    before, values = kept.current(), kept.values(client_id)

    answer = kept.world.roll_back(client_id, own(kept), new)

    assert (answer.status, kept.current(), kept.values(client_id)) == ("SUCCESS", before, values)
    assert kept.is_sound()


def dying_at(kept: Kept, operation: str, act: Callable[[], object]) -> None:
    """Do something in a process that is killed as soon as this call of its to Secrets Manager has been carried out."""
    hear = kept.secrets.on_call
    assert hear is not None

    def kill(asked: str, params: Json) -> None:
        hear(asked, params)
        if asked == operation:
            kept.kill_after = kept.answered + 1

    kept.secrets.on_call = kill
    assert kept.dying(1000, act)
    kept.secrets.on_call = hear


@pytest.mark.parametrize("died", [False, True])
def test_a_rotation_after_an_update_that_stored_nothing_stays(kept: Kept, died: bool) -> None:
    client_id = with_own_secret(kept)
    new = own(kept, LogoutURLs=[APP])
    if died:
        assert kept.dying(5, lambda: kept.world.update(client_id, new, own(kept)))
    else:
        kept.world.update(client_id, new, own(kept))
    kept.rotate()
    before = kept.current()

    assert kept.world.roll_back(client_id, own(kept), new).status == "SUCCESS"

    assert kept.current() == before
    assert kept.is_sound()


def test_a_secret_that_a_rotation_under_way_has_deleted_does_not_become_current_again(kept: Kept) -> None:
    client_id = with_own_secret(kept)
    new = own(kept, OTHER_SECRET)
    kept.world.update(client_id, new, own(kept))
    kept.world.clock.now += 30 * DAY
    version_id = kept.secrets.begin_rotation(kept.arn)
    kept.step(kept.event(version_id, "createSecret"))
    assert OWN_SECRET not in kept.values(client_id)

    answer = kept.world.roll_back(client_id, own(kept), new)

    assert answer.status == "SUCCESS"
    assert kept.current()["client_secret"] == OTHER_SECRET
    assert kept.is_sound()
    kept.secrets.rotate(kept.arn, kept.step, version_id=version_id)
    assert kept.is_sound()


@pytest.mark.parametrize("rotations", [1, 2])
def test_a_client_secret_that_was_rotated_away_is_not_new_because_the_template_names_it_again(
    kept: Kept, rotations: int
) -> None:
    client_id = with_own_secret(kept, rotations)
    without = {"UserPoolId": POOL, "SecretId": kept.arn}
    kept.world.update(client_id, without, own(kept))
    before, values = kept.current(), kept.values(client_id)

    answer = kept.world.roll_back(client_id, own(kept), without)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert (kept.current(), kept.values(client_id)) == (before, values)


@pytest.mark.parametrize("journal", [True, False])
def test_a_client_is_not_replaced_in_a_rollback_because_its_first_secret_was_rotated_away(
    kept: Kept, journal: bool
) -> None:
    client_id = with_own_secret(kept, 2)
    without = {"UserPoolId": POOL}
    with_secret = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET}
    assert kept.world.update(client_id, with_secret, own(kept)).physical_id == client_id
    kept.world.update(client_id, without, with_secret)
    if not journal:
        kept.world.journal.tables[JOURNAL].clear()

    answer = kept.world.roll_back(client_id, with_secret, without)

    assert (answer.status, answer.physical_id, kept.world.client_ids()) == ("SUCCESS", client_id, [client_id])


def test_a_client_is_not_replaced_in_an_update_because_its_first_secret_was_rotated_away(kept: Kept) -> None:
    client_id = with_own_secret(kept, 2)

    answer = kept.world.update(
        client_id, {"UserPoolId": POOL, "ClientSecret": OWN_SECRET, "LogoutURLs": [APP]}, own(kept)
    )

    assert (answer.status, answer.physical_id, kept.world.client_ids()) == ("SUCCESS", client_id, [client_id])


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_a_rollback_of_another_secret_id_gives_both_secrets_the_version_from_before(kept: Kept, rotations: int) -> None:
    client_id = kept.made()
    for _ in range(rotations):
        kept.rotate()
    other = kept.secrets.create("user-pool-client/other", {"client_secret": OTHER_SECRET})
    new = kept.template(SecretId=other)
    before, stages = kept.current(), kept.secrets.stages(kept.arn)
    kept.world.update(client_id, new, kept.template())
    assert kept.current(other)["client_id"] == client_id

    answer = kept.world.roll_back(client_id, kept.template(), new)

    assert (answer.status, answer.data["SecretArn"]) == ("SUCCESS", kept.arn)
    assert (kept.current(), kept.secrets.stages(kept.arn)) == (before, stages)
    assert kept.current(other) == {"client_secret": OTHER_SECRET}


@pytest.mark.parametrize("rotations", [1, 2, 3])
def test_what_rotations_have_made_in_the_other_secret_is_in_this_one_after_the_rollback_if_it_is_needed(
    kept: Kept, rotations: int
) -> None:
    client_id = kept.made()
    other = kept.secrets.create("user-pool-client/other")
    new = kept.template(SecretId=other)
    kept.world.update(client_id, new, kept.template())
    for _ in range(rotations):
        kept.rotate(other)
    values = kept.values(client_id)

    answer = kept.world.roll_back(client_id, kept.template(), new)

    assert (answer.status, kept.values(client_id)) == ("SUCCESS", values)
    assert kept.is_sound()
    assert rotations == 1 or kept.current() == kept.current(other)


@pytest.mark.parametrize("rotations", [0, 1, 2])
@pytest.mark.parametrize("under_the_new_id", [False, True])
@pytest.mark.parametrize("journal", [True, False])
def test_the_rollback_of_a_replacement_lets_current_name_the_former_client_at_once(
    kept: Kept, rotations: int, under_the_new_id: bool, journal: bool
) -> None:
    old = kept.made()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())
    for _ in range(rotations):
        kept.rotate()
    if not journal:
        kept.world.journal.tables[JOURNAL].clear()

    knows = under_the_new_id and journal  # which client was the former one
    answer = kept.world.roll_back(replaced.physical_id if knows else old, kept.template(), new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", old), answer.reason
    assert kept.current() == before
    assert answer.data["SecretVersionId"] == kept.secrets.version_id(kept.arn)
    with kept.world.rolling_back("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"):
        assert kept.world.delete(replaced.physical_id, new).status == "SUCCESS"
    assert (kept.world.client_ids(OTHER_POOL), kept.current()) == ([], before)


@pytest.mark.parametrize("failure", [denied(GET, NAME), CANNOT_DECRYPT])
def test_a_secret_that_cannot_be_read_does_not_fail_a_rollback(kept: Kept, failure: ApiError) -> None:
    client_id = with_own_secret(kept)
    new = own(kept, OTHER_SECRET, LogoutURLs=[APP])
    kept.world.update(client_id, new, own(kept))
    kept.secrets.forbidden[GET] = failure

    answer = kept.world.roll_back(client_id, own(kept), new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert "LogoutURLs" not in kept.world.settings(client_id)
    assert "Not restored" in kept.world.logged.getvalue()


def test_what_may_pass_fails_a_rollback_so_that_it_can_be_continued(kept: Kept) -> None:
    client_id = with_own_secret(kept, rotations=1)
    new = own(kept, OTHER_SECRET)
    before = kept.current()
    kept.world.update(client_id, new, own(kept))

    with kept.failing(MOVE, SERVER_ERROR):
        failed = kept.world.roll_back(client_id, own(kept), new)
    continued = kept.world.roll_back(client_id, own(kept), new)

    assert (failed.status, continued.status) == ("FAILED", "SUCCESS")
    assert "continue the rollback" in failed.reason
    assert kept.current() == before


@pytest.mark.parametrize("after", range(1, 12))
def test_a_rollback_that_dies_half_way_can_be_repeated(kept: Kept, after: int) -> None:
    client_id = with_own_secret(kept, rotations=1)
    new = own(kept, OTHER_SECRET)
    before = kept.current()
    kept.world.update(client_id, new, own(kept))

    kept.dying(after, lambda: kept.world.roll_back(client_id, own(kept), new))
    assert kept.is_sound()
    answer = kept.world.roll_back(client_id, own(kept), new)

    assert (answer.status, kept.current()) == ("SUCCESS", before)


def test_a_rollback_leaves_a_rotation_under_way_alone(kept: Kept) -> None:
    client_id = kept.made()
    new = kept.template(LogoutURLs=[APP])
    kept.world.update(client_id, new, kept.template())
    version_id = kept.secrets.begin_rotation(kept.arn)
    kept.step(kept.event(version_id, "createSecret"))
    stages = kept.secrets.stages(kept.arn)

    assert kept.world.roll_back(client_id, kept.template(), new).status == "SUCCESS"

    assert kept.secrets.stages(kept.arn) == stages
    assert kept.secrets.version_id(kept.arn, PENDING) == version_id
