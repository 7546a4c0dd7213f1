"""Rules for cfn-lint: what the function would say of a template, said before it is deployed.

`cfn-lint --append-rules schema -- template.yaml` loads this file by its path, in whatever folder cfn-lint runs.
cfn-lint takes no schema for a type that begins with Custom::. The rules therefore ask what the function itself asks:
`parsing.parse` for types, limits and names, `rules` for combinations; the schemas beside this file tell the attributes.
cfn-lint says on its own where ServiceToken is missing.

A value that is known only at the deployment is not judged, and nothing is said that depends on it.
"""

import dataclasses
import difflib
import functools
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE.parent / "src"), str(_HERE.parent)]  # neither of the two packages is installed anywhere

from tools.intrinsics import NOTHING, Place, Scope, Unknown, attribute_parts, sub_parts, variables
from user_pool_client.domain import parsing, properties, rules
from user_pool_client.domain.attributes import KEPT
from user_pool_client.domain.errors import Problem
from user_pool_client.domain.sensitive import Sensitive

type Kind = Literal["string", "list", "any"]

_CLIENT, _LOOKUP, _LIST = "Custom::UserPoolClient", "Custom::UserPoolClientLookup", "Custom::UserPoolClientList"
_URLS = "Custom::UserPoolClientUrls"
_TEMPLATES: Mapping[str, Any] = {
    _CLIENT: properties.ClientProperties,
    _URLS: properties.UrlsProperties,
    _LOOKUP: properties.LookupProperties,
    _LIST: properties.ListProperties,
}
_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    schema["typeName"]: schema for schema in (json.loads(path.read_text()) for path in sorted(_HERE.glob("*.json")))
}

# Whether they are there is what counts of these in combinations: a value that is not known yet is as good as any.
_OF_PROVIDER = {name for name, setting in properties.SETTINGS.items() if setting.target == "provider"}
_COUNT_BY_PRESENCE = {"ClientSecret", *_OF_PROVIDER, *rules.LOOKUP_KEYS}
# These are not merged with what the client has: if they differ, a new client takes its place.
_REPLACE = {name for name, setting in properties.SETTINGS.items() if setting.update == "replaces"}

_UNITS = "TokenValidityUnits"
_MOST_CONDITIONS = 6  # in one resource; each of them doubles the work
_ALIKE = 0.9  # how much a type must look like one of ours to be taken for a slip of the pen

