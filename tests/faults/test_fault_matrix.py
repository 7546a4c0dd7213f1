"""Every call, every kind of failure, every request type: one answer each time, and what it says is true.

What is expected comes from a small table of kinds of failure, which knows nothing of the product's code.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from tests.canaries import OWN_SECRET
from tests.fakes.cognito import ApiError
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL
from tests.fixtures.world import (
    CREATE,
    DELETE,
    DESCRIBE,
    MARKER,
    POOL,
    SECRETS,
    UNKNOWN,
    UPDATE,
    RawReply,
    World,
    a_world,
)

if TYPE_CHECKING:
    from tests.fixtures.world import Answer, Failure

type Json = dict[str, Any]

NAMED: Json = {**BARE, "ClientName": "web"}
OWN: Json = {**NAMED, "ClientSecret": OWN_SECRET}
URLS: Json = {"LogoutURLs": [APP]}


@dataclass(frozen=True)
class Scenario:
    """A request, the client that exists before it, and the calls that it makes when nothing fails."""

    name: str
    kind: str
    calls: tuple[str, ...]
    properties: Json
    old: Json | None = None
    secret_lost: bool = False

    def play(self, world: World) -> tuple[Answer, str]:
        """Let the client exist, send the request, and return the answer and the client's id."""
        if self.kind == "Create":
            return world.create(self.properties), ""
        had = self.old or self.properties
        secret = {name: had[name] for name in ("ClientSecret",) if name in had} or {"GenerateSecret": self.had_secret}
        client_id = world.existing(**secret)
        if self.secret_lost:
            world.lose_original_secret(client_id)
        if self.kind == "Delete":
            return world.delete(client_id, self.properties), client_id
        return world.update(client_id, self.properties, self.old), client_id

    @property
    def had_secret(self) -> bool:
        return (self.old or self.properties).get("GenerateSecret") == "true"


SCENARIOS = (
    Scenario("create", "Create", (CREATE,), {**NAMED, "GenerateSecret": "true"}),
    Scenario("create with a secret of one's own", "Create", (CREATE,), OWN),
    Scenario("update that changes nothing", "Update", (DESCRIBE,), NAMED, NAMED),
    Scenario("update in place", "Update", (DESCRIBE, UPDATE), {**OWN, **URLS}, OWN),
    Scenario(
        "update that asks for secrets",
        "Update",
        (DESCRIBE, SECRETS, UPDATE),
        {**NAMED, **CONFIDENTIAL, **URLS},
        {**NAMED, **CONFIDENTIAL},
        secret_lost=True,
    ),
    Scenario(
        "update that replaces",
        "Update",
        (DESCRIBE, CREATE),
        {**NAMED, "GenerateSecret": "false"},
        {**NAMED, **CONFIDENTIAL},
    ),
    Scenario("delete", "Delete", (DELETE,), {**NAMED, **CONFIDENTIAL}),
)


@dataclass(frozen=True)
class Kind:
    """A way to fail: whether the call may work when it is repeated, and whether it surely was not carried out."""

    name: str
    failure: Failure
    passing: bool
    surely_not_done: bool
    done: bool = False
    """Whether Cognito does the work first, so that only the answer is lost."""


@functools.cache
def documented_errors(operation: str) -> list[str]:
    """Return the names of an operation's errors from the service's own model."""
    model = botocore.session.Session().get_service_model("cognito-idp")
    return sorted({shape.name for shape in model.operation_model(operation).error_shapes} | {"AccessDeniedException"})


THROTTLING = {"TooManyRequestsException", "ThrottlingException"}
PASSING = THROTTLING | {"ConcurrentModificationException", "InternalErrorException", "InternalServerException"}
QUOTING = f"1 validation error detected: Value '{OWN_SECRET}' at 'clientSecret' failed to satisfy constraint"


def refusals(operation: str) -> list[Kind]:
    names = {*documented_errors(operation), "ThrottlingException", "BrandNewException", ""}
    return [
        Kind(
            name or "an error without a name",
            ApiError(name, QUOTING, 500 if name.startswith("Internal") else 400),
            passing=name in PASSING,
            surely_not_done=name not in PASSING or name in THROTTLING,
        )
        for name in sorted(names)
    ]


BREAKDOWNS = [
    *[
        Kind(f"{status} {words}", RawReply(status, body), passing=True, surely_not_done=False)
        for status in (500, 502, 503)
        for words, body in (("without a body", b""), ("with a page", b"<html>Try later</html>"))
    ],
    Kind("400 with a page", RawReply(400, b"<html>No</html>"), passing=False, surely_not_done=True),
    Kind("dns", "dns", passing=True, surely_not_done=True),
    Kind("connect error", "connect-error", passing=True, surely_not_done=True),
    Kind("connect timeout", "connect-timeout", passing=True, surely_not_done=True),
    Kind("read timeout", "read-timeout", passing=True, surely_not_done=False),
    Kind("connection closed", "connection-closed", passing=True, surely_not_done=False),
]
# Answers of which only what is not there can tell that they are none of Cognito's.
GARBAGE = [
    Kind(f"200 with {words}", RawReply(200, body), passing=True, surely_not_done=False)
    for words, body in (("a page", b"<html>Sign in</html>"), ("half an answer", b'{"UserPoolClient": {"Cli'))
]


