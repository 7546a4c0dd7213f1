"""Write schema/: what each resource type takes and offers, as JSON Schema in the form of CloudFormation's registry."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from tools.generate.reference import LISTED, ROOT
from user_pool_client.domain.attributes import CONTRIBUTED, DESCRIBED, KEPT, LOOKED_UP, setting_paths
from user_pool_client.domain.properties import (
    CONTRIBUTABLE,
    SETTINGS,
    ClientProperties,
    ListProperties,
    LookupProperties,
    UrlsProperties,
    settings_of,
)
from user_pool_client.domain.rules import LOOKUP_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FOLDER = ROOT / "schema"

# What CloudFormation itself takes among the properties of every custom resource.
_OF_EVERY_RESOURCE: Mapping[str, Any] = {
    "ServiceToken": {"type": "string", "description": "The ARN of the function, as its stack exports it."},
    "ServiceTimeout": {
        "type": "integer",
        "minimum": 1,
        "maximum": 3600,
        "description": "How many seconds CloudFormation waits for an answer.",
    },
}


def main(arguments: Sequence[str]) -> int:
    """Write the schemas, or only tell whether they are up to date; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate.registry_schema", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if there is something to write")
    check = parser.parse_args(arguments).check
    for name, text in files().items():
        path = FOLDER / name
        if path.exists() and path.read_text() == text:
            continue
        if check:
            print(f"{path.name} does not say what the code does: run make schema.", file=sys.stderr)
            return 1
        path.write_text(text)
    return 0


def files() -> dict[str, str]:
    """Return the text of every schema by the name of its file."""
    return {
        f"{schema['typeName'].lower().replace('::', '-')}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for schema in (client(), urls(), lookup(), listing())
    }


def client() -> dict[str, Any]:
    """Return the schema of Custom::UserPoolClient."""
    schema = _schema(ClientProperties, {**DESCRIBED, **KEPT})
    for name, setting in SETTINGS.items():
        # What is left out of an update gets a default that only Cognito knows.
        if setting.default is not None and setting.reset == "explicit":
            schema["properties"][name]["default"] = setting.default
    return {
        "typeName": "Custom::UserPoolClient",
        "description": "An app client of an Amazon Cognito user pool.",
        **schema,
        "dependencies": {"ExternalId": ["RoleArn"]},
        "createOnlyProperties": _pointers(name for name, one in SETTINGS.items() if one.update == "replaces"),
        "primaryIdentifier": _pointers(["ClientId"]),
    }


def urls() -> dict[str, Any]:
    """Return the schema of Custom::UserPoolClientUrls."""
    return {
        "typeName": "Custom::UserPoolClientUrls",
        "description": "URLs, scopes and identity providers that are added to an app client that others own.",
        **_schema(UrlsProperties, CONTRIBUTED),
        "anyOf": [{"required": [name]} for name in CONTRIBUTABLE],
        "dependencies": {"ExternalId": ["RoleArn"]},
        "createOnlyProperties": _pointers(["UserPoolId", "ClientId"]),
        "primaryIdentifier": _pointers(["UserPoolId", "ClientId"]),
    }


def lookup() -> dict[str, Any]:
    """Return the schema of Custom::UserPoolClientLookup."""
    shown = {path: SETTINGS[path.partition(".")[0]].about for path in setting_paths()}
    schema = _schema(LookupProperties, {**shown, **DESCRIBED, **LOOKED_UP})
    return {
        "typeName": "Custom::UserPoolClientLookup",
        "description": "An app client that others own, looked up and not changed.",
        **schema,
        "oneOf": [{"required": [key]} for key in LOOKUP_KEYS],
        "dependencies": {"ExternalId": ["RoleArn"]},
        "primaryIdentifier": _pointers(["ClientId"]),
    }


def listing() -> dict[str, Any]:
    """Return the schema of Custom::UserPoolClientList."""
    return {
        "typeName": "Custom::UserPoolClientList",
        "description": "The ids and names of a user pool's app clients, looked up and not changed.",
        **_schema(ListProperties, LISTED),
        "dependencies": {"ExternalId": ["RoleArn"]},
        "primaryIdentifier": _pointers(["UserPoolId"]),
    }


def _schema(template: Any, attributes: Mapping[str, str]) -> dict[str, Any]:
    """Return what a type takes, which of it is no attribute, and which attributes are no property.

    A property that is not write-only is an attribute as well; the members of a map are attributes one by one.
    """
    definitions = _definitions(template)
    taken = definitions.pop(template.__name__)
    settings = settings_of(template)
    properties = {name: _about(taken["properties"][name], setting.about) for name, setting in settings.items()}
    offered = {path: about for path, about in attributes.items() if path.partition(".")[0] not in properties}
    for path, about in offered.items():
        name, _, member = path.partition(".")
        shown = {"type": "string", "description": about}
        if member:
            empty = {"type": "object", "description": about, "additionalProperties": False, "properties": {}}
            whole: dict[str, Any] = properties.setdefault(name, empty)
            whole["properties"][member] = shown
        else:
            properties[name] = shown
    hidden = [name for name in settings if name not in _from_describe(attributes)]
    return {
        "additionalProperties": False,
        "definitions": definitions,
        "properties": {**_OF_EVERY_RESOURCE, **properties},
        "required": ["ServiceToken", *taken["required"]],
        "readOnlyProperties": _pointers(offered),
        "writeOnlyProperties": _pointers([*_OF_EVERY_RESOURCE, *hidden]),
    }


def _from_describe(attributes: Mapping[str, str]) -> set[str]:
    """Return the properties that attributes show; settings are attributes whatever else there is."""
    return {path.partition(".")[0] for path in (*attributes, *(() if attributes is LISTED else setting_paths()))}


def _definitions(template: Any) -> dict[str, Any]:
    _, definitions = msgspec.json.schema_components([template], ref_template="#/definitions/{name}")
    for definition in definitions.values():
        definition["additionalProperties"] = False
        if not definition["required"]:
            del definition["required"]
    adapted: dict[str, Any] = _adapted(definitions)
    return adapted


def _adapted(found: Any) -> Any:
    """Say in JSON Schema what msgspec leaves to Python: an enumeration is of strings, and a pattern ends with $."""
    if isinstance(found, list):
        return [_adapted(one) for one in found]
    if not isinstance(found, dict):
        return found
    adapted = {name: _adapted(one) for name, one in found.items() if name != "title" or not isinstance(one, str)}
    if "enum" in adapted:
        adapted = {"type": "string", **adapted}
    if adapted.get("type") == "array":
        adapted["insertionOrder"] = False
    if isinstance(adapted.get("pattern"), str):
        adapted["pattern"] = adapted["pattern"].removesuffix(r"\Z") + "$"
    return adapted


def _about(schema: dict[str, Any], about: str) -> dict[str, Any]:
    """Return a property's schema with what it is, and what it takes if the limits do not say it."""
    takes = schema.get("description")
    return {**schema, "description": f"{about} It takes {takes}." if takes else about}


def _pointers(paths: Iterable[str]) -> list[str]:
    return [f"/properties/{path.replace('.', '/')}" for path in paths]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
