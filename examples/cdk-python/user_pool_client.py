"""Custom::UserPoolClient as a construct of the AWS CDK."""

from typing import Any, Literal, Required, TypedDict, Unpack

from aws_cdk import CustomResource, Fn
from constructs import Construct

type Unit = Literal["seconds", "minutes", "hours", "days"]


class TokenValidityUnits(TypedDict, total=False):
    """The units of the three token validities."""

    AccessToken: Unit
    IdToken: Unit
    RefreshToken: Unit


class AnalyticsConfiguration(TypedDict, total=False):
    """Where Amazon Pinpoint events go: ApplicationArn alone, or ApplicationId with RoleArn and ExternalId."""

    ApplicationArn: str
    ApplicationId: str
    RoleArn: str
    ExternalId: str
    UserDataShared: bool


class RefreshTokenRotation(TypedDict, total=False):
    """Whether a refresh token is good for one use, and for how many more seconds the old one still is."""

    Feature: Required[Literal["ENABLED", "DISABLED"]]
    RetryGracePeriodSeconds: int


class SSOSession(TypedDict):
    """How long the client's users stay signed in across the pool's clients."""

    MaxValidityMinutes: int


class CIMDPolicy(TypedDict, total=False):
    """A policy for client ID metadata documents: the URLs, and for how long what is read there is cached."""

    PolicyName: Required[str]
    CacheDuration: int
    URLPatterns: Required[list[str]]


class Properties(TypedDict, total=False):
    """The properties of Custom::UserPoolClient, under the names that they have in templates and in the reference."""

    UserPoolId: Required[str]
    ClientName: str
    GenerateSecret: bool
    ClientSecret: str
    PublishSecretsInAWSSecretsManager: bool
    AccessTokenValidity: int
    IdTokenValidity: int
    RefreshTokenValidity: int
    TokenValidityUnits: TokenValidityUnits
    ReadAttributes: list[str]
    WriteAttributes: list[str]
    ExplicitAuthFlows: list[str]
    SupportedIdentityProviders: list[str]
    CallbackURLs: list[str]
    LogoutURLs: list[str]
    DefaultRedirectURI: str
    AllowedOAuthFlows: list[Literal["code", "implicit", "client_credentials"]]
    AllowedOAuthScopes: list[str]
    AllowedOAuthFlowsUserPoolClient: bool
    AnalyticsConfiguration: AnalyticsConfiguration
    PreventUserExistenceErrors: Literal["LEGACY", "ENABLED"]
    EnableTokenRevocation: bool
    EnablePropagateAdditionalUserContextData: bool
    AuthSessionValidity: int
    RefreshTokenRotation: RefreshTokenRotation
    SSOSession: SSOSession
    CIMDPolicy: CIMDPolicy
    ImportId: str
    ImportNamePrefix: str
    ImportNamePattern: str
    AllowClientOfOtherStack: bool
    RoleArn: str
    ExternalId: str
    SecretId: str
    AllowSecretOfOtherStack: bool
    Refresh: str
    DriftAction: Literal["report", "heal", "ignore"]


class UserPoolClient(CustomResource):
    """An app client; `ref` is its id, `get_att_string` gives its attributes."""

    def __init__(
        self, scope: Construct, construct_id: str, *, service_token: str = "", **properties: Unpack[Properties]
    ) -> None:
        given: dict[str, Any] = {**properties}
        super().__init__(
            scope,
            construct_id,
            resource_type="Custom::UserPoolClient",
            service_token=service_token or Fn.import_value("user-pool-client:ServiceToken"),
            properties=given,
        )