def lost(kinds: list[Kind]) -> list[Kind]:
    """Return those failures that can also happen on the way back, when the work is done."""
    return [
        replace(kind, name=f"{kind.name}, work done", done=True)
        for kind in kinds
        if kind.passing and not kind.surely_not_done
    ]


LOST = lost(BREAKDOWNS)


def breakdowns(operation: str) -> list[Kind]:
    kinds = [*BREAKDOWNS, *LOST]
    return [*kinds, *GARBAGE, *lost(GARBAGE)] if operation in (CREATE, DESCRIBE, UPDATE) else kinds


def cases(*, passing: tuple[bool, ...]) -> list[Any]:
    return [
        pytest.param(scenario, operation, kind, id=f"{scenario.name}: {operation} fails with {kind.name}")
        for scenario in SCENARIOS
        for operation in scenario.calls
        for kind in (*refusals(operation), *breakdowns(operation))
        if kind.passing in passing
    ]


def expected_status(operation: str, kind: Kind, *, for_ever: bool) -> str:
    """Say what becomes of the request, from what the failure means to it."""
    gone = kind.name == "ResourceNotFoundException"
    if gone and operation in (DELETE, DESCRIBE):
        # Deleted already; or made anew.
        return "SUCCESS"
    if operation == DELETE and kind.done:
        # The second Delete finds nothing to delete.
        return "FAILED" if for_ever else "SUCCESS"
    if operation == CREATE and kind.done:
        # The client is found, however often the answer is lost.
        return "SUCCESS"
    return "SUCCESS" if kind.passing and not for_ever else "FAILED"


def nobody_knows(operation: str, kind: Kind) -> bool:
    """Say whether a failed call leaves open whether there is a client; a refused connection is trusted no more."""
    return operation == CREATE and kind.passing and kind.name not in THROTTLING


def check_the_truth(world: World, scenario: Scenario, operation: str, kind: Kind, answer: Answer, old: str) -> None:
    """Compare what the answer says with what Cognito holds, and see that a person can act on it."""
    clients = world.client_ids()
    if answer.status == "SUCCESS":
        match scenario.kind:
            case "Delete":
                assert answer.physical_id == old
                assert clients == ([old] if kind.name == "ResourceNotFoundException" else [])
            case "Create":
                assert clients == [answer.physical_id]
            case _:
                assert answer.physical_id in clients
                kept = CREATE not in scenario.calls and kind.name != "ResourceNotFoundException"
                assert (answer.physical_id == old) == kept
                assert len(clients) == (1 if kept else 2)
        return
    assert answer.physical_id == (old or (UNKNOWN if nobody_knows(operation, kind) else MARKER))
    still_there = [] if scenario.kind == "Delete" and kind.done else [old] if old else []
    assert clients == still_there
    named = f'"web" in user pool {POOL}' if scenario.kind == "Create" else old
    assert answer.reason.startswith(f"Could not {scenario.kind.lower()} the app client {named}")
    assert operation in answer.reason
    assert "What to do: " in answer.reason
    assert "unexpected" not in answer.reason
    if operation == CREATE:
        looks = "look in the user pool for an app client of this name that no stack has" in answer.reason
        assert looks == nobody_knows(operation, kind)


@pytest.mark.parametrize(("scenario", "operation", "kind"), cases(passing=(True, False)))
def test_a_call_that_fails_once(scenario: Scenario, operation: str, kind: Kind) -> None:
    with a_world() as world:
        world.fail(operation, kind.failure, after=kind.done)
        answer, old = scenario.play(world)

        assert answer.status == expected_status(operation, kind, for_ever=False), answer.reason
        check_the_truth(world, scenario, operation, kind, answer, old)
        if operation == CREATE:
            assert world.calls().count(CREATE) == (2 if kind.passing and not kind.done else 1)


@pytest.mark.parametrize(("scenario", "operation", "kind"), cases(passing=(True,)))
def test_a_call_that_could_pass_but_fails_for_ever(scenario: Scenario, operation: str, kind: Kind) -> None:
    reasons = []
    for timeout in (8.0, 6.0):
        with a_world() as world:
            world.timeout = timeout
            with world.failing(operation, kind.failure, after=kind.done):
                answer, old = scenario.play(world)

            assert answer.status == expected_status(operation, kind, for_ever=True), answer.reason
            check_the_truth(world, scenario, operation, kind, answer, old)
            assert world.clock.now < timeout
            reasons.append(answer.reason)

    # The same problem, the same text.
    assert reasons[0] == reasons[1]
