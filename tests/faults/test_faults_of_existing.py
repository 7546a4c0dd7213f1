"""The fault matrix for imports, look-ups, sessions, policies and roles: one answer to each request, and it is true."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.cognito import ApiError
from tests.faults.test_fault_matrix import BREAKDOWNS, LOST, Kind, refusals
from tests.fixtures.existing_clients import (
    ASSUME,
    CREATE_POLICY,
    DELETE_POLICY,
    DESCRIBE_POLICY,
    GET_SESSION,
    LIST,
    LIST_POLICIES,
    LIST_TYPE,
    LOOKUP_TYPE,
    SET_SESSION,
    UPDATE_POLICY,
    policies,
    policy_elsewhere,
)
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL, POLICY
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, MARKER, POOL, UPDATE, World, a_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.world import Answer

type Json = dict[str, Any]

ACCOUNT = "222222222222"
THEIR_POOL = "us-east-1_Theirs999"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/app-clients"

THEIRS: Json = {"UserPoolId": THEIR_POOL, "RoleArn": ROLE_ARN, "ClientName": "web"}
PREFIX: Json = {**BARE, "ImportNamePrefix": "we"}
BY_ID: Json = {**BARE, "ImportId": f"{POOL}/<id>"}
SESSION: Json = {"SSOSession": {"MaxValidityMinutes": "120"}}
URLS: Json = {"LogoutURLs": [APP]}
ANOTHER = "the other client"
"""The id of the client that an update adopts in the place of the first one."""


@dataclass(frozen=True)
class Scenario:
    """A request about the one client that exists before it, and the calls that it makes when nothing fails.

    `id_after` says which id a failure of each of the calls is answered with: the marker, the one `given` (or adopted),
    or that of a client just `made`.
    """

    name: str
    kind: str
    id_after: dict[str, str]
    properties: Json
    old: Json | None = None
    resource_type: str = "Custom::UserPoolClient"

    def play(self, world: World) -> tuple[Answer, str]:
        """Let the client exist, send the request, and return the answer and the client's id."""
        pool_id = self.properties["UserPoolId"]
        client_id = world.existing(pool_id=pool_id)
        if "CIMDPolicy" in (self.old or {}):
            policy_elsewhere(world, client_id, "agents", "https://before.example.com/")
        if ANOTHER in str(self.properties):
            other_id = world.existing(pool_id=pool_id, ClientName="report")
            properties = {**self.properties, "ImportId": f"{POOL}/{other_id}"}
        else:
            properties = with_id(self.properties, client_id)
        members: Json = {"ResourceType": self.resource_type}
        if self.kind != "Create":
            members["PhysicalResourceId"] = client_id
        if self.old is not None:
            members["OldResourceProperties"] = with_id(self.old, client_id)
        return world.send(world.request(self.kind, properties, **members)), client_id


def with_id(properties: Json, client_id: str) -> Json:
    return {
        name: value.replace("<id>", client_id) if isinstance(value, str) else value
        for name, value in properties.items()
    }


