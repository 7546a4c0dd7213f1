"""One request of a resource at a time, in the order in which CloudFormation signed them, whatever Lambda delivers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OWN_SECRET
from tests.fakes.dynamodb import DENIED, THROTTLED
from tests.fixtures.processes import crowded, crowded_with_secrets
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL, DESKTOP, MOBILE
from tests.fixtures.world import (
    CREATE,
    DELETE,
    DESCRIBE,
    LIST,
    LOGICAL_ID,
    MARKER,
    OTHER_POOL,
    POOL,
    SECRETS,
    STACK_ID,
    UPDATE,
    Answer,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.cognito import ApiError
    from tests.fixtures.processes import Processes
    from tests.fixtures.world import World

NAMED: Json = {**BARE, "ClientName": "web"}
REPLACED: Json = {**NAMED, "GenerateSecret": "true"}

type Json = dict[str, Any]


def slow(processes: Processes, operation: str, seconds: float) -> None:
    """Let the next call of an operation take so long; those after it are as quick as ever."""
    waiting = [seconds]
    processes.world.fake.on_call = lambda called, _params: (
        processes.crowd.sleep(waiting.pop()) if called == operation and waiting else None
    )


def at_once(processes: Processes, *events: Json, after: Sequence[float] = ()) -> list[Answer]:
    """Deliver each event to a process of its own, the first one now; return the answers, in the events' order."""
    first, *others = events
    delays = after or [0.0] * len(others)
    for event, delay in zip(others, delays, strict=True):
        processes.crowd.start(lambda event=event: processes.deliver(event), after=delay)  # type: ignore[misc]
    processes.world.put.clear()
    processes.crowd.run([lambda: processes.deliver(first)])
    told = {json.loads(body)["RequestId"]: body for body in processes.world.put}
    return [Answer.read(told[event["RequestId"]], event) for event in events]


def an_update(world: World, client_id: str, new: Json, old: Json, **members: Any) -> Json:
    return world.request(
        "Update", new, PhysicalResourceId=client_id, OldResourceProperties=old, **{**world.dated(), **members}
    )


# Two deliveries of one request


@pytest.mark.parametrize("takes", [0.0, 6.0, 100.0])
@pytest.mark.parametrize("after", [0.0, 0.05, 4.0, 40.0])
@pytest.mark.parametrize("properties", [BARE, NAMED, CONFIDENTIAL], ids=["generated", "named", "confidential"])
def test_two_deliveries_at_the_same_moment_make_one_client_and_get_the_same_response(
    properties: Json, after: float, takes: float
) -> None:
    with crowded() as processes:
        world = processes.world
        event = world.request("Create", properties, **world.dated())
        slow(processes, CREATE, takes)

        at_once(processes, event, event, after=[after])

        first, second = (Answer.read(body, event) for body in world.put)
        assert first.status == "SUCCESS"
        assert world.client_ids() == [first.physical_id]
        assert (second.status, second.physical_id, second.data) == (first.status, first.physical_id, first.data)
        assert world.calls().count(CREATE) == 1


def test_two_late_deliveries_at_once_make_one_client() -> None:
    with crowded() as processes:
        world = processes.world
        event = world.request("Create", NAMED, **world.dated())
        processes.crowd.run([lambda: processes.crowd.sleep(60)])

        (answer, _) = at_once(processes, event, event)

        assert (answer.status, world.client_ids()) == ("SUCCESS", [answer.physical_id])


def test_a_duplicate_during_a_slow_first_delivery_leaves_the_stacks_client_alone() -> None:
    """It once found the client, asked whether it was awaited still, and deleted it: the first answer had been taken."""
    with crowded() as processes:
        world = processes.world
        event = world.request("Create", BARE, **world.dated())
        slow(processes, CREATE, 40.0)

        (answer, _) = at_once(processes, event, event, after=[35.0])

        assert world.stacks.stacks[STACK_ID].resources[LOGICAL_ID].physical_id == answer.physical_id
        assert world.client_ids() == [answer.physical_id]
        assert DELETE not in world.calls()


def test_a_duplicate_of_a_slow_replacement_leaves_the_old_and_the_new_client_alone() -> None:
    with crowded() as processes:
        world = processes.world
        old = world.existing()
        event = an_update(world, old, REPLACED, NAMED)
        slow(processes, CREATE, 40.0)

        (answer, _) = at_once(processes, event, event, after=[35.0])

        assert (answer.status, world.client_ids()) == ("SUCCESS", [old, answer.physical_id])
        assert DELETE not in world.calls()


