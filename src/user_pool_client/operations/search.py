"""The search for a client whose creation was never confirmed."""

from collections.abc import Sequence
from datetime import UTC, datetime

from user_pool_client.custom_resource.request import Request
from user_pool_client.domain.app_client import AppClient, ClientSummary
from user_pool_client.domain.errors import Refused, TryLater
from user_pool_client.domain.fingerprint import Fingerprint
from user_pool_client.domain.properties import Settings
from user_pool_client.operations.context import Context
from user_pool_client.operations.name_search import format_clients
from user_pool_client.operations.ports import AppClients

# A client that was just made may take a moment to be listed (seconds). A Delete looks for longer than a Create may take
# that does not ask whether it is still awaited, so one of the two always knows of the other.
_LOOK_AGAIN_AFTER = (2.0, 5.0)


def search(ctx: Context, clients: AppClients, wanted: Fingerprint) -> list[AppClient]:
    """Return the clients that it could be; look a few times before saying that there is none."""
    found = matches(ctx, clients, wanted)
    for pause in _LOOK_AGAIN_AFTER:
        if found:
            break
        if pause >= ctx.deadline.work_left():
            raise TryLater("There was no time left to look for the client.", "deploy again in a few minutes.")
        ctx.deadline.clock.sleep(pause)
        found = matches(ctx, clients, wanted)
    return found


def matches(ctx: Context, clients: AppClients, wanted: Fingerprint) -> list[AppClient]:
    """Return the clients that fit and are no other resource's. CloudFormation is asked only where one fits."""
    named = [each.client_id for each in clients.list_clients(wanted.pool_id) if each.name == wanted.name]
    seen = [clients.describe(wanted.pool_id, client_id) for client_id in named if client_id != wanted.besides]
    fitting = [client for client in seen if client is not None and wanted.fits(client)]
    return [client for client in fitting if _is_free(ctx, client.client_id)]


def _is_free(ctx: Context, client_id: str) -> bool:
    """Tell whether no stack has a client, or only the very resource whose request is delivered once more."""
    stack_id = ctx.stacks.stack_of(client_id)
    if stack_id is None:
        return True
    if stack_id != ctx.request.stack_id or not ctx.turn.is_repeated:
        return False
    return ctx.stacks.resource_status(stack_id, ctx.request.logical_resource_id).physical_id == client_id


def single(found: Sequence[AppClient], wanted: Fingerprint, *, shared: bool) -> AppClient | None:
    """Return the one client that was found, None for none; of several nobody could tell which it is.

    Nor of one, where a stack that cannot be asked about may have a client like it (`shared`).
    """
    names = format_clients([ClientSummary(client.client_id, wanted.name) for client in found])
    remedy = "delete those that nobody uses, or adopt the right one with ImportId; then deploy again."
    if len(found) > 1:
        could_be = f"{len(found)} app clients of user pool {wanted.pool_id} could be the one that was made"
        raise AmbiguousMatch(f"{could_be}: {names}.", remedy)
    if found and shared:
        could_be = f"The app client {names} of user pool {wanted.pool_id} could be the one that was made"
        raise AmbiguousMatch(
            f"{could_be}, or that of a stack in another Region or account, which cannot be asked.", remedy
        )
    return found[0] if found else None


def is_shared(request: Request, settings: Settings) -> bool:
    """Tell whether stacks of another Region or account may have a client of this name in the same user pool.

    CloudFormation is asked in the function's own Region and account only. A derived name is nobody else's.
    """
    stacks_region, pools_region = request.stack_id.split(":")[3:4], settings["UserPoolId"].partition("_")[0]
    return "ClientName" in settings and ("RoleArn" in settings or stacks_region != [pools_region])


class AmbiguousMatch(Refused):
    """More than one client could be the one that was made, or it could be somebody else's."""


def signed_at(ctx: Context) -> datetime:
    """Return when the request was signed; where it does not say, it is taken for new."""
    return ctx.request.signed_at or datetime.fromtimestamp(ctx.deadline.clock.wall(), UTC)
