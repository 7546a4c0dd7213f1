"""The example of each property and attribute in docs/reference: a test holds that the function accepts each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.attributes import attributes
from user_pool_client.domain.parsing import parse
from user_pool_client.domain.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Mapping

# What stands below Properties, next to ServiceToken and UserPoolId. Where a property needs others, they are there, too.
PROPERTIES: Mapping[str, str] = {
    "UserPoolId": "UserPoolId: !Ref UserPool",
    "ClientName": "ClientName: web",
    "GenerateSecret": "GenerateSecret: true",
    "ClientSecret": "ClientSecret: !Ref OwnSecret # a parameter with NoEcho: true",
    "PublishSecretsInAWSSecretsManager": "GenerateSecret: true\nPublishSecretsInAWSSecretsManager: true",
    "AccessTokenValidity": "AccessTokenValidity: 30\nTokenValidityUnits:\n  AccessToken: minutes",
    "IdTokenValidity": "IdTokenValidity: 30\nTokenValidityUnits:\n  IdToken: minutes",
    "RefreshTokenValidity": "RefreshTokenValidity: 90 # days, the default unit",
    "TokenValidityUnits": """\
AccessTokenValidity: 15
RefreshTokenValidity: 12
TokenValidityUnits:
  AccessToken: minutes
  RefreshToken: hours""",
    "ReadAttributes": "ReadAttributes: [email, email_verified, custom:plan]",
    "WriteAttributes": "WriteAttributes: [email, name]",
    "ExplicitAuthFlows": "ExplicitAuthFlows: [ALLOW_USER_SRP_AUTH, ALLOW_REFRESH_TOKEN_AUTH]",
    "SupportedIdentityProviders": "SupportedIdentityProviders: [COGNITO, Google]",
    "CallbackURLs": "CallbackURLs:\n  - https://app.example.com/callback\n  - http://localhost:3000/callback",
    "LogoutURLs": "LogoutURLs: [https://app.example.com/goodbye]",
    "DefaultRedirectURI": """\
CallbackURLs: [https://app.example.com/callback]
DefaultRedirectURI: https://app.example.com/callback""",
    "AllowedOAuthFlows": """\
AllowedOAuthFlowsUserPoolClient: true
AllowedOAuthFlows: [code]
AllowedOAuthScopes: [openid, email]
CallbackURLs: [https://app.example.com/callback]""",
    "AllowedOAuthScopes": """\
AllowedOAuthFlowsUserPoolClient: true
AllowedOAuthFlows: [client_credentials]
AllowedOAuthScopes: [orders/read]
GenerateSecret: true""",
    "AllowedOAuthFlowsUserPoolClient": """\
AllowedOAuthFlowsUserPoolClient: true
AllowedOAuthFlows: [code]
AllowedOAuthScopes: [openid]
CallbackURLs: [https://app.example.com/callback]""",
    "AnalyticsConfiguration": """\
AnalyticsConfiguration:
  ApplicationArn: arn:aws:mobiletargeting:us-east-1:123456789012:apps/0123456789abcdef0123456789abcdef
  UserDataShared: false""",
    "PreventUserExistenceErrors": "PreventUserExistenceErrors: ENABLED",
    "EnableTokenRevocation": "EnableTokenRevocation: true",
    "EnablePropagateAdditionalUserContextData": """\
GenerateSecret: true
EnablePropagateAdditionalUserContextData: true""",
    "AuthSessionValidity": "AuthSessionValidity: 5",
    "RefreshTokenRotation": """\
ExplicitAuthFlows: [ALLOW_USER_SRP_AUTH] # without ALLOW_REFRESH_TOKEN_AUTH
RefreshTokenRotation:
  Feature: ENABLED
  RetryGracePeriodSeconds: 10""",
    "SSOSession": "SSOSession:\n  MaxValidityMinutes: 480",
    "CIMDPolicy": """\
CIMDPolicy:
  PolicyName: agents
  CacheDuration: 172800
  URLPatterns: [https://agents.example.com/*]""",
    "ImportId": "ImportId: eu-west-1_AbCdEfGhI/3n4b5urk1ft4fl3mg5e62d9ado",
    "ImportNamePrefix": "ImportNamePrefix: AmazonOpenSearchService-logs-",
    "ImportNamePattern": "ImportNamePattern: web-(blue|green)",
    "AllowClientOfOtherStack": """\
ImportId: eu-west-1_AbCdEfGhI/3n4b5urk1ft4fl3mg5e62d9ado
AllowClientOfOtherStack: true""",
    "RoleArn": "RoleArn: arn:aws:iam::222222222222:role/app-clients",
    "ExternalId": "RoleArn: arn:aws:iam::222222222222:role/app-clients\nExternalId: shop",
    "SecretId": "GenerateSecret: true\nSecretId: !Ref WebCredentials # an AWS::SecretsManager::Secret",
    "AllowSecretOfOtherStack": """\
GenerateSecret: true
SecretId: user-pool-client/web
AllowSecretOfOtherStack: true""",
    "Refresh": 'Refresh: "2"',
    "DriftAction": "DriftAction: heal",
}

# What is known only where there is a secret.
SECRET_ARNS: Mapping[str, str] = {
    "ClientSecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cognito-web-AbCdEf",
    "SecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:user-pool-client/web-AbCdEf",
    "SecretVersionId": "0b9c2a7e-3f6d-4c1b-9a53-6d1f2e8c7b40",
}


def attribute_examples() -> Mapping[str, str]:
    """Return what each attribute can look like: of a client with the properties of the examples."""
    properties: dict[str, Any] = {"UserPoolId": "eu-west-1_AbCdEfGhI", "SSOSession": {"MaxValidityMinutes": 480}}
    for name, text in PROPERTIES.items():
        if "!Ref" not in text:
            properties[name] = yaml.safe_load(text)[name]
    settings, _ = parse(properties)
    client = AppClient(
        "eu-west-1_AbCdEfGhI",
        "3n4b5urk1ft4fl3mg5e62d9ado",
        settings,
        Sensitive("1example0of0a0client0secret0that0is0none"),
        has_secret=True,
        created=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        modified=datetime(2026, 11, 25, 16, 5, tzinfo=UTC),
        client_type="REGULAR",
    )
    shown = {
        name: value.reveal() if isinstance(value, Sensitive) else value for name, value in attributes(client).items()
    }
    return {**shown, **SECRET_ARNS}
