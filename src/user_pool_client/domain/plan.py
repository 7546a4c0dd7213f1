"""Decide from three states what to do: what the template wants, what it wanted last time, what exists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.contributions import Values
from user_pool_client.domain.errors import NotFound, Refused
from user_pool_client.domain.properties import (
    CONTRIBUTABLE,
    CREATABLE,
    IMPORT_PROPERTIES,
    PUBLISH,
    SETTINGS,
    TOKENS,
    UPDATABLE,
    Settings,
    Token,
)
from user_pool_client.domain.rules import secret_wanted

_REFRESH_FLOW = "ALLOW_REFRESH_TOKEN_AUTH"
ATTRIBUTE_LISTS = frozenset({"ReadAttributes", "WriteAttributes"})


@dataclass(frozen=True, slots=True)
class Create:
    """Create a new client with these settings; `reason` says why the present one, if there is one, will not do."""

    settings: Settings
    reason: str


@dataclass(frozen=True, slots=True)
class Import:
    """Find the client that the template imports, and plan again with it; `which` is how the template names it."""

    which: str


@dataclass(frozen=True, slots=True)
class Update:
    """Send all of these settings; `changed` names those that differ from what is observed."""

    observed: AppClient
    settings: Settings
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoChange:
    """Do nothing: what is observed is as desired."""

    observed: AppClient


_NO_VALUES: Values = {}

type Plan = Create | Import | Update | NoChange


# Why three states: docs/decisions/0001-updates-compare-three-states.md
def decide(
    *,
    desired: Settings,
    applied: Settings,
    observed: AppClient | None,
    generated_name: str,
    physical_id: str = "",
    contributed: Values = _NO_VALUES,
) -> Plan:
    """Compare the three states.

    A setting that left the template goes back to its documented default. A setting that never was in the template is
    not ours to judge: the update carries its observed value along. `generated_name` is the name of a client whose
    template gives none, `physical_id` the resource's ID so far, '' for a resource that is new. `contributed` are the
    values that other resources contribute to the client: those that it has, it keeps.

    Raises NotFound or Refused where no client can be made of an import what the template wants.
    """
    named = {"ClientName": generated_name, **desired}
    which = imported(desired)
    if observed is None and which:
        if physical_id and not imports_another(desired, applied, physical_id):
            raise _import_is_gone(which, physical_id, desired)
        return Import(which)
    if observed is None:
        return plan_create(named, "the client does not exist in this user pool" if physical_id else _NEW)
    applied = applied_to(observed, desired, applied, physical_id)
    if reason := _replacement_reason(desired, applied, observed):
        if which:
            raise _import_does_not_fit(which, reason)
        return plan_create(named, reason)
    if observed.secret_arn and "SecretId" in desired and desired.get(PUBLISH) is not False:
        raise _cognito_stores_it(observed)
    wanted = merge(
        desired=desired,
        applied=applied,
        observed=observed.settings,
        generated_name=generated_name,
        contributed=contributed,
    )
    before, after = canonical(observed.settings), canonical(wanted)
    changed = tuple(name for name in UPDATABLE if before[name] != after[name] or (name == PUBLISH and name in wanted))
    return Update(observed, wanted, changed) if changed else NoChange(observed)


_NEW = "the resource is new"


# docs/decisions/0015-an-update-whose-import-fails-keeps-its-physical-id.md
def applied_to(observed: AppClient, desired: Settings, applied: Settings, physical_id: str) -> Settings:
    """Return what was applied to the observed client: nothing, where the template before was about another one.

    So it is with a client that is imported now, and when an update that failed to import another client, or to move to
    another user pool, is rolled back.
    """
    client_id = observed.client_id
    same_client = physical_id in ("", client_id) and import_id_of(applied) in (None, client_id)
    return applied if same_client and applied.get("UserPoolId") in (None, desired.get("UserPoolId")) else {}


def _import_is_gone(which: str, client_id: str, desired: Settings) -> NotFound:
    return NotFound(
        f"The adopted client {client_id} is not in user pool {desired['UserPoolId']} any more.",
        f"take {which.partition(' ')[0]} out of the template if a new client is wanted, and deploy again.",
    )


def _import_does_not_fit(which: str, reason: str) -> Refused:
    return Refused(
        f"The client of {which} cannot become what the template wants: {reason}.",
        "let GenerateSecret agree with the client or take it out of the template.",
    )


def _cognito_stores_it(observed: AppClient) -> Refused:
    return Refused(
        f"Cognito itself stores and rotates the secret of app client {observed.client_id}, in {observed.secret_arn}, "
        "so SecretId cannot: each of two rotations would delete the other's secret.",
        f"remove SecretId and let programs read that secret; or set {PUBLISH} to false as well, which deletes that "
        "secret at once and without recovery.",
    )


def is_up_to_date(desired: Settings, observed: AppClient) -> bool:
    """Tell whether everything that is desired is so on the client, secret included, whatever else is set there."""
    named = desired.get("ClientName", "")
    return isinstance(decide(desired=desired, applied={}, observed=observed, generated_name=named), NoChange)


# Nothing observed is copied: docs/decisions/0008-a-replacement-starts-from-the-template-alone.md
def plan_create(settings: Settings, reason: str) -> Create:
    """Plan a new client. Empty lists of attributes are the default, which only leaving them out asks for.

    A unit is sent with its number: Cognito refuses some of those that come alone ("Invalid range for token validity").
    """
    units = settings.get("TokenValidityUnits") or {}
    numbers = {token.validity: token.default_in(units[token.name]) for token in TOKENS if token.name in units}
    whole = {**{name: number for name, number in numbers.items() if number is not None}, **settings}
    sent = {name: whole[name] for name in CREATABLE if name in whole and (name != PUBLISH or whole[name])}
    return Create({name: value for name, value in sent.items() if value or name not in ATTRIBUTE_LISTS}, reason)


def merge(
    *,
    desired: Settings,
    applied: Settings,
    observed: Settings,
    generated_name: str,
    contributed: Values = _NO_VALUES,
) -> Settings:
    """Return the whole configuration that an update sends: Cognito resets whatever a call leaves out."""
    states = _States(desired, applied, observed)
    wanted = {name: value for name in _PLAIN if (value := states.value(name)) is not None}
    for name in (name for name in CONTRIBUTABLE if name in wanted and name in contributed):
        kept = [value for value in observed.get(name) or () if value in contributed[name] - set(wanted[name])]
        wanted[name] = [*wanted[name], *kept]
    if "ClientName" in applied:
        wanted.setdefault("ClientName", generated_name)
    if PUBLISH in desired and desired[PUBLISH] != observed.get(PUBLISH, False):
        wanted[PUBLISH] = desired[PUBLISH]
    for token in TOKENS:
        _merge_token(wanted, token, states)
    if rotation := _merged_rotation(states):
        wanted["RefreshTokenRotation"] = rotation
    if "ExplicitAuthFlows" not in desired and ("ExplicitAuthFlows" in applied or _has_default_flows(observed)):
        wanted["ExplicitAuthFlows"] = default_flows(rotation)
    if analytics := _merged_analytics(states):
        wanted["AnalyticsConfiguration"] = analytics
    return {name: wanted[name] for name in UPDATABLE if wanted.get(name) or name in wanted.keys() - ATTRIBUTE_LISTS}


_NESTED = ("TokenValidityUnits", "RefreshTokenRotation", "AnalyticsConfiguration")
_PLAIN = tuple(name for name in UPDATABLE if name not in (PUBLISH, *_NESTED, *(token.validity for token in TOKENS)))


@dataclass(frozen=True, slots=True)
class _States:
    desired: Settings
    applied: Settings
    observed: Settings

    def value(self, name: str) -> Any:
        """Return the value that an update sends for a setting that stands alone; None leaves it out."""
        if name in self.desired:
            return self.desired[name]
        if name in self.applied:
            return None if SETTINGS[name].reset == "left out" else SETTINGS[name].default
        return self.observed.get(name)

    def members(self, name: str) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
        """Return what each state says of a setting with members."""
        return self.desired.get(name) or {}, self.applied.get(name) or {}, self.observed.get(name) or {}


# All cases: docs/decisions/0007-a-token-validity-and-its-unit-are-decided-together.md
def _merge_token(wanted: dict[str, Any], token: Token, states: _States) -> None:
    """Put a token's number and unit in. They belong together: a number without its unit says nothing."""
    desired_units, applied_units, observed_units = states.members("TokenValidityUnits")
    number, unit = states.desired.get(token.validity), desired_units.get(token.name)
    shown, shown_unit = states.observed.get(token.validity), observed_units.get(token.name)
    was_ours = token.validity in states.applied
    if number is not None:
        unit = unit or token.default_unit
    elif unit is not None:
        chosen = None if was_ours else _chosen(token, shown, shown_unit or token.default_unit)
        number = chosen if chosen is not None and token.allows(chosen, unit) else token.default_in(unit)
    elif was_ours or token.name in applied_units:
        number, unit = token.default_in(token.default_unit), token.default_unit
    elif shown_unit is not None and (shown is None or not token.allows(shown, shown_unit)):
        number, unit = token.default_in(shown_unit), shown_unit
    else:
        number, unit = shown, shown_unit
    if number is not None:
        wanted[token.validity] = number
    if unit is not None:
        wanted["TokenValidityUnits"] = {**wanted.get("TokenValidityUnits", {}), token.name: unit}


