"""What Cognito refuses in combination, in its own words: an independent check of the product's rules.

Where no other source is given, the wording was seen by badmintoncryer/cdk-preflight, which deploys each case, or in
the issues named. One request gets one refusal: that of the first rule it breaks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.cognito_limits import LEGACY_AUTH_FLOWS, ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

STANDARD_SCOPES = ("openid", "email", "phone", "profile", "aws.cognito.signin.user.admin")
READ_ONLY_ATTRIBUTES = frozenset({"email_verified", "phone_number_verified", "sub"})
STANDARD_ATTRIBUTES = READ_ONLY_ATTRIBUTES | {
    *("name", "given_name", "middle_name", "family_name", "nickname", "preferred_username"),
    *("address", "birthdate", "email", "gender", "locale", "phone_number"),
    *("picture", "profile", "updated_at", "website", "zoneinfo"),
}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}

ONLY_CLIENT_CREDENTIALS = "client_credentials flow can not be selected along with code flow or implicit flow."
CREDENTIALS_NEED_SECRET = "client_credentials flow can not be selected if client does not have a client secret."
CALLBACKS_NEEDED = "CallbackUrls can not be empty when code flow or implicit flow is selected"
FLOWS_AND_SCOPES_NEEDED = (
    "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."
)
MIXED_AUTH_FLOWS = "Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names."
# Documented (GetClientToken), but nobody has seen the words: these are ours.
CLIENT_TOKEN_ALONE = "ALLOW_CLIENT_TOKEN_AUTH requires a client secret and must be the only explicit auth flow."
REFRESH_WITH_ROTATION = (
    "ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow when refresh token rotation is enabled."
)
VALIDITY_OUT_OF_RANGE = "Invalid range for token validity."
OUTLIVES_REFRESH_TOKEN = (
    "Access and Id Token expiration times must be less than or equal to refresh token expiration times."
)
CONTEXT_DATA_NEEDS_SECRET = "Client Secret is required to set EnablePropagateAdditionalUserContextData as true"
ANALYTICS_FORMS = (
    "Invalid analytics configuration given, either <application arn> or "
    "<application id, role arn, external id> are valid"
)


@dataclass(frozen=True)
class Token:
    """Give a token's members, its defaults and its limits in seconds."""

    number: str
    unit: str
    default_number: int
    default_unit: str
    shortest: int
    longest: int


ACCESS = Token("AccessTokenValidity", "AccessToken", 1, "hours", 300, 86400)
ID = Token("IdTokenValidity", "IdToken", 1, "hours", 300, 86400)
REFRESH = Token("RefreshTokenValidity", "RefreshToken", 30, "days", 3600, 3650 * 86400)


@dataclass(frozen=True)
class Proposal:
    """Be the app client as it would be if the request were carried out, and where."""

    settings: Mapping[str, Any]
    pool_id: str
    has_secret: bool
    scopes: frozenset[str]
    identity_providers: frozenset[str]
    custom_attributes: frozenset[str]
    doing: str  # "creating" or "updating"

    def items(self, name: str) -> list[str]:
        """Give a list's items; an empty list and none are the same."""
        return list(self.settings.get(name) or ())

    @property
    def flows(self) -> list[str]:
        return self.items("AllowedOAuthFlows")


def refuse_what_cognito_refuses(proposal: Proposal) -> None:
    """Raise Cognito's error for the first rule that the proposal breaks."""
    for rule in RULES:
        rule(proposal)


def invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)


def auth_flows(proposal: Proposal) -> None:
    """Refuse mixed generations of names, and refresh tokens that two mechanisms would renew.

    An ALLOW_ list without ALLOW_REFRESH_TOKEN_AUTH was refused in 2020 (aws-cdk #7625) and is not any more. Absent
    flows mean a default that holds ALLOW_REFRESH_TOKEN_AUTH; with rotation that is nowhere seen to be refused.
    """
    flows = proposal.items("ExplicitAuthFlows")
    if "ALLOW_CLIENT_TOKEN_AUTH" in flows and (len(flows) > 1 or not proposal.has_secret):
        raise invalid(CLIENT_TOKEN_ALONE)
    if len({flow in LEGACY_AUTH_FLOWS for flow in flows}) > 1:
        raise invalid(MIXED_AUTH_FLOWS)
    rotation = proposal.settings.get("RefreshTokenRotation", {})
    if rotation.get("Feature") == "ENABLED" and "ALLOW_REFRESH_TOKEN_AUTH" in flows:
        raise invalid(REFRESH_WITH_ROTATION)


def seconds(token: Token, settings: Mapping[str, Any]) -> int:
    """Give a token's life; a default number counts in whatever unit there is.

    So stale minutes with default numbers are one minute (aws-samples/cloudfront-authorization-at-edge #144, whose
    update sends neither numbers nor units; amplify-cli #10706).
    """
    count: int = settings.get(token.number) or token.default_number
    unit: str = settings.get("TokenValidityUnits", {}).get(token.unit) or token.default_unit
    return count * SECONDS[unit]


