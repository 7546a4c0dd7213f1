"""What Cognito's front end checks by itself: types, limits, patterns and enums, in its own words.

The members, limits and patterns are those of the service model cognito-idp 2016-04-18 (botocore 1.44.8). The wording
was seen in boto3 #3581, aws-cli #2894, aws-sdk-java-v2 #5528 and aws-solutions/media-insights-on-aws #199. It quotes
the value, that of `clientSecret` too.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

LEGACY_AUTH_FLOWS = ("ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH")
AUTH_FLOWS = (
    *LEGACY_AUTH_FLOWS,
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_TOKEN_EXCHANGE_DELEGATION",
    "ALLOW_TOKEN_EXCHANGE_IMPERSONATION",
    "ALLOW_CLIENT_TOKEN_AUTH",  # not in the model's enum, but in the documentation of GetClientToken
)
URL_PATTERN = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+"
ARN_PATTERN = r"arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?"
WORDS_OF_TYPES = {
    str: "STRING_VALUE",
    bool: "TRUE_VALUE",
    int: "NUMBER_VALUE",
    list: "START_ARRAY",
    dict: "START_OBJECT",
}


class ApiError(Exception):
    """Be what an AWS service answers instead of a result; may also be planned as a fault."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Rule:
    """Pair one constraint with the words that Cognito has for it."""

    wording: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True)
class Scalar:
    """Describe a string, a number or a boolean."""

    kind: type
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Many:
    """Describe a list; only its length is judged as a list, and its items all together."""

    item: Scalar
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Group:
    """Describe a structure; unknown members of it are ignored, as everywhere in the JSON protocol."""

    members: Mapping[str, Shape]
    required: tuple[str, ...] = ()


type Shape = Scalar | Many | Group

FLAG = Scalar(bool)


def lengths(minimum: int, maximum: int) -> tuple[Rule, Rule]:
    """Bound a length in characters, not in bytes."""
    return (
        Rule(f"Member must have length less than or equal to {maximum}", lambda value: len(value) <= maximum),
        Rule(f"Member must have length greater than or equal to {minimum}", lambda value: len(value) >= minimum),
    )


def text(minimum: int, maximum: int, pattern: str = "") -> Scalar:
    """Describe a string; Java's patterns know Unicode categories, Python's do not."""
    matching = Rule(f"Member must satisfy regular expression pattern: {pattern}", lambda value: matches(pattern, value))
    return Scalar(str, (*lengths(minimum, maximum), matching) if pattern else lengths(minimum, maximum))


def matches(pattern: str, value: str) -> bool:
    r"""Match the whole value, as Java does: \w and \s are ASCII, \p{L} is a Unicode category."""
    categories = re.findall(r"\\p\{(\w)\}", pattern)
    if categories:
        return bool(value) and all(unicodedata.category(character)[0] in categories for character in value)
    return re.fullmatch(pattern, value, re.ASCII) is not None


def number(minimum: int, maximum: int) -> Scalar:
    """Describe an integer."""
    return Scalar(
        int,
        (
            Rule(f"Member must have value less than or equal to {maximum}", lambda value: value <= maximum),
            Rule(f"Member must have value greater than or equal to {minimum}", lambda value: value >= minimum),
        ),
    )


def choice(*values: str) -> Scalar:
    """Describe an enum."""
    wording = f"Member must satisfy enum value set: [{', '.join(values)}]"
    return Scalar(str, (Rule(wording, lambda value: value in values),))


POOL_ID = text(1, 55, r"[\w-]+_[0-9a-zA-Z]+")
CLIENT_ID = text(1, 128, r"[\w+]+")
CLIENT_SECRET = text(24, 64, r"[\w+]+")
URL = text(1, 1024, URL_PATTERN)
UNIT = choice("seconds", "minutes", "hours", "days")
PAGE_TOKEN = text(1, 131072, r"[\S]+")
POLICY_ID = text(1, 64, r"^[a-z0-9]+$")
POLICY: dict[str, Shape] = {
    "PolicyName": text(1, 32, r"[\p{L}\p{M}\p{S}\p{N}\p{P}\p{Z}]+"),
    "CacheDuration": number(86400, 31556952),
    "URLPatterns": Many(text(12, 256, r"^https://[!$-;=@-\[\]_a-z~]+$"), lengths(1, 5)),
}


