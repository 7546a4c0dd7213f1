"""The way back: what gives each setting that a failed request changed the value from before, whoever had set it."""

from typing import Any

from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.contributions import Shares
from user_pool_client.domain.plan import ATTRIBUTE_LISTS, NoChange, Update, canonical, default_flows, sendable_analytics
from user_pool_client.domain.properties import CONTRIBUTABLE, PUBLISH, SETTINGS, TOKENS, UPDATABLE, Settings

_TOKEN_SETTINGS = frozenset({"TokenValidityUnits", *(token.validity for token in TOKENS)})


_NO_SHARES = Shares()


def undo(*, before: Settings, after: Settings, observed: AppClient, shares: Shares = _NO_SHARES) -> Update | NoChange:
    """Return the update that takes a change back: from `after`, which the request sent, to `before`, which it found.

    What the request did not change is not touched, and what others have changed since then stays. A setting that was
    not there before gets its default, sent explicitly: some are sticky where an update leaves them out.

    `shares` are the values that other resources contribute to the client. What they added and removed since the request
    does not keep a list from being restored, and stays.
    """
    was, sent, now = canonical(before), canonical(after), canonical(observed.settings)
    wanted: dict[str, Any] = dict(observed.settings)
    for name in CONTRIBUTABLE:
        restored = _restored_list(was[name], sent[name], now[name], name, shares)
        if restored != now[name]:
            wanted[name] = _value(name, before) if restored == was[name] else sorted(restored)
    for name in UPDATABLE:
        if name not in _TOKEN_SETTINGS and name not in CONTRIBUTABLE and was[name] != sent[name] == now[name]:
            wanted[name] = _value(name, before)
    units = dict(wanted.get("TokenValidityUnits") or {})
    for token in TOKENS:
        pairs = [(state[token.validity], state["TokenValidityUnits"][token.name]) for state in (was, sent, now)]
        if pairs[0] != pairs[1] == pairs[2]:
            number, units[token.name] = pairs[0]
            wanted[token.validity] = token.default_in(units[token.name]) if number is None else number
    if units:
        wanted["TokenValidityUnits"] = units
    wanted["AnalyticsConfiguration"] = sendable_analytics(wanted.get("AnalyticsConfiguration") or {}) or None
    wanted[PUBLISH] = False if _has_published(before, after, observed) else None
    settings = {
        name: wanted[name]
        for name in UPDATABLE
        if wanted.get(name) is not None and (wanted[name] or name not in ATTRIBUTE_LISTS)
    }
    after_all = canonical(settings)
    changed = tuple(
        name for name in UPDATABLE if now[name] != after_all[name] or (name == PUBLISH and name in settings)
    )
    return Update(observed, settings, changed) if changed else NoChange(observed)


type _Items = frozenset[str]


def _restored_list(was: _Items, sent: _Items, now: _Items, name: str, shares: Shares) -> _Items:
    """Return a list as it was, with what is contributed now; as it is, where others than contributions changed it.

    A value that the request gave up to a contribution may have gone with it, and comes back. One that it took over from
    a contribution would have gone with it, and goes.
    """
    live, then, kept, given_up = (
        values.get(name, frozenset())
        for values in (shares.live, shares.then, shares.claims.kept, shares.claims.given_up)
    )
    if not (now ^ sent) <= live | then:
        return now
    return (now - (sent - was - live) - (kept - live)) | (was - (sent - given_up))


def _has_published(before: Settings, after: Settings, observed: AppClient) -> bool:
    """Tell whether the request let Cognito store the secret: only then it is taken back, because that deletes it."""
    return bool(after.get(PUBLISH)) and not before.get(PUBLISH) and bool(observed.settings.get(PUBLISH))


def likely_change(*, desired: Settings, applied: Settings) -> tuple[Settings, Settings]:
    """Return what a failed update changed as far as the templates alone can tell: the settings before it, and after.

    `desired` is the template that the rollback goes back to, `applied` the one that failed. A setting that only the
    failed one names is left out: its value from before is not known, so it stays.
    """
    names = [name for name in UPDATABLE if name in desired and desired[name] is not None]
    before: dict[str, Any] = {name: desired[name] for name in names}
    after: dict[str, Any] = {name: applied[name] for name in names if applied.get(name) is not None}
    # A number and its unit belong together: what one template says of a token, the other one's pair is held against.
    had, has = desired.get("TokenValidityUnits") or {}, applied.get("TokenValidityUnits") or {}
    tokens = [token for token in TOKENS if token.validity in before or token.name in had]
    after |= {token.validity: applied[token.validity] for token in tokens if applied.get(token.validity) is not None}
    after["TokenValidityUnits"] = {token.name: has[token.name] for token in tokens if token.name in has}
    return before, after


def _value(name: str, before: Settings) -> Any:
    if name == "ExplicitAuthFlows":
        return before.get(name) or default_flows(before.get("RefreshTokenRotation") or {})
    if SETTINGS[name].reset == "left out":
        return before.get(name)
    return SETTINGS[name].default if before.get(name) is None else before[name]
