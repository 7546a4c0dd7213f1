"""Templates to start from, and an oracle of what settings amount to, which knows nothing of the product's code."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.flow.world import LOGICAL_ID, POOL, STACK_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

type Json = dict[str, Any]

APP, DESKTOP, MOBILE = "https://app.example.com/callback", "http://localhost:8080", "com.example.app://callback"
ANALYTICS_ARN = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/0123456789abcdef0123456789abcdef"
ROLE_ARN = "arn:aws:iam::123456789012:role/pinpoint"
DERIVED_NAME = f"shop-WebClient-{hashlib.sha256(f'{STACK_ID}/{LOGICAL_ID}'.encode()).hexdigest()[:12]}"

BARE: Json = {"UserPoolId": POOL}
CONFIDENTIAL: Json = {"UserPoolId": POOL, "GenerateSecret": "true"}

# Every setting that an update can change, at a value that is not its default, with what it needs to be allowed.
EXAMPLES: Mapping[str, Json] = {
    "ClientName": {"ClientName": "web app"},
    "AccessTokenValidity": {"AccessTokenValidity": "2"},
    "IdTokenValidity": {"IdTokenValidity": "3"},
    "RefreshTokenValidity": {"RefreshTokenValidity": "90"},
    "TokenValidityUnits": {
        "AccessTokenValidity": "10",
        "IdTokenValidity": "900",
        "RefreshTokenValidity": "12",
        "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "seconds", "RefreshToken": "hours"},
    },
    "ReadAttributes": {"ReadAttributes": ["email", "custom:tenant"]},
    "WriteAttributes": {"WriteAttributes": ["email", "name"]},
    "ExplicitAuthFlows": {"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]},
    "SupportedIdentityProviders": {"SupportedIdentityProviders": ["COGNITO", "Google"]},
    "CallbackURLs": {"CallbackURLs": [APP, MOBILE]},
    "LogoutURLs": {"LogoutURLs": [APP, DESKTOP]},
    "DefaultRedirectURI": {"DefaultRedirectURI": APP, "CallbackURLs": [APP]},
    "AllowedOAuthFlows": {"AllowedOAuthFlows": ["code", "implicit"], "CallbackURLs": [APP]},
    "AllowedOAuthScopes": {"AllowedOAuthScopes": ["openid", "api/read"]},
    "AllowedOAuthFlowsUserPoolClient": {
        "AllowedOAuthFlowsUserPoolClient": "true",
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["api/write"],
    },
    "AnalyticsConfiguration": {
        "AnalyticsConfiguration": {"ApplicationArn": ANALYTICS_ARN, "UserDataShared": "true"},
    },
    "PreventUserExistenceErrors": {"PreventUserExistenceErrors": "ENABLED"},
    "EnableTokenRevocation": {"EnableTokenRevocation": "false"},
    "EnablePropagateAdditionalUserContextData": {"EnablePropagateAdditionalUserContextData": "true"},
    "AuthSessionValidity": {"AuthSessionValidity": "10"},
    "RefreshTokenRotation": {
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": "20"},
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
    },
}

EVERYTHING: Json = {
    "UserPoolId": POOL,
    "ClientName": "everything",
    "GenerateSecret": "true",
    "AccessTokenValidity": "30",
    "IdTokenValidity": "45",
    "RefreshTokenValidity": "24",
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours"},
    "ReadAttributes": ["email", "custom:tenant"],
    "WriteAttributes": ["email"],
    "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH"],
    "SupportedIdentityProviders": ["COGNITO", "Google"],
    "CallbackURLs": [APP, MOBILE],
    "LogoutURLs": [DESKTOP],
    "DefaultRedirectURI": APP,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid", "api/read"],
    "AllowedOAuthFlowsUserPoolClient": "true",
    "AnalyticsConfiguration": {
        "ApplicationId": "0123456789abcdef",
        "RoleArn": ROLE_ARN,
        "ExternalId": "shop",
        "UserDataShared": "true",
    },
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": "false",
    "EnablePropagateAdditionalUserContextData": "true",
    "AuthSessionValidity": "15",
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": "60"},
}

_DEFAULTS: Mapping[str, Any] = {
    "ClientName": None,
    "ReadAttributes": [],
    "WriteAttributes": [],
    "SupportedIdentityProviders": [],
    "CallbackURLs": [],
    "LogoutURLs": [],
    "DefaultRedirectURI": None,
    "AllowedOAuthFlows": [],
    "AllowedOAuthScopes": [],
    "AllowedOAuthFlowsUserPoolClient": False,
    "PreventUserExistenceErrors": "LEGACY",
    "EnableTokenRevocation": True,
    "EnablePropagateAdditionalUserContextData": False,
    "AuthSessionValidity": 3,
}
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_TOKENS = (("AccessToken", 1, "hours"), ("IdToken", 1, "hours"), ("RefreshToken", 30, "days"))


def effective(settings: Mapping[str, Any]) -> Json:
    """Return what a client's settings, as Cognito holds them, amount to: lists are sets, absence is the default."""
    found: Json = {}
    for name, default in _DEFAULTS.items():
        value = settings.get(name)
        value = default if value is None else value
        found[name] = frozenset(value) if isinstance(value, list) else value
    units = settings.get("TokenValidityUnits") or {}
    for token, number, unit in _TOKENS:
        count = settings.get(f"{token}Validity") or number
        found[f"{token}Validity"] = f"{count * _SECONDS[units.get(token) or unit]} seconds"
    rotation = {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0, **(settings.get("RefreshTokenRotation") or {})}
    found["RefreshTokenRotation"] = rotation
    flows = {"ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"}
    if rotation["Feature"] == "DISABLED":
        flows.add("ALLOW_REFRESH_TOKEN_AUTH")
    found["ExplicitAuthFlows"] = frozenset(settings.get("ExplicitAuthFlows") or flows)
    analytics = dict(settings.get("AnalyticsConfiguration") or {})
    if "ApplicationArn" in analytics:
        analytics.pop("RoleArn", None)
    found["AnalyticsConfiguration"] = analytics and {"UserDataShared": False, **analytics}
    return found


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    """Name the settings in which two clients differ in effect."""
    before, after = effective(one), effective(other)
    return {name for name in before if before[name] != after[name]}


def typed(settings: Mapping[str, Any]) -> Json:
    """Give settings the types that Cognito's API takes, for those who call it elsewhere."""

    def value(said: Any) -> Any:
        match said:
            case dict():
                return typed(said)
            case "true" | "false":
                return said == "true"
            case str() if said.isdecimal():
                return int(said)
            case _:
                return said

    return {name: value(said) for name, said in settings.items()}
