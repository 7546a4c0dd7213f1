"""Answers of Cognito's that its documentation does not tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fixtures.templates import APP, BARE

if TYPE_CHECKING:
    from tests.fixtures.world import World


def test_a_validity_that_is_shown_as_0_is_the_default_and_is_not_sent_back(world: World) -> None:
    client_id = world.existing()
    held = next(iter(world.fake.pools.values())).clients[client_id].settings
    held["AccessTokenValidity"] = 0

    answer = world.update(client_id, {**BARE, "CallbackURLs": [APP]}, BARE)

    assert answer.status == "SUCCESS"
    assert answer.data["AccessTokenValidity"] == "1"
    assert world.fake.calls[-1].operation == "UpdateUserPoolClient"
    assert "AccessTokenValidity" not in world.fake.calls[-1].params
