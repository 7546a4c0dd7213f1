"""Delete: the app client goes, or is released."""

from user_pool_client.custom_resource.response import Outcome
from user_pool_client.domain.errors import ProviderError, Refused, TryLater
from user_pool_client.domain.journal import Change, Ownership, Record
from user_pool_client.domain.parsing import parse_previous
from user_pool_client.domain.physical_id import CREATE_FAILED, is_client_id
from user_pool_client.domain.properties import IMPORT_PROPERTIES, Settings
from user_pool_client.log import logger
from user_pool_client.operations import cimd_policy, orphans, ownership, rollback, secret_sync
from user_pool_client.operations.context import Context
from user_pool_client.operations.turn import Overtaken, RespondedBefore, StillAtWork


def delete(ctx: Context) -> Outcome:
    """Delete the app client, unless it was imported. There being nothing to delete is a success, whatever is given."""
    applied = parse_previous(ctx.request.properties)
    pool_id: str = applied.get("UserPoolId", "")
    ctx.invocation.task = f"delete the app client {ctx.request.physical_id} of user pool {pool_id}"
    try:
        record = _begin(ctx)
    except RespondedBefore as before:
        ctx.decision.update(decision="answer as before", because="another delivery of the request was carried out")
        return before.outcome
    client_id = _client_id(ctx, applied, record) if pool_id else None
    if client_id is None:
        ctx.decision.setdefault("decision", "nothing to delete")
        ctx.decision.setdefault("because", "there never was a client of this id")
    elif reason := _reason_to_release(ctx, applied, client_id, record):
        _release(ctx, applied, client_id, record)
        ctx.decision.update(decision="let go", because=reason)
    else:
        secret_sync.restore_secret(ctx, applied, client_id)
        _delete(ctx, applied, client_id)
    ctx.turn.owned = _taken_up_again(ctx, record, client_id)
    ctx.turn.deleted = ctx.turn.owned is None and (record is None or record.client_id in ("", client_id))
    if client_id is not None and ctx.turn.released is None:
        ctx.turn.released = pool_id, client_id
    return Outcome("SUCCESS", ctx.request.physical_id or CREATE_FAILED)


def _taken_up_again(ctx: Context, record: Record | None, client_id: str | None) -> Ownership | None:
    """Return the former client where a replacement was rolled back, and only its new client is deleted."""
    change = record.change if record is not None else None
    if record is None or change is None or client_id is None or record.client_id != client_id:
        return None
    if not is_client_id(change.previous_id) or change.previous_id == client_id:
        return None
    owner = _owner(ctx, change.pool_id, change.previous_id)
    return owner if owner is not None and owner.resource == ctx.turn.resource else None


def _begin(ctx: Context) -> Record | None:
    """Begin, and return what the journal has of the resource. A Delete goes on without a journal."""
    try:
        while ctx.turn.take(None):
            pass
    except (Overtaken, StillAtWork):
        raise
    except ProviderError as error:
        logger.warning("The journal was not written", extra={"because": error.why})
        return None
    return ctx.turn.previous


def _client_id(ctx: Context, applied: Settings, record: Record | None) -> str | None:
    """Return the ID of the resource's client; None for none.

    A Create that was cancelled, or did not know what became of its call, has left it to the journal.
    """
    if is_client_id(ctx.request.physical_id):
        return ctx.request.physical_id
    if record is None or record.change is None:
        imports = any(name in applied for name in IMPORT_PROPERTIES)
        return None if imports else orphans.find_orphan(ctx, applied)
    if record.change.imported and record.change.client_id:
        ctx.decision.update(found=record.change.client_id)
        return record.change.client_id
    return orphans.find_noted(ctx, applied, record, record.change)


def _reason_to_release(ctx: Context, applied: Settings, client_id: str, record: Record | None) -> str:
    """Return why the client must stay; '' if it is to be deleted."""
    imports = [name for name in IMPORT_PROPERTIES if name in applied]
    if imports:
        return f"{', '.join(imports)} is in the template"
    change = record.change if record is not None else None
    if change is not None and _has_imported(change, client_id):
        return "the client was imported"
    owner = _owner(ctx, applied["UserPoolId"], client_id)
    if owner is not None and owner.resource != ctx.turn.resource:
        return f"another resource has the client by now: {owner.resource}"
    if owner is not None:
        return "the client was imported" if owner.imported else ""
    # One that was searched for is known to be in no stack.
    is_allowed = applied.get(ownership.ALLOW_CLIENT) or client_id != ctx.request.physical_id
    other = "" if is_allowed else _other_stack(ctx, applied, client_id)
    return f"another stack has the client: {other}" if other else ""


def _other_stack(ctx: Context, applied: Settings, client_id: str) -> str:
    """Ask whether another stack has a client that the journal does not know. What may not be asked stops no Delete.

    What cannot be asked now does, unless the client is gone.
    """
    try:
        return ownership.unnoted_stack_of(ctx, client_id)
    except Refused as error:
        ctx.decision.update(not_asked=error.why)
    except TryLater:
        if ctx.clients(applied).describe(applied["UserPoolId"], client_id) is not None:
            raise
    return ""


def _owner(ctx: Context, pool_id: str, client_id: str) -> Ownership | None:
    try:
        return ctx.turn.journal.owner(pool_id, client_id)
    except ProviderError as error:
        logger.warning("The journal was not read", extra={"because": error.why})
        return None


def _release(ctx: Context, applied: Settings, client_id: str, record: Record | None) -> None:
    """Give an imported client back: as it was, where the operation that imported it has failed; else as it is.

    Nothing that cannot be done keeps the Delete from succeeding.
    """
    change = record.change if record is not None else None
    if change is None or not _has_imported(change, client_id) or not rollback.takes_back(ctx):
        return
    ctx.turn.release(change)
    secret_sync.restore_import(ctx, change)
    try:
        rollback.undo_import(ctx, applied, change)
    except ProviderError as error:
        logger.warning("Not restored", extra={"client_id": client_id, "because": error.why})


def _has_imported(change: Change, client_id: str) -> bool:
    return change.imported and change.client_id == client_id != change.previous_id


def _delete(ctx: Context, applied: Settings, client_id: str) -> None:
    cimd_policy.delete_policies(ctx, ctx.clients(applied), applied, client_id)
    if ctx.clients(applied).delete(applied["UserPoolId"], client_id):
        ctx.decision.update(decision="deleted", because="CloudFormation asked for it")
    else:
        ctx.decision.update(decision="nothing to delete", because="it is gone already")
