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
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE.parent / "src"), str(_HERE.parent)]  # neither of the two packages is installed anywhere

from tools.declared import POOL, Declared, UserPool, asked_for
from tools.intrinsics import NOTHING, Place, Scope, Unknown, attribute_parts, sub_parts, variables
from user_pool_client.domain import parsing, properties, rules, validation
from user_pool_client.domain.attributes import KEPT
from user_pool_client.domain.credentials import Credentials
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
    paths of values that are not known. `found` has these values as well, each as Unknown. `open` is set where it is not
    even known which properties there are.
    """

    scenario: Mapping[str, bool]
    parameters: Mapping[str, Any]
    found: Any = None
    places: dict[str, Place] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    open: bool = False

    def properties(self, found: object, place: Place, kind: str) -> Any:
        """Return the properties in which everything is known; fill `places`, `hidden` and `open` on the way."""
        schema = _SCHEMAS[kind]
        taken = {name: schema["properties"][name] for name in _TEMPLATES[kind].__annotations__}
        self.found = Scope({}, {}, {}, conditions=self.scenario).unfold(found, self.places, "", place)
        self.open = _is_open(self.found)
        return self._known(self.found, "", {"type": "object", "properties": taken}, schema["definitions"])

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
        if isinstance(found, str) and ("{{resolve:" not in found or parsing.names_a_secret(found)):
            return Sensitive(found) if path == "ClientSecret" else found
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
    """Yield everything that is wrong with the properties of our resources: what the function would refuse."""
    yield from _in_all_scenarios(cfn, _of_resource)


def advice(cfn: Template) -> Iterator[Finding]:
    """Yield what the function cannot know or does not refuse, and the template shows."""
    yield from _in_all_scenarios(cfn, _beside)
    yield from _shared_secrets(cfn)


type _Judge = Callable[[Template, str, Mapping[str, Any], Mapping[str, bool]], Iterator[Finding]]


def _in_all_scenarios(cfn: Template, judge: _Judge) -> Iterator[Finding]:
    for name, resource in cfn.get_resources(list(_TEMPLATES)).items():
        scenarios = _scenarios(cfn, resource)
        found: dict[Finding, list[Mapping[str, bool]]] = {}
        for scenario in scenarios:
            for finding in judge(cfn, str(name), resource, scenario):
                found.setdefault(finding, []).append(scenario)
        for finding, where in found.items():
            yield dataclasses.replace(finding, text=finding.text + _only_where(where, scenarios))


def _of_resource(
    cfn: Template, name: str, resource: Mapping[str, Any], scenario: Mapping[str, bool]
) -> Iterator[Finding]:
    kind = str(resource["Type"])
    unfolding, properties = _unfolded(cfn, name, resource, scenario)
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


def _unfolded(
    cfn: Template, name: str, resource: Mapping[str, Any], scenario: Mapping[str, bool]
) -> tuple[Unfolding, Any]:
    unfolding = Unfolding(scenario, cfn.template.get("Parameters") or {})
    place: Place = ("Resources", name, "Properties") if "Properties" in resource else ("Resources", name)
    return unfolding, unfolding.properties(resource.get("Properties", {}), place, str(resource["Type"]))


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
            yield Incomplete.id, _with_hint(problem, absent)
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


def _with_hint(problem: Problem, absent: list[str]) -> Problem:
    hint = f"(Not in the template: {', '.join(absent)}. A client that has it from elsewhere is not refused.)"
    return dataclasses.replace(problem, allowed=f"{problem.allowed} {hint}" if absent else problem.allowed)


def _name(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _as_text(found: Any) -> Any:
    """Return a string as plain text; a reference to a secret in a function is one, whatever else the function has."""
    match found:
        case Unknown({"Fn::Sub": argument}) if (parts := sub_parts(argument)) is not None:
            texts = [parts[0]]
        case Unknown({"Fn::Join": [_, [*items]]}):
            texts = [item for item in items if isinstance(item, str)]
        case str():
            return str(found)
        case _:
            return found
    return next((str(text) for text in texts if parsing.names_a_secret(text)), found)


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


def _beside(cfn: Template, name: str, resource: Mapping[str, Any], scenario: Mapping[str, bool]) -> Iterator[Finding]:
    kind = str(resource["Type"])
    unfolding, properties = _unfolded(cfn, name, resource, scenario)
    found = unfolding.found
    if not isinstance(found, dict) or not isinstance(properties, dict):
        return
    declared = Declared(cfn.template, _CLIENT, scenario)
    judged = [*_no_arn(found), *_no_pool_id(declared, found)]
    if kind == _CLIENT:
        judged += [*_unknown_flows(found), *_defaults(found), *_written_secret(properties)]
        judged += _no_secret_to_store(declared, unfolding, properties)
        if (finding := _unfit_value(declared, name, found)) is not None:
            yield finding
    if kind in (_CLIENT, _URLS) and (pool := declared.pool(found.get("UserPoolId"))) is not None:
        judged += [*_not_in_pool(pool, found), *_attributes_of_pool(pool, found)]
    for rule, problem in judged:
        yield Finding(rule, unfolding.place(problem.paths), str(problem))


type _Judged = Iterator[tuple[str, Problem]]

_EXPORT = re.compile(r"[A-Za-z0-9:-]+")


def _no_arn(found: Mapping[str, Any]) -> _Judged:
    token = found.get("ServiceToken")
    if isinstance(token, str) and _EXPORT.fullmatch(token) and not token.startswith("arn:"):
        wrong, remedy = f'"{token}" is not an ARN.', f"If it is the name of an export, use !ImportValue {token}."
        yield Misfits.id, Problem(("ServiceToken",), wrong, remedy)


def _no_pool_id(declared: Declared, found: Mapping[str, Any]) -> _Judged:
    for attribute in ("Arn", "ProviderName", "ProviderURL"):
        asked = asked_for(found.get("UserPoolId"))
        pool = declared.named(found.get("UserPoolId"), POOL, attribute)
        if pool is not None and asked == f"{pool}.{attribute}":
            yield Misfits.id, Problem(("UserPoolId",), f"{asked} is not the user pool's ID.", f"Use !Ref {pool}.")


_FLOWS = (*properties.AUTH_FLOWS, properties.STANDALONE_FLOW)


def _unknown_flows(found: Mapping[str, Any]) -> _Judged:
    for path, flow in _literals(found, "ExplicitAuthFlows"):
        if re.fullmatch(r"ALLOW_\S+", flow) and flow not in _FLOWS:
            nearest = parsing.nearest(flow, dict.fromkeys(_FLOWS))
            remedy = f"The nearest one is {nearest}. Cognito decides about flows that are newer than this version."
            yield UnknownFlow.id, Problem((path,), f'"{flow}" is not a flow that this version knows.', remedy)


def _defaults(found: Mapping[str, Any]) -> _Judged:
    default = {
        "ExplicitAuthFlows": ", ".join(properties.SETTINGS["ExplicitAuthFlows"].default),
        "ReadAttributes": "the standard attributes",
        "WriteAttributes": "the standard attributes",
    }
    for name, words in default.items():
        if found.get(name) == []:
            wrong, remedy = f"an empty list is the default, not none: {words}.", "Remove it, or list what is allowed."
            yield EmptyList.id, Problem((name,), wrong, remedy)


def _written_secret(known: Mapping[str, Any]) -> _Judged:
    secret = known.get("ClientSecret")
    if isinstance(secret, Sensitive) and parsing.unfit_secret(secret) is None:
        remedy = "Use a parameter with NoEcho, or put it into the secret that SecretId names."
        yield WrittenSecret.id, Problem(("ClientSecret",), "it is written in the template.", remedy)


def _no_secret_to_store(declared: Declared, unfolding: Unfolding, known: Mapping[str, Any]) -> _Judged:
    """Warn of a SecretId where neither the template nor the secret that it declares has a client secret."""
    found = unfolding.found
    given = {"ClientSecret", properties.PUBLISH, *properties.IMPORT_PROPERTIES} & found.keys()
    secret = declared.secret(found.get("SecretId"))
    if secret is None or given or unfolding.open or "GenerateSecret" in unfolding.hidden:
        return
    wanted, problems = parsing.parse({"GenerateSecret": known["GenerateSecret"]} if "GenerateSecret" in known else {})
    if "GenerateSecret" in {name for problem in problems for name in problem.properties()}:
        return
    if not rules.secret_wanted(wanted) and declared.value(secret) == ("", None):
        for problem in validation.require_secret(has_secret=False):
            yield Incomplete.id, _with_hint(problem, [path for path in problem.paths if path not in found])


def _unfit_value(declared: Declared, name: str, found: Mapping[str, Any]) -> Finding | None:
    """Return what is wrong with the value that the template itself gives to the secret of SecretId."""
    secret = declared.secret(found.get("SecretId"))
    given = declared.value(secret) if secret is not None else None
    if secret is None or given is None or not _is_refused(*given):
        return None
    wrong = f"the function does not overwrite this value with the client secret of {name}."
    problem = Problem((f"{secret}.{given[0]}",), wrong, 'Remove it, or let the value be {"client_secret": "…"} alone.')
    return Finding(SecretValue.id, ("Resources", secret, "Properties", given[0]), str(problem))


def _is_refused(name: str, value: Any) -> bool:
    """Tell whether a secret's value, or what is generated for it, is certainly not one for an app client."""
    match name, value:
        case "SecretString", str(text):
            return bool(text) and "{{resolve:" not in text and not _may_be_ours(text)
        case "GenerateSecretString", dict():
            template, key = value.get("SecretStringTemplate"), value.get("GenerateStringKey")
            if template is None and key is None:
                return not any(member.startswith("Fn::") for member in value)
            if not isinstance(template, str) or not isinstance(key, str) or "{{resolve:" in template:
                return False
            try:
                members = json.loads(template)
            except ValueError:
                return False
            return isinstance(members, dict) and not _may_be_ours(json.dumps({**members, key: "x"}))
    return False


