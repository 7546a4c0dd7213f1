"""A request that comes late, again, or whose answer was lost: one client all the same, and none where nobody waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OWN_SECRET
from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import policies
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL, EVERYTHING, POLICY
from tests.fixtures.world import (
    CREATE,
    DELETE,
    DESCRIBE,
    FRANKFURT_POOL,
    LIST,
    LOGICAL_ID,
    MARKER,
    OTHER_POOL,
    OWNER,
    POOL,
    STACK_ID,
    STANDING,
    UNKNOWN,
    UPDATE,
    World,
    a_world,
    signed_url,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

type Json = dict[str, Any]

NAMED: Json = {**BARE, "ClientName": "web"}
LATE = 61.0
"""Seconds after which Lambda repeats a request that has failed."""


def again(world: World, event: Mapping[str, Any], *, after: float = LATE) -> Json | None:
    """Deliver a request once more, some time later, to another process; return what it answered."""
    world.clock.now += after
    world.other_process()
    world.calls()
    world.asked()
    answer = world.send(event)
    return {"status": answer.status, "id": answer.physical_id, "data": answer.data, "reason": answer.reason}


# What a fresh request costs


@pytest.mark.parametrize("properties", [BARE, CONFIDENTIAL, EVERYTHING], ids=["bare", "confidential", "everything"])
def test_a_fresh_create_is_one_call_and_asks_cloudformation_nothing(world: World, properties: Json) -> None:
    world.create(properties, **world.dated())

    assert (world.calls(), world.asked()) == ([CREATE], [])


def test_a_create_29_seconds_old_is_fresh_and_one_30_seconds_old_is_late(world: World) -> None:
    asked = []
    for age in (30, 29):
        event = world.request("Update", NAMED, PhysicalResourceId=world.existing(), OldResourceProperties=NAMED)
        world.send({**event, "ResponseURL": signed_url(world.clock.wall() - age)})
        asked.append(world.asked())

    assert asked == [[STANDING], []]


def test_an_emulators_request_is_fresh_whenever_it_comes(world: World) -> None:
    event = world.request("Create", BARE)
    world.clock.now += 600

    assert world.send(event).status == "SUCCESS"
    assert world.asked() == []


# The same request in the same process


@pytest.mark.parametrize("late", [0.0, 600.0], ids=["at once", "later"])
def test_the_same_process_gives_the_same_answer_again_and_asks_nobody(world: World, late: float) -> None:
    event = world.request("Create", CONFIDENTIAL, **world.dated())
    world.send(event)
    first = world.put[0]
    world.calls()
    world.clock.now += late

    world.send(event)

    assert world.put == [first]
    assert (world.calls(), world.asked()) == ([], [])
    assert len(world.client_ids()) == 1


def test_a_failure_stands_as_well(world: World) -> None:
    world.fail(CREATE, ApiError("LimitExceededException", "Too many."))
    event = world.request("Create", BARE)
    first = world.send(event)

    assert world.send(event) == first
    assert world.calls() == [CREATE]


def test_another_request_for_the_same_resource_is_not_taken_for_the_first(world: World) -> None:
    created = world.create(BARE)
    answers = [
        world.update(created.physical_id, {**BARE, "LogoutURLs": urls}, BARE) for urls in ([APP], [f"{APP}/out"])
    ]

    assert [answer.data["LogoutURLs"] for answer in answers] == [APP, f"{APP}/out"]


def test_a_process_remembers_the_last_hundred_answers(world: World) -> None:
    events = [world.request("Delete", BARE, PhysicalResourceId=f"gone{number}") for number in range(101)]
    for event in events:
        world.send(event)
    world.calls()

    world.send(events[1])
    world.send(events[0])

    assert world.calls() == [DELETE]


# A late request asks first


@pytest.mark.parametrize("after", [0.0, 1.0, LATE, 3000.0])
@pytest.mark.parametrize("journal", [True, False])
@pytest.mark.parametrize("properties", [BARE, NAMED, CONFIDENTIAL], ids=["derived", "named", "confidential"])
def test_a_create_that_was_answered_is_answered_alike_by_another_process(
    world: World, properties: Json, after: float, *, journal: bool
) -> None:
    event = world.request("Create", properties, **world.dated())
    first = world.send(event)
    if not journal:
        world.journal.lose()
        after = max(after, LATE)  # docs/guarantees.md says what a lost journal costs

    told = again(world, event, after=after)

    assert told == {"status": "SUCCESS", "id": first.physical_id, "data": first.data, "reason": ""}
    assert (world.calls(), world.asked()) == ([DESCRIBE], [] if journal else [STANDING])


@pytest.mark.parametrize("after", [1.0, LATE])
def test_a_failure_is_answered_alike_by_another_process(world: World, after: float) -> None:
    world.fail(CREATE, ApiError("LimitExceededException", "Too many."))
    event = world.request("Create", BARE, **world.dated())
    first = world.send(event)

    told = again(world, event, after=after)

    assert told == {"status": "FAILED", "id": first.physical_id, "data": {}, "reason": first.reason}
    assert world.calls() == []


@pytest.mark.parametrize("after", [1.0, LATE])
def test_a_delete_is_answered_alike_by_another_process(world: World, after: float) -> None:
    client_id = world.create(BARE).physical_id
    event = world.request("Delete", BARE, PhysicalResourceId=client_id, **world.dated())
    with world.failing(DELETE, ApiError("TooManyRequestsException", "Rate exceeded")):
        failed = world.send(event)

    told = again(world, event, after=after)

    assert told == {"status": "FAILED", "id": client_id, "data": {}, "reason": failed.reason}
    assert world.delete(client_id, BARE).status == "SUCCESS"
    assert world.client_ids() == []


def test_a_late_update_that_was_answered_changes_nothing_that_came_after(world: World) -> None:
    """The update was rolled back since: carried out now, it would undo the rollback."""
    created = world.create(BARE)
    new = {**BARE, "LogoutURLs": [APP]}
    event = world.request(
        "Update", new, PhysicalResourceId=created.physical_id, OldResourceProperties=BARE, **world.dated()
    )
    world.send(event)
    world.update(created.physical_id, BARE, new)
    before = world.settings(created.physical_id)

    told = again(world, event)

    assert told is not None
    assert (world.calls(), world.settings(created.physical_id)) == ([DESCRIBE], before)
    assert told["id"] == created.physical_id


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED"])
def test_a_late_create_that_nobody_waits_for_makes_nothing(world: World, status: str) -> None:
    event = world.request("Create", NAMED, **world.dated())
    world.stacks.put(STACK_ID, LOGICAL_ID, MARKER, status)

    told = again(world, event)

    assert told is not None
    assert (told["status"], told["id"]) == ("FAILED", UNKNOWN)
    assert "CloudFormation no longer waits for this request" in told["reason"]
    assert CREATE not in world.calls()
    assert world.client_ids() == []


def test_a_late_create_of_a_stack_that_is_gone_makes_nothing(world: World) -> None:
    event = world.request("Create", NAMED, **world.dated())
    world.stacks.stacks.clear()

    told = again(world, event)

    assert told is not None
    assert (told["status"], world.client_ids()) == ("FAILED", [])


def test_a_late_create_does_not_take_the_place_of_a_later_one(world: World) -> None:
    late = world.request("Create", BARE, **world.dated())
    world.clock.now += 600
    world.request("Create", BARE, **world.dated())

    told = again(world, late)

    assert told is not None
    assert (told["status"], world.client_ids()) == ("FAILED", [])


@pytest.mark.parametrize("status", ["UPDATE_FAILED", "DELETE_IN_PROGRESS"])
def test_a_late_update_that_nobody_waits_for_changes_nothing(world: World, status: str) -> None:
    created = world.create(BARE)
    event = world.request(
        "Update", CONFIDENTIAL, PhysicalResourceId=created.physical_id, OldResourceProperties=BARE, **world.dated()
    )
    world.stacks.put(STACK_ID, LOGICAL_ID, created.physical_id, status)

    told = again(world, event)

    assert told is not None
    assert (told["status"], told["id"], world.calls()) == ("FAILED", created.physical_id, [])


@pytest.mark.parametrize("after", [LATE, 3000.0])
def test_a_create_that_was_only_late_is_carried_out(world: World, after: float) -> None:
    event = world.request("Create", CONFIDENTIAL, **world.dated())

    told = again(world, event, after=after)

    assert told is not None
    assert (told["status"], world.client_ids()) == ("SUCCESS", [told["id"]])
    assert world.calls() == [LIST, LIST, LIST, CREATE]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_without_the_permission_to_ask_a_late_request_is_refused(world: World, kind: str) -> None:
    ids = {"PhysicalResourceId": world.existing(), "OldResourceProperties": BARE} if kind == "Update" else {}
    event = world.request(kind, CONFIDENTIAL, **ids, **world.dated())
    world.stacks.denied = {STANDING}
    before = world.client_ids()

    told = again(world, event)

    assert told is not None
    assert (told["status"], told["id"]) == ("FAILED", ids.get("PhysicalResourceId", UNKNOWN))
    assert "it is not known whether CloudFormation still waits for it" in told["reason"]
    assert "allow cloudformation:DescribeStacks, DescribeStackResource and DescribeStackResources" in told["reason"]
    assert (world.client_ids(), world.calls()) == (before, [])


def test_cloudformation_that_is_busy_is_asked_again(world: World) -> None:
    event = world.request("Create", BARE, **world.dated())
    world.stacks.fail(STANDING, ApiError("Throttling", "Rate exceeded"), times=2)
    world.stacks.fail(STANDING, "read-timeout")

    told = again(world, event)

    assert told is not None
    assert told["status"] == "SUCCESS"
    assert world.asked().count(STANDING) == 4


def test_a_response_url_that_has_expired_is_not_worked_for(world: World) -> None:
    event = world.request("Create", BARE, ResponseURL=signed_url(world.clock.wall()).replace("7200", "60"))
    world.clock.now += 60

    world.invoke(event)

    assert (world.put, world.calls(), world.client_ids()) == ([], [], [])
    assert "The response URL has expired, so nothing was done." in [line.get("because") for line in world.log()]


@pytest.mark.parametrize("journal", [True, False])
def test_a_late_create_does_not_delete_the_client_that_it_was_answered_with_and_that_was_retained(
    world: World, *, journal: bool
) -> None:
    """`make chaos` found it: the resource left the stack (DeletionPolicy: Retain), and CloudFormation shows none."""
    event = world.request("Create", BARE, **world.dated())
    retained = world.send(event).physical_id
    del world.stacks.stacks[STACK_ID].resources[LOGICAL_ID]
    if not journal:
        world.journal.lose()

    told = again(world, event, after=600)

    assert told is not None
    assert (told["status"], world.client_ids()) == ("SUCCESS" if journal else "FAILED", [retained])
    left_behind = [line["left_behind"] for line in world.log() if line.get("left_behind")]
    assert left_behind == ([] if journal else [[retained]])


def test_a_late_create_does_not_delete_the_old_client_of_a_replacement_that_may_be_rolled_back(world: World) -> None:
    first = {**BARE, "GenerateSecret": "false"}
    event = world.request("Create", first, **world.dated())
    old = world.send(event).physical_id
    new = world.update(old, {**BARE, "GenerateSecret": "true"}, first).physical_id

    told = again(world, event)

    assert told is not None
    assert (told["status"], world.client_ids()) == ("FAILED", [old, new])


def test_a_request_that_comes_when_its_time_is_up_does_not_say_that_nothing_was_made(world: World) -> None:
    event = world.request("Create", {**BARE, "ServiceTimeout": "60"}, **world.dated())
    world.die(event, before=2)
    world.clock.now += 60

    assert world.send(event).physical_id == UNKNOWN


# The outcome of CreateUserPoolClient is not known


def lose_the_answer(world: World, *, times: int = 1) -> None:
    world.fail(CREATE, "read-timeout", after=True, times=times)


def test_a_client_that_may_be_that_of_a_stack_in_another_region_is_not_taken_but_deleted_with_its_create(
    world: World,
) -> None:
    """The Delete knows from the journal within which seconds it was created."""
    theirs = world.existing(pool_id=FRANKFURT_POOL)
    world.clock.now += 60
    lose_the_answer(world)

    answer = world.create({"UserPoolId": FRANKFURT_POOL, "ClientName": "web"}, **world.dated())
    made = next(client_id for client_id in world.client_ids(FRANKFURT_POOL) if client_id != theirs)

    assert (answer.status, answer.physical_id) == ("FAILED", UNKNOWN)
    assert made in answer.reason
    assert "or that of a stack in another Region or account, which cannot be asked" in answer.reason
    assert world.delete(UNKNOWN, {"UserPoolId": FRANKFURT_POOL, "ClientName": "web"}).status == "SUCCESS"
    assert world.client_ids(FRANKFURT_POOL) == [theirs]


def test_a_derived_name_is_found_in_another_region_too(world: World) -> None:
    lose_the_answer(world)

    answer = world.create({"UserPoolId": FRANKFURT_POOL}, **world.dated())

    assert (answer.status, [answer.physical_id]) == ("SUCCESS", world.client_ids(FRANKFURT_POOL))


@pytest.mark.parametrize(
    "properties",
    [BARE, NAMED, CONFIDENTIAL, EVERYTHING, {**BARE, "ClientSecret": OWN_SECRET}],
    ids=["derived", "named", "confidential", "everything", "own secret"],
)
def test_a_client_whose_making_was_not_told_is_found(world: World, properties: Json) -> None:
    lose_the_answer(world)

    answer = world.create(properties, **world.dated())

    assert answer.status == "SUCCESS", answer.reason
    assert world.client_ids(properties["UserPoolId"]) == [answer.physical_id]
    assert (world.calls(), world.asked()[0]) == ([CREATE, LIST, DESCRIBE], OWNER)


def test_a_client_that_is_listed_only_later_is_waited_for() -> None:
    with a_world(listed_after=3.0) as world:
        lose_the_answer(world)

        answer = world.create(BARE)

        assert (answer.status, world.client_ids()) == ("SUCCESS", [answer.physical_id])
        assert world.calls().count(CREATE) == 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"ClientName": "web", "LogoutURLs": [APP]}, id="another setting"),
        pytest.param({"ClientName": "web2"}, id="another name"),
        pytest.param({"ClientName": "web", "GenerateSecret": True}, id="a secret"),
    ],
)
def test_a_client_that_differs_is_no_match(world: World, other: Json) -> None:
    properties = {**NAMED, "LogoutURLs": [f"{APP}/out"]}
    theirs: list[str] = []
    world.fake.on_call = lambda operation, _params: (
        theirs.append(world.existing(**{"LogoutURLs": [f"{APP}/out"], **other})) if operation == CREATE else None
    )
    world.fail(CREATE, "connection-closed")

    answer = world.create(properties)

    assert answer.status == "SUCCESS"
    assert answer.physical_id not in theirs
    assert world.calls().count(CREATE) == 2


def test_a_client_that_was_there_before_is_no_match(world: World) -> None:
    old = world.existing()
    world.clock.now += 11
    world.fail(CREATE, "connection-closed")

    answer = world.create(NAMED, **world.dated())

    assert (answer.status, answer.physical_id != old) == ("SUCCESS", True)


def test_a_client_of_another_resource_is_no_match(world: World) -> None:
    """Twins: two resources whose templates give the same name and settings."""
    twin = world.create(NAMED, LogicalResourceId="Twin")
    world.fail(CREATE, "connection-closed")

    answer = world.create(NAMED)

    assert (answer.status, world.client_ids()) == ("SUCCESS", [twin.physical_id, answer.physical_id])
    assert OWNER in world.asked()


def test_several_candidates_are_named_and_none_is_taken(world: World) -> None:
    world.fake.on_call = lambda operation, _params: world.existing() if operation == CREATE else None
    lose_the_answer(world)

    answer = world.create(NAMED)

    assert (answer.status, answer.physical_id) == ("FAILED", UNKNOWN)
    assert all(client_id in answer.reason for client_id in world.client_ids())
    assert "delete those that nobody uses, or adopt the right one with ImportId" in answer.reason
    assert len(world.client_ids()) == 2


def test_without_the_permission_to_ask_whose_a_client_is_none_is_taken(world: World) -> None:
    world.stacks.denied = {OWNER}
    lose_the_answer(world)

    answer = world.create(NAMED)

    assert (answer.status, answer.physical_id) == ("FAILED", UNKNOWN)
    assert "AccessDenied" in answer.reason
    assert "ReadTimeoutError" in answer.reason
    assert "and look in the user pool for an app client of this name" in answer.reason


def test_a_pool_that_cannot_be_looked_at_in_time_leaves_the_outcome_unknown(world: World) -> None:
    lose_the_answer(world)
    with world.failing(LIST, ApiError("TooManyRequestsException", "Rate exceeded")):
        answer = world.create(BARE)

    assert (answer.status, answer.physical_id) == ("FAILED", UNKNOWN)
    assert "Whether it has made the client could not be found out in time." in answer.reason
    assert "delete it or adopt it with ImportId" in answer.reason


def test_a_create_that_is_never_answered_is_not_sent_for_ever(world: World) -> None:
    world.timeout = 300
    world.fail(CREATE, "connection-closed", times=3)

    answer = world.create(BARE)

    assert (answer.status, answer.physical_id) == ("FAILED", UNKNOWN)
    assert world.calls().count(CREATE) == 3


def test_a_replacement_whose_answer_was_lost_is_found_and_not_mistaken_for_the_old_client(world: World) -> None:
    created = world.create({**NAMED, "UserPoolId": POOL, "GenerateSecret": "false"})
    world.calls()
    lose_the_answer(world)

    answer = world.update(
        created.physical_id, {**NAMED, "GenerateSecret": "true"}, {**NAMED, "GenerateSecret": "false"}
    )

    assert (answer.status, world.client_ids()) == ("SUCCESS", [created.physical_id, answer.physical_id])


# The process ends before one of its calls, or before its answer

CASES: dict[str, tuple[str, Json, Json | None]] = {
    "create, derived name": ("Create", BARE, None),
    "create, name in the template": ("Create", NAMED, None),
    "create with a secret": ("Create", CONFIDENTIAL, None),
    "create with a session": ("Create", {**BARE, "SSOSession": {"MaxValidityMinutes": "90"}}, None),
    "create with a policy": ("Create", {**BARE, **POLICY}, None),
    "update in place": ("Update", {**NAMED, "LogoutURLs": [APP]}, NAMED),
    "update of a policy": ("Update", {**NAMED, **POLICY}, NAMED),
    "update that replaces": ("Update", {**NAMED, "GenerateSecret": "true"}, {**NAMED, "GenerateSecret": "false"}),
    "update to another pool": ("Update", {**NAMED, "UserPoolId": OTHER_POOL}, NAMED),
    "delete": ("Delete", NAMED, NAMED),
}


def everywhere(world: World) -> list[str]:
    return world.client_ids(POOL) + world.client_ids(OTHER_POOL)


@pytest.mark.parametrize("before", range(1, 9))
@pytest.mark.parametrize("case", CASES)
def test_whatever_call_a_process_dies_before_the_next_delivery_makes_it_right(
    world: World, case: str, before: int
) -> None:
    kind, properties, old = CASES[case]
    first = world.create(old, **world.dated()).physical_id if old is not None else ""
    ids = {"PhysicalResourceId": first, "OldResourceProperties": old} if first else {}
    world.clock.now += 100
    world.stacks.begin(STACK_ID)
    event = world.request(kind, properties, **ids, **world.dated())

    world.die(event, before=before)
    told = again(world, event)

    assert told is not None
    assert told["status"] == "SUCCESS", told["reason"]
    resource = world.stacks.stacks[STACK_ID].resources[LOGICAL_ID]
    if kind == "Delete":
        assert everywhere(world) == []
        return
    assert resource.physical_id == told["id"]
    # Until CloudFormation has it deleted, the client before a replacement is there too.
    assert sorted(everywhere(world)) == sorted({told["id"], first} - {""})
    assert len(policies(world, told["id"], pool_id=properties["UserPoolId"])) == ("CIMDPolicy" in properties)


@pytest.mark.parametrize("before", range(1, 9))
@pytest.mark.parametrize("case", CASES)
def test_a_duplicate_that_comes_at_once_waits_and_takes_over_when_the_first_ones_time_is_up(
    world: World, case: str, before: int
) -> None:
    world.timeout = 300
    kind, properties, old = CASES[case]
    first = world.create(old, **world.dated()).physical_id if old is not None else ""
    ids = {"PhysicalResourceId": first, "OldResourceProperties": old} if first else {}
    event = world.request(kind, properties, **ids, **world.dated())

    world.die(event, before=before, at_once=True)
    told = again(world, event, after=20.0)

    assert told is not None
    assert told["status"] == "SUCCESS"
    assert sorted(everywhere(world)) == sorted({told["id"], first} - {""} if kind != "Delete" else set())
    assert len(policies(world, told["id"], pool_id=properties["UserPoolId"])) == ("CIMDPolicy" in properties)


def test_a_cancelled_update_that_comes_again_replaces_nothing(world: World) -> None:
    old = {**NAMED, "GenerateSecret": "false"}
    first = world.create(old).physical_id
    event = world.request(
        "Update",
        {**NAMED, "GenerateSecret": "true"},
        PhysicalResourceId=first,
        OldResourceProperties=old,
        **world.dated(),
    )
    world.stacks.cancel(STACK_ID, LOGICAL_ID)

    told = again(world, event)

    assert told is not None
    assert (told["status"], told["id"], world.client_ids()) == ("FAILED", first, [first])


@pytest.mark.parametrize("operation", [DESCRIBE, UPDATE])
def test_an_update_whose_answer_was_lost_sees_that_all_is_as_desired(world: World, operation: str) -> None:
    created = world.create(NAMED)
    new = {**NAMED, "LogoutURLs": [APP]}
    event = world.request("Update", new, PhysicalResourceId=created.physical_id, OldResourceProperties=NAMED)
    world.calls()
    # The stack's status and the journal, twice, come in between.
    world.die(event, before=2 if operation == DESCRIBE else 6)

    told = again(world, event)

    assert told is not None
    assert (told["status"], told["data"]["LogoutURLs"]) == ("SUCCESS", APP)
    assert world.calls() == ([DESCRIBE, UPDATE] if operation == DESCRIBE else [DESCRIBE])
