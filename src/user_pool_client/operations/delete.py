"""Delete: the app client goes, or is released."""

import contextlib

from user_pool_client.custom_resource.response import Outcome
from user_pool_client.domain.errors import ProviderError, Refused
from user_pool_client.domain.parsing import parse_previous
from user_pool_client.domain.physical_id import CREATE_FAILED, is_client_id
from user_pool_client.domain.properties import IMPORT_PROPERTIES, Settings
from user_pool_client.operations import secret_sync
from user_pool_client.operations.context import Context
from user_pool_client.operations.orphans import find_orphan
from user_pool_client.operations.ports import AppClients


def delete(ctx: Context) -> Outcome:
    """Delete the app client, unless it was imported. There being nothing to delete is a success, whatever is given."""
    applied = parse_previous(ctx.request.properties)
    pool_id: str = applied.get("UserPoolId", "")
    ctx.invocation.task = f"delete the app client {ctx.request.physical_id} of user pool {pool_id}"
    done = Outcome("SUCCESS", ctx.request.physical_id or CREATE_FAILED)
    imports = [name for name in IMPORT_PROPERTIES if name in applied]
    client_id = _client_id(ctx, applied, is_import=bool(imports)) if pool_id else None
    if client_id is not None:
        _restore_secret(ctx, applied, client_id)
    if imports:
        ctx.decision.update(decision="let go", because=f"{', '.join(imports)} is in the template")
    elif client_id is None:
        ctx.decision.setdefault("decision", "nothing to delete")
        ctx.decision.setdefault("because", "there never was a client of this id")
    elif ctx.clients(applied).delete(pool_id, client_id):
        ctx.decision.update(decision="deleted", because="CloudFormation asked for it")
    else:
        ctx.decision.update(decision="nothing to delete", because="it is gone already")
    return done


def _client_id(ctx: Context, applied: Settings, *, is_import: bool) -> str | None:
    """Return the ID of the resource's client, which a cancelled or lost Create has left unknown."""
    if is_client_id(ctx.request.physical_id):
        return ctx.request.physical_id
    return None if is_import else find_orphan(ctx, applied)


def _restore_secret(ctx: Context, applied: Settings, client_id: str) -> None:
    """Let AWSCURRENT name the previous client again; a client that is gone needs nothing."""
    if not applied.get("SecretId"):
        return
    clients = ctx.clients(applied)
    try:
        moved = secret_sync.restore_previous(ctx.secrets, clients, applied, client_id)
        ctx.decision.update(gave_back=moved)
    except ProviderError as error:
        if not _is_gone(clients, applied["UserPoolId"], client_id, error):
            raise


def _is_gone(clients: AppClients, pool_id: str, client_id: str, error: ProviderError) -> bool:
    """Tell whether an error need not keep a Delete from succeeding, because there is nothing to delete."""
    if not isinstance(error, Refused):
        return False  # the same may work later
    with contextlib.suppress(ProviderError):
        return clients.describe(pool_id, client_id) is None
    return False
