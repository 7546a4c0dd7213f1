"""`make drift`, `make plan` and `make orphans`: what they show of deployed stacks, and that they change nothing."""

from __future__ import annotations

import io
import json
import os
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from tests import canaries
from tests.canaries import OWN_SECRET
from tests.fakes.cognito import ApiError
from tests.fixtures.drifting import settled
from tests.fixtures.templates import APP, BARE, MOBILE
from tests.fixtures.world import (
    CREATE,
    DELETE,
    DESCRIBE,
    FRANKFURT_POOL,
    JOURNAL,
    LIST,
    LOGICAL_ID,
    POOL,
    SECRETS,
    STACK_ID,
    UPDATE,
    World,
)
from tools.deployed import drift, orphans, plan

if TYPE_CHECKING:
    from pathlib import Path

type Json = dict[str, Any]

PROVIDER = "arn:aws:cloudformation:us-east-1:123456789012:stack/user-pool-client/0e6e5a10-1c8e-11f0-9b2b-0affd7fe8f01"
WRITES = {CREATE, UPDATE, DELETE, "SetUserPoolClientSessionConfiguration"}
DENIED = ApiError("AccessDeniedException", "no")

TEMPLATE = """
Parameters:
  Logout: {Type: String, Default: https://app.example.com/callback}
  Key: {Type: String, NoEcho: true, Default: none}
Resources:
  Pool:
    Type: AWS::Cognito::UserPool
  WebClient:
    Type: Custom::UserPoolClient
    Properties:
      ServiceToken: !ImportValue user-pool-client:ServiceToken
      UserPoolId: !Ref Pool
      LogoutURLs: [!Ref Logout]
"""


@pytest.fixture
def stack(world: World) -> str:
    """Deploy the template: its client's ID."""
    client_id = world.create({**BARE, "LogoutURLs": [APP]}).physical_id
    settled(world)
    deployed = world.stacks.stack(STACK_ID)
    deployed.template, deployed.parameters = TEMPLATE, {"Logout": APP, "Key": "****"}
    world.stacks.put(STACK_ID, "Pool", POOL)
    world.stacks.stack(PROVIDER).exports["user-pool-client:ServiceToken"] = "arn:aws:lambda:us-east-1:1:function:x"
    world.stacks.put(PROVIDER, "Journal", JOURNAL)
    world.calls()
    return client_id


def shown(world: World, command: Any, *arguments: str) -> tuple[int, str]:
    """Run a command that must change nothing; return its exit status and what it prints."""
    world.noted()
    before = {pool_id: world.client_ids(pool_id) for pool_id in world.fake.pools}
    written = io.StringIO()
    with redirect_stdout(written), mock.patch.dict("os.environ", {"AWS_DEFAULT_REGION": "us-east-1"}):
        status = command.main(arguments, world.clock.for_the_function())
    assert not WRITES & set(world.fake.operations_called())
    assert {pool_id: world.client_ids(pool_id) for pool_id in world.fake.pools} == before
    assert not canaries.leaked(written.getvalue())
    assert set(world.noted()) <= {"Scan", "GetItem"}
    return status, written.getvalue()


def told(world: World, command: Any, *arguments: str) -> tuple[int, Any]:
    status, text = shown(world, command, "--json", *arguments)
    return status, json.loads(text)


# drift


@pytest.mark.parametrize("arguments", [[], ["--stack", "shop"]], ids=["all", "one stack"])
def test_a_drifted_client_is_shown_and_the_status_is_two(world: World, stack: str, arguments: list[str]) -> None:
    assert told(world, drift, *arguments)[0] == 0
    world.set_elsewhere(stack, LogoutURLs=[MOBILE])
    world.calls()

    status, found = told(world, drift, *arguments)

    assert status == 2
    assert [(one["client_id"], one["status"]) for one in found] == [(stack, "drifted")]
    assert found[0]["properties"] == {"LogoutURLs": {"template": [APP], "client": [MOBILE]}}
    status, text = shown(world, drift, *arguments)
    assert (status, f"shop WebClient: {stack} is drifted." in text, MOBILE in text) == (2, True, True)


def test_a_client_that_is_gone_is_a_difference(world: World, stack: str) -> None:
    world.delete_elsewhere(stack)
    world.calls()

    status, (one,) = told(world, drift)

    assert (status, one["status"]) == (2, "gone")


def test_what_cannot_be_told_is_an_error(world: World, stack: str) -> None:
    world.fail(DESCRIBE, DENIED)

    status, (one,) = told(world, drift)

    assert (status, one["status"], one["client_id"]) == (1, "unknown", stack)