# CloudFormation resolves {{resolve:ssm:...}} for a custom resource, but none of the secret ones.
_UNRESOLVED = re.compile(r"\{\{resolve:(?:secretsmanager|ssm-secure):")
_STRINGS = frozenset({"Fn::Base64", "Fn::ImportValue", "Fn::Join", "Fn::Sub"})
_LISTS = frozenset({"Fn::Cidr", "Fn::GetAZs", "Fn::Split"})
_OPEN = ("Fn::If", "Fn::Transform")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell: under which rule, at which place of the template, in which words."""

    rule: str
    place: tuple[str | int, ...]
    text: str


@dataclass(slots=True)
class Unfolding:
    """A resource's properties as they are if the conditions are so.

    `places` tells where in the template each property is, by its path in words (`CallbackURLs[1]`). `hidden` are the
    paths of values that are not known. `open` is set where it is not even known which properties there are.
    """

    scenario: Mapping[str, bool]
    parameters: Mapping[str, Any]
    places: dict[str, Place] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    open: bool = False

    def properties(self, found: object, place: Place, kind: str) -> Any:
        """Return the properties in which everything is known; fill `places`, `hidden` and `open` on the way."""
        schema = _SCHEMAS[kind]
        taken = {name: schema["properties"][name] for name in _TEMPLATES[kind].__annotations__}
        unfolded = Scope({}, {}, {}, conditions=self.scenario).unfold(found, self.places, "", place)
        self.open = _is_open(unfolded)
        return self._known(unfolded, "", {"type": "object", "properties": taken}, schema["definitions"])

    def as_written(self, path: str, properties: Mapping[str, Any]) -> str:
        """Return the path of a list's item in the template; `parsing.parse` has taken the duplicates out."""
        name, is_item, index = path.partition("[")
        if not is_item:
            return path
        items = [str(item) for item in properties[name]]
        wanted = list(dict.fromkeys(items))[int(index.removesuffix("]"))]
        paths = (f"{name}[{number}]" for number, item in enumerate(items) if item == wanted)
        return next(path for path in paths if path not in self.hidden)

    def place(self, paths: Iterable[str]) -> Place:
        """Return where the first of these properties is that the template has, or else what it is missing in."""
        for path in paths:
            if path in self.places:
                return self.places[path]
        parents = [path.rpartition(".")[0] for path in paths]
        return next((self.places[parent] for parent in parents if parent in self.places), self.places[""])

    def _unknown(self, found: object) -> tuple[str, Kind] | None:
        """Return how a value that is not known is written, and what it will be if that is certain."""
        match found:
            case str() if "{{resolve:" in found:
                return found, "string"
            case Unknown({"Ref": str(name)}):
                return f"!Ref {name}", self._kind_of(name)
            case Unknown(expression):
                (function,) = expression
                kind: Kind = "string" if function in _STRINGS else "list" if function in _LISTS else "any"
                return f"!{function.removeprefix('Fn::')}", kind
        return None

    def _kind_of(self, name: str) -> Kind:
        """Tell what a Ref gives: parameters may be lists, resources and nearly all else are strings."""
        if name == "AWS::NotificationARNs":
            return "list"
        parameter = self.parameters.get(name)
        if parameter is None:
            return "string"
        declared = str(parameter.get("Type", "")) if isinstance(parameter, dict) else ""
        if "List<" in declared or "CommaDelimitedList" in declared:
            return "list"
        return "string" if declared in ("String", "Number") else "any"

    def _known(self, found: Any, path: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
        """Return what is known of a value; NOTHING, if that is nothing.

        The type of an unknown value is judged where it is certain: !Sub is no list.
        """
        schema = definitions.get(schema.get("$ref", "").removeprefix("#/definitions/"), schema)
        expected = schema["type"]
        found = _as_text(found)
        if (
            path == "ClientSecret"
            and isinstance(found, str)
            and ("{{resolve:" not in found or _UNRESOLVED.match(found))
        ):
            return Sensitive(found)
        match self._unknown(found):
            case text, kind:
                return self._as_far_as_certain(text, kind, expected, path)
        match found:
            case dict() if expected == "object":
                return self._members(found, path, schema["properties"], definitions)
            case list() if expected == "array":
                return self._items(found, path, schema["items"], definitions)
        return found

    def _as_far_as_certain(self, text: str, kind: Kind, expected: str, path: str) -> Any:
        if kind == "string" and expected in ("array", "object"):
            return text
        if kind == "list" and expected != "array":
            return []
        return self._hide(path)

    def _members(
        self, found: dict[str, Any], path: str, schemas: Mapping[str, Any], definitions: Mapping[str, Any]
    ) -> dict[str, Any]:
        members = {}
        for name, value in found.items():
            if name.startswith("Fn::"):
                continue
            inner = f"{path}.{name}" if path else name
            members[name] = self._known(value, inner, schemas[name], definitions) if name in schemas else value
        return {name: value for name, value in members.items() if value is not NOTHING}

    def _items(
        self, found: list[Any], path: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]
    ) -> list[Any] | Unknown:
        """Return a list in which known items stand in for unknown ones, so that the others keep their numbers."""
        items = [self._known(item, f"{path}[{index}]", schema, definitions) for index, item in enumerate(found)]
        known = [item for item in items if item is not NOTHING]
        if items and not known:
            return self._hide(path)
        return [known[0] if item is NOTHING else item for item in items]

    def _hide(self, path: str) -> Unknown:
        self.hidden.add(path)
        return NOTHING


