"""A stack whose client another one has taken cannot take it back unasked; a rollback of the taking gives it back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import LOOKUP_TYPE, adopt, import_id
from tests.fixtures.templates import APP, BARE
from tests.fixtures.world import JOURNAL, POOL, STACK_ID, World

type Json = dict[str, Any]

THEIR_STACK = STACK_ID.replace("/shop/", "/bank/")
FOREIGN_STACK = THEIR_STACK.replace(":123456789012:", ":222222222222:")
ALLOWED: Json = {"AllowClientOfOtherStack": "true"}
THEIRS: Json = {**BARE, "ClientName": "x"}


def taken(world: World, template: Json = THEIRS, *, journal: bool = True) -> str:
    """Let another stack have a client, and this one take it."""
    world.stacks.begin(THEIR_STACK)
    client_id = world.create(template, StackId=THEIR_STACK).physical_id
    world.stacks.begin(THEIR_STACK, "CREATE_COMPLETE")
    if not journal:
        world.journal.tables[JOURNAL].clear()
    assert adopt(world, {**import_id(client_id), **ALLOWED}).status == "SUCCESS"
    return client_id


@pytest.mark.parametrize("journal", [True, False])
@pytest.mark.parametrize(
    "logout", [["https://app.example.com/out"], "no list"], ids=["update", "refused and rolled back"]
)
def test_an_update_of_the_former_owner_does_not_let_its_delete_delete_the_client(
    world: World, logout: Any, journal: bool
) -> None:
    client_id = taken(world, journal=journal)
    new = {**THEIRS, "LogoutURLs": logout}
    world.stacks.begin(THEIR_STACK)
    updated = world.update(client_id, new, THEIRS, StackId=THEIR_STACK)
    if updated.status == "FAILED":
        world.stacks.begin(THEIR_STACK, "UPDATE_ROLLBACK_IN_PROGRESS")
        world.update(client_id, THEIRS, new, StackId=THEIR_STACK)
        world.stacks.begin(THEIR_STACK, "UPDATE_ROLLBACK_COMPLETE")

    assert world.delete(client_id, THEIRS, StackId=THEIR_STACK).status == "SUCCESS"

    assert world.client_ids() == [client_id]


def test_nor_does_one_that_drops_its_import_property(world: World) -> None:
    client_id = world.existing()
    theirs = import_id(client_id)
    world.stacks.begin(THEIR_STACK)
    world.create(theirs, StackId=THEIR_STACK)
    assert adopt(world, {**theirs, **ALLOWED}).status == "SUCCESS"
    assert world.update(client_id, BARE, theirs, StackId=THEIR_STACK).status == "SUCCESS"

    world.delete(client_id, BARE, StackId=THEIR_STACK)

    assert world.client_ids() == [client_id]


def owner(world: World, client_id: str) -> str:
    return str(world.journal.tables[JOURNAL][f"client#{POOL}/{client_id}"]["resource"]["S"])


def test_a_new_logical_id_that_is_rolled_back_gives_the_client_back(world: World) -> None:
    old = {**BARE, "LogoutURLs": [APP]}
    client_id = world.create(old).physical_id
    before = owner(world, client_id)
    world.stacks.begin(STACK_ID)
    new = {**old, **import_id(client_id)}
    assert world.create(new, LogicalResourceId="Renamed").status == "SUCCESS"
    assert owner(world, client_id).endswith("/Renamed")
    world.stacks.begin(STACK_ID, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")

    assert world.delete(client_id, new, LogicalResourceId="Renamed").status == "SUCCESS"

    assert owner(world, client_id) == before
    world.stacks.begin(STACK_ID, "DELETE_IN_PROGRESS")
    world.delete(client_id, old)
    assert world.client_ids() == []


def test_an_update_that_took_a_client_and_is_rolled_back_gives_it_back(world: World) -> None:
    world.stacks.begin(THEIR_STACK)
    client_id = world.create(THEIRS, StackId=THEIR_STACK).physical_id
    before = owner(world, client_id)
    own = world.create(BARE).physical_id
    new = {**import_id(client_id), **ALLOWED}
    assert world.update(own, new, BARE, **world.dated()).physical_id == client_id
    world.clock.now += 1

    answer = world.roll_back(own, BARE, new, **world.dated())

    assert (answer.status, answer.physical_id) == ("SUCCESS", own)
    assert owner(world, client_id) == before


# Who has a client, where the journal does not know it


def test_who_only_looks_a_client_up_does_not_have_it(world: World) -> None:
    client_id = world.existing()
    world.stacks.begin(THEIR_STACK)
    looked_up = {"UserPoolId": POOL, "ClientId": client_id}
    assert world.create(looked_up, StackId=THEIR_STACK, ResourceType=LOOKUP_TYPE).status == "SUCCESS"

    assert adopt(world, import_id(client_id)).status == "SUCCESS"


def test_a_lookup_does_not_keep_a_client_from_its_delete(world: World) -> None:
    client_id = world.create(BARE).physical_id
    world.journal.tables[JOURNAL].clear()
    world.stacks.stacks[STACK_ID].resources.clear()
    world.stacks.begin(THEIR_STACK)
    looked_up = {"UserPoolId": POOL, "ClientId": client_id}
    world.create(looked_up, StackId=THEIR_STACK, ResourceType=LOOKUP_TYPE)

    assert world.delete(client_id, BARE).status == "SUCCESS"
    assert world.client_ids() == []


def test_a_stack_of_another_account_imports_and_deletes_no_client_that_a_stack_here_has(world: World) -> None:
    client_id = world.existing()
    world.stacks.put(THEIR_STACK, "Native", client_id)

    imported = world.create(import_id(client_id), StackId=FOREIGN_STACK)
    deleted = world.delete(client_id, BARE, StackId=FOREIGN_STACK)

    assert (imported.status, deleted.status, world.client_ids()) == ("FAILED", "SUCCESS", [client_id])


def test_while_cloudformation_cannot_be_asked_the_delete_of_a_client_that_is_gone_succeeds(world: World) -> None:
    client_id = world.existing()
    world.delete_elsewhere(client_id)
    world.stacks.fail("DescribeStackResources", ApiError("Throttling", "Rate exceeded"), times=1000)

    answer = world.delete(client_id, BARE)
    world.stacks.planned_faults.clear()

    assert answer.status == "SUCCESS"
