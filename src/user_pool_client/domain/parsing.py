"""A template's properties as settings, and everything that is wrong with them."""

import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin, is_typeddict

from msgspec import ValidationError, convert

from user_pool_client.domain.errors import Problem
from user_pool_client.domain.properties import (
    RESERVED,
    SETTINGS,
    TOKENS,
    ClientProperties,
    Settings,
    TokenValidityUnits,
    kind_and_limits,
)
from user_pool_client.domain.sensitive import Sensitive


def parse(properties: object, template: Any = ClientProperties) -> tuple[Settings, list[Problem]]:
    """Convert a template's properties to settings, and tell everything that is wrong with them.

    CloudFormation hands over every scalar as a string; real JSON types work as well. Duplicates in lists go. Settings
    that do not parse are not in the result. `template` is the resource type's TypedDict.
    """
    problems: list[Problem] = []
    if not isinstance(properties, Mapping):
        return {}, [Problem(("ResourceProperties",), f"{_show(properties)} was received.", "It must be a map.")]
    known = template.__annotations__
    values = {name: _value(name, value, known[name], problems) for name, value in properties.items() if name in known}
    problems += [_unknown(name, known) for name in properties if name not in known and name not in RESERVED]
    missing = [name for name in _REQUIRED if name in template.__required_keys__ and name not in properties]
    problems[:0] = [Problem((name,), "it is missing.", _REQUIRED[name]) for name in missing]
    return {name: value for name, value in values.items() if value is not None}, problems


def with_readable_units(settings: Settings, properties: object, problems: list[Problem]) -> tuple[Settings, set[str]]:
    """Return settings whose token validities can be judged although some of their units do not parse.

    The units that do parse are kept. A validity whose unit is in doubt is left out. The second value names what must
    not be judged: these validities, or TokenValidityUnits if it cannot be read at all.
    """
    name = "TokenValidityUnits"
    wrong = {path for problem in problems for path in problem.paths if path.partition(".")[0] == name}
    if not wrong:
        return settings, set()
    found = properties.get(name) if isinstance(properties, Mapping) else None
    known = TokenValidityUnits.__annotations__
    if not isinstance(found, Mapping):
        return {key: value for key, value in settings.items() if key not in _VALIDITIES}, {name, *_VALIDITIES}
    units = {member: unit for member, unit in found.items() if member in known and f"{name}.{member}" not in wrong}
    is_misspelt = any(member not in known for member in found)  # it may be the unit of any token that has none
    doubtful = {token.validity for token in TOKENS if token.unit in wrong or (is_misspelt and token.name not in units)}
    kept = {key: value for key, value in settings.items() if key not in doubtful}
    return {**kept, name: units}, doubtful


_VALIDITIES = frozenset(token.validity for token in TOKENS)

_REQUIRED: Mapping[str, str] = {
    "UserPoolId": "Give the id of the user pool.",
    "ClientId": "Give the ID of the app client to contribute to.",
}


def parse_previous(properties: object, template: Any = ClientProperties) -> Settings:
    """Read the properties of the deployment before: nobody can mend those, so what does not parse becomes None."""
    if not isinstance(properties, Mapping):
        return {}
    known = template.__annotations__
    return {name: _value(name, value, known[name], []) for name, value in properties.items() if name in known}


def nearest(name: str, known: Mapping[str, object]) -> str:
    """Return the known name that is written most like this one; case and underscores do not count."""
    plain = {_plain(candidate): candidate for candidate in known}
    return plain[difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.0)[0]]


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _unknown(path: str, known: Mapping[str, object]) -> Problem:
    parent, dot, name = path.rpartition(".")
    return Problem((path,), "there is no such property.", f"The nearest one is {parent}{dot}{nearest(name, known)}.")


def _value(path: str, value: object, annotation: Any, problems: list[Problem]) -> Any:
    """Convert one value, whatever its type; report what is wrong and return None where it cannot be."""
    if names_a_secret(value):
        problems.append(_unresolved(path))
        return None
    kind, _ = kind_and_limits(annotation)
    if is_typeddict(kind):
        return _members(path, value, kind, problems)
    if get_origin(kind) is list:
        return _list(path, value, annotation, problems)
    return _scalar(path, value, annotation, problems)


# Supported "only for specific resource properties", and those of custom resources are not among them.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
_SECRET_REFERENCE = re.compile(r"\{\{resolve:(?:secretsmanager|ssm-secure):")


def names_a_secret(value: object) -> bool:
    """Tell whether a text has a dynamic reference to a secret in it: a custom resource receives it as text."""
    text = value.reveal() if isinstance(value, Sensitive) else value
    return isinstance(text, str) and _SECRET_REFERENCE.search(text) is not None


def _unresolved(path: str) -> Problem:
    """Refuse a reference without a word of it: it may name more than the secret."""
    match path:
        case "ClientSecret":
            remedy = "Hand the value over as a parameter with NoEcho, or put it into the secret that SecretId names."
        case "SecretId":
            remedy = "Give the name or ARN of the secret, not a reference to its value."
        case _:
            remedy = "Give the value itself, a parameter, or a {{resolve:ssm:…}} reference, which is resolved."
    wrong = "it holds a dynamic reference, which CloudFormation does not resolve in custom resources."
    return Problem((path,), wrong, remedy)