def _may_be_ours(text: str) -> bool:
    stored = Credentials.parse(text)
    return stored is not None and (stored.is_of() or bool(stored.client_id))


def _shared_secrets(cfn: Template) -> Iterator[Finding]:
    """Yield every client whose SecretId names the secret of another client that may exist at the same time."""
    seen: dict[str, list[tuple[str, object]]] = {}
    for name, resource in cfn.get_resources([_CLIENT]).items():
        unfolding, _ = _unfolded(cfn, str(name), resource, {})
        found = unfolding.found.get("SecretId") if isinstance(unfolding.found, dict) else None
        if found is None:
            continue
        declared = Declared(cfn.template, _CLIENT).secret(found)
        shown = found.expression if isinstance(found, Unknown) else found
        key = f"declared {declared}" if declared else json.dumps(shown, sort_keys=True, default=str)
        condition = resource.get("Condition")
        others = seen.setdefault(key, [])
        other = next((name for name, its in others if condition is None or its in (None, condition)), None)
        if other is not None:
            wrong = f"it is the SecretId of {other} as well, and each client would overwrite the other's secret."
            problem = Problem(("SecretId",), wrong, "Give each client a secret of its own.")
            yield Finding(SecretValue.id, unfolding.place(problem.paths), str(problem))
        others.append((str(name), condition))