def token_validity(proposal: Proposal) -> None:
    lives = {token: seconds(token, proposal.settings) for token in (ACCESS, ID, REFRESH)}
    if any(not token.shortest <= life <= token.longest for token, life in lives.items()):
        raise invalid(VALIDITY_OUT_OF_RANGE)
    if max(lives[ACCESS], lives[ID]) > lives[REFRESH]:
        raise invalid(OUTLIVES_REFRESH_TOKEN)


def attributes(proposal: Proposal) -> None:
    """Refuse unknown attributes, and writing of the three that no app client may write (wording: aws-cdk #2608)."""
    known = STANDARD_ATTRIBUTES | proposal.custom_attributes
    if not known.issuperset(proposal.items("ReadAttributes")):
        raise invalid(f"Invalid read attributes specified while {proposal.doing} a client")
    if not (known - READ_ONLY_ATTRIBUTES).issuperset(proposal.items("WriteAttributes")):
        raise invalid(f"Invalid write attributes specified while {proposal.doing} a client")


def identity_providers(proposal: Proposal) -> None:
    """Refuse a provider that is not on the pool; case matters (aws-cdk #15692)."""
    for provider in proposal.items("SupportedIdentityProviders"):
        if provider != "COGNITO" and provider not in proposal.identity_providers:
            raise invalid(f"The provider {provider} does not exist for User Pool {proposal.pool_id}")


def urls(proposal: Proposal) -> None:
    callbacks = proposal.items("CallbackURLs")
    default = proposal.settings.get("DefaultRedirectURI")
    for url in (*callbacks, *proposal.items("LogoutURLs"), *([default] if default else ())):
        refuse_url(url)
    if default and default not in callbacks:
        raise invalid(f"The default redirect URI {default} is not in the callback URIs list.")


def refuse_url(url: str) -> None:
    """Refuse relative URLs (aws-sdk-java #1505), plain HTTP to other machines, and fragments; nothing else."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", url)
    if not scheme:
        raise invalid(f"{url} must contain a scheme")
    host = re.match(r"http://(\[[^\]]*\]|[^/:?#]*)", url, re.IGNORECASE)
    if scheme[1].lower() == "http" and (not host or host[1].lower() not in LOOPBACK):
        raise invalid(f"{url} cannot use the HTTP protocol.")
    if "#" in url:
        raise invalid(f"{url} cannot use fragment")


def oauth_flows(proposal: Proposal) -> None:
    if "client_credentials" in proposal.flows:
        refuse_client_credentials(proposal)
    elif proposal.flows and not proposal.items("CallbackURLs"):
        raise ApiError("InvalidOAuthFlowException", CALLBACKS_NEEDED)
    complete = proposal.flows and proposal.items("AllowedOAuthScopes")
    if proposal.settings.get("AllowedOAuthFlowsUserPoolClient") and not complete:
        raise invalid(FLOWS_AND_SCOPES_NEEDED)


def refuse_client_credentials(proposal: Proposal) -> None:
    if len(proposal.flows) > 1:
        raise ApiError("InvalidOAuthFlowException", ONLY_CLIENT_CREDENTIALS)
    if not proposal.has_secret:
        raise ApiError("InvalidOAuthFlowException", CREDENTIALS_NEED_SECRET)
    for scope in proposal.items("AllowedOAuthScopes"):
        if scope in STANDARD_SCOPES:
            raise ApiError("InvalidOAuthFlowException", f"{scope} is not supported with client_credentials flow")


def scopes(proposal: Proposal) -> None:
    for scope in proposal.items("AllowedOAuthScopes"):
        if scope not in STANDARD_SCOPES and scope not in proposal.scopes:
            raise ApiError("ScopeDoesNotExistException", f"Invalid scope requested: {scope}")


def analytics(proposal: Proposal) -> None:
    """Refuse all but the two forms: RoleArn beside ApplicationArn too, though Describe shows one."""
    given = proposal.settings.get("AnalyticsConfiguration")
    if given is None:
        return
    if given.keys() - {"UserDataShared"} not in ({"ApplicationArn"}, {"ApplicationId", "RoleArn", "ExternalId"}):
        raise invalid(ANALYTICS_FORMS)


def context_data(proposal: Proposal) -> None:
    if proposal.settings.get("EnablePropagateAdditionalUserContextData") and not proposal.has_secret:
        raise invalid(CONTEXT_DATA_NEEDS_SECRET)


RULES = (
    auth_flows,
    token_validity,
    attributes,
    identity_providers,
    urls,
    oauth_flows,
    scopes,
    analytics,
    context_data,
)
