"""What Fn::GetAtt offers of a client: everything, always, as strings."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.canaries import CLIENT_SECRET
from tests.given import CLIENT_ID, POOL, observed
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.attributes import DESCRIBED, IDS, KEPT, attributes, setting_paths
from user_pool_client.domain.endpoints import issuer
from user_pool_client.domain.properties import SETTINGS
from user_pool_client.domain.sensitive import Sensitive

ARN = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/0123456789abcdef"
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Abc123xyz"
OF_A_BARE_CLIENT = {
    "ClientId": CLIENT_ID,
    "Id": f"{POOL}/{CLIENT_ID}",
    "UserPoolId": POOL,
    "Name": "web",
    "ClientName": "web",
    "Issuer": ISSUER,
    "DiscoveryUrl": f"{ISSUER}/.well-known/openid-configuration",
    "JwksUri": f"{ISSUER}/.well-known/jwks.json",
    "ClientType": "",
    "CreationDate": "2026-03-01T12:00:00Z",
    "LastModifiedDate": "2026-03-01T12:00:00Z",
    "GenerateSecret": "false",
    "PublishSecretsInAWSSecretsManager": "false",
    "AccessTokenValidity": "1",
    "IdTokenValidity": "1",
    "RefreshTokenValidity": "30",
    "TokenValidityUnits.AccessToken": "hours",
    "TokenValidityUnits.IdToken": "hours",
    "TokenValidityUnits.RefreshToken": "days",
    "ReadAttributes": "",
    "WriteAttributes": "",
    "ExplicitAuthFlows": "ALLOW_CUSTOM_AUTH,ALLOW_REFRESH_TOKEN_AUTH,ALLOW_USER_SRP_AUTH",
    "SupportedIdentityProviders": "",
    "CallbackURLs": "",
    "LogoutURLs": "",
    "DefaultRedirectURI": "",
    "AllowedOAuthFlows": "",
    "AllowedOAuthScopes": "",
    "AllowedOAuthFlowsUserPoolClient": "false",
    "AnalyticsConfiguration.ApplicationArn": "",
    "AnalyticsConfiguration.ApplicationId": "",
    "AnalyticsConfiguration.RoleArn": "",
    "AnalyticsConfiguration.ExternalId": "",
    "AnalyticsConfiguration.UserDataShared": "false",
    "PreventUserExistenceErrors": "LEGACY",
    "EnableTokenRevocation": "true",
    "EnablePropagateAdditionalUserContextData": "false",
    "AuthSessionValidity": "3",
    "RefreshTokenRotation.Feature": "DISABLED",
    "RefreshTokenRotation.RetryGracePeriodSeconds": "0",
    "SSOSession.MaxValidityMinutes": "60",
    "CIMDPolicy.PolicyName": "",
    "CIMDPolicy.CacheDuration": "",
    "CIMDPolicy.URLPatterns": "",
}


def test_a_client_that_has_nothing_shows_every_default() -> None:
    assert attributes(observed(ClientName="web", has_secret=False)) == OF_A_BARE_CLIENT


def test_a_client_that_has_everything_shows_it() -> None:
    client = observed(
        CLIENT_SECRET,
        ClientName="shop",
        AccessTokenValidity=15,
        IdTokenValidity=20,
        RefreshTokenValidity=48,
        TokenValidityUnits={"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours"},
        ReadAttributes=["name", "email"],
        WriteAttributes=["email"],
        ExplicitAuthFlows=["ALLOW_USER_AUTH"],
        SupportedIdentityProviders=["Google", "COGNITO"],
        CallbackURLs=["https://b.example.com", "https://a.example.com"],
        LogoutURLs=["https://c.example.com"],
        DefaultRedirectURI="https://a.example.com",
        AllowedOAuthFlows=["implicit", "code"],
        AllowedOAuthScopes=["openid", "email"],
        AllowedOAuthFlowsUserPoolClient=True,
        AnalyticsConfiguration={"ApplicationArn": ARN, "UserDataShared": True},
        PreventUserExistenceErrors="ENABLED",
        EnableTokenRevocation=False,
        EnablePropagateAdditionalUserContextData=True,
        AuthSessionValidity=15,
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
        SSOSession={"MaxValidityMinutes": 5},
        CIMDPolicy={
            "PolicyName": "agents",
            "CacheDuration": 86400,
            "URLPatterns": ["https://b.example/", "https://a.example/"],
        },
    )

    assert attributes(client) == {
        **OF_A_BARE_CLIENT,
        "ClientSecret": Sensitive(CLIENT_SECRET),
        "GenerateSecret": "true",
        "Name": "shop",
        "ClientName": "shop",
        "AccessTokenValidity": "15",
        "IdTokenValidity": "20",
        "RefreshTokenValidity": "48",
        "TokenValidityUnits.AccessToken": "minutes",
        "TokenValidityUnits.IdToken": "minutes",
        "TokenValidityUnits.RefreshToken": "hours",
        "ReadAttributes": "email,name",
        "WriteAttributes": "email",
        "ExplicitAuthFlows": "ALLOW_USER_AUTH",
        "SupportedIdentityProviders": "COGNITO,Google",
        "CallbackURLs": "https://a.example.com,https://b.example.com",
        "LogoutURLs": "https://c.example.com",
        "DefaultRedirectURI": "https://a.example.com",
        "AllowedOAuthFlows": "code,implicit",
        "AllowedOAuthScopes": "email,openid",
        "AllowedOAuthFlowsUserPoolClient": "true",
        "AnalyticsConfiguration.ApplicationArn": ARN,
        "AnalyticsConfiguration.UserDataShared": "true",
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": "false",
        "EnablePropagateAdditionalUserContextData": "true",
        "AuthSessionValidity": "15",
        "RefreshTokenRotation.Feature": "ENABLED",
        "RefreshTokenRotation.RetryGracePeriodSeconds": "10",
        "SSOSession.MaxValidityMinutes": "5",
        "CIMDPolicy.PolicyName": "agents",
        "CIMDPolicy.CacheDuration": "86400",
        "CIMDPolicy.URLPatterns": "https://a.example/,https://b.example/",
    }


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        pytest.param(observed(CLIENT_SECRET, ClientName="web"), ("true", True), id="a-secret-that-is-shown"),
        pytest.param(observed(ClientName="web", has_secret=True), ("true", False), id="a-secret-that-is-not-shown"),
        pytest.param(observed(ClientName="web", has_secret=False), ("false", False), id="no-secret"),
        pytest.param(observed(ClientName="web"), ("", False), id="not-known"),
    ],
)
def test_whether_a_client_has_a_secret_is_told_apart_from_the_secret(
    client: AppClient, expected: tuple[str, bool]
) -> None:
    found = attributes(client)

    assert (found["GenerateSecret"], "ClientSecret" in found) == expected


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        pytest.param({}, "1", id="the-default-unit"),
        pytest.param({"AccessToken": "minutes"}, "60", id="minutes"),
        pytest.param({"AccessToken": "seconds"}, "3600", id="seconds"),
        pytest.param({"IdToken": "minutes"}, "1", id="the-unit-of-another-token"),
    ],
)
def test_a_default_duration_is_told_in_the_units_that_the_client_has(unit: dict[str, str], expected: str) -> None:
    assert attributes(observed(ClientName="web", TokenValidityUnits=unit))["AccessTokenValidity"] == expected


def test_rotation_shows_the_default_of_a_member_that_is_missing() -> None:
    found = attributes(observed(ClientName="web", RefreshTokenRotation={"Feature": "ENABLED"}))

    assert found["RefreshTokenRotation.RetryGracePeriodSeconds"] == "0"


def test_dates_are_told_in_utc() -> None:
    elsewhere = timezone(timedelta(hours=2))
    client = AppClient(
        pool_id=POOL,
        client_id=CLIENT_ID,
        settings={"ClientName": "web"},
        created=datetime(2026, 3, 1, 14, 0, 5, 999, tzinfo=elsewhere),
        modified=None,
    )

    found = attributes(client)

    assert (found["CreationDate"], found["LastModifiedDate"]) == ("2026-03-01T12:00:05Z", "")


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        pytest.param("eu-west-1_Ab", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab", id="commercial"),
        pytest.param(
            "us-gov-west-1_Ab", "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_Ab", id="government"
        ),
        pytest.param("cn-north-1_Ab", "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Ab", id="china"),
        pytest.param(
            "eusc-de-east-1_Ab", "https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_Ab", id="sovereign"
        ),
    ],
)
def test_the_issuer_is_of_the_pools_own_region(pool: str, expected: str) -> None:
    assert issuer(pool) == expected


@pytest.mark.parametrize("settings", [{}, {"ClientName": "web", "Unknown": "x"}], ids=["no-settings", "unknown-ones"])
def test_the_attributes_are_the_same_for_every_client(settings: dict[str, Any]) -> None:
    found = attributes(observed(**settings))

    assert set(found) == {*DESCRIBED, *setting_paths()} - {"ClientSecret", "ClientSecretArn"}
    assert all(isinstance(value, str) for value in found.values())


def test_every_setting_is_shown() -> None:
    shown = {path.partition(".")[0] for path in setting_paths()}

    assert shown == {name for name in SETTINGS if SETTINGS[name].target != "provider"} - {"ClientSecret"}


def test_the_ids_that_are_never_left_out_are_attributes() -> None:
    assert set(IDS) == {
        "ClientId",
        "ClientSecret",
        "ClientSecretArn",
        "Id",
        "UserPoolId",
        "SecretArn",
        "SecretVersionId",
    }
    assert set(IDS) <= {*DESCRIBED, *KEPT, *setting_paths()}


def test_where_a_kept_secret_is_is_never_left_out_and_nothing_that_every_client_has() -> None:
    assert set(KEPT) <= set(IDS)
    assert not set(KEPT) & {*DESCRIBED, *setting_paths()}
