"""Who calls AWS, and where: boto3's clients for each service, Region and role, and the credentials of roles."""

import contextlib
import re
import socket
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from user_pool_client.aws.unknown_members import keep_unknown_members
from user_pool_client.deadline import Clock
from user_pool_client.domain.physical_id import stack_name
from user_pool_client.domain.sensitive import Sensitive

# Retries are ours: botocore's would send CreateUserPoolClient again after a read timeout, and look at no deadline.
_ONCE: Any = {"total_max_attempts": 1}
_CONFIG = Config(connect_timeout=5, read_timeout=10, retries=_ONCE)

# For calls that begin when little time is left. A call that hangs must end before Lambda ends the process.
# docs/decisions/0027-calls-get-shorter-timeouts-when-time-runs-out.md
_SHORT_CONFIG = Config(connect_timeout=1, read_timeout=3, retries=_ONCE)
_LONGEST_SESSION_NAME = 64


@dataclass(frozen=True, slots=True)
class Role:
    """A role to assume for a user pool of another account; `session` names who does, in that account's CloudTrail.

    Its credentials are good for no more than the `operations` of Cognito on one pool: whatever else the role may do.
    """

    arn: str
    external_id: str | None = None
    session: str = field(default="user-pool-client", compare=False)
    pool_id: str = ""
    operations: frozenset[str] = frozenset()


def session_name(stack_id: str, logical_resource_id: str) -> str:
    """Return a RoleSessionName made of stack and resource, within STS's rules: 2 to 64 letters, digits, _+=,.@-."""
    stack, resource = stack_name(stack_id), logical_resource_id[: _LONGEST_SESSION_NAME // 2]
    name = f"{stack[: _LONGEST_SESSION_NAME - len(resource) - 1]}-{resource}"
    return re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", name)


@dataclass(frozen=True, slots=True)
class RoleCredentials:
    """The credentials of a role that was assumed; `renew_at` is in seconds since 1970."""

    role: Role
    access_key_id: str
    secret_access_key: Sensitive
    session_token: Sensitive
    renew_at: float


# docs/decisions/0016-boto3-clients-are-cached-for-each-role-and-region.md
class ClientCache:
    """boto3's clients and the credentials of roles, kept while the function is warm.

    Credentials are kept apart from clients: all clients of a role share them. Region '' is wherever boto3 finds itself.
    """

    def __init__(self, home: str, clock: Clock) -> None:
        self.home = home
        self._clock = clock
        self._regions: set[tuple[str, str]] = set()
        self._credentials: dict[Role, RoleCredentials] = {}
        self._clients: dict[tuple[str, str, Role | None, bool], tuple[BaseClient, RoleCredentials | None]] = {}

    def prepare(self) -> None:
        """Make Cognito's client for the own Region before it is needed; an error is reported when it is."""
        with contextlib.suppress(BotoCoreError, ValueError):
            self.client("cognito-idp", self.home)

    def client(
        self, service: str, region: str, credentials: RoleCredentials | None = None, *, short_timeout: bool = False
    ) -> BaseClient:
        """Return the service's client for a Region, with the function's own credentials unless others are given.

        One with a short timeout gives up on an answer sooner.
        """
        key = service, region, credentials.role if credentials else None, short_timeout
        client, made_with = self._clients.get(key, (None, None))
        if client is None or made_with is not credentials:
            client = _new_client(service, region, credentials, _SHORT_CONFIG if short_timeout else _CONFIG)
            self._clients[key] = client, credentials
        return client

    def credentials(self, role: Role) -> RoleCredentials | None:
        """Return the credentials of a role, or None if there are none yet or they must be renewed."""
        kept = self._credentials.get(role)
        return kept if kept is not None and kept.renew_at >= self._clock.wall() else None

    def store_credentials(self, credentials: RoleCredentials) -> None:
        """Let the clients of the role be made with these credentials from now on."""
        self._credentials[credentials.role] = credentials

    def is_region(self, service: str, region: str) -> bool:
        """Tell whether a service is in a Region: else its host name would be looked for in vain until the deadline."""
        if region == self.home or (service, region) in self._regions:
            return True
        exists = _is_known(service, region) or _resolves(f"{service}.{region}.amazonaws.com")
        if exists:
            self._regions.add((service, region))
        return exists


def _new_client(service: str, region: str, credentials: RoleCredentials | None, config: Config) -> BaseClient:
    """Make a client of the one session that boto3 has: a session for each role takes thirty times as long."""
    options: dict[str, Any] = {"region_name": region or None, "config": config}
    if credentials is not None:
        options["aws_access_key_id"] = credentials.access_key_id
        options["aws_secret_access_key"] = credentials.secret_access_key.reveal()
        options["aws_session_token"] = credentials.session_token.reveal()
    new: Any = boto3.client
    client: BaseClient = new(service, **options)
    if service == "cognito-idp":
        keep_unknown_members(client)
    return client


def _is_known(service: str, region: str) -> bool:
    if boto3.DEFAULT_SESSION is None:
        boto3.setup_default_session()
    session: Any = boto3.DEFAULT_SESSION
    partitions = session.get_available_partitions()
    return any(region in session.get_available_regions(service, partition) for partition in partitions)


def _resolves(host: str) -> bool:
    """Tell whether a name can be found: a Region may be newer than the packed botocore."""
    try:
        socket.getaddrinfo(host, 443)
    except (OSError, UnicodeError):
        return False
    return True