@pytest.mark.parametrize("after", [0.0, 0.5, 5.0, 29.0])
def test_a_duplicate_within_30_seconds_leaves_awscurrent_with_the_stacks_client(after: float) -> None:
    with crowded_with_secrets() as (processes, kept):
        world = processes.world
        event = world.request("Create", kept.template(), **world.dated())

        (answer, _) = at_once(processes, event, event, after=[after])

        assert (answer.status, world.client_ids()) == ("SUCCESS", [answer.physical_id])
        assert kept.current()["client_id"] == answer.physical_id
        assert kept.takes(kept.current())


def test_the_answer_remembered_is_that_of_the_whole_event(world: World) -> None:
    """Three ids were once enough to be told another's secret."""
    event = world.request("Create", CONFIDENTIAL, **world.dated())
    first = world.send(event)
    forged = {**event, "ResponseURL": f"{event['ResponseURL']}&versionId=1"}
    forged |= {"ResourceProperties": {**CONFIDENTIAL, "ClientName": "another"}}

    answer = world.send(forged)

    assert first.data["ClientSecret"] not in answer.body.decode()


# A later request while the cancelled one is at work, or before it comes


@pytest.mark.parametrize("takes", [1.0, 8.0, 100.0])
@pytest.mark.parametrize("new", [{**NAMED, "LogoutURLs": [APP]}, REPLACED], ids=["in place", "replacement"])
def test_a_rollback_that_comes_while_the_cancelled_update_is_at_work_waits_and_takes_it_back(
    new: Json, takes: float
) -> None:
    with crowded() as processes:
        world = processes.world
        client_id = world.existing(CallbackURLs=[MOBILE])
        before = world.settings(client_id)
        update = an_update(world, client_id, new, NAMED)
        slow(processes, CREATE if new is REPLACED else UPDATE, takes)

        def roll_back() -> None:
            world.stacks.cancel(STACK_ID, LOGICAL_ID)
            world.stacks.begin(STACK_ID, "UPDATE_ROLLBACK_IN_PROGRESS")
            processes.deliver(an_update(world, client_id, NAMED, new))

        processes.crowd.start(roll_back, after=0.9)
        processes.crowd.run([lambda: processes.deliver(update)])

        answers = [json.loads(body) for body in world.put]
        assert [answer["Status"] for answer in answers] == ["SUCCESS", "SUCCESS"]
        assert (answers[1]["PhysicalResourceId"], world.client_ids()) == (client_id, [client_id])
        assert world.settings(client_id) == before


@pytest.mark.parametrize("before", range(1, 9))
def test_the_rollback_of_a_replacement_that_died_deletes_what_it_made_and_a_duplicate_makes_nothing_again(
    world: World, before: int
) -> None:
    """The rollback's Update comes seconds later: it was once taken for the cancelled one."""
    world.timeout = 300
    first = world.create(NAMED, **world.dated()).physical_id
    world.clock.now += 100
    event = an_update(world, first, REPLACED, NAMED)
    world.die(event, before=before, at_once=True)
    world.clock.now += 20

    answer = world.roll_back(first, NAMED, REPLACED, **world.dated())
    world.clock.now += 60
    world.other_process()
    late = world.send(event)

    assert (answer.status, answer.physical_id, world.client_ids()) == ("SUCCESS", first, [first])
    assert late.status == "FAILED"


@pytest.mark.parametrize("signed_ago", [3.0, 90.0])
@pytest.mark.parametrize("new", [{**NAMED, "LogoutURLs": [APP]}, REPLACED], ids=["in place", "replacement"])
def test_an_update_that_comes_after_its_rollback_does_nothing(world: World, new: Json, signed_ago: float) -> None:
    client_id = world.create(NAMED).physical_id
    before = world.settings(client_id)
    world.clock.now += 100
    update = an_update(world, client_id, new, NAMED)
    world.clock.now += 2
    world.stacks.cancel(STACK_ID, LOGICAL_ID)
    rolled_back = world.roll_back(client_id, NAMED, new, **world.dated())
    world.clock.now += signed_ago - 2
    world.other_process()

    late = world.send(update)

    assert (rolled_back.status, late.status, late.physical_id) == ("SUCCESS", "FAILED", client_id)
    assert "A later request for the resource has come, so nothing was done." in late.reason
    assert (world.client_ids(), world.settings(client_id)) == ([client_id], before)


