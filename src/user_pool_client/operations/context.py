"""What a request is carried out with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from user_pool_client.custom_resource.response import Outcome
from user_pool_client.deadline import Deadline
from user_pool_client.domain.errors import ProviderError
from user_pool_client.domain.properties import Settings
from user_pool_client.operations import ports
from user_pool_client.operations.ports import AppClients, Progress, Stacks


@dataclass(slots=True)
class Work:
    """What a request works with, and what it tells on the way.

    `clients` gives access to Cognito as the settings say (RoleArn). `decided` collects what was decided, for the log.
    """

    clients: Callable[[Settings], AppClients]
    stacks: Stacks
    store: ports.Store
    progress: Progress
    deadline: Deadline
    decided: dict[str, object] = field(default_factory=dict)
    late: bool = False
    """Whether the request may have been delivered before: judged once, when it comes."""


def _failed(work: Work, what: str, error: ProviderError) -> Outcome:
    return Outcome("FAILED", work.progress.physical_id, f"Could not {what}: {error}")
