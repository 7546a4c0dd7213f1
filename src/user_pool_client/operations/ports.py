"""What a request is carried out with: who is asked, how much time there is, and who is told what became of it."""

import math
from datetime import datetime
from typing import Protocol

from user_pool_client.domain.app_client import AppClient, ClientSecretRef, ClientSummary
from user_pool_client.domain.credentials import CURRENT, Credentials, Version
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.resource_status import ResourceStatus
from user_pool_client.domain.sensitive import Sensitive


class SecretCalls(Protocol):
    """What is needed of Cognito. Every call raises ProviderError when it does not work."""

    def describe(self, pool_id: str, client_id: str) -> AppClient | None:
        """Return the client, or None if there is none."""

    def list_secrets(self, pool_id: str, client_id: str) -> list[ClientSecretRef]:
        """Return the client's secrets, without their values."""

    def add_secret(self, pool_id: str, client_id: str, value: Sensitive | None = None) -> tuple[str, Sensitive]:
        """Add a secret, of Cognito's making unless one is given; return its id and value."""

    def delete_secret(self, pool_id: str, client_id: str, secret_id: str) -> None:
        """Delete one of the secrets."""


class Store(Protocol):
    """What is needed of Secrets Manager. Every call raises ProviderError when it does not work."""

    def version(self, secret_id: str, stage: str, version_id: str | None = None) -> Version | None:
        """Return the version with this stage, or None."""

    def put(self, secret_id: str, credentials: Credentials, *, token: str, stage: str = CURRENT) -> Version:
        """Keep the credentials as a version of their own."""

    def make_current(self, secret_id: str, version_id: str, *, instead_of: str) -> None:
        """Move AWSCURRENT from one version to another."""

    def mark(self, secret_id: str, version_id: str, stage: str) -> None:
        """Give a stage of our own to a version; another one that has it loses it."""


class Calls(SecretCalls, Protocol):
    """What is needed of Cognito."""

    def token_endpoint(self, pool_id: str) -> str:
        """Return the URL of the pool's token endpoint, '' for a pool without a domain."""


class AppClients(Calls, Protocol):
    """What the life of an app client needs of Cognito. Every call raises ProviderError when it does not work."""

    def create(self, settings: Settings) -> AppClient:
        """Make a client; raise OutcomeUnknown where one may have been made."""

    def list_clients(self, pool_id: str) -> list[ClientSummary]:
        """Return the id and the name of every client of the pool."""

    def update(self, pool_id: str, client_id: str, settings: Settings) -> AppClient:
        """Replace the client's whole configuration."""

    def session_minutes(self, pool_id: str, client_id: str) -> int:
        """Return SSOSession's MaxValidityMinutes."""

    def set_session_minutes(self, pool_id: str, client_id: str, minutes: int) -> None:
        """Set SSOSession's MaxValidityMinutes."""

    def delete(self, pool_id: str, client_id: str, *, after_deadline: bool = False) -> bool:
        """Delete the client; return False if there was none."""


class Stacks(Protocol):
    """What is asked of CloudFormation. Every call raises ProviderError when it does not work."""

    def stack_of(self, physical_id: str) -> str | None:
        """Return the id of the stack that has a resource of this physical id, or None."""

    def standing(self, stack_id: str, logical_id: str, *, within: float = math.inf) -> ResourceStatus:
        """Return how a resource stands; give up after so many seconds."""

    def operation_started_at(self, stack_id: str) -> datetime | None:
        """Return when the stack's present operation began, or None if there is no such stack."""


class Progress(Protocol):
    """Which id is true by now."""

    physical_id: str

    def is_over(self) -> bool:
        """Tell whether the request has been answered already: what is done now, nobody hears of."""

    def unsure(self) -> None:
        """Note that there may be a client whose id nobody knows: an answer without an id says so from now on."""

    def made(self, client_id: str) -> bool:
        """Note that this client is the resource's now. False if the request has been answered already."""

    def nothing_made(self) -> None:
        """Note that there is surely no new client, or no longer."""