@pytest.mark.parametrize("lost", ["the journal", "what it has of the resource"])
def test_without_a_journal_the_deployed_template_is_compared(world: World, stack: str, lost: str) -> None:
    if lost == "the journal":
        del world.stacks.stacks[PROVIDER].resources["Journal"]
    else:
        world.journal.lose()
    assert told(world, drift, "--stack", "shop")[0] == 0
    world.set_elsewhere(stack, LogoutURLs=[])
    world.calls()

    status, (one,) = told(world, drift, "--stack", "shop")

    assert (status, one["status"]) == (2, "drifted")


@pytest.mark.usefixtures("stack")
def test_what_the_deployed_template_does_not_tell_is_not_compared_and_named(world: World) -> None:
    world.journal.lose()
    deployed = world.stacks.stacks[STACK_ID]
    deployed.template = TEMPLATE.replace("[!Ref Logout]", "[!GetAtt Site.Url]\n      AuthSessionValidity: 3")

    status, (one,) = told(world, drift, "--stack", "shop")

    assert (status, one["status"]) == (0, "in sync")
    assert "LogoutURLs" in one["because"]


@pytest.mark.usefixtures("stack")
def test_a_pool_that_the_deployed_template_does_not_tell_is_unknown(world: World) -> None:
    world.journal.lose()
    world.stacks.stacks[STACK_ID].template = TEMPLATE.replace("!Ref Pool", "!GetAtt Site.Pool")

    status, (one,) = told(world, drift, "--stack", "shop")

    assert (status, one["status"], "UserPoolId" in one["because"]) == (1, "unknown", True)


# plan


def planned(world: World, tmp_path: Path, new: str, parameters: str = "") -> tuple[int, list[Json]]:
    path = tmp_path / "new.yaml"
    path.write_text(new)
    with mock.patch.dict(os.environ, {"PARAMETERS": parameters}):
        status, found = told(world, plan, "--stack", "shop", "--template", str(path))
    return status, found


def test_the_same_template_changes_nothing(world: World, stack: str, tmp_path: Path) -> None:
    status, (one,) = planned(world, tmp_path, TEMPLATE)

    assert (status, one["action"], one["client_id"], one["loses_client"]) == (0, "not called", stack, False)


def test_a_change_in_place_shows_what_changes(world: World, stack: str, tmp_path: Path) -> None:
    status, (one,) = planned(world, tmp_path, TEMPLATE.replace("LogoutURLs:", "CallbackURLs:"))

    assert (status, one["action"], one["loses_client"]) == (2, "update", False)
    assert one["properties"] == {
        "CallbackURLs": {"before": "", "after": APP},
        "LogoutURLs": {"before": APP, "after": ""},
    }
    assert world.settings(stack)["LogoutURLs"] == [APP]


def test_a_parameter_is_as_it_was_deployed_unless_another_value_is_given(
    world: World, stack: str, tmp_path: Path
) -> None:
    new = TEMPLATE.replace("https://app.example.com/callback", "https://other.example.com")
    assert planned(world, tmp_path, new)[0] == 0

    status, (one,) = planned(world, tmp_path, new, f"Logout={MOBILE}")

    assert (status, one["properties"]["LogoutURLs"]["after"]) == (2, MOBILE)
    assert one["client_id"] == stack


@pytest.mark.parametrize(
    ("old", "new", "action"),
    [
        ("UserPoolId: !Ref Pool", f"UserPoolId: {FRANKFURT_POOL}", "create"),
        ("LogoutURLs", "GenerateSecret: true\n      LogoutURLs", "create"),
        ("LogoutURLs", f"ImportId: {POOL}/1example23456789\n      LogoutURLs", "import"),
    ],
)
def test_a_replacement_is_shown_as_a_loss(
    world: World, stack: str, tmp_path: Path, old: str, new: str, action: str
) -> None:
    status, (one,) = planned(world, tmp_path, TEMPLATE.replace(old, new))

    assert (status, one["action"], one["loses_client"]) == (2, action, True)
    assert SECRETS in world.calls() or action == "import"
    assert stack in one["what"]


def test_a_client_that_leaves_the_template_is_lost_unless_it_is_retained(
    world: World, stack: str, tmp_path: Path
) -> None:
    without = TEMPLATE.partition("  WebClient:")[0]
    status, (one,) = planned(world, tmp_path, without)
    assert (status, one["loses_client"], one["client_id"]) == (2, True, stack)

    world.stacks.stacks[STACK_ID].template += "    DeletionPolicy: Retain\n"
    status, (one,) = planned(world, tmp_path, without)
    assert (status, one["loses_client"]) == (2, False)


