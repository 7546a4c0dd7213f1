"""What a template may say: one typed table of names, limits and defaults.

Names, types and limits are those of CreateUserPoolClient in Cognito's API model; a contract test compares the two.
Patterns are written so that they refuse only what Cognito's own patterns refuse.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict, get_args, get_origin

from msgspec import Meta

# Settings by name. In `desired` every value has its type; in `applied` a value that does not parse is None.
type Settings = Mapping[str, Any]


# What CloudFormation puts among the properties of every custom resource: these are no settings.
RESERVED = frozenset({"ServiceToken", "ServiceTimeout"})


LEGACY_AUTH_FLOWS = ("ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH")


AUTH_FLOWS = (
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_TOKEN_EXCHANGE_DELEGATION",
    "ALLOW_TOKEN_EXCHANGE_IMPERSONATION",
)


_ARN = Annotated[
    str,
    Meta(
        min_length=20,
        max_length=2048,
        pattern=r"^arn:[A-Za-z0-9_+=/,.@-]+:[A-Za-z0-9_+=/,.@-]+:([A-Za-z0-9_+=/,.@-]*)?:[0-9]+:"
        r"[A-Za-z0-9_+=/,.@-]+(:[A-Za-z0-9_+=/,.@-]+)?(:[A-Za-z0-9_+=/,.@-]+)?\Z",
        description="an ARN",
    ),
]


_Url = Annotated[
    str,
    Meta(
        min_length=1, max_length=1024, pattern=r"^[^\s\x00-\x1f\x7f-\x9f]+\Z", description="a URL without white space"
    ),
]


_Attribute = Annotated[str, Meta(min_length=1, max_length=2048)]


_Unit = Literal["seconds", "minutes", "hours", "days"]


_UserTokenValidity = Annotated[int, Meta(ge=1, le=86400)]


class TokenValidityUnits(TypedDict, total=False):
    """The units of the three token validities."""

    AccessToken: _Unit
    IdToken: _Unit
    RefreshToken: _Unit


class AnalyticsConfiguration(TypedDict, total=False):
    """Where Amazon Pinpoint events go: ApplicationArn alone, or ApplicationId with RoleArn and ExternalId."""

    ApplicationArn: _ARN
    ApplicationId: Annotated[str, Meta(pattern=r"^[0-9a-fA-F]+\Z", description="hexadecimal digits")]
    RoleArn: _ARN
    ExternalId: Annotated[str, Meta(max_length=131072)]
    UserDataShared: bool


class RefreshTokenRotation(TypedDict):
    """Whether a refresh token is good for one use, and for how many more seconds the old one still is."""

    Feature: Literal["ENABLED", "DISABLED"]
    RetryGracePeriodSeconds: NotRequired[Annotated[int, Meta(ge=0, le=60)]]


class SSOSession(TypedDict):
    """How long the client's users stay signed in across the pool's clients."""

    MaxValidityMinutes: Annotated[int, Meta(ge=0, le=129600)]


_UserPoolId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=55,
        pattern=r"^[A-Za-z0-9_-]+_[0-9a-zA-Z]+\Z",
        description="a user pool id like eu-west-1_AbCdEfGhI",
    ),
]


_NameOrPart = Annotated[str, Meta(min_length=1, max_length=128)]


# A role's path may hold more than Cognito's pattern of ARNs knows: all of printable ASCII.
_RoleArn = Annotated[str, Meta(min_length=20, max_length=2048, pattern=r"^arn:[\x21-\x7e]+\Z", description="an ARN")]


_ExternalId = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=1224,
        pattern=r"^[A-Za-z0-9_+=,.@:/-]+\Z",
        description="letters, digits and any of _ + = , . @ : / -",
    ),
]


class ClientProperties(TypedDict, total=False):
    """The properties of Custom::UserPoolClient."""

    UserPoolId: Required[_UserPoolId]
    ClientName: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            pattern=r"^[A-Za-z0-9_ \t\n\v\f\r+=,.@-]+\Z",
            description="letters, digits, white space and any of _ + = , . @ -",
        ),
    ]
    GenerateSecret: bool
    ClientSecret: Annotated[
        str,
        Meta(
            min_length=24,
            max_length=64,
            pattern=r"^[A-Za-z0-9_+]+\Z",
            description="letters, digits, _ and +",
        ),
    ]
    AccessTokenValidity: _UserTokenValidity
    IdTokenValidity: _UserTokenValidity
    RefreshTokenValidity: Annotated[int, Meta(ge=0, le=315360000)]
    TokenValidityUnits: TokenValidityUnits
    ReadAttributes: list[_Attribute]
    WriteAttributes: list[_Attribute]
    ExplicitAuthFlows: list[
        Annotated[
            str,
            Meta(
                pattern=rf"^({'|'.join(LEGACY_AUTH_FLOWS)}|ALLOW_.+)\Z",
                description=f"{', '.join(AUTH_FLOWS)}, a newer ALLOW_ flow, or one of the legacy "
                f"{', '.join(LEGACY_AUTH_FLOWS)}",
            ),
        ]
    ]
    SupportedIdentityProviders: list[
        Annotated[
            str,
            Meta(
                min_length=1, max_length=32, pattern=r"^[^\x00-\x1f\x7f-\x9f]+\Z", description="the name of a provider"
            ),
        ]
    ]
    CallbackURLs: Annotated[list[_Url], Meta(max_length=100)]
    LogoutURLs: Annotated[list[_Url], Meta(max_length=100)]
    DefaultRedirectURI: _Url
    AllowedOAuthFlows: Annotated[list[Literal["code", "implicit", "client_credentials"]], Meta(max_length=3)]
    AllowedOAuthScopes: Annotated[
        list[
            Annotated[
                str,
                Meta(
                    min_length=1,
                    max_length=256,
                    pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+\Z",
                    description='printable ASCII without space, " and \\',
                ),
            ]
        ],
        Meta(max_length=50),
    ]
    AllowedOAuthFlowsUserPoolClient: bool
    AnalyticsConfiguration: AnalyticsConfiguration
    PreventUserExistenceErrors: Literal["LEGACY", "ENABLED"]
    EnableTokenRevocation: bool
    EnablePropagateAdditionalUserContextData: bool
    AuthSessionValidity: Annotated[int, Meta(ge=3, le=15)]
    RefreshTokenRotation: RefreshTokenRotation
    SSOSession: SSOSession
    ImportId: Annotated[
        str,
        Meta(pattern=r"^[A-Za-z0-9_-]+_[0-9a-zA-Z]+/[A-Za-z0-9_+]+\Z", description="<user pool id>/<client id>"),
    ]
    ImportNamePrefix: _NameOrPart
    ImportNamePattern: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=1024,
            # Names are ASCII; ranges of all Unicode, with (?i), would take minutes to compile.
            pattern=r"^([\t\n\v\f\r -\[\]-~]|\\[ -MO-TV-tv-~])+\Z",
            description="a regular expression in ASCII, without \\u, \\U and \\N",
        ),
    ]
    RoleArn: _RoleArn
    ExternalId: _ExternalId
    SecretId: Annotated[str, Meta(min_length=1, max_length=2048)]


class LookupProperties(TypedDict, total=False):
    """The properties of Custom::UserPoolClientLookup."""

    UserPoolId: Required[_UserPoolId]
    ClientId: Annotated[
        str,
        Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_+]+\Z", description="letters, digits, _ and +"),
    ]
    ClientName: _NameOrPart
    ClientNamePrefix: _NameOrPart
    IncludeSecret: bool
    Refresh: Annotated[str, Meta(max_length=4096)]
    RoleArn: _RoleArn
    ExternalId: _ExternalId


class ListProperties(TypedDict, total=False):
    """The properties of Custom::UserPoolClientList."""

    UserPoolId: Required[_UserPoolId]
    ClientNamePrefix: _NameOrPart
    Refresh: Annotated[str, Meta(max_length=4096)]
    RoleArn: _RoleArn
    ExternalId: _ExternalId


# The properties that take over a client that exists already.
IMPORT_PROPERTIES = ("ImportId", "ImportNamePrefix", "ImportNamePattern")


@dataclass(frozen=True, slots=True)
class Setting:
    """One property: what it falls back to, how that is said to Cognito, and what a change of it does.

    `default` is the documented value of a setting that was never set; None means that there is none. `reset` tells how
    a setting goes back to it: sent explicitly, or left out of the update. `update` tells what a change does. `goes_to`
    tells what it is a setting of: the client, its session configuration, or the provider itself.
    """

    name: str
    about: str
    default: Any = None
    reset: Literal["explicit", "left out"] = "explicit"
    update: Literal["in place", "replaces"] = "in place"
    target: Literal["client", "session", "provider"] = "client"

    @property
    def type(self) -> Any:
        """Return the annotated type of the value, limits included."""
        return _without_qualifier(ClientProperties.__annotations__[self.name])


_TABLE = (
    Setting(
        "UserPoolId", "The user pool of the client; its Region is the part before the underscore.", update="replaces"
    ),
    Setting(
        "ClientName",
        "The name, which need not be unique. Without it: the stack's name, the logical id and 12 hexadecimal digits.",
    ),
    Setting("GenerateSecret", "Whether Cognito makes a client secret.", False, update="replaces"),
    Setting(
        "ClientSecret",
        "A client secret of your own, instead of GenerateSecret. Use a NoEcho parameter.",
        update="replaces",
    ),
    Setting("AccessTokenValidity", "How long access tokens live: 5 minutes to 1 day, in its unit.", 1),
    Setting("IdTokenValidity", "How long ID tokens live: 5 minutes to 1 day, in its unit.", 1),
    Setting(
        "RefreshTokenValidity",
        "How long refresh tokens live: 60 minutes to 10 years, in its unit; 0 is the default.",
        30,
    ),
    Setting(
        "TokenValidityUnits",
        "The units of the three validities. A validity without a unit is in the default one.",
        {"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"},
    ),
    Setting(
        "ReadAttributes",
        "The user attributes that the client may read. Default: the standard ones.",
        [],
        reset="left out",
    ),
    Setting(
        "WriteAttributes",
        "The user attributes that the client may write. Default: the standard ones.",
        [],
        reset="left out",
    ),
    Setting(
        "ExplicitAuthFlows",
        "The authentication flows that the client may use.",
        ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
    ),
    Setting(
        "SupportedIdentityProviders",
        "COGNITO, Facebook, Google, SignInWithApple, LoginWithAmazon, or the pool's own SAML and OIDC providers.",
        [],
    ),
    Setting("CallbackURLs", "Where the authorization server may redirect to after sign-in.", []),
    Setting("LogoutURLs", "Where it may redirect to after sign-out.", []),
    Setting(
        "DefaultRedirectURI", "The redirect URI of requests that name none; one of CallbackURLs.", reset="left out"
    ),
    Setting("AllowedOAuthFlows", "The OAuth 2.0 grants; client_credentials only alone.", []),
    Setting("AllowedOAuthScopes", "The OAuth 2.0 scopes, those of resource servers included.", []),
    Setting("AllowedOAuthFlowsUserPoolClient", "Whether the client may use OAuth 2.0 at all.", False),
    Setting("AnalyticsConfiguration", "Where Amazon Pinpoint events go.", reset="left out"),
    Setting("PreventUserExistenceErrors", "Whether sign-in hides that a user does not exist (ENABLED).", "LEGACY"),
    Setting("EnableTokenRevocation", "Whether refresh tokens can be revoked.", True),
    Setting(
        "EnablePropagateAdditionalUserContextData",
        "Whether threat protection takes the client's word for IP addresses; needs a client secret.",
        False,
    ),
    Setting("AuthSessionValidity", "Minutes in which a sign-in must be completed.", 3),
    Setting(
        "RefreshTokenRotation",
        "Whether a refresh token is good for one use, and the seconds for which the old one still works.",
        {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0},
    ),
    Setting(
        "SSOSession",
        "How many minutes users stay signed in across the pool's clients; needs the Essentials or Plus tier.",
        {"MaxValidityMinutes": 60},
        target="session",
    ),
    Setting(
        "ImportId",
        "Takes over the client `<user pool id>/<client id>`. While it is there, a Delete of the resource lets it go.",
        target="provider",
    ),
    Setting(
        "ImportNamePrefix", "Takes over the one client whose name begins like this; looked up once.", target="provider"
    ),
    Setting(
        "ImportNamePattern",
        "Takes over the one client whose whole name matches this regular expression; looked up once.",
        target="provider",
    ),
    Setting("RoleArn", "The role to assume for a user pool of another account.", target="provider"),
    Setting("ExternalId", "The external id that RoleArn's trust policy asks for.", target="provider"),
    Setting(
        "SecretId",
        "A secret of Secrets Manager that the client secret is kept in; the answer to CloudFormation then holds none.",
        target="provider",
    ),
)


SETTINGS: Mapping[str, Setting] = types.MappingProxyType({setting.name: setting for setting in _TABLE})


# What CreateUserPoolClient takes, and what UpdateUserPoolClient takes besides the two ids.
CREATABLE = tuple(setting.name for setting in _TABLE if setting.target == "client")


UPDATABLE = tuple(name for name in CREATABLE if SETTINGS[name].update == "in place")


# The members of Cognito's API.
_COGNITOS = frozenset({"ClientId", *(setting.name for setting in _TABLE if setting.target != "provider")})


@dataclass(frozen=True, slots=True)
class Token:
    """One kind of token: its validity's setting, its unit, and its limits in seconds."""

    name: str
    validity: str
    default_unit: str
    default: int
    shortest: int
    longest: int
    limits: str

    @property
    def unit(self) -> str:
        """Return the path of the setting that holds the unit."""
        return f"TokenValidityUnits.{self.name}"

    def default_in(self, unit: str) -> int | None:
        """Return the default validity in a unit; None where it is no whole number, or the unit is a new one."""
        if unit not in SECONDS or self.default % SECONDS[unit]:
            return None
        return self.default // SECONDS[unit]


SECONDS: Mapping[str, int] = types.MappingProxyType({"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400})


_HOUR, _DAY = 3600, 86400


TOKENS = (
    Token("AccessToken", "AccessTokenValidity", "hours", _HOUR, 300, _DAY, "5 minutes to 1 day"),
    Token("IdToken", "IdTokenValidity", "hours", _HOUR, 300, _DAY, "5 minutes to 1 day"),
    Token("RefreshToken", "RefreshTokenValidity", "days", 30 * _DAY, _HOUR, 3650 * _DAY, "60 minutes to 3650 days"),
)


def _without_qualifier(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) in (Required, NotRequired) else annotation
