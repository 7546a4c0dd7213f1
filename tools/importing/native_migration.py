"""From AWS::Cognito::UserPoolClient to Custom::UserPoolClient without touching a client: the steps, as templates.

CloudFormation changes no resource's type in place: the resource has to leave the stack and come back, while its client
stays in Cognito.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tools.intrinsics import VARIABLE, attribute_parts, called, sub_parts
from tools.template_text import CannotError, Items, Template, Text, short

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Mapping

NATIVE, CUSTOM = "AWS::Cognito::UserPoolClient", "Custom::UserPoolClient"

# A policy that changes alone can be a change that CloudFormation does not see; one of metadata it sees
# (cloudformation-coverage-roadmap #1543).
_MARK = {"UserPoolClientMigration": "The client stays when this resource goes"}
# A stack cannot be without resources; this one is nothing.
_PLACEHOLDER = {"Type": "AWS::CloudFormation::WaitConditionHandle"}


@dataclass(frozen=True, slots=True)
class Step:
    """One deployment. `secrets` are the parameters that it needs, each with the logical id of its client."""

    name: str
    title: str
    about: str
    template: Template
    secrets: tuple[tuple[str, str], ...] = ()

    @property
    def file(self) -> str:
        """Return the name of the file that its template belongs into."""
        return f"{self.name}.{self.template.format}"


@dataclass(frozen=True, slots=True)
class Client:
    """A native resource that is in the stack: its logical id, its client's id, and its resource in the template."""

    logical_id: str
    client_id: str
    resource: Mapping[str, Any]

    @property
    def properties(self) -> Mapping[str, Any]:
        """Return its properties."""
        properties = self.resource.get("Properties")
        if isinstance(properties, dict) and "UserPoolId" in properties:
            return properties
        raise CannotError(
            f"{self.logical_id} has no UserPoolId that can be read: write its Properties out, deploy, and try again."
        )


def native_clients(template: Template, deployed: Mapping[str, str]) -> list[Client]:
    """Return the native clients of a stack. `deployed` has their physical ids by their logical ones.

    A client whose Condition does not hold is in the template, but not deployed: it is none of them, and stays native.
    """
    resources = _section(template.data, "Resources")
    # A physical id may be made of the two ids by which the resource type knows its resources.
    clients = [
        Client(logical_id, deployed[logical_id].rpartition("|")[2], resource)
        for logical_id, resource in resources.items()
        if isinstance(resource, dict) and resource.get("Type") == NATIVE and logical_id in deployed
    ]
    if made := sorted(deployed.keys() - {client.logical_id for client in clients}):
        raise CannotError(
            f"{', '.join(made)} {'is' if len(made) == 1 else 'are'} not in the stack's template as written: a macro or "
            "a transform makes it. Write the resource itself into the template, deploy, and try again."
        )
    if not clients:
        raise CannotError(f"The stack has no resources of type {NATIVE}: there is nothing to migrate.")
    return clients


def steps(template: Template, clients: list[Client], service_token: str) -> list[Step]:
    """Return the steps in their order. `service_token` is the name under which the provider exports its own."""
    return [
        _retain(template, clients),
        _remove(template, clients),
        _adopt(template, clients, service_token, import_ids=True),
        _adopt(template, clients, service_token, import_ids=False),
    ]


