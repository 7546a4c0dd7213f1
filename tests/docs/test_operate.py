"""What the documents say of the logs is so: the guide's queries, on real log lines, and one line for each request."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs import insights
from tests.fakes.cognito import ApiError
from tests.fakes.token_endpoint import Reply
from tests.fixtures.existing_clients import LIST_TYPE, LOOKUP_TYPE, import_id
from tests.fixtures.stored_secrets import a_kept_world
from tests.fixtures.world import CREATE, LOGICAL_ID, MARKER, POOL, STACK_ID, UPDATE, World, a_world
from user_pool_client.domain.errors import Refused, Unanswerable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type Json = dict[str, Any]

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "operate.md").read_text()
REFERENCE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "logs.md").read_text()
QUERIES = re.findall(r"^```text\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
FAILURES, STACK, CLIENT, DECISIONS, SLOWEST, THROTTLED, UNANSWERED, LEFT_BEHIND, NOT_RESTORED, JOURNAL, ROTATIONS = (
    QUERIES
)

WEB = {"UserPoolId": POOL, "ClientName": "web"}
SITE = {"UserPoolId": POOL, "ClientName": "site"}
OTHER_STACK = STACK_ID.replace("/shop/", "/workshop/")
LAMBDAS_OWN = [
    "INIT_START Runtime Version: python:3.13.v50",
    "START RequestId: 6bc28136-xmpl-4365-b021-0ce6b2e64ab0 Version: $LATEST",
    "REPORT RequestId: 6bc28136-xmpl-4365-b021-0ce6b2e64ab0 Duration: 79.67 ms",
]


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as world:
        yield world


def lines(world: World) -> list[str]:
    """Return what CloudWatch Logs gets, Lambda's own lines and the metrics included."""
    return [*LAMBDAS_OWN, *world.printed.getvalue().splitlines(), *world.logged.getvalue().splitlines()]


def told(world: World) -> list[Json]:
    """Return the lines of the level that is the default."""
    return [line for line in world.log() if line["level"] != "DEBUG"]


def test_every_query_of_the_guide_is_one_of_those_tried_here() -> None:
    assert len(QUERIES) == GUIDE.count("\n| sort ")


