"""A client secret that was stored before its client was created survives, whatever becomes of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OTHER_SECRET, OWN_SECRET
from tests.fakes.secrets_manager import PREVIOUS
from tests.fixtures.stored_secrets import PUT, WRITES, Kept
from tests.fixtures.templates import APP
from tests.fixtures.world import JOURNAL, MARKER, OTHER_POOL, POOL, STACK_ID

if TYPE_CHECKING:
    from collections.abc import Callable

type Json = dict[str, Any]

OTHER_STACK = STACK_ID.replace("shop", "other")
ROTATIONS = pytest.mark.parametrize("rotations", [0, 1, 2, 3])
WITH_AND_WITHOUT_JOURNAL = pytest.mark.parametrize("journal", [True, False], ids=["journal", "no journal"])


def alone(kept: Kept, **properties: Any) -> Json:
    """Return the properties of a client whose secret was stored beforehand: SecretId alone says so."""
    return {"UserPoolId": POOL, "SecretId": kept.arn, **properties}


def stored_beforehand(kept: Kept, rotations: int = 0, **properties: Any) -> str:
    """Create a client with a secret that was stored beforehand and rotated so often since; return its ID."""
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})
    created = kept.world.create(alone(kept, **properties))
    assert created.status == "SUCCESS", created.reason
    for _ in range(rotations):
        kept.rotate()
    kept.world.clock.now += 1
    return created.physical_id


def forget_all(kept: Kept) -> None:
    """Lose the journal."""
    kept.world.journal.tables[JOURNAL].clear()


@ROTATIONS
@WITH_AND_WITHOUT_JOURNAL
def test_it_survives_that_the_client_is_deleted_by_hand(kept: Kept, rotations: int, journal: bool) -> None:
    client_id = stored_beforehand(kept, rotations)
    before = kept.current()
    kept.world.delete_elsewhere(client_id)
    if not journal:
        forget_all(kept)

    answer = kept.world.update(client_id, alone(kept, LogoutURLs=[APP]), alone(kept))

    assert answer.status == "SUCCESS", answer.reason
    assert answer.physical_id != client_id
    assert kept.values(answer.physical_id) == [before["client_secret"]]
    assert kept.current()["client_id"] == answer.physical_id
    assert kept.is_sound()


@ROTATIONS
@WITH_AND_WITHOUT_JOURNAL
def test_it_survives_that_the_user_pool_is_replaced(kept: Kept, rotations: int, journal: bool) -> None:
    client_id = stored_beforehand(kept, rotations)
    before = kept.current()
    if not journal:
        forget_all(kept)

    answer = kept.world.update(client_id, alone(kept, UserPoolId=OTHER_POOL), alone(kept))

    assert answer.status == "SUCCESS", answer.reason
    assert kept.values(answer.physical_id, pool_id=OTHER_POOL) == [before["client_secret"]]
    assert (kept.current()["client_id"], kept.current()["client_secret"]) == (
        answer.physical_id,
        before["client_secret"],
    )
    assert kept.world.delete(client_id, alone(kept)).status == "SUCCESS"
    assert kept.is_sound()


@ROTATIONS
@WITH_AND_WITHOUT_JOURNAL
def test_it_survives_that_the_logical_id_is_renamed(kept: Kept, rotations: int, journal: bool) -> None:
    client_id = stored_beforehand(kept, rotations)
    before = kept.current()
    if not journal:
        forget_all(kept)

    answer = kept.world.create(alone(kept), LogicalResourceId="Renamed")

    assert answer.status == "SUCCESS", answer.reason
    assert kept.values(answer.physical_id) == [before["client_secret"]]
    assert kept.world.delete(client_id, alone(kept)).status == "SUCCESS"
    assert kept.world.client_ids() == [answer.physical_id]
    assert kept.current()["client_id"] == answer.physical_id
    assert kept.is_sound()


@ROTATIONS
def test_if_the_renaming_is_rolled_back_the_former_client_is_current_again(kept: Kept, rotations: int) -> None:
    client_id = stored_beforehand(kept, rotations)
    before = kept.current()
    renamed = kept.world.create(alone(kept), LogicalResourceId="Renamed")

    with kept.world.rolling_back():
        deleted = kept.world.delete(renamed.physical_id, alone(kept), LogicalResourceId="Renamed")

    assert (deleted.status, kept.current(), kept.world.client_ids()) == ("SUCCESS", before, [client_id])


@ROTATIONS
def test_it_survives_that_the_resource_is_removed_and_comes_back(kept: Kept, rotations: int) -> None:
    client_id = stored_beforehand(kept, rotations)
    secret = kept.current()["client_secret"]
    kept.world.delete(client_id, alone(kept))

    again = kept.world.create(alone(kept))

    assert (again.status, kept.current()["client_secret"]) == ("SUCCESS", secret), again.reason
    assert kept.is_sound()


def test_a_secret_that_was_rotated_away_does_not_come_back_when_its_client_is_deleted(kept: Kept) -> None:
    client_id = stored_beforehand(kept, rotations=2)

    kept.world.delete(client_id, alone(kept))

    assert kept.current()["client_secret"] != OWN_SECRET


def test_if_a_create_is_rolled_back_the_secret_is_as_it_was_stored(kept: Kept) -> None:
    client_id = stored_beforehand(kept)

    with kept.world.rolling_back("ROLLBACK_IN_PROGRESS"):
        kept.world.delete(client_id, alone(kept))

    assert kept.current() == {"client_secret": OWN_SECRET}


@pytest.mark.parametrize("journal", [True, False])
def test_the_secret_of_a_living_client_of_another_stack_is_not_copied(kept: Kept, journal: bool) -> None:
    theirs = kept.world.create(kept.template(), StackId=OTHER_STACK)
    if not journal:
        forget_all(kept)
    before = kept.secrets.stages(kept.arn)
    kept.forget()

    answer = kept.world.create(alone(kept))

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert f"belongs to another stack, {OTHER_STACK.split('/')[1]} ({OTHER_STACK})" in answer.reason
    assert (kept.world.client_ids(), kept.secrets.stages(kept.arn)) == ([theirs.physical_id], before)
    assert not WRITES & set(kept.asked)


def test_the_secret_of_a_living_client_that_no_stack_has_is_not_copied(kept: Kept) -> None:
    client_id = kept.world.existing(GenerateSecret=True)
    value = {"client_id": client_id, "client_secret": kept.values(client_id)[0], "user_pool_id": POOL}
    kept.secrets.put_elsewhere(kept.arn, value)

    answer = kept.world.create(alone(kept))

    assert (answer.status, kept.world.client_ids(), kept.current()) == ("FAILED", [client_id], value)


@pytest.mark.parametrize("says", [{"GenerateSecret": "true"}, {"ClientSecret": OTHER_SECRET}])
def test_a_template_that_says_where_the_secret_comes_from_gets_that_one(kept: Kept, says: Json) -> None:
    client_id = stored_beforehand(kept, rotations=1)
    before = kept.current()
    kept.world.delete_elsewhere(client_id)

    answer = kept.world.update(client_id, alone(kept, **says), alone(kept))

    assert answer.status == "SUCCESS"
    assert before["client_secret"] not in kept.values(answer.physical_id)
    assert kept.is_sound()


@pytest.mark.parametrize("rotations", [1, 2])
@pytest.mark.parametrize("by_hand", [True, False])
def test_a_client_secret_that_was_rotated_away_is_not_a_new_clients_because_the_template_still_names_it(
    kept: Kept, rotations: int, by_hand: bool
) -> None:
    old = alone(kept, ClientSecret=OWN_SECRET)
    client_id = kept.world.create(old).physical_id
    for _ in range(rotations):
        kept.rotate()
    before = kept.current()
    if by_hand:
        kept.world.delete_elsewhere(client_id)

    pool_id = POOL if by_hand else OTHER_POOL
    answer = kept.world.update(client_id, {**old, "UserPoolId": pool_id, "LogoutURLs": [APP]}, old)

    assert answer.status == "SUCCESS", answer.reason
    assert kept.values(answer.physical_id, pool_id=pool_id) == [before["client_secret"]]
    assert kept.current()["client_secret"] == before["client_secret"]
    assert kept.is_sound()


def test_generate_secret_false_beside_it_is_refused_at_create(kept: Kept) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})
    kept.forget()

    answer = kept.world.create(alone(kept, GenerateSecret="false"))

    assert (answer.status, answer.physical_id, kept.world.client_ids()) == ("FAILED", MARKER, [])
    assert "GenerateSecret, SecretId: the secret that SecretId names holds a client secret" in answer.reason
    assert "Take GenerateSecret out." in answer.reason
    assert not WRITES & set(kept.asked)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda kept: alone(kept, UserPoolId=OTHER_POOL), id="replaced"),
        pytest.param(lambda kept: alone(kept, LogoutURLs=[APP]), id="deleted by hand"),
    ],
)
@pytest.mark.parametrize("after", range(1, 14))
def test_if_its_new_client_dies_half_way_the_same_request_goes_on_with_it(
    kept: Kept, change: Callable[[Kept], Json], after: int
) -> None:
    client_id = stored_beforehand(kept, rotations=1)
    before, new = kept.current(), change(kept)
    if new["UserPoolId"] == POOL:
        kept.world.delete_elsewhere(client_id)
    members = kept.world.dated(PhysicalResourceId=client_id, OldResourceProperties=alone(kept))
    event = kept.world.request("Update", new, **members)
    kept.dying(after, lambda: kept.world.send(event))
    kept.world.other_process()

    answer = kept.world.send(event)

    assert answer.status == "SUCCESS", answer.reason
    assert kept.current()["client_secret"] == before["client_secret"]
    assert kept.world.client_ids(new["UserPoolId"]) == [answer.physical_id]
    assert kept.is_sound()


@pytest.mark.parametrize("after", range(1, 12))
def test_if_its_first_client_dies_half_way_the_same_request_goes_on_with_it(kept: Kept, after: int) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})
    event = kept.world.request("Create", alone(kept), **kept.world.dated())
    kept.dying(after, lambda: kept.world.send(event))
    kept.world.other_process()

    answer = kept.world.send(event)

    assert answer.status == "SUCCESS", answer.reason
    assert (kept.world.client_ids(), kept.values(answer.physical_id)) == ([answer.physical_id], [OWN_SECRET])
    assert kept.is_sound()


def test_the_version_of_the_client_that_was_deleted_by_hand_is_the_previous_one(kept: Kept) -> None:
    client_id = stored_beforehand(kept)
    before = kept.current()
    kept.world.delete_elsewhere(client_id)
    kept.forget()

    kept.world.update(client_id, alone(kept, LogoutURLs=[APP]), alone(kept))

    assert kept.current(stage=PREVIOUS) == before
    assert kept.calls().count(PUT) == 1