def _chosen(token: Token, number: int | None, unit: str) -> int | None:
    """Return the observed number if somebody chose it: not if it is the default, or one that Cognito would not take.

    Cognito shows 30 for a client created with nothing but a unit of its refresh tokens, whatever that unit is.
    """
    if number is None or token.is_default(number, unit) or not token.allows(number, unit):
        return None
    return number


def _merged_rotation(states: _States) -> dict[str, Any]:
    desired, applied, observed = states.members("RefreshTokenRotation")
    if not desired and "RefreshTokenRotation" in states.applied:
        return dict(SETTINGS["RefreshTokenRotation"].default)
    grace = "RetryGracePeriodSeconds"
    kept = {} if grace in applied else {name: observed[name] for name in (grace,) if name in observed}
    reset = {grace: SETTINGS["RefreshTokenRotation"].default[grace]} if grace in applied else {}
    return {**kept, **reset, **desired} if desired else dict(observed)


def _merged_analytics(states: _States) -> dict[str, Any]:
    """Take one state's configuration whole, since its two forms do not mix; only UserDataShared stands alone."""
    desired, applied, observed = states.members("AnalyticsConfiguration")
    if not desired:
        gone = "AnalyticsConfiguration" in states.applied or "AnalyticsConfiguration" in states.desired
        return {} if gone else sendable_analytics(observed)
    shared = {"UserDataShared": observed["UserDataShared"]} if "UserDataShared" in observed else {}
    return {**({} if "UserDataShared" in applied else shared), **desired}


