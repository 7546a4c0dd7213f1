"""Evaluate the expressions of a CloudFormation template, as far as they are known before a deployment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.template_text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

type Place = tuple[str | int, ...]

VARIABLE = re.compile(r"\$\{(?:!(?P<literal>[^}]*)|\s*(?P<name>[^!\s}][^}]*?)\s*)\}")
"""What stands in the text of a Fn::Sub: `${name}`, or `${!literal}`, which comes out as `${literal}`."""

_CONDITIONS = ("Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals")
_TRUE = frozenset({"true", "yes", "on"})
_BOOLEAN = "tag:yaml.org,2002:bool"
_LISTS = ("CommaDelimitedList", "List<")


class UnknownValue(Exception):
    """A value that only a deployment can tell; the text says what it depends on."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stands in a value for the part that only a deployment can tell: its expression, and what that depends on."""

    expression: Mapping[str, Any]
    depends: str


NOTHING = Unknown({"Ref": "AWS::NoValue"}, "AWS::NoValue")
"""The value of AWS::NoValue: a map or a list that has it is without it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the expressions of one template can refer to.

    `ids` and `attributes` are those of the resources that are there and stay; `unknown` says of a resource why its are
    not known. `conditions` are taken as they are given here, and not evaluated.
    """

    template: Mapping[str, Any]
    parameters: Mapping[str, str]
    pseudo: Mapping[str, str]
    exports: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[str, bool] = field(default_factory=dict)

    def value(self, expression: Any) -> Any:
        """Return what an expression comes to, every scalar a string; None for AWS::NoValue. Raises UnknownValue."""
        found = self.unfold(expression)
        return None if found is NOTHING else _known(found)

    def properties(self, properties: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the properties whose values are known, and for the others what they depend on."""
        known, unknown = {}, {}
        for name, expression in properties.items():
            try:
                value = self.value(expression)
            except UnknownValue as depends:
                unknown[str(name)] = str(depends)
            else:
                if value is not None:
                    known[str(name)] = value
        return known, unknown

    def holds(self, condition: str) -> bool:
        """Tell whether a condition of the template is true. Raises UnknownValue."""
        if condition in self.conditions:
            return self.conditions[condition]
        conditions = self.template.get("Conditions") or {}
        if condition not in conditions:
            raise UnknownValue(f"the condition {condition}")
        return self._holds(conditions[condition])

    def unfold(self, expression: Any, places: dict[str, Place] | None = None, path: str = "", place: Place = ()) -> Any:
        """Follow conditions, leave out AWS::NoValue and call functions; what is not known becomes Unknown.

        Scalars stay as they are written. `places` receives where in the template each part was found, by its path in
        words (`CallbackURLs[1]`).
        """
        places = {} if places is None else places
        places[path] = place
        match expression:
            case dict() if called(expression) is not None:
                return self._call(expression, places, path, place)
            case dict():
                members = {}
                for key, member in expression.items():
                    name = str(key)
                    if name.startswith("Fn::"):  # Fn::Transform and Fn::ForEach bring members of their own
                        members[name] = Unknown({name: member}, name)
                        continue
                    inner = f"{path}.{name}" if path else name
                    members[name] = self.unfold(member, places, inner, (*place, key))
                    if members[name] is NOTHING:
                        del members[name], places[inner]
                return members
            case list():
                items: list[Any] = []
                for index, item in enumerate(expression):
                    inner = f"{path}[{len(items)}]"
                    items.append(self.unfold(item, places, inner, (*place, index)))
                    if items[-1] is NOTHING:
                        del items[-1], places[inner]
                return items
        return expression

    def _call(self, expression: Mapping[str, Any], places: dict[str, Place], path: str, place: Place) -> Any:
        ((name, argument),) = expression.items()
        try:
            match name, argument:
                case "Ref", "AWS::NoValue":
                    return NOTHING
                case "Fn::If", [str(condition), _, _]:
                    branch = 1 if self.holds(str(condition)) else 2
                    return self.unfold(argument[branch], places, path, (*place, "Fn::If", branch))
            found = self._result(str(name), argument)
        except UnknownValue as depends:
            return Unknown(expression, str(depends))
        if isinstance(found, list):
            places |= {f"{path}[{index}]": place for index in range(len(found))}
        return found

    def _result(self, name: str, argument: Any) -> Any:
        one, *more = argument if isinstance(argument, list) and argument else [argument]
        match name, one, more:
            case "Ref", str(), []:
                found = self._ref(str(one))
            case "Fn::GetAtt", str(), _:
                found = self._attribute(".".join([str(one), *map(str, more)]))
            case "Fn::Sub", str(), _:
                found = self._substituted(argument)
            case "Fn::Join", _, [items]:
                found = self._string(one).join(self._strings(items))
            case "Fn::Split", _, [text]:
                found = _split(self._string(text), self._string(one))
            case "Fn::Select", _, [items]:
                found = _selected(self._string(one), self._strings(items))
            case "Fn::FindInMap", _, [_, _, *_]:
                found = self._mapped([self._string(key) for key in (one, *more[:2])])
            case "Fn::ImportValue", _, []:
                found = self._exported(self._string(one))
            case _ if name in _CONDITIONS:
                found = "true" if self._holds({name: argument}) else "false"
            case _:
                raise UnknownValue(name)
        return found

    def _holds(self, expression: Any) -> bool:
        match expression:
            case {"Fn::Not": [one]}:
                return not self._holds(one)
            case {"Fn::And": [*several]}:
                return all(self._holds(one) for one in several)
            case {"Fn::Or": [*several]}:
                return any(self._holds(one) for one in several)
            case {"Fn::Equals": [left, right]}:
                return bool(_known(self.unfold(left)) == _known(self.unfold(right)))
            case {"Condition": str() as name}:
                return self.holds(name)
        raise UnknownValue("a condition")

    def _exported(self, name: str) -> str:
        if name not in self.exports:
            raise UnknownValue(f"the export {name}, which is not here")
        return self.exports[name]

    def _string(self, expression: Any) -> str:
        value = _known(self.unfold(expression))
        if not isinstance(value, str):
            raise UnknownValue("a value that is not a string")
        return value

    def _strings(self, expression: Any) -> list[str]:
        values = _known(self.unfold(expression))
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise UnknownValue("a list that is none")
        return values

    def _mapped(self, keys: list[str]) -> Any:
        found: Any = self.template.get("Mappings") or {}
        for key in keys:
            if not isinstance(found, Mapping) or key not in found:
                raise UnknownValue(f"the mapping {'.'.join(keys)}")
            found = found[key]
        return _known(self.unfold(found))

    def _ref(self, name: str) -> str | list[str]:
        if name in self.pseudo:
            return self.pseudo[name]
        declared = (self.template.get("Parameters") or {}).get(name)
        if declared is not None:
            return self._parameter(name, declared)
        if name in self.ids and name not in self.unknown:
            return self.ids[name]
        raise UnknownValue(f"{name}, {self.unknown.get(name, 'which is not there yet')}")

    def _parameter(self, name: str, declared: Mapping[str, Any]) -> str | list[str]:
        kind = str(declared.get("Type", "String"))
        given = self.parameters.get(name)
        if given is None:
            given = None if "Default" not in declared else self._string(declared["Default"])
        if given is None or kind.startswith("AWS::SSM::"):
            raise UnknownValue(f"the parameter {name}")
        return [item.strip() for item in given.split(",")] if kind.startswith(_LISTS) else given

    def _attribute(self, path: str) -> str:
        resource = path.partition(".")[0]
        if path in self.attributes and resource not in self.unknown:
            return self.attributes[path]
        why = self.unknown.get(resource, "which nothing here tells")
        raise UnknownValue(f"{path}, {why}")

    def _substituted(self, argument: Any) -> str:
        if (parts := sub_parts(argument)) is None:
            raise UnknownValue("Fn::Sub")
        text, given = parts
        unfolded = {str(name): self.unfold(value) for name, value in given.items()}
        own = {name: _known(value) for name, value in unfolded.items() if value is not NOTHING}

        def replaced(found: re.Match[str]) -> str:
            name = found["name"]
            if name is None:
                return f"${{{found['literal']}}}"
            value = own[name] if name in own else self._attribute(name) if "." in name else self._ref(name)
            return ",".join(map(str, value)) if isinstance(value, list) else str(value)

        return VARIABLE.sub(replaced, str(text))


def called(value: Any) -> tuple[str, Any] | None:
    """Return an intrinsic function's name and argument, or None for anything else."""
    if isinstance(value, dict) and len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref" or str(name).startswith("Fn::"):
            return str(name), argument
    return None


def attribute_parts(argument: Any) -> list[Any]:
    """Return logical id and attribute from either form of Fn::GetAtt's argument."""
    if isinstance(argument, str):
        return argument.split(".", 1)
    return list(argument) if isinstance(argument, list) and argument else [None]


def sub_parts(argument: Any) -> tuple[str, Mapping[str, Any]] | None:
    """Return the text of a Fn::Sub's argument and the variables that it brings along; None if it has no such form."""
    match argument:
        case str() as text:
            return text, {}
        case [str() as text]:
            return text, {}
        case [str() as text, dict() as own]:
            return text, own
    return None


def variables(text: str) -> Iterator[str]:
    """Yield the names of the variables in the text of a Fn::Sub."""
    return (found["name"] for found in VARIABLE.finditer(text) if found["name"] is not None)


def references(value: Any) -> set[str]:
    """Return what an expression refers to: `Name` for Ref, `Name.Attribute` for Fn::GetAtt, and both for Fn::Sub."""
    if isinstance(value, list):
        return {found for item in value for found in references(item)}
    match called(value):
        case "Ref", str(name):
            return {str(name)}
        case "Fn::GetAtt", argument if all(isinstance(part, str) for part in attribute_parts(argument)):
            return {".".join(attribute_parts(argument))}
        case "Fn::Sub", argument if (parts := sub_parts(argument)) is not None:
            text, own = parts
            return {name for name in variables(text) if name not in own} | references(list(own.values()))
    return references(list(value.values())) if isinstance(value, dict) else set()


def _known(value: Any) -> Any:
    """Return a value as CloudFormation hands it to a custom resource: every scalar a string. Raises UnknownValue."""
    match value:
        case Unknown():
            raise UnknownValue(value.depends)
        case dict():
            return {str(name): _known(member) for name, member in value.items()}
        case list():
            return [_known(item) for item in value]
        case str() | bool() | int() | float():
            return _text(value)
    raise UnknownValue("a value of no known type")


def _split(text: str, separator: str) -> list[str]:
    if not separator:
        raise UnknownValue("Fn::Split")
    return text.split(separator)


def _selected(index: str, items: list[str]) -> str:
    if not index.isdecimal() or int(index) >= len(items):
        raise UnknownValue(f"item {index} of a list of {len(items)}")
    return items[int(index)]


def _text(scalar: str | float) -> str:
    if isinstance(scalar, Text) and scalar.tag == _BOOLEAN:
        return "true" if scalar.lower() in _TRUE else "false"
    return str(scalar).lower() if isinstance(scalar, bool) else str(scalar)
