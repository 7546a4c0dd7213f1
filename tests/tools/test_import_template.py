"""`make import-template POOL=…` writes a template whose deployment changes nothing in Cognito."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import canaries
from tests.fakes.cognito import ApiError
from tests.fixtures.templates import ANALYTICS_ARN, APP, DESKTOP, EXAMPLES, MOBILE, ROLE_ARN
from tests.fixtures.world import DESCRIBE, POOL, UPDATE, World
from tests.tools.pool_templates import (
    GET_SESSION,
    LIST,
    READS,
    Written,
    as_sent,
    deployed,
    refused,
    resources,
    run,
    shown,
)
from tools.importing.pool_template import logical_ids
from user_pool_client.domain.app_client import ClientSummary

if TYPE_CHECKING:
    from collections.abc import Mapping


type Json = dict[str, Any]


def as_typed(example: Any) -> Any:
    """Return properties as Cognito takes them: numbers and booleans are no strings."""
    match example:
        case dict():
            return {name: as_typed(member) for name, member in example.items()}
        case "true" | "false":
            return example == "true"
        case str() if example.isdecimal():
            return int(example)
        case _:
            return example


# One client for each kind of setting, and for each way in which Cognito shows it.
CLIENTS: dict[str, Json] = {
    "bare": {},
    **{name: as_typed(example) for name, example in EXAMPLES.items() if name != "ClientName"},
    "the default lifetime in another unit": {
        "AccessTokenValidity": 60,
        "RefreshTokenValidity": 30 * 24,
        "TokenValidityUnits": {"AccessToken": "minutes", "RefreshToken": "hours"},
    },
    "the default number in another unit": {
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {"RefreshToken": "hours"},
    },
    "a unit without a number": {"TokenValidityUnits": {"AccessToken": "hours", "IdToken": "hours"}},
    "a number without a unit": {"AccessTokenValidity": 2, "RefreshTokenValidity": 1},
    "all units are the default ones": {
        "AccessTokenValidity": 1,
        "IdTokenValidity": 1,
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"},
    },
    "zero": {"RefreshTokenValidity": 0},
    "analytics by ARN, whose role Cognito adds": {"AnalyticsConfiguration": {"ApplicationArn": ANALYTICS_ARN}},
    "analytics by id": {
        "AnalyticsConfiguration": {
            "ApplicationId": "12345e67",
            "RoleArn": ROLE_ARN,
            "ExternalId": "007",
            "UserDataShared": True,
        }
    },
    "rotation without a grace period": {
        "RefreshTokenRotation": {"Feature": "ENABLED"},
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"],
    },
    "rotation with the flows that are there without any": {"RefreshTokenRotation": {"Feature": "ENABLED"}},
    "rotation that is off": {"RefreshTokenRotation": {"Feature": "DISABLED", "RetryGracePeriodSeconds": 20}},
    "the flows that are there without any": {
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    },
    "legacy flows": {"ExplicitAuthFlows": ["USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"]},
    "a flow that is newer": {"ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"], "GenerateSecret": True},
    "defaults that were said": {
        "PreventUserExistenceErrors": "LEGACY",
        "EnableTokenRevocation": True,
        "AuthSessionValidity": 3,
        "AllowedOAuthFlowsUserPoolClient": False,
    },
    "URLs that YAML would take for something else": {
        "CallbackURLs": ["https://ex.am/?a=1&b=*", "a:b", "https://ü.example/{x}", "yes:no"],
    },
}
NEEDS_A_SECRET = {"EnablePropagateAdditionalUserContextData", "AllowedOAuthFlowsUserPoolClient"}


@pytest.fixture
def every_kind(world: World) -> Mapping[str, str]:
    """Make a client for each kind of setting, and return its ids by what it shows."""
    ids = {
        what: world.existing(**{"GenerateSecret": what in NEEDS_A_SECRET, **settings, "ClientName": f"client {number}"})
        for number, (what, settings) in enumerate(CLIENTS.items())
    }
    return {
        **ids,
        "a secret": world.existing(ClientName="secret", GenerateSecret=True),
        "a secret of one's own": world.existing(ClientName="own secret", ClientSecret=canaries.OWN_SECRET),
    }


def test_deploying_the_template_changes_nothing_in_cognito(
    world: World, every_kind: Mapping[str, str], written: Written
) -> None:
    ids = deployed(world, written())

    assert ids.keys() == set(every_kind.values())


def test_what_is_adopted_stays_the_same_when_the_stack_makes_it_its_own_and_deploys_again(
    world: World, every_kind: Mapping[str, str], written: Written
) -> None:
    template = resources(written())
    before = shown(world)

    for properties in template.values():
        adopted, client_id = as_sent(properties), properties["ImportId"].partition("/")[2]
        owned = {name: value for name, value in adopted.items() if name != "ImportId"}
        answer = world.update(client_id, owned, adopted)
        assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)

    assert set(world.calls()) <= READS
    assert shown(world) == before
    assert len(template) == len(every_kind)


def test_cfn_lint_finds_nothing(world: World, every_kind: Mapping[str, str], written: Written, tmp_path: Path) -> None:
    for name in HOSTILE_NAMES:
        world.existing(ClientName=name)
    path = tmp_path / "clients.yaml"
    path.write_text(written(), encoding="utf-8")
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    lint = subprocess.run([cfn_lint, path], capture_output=True, text=True, check=False)  # noqa: S603 - our own

    assert every_kind
    assert (lint.returncode, lint.stdout, lint.stderr) == (0, "", "")


def test_only_what_differs_from_the_defaults_is_in_the_template(
    every_kind: Mapping[str, str], written: Written
) -> None:
    template = resources(written())
    of = {properties["ImportId"].partition("/")[2]: properties for properties in template.values()}
    always = ("ServiceToken", "UserPoolId", "ImportId", "ClientName")
    settings = {
        what: {name: value for name, value in of[client_id].items() if name not in always}
        for what, client_id in every_kind.items()
    }

    for what in ("bare", "all units are the default ones", "zero", "rotation that is off", "defaults that were said"):
        assert settings[what] == {}, what
    assert settings["the flows that are there without any"] == {}
    assert settings["a unit without a number"] == {}
    assert settings["a number without a unit"] == {"AccessTokenValidity": 2, "RefreshTokenValidity": 1}
    assert settings["the default lifetime in another unit"] == CLIENTS["the default lifetime in another unit"]
    assert settings["the default number in another unit"] == CLIENTS["the default number in another unit"]
    assert settings["analytics by ARN, whose role Cognito adds"] == {
        "AnalyticsConfiguration": {"ApplicationArn": ANALYTICS_ARN}
    }
    assert settings["analytics by id"] == CLIENTS["analytics by id"]
    assert settings["rotation with the flows that are there without any"] == {
        "RefreshTokenRotation": {"Feature": "ENABLED"}
    }
    assert settings["a secret"] == settings["a secret of one's own"] == {"GenerateSecret": True}
    assert settings["CallbackURLs"] == {"CallbackURLs": sorted([APP, MOBILE])}
    assert settings["LogoutURLs"] == {"LogoutURLs": sorted([APP, DESKTOP])}


def test_a_client_that_shows_no_secret_is_adopted_whether_it_has_one_or_not(world: World, written: Written) -> None:
    client_id = world.existing(GenerateSecret=True)
    world.lose_original_secret(client_id)
    template = written()

    assert "GenerateSecret" not in template
    assert deployed(world, template) == {client_id: "Web"}


def test_the_length_of_sessions_is_in_the_template_where_it_is_not_the_default(world: World, written: Written) -> None:
    long, usual = world.existing(ClientName="long"), world.existing(ClientName="usual")
    world.fake.pools[POOL].clients[long].sso_session = {"MaxValidityMinutes": 480}
    template = written()

    assert resources(template)["Long"]["SSOSession"] == {"MaxValidityMinutes": 480}
    assert "SSOSession" not in resources(template)["Usual"]
    assert deployed(world, template) == {long: "Long", usual: "Usual"}


def test_where_sessions_cannot_be_read_they_are_left_out_and_that_is_said_once(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.fake.populate(POOL, 3)
    world.fail(
        GET_SESSION, ApiError("AccessDeniedException", "User: arn:aws:iam::123456789012:user/me is not authorized")
    )

    assert run(world, "--pool", POOL) == 0
    out, err = capsys.readouterr()
    assert len(resources(out)) == 3
    assert err.startswith("SSOSession is left out, and stays as it is: Cognito refused GetUserPoolClientSession")
    assert world.calls().count(GET_SESSION) == 1


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"AllowedOAuthFlows": ["device_code"]}, id="a-new-flow"),
        pytest.param({"AuthSessionValidity": 60}, id="a-new-limit"),
        pytest.param({"AccessTokenValidity": 2, "TokenValidityUnits": {"AccessToken": "fortnights"}}, id="a-new-unit"),
    ],
)
def test_what_is_newer_than_this_software_is_left_as_it_is_and_named(
    world: World, written: Written, settings: Json
) -> None:
    client_id = world.existing(LogoutURLs=[APP])
    world.fake.pools[POOL].clients[client_id].settings |= settings
    template = written()

    assert f"  # Not understood, so not managed, and left as it is: {', '.join(settings)}\n  Web:\n" in template
    assert resources(template)["Web"]["LogoutURLs"] == [APP]
    assert deployed(world, template) == {client_id: "Web"}


@pytest.mark.parametrize("count", [1, 61])
def test_every_client_of_a_pool_is_in_the_template(world: World, written: Written, count: int) -> None:
    ids = world.fake.populate(POOL, count, name="client {:03d}")

    assert deployed(world, written()) == {client_id: f"Client{number:03d}" for number, client_id in enumerate(ids)}


def test_a_pool_without_clients_makes_no_template(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    why = refused(world, capsys, "--pool", POOL)

    assert why == f"User pool {POOL} has no app clients: there is nothing to adopt."


def test_a_template_is_one_that_a_person_would_write(world: World, written: Written) -> None:
    client_id = world.existing(
        ClientName="Web app 2026",
        GenerateSecret=True,
        CallbackURLs=[MOBILE, APP],
        AccessTokenValidity=15,
        TokenValidityUnits={"AccessToken": "minutes"},
        EnableTokenRevocation=False,
    )

    assert (
        written()
        == f"""\
