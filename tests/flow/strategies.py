"""Templates of all kinds for hypothesis: such as Cognito takes, and anything that JSON can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.canaries import OTHER_SECRET, OWN_SECRET
from tests.flow.templates import ANALYTICS_ARN, APP, DESKTOP, MOBILE, ROLE_ARN
from tests.flow.world import FRANKFURT_POOL, OTHER_POOL, POOL, SCOPES
from user_pool_client.domain.properties import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

type Json = dict[str, Any]

_BOOLEANS = st.sampled_from(["true", "false"])
_URLS = st.sampled_from([APP, DESKTOP, MOBILE, "http://127.0.0.1/callback", "https://app.example.com/ümlaut"])


def _maybe(settings: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.just({}) | settings


def _one(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return _maybe(st.fixed_dictionaries({name: values}))


def _several(items: Iterable[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(items)), max_size=4)


def _token(name: str, ranges: Mapping[str, tuple[int, int]], default_unit: str) -> st.SearchStrategy[Json]:
    """Give a number with its unit, one in the default unit, or that unit alone."""

    def numbers(unit: str) -> st.SearchStrategy[str]:
        return st.integers(*ranges[unit]).map(str)

    with_unit = st.sampled_from(sorted(ranges)).flatmap(
        lambda unit: numbers(unit).map(lambda number: {f"{name}Validity": number, "TokenValidityUnits": {name: unit}})
    )
    alone = numbers(default_unit).map(lambda number: {f"{name}Validity": number})
    return _maybe(with_unit | alone | st.just({"TokenValidityUnits": {name: default_unit}}))


_SHORT = {"seconds": (300, 86400), "minutes": (5, 1440), "hours": (1, 24), "days": (1, 1)}
# Never shorter than a day, which any other token may last.
_LONG = {"seconds": (86400, 315360000), "minutes": (1440, 5256000), "hours": (24, 87600), "days": (1, 3650)}

_LEGACY = st.lists(st.sampled_from(["ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH"]), min_size=1)
_WITHOUT_REFRESH = st.lists(st.sampled_from(["ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH"]))
_WITH_REFRESH = _WITHOUT_REFRESH.map(lambda flows: [*flows, "ALLOW_REFRESH_TOKEN_AUTH"])
_GRACE = _one("RetryGracePeriodSeconds", st.integers(0, 60).map(str))


def _rotation(feature: str) -> st.SearchStrategy[Json]:
    return _GRACE.map(lambda grace: {"RefreshTokenRotation": {"Feature": feature, **grace}})


_OFF, _ON = _maybe(_rotation("DISABLED")), _rotation("ENABLED")
_SIGN_IN_WITH = {
    "off": st.builds(lambda a, b: a | b, _OFF, _one("ExplicitAuthFlows", _LEGACY | _WITHOUT_REFRESH | _WITH_REFRESH)),
    "on": st.builds(lambda a, b: a | b, _ON, _one("ExplicitAuthFlows", _LEGACY | _WITHOUT_REFRESH)),
}


@st.composite
def _oauth(draw: st.DrawFn) -> Json:
    settings: Json = {}
    callbacks = draw(st.lists(_URLS, max_size=4))
    said, default = draw(st.booleans()), draw(st.booleans())
    if callbacks or said:
        settings["CallbackURLs"] = callbacks
    if callbacks and default:
        settings["DefaultRedirectURI"] = draw(st.sampled_from(callbacks))
    match draw(st.sampled_from(["nothing", "scopes", "redirects", "machine"])):
        case "scopes":
            settings["AllowedOAuthScopes"] = draw(_several(["openid", "email", *SCOPES]))
        case "redirects" if callbacks:
            settings["AllowedOAuthFlows"] = draw(st.sampled_from([["code"], ["implicit"], ["implicit", "code"]]))
            settings["AllowedOAuthScopes"] = draw(st.lists(st.sampled_from(["openid", *SCOPES]), min_size=1))
            settings |= draw(_one("AllowedOAuthFlowsUserPoolClient", _BOOLEANS))
        case "machine":
            settings["AllowedOAuthFlows"] = ["client_credentials"]
            settings["AllowedOAuthScopes"] = draw(st.lists(st.sampled_from(SCOPES), min_size=1))
            settings |= draw(_one("AllowedOAuthFlowsUserPoolClient", _BOOLEANS))
    return settings


_SHARED = _one("UserDataShared", _BOOLEANS)
_ANALYTICS = _SHARED.map(lambda shared: {"ApplicationArn": ANALYTICS_ARN, **shared}) | _SHARED.map(
    lambda shared: {"ApplicationId": "0123456789abcdef", "RoleArn": ROLE_ARN, "ExternalId": "shop", **shared}
)

# Settings that depend on each other are in one group. All need a client with a secret, and pools as these tests' are.
GROUPS: Mapping[str, st.SearchStrategy[Json]] = {
    "name": _one("ClientName", st.sampled_from(["web", "mobile app", "a" * 128])),
    "access token": _token("AccessToken", _SHORT, "hours"),
    "id token": _token("IdToken", _SHORT, "hours"),
    "refresh token": _token("RefreshToken", _LONG, "days") | st.just({"RefreshTokenValidity": "0"}),
    "sign-in": _SIGN_IN_WITH["off"] | _SIGN_IN_WITH["on"],
    "OAuth": _oauth(),
    "logout": _one("LogoutURLs", st.lists(_URLS, max_size=4)),
    "providers": _one("SupportedIdentityProviders", _several(["COGNITO", "Google", "Corporate"])),
    "reading": _one("ReadAttributes", _several(["email", "name", "custom:tenant", "email_verified"])),
    "writing": _one("WriteAttributes", _several(["email", "name", "custom:tenant"])),
    "existence": _one("PreventUserExistenceErrors", st.sampled_from(["LEGACY", "ENABLED"])),
    "revocation": _one("EnableTokenRevocation", _BOOLEANS),
    "context data": _one("EnablePropagateAdditionalUserContextData", _BOOLEANS),
    "session": _one("AuthSessionValidity", st.integers(3, 15).map(str)),
    "analytics": _one("AnalyticsConfiguration", _ANALYTICS),
}

# The settings of each group, as `templates.effective` names them.
NAMES: Mapping[str, frozenset[str]] = {
    "name": frozenset({"ClientName"}),
    "access token": frozenset({"AccessTokenValidity"}),
    "id token": frozenset({"IdTokenValidity"}),
    "refresh token": frozenset({"RefreshTokenValidity"}),
    "sign-in": frozenset({"ExplicitAuthFlows", "RefreshTokenRotation"}),
    "OAuth": frozenset(
        {
            "CallbackURLs",
            "DefaultRedirectURI",
            "AllowedOAuthFlows",
            "AllowedOAuthScopes",
            "AllowedOAuthFlowsUserPoolClient",
        }
    ),
    "logout": frozenset({"LogoutURLs"}),
    "providers": frozenset({"SupportedIdentityProviders"}),
    "reading": frozenset({"ReadAttributes"}),
    "writing": frozenset({"WriteAttributes"}),
    "existence": frozenset({"PreventUserExistenceErrors"}),
    "revocation": frozenset({"EnableTokenRevocation"}),
    "context data": frozenset({"EnablePropagateAdditionalUserContextData"}),
    "session": frozenset({"AuthSessionValidity"}),
    "analytics": frozenset({"AnalyticsConfiguration"}),
}

NEED_A_SECRET = ("client_credentials", "EnablePropagateAdditionalUserContextData")


@st.composite
def settings_of(draw: st.DrawFn, groups: Iterable[str]) -> Json:
    """Draw settings of some groups; some of the groups stay empty."""
    settings: Json = {}
    for group in groups:
        drawn = draw(GROUPS[group])
        units = {**settings.get("TokenValidityUnits", {}), **drawn.get("TokenValidityUnits", {})}
        settings |= drawn
        if units:
            settings["TokenValidityUnits"] = units
    return settings


@st.composite
def valid_templates(draw: st.DrawFn) -> Json:
    """Draw a template that Cognito takes."""
    settings = draw(settings_of(GROUPS))
    needs_a_secret = "client_credentials" in settings.get("AllowedOAuthFlows", []) or (
        settings.get("EnablePropagateAdditionalUserContextData") == "true"
    )
    secrets: list[Json] = [{"GenerateSecret": "true"}, {"ClientSecret": OWN_SECRET}, {"ClientSecret": OTHER_SECRET}]
    if not needs_a_secret:
        secrets += [{}, {}, {"GenerateSecret": "false"}]
    pool_id = draw(st.sampled_from([POOL, POOL, POOL, OTHER_POOL, FRANKFURT_POOL]))
    return {"UserPoolId": pool_id, **settings, **draw(st.sampled_from(secrets))}


# What makes any template one that is refused: by us at once, by us after a look, by Cognito.
BAD_SETTINGS: tuple[Json, ...] = (
    {"AuthSessionValidity": "99"},
    {"Colour": "red"},
    {"CallbackURLs": [APP], "DefaultRedirectURI": MOBILE},
    {"LogoutURLs": ["http://app.example.com"]},
    {"AccessTokenValidity": "25", "TokenValidityUnits": {}},
    {"AllowedOAuthScopes": ["nobody/knows"]},
    {"SupportedIdentityProviders": ["Nobody"]},
)

_WORDS = st.sampled_from(
    [
        *("true", "false", "", "0", "-1", "1e3", "30", "null", POOL, OTHER_POOL, APP, "http://app.example.com/#out"),
        *("code", "client_credentials", "openid", "days", "ENABLED", "ALLOW_USER_AUTH", "USER_PASSWORD_AUTH"),
        *("{{resolve:secretsmanager:a:SecretString}}", "\ud800", "\x00", "ß" * 1025, ANALYTICS_ARN, OWN_SECRET),
    ]
)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20) | _WORDS
_MEMBERS = st.sampled_from(["AccessToken", "Feature", "RetryGracePeriodSeconds", "ApplicationArn", "UserDataShared"])
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_MEMBERS | st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
_PROPERTY_NAMES = st.sampled_from([*SETTINGS, "ServiceToken", "ServiceTimeout", "callback_urls"]) | st.text(max_size=9)
ANY_PROPERTIES: st.SearchStrategy[Any] = (
    ANY_JSON
    | st.dictionaries(_PROPERTY_NAMES, ANY_JSON, max_size=8)
    | st.builds(
        lambda valid, odd: {**valid, **odd},
        valid_templates(),
        st.dictionaries(_PROPERTY_NAMES, ANY_JSON, max_size=2),
    )
)
