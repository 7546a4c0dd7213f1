"""An import that failed has changed nothing; one whose operation is rolled back is given back as it was."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import (
    ELSEWHERE,
    GET_SESSION,
    PREFIX,
    SET_SESSION,
    adopt,
    import_id,
    session_minutes,
)
from tests.fixtures.templates import APP, BARE, DESKTOP, MOBILE, effective
from tests.fixtures.world import DELETE, DESCRIBE, LOGICAL_ID, POOL, STACK_ID, UPDATE, World

type Json = dict[str, Any]

FORBIDDEN = ApiError("NotAuthorizedException", "no")
NEW: Json = {"LogoutURLs": [MOBILE], "AuthSessionValidity": "4", "ClientName": "mine"}


def imported(world: World, **properties: Any) -> tuple[str, Json, Json]:
    """Import a client with every setting made outside; return its ID, the template, and the settings from before."""
    client_id = world.existing(**ELSEWHERE)
    before = world.settings(client_id)
    return client_id, {**import_id(client_id), **properties}, before


@pytest.mark.parametrize("status", ["ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"])
def test_an_import_whose_operation_is_rolled_back_is_given_back_as_it_was(world: World, status: str) -> None:
    client_id, template, before = imported(world, **NEW)
    world.create(template)
    assert effective(world.settings(client_id)) != effective(before)

    with world.rolling_back(status):
        answer = world.delete(client_id, template)

    assert answer.status == "SUCCESS"
    assert effective(world.settings(client_id)) == effective(before)


def test_an_imported_client_is_released_as_it_is_when_its_stack_is_deleted(world: World) -> None:
    client_id, template, _ = imported(world, **NEW)
    world.create(template)
    after = world.settings(client_id)

    with world.rolling_back("DELETE_IN_PROGRESS"):
        answer = world.delete(client_id, template)

    assert (answer.status, world.settings(client_id)) == ("SUCCESS", after)


def test_an_import_that_was_changed_by_a_later_update_is_released_as_it_is(world: World) -> None:
    """A rollback takes back what the failed operation did, not what was deployed before it."""
    client_id, template, _ = imported(world, **NEW)
    world.create(template)
    later = {**template, "AuthSessionValidity": "6"}
    world.update(client_id, later, template)
    after = world.settings(client_id)

    with world.rolling_back("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"):
        world.delete(client_id, later)

    assert world.settings(client_id) == after


@pytest.mark.parametrize("operation", [GET_SESSION, SET_SESSION])
def test_an_import_that_fails_at_its_session_leaves_the_client_as_it_was_after_its_rollback(
    world: World, operation: str
) -> None:
    client_id, template, before = imported(world, **NEW, SSOSession={"MaxValidityMinutes": "5"})
    world.fail(operation, FORBIDDEN)

    failed = world.create(template)
    if operation == GET_SESSION:
        assert world.settings(client_id) == before, "it was read before the first write"
    with world.rolling_back("ROLLBACK_IN_PROGRESS"):
        deleted = world.delete(failed.physical_id, template)

    assert (failed.status, failed.physical_id, deleted.status) == ("FAILED", client_id, "SUCCESS")
    assert effective(world.settings(client_id)) == effective(before)


def test_the_session_of_an_import_is_given_back_too(world: World) -> None:
    client_id, template, _ = imported(world, SSOSession={"MaxValidityMinutes": "5"})
    world.create(template)
    assert session_minutes(world, client_id) == 5

    with world.rolling_back("ROLLBACK_IN_PROGRESS"):
        world.delete(client_id, template)

    assert session_minutes(world, client_id) == 60


@pytest.mark.parametrize("operation", [DESCRIBE, UPDATE])
def test_a_delete_with_an_import_property_succeeds_whatever_cannot_be_done(world: World, operation: str) -> None:
    client_id, template, _ = imported(world, **NEW)
    world.create(template)

    with world.failing(operation, FORBIDDEN), world.rolling_back("ROLLBACK_IN_PROGRESS"):
        answer = world.delete(client_id, template)

    assert answer.status == "SUCCESS"
    assert client_id in world.client_ids()
    assert [line for line in world.log() if line["message"] == "Not restored"]


def test_an_update_that_imported_another_client_is_taken_back_on_both(world: World) -> None:
    own = world.create(BARE).physical_id
    other, template, before = imported(world, **NEW)
    swapped = world.update(own, template, BARE)
    assert swapped.physical_id == other

    answer = world.roll_back(other, BARE, template)

    assert (answer.status, answer.physical_id) == ("SUCCESS", own)
    assert effective(world.settings(other)) == effective(before)
    assert world.delete(other, template).status == "SUCCESS"
    assert sorted(world.client_ids()) == sorted([own, other])


def test_after_the_rollback_of_an_import_a_delete_without_the_import_property_does_not_delete_that_client(
    world: World,
) -> None:
    """CloudFormation may send the Delete of the imported client with the properties of the template from before."""
    own = world.create(BARE).physical_id
    other, template, _ = imported(world)
    world.update(own, template, BARE)
    world.roll_back(other, BARE, template)

    world.delete(other, BARE)

    assert other in world.client_ids()


def test_an_imported_client_that_is_gone_does_not_wedge_a_rollback(world: World) -> None:
    client_id, template, _ = imported(world)
    world.create(template)
    new = {**template, "LogoutURLs": [APP]}
    world.update(client_id, new, template)
    world.delete_elsewhere(client_id)

    answer = world.roll_back(client_id, template, new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert [line["client_id"] for line in world.log() if line["message"] == "Nothing to restore"] == [client_id]


def test_a_renamed_logical_id_with_the_clients_own_import_id_keeps_the_client(world: World) -> None:
    template = {**BARE, "CallbackURLs": [APP]}
    client_id = world.create(template).physical_id
    renamed = {**template, "ImportId": f"{POOL}/{client_id}"}
    world.send(world.request("Create", renamed, LogicalResourceId="Renamed"))
    world.calls()

    deleted = world.delete(client_id, template)

    assert (deleted.status, world.client_ids()) == ("SUCCESS", [client_id])
    assert DELETE not in world.calls()
    done = [line for line in world.log() if line["message"] == "Done"][-1]
    assert (done["decision"], "Renamed" in done["because"]) == ("let go", True)


def test_a_renaming_that_is_rolled_back_leaves_the_client_with_its_first_resource(world: World) -> None:
    client_id = world.create(BARE).physical_id
    renamed = {**BARE, "ImportId": f"{POOL}/{client_id}", "LogoutURLs": [MOBILE]}
    world.send(world.request("Create", renamed, LogicalResourceId="Renamed"))
    with world.rolling_back("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"):
        world.send(world.request("Delete", renamed, LogicalResourceId="Renamed", PhysicalResourceId=client_id))
    assert not world.settings(client_id).get("LogoutURLs")

    world.delete(client_id, BARE)

    assert world.client_ids() == []


def test_taking_the_import_property_out_makes_the_client_the_stacks_own(world: World) -> None:
    client_id, template, _ = imported(world)
    world.create(template)
    own = {name: value for name, value in template.items() if name != "ImportId"}
    world.update(client_id, own, template)

    world.delete(client_id, own)

    assert world.client_ids() == []


def test_an_import_by_name_is_given_back_as_it_was(world: World) -> None:
    client_id = world.existing(**{**ELSEWHERE, "ClientName": "AmazonOpenSearchService-logs"})
    before = world.settings(client_id)
    template = {**PREFIX, "LogoutURLs": [DESKTOP]}
    adopt(world, template)

    with world.rolling_back("ROLLBACK_IN_PROGRESS"):
        world.delete(client_id, template)

    assert effective(world.settings(client_id)) == effective(before)
    assert world.stacks.stacks[STACK_ID].resources[LOGICAL_ID].status == "DELETE_COMPLETE"


def test_an_import_whose_process_died_is_given_back_by_the_delete_of_the_id_that_cloudformation_made_up(
    world: World,
) -> None:
    client_id, template, before = imported(world, **NEW)
    world.stacks.begin(STACK_ID)
    event = world.request("Create", template, **world.dated())
    assert world.die(event, before=8)
    assert effective(world.settings(client_id)) != effective(before), "it died after its update"

    with world.rolling_back("ROLLBACK_IN_PROGRESS"):
        answer = world.delete("shop-WebClient-1QZ6T0XJ4MHFN", template, **world.dated())

    assert answer.status == "SUCCESS"
    assert effective(world.settings(client_id)) == effective(before)
