"""What a template may say: one table of properties, each with its type, its limits and its `Setting`.

Names, types and limits are those of CreateUserPoolClient in Cognito's API model; a contract test compares the two.
Patterns are written so that they refuse only what Cognito's own patterns refuse.
"""

import dataclasses
import functools
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict, get_args, get_origin

from msgspec import Meta

# Settings by name. In `desired` every value has its type; in `applied` a value that does not parse is None.
type Settings = Mapping[str, Any]


# Not compared: that makes it hashable with a list for a default, as typing's caches want it, and quicker to import.
@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What a property is besides its type and limits. It stands beside them, in the annotation; msgspec ignores it.

    `default` is the documented value of a setting that was never set; None means that there is none. `reset` says how
    a setting goes back to it: sent explicitly, or left out of the update; one that is left alone does not go back, and
    is sent only where it changes. `update` says what a change does. `target` says what it is a setting of: the client,
    its session configuration, its CIMD policy, or the provider itself. `name` and `annotation` are those of the
    property that it was declared for; `settings_of` fills them in.
    """

    about: str
    default: Any = None
    reset: Literal["explicit", "left out", "left alone"] = "explicit"
    update: Literal["in place", "replaces"] = "in place"
    target: Literal["client", "session", "policy", "provider"] = "client"
    name: str = ""
    annotation: Any = None

    @property
    def type(self) -> Any:
        """Return the annotated type of the value, limits included."""
        kind, metadata = _split(self.annotation)
        limits = [meta for meta in metadata if isinstance(meta, Meta)]
        return Annotated[kind, *limits] if limits else kind


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

# Not in the model's list of flows, but in the documentation of GetClientToken.
STANDALONE_FLOW = "ALLOW_CLIENT_TOKEN_AUTH"

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

_Provider = Annotated[
    str,
    Meta(min_length=1, max_length=32, pattern=r"^[^\x00-\x1f\x7f-\x9f]+\Z", description="the name of a provider"),
]

_Scope = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+\Z",
        description='printable ASCII without space, " and \\',
    ),
]

_MOST_URLS, _MOST_SCOPES = 100, 50
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


_URLPattern = Annotated[
    str,
    Meta(
        min_length=12,
        max_length=256,
        pattern=r"^https://[!$-;=@-\[\]_a-z~]+\Z",
        description="https:// and an address without query and fragment, in which * may stand",
    ),
]


class CIMDPolicy(TypedDict):
    """A policy for client ID metadata documents: the URLs, and for how long what is read there is cached."""

    PolicyName: Annotated[
        str,
        Meta(min_length=1, max_length=32, pattern=r"^[^\x00-\x1f\x7f-\x9f]+\Z", description="the name of the policy"),
    ]
    CacheDuration: NotRequired[Annotated[int, Meta(ge=86400, le=31556952)]]
    URLPatterns: Annotated[list[_URLPattern], Meta(min_length=1, max_length=5)]


# Documented: "If you don't set a value, the default is 86,400 seconds." An update without it changes nothing.
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateCIMDPolicy.html
CACHE_DURATION = 86400

_UserPoolId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=55,
        pattern=r"^[A-Za-z0-9_-]+_[0-9a-zA-Z]+\Z",
        description="a user pool id like eu-west-1_AbCdEfGhI",
    ),
    Setting("The user pool of the client; its Region is the part before the underscore.", update="replaces"),
]

_NameOrPart = Annotated[str, Meta(min_length=1, max_length=128)]

# A role's path may hold more than Cognito's pattern of ARNs knows: all of printable ASCII.
_RoleArn = Annotated[
    str,
    Meta(min_length=20, max_length=2048, pattern=r"^arn:[\x21-\x7e]+\Z", description="an ARN"),
    Setting("The role to assume for a user pool of another account.", target="provider"),
]

_ExternalId = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=1224,
        pattern=r"^[A-Za-z0-9_+=,.@:/-]+\Z",
        description="letters, digits and any of _ + = , . @ : / -",
    ),
    Setting("The external ID that RoleArn's trust policy asks for.", target="provider"),
]


_Refresh = Annotated[
    str,
    Meta(max_length=4096),
    Setting("Any text. A new one makes CloudFormation call the function again.", target="provider"),
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
        Setting(
            "The name, which need not be unique. "
            "Without it: the stack's name, the logical ID and 12 hexadecimal digits."
        ),
    ]
    GenerateSecret: Annotated[
        bool, Setting("Whether Cognito generates a client secret.", default=False, update="replaces")
    ]
    ClientSecret: Annotated[
        str,
        Meta(
            min_length=24,
            max_length=64,
            pattern=r"^[A-Za-z0-9_+]+\Z",
            description="letters, digits, _ and +",
        ),
        Setting("A client secret of your own, instead of GenerateSecret. Use a NoEcho parameter.", update="replaces"),
    ]
    # Not reset: false deletes the secret at once, and a true that is sent again may begin another rotation.
    PublishSecretsInAWSSecretsManager: Annotated[
        bool,
        Setting(
            "Whether Cognito stores the generated secret in Secrets Manager by itself and rotates it; "
            "false deletes that secret at once.",
            default=False,
            reset="left alone",
        ),
    ]
    AccessTokenValidity: Annotated[
        _UserTokenValidity, Setting("How long access tokens live: 5 minutes to 1 day, in its unit.", default=1)
    ]
    IdTokenValidity: Annotated[
        _UserTokenValidity, Setting("How long ID tokens live: 5 minutes to 1 day, in its unit.", default=1)
    ]
    RefreshTokenValidity: Annotated[
        int,
        Meta(ge=0, le=315360000),
        Setting("How long refresh tokens live: 60 minutes to 10 years, in its unit; 0 is the default.", default=30),
    ]
    TokenValidityUnits: Annotated[
        TokenValidityUnits,
        Setting(
            "The units of the three validities. A validity without a unit is in the default one.",
            default={"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"},
        ),
    ]
    ReadAttributes: Annotated[
        list[_Attribute],
        Setting(
            "The user attributes that the client may read. Default: the standard ones.", default=[], reset="left out"
        ),
    ]
    WriteAttributes: Annotated[
        list[_Attribute],
        Setting(
            "The user attributes that the client may write. Default: the standard ones.", default=[], reset="left out"
        ),
    ]
    ExplicitAuthFlows: Annotated[
        list[
            Annotated[
                str,
                Meta(
                    pattern=rf"^({'|'.join(LEGACY_AUTH_FLOWS)}|ALLOW_.+)\Z",
                    description=f"{', '.join((*AUTH_FLOWS, STANDALONE_FLOW))}, a newer ALLOW_ flow, "
                    f"or one of the legacy {', '.join(LEGACY_AUTH_FLOWS)}",
                ),
            ]
        ],
        Setting(
            "The authentication flows that the client may use.",
            default=["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
        ),
    ]
    SupportedIdentityProviders: Annotated[
        list[_Provider],
        Setting(
            "COGNITO, Facebook, Google, SignInWithApple, LoginWithAmazon, or the pool's own SAML and OIDC providers.",
            default=[],
        ),
    ]
    CallbackURLs: Annotated[
        list[_Url],
        Meta(max_length=_MOST_URLS),
        Setting("Where the authorization server may redirect to after sign-in.", default=[]),
    ]
    LogoutURLs: Annotated[
        list[_Url], Meta(max_length=_MOST_URLS), Setting("Where it may redirect to after sign-out.", default=[])
    ]
    DefaultRedirectURI: Annotated[
        _Url, Setting("The redirect URI of requests that name none; one of CallbackURLs.", reset="left out")
    ]
    AllowedOAuthFlows: Annotated[
        list[Literal["code", "implicit", "client_credentials"]],
        Meta(max_length=3),
        Setting("The OAuth 2.0 grants; client_credentials only alone.", default=[]),
    ]
    AllowedOAuthScopes: Annotated[
        list[_Scope],
        Meta(max_length=_MOST_SCOPES),
        Setting("The OAuth 2.0 scopes, those of resource servers included.", default=[]),
    ]
    AllowedOAuthFlowsUserPoolClient: Annotated[
        bool, Setting("Whether the client may use OAuth 2.0 at all.", default=False)
    ]
    AnalyticsConfiguration: Annotated[
        AnalyticsConfiguration, Setting("Where Amazon Pinpoint events go.", reset="left out")
    ]
    PreventUserExistenceErrors: Annotated[
        Literal["LEGACY", "ENABLED"],
        Setting("Whether sign-in hides that a user does not exist (ENABLED).", default="LEGACY"),
    ]
    EnableTokenRevocation: Annotated[bool, Setting("Whether refresh tokens can be revoked.", default=True)]
    EnablePropagateAdditionalUserContextData: Annotated[
        bool,
        Setting(
            "Whether threat protection accepts IP addresses reported by the client; needs a client secret.",
            default=False,
        ),
    ]
    AuthSessionValidity: Annotated[
        int, Meta(ge=3, le=15), Setting("Minutes in which a sign-in must be completed.", default=3)
    ]
    RefreshTokenRotation: Annotated[
        RefreshTokenRotation,
        Setting(
            "Whether a refresh token can be used only once, and for how many seconds the previous one still works.",
            default={"Feature": "DISABLED", "RetryGracePeriodSeconds": 0},
        ),
    ]
    SSOSession: Annotated[
        SSOSession,
        Setting(
            "How many minutes users stay signed in across the pool's clients; "
            "needs the Essentials or Plus feature plan.",
            default={"MaxValidityMinutes": 60},
            target="session",
        ),
    ]
    CIMDPolicy: Annotated[
        CIMDPolicy,
        Setting(
            "Which clients that identify themselves by a URL (client ID metadata documents) may act as this client. "
            f"CacheDuration is in seconds, {CACHE_DURATION} if it is left out.",
            target="policy",
        ),
    ]
    ImportId: Annotated[
        str,
        Meta(pattern=r"^[A-Za-z0-9_-]+_[0-9a-zA-Z]+/[A-Za-z0-9_+]+\Z", description="<user pool id>/<client id>"),
        Setting(
            "Imports the client `<user pool id>/<client id>`. "
            "While the property is in the template, a Delete of the resource releases the client.",
            target="provider",
        ),
    ]
    ImportNamePrefix: Annotated[
        _NameOrPart,
        Setting("Imports the one client whose name begins like this; searched for once.", target="provider"),
    ]
    ImportNamePattern: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=1024,
            # Names are ASCII; ranges of all Unicode, with (?i), would take minutes to compile.
            # docs/decisions/0012-name-patterns-are-matched-in-a-child-process.md
            pattern=r"^([\t\n\v\f\r -\[\]-~]|\\[ -MO-TV-tv-~])+\Z",
            description="a regular expression in ASCII, without \\u, \\U and \\N",
        ),
        Setting(
            "Imports the one client whose whole name matches this regular expression; searched for once.",
            target="provider",
        ),
    ]
    AllowClientOfOtherStack: Annotated[
        bool,
        Setting(
            "Whether to import, and to delete, a client that a resource of another stack has. For migrations.",
            default=False,
            target="provider",
        ),
    ]
    RoleArn: _RoleArn
    ExternalId: _ExternalId
    # Stricter than the length alone, and no stricter than Secrets Manager's names and ARNs: what somebody puts here by
    # mistake is the secret's value, and a call would send it to AWS's logs.
    SecretId: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=2048,
            pattern=r"^[A-Za-z0-9/_+=.@!:-]+\Z",
            description="the name or ARN of a secret, not its value",
        ),
        Setting(
            "A secret of Secrets Manager in which the client secret is stored; "
            "the response to CloudFormation then does not contain it.",
            target="provider",
        ),
    ]
    AllowSecretOfOtherStack: Annotated[
        bool,
        Setting(
            "Whether SecretId may name a secret that another stack has created, or that holds its client's secret.",
            default=False,
            target="provider",
        ),
    ]
    Refresh: _Refresh
    DriftAction: Annotated[
        Literal["report", "heal", "ignore"],
        Setting(
            "What is done about drift, where the function looks for it: report it, heal it (at most twice a day), "
            "or do not look at this client.",
            default="report",
            target="provider",
        ),
    ]


_ClientId = Annotated[
    str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_+]+\Z", description="letters, digits, _ and +")
]

_ClientNamePrefix = Annotated[
    _NameOrPart,
    Setting("How the names begin: of the one client to look up, or of the clients to list.", target="provider"),
]

_ClientType = Annotated[
    Literal["REGULAR", "DCR"],
    Setting(
        "Which clients to list: REGULAR ones, or those that registered themselves (DCR).",
        default="REGULAR",
        target="provider",
    ),
]


class LookupProperties(TypedDict, total=False):
    """The properties of Custom::UserPoolClientLookup."""

    UserPoolId: Required[_UserPoolId]
    ClientId: Annotated[_ClientId, Setting("The ID of the client to look up.", target="provider")]
    ClientName: Annotated[
        _NameOrPart,
        Setting("The name of the client to look up: the whole name, and case matters.", target="provider"),
    ]
    ClientNamePrefix: _ClientNamePrefix
    IncludeSecret: Annotated[
        bool,
        Setting("Whether the attribute ClientSecret is there, if the client has a secret.", target="provider"),
    ]
    Refresh: _Refresh
    RoleArn: _RoleArn
    ExternalId: _ExternalId


class ListProperties(TypedDict, total=False):
    """The properties of Custom::UserPoolClientList."""

    UserPoolId: Required[_UserPoolId]
    ClientNamePrefix: _ClientNamePrefix
    ClientType: _ClientType
    Refresh: _Refresh
    RoleArn: _RoleArn
    ExternalId: _ExternalId


CONTRIBUTION_TYPE = "Custom::UserPoolClientUrls"


class UrlsProperties(TypedDict, total=False):
    """The properties of Custom::UserPoolClientUrls."""

    UserPoolId: Required[_UserPoolId]
    ClientId: Required[
        Annotated[
            _ClientId,
            Setting("The ID of the client to contribute to, which another resource, stack or tool owns."),
        ]
    ]
    CallbackURLs: Annotated[
        list[_Url], Meta(max_length=_MOST_URLS), Setting("URLs to add to the client's CallbackURLs.", default=[])
    ]
    LogoutURLs: Annotated[
        list[_Url], Meta(max_length=_MOST_URLS), Setting("URLs to add to the client's LogoutURLs.", default=[])
    ]
    AllowedOAuthScopes: Annotated[
        list[_Scope],
        Meta(max_length=_MOST_SCOPES),
        Setting("Scopes to add to the client's AllowedOAuthScopes.", default=[]),
    ]
    SupportedIdentityProviders: Annotated[
        list[_Provider],
        Setting("Identity providers to add to the client's SupportedIdentityProviders.", default=[]),
    ]
    Refresh: Annotated[
        str,
        Meta(max_length=4096),
        Setting("Any text. Change it to add again what the client has lost.", target="provider"),
    ]
    RoleArn: _RoleArn
    ExternalId: _ExternalId


# The lists of a client that other resources than its owner may contribute to.
CONTRIBUTABLE = ("CallbackURLs", "LogoutURLs", "AllowedOAuthScopes", "SupportedIdentityProviders")

# The properties that take over a client that exists already.
IMPORT_PROPERTIES = ("ImportId", "ImportNamePrefix", "ImportNamePattern")


@functools.cache
def kind_and_limits(annotation: Any) -> tuple[Any, Meta]:
    """Return the bare type of an annotated value, and its limits; Meta() where it has none."""
    kind, metadata = _split(annotation)
    return kind, next((limits for limits in metadata if isinstance(limits, Meta)), Meta())


def settings_of(template: Any) -> Mapping[str, Setting]:
    """Return the properties of a resource type's TypedDict by name; raise TypeError if one has no Setting."""
    annotations: Mapping[str, Any] = template.__annotations__
    return types.MappingProxyType({name: _declared(name, annotation) for name, annotation in annotations.items()})