SCENARIOS = (
    Scenario("adopt by id", "Create", {DESCRIBE: "marker", UPDATE: "given"}, BY_ID | URLS),
    Scenario(
        "adopt by name",
        "Create",
        {LIST: "marker", DESCRIBE: "marker", UPDATE: "given", GET_SESSION: "given", SET_SESSION: "given"},
        PREFIX | URLS | SESSION,
    ),
    Scenario("change what was adopted", "Update", {DESCRIBE: "given", UPDATE: "given"}, PREFIX | URLS, PREFIX),
    Scenario(
        "adopt another one",
        "Update",
        {DESCRIBE: "given", UPDATE: "given", GET_SESSION: "given", SET_SESSION: "given"},
        {**BARE, "ImportId": ANOTHER} | URLS | SESSION,
        BY_ID,
    ),
    Scenario("own what was adopted", "Update", {DESCRIBE: "given", UPDATE: "given"}, BARE | URLS, BY_ID),
    Scenario("create with a session", "Create", {GET_SESSION: "made", SET_SESSION: "made"}, BARE | SESSION),
    Scenario("change the session", "Update", {GET_SESSION: "given", SET_SESSION: "given"}, BARE | SESSION, BARE),
    Scenario(
        "replace with a session",
        "Update",
        {GET_SESSION: "made", SET_SESSION: "made"},
        CONFIDENTIAL | SESSION,
        {**BARE, "GenerateSecret": "false"},
    ),
    Scenario("create with a policy", "Create", {LIST_POLICIES: "made", CREATE_POLICY: "made"}, BARE | POLICY),
    Scenario("add a policy", "Update", {LIST_POLICIES: "given", CREATE_POLICY: "given"}, BARE | POLICY, BARE),
    Scenario(
        "change the policy",
        "Update",
        {LIST_POLICIES: "given", DESCRIBE_POLICY: "given", UPDATE_POLICY: "given"},
        BARE | POLICY,
        BARE | POLICY | URLS,
    ),
    Scenario("delete the policy", "Update", {DESCRIBE_POLICY: "given", DELETE_POLICY: "given"}, BARE, BARE | POLICY),
    Scenario(
        "look up", "Create", {LIST: "marker", DESCRIBE: "marker"}, {**BARE, "ClientName": "web"}, None, LOOKUP_TYPE
    ),
    Scenario(
        "look again", "Update", {LIST: "given", DESCRIBE: "given"}, {**BARE, "ClientName": "web"}, BARE, LOOKUP_TYPE
    ),
    Scenario("list", "Create", {LIST: "marker"}, BARE, None, LIST_TYPE),
    Scenario("list again", "Update", {LIST: "given"}, BARE, BARE, LIST_TYPE),
    Scenario("create over there", "Create", {ASSUME: "marker"}, THEIRS),
    Scenario("change over there", "Update", {ASSUME: "given"}, THEIRS | URLS, THEIRS),
    Scenario("delete over there", "Delete", {ASSUME: "given"}, THEIRS),
    Scenario("look up over there", "Create", {ASSUME: "marker"}, THEIRS, None, LOOKUP_TYPE),
    Scenario(
        "list over there",
        "Update",
        {ASSUME: "given"},
        {name: THEIRS[name] for name in ("UserPoolId", "RoleArn")},
        BARE,
        LIST_TYPE,
    ),
)

# What STS says, and whether botocore asks it again.
OF_STS = [
    *[
        Kind(code, ApiError(code, "No.", 403 if code == "AccessDenied" else 400), passing=False, surely_not_done=True)
        for code in (
            "AccessDenied",
            "ExpiredToken",
            "InvalidClientTokenId",
            "RegionDisabledException",
            "ValidationError",
        )
    ],
    Kind("Throttling", ApiError("Throttling", "Rate exceeded"), passing=True, surely_not_done=True),
    Kind("InternalFailure", ApiError("InternalFailure", "", 500), passing=True, surely_not_done=True),
    Kind("ServiceUnavailable", ApiError("ServiceUnavailable", "", 503), passing=True, surely_not_done=True),
    *[kind for kind in BREAKDOWNS if isinstance(kind.failure, str)],
]


# Calls that the core makes too, and scenarios that are like another one, have to do with one failure of each sort.
SOME = (
    "NotAuthorizedException",
    "ResourceNotFoundException",
    "TooManyRequestsException",
    "InternalErrorException",
    "read timeout",
    "read timeout, work done",
)
IN_FULL = {
    "adopt by name": (LIST, GET_SESSION, SET_SESSION),
    "create with a session": (GET_SESSION, SET_SESSION),
    "create with a policy": (LIST_POLICIES, CREATE_POLICY),
    "change the policy": (DESCRIBE_POLICY, UPDATE_POLICY),
    "delete the policy": (DELETE_POLICY,),
}


def kinds(scenario: Scenario, operation: str) -> list[Kind]:
    if operation == ASSUME:
        return OF_STS
    every = [*refusals(operation), *BREAKDOWNS, *LOST]
    return [kind for kind in every if kind.name in SOME or operation in IN_FULL.get(scenario.name, ())]


def cases(*, passing: tuple[bool, ...]) -> list[Any]:
    return [
        pytest.param(scenario, operation, kind, id=f"{scenario.name}: {operation} fails with {kind.name}")
        for scenario in SCENARIOS
        for operation in scenario.id_after
        for kind in kinds(scenario, operation)
        if kind.passing in passing
    ]


@contextmanager
def their_world() -> Iterator[World]:
    with a_world() as world:
        world.fake.add_pool(THEIR_POOL, account=ACCOUNT)
        world.sts.allow(ROLE_ARN)
        yield world


def fail(world: World, operation: str, kind: Kind, *, times: int) -> None:
    if operation == ASSUME:
        assert isinstance(kind.failure, (ApiError, str))
        world.sts.fail(kind.failure, times=times)
    else:
        world.fail(operation, kind.failure, times=times, after=kind.done)


