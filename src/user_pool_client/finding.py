"""Which client is the one that was made, and whether anybody still waits for it. Decided from what others have told."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta

from user_pool_client.plan import Observed, holds
from user_pool_client.response import is_client_id
from user_pool_client.rules import secret_wanted
from user_pool_client.settings import Settings

# Cognito's, CloudFormation's and the function's clocks differ by far less; a client that a person made before the
# request is older by far more.
CLOCKS_APART = timedelta(seconds=10)

# Between these CloudFormation waits for an answer of the handler.
_AWAITED = {"Create": ("CREATE_IN_PROGRESS",), "Update": ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS")}
_ANSWERED = {"Create": ("CREATE_COMPLETE", "CREATE_IN_PROGRESS"), "Update": ("UPDATE_COMPLETE",)}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a resource stands with CloudFormation: `status` is '' where the stack has none of this name (any more)."""

    status: str = ""
    physical_id: str = ""
    since: datetime | None = None

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

    def is_being_made(self) -> bool:
        """Tell whether a request is under way of which a client may come."""
        return any(self.status in statuses for statuses in _AWAITED.values())


@dataclass(frozen=True, slots=True)
class Sought:
    """What is known of a client whose making nobody has told us the end of.

    `settings` are those that it was made with; None where the name alone is proof, being derived from the ids of stack
    and resource. `has_secret` is None where that cannot be known. `besides` is a client that it is not.
    """

    pool_id: str
    name: str
    since: datetime
    settings: Settings | None = None
    has_secret: bool | None = None
    besides: str = ""

    def fits(self, client: Observed) -> bool:
        """Tell whether a client of this name could be it."""
        if client.created is None or client.created < self.since:
            return False
        if self.settings is None:
            return True
        if self.has_secret is not None and bool(client.has_secret) != self.has_secret:
            return False
        return holds(self.settings, client)


def sought(settings: Settings, *, since: datetime, besides: str, any_secret: bool = False) -> Sought:
    """Describe the client that CreateUserPoolClient makes of these settings, `since` then by any clock.

    `any_secret` where it may have been made with a secret of one's own that the settings do not tell.
    """
    has_secret = None if any_secret else bool(secret_wanted(settings))
    plain = {name: value for name, value in settings.items() if name != "GenerateSecret"}
    return Sought(settings["UserPoolId"], settings["ClientName"], since - CLOCKS_APART, plain, has_secret, besides)


def by_name(wanted: Sought) -> Sought:
    """Leave the settings out of it: the name is proof."""
    return dataclasses.replace(wanted, settings=None, has_secret=None)


def is_invented(physical_id: str, stack_name: str, logical_id: str) -> bool:
    """Tell an id that CloudFormation makes up, `<stack>-<logical id>-<random>`, either of them perhaps cut short."""
    stack, _, rest = physical_id.rpartition("-")[0].rpartition("-")
    random = physical_id.rpartition("-")[2]
    return bool(stack and rest) and random.isalnum() and stack_name.startswith(stack) and logical_id.startswith(rest)