def _declared(name: str, annotation: Any) -> Setting:
    _, metadata = _split(annotation)
    settings = [setting for setting in metadata if isinstance(setting, Setting)]
    if len(settings) != 1:
        raise TypeError(f"{name} has {len(settings)} Settings in its annotation, but must have exactly one.")
    return dataclasses.replace(settings[0], name=name, annotation=annotation)


def _split(annotation: Any) -> tuple[Any, Sequence[Any]]:
    """Return the bare type of an annotated value, and everything that Annotated adds to it."""
    if get_origin(annotation) in (Required, NotRequired):
        (annotation,) = get_args(annotation)
    kind, *metadata = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    return kind, metadata


SETTINGS = settings_of(ClientProperties)

# What CreateUserPoolClient takes, and what UpdateUserPoolClient takes besides the two ids.
CREATABLE = tuple(name for name, setting in SETTINGS.items() if setting.target == "client")
UPDATABLE = tuple(name for name in CREATABLE if SETTINGS[name].update == "in place")

# Whether Cognito itself stores the client's secret. Describe shows the secret's ARN instead of this setting.
PUBLISH = "PublishSecretsInAWSSecretsManager"
SECONDS: Mapping[str, int] = types.MappingProxyType({"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400})


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """One kind of token, and its limits in seconds."""

    name: str
    shortest: int
    longest: int
    limits: str

    @property
    def validity(self) -> str:
        """Return the name of the setting that holds the validity."""
        return f"{self.name}Validity"

    @property
    def unit(self) -> str:
        """Return the path of the setting that holds the unit."""
        return f"TokenValidityUnits.{self.name}"

    @property
    def default_unit(self) -> str:
        """Return the unit of a validity whose unit was never set."""
        unit: str = SETTINGS["TokenValidityUnits"].default[self.name]
        return unit

    @property
    def default(self) -> int:
        """Return the default validity in seconds."""
        number: int = SETTINGS[self.validity].default
        return number * SECONDS[self.default_unit]

    def default_in(self, unit: str) -> int | None:
        """Return the default validity in a unit, rounded up to a whole number; None for a unit that is not known."""
        return -(-self.default // SECONDS[unit]) if unit in SECONDS else None

    def is_default(self, number: int, unit: str) -> bool:
        """Tell whether a validity is the default one, in whatever unit."""
        return number * SECONDS.get(unit, 0) == self.default

    def allows(self, number: int, unit: str) -> bool:
        """Tell whether Cognito takes a validity; what a unit means that is not known, only Cognito can say."""
        return unit not in SECONDS or self.shortest <= number * SECONDS[unit] <= self.longest


_HOUR, _DAY = SECONDS["hours"], SECONDS["days"]

TOKENS = (
    Token("AccessToken", 300, _DAY, "5 minutes to 1 day"),
    Token("IdToken", 300, _DAY, "5 minutes to 1 day"),
    Token("RefreshToken", _HOUR, 3650 * _DAY, "60 minutes to 3650 days"),
)