def sendable_analytics(given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what Cognito adds to the ApplicationArn form by itself and would not take back beside it."""
    if "ApplicationArn" not in given:
        return dict(given)
    return {name: given[name] for name in ("ApplicationArn", "UserDataShared") if name in given}


def default_flows(rotation: Mapping[str, Any]) -> list[str]:
    """Return the default authentication flows: Cognito takes no refresh flow while rotation is on."""
    flows: list[str] = SETTINGS["ExplicitAuthFlows"].default
    return [flow for flow in flows if flow != _REFRESH_FLOW or rotation.get("Feature") != "ENABLED"]


def _replacement_reason(desired: Settings, applied: Settings, observed: AppClient) -> str:
    """Say why the client that exists cannot become the desired one; '' if it can.

    Agreeing with what exists is never a replacement, even if the template says it for the first time.
    """
    wanted = secret_wanted(desired)
    if wanted is True and observed.has_secret is False:
        return "the template wants a client secret and the client has none"
    if wanted is False and observed.has_secret is True:
        return "the template wants no client secret and the client has one"
    own = desired.get("ClientSecret")
    # With SecretId a new value becomes the client's second secret.
    if own is not None and "SecretId" not in desired and own not in (applied.get("ClientSecret"), observed.secret):
        return "ClientSecret changed"
    return ""


# docs/decisions/0009-lists-are-compared-as-sets-and-shown-sorted.md
def _has_default_flows(observed: Settings) -> bool:
    """Tell whether the flows on the client are the default: then they follow the rotation when that changes."""
    flows = observed.get("ExplicitAuthFlows") or []
    return bool(flows) and set(flows) == set(default_flows(observed.get("RefreshTokenRotation") or {}))


def canonical(settings: Settings) -> dict[str, Any]:
    """Return the settings so that equal means equal in effect: lists as sets, absent as default."""
    rotation = {**SETTINGS["RefreshTokenRotation"].default, **(settings.get("RefreshTokenRotation") or {})}
    units = settings.get("TokenValidityUnits") or {}
    canonical: dict[str, Any] = {PUBLISH: None}  # sent only where it changes, so there is nothing to compare
    for name in (name for name in UPDATABLE if name != PUBLISH):
        value = settings.get(name)
        default = default_flows(rotation) if name == "ExplicitAuthFlows" else SETTINGS[name].default
        if isinstance(default, list):
            canonical[name] = frozenset(value or default)
        else:
            canonical[name] = default if value is None else value
    for token in TOKENS:
        unit = units.get(token.name) or token.default_unit
        # 0 stands for the default, as absence does.
        canonical[token.validity] = settings.get(token.validity) or token.default_in(unit)
    canonical["TokenValidityUnits"] = {token.name: units.get(token.name) or token.default_unit for token in TOKENS}
    # Without rotation there is nothing to be graceful about: Cognito then shows 0, whatever was sent.
    canonical["RefreshTokenRotation"] = {"Feature": "DISABLED"} if rotation["Feature"] == "DISABLED" else rotation
    analytics = sendable_analytics(settings.get("AnalyticsConfiguration") or {})
    canonical["AnalyticsConfiguration"] = {"UserDataShared": False, **analytics} if analytics else {}
    return canonical


def imported(desired: Settings) -> str:
    """Return which import the template asks for, as a person would say it; '' for none."""
    return next((f'{name} "{desired[name]}"' for name in IMPORT_PROPERTIES if name in desired), "")


def import_id_of(settings: Settings) -> str | None:
    """Return the client id of ImportId; None where there is none, or none that parses."""
    import_id = settings.get("ImportId")
    return None if import_id is None else str(import_id).partition("/")[2]


# docs/decisions/0014-an-import-by-name-searches-once-per-user-pool.md
def imports_another(desired: Settings, applied: Settings, client_id: str) -> bool:
    """Tell whether an update takes over another client than the present one. Names are looked up once for each pool."""
    if import_id := import_id_of(desired):
        return import_id != client_id
    return bool(imported(desired)) and applied.get("UserPoolId") not in (None, desired["UserPoolId"])


def session(desired: Settings, applied: Settings) -> dict[str, Any] | None:
    """Return the session configuration that is wanted; None where it is in neither template, and so not ours."""
    if desired.get("SSOSession"):
        return dict(desired["SSOSession"])
    return dict(SETTINGS["SSOSession"].default) if "SSOSession" in applied else None
