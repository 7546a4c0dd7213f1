"""Rollbacks of updates that changed which secret is current."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.canaries import OTHER_SECRET, OWN_SECRET
from tests.fixtures.stored_secrets import own
from tests.fixtures.world import OTHER_POOL

if TYPE_CHECKING:
    from tests.fixtures.stored_secrets import Kept


@pytest.mark.parametrize("is_new_id", [True, False])
def test_the_rollback_of_a_replacement_gives_the_secret_back_before_the_delete(kept: Kept, is_new_id: bool) -> None:
    world, old = kept.world, kept.template()
    first = kept.made()
    before = kept.current()
    new = {**old, "UserPoolId": OTHER_POOL}
    made = world.update(first, new, old).physical_id

    answer = world.roll_back(made if is_new_id else first, old, new)
    assert (answer.physical_id, kept.current()) == (first, before)
    if is_new_id:
        world.delete(made, new)

    assert kept.current() == before
    assert (world.client_ids(), world.client_ids(OTHER_POOL)) == ([first], [])


def test_a_third_client_secret_that_never_came_does_not_bring_the_first_one_back(kept: Kept) -> None:
    """Nothing but the secret, which the journal does not know, differs in the three templates."""
    world = kept.world
    one, two, three = (own(kept, secret) for secret in (OWN_SECRET, OTHER_SECRET, OWN_SECRET[::-1]))
    client_id = world.create(one).physical_id
    world.update(client_id, two, one)
    before = kept.current()

    world.roll_back(client_id, two, three)

    assert kept.current() == before
