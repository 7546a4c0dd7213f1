"""CloudFormation stops waiting for a Create: what was made of it goes, whichever comes first, and nothing else does."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.templates import BARE, CONFIDENTIAL
from tests.fixtures.world import (
    CREATE,
    DELETE,
    DESCRIBE,
    LIST,
    LOGICAL_ID,
    MARKER,
    OWNER,
    SECRETS,
    STACK,
    STACK_ID,
    STANDING,
    UNKNOWN,
    FunctionContext,
    World,
    a_world,
)
from user_pool_client import handler

if TYPE_CHECKING:
    from tests.fixtures.world import Answer

type Json = dict[str, Any]

NAMED: Json = {**BARE, "ClientName": "web"}
INVENTED = "shop-WebClient-1QZ6T0XJ4MHFN"


def made_and_killed(world: World, properties: Json) -> Json:
    """Begin an operation whose Create makes a client and then dies; return the request."""
    world.stacks.begin(STACK_ID)
    world.clock.now += 1
    event = world.request("Create", properties, **world.dated())
    assert world.die(event, before=2)
    assert len(world.client_ids()) == 1
    world.calls()
    return event


def cancelled(world: World, properties: Json, **members: Any) -> Answer:
    """Let CloudFormation cancel the Create and send the Delete."""
    physical_id = world.stacks.cancel(STACK_ID, LOGICAL_ID)
    assert physical_id == INVENTED
    return world.delete(physical_id, properties, **world.dated(), **members)


@pytest.mark.parametrize("properties", [BARE, CONFIDENTIAL], ids=["public", "confidential"])
def test_a_client_that_a_cancelled_create_has_made_is_found_by_its_derived_name_and_deleted(
    world: World, properties: Json
) -> None:
    made_and_killed(world, properties)

    answer = cancelled(world, properties)

    assert (answer.status, answer.physical_id, world.client_ids()) == ("SUCCESS", INVENTED, [])
    assert world.asked() == [STANDING, STACK, OWNER]


def test_where_nothing_was_made_the_delete_looks_for_a_while_and_succeeds(world: World) -> None:
    world.stacks.begin(STACK_ID)
    world.request("Create", BARE)

    answer = cancelled(world, BARE)

    assert (answer.status, world.calls(), world.clock.now) == ("SUCCESS", [LIST, LIST, LIST], 7)


def test_a_client_that_an_earlier_operation_has_retained_is_not_touched(world: World) -> None:
    retained = world.create(BARE).physical_id
    world.stacks.stacks[STACK_ID].resources.clear()
    world.clock.now += 1
    world.stacks.begin(STACK_ID)
    world.request("Create", BARE)

    answer = cancelled(world, BARE)

    assert (answer.status, world.client_ids()) == ("SUCCESS", [retained])


def test_a_client_that_a_stack_has_is_not_touched(world: World) -> None:
    """Adopted meanwhile by another resource, say."""
    made_and_killed(world, BARE)
    (client_id,) = world.client_ids()
    world.stacks.put(f"{STACK_ID}2", "Adopted", client_id)

    assert cancelled(world, BARE).status == "SUCCESS"
    assert world.client_ids() == [client_id]


def test_a_name_that_the_template_gives_is_never_touched_nor_looked_for(world: World) -> None:
    made_and_killed(world, NAMED)

    answer = cancelled(world, NAMED)

    assert (answer.status, len(world.client_ids())) == ("SUCCESS", 1)
    assert (world.calls(), world.asked()) == ([], [])
    assert "the template names the client: a name is no proof" in [line.get("because") for line in world.log()]


def test_of_several_that_it_could_be_none_is_deleted_and_all_are_told(world: World) -> None:
    made_and_killed(world, BARE)
    (first,) = world.client_ids()
    world.existing(ClientName=world.settings(first)["ClientName"])

    answer = cancelled(world, BARE)

    assert (answer.status, len(world.client_ids())) == ("SUCCESS", 2)
    (line,) = [line for line in world.log() if line.get("left_behind")]
    assert sorted(line["left_behind"]) == sorted(world.client_ids())
    assert "LeftBehind" in world.metrics()


@pytest.mark.parametrize("operation", [STANDING, STACK, OWNER])
def test_without_permission_to_ask_the_delete_succeeds_and_deletes_nothing(world: World, operation: str) -> None:
    made_and_killed(world, BARE)
    world.stacks.denied = {operation}

    answer = cancelled(world, BARE)

    assert (answer.status, len(world.client_ids())) == ("SUCCESS", 1)
    line = [line for line in world.log() if line["message"] == "Done"][-1]
    assert line["decision"] == "nothing deleted"
    assert f"CloudFormation refused {operation} with AccessDenied" in line["because"]


def test_a_delete_that_cannot_look_now_fails_so_that_it_is_sent_again(world: World) -> None:
    made_and_killed(world, BARE)
    with world.failing(LIST, ApiError("InternalErrorException", "Later.", 500)):
        failed = cancelled(world, BARE)
    retried = world.delete(failed.physical_id, BARE)

    assert (failed.status, failed.physical_id) == ("FAILED", INVENTED)
    assert (retried.status, world.client_ids()) == ("SUCCESS", [])


def test_a_pool_that_is_gone_leaves_nothing_to_look_for(world: World) -> None:
    world.stacks.begin(STACK_ID)
    world.request("Create", BARE)
    world.fake.pools.clear()

    assert cancelled(world, BARE).status == "SUCCESS"


def test_an_import_is_never_looked_for(world: World) -> None:
    client_id = world.existing()

    answer = world.delete(INVENTED, {**BARE, "ImportId": f"us-east-1_Abc123xyz/{client_id}"})

    assert (answer.status, world.calls(), world.asked()) == ("SUCCESS", [], [])


def test_the_marker_of_a_create_that_surely_made_nothing_is_not_looked_for(world: World) -> None:
    world.delete(MARKER, BARE)

    assert (world.calls(), world.asked()) == ([], [])


# The Delete comes before the Create has ended


@pytest.mark.parametrize("takes", [1.0, 4.0, 5.5, 20.0])
def test_a_create_that_ends_after_its_own_delete_leaves_nothing(world: World, takes: float) -> None:
    """Either the Delete still looks when the client is made, or the Create asks whether anybody still waits."""
    world.timeout = 300
    world.stacks.begin(STACK_ID)
    event = world.request("Create", BARE, **world.dated())
    creating, deleting = world.function, handler.build(world.clock.for_the_function())
    world.stacks.cancel(STACK_ID, LOGICAL_ID)
    delete = world.request("Delete", BARE, PhysicalResourceId=INVENTED, **world.dated())
    began: list[str] = []

    def in_the_other_process(operation: str, _params: Json) -> None:
        """Let the Create's call come through when it is time: between two looks of the Delete's, or after the last."""
        if operation == LIST and world.clock.now >= takes and not began:
            began.append(operation)
            creating(event, FunctionContext(world.clock, world.timeout))

    world.fake.on_call = in_the_other_process
    deleting(delete, FunctionContext(world.clock, world.timeout))
    if not began:
        world.clock.now = takes
        creating(event, FunctionContext(world.clock, world.timeout))

    assert CREATE in world.calls()
    assert world.client_ids() == []


@pytest.mark.parametrize("properties", [BARE, NAMED], ids=["derived", "named"])
def test_a_slow_create_that_is_no_longer_awaited_deletes_what_it_made(world: World, properties: Json) -> None:
    event = world.request("Create", properties, **world.dated())

    def cancel(operation: str, _params: Json) -> None:
        if operation == CREATE:
            world.clock.now += 6
            world.stacks.cancel(STACK_ID, LOGICAL_ID)

    world.fake.on_call = cancel
    answer = world.send(event)

    assert (answer.status, answer.physical_id, world.client_ids()) == ("FAILED", MARKER, [])
    assert "CloudFormation no longer waited for the client, so it was deleted again." in answer.reason
    assert world.calls() == [CREATE, DELETE]


def test_a_slow_create_that_is_awaited_asks_once_and_goes_on(world: World) -> None:
    world.fake.delay(CREATE, 6)

    answer = world.create(BARE, **world.dated())

    assert (answer.status, world.client_ids(), world.asked()) == ("SUCCESS", [answer.physical_id], [STANDING])


def test_a_slow_create_that_cannot_ask_goes_on(world: World) -> None:
    world.fake.delay(CREATE, 6)
    world.stacks.denied = {STANDING}

    answer = world.create(BARE, **world.dated())

    assert (answer.status, world.client_ids()) == ("SUCCESS", [answer.physical_id])
    assert any("AccessDenied" in line.get("not_asked", "") for line in world.log())


def test_of_a_stack_of_another_account_nothing_is_asked_and_nothing_guessed(world: World) -> None:
    theirs = {"StackId": STACK_ID.replace("123456789012", "210987654321"), **world.dated()}
    world.fake.delay(CREATE, 6)
    slow = world.create(BARE, **theirs)
    late = world.request("Create", {**BARE, "ClientName": "late"}, **theirs)
    world.clock.now += 60
    refused = world.send(late)
    gone = world.delete(INVENTED, BARE, **theirs)

    assert (slow.status, refused.status, gone.status) == ("SUCCESS", "FAILED", "SUCCESS")
    assert "is in another account than the function" in refused.reason
    assert (world.client_ids(), world.asked()) == ([slow.physical_id], [])


def test_a_slow_replacement_that_is_no_longer_awaited_is_deleted_and_the_old_client_stays(world: World) -> None:
    first = world.create(NAMED).physical_id
    world.fake.on_call = lambda operation, _params: (
        world.stacks.cancel(STACK_ID, LOGICAL_ID) if operation == CREATE else None
    )
    world.fake.delay(CREATE, 6)

    answer = world.update(first, {**NAMED, "GenerateSecret": "true"}, NAMED, **world.dated())

    assert (answer.status, answer.physical_id, world.client_ids()) == ("FAILED", first, [first])


def test_an_adopted_client_is_never_deleted_however_slow_it_was(world: World) -> None:
    client_id = world.existing()
    event = world.request("Create", {**BARE, "ImportId": f"us-east-1_Abc123xyz/{client_id}"}, **world.dated())
    world.stacks.cancel(STACK_ID, LOGICAL_ID)
    world.clock.now += 29
    world.send(event)
    world.clock.now += 600
    world.other_process()
    world.send(event)

    assert world.client_ids() == [client_id]


# The outcome was not known when the answer was due


@functools.cache
def lost() -> ApiError:
    return ApiError("InternalErrorException", "Something went wrong.", 500)


@pytest.mark.parametrize("properties", [BARE, NAMED, CONFIDENTIAL], ids=["derived", "named", "confidential"])
def test_the_delete_of_a_create_that_did_not_know_finds_what_it_made(world: World, properties: Json) -> None:
    world.stacks.begin(STACK_ID)
    world.fail(CREATE, "read-timeout", after=True)
    with world.failing(LIST, lost()):
        failed = world.create(properties)
    assert (failed.status, failed.physical_id, len(world.client_ids())) == ("FAILED", UNKNOWN, 1)

    answer = world.delete(UNKNOWN, properties)

    assert (answer.status, answer.physical_id, world.client_ids()) == ("SUCCESS", UNKNOWN, [])


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"ClientName": "web", "AuthSessionValidity": 5}, id="other settings"),
        pytest.param({"ClientName": "web", "GenerateSecret": True}, id="a secret"),
    ],
)
def test_where_the_template_gives_the_name_the_settings_must_agree_as_well(world: World, other: Json) -> None:
    properties = {**NAMED, "AuthSessionValidity": "4"}
    world.stacks.begin(STACK_ID)
    theirs = world.existing(**{"AuthSessionValidity": 4, **other})

    assert world.delete(UNKNOWN, properties).status == "SUCCESS"
    assert world.client_ids() == [theirs]


def test_several_clients_of_a_templates_name_are_left_alone(world: World) -> None:
    world.stacks.begin(STACK_ID)
    theirs = [world.existing() for _ in range(2)]

    assert world.delete(UNKNOWN, NAMED).status == "SUCCESS"
    assert world.client_ids() == theirs


def test_the_marker_that_a_later_update_has_replaced_does_not_lead_to_the_new_client(world: World) -> None:
    world.stacks.begin(STACK_ID)
    new = world.update(UNKNOWN, BARE, BARE)
    world.delete(UNKNOWN, BARE)

    assert world.client_ids() == [new.physical_id]


# The whole life: a Create dies anywhere, is cancelled, and comes again, before or after its Delete


@pytest.mark.parametrize("again_first", [False, True], ids=["the delete first", "the create first"])
@pytest.mark.parametrize("before", range(1, 6))
@pytest.mark.parametrize("properties", [BARE, CONFIDENTIAL, {**BARE, "SSOSession": {"MaxValidityMinutes": "90"}}])
def test_nothing_is_left_of_a_create_that_died_and_was_cancelled(
    properties: Json, before: int, *, again_first: bool
) -> None:
    with a_world() as world:
        world.stacks.begin(STACK_ID)
        event = world.request("Create", properties, **world.dated())
        died = world.die(event, before=before)
        assert died == (before <= (4 if "SSOSession" in properties else 2))
        physical_id = world.stacks.cancel(STACK_ID, LOGICAL_ID) if died else world.client_ids()[0]
        world.clock.now += 61
        if again_first:
            world.send(event)
        delete = world.request("Delete", properties, PhysicalResourceId=physical_id, **world.dated())
        answer = world.send(delete)
        world.other_process()
        world.clock.now += 61
        world.send(event)

        assert (answer.status, world.client_ids()) == ("SUCCESS", [])


def test_a_slow_create_does_not_spend_its_time_on_asking(world: World) -> None:
    world.timeout = 300
    world.fake.delay(CREATE, 6)
    with_throttling = ApiError("Throttling", "Rate exceeded")
    world.stacks.fail(STANDING, with_throttling, times=100)

    answer = world.create(BARE, **world.dated())
    world.stacks.planned_faults.clear()

    assert (answer.status, world.clock.now <= 16) == ("SUCCESS", True)


def test_a_create_that_waited_long_for_the_quota_is_still_the_first_delivery(world: World) -> None:
    """Only a request that comes late is looked for before it is carried out."""
    world.timeout = 300
    world.fake.delay(DESCRIBE, 40)
    first = world.create({**NAMED, "GenerateSecret": "false"}).physical_id
    world.calls()

    answer = world.update(
        first, {**NAMED, "GenerateSecret": "true"}, {**NAMED, "GenerateSecret": "false"}, **world.dated()
    )

    assert (answer.status, world.calls()) == ("SUCCESS", [DESCRIBE, SECRETS, CREATE])