def findings(cfn: Template) -> Iterator[Finding]:
    """Yield everything that is wrong with the properties of our resources."""
    for name, resource in cfn.get_resources(list(_TEMPLATES)).items():
        scenarios = _scenarios(cfn, resource)
        found: dict[Finding, list[Mapping[str, bool]]] = {}
        for scenario in scenarios:
            for finding in _of_resource(cfn, str(name), resource, scenario):
                found.setdefault(finding, []).append(scenario)
        for finding, where in found.items():
            yield dataclasses.replace(finding, text=finding.text + _only_where(where, scenarios))


def _of_resource(
    cfn: Template, name: str, resource: Mapping[str, Any], scenario: Mapping[str, bool]
) -> Iterator[Finding]:
    kind = str(resource["Type"])
    unfolding = Unfolding(scenario, cfn.template.get("Parameters") or {})
    place: Place = ("Resources", name, "Properties") if "Properties" in resource else ("Resources", name)
    properties = unfolding.properties(resource.get("Properties", {}), place, kind)
    if not isinstance(properties, dict):  # cfn-lint says so itself
        return
    wanted, problems = parsing.parse(properties, _TEMPLATES[kind])
    for problem in problems:
        missing = unfolding.places.keys().isdisjoint(problem.paths)
        if unfolding.hidden.isdisjoint(problem.paths) and not (missing and unfolding.open):
            yield Finding(Misfits.id, unfolding.place(problem.paths), str(problem))
    if not unfolding.open:
        unread = {name for problem in problems for name in problem.properties()}
        wanted, doubtful = parsing.with_readable_units(wanted, properties, problems)
        unread = (unread - {_UNITS} if _UNITS in wanted else unread) | doubtful
        for rule, judged in _combinations(kind, wanted, unfolding, unread):
            paths = tuple(unfolding.as_written(path, properties) for path in judged.paths)
            problem = dataclasses.replace(judged, paths=paths)
            yield Finding(rule, unfolding.place(problem.paths), str(problem))


def _combinations(
    kind: str, wanted: properties.Settings, unfolding: Unfolding, unread: set[str]
) -> Iterator[tuple[str, Problem]]:
    """Judge what is known. A problem counts only if nothing that is not known takes part in it."""
    known = dict(wanted)
    unsure = unread | {_name(path) for path in unfolding.hidden if not path.startswith(f"{_UNITS}.")}
    for name in unfolding.hidden & _COUNT_BY_PRESENCE:
        known[name] = ""
        unsure.discard(name)
    for token in properties.TOKENS:  # a number says nothing without its unit
        if {_UNITS, token.unit} & unfolding.hidden:
            known.pop(token.validity, None)
            unsure.add(token.validity)
    given = known.keys() | unsure
    imports = any(name in given for name in properties.IMPORT_PROPERTIES)
    for problem, merged in _judged(kind, known):
        items_alone = all("[" in path for path in problem.paths)  # whatever the others are
        if problem.properties() & (unread if items_alone else unsure):
            continue
        absent = _absent(problem, unfolding, known) if merged else []
        if absent and not imports:
            hint = f"(Not in the template: {', '.join(absent)}. A client that has it from elsewhere is not refused.)"
            yield Incomplete.id, dataclasses.replace(problem, allowed=f"{problem.allowed} {hint}")
        elif not absent:
            yield Combinations.id, problem


def _judged(kind: str, known: properties.Settings) -> Iterator[tuple[Problem, bool]]:
    """Yield every problem, and whether an update judges it together with what the client has already."""
    match kind:
        case "Custom::UserPoolClient":
            yield from ((problem, False) for problem in rules.validate_import(known))
            has_secret = rules.secret_at_creation(known)
            yield from ((problem, True) for problem in rules.validate(known, has_secret=has_secret))
            return
        case "Custom::UserPoolClientUrls":
            yield from ((problem, False) for problem in rules.validate_contribution(known))
            return
        case "Custom::UserPoolClientLookup":
            yield from ((problem, False) for problem in rules.one_client_to_look_up(known))
    yield from ((problem, False) for problem in rules.external_id_for_a_role(known))


