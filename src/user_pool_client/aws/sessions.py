"""Who calls Cognito, and where: boto3's clients for each Region and role."""

import contextlib
import math
import re
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from user_pool_client.aws.retry import TRY_LATER
from user_pool_client.deadline import Clock
from user_pool_client.domain.errors import NotFound, ProviderError, Refused, TryLater
from user_pool_client.domain.physical_id import stack_name

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

_ROLE = (
    "allow it in the parameter RoleArns of the stack behind the service token, and in the role's trust "
    "policy (with its ExternalId, if it asks for one), then deploy again."
)


# Retries are ours: botocore's would send CreateUserPoolClient again after a read timeout.
_ONCE: Any = {"total_max_attempts": 1}


_CONFIG = Config(connect_timeout=5, read_timeout=10, retries=_ONCE)


# For calls that begin when little time is left. A call that hangs must end before Lambda ends the process.
# docs/decisions/0027-calls-get-shorter-timeouts-when-time-runs-out.md
_SHORT_CONFIG = Config(connect_timeout=1, read_timeout=3, retries=_ONCE)


_STS_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})


# Longer than any request takes, so that credentials do not end in the middle of one (seconds).
_RENEW_BEFORE = 900.0


_LONGEST_SESSION_NAME = 64


_SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class Role:
    """A role to assume for a user pool of another account; `session` names who does, in that account's CloudTrail."""

    arn: str
    external_id: str | None = None
    session: str = field(default="user-pool-client", compare=False)


def session_name(stack_id: str, logical_resource_id: str) -> str:
    """Return a RoleSessionName made of stack and resource, within STS's rules: 2 to 64 letters, digits, _+=,.@-."""
    stack, resource = stack_name(stack_id), logical_resource_id[: _LONGEST_SESSION_NAME // 2]
    name = f"{stack[: _LONGEST_SESSION_NAME - len(resource) - 1]}-{resource}"
    return re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", name)


# docs/decisions/0016-boto3-clients-are-cached-for-each-role-and-region.md
class ClientCache:
    """boto3's clients, one for each Region and role, kept while the function is warm."""

    def __init__(self, home: str, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self._clients: dict[tuple[str, Role | None, bool], tuple[CognitoIdentityProviderClient, float]] = {}

    def prepare(self) -> None:
        """Make the client for the own Region before it is needed; what keeps it from being made is told when it is."""
        with contextlib.suppress(BotoCoreError, ValueError):
            self.client(self._home)

    def client(
        self, pool_id: str, role: Role | None = None, *, short_timeout: bool = False
    ) -> "CognitoIdentityProviderClient":
        """Return the client for the Region in a user pool's id; a `hurried` one gives up on an answer sooner.

        Raises NotFound if there is no such Region, and Refused or Unavailable if the role cannot be assumed.
        """
        region = pool_id.partition("_")[0]
        client, expires = self._clients.get((region, role, short_timeout), (None, 0.0))
        if client is None or expires < self._clock.wall():
            if region != self._home:
                _check_exists(region, pool_id)
            config = _SHORT_CONFIG if short_timeout else _CONFIG
            if role is None:
                client, expires = boto3.client("cognito-idp", region_name=region, config=config), math.inf
            else:
                session, expires = self._assume(role)
                client = session.client("cognito-idp", region_name=region, config=config)
            self._clients[region, role, short_timeout] = client, expires
        return client

    def _assume(self, role: Role) -> tuple[boto3.Session, float]:
        """Return a session of the role and when to renew it, in seconds since 1970."""
        sts = boto3.client("sts", region_name=self._home or None, config=_STS_CONFIG)
        parameters: dict[str, Any] = {"RoleArn": role.arn, "RoleSessionName": role.session}
        if role.external_id is not None:
            parameters["ExternalId"] = role.external_id
        try:
            answer = sts.assume_role(**parameters)
        except ClientError as error:
            details = error.response.get("Error", {})
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            transient = "Throttl" in str(details.get("Code")) or status >= _SERVER_ERRORS
            kind: type[ProviderError] = TryLater if transient else Refused
            why = f"RoleArn {role.arn} could not be assumed: {details.get('Code')}: {details.get('Message')}"
            refused = kind(why.rstrip(": .") + ".", TRY_LATER if transient else _ROLE)
        except (BotoCoreError, ResponseParserError) as error:
            refused = TryLater(f"RoleArn {role.arn} could not be assumed: {type(error).__name__}.", TRY_LATER)
        else:
            given = answer["Credentials"]
            session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
            return session, given["Expiration"].timestamp() - _RENEW_BEFORE
        raise refused


def _check_exists(region: str, pool_id: str) -> None:
    """Refuse a Region at once that would only be a host name to look for in vain until the deadline."""
    session = boto3.Session()
    partitions = session.get_available_partitions()
    if any(region in session.get_available_regions("cognito-idp", partition) for partition in partitions):
        return
    try:  # the Region may be newer than the packed botocore
        socket.getaddrinfo(f"cognito-idp.{region}.amazonaws.com", 443)
    except (OSError, UnicodeError):
        unknown = NotFound(
            f'UserPoolId "{pool_id}" names the Region "{region}", which does not exist or has no Cognito user pools.',
            "correct UserPoolId; the part before the underscore is the Region.",
        )
    else:
        return
    raise unknown