def settings(auth_flows: Iterable[str]) -> dict[str, Shape]:
    """List what both Create and Update take."""
    return {
        "ClientName": text(1, 128, r"[\w\s+=,.@-]+"),
        "RefreshTokenValidity": number(0, 315360000),
        "AccessTokenValidity": number(1, 86400),
        "IdTokenValidity": number(1, 86400),
        "TokenValidityUnits": Group({"AccessToken": UNIT, "IdToken": UNIT, "RefreshToken": UNIT}),
        "ReadAttributes": Many(text(1, 2048)),
        "WriteAttributes": Many(text(1, 2048)),
        "ExplicitAuthFlows": Many(choice(*auth_flows)),
        "SupportedIdentityProviders": Many(text(1, 32, r"[\p{L}\p{M}\p{S}\p{N}\p{P}\p{Z}]+")),
        "CallbackURLs": Many(URL, lengths(0, 100)),
        "LogoutURLs": Many(URL, lengths(0, 100)),
        "DefaultRedirectURI": URL,
        "AllowedOAuthFlows": Many(choice("code", "implicit", "client_credentials"), lengths(0, 3)),
        "AllowedOAuthScopes": Many(text(1, 256, r"[\x21\x23-\x5B\x5D-\x7E]+"), lengths(0, 50)),
        "AllowedOAuthFlowsUserPoolClient": FLAG,
        "AnalyticsConfiguration": Group(
            {
                "ApplicationId": text(0, 131072, r"^[0-9a-fA-F]+$"),
                "ApplicationArn": text(20, 2048, ARN_PATTERN),
                "RoleArn": text(20, 2048, ARN_PATTERN),
                "ExternalId": text(0, 131072),
                "UserDataShared": FLAG,
            }
        ),
        "PreventUserExistenceErrors": choice("LEGACY", "ENABLED"),
        "EnableTokenRevocation": FLAG,
        "EnablePropagateAdditionalUserContextData": FLAG,
        "AuthSessionValidity": number(3, 15),
        "RefreshTokenRotation": Group(
            {"Feature": choice("ENABLED", "DISABLED"), "RetryGracePeriodSeconds": number(0, 60)}, ("Feature",)
        ),
    }


def operations(auth_flows: Iterable[str]) -> dict[str, Group]:
    """Give the input of each operation; a name that is not here is no operation of the fake."""
    pool: dict[str, Shape] = {"UserPoolId": POOL_ID}
    client = pool | {"ClientId": CLIENT_ID}
    policy = pool | {"CIMDPolicyId": POLICY_ID}
    both, publish = settings(auth_flows), {"PublishSecretsInAWSSecretsManager": FLAG}
    return {
        "CreateUserPoolClient": Group(
            pool | both | {"GenerateSecret": FLAG, "ClientSecret": CLIENT_SECRET} | publish,
            ("UserPoolId", "ClientName"),
        ),
        "DescribeUserPoolClient": Group(client, tuple(client)),
        "UpdateUserPoolClient": Group(client | both | publish, tuple(client)),
        "DeleteUserPoolClient": Group(client, tuple(client)),
        "DescribeUserPool": Group(pool, tuple(pool)),
        "ListUserPoolClients": Group(
            pool | {"MaxResults": number(1, 60), "NextToken": PAGE_TOKEN, "ClientType": choice("REGULAR", "DCR")},
            ("UserPoolId",),
        ),
        "AddUserPoolClientSecret": Group(client | {"ClientSecret": CLIENT_SECRET}, tuple(client)),
        "ListUserPoolClientSecrets": Group(client | {"NextToken": PAGE_TOKEN}, tuple(client)),
        "DeleteUserPoolClientSecret": Group(client | {"ClientSecretId": text(1, 128)}, (*client, "ClientSecretId")),
        "GetUserPoolClientSessionConfiguration": Group(client, tuple(client)),
        "SetUserPoolClientSessionConfiguration": Group(
            client | {"SSOSession": Group({"MaxValidityMinutes": number(0, 129600)}, ("MaxValidityMinutes",))},
            (*client, "SSOSession"),
        ),
        "CreateCIMDPolicy": Group(client | POLICY, (*client, "PolicyName", "URLPatterns")),
        "DescribeCIMDPolicy": Group(policy, tuple(policy)),
        "UpdateCIMDPolicy": Group(policy | client | POLICY, (*policy, "ClientId", "URLPatterns")),
        "DeleteCIMDPolicy": Group(policy, tuple(policy)),
        "ListCIMDPolicies": Group(pool | {"MaxResults": number(1, 60), "NextToken": PAGE_TOKEN}, ("UserPoolId",)),
    }


