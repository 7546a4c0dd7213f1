"""`make import-template POOL=…` writes a template whose deployment changes nothing in Cognito."""

from __future__ import annotations

import io
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, override
from unittest import mock

import pytest
import yaml

from tests import canaries
from tests.fakes.cognito import ApiError
from tests.fixtures.templates import ANALYTICS_ARN, APP, DESKTOP, EXAMPLES, MOBILE, ROLE_ARN
from tests.fixtures.world import DESCRIBE, POOL, UPDATE, World, a_world
from tools.generate.reference import ROOT
from tools.importing.__main__ import main
from tools.importing.pool_template import MOST_BYTES, MOST_RESOURCES, SECONDS_APART, logical_ids, templates
from user_pool_client.domain.app_client import ClientSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Json = dict[str, Any]
type Written = Callable[..., str]

LIST, GET_SESSION = "ListUserPoolClients", "GetUserPoolClientSessionConfiguration"
READS = {LIST, DESCRIBE, GET_SESSION, "ListUserPoolClientSecrets"}
THROTTLED = ApiError("TooManyRequestsException", "Rate exceeded")


class Reader(yaml.SafeLoader):
    """Read a template as CloudFormation would, with each short form as a map of one."""


def short_form(reader: yaml.SafeLoader, name: str, node: yaml.Node) -> Json:
    assert isinstance(node, yaml.ScalarNode)
    return {f"!{name}": reader.construct_scalar(node)}


Reader.add_multi_constructor("!", short_form)


def resources(template: str) -> dict[str, Json]:
    """Return the properties of a template's resources by logical id."""
    read = yaml.load(template, Reader)  # noqa: S506 - a SafeLoader
    assert {resource["Type"] for resource in read["Resources"].values()} == {"Custom::UserPoolClient"}
    return {logical_id: resource["Properties"] for logical_id, resource in read["Resources"].items()}


def as_sent(value: Any) -> Any:
    """Return properties as CloudFormation sends them: every scalar a string."""
    match value:
        case {"!ImportValue": "user-pool-client:ServiceToken"}:
            return "arn:aws:lambda:us-east-1:123456789012:function:user-pool-client"
        case dict():
            return {name: as_sent(member) for name, member in value.items()}
        case list():
            return [as_sent(item) for item in value]
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def run(world: World, *arguments: str) -> int:
    """Run the command in the world, whose secrets must be seen nowhere."""
    world.watch()
    return main(arguments, world.clock.for_the_function())


@pytest.fixture
def written(world: World, capsys: pytest.CaptureFixture[str]) -> Written:
    """Give a function that runs the command and returns the template."""

    def write(*arguments: str) -> str:
        assert run(world, "--pool", POOL, *arguments) == 0
        out, err = capsys.readouterr()
        assert not canaries.leaked(out + err)
        world.calls()
        return out

    return write


