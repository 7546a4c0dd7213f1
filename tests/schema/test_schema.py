"""The schemas say what the code does, in the form of CloudFormation's registry."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from cfnlint.data.schemas.other import draft7
from cfnlint.jsonschema import StandardValidator
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from schema.cfn_lint_rules import attributes
from tools.generate import reference, registry_schema
from user_pool_client.domain.attributes import CONTRIBUTED, DESCRIBED, KEPT, LOOKED_UP, setting_paths
from user_pool_client.domain.parsing import parse
from user_pool_client.domain.properties import (
    CONTRIBUTABLE,
    SETTINGS,
    ClientProperties,
    ListProperties,
    LookupProperties,
    UrlsProperties,
)
from user_pool_client.domain.rules import LOOKUP_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMAS: dict[str, Mapping[str, Any]] = {
    schema["typeName"]: schema for schema in (json.loads(text) for text in registry_schema.files().values())
}
CLIENT, LOOKUP, LIST = "Custom::UserPoolClient", "Custom::UserPoolClientLookup", "Custom::UserPoolClientList"
URLS = "Custom::UserPoolClientUrls"
TEMPLATES: dict[str, Any] = {
    CLIENT: ClientProperties,
    URLS: UrlsProperties,
    LOOKUP: LookupProperties,
    LIST: ListProperties,
}
NEEDED = {"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:f", "UserPoolId": "us-east-1_Abc123xyz"}
AS_NEEDED: dict[str, dict[str, Any]] = {
    CLIENT: NEEDED,
    URLS: {**NEEDED, "ClientId": "3n4b5", "CallbackURLs": ["https://a.example.com"]},
    LOOKUP: {**NEEDED, "ClientName": "web"},
    LIST: NEEDED,
}

# What a resource type's schema may hold, and must hold, after CloudFormation's provider.definition.schema.v1.json.
MUST = {"typeName", "description", "properties", "additionalProperties", "primaryIdentifier"}
POINTERS = {"readOnlyProperties", "writeOnlyProperties", "createOnlyProperties", "primaryIdentifier"}
MAY = MUST | POINTERS | {"definitions", "required", "oneOf", "anyOf", "dependencies"}

ROLE = "arn:aws:iam::123456789012:role/r"

EVERY_TYPE = pytest.mark.parametrize("kind", SCHEMAS)
EVERY_PROPERTY = pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, template in TEMPLATES.items() for name in template.__annotations__]
)


def accepts(kind: str, properties: Mapping[str, Any]) -> bool:
    return bool(StandardValidator(SCHEMAS[kind]).is_valid({**AS_NEEDED[kind], **properties}))


def resolved(kind: str, described: Mapping[str, Any]) -> Mapping[str, Any]:
    definition: Mapping[str, Any] = SCHEMAS[kind]["definitions"].get(
        described.get("$ref", "").split("/")[-1], described
    )
    return definition


def test_the_files_are_those_that_would_be_written() -> None:
    folder = {path.name: path.read_text() for path in registry_schema.FOLDER.glob("*.json")}
    assert folder == registry_schema.files()


def test_check_tells_a_stale_file_and_leaves_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(registry_schema, "FOLDER", tmp_path)
    stale = tmp_path / "custom-userpoolclient.json"
    stale.write_text("{}")

    assert registry_schema.main(["--check"]) == 1
    assert (stale.read_text(), "make schema" in capsys.readouterr().err) == ("{}", True)
    assert registry_schema.main([]) == 0
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == registry_schema.files()
    assert registry_schema.main(["--check"]) == 0


@EVERY_TYPE
def test_a_schema_is_a_json_schema(kind: str) -> None:
    draft = json.loads(files(draft7).joinpath("schema.json").read_text())
    assert [error.message for error in StandardValidator(draft).iter_errors(SCHEMAS[kind])] == []


@EVERY_TYPE
def test_a_schema_has_the_form_of_the_registry(kind: str) -> None:
    schema = SCHEMAS[kind]
    assert schema.keys() >= MUST
    assert schema.keys() <= MAY
    assert schema["additionalProperties"] is False
    assert all(re.fullmatch(r"[A-Za-z0-9]{1,64}", name) for name in schema["properties"])
    assert all(definition["additionalProperties"] is False for definition in schema["definitions"].values())
    assert set(schema["required"]) <= schema["properties"].keys()


@EVERY_TYPE
def test_every_pointer_leads_to_a_property(kind: str) -> None:
    for pointer in (pointer for key in POINTERS for pointer in SCHEMAS[kind].get(key, ())):
        _, root, name, *member = pointer.split("/")
        assert root == "properties"
        described = resolved(kind, SCHEMAS[kind]["properties"][name])
        assert set(member) <= described.get("properties", {}).keys()


@EVERY_TYPE
def test_every_property_and_attribute_says_what_it_is(kind: str) -> None:
    assert all(described["description"] for described in SCHEMAS[kind]["properties"].values())


@EVERY_TYPE
def test_what_can_be_set_is_what_the_code_reads(kind: str) -> None:
    schema = SCHEMAS[kind]
    read_only = {pointer.split("/")[2] for pointer in schema["readOnlyProperties"]}
    can_be_set = schema["properties"].keys() - read_only - {"ServiceToken", "ServiceTimeout"}
    assert can_be_set == TEMPLATES[kind].__annotations__.keys()


@pytest.mark.parametrize(
    ("kind", "offered"),
    [
        (CLIENT, {*DESCRIBED, *KEPT, *setting_paths()}),
        (URLS, {*CONTRIBUTED}),
        (LOOKUP, {*DESCRIBED, *setting_paths(), *LOOKED_UP}),
        (LIST, {*reference.LISTED}),
    ],
)
def test_attributes_are_those_that_the_code_offers(kind: str, offered: set[str]) -> None:
    assert set(attributes(SCHEMAS[kind])) == offered


def test_what_replaces_cannot_be_updated() -> None:
    replacing = {f"/properties/{name}" for name, setting in SETTINGS.items() if setting.update == "replaces"}
    assert set(SCHEMAS[CLIENT]["createOnlyProperties"]) == replacing


# Of maps with more than one required member.
VALID = {"PolicyName": "agents", "URLPatterns": ["https://agents.example.com/*"]}


def values(kind: str, described: Mapping[str, Any]) -> list[Any]:
    """Return values at the limits of a property, and beyond them."""
    schema = resolved(kind, described)
    match schema["type"]:
        case "boolean":
            return [True, False, "maybe", [], {}]
        case "integer":
            least, most = schema["minimum"], schema["maximum"]
            return [least, most, least - 1, most + 1, "many", [], {}]
        case "array":
            items = values(kind, schema["items"])
            most = schema.get("maxItems", 200)
            many = [f"https://example.com/{number}" for number in range(most + 1)]
            return [[], many[:most], many, "text", {}, *([item] for item in items)]
        case "object":
            members = schema["properties"].items()
            others = {name: VALID[name] for name in schema.get("required", ()) if name in VALID}
            one_by_one = [{**others, name: value} for name, member in members for value in values(kind, member)]
            return [{}, {"Unheard": "of"}, "text", [], *one_by_one]
    least, most = schema.get("minLength", 0), schema.get("maxLength", 40)
    lengths = ["a" * length for length in (least - 1, least, most, most + 1)]
    return [
        *lengths,
        *schema.get("enum", ()),
        "ü",
        "a b",
        'a"',
        "us-east-1_Ab",
        "us-east-1_Ab/3n4",
        ROLE,
        "ALLOW_NEW",
        [],
    ]


@EVERY_PROPERTY
def test_a_schema_takes_what_the_code_takes(kind: str, name: str) -> None:
    others = {key: value for key, value in AS_NEEDED[kind].items() if not (key == "ClientName" and name in LOOKUP_KEYS)}
    given = {True: 0, False: 0}
    for value in values(kind, SCHEMAS[kind]["properties"][name]):
        properties = {**others, "RoleArn": ROLE, name: value}
        taken = not parse(properties, TEMPLATES[kind])[1]
        assert StandardValidator(SCHEMAS[kind]).is_valid(properties) == taken, value
        given[taken] += 1
    assert all(given.values())


def test_a_look_up_knows_its_client_in_exactly_one_way() -> None:
    assert accepts(LOOKUP, {})
    assert not accepts(LOOKUP, {"ClientId": "3n4b5"})
    assert not StandardValidator(SCHEMAS[LOOKUP]).is_valid(NEEDED)


@pytest.mark.parametrize("name", CONTRIBUTABLE)
def test_a_contribution_needs_a_client_and_something_to_contribute(name: str) -> None:
    needed = {**NEEDED, "ClientId": "3n4b5"}

    assert StandardValidator(SCHEMAS[URLS]).is_valid({**needed, name: ["https://a.example.com"]})
    assert not StandardValidator(SCHEMAS[URLS]).is_valid(needed)
    assert not StandardValidator(SCHEMAS[URLS]).is_valid({**NEEDED, name: []})


@EVERY_TYPE
def test_an_external_id_needs_a_role(kind: str) -> None:
    assert not accepts(kind, {"ExternalId": "shared"})
    assert accepts(kind, {"ExternalId": "shared", "RoleArn": ROLE})


def test_the_native_resources_properties_have_the_same_types_here() -> None:
    native = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::Cognito::UserPoolClient").schema
    ours = SCHEMAS[CLIENT]["properties"]
    for name, described in native["properties"].items():
        assert ours[name].get("$ref") == described.get("$ref")
        assert ours[name].get("type") == described.get("type")
