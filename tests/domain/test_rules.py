"""What Cognito is known to refuse in combination is refused earlier, in its words; nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.given import POOL
from user_pool_client.domain.parsing import parse
from user_pool_client.domain.rules import secret_wanted, validate
from user_pool_client.domain.sensitive import Sensitive

HTTPS = "https://app.example.com/callback"
ARN = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/0123456789abcdef"
ROLE = "arn:aws:iam::123456789012:role/pinpoint"
OAUTH = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid"],
    "CallbackURLs": [HTTPS],
}
MACHINE = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["client_credentials"],
    "AllowedOAuthScopes": ["api/read"],
}
BY_ID = {"ApplicationId": "0123456789abcdef", "RoleArn": ROLE, "ExternalId": "x"}

ONLY_CREDENTIALS = "client_credentials flow can not be selected along with code flow or implicit flow."
CREDENTIALS_NEED_SECRET = "client_credentials flow can not be selected if client does not have a client secret."
CALLBACKS_NEEDED = "CallbackUrls can not be empty when code flow or implicit flow is selected"
FLOWS_AND_SCOPES = (
    "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."
)
MIXED_FLOWS = "Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names."
REFRESH_AND_ROTATION = (
    "ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow when refresh token rotation is enabled."
)
OUT_OF_RANGE = "Invalid range for token validity."
OUTLIVES = "Access and Id Token expiration times must be less than or equal to refresh token expiration times."
CONTEXT_NEEDS_SECRET = "Client Secret is required to set EnablePropagateAdditionalUserContextData as true"
ANALYTICS = (
    "Invalid analytics configuration given, "
    "either <application arn> or <application id, role arn, external id> are valid"
)
ACCESS, ID, REFRESH = "AccessTokenValidity", "IdTokenValidity", "RefreshTokenValidity"
ACCESS_UNIT, REFRESH_UNIT = "TokenValidityUnits.AccessToken", "TokenValidityUnits.RefreshToken"
NONE_OR_EMPTY: tuple[list[str] | None, ...] = ([], None)
ALL_ANALYTICS = tuple(f"AnalyticsConfiguration.{name}" for name in ("ApplicationArn", *BY_ID))


def tokens(number: str, value: int, unit: str | None = None, **more: Any) -> dict[str, Any]:
    name = number.removesuffix("Validity")
    return {number: value, **({} if unit is None else {"TokenValidityUnits": {name: unit}}), **more}


@pytest.mark.parametrize(
    ("settings", "paths", "words"),
    [
        pytest.param(
            {**OAUTH, "AllowedOAuthFlows": ["client_credentials", "code"], "AllowedOAuthScopes": ["api/read"]},
            ("AllowedOAuthFlows",),
            ONLY_CREDENTIALS,
            id="client-credentials-with-code",
        ),
        pytest.param(
            {**OAUTH, "AllowedOAuthFlows": ["implicit", "client_credentials"], "AllowedOAuthScopes": ["api/read"]},
            ("AllowedOAuthFlows",),
            ONLY_CREDENTIALS,
            id="client-credentials-with-implicit",
        ),
        *[
            pytest.param(
                {**MACHINE, "AllowedOAuthScopes": ["api/read", scope]},
                ("AllowedOAuthFlows", "AllowedOAuthScopes"),
                f"{scope} is not supported with client_credentials flow",
                id=f"a-scope-of-users-with-client-credentials-{scope}",
            )
            for scope in ("openid", "email", "phone", "profile", "aws.cognito.signin.user.admin")
        ],
        *[
            pytest.param(
                {**OAUTH, "AllowedOAuthFlows": [flow], "CallbackURLs": callbacks},
                ("AllowedOAuthFlows", "CallbackURLs"),
                CALLBACKS_NEEDED,
                id=f"{flow}-without-callbacks-{callbacks}",
            )
            for flow in ("code", "implicit")
            for callbacks in NONE_OR_EMPTY
        ],
        pytest.param(
            {"AllowedOAuthFlows": ["code"]},
            ("AllowedOAuthFlows", "CallbackURLs"),
            CALLBACKS_NEEDED,
            id="code-without-callbacks-though-oauth-is-not-switched-on",
        ),
        pytest.param(
            {**OAUTH, "AllowedOAuthFlows": []},
            ("AllowedOAuthFlowsUserPoolClient", "AllowedOAuthFlows", "AllowedOAuthScopes"),
            FLOWS_AND_SCOPES,
            id="oauth-without-flows",
        ),
        pytest.param(
            {**OAUTH, "AllowedOAuthScopes": []},
            ("AllowedOAuthFlowsUserPoolClient", "AllowedOAuthFlows", "AllowedOAuthScopes"),
            FLOWS_AND_SCOPES,
            id="oauth-without-scopes",
        ),
        pytest.param(
            {"AllowedOAuthFlowsUserPoolClient": True},
            ("AllowedOAuthFlowsUserPoolClient", "AllowedOAuthFlows", "AllowedOAuthScopes"),
            FLOWS_AND_SCOPES,
            id="oauth-and-nothing-else",
        ),
        pytest.param(
            {"CallbackURLs": [HTTPS, "http://app.example.com"]},
            ("CallbackURLs[1]",),
            "http://app.example.com cannot use the HTTP protocol.",
            id="plain-http-to-a-callback",
        ),
        pytest.param(
            {"LogoutURLs": ["http://192.168.0.1/"]},
            ("LogoutURLs[0]",),
            "http://192.168.0.1/ cannot use the HTTP protocol.",
            id="plain-http-after-logout",
        ),
        pytest.param(
            {"CallbackURLs": ["http://localhost.example.com/"]},
            ("CallbackURLs[0]",),
            "http://localhost.example.com/ cannot use the HTTP protocol.",
            id="plain-http-to-a-host-that-begins-like-loopback",
        ),
        pytest.param(
            {"CallbackURLs": ["http://localhost@example.com/"]},
            ("CallbackURLs[0]",),
            "http://localhost@example.com/ cannot use the HTTP protocol.",
            id="plain-http-to-a-host-behind-a-user-called-localhost",
        ),
        pytest.param(
            {"CallbackURLs": [f"{HTTPS}#top"]},
            ("CallbackURLs[0]",),
            f"{HTTPS}#top cannot use fragment",
            id="a-fragment-in-a-callback",
        ),
        pytest.param(
            {"LogoutURLs": ["myapp://out#"]},
            ("LogoutURLs[0]",),
            "myapp://out# cannot use fragment",
            id="an-empty-fragment-of-a-scheme-of-ones-own",
        ),
        pytest.param(
            {"DefaultRedirectURI": "https://other.example.com", "CallbackURLs": [HTTPS]},
            ("DefaultRedirectURI", "CallbackURLs"),
            "The default redirect URI https://other.example.com is not in the callback URIs list.",
            id="a-default-that-is-no-callback",
        ),
        pytest.param(
            {"DefaultRedirectURI": HTTPS},
            ("DefaultRedirectURI", "CallbackURLs"),
            f"The default redirect URI {HTTPS} is not in the callback URIs list.",
            id="a-default-without-callbacks",
        ),
        pytest.param(
            {"DefaultRedirectURI": f"{HTTPS}/", "CallbackURLs": [HTTPS]},
            ("DefaultRedirectURI", "CallbackURLs"),
            f"The default redirect URI {HTTPS}/ is not in the callback URIs list.",
            id="a-default-that-differs-in-a-slash",
        ),
        *[
            pytest.param(
                {"ExplicitAuthFlows": [legacy, "ALLOW_REFRESH_TOKEN_AUTH"]},
                ("ExplicitAuthFlows",),
                MIXED_FLOWS,
                id=f"{legacy}-with-an-allow-name",
            )
            for legacy in ("ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH")
        ],
        pytest.param(
            {"ExplicitAuthFlows": ["ALLOW_WHAT_COMES_NEXT", "USER_PASSWORD_AUTH"]},
            ("ExplicitAuthFlows",),
            MIXED_FLOWS,
            id="a-legacy-name-with-a-flow-nobody-knows",
        ),
        pytest.param(
            {"RefreshTokenRotation": {"Feature": "ENABLED"}, "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"]},
            ("RefreshTokenRotation.Feature", "ExplicitAuthFlows"),
            REFRESH_AND_ROTATION,
            id="rotation-with-the-refresh-flow",
        ),
        *[
            pytest.param(tokens(number, value, unit), paths, OUT_OF_RANGE, id=f"{number}-{value}-{unit}")
            for number, value, unit, paths in [
                (ACCESS, 25, None, (ACCESS,)),
                (ACCESS, 299, "seconds", (ACCESS, ACCESS_UNIT)),
                (ACCESS, 86401, "seconds", (ACCESS, ACCESS_UNIT)),
                (ACCESS, 4, "minutes", (ACCESS, ACCESS_UNIT)),
                (ACCESS, 1441, "minutes", (ACCESS, ACCESS_UNIT)),
                (ACCESS, 25, "hours", (ACCESS, ACCESS_UNIT)),
                (ACCESS, 2, "days", (ACCESS, ACCESS_UNIT)),
                (ID, 25, None, (ID,)),
                (ID, 299, "seconds", (ID, "TokenValidityUnits.IdToken")),
                (ID, 1441, "minutes", (ID, "TokenValidityUnits.IdToken")),
                (REFRESH, 3651, None, (REFRESH,)),
                (REFRESH, 3599, "seconds", (REFRESH, REFRESH_UNIT)),
                (REFRESH, 59, "minutes", (REFRESH, REFRESH_UNIT)),
                (REFRESH, 87601, "hours", (REFRESH, REFRESH_UNIT)),
                (REFRESH, 3651, "days", (REFRESH, REFRESH_UNIT)),
            ]
        ],
        pytest.param(
            {ACCESS: 2, REFRESH: 90, "TokenValidityUnits": {"RefreshToken": "minutes"}},
            (ACCESS, REFRESH, REFRESH_UNIT),
            OUTLIVES,
            id="an-access-token-that-outlives-the-refresh-token",
        ),
        pytest.param(
            {ID: 61, REFRESH: 1, "TokenValidityUnits": {"IdToken": "minutes", "RefreshToken": "hours"}},
            (ID, "TokenValidityUnits.IdToken", REFRESH, REFRESH_UNIT),
            OUTLIVES,
            id="an-id-token-that-outlives-the-refresh-token",
        ),
        pytest.param(
            {"AnalyticsConfiguration": {"ApplicationArn": ARN, **BY_ID}}, ALL_ANALYTICS, ANALYTICS, id="both-forms"
        ),
        pytest.param(
            {"AnalyticsConfiguration": {"ApplicationArn": ARN, "RoleArn": ROLE}},
            ALL_ANALYTICS,
            ANALYTICS,
            id="an-arn-with-a-role",
        ),
        *[
            pytest.param(
                {"AnalyticsConfiguration": {name: BY_ID[name] for name in BY_ID if name != missing}},
                ALL_ANALYTICS,
                ANALYTICS,
                id=f"analytics-without-{missing}",
            )
            for missing in BY_ID
        ],
    ],
)
def test_what_cognito_refuses_is_refused_in_its_words(
    settings: dict[str, Any], paths: tuple[str, ...], words: str
) -> None:
    (problem,) = validate(settings, has_secret=True)

    assert problem.paths == paths
    assert problem.cognito == words
    assert f'Cognito says: "{words}"' in str(problem)


@pytest.mark.parametrize(
    ("settings", "paths", "words"),
    [
        pytest.param(
            MACHINE,
            ("AllowedOAuthFlows", "GenerateSecret", "ClientSecret"),
            CREDENTIALS_NEED_SECRET,
            id="client-credentials",
        ),
        pytest.param(
            {"EnablePropagateAdditionalUserContextData": True},
            ("EnablePropagateAdditionalUserContextData", "GenerateSecret", "ClientSecret"),
            CONTEXT_NEEDS_SECRET,
            id="context-data",
        ),
    ],
)
def test_what_needs_a_secret_is_refused_only_where_there_surely_is_none(
    settings: dict[str, Any], paths: tuple[str, ...], words: str
) -> None:
    (problem,) = validate(settings, has_secret=False)

    assert (problem.paths, problem.cognito) == (paths, words)
    assert validate(settings, has_secret=True) == []
    assert validate(settings, has_secret=None) == []


def test_a_secret_comes_from_one_source() -> None:
    settings = {"ClientSecret": Sensitive("x" * 24), "GenerateSecret": True}

    (problem,) = validate(settings, has_secret=True)

    assert problem.paths == ("ClientSecret", "GenerateSecret")
    assert "x" * 24 not in str(problem)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="nothing-at-all"),
        pytest.param(OAUTH, id="the-code-flow"),
        pytest.param({**OAUTH, "AllowedOAuthFlows": ["code", "implicit"]}, id="code-and-implicit"),
        pytest.param(MACHINE, id="client-credentials-without-callbacks"),
        pytest.param({**MACHINE, "CallbackURLs": [HTTPS]}, id="client-credentials-with-callbacks"),
        pytest.param({**OAUTH, "AllowedOAuthScopes": ["nobody-knows/this"]}, id="a-scope-that-only-cognito-knows"),
        pytest.param({"SupportedIdentityProviders": ["google"]}, id="a-provider-that-only-cognito-knows"),
        pytest.param({"ReadAttributes": ["custom:what"], "WriteAttributes": ["sub"]}, id="attributes-of-the-pool"),
        pytest.param({"CallbackURLs": ["myapp://callback", "com.example.app:/cb"]}, id="schemes-of-ones-own"),
        pytest.param({"CallbackURLs": ["localhost", "//x", "not a url at all"]}, id="what-only-cognito-can-judge"),
        pytest.param({"CallbackURLs": ["https://[::1"]}, id="brackets-that-do-not-match"),
        *[
            pytest.param({"CallbackURLs": [url], "LogoutURLs": [url], "DefaultRedirectURI": url}, id=f"loopback-{url}")
            for url in (
                "http://localhost",
                "http://localhost:3000/cb",
                "http://127.0.0.1:65535/",
                "http://[::1]:8080/cb?x=y",
                "http://LOCALHOST:1/",
            )
        ],
        pytest.param({"CallbackURLs": [HTTPS], "LogoutURLs": [HTTPS]}, id="urls-without-oauth-switched-on"),
        pytest.param(
            {"AllowedOAuthFlowsUserPoolClient": False, **{name: OAUTH[name] for name in list(OAUTH)[1:]}},
            id="oauth-settings-with-oauth-switched-off",
        ),
        pytest.param({"AllowedOAuthScopes": ["openid"]}, id="scopes-without-flows-and-without-oauth"),
        pytest.param(
            {"DefaultRedirectURI": HTTPS, "CallbackURLs": ["myapp://x", HTTPS]}, id="a-default-among-callbacks"
        ),
        pytest.param({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}, id="an-allow-list-without-the-refresh-flow"),
        pytest.param({"ExplicitAuthFlows": []}, id="no-flows"),
        pytest.param({"ExplicitAuthFlows": ["ALLOW_WHAT_COMES_NEXT"]}, id="a-flow-nobody-knows"),
        pytest.param(
            {"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH"]},
            id="all-legacy-flows",
        ),
        pytest.param(
            {"RefreshTokenRotation": {"Feature": "ENABLED"}, "ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH"]},
            id="rotation-with-legacy-flows",
        ),
        pytest.param({"RefreshTokenRotation": {"Feature": "ENABLED"}}, id="rotation-with-the-default-flows"),
        pytest.param(
            {"RefreshTokenRotation": {"Feature": "ENABLED"}, "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]},
            id="rotation-without-the-refresh-flow",
        ),
        pytest.param(
            {
                "RefreshTokenRotation": {"Feature": "DISABLED", "RetryGracePeriodSeconds": 60},
                "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
            },
            id="the-refresh-flow-with-rotation-off",
        ),
        *[
            pytest.param({"TokenValidityUnits": {token: unit}}, id=f"{token}-in-{unit}-without-a-number")
            for token in ("AccessToken", "IdToken", "RefreshToken")
            for unit in ("seconds", "minutes", "hours", "days")
        ],
        *[
            pytest.param(tokens(number, value, unit), id=f"{number}-{value}-{unit}")
            for number, value, unit in [
                (ACCESS, 1, None),
                (ACCESS, 24, None),
                (ACCESS, 300, "seconds"),
                (ACCESS, 86400, "seconds"),
                (ACCESS, 5, "minutes"),
                (ACCESS, 1440, "minutes"),
                (ACCESS, 24, "hours"),
                (ACCESS, 1, "days"),
                (ID, 5, "minutes"),
                (ID, 86400, "seconds"),
                (REFRESH, 1, None),
                (REFRESH, 3650, None),
                (REFRESH, 0, None),
                (REFRESH, 0, "minutes"),
                (REFRESH, 3600, "seconds"),
                (REFRESH, 315360000, "seconds"),
                (REFRESH, 60, "minutes"),
                (REFRESH, 87600, "hours"),
            ]
        ],
        pytest.param(
            {
                ACCESS: 60,
                ID: 60,
                REFRESH: 60,
                "TokenValidityUnits": dict.fromkeys(("AccessToken", "IdToken", "RefreshToken"), "minutes"),
            },
            id="all-tokens-of-the-same-age",
        ),
        pytest.param(tokens(REFRESH, 60, "minutes"), id="a-refresh-token-as-short-as-the-default-access-token"),
        pytest.param({ACCESS: 24, ID: 24, REFRESH: 0}, id="long-tokens-with-the-default-refresh-token"),
        pytest.param({"AnalyticsConfiguration": {"ApplicationArn": ARN}}, id="analytics-by-arn"),
        pytest.param({"AnalyticsConfiguration": BY_ID}, id="analytics-by-id"),
        pytest.param({"AnalyticsConfiguration": {"UserDataShared": True}}, id="analytics-with-nothing-but-sharing"),
        pytest.param({"AnalyticsConfiguration": {"ApplicationArn": ARN, "UserDataShared": True}}, id="arn-and-sharing"),
        pytest.param({"AnalyticsConfiguration": {}}, id="empty-analytics"),
        pytest.param({"EnablePropagateAdditionalUserContextData": False}, id="context-data-off"),
        pytest.param({"GenerateSecret": True}, id="a-secret-by-cognito"),
        pytest.param({"ClientSecret": Sensitive("x" * 24)}, id="a-secret-of-ones-own"),
        pytest.param({"ClientSecret": Sensitive("x" * 24), "GenerateSecret": False}, id="a-secret-of-ones-own-only"),
    ],
)
def test_what_cognito_takes_is_never_refused(settings: dict[str, Any]) -> None:
    assert validate(settings, has_secret=True) == []


def test_all_problems_are_told_at_once() -> None:
    problems = validate(
        {
            "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthFlows": ["client_credentials", "code"],
            "AllowedOAuthScopes": ["openid", "email"],
            "LogoutURLs": ["http://a.example.com/#x"],
            "DefaultRedirectURI": "http://b.example.com",
            "ExplicitAuthFlows": ["USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            "RefreshTokenRotation": {"Feature": "ENABLED"},
            "AccessTokenValidity": 25,
            "IdTokenValidity": 2,
            "RefreshTokenValidity": 61,
            "TokenValidityUnits": {"RefreshToken": "minutes"},
            "EnablePropagateAdditionalUserContextData": True,
            "AnalyticsConfiguration": {"ApplicationId": "0f"},
        },
        has_secret=False,
    )

    assert sorted(problem.cognito for problem in problems) == sorted(
        [
            ONLY_CREDENTIALS,
            CREDENTIALS_NEED_SECRET,
            "openid is not supported with client_credentials flow",
            CALLBACKS_NEEDED,
            "http://a.example.com/#x cannot use the HTTP protocol.",
            "http://a.example.com/#x cannot use fragment",
            "http://b.example.com cannot use the HTTP protocol.",
            "The default redirect URI http://b.example.com is not in the callback URIs list.",
            MIXED_FLOWS,
            REFRESH_AND_ROTATION,
            OUT_OF_RANGE,
            OUTLIVES,
            OUTLIVES,
            CONTEXT_NEEDS_SECRET,
            ANALYTICS,
        ]
    )


def test_every_scope_that_client_credentials_cannot_grant_is_named() -> None:
    (problem,) = validate({**MACHINE, "AllowedOAuthScopes": ["openid", "api/read", "email"]}, has_secret=True)

    assert "openid, email cannot be granted" in problem.wrong


def test_the_length_of_a_token_is_told_with_its_unit() -> None:
    (problem,) = validate({"AccessTokenValidity": 60}, has_secret=None)

    assert problem.wrong == "60 hours is out of range."
    assert problem.allowed == "5 minutes to 1 day is allowed; without a unit the number is in hours."


def test_a_default_that_takes_part_is_told() -> None:
    problems = validate({"IdTokenValidity": 800}, has_secret=None)

    assert "800 hours is longer than the refresh token's 30 days (the default)." in [p.wrong for p in problems]


def test_strings_from_a_template_are_judged_as_what_they_mean() -> None:
    desired, problems = parse(
        {"UserPoolId": POOL, "AllowedOAuthFlowsUserPoolClient": "false", "AccessTokenValidity": "24"}
    )

    assert problems == []
    assert validate(desired, has_secret=False) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({}, None, id="nobody-says"),
        pytest.param({"GenerateSecret": True}, True, id="cognito-makes-one"),
        pytest.param({"GenerateSecret": False}, False, id="none"),
        pytest.param({"ClientSecret": Sensitive("x")}, True, id="one-of-ones-own"),
        pytest.param({"ClientSecret": Sensitive("x"), "GenerateSecret": False}, True, id="only-one-of-ones-own"),
        pytest.param({"ClientSecret": None, "GenerateSecret": None}, None, id="what-was-applied-did-not-parse"),
    ],
)
def test_what_a_template_says_of_a_secret(settings: dict[str, Any], expected: bool | None) -> None:
    assert secret_wanted(settings) is expected
