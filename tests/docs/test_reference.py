"""The tables in docs/reference say what the code does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tools.generate import reference
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.attributes import KEPT, attributes
from user_pool_client.domain.parsing import parse
from user_pool_client.domain.plan import Create, NoChange, Plan, Update, decide
from user_pool_client.domain.properties import SETTINGS
from user_pool_client.domain.sensitive import Sensitive

if TYPE_CHECKING:
    from pathlib import Path

PAGES = {page: (reference.PAGES / page).read_text() for page in reference.TABLES}
POOL = "us-east-1_Abc123xyz"
NAME_MADE_UP = "shop-WebClient-0123456789ab"
ROTATING = {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10}}

# Two values of each setting, neither of them the default.
VALUES: dict[str, tuple[Any, Any]] = {
    "ClientName": ("web", "shop"),
    "GenerateSecret": (True, False),
    "ClientSecret": (Sensitive("canary0client0secret0one"), Sensitive("canary0client0secret0two")),
    "PublishSecretsInAWSSecretsManager": (True, False),
    "AccessTokenValidity": (2, 3),
    "IdTokenValidity": (2, 3),
    "RefreshTokenValidity": (5, 6),
    "TokenValidityUnits": ({"RefreshToken": "hours"}, {"RefreshToken": "minutes"}),
    "ReadAttributes": (["email"], ["name"]),
    "WriteAttributes": (["email"], ["name"]),
    "ExplicitAuthFlows": (["ALLOW_USER_AUTH"], ["ALLOW_CUSTOM_AUTH"]),
    "SupportedIdentityProviders": (["COGNITO"], ["Google"]),
    "CallbackURLs": (["https://a.example.com"], ["https://b.example.com"]),
    "LogoutURLs": (["https://a.example.com"], ["https://b.example.com"]),
    "DefaultRedirectURI": ("https://a.example.com", "https://b.example.com"),
    "AllowedOAuthFlows": (["code"], ["implicit"]),
    "AllowedOAuthScopes": (["openid"], ["email"]),
    "AllowedOAuthFlowsUserPoolClient": (True, False),
    "AnalyticsConfiguration": (
        {"ApplicationArn": "arn:aws:mobiletargeting:us-east-1:123456789012:apps/1"},
        {"ApplicationArn": "arn:aws:mobiletargeting:us-east-1:123456789012:apps/2"},
    ),
    "PreventUserExistenceErrors": ("ENABLED", "LEGACY"),
    "EnableTokenRevocation": (False, True),
    "EnablePropagateAdditionalUserContextData": (True, False),
    "AuthSessionValidity": (4, 5),
    "RefreshTokenRotation": ({"Feature": "ENABLED", "RetryGracePeriodSeconds": 10}, {"Feature": "DISABLED"}),
}


def rows(table: str) -> list[list[str]]:
    """Read a table's rows from its page."""
    (page,) = (page for page, tables in reference.TABLES.items() if table in tables)
    body = PAGES[page].partition(f"<!-- {table}:begin -->\n")[2].partition(f"\n<!-- {table}:end -->")[0]
    return [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in body.splitlines()[2:]]


PROPERTIES = {cells[0].strip("`"): cells for cells in rows("properties")}
PROVIDER_PROPERTIES = {cells[0].strip("`"): cells for cells in rows("provider-properties")}

# The others are no concern of plan.py's: tests/docs/test_statements.py holds them to what the function does.
DECIDED = [name for name, setting in SETTINGS.items() if setting.target == "client" and name != "UserPoolId"]


def decided(name: str, now: dict[str, Any]) -> Plan:
    """Decide about an update whose template had one setting before, on the client that came of it."""
    before = VALUES[name][0]
    own = before if name == "ClientSecret" else None
    secret = own or (Sensitive("made0by0cognito0000000000") if name == "GenerateSecret" else None)
    settings = {} if name in ("GenerateSecret", "ClientSecret") else {name: before}
    client = AppClient(POOL, "client", {"ClientName": NAME_MADE_UP, **settings}, secret, has_secret=secret is not None)
    ours = {"UserPoolId": POOL}
    return decide(desired=ours | now, applied=ours | {name: before}, observed=client, generated_name=NAME_MADE_UP)


def test_the_tables_are_up_to_date() -> None:
    assert [page for page, (present, wanted) in reference.pages().items() if present != wanted] == [], (
        "run make reference"
    )


def test_every_marker_is_that_of_a_table() -> None:
    for path in reference.PAGES.parents[1].rglob("*.md"):
        if not any(part.startswith(".") or part in ("build", "node_modules") for part in path.parts):
            marked = re.findall(r"^<!-- (\S+):begin -->$", path.read_text(), re.MULTILINE)
            known = reference.TABLES.get(path.name, {}) if path.parent == reference.PAGES else {}
            assert marked == list(known), path


