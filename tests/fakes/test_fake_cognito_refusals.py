"""The fake refuses what Cognito refuses, in its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.model import ListShape, StructureShape

from tests.fakes.cognito import ApiError, FakeCognito
from tests.fakes.cognito_limits import AUTH_FLOWS, URL, Group, Many, Scalar, Shape, operations
from tests.fakes.given import M2M, OWN_SECRET, POOL, A, B, made, updated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import Shape as ModelShape


type Json = dict[str, Any]


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
    "operation",
    [
        "CreateUserPoolClient",
        "UpdateUserPoolClient",
        "SetUserPoolClientSessionConfiguration",
        "CreateCIMDPolicy",
        "UpdateCIMDPolicy",
        "DescribeCIMDPolicy",
        "ListCIMDPolicies",
    ],
)
def test_every_limit_of_the_service_model_is_enforced(operation: str) -> None:
    for name, model in model_of(operation).members.items():
        ours = "\n".join(wordings(operations(AUTH_FLOWS)[operation].members[name]))
        assert [limit for limit in limits_of(model) if limit not in ours] == [], name
