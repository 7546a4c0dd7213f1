"""The fakes behave as the services were seen to behave; without that, no test on top of them means anything."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore import exceptions
from botocore.config import Config
from botocore.model import ListShape, StructureShape

from tests.fakes.cognito import ApiError, BrokenConnectionError, FakeCognito
from tests.fakes.cognito_limits import AUTH_FLOWS, URL, Group, Many, Scalar, Shape, operations, settings
from tests.fakes.cognito_wire import installed
from tests.fakes.response_host import US_EAST_1, ResponseHost, response_host
from tests.fakes.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import Shape as ModelShape
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

type Json = dict[str, Any]

POOL = "us-east-1_Abc123xyz"
WEB = {"UserPoolId": POOL, "ClientName": "web"}
A, B, C = "https://a.example.com", "https://b.example.com", "myapp://callback"
OWN_SECRET = "canary0of0our0own0choosing"
APP_ARN = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/0123456789abcdef"
ROLE_ARN = "arn:aws:iam::123456789012:role/pinpoint"
M2M = {"AllowedOAuthFlowsUserPoolClient": True, "AllowedOAuthFlows": ["client_credentials"]}


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.123

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(clock: Clock) -> Iterator[FakeCognito]:
    fake = FakeCognito(clock=clock)
    fake.add_pool(
        POOL,
        resource_server_scopes=["api/read"],
        identity_providers=["MySAML"],
        custom_attributes=["custom:tenant"],
    )
    yield fake
    assert not fake.planned_faults


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def made(fake: FakeCognito, **params: Any) -> Json:
    client: Json = fake.call("CreateUserPoolClient", WEB | params)["UserPoolClient"]
    return client


def updated(fake: FakeCognito, client: Json, **params: Any) -> Json:
    answer = fake.call("UpdateUserPoolClient", {"UserPoolId": POOL, "ClientId": client["ClientId"]} | params)
    changed: Json = answer["UserPoolClient"]
    return changed


def described(fake: FakeCognito, client: Json) -> Json:
    return fake.described(POOL, client["ClientId"])


def of(client: Json, **more: Any) -> Json:
    return {"UserPoolId": POOL, "ClientId": client["ClientId"]} | more


# What a client looks like


def test_a_bare_client_shows_its_few_defaults_and_nothing_else(fake: FakeCognito, clock: Clock) -> None:
    client = made(fake)

    assert client == {
        "UserPoolId": POOL,
        "ClientName": "web",
        "ClientId": client["ClientId"],
        "ClientType": "REGULAR",
        "CreationDate": clock.now,
        "LastModifiedDate": clock.now,
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {},
        "AllowedOAuthFlowsUserPoolClient": False,
        "EnableTokenRevocation": True,
        "EnablePropagateAdditionalUserContextData": False,
        "AuthSessionValidity": 3,
    }
    assert described(fake, client) == client


def test_ids_and_secrets_look_real_and_are_the_same_for_the_same_seed() -> None:
    first, second, other = (FakeCognito(seed=seed) for seed in (7, 7, 8))
    for fake in (first, second, other):
        fake.add_pool(POOL)
    one, same, different = (made(fake, GenerateSecret=True) for fake in (first, second, other))

    assert re.fullmatch(r"[0-9a-v]{26}", one["ClientId"])
    assert re.fullmatch(r"[0-9a-v]{51,52}", one["ClientSecret"])
    assert (one["ClientId"], one["ClientSecret"]) == (same["ClientId"], same["ClientSecret"])
    assert one["ClientId"] != different["ClientId"]
    assert made(first)["ClientId"] != one["ClientId"]


def test_generate_secret_is_not_shown_and_the_secret_is_in_every_answer(fake: FakeCognito) -> None:
    client = made(fake, GenerateSecret=True)

    assert "GenerateSecret" not in client
    assert client["ClientSecret"] == described(fake, client)["ClientSecret"] == updated(fake, client)["ClientSecret"]
    assert fake.secrets_ever == [client["ClientSecret"]]


def test_a_secret_of_ones_own_is_taken(fake: FakeCognito) -> None:
    assert made(fake, ClientSecret=OWN_SECRET, GenerateSecret=False)["ClientSecret"] == OWN_SECRET


def test_lists_are_sets_in_an_order_of_cognitos_own(fake: FakeCognito) -> None:
    given = [A, B, C, A]
    client = made(fake, CallbackURLs=given)

    assert sorted(client["CallbackURLs"]) == sorted({A, B, C})
    assert client["CallbackURLs"] != [A, B, C]
    assert updated(fake, client, CallbackURLs=client["CallbackURLs"])["CallbackURLs"] != client["CallbackURLs"]


def test_an_empty_list_is_shown_as_none(fake: FakeCognito) -> None:
    names = [name for name, shape in settings(AUTH_FLOWS).items() if isinstance(shape, Many)]
    client = made(fake, **{name: [] for name in names})

    assert len(names) == 8
    assert not client.keys() & set(names)


def test_a_refresh_token_validity_of_zero_is_the_default(fake: FakeCognito) -> None:
    assert made(fake, RefreshTokenValidity=0)["RefreshTokenValidity"] == 30


def test_units_may_be_given_without_numbers(fake: FakeCognito) -> None:
    units = {"AccessToken": "days", "RefreshToken": "hours"}
    client = made(fake, TokenValidityUnits=units)

    assert client["TokenValidityUnits"] == units
    assert "AccessTokenValidity" not in client


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"Feature": "ENABLED"}, {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}),
        ({"Feature": "ENABLED", "RetryGracePeriodSeconds": 9}, {"Feature": "ENABLED", "RetryGracePeriodSeconds": 9}),
        ({"Feature": "DISABLED", "RetryGracePeriodSeconds": 9}, {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0}),
    ],
)
def test_rotation_is_shown_with_its_grace_period(fake: FakeCognito, given: Json, shown: Json) -> None:
    assert made(fake, RefreshTokenRotation=given)["RefreshTokenRotation"] == shown


def test_analytics_by_arn_come_with_a_role_that_cannot_be_sent_back(fake: FakeCognito) -> None:
    client = made(fake, AnalyticsConfiguration={"ApplicationArn": APP_ARN})

    assert client["AnalyticsConfiguration"]["UserDataShared"] is False
    assert client["AnalyticsConfiguration"]["RoleArn"].startswith("arn:aws:iam::123456789012:role/aws-service-role/")
    with pytest.raises(ApiError, match="Invalid analytics configuration given"):
        updated(fake, client, AnalyticsConfiguration=client["AnalyticsConfiguration"])


@pytest.mark.parametrize(
    "accepted",
    [
        pytest.param({"CallbackURLs": [C, "com.example.app:/oauth"]}, id="custom-schemes"),
        pytest.param(
            {"CallbackURLs": ["http://localhost", "http://127.0.0.1:8080/cb", "http://[::1]:3000?x=1"]},
            id="plain-http-on-loopback-at-any-port",
        ),
        pytest.param(
            {"CallbackURLs": [A], "DefaultRedirectURI": A, "LogoutURLs": [B]},
            id="urls-without-AllowedOAuthFlowsUserPoolClient",
        ),
        pytest.param({"CallbackURLs": ["https://a.example.com/" + "é" * 1002]}, id="1024-characters-in-more-bytes"),
        pytest.param({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}, id="no-ALLOW_REFRESH_TOKEN_AUTH"),
        pytest.param(
            {"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH"], "RefreshTokenRotation": {"Feature": "ENABLED"}},
            id="rotation-with-legacy-flows-only",
        ),
        pytest.param({"SupportedIdentityProviders": ["COGNITO", "MySAML"]}, id="providers-of-the-pool"),
        pytest.param({"ReadAttributes": ["sub", "custom:tenant"], "WriteAttributes": ["email"]}, id="attributes"),
        pytest.param({"RefreshTokenValidity": 3650}, id="ten-years"),
        pytest.param(
            {"AccessTokenValidity": 5, "TokenValidityUnits": {"AccessToken": "minutes"}}, id="the-shortest-access-token"
        ),
        pytest.param(M2M | {"GenerateSecret": True, "AllowedOAuthScopes": ["api/read"]}, id="machine-to-machine"),
        pytest.param({"EnablePropagateAdditionalUserContextData": True, "GenerateSecret": True}, id="context-data"),
        pytest.param(
            {"AnalyticsConfiguration": {"ApplicationId": "0af", "RoleArn": ROLE_ARN, "ExternalId": "x"}},
            id="analytics-by-id",
        ),
    ],
)
def test_what_cognito_accepts_is_accepted(fake: FakeCognito, accepted: Json) -> None:
    assert made(fake, **accepted)["ClientId"]


# Update


def test_an_update_replaces_what_it_leaves_out_by_the_default(fake: FakeCognito, clock: Clock) -> None:
    client = made(
        fake,
        CallbackURLs=[A],
        DefaultRedirectURI=A,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid"],
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"],
        SupportedIdentityProviders=["COGNITO"],
        ReadAttributes=["email"],
        AccessTokenValidity=2,
        PreventUserExistenceErrors="ENABLED",
        AnalyticsConfiguration={"ApplicationArn": APP_ARN},
    )
    bare = {key: value for key, value in made(fake).items() if key != "ClientId"}
    clock.now += 60

    changed = updated(fake, client)

    assert changed == bare | {"ClientId": client["ClientId"], "LastModifiedDate": clock.now}


@pytest.mark.parametrize(
    "sticky",
    [
        {"TokenValidityUnits": {"RefreshToken": "hours"}},
        {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}},
        {"EnableTokenRevocation": False},
        {"AuthSessionValidity": 15},
        {"RefreshTokenValidity": 90},
        {"ClientName": "renamed"},
    ],
)
def test_an_update_forgets_to_reset_some_members(fake: FakeCognito, sticky: Json) -> None:
    client = made(fake, **sticky)

    assert updated(fake, client).items() >= sticky.items()


def test_stale_minutes_with_default_numbers_are_out_of_range(fake: FakeCognito) -> None:
    client = made(fake, AccessTokenValidity=60, TokenValidityUnits={"AccessToken": "minutes"})

    with pytest.raises(ApiError, match="Invalid range for token validity"):
        updated(fake, client)
    assert described(fake, client) == client


@pytest.mark.parametrize(("each_unit_sticks", "left"), [(False, {}), (True, {"IdToken": "days"})])
def test_units_left_out_beside_others_go_or_stay_as_the_test_wants(each_unit_sticks: bool, left: Json) -> None:
    fake = FakeCognito(each_unit_sticks=each_unit_sticks)
    fake.add_pool(POOL)
    client = made(fake, TokenValidityUnits={"IdToken": "days"})

    changed = updated(fake, client, TokenValidityUnits={"AccessToken": "days"})

    assert changed["TokenValidityUnits"] == {"AccessToken": "days"} | left


def test_rotation_that_stuck_still_forbids_refresh_tokens_by_the_flow(fake: FakeCognito) -> None:
    client = made(fake, RefreshTokenRotation={"Feature": "ENABLED"})
    refresh = ["ALLOW_REFRESH_TOKEN_AUTH"]

    with pytest.raises(ApiError, match="not a permitted ExplicitAuthFlow"):
        updated(fake, client, ExplicitAuthFlows=refresh)
    assert updated(fake, client, ExplicitAuthFlows=refresh, RefreshTokenRotation={"Feature": "DISABLED"})


def test_a_refused_update_changes_nothing(fake: FakeCognito) -> None:
    client = made(fake, CallbackURLs=[A])

    with pytest.raises(ApiError, match="cannot use the HTTP protocol"):
        updated(fake, client, CallbackURLs=[A, "http://example.com"])
    assert described(fake, client) == client


# Refusals


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        pytest.param(
            {"AllowedOAuthFlows": ["client_credentials", "code"], "GenerateSecret": True},
            "InvalidOAuthFlowException",
            "client_credentials flow can not be selected along with code flow or implicit flow.",
            id="client-credentials-with-code",
        ),
        pytest.param(
            {"AllowedOAuthFlows": ["client_credentials"]},
            "InvalidOAuthFlowException",
            "client_credentials flow can not be selected if client does not have a client secret.",
            id="client-credentials-without-secret",
        ),
        pytest.param(
            M2M | {"AllowedOAuthScopes": ["openid"], "ClientSecret": OWN_SECRET},
            "InvalidOAuthFlowException",
            "openid is not supported with client_credentials flow",
            id="client-credentials-with-openid",
        ),
        pytest.param(
            {"AllowedOAuthFlows": ["implicit"]},
            "InvalidOAuthFlowException",
            "CallbackUrls can not be empty when code flow or implicit flow is selected",
            id="no-callback",
        ),
        pytest.param(
            {"AllowedOAuthFlowsUserPoolClient": True},
            "InvalidParameterException",
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
            id="no-flows",
        ),
        pytest.param(
            {"AllowedOAuthFlowsUserPoolClient": True, "AllowedOAuthFlows": ["code"], "CallbackURLs": [A]},
            "InvalidParameterException",
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
            id="no-scopes",
        ),
        pytest.param(
            {"AllowedOAuthScopes": ["openid", "api/write"]},
            "ScopeDoesNotExistException",
            "Invalid scope requested: api/write",
            id="unknown-scope",
        ),
        pytest.param(
            {"LogoutURLs": ["http://localhost.example.com"]},
            "InvalidParameterException",
            "http://localhost.example.com cannot use the HTTP protocol.",
            id="http",
        ),
        pytest.param(
            {"CallbackURLs": [f"{A}#top"]},
            "InvalidParameterException",
            f"{A}#top cannot use fragment",
            id="fragment",
        ),
        pytest.param(
            {"CallbackURLs": ["/callback"]},
            "InvalidParameterException",
            "/callback must contain a scheme",
            id="relative-url",
        ),
        pytest.param(
            {"CallbackURLs": [A], "DefaultRedirectURI": B},
            "InvalidParameterException",
            f"The default redirect URI {B} is not in the callback URIs list.",
            id="default-redirect",
        ),
        pytest.param(
            {"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH", "ALLOW_USER_SRP_AUTH"]},
            "InvalidParameterException",
            "Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.",
            id="two-generations-of-flows",
        ),
        pytest.param(
            {"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"], "RefreshTokenRotation": {"Feature": "ENABLED"}},
            "InvalidParameterException",
            "ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow when refresh token rotation is enabled.",
            id="refresh-with-rotation",
        ),
        pytest.param(
            {"AccessTokenValidity": 25}, "InvalidParameterException", "Invalid range for token validity.", id="25-hours"
        ),
        pytest.param(
            {"RefreshTokenValidity": 3651},
            "InvalidParameterException",
            "Invalid range for token validity.",
            id="more-than-ten-years",
        ),
        pytest.param(
            {"TokenValidityUnits": {"IdToken": "minutes"}},
            "InvalidParameterException",
            "Invalid range for token validity.",
            id="one-minute-by-default",
        ),
        pytest.param(
            {"IdTokenValidity": 2, "RefreshTokenValidity": 1, "TokenValidityUnits": {"RefreshToken": "hours"}},
            "InvalidParameterException",
            "Access and Id Token expiration times must be less than or equal to refresh token expiration times.",
            id="outlives-the-refresh-token",
        ),
        pytest.param(
            {"SupportedIdentityProviders": ["COGNITO", "Google"]},
            "InvalidParameterException",
            f"The provider Google does not exist for User Pool {POOL}",
            id="identity-provider",
        ),
        pytest.param(
            {"ReadAttributes": ["custom:unknown"]},
            "InvalidParameterException",
            "Invalid read attributes specified while creating a client",
            id="read-attribute",
        ),
        pytest.param(
            {"WriteAttributes": ["email_verified"]},
            "InvalidParameterException",
            "Invalid write attributes specified while creating a client",
            id="write-attribute",
        ),
        pytest.param(
            {"EnablePropagateAdditionalUserContextData": True},
            "InvalidParameterException",
            "Client Secret is required to set EnablePropagateAdditionalUserContextData as true",
            id="context-data",
        ),
        pytest.param(
            {"AnalyticsConfiguration": {"ApplicationId": "0af", "ExternalId": "x"}},
            "InvalidParameterException",
            "Invalid analytics configuration given, either <application arn> or "
            "<application id, role arn, external id> are valid",
            id="half-analytics",
        ),
        pytest.param(
            {"GenerateSecret": True, "ClientSecret": OWN_SECRET},
            "InvalidParameterException",
            "You cannot specify both GenerateSecret as true and provide a ClientSecret value.",
            id="two-wishes-for-a-secret",
        ),
    ],
)
def test_what_cognito_refuses_is_refused_in_its_words(fake: FakeCognito, params: Json, code: str, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        made(fake, **params)

    assert (refused.value.code, refused.value.message, refused.value.status) == (code, message, 400)
    assert fake.client_ids(POOL) == []


def test_an_update_has_its_own_word_for_wrong_attributes(fake: FakeCognito) -> None:
    client = made(fake)

    with pytest.raises(ApiError, match="Invalid write attributes specified while updating a client"):
        updated(fake, client, WriteAttributes=["custom:unknown"])


@pytest.mark.parametrize(
    ("params", "quoted", "member", "constraint"),
    [
        (
            {"ClientName": "a/b"},
            "a/b",
            "clientName",
            r"Member must satisfy regular expression pattern: [\w\s+=,.@-]+",
        ),
        (
            {"ClientName": "ü"},
            "ü",
            "clientName",
            r"Member must satisfy regular expression pattern: [\w\s+=,.@-]+",
        ),
        (
            {"ClientSecret": "canary"},
            "canary",
            "clientSecret",
            "Member must have length greater than or equal to 24",
        ),
        (
            {"AuthSessionValidity": 16},
            "16",
            "authSessionValidity",
            "Member must have value less than or equal to 15",
        ),
        (
            {"RefreshTokenRotation": {"Feature": "ON"}},
            "ON",
            "refreshTokenRotation.feature",
            "Member must satisfy enum value set: [ENABLED, DISABLED]",
        ),
        (
            {"AllowedOAuthScopes": ["openid"] * 51},
            f"[{', '.join(['openid'] * 51)}]",
            "allowedOAuthScopes",
            "Member must have length less than or equal to 50",
        ),
        (
            {"LogoutURLs": [A, ""]},
            f"[{A}, ]",
            "logoutURLs",
            f"Member must satisfy constraint: [{', '.join(rule.wording for rule in URL.rules)}]",
        ),
    ],
)
def test_limits_are_refused_with_the_value_quoted(
    fake: FakeCognito, params: Json, quoted: str, member: str, constraint: str
) -> None:
    with pytest.raises(ApiError) as refused:
        made(fake, **params)

    sentence = f"Value '{quoted}' at '{member}' failed to satisfy constraint: {constraint}"
    assert refused.value.message == f"1 validation error detected: {sentence}"


def test_a_missing_member_is_refused_by_its_name(fake: FakeCognito) -> None:
    with pytest.raises(ApiError, match=r"Value null at 'refreshTokenRotation\.feature' .* Member must not be null"):
        made(fake, RefreshTokenRotation={})


def test_several_violations_of_limits_are_counted_in_one_message(fake: FakeCognito) -> None:
    with pytest.raises(ApiError, match=r"2 validation errors detected: .* at 'clientName' .*; .* at 'clientName' "):
        made(fake, ClientName="")


def test_an_auth_flow_that_cognito_does_not_know_is_an_enum_failure(fake: FakeCognito) -> None:
    with pytest.raises(ApiError, match=r"Value '\[ALLOW_TELEPATHY\]' at 'explicitAuthFlows'.*enum value set"):
        made(fake, ExplicitAuthFlows=["ALLOW_TELEPATHY"])

    newer = FakeCognito(auth_flows=[*AUTH_FLOWS, "ALLOW_TELEPATHY"])
    newer.add_pool(POOL)
    assert made(newer, ExplicitAuthFlows=["ALLOW_TELEPATHY"])["ExplicitAuthFlows"] == ["ALLOW_TELEPATHY"]


def test_json_of_another_type_is_refused(fake: FakeCognito) -> None:
    with pytest.raises(ApiError, match="SerializationException: STRING_VALUE can not be converted to bool"):
        made(fake, EnableTokenRevocation="true")


def test_limits_are_judged_before_the_pool_is_looked_for(fake: FakeCognito) -> None:
    with pytest.raises(ApiError, match="Value 'create-failed:no-app-client' at 'clientId' failed"):
        fake.call("DeleteUserPoolClient", {"UserPoolId": "us-east-1_gone", "ClientId": "create-failed:no-app-client"})


def model_of(operation: str) -> StructureShape:
    shape = botocore.session.get_session().get_service_model("cognito-idp").operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    return shape


@pytest.mark.parametrize("operation", operations(AUTH_FLOWS))
def test_the_operations_and_their_members_are_those_of_the_service_model(operation: str) -> None:
    ours, model = operations(AUTH_FLOWS)[operation], model_of(operation)

    assert set(ours.members) == set(model.members)
    assert set(ours.required) == set(model.required_members)


def wordings(shape: Shape) -> Iterator[str]:
    match shape:
        case Group():
            for member in shape.members.values():
                yield from wordings(member)
        case Many():
            yield from wordings(shape.item)
            yield from (rule.wording for rule in shape.rules)
        case Scalar():
            yield from (rule.wording for rule in shape.rules)


def limits_of(shape: ModelShape) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for member in shape.members.values():
            yield from limits_of(member)
        return
    if isinstance(shape, ListShape):
        yield from limits_of(shape.member)
    kind = "value" if shape.type_name == "integer" else "length"
    for bound, words in {"max": "less than or equal to", "min": "greater than or equal to"}.items():
        if bound in shape.metadata:
            yield f"Member must have {kind} {words} {shape.metadata[bound]}"
    if "pattern" in shape.metadata:
        yield f"Member must satisfy regular expression pattern: {shape.metadata['pattern']}"
    if enum := getattr(shape, "enum", ()):
        yield f"Member must satisfy enum value set: [{', '.join(enum)}"


@pytest.mark.parametrize(
    "operation", ["CreateUserPoolClient", "UpdateUserPoolClient", "SetUserPoolClientSessionConfiguration"]
)
def test_every_limit_of_the_service_model_is_enforced(operation: str) -> None:
    for name, model in model_of(operation).members.items():
        ours = "\n".join(wordings(operations(AUTH_FLOWS)[operation].members[name]))
        assert [limit for limit in limits_of(model) if limit not in ours] == [], name


# Finding, listing, deleting


@pytest.mark.parametrize(
    ("operation", "params", "message"),
    [
        ("CreateUserPoolClient", {"UserPoolId": "us-east-1_gone", "ClientName": "web"}, "User pool us-east-1_gone "),
        ("DescribeUserPoolClient", {"UserPoolId": POOL, "ClientId": "gone"}, "User pool client gone "),
        ("UpdateUserPoolClient", {"UserPoolId": POOL, "ClientId": "gone"}, "User pool client gone "),
        ("DeleteUserPoolClient", {"UserPoolId": POOL, "ClientId": "gone"}, "User pool client gone "),
        ("ListUserPoolClientSecrets", {"UserPoolId": POOL, "ClientId": "gone"}, "User pool client gone "),
        ("GetUserPoolClientSessionConfiguration", {"UserPoolId": POOL, "ClientId": "gone"}, "User pool client gone "),
    ],
)
def test_what_is_gone_does_not_exist(fake: FakeCognito, operation: str, params: Json, message: str) -> None:
    with pytest.raises(ApiError, match=f"ResourceNotFoundException: {message}does not exist."):
        fake.call(operation, params)


def test_a_deleted_client_is_gone(fake: FakeCognito) -> None:
    client = made(fake)

    assert fake.call("DeleteUserPoolClient", of(client)) == {}
    assert fake.client_ids(POOL) == []


def test_names_need_not_be_unique(fake: FakeCognito) -> None:
    assert made(fake)["ClientId"] != made(fake)["ClientId"]


def test_a_full_pool_takes_no_more_clients() -> None:
    fake = FakeCognito()
    fake.add_pool(POOL, client_limit=1)
    made(fake)

    with pytest.raises(ApiError, match="LimitExceededException"):
        made(fake)


def test_clients_are_listed_in_pages_of_sixty_with_id_name_and_pool_only(fake: FakeCognito) -> None:
    ids = {made(fake, GenerateSecret=True)["ClientId"] for _ in range(61)}
    first = fake.call("ListUserPoolClients", {"UserPoolId": POOL})
    second = fake.call("ListUserPoolClients", {"UserPoolId": POOL, "NextToken": first["NextToken"]})
    shown = first["UserPoolClients"] + second["UserPoolClients"]

    assert len(first["UserPoolClients"]) == 60
    assert {client["ClientId"] for client in shown} == ids
    assert all(client.keys() == {"ClientId", "ClientName", "UserPoolId"} for client in shown)
    assert "NextToken" not in second


@pytest.mark.parametrize(("count", "pages"), [(0, [0]), (1, [1]), (61, [60, 1]), (1000, [60] * 16 + [40])])
def test_a_pool_is_populated_and_listed_in_another_order_than_that_of_names(
    fake: FakeCognito, count: int, pages: list[int]
) -> None:
    made = fake.populate(POOL, count)
    listed: list[list[Json]] = []
    token: Json = {}
    while not listed or token:
        page = fake.call("ListUserPoolClients", {"UserPoolId": POOL} | token)
        listed.append(page["UserPoolClients"])
        token = {key: value for key, value in page.items() if key == "NextToken"}
    names = {client["ClientId"]: client["ClientName"] for page in listed for client in page}

    assert [len(page) for page in listed] == pages
    assert [names[client_id] for client_id in made] == [f"client-{number:04d}" for number in range(count)]
    assert count < 2 or list(names.values()) not in (sorted(names.values()), sorted(names.values(), reverse=True))


def test_a_pool_is_populated_unseen_with_names_and_settings_as_wanted(fake: FakeCognito) -> None:
    fake.fail("*", "dns")
    made = fake.populate(POOL, 2, name="app-{}", GenerateSecret=True)

    assert [fake.described(POOL, client_id)["ClientName"] for client_id in made] == ["app-0", "app-1"]
    assert len(fake.secrets_ever) == 2
    assert fake.calls == []
    fake.planned_faults.clear()


def test_a_page_holds_at_most_sixty(fake: FakeCognito) -> None:
    with pytest.raises(ApiError, match="Value '61' at 'maxResults'"):
        fake.call("ListUserPoolClients", {"UserPoolId": POOL, "MaxResults": 61})


def test_an_invented_page_is_refused(fake: FakeCognito) -> None:
    with pytest.raises(ApiError, match="InvalidParameterException"):
        fake.call("ListUserPoolClients", {"UserPoolId": POOL, "NextToken": "invented"})


# Secrets


def test_a_second_secret_is_shown_once_and_describe_does_not_follow(fake: FakeCognito) -> None:
    client = made(fake, GenerateSecret=True)
    added = fake.call("AddUserPoolClientSecret", of(client))["ClientSecretDescriptor"]
    listed = fake.call("ListUserPoolClientSecrets", of(client))["ClientSecrets"]

    assert re.fullmatch(rf"{client['ClientId']}--\d+", added["ClientSecretId"])
    assert added["ClientSecretValue"] != client["ClientSecret"]
    assert described(fake, client)["ClientSecret"] == client["ClientSecret"]
    assert len({secret["ClientSecretId"] for secret in listed}) == 2
    assert all(secret.keys() == {"ClientSecretId", "ClientSecretCreateDate"} for secret in listed)


def test_a_second_secret_of_ones_own_is_not_shown_at_all(fake: FakeCognito) -> None:
    client = made(fake, GenerateSecret=True)

    answer = fake.call("AddUserPoolClientSecret", of(client, ClientSecret=OWN_SECRET))

    assert "ClientSecretValue" not in answer["ClientSecretDescriptor"]
    assert fake.secrets_ever == [client["ClientSecret"], OWN_SECRET]


def test_there_are_two_secrets_at_most(fake: FakeCognito) -> None:
    client = made(fake, GenerateSecret=True)
    fake.call("AddUserPoolClientSecret", of(client))

    with pytest.raises(ApiError, match="LimitExceededException"):
        fake.call("AddUserPoolClientSecret", of(client))


def test_only_a_confidential_client_can_have_a_second_secret(fake: FakeCognito) -> None:
    with pytest.raises(ApiError, match="InvalidParameterException"):
        fake.call("AddUserPoolClientSecret", of(made(fake)))


def test_without_the_original_secret_describe_shows_none_and_the_client_is_confidential_still(
    fake: FakeCognito,
) -> None:
    client = made(fake, GenerateSecret=True)
    [original] = fake.call("ListUserPoolClientSecrets", of(client))["ClientSecrets"]
    fake.call("AddUserPoolClientSecret", of(client))

    fake.call("DeleteUserPoolClientSecret", of(client, ClientSecretId=original["ClientSecretId"]))

    assert "ClientSecret" not in described(fake, client)
    assert "ClientSecret" not in updated(fake, client, EnablePropagateAdditionalUserContextData=True)
    assert len(fake.call("ListUserPoolClientSecrets", of(client))["ClientSecrets"]) == 1


def test_the_last_secret_cannot_be_deleted_and_an_unknown_one_is_not_found(fake: FakeCognito) -> None:
    client = made(fake, GenerateSecret=True)
    [secret] = fake.call("ListUserPoolClientSecrets", of(client))["ClientSecrets"]

    with pytest.raises(ApiError, match="InvalidParameterException"):
        fake.call("DeleteUserPoolClientSecret", of(client, ClientSecretId=secret["ClientSecretId"]))
    with pytest.raises(ApiError, match="ResourceNotFoundException"):
        fake.call("DeleteUserPoolClientSecret", of(client, ClientSecretId="another"))


# The SSO session


def session(fake: FakeCognito, client: Json) -> Json:
    kept: Json = fake.call("GetUserPoolClientSessionConfiguration", of(client))["SSOSession"]
    return kept


def test_a_session_lasts_sixty_minutes_until_it_is_set(fake: FakeCognito) -> None:
    client, other = made(fake), made(fake)
    default = fake.call("GetUserPoolClientSessionConfiguration", of(client))
    wanted = of(client, SSOSession={"MaxValidityMinutes": 0})
    answer = fake.call("SetUserPoolClientSessionConfiguration", wanted)

    assert default == of(client, SSOSession={"MaxValidityMinutes": 60})
    assert answer == wanted
    assert session(fake, client) == {"MaxValidityMinutes": 0}
    assert session(fake, other) == {"MaxValidityMinutes": 60}


def test_a_session_is_not_a_setting(fake: FakeCognito) -> None:
    client = made(fake)
    fake.call("SetUserPoolClientSessionConfiguration", of(client, SSOSession={"MaxValidityMinutes": 5}))

    updated(fake, client, SSOSession={"MaxValidityMinutes": 9})

    assert session(fake, client) == {"MaxValidityMinutes": 5}
    assert "SSOSession" not in described(fake, client)


def test_a_deleted_client_loses_its_session(fake: FakeCognito) -> None:
    client = made(fake)
    fake.call("SetUserPoolClientSessionConfiguration", of(client, SSOSession={"MaxValidityMinutes": 5}))
    fake.call("DeleteUserPoolClient", of(client))

    with pytest.raises(ApiError, match="ResourceNotFoundException"):
        session(fake, client)
    assert session(fake, made(fake)) == {"MaxValidityMinutes": 60}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Value null at 'sSOSession' failed to satisfy constraint: Member must not be null"),
        ({"SSOSession": {}}, "Value null at 'sSOSession.maxValidityMinutes' failed to satisfy constraint"),
        ({"SSOSession": {"MaxValidityMinutes": -1}}, "Member must have value greater than or equal to 0"),
        ({"SSOSession": {"MaxValidityMinutes": 129601}}, "Member must have value less than or equal to 129600"),
    ],
)
def test_a_session_has_limits(fake: FakeCognito, given: Json, message: str) -> None:
    with pytest.raises(ApiError, match="InvalidParameterException") as refused:
        fake.call("SetUserPoolClientSessionConfiguration", of(made(fake), **given))

    assert message in refused.value.message


@pytest.mark.parametrize(
    ("pool", "code"),
    [({"tier": "LITE"}, "FeatureUnavailableInTierException"), ({"session_tracking": False}, "OperationNotEnabledExce")],
)
def test_a_session_can_be_set_in_some_pools_only_and_read_in_all(pool: Any, code: str) -> None:
    fake = FakeCognito()
    fake.add_pool(POOL, **pool)
    client = made(fake)

    with pytest.raises(ApiError, match=code):
        fake.call("SetUserPoolClientSessionConfiguration", of(client, SSOSession={"MaxValidityMinutes": 5}))
    assert session(fake, client) == {"MaxValidityMinutes": 60}


# Faults, hooks, quotas


def test_a_fault_before_the_work_leaves_nothing_behind(fake: FakeCognito) -> None:
    fake.fail("CreateUserPoolClient", ApiError("TooManyRequestsException", "Rate exceeded"), times=2)

    for _ in range(2):
        with pytest.raises(ApiError, match="TooManyRequestsException"):
            made(fake)
    assert fake.client_ids(POOL) == []
    assert made(fake)


def test_a_fault_after_the_work_loses_only_the_answer(fake: FakeCognito) -> None:
    fake.fail("CreateUserPoolClient", "read-timeout", after=True)

    with pytest.raises(BrokenConnectionError, match="read-timeout"):
        made(fake)
    assert len(fake.client_ids(POOL)) == 1


def test_a_fault_waits_for_its_own_operation(fake: FakeCognito) -> None:
    fake.fail("DeleteUserPoolClient", ApiError("ConcurrentModificationException"))
    client = made(fake)

    with pytest.raises(ApiError, match="ConcurrentModificationException"):
        fake.call("DeleteUserPoolClient", of(client))
    assert fake.call("DeleteUserPoolClient", of(client)) == {}


def test_a_lost_answer_may_have_been_a_refusal(fake: FakeCognito) -> None:
    fake.fail("*", "connection-closed", after=True)

    with pytest.raises(BrokenConnectionError):
        made(fake, AccessTokenValidity=25)
    assert fake.client_ids(POOL) == []


def test_faults_that_have_not_fired_are_known() -> None:
    fake = FakeCognito()
    fake.fail("DeleteUserPoolClient", "dns", times=2)

    assert [fault.operation for fault in fake.planned_faults] == ["DeleteUserPoolClient", "DeleteUserPoolClient"]


@pytest.mark.parametrize(
    ("operation", "failure", "after"),
    [("Create", "dns", False), ("*", "sulking", False), ("*", "connect-timeout", True)],
)
def test_a_plan_that_makes_no_sense_is_refused(fake: FakeCognito, operation: str, failure: Any, after: bool) -> None:
    with pytest.raises(ValueError, match=f"{operation if failure == 'dns' else failure}"):
        fake.fail(operation, failure, after=after)


def test_calls_are_remembered_in_order_as_they_came(fake: FakeCognito) -> None:
    params: Json = WEB | {"CallbackURLs": [A]}
    client = fake.call("CreateUserPoolClient", params)["UserPoolClient"]
    params["CallbackURLs"].append(B)
    fake.elsewhere("UpdateUserPoolClient", of(client))
    fake.call("DeleteUserPoolClient", of(client))

    assert fake.operations_called() == ["CreateUserPoolClient", "DeleteUserPoolClient"]
    assert fake.calls[0].params["CallbackURLs"] == [A]


def test_something_can_happen_at_the_moment_of_a_call(fake: FakeCognito) -> None:
    client = made(fake)

    def delete_first(operation: str, _params: Json) -> None:
        if operation == "UpdateUserPoolClient":
            fake.elsewhere("DeleteUserPoolClient", of(client))

    fake.on_call = delete_first
    with pytest.raises(ApiError, match="does not exist"):
        updated(fake, client)


def test_a_quota_counts_each_operation_in_each_pool_by_itself(clock: Clock) -> None:
    fake = FakeCognito(clock=clock, quota=5)
    fake.add_pool(POOL)
    fake.add_pool("us-east-1_other")
    for _ in range(5):
        made(fake)

    with pytest.raises(ApiError, match="TooManyRequestsException"):
        made(fake)
    assert made(fake, UserPoolId="us-east-1_other")
    assert fake.call("ListUserPoolClients", {"UserPoolId": POOL})
    clock.now += 1
    assert made(fake)


# Behind boto3, in this process


@pytest.fixture
def client(fake: FakeCognito) -> Iterator[CognitoIdentityProviderClient]:
    with installed(fake):
        yield boto3.client("cognito-idp", config=Config(retries={"total_max_attempts": 1}))


def test_boto3_speaks_with_the_fake(client: CognitoIdentityProviderClient) -> None:
    made = client.create_user_pool_client(UserPoolId=POOL, ClientName="web", GenerateSecret=True)["UserPoolClient"]
    told = client.describe_user_pool_client(UserPoolId=POOL, ClientId=made["ClientId"])["UserPoolClient"]

    assert told == made
    assert told["CreationDate"].timestamp() == pytest.approx(1_800_000_000.123)
    assert client.delete_user_pool_client(UserPoolId=POOL, ClientId=made["ClientId"])


def test_boto3_raises_its_own_class_for_an_error(client: CognitoIdentityProviderClient) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException) as raised:
        client.describe_user_pool_client(UserPoolId=POOL, ClientId="gone")

    assert raised.value.response["Error"] == {
        "Code": "ResourceNotFoundException",
        "Message": "User pool client gone does not exist.",
    }
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_boto3_pages_through_the_clients(fake: FakeCognito, client: CognitoIdentityProviderClient) -> None:
    for _ in range(61):
        made(fake)

    pages = client.get_paginator("list_user_pool_clients").paginate(UserPoolId=POOL)

    assert [len(page["UserPoolClients"]) for page in pages] == [60, 1]


def test_a_pool_of_another_region_is_not_found(fake: FakeCognito) -> None:
    with installed(fake):
        abroad = boto3.client("cognito-idp", region_name="eu-west-1")
        with pytest.raises(abroad.exceptions.ResourceNotFoundException):
            abroad.create_user_pool_client(UserPoolId=POOL, ClientName="web")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("dns", exceptions.EndpointConnectionError),
        ("connect-error", exceptions.EndpointConnectionError),
        ("connect-timeout", exceptions.ConnectTimeoutError),
        ("read-timeout", exceptions.ReadTimeoutError),
        ("connection-closed", exceptions.ConnectionClosedError),
    ],
)
def test_boto3_raises_what_it_raises_for_a_broken_connection(
    fake: FakeCognito, client: CognitoIdentityProviderClient, kind: Any, expected: type[Exception]
) -> None:
    fake.fail("DescribeUserPoolClient", kind)

    with pytest.raises(expected):
        client.describe_user_pool_client(UserPoolId=POOL, ClientId="gone")


def test_botocores_own_retries_make_a_second_client(fake: FakeCognito, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    fake.fail("CreateUserPoolClient", "read-timeout", after=True)

    with installed(fake):
        boto3.client("cognito-idp").create_user_pool_client(UserPoolId=POOL, ClientName="web")

    assert len(fake.client_ids(POOL)) == 2


def test_boto3_sets_and_gets_a_session(fake: FakeCognito, client: CognitoIdentityProviderClient) -> None:
    newer: Any = client  # than its stubs, which lack both operations
    minutes = {"MaxValidityMinutes": 129600}
    ids = of(made(fake))
    newer.set_user_pool_client_session_configuration(**ids, SSOSession=minutes)

    assert newer.get_user_pool_client_session_configuration(**ids)["SSOSession"] == minutes


def test_a_pool_of_another_account_is_not_found(client: CognitoIdentityProviderClient, fake: FakeCognito) -> None:
    fake.add_pool("us-east-1_foreign", account="222222222222")

    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.list_user_pool_clients(UserPoolId="us-east-1_foreign")
    assert refused.value.response["Error"]["Message"] == "User pool us-east-1_foreign does not exist."
    assert fake.populate("us-east-1_foreign", 1)


def test_an_operation_that_the_fake_lacks_is_unknown(client: CognitoIdentityProviderClient) -> None:
    with pytest.raises(exceptions.ClientError, match="UnknownOperationException"):
        client.list_groups(UserPoolId=POOL)


def test_a_call_to_another_service_fails_at_once_and_at_the_end(fake: FakeCognito) -> None:
    def call_and_swallow() -> None:
        with installed(fake), pytest.raises(AssertionError, match="Only Cognito is faked"):
            boto3.client("sts").get_caller_identity()

    with pytest.raises(AssertionError, match="not for Cognito"):
        call_and_swallow()


# Behind a real server


def test_the_server_serves_boto3_and_leaves_nothing_running(fake: FakeCognito) -> None:
    before = threading.active_count()
    with serving(fake) as server:
        client = boto3.client("cognito-idp", endpoint_url=server.url)
        made = client.create_user_pool_client(UserPoolId=POOL, ClientName="web")["UserPoolClient"]
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.delete_user_pool_client(UserPoolId=POOL, ClientId="gone")
        abroad = boto3.client("cognito-idp", region_name="eu-west-1", endpoint_url=server.url)
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            abroad.describe_user_pool_client(UserPoolId=POOL, ClientId=made["ClientId"])
        client.close()
        abroad.close()

    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_the_server_has_no_credentials_of_another_account(fake: FakeCognito) -> None:
    fake.add_pool("us-east-1_foreign", account="222222222222")

    with serving(fake) as server:
        client = boto3.client("cognito-idp", endpoint_url=server.url)
        assert client.list_user_pool_clients(UserPoolId=POOL)["UserPoolClients"] == []
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.list_user_pool_clients(UserPoolId="us-east-1_foreign")
        client.close()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("read-timeout", exceptions.ReadTimeoutError), ("connection-closed", exceptions.ConnectionClosedError)],
)
def test_the_server_breaks_connections_as_planned(fake: FakeCognito, kind: Any, expected: type[Exception]) -> None:
    fake.fail("CreateUserPoolClient", kind, after=True)
    config = Config(read_timeout=0.2, retries={"total_max_attempts": 1})

    with serving(fake) as server:
        client = boto3.client("cognito-idp", endpoint_url=server.url, config=config)
        with pytest.raises(expected):
            client.create_user_pool_client(UserPoolId=POOL, ClientName="web")
        client.close()

    assert len(fake.client_ids(POOL)) == 1


def test_the_server_wants_a_signature(fake: FakeCognito) -> None:
    with serving(fake) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("POST", "/", b"{}")
        assert connection.getresponse().getheader("x-amzn-ErrorType") == "MissingAuthenticationTokenException:"
        connection.close()

    assert fake.calls == []


# CloudFormation's response host


def put(host: ResponseHost, body: bytes = b"{}", *, context: ssl.SSLContext | None = None, timeout: float = 5) -> int:
    context = context or ssl.create_default_context(cafile=host.ca_file)
    connection = http.client.HTTPSConnection(host.hostnames[0], timeout=timeout, context=context)
    try:
        connection.request("PUT", "/stack?X-Amz-Signature=s", body, {"Content-Type": ""})
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_response_host_keeps_each_put_and_answers_by_its_script() -> None:
    with response_host(script=[503, 403]) as host, host.resolved():
        statuses = [put(host, b'{"n": 1}'), put(host), put(host)]

    assert statuses == [503, 403, 200]
    assert [(kept.host, kept.path, kept.body) for kept in host.puts] == [
        (US_EAST_1, "/stack?X-Amz-Signature=s", b'{"n": 1}'),
        (US_EAST_1, "/stack?X-Amz-Signature=s", b"{}"),
        (US_EAST_1, "/stack?X-Amz-Signature=s", b"{}"),
    ]
    assert host.puts[0].headers["content-type"] == ""


def test_the_response_host_can_keep_silent_or_hang_up() -> None:
    with response_host(script=["never", "close"]) as host, host.resolved():
        with pytest.raises(TimeoutError):
            put(host, timeout=0.2)
        with pytest.raises(http.client.RemoteDisconnected):
            put(host)

    assert len(host.puts) == 2


def test_the_response_host_is_trusted_by_its_authority_only() -> None:
    with response_host() as host, host.resolved():
        with pytest.raises(ssl.SSLCertVerificationError):
            put(host, context=ssl.create_default_context())
        assert put(host) == 200

    assert len(host.puts) == 1


def test_the_authority_is_found_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with response_host() as host, host.resolved():
        monkeypatch.setenv("SSL_CERT_FILE", str(host.ca_file))
        assert put(host, context=ssl.create_default_context()) == 200


def test_only_the_hosts_own_names_lead_to_it() -> None:
    with response_host() as host, host.resolved(), pytest.raises(socket.gaierror):
        socket.create_connection(("example.com", 443))


def test_a_visitor_who_says_nothing_does_not_keep_the_host_running() -> None:
    before = threading.active_count()
    with response_host() as host:
        silent = socket.create_connection(("127.0.0.1", host.port))
        with host.resolved():
            assert put(host) == 200
    silent.close()

    assert threading.active_count() == before


def test_an_emulators_host_has_no_tls() -> None:
    with response_host("127.0.0.1", tls=False) as host:
        assert host.url("/x") == f"http://127.0.0.1:{host.port}/x"
        connection = http.client.HTTPConnection("127.0.0.1", host.port)
        connection.request("PUT", "/x", b"{}")
        assert connection.getresponse().status == 200
        connection.close()

    assert [kept.path for kept in host.puts] == ["/x"]