def test_permissions_are_told_for_every_role() -> None:
    template = reference.TEMPLATE.read_text()
    roles = re.findall(r"^  (\w+):\n    Type: AWS::IAM::Role$", template, re.MULTILINE)
    told = {"Role": rows("role"), "RotationRole": rows("rotation-role"), "DriftRole": rows("drift-role")}
    assert list(told) == roles
    assert told["Role"][0][1:] == ["the user pools of `UserPoolArns`", "always"]
    for name, table in told.items():
        resources = re.split(r"\n\n(?=  (?:# .*\n  )*\w+:\n)", template)
        own = [one for one in resources if f"\n  {name}:\n" in f"\n{one}" or f"Roles: [!Ref {name}]" in one]
        body = "\n".join(own)
        services = "cognito-idp|cloudformation|dynamodb|ec2|events|kms|logs|secretsmanager|sqs|xray"
        operation = rf"(?<!')\b(?:{services}):(?:[A-Z]\w+\b(?!:)|\*(?=\n))"  # what a colon follows is a condition's key
        allowed = re.findall(operation, body)
        told_of = [operation for cells in table for operation in re.findall(r"`([^`]+)`", cells[0])]
        assert sorted(told_of) == sorted([*allowed, "sts:AssumeRole"])


def test_every_property_has_a_row() -> None:
    assert sorted([*PROPERTIES, *PROVIDER_PROPERTIES]) == sorted(SETTINGS)


def test_every_attribute_has_a_row() -> None:
    bare = attributes(AppClient(POOL, "client", {}, Sensitive("a0secret0of0its0own000000"), secret_arn="arn"))
    documented = [cells[0].strip("`") for cells in rows("described-attributes") + rows("setting-attributes")]
    assert sorted(documented) == sorted({*bare, *KEPT})


@pytest.mark.parametrize("name", DECIDED)
def test_a_change_does_what_the_table_says(name: str) -> None:
    says = PROPERTIES[name][4]

    plan = decided(name, {name: VALUES[name][1]})

    assert isinstance(plan, Update if says == "in place" else Create)


@pytest.mark.parametrize("name", DECIDED)
def test_leaving_the_template_does_what_the_table_says(name: str) -> None:
    says = PROPERTIES[name][5]

    plan = decided(name, {})

    if says == "nothing":
        assert isinstance(plan, NoChange)
        return
    assert isinstance(plan, Update)
    left = plan.settings.get(name)
    match says:
        case "the name made up for it":
            assert left == NAME_MADE_UP
        case _:
            assert says.startswith(("default", "the default"))
            units = plan.settings.get("TokenValidityUnits", {})
            assert left in (SETTINGS[name].default, None) or (name == "TokenValidityUnits" and left == units)
            assert all(SETTINGS["TokenValidityUnits"].default[token] == unit for token, unit in units.items())


def test_flows_that_leave_the_template_spare_the_one_that_rotation_excludes() -> None:
    flows = {"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}
    client = AppClient(POOL, "client", {"ClientName": NAME_MADE_UP, **ROTATING, **flows})
    ours = {"UserPoolId": POOL}

    plan = decide(desired=ours, applied=ours | flows, observed=client, generated_name=NAME_MADE_UP)

    assert "without `ALLOW_REFRESH_TOKEN_AUTH`" in PROPERTIES["ExplicitAuthFlows"][5]
    assert isinstance(plan, Update)
    assert plan.settings["ExplicitAuthFlows"] == ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH"]


def test_a_template_without_a_pool_is_refused() -> None:
    assert PROPERTIES["UserPoolId"][5] == "required"
    assert parse({})[1]


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        pytest.param(name, int(found[1]), int(found[2]), id=name)
        for name, cells in PROPERTIES.items()
        if (found := re.fullmatch(r"a whole number, (\d+) to (\d+)", cells[2]))
    ],
)
def test_numbers_have_the_limits_that_the_table_says(name: str, least: int, most: int) -> None:
    for number in (least, most):
        assert parse({"UserPoolId": POOL, name: str(number)}) == ({"UserPoolId": POOL, name: number}, [])
    for number in (least - 1, most + 1):
        assert parse({"UserPoolId": POOL, name: str(number)})[1]


@pytest.mark.parametrize(
    ("name", "most"),
    [
        pytest.param(name, int(found[1]), id=name)
        for name, cells in PROPERTIES.items()
        if (found := re.match(r"a list of at most (\d+);", cells[2]))
    ],
)
def test_lists_have_the_length_that_the_table_says(name: str, most: int) -> None:
    items = ["code", "implicit", "client_credentials"] if most == 3 else [f"item:{number}" for number in range(most)]

    assert parse({"UserPoolId": POOL, name: items})[1] == []
    assert parse({"UserPoolId": POOL, name: [*items, "item:one-more"]})[1]


def test_check_tells_a_stale_file_and_leaves_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for page, text in PAGES.items():
        (tmp_path / page).write_text(text.replace("| `ClientId` | The client id", "| `ClientID` | The client id"))
    monkeypatch.setattr(reference, "PAGES", tmp_path)

    assert reference.main(["--check"]) == 1
    assert capsys.readouterr().err == "attributes.md does not say what the code does: run make reference.\n"
    assert reference.main([]) == 0
    assert {page: (tmp_path / page).read_text() for page in PAGES} == PAGES
    assert reference.main(["--check"]) == 0


def test_a_missing_marker_is_told() -> None:
    with pytest.raises(ValueError, match="<!-- errors:begin -->"):
        reference.refreshed(PAGES["errors.md"].replace("<!-- errors:begin -->", ""), reference.TABLES["errors.md"])