def refused(world: World, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run the command, which must refuse, and return the one line in which it says why."""
    assert run(world, *arguments) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err.removesuffix("\n")


def shown(world: World, pool_id: str = POOL) -> dict[str, Json]:
    """Return every client of a pool as Describe shows it, and its session configuration."""
    pool = world.fake.pools[pool_id].clients
    return {one: {**world.fake.described(pool_id, one), "session": pool[one].sso_session} for one in pool}


def deployed(world: World, template: str, *, only: int | None = None) -> dict[str, str]:
    """Deploy a template that must change nothing, through the function; return logical ids by client id."""
    before = shown(world)
    ids: dict[str, str] = {}
    for logical_id, properties in list(resources(template).items())[:only]:
        answer = world.create(as_sent(properties), LogicalResourceId=logical_id)
        assert (answer.status, answer.reason) == ("SUCCESS", "")
        ids[answer.physical_id] = logical_id
    assert set(world.calls()) <= READS
    assert shown(world) == before
    return ids


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
    "a flow that is newer": {"ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]},
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


def test_a_prefix_that_fits_nothing_makes_no_template(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.existing()

    assert 'no app clients whose names begin with "blog"' in refused(world, capsys, "--pool", POOL, "--prefix", "blog")


def test_a_large_pool_is_read_within_the_quota_into_templates_that_change_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    paths = [tmp_path / "clients-1.yaml", tmp_path / "clients-2.yaml"]
    with a_world(quota=5) as world:
        ids = world.fake.populate(POOL, 1000)
        assert run(world, "--pool", POOL, "--output", str(tmp_path / "clients.yaml")) == 0

        called = world.calls()
        assert [called.count(name) for name in (LIST, DESCRIBE, GET_SESSION)] == [17, 1000, 1000]
        assert 1000 * SECONDS_APART <= world.clock.now <= 1000 * SECONDS_APART + 10
        texts = [path.read_text(encoding="utf-8") for path in paths]
        for text in texts:
            deployed(world, text, only=5)
    out, err = capsys.readouterr()
    assert out == ""
    *progress, first, second, s3 = err.splitlines()
    assert [first, second] == [str(path) for path in paths]
    assert s3 == "CloudFormation takes more than 51,200 bytes only from S3: deploy with --s3-bucket."
    assert 20 <= len(progress) <= 30
    assert all(re.fullmatch(r"Read [\d,]+ of 1,000 app clients, about \d+ s left", line) for line in progress)
    assert progress[-1].startswith("Read 9")
    parts = [resources(text) for text in texts]
    assert [len(part) for part in parts] == [500, 500]
    assert [properties["ImportId"] for part in parts for properties in part.values()] == [
        f"{POOL}/{one}" for one in ids
    ]
    assert all(f"({number} of 2)" in text for number, text in enumerate(texts, start=1))


def test_more_than_a_stack_holds_is_refused_without_a_file_and_before_it_is_read(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.fake.populate(POOL, MOST_RESOURCES + 1)
    why = refused(world, capsys, "--pool", POOL)

    assert "has 501 app clients, and a stack holds at most 500 resources" in why
    assert set(world.calls()) == {LIST}


def test_no_template_is_larger_than_cloudformation_takes() -> None:
    resource = f"  Web:\n    Type: {'x' * 9000}\n"
    texts = templates([resource] * 300, "App clients")

    assert len(texts) == 3
    assert all(len(text.encode()) <= MOST_BYTES for text in texts)
    assert sum(text.count("  Web:\n") for text in texts) == 300


def test_clients_that_are_too_much_for_one_template_need_a_file(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    urls = [f"https://{number}.example/{'x' * 1000}" for number in range(100)]
    world.fake.populate(POOL, 11, CallbackURLs=urls)

    why = refused(world, capsys, "--pool", POOL)
    assert why.startswith("It takes 2 templates to stay within CloudFormation's 1,048,576 bytes for each: ")
    assert run(world, "--pool", POOL, "--output", str(tmp_path / "clients.yaml")) == 0
    paths = sorted(tmp_path.iterdir())
    assert [len(resources(path.read_text(encoding="utf-8"))) for path in paths] == [10, 1]
    assert all(path.stat().st_size <= MOST_BYTES for path in paths)


def test_clients_that_are_all_deleted_meanwhile_make_no_template(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    client_id = world.existing()

    def delete(operation: str, _params: Json) -> None:
        if operation == DESCRIBE:
            world.delete_elsewhere(client_id)

    world.fake.on_call = delete
    assert run(world, "--pool", POOL) == 1
    assert capsys.readouterr() == (
        "",
        f"Deleted meanwhile, and so left out: 1 of the app clients.\nUser pool {POOL} has no app clients any more.\n",
    )


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    @override
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_is_written_over_and_then_gone(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.fake.populate(POOL, 3)
    world.fail(DESCRIBE, THROTTLED)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    assert run(world, "--pool", POOL) == 0
    assert len(resources(capsys.readouterr().out)) == 3
    assert terminal.getvalue().split("\r\x1b[K") == [
        "",
        "Read 0 of 3 app clients, about 1 s left",
        "Read 0 of 3 app clients, about 1 s left (waiting: DescribeUserPoolClient, TooManyRequestsException)",
        "Read 1 of 3 app clients, about 0 s left",
        "Read 2 of 3 app clients, about 0 s left",
        "",
    ]


def test_a_small_pool_is_read_without_a_word(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.existing()

    assert run(world, "--pool", POOL) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("operation", [LIST, DESCRIBE, GET_SESSION])
@pytest.mark.parametrize("times", [1, 20])
def test_a_throttle_is_waited_out_and_nothing_is_read_twice(
    world: World, written: Written, operation: str, times: int
) -> None:
    world.fake.populate(POOL, 61)
    heard: list[tuple[str, Json]] = []
    world.fake.on_call = lambda operation, params: heard.append((operation, params))
    world.fail(operation, THROTTLED, times=times)

    assert len(resources(written())) == 61
    described = [params["ClientId"] for name, params in heard if name == operation and name != LIST]
    assert len(described) - len(set(described)) == (0 if operation == LIST else times)


def test_a_throttle_without_end_is_given_up_and_says_so(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.existing()
    with world.failing(DESCRIBE, THROTTLED):
        why = refused(world, capsys, "--pool", POOL)

    assert why == "Cognito refused DescribeUserPoolClient with TooManyRequestsException: Rate exceeded."
    assert 250 < world.clock.now < 310


def test_a_client_that_is_deleted_meanwhile_is_left_out_and_told(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = world.fake.populate(POOL, 3)

    def delete(operation: str, params: Json) -> None:
        if operation == DESCRIBE and params["ClientId"] == first:
            world.delete_elsewhere(second)
        if operation == GET_SESSION and params["ClientId"] == third:
            world.delete_elsewhere(third)

    world.fake.on_call = delete
    assert run(world, "--pool", POOL) == 0
    out, err = capsys.readouterr()
    assert list(resources(out)) == ["Client0000"]
    assert err == "Deleted meanwhile, and so left out: 2 of the app clients.\n"


@pytest.mark.parametrize(
    ("operation", "error", "why"),
    [
        pytest.param(
            LIST,
            ApiError("AccessDeniedException", "User: me is not authorized to perform: cognito-idp:ListUserPoolClients"),
            "Cognito refused ListUserPoolClients with AccessDeniedException: User: me is not authorized to perform: "
            "cognito-idp:ListUserPoolClients.",
            id="may-not-list",
        ),
        pytest.param(
            DESCRIBE,
            ApiError("AccessDeniedException", "User: me is not authorized"),
            "Cognito refused DescribeUserPoolClient with AccessDeniedException: User: me is not authorized.",
            id="may-not-describe",
        ),
        pytest.param(
            LIST,
            ApiError("ExpiredTokenException", "The security token included in the request is expired"),
            "Cognito refused ListUserPoolClients with ExpiredTokenException: "
            "The security token included in the request is expired.",
            id="expired",
        ),
        pytest.param(LIST, "dns", "Cognito did not answer ListUserPoolClients: EndpointConnectionError.", id="offline"),
    ],
)
def test_what_may_not_be_read_is_refused_in_one_line(
    world: World, capsys: pytest.CaptureFixture[str], operation: str, error: Any, why: str
) -> None:
    world.existing()

    with world.failing(operation, error):
        assert refused(world, capsys, "--pool", POOL) == why


@pytest.mark.parametrize(
    ("pool_id", "why"),
    [
        pytest.param(
            "us-east-1_Unknown12",
            "Cognito refused ListUserPoolClients with ResourceNotFoundException: "
            "User pool us-east-1_Unknown12 does not exist.",
            id="no-such-pool",
        ),
        pytest.param(
            "shop",
            '--pool: "shop" is not allowed. It must be a string of 1 to 55 characters: '
            "a user pool id like eu-west-1_AbCdEfGhI.",
            id="no-pool-id",
        ),
        pytest.param("", '--pool: "" is not allowed.', id="empty"),
        pytest.param(
            "mars-north-1_Abc123xyz",
            'UserPoolId "mars-north-1_Abc123xyz" names the Region "mars-north-1", '
            "which does not exist or has no Cognito user pools.",
            id="no-such-region",
        ),
    ],
)
def test_a_pool_that_is_none_is_refused_in_one_line(
    world: World, capsys: pytest.CaptureFixture[str], pool_id: str, why: str
) -> None:
    assert refused(world, capsys, "--pool", pool_id).startswith(why)


def test_without_credentials_that_is_said(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    why = refused(world, capsys, "--pool", POOL)
    assert why == "There are no AWS credentials: sign in, set AWS_PROFILE, or give --profile."
    assert world.calls() == []


def test_a_profile_goes_before_credentials_in_the_environment(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    world.existing()
    credentials = tmp_path / "credentials"
    credentials.write_text("[audit]\naws_access_key_id = AKIDAUDIT\naws_secret_access_key = audit\n")
    with mock.patch.dict(os.environ, AWS_SHARED_CREDENTIALS_FILE=str(credentials)):
        assert run(world, "--pool", POOL, "--profile", "audit") == 0
        assert "AWS_ACCESS_KEY_ID" not in os.environ
    assert "Web:" in capsys.readouterr().out

    with mock.patch.dict(os.environ):
        why = refused(world, capsys, "--pool", POOL, "--profile", "nobody")
    assert why == "The config profile (nobody) could not be found"


@pytest.mark.parametrize("output", ["", "missing/clients.yaml"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_read(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path, output: str
) -> None:
    path = tmp_path / output

    assert "cannot be written" in refused(world, capsys, "--pool", POOL, "--output", str(path))
    assert world.calls() == []


def test_the_file_is_the_template_and_stdout_is_empty(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    world.existing(CallbackURLs=["https://münchen.example/"])
    path = tmp_path / "clients.yaml"

    assert run(world, "--pool", POOL, "--output", str(path)) == 0
    assert capsys.readouterr() == ("", f"{path}\n")
    assert "- https://münchen.example/\n" in path.read_text(encoding="utf-8")


def test_an_interrupt_ends_it_without_a_traceback(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.fake.populate(POOL, 3)

    def interrupt(operation: str, _params: Json) -> None:
        if operation == DESCRIBE:
            raise KeyboardInterrupt

    world.fake.on_call = interrupt
    assert run(world, "--pool", POOL) == 130
    assert capsys.readouterr() == ("", "\nInterrupted.\n")


def test_the_command_is_run_as_a_module_and_explains_itself() -> None:
    def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "tools.importing", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": "src"},
            capture_output=True,
            text=True,
            check=False,
        )

    told, wrong = run_module("--help"), run_module("--pool", "shop")

    assert told.returncode == 0
    assert told.stdout.startswith("usage: python -m tools.importing ")
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_the_template_is_utf_8_in_every_locale(world: World, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    world.existing(CallbackURLs=["https://münchen.example/"])
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, write_through=True))

    assert run(world, "--pool", POOL) == 0
    assert "- https://münchen.example/\n" in raw.getvalue().decode()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="nothing"),
        pytest.param(["--pool", POOL, "--from-native", "shop"], id="both"),
        pytest.param(["--pool", POOL, "--output-dir", "steps"], id="a-folder-for-a-pool"),
        pytest.param(["--pool", POOL, "--region", "us-east-1"], id="a-region-for-a-pool"),
        pytest.param(["--from-native", "shop", "--prefix", "web"], id="a-prefix-for-a-stack"),
        pytest.param(["--from-native", "shop", "--output", "steps.yaml"], id="a-file-for-a-stack"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_nothing_is_ever_written_to_cognito(world: World, every_kind: Mapping[str, str], written: Written) -> None:
    before = shown(world)
    heard: list[str] = []
    world.fake.on_call = lambda operation, _params: heard.append(operation)
    written()

    assert every_kind.keys() > CLIENTS.keys()
    assert set(heard) == {LIST, DESCRIBE, GET_SESSION}
    assert UPDATE not in heard
    assert shown(world) == before
