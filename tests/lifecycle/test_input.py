"""A template is judged before Cognito is asked for anything: all of it at once, and never more strictly than there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.canaries import OWN_SECRET
from tests.fakes.cognito import ApiError
from tests.fixtures.templates import ANALYTICS_ARN, APP, BARE, CONFIDENTIAL, DESKTOP, MOBILE, ROLE_ARN, typed
from tests.fixtures.world import CREATE, DESCRIBE, MARKER, POOL, UPDATE, World
from user_pool_client.log import MOST_LINE_BYTES

type Json = dict[str, Any]

OAUTH: Json = {"AllowedOAuthFlowsUserPoolClient": "true", "AllowedOAuthFlows": ["code"]}
SIGN_IN: Json = {**OAUTH, "AllowedOAuthScopes": ["openid"], "CallbackURLs": [APP]}
MACHINE: Json = {
    "AllowedOAuthFlowsUserPoolClient": "true",
    "AllowedOAuthFlows": ["client_credentials"],
    "AllowedOAuthScopes": ["api/read"],
}
MINUTES: Json = {"TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "minutes"}}

# What Cognito refuses in combination, and the properties that take part.
REFUSED: list[Any] = [
    pytest.param(
        {**CONFIDENTIAL, **MACHINE, "AllowedOAuthFlows": ["client_credentials", "code"], "CallbackURLs": [APP]},
        ["AllowedOAuthFlows"],
        id="client_credentials beside code",
    ),
    pytest.param(
        {**BARE, **MACHINE},
        ["AllowedOAuthFlows", "GenerateSecret", "ClientSecret"],
        id="client_credentials without a secret",
    ),
    pytest.param(
        {**CONFIDENTIAL, **MACHINE, "AllowedOAuthScopes": ["api/read", "email"]},
        ["AllowedOAuthFlows", "AllowedOAuthScopes"],
        id="a user's scope with client_credentials",
    ),
    pytest.param(
        {**BARE, **OAUTH, "AllowedOAuthScopes": ["openid"]},
        ["AllowedOAuthFlows", "CallbackURLs"],
        id="code without CallbackURLs",
    ),
    pytest.param(
        {**BARE, **OAUTH, "CallbackURLs": [APP]},
        ["AllowedOAuthFlowsUserPoolClient", "AllowedOAuthFlows", "AllowedOAuthScopes"],
        id="OAuth without scopes",
    ),
    pytest.param(
        {**BARE, "AllowedOAuthFlowsUserPoolClient": "true", "AllowedOAuthScopes": ["openid"]},
        ["AllowedOAuthFlowsUserPoolClient", "AllowedOAuthFlows", "AllowedOAuthScopes"],
        id="OAuth without flows",
    ),
    pytest.param({**BARE, "CallbackURLs": [APP, "http://app.example.com"]}, ["CallbackURLs[1]"], id="http"),
    pytest.param({**BARE, "LogoutURLs": [f"{APP}#out"]}, ["LogoutURLs[0]"], id="fragment"),
    pytest.param(
        {**BARE, "CallbackURLs": [APP], "DefaultRedirectURI": f"{APP}/"},
        ["DefaultRedirectURI", "CallbackURLs"],
        id="default redirect that is no callback",
    ),
    pytest.param(
        {**BARE, "ExplicitAuthFlows": ["USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]},
        ["ExplicitAuthFlows"],
        id="legacy flows beside new ones",
    ),
    pytest.param(
        {**BARE, "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"], "RefreshTokenRotation": {"Feature": "ENABLED"}},
        ["RefreshTokenRotation.Feature", "ExplicitAuthFlows"],
        id="refresh flow beside rotation",
    ),
    pytest.param({**BARE, "AccessTokenValidity": "25"}, ["AccessTokenValidity"], id="a token that lives too long"),
    pytest.param(
        {**BARE, **MINUTES, "IdTokenValidity": "4", "RefreshTokenValidity": "90"},
        ["IdTokenValidity", "TokenValidityUnits.IdToken"],
        id="a token that lives too short",
    ),
    pytest.param(
        {**BARE, **MINUTES, "AccessTokenValidity": "120", "IdTokenValidity": "60", "RefreshTokenValidity": "90"},
        [
            "AccessTokenValidity",
            "TokenValidityUnits.AccessToken",
            "RefreshTokenValidity",
            "TokenValidityUnits.RefreshToken",
        ],
        id="a token that outlives the refresh token",
    ),
    pytest.param(
        {**BARE, "EnablePropagateAdditionalUserContextData": "true"},
        ["EnablePropagateAdditionalUserContextData", "GenerateSecret", "ClientSecret"],
        id="context data without a secret",
    ),
    pytest.param(
        {**BARE, "AnalyticsConfiguration": {"ApplicationArn": ANALYTICS_ARN, "RoleArn": ROLE_ARN}},
        ["AnalyticsConfiguration.ApplicationArn", "AnalyticsConfiguration.RoleArn"],
        id="both forms of analytics",
    ),
    pytest.param(
        {**BARE, "AnalyticsConfiguration": {"ApplicationId": "0123456789abcdef"}},
        ["AnalyticsConfiguration.ApplicationId", "AnalyticsConfiguration.ExternalId"],
        id="half an analytics configuration",
    ),
    pytest.param(
        {**CONFIDENTIAL, "ClientSecret": OWN_SECRET}, ["ClientSecret", "GenerateSecret"], id="two sources of a secret"
    ),
]

# What looks like it, and Cognito takes.
TAKEN: list[Any] = [
    pytest.param({**BARE, **SIGN_IN}, id="code flow"),
    pytest.param({**CONFIDENTIAL, **MACHINE}, id="machine to machine"),
    pytest.param({**BARE, **MACHINE, "ClientSecret": OWN_SECRET}, id="machine to machine with a secret of one's own"),
    pytest.param({**BARE, "CallbackURLs": [DESKTOP, "http://127.0.0.1:1", "http://[::1]/", MOBILE]}, id="loopback"),
    pytest.param({**BARE, "CallbackURLs": [APP]}, id="CallbackURLs without OAuth"),
    pytest.param({**BARE, "AllowedOAuthScopes": ["openid"]}, id="scopes without flows"),
    pytest.param({**BARE, "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}, id="flows without the refresh flow"),
    pytest.param({**BARE, "ExplicitAuthFlows": ["USER_PASSWORD_AUTH"]}, id="legacy flows alone"),
    pytest.param(
        {**BARE, "ExplicitAuthFlows": ["USER_PASSWORD_AUTH"], "RefreshTokenRotation": {"Feature": "ENABLED"}},
        id="rotation with legacy flows",
    ),
    pytest.param({**CONFIDENTIAL, "ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"] * 2}, id="client tokens alone"),
    pytest.param({**BARE, "RefreshTokenRotation": {"Feature": "ENABLED"}}, id="rotation with default flows"),
    pytest.param({**BARE, "AccessTokenValidity": "24", "RefreshTokenValidity": "1"}, id="as long as the refresh token"),
    pytest.param({**BARE, "TokenValidityUnits": {"AccessToken": "hours"}}, id="a unit without a number"),
    pytest.param(
        {**BARE, **MINUTES, "AccessTokenValidity": "5", "IdTokenValidity": "1440"}
        | {"RefreshTokenValidity": "5256000"},
        id="the very limits",
    ),
    pytest.param({**BARE, "CallbackURLs": [f"https://example.com/{'ü' * 1004}"]}, id="characters are no bytes"),
    pytest.param({**BARE, "CallbackURLs": [f"{APP}/{number}" for number in range(100)]}, id="a hundred URLs"),
    pytest.param({**BARE, "CallbackURLs": [APP] * 150}, id="duplicates do not count"),
    pytest.param({**BARE, "ClientName": "A name, with = + @ . - and_tabs\t"}, id="an odd name"),
    pytest.param({**BARE, "RefreshTokenRotation": {"Feature": "DISABLED"}}, id="rotation that is off"),
    pytest.param({**BARE, "AnalyticsConfiguration": {"ApplicationArn": ANALYTICS_ARN}}, id="analytics by ARN"),
]


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        pytest.param(
            {**CONFIDENTIAL, "ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]},
            "ExplicitAuthFlows: ALLOW_CLIENT_TOKEN_AUTH cannot be combined with ALLOW_REFRESH_TOKEN_AUTH. "
            "Keep ALLOW_CLIENT_TOKEN_AUTH as the only flow, and use a separate app client for the others.",
            id="beside another flow",
        ),
        pytest.param(
            {**BARE, "ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"]},
            "ExplicitAuthFlows, GenerateSecret, ClientSecret: ALLOW_CLIENT_TOKEN_AUTH is only for clients with "
            "a secret. Set GenerateSecret to true or give a ClientSecret.",
            id="without a secret",
        ),
    ],
)
def test_the_flow_for_client_tokens_stands_alone_and_needs_a_secret(
    world: World, properties: Json, problem: str
) -> None:
    # Documented, but nobody has seen Cognito's words.
    with pytest.raises(ApiError):
        world.fake.elsewhere("CreateUserPoolClient", {"ClientName": "web", **typed(properties)})

    answer = world.create(properties)

    assert (answer.status, world.calls()) == ("FAILED", [])
    assert problem in answer.reason


@pytest.mark.parametrize(("properties", "paths"), REFUSED)
def test_what_cognito_refuses_is_refused_before_any_call_and_in_its_words(
    world: World, properties: Json, paths: list[str]
) -> None:
    with pytest.raises(ApiError) as cognito:
        world.fake.elsewhere(CREATE, {"ClientName": "web", **typed(properties)})

    answer = world.create(properties)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert world.calls() == []
    assert all(path in answer.reason for path in paths)
    # Only this one is nowhere reported with Cognito's words.
    assert cognito.value.message in answer.reason or paths == ["ClientSecret", "GenerateSecret"]
    assert "What to do: correct the template and deploy again." in answer.reason


@pytest.mark.parametrize("properties", TAKEN)
def test_what_cognito_takes_is_taken(world: World, properties: Json) -> None:
    created = world.create(properties)
    world.calls()
    updated = world.update(created.physical_id, {**properties, "AuthSessionValidity": "5"}, properties)

    assert (created.status, updated.status) == ("SUCCESS", "SUCCESS"), updated.reason or created.reason
    assert world.calls() == [DESCRIBE, UPDATE]


@pytest.mark.parametrize(("properties", "paths"), [case for case in REFUSED if "ClientSecret" not in case.values[1]])
def test_combinations_of_an_update_are_judged_before_any_write(
    world: World, properties: Json, paths: list[str]
) -> None:
    start = {name: properties[name] for name in ("UserPoolId", "GenerateSecret") if name in properties}
    created = world.create(start)
    before = world.settings(created.physical_id)
    world.calls()

    answer = world.update(created.physical_id, properties, start)

    assert (answer.status, answer.physical_id) == ("FAILED", created.physical_id)
    assert world.calls() == [DESCRIBE]
    assert world.settings(created.physical_id) == before
    assert all(path in answer.reason for path in paths)
    assert created.physical_id in answer.reason


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (MACHINE, "client_credentials flow can not be selected if client does not have a client secret."),
        (
            {"EnablePropagateAdditionalUserContextData": "true"},
            "Client Secret is required to set EnablePropagateAdditionalUserContextData as true",
        ),
    ],
    ids=["client_credentials", "context data"],
)
def test_an_update_that_needs_a_secret_which_nobody_knows_of_is_left_to_cognito(
    world: World, settings: Json, words: str
) -> None:
    created = world.create(BARE)
    before = world.settings(created.physical_id)
    world.calls()

    answer = world.update(created.physical_id, {**BARE, **settings}, BARE)

    assert (answer.status, answer.physical_id) == ("FAILED", created.physical_id)
    assert world.calls() == [DESCRIBE, UPDATE]
    assert world.settings(created.physical_id) == before
    assert words in answer.reason


@pytest.mark.parametrize(
    ("exists", "wanted", "paths"),
    [
        pytest.param(
            {"RefreshTokenRotation": {"Feature": "ENABLED"}, "ExplicitAuthFlows": ["ALLOW_USER_AUTH"]},
            {"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"]},
            ["RefreshTokenRotation: not in the template, but so on the client"],
            id="rotation was switched on elsewhere",
        ),
        pytest.param(
            {"CallbackURLs": [APP], "DefaultRedirectURI": APP},
            {"CallbackURLs": [MOBILE]},
            ["DefaultRedirectURI: not in the template, but so on the client"],
            id="the default redirect was set elsewhere",
        ),
        pytest.param(
            {"RefreshTokenValidity": 2, "TokenValidityUnits": {"RefreshToken": "hours"}},
            {"AccessTokenValidity": "3"},
            ["RefreshTokenValidity", "TokenValidityUnits", "not in the template, but so on the client"],
            id="the refresh token was shortened elsewhere",
        ),
    ],
)
def test_a_combination_with_what_was_set_elsewhere_says_so(
    world: World, exists: Json, wanted: Json, paths: list[str]
) -> None:
    client_id = world.existing(**exists)

    answer = world.update(client_id, {**BARE, "ClientName": "web", **wanted}, {**BARE, "ClientName": "web"})

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)
    assert world.calls() == [DESCRIBE]
    assert all(path in answer.reason for path in paths)


def test_a_combination_that_the_same_update_dissolves_is_no_problem(world: World) -> None:
    old = {**BARE, "RefreshTokenRotation": {"Feature": "ENABLED"}, "ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}
    created = world.create(old)

    answer = world.update(created.physical_id, {**BARE, "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"]}, old)

    assert answer.status == "SUCCESS"


MANY_PROBLEMS: Json = {
    "UserPoolId": POOL,
    "callback_urls": [APP],
    "CallbackUrls": [APP],
    "Colour": "red",
    "ClientName": "web!",
    "AccessTokenValidity": "an hour",
    "AuthSessionValidity": "16",
    "PreventUserExistenceErrors": "true",
    "TokenValidityUnits": {"AccessToken": "weeks", "Refresh": "days"},
    "RefreshTokenRotation": {"RetryGracePeriodSeconds": "61"},
    "LogoutURLs": "https://app.example.com",
    "CallbackURLs": [APP, "", "http://app.example.com"],
    "AllowedOAuthScopes": ["open id"],
    "ClientSecret": "short",
    "EnablePropagateAdditionalUserContextData": "true",
    "ExplicitAuthFlows": ["USER_PASSWORD_AUTH", "ALLOW_USER_AUTH"],
}
ITS_PATHS = (
    "callback_urls: there is no such property. The nearest one is CallbackURLs.",
    "CallbackUrls: there is no such property. The nearest one is CallbackURLs.",
    "Colour: there is no such property.",
    'ClientName: "web!" is not allowed.',
    'AccessTokenValidity: "an hour" is not allowed.',
    'AuthSessionValidity: "16" is not allowed. It must be a whole number from 3 to 15.',
    "PreventUserExistenceErrors:",
    "TokenValidityUnits.AccessToken:",
    "TokenValidityUnits.Refresh: there is no such property. The nearest one is TokenValidityUnits.RefreshToken.",
    "RefreshTokenRotation.Feature: it is missing.",
    "RefreshTokenRotation.RetryGracePeriodSeconds:",
    "LogoutURLs:",
    "CallbackURLs[1]:",
    "AllowedOAuthScopes[0]:",
    "ClientSecret: the value (not shown) is not allowed.",
    "Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.",
)


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_all_problems_are_told_at_once_before_any_call(world: World, kind: str) -> None:
    client_id = world.existing()
    answer = world.create(MANY_PROBLEMS) if kind == "Create" else world.update(client_id, MANY_PROBLEMS, BARE)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER if kind == "Create" else client_id)
    assert world.calls() == []
    assert [path for path in ITS_PATHS if path not in answer.reason] == []


def test_a_combination_is_not_judged_with_a_property_that_could_not_be_read(world: World) -> None:
    answer = world.create({**BARE, "AllowedOAuthFlows": ["code"], "CallbackURLs": "https://x"})

    assert answer.status == "FAILED"
    assert "1 problem" in answer.reason
    assert "CallbackURLs: " in answer.reason


def test_more_problems_than_an_answer_holds_are_cut_and_the_log_has_them_all(world: World) -> None:
    properties = {**BARE, "CallbackURLs": [f"http://host-{number}.example.com/{'x' * 80}" for number in range(100)]}

    answer = world.create(properties)

    assert answer.reason.startswith("Could not create the app client")
    assert "100 problems" in answer.reason
    assert answer.reason.endswith("(cut; the function's log has more)")
    (line,) = [line for line in world.log() if line["message"] == "Failed"]
    assert "CallbackURLs[99]" in line["reason"]


def test_60_000_bad_items_fill_no_log(world: World) -> None:
    answer = world.create({**BARE, "CallbackURLs": [number % 2 == 0 or [] for number in range(60_000)]})

    assert "30000 problems" in answer.reason
    (line,) = [line for line in world.log() if line["message"] == "Failed"]
    assert len(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()) <= MOST_LINE_BYTES


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        pytest.param({}, "UserPoolId: it is missing.", id="no pool"),
        pytest.param(None, "ResourceProperties: null was received.", id="null"),
        pytest.param([], "ResourceProperties: a list was received.", id="list"),
        pytest.param("text", 'ResourceProperties: "text" was received.', id="text"),
        pytest.param({"UserPoolId": ""}, "UserPoolId:", id="empty pool"),
        pytest.param({"UserPoolId": "my pool"}, "a user pool id like", id="no pool id"),
        pytest.param({**BARE, "ClientName": ""}, "ClientName:", id="empty name"),
        pytest.param({**BARE, "DefaultRedirectURI": ""}, "DefaultRedirectURI:", id="empty URL"),
        pytest.param({**BARE, "CallbackURLs": ""}, "CallbackURLs:", id="a string is no list"),
        pytest.param({**BARE, "CallbackURLs": [[APP]]}, "CallbackURLs[0]:", id="a list in a list"),
        pytest.param({**BARE, "GenerateSecret": "yes"}, "true or false", id="yes is no boolean"),
        pytest.param({**BARE, "RefreshTokenValidity": "1.5"}, "RefreshTokenValidity:", id="no whole number"),
        pytest.param(
            {**BARE, "ClientSecret": "{{resolve:secretsmanager:shop/client:SecretString}}"},
            "it holds a dynamic reference, which CloudFormation does not resolve in custom resources",
            id="dynamic reference",
        ),
        pytest.param(
            {**BARE, "CallbackURLs": [APP, "https://{{resolve:ssm-secure:host}}/"]},
            "CallbackURLs[1]: it holds a dynamic reference, which CloudFormation does not resolve in custom resources. "
            "Give the value itself, a parameter, or",
            id="dynamic reference in a list",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_name(world: World, properties: object, told: str) -> None:
    answer = world.create(properties)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert told in answer.reason
    assert "What to do:" in answer.reason
    assert world.calls() == []


def test_a_unit_that_is_wrong_hides_no_problem_of_the_other_tokens_and_makes_none_up(world: World) -> None:
    units = {"AccessToken": "weeks", "IdToken": "minutes"}
    answer = world.create({**BARE, "AccessTokenValidity": 900, "IdTokenValidity": 3, "TokenValidityUnits": units})

    assert "2 problems" in answer.reason
    assert 'TokenValidityUnits.AccessToken: "weeks" is not allowed.' in answer.reason
    assert "IdTokenValidity, TokenValidityUnits.IdToken: 3 minutes is out of range." in answer.reason


def test_the_same_problem_has_the_same_text(world: World) -> None:
    assert world.create(MANY_PROBLEMS).reason == world.create(MANY_PROBLEMS).reason


def test_numbers_and_booleans_as_names_are_the_strings_that_cloudformation_makes_of_them(world: World) -> None:
    answers = [world.create({**BARE, "ClientName": name}) for name in (7, True)]

    assert [answer.data["Name"] for answer in answers] == ["7", "true"]


def test_a_mistyped_resource_type_makes_no_client_and_names_the_right_ones(world: World) -> None:
    answer = world.create(BARE, ResourceType="Custom::UserPoolClientsList")

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert "there is no type Custom::UserPoolClientsList" in answer.reason
    assert "Custom::UserPoolClientList" in answer.reason
    assert world.calls() == []


@pytest.mark.parametrize("resource_type", ["AWS::CloudFormation::CustomResource", "Custom::WebClient"])
def test_a_resource_type_of_the_users_own_makes_a_client(world: World, resource_type: str) -> None:
    answer = world.create(BARE, ResourceType=resource_type)

    assert world.client_ids() == [answer.physical_id]
