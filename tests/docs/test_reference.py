"""The generated parts of docs/reference say what the code does, and their examples are accepted."""

from __future__ import annotations

import html
import re
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from tools.generate import diagrams, examples, reference
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.attributes import KEPT, attributes
from user_pool_client.domain.parsing import parse
from user_pool_client.domain.plan import Create, NoChange, Plan, Update, decide
from user_pool_client.domain.properties import SETTINGS
from user_pool_client.domain.rules import secret_at_creation
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.domain.validation import parse_and_validate, validate_request

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


def generated(name: str) -> str:
    """Read what stands between two markers from its page."""
    (page,) = (page for page, tables in reference.TABLES.items() if name in tables)
    return PAGES[page].partition(f"<!-- {name}:begin -->\n")[2].partition(f"\n<!-- {name}:end -->")[0]


def rows(table: str) -> list[list[str]]:
    """Read a table's rows from its page."""
    return [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in generated(table).splitlines()[2:]]


def sections(name: str) -> dict[str, str]:
    """Read sections from their page, by their headings."""
    return dict(part.split("\n\n", 1) for part in re.split(r"^### ", generated(name), flags=re.MULTILINE)[1:])


class Described(NamedTuple):
    """What the section of a property says."""

    about: str
    takes: str
    default: str
    change: str
    removal: str
    example: str


def described(name: str) -> dict[str, Described]:
    """Read the sections of properties from their page."""
    pattern = re.compile(
        r"(.+)\n\n- \*\*Takes:\*\* (.+)\n- \*\*Default:\*\* (.+)\n- \*\*When it changes:\*\* (.+)\n"
        r"- \*\*When it is removed:\*\* (.+)\n\n```yaml\n((?:.+\n)+)```\s*"
    )
    found = {property_name: pattern.fullmatch(text) for property_name, text in sections(name).items()}
    return {property_name: Described(*match.groups()) for property_name, match in found.items() if match}


PROPERTIES = described("properties")
PROVIDER_PROPERTIES = described("provider-properties")

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


def test_the_diagrams_are_up_to_date() -> None:
    drawn = diagrams.diagrams()
    assert {path.name: path.read_text() for path in diagrams.DIAGRAMS.glob("*.svg")} == {
        path.name: svg for path, svg in drawn.items()
    }, "run make reference"


def test_a_diagram_is_shown_on_a_page_and_has_a_text_for_those_who_do_not_see_it() -> None:
    pages = [path.read_text() for path in reference.PAGES.parent.rglob("*.md")]
    shown = [
        image for page in pages for image in re.findall(r"^!\[(.{40,})\]\(.*diagrams/(\w+\.svg)\)$", page, re.MULTILINE)
    ]
    assert sorted(name for _, name in shown) == sorted(path.name for path in diagrams.DIAGRAMS.glob("*.svg"))


def test_a_diagram_names_only_modules_that_exist() -> None:
    flow = tomllib.loads((diagrams.DIAGRAMS / "flow.toml").read_text())
    named = {word.strip(",") for step in flow["steps"] for word in f"{step.get('where')} {step.get('aside')}".split()}
    package = reference.ROOT / "src" / "user_pool_client"
    modules = {name for name in named if name.endswith(".py")}
    assert len(modules) > 10
    assert [
        name for name in modules if not (package / name).exists() and not (package / "operations" / name).exists()
    ] == []


def test_every_text_of_a_diagram_is_within_its_width() -> None:
    for svg in diagrams.diagrams().values():
        texts = re.findall(r'<text(?: class="([\w ]+)")? x="([\d.]+)" y="[\d.]+">([^<]+)<', svg)
        assert len(texts) >= 20
        for kind, left, text in texts:
            size = diagrams.SMALL if kind in ("small", "name") else 1
            assert float(left) + len(html.unescape(text)) * diagrams.CHARACTER * size <= diagrams.WIDTH, text


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


def test_every_property_has_a_section_with_everything() -> None:
    assert sorted([*PROPERTIES, *PROVIDER_PROPERTIES]) == sorted(SETTINGS)


