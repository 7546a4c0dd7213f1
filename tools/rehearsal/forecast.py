"""What a changed template will do to an app client, decided by the provider's own functions and told in words."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from user_pool_client.domain import plan, validation
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.attributes import attributes, setting_paths
from user_pool_client.domain.cimd_policy import with_policy
from user_pool_client.domain.errors import ProviderError
from user_pool_client.domain.parsing import parse, parse_previous
from user_pool_client.domain.properties import IMPORT_PROPERTIES, PUBLISH, RESERVED, SETTINGS, Settings
from user_pool_client.domain.rules import secret_wanted, validate, validate_import
from user_pool_client.domain.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from user_pool_client.domain.errors import Problem

_PROVIDERS = tuple(name for name, setting in SETTINGS.items() if setting.target == "provider")
_NOT_SHOWN = "ExternalId"
MASK = "********"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What will happen to one client; `changes` are values before and after, `unknown` says what a value depends on.

    `second_look` says that the function will ask Cognito whether a client that shows no secret has one.
    """

    what: str
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    second_look: bool = False
    unsupported: tuple[str, ...] = ()
    """The client's settings that this version does not know."""
    kind: Literal["not called", "keep", "update", "create", "import", "fails"] = "update"
    """What the function will do, for programs; "not called" where CloudFormation will not call it."""


@dataclass(frozen=True, slots=True)
class Change:
    """The properties of one resource, before and after, as far as they are known, and its client as it is."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    unknown: Mapping[str, str]
    present: AppClient
    generated_name: str
    stays: bool = False
    """Whether CloudFormation is told to keep what is replaced."""


def told(client: AppClient) -> dict[str, str]:
    """Return the settings of a client that are not the defaults, in words."""
    bare = attributes(
        AppClient(client.pool_id, client.client_id, {}, has_secret=None if client.has_secret is None else False)
    )
    shown = attributes(client)
    names = [name for name in setting_paths() if shown[name] != bare[name] or name == "UserPoolId"]
    return {name: _words(name, shown[name]) for name in names}


def forecast(change: Change) -> Forecast:
    """Tell what an update of the resource will do."""
    if change.before == change.after and not change.unknown:
        return Forecast("stays as it is: no property changes, so the function is not even called", kind="not called")
    desired, problems = parse(_known(change.after, change))
    applied = parse_previous(_known(change.before, change))
    problems += validate_import(desired)
    if "UserPoolId" in change.unknown:
        decision: plan.Plan = plan.plan_create(desired, "its user pool is a new one")
    else:
        present = change.present
        is_here = desired.get("UserPoolId") == present.pool_id
        is_it = plan.import_id_of(desired) in (None, present.client_id)
        try:
            decision = plan.decide(
                desired=desired,
                applied=applied,
                observed=present if is_here and is_it else None,
                generated_name=change.generated_name,
                physical_id=present.client_id,
            )
        except ProviderError as error:
            return Forecast("cannot be changed so: the update will fail", problems=(error.why,), kind="fails")
        if isinstance(decision, plan.Import):
            what = f"takes over {_imported(desired)} in its place; {_afterwards(change, applied)}"
            return Forecast(what, kind="import")
    return _forecast(change, desired, applied, decision, problems)


def _forecast(
    change: Change, desired: Settings, applied: Settings, decision: plan.Plan, problems: list[Problem]
) -> Forecast:
    present = change.present
    settings, has_secret, second_look = present.settings, present.has_secret, False
    kind: Literal["keep", "update", "create"] = "update"
    match decision:
        case plan.Create(settings, because):
            if desired.get("UserPoolId", present.pool_id) != present.pool_id:
                because = "UserPoolId changes"
            has_secret = bool(secret_wanted(desired))
            second_look = "the client has none" in because
            what, kind = f"a new client, because {because}; {_afterwards(change, applied)}", "create"
            problems += validate({**settings}, has_secret=has_secret)
        case plan.Update(_, settings, _):
            settings = {PUBLISH: present.settings.get(PUBLISH, False), **settings}  # sent only where it changes
            what = "changed in place"
            problems += validate(settings, has_secret=has_secret)
        case plan.NoChange():
            what = "changed in place, if at all" if change.unknown else "the client stays as it is"
            kind = "update" if change.unknown else "keep"
    if "SecretId" in desired and not has_secret:
        problems += validation.require_secret(has_secret=has_secret)
    after = AppClient(
        str(desired.get("UserPoolId", present.pool_id)),
        present.client_id,
        {**settings, **{name: desired[name] for name in ("SSOSession",) if name in desired}},
        has_secret=has_secret,
    )
    before = dataclasses.replace(
        present,
        settings={**present.settings, **{name: applied[name] for name in ("SSOSession",) if applied.get(name)}},
    )
    before, after = with_policy(before, applied), with_policy(after, desired)
    told_problems = tuple(dict.fromkeys(str(one) for one in problems if not one.properties() & change.unknown.keys()))
    changes = {**_differences(before, after), **_provider_changes(applied, desired)}
    changes = {name: values for name, values in changes.items() if name.partition(".")[0] not in change.unknown}
    unsupported = tuple(sorted(present.unknown))
    return Forecast(what, changes, change.unknown, told_problems, second_look, unsupported, kind)


def _known(properties: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """Leave out what is not known, on both sides: what neither side says is carried along."""
    return {
        name: Sensitive(value) if name == "ClientSecret" and isinstance(value, str) else value
        for name, value in properties.items()
        if name not in change.unknown and name not in RESERVED
    }


def _imported(desired: Settings) -> str:
    """Return the client that the template imports, as a person would say it."""
    if "ImportId" in desired:
        return f"the client {desired['ImportId']}"
    return next(f'the one client that fits {name} "{desired[name]}"' for name in IMPORT_PROPERTIES if name in desired)


def _afterwards(change: Change, applied: Settings) -> str:
    client_id = change.present.client_id
    if any(name in applied for name in IMPORT_PROPERTIES):
        return f"{client_id} is let go"
    return f"{client_id} stays in its pool (UpdateReplacePolicy)" if change.stays else f"{client_id} is deleted"


def _differences(before: AppClient, after: AppClient) -> dict[str, tuple[str, str]]:
    old, new = attributes(before), attributes(after)
    return {
        name: (_words(name, old[name]), _words(name, new[name])) for name in setting_paths() if old[name] != new[name]
    }


def _provider_changes(applied: Settings, desired: Settings) -> dict[str, tuple[str, str]]:
    changes = {}
    for name in _PROVIDERS:
        old, new = applied.get(name), desired.get(name)
        if old != new:
            shown = (MASK if value and name == _NOT_SHOWN else str(value or "") for value in (old, new))
            changes[name] = (next(shown), next(shown))
    return changes


def _words(name: str, value: str | Sensitive) -> str:
    text = str(value)
    setting = SETTINGS.get(name)
    return text.replace(",", ", ") if setting is not None and isinstance(setting.default, list) else text