def _absent(problem: Problem, unfolding: Unfolding, known: properties.Settings) -> list[str]:
    """Name the properties that take part in a problem and that an existing client may have from elsewhere."""
    said = _REPLACE if rules.secret_wanted(known) is not None else set()
    return [path for path in problem.paths if path not in unfolding.places and path not in said]


def _name(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _as_text(found: Any) -> Any:
    """Return a string as plain text; a reference to a secret in !Sub is one, whatever its variables are."""
    if (
        isinstance(found, Unknown)
        and isinstance(text := found.expression.get("Fn::Sub"), str)
        and _UNRESOLVED.match(text)
    ):
        return str(text)
    return str(found) if isinstance(found, str) else found


def _is_open(found: object) -> bool:
    """Tell whether it is not even known which properties there are."""
    match found:
        case Unknown(expression):
            return any(function in expression for function in _OPEN)
        case dict():
            return any(str(name).startswith("Fn::") or _is_open(value) for name, value in found.items())
        case list():
            return any(map(_is_open, found))
    return False


def _scenarios(cfn: Template, resource: Mapping[str, Any]) -> list[Mapping[str, bool]]:
    """Return how the conditions that are asked for in a resource's properties can be together."""
    declared = cfn.template.get("Conditions") or {}
    names = sorted({name for name in _conditions(resource.get("Properties")) if name in declared})
    if not names or len(names) > _MOST_CONDITIONS:
        return [{}]
    outcomes = {name: {True, False} for name in names}
    if isinstance(own := resource.get("Condition"), str) and own in declared:
        outcomes[own] = {True}
    return list(cfn.conditions.build_scenarios(outcomes)) or [{}]


def _conditions(found: object) -> Iterator[str]:
    match found:
        case dict():
            for key, value in found.items():
                if key == "Fn::If" and isinstance(value, list) and value and isinstance(value[0], str):
                    yield str(value[0])
                yield from _conditions(value)
        case list():
            for value in found:
                yield from _conditions(value)


def _only_where(where: list[Mapping[str, bool]], scenarios: list[Mapping[str, bool]]) -> str:
    """Say which conditions a problem has, if it is not there in all cases."""
    if len(where) == len(scenarios):
        return ""
    needed = [
        f"{name} is {str(value).lower()}"
        for name, value in where[0].items()
        if all(one[name] == value for one in where) and any(one[name] != value for one in scenarios)
    ]
    return f" (Where {' and '.join(needed)}.)" if needed else ""


def unknown_attributes(cfn: Template) -> Iterator[Finding]:
    """Yield every attribute that is asked of one of our resources and that it does not have."""
    resources = cfn.get_resources(list(_TEMPLATES))
    for place, name, attribute in _asked_for(cfn):
        if name not in resources:
            continue
        kind = str(resources[name]["Type"])
        offered = attributes(_SCHEMAS[kind])
        if attribute not in offered:
            wrong = f"{kind} has no such attribute."
            nearest = parsing.nearest(attribute, dict.fromkeys(offered))
            problem = Problem((f"{name}.{attribute}",), wrong, f"The nearest one is {name}.{nearest}.")
            yield Finding(Attributes.id, place, str(problem))
        elif why := _missing(kind, attribute, resources[name].get("Properties")):
            yield Finding(Attributes.id, place, str(Problem((f"{name}.{attribute}",), *why)))


def attributes(schema: Mapping[str, Any]) -> list[str]:
    """Return the names of what Fn::GetAtt offers: all that is not write-only, the members of maps one by one."""
    hidden = {pointer.removeprefix("/properties/") for pointer in schema["writeOnlyProperties"]}
    names: list[str] = []
    for name, described in schema["properties"].items():
        whole = schema["definitions"].get(described.get("$ref", "").removeprefix("#/definitions/"), described)
        if name not in hidden:
            names += [f"{name}.{member}" for member in whole["properties"]] if "properties" in whole else [name]
    return names


def _asked_for(cfn: Template) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Yield each attribute that Fn::GetAtt or Fn::Sub asks for: where, of which resource, and its name."""
    for *place, argument in cfn.search_deep_keys("Fn::GetAtt"):
        match attribute_parts(argument):
            case [str(name), str(attribute)]:
                yield tuple(place), str(name), str(attribute)
    for *place, argument in cfn.search_deep_keys("Fn::Sub"):
        text, own = sub_parts(argument) or ("", {})
        for variable in variables(text):
            name, _, attribute = str(variable).partition(".")
            if attribute and variable not in own:
                yield tuple(place), name, attribute


def _missing(kind: str, attribute: str, properties: object) -> tuple[str, str] | None:
    """Say why a resource does not have an attribute that others of its type have; what is not known yet may have it."""
    if not isinstance(properties, dict) or any(str(name).startswith("Fn::") for name in properties):
        return None
    if kind == _LOOKUP:
        asked = str(properties.get("IncludeSecret", False)).lower() != "false"
        if attribute == "ClientSecret" and not asked:
            return "a look-up has it only if asked.", "Set IncludeSecret to true."
    elif attribute in KEPT and "SecretId" not in properties:
        return "there is none without SecretId.", "Give SecretId, or use ClientSecret."
    elif attribute == "ClientSecret" and "SecretId" in properties and "Fn::If" not in str(properties["SecretId"]):
        return "with SecretId there is none.", "Read it from the secret that SecretId names."
    return None


def mistyped(cfn: Template) -> Iterator[Finding]:
    """Yield every type that is written almost like one of ours: nothing of it is checked."""
    plain = {kind.lower(): kind for kind in _TEMPLATES}
    for name, resource in cfn.get_resources().items():
        kind = str(resource["Type"])
        if kind in _TEMPLATES or not kind.startswith("Custom::"):
            continue
        for nearest in difflib.get_close_matches(kind.lower(), plain, n=1, cutoff=_ALIKE):
            problem = Problem((kind,), "its properties are not checked.", f"The nearest type is {plain[nearest]}.")
            yield Finding(Mistyped.id, ("Resources", str(name), "Type"), str(problem))


@functools.lru_cache(maxsize=1)
def _all(cfn: Template) -> list[Finding]:
    """Return everything to tell of a template: each rule asks for its part of it."""
    return [*findings(cfn), *unknown_attributes(cfn), *mistyped(cfn)]


class _Rule(CloudFormationLintRule):
    """What the rules have in common; having no id, it is none itself."""

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Return what is wrong with a template."""
        return [RuleMatch(list(finding.place), finding.text) for finding in _all(cfn) if finding.rule == self.id]


class Misfits(_Rule):
    """Properties that the function cannot read."""

    id = "E9811"
    shortdesc = "Properties of a Cognito app client have the right names, types and limits"
    description = "Unknown and missing properties, types, enumerations and limits of Custom::UserPoolClient"


class Combinations(_Rule):
    """Properties that Cognito refuses together."""

    id = "E9812"
    shortdesc = "Properties of a Cognito app client go together"
    description = "What Cognito refuses in combination, and what contradicts itself"


class Incomplete(_Rule):
    """Properties that Cognito refuses without others, which are not in the template."""

    id = "W9813"
    shortdesc = "A Cognito app client can be made from what the template says"
    description = "What Cognito refuses when the client is made from this template, and nothing was set elsewhere"


class Attributes(_Rule):
    """Attributes that no app client has."""

    id = "E9814"
    shortdesc = "Attributes of a Cognito app client exist"
    description = "What Fn::GetAtt and Fn::Sub ask of Custom::UserPoolClient"


class Mistyped(_Rule):
    """Types that are almost ours."""

    id = "W9815"
    shortdesc = "The type of a Cognito app client is written as it should be"
    description = "Custom types that are written almost like Custom::UserPoolClient"