def check(params: Mapping[str, Any], shape: Group, code: str = "InvalidParameterException") -> None:
    """Refuse a request with all its violations in one answer, or for the first value of a wrong type.

    Other services have another code for the same sentences.
    """
    found = list(violations(params, shape, ""))
    if found:
        errors = "error" if len(found) == 1 else "errors"
        message = f"{len(found)} validation {errors} detected: {'; '.join(found)}"
        raise ApiError(code, message)


def violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Yield Cognito's sentence for each constraint that does not hold."""
    match shape:
        case Group():
            require_type(value, dict)
            yield from violations_of_members(value, shape, path)
        case Many():
            require_type(value, list)
            for item in value:
                require_type(item, shape.item.kind)
            yield from failures(as_java_prints(value), value, shape.rules, path)
            if any(not rule.holds(item) for item in value for rule in shape.item.rules):
                every = ", ".join(rule.wording for rule in shape.item.rules)
                yield sentence(as_java_prints(value), path, f"Member must satisfy constraint: [{every}]")
        case Scalar():
            require_type(value, shape.kind)
            yield from failures(str(value), value, shape.rules, path)


def violations_of_members(value: Mapping[str, Any], shape: Group, path: str) -> Iterator[str]:
    """Yield the sentences for a structure: JSON's null is the same as nothing."""
    for name, member in shape.members.items():
        inner = f"{path}.{camel(name)}" if path else camel(name)
        given = value.get(name)
        if given is not None:
            yield from violations(given, member, inner)
        elif name in shape.required:
            yield f"Value null at '{inner}' failed to satisfy constraint: Member must not be null"


def failures(quoted: str, value: object, rules: Iterable[Rule], path: str) -> Iterator[str]:
    """Yield one sentence for each rule that is broken."""
    return (sentence(quoted, path, rule.wording) for rule in rules if not rule.holds(value))


def sentence(quoted: str, path: str, wording: str) -> str:
    """Quote the value, as the real one does: this is how a client secret gets into a message."""
    return f"Value '{quoted}' at '{path}' failed to satisfy constraint: {wording}"


def require_type(value: object, kind: type) -> None:
    """Refuse JSON of another type, which no SDK sends."""
    if type(value) is not kind:
        got = WORDS_OF_TYPES.get(type(value), "NUMBER_VALUE")
        raise ApiError("SerializationException", f"{got} can not be converted to {kind.__name__}")


def camel(name: str) -> str:
    """Name a member as Cognito's messages do: CallbackURLs is callbackURLs."""
    return name[0].lower() + name[1:]


def as_java_prints(values: Iterable[object]) -> str:
    """Print a list as Java does, without quotes."""
    return f"[{', '.join(str(value) for value in values)}]"