_SCOPES = frozenset({"openid", "email", "phone", "profile"})
_NEAR = 0.7  # how much a name must look like one that is there to be taken for it


def _not_in_pool(pool: UserPool, found: Mapping[str, Any]) -> _Judged:
    """Compare scopes and identity providers with those that the template declares for the pool."""
    if pool.scopes is not None:
        for path, scope in _literals(found, "AllowedOAuthScopes"):
            if scope not in _SCOPES | pool.scopes and not scope.startswith("aws.cognito."):
                wrong = f'no resource server of {pool.name} in this template has the scope "{scope}".'
                remedy = "Declare it in an AWS::Cognito::UserPoolResourceServer, or remove it."
                yield NotInPool.id, Problem((path,), wrong, _nearest(scope, pool.scopes | _SCOPES) or remedy)
    if pool.providers is not None:
        for path, provider in _literals(found, "SupportedIdentityProviders"):
            if provider not in {"COGNITO", *pool.providers}:
                wrong = f'{pool.name} has no identity provider "{provider}" in this template.'
                remedy = "Declare it as an AWS::Cognito::UserPoolIdentityProvider, or remove it."
                yield NotInPool.id, Problem((path,), wrong, _nearest(provider, {"COGNITO", *pool.providers}) or remedy)


# https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
_READ_ONLY = frozenset({"sub", "email_verified", "phone_number_verified"})
_STANDARD = frozenset(
    {
        *("address", "birthdate", "email", "family_name", "gender", "given_name", "identities", "locale"),
        *("middle_name", "name", "nickname", "phone_number", "picture", "preferred_username", "profile", "updated_at"),
        *("website", "zoneinfo"),
    }
)