@pytest.mark.parametrize("query", ["fields a | parse b", "filter a = 1", "filter a = 'b'", "stats avg(a) as b by c"])
def test_what_the_evaluator_does_not_know_is_an_error(query: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        insights.run(query, ['{"a": 1}'])


def test_the_last_failures(world: World) -> None:
    world.create(WEB)
    first = world.create({**WEB, "AuthSessionValidity": "60"})
    last = world.create({**WEB, "UserPoolId": "us-east-1_Gone12345"}, LogicalResourceId="Gone")

    found = insights.run(FAILURES, lines(world))

    assert [row["reason"] for row in found] == [last.reason, first.reason]
    assert (found[0]["stack_id"], found[0]["logical_resource_id"]) == (STACK_ID, "Gone")


def test_one_stack(world: World) -> None:
    client_id = world.create(WEB).physical_id
    world.create(WEB, StackId=OTHER_STACK)
    world.update(client_id, SITE, WEB)
    world.update(client_id, {**SITE, "CallbackURLs": ["http://app.example.com/"]}, SITE)
    world.delete(client_id, SITE)

    found = [row for row in insights.run(STACK, lines(world)) if row["message"] != "Calling Cognito"]

    assert [(row["request_type"], row["message"], row.get("decision")) for row in found] == [
        ("Create", "Done", "create"),
        ("Update", "Done", "update"),
        ("Update", "Failed", None),
        ("Delete", "Done", "deleted"),
    ]
    assert all("because" in row or "reason" in row for row in found)


def test_one_client(world: World) -> None:
    client_id = world.create(WEB).physical_id
    world.create(WEB, LogicalResourceId="Another")
    imported = {**import_id(client_id), "AllowClientOfOtherStack": "true"}
    world.create(imported, StackId=OTHER_STACK)
    world.delete(client_id, WEB)
    world.update(client_id, {"UserPoolId": POOL}, imported, StackId=OTHER_STACK)
    world.delete(client_id, {"UserPoolId": POOL}, StackId=OTHER_STACK)

    found = insights.run(CLIENT.replace("3n4b5urk1ft4fl3mg5e62d9ado", client_id), lines(world))

    assert [(row["stack_id"], row["decision"]) for row in found] == [
        (STACK_ID, "create"),
        (OTHER_STACK, "keep"),
        (STACK_ID, "let go"),
        (OTHER_STACK, "keep"),
        (OTHER_STACK, "deleted"),
    ]


def test_what_was_decided(world: World) -> None:
    client_id = world.create(WEB).physical_id
    world.create(SITE)
    world.update(client_id, {**WEB, "ServiceTimeout": "60"}, WEB)

    found = insights.run(DECISIONS, lines(world))

    assert [(row["request_type"], row["decision"], row["requests"]) for row in found] == [
        ("Create", "create", 2),
        ("Update", "keep", 1),
    ]


def test_the_slowest(world: World) -> None:
    client_id = world.create(WEB).physical_id
    world.fail(UPDATE, ApiError("TooManyRequestsException", "Rate exceeded"), times=3)
    world.update(client_id, SITE, WEB)
    world.delete(client_id, SITE)

    slowest, *others = insights.run(SLOWEST, lines(world))

    assert slowest["request_type"] == "Update"
    waited = sum(line["seconds"] for line in world.log() if line["message"] == "Waiting")
    assert slowest["seconds"] == pytest.approx(waited, abs=0.1)
    assert len(others) == 2


def test_what_is_throttled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "user_pool_client.deadline.random.uniform", lambda _least, most: most
    )  # a short one rounds to 0
    world.fail(CREATE, ApiError("TooManyRequestsException", "Rate exceeded"), times=2)
    client_id = world.create(WEB).physical_id
    world.fail(UPDATE, ApiError("ConcurrentModificationException", "Only one request"))
    world.update(client_id, SITE, WEB)

    found = {row["operation"]: row for row in insights.run(THROTTLED, lines(world))}

    assert (found[CREATE]["waits"], found[CREATE]["because"]) == (2, "TooManyRequestsException")
    assert (found[UPDATE]["waits"], found[UPDATE]["because"]) == (1, "ConcurrentModificationException")
    assert all(row["waited"] > 0 for row in found.values())


def test_who_was_not_answered(world: World) -> None:
    elsewhere = world.request("Create", WEB, ResponseURL="https://example.com/")
    with pytest.raises(Unanswerable) as raised:
        world.invoke(elsewhere)

    (found,) = insights.run(UNANSWERED, lines(world))

    assert (found["stack_id"], found["because"]) == (STACK_ID, str(raised.value))


def test_what_may_have_been_left_behind(world: World) -> None:
    world.stacks.begin(STACK_ID)
    world.clock.now += 1
    request = world.request("Create", {"UserPoolId": POOL}, **world.dated())
    world.die(request, before=3)
    (first,) = world.client_ids()
    second = world.existing(ClientName=world.settings(first)["ClientName"])
    invented = world.stacks.cancel(STACK_ID, LOGICAL_ID)
    world.other_process()
    world.clock.now += 400  # Lambda's time-out is over, and so is the lease
    world.delete(invented, {"UserPoolId": POOL})

    (found,) = insights.run(LEFT_BEHIND, lines(world))

    assert {found["left_behind.0"], found["left_behind.1"]} == {first, second}
    assert (found["stack_id"], found["because"]) == (
        STACK_ID,
        "more than one client could be what the request has created",
    )


def test_what_was_not_restored(world: World) -> None:
    client_id = world.existing()
    world.create(import_id(client_id))
    site = {**import_id(client_id), "CallbackURLs": ["https://app.example.com/callback"]}
    world.update(client_id, site, import_id(client_id))
    world.fail(UPDATE, ApiError("InvalidParameterException", "no"))
    world.roll_back(client_id, import_id(client_id), site)
    world.delete_elsewhere(client_id)
    world.roll_back(client_id, import_id(client_id), site)

    found = insights.run(NOT_RESTORED, lines(world))

    assert [(row["message"], row["client_id"]) for row in found] == [
        ("Nothing to restore", client_id),
        ("Not restored", client_id),
    ]
    assert "InvalidParameterException" in found[1]["because"]


