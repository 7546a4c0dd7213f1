"""A user pool of another account is reached by the role that the template names, and by no other credentials."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from tests import canaries
from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import LIST, LIST_TYPE, LOOKUP_TYPE, import_id
from tests.fixtures.templates import APP, BARE
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, MARKER, POOL, SECRETS, STACK_ID, UPDATE, World, a_world
from user_pool_client.aws.cognito import COGNITO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.cognito import ConnectionFault

type Json = dict[str, Any]

ACCOUNT = "222222222222"
THEIR_POOL, THEIR_FRANKFURT_POOL = "us-east-1_Theirs999", "eu-central-1_Theirs999"
ROLE_ARN, GUARDED_ARN = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("teams/cognito", "guarded"))
EXTERNAL_ID = "canary0external0id0of0a0role"
THEIRS: Json = {"UserPoolId": THEIR_POOL, "RoleArn": ROLE_ARN}
GUARDED: Json = {"UserPoolId": THEIR_POOL, "RoleArn": GUARDED_ARN, "ExternalId": EXTERNAL_ID}
NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)

DENIED = "is not authorized to perform: sts:AssumeRole on resource: "
PARAMETER = "allow it in the parameter RoleArns of the stack behind the service token"
AGAIN = "deploy again in a few minutes"
LITTLE = ApiError("AccessDenied", "no", 403)


def with_their_account(world: World) -> World:
    for pool_id in (THEIR_POOL, THEIR_FRANKFURT_POOL):
        world.fake.add_pool(pool_id, account=ACCOUNT)
    world.sts.allow(ROLE_ARN)
    world.sts.allow(GUARDED_ARN, EXTERNAL_ID)
    canaries.watch(EXTERNAL_ID)
    return world


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as world:
        yield with_their_account(world)


def assumed(world: World) -> list[Json]:
    """Return what STS was asked for since the last time."""
    asked = [call.params for call in world.sts.calls]
    world.sts.calls.clear()
    return asked


# What it is for


@pytest.mark.parametrize("properties", [THEIRS, GUARDED], ids=["a role", "a role that wants an external id"])
def test_a_client_lives_its_life_in_another_account(world: World, properties: Json) -> None:
    created = world.create(properties)
    changed = {**properties, "LogoutURLs": [APP]}
    updated = world.update(created.physical_id, changed, properties)
    assert world.settings(created.physical_id, pool_id=THEIR_POOL)["LogoutURLs"] == [APP]
    deleted = world.delete(created.physical_id, changed)

    assert [answer.status for answer in (created, updated, deleted)] == ["SUCCESS"] * 3
    assert world.calls() == [CREATE, DESCRIBE, UPDATE, DELETE]
    assert world.client_ids(THEIR_POOL) == []
    expected = {name: properties[name] for name in properties if name != "UserPoolId"}
    (asked,) = assumed(world)
    assert {**expected, "RoleSessionName": "shop-WebClient"}.items() <= asked.items()


def test_without_the_role_the_other_accounts_pool_is_not_there(world: World) -> None:
    answer = world.create({"UserPoolId": THEIR_POOL})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert "ResourceNotFoundException" in answer.reason
    assert assumed(world) == []


def test_with_the_role_the_own_accounts_pool_is_not_there(world: World) -> None:
    answer = world.create({**THEIRS, "UserPoolId": POOL})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert "ResourceNotFoundException" in answer.reason


def test_a_template_without_a_role_assumes_none(world: World) -> None:
    created = world.create(BARE)
    world.update(created.physical_id, {**BARE, "LogoutURLs": [APP]}, BARE)
    world.delete(created.physical_id, BARE)

    assert assumed(world) == []


def test_a_client_of_another_account_and_region(world: World) -> None:
    answer = world.create({**THEIRS, "UserPoolId": THEIR_FRANKFURT_POOL})

    assert (answer.status, world.client_ids(THEIR_FRANKFURT_POOL)) == ("SUCCESS", [answer.physical_id])


def test_clients_of_another_account_are_adopted_looked_up_and_listed(world: World) -> None:
    client_id = world.existing(pool_id=THEIR_POOL, ClientName="web")
    imports = {**THEIRS, **import_id(client_id, pool_id=THEIR_POOL)}

    adopted = world.create(imports)
    found = world.create({**THEIRS, "ClientName": "web"}, ResourceType=LOOKUP_TYPE)
    listed = world.create(THEIRS, ResourceType=LIST_TYPE)

    assert (adopted.physical_id, found.physical_id) == (client_id, client_id)
    assert (listed.physical_id, listed.data["ClientIds"]) == (THEIR_POOL, client_id)
    assert world.calls() == [DESCRIBE, SECRETS, LIST, DESCRIBE, SECRETS, LIST]
    assert len(assumed(world)) == 1

    world.clock.now += 7200
    world.delete(client_id, imports)
    assert assumed(world) == []
    assert world.client_ids(THEIR_POOL) == [client_id]


def test_a_role_can_take_another_ones_place(world: World) -> None:
    client_id = world.create(THEIRS).physical_id

    answer = world.update(client_id, {**GUARDED, "LogoutURLs": [APP]}, THEIRS)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert [asked["RoleArn"] for asked in assumed(world)] == [ROLE_ARN, GUARDED_ARN]


# The session's name


@pytest.mark.parametrize(
    ("stack", "logical_id", "name"),
    [
        pytest.param("shop", "WebClient", "shop-WebClient", id="short"),
        pytest.param("s", "C", "s-C", id="shortest"),
        pytest.param("s" * 128, "WebClient", "s" * 54 + "-WebClient", id="a long stack name"),
        pytest.param("shop", "C" * 255, "shop-" + "C" * 32, id="a long logical id"),
        pytest.param("s" * 128, "C" * 255, "s" * 31 + "-" + "C" * 32, id="both long"),
    ],
)
def test_the_session_is_named_after_stack_and_resource(world: World, stack: str, logical_id: str, name: str) -> None:
    stack_id = STACK_ID.replace("/shop/", f"/{stack}/")

    answer = world.create(THEIRS, StackId=stack_id, LogicalResourceId=logical_id)

    assert answer.status == "SUCCESS"
    assert [asked["RoleSessionName"] for asked in assumed(world)] == [name]


@pytest.mark.parametrize("stack_id", ["stack", "arn:of/a stack: \u00e4\u4e2d/guid", "a//b", "/", "x" * 500])
@pytest.mark.parametrize("logical_id", ["WebClient", "\u00e4 b:c/d", "x" * 500])
def test_whatever_stack_and_resource_are_called_the_session_has_a_name_that_sts_takes(
    world: World, stack_id: str, logical_id: str
) -> None:
    answer = world.create(THEIRS, StackId=stack_id, LogicalResourceId=logical_id)

    assert answer.status == "SUCCESS"
    assert all(NAME.fullmatch(asked["RoleSessionName"]) for asked in assumed(world))


# While the function is warm


def test_one_session_serves_all_stacks_for_a_role_and_a_user_pool(world: World) -> None:
    for number in range(3):
        world.create(THEIRS, LogicalResourceId=f"Client{number}")
    assert len(assumed(world)) == 1

    world.create({**THEIRS, "UserPoolId": THEIR_FRANKFURT_POOL})
    world.create(GUARDED)
    assert [asked["RoleArn"] for asked in assumed(world)] == [ROLE_ARN, GUARDED_ARN]

    for properties in (THEIRS, {**THEIRS, "UserPoolId": THEIR_FRANKFURT_POOL}, GUARDED):
        assert world.create(properties).status == "SUCCESS"
    assert assumed(world) == []


def test_the_credentials_of_a_role_are_good_for_our_operations_on_the_pool_at_hand_and_for_nothing_else(
    world: World,
) -> None:
    world.fake.add_pool("us-east-1_Theirs2", account=ACCOUNT)
    for pool_id in (THEIR_POOL, THEIR_FRANKFURT_POOL, "us-east-1_Theirs2"):
        assert world.create({**THEIRS, "UserPoolId": pool_id}).status == "SUCCESS"

        (asked,) = assumed(world)
        (statement,) = json.loads(asked["Policy"])["Statement"]
        region = pool_id.partition("_")[0]
        assert statement == {
            "Effect": "Allow",
            "Action": [f"cognito-idp:{operation}" for operation in sorted(COGNITO.operations)],
            "Resource": f"arn:aws:cognito-idp:{region}:{ACCOUNT}:userpool/{pool_id}",
        }
        assert len(asked["Policy"]) < 2048


def test_stolen_credentials_of_a_role_open_no_other_pool_and_no_other_operation(world: World) -> None:
    world.create(THEIRS)
    (session,) = world.sts.sessions
    thief = world.sts.caller(session, world.sts.sessions[session].token)

    assert thief is not None
    assert thief.denial("DescribeUserPoolClient", THEIR_POOL) is None
    assert thief.denial("DescribeUserPoolClient", THEIR_FRANKFURT_POOL) is not None
    assert thief.denial("AdminGetUser", THEIR_POOL) is not None


def test_an_external_id_is_part_of_what_a_session_is_for(world: World) -> None:
    assert world.create(GUARDED).status == "SUCCESS"

    refused = world.create({**GUARDED, "ExternalId": "another"})
    without = world.create({"UserPoolId": THEIR_POOL, "RoleArn": GUARDED_ARN})

    assert (refused.status, without.status) == ("FAILED", "FAILED")
    assert len(world.client_ids(THEIR_POOL)) == 1


@pytest.mark.parametrize(
    ("seconds", "renewed"), [(60, False), (2400, False), (3000, True), (3599, True), (3600, True), (86400, True)]
)
def test_credentials_are_renewed_before_they_expire(world: World, seconds: float, *, renewed: bool) -> None:
    world.create(THEIRS)
    assumed(world)
    world.clock.now += seconds

    answer = world.create(THEIRS)

    assert answer.status == "SUCCESS"
    assert len(assumed(world)) == renewed


@pytest.mark.parametrize("minutes", [10, 15, 20])
def test_credentials_that_do_not_last_are_asked_for_again_and_again(world: World, minutes: int) -> None:
    world.sts.allow(ROLE_ARN, expires_in=minutes * 60)
    for _ in range(3):
        assert world.create(THEIRS).status == "SUCCESS"
        world.clock.now += minutes * 60


def test_credentials_outlast_the_longest_request(world: World) -> None:
    world.create(THEIRS)
    moment = 3600 - 900
    world.clock.now += moment
    world.fake.on_call = lambda *_: world.clock.sleep(200)

    answer = world.send(world.request("Update", {**THEIRS, "LogoutURLs": [APP]}, PhysicalResourceId="x"), timeout=900)

    assert answer.status == "SUCCESS"


# Refusals


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({**THEIRS, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"}, id="a role that is not there"),
        pytest.param({**GUARDED, "ExternalId": "wrong"}, id="a wrong external id"),
        pytest.param({name: GUARDED[name] for name in ("UserPoolId", "RoleArn")}, id="no external id"),
    ],
)
def test_a_refused_role_is_named_and_says_why(world: World, kind: str, properties: Json) -> None:
    client_id = world.existing(pool_id=THEIR_POOL)
    members: Json = {} if kind == "Create" else {"PhysicalResourceId": client_id}

    answer = world.send(world.request(kind, properties, **members))

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER if kind == "Create" else client_id)
    assert world.calls() == []
    assert world.client_ids(THEIR_POOL) == [client_id]
    assert f"RoleArn {properties['RoleArn']} could not be assumed: AccessDenied: " in answer.reason
    assert f"{DENIED}{properties['RoleArn']}" in answer.reason
    assert PARAMETER in answer.reason


@pytest.mark.parametrize("resource_type", [LOOKUP_TYPE, LIST_TYPE])
def test_a_refused_role_fails_a_look_too(world: World, resource_type: str) -> None:
    properties = {**THEIRS, "RoleArn": f"{ROLE_ARN}-2", "ClientNamePrefix": "web"}

    answer = world.create(properties, ResourceType=resource_type)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert f"RoleArn {ROLE_ARN}-2 could not be assumed: AccessDenied: " in answer.reason


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        pytest.param(ApiError("Throttling", "Rate exceeded"), "Throttling: Rate exceeded", id="throttled"),
        pytest.param(ApiError("InternalFailure", "Oops", 500), "InternalFailure: Oops", id="internal"),
        pytest.param("connect-error", "EndpointConnectionError", id="connect error"),
        pytest.param("read-timeout", "ReadTimeoutError", id="read timeout"),
    ],
)
def test_what_may_pass_is_tried_again_and_then_told_to_be_deployed_again(
    world: World, failure: ApiError | ConnectionFault, words: str
) -> None:
    world.sts.fail(failure, times=2)
    assert world.create(THEIRS).status == "SUCCESS"
    world.clock.now += 7200
    world.sts.fail(failure, times=1000)

    answer = world.create(THEIRS)
    assert 0 < len(world.sts.planned_faults) < 1000
    world.sts.planned_faults.clear()

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert f"RoleArn {ROLE_ARN} could not be assumed: {words}" in answer.reason
    assert AGAIN in answer.reason
    assert PARAMETER not in answer.reason


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_that_makes_no_sense_is_told_too(world: World, status: int) -> None:
    with mock.patch.object(world.sts, "reply_to", return_value=(status, {}, b"<html>Sign in</html")):
        answer = world.create(THEIRS)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert f"RoleArn {ROLE_ARN} could not be assumed: ResponseParserError" in answer.reason
    assert "unexpected" not in answer.reason


def test_a_role_that_was_refused_is_tried_again_by_the_next_request(world: World) -> None:
    world.sts.fail(LITTLE)

    answers = [world.create(THEIRS) for _ in range(2)]

    assert [answer.status for answer in answers] == ["FAILED", "SUCCESS"]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_an_external_id_alone_is_refused(world: World, kind: str) -> None:
    client_id = world.existing()
    properties = {**BARE, "ExternalId": EXTERNAL_ID}

    answer = world.create(properties) if kind == "Create" else world.update(client_id, properties, BARE)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER if kind == "Create" else client_id)
    assert "ExternalId, RoleArn: there is no role to use it for. Give RoleArn as well." in answer.reason
    assert (world.calls(), assumed(world)) == ([], [])


@pytest.mark.parametrize(
    "role_arn", ["", "cognito", "role/arn:aws:iam::222222222222", [ROLE_ARN], {"Ref": "Role"}], ids=repr
)
def test_what_is_no_arn_is_refused_before_any_call(world: World, role_arn: object) -> None:
    answer = world.create({**THEIRS, "RoleArn": role_arn})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert "RoleArn: " in answer.reason
    assert "Cognito says" not in answer.reason
    assert (world.calls(), assumed(world)) == ([], [])


# Delete


def test_a_delete_finds_its_client_by_the_role_after_a_cold_start_too(world: World) -> None:
    client_id = world.existing(pool_id=THEIR_POOL)

    answer = world.delete(client_id, {**GUARDED, "AuthSessionValidity": "does not parse"})

    assert (answer.status, world.calls()) == ("SUCCESS", [DELETE])
    assert world.client_ids(THEIR_POOL) == []
    assert len(assumed(world)) == 1


@pytest.mark.parametrize("gone", ["client", "pool"])
def test_a_delete_of_what_is_gone_over_there_succeeds(world: World, gone: str) -> None:
    client_id = world.existing(pool_id=THEIR_POOL)
    world.delete_elsewhere(client_id, pool_id=THEIR_POOL)
    if gone == "pool":
        del world.fake.pools[THEIR_POOL]

    assert world.delete(client_id, THEIRS).status == "SUCCESS"


def test_a_delete_of_nothing_needs_no_role(world: World) -> None:
    answer = world.delete(MARKER, {**THEIRS, "RoleArn": f"{ROLE_ARN}-gone"})

    assert (answer.status, assumed(world)) == ("SUCCESS", [])


def test_a_delete_of_what_a_cancelled_create_may_have_made_succeeds_without_the_role(world: World) -> None:
    """Without the role nothing can have been made with it."""
    world.stacks.begin(STACK_ID)

    answer = world.delete("shop-WebClient-1QZ6T0XJ4MHFN", {**THEIRS, "RoleArn": f"{ROLE_ARN}-gone"})

    assert (answer.status, world.calls()) == ("SUCCESS", [])


# Nobody sees them


def test_neither_credentials_nor_external_id_are_in_any_log(world: World) -> None:
    """The guard of all tests looks for both in everything that is logged and printed."""
    created = world.create({**GUARDED, "GenerateSecret": "true"})
    world.sts.fail(LITTLE)
    world.clock.now += 7200
    failed = world.update(created.physical_id, {**GUARDED, "ClientName": "web"}, GUARDED)
    deleted = world.delete(created.physical_id, GUARDED)

    assert [answer.status for answer in (created, failed, deleted)] == ["SUCCESS", "FAILED", "SUCCESS"]
    assert len(world.sts.secrets_ever) == 4
    assert canaries.leaked(f"{EXTERNAL_ID} {world.sts.secrets_ever[0]}")
    told = "".join(str(line) for line in world.log()) + world.printed.getvalue()
    assert not canaries.leaked(told)


def test_the_clock_that_credentials_are_judged_by_is_the_wall_clock(world: World) -> None:
    world.create(THEIRS)
    (session,) = world.sts.sessions.values()

    assert session.expires - world.clock.wall() == 3600
    assert datetime.fromtimestamp(session.expires, UTC).year == 2027