def _attributes_of_pool(pool: UserPool, found: Mapping[str, Any]) -> _Judged:
    """Compare attributes with the standard ones and those of the pool's schema."""
    if pool.attributes is None:
        return
    plain = {name.removeprefix("dev:").removeprefix("custom:") for name in pool.attributes}
    own = {f"{prefix}{name}" for name in plain for prefix in ("custom:", "dev:custom:")}
    for name in ("ReadAttributes", "WriteAttributes"):
        for path, attribute in _literals(found, name):
            if name == "WriteAttributes" and attribute in _READ_ONLY:
                yield NotInPool.id, Problem((path,), f"no client may write {attribute}.", "Remove it.")
            elif attribute not in _STANDARD | _READ_ONLY | own and not attribute.startswith("cognito:"):
                wrong = f'{pool.name} has no attribute "{attribute}" in this template.'
                remedy = "Add it to the pool's Schema, or remove it. Attributes of your own begin with custom:."
                nearest = _nearest(attribute, _STANDARD | {f"custom:{one}" for one in plain - _STANDARD})
                yield NotInPool.id, Problem((path,), wrong, nearest or remedy)
    written = found.get("WriteAttributes")
    if isinstance(written, list) and written and all(isinstance(item, str) for item in written):
        for attribute in sorted((pool.required & _STANDARD) - set(written)):
            wrong = f"{pool.name} requires {attribute}, so a client must be able to write it."
            yield NotInPool.id, Problem(("WriteAttributes",), wrong, f"Add {attribute}.")


def _literals(found: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each item of a list that is known before the deployment."""
    items = found.get(name)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, str) and "{{resolve:" not in item:
            yield f"{name}[{index}]", str(item)


def _nearest(name: str, known: Iterable[str]) -> str:
    """Return a sentence about the name that is written much like this one, '' if there is none."""
    plain = {one.lower(): one for one in sorted(known)}
    found = difflib.get_close_matches(name.lower(), plain, n=1, cutoff=_NEAR)
    return f"The nearest one is {plain[found[0]]}." if found else ""


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
    return [*findings(cfn), *advice(cfn), *unknown_attributes(cfn), *mistyped(cfn)]


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


class SecretValue(_Rule):
    """Secrets that cannot hold the secret of a client."""

    id = "E9816"
    shortdesc = "The secret that SecretId names is for one Cognito app client"
    description = "Secrets of the template that have a value of their own, or that two clients share"


class UnknownFlow(_Rule):
    """Authentication flows that this version does not know."""

    id = "W9817"
    shortdesc = "Authentication flows of a Cognito app client are known"
    description = "Names that begin with ALLOW_ and are not in Cognito's documentation of today"


class EmptyList(_Rule):
    """Empty lists that stand for a default."""

    id = "W9818"
    shortdesc = "Lists of a Cognito app client that are empty do not stand for a default"
    description = "An empty ExplicitAuthFlows, ReadAttributes or WriteAttributes is the default, not none"


class WrittenSecret(_Rule):
    """Client secrets that everyone who sees the template can read."""

    id = "W9819"
    shortdesc = "The secret of a Cognito app client is not in the template"
    description = "A literal ClientSecret"


class NotInPool(_Rule):
    """Names that the user pool of the same template does not have."""

    id = "W9820"
    shortdesc = "Scopes, identity providers and attributes of a Cognito app client are those of its user pool"
    description = "Names that the template does not declare for the user pool that it declares"