def test_a_setting_that_only_a_cancelled_update_named_does_not_stay(world: World) -> None:
    client_id = world.create(BARE).physical_id
    new = {**BARE, "LogoutURLs": [APP]}
    event = an_update(world, client_id, new, BARE)
    world.fake.on_call = lambda operation, _params: operation == UPDATE and world.stacks.cancel(STACK_ID, LOGICAL_ID)
    world.send(event)
    assert world.settings(client_id)["LogoutURLs"] == [APP]

    world.roll_back(client_id, BARE, new)

    assert "LogoutURLs" not in world.settings(client_id) or world.settings(client_id)["LogoutURLs"] == []


@pytest.mark.parametrize("after", [1.0, 61.0, 3000.0])
def test_a_duplicate_of_an_answered_update_does_not_write_over_a_later_one(world: World, after: float) -> None:
    client_id = world.create(BARE, **world.dated()).physical_id
    first, second = {**BARE, "LogoutURLs": [APP]}, {**BARE, "LogoutURLs": [DESKTOP]}
    world.clock.now += 10
    event = an_update(world, client_id, first, BARE)
    world.send(event)
    world.clock.now += 5
    world.update(client_id, second, first, **world.dated())
    world.clock.now += after
    world.other_process()

    late = world.send(event)

    assert (late.status, world.settings(client_id)["LogoutURLs"]) == ("FAILED", [DESKTOP])


def test_a_replacement_of_a_client_that_was_deleted_outside_is_rolled_back_to_the_template(world: World) -> None:
    old = {**NAMED, "LogoutURLs": [APP]}
    first = world.create(old).physical_id
    world.delete_elsewhere(first)
    new = {**NAMED, "LogoutURLs": [DESKTOP]}
    replaced = world.update(first, new, old).physical_id

    answer = world.roll_back(replaced, old, new)

    assert (answer.status, answer.physical_id, world.client_ids()) == ("SUCCESS", replaced, [replaced])
    assert world.settings(replaced)["LogoutURLs"] == [APP]


# Work that ends after its time-out


@pytest.mark.parametrize("new", [{**NAMED, "LogoutURLs": [APP]}, REPLACED], ids=["in place", "replacement"])
@pytest.mark.parametrize("late_by", [0.5, 2.0, 4.0])
def test_an_update_that_ends_after_its_timeout_is_taken_back_by_the_rollback(new: Json, late_by: float) -> None:
    with crowded() as processes:
        world = processes.world
        client_id = world.existing()
        before = world.settings(client_id)
        update = an_update(world, client_id, {**new, "ServiceTimeout": "60"}, NAMED)
        slow(processes, CREATE if new is REPLACED else UPDATE, 55 + late_by)

        def roll_back() -> None:
            world.stacks.begin(STACK_ID, "UPDATE_ROLLBACK_IN_PROGRESS")
            processes.deliver(an_update(world, client_id, NAMED, {**new, "ServiceTimeout": "60"}))

        processes.crowd.start(roll_back, after=56)
        processes.crowd.run([lambda: processes.deliver(update)])

        answers = [json.loads(body) for body in world.put]
        assert [(answer["Status"], answer["PhysicalResourceId"]) for answer in answers] == [
            ("FAILED", client_id),
            ("SUCCESS", client_id),
        ]
        assert (world.client_ids(), world.settings(client_id)) == ([client_id], before)


# The journal does not work


@pytest.mark.parametrize("failure", [DENIED, THROTTLED], ids=["denied", "throttled"])
@pytest.mark.parametrize("case", ["Create", "Update", "replacement"])
def test_where_the_journal_cannot_be_written_a_request_fails_before_it_changes_anything(
    world: World, case: str, failure: ApiError
) -> None:
    client_id = world.existing() if case != "Create" else ""
    new = {"Create": BARE, "Update": {**NAMED, "LogoutURLs": [APP]}, "replacement": REPLACED}[case]
    event = world.request("Create", new) if case == "Create" else an_update(world, client_id, new, NAMED)
    world.journal.forbidden["UpdateItem"] = failure

    answer = world.send(event)

    assert (answer.status, answer.physical_id) == ("FAILED", client_id or MARKER)
    assert "The journal could not be written: DynamoDB refused UpdateItem" in answer.reason
    assert set(world.calls()) <= {DESCRIBE, SECRETS}


@pytest.mark.parametrize("failure", [DENIED, THROTTLED], ids=["denied", "throttled"])
def test_where_the_journal_does_not_work_a_delete_goes_on(world: World, failure: ApiError) -> None:
    world.timeout = 300
    client_id = world.create(BARE).physical_id
    world.journal.forbidden.update(dict.fromkeys(["UpdateItem", "GetItem", "TransactWriteItems"], failure))

    answer = world.delete(client_id, BARE)

    assert (answer.status, world.client_ids()) == ("SUCCESS", [])
    assert "The journal was not written" in [line["message"] for line in world.log()]