def _members(path: str, value: object, kind: Any, problems: list[Problem]) -> dict[str, Any] | None:
    known = kind.__annotations__
    if not isinstance(value, Mapping):
        problems.append(Problem((path,), f"{_show(value)} is no map.", f"It takes a map of {', '.join(known)}."))
        return None
    before = len(problems)
    problems += [_unknown(f"{path}.{name}", known) for name in value if name not in known]
    problems += [
        Problem((f"{path}.{name}",), "it is missing.", f"It must be {_allowed(known[name])}.")
        for name in sorted(kind.__required_keys__ - value.keys())
    ]
    members = {name: _value(f"{path}.{name}", value[name], known[name], problems) for name in known if name in value}
    return members if len(problems) == before else None


def _list(path: str, value: object, annotation: Any, problems: list[Problem]) -> list[Any] | None:
    kind, limits = kind_and_limits(annotation)
    (item,) = get_args(kind)
    if not isinstance(value, (list, tuple)):
        problems.append(Problem((path,), f"{_show(value)} is no list.", f"It takes a list, each {_allowed(item)}."))
        return None
    before = len(problems)
    items = [_value(f"{path}[{index}]", element, item, problems) for index, element in enumerate(value)]
    if len(problems) > before:
        return None
    # docs/decisions/0009-lists-are-compared-as-sets-and-shown-sorted.md
    items = list(dict.fromkeys(items))
    least, most = limits.min_length or 0, limits.max_length
    if most is not None and len(items) > most:
        wrong = f"it has {len(items)} different items."
        problems.append(Problem((path,), wrong, f"At most {most} are allowed.", _constraint(path)))
        return None
    if len(items) < least:
        problems.append(Problem((path,), "it is empty.", f"It must be {_allowed(annotation)}.", _constraint(path)))
        return None
    return items


def _scalar(path: str, value: object, annotation: Any, problems: list[Problem]) -> Any:
    kind, limits = kind_and_limits(annotation)
    plain = value.reveal() if isinstance(value, Sensitive) else value
    if kind is str and isinstance(plain, (int, float)):
        # YAML turns `ClientName: 007` into a number; CloudFormation would have made a string of it.
        plain = str(plain).lower() if isinstance(plain, bool) else str(plain)
    try:
        converted = convert(plain, Annotated[kind, limits], strict=False)
    except ValidationError:
        problems.append(_misfit(path, value, annotation))
        return None
    return Sensitive(converted) if path == "ClientSecret" else converted


# An external ID is not a secret to AWS, but templates may treat it as one; SecretId may hold the value by mistake.
_NOT_SHOWN = frozenset({"ClientSecret", "ExternalId", "SecretId"})


def _misfit(path: str, value: object, annotation: Any) -> Problem:
    own_secret = path == "ClientSecret"
    kind, _ = kind_and_limits(annotation)
    # A value of the wrong JSON type never reaches Cognito, so Cognito has no words for it.
    reaches_cognito = own_secret or _is_a(str if get_origin(kind) is Literal else kind, value)
    shown = "the value (not shown)" if path in _NOT_SHOWN else _show(value)
    cognito = _constraint(path) if reaches_cognito else ""
    return Problem((path,), f"{shown} is not allowed.", f"It must be {_allowed(annotation)}.", cognito)


def _is_a(kind: Any, value: object) -> bool:
    try:
        convert(value, kind, strict=False)
    except ValidationError:
        return False
    return True


def unfit_secret(secret: Sensitive) -> Problem | None:
    """Say why Cognito would not take a client secret; None if it would."""
    problems: list[Problem] = []
    _value("ClientSecret", secret, SETTINGS["ClientSecret"].type, problems)
    return problems[0] if problems else None


# The members of Cognito's API.
_COGNITOS = frozenset({"ClientId", *(name for name, setting in SETTINGS.items() if setting.target != "provider")})


def _constraint(path: str) -> str:
    """Return Cognito's wording for limits, patterns and enumerations; values are left out of it.

    It has none for what is not a member of its API. The members of a CIMD policy are those of its operations.
    """
    name, _, index = path.partition("[")
    if name.partition(".")[0] not in _COGNITOS:
        return ""
    name = name.removeprefix("CIMDPolicy.")
    member = ".".join(part[0].lower() + part[1:] for part in name.split("."))
    if index:
        member += f".{int(index.rstrip(']')) + 1}.member"
    return f"1 validation error detected: Value at '{member}' failed to satisfy constraint"


_SHOWN = 60


def _show(value: object) -> str:
    """Return a value as a person would write it, short enough to stand in a sentence."""
    match value:
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case int() | float():
            return str(value)[:_SHOWN]
        case str():
            return f'"{value}"' if len(value) <= _SHOWN else f'"{value[:_SHOWN]}…" ({len(value)} characters)'
        case Mapping():
            return "a map"
        case _:
            return "a list"


def _allowed(annotation: Any) -> str:
    """Say in words what a type takes."""
    kind, limits = kind_and_limits(annotation)
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    if get_origin(kind) is list:
        return f"a list of {limits.min_length or 0} to {limits.max_length} items, each {_allowed(get_args(kind)[0])}"
    if kind is bool:
        return "true or false"
    if kind is int:
        return f"a whole number from {limits.ge} to {limits.le}"
    least, most, words = limits.min_length, limits.max_length, limits.description
    length = "a string" if most is None else f"a string of {least or 0} to {most} characters"
    return f"{length}: {words}" if words else length
