"""Drift never sets right what CloudFormation did not accept: where the journal may be behind, it says so."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.drifting import look, settled
from tests.fixtures.existing_clients import adopt, import_id
from tests.fixtures.templates import APP, BARE, MOBILE
from tests.fixtures.world import JOURNAL, LOGICAL_ID, STACK_ID, UPDATE, World

if TYPE_CHECKING:
    from collections.abc import Iterator

type Json = dict[str, Any]

OLD: Json = {**BARE, "LogoutURLs": [APP], "DriftAction": "heal"}
NEW: Json = {**OLD, "LogoutURLs": [MOBILE]}
THEIR_STACK = STACK_ID.replace("/shop/", "/bank/")
THROTTLED = ApiError("ThrottlingException", "Rate exceeded")


@contextmanager
def ends_lost(world: World) -> Iterator[None]:
    """Let no request note its end."""
    call = world.journal.call

    def lose(operation: str, params: Json) -> Json:
        if "#ended_at = :now" in str(params.get("UpdateExpression", "")):
            raise THROTTLED
        return call(operation, params)

    world.journal.call = lose  # type: ignore[method-assign]
    yield
    world.journal.call = call  # type: ignore[method-assign]


def unknown(world: World) -> bool:
    """Look for drift long after, and tell whether it is said to be unknown."""
    world.clock.now += 600
    return [line["message"] for line in look(world)] == ["Drift unknown"]


def test_a_rollback_that_failed_and_was_skipped_is_not_overwritten_with_the_failed_template(world: World) -> None:
    client_id = world.create(OLD).physical_id
    world.stacks.begin(STACK_ID)
    assert world.update(client_id, NEW, OLD).status == "SUCCESS"
    with world.rolling_back(), world.failing(UPDATE, ApiError("TooManyRequestsException", "Rate exceeded")):
        assert world.update(client_id, OLD, NEW).status == "FAILED"
    settled(world, "UPDATE_ROLLBACK_COMPLETE")
    world.stacks.put(STACK_ID, LOGICAL_ID, client_id, "UPDATE_COMPLETE")
    world.set_elsewhere(client_id, LogoutURLs=[APP])

    assert unknown(world)
    assert world.settings(client_id)["LogoutURLs"] == [APP]


def test_an_update_whose_end_was_not_noted_is_not_reverted(world: World) -> None:
    client_id = world.create(OLD).physical_id
    world.clock.now += 60
    world.stacks.begin(STACK_ID)
    with ends_lost(world):
        assert world.update(client_id, NEW, OLD).status == "SUCCESS"
    settled(world)

    assert unknown(world)
    assert world.settings(client_id)["LogoutURLs"] == [MOBILE]


def test_a_rollback_whose_end_was_not_noted_is_not_reverted(world: World) -> None:
    client_id = world.create(OLD).physical_id
    world.clock.now += 60
    world.stacks.begin(STACK_ID)
    world.update(client_id, NEW, OLD)
    world.clock.now += 60
    with ends_lost(world), world.rolling_back():
        assert world.update(client_id, OLD, NEW).status == "SUCCESS"
    settled(world, "UPDATE_ROLLBACK_COMPLETE")

    assert unknown(world)
    assert world.settings(client_id)["LogoutURLs"] == [APP]


@pytest.mark.parametrize("status", ["DELETE_SKIPPED", "DELETE_FAILED"])
def test_a_client_that_the_stack_has_released_is_left_alone(world: World, status: str) -> None:
    client_id = world.create(OLD).physical_id
    (resource,) = world.stacks.stacks[STACK_ID].resources.values()
    resource.status = status
    settled(world)
    world.set_elsewhere(client_id, LogoutURLs=[MOBILE])

    assert look(world) == []
    assert world.settings(client_id)["LogoutURLs"] == [MOBILE]


def test_a_client_that_another_stack_has_taken_is_left_alone(world: World) -> None:
    world.stacks.begin(THEIR_STACK)
    client_id = world.create(OLD, StackId=THEIR_STACK).physical_id
    settled(world)
    world.stacks.begin(THEIR_STACK, "CREATE_COMPLETE")
    taken = {**import_id(client_id), "AllowClientOfOtherStack": "true", "LogoutURLs": [MOBILE]}
    assert adopt(world, taken).status == "SUCCESS"
    settled(world)

    assert look(world) == []
    assert world.settings(client_id)["LogoutURLs"] == [MOBILE]


def test_a_template_that_changes_nothing_is_noted_although_a_contribution_visits(world: World) -> None:
    client_id = world.create(OLD).physical_id
    world.set_elsewhere(client_id, LogoutURLs=[MOBILE])
    item = world.journal.tables[JOURNAL][f"resource#{STACK_ID}/{LOGICAL_ID}"]
    item["guest"] = {"M": {"holder": {"S": "guest"}, "until": {"N": repr(world.clock.wall() + 20)}}}

    assert world.update(client_id, NEW, OLD).status == "SUCCESS"

    settled(world)
    world.clock.now += 600
    assert look(world) == []
    assert world.settings(client_id)["LogoutURLs"] == [MOBILE]


def test_after_a_replacement_that_was_rolled_back_by_a_delete_alone_the_former_client_is_still_watched(
    world: World,
) -> None:
    """CloudFormation sends the new client's Delete, and lets the former one stay."""
    new = {**OLD, "GenerateSecret": "true"}
    client_id = world.create(OLD).physical_id
    world.stacks.begin(STACK_ID)
    replaced = world.update(client_id, new, OLD)
    world.stacks.begin(STACK_ID, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    world.stacks.put(STACK_ID, LOGICAL_ID, client_id, "UPDATE_COMPLETE")
    assert world.delete(replaced.physical_id, new).status == "SUCCESS"
    world.stacks.put(STACK_ID, LOGICAL_ID, client_id, "UPDATE_COMPLETE")
    settled(world, "UPDATE_ROLLBACK_COMPLETE")
    world.set_elsewhere(client_id, LogoutURLs=[MOBILE])

    assert unknown(world)  # which template it follows is not known, but that it is there
    assert world.client_ids() == [client_id]