def test_a_lost_journal_makes_nothing_worse(world: World) -> None:
    """Each request does what it is asked for; a rollback resets nothing that the update did not demonstrably set."""
    client_id = world.create({**BARE, "LogoutURLs": [APP]}).physical_id
    world.set_elsewhere(client_id, CallbackURLs=[MOBILE])
    world.journal.lose()
    new = {**BARE, "LogoutURLs": [DESKTOP], "CallbackURLs": [APP]}
    world.update(client_id, new, {**BARE, "LogoutURLs": [APP]})
    assert world.settings(client_id)["LogoutURLs"] == [DESKTOP]
    world.journal.lose()
    rolled_back = world.roll_back(client_id, {**BARE, "LogoutURLs": [APP]}, new)
    held = world.settings(client_id)
    world.journal.lose()
    deleted = world.delete(client_id, BARE)

    assert (rolled_back.status, held["LogoutURLs"], held["CallbackURLs"]) == ("SUCCESS", [APP], [APP])
    assert (deleted.status, world.client_ids()) == ("SUCCESS", [])


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_journal_lost_while_a_request_is_at_work_does_not_fail_it(world: World, kind: str) -> None:
    client_id = world.existing() if kind == "Update" else ""

    def lose(operation: str, _params: Json) -> None:
        if operation in (CREATE, UPDATE):
            world.journal.lose()

    world.fake.on_call = lose
    new = {**NAMED, "LogoutURLs": [APP]}

    answer = world.create(new) if kind == "Create" else world.update(client_id, new, NAMED)

    assert answer.status == "SUCCESS"
    assert world.client_ids() == [answer.physical_id]


# What it costs


@pytest.mark.parametrize("properties", [BARE, CONFIDENTIAL, {**BARE, "ClientSecret": OWN_SECRET}])
def test_a_create_costs_one_call_of_the_journal_before_and_one_after(world: World, properties: Json) -> None:
    world.create(properties)

    assert world.noted() == ["UpdateItem", "TransactWriteItems"]


@pytest.mark.parametrize(
    ("setting", "calls"),
    [
        ({"AuthSessionValidity": "5"}, ["UpdateItem", "UpdateItem"]),
        # Somebody may have contributed the URL already.
        ({"LogoutURLs": [APP]}, ["GetItem", "UpdateItem", "UpdateItem"]),
    ],
    ids=["a setting", "a new URL"],
)
def test_an_update_costs_one_call_before_and_one_after(world: World, setting: Json, calls: list[str]) -> None:
    client_id = world.create(NAMED).physical_id
    world.noted()

    world.update(client_id, {**NAMED, **setting}, NAMED)

    assert world.noted() == calls


def test_an_update_that_changes_nothing_writes_nothing(world: World) -> None:
    template = {**BARE, "LogoutURLs": [APP, DESKTOP]}
    client_id = world.create(template).physical_id
    world.noted()

    world.update(client_id, {**template, "ServiceTimeout": "60"}, template)
    world.update(client_id, {**BARE, "LogoutURLs": [DESKTOP, APP]}, template)

    assert set(world.noted()) <= {"GetItem"}


@pytest.mark.parametrize(
    ("resource_type", "calls"),
    [("Custom::UserPoolClientLookup", ["GetItem", "GetItem"]), ("Custom::UserPoolClientList", [])],
)
def test_lookups_ask_the_journal_who_contributes_and_lists_ask_nothing(
    world: World, resource_type: str, calls: list[str]
) -> None:
    client_id = world.existing()
    properties = {"UserPoolId": POOL, **({"ClientId": client_id} if "Lookup" in resource_type else {})}

    created = world.create(properties, ResourceType=resource_type)
    world.update(created.physical_id, properties, properties, ResourceType=resource_type)
    world.delete(created.physical_id, properties, ResourceType=resource_type)

    assert (created.status, world.noted()) == ("SUCCESS", calls)


def test_requests_of_other_resources_do_not_wait_for_each_other() -> None:
    with crowded() as processes:
        world = processes.world
        one = world.request("Create", BARE, **world.dated())
        other = world.request("Create", {"UserPoolId": OTHER_POOL}, LogicalResourceId="Other", **world.dated())
        slow(processes, CREATE, 50.0)

        at_once(processes, one, other, after=[0.5])

        assert [json.loads(body)["LogicalResourceId"] for body in world.put] == ["Other", LOGICAL_ID]
        assert LIST not in world.calls()