# What a template would refer to, by the logical ID in the examples.
DOCUMENTED_POOL = "eu-west-1_AbCdEfGhI"
REFERENCES = {
    "UserPool": DOCUMENTED_POOL,
    "OwnSecret": "canary0client0secret0one",
    "WebCredentials": "user-pool-client/web",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_example_of_a_property_is_accepted(name: str) -> None:
    text = {**PROPERTIES, **PROVIDER_PROPERTIES}[name].example
    example = yaml.load(text, Loader=reference.CloudFormationLoader)  # noqa: S506 - a SafeLoader
    assert name in example
    given = {key: REFERENCES.get(value, value) if isinstance(value, str) else value for key, value in example.items()}

    desired = parse_and_validate({"UserPoolId": DOCUMENTED_POOL, **given}, is_create=True)

    assert given.keys() <= desired.keys()
    validate_request(desired, desired, has_secret=secret_at_creation(desired))


def test_every_attribute_has_a_section_or_a_row_with_an_example() -> None:
    bare = attributes(AppClient(POOL, "client", {}, Sensitive("a0secret0of0its0own000000"), secret_arn="arn"))
    parts = sections("described-attributes")
    cells = {row[0].partition("`")[2].partition("`")[0]: row[2] for row in rows("setting-attributes")}
    assert sorted([*parts, *cells]) == sorted({*bare, *KEPT})
    shown = examples.attribute_examples()
    for name, text in parts.items():
        assert text.rstrip().endswith(f"\n\nExample: `{shown[name]}`")
    assert cells == {name: f"`{shown[name]}`" if shown[name] else "empty" for name in cells}


def test_a_link_from_an_attribute_leads_to_its_property() -> None:
    for row in rows("setting-attributes"):
        name, anchor = re.findall(r"\[`(\w+)[^`]*`\]\(properties\.md#(\w+)\)", row[0])[0]
        assert name in PROPERTIES
        assert anchor == name.lower()


@pytest.mark.parametrize("name", DECIDED)
def test_a_change_does_what_the_section_says(name: str) -> None:
    says = PROPERTIES[name].change

    plan = decided(name, {name: VALUES[name][1]})

    assert isinstance(plan, Update if says == "updated in place" else Create)


@pytest.mark.parametrize("name", DECIDED)
def test_a_removal_does_what_the_section_says(name: str) -> None:
    says = PROPERTIES[name].removal

    plan = decided(name, {})

    if says == "nothing":
        assert isinstance(plan, NoChange)
        return
    assert isinstance(plan, Update)
    left = plan.settings.get(name)
    match says:
        case "reset to the generated name":
            assert left == NAME_MADE_UP
        case _:
            assert says.startswith("reset to the default")
            units = plan.settings.get("TokenValidityUnits", {})
            assert left in (SETTINGS[name].default, None) or (name == "TokenValidityUnits" and left == units)
            assert all(SETTINGS["TokenValidityUnits"].default[token] == unit for token, unit in units.items())


def test_flows_that_leave_the_template_spare_the_one_that_rotation_excludes() -> None:
    flows = {"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}
    client = AppClient(POOL, "client", {"ClientName": NAME_MADE_UP, **ROTATING, **flows})
    ours = {"UserPoolId": POOL}

    plan = decide(desired=ours, applied=ours | flows, observed=client, generated_name=NAME_MADE_UP)

    assert "without `ALLOW_REFRESH_TOKEN_AUTH`" in PROPERTIES["ExplicitAuthFlows"].removal
    assert isinstance(plan, Update)
    assert plan.settings["ExplicitAuthFlows"] == ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH"]


def test_a_template_without_a_pool_is_refused() -> None:
    assert PROPERTIES["UserPoolId"].removal == "not allowed: the property is required"
    assert parse({})[1]


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        pytest.param(name, int(found[1]), int(found[2]), id=name)
        for name, says in PROPERTIES.items()
        if (found := re.fullmatch(r"a whole number, (\d+) to (\d+)", says.takes))
    ],
)
def test_numbers_have_the_limits_that_the_section_says(name: str, least: int, most: int) -> None:
    for number in (least, most):
        assert parse({"UserPoolId": POOL, name: str(number)}) == ({"UserPoolId": POOL, name: number}, [])
    for number in (least - 1, most + 1):
        assert parse({"UserPoolId": POOL, name: str(number)})[1]


@pytest.mark.parametrize(
    ("name", "most"),
    [
        pytest.param(name, int(found[1]), id=name)
        for name, says in PROPERTIES.items()
        if (found := re.match(r"a list of at most (\d+);", says.takes))
    ],
)
def test_lists_have_the_length_that_the_section_says(name: str, most: int) -> None:
    items = ["code", "implicit", "client_credentials"] if most == 3 else [f"item:{number}" for number in range(most)]

    assert parse({"UserPoolId": POOL, name: items})[1] == []
    assert parse({"UserPoolId": POOL, name: [*items, "item:one-more"]})[1]


def test_check_tells_a_stale_file_and_leaves_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for page, text in PAGES.items():
        (tmp_path / page).write_text(text.replace("### ClientId\n", "### ClientID\n"))
    monkeypatch.setattr(reference, "PAGES", tmp_path)

    assert reference.main(["--check"]) == 1
    assert capsys.readouterr().err == "attributes.md is not up to date: run make reference.\n"
    assert reference.main([]) == 0
    assert {page: (tmp_path / page).read_text() for page in PAGES} == PAGES
    assert reference.main(["--check"]) == 0


def test_a_missing_marker_is_told() -> None:
    with pytest.raises(ValueError, match="<!-- errors:begin -->"):
        reference.refreshed(PAGES["errors.md"].replace("<!-- errors:begin -->", ""), reference.TABLES["errors.md"])
