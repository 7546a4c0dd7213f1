"""What a template may say: types, limits and names, and what is told of everything that is wrong."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Annotated, Any, Required

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta

from tests.canaries import OWN_SECRET, leaked
from tests.given import POOL
from user_pool_client.domain.errors import InvalidProperties, Problem
from user_pool_client.domain.parsing import nearest, parse, parse_previous
from user_pool_client.domain.properties import (
    AUTH_FLOWS,
    CREATABLE,
    LEGACY_AUTH_FLOWS,
    SETTINGS,
    TOKENS,
    UPDATABLE,
    ClientProperties,
    ListProperties,
    LookupProperties,
    Setting,
    SSOSession,
    UrlsProperties,
    kind_and_limits,
    settings_of,
)
from user_pool_client.domain.sensitive import Sensitive

MISSING = object()
URL = "https://app.example.com/"
ARN = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/0123456789abcdef"
ROLE = "arn:aws:iam::123456789012:role/pinpoint"
BOOLEANS = (
    "GenerateSecret",
    "PublishSecretsInAWSSecretsManager",
    "AllowedOAuthFlowsUserPoolClient",
    "EnableTokenRevocation",
    "EnablePropagateAdditionalUserContextData",
)
LISTS = {
    "ReadAttributes": "email",
    "WriteAttributes": "email",
    "ExplicitAuthFlows": "ALLOW_USER_SRP_AUTH",
    "SupportedIdentityProviders": "COGNITO",
    "CallbackURLs": URL,
    "LogoutURLs": URL,
    "AllowedOAuthFlows": "code",
    "AllowedOAuthScopes": "openid",
}
MAPS = ("TokenValidityUnits", "AnalyticsConfiguration", "RefreshTokenRotation")
STRINGS = ("UserPoolId", "ClientName", "DefaultRedirectURI", "PreventUserExistenceErrors")
COLLECTIONS: tuple[object, ...] = ([], {})
INTEGERS = ("AccessTokenValidity", "IdTokenValidity", "RefreshTokenValidity", "AuthSessionValidity")


def properties(**given: Any) -> dict[str, Any]:
    return {"UserPoolId": POOL, **given}


def problems_of(**given: Any) -> list[Problem]:
    return parse(properties(**given))[1]


def urls(count: int) -> list[str]:
    return [f"{URL}{number}" for number in range(count)]


def arn(length: int) -> str:
    beginning = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/"
    return beginning + "a" * (length - len(beginning))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("UserPoolId", "us-east-1_" + "a" * 45, None, id="the-longest-pool-id"),
        pytest.param("UserPoolId", "a_b", None, id="the-shortest-pool-id"),
        pytest.param("UserPoolId", "us_east_1_Abc", None, id="a-pool-id-with-more-underscores"),
        pytest.param("ClientName", "w", None, id="the-shortest-name"),
        pytest.param("ClientName", "w" * 128, None, id="the-longest-name"),
        pytest.param("ClientName", "A name_with+every=kind,of.character@it-may\thave", None, id="a-name-of-all-kinds"),
        pytest.param("ClientName", 7, "7", id="a-name-that-yaml-made-a-number"),
        pytest.param("ClientName", True, "true", id="a-name-that-yaml-made-a-boolean"),
        pytest.param("AccessTokenValidity", "1", 1, id="the-smallest-access-number-as-a-string"),
        pytest.param("AccessTokenValidity", "86400", 86400, id="the-largest-access-number-as-a-string"),
        pytest.param("AccessTokenValidity", 1, None, id="the-smallest-access-number"),
        pytest.param("AccessTokenValidity", 86400, None, id="the-largest-access-number"),
        pytest.param("IdTokenValidity", "1", 1, id="the-smallest-id-number-as-a-string"),
        pytest.param("IdTokenValidity", "86400", 86400, id="the-largest-id-number-as-a-string"),
        pytest.param("RefreshTokenValidity", "0", 0, id="zero-for-the-default-as-a-string"),
        pytest.param("RefreshTokenValidity", 0, None, id="zero-for-the-default"),
        pytest.param("RefreshTokenValidity", "315360000", 315360000, id="the-largest-refresh-number"),
        pytest.param("AuthSessionValidity", "3", 3, id="the-shortest-session-as-a-string"),
        pytest.param("AuthSessionValidity", 15, None, id="the-longest-session"),
        pytest.param("AuthSessionValidity", 5.0, 5, id="a-whole-number-that-json-wrote-with-a-point"),
        *[
            pytest.param("TokenValidityUnits", {token: unit}, None, id=f"{token}-in-{unit}")
            for token in ("AccessToken", "IdToken", "RefreshToken")
            for unit in ("seconds", "minutes", "hours", "days")
        ],
        pytest.param("TokenValidityUnits", {}, None, id="no-units"),
        pytest.param("ReadAttributes", ["a", "a" * 2048], None, id="the-shortest-and-the-longest-attribute"),
        pytest.param("WriteAttributes", ["a", "a" * 2048], None, id="the-same-for-writing"),
        pytest.param("ReadAttributes", [], None, id="no-attributes"),
        *[pytest.param("ExplicitAuthFlows", [flow], None, id=f"flow-{flow}") for flow in AUTH_FLOWS],
        *[pytest.param("ExplicitAuthFlows", [flow], None, id=f"legacy-{flow}") for flow in LEGACY_AUTH_FLOWS],
        pytest.param("ExplicitAuthFlows", ["ALLOW_CLIENT_TOKEN_AUTH"], None, id="a-flow-that-the-model-lacks"),
        pytest.param("ExplicitAuthFlows", ["ALLOW_WHAT_COMES_NEXT"], None, id="a-flow-that-nobody-knows-yet"),
        pytest.param("SupportedIdentityProviders", ["X", "p" * 32], None, id="the-shortest-and-longest-provider"),
        pytest.param("SupportedIdentityProviders", ["Ünser Anbieter №1"], None, id="a-provider-beyond-ascii"),
        pytest.param("CallbackURLs", [], None, id="no-callbacks"),
        pytest.param("CallbackURLs", urls(100), None, id="as-many-callbacks-as-can-be"),
        pytest.param("CallbackURLs", [*urls(100), f"{URL}0"], urls(100), id="a-duplicate-beyond-the-limit"),
        pytest.param("LogoutURLs", urls(100), None, id="as-many-logout-urls-as-can-be"),
        pytest.param("CallbackURLs", ["x", "https://" + "h" * 1016], None, id="the-shortest-and-the-longest-url"),
        pytest.param("CallbackURLs", ["https://" + "ü" * 1016], None, id="characters-count-and-not-bytes"),
        pytest.param("CallbackURLs", ["myapp://callback"], None, id="a-scheme-of-ones-own"),
        pytest.param("DefaultRedirectURI", "https://" + "h" * 1016, None, id="the-longest-default-redirect"),
        pytest.param("AllowedOAuthFlows", ["code", "implicit", "client_credentials"], None, id="all-oauth-flows"),
        pytest.param("AllowedOAuthFlows", ["code"] * 4, ["code"], id="one-oauth-flow-four-times"),
        pytest.param("AllowedOAuthFlows", [], None, id="no-oauth-flows"),
        pytest.param("AllowedOAuthScopes", ["!", "s" * 256], None, id="the-shortest-and-the-longest-scope"),
        pytest.param("AllowedOAuthScopes", [f"api/{n}" for n in range(50)], None, id="as-many-scopes-as-can-be"),
        pytest.param("AllowedOAuthScopes", ["https://api.example.com/read:all~[]"], None, id="a-scope-that-is-a-url"),
        pytest.param("PreventUserExistenceErrors", "LEGACY", None, id="user-existence-legacy"),
        pytest.param("PreventUserExistenceErrors", "ENABLED", None, id="user-existence-enabled"),
        *[
            pytest.param(name, given, expected, id=f"{name}-{given!r}")
            for name in BOOLEANS
            for given, expected in (("true", True), ("false", False), (True, True), (False, False))
        ],
        pytest.param("AnalyticsConfiguration", {"ApplicationArn": ARN}, None, id="analytics-by-arn"),
        pytest.param(
            "AnalyticsConfiguration",
            {"ApplicationId": "0aF", "RoleArn": ROLE, "ExternalId": "", "UserDataShared": "true"},
            {"ApplicationId": "0aF", "RoleArn": ROLE, "ExternalId": "", "UserDataShared": True},
            id="analytics-by-id",
        ),
        pytest.param("AnalyticsConfiguration", {"ApplicationArn": "arn:a:b:c:1234:appli"}, None, id="arn-20"),
        pytest.param("AnalyticsConfiguration", {"ApplicationArn": arn(2048)}, None, id="the-longest-arn"),
        pytest.param("AnalyticsConfiguration", {"ExternalId": "x" * 131072}, None, id="the-longest-external-id"),
        pytest.param("RefreshTokenRotation", {"Feature": "ENABLED"}, None, id="rotation-on"),
        pytest.param(
            "RefreshTokenRotation",
            {"Feature": "DISABLED", "RetryGracePeriodSeconds": "0"},
            {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0},
            id="the-shortest-grace-as-a-string",
        ),
        pytest.param(
            "RefreshTokenRotation", {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}, None, id="the-longest-grace"
        ),
    ],
)
def test_a_value_within_its_limits_is_taken(name: str, value: object, expected: object) -> None:
    settings, problems = parse(properties(**{name: value}))

    assert problems == []
    assert settings[name] == (value if expected is None else expected)
    assert type(settings[name]) is type(value if expected is None else expected)


@pytest.mark.parametrize("length", [24, 64])
def test_a_secret_of_ones_own_is_taken_and_sealed(length: int) -> None:
    secret = "aZ0_+"[:5].ljust(length, "x")

    settings, problems = parse(properties(ClientSecret=secret))

    assert problems == []
    assert settings["ClientSecret"] == Sensitive(secret)
    assert parse(properties(ClientSecret=Sensitive(secret))) == (settings, [])


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        pytest.param("UserPoolId", "us-east-1_" + "a" * 46, "UserPoolId", id="a-pool-id-too-long"),
        pytest.param("UserPoolId", "", "UserPoolId", id="no-pool-id"),
        pytest.param("UserPoolId", "us-east-1", "UserPoolId", id="a-pool-id-without-underscore"),
        pytest.param("UserPoolId", "us-east-1_", "UserPoolId", id="a-pool-id-that-ends-at-the-underscore"),
        pytest.param("UserPoolId", "us-east-1_Abc-1", "UserPoolId", id="a-hyphen-after-the-underscore"),
        pytest.param("UserPoolId", "us-east-1_Abc\n", "UserPoolId", id="a-pool-id-with-a-newline"),
        pytest.param("UserPoolId", "us.east_Abc", "UserPoolId", id="a-pool-id-with-a-dot"),
        pytest.param("UserPoolId", "ü_Abc", "UserPoolId", id="a-pool-id-beyond-ascii"),
        pytest.param("ClientName", "", "ClientName", id="an-empty-name"),
        pytest.param("ClientName", "w" * 129, "ClientName", id="a-name-too-long"),
        pytest.param("ClientName", "größe", "ClientName", id="a-name-beyond-ascii"),
        pytest.param("ClientName", "a/b", "ClientName", id="a-name-with-a-slash"),
        pytest.param("AccessTokenValidity", "0", "AccessTokenValidity", id="access-number-too-small"),
        pytest.param("AccessTokenValidity", 86401, "AccessTokenValidity", id="access-number-too-large"),
        pytest.param("AccessTokenValidity", "-1", "AccessTokenValidity", id="access-number-negative"),
        pytest.param("IdTokenValidity", 0, "IdTokenValidity", id="id-number-too-small"),
        pytest.param("IdTokenValidity", "86401", "IdTokenValidity", id="id-number-too-large"),
        pytest.param("RefreshTokenValidity", "-1", "RefreshTokenValidity", id="refresh-number-too-small"),
        pytest.param("RefreshTokenValidity", 315360001, "RefreshTokenValidity", id="refresh-number-too-large"),
        pytest.param("AuthSessionValidity", 2, "AuthSessionValidity", id="session-too-short"),
        pytest.param("AuthSessionValidity", "16", "AuthSessionValidity", id="session-too-long"),
        pytest.param("AuthSessionValidity", "3.5", "AuthSessionValidity", id="a-fraction-as-a-string"),
        pytest.param("AuthSessionValidity", 3.5, "AuthSessionValidity", id="a-fraction"),
        pytest.param("AuthSessionValidity", "five", "AuthSessionValidity", id="a-word-for-a-number"),
        pytest.param("AuthSessionValidity", "", "AuthSessionValidity", id="nothing-for-a-number"),
        pytest.param(
            "TokenValidityUnits", {"AccessToken": "weeks"}, "TokenValidityUnits.AccessToken", id="an-unknown-unit"
        ),
        pytest.param("TokenValidityUnits", {"IdToken": "Hours"}, "TokenValidityUnits.IdToken", id="a-capital-unit"),
        pytest.param(
            "TokenValidityUnits", {"RefreshToken": "day"}, "TokenValidityUnits.RefreshToken", id="a-singular-unit"
        ),
        pytest.param("ReadAttributes", ["a", ""], "ReadAttributes[1]", id="an-empty-attribute"),
        pytest.param("ReadAttributes", ["a" * 2049], "ReadAttributes[0]", id="an-attribute-too-long"),
        pytest.param("WriteAttributes", ["a" * 2049], "WriteAttributes[0]", id="one-for-writing-too-long"),
        pytest.param("ExplicitAuthFlows", ["USER_SRP_AUTH"], "ExplicitAuthFlows[0]", id="a-flow-without-its-prefix"),
        pytest.param("ExplicitAuthFlows", ["allow_user_auth"], "ExplicitAuthFlows[0]", id="a-flow-in-small-letters"),
        pytest.param("ExplicitAuthFlows", ["ALLOW_"], "ExplicitAuthFlows[0]", id="nothing-but-the-prefix"),
        pytest.param("ExplicitAuthFlows", [""], "ExplicitAuthFlows[0]", id="an-empty-flow"),
        pytest.param("SupportedIdentityProviders", [""], "SupportedIdentityProviders[0]", id="an-empty-provider"),
        pytest.param("SupportedIdentityProviders", ["p" * 33], "SupportedIdentityProviders[0]", id="provider-too-long"),
        pytest.param("CallbackURLs", urls(101), "CallbackURLs", id="too-many-callbacks"),
        pytest.param("LogoutURLs", urls(101), "LogoutURLs", id="too-many-logout-urls"),
        pytest.param("CallbackURLs", [URL, ""], "CallbackURLs[1]", id="an-empty-callback"),
        pytest.param("CallbackURLs", ["https://" + "h" * 1017], "CallbackURLs[0]", id="a-callback-too-long"),
        pytest.param("LogoutURLs", [f"{URL}a b"], "LogoutURLs[0]", id="a-space-in-a-url"),
        pytest.param("DefaultRedirectURI", "", "DefaultRedirectURI", id="an-empty-default-redirect"),
        pytest.param("DefaultRedirectURI", "https://" + "h" * 1017, "DefaultRedirectURI", id="default-too-long"),
        pytest.param("DefaultRedirectURI", f"{URL}\n", "DefaultRedirectURI", id="a-newline-after-the-default"),
        pytest.param("AllowedOAuthFlows", ["password"], "AllowedOAuthFlows[0]", id="an-unknown-oauth-flow"),
        pytest.param("AllowedOAuthFlows", ["code", "Code"], "AllowedOAuthFlows[1]", id="an-oauth-flow-in-capitals"),
        pytest.param("AllowedOAuthScopes", [f"a/{n}" for n in range(51)], "AllowedOAuthScopes", id="too-many-scopes"),
        pytest.param("AllowedOAuthScopes", [""], "AllowedOAuthScopes[0]", id="an-empty-scope"),
        pytest.param("AllowedOAuthScopes", ["s" * 257], "AllowedOAuthScopes[0]", id="a-scope-too-long"),
        pytest.param("AllowedOAuthScopes", ["openid", "a b"], "AllowedOAuthScopes[1]", id="a-space-in-a-scope"),
        pytest.param("AllowedOAuthScopes", ['a"b'], "AllowedOAuthScopes[0]", id="a-quote-in-a-scope"),
        pytest.param("AllowedOAuthScopes", ["a\\b"], "AllowedOAuthScopes[0]", id="a-backslash-in-a-scope"),
        pytest.param("AllowedOAuthScopes", ["ä/read"], "AllowedOAuthScopes[0]", id="a-scope-beyond-ascii"),
        pytest.param("PreventUserExistenceErrors", "enabled", "PreventUserExistenceErrors", id="enum-in-small-letters"),
        pytest.param("PreventUserExistenceErrors", "DISABLED", "PreventUserExistenceErrors", id="enum-of-elsewhere"),
        *[
            pytest.param(name, odd, name, id=f"{name}-{odd!r}")
            for name in BOOLEANS
            for odd in ("yes", "on", "", "enabled", 2, 1.5)
        ],
        pytest.param(
            "AnalyticsConfiguration",
            {"ApplicationArn": "arn:a:b:c:1234:appl"},
            "AnalyticsConfiguration.ApplicationArn",
            id="an-arn-too-short",
        ),
        pytest.param(
            "AnalyticsConfiguration",
            {"ApplicationArn": arn(2049)},
            "AnalyticsConfiguration.ApplicationArn",
            id="an-arn-too-long",
        ),
        pytest.param(
            "AnalyticsConfiguration",
            {"RoleArn": "role/pinpoint-and-some-more"},
            "AnalyticsConfiguration.RoleArn",
            id="a-role-that-is-no-arn",
        ),
        pytest.param(
            "AnalyticsConfiguration", {"ApplicationId": "xyz"}, "AnalyticsConfiguration.ApplicationId", id="no-hex"
        ),
        pytest.param(
            "AnalyticsConfiguration", {"ApplicationId": ""}, "AnalyticsConfiguration.ApplicationId", id="no-digit"
        ),
        pytest.param(
            "AnalyticsConfiguration",
            {"ExternalId": "x" * 131073},
            "AnalyticsConfiguration.ExternalId",
            id="an-external-id-too-long",
        ),
        pytest.param(
            "AnalyticsConfiguration",
            {"UserDataShared": "maybe"},
            "AnalyticsConfiguration.UserDataShared",
            id="shared-is-no-boolean",
        ),
        pytest.param("RefreshTokenRotation", {}, "RefreshTokenRotation.Feature", id="rotation-without-its-feature"),
        pytest.param("RefreshTokenRotation", {"Feature": "ON"}, "RefreshTokenRotation.Feature", id="unknown-feature"),
        pytest.param(
            "RefreshTokenRotation",
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": "61"},
            "RefreshTokenRotation.RetryGracePeriodSeconds",
            id="a-grace-too-long",
        ),
        pytest.param(
            "RefreshTokenRotation",
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": -1},
            "RefreshTokenRotation.RetryGracePeriodSeconds",
            id="a-negative-grace",
        ),
    ],
)
def test_a_value_outside_its_limits_is_refused_by_its_own_path(name: str, value: object, path: str) -> None:
    settings, problems = parse(properties(**{name: value}))

    assert [problem.paths for problem in problems] == [(path,)]
    assert name not in settings


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(OWN_SECRET[:23], id="too-short"),
        pytest.param(OWN_SECRET.ljust(65, "x"), id="too-long"),
        pytest.param(f"{OWN_SECRET}-x", id="a-character-that-is-not-allowed"),
        pytest.param(f"{OWN_SECRET}\n", id="a-newline-at-its-end"),
        pytest.param(f"{OWN_SECRET}ü", id="beyond-ascii"),
        pytest.param([OWN_SECRET], id="a-list"),
        pytest.param({"Value": OWN_SECRET}, id="a-map"),
        pytest.param(True, id="a-boolean"),
        pytest.param(None, id="null"),
    ],
)
def test_a_secret_that_does_not_fit_is_refused_without_being_shown(secret: object) -> None:
    (problem,) = problems_of(ClientSecret=secret)

    assert problem.paths == ("ClientSecret",)
    assert "24 to 64" in problem.allowed
    assert "canary" not in str(problem)


REFERENCES = [
    "{{resolve:secretsmanager:web:SecretString:canary}}",
    "{{resolve:ssm-secure:canary}}",
    "https://{{resolve:secretsmanager:canary}}/callback",
]


def holding(path: str, reference: str) -> dict[str, Any]:
    """Return properties with a reference at `Name`, `Name[1]` or `Name.Member`."""
    name, is_map, member = path.partition(".")
    plain, is_list, _ = name.partition("[")
    if is_list:
        return {plain: [LISTS[plain], reference]}
    return {name: {member: reference} if is_map else reference}


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("path", [*SETTINGS, *(f"{name}[1]" for name in LISTS), "TokenValidityUnits.IdToken"])
def test_a_dynamic_reference_to_a_secret_is_refused_in_every_property_and_not_quoted(path: str, reference: str) -> None:
    (problem,) = problems_of(**holding(path, reference))

    assert problem.paths == (path,)
    assert problem.wrong == "it holds a dynamic reference, which CloudFormation does not resolve in custom resources."
    assert not problem.cognito
    assert "canary" not in str(problem)


def test_each_dynamic_reference_in_a_list_in_a_map_is_a_problem_of_its_own() -> None:
    found = problems_of(CIMDPolicy={"PolicyName": REFERENCES[0], "URLPatterns": [*REFERENCES, "https://a.example/*"]})

    assert [problem.paths for problem in found] == [
        ("CIMDPolicy.PolicyName",),
        *[(f"CIMDPolicy.URLPatterns[{index}]",) for index in range(3)],
    ]


def test_what_to_do_about_a_dynamic_reference_depends_on_the_property() -> None:
    remedies = {
        name: problems_of(**{name: REFERENCES[0]})[0].allowed for name in ("ClientSecret", "SecretId", "Refresh")
    }

    assert "NoEcho" in remedies["ClientSecret"]
    assert "name or ARN" in remedies["SecretId"]
    assert "{{resolve:ssm:" in remedies["Refresh"]


@pytest.mark.parametrize("text", ["{{resolve:ssm:/shop/name}}", "{{resolve:later}}", "secretsmanager"])
def test_other_text_in_braces_is_text(text: str) -> None:
    assert problems_of(Refresh=text) == []


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        *[pytest.param(name, item, "a list", id=f"{name}-as-a-string") for name, item in LISTS.items()],
        *[pytest.param(name, f"{item},{item}", "a list", id=f"{name}-with-commas") for name, item in LISTS.items()],
        *[pytest.param(name, {"0": item}, "a list", id=f"{name}-as-a-map") for name, item in LISTS.items()],
        *[pytest.param(name, 5, "a list", id=f"{name}-as-a-number") for name in LISTS],
        *[pytest.param(name, "text", "a map", id=f"{name}-as-a-string") for name in MAPS],
        *[pytest.param(name, [{}], "a map", id=f"{name}-as-a-list") for name in MAPS],
        *[pytest.param(name, odd, "string", id=f"{name}-{odd!r}") for name in STRINGS[:3] for odd in COLLECTIONS],
        *[
            pytest.param(name, odd, "whole number", id=f"{name}-{odd!r}")
            for name in INTEGERS
            for odd in (True, *COLLECTIONS)
        ],
        *[pytest.param(name, odd, "true or false", id=f"{name}-{odd!r}") for name in BOOLEANS for odd in COLLECTIONS],
        *[pytest.param(name, None, "", id=f"{name}-null") for name in SETTINGS],
    ],
)
def test_a_value_of_another_type_is_told_of_the_right_one(name: str, value: object, allowed: str) -> None:
    settings, problems = parse(properties(**{name: value}))

    assert [problem.paths for problem in problems] == [(name,)]
    assert allowed in problems[0].allowed
    assert problems[0].cognito == "" or name == "ClientSecret", "Cognito never sees a value of another type"
    assert name not in settings


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("AuthSessionValidity", "2", "Value at 'authSessionValidity' failed", id="a-number"),
        pytest.param("CallbackURLs", [URL, ""], "Value at 'callbackURLs.2.member' failed", id="an-item"),
        pytest.param("CallbackURLs", urls(101), "Value at 'callbackURLs' failed", id="a-list"),
        pytest.param(
            "TokenValidityUnits", {"IdToken": "x"}, "Value at 'tokenValidityUnits.idToken' failed", id="a-member"
        ),
        pytest.param("PreventUserExistenceErrors", "X", "Value at 'preventUserExistenceErrors' failed", id="an-enum"),
        pytest.param("ClientSecret", "short", "Value at 'clientSecret' failed", id="the-secret"),
    ],
)
def test_cognitos_words_for_a_limit_stand_beside_ours(name: str, value: object, words: str) -> None:
    (problem,) = problems_of(**{name: value})

    assert problem.cognito.startswith("1 validation error detected: ")
    assert words in problem.cognito
    assert f'Cognito says: "{problem.cognito}"' in str(problem)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        pytest.param(
            "AuthSessionValidity", "2", '"2" is not allowed. It must be a whole number from 3 to 15.', id="int"
        ),
        pytest.param("EnableTokenRevocation", "no", '"no" is not allowed. It must be true or false.', id="bool"),
        pytest.param(
            "PreventUserExistenceErrors",
            "On",
            '"On" is not allowed. It must be one of LEGACY, ENABLED.',
            id="enum",
        ),
        pytest.param(
            "ClientName", "w" * 129, f'"{"w" * 60}…" (129 characters) is not allowed.', id="a-long-value-is-cut"
        ),
        pytest.param(
            "CallbackURLs", URL, f'"{URL}" is no list. It takes a list, each a string of 1 to 1024', id="list"
        ),
        pytest.param("TokenValidityUnits", [], "a list is no map. It takes a map of AccessToken, IdToken,", id="map"),
        pytest.param("CallbackURLs", urls(101), "it has 101 different items. At most 100 are allowed.", id="count"),
        pytest.param("GenerateSecret", None, "null is not allowed. It must be true or false.", id="null"),
        pytest.param(
            "RefreshTokenRotation", {}, "it is missing. It must be one of ENABLED, DISABLED.", id="a-required-member"
        ),
    ],
)
def test_a_problem_says_what_is_wrong_and_what_is_allowed(name: str, value: object, said: str) -> None:
    (problem,) = problems_of(**{name: value})

    assert said in str(problem)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *[
            pytest.param(
                "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_"), name, id=f"snake-{name}"
            )
            for name in SETTINGS
        ],
        *[pytest.param(name.lower(), name, id=f"small-{name}") for name in SETTINGS],
        *[pytest.param(name.upper(), name, id=f"capital-{name}") for name in SETTINGS],
        *[pytest.param(name[0].lower() + name[1:], name, id=f"camel-{name}") for name in SETTINGS],
        pytest.param("callback_urls", "CallbackURLs", id="terraforms-callbacks"),
        pytest.param("CallbackUrls", "CallbackURLs", id="callbacks-as-one-would-write-them"),
        pytest.param("callbackUrls", "CallbackURLs", id="cdks-callbacks"),
        pytest.param("logout_urls", "LogoutURLs", id="terraforms-logout-urls"),
        pytest.param("allowed_oauth_flows", "AllowedOAuthFlows", id="terraforms-oauth-flows"),
        pytest.param("allowed_oauth_scopes", "AllowedOAuthScopes", id="terraforms-scopes"),
        pytest.param(
            "allowed_oauth_flows_user_pool_client", "AllowedOAuthFlowsUserPoolClient", id="terraforms-oauth-switch"
        ),
        pytest.param("default_redirect_uri", "DefaultRedirectURI", id="terraforms-default-redirect"),
        pytest.param("DefaultRedirectUri", "DefaultRedirectURI", id="default-redirect-in-one-spelling"),
        pytest.param("CallbackURL", "CallbackURLs", id="a-singular"),
        pytest.param("AllowedOAuthScope", "AllowedOAuthScopes", id="a-singular-scope"),
        pytest.param("SupportedIdentityProvider", "SupportedIdentityProviders", id="a-singular-provider"),
        pytest.param("RefreshTokenValidty", "RefreshTokenValidity", id="a-letter-missing"),
    ],
)
def test_an_unknown_property_names_the_nearest(name: str, expected: str) -> None:
    assert nearest(name, SETTINGS) == expected
    if name not in SETTINGS:
        (problem,) = problems_of(**{name: "x"})
        assert problem.paths == (name,)
        assert str(problem) == f"{name}: there is no such property. The nearest one is {expected}."


@pytest.mark.parametrize(
    ("name", "member", "expected"),
    [
        pytest.param("TokenValidityUnits", "access_token", "AccessToken", id="a-units-member-in-snake-case"),
        pytest.param("TokenValidityUnits", "Refreshtoken", "RefreshToken", id="a-units-member-in-small-letters"),
        pytest.param("AnalyticsConfiguration", "ApplicationARN", "ApplicationArn", id="an-analytics-member"),
        pytest.param("AnalyticsConfiguration", "user_data_shared", "UserDataShared", id="another-analytics-member"),
        pytest.param("RefreshTokenRotation", "RetryGracePeriod", "RetryGracePeriodSeconds", id="a-rotation-member"),
    ],
)
def test_an_unknown_member_names_the_nearest_with_its_path(name: str, member: str, expected: str) -> None:
    (problem,) = problems_of(**{name: {"Feature": "ENABLED", member: "x"} if "Rotation" in name else {member: "x"}})

    assert problem.paths == (f"{name}.{member}",)
    assert problem.allowed == f"The nearest one is {name}.{expected}."


def test_an_unknown_property_is_not_quoted() -> None:
    (problem,) = problems_of(Client_Secret=OWN_SECRET)

    assert problem.allowed == "The nearest one is ClientSecret."
    assert not leaked(str(problem))


def test_a_template_without_a_pool_is_told_so() -> None:
    settings, problems = parse({"ClientName": "web"})

    assert settings == {"ClientName": "web"}
    assert [str(problem) for problem in problems] == ["UserPoolId: it is missing. Give the id of the user pool."]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    settings, problems = parse(
        {
            "ClientName": "a/b",
            "callback_urls": [URL],
            "CallbackURLs": ["", URL, ""],
            "AuthSessionValidity": "99",
            "TokenValidityUnits": {"AccessToken": "weeks", "Id": "days"},
            "RefreshTokenRotation": {"RetryGracePeriodSeconds": "99"},
            "EnableTokenRevocation": "true",
        }
    )

    assert settings == {"EnableTokenRevocation": True}
    assert {problem.paths for problem in problems} == {
        ("UserPoolId",),
        ("ClientName",),
        ("callback_urls",),
        ("CallbackURLs[0]",),
        ("CallbackURLs[2]",),
        ("AuthSessionValidity",),
        ("TokenValidityUnits.AccessToken",),
        ("TokenValidityUnits.Id",),
        ("RefreshTokenRotation.Feature",),
        ("RefreshTokenRotation.RetryGracePeriodSeconds",),
    }
    assert len(problems) == 10
    told = str(InvalidProperties(problems))
    assert told.startswith("10 problems in its properties: (1) ")
    assert all(str(problem) in told for problem in problems)


def test_one_problem_is_told_without_a_number() -> None:
    told = str(InvalidProperties(problems_of(GenerateSecret="perhaps")))

    assert told == (
        '1 problem in its properties: GenerateSecret: "perhaps" is not allowed. It must be true or false. '
        "What to do: correct the template and deploy again."
    )


def test_the_service_token_and_the_timeout_are_no_settings() -> None:
    settings, problems = parse(properties(ServiceToken="arn:aws:lambda:…", ServiceTimeout="60"))

    assert (settings, problems) == ({"UserPoolId": POOL}, [])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(MISSING, MISSING, id="missing-stays-missing"),
        pytest.param([], [], id="an-empty-list-is-no-missing-one"),
    ],
)
def test_what_is_missing_and_what_is_empty_differ(given: object, expected: object) -> None:
    settings, _ = parse(properties() if given is MISSING else properties(CallbackURLs=given))

    assert settings.get("CallbackURLs", MISSING) == expected


def test_false_and_zero_are_not_missing() -> None:
    settings, problems = parse(properties(GenerateSecret="false", RefreshTokenValidity="0"))

    assert problems == []
    assert settings == {"UserPoolId": POOL, "GenerateSecret": False, "RefreshTokenValidity": 0}


@pytest.mark.parametrize("odd", [None, "text", 5, ["UserPoolId"]], ids=["null", "text", "number", "list"])
def test_properties_that_are_no_map_are_a_problem(odd: object) -> None:
    settings, problems = parse(odd)

    assert settings == {}
    assert [problem.paths for problem in problems] == [("ResourceProperties",)]
    assert parse_previous(odd) == {}


def test_what_was_applied_is_read_like_what_is_desired() -> None:
    given = properties(GenerateSecret="true", CallbackURLs=[URL, URL], TokenValidityUnits={"IdToken": "days"})

    assert parse_previous(given) == parse(given)[0]


def test_what_was_applied_and_does_not_parse_is_known_to_have_been_there() -> None:
    given = {"CallbackURLs": "no list", "GenerateSecret": "perhaps", "ClientName": "web", "Unknown": "x"}

    assert parse_previous(given) == {"CallbackURLs": None, "GenerateSecret": None, "ClientName": "web"}


DEFAULTS = {
    "UserPoolId": None,
    "ClientName": None,
    "GenerateSecret": False,
    "ClientSecret": None,
    "SecretId": None,
    "Refresh": None,
    "DriftAction": "report",
    "AccessTokenValidity": 1,
    "IdTokenValidity": 1,
    "PublishSecretsInAWSSecretsManager": False,
    "RefreshTokenValidity": 30,
    "TokenValidityUnits": {"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"},
    "ReadAttributes": [],
    "WriteAttributes": [],
    "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
    "SupportedIdentityProviders": [],
    "CallbackURLs": [],
    "LogoutURLs": [],
    "DefaultRedirectURI": None,
    "AllowedOAuthFlows": [],
    "AllowedOAuthScopes": [],
    "AllowedOAuthFlowsUserPoolClient": False,
    "AnalyticsConfiguration": None,
    "PreventUserExistenceErrors": "LEGACY",
    "EnableTokenRevocation": True,
    "EnablePropagateAdditionalUserContextData": False,
    "AuthSessionValidity": 3,
    "RefreshTokenRotation": {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0},
    "SSOSession": {"MaxValidityMinutes": 60},
    "CIMDPolicy": None,
    "ImportId": None,
    "ImportNamePrefix": None,
    "ImportNamePattern": None,
    "AllowClientOfOtherStack": False,
    "RoleArn": None,
    "ExternalId": None,
    "AllowSecretOfOtherStack": False,
}


def test_the_defaults_are_the_documented_ones() -> None:
    assert {name: setting.default for name, setting in SETTINGS.items()} == DEFAULTS


@pytest.mark.parametrize("template", [ClientProperties, UrlsProperties, LookupProperties, ListProperties])
def test_every_property_says_what_it_is(template: Any) -> None:
    settings = settings_of(template)
    assert list(settings) == list(template.__annotations__)
    assert all(name == setting.name for name, setting in settings.items())
    assert [name for name, setting in settings.items() if not re.fullmatch(r"\S.*\.", setting.about)] == []


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param(str, id="a-type-alone"),
        pytest.param(Required[Annotated[str, Meta(min_length=1)]], id="a-type-with-limits"),
        pytest.param(Annotated[str, Setting("One."), Setting("Another.")], id="two-settings"),
    ],
)
def test_a_property_cannot_be_declared_without_its_one_setting(annotation: Any) -> None:
    template = SimpleNamespace(__annotations__={"Undeclared": annotation})
    with pytest.raises(TypeError, match=r"^Undeclared has [02] Settings "):
        settings_of(template)


def test_the_type_of_a_property_holds_its_limits_and_nothing_else() -> None:
    kind, limits = kind_and_limits(ClientProperties.__annotations__["UserPoolId"])
    assert SETTINGS["UserPoolId"].type == Annotated[kind, limits]
    assert (kind, limits.max_length) == (str, 55)
    assert SETTINGS["GenerateSecret"].type is bool
    assert SETTINGS["SSOSession"].type is SSOSession


def test_three_settings_replace_the_client() -> None:
    assert set(CREATABLE) - set(UPDATABLE) == {"UserPoolId", "GenerateSecret", "ClientSecret"}
    assert {name for name, setting in SETTINGS.items() if setting.update == "replaces"} == {
        "UserPoolId",
        "GenerateSecret",
        "ClientSecret",
    }


def test_four_settings_are_reset_by_leaving_them_out() -> None:
    assert {name for name, setting in SETTINGS.items() if setting.reset == "left out"} == {
        "DefaultRedirectURI",
        "AnalyticsConfiguration",
        "ReadAttributes",
        "WriteAttributes",
    }


@pytest.mark.parametrize(
    ("token", "unit", "expected"),
    [
        pytest.param(0, "seconds", 3600, id="an-hour-in-seconds"),
        pytest.param(0, "minutes", 60, id="an-hour-in-minutes"),
        pytest.param(0, "hours", 1, id="an-hour"),
        pytest.param(0, "days", 1, id="an-hour-is-a-day-at-least"),
        pytest.param(0, "weeks", None, id="a-unit-that-is-not-known"),
        pytest.param(2, "hours", 720, id="thirty-days-in-hours"),
        pytest.param(2, "days", 30, id="thirty-days"),
    ],
)
def test_the_default_duration_in_every_unit(token: int, unit: str, expected: int | None) -> None:
    assert TOKENS[token].default_in(unit) == expected


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([POOL, URL, "true"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["AccessToken", "Feature", "ApplicationArn"]) | st.text(max_size=9), inner)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from([*SETTINGS, "ServiceToken", "callback_urls"]) | st.text(max_size=12)


@given(JSON | st.dictionaries(NAMES, JSON, max_size=8))
@settings(max_examples=150)
def test_any_json_is_read_without_an_exception(anything: object) -> None:
    desired, problems = parse(anything)
    applied = parse_previous(anything)

    assert all(value is not None for value in desired.values())
    assert set(desired) <= set(applied) <= set(SETTINGS)
    assert problems or {"UserPoolId"} <= set(desired)
    assert all(problem.paths and problem.wrong and problem.allowed for problem in problems)
    assert {name for name, value in applied.items() if value is None} == set(applied) - set(desired)


def test_an_external_id_that_is_not_allowed_is_not_quoted() -> None:
    _, problems = parse(properties(RoleArn="arn:aws:iam::222222222222:role/x", ExternalId="very private"))

    (problem,) = problems
    assert problem.paths == ("ExternalId",)
    assert "very private" not in str(problem)
