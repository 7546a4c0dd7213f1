"""What a request is carried out with."""

from collections.abc import Callable
from dataclasses import dataclass

from user_pool_client.custom_resource.invocation import Invocation, SingleResponse
from user_pool_client.custom_resource.request import Request
from user_pool_client.deadline import Deadline
from user_pool_client.domain.properties import Settings
from user_pool_client.operations.lease import Lease
from user_pool_client.operations.ports import AppClients, Secrets, Stacks
from user_pool_client.operations.turn import Turn


@dataclass(slots=True)
class Context:
    """One invocation and the services that it may call.

    `clients` gives access to Cognito as the settings say (RoleArn). `late` tells whether the request may have been
    delivered before: judged once, when it comes. `lease` keeps contributions away from the client meanwhile, where that
    is needed.
    """

    invocation: Invocation
    clients: Callable[[Settings], AppClients]
    stacks: Stacks
    secrets: Secrets
    turn: Turn
    late: bool = False
    lease: Lease | None = None

    @property
    def request(self) -> Request:
        """Return the request."""
        return self.invocation.request

    @property
    def deadline(self) -> Deadline:
        """Return when the request's time is up."""
        return self.invocation.deadline

    @property
    def response(self) -> SingleResponse:
        """Return the guard of the one response, which knows the physical ID that is true by now."""
        return self.invocation.response

    @property
    def decision(self) -> dict[str, object]:
        """Return what was decided, for the log."""
        return self.invocation.decision
