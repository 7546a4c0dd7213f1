"""Attacks with ImportId and Delete: a client of another stack is neither imported nor deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import PREFIX, SERVICE_CLIENT, adopt, import_id, untouched
from tests.fixtures.templates import APP, BARE
from tests.fixtures.world import DELETE, JOURNAL, MARKER, POOL, STACK_ID, UPDATE, World

type Json = dict[str, Any]

THEIR_STACK = STACK_ID.replace("/shop/", "/bank/")
FOREIGN_STACK = THEIR_STACK.replace(":123456789012:", ":222222222222:")
ROOT = STACK_ID.replace("/shop/", "/platform/")
ALLOWED: Json = {"AllowClientOfOtherStack": "true"}
OWNER, STACK = "DescribeStackResources", "DescribeStacks"
WITH_AND_WITHOUT_JOURNAL = pytest.mark.parametrize("journal", [True, False], ids=["journal", "no journal"])


def theirs(world: World, *, journal: bool = True, stack_id: str = THEIR_STACK, **settings: Any) -> str:
    """Let another stack create a client, and return its ID."""
    world.stacks.begin(stack_id)
    answer = world.create({**BARE, "ClientName": SERVICE_CLIENT, **settings}, StackId=stack_id)
    assert answer.status == "SUCCESS", answer.reason
    if not journal:
        world.journal.tables[JOURNAL].clear()
    world.calls()
    world.asked()
    return answer.physical_id


@WITH_AND_WITHOUT_JOURNAL
@pytest.mark.parametrize("how", ["ImportId", "ImportNamePrefix"])
def test_a_client_of_another_stack_is_not_imported(world: World, how: str, journal: bool) -> None:
    client_id = theirs(world, journal=journal)
    before = world.fake.described(POOL, client_id)
    template = import_id(client_id) if how == "ImportId" else {**PREFIX, "ImportNamePrefix": SERVICE_CLIENT}

    answer = adopt(world, {**template, "LogoutURLs": [APP]})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert f"The app client {client_id} belongs to another stack, bank ({THEIR_STACK})" in answer.reason
    assert "AllowClientOfOtherStack" in answer.reason
    assert untouched(world, client_id, before)
    assert THEIR_STACK in [line.get("client_of_stack") for line in world.log()]


@WITH_AND_WITHOUT_JOURNAL
def test_nor_by_an_update(world: World, journal: bool) -> None:
    client_id = theirs(world, journal=journal)
    own = world.create(BARE).physical_id

    answer = world.update(own, {**import_id(client_id), "LogoutURLs": [APP]}, BARE)

    assert (answer.status, answer.physical_id) == ("FAILED", own)
    assert "LogoutURLs" not in world.settings(client_id)


@WITH_AND_WITHOUT_JOURNAL
def test_it_is_where_the_template_says_so_and_then_the_other_stacks_delete_retains_it(
    world: World, journal: bool
) -> None:
    client_id = theirs(world, journal=journal)

    answer = adopt(world, {**import_id(client_id), **ALLOWED, "LogoutURLs": [APP]})
    deleted = world.delete(client_id, {**BARE, "ClientName": SERVICE_CLIENT}, StackId=THEIR_STACK)

    assert (answer.status, answer.physical_id, deleted.status) == ("SUCCESS", client_id, "SUCCESS")
    assert world.client_ids() == [client_id]
    assert world.settings(client_id)["LogoutURLs"] == [APP]


def test_one_that_the_other_stack_has_retained_is_free(world: World) -> None:
    """CloudFormation sends no Delete for it, so the journal still names the stack."""
    client_id = theirs(world)
    world.stacks.stacks[THEIR_STACK].resources.clear()

    assert adopt(world, import_id(client_id)).status == "SUCCESS"


@pytest.mark.parametrize("status", ["DELETE_COMPLETE", "DELETE_SKIPPED"])
def test_so_is_one_that_it_still_shows_as_released(world: World, status: str) -> None:
    client_id = theirs(world)
    (resource,) = world.stacks.stacks[THEIR_STACK].resources.values()
    resource.status = status

    assert adopt(world, import_id(client_id)).status == "SUCCESS"


def test_so_is_one_that_the_other_stack_has_replaced(world: World) -> None:
    client_id = theirs(world)
    (resource,) = world.stacks.stacks[THEIR_STACK].resources.values()
    resource.physical_id = "another"

    assert adopt(world, import_id(client_id)).status == "SUCCESS"


@WITH_AND_WITHOUT_JOURNAL
def test_one_of_the_same_stack_is_imported(world: World, journal: bool) -> None:
    """The logical ID has changed, and the old resource is retained or deleted later."""
    client_id = theirs(world, journal=journal, stack_id=STACK_ID)

    answer = adopt_as_another(world, client_id)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)


def adopt_as_another(world: World, client_id: str) -> Any:
    return world.create(import_id(client_id), LogicalResourceId="Renamed")


@WITH_AND_WITHOUT_JOURNAL
def test_so_is_one_of_a_stack_nested_in_the_same_root(world: World, journal: bool) -> None:
    client_id = theirs(world, journal=journal)
    for stack_id in (STACK_ID, THEIR_STACK):
        world.stacks.stack(stack_id).root = ROOT

    assert adopt(world, import_id(client_id)).status == "SUCCESS"


def test_a_native_client_of_another_stack_is_not_imported_either(world: World) -> None:
    client_id = world.existing()
    world.stacks.put(THEIR_STACK, "Native", client_id)

    assert adopt(world, import_id(client_id)).status == "FAILED"


@pytest.mark.parametrize("operation", [OWNER, "DescribeStackResource"])
def test_where_cloudformation_may_not_be_asked_nothing_is_imported(world: World, operation: str) -> None:
    client_id = theirs(world, journal=operation != OWNER)
    before = world.fake.described(POOL, client_id)
    world.stacks.denied = {operation}

    answer = adopt(world, {**import_id(client_id), "LogoutURLs": [APP]})

    assert answer.status == "FAILED"
    assert f"CloudFormation refused {operation}" in answer.reason
    assert untouched(world, client_id, before)


@WITH_AND_WITHOUT_JOURNAL
def test_of_a_stack_in_another_account_the_journal_is_believed(world: World, journal: bool) -> None:
    """CloudFormation cannot be asked about it, so without the journal it cannot be known."""
    client_id = theirs(world, journal=journal, stack_id=FOREIGN_STACK)
    del world.stacks.stacks[FOREIGN_STACK]

    answer = adopt(world, import_id(client_id))

    assert (answer.status == "FAILED") is journal


def test_a_stack_of_another_account_imports_what_is_free(world: World) -> None:
    client_id = world.existing()

    answer = world.create(import_id(client_id), StackId=FOREIGN_STACK)

    assert answer.status == "SUCCESS"
    assert world.asked() == [OWNER]


def test_an_import_asks_once_and_an_update_of_it_never_again(world: World) -> None:
    client_id = world.existing()
    template = import_id(client_id)

    adopt(world, template)
    assert world.asked() == [OWNER]
    world.update(client_id, {**template, "LogoutURLs": [APP]}, template)
    assert OWNER not in world.asked()


# Delete


@WITH_AND_WITHOUT_JOURNAL
def test_a_delete_for_a_client_of_another_stack_deletes_nothing_and_succeeds(world: World, journal: bool) -> None:
    """Whoever may invoke the function can write any event."""
    client_id = theirs(world, journal=journal)
    before = world.fake.described(POOL, client_id)

    answer = world.delete(client_id, BARE)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert untouched(world, client_id, before)
    assert not {UPDATE, DELETE} & set(world.calls())
    (line,) = [line for line in world.log() if line.get("decision") == "let go"]
    assert THEIR_STACK in line["because"]


def test_without_the_journal_the_own_client_is_deleted_after_one_question(world: World) -> None:
    client_id = world.create(BARE).physical_id
    world.journal.tables[JOURNAL].clear()
    world.asked()

    assert world.delete(client_id, BARE).status == "SUCCESS"

    assert (world.client_ids(), world.asked()) == ([], [OWNER])


def test_where_the_journal_knows_the_owner_nobody_else_is_asked(world: World) -> None:
    client_id = world.create(BARE).physical_id
    world.asked()

    world.delete(client_id, BARE)

    assert (world.client_ids(), world.asked()) == ([], [])


def test_where_cloudformation_may_not_be_asked_the_delete_is_carried_out(world: World) -> None:
    client_id = world.create(BARE).physical_id
    world.journal.tables[JOURNAL].clear()
    world.stacks.denied = {OWNER}

    assert world.delete(client_id, BARE).status == "SUCCESS"

    assert world.client_ids() == []
    assert any("not_asked" in line for line in world.log())


def test_where_it_does_not_answer_the_delete_fails_so_that_it_is_sent_again(world: World) -> None:
    client_id = world.create(BARE).physical_id
    world.journal.tables[JOURNAL].clear()
    world.stacks.fail(OWNER, ApiError("InternalFailure", "Later.", 500), times=1000)

    failed = world.delete(client_id, BARE)
    world.stacks.planned_faults.clear()

    assert (failed.status, world.client_ids()) == ("FAILED", [client_id])
    assert world.delete(client_id, BARE).status == "SUCCESS"
    assert world.client_ids() == []


def test_a_client_that_two_stacks_have_is_deleted_where_the_template_says_so(world: World) -> None:
    client_id = world.create({**BARE, **ALLOWED}).physical_id
    world.journal.tables[JOURNAL].clear()
    world.stacks.stacks.clear()
    world.stacks.put(THEIR_STACK, "Native", client_id)

    assert world.delete(client_id, {**BARE, **ALLOWED}).status == "SUCCESS"
    assert world.client_ids() == []
