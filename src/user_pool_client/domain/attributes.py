"""What Fn::GetAtt offers of an app client: every value a string."""

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, is_typeddict

from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.contributions import Contributions
from user_pool_client.domain.endpoints import discovery_url, issuer, jwks_uri
from user_pool_client.domain.properties import CONTRIBUTABLE, SETTINGS, TOKENS
from user_pool_client.domain.sensitive import Sensitive

type Attributes = Mapping[str, str | Sensitive]

# Never left out of an answer, however long the rest is.
IDS = ("ClientId", "ClientSecret", "ClientSecretArn", "Id", "UserPoolId", "SecretArn", "SecretVersionId")

# Where the secret is, of a client with SecretId; no look-up has these.
KEPT: Mapping[str, str] = {
    "SecretArn": "The ARN of the secret that SecretId names; only with SecretId.",
    "SecretVersionId": "The secret's version that was current when the response was sent; only with SecretId.",
}

# What a look-up shows besides.
LOOKED_UP: Mapping[str, str] = {
    "Contributors": "The resources that contribute to the client, each as `<stack>/<logical ID>`, "
    "as far as the journal knows them.",
}

# What Custom::UserPoolClientUrls shows.
CONTRIBUTED: Mapping[str, str] = {
    "UserPoolId": "The user pool's ID.",
    "ClientId": "The client's ID.",
    **{name: f"All {name} that the client has now, whoever they are from." for name in CONTRIBUTABLE},
    "Contributors": "The resources that contribute to the client, each as `<stack>/<logical ID>`, this one included.",
}

# About the client, not settings of it. `properties.SETTINGS` has the others.
DESCRIBED: Mapping[str, str] = {
    "ClientId": "The client ID; the same as Ref.",
    "ClientSecret": "The client secret, if the client has one that Cognito shows; not with SecretId.",
    "ClientSecretArn": "The ARN of the secret that Cognito itself stores in Secrets Manager; only with "
    "PublishSecretsInAWSSecretsManager.",
    "Id": "The user pool ID and the client ID, as `<pool>/<client>`.",
    "Name": "The client's name; the same as ClientName.",
    "Issuer": "The issuer (`iss`) of the pool's tokens.",
    "DiscoveryUrl": "The URL of the pool's OpenID Connect discovery document.",
    "JwksUri": "Where the pool's public keys are.",
    "ClientType": "REGULAR, or DCR for a client that registered itself; empty where Cognito does not say.",
    "CreationDate": "When the client was created (ISO 8601, UTC).",
    "LastModifiedDate": "When it was last changed (ISO 8601, UTC).",
}


def attributes(observed: AppClient) -> Attributes:
    """Return everything about the client: settings as observed, else their defaults.

    Lists are sorted and joined with commas, an empty one is ''; members are dotted
    (`TokenValidityUnits.AccessToken`); booleans are `true` and `false`.
    """
    found: dict[str, str | Sensitive] = {
        "ClientId": observed.client_id,
        "UserPoolId": observed.pool_id,
        "Id": f"{observed.pool_id}/{observed.client_id}",
        "Issuer": issuer(observed.pool_id),
        "DiscoveryUrl": discovery_url(observed.pool_id),
        "JwksUri": jwks_uri(observed.pool_id),
        "ClientType": observed.client_type,
        "CreationDate": _date(observed.created),
        "LastModifiedDate": _date(observed.modified),
        "GenerateSecret": _text(observed.has_secret),
    }
    if observed.secret is not None:
        found["ClientSecret"] = observed.secret
    if observed.secret_arn:
        found["ClientSecretArn"] = observed.secret_arn
    for path in setting_paths():
        found.setdefault(path, _text(_setting(observed.settings, path)))
    found["Name"] = found["ClientName"]
    return found


def contribution_attributes(observed: AppClient, contributions: Contributions) -> Attributes:
    """Return what a contribution shows: the client's IDs and lists, and who contributes to it."""
    return {
        "UserPoolId": observed.pool_id,
        "ClientId": observed.client_id,
        **{name: _text(list(observed.settings.get(name) or ())) for name in CONTRIBUTABLE},
        **contributors(contributions),
    }


def contributors(contributions: Contributions) -> Attributes:
    """Return who contributes to a client."""
    return {"Contributors": _text(contributions.contributors)}


@functools.cache
def setting_paths() -> tuple[str, ...]:
    """Return the name of every attribute that shows a setting; ClientSecret is none of them."""
    paths = []
    for setting in (setting for setting in SETTINGS.values() if setting.target != "provider"):
        if is_typeddict(setting.type):
            paths += [f"{setting.name}.{member}" for member in setting.type.__annotations__]
        elif setting.name != "ClientSecret":
            paths.append(setting.name)
    return tuple(paths)


def _setting(settings: Mapping[str, Any], path: str) -> Any:
    name, _, member = path.partition(".")
    value = settings.get(name)
    if member:
        value = (value or {}).get(member)
        return _default(path) if value is None else value
    for token in TOKENS:
        if token.validity == name and not value:
            unit = (settings.get("TokenValidityUnits") or {}).get(token.name)
            return token.default_in(unit or token.default_unit)
    return _default(path) if value is None else value


def _default(path: str) -> Any:
    name, _, member = path.partition(".")
    default = SETTINGS[name].default
    if not member:
        return default
    if default is not None:
        return default[member]
    return False if SETTINGS[name].type.__annotations__[member] is bool else None


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(sorted(value))
        case _:
            return str(value)


def _date(value: datetime | None) -> str:
    return "" if value is None else value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