def test_what_went_on_without_the_journal(world: World) -> None:
    client_id = world.create(WEB).physical_id
    world.journal.fail("UpdateItem", ApiError("AccessDeniedException", "no"))
    world.delete(client_id, WEB)

    (found,) = insights.run(JOURNAL, lines(world))

    assert (found["request_type"], found["message"]) == ("Delete", "The journal was not written")
    assert "AccessDeniedException" in found["because"]


def test_rotations() -> None:
    with a_kept_world() as kept:
        kept.made()
        kept.rotate()
        kept.endpoint.planned = [Reply.error("unauthorized_client"), *[Reply.error("invalid_client")] * 100]
        with pytest.raises(Refused):
            kept.rotate()
        kept.endpoint.planned.clear()

        found = insights.run(ROTATIONS, lines(kept.world))

        steps = [(row["step"], row["message"]) for row in found if row["message"] != "Calling Cognito"]
        assert steps == [
            ("createSecret", "Rotation step done"),
            ("setSecret", "Rotation step done"),
            ("testSecret", "Nothing could be proven"),
            ("finishSecret", "Rotation step done"),
            ("createSecret", "Rotation step done"),
            ("setSecret", "Rotation step done"),
            ("testSecret", "Rotation step failed"),
        ]
        assert {row["secret_id"] for row in found} == {kept.arn}
        assert all("because" in row or "reason" in row for row in found if row["message"] != "Calling Cognito")


# One line for each request


def keep(world: World) -> None:
    world.update(world.existing(), {"UserPoolId": POOL, "ClientName": "web", "ServiceTimeout": "60"}, WEB)


def restore(world: World) -> None:
    """Roll back an update of which the journal knows nothing."""
    world.roll_back(world.existing(ClientName="site"), WEB, SITE)


REQUESTS: dict[str, Callable[[World], object]] = {
    "create": lambda world: world.create(WEB),
    "update": lambda world: world.update(world.existing(), SITE, WEB),
    "keep": keep,
    "restore": restore,
    "deleted": lambda world: world.delete(world.existing(), WEB),
    "nothing to delete": lambda world: world.delete(MARKER, WEB),
    "let go": lambda world: world.delete(client_id := world.existing(), import_id(client_id)),
    "found": lambda world: world.create({"UserPoolId": POOL, "ClientId": world.existing()}, ResourceType=LOOKUP_TYPE),
    "listed": lambda world: world.create({"UserPoolId": POOL}, ResourceType=LIST_TYPE),
}


@pytest.mark.parametrize("decision", REQUESTS)
def test_a_request_leaves_one_line_that_says_what_was_decided_and_why(world: World, decision: str) -> None:
    assert f"`{decision}`" in REFERENCE.partition("\n## Decisions\n")[2]

    REQUESTS[decision](world)

    (line,) = told(world)
    assert (line["message"], line["status"], line["decision"]) == ("Done", "SUCCESS", decision)
    assert line["because"]
    assert line["seconds"] >= 0
    assert {"request_type", "resource_type", "stack_id", "logical_resource_id", "physical_id"} <= line.keys()


def test_a_failure_leaves_one_line_with_the_reason(world: World) -> None:
    answer = world.create({**WEB, "AuthSessionValidity": "60"})

    (line,) = told(world)
    assert (line["message"], line["status"], line["reason"]) == ("Failed", "FAILED", answer.reason)


def test_an_answer_by_the_watchdog_tells_how_long_it_was_waited_for(world: World) -> None:
    answered = threading.Event()
    world.on_put = lambda _: answered.set()
    world.fake.on_call = lambda *_: answered.wait(10)

    world.send(world.request("Create", WEB), timeout=0.1)

    failed = next(line for line in told(world) if line["message"] == "Failed")
    assert "seconds" in failed


def test_the_fields_of_every_line_are_in_the_reference(world: World) -> None:
    client_id = world.create(WEB).physical_id
    world.fail(UPDATE, ApiError("TooManyRequestsException", "Rate exceeded"))
    world.update(client_id, SITE, WEB)
    world.create({**WEB, "AuthSessionValidity": "60"})

    fields = {name for line in world.log() for name in line}

    assert fields <= set(re.findall(r"`(\w+)`", REFERENCE))
