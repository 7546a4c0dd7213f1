"""A user's template made fit for the local AWS: without what that does not know, and with its own provider."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.intrinsics import Scope, UnknownValue, references

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CLIENT = "Custom::UserPoolClient"
OURS = frozenset({CLIENT, "Custom::UserPoolClientUrls", "Custom::UserPoolClientLookup", "Custom::UserPoolClientList"})

# The provider's function asks Cognito for them with operations that the local AWS does not have.
UNKNOWN_PROPERTIES = ("SSOSession", "CIMDPolicy")

_KEPT_IN = "AWS::SecretsManager::Secret"

# Without one of these there is no use in what is left of a resource.
_NEEDED = frozenset({"UserPoolId", "ServiceToken"})

# What the local AWS leaves as it is in a condition, and so takes for true or for different.
_NOT_EVALUATED = ("Fn::Join", "Fn::Split", "Fn::Sub", "Fn::FindInMap", "Fn::ImportValue", "Fn::If")

_UNRECOGNIZED = re.compile(r"Unrecognized resource types: \[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that the local AWS will not see, and why."""

    what: str
    why: str


def resources(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the resources by logical id; a Fn::ForEach among them is none."""
    found = (template.get("Resources") or {}).items()
    return {str(name): resource for name, resource in found if isinstance(resource, dict)}


def ours(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the resources that the provider answers for."""
    return {name: resource for name, resource in resources(template).items() if resource.get("Type") in OURS}


def secrets_by_name(template: Mapping[str, Any]) -> bool:
    """Tell whether anything but our resources, which take both, gets what Ref makes of a secret."""
    known = resources(template)
    others = [resource.get("Properties") for resource in known.values() if resource.get("Type") not in OURS]
    return any(known[name].get("Type") == _KEPT_IN for name in references(others) if name in known)


def unrecognized(message: str) -> set[str]:
    """Return the types that an error of the local AWS complains of."""
    found = _UNRECOGNIZED.search(message)
    return {name.strip() for name in found[1].split(",")} if found else set()


def not_known(template: Mapping[str, Any], types: set[str]) -> list[LeftOut]:
    """Return what of the template the local AWS does not know, given the types that it complains of."""
    found = [
        LeftOut(name, str(resource["Type"]))
        for name, resource in resources(template).items()
        if resource.get("Type") in types
    ]
    for name, resource in ours(template).items():
        found += [
            LeftOut(f"{name}.{setting}", "a setting that is kept apart from the client")
            for setting in UNKNOWN_PROPERTIES
            if setting in (resource.get("Properties") or {})
        ]
    return found


def without(template: Mapping[str, Any], unknown: Iterable[LeftOut]) -> tuple[dict[str, Any], list[LeftOut]]:
    """Leave things out, and what refers to them; return the rest, and what else is missing from it.

    Of a resource of Cognito's or of ours only the property goes that refers to something left out, as long as the rest
    makes sense. Of any other type the whole resource goes.
    """
    rest = copy.deepcopy(dict(template))
    gone: set[str] = set()
    for one in unknown:
        name, _, setting = one.what.partition(".")
        if setting:
            del rest["Resources"][name]["Properties"][setting]
        else:
            del rest["Resources"][name]
            gone.add(name)
    followers: list[LeftOut] = []
    while found := list(_followers(rest, gone)):
        for one in found:
            name, _, setting = one.what.partition(".")
            if setting:
                del rest["Resources"][name]["Properties"][setting]
            else:
                del rest["Resources"][name]
                gone.add(name)
        followers += found
    for resource in resources(rest).values():
        _wait_for_no(resource, gone)
    outputs = rest.get("Outputs") or {}
    for name in [name for name, output in outputs.items() if _named(output) & gone]:
        followers.append(LeftOut(f"output {name}", _refers(_named(outputs.pop(name)) & gone)))
    return rest, followers


def _followers(template: Mapping[str, Any], gone: set[str]) -> Iterator[LeftOut]:
    for name, resource in resources(template).items():
        properties = resource.get("Properties") or {}
        referring = {str(key): _named(value) & gone for key, value in properties.items() if _named(value) & gone}
        if not referring:
            continue
        of_cognito = resource["Type"] in OURS or str(resource["Type"]).startswith("AWS::Cognito::")
        if of_cognito and not referring.keys() & _NEEDED:
            for key, found in referring.items():
                yield LeftOut(f"{name}.{key}", _refers(found))
        else:
            yield LeftOut(name, _refers(set().union(*referring.values())))


def _refers(found: set[str]) -> str:
    return f"it refers to {', '.join(sorted(found))}"


def _named(value: Any) -> set[str]:
    return {path.partition(".")[0] for path in references(value)}


def _wait_for_no(resource: Any, gone: set[str]) -> None:
    waits = resource.get("DependsOn")
    left = [name for name in ([waits] if isinstance(waits, str) else waits or []) if name not in gone]
    if left:
        resource["DependsOn"] = left
    else:
        resource.pop("DependsOn", None)


def fitted(template: Mapping[str, Any], scope: Scope, provider: str) -> tuple[dict[str, Any], list[str]]:
    """Let our resources use the local provider, and say of conditions what they come to.

    Return the template, and the conditions that the local AWS may see otherwise than CloudFormation.
    """
    fit = copy.deepcopy(dict(template))
    for resource in ours(fit).values():
        resource.setdefault("Properties", {})["ServiceToken"] = {"Fn::ImportValue": f"{provider}:ServiceToken"}
    doubtful = []
    for name, condition in (fit.get("Conditions") or {}).items():
        if not any(function in str(condition) for function in _NOT_EVALUATED):
            continue
        try:
            fit["Conditions"][name] = {"Fn::Equals": ["true", "true" if scope.holds(str(name)) else "false"]}
        except UnknownValue:
            doubtful.append(str(name))
    return fit, doubtful


def telling(template: Mapping[str, Any], paths: set[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Add an output for each of these attributes that the template itself uses; return also which is which."""
    told = copy.deepcopy(dict(template))
    used = references([resource.get("Properties") for resource in resources(template).values()])
    names: dict[str, str] = {}
    for path in sorted(path for path in used & paths if "." in path):
        resource = resources(template).get(path.partition(".")[0])
        if resource is None:
            continue
        name = f"RehearsalAttribute{len(names) + 1}"
        output: dict[str, Any] = {"Value": {"Fn::GetAtt": path.split(".", 1)}}
        if "Condition" in resource:
            output["Condition"] = resource["Condition"]
        told["Outputs"] = {**(told.get("Outputs") or {}), name: output}
        names[name] = path
    return told, names