AWSTemplateFormatVersion: '2010-09-09'
Description: App clients of user pool {POOL}

# Deploying this changes nothing in Cognito. While a resource has its ImportId, CloudFormation lets its client go
# instead of deleting it; without ImportId the client is the stack's own.
Resources:
  WebApp2026:
    Type: Custom::UserPoolClient
    Properties:
      ServiceToken: !ImportValue user-pool-client:ServiceToken
      UserPoolId: {POOL}
      ImportId: {POOL}/{client_id}
      ClientName: Web app 2026
      GenerateSecret: true
      AccessTokenValidity: 15
      TokenValidityUnits:
        AccessToken: minutes
      CallbackURLs:
        - {MOBILE}
        - {APP}
      EnableTokenRevocation: false
"""
    )


def test_another_export_can_be_named(world: World, written: Written) -> None:
    world.existing()

    template = written("--export", "shared-provider:ServiceToken")

    assert resources(template)["Web"]["ServiceToken"] == {"!ImportValue": "shared-provider:ServiceToken"}


HOSTILE_NAMES = [
    "web app",
    "web-app",
    "Web_App",
    "webapp",
    "+=,.@-",
    "___",
    " ",
    "\t",
    "two\nlines",
    " leading and trailing ",
    "123",
    "1e3",
    "0x1F",
    "012345678901",
    "2026-01-01",
    "yes",
    "No",
    "null",
    "y",
    "true",
    "=",
    "- item",
    "@at",
    "x" * 128,
    "1" * 128,
    "-" * 128,
    "same",
    "same",
    "Ref",
    "AWSTemplateFormatVersion",
]


def test_hostile_names_have_ids_of_their_own_and_come_back_unchanged(world: World, written: Written) -> None:
    for name in HOSTILE_NAMES:
        world.existing(ClientName=name)
    template = written()

    assert sorted(properties["ClientName"] for properties in resources(template).values()) == sorted(HOSTILE_NAMES)
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9]{0,254}", logical_id) for logical_id in resources(template))
    assert len(deployed(world, template)) == len(HOSTILE_NAMES)


def test_ids_are_the_same_from_run_to_run_and_with_a_prefix(world: World, written: Written) -> None:
    for name in HOSTILE_NAMES:
        world.existing(ClientName=name)
    whole = written()
    clients = world.fake.pools[POOL].clients
    world.fake.pools[POOL].clients = dict(sorted(clients.items(), reverse=True))

    assert written() == whole
    part = resources(written("--prefix", "web"))
    assert len(part) == 3
    assert part.items() <= resources(whole).items()


def test_ids_do_not_depend_on_the_order_of_clients() -> None:
    names = [*HOSTILE_NAMES, "same", "Client", "client"]
    clients = [ClientSummary(f"{number:026d}", name) for number, name in enumerate(names)]
    # A name that is what another one's id is made to be: it gives way, too.
    clients += [ClientSummary("a" * 26, f"Same{27:026d}"), ClientSummary("b+_" * 8, "same")]
    ids = logical_ids(clients)

    for seed in range(20):
        random.Random(seed).shuffle(clients)  # noqa: S311 - a test's order
        assert logical_ids(clients) == ids
    assert len({logical_id.lower() for logical_id in ids.values()}) == len(clients)
    assert ids["a" * 26] == f"Same{27:026d}{'a' * 26}"


def test_a_client_of_another_name_changes_no_ids() -> None:
    clients = [ClientSummary("1" * 26, "web"), ClientSummary("2" * 26, "api"), ClientSummary("3" * 26, "web")]
    ids = logical_ids(clients)

    assert ids == {"1" * 26: f"Web{'1' * 26}", "2" * 26: "Api", "3" * 26: f"Web{'3' * 26}"}
    assert logical_ids([*clients, ClientSummary("4" * 26, "mobile")]) == {**ids, "4" * 26: "Mobile"}


def test_a_prefix_chooses_clients_and_is_in_the_description(world: World, written: Written) -> None:
    for name in ("shop web", "shop api", "blog"):
        world.existing(ClientName=name)
    template = written("--prefix", "shop ")

    assert list(resources(template)) == ["ShopApi", "ShopWeb"]
    assert f'Description: App clients of user pool {POOL} whose names begin with "shop "' in template


def test_clients_that_registered_themselves_are_a_template_of_their_own(world: World, written: Written) -> None:
    regular, own = world.existing(ClientName="web"), world.fake.register(POOL, "agent")

    templates = [resources(written()), resources(written("--client-type", "DCR"))]

    ids = [[one["ImportId"] for one in template.values()] for template in templates]
    assert ids == [[f"{POOL}/{regular}"], [f"{POOL}/{own}"]]


def test_a_prefix_that_fits_nothing_makes_no_template(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.existing()

    assert 'no app clients whose names begin with "blog"' in refused(world, capsys, "--pool", POOL, "--prefix", "blog")


def test_nothing_is_ever_written_to_cognito(world: World, every_kind: Mapping[str, str], written: Written) -> None:
    before = shown(world)
    heard: list[str] = []
    world.fake.on_call = lambda operation, _params: heard.append(operation)
    written()

    assert every_kind.keys() > CLIENTS.keys()
    assert set(heard) == {LIST, DESCRIBE, GET_SESSION}
    assert UPDATE not in heard
    assert shown(world) == before
