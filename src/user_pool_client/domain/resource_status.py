"""How a resource stands with CloudFormation, and whether a response is awaited."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from user_pool_client.domain.physical_id import is_client_id

# Cognito's, CloudFormation's and the function's clocks differ by far less; a client that a person made before the
# request is older by far more.
CLOCKS_APART = timedelta(seconds=10)

# Between these CloudFormation waits for an answer of the handler.
_AWAITED = {"Create": ("CREATE_IN_PROGRESS",), "Update": ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS")}
_ANSWERED = {"Create": ("CREATE_COMPLETE", "CREATE_IN_PROGRESS"), "Update": ("UPDATE_COMPLETE",)}


@dataclass(frozen=True, slots=True)
class ResourceStatus:
    """How a resource stands with CloudFormation: `status` is '' where the stack has none of this name (any more)."""

    status: str = ""
    physical_id: str = ""
    since: datetime | None = None

    # Why thirty seconds: docs/decisions/0025-only-requests-older-than-thirty-seconds-are-checked.md
    def awaits(self, request_type: str, signed_at: datetime | None) -> bool:
        """Tell whether a request that was signed then is the one whose answer is awaited.

        A resource that came into its state well after that is about a later request.
        """
        if self.status not in _AWAITED[request_type] or (request_type == "Create" and is_client_id(self.physical_id)):
            return False
        return self.since is None or signed_at is None or self.since <= signed_at + CLOCKS_APART * 3

    def answered(self, request_type: str) -> bool:
        """Tell whether a request of this kind was answered with SUCCESS: `physical_id` is the answer's."""
        return self.status in _ANSWERED[request_type] and bool(self.physical_id)

    def is_released(self) -> bool:
        """Tell whether the stack has let the resource go: deleted, or retained when it left the stack."""
        return self.status in ("", "DELETE_COMPLETE", "DELETE_SKIPPED")

    def is_in_progress(self) -> bool:
        """Tell whether a request is under way of which a client may come."""
        return any(self.status in statuses for statuses in _AWAITED.values())