def _retain(template: Template, clients: list[Client]) -> Step:
    data = copy.deepcopy(template.data)
    for client in clients:
        resource = data["Resources"][client.logical_id]
        metadata = resource["Metadata"] if isinstance(resource.get("Metadata"), dict) else {}
        resource |= {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Metadata": metadata | _MARK}
    return Step(
        "step-1-retain",
        "Keep the clients whatever becomes of their resources",
        "Only CloudFormation hears of it: the resources are to be retained.",
        replace(template, data=data),
    )


def _remove(template: Template, clients: list[Client]) -> Step:
    data = copy.deepcopy(template.data)
    for client in clients:
        del data["Resources"][client.logical_id]
    if not data["Resources"]:
        data["Resources"][_free("NoClientsMeanwhile", data)] = dict(_PLACEHOLDER)
    stand_ins = _StandIns(clients, template.data)
    _replaced(data, stand_ins.instead, "")
    _without_dependencies(data["Resources"], {client.logical_id for client in clients})
    secrets = tuple(sorted((parameter, logical_id) for logical_id, parameter in stand_ins.secrets.items()))
    if secrets:
        parameters = data.get("Parameters", {}) | {parameter: _secret(logical_id) for parameter, logical_id in secrets}
        data = _with_parameters(data, parameters)
    about = "The resources leave the stack; the clients stay in Cognito. References to them hold their ids meanwhile."
    if secrets:
        about += (
            " No secret may stand in a template: references to ClientSecret become parameters with NoEcho, whose "
            "values the command below reads from Cognito."
        )
    return Step(
        "step-2-remove", "Take the resources out of the stack", about, replace(template, data=data), secrets=secrets
    )


def _adopt(template: Template, clients: list[Client], service_token: str, *, import_ids: bool) -> Step:
    data = copy.deepcopy(template.data)
    for client in clients:
        added = {"ServiceToken": short("Fn::ImportValue", service_token)}
        if import_ids:
            added["ImportId"] = import_id(client.properties["UserPoolId"], client.client_id)
        resource = data["Resources"][client.logical_id]
        resource["Type"] = CUSTOM
        resource["Properties"] = added | resource["Properties"]
    if import_ids:
        return Step(
            "step-3-adopt",
            "Adopt the clients",
            f"The resources are back under their logical ids, as {CUSTOM}, and references are the original ones again. "
            "What the template says is made so, as ever: where a client was changed by hand, that is set back. "
            "If it fails, it is rolled back, and the clients are let go, not deleted.",
            replace(template, data=data),
        )
    return Step(
        "step-4-own",
        "Own the clients (if you like)",
        "Without ImportId they are the stack's own: from then on, who deletes a resource or the stack deletes its "
        "client. Until then they are let go.",
        replace(template, data=data),
    )


def import_id(pool: Any, client_id: str) -> Any:
    """Return `<user pool id>/<client id>` for a template's UserPoolId, whatever function that is."""
    match called(pool):
        case None if isinstance(pool, str):
            return f"{pool}/{client_id}"
        case "Ref", str(name):
            return short("Fn::Sub", f"${{{name}}}/{client_id}")
        case "Fn::GetAtt", argument if all(isinstance(part, str) for part in attribute_parts(argument)):
            return short("Fn::Sub", f"${{{'.'.join(attribute_parts(argument))}}}/{client_id}")
        case "Fn::Sub", str(text):
            return short("Fn::Sub", f"{text}/{client_id}")
    parts, arguments = Items([copy.deepcopy(pool), client_id]), Items()
    arguments += ["/", parts]
    parts.flow = arguments.flow = True
    return short("Fn::Join", arguments)


class _StandIns:
    """What stands in for references to clients that are not in the template: ids, names, and parameters for secrets."""

    def __init__(self, clients: list[Client], data: Mapping[str, Any]) -> None:
        self._clients = {client.logical_id: client for client in clients}
        self._data = data
        self.secrets: dict[str, str] = {}

    def instead(self, value: dict[str, Any], path: str) -> Any:
        """Return what replaces a map: itself, unless it is a reference to one of the clients."""
        match called(value):
            case "Ref", str(name) if name in self._clients:
                return self._clients[name].client_id
            case "Fn::GetAtt", argument if self._is_gone(attribute_parts(argument)[0]):
                return self._attribute(attribute_parts(argument), path)
            case "Fn::Sub", argument:
                value["Fn::Sub"] = self._text(argument, path)
        return value

    def _is_gone(self, logical_id: Any) -> bool:
        return isinstance(logical_id, str) and logical_id in self._clients

    def _attribute(self, reference: list[Any], path: str) -> Any:
        client = self._clients[reference[0]]
        match reference[1:]:
            case ["ClientId"]:
                return client.client_id
            case ["ClientSecret"]:
                return short("Ref", self._parameter(client.logical_id))
            case ["Name"]:
                name = client.properties.get("ClientName")
                if name is None or "AWS::NoValue" in str(name):
                    raise CannotError(
                        f"{path} asks for the name of {client.logical_id}, which has no ClientName in the template: "
                        "give it the name that it has in Cognito, deploy, and try again."
                    )
                return _replaced(copy.deepcopy(name), self.instead, path)
        raise CannotError(
            f"{path} asks for an attribute of {client.logical_id} that is none of ClientId, ClientSecret and Name: "
            "take that reference out, deploy, and try again."
        )

    def _text(self, argument: Any, path: str) -> Any:
        """Put what replaces them into the variables of a Fn::Sub; what is no plain text becomes a variable."""
        parts = sub_parts(argument)
        if parts is None:
            return argument
        text, variables = parts
        added: dict[str, Any] = {}

        def stand_in(match: re.Match[str]) -> str:
            name = match["name"] or ""  # nothing stands in for `${!literal}`
            reference = name.split(".")
            if reference[0] not in self._clients or name in variables:
                return match[0]
            found = self._clients[reference[0]].client_id if len(reference) == 1 else self._attribute(reference, path)
            if isinstance(found, str):
                return found
            if (named := called(found)) and named[0] == "Ref":
                return f"${{{named[1]}}}"
            variable = _free("".join(reference), self._data, variables)
            added[variable] = found
            return f"${{{variable}}}"

        replaced = VARIABLE.sub(stand_in, text)
        if replaced == text:
            return argument
        replaced = text.like(replaced) if isinstance(text, Text) else replaced
        return [replaced, {**variables, **added}] if variables or added else replaced

    def _parameter(self, logical_id: str) -> str:
        return self.secrets.setdefault(logical_id, _free(f"{logical_id}ClientSecret", self._data))


def _secret(logical_id: str) -> dict[str, Any]:
    return {"Type": "String", "NoEcho": True, "Description": f"The client secret of {logical_id}, until it is back"}


def _with_parameters(data: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template with these parameters, new ones where they usually stand: before the resources."""
    if "Parameters" in data:
        return {**data, "Parameters": parameters}
    sections: dict[str, Any] = {}
    for name, section in data.items():
        if name == "Resources":
            sections["Parameters"] = parameters
        sections[name] = section
    return sections


def _without_dependencies(resources: Mapping[str, Any], gone: set[str]) -> None:
    for resource in resources.values():
        depends_on = resource.get("DependsOn") if isinstance(resource, dict) else None
        names = depends_on if isinstance(depends_on, list) else [depends_on]
        if not gone.intersection(name for name in names if isinstance(name, str)):
            continue
        if left := [name for name in names if name not in gone]:
            resource["DependsOn"] = left
        else:
            del resource["DependsOn"]


def _replaced(value: Any, instead: Callable[[dict[str, Any], str], Any], path: str) -> Any:
    """Replace maps within a value, inner ones first, in place where a place is left."""
    for key, member in _members(value):
        value[key] = _replaced(member, instead, f"{path}.{key}" if path else str(key))
    return instead(value, path) if isinstance(value, dict) else value


def _members(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        yield from list(value.items())
    elif isinstance(value, list):
        yield from enumerate(value)


def _section(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = data.get(name)
    return section if isinstance(section, dict) else {}


def _free(name: str, data: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> str:
    """Return the name, or the first one with a number that nothing in the template has yet."""
    taken = {*_section(data, "Resources"), *_section(data, "Parameters"), *(more or {})}
    candidates = (f"{name}{number}" if number else name for number in range(len(taken) + 1))
    return next(candidate for candidate in candidates if candidate not in taken)
