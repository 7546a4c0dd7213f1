"""CloudFormation stops waiting for a Create: its client is deleted, whichever comes first, and no other one is."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.processes import crowded
from tests.fixtures.templates import BARE, CONFIDENTIAL, POLICY
from tests.fixtures.world import (
    CREATE,
    DELETE,
    DESCRIBE,
    LIST,
    LOGICAL_ID,
    MARKER,
    OWNER,
    POOL,
    SECRETS,
    STACK,
    STACK_ID,
    STANDING,
    UNKNOWN,
    World,
    a_world,
)

if TYPE_CHECKING:
    from tests.fixtures.world import Answer

type Json = dict[str, Any]

NAMED: Json = {**BARE, "ClientName": "web"}
INVENTED = "shop-WebClient-1QZ6T0XJ4MHFN"


def made_and_killed(world: World, properties: Json, *, journal: bool = True) -> Json:
    """Begin an operation whose Create makes a client and then dies; return the request."""
    world.stacks.begin(STACK_ID)
    world.clock.now += 1
    event = world.request("Create", properties, **world.dated())
    assert world.die(event, before=3)
    assert len(world.client_ids()) == 1
    world.calls()
    if not journal:
        world.journal.lose()
    return event


def cancelled(world: World, properties: Json, **members: Any) -> Answer:
    """Let CloudFormation cancel the Create and send the Delete."""
    physical_id = world.stacks.cancel(STACK_ID, LOGICAL_ID)
    assert physical_id == INVENTED
    return world.delete(physical_id, properties, **world.dated(), **members)


@pytest.mark.parametrize("properties", [BARE, CONFIDENTIAL, NAMED], ids=["public", "confidential", "named"])
def test_a_client_that_a_cancelled_create_has_made_is_found_by_what_the_journal_knows_and_deleted(
    world: World, properties: Json
) -> None:
    made_and_killed(world, properties)

    answer = cancelled(world, properties)

    assert (answer.status, answer.physical_id, world.client_ids()) == ("SUCCESS", INVENTED, [])
    assert world.asked() == [OWNER]


@pytest.mark.parametrize("properties", [BARE, CONFIDENTIAL], ids=["public", "confidential"])
def test_without_the_journal_it_is_found_by_its_generated_name(world: World, properties: Json) -> None:
    made_and_killed(world, properties, journal=False)

    answer = cancelled(world, properties)

    assert (answer.status, answer.physical_id, world.client_ids()) == ("SUCCESS", INVENTED, [])
    assert world.asked() == [STANDING, STACK, OWNER]


@pytest.mark.parametrize("properties", [BARE, NAMED], ids=["generated", "named"])
def test_a_client_cancelled_between_its_creation_and_the_response_is_deleted_by_its_id(
    world: World, properties: Json
) -> None:
    """The session and the secret come in between; the Create ends after CloudFormation has cancelled it."""
    world.stacks.begin(STACK_ID)
    event = world.request("Create", properties, **world.dated())
    world.fake.on_call = lambda operation, _params: operation == CREATE and world.stacks.cancel(STACK_ID, LOGICAL_ID)
    world.send(event)
    assert len(world.client_ids()) == 1
    world.calls()
    world.asked()

    answer = world.delete(INVENTED, properties, **world.dated())

    assert (answer.status, world.client_ids()) == ("SUCCESS", [])
    assert (world.calls(), world.asked()) == ([DELETE], [STACK])


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


@pytest.mark.parametrize("again", [False, True], ids=["never delivered", "died before its call"])
def test_nor_is_it_where_the_cancelled_create_had_begun(world: World, *, again: bool) -> None:
    retained = world.create(BARE, **world.dated()).physical_id
    world.stacks.stacks[STACK_ID].resources.clear()
    world.clock.now += 60
    world.stacks.begin(STACK_ID)
    event = world.request("Create", BARE, **world.dated())
    if again:
        world.die(event, before=2)

    answer = cancelled(world, BARE)

    assert (answer.status, world.client_ids()) == ("SUCCESS", [retained])


@pytest.mark.parametrize("journal", [True, False])
def test_a_client_that_a_stack_has_is_not_touched(world: World, *, journal: bool) -> None:
    """Adopted meanwhile by another resource, say."""
    made_and_killed(world, BARE, journal=journal)
    (client_id,) = world.client_ids()
    world.stacks.put(f"{STACK_ID}2", "Adopted", client_id)

    assert cancelled(world, BARE).status == "SUCCESS"
    assert world.client_ids() == [client_id]


def test_without_the_journal_a_name_that_the_template_gives_is_never_touched_nor_looked_for(world: World) -> None:
    made_and_killed(world, NAMED, journal=False)

    answer = cancelled(world, NAMED)

    assert (answer.status, len(world.client_ids())) == ("SUCCESS", 1)
    assert (world.calls(), world.asked()) == ([], [])
    assert "the template names the client: a name is no proof" in [line.get("because") for line in world.log()]


@pytest.mark.parametrize("journal", [True, False])
def test_of_several_that_it_could_be_none_is_deleted_and_all_are_told(world: World, *, journal: bool) -> None:
    made_and_killed(world, BARE, journal=journal)
    (first,) = world.client_ids()
    world.existing(ClientName=world.settings(first)["ClientName"])

    answer = cancelled(world, BARE)

    assert (answer.status, len(world.client_ids())) == ("SUCCESS", 2)
    (line,) = [line for line in world.log() if line.get("left_behind")]
    assert sorted(line["left_behind"]) == sorted(world.client_ids())
    assert "LeftBehind" in world.metrics()


@pytest.mark.parametrize("operation", [STANDING, STACK, OWNER])
def test_without_permission_to_ask_the_delete_succeeds_and_deletes_nothing(world: World, operation: str) -> None:
    made_and_killed(world, BARE, journal=False)
    world.stacks.denied = {operation}

    answer = cancelled(world, BARE)

    assert (answer.status, len(world.client_ids())) == ("SUCCESS", 1)
    line = [line for line in world.log() if line["message"] == "Done"][-1]
    assert line["decision"] == "nothing deleted"
    assert f"CloudFormation refused {operation} with AccessDenied" in line["because"]


@pytest.mark.parametrize("journal", [True, False])
def test_a_delete_that_cannot_look_now_fails_so_that_it_is_sent_again(world: World, *, journal: bool) -> None:
    made_and_killed(world, BARE, journal=journal)
    world.timeout = 300
    with world.failing(LIST, ApiError("InternalErrorException", "Later.", 500)):
        failed = cancelled(world, BARE)
    retried = world.delete(failed.physical_id, BARE)

    assert (failed.status, failed.physical_id) == ("FAILED", INVENTED)
    assert (retried.status, world.client_ids()) == ("SUCCESS", [])


@pytest.mark.parametrize("begun", [False, True])
def test_a_pool_that_is_gone_leaves_nothing_to_look_for(world: World, *, begun: bool) -> None:
    world.stacks.begin(STACK_ID)
    event = world.request("Create", BARE)
    if begun:
        world.die(event, before=3)
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


@pytest.mark.parametrize("takes", [1.0, 6.0, 20.0, 200.0])
@pytest.mark.parametrize("properties", [BARE, NAMED], ids=["generated", "named"])
def test_a_delete_that_comes_while_its_create_is_at_work_waits_and_deletes_the_client(
    takes: float, properties: Json
) -> None:
    with crowded() as processes:
        crowd, world = processes.crowd, processes.world
        world.stacks.begin(STACK_ID)
        event = world.request("Create", properties, **world.dated())
        world.fake.on_call = lambda operation, _params: crowd.sleep(takes) if operation == CREATE else None

        def delete() -> None:
            physical_id = world.stacks.cancel(STACK_ID, LOGICAL_ID)
            processes.deliver(world.request("Delete", properties, PhysicalResourceId=physical_id, **world.dated()))

        crowd.start(delete, after=0.5)
        crowd.run([lambda: processes.deliver(event)])

        answers = [json.loads(body) for body in world.put]
        assert [answer["Status"] for answer in answers] == ["SUCCESS", "SUCCESS"]
        assert (answers[1]["PhysicalResourceId"], world.client_ids()) == (INVENTED, [])
        assert LIST not in world.calls()


def test_a_create_that_comes_after_its_delete_makes_nothing(world: World) -> None:
    event = world.request("Create", BARE, **world.dated())
    world.clock.now += 1
    cancelled(world, BARE)
    world.calls()

    answer = world.send(event)

    assert (answer.status, answer.physical_id, world.client_ids()) == ("FAILED", MARKER, [])
    assert "A later request for the resource has come" in answer.reason
    assert world.calls() == []


def test_a_slow_create_asks_nobody(world: World) -> None:
    world.fake.delay(CREATE, 6)

    answer = world.create(BARE, **world.dated())

    assert (answer.status, world.client_ids(), world.asked()) == ("SUCCESS", [answer.physical_id], [])


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


def test_a_slow_replacement_that_was_cancelled_is_deleted_by_its_rollback_and_the_old_client_stays(
    world: World,
) -> None:
    first = world.create(NAMED).physical_id
    new = {**NAMED, "GenerateSecret": "true"}
    world.fake.on_call = lambda operation, _params: (
        world.stacks.cancel(STACK_ID, LOGICAL_ID) if operation == CREATE else None
    )
    world.fake.delay(CREATE, 6)
    late = world.update(first, new, NAMED, **world.dated())
    assert len(world.client_ids()) == 2

    answer = world.roll_back(first, NAMED, new, **world.dated())

    assert (late.status, answer.status, answer.physical_id) == ("SUCCESS", "SUCCESS", first)
    assert world.client_ids() == [first]


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
@pytest.mark.parametrize("before", range(1, 8))
@pytest.mark.parametrize(
    "properties", [BARE, CONFIDENTIAL, {**BARE, "SSOSession": {"MaxValidityMinutes": "90"}}, {**BARE, **POLICY}]
)
def test_nothing_is_left_of_a_create_that_died_and_was_cancelled(
    properties: Json, before: int, *, again_first: bool
) -> None:
    with a_world() as world:
        world.stacks.begin(STACK_ID)
        event = world.request("Create", properties, **world.dated())
        died = world.die(event, before=before)
        assert died == (before <= (6 if properties.keys() & {"SSOSession", "CIMDPolicy"} else 4))
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
        assert world.fake.pools[POOL].policies == {}


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