def becomes_something_else(scenario: Scenario, operation: str, kind: Kind) -> bool:
    """Tell whether the failure means that something is gone: the stack's own client, or its policy, gets a new one."""
    if kind.name != "ResourceNotFoundException":
        return False
    return operation in (DESCRIBE_POLICY, DELETE_POLICY) or (
        operation == DESCRIBE and scenario.name == "own what was adopted"
    )


def check_the_failure(world: World, scenario: Scenario, operation: str, kind: Kind, told: tuple[Answer, str]) -> None:
    answer, client_id = told
    pool_id = scenario.properties["UserPoolId"]
    clients = world.client_ids(pool_id)
    match scenario.id_after[operation]:
        case "marker":
            expected = MARKER
        case "made":
            expected = clients[-1]
            assert expected != client_id
        case _:
            expected = client_id
    assert (answer.status, answer.physical_id) == ("FAILED", expected)
    assert client_id in clients
    gone = kind.name == "ResourceNotFoundException" and operation == DESCRIBE
    assert ROLE_ARN in answer.reason if operation == ASSUME else gone or operation in answer.reason
    assert answer.reason.startswith("Could not ")
    assert "What to do: " in answer.reason
    assert "unexpected" not in answer.reason


def undone(world: World, scenario: Scenario, answer: Answer, client_id: str) -> None:
    """Let CloudFormation delete what a failed request answered with, and see that only what was made goes."""
    if answer.physical_id == client_id and scenario.kind != "Create":
        return
    pool_id = scenario.properties["UserPoolId"]
    before = set(world.client_ids(pool_id))
    made = {answer.physical_id} if answer.physical_id != client_id else set()
    properties = with_id(scenario.properties, client_id)
    deleted = world.delete(answer.physical_id, properties, ResourceType=scenario.resource_type)

    assert deleted.status == "SUCCESS"
    assert set(world.client_ids(pool_id)) == before - made


@pytest.mark.parametrize(("scenario", "operation", "kind"), cases(passing=(True, False)))
def test_a_call_that_fails_once(scenario: Scenario, operation: str, kind: Kind) -> None:
    with their_world() as world:
        fail(world, operation, kind, times=1)
        answer, client_id = scenario.play(world)

        if kind.passing or becomes_something_else(scenario, operation, kind):
            assert answer.status == "SUCCESS", answer.reason
        else:
            check_the_failure(world, scenario, operation, kind, (answer, client_id))
            undone(world, scenario, answer, client_id)


@pytest.mark.parametrize(("scenario", "operation", "kind"), cases(passing=(True,)))
def test_a_call_that_could_pass_but_fails_for_ever(scenario: Scenario, operation: str, kind: Kind) -> None:
    reasons = []
    for timeout in (8.0, 6.0):
        with their_world() as world:
            world.timeout = timeout
            fail(world, operation, kind, times=1000)
            answer, client_id = scenario.play(world)
            assert len(world.fake.planned_faults) + len(world.raw_replies) + len(world.sts.planned_faults) < 1000
            for planned in (world.fake.planned_faults, world.raw_replies, world.sts.planned_faults):
                planned.clear()

            if operation in (CREATE_POLICY, DELETE_POLICY) and kind.done:
                # The policy is found, or found to be gone, however often the answer is lost.
                assert answer.status == ("SUCCESS" if operation == CREATE_POLICY else "FAILED")
                assert len(policies(world, answer.physical_id)) == (operation == CREATE_POLICY)
                return
            check_the_failure(world, scenario, operation, kind, (answer, client_id))
            undone(world, scenario, answer, client_id)
            reasons.append(answer.reason.replace(client_id, "<id>"))

    # The same problem, the same text.
    assert reasons[0] == reasons[1]


def test_the_matrix_makes_every_call_that_it_lets_fail() -> None:
    """A fault that never comes fails its test; this one counts that none of the calls was forgotten."""
    called = {operation for scenario in SCENARIOS for operation in scenario.id_after}

    of_policies = {LIST_POLICIES, DESCRIBE_POLICY, CREATE_POLICY, UPDATE_POLICY, DELETE_POLICY}
    assert called == {LIST, GET_SESSION, SET_SESSION, ASSUME, DESCRIBE, UPDATE, *of_policies}
    assert {CREATE, DELETE}.isdisjoint(called)
