"""What a request is carried out with: who is asked, how much time there is, and who is told what became of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from user_pool_client import keeping
from user_pool_client.deadline import Deadline
from user_pool_client.finding import Standing
from user_pool_client.names import Named
from user_pool_client.plan import Observed
from user_pool_client.settings import Settings


class AppClients(keeping.Calls, Protocol):
    """What the life of an app client needs of Cognito. Every call raises ProviderError when it does not work."""

    def create(self, settings: Settings) -> Observed:
        """Make a client; raise OutcomeUnknown where one may have been made."""

    def named(self, pool_id: str) -> list[Named]:
        """Return the id and the name of every client of the pool."""

    def update(self, pool_id: str, client_id: str, settings: Settings) -> Observed:
        """Replace the client's whole configuration."""

    def session_minutes(self, pool_id: str, client_id: str) -> int:
        """Return SSOSession's MaxValidityMinutes."""

    def set_session_minutes(self, pool_id: str, client_id: str, minutes: int) -> None:
        """Set SSOSession's MaxValidityMinutes."""

    def delete(self, pool_id: str, client_id: str, *, even_late: bool = False) -> bool:
        """Delete the client; return False if there was none."""


class Stacks(Protocol):
    """What is asked of CloudFormation. Every call raises ProviderError when it does not work."""

    def owner(self, physical_id: str) -> str | None:
        """Return the id of the stack that has a resource of this physical id, or None."""

    def standing(self, stack_id: str, logical_id: str, *, within: float = math.inf) -> Standing:
        """Return how a resource stands; give up after so many seconds."""

    def operation_began(self, stack_id: str) -> datetime | None:
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


@dataclass(slots=True)
class Work:
    """What a request works with, and what it tells on the way.

    `clients` gives access to Cognito as the settings say (RoleArn). `decided` collects what was decided, for the log.
    """

    clients: Callable[[Settings], AppClients]
    stacks: Stacks
    store: keeping.Store
    progress: Progress
    deadline: Deadline
    decided: dict[str, object] = field(default_factory=dict)
    late: bool = False
    """Whether the request may have been delivered before: judged once, when it comes."""