def test_a_new_client_is_shown(world: World, stack: str, tmp_path: Path) -> None:
    second = TEMPLATE.partition("  WebClient:")[2]

    status, found = planned(world, tmp_path, f"{TEMPLATE}  Second:{second}")

    assert (status, [(one["logical_resource_id"], one["action"]) for one in found]) == (
        2,
        [(LOGICAL_ID, "not called"), ("Second", "create")],
    )
    assert stack == found[0]["client_id"]


def test_a_deployment_that_will_be_refused_is_an_error_and_says_why(world: World, stack: str, tmp_path: Path) -> None:
    status, (one,) = planned(world, tmp_path, TEMPLATE.replace("!Ref Logout", "http://app.example.com"))

    assert (status, one["client_id"]) == (1, stack)
    assert "http://app.example.com" in one["problems"][0]


def test_a_client_that_is_gone_is_created_again_only_if_the_function_is_called(
    world: World, stack: str, tmp_path: Path
) -> None:
    world.delete_elsewhere(stack)
    world.calls()

    assert [one["action"] for one in planned(world, tmp_path, TEMPLATE)[1]] == ["not called"]
    changed = TEMPLATE.replace("LogoutURLs:", "CallbackURLs:")
    assert [one["action"] for one in planned(world, tmp_path, changed)[1]] == ["create"]


def test_a_parameter_with_noecho_is_the_same_if_its_expression_is(world: World, stack: str, tmp_path: Path) -> None:
    with_secret = TEMPLATE.replace("LogoutURLs", "ClientSecret: !Ref Key\n      LogoutURLs")
    world.stacks.stacks[STACK_ID].template = with_secret
    assert [one["action"] for one in planned(world, tmp_path, with_secret)[1]] == ["not called"]

    status, (one,) = planned(world, tmp_path, with_secret, f"Key={OWN_SECRET}")

    assert (status, one["client_id"]) == (2, stack)


def test_a_resource_that_changes_as_well_is_taken_not_to_be_replaced(world: World, stack: str, tmp_path: Path) -> None:
    status, (one,) = planned(
        world, tmp_path, TEMPLATE.replace("UserPool\n", "UserPool\n    Properties: {MfaConfiguration: 'ON'}\n", 1)
    )

    assert (status, one["assumes_not_replaced"], one["client_id"]) == (0, ["Pool"], stack)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ("Nothing=1", "no parameter Nothing"),
        ("Logout", "is no such pair"),
        ("'", "cannot be read"),
    ],
)
@pytest.mark.usefixtures("stack")
def test_parameters_that_cannot_be_are_refused(
    world: World,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    parameters: str,
    why: str,
) -> None:
    monkeypatch.setenv("PARAMETERS", parameters)
    path = tmp_path / "new.yaml"
    path.write_text(TEMPLATE)

    assert shown(world, plan, "--stack", "shop", "--template", str(path)) == (1, "")
    assert why in capsys.readouterr().err


def test_a_stack_or_a_file_that_is_not_there_is_one_line(
    world: World, stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(world, plan, "--stack", "other", "--template", "x")[0] == 1
    assert shown(world, plan, "--stack", "shop", "--template", str(tmp_path / "none.yaml"))[0] == 1
    first, second = capsys.readouterr().err.splitlines()
    assert ("does not exist" in first, "none.yaml" in second, bool(stack)) == (True, True, True)


# orphans


def test_clients_that_no_stack_has_are_shown_with_age_and_name(world: World, stack: str) -> None:
    world.clock.now += 3 * 86400 + 5
    left = world.existing(ClientName="left behind")
    world.clock.now += 2 * 86400 + 5
    world.calls(), world.asked()

    status, found = told(world, orphans, "--pool", POOL)

    assert status == 2
    assert [(one["client_id"], one["name"], one["days"]) for one in found] == [(left, "left behind", 2)]
    assert world.calls() == [LIST, DESCRIBE]
    assert stack not in str(found)
    assert "left behind" in shown(world, orphans, "--pool", POOL)[1]


@pytest.mark.usefixtures("stack")
def test_a_pool_whose_clients_all_have_a_stack_has_none(world: World) -> None:
    assert told(world, orphans, "--pool", POOL) == (0, [])
    assert "has each app client" in shown(world, orphans, "--pool", POOL, "--regions", "us-east-1,eu-west-1")[1]


@pytest.mark.usefixtures("stack")
def test_what_cloudformation_does_not_tell_is_no_orphan(world: World) -> None:
    world.stacks.denied.add("DescribeStackResources")

    assert shown(world, orphans, "--pool", POOL) == (1, "")


def test_a_pool_that_cannot_be_one_is_refused(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(world, orphans, "--pool", "x") == (1, "")
    assert "--pool" in capsys.readouterr().err
