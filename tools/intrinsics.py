"""What the expressions of a CloudFormation template come to, as far as it can be told before a deployment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.template_text import Text

_CONDITIONS = ("Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition")
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_TRUE = frozenset({"true", "yes", "on"})
_BOOLEAN = "tag:yaml.org,2002:bool"
_LISTS = ("CommaDelimitedList", "List<")
_NOTHING = object()


class UnknownValue(Exception):
    """A value that only a deployment can tell; the text says what it depends on."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the expressions of one template can refer to.

    `ids` and `attributes` are those of the resources that are there and stay; `unknown` says of a resource why its are
    not known.
    """

    template: Mapping[str, Any]
    parameters: Mapping[str, str]
    pseudo: Mapping[str, str]
    exports: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)

    def value(self, expression: Any) -> Any:
        """Return what an expression comes to, every scalar a string. Raises UnknownValue."""
        found = self._value(expression)
        return None if found is _NOTHING else found

    def properties(self, properties: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the properties whose values are known, and for the others what they depend on."""
        known, unknown = {}, {}
        for name, expression in properties.items():
            try:
                value = self._value(expression)
            except UnknownValue as depends:
                unknown[str(name)] = str(depends)
            else:
                if value is not _NOTHING:
                    known[str(name)] = value
        return known, unknown

    def holds(self, condition: str) -> bool:
        """Tell whether a condition of the template is true. Raises UnknownValue."""
        conditions = self.template.get("Conditions") or {}
        if condition not in conditions:
            raise UnknownValue(f"the condition {condition}")
        return self._holds(conditions[condition])

    def _holds(self, expression: Any) -> bool:
        match expression:
            case {"Fn::Not": [one]}:
                return not self._holds(one)
            case {"Fn::And": [*several]}:
                return all(self._holds(one) for one in several)
            case {"Fn::Or": [*several]}:
                return any(self._holds(one) for one in several)
            case {"Fn::Equals": [left, right]}:
                return bool(self._value(left) == self._value(right))
            case {"Condition": str() as name}:
                return self.holds(name)
        raise UnknownValue("a condition")

    def _value(self, expression: Any) -> Any:
        if isinstance(expression, (str, bool, int, float)):
            return _text(expression)
        if isinstance(expression, list):
            return [value for value in map(self._value, expression) if value is not _NOTHING]
        if not isinstance(expression, dict):
            raise UnknownValue("a value of no known type")
        if len(expression) == 1:
            ((name, argument),) = expression.items()
            if name in _CONDITIONS:
                return "true" if self._holds(expression) else "false"
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._intrinsic(str(name), argument)
        members = {str(name): self._value(member) for name, member in expression.items()}
        return {name: value for name, value in members.items() if value is not _NOTHING}

    def _intrinsic(self, name: str, argument: Any) -> Any:
        one, *more = argument if isinstance(argument, list) else [argument]
        match name, one, more:
            case "Ref", str(), []:
                found = self._ref(str(one))
            case "Fn::GetAtt", str(), _:
                found = self._attribute(".".join([str(one), *map(str, more)]))
            case "Fn::Sub", str(), _:
                found = self._substituted(str(one), self._value(more[0]) if more else {})
            case "Fn::Join", _, [items]:
                found = str(self._value(one)).join(self._strings(items))
            case "Fn::Split", _, [text]:
                found = str(self._value(text)).split(self._value(one))
            case "Fn::Select", _, [items]:
                found = _selected(int(self._value(one)), self._strings(items))
            case "Fn::If", str(), [then, otherwise]:
                found = self._value(then if self.holds(str(one)) else otherwise)
            case "Fn::FindInMap", _, [_, _, *_]:
                found = self._mapped([self._value(key) for key in (one, *more[:2])])
            case "Fn::ImportValue", _, []:
                found = self._exported(self._value(one))
            case _:
                raise UnknownValue(name)
        return found

    def _exported(self, name: str) -> str:
        if name not in self.exports:
            raise UnknownValue(f"the export {name}, which is not here")
        return self.exports[name]

    def _strings(self, items: Any) -> list[str]:
        values = self._value(items)
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise UnknownValue("a list that is none")
        return values

    def _mapped(self, keys: list[Any]) -> Any:
        found: Any = self.template.get("Mappings") or {}
        for key in keys:
            if not isinstance(found, Mapping) or key not in found:
                raise UnknownValue(f"the mapping {'.'.join(map(str, keys))}")
            found = found[key]
        return self._value(found)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        if name in self.pseudo:
            return self.pseudo[name]
        declared = (self.template.get("Parameters") or {}).get(name)
        if declared is not None:
            return self._parameter(name, declared)
        if name in self.ids and name not in self.unknown:
            return self.ids[name]
        raise UnknownValue(f"{name}, {self.unknown.get(name, 'which is not there yet')}")

    def _parameter(self, name: str, declared: Mapping[str, Any]) -> Any:
        kind = str(declared.get("Type", "String"))
        given = self.parameters.get(name)
        if given is None:
            given = None if "Default" not in declared else self._value(declared["Default"])
        if given is None or kind.startswith("AWS::SSM::"):
            raise UnknownValue(f"the parameter {name}")
        return [item.strip() for item in given.split(",")] if kind.startswith(_LISTS) else given

    def _attribute(self, path: str) -> str:
        resource = path.partition(".")[0]
        if path in self.attributes and resource not in self.unknown:
            return self.attributes[path]
        why = self.unknown.get(resource, "which nothing here tells")
        raise UnknownValue(f"{path}, {why}")

    def _substituted(self, text: str, given: Mapping[str, Any]) -> str:
        def replaced(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            value = given.get(name)
            if value is None:
                value = self._attribute(name) if "." in name else self._ref(name)
            return ",".join(value) if isinstance(value, list) else str(value)

        return _VARIABLE.sub(replaced, text)


def references(value: Any) -> set[str]:
    """Return what an expression refers to: `Name` for Ref, `Name.Attribute` for Fn::GetAtt, and both for Fn::Sub."""
    if isinstance(value, list):
        return {found for item in value for found in references(item)}
    match value:
        case {"Ref": str() as name} | {"Fn::GetAtt": str() as name}:
            found = {str(name)}
        case {"Fn::GetAtt": [str() as resource, str() as attribute]}:
            found = {f"{resource}.{attribute}"}
        case {"Fn::Sub": str() as text}:
            found = _variables(text)
        case {"Fn::Sub": [str() as text, dict() as given]}:
            found = (_variables(text) - {str(name) for name in given}) | references(list(given.values()))
        case dict():
            found = references(list(value.values()))
        case _:
            found = set()
    return found


def _variables(text: str) -> set[str]:
    return {name for name in _VARIABLE.findall(text) if not name.startswith("!")}


def _selected(index: int, items: list[str]) -> str:
    if not 0 <= index < len(items):
        raise UnknownValue(f"item {index} of a list of {len(items)}")
    return items[index]


def _text(scalar: str | float) -> str:
    """Return a scalar as CloudFormation hands it to a custom resource."""
    if isinstance(scalar, Text) and scalar.tag == _BOOLEAN:
        return "true" if scalar.lower() in _TRUE else "false"
    return str(scalar).lower() if isinstance(scalar, bool) else str(scalar)
