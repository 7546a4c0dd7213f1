"""What Cognito refuses in combination, each rule with Cognito's own words.

A rule refuses only what Cognito is known to refuse. What needs a look at the user pool (its resource servers, identity
providers and attributes) is left to Cognito. Wordings: Cognito's answers as reported in public issue trackers and in
the acceptance tests of Terraform's AWS provider.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from user_pool_client.domain.errors import Problem
from user_pool_client.domain.properties import (
    CONTRIBUTABLE,
    IMPORT_PROPERTIES,
    LEGACY_AUTH_FLOWS,
    PUBLISH,
    SECONDS,
    SETTINGS,
    STANDALONE_FLOW,
    TOKENS,
    Settings,
    Token,
    kind_and_limits,
)

# Scopes that speak of a user: there is none in a client_credentials grant.
_USER_SCOPES = frozenset({"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

# What a look-up may know its client by.
LOOKUP_KEYS = ("ClientId", "ClientName", "ClientNamePrefix")


def validate(settings: Settings, *, has_secret: bool | None) -> list[Problem]:
    """Return every combination in the settings that Cognito would refuse.

    `settings` are those that would be sent: a Create's, or an Update's merged with what exists. `has_secret` tells
    whether the client has, or is about to get, a secret; None, where nobody knows, refuses nothing.
    """
    return [problem for rule in _RULES for problem in rule(_Request(settings, has_secret))]


def validate_import(settings: Settings) -> list[Problem]:
    """Return what is wrong with how a template names the client to take over, and the role to do it with."""
    return [problem for rule in _IMPORT_RULES for problem in rule(settings)]


def validate_contribution(settings: Settings) -> list[Problem]:
    """Return what is wrong with a contribution whatever the client is like that it is made to."""
    request = _Request(settings, has_secret=None)
    return [*_something_to_contribute(settings), *_urls(request), *external_id_for_a_role(settings)]


def secret_wanted(settings: Settings) -> bool | None:
    """Tell whether the settings ask for a client with a secret, for one without, or do not say (None)."""
    if settings.get("ClientSecret") is not None:
        return True
    wanted = settings.get("GenerateSecret")
    return None if wanted is None else bool(wanted)


def needs_secret(settings: Settings) -> bool:
    """Tell whether a client surely has a secret, because Cognito takes its settings of no other."""
    return (
        "client_credentials" in (settings.get("AllowedOAuthFlows") or ())
        or STANDALONE_FLOW in (settings.get("ExplicitAuthFlows") or ())
        or bool(settings.get("EnablePropagateAdditionalUserContextData"))
    )


def secret_at_creation(settings: Settings) -> bool | None:
    """Tell whether a client made from these settings has a secret; None where one may have been laid into SecretId."""
    return True if secret_wanted(settings) else None if settings.get("SecretId") is not None else False


@dataclass(frozen=True, slots=True)
class _Request:
    settings: Settings
    has_secret: bool | None

    def items(self, name: str) -> list[str]:
        return list(self.settings.get(name) or ())

    def members(self, name: str) -> Mapping[str, Any]:
        members: Mapping[str, Any] = self.settings.get(name) or {}
        return members

    @property
    def client_credentials(self) -> bool:
        return "client_credentials" in self.items("AllowedOAuthFlows")

    @property
    def redirecting_flows(self) -> str:
        """Return the flows that redirect to the app, as part of a sentence; '' if there is none."""
        return " and ".join(flow for flow in self.items("AllowedOAuthFlows") if flow in ("code", "implicit"))


def _given(names: Iterable[str], settings: Settings) -> tuple[str, ...]:
    return tuple(name for name in names if name in settings)


def _client_credentials_alone(request: _Request) -> Iterator[Problem]:
    if request.client_credentials and request.redirecting_flows:
        yield Problem(
            ("AllowedOAuthFlows",),
            f"client_credentials stands beside {request.redirecting_flows}.",
            "Keep client_credentials alone, in an app client of its own.",
            "client_credentials flow can not be selected along with code flow or implicit flow.",
        )


def _client_credentials_needs_a_secret(request: _Request) -> Iterator[Problem]:
    if request.client_credentials and request.has_secret is False:
        yield Problem(
            ("AllowedOAuthFlows", "GenerateSecret", "ClientSecret"),
            "client_credentials is for clients with a secret.",
            "Set GenerateSecret to true or give a ClientSecret.",
            "client_credentials flow can not be selected if client does not have a client secret.",
        )


def _client_credentials_without_user_scopes(request: _Request) -> Iterator[Problem]:
    scopes = [scope for scope in request.items("AllowedOAuthScopes") if scope in _USER_SCOPES]
    if request.client_credentials and scopes:
        yield Problem(
            ("AllowedOAuthFlows", "AllowedOAuthScopes"),
            f"client_credentials has no user, so {', '.join(scopes)} cannot be granted.",
            "Allow only scopes of your resource servers (identifier/scope).",
            f"{scopes[0]} is not supported with client_credentials flow",
        )


def _redirects_need_callbacks(request: _Request) -> Iterator[Problem]:
    if request.redirecting_flows and not request.items("CallbackURLs"):
        yield Problem(
            ("AllowedOAuthFlows", "CallbackURLs"),
            f"{request.redirecting_flows} redirects to the app, but there is no URL to redirect to.",
            "Give at least one of CallbackURLs.",
            "CallbackUrls can not be empty when code flow or implicit flow is selected",
        )


def _oauth_needs_flows_and_scopes(request: _Request) -> Iterator[Problem]:
    missing = [name for name in ("AllowedOAuthFlows", "AllowedOAuthScopes") if not request.items(name)]
    if request.settings.get("AllowedOAuthFlowsUserPoolClient") and missing:
        yield Problem(
            ("AllowedOAuthFlowsUserPoolClient", "AllowedOAuthFlows", "AllowedOAuthScopes"),
            f"OAuth is switched on, but {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} empty.",
            "Give both lists, or set AllowedOAuthFlowsUserPoolClient to false.",
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
        )


def _urls(request: _Request) -> Iterator[Problem]:
    urls = [
        (f"{name}[{i}]", url) for name in ("CallbackURLs", "LogoutURLs") for i, url in enumerate(request.items(name))
    ]
    if default := request.settings.get("DefaultRedirectURI"):
        urls.append(("DefaultRedirectURI", default))
    for path, url in urls:
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:  # brackets that do not match: Cognito will say what it thinks of them
            continue
        if parts.scheme == "http" and host not in _LOOPBACK:
            yield Problem(
                (path,),
                f'"{url}" is not encrypted.',
                "Use https; http is only for localhost, 127.0.0.1 and [::1].",
                f"{url} cannot use the HTTP protocol.",
            )
        if "#" in url:
            yield Problem(
                (path,),
                f'"{url}" has a fragment.',
                "Take away the # and what follows it.",
                f"{url} cannot use fragment",
            )


def _not_too_many(request: _Request) -> Iterator[Problem]:
    """Refuse lists that are too long only with what the client has, or with what other resources contribute."""
    for name in CONTRIBUTABLE:
        number, most = len(request.items(name)), kind_and_limits(SETTINGS[name].annotation)[1].max_length
        if most is not None and number > most:
            yield Problem(
                (name,),
                f"the client would have {number}, with those of other resources.",
                f"At most {most} are allowed.",
                f"1 validation error detected: Value at '{name[0].lower()}{name[1:]}' failed to satisfy constraint",
            )


def _default_among_callbacks(request: _Request) -> Iterator[Problem]:
    default = request.settings.get("DefaultRedirectURI")
    if default and default not in request.items("CallbackURLs"):
        yield Problem(
            ("DefaultRedirectURI", "CallbackURLs"),
            f'"{default}" is not among CallbackURLs.',
            "Add it there, letter by letter the same, or choose one that is there.",
            f"The default redirect URI {default} is not in the callback URIs list.",
        )


def _legacy_flows_alone(request: _Request) -> Iterator[Problem]:
    flows = request.items("ExplicitAuthFlows")
    legacy = [flow for flow in flows if flow in LEGACY_AUTH_FLOWS]
    if legacy and any(flow.startswith("ALLOW_") for flow in flows):
        yield Problem(
            ("ExplicitAuthFlows",),
            f"the legacy {', '.join(legacy)} stands beside names that begin with ALLOW_.",
            "Use names that begin with ALLOW_ only.",
            "Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.",
        )


# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetClientToken.html
def _client_token_flow_alone(request: _Request) -> Iterator[Problem]:
    flows = request.items("ExplicitAuthFlows")
    others = sorted({flow for flow in flows if flow != STANDALONE_FLOW})
    if STANDALONE_FLOW in flows and others:
        yield Problem(
            ("ExplicitAuthFlows",),
            f"{STANDALONE_FLOW} cannot be combined with {', '.join(others)}.",
            f"Keep {STANDALONE_FLOW} as the only flow, and use a separate app client for the others.",
        )


def _client_token_flow_needs_a_secret(request: _Request) -> Iterator[Problem]:
    if STANDALONE_FLOW in request.items("ExplicitAuthFlows") and request.has_secret is False:
        yield Problem(
            ("ExplicitAuthFlows", "GenerateSecret", "ClientSecret"),
            f"{STANDALONE_FLOW} is only for clients with a secret.",
            "Set GenerateSecret to true or give a ClientSecret.",
        )


def _rotation_without_refresh_flow(request: _Request) -> Iterator[Problem]:
    rotates = request.members("RefreshTokenRotation").get("Feature") == "ENABLED"
    if rotates and "ALLOW_REFRESH_TOKEN_AUTH" in request.items("ExplicitAuthFlows"):
        yield Problem(
            ("RefreshTokenRotation.Feature", "ExplicitAuthFlows"),
            "refresh token rotation is ENABLED and ALLOW_REFRESH_TOKEN_AUTH is there.",
            "Take ALLOW_REFRESH_TOKEN_AUTH out of ExplicitAuthFlows, or set RefreshTokenRotation.Feature to DISABLED.",
            "ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow when refresh token rotation is enabled.",
        )


def _token_validities(request: _Request) -> Iterator[Problem]:
    *users, refresh = [_Lifetime.of(token, request) for token in TOKENS]
    for lifetime in (*users, refresh):
        if lifetime.seconds is not None and not lifetime.token.shortest <= lifetime.seconds <= lifetime.token.longest:
            yield Problem(
                lifetime.paths,
                f"{lifetime.text} is out of range.",
                f"{lifetime.token.limits} is allowed; without a unit the number is in {lifetime.token.default_unit}.",
                "Invalid range for token validity.",
            )
    for lifetime in users:
        if lifetime.seconds is None or refresh.seconds is None:
            continue
        if lifetime.number is not None and lifetime.seconds > refresh.seconds:
            yield Problem(
                (lifetime.token.validity, *lifetime.units, refresh.token.validity, *refresh.units),
                f"{lifetime.text} is longer than the refresh token's {refresh.text}.",
                "No token may outlive the refresh token.",
                "Access and Id Token expiration times must be less than or equal to refresh token expiration times.",
            )


@dataclass(frozen=True, slots=True)
class _Lifetime:
    """How long one kind of token lives, and which properties say so."""

    token: Token
    number: int | None
    unit: str | None

    @classmethod
    def of(cls, token: Token, request: _Request) -> "_Lifetime":
        # 0 and None are no lifetimes: 0 stands for the default.
        return cls(
            token, request.settings.get(token.validity) or None, request.members("TokenValidityUnits").get(token.name)
        )

    @property
    def seconds(self) -> int | None:
        """Return the lifetime; None in a unit that is not known, which a client may have from its future."""
        if self.number is None:
            return self.token.default
        unit = self.unit or self.token.default_unit
        return self.number * SECONDS[unit] if unit in SECONDS else None

    @property
    def units(self) -> tuple[str, ...]:
        return () if self.unit is None else (self.token.unit,)

    @property
    def paths(self) -> tuple[str, ...]:
        return () if self.number is None else (self.token.validity, *self.units)

    @property
    def text(self) -> str:
        if self.number is None:
            return f"{self.token.default_in(self.token.default_unit)} {self.token.default_unit} (the default)"
        return f"{self.number} {self.unit or self.token.default_unit}"


def _context_data_needs_a_secret(request: _Request) -> Iterator[Problem]:
    if request.settings.get("EnablePropagateAdditionalUserContextData") and request.has_secret is False:
        yield Problem(
            ("EnablePropagateAdditionalUserContextData", "GenerateSecret", "ClientSecret"),
            "only a client with a secret may pass on user context data.",
            "Set GenerateSecret to true, give a ClientSecret, or take EnablePropagateAdditionalUserContextData out.",
            "Client Secret is required to set EnablePropagateAdditionalUserContextData as true",
        )


def _analytics_in_one_form(request: _Request) -> Iterator[Problem]:
    by_arn, by_id = ("ApplicationArn",), ("ApplicationId", "RoleArn", "ExternalId")
    given = _given(by_arn + by_id, request.members("AnalyticsConfiguration"))
    if given not in ((), by_arn, by_id):
        yield Problem(
            tuple(f"AnalyticsConfiguration.{name}" for name in by_arn + by_id),
            f"it is given as {', '.join(given)}.",
            "Give ApplicationArn alone, or ApplicationId, RoleArn and ExternalId together.",
            "Invalid analytics configuration given, "
            "either <application arn> or <application id, role arn, external id> are valid",
        )


def _one_source_of_the_secret(request: _Request) -> Iterator[Problem]:
    if request.settings.get("ClientSecret") is not None and request.settings.get("GenerateSecret"):
        yield Problem(
            ("ClientSecret", "GenerateSecret"),
            "there is a secret of your own, and Cognito shall make one as well.",
            "Give ClientSecret or set GenerateSecret to true, not both.",
        )


def _publishing_needs_a_generated_secret(request: _Request) -> Iterator[Problem]:
    if request.settings.get(PUBLISH) and request.has_secret is False:
        yield Problem(
            (PUBLISH, "GenerateSecret"),
            "the client has no secret that Cognito could store in Secrets Manager.",
            f"Set GenerateSecret to true, or remove {PUBLISH}.",
        )


def _one_keeper_of_the_secret(settings: Settings) -> Iterator[Problem]:
    others = _given(("SecretId", "ClientSecret"), settings)
    if settings.get(PUBLISH) and others:
        yield Problem(
            (PUBLISH, *others),
            "Cognito stores and rotates the secret by itself, so it cannot be yours as well.",
            f"Remove {' and '.join(others)}, or set {PUBLISH} to false.",
        )


def _one_import(settings: Settings) -> Iterator[Problem]:
    given = _given(IMPORT_PROPERTIES, settings)
    if len(given) > 1:
        yield Problem(given, "each of them names a client to take over.", "Give exactly one of them.")


def _import_from_this_pool(settings: Settings) -> Iterator[Problem]:
    import_id, pool_id = settings.get("ImportId"), settings.get("UserPoolId")
    if import_id and pool_id and import_id.partition("/")[0] != pool_id:
        yield Problem(
            ("ImportId", "UserPoolId"),
            f'"{import_id}" is not in the user pool {pool_id}.',
            "Both must name the same user pool: ImportId is <UserPoolId>/<client id>.",
        )


def _import_pattern_compiles(settings: Settings) -> Iterator[Problem]:
    try:
        re.compile(settings.get("ImportNamePattern", ""))
    except (re.error, OverflowError, RecursionError) as error:
        yield Problem(("ImportNamePattern",), f"it is no regular expression ({error}).", "Use Python's syntax of them.")


def _import_keeps_the_secret(settings: Settings) -> Iterator[Problem]:
    given = _given(IMPORT_PROPERTIES, settings)
    if given and settings.get("ClientSecret") is not None:
        yield Problem(
            (*given, "ClientSecret"),
            "a client that exists has its secret already.",
            f"Take ClientSecret out, or {given[0]} if a new client is wanted.",
        )


def external_id_for_a_role(settings: Settings) -> Iterator[Problem]:
    """Refuse an ExternalId that would go nowhere."""
    if "ExternalId" in settings and "RoleArn" not in settings:
        yield Problem(("ExternalId", "RoleArn"), "there is no role to use it for.", "Give RoleArn as well.")


def _something_to_contribute(settings: Settings) -> Iterator[Problem]:
    if not any(name in settings for name in CONTRIBUTABLE):
        yield Problem(CONTRIBUTABLE, "none of them is given.", "Give at least one of them.")


def one_client_to_look_up(settings: Settings) -> Iterator[Problem]:
    """Refuse a look-up that does not say which client it is about, or says it twice."""
    given = _given(LOOKUP_KEYS, settings)
    if len(given) != 1:
        wrong = f"{', '.join(given)} are given." if given else "none of them is given."
        yield Problem(LOOKUP_KEYS, wrong, "Give exactly one of them.")


_IMPORT_RULES = (
    _one_import,
    _import_from_this_pool,
    _import_pattern_compiles,
    _import_keeps_the_secret,
    _one_keeper_of_the_secret,
    external_id_for_a_role,
)

_RULES = (
    _one_source_of_the_secret,
    _publishing_needs_a_generated_secret,
    _client_credentials_alone,
    _client_credentials_needs_a_secret,
    _client_credentials_without_user_scopes,
    _redirects_need_callbacks,
    _oauth_needs_flows_and_scopes,
    _urls,
    _not_too_many,
    _default_among_callbacks,
    _legacy_flows_alone,
    _client_token_flow_alone,
    _client_token_flow_needs_a_secret,
    _rotation_without_refresh_flow,
    _token_validities,
    _context_data_needs_a_secret,
    _analytics_in_one_form,
)
