"""A request with SecretId whose process died comes again, late: one client, and AWSCURRENT is its secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.canaries import OWN_SECRET
from tests.fixtures.stored_secrets import a_kept_world
from tests.fixtures.world import LOGICAL_ID, OTHER_POOL, POOL, STACK_ID

if TYPE_CHECKING:
    from tests.fixtures.stored_secrets import Json, Kept

LATE = 61.0


def die_and_come_again(kept: Kept, event: Json, before: int) -> str:
    """Send a request to a process that dies, and then to another one; return the id that it answers with."""
    world = kept.world
    world.die(event, before=before)
    world.clock.now += LATE
    answer = world.send(event)
    assert answer.status == "SUCCESS", answer.reason
    assert world.stacks.stacks[STACK_ID].resources[LOGICAL_ID].physical_id == answer.physical_id
    return answer.physical_id


def is_kept(kept: Kept, client_id: str) -> bool:
    """Tell whether an app reads the client's id, and a secret that Cognito takes."""
    current = kept.current()
    return current["client_id"] == client_id and kept.takes(current)


@pytest.mark.parametrize("before", range(1, 9))
@pytest.mark.parametrize("own", [False, True], ids=["Cognito's secret", "a secret laid there before"])
def test_a_create_that_died_is_made_right(before: int, *, own: bool) -> None:
    with a_kept_world() as kept:
        properties = kept.template()
        if own:
            kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})
            del properties["GenerateSecret"]
        event = kept.world.request("Create", properties, **kept.world.dated())

        client_id = die_and_come_again(kept, event, before)

        assert kept.world.client_ids() == [client_id]
        assert is_kept(kept, client_id)
        assert not own or kept.current()["client_secret"] == OWN_SECRET


@pytest.mark.parametrize("before", range(1, 10))
def test_a_replacement_that_died_is_made_right(before: int) -> None:
    with a_kept_world() as kept:
        first = kept.made()
        old, new = kept.template(), kept.template(UserPoolId=OTHER_POOL)
        kept.world.clock.now += 100
        event = kept.world.request(
            "Update", new, PhysicalResourceId=first, OldResourceProperties=old, **kept.world.dated()
        )

        client_id = die_and_come_again(kept, event, before)

        assert (kept.world.client_ids(POOL), kept.world.client_ids(OTHER_POOL)) == ([first], [client_id])
        assert is_kept(kept, client_id)


@pytest.mark.parametrize("before", range(1, 8))
def test_a_replacement_that_died_and_is_rolled_back_gives_the_secret_back(before: int) -> None:
    with a_kept_world() as kept:
        first = kept.made()
        old, new = kept.template(), kept.template(UserPoolId=OTHER_POOL)
        event = kept.world.request(
            "Update", new, PhysicalResourceId=first, OldResourceProperties=old, **kept.world.dated()
        )
        if not kept.world.die(event, before=before):
            return
        kept.world.stacks.cancel(STACK_ID, LOGICAL_ID)
        kept.world.update(first, old, new, **kept.world.dated())
        kept.world.clock.now += LATE
        late = kept.world.send(event)

        assert (late.status, kept.world.client_ids(POOL)) == ("FAILED", [first])
        assert is_kept(kept, first)
