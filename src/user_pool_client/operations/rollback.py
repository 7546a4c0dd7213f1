"""A rollback: undo exactly what the failed update changed, whoever had set it before.

It is never refused here: what was on the client before the update is valid. What cannot be restored stays, and is
logged, because a rollback that fails leaves the whole stack stuck.
"""

import dataclasses

from user_pool_client.custom_resource.response import Outcome
from user_pool_client.domain import plan, undo
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.attributes import attributes
from user_pool_client.domain.cimd_policy import wanted, with_policy
from user_pool_client.domain.errors import ProviderError, Refused, TryLater
from user_pool_client.domain.journal import Change, Record, digest
from user_pool_client.domain.parsing import parse_previous
from user_pool_client.domain.physical_id import is_client_id
from user_pool_client.domain.properties import Settings
from user_pool_client.log import logger
from user_pool_client.operations import cimd_policy, contributed, orphans, secret_sync
from user_pool_client.operations.context import Context
from user_pool_client.operations.observe import observe, with_known_secret
from user_pool_client.operations.ports import AppClients
from user_pool_client.operations.turn import Overtaken

_ROLLING_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
# A Delete in these states takes back what an operation that failed has added.
_TAKING_BACK = frozenset({_ROLLING_BACK, "ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"})
CONTINUE = "continue the rollback in a few minutes (aws cloudformation continue-update-rollback)."


def is_under_way(ctx: Context) -> bool:
    """Tell whether an update belongs to a rollback of its stack.

    CloudFormation says so; where it cannot be asked, an update that exchanges the property sets of the last one does.
    """
    if ctx.request.request_type != "Update":
        return False
    try:
        return ctx.stacks.stack_status(ctx.request.stack_id) == _ROLLING_BACK
    except ProviderError as error:
        ctx.decision.update(not_asked=error.why)
    return may_undo(ctx)


def may_undo(ctx: Context) -> bool:
    """Tell whether an update exchanges the property sets of the last one that changed something."""
    record = ctx.turn.record()
    change = record.change if record is not None else None
    return change is not None and _is_of(change, ctx) and change.applied == digest(ctx.request.properties)


def takes_back(ctx: Context) -> bool:
    """Tell whether a Delete takes back what a failed operation of the stack has added; no, where nobody knows."""
    try:
        return ctx.stacks.stack_status(ctx.request.stack_id) in _TAKING_BACK
    except ProviderError as error:
        ctx.decision.update(not_asked=error.why)
        return False


def restore(ctx: Context) -> Outcome | None:
    """Undo the failed update, and return the outcome; None if the stack's own client is gone: a new one is needed.

    `desired` is the template that the stack goes back to, `applied` the one that failed.
    """
    request = ctx.request
    desired, applied = parse_previous(request.properties), parse_previous(request.old_properties)
    ctx.invocation.task = f"roll back the app client {request.physical_id}"
    ctx.decision.update(decision="restore", because="the stack is rolling back")
    try:
        record = _begin(ctx)
        change = record.change if record is not None else None
        if record is None or change is None:
            ctx.decision.update(journal="knows nothing of the failed update")
            return _restore_what_is_sure(ctx, desired, applied)
        if not _is_of(change, ctx) or _is_of_an_earlier_operation(ctx, change, record):
            ctx.decision.update(journal="the failed update changed nothing")
            return _restored(ctx, desired, request.physical_id, None)
        outcome = _undo(ctx, desired, applied, change, record)
        if outcome is not None:
            _forget(ctx, change)
    except Overtaken:
        raise
    except Refused as error:
        return let_through(ctx, error)
    except TryLater as error:
        busy = TryLater(error.why, CONTINUE)
    else:
        return outcome
    raise busy


def let_through(ctx: Context, error: ProviderError) -> Outcome:
    """Succeed although nothing can be restored: a rollback that fails for good would help nobody."""
    applied, client_id = parse_previous(ctx.request.properties), ctx.request.physical_id
    ctx.turn.applied = applied
    ctx.decision.update(because=error.why)
    logger.warning("Nothing to restore", extra={"client_id": client_id, "because": error.why})
    data = attributes(AppClient(applied.get("UserPoolId") or "", client_id, {}))
    return Outcome("SUCCESS", client_id, data=data)


def _forget(ctx: Context, change: Change) -> None:
    """Let the journal know that a change was undone, so that no later rollback undoes it again.

    A second attempt at the same update has the same property sets; it may change nothing, or never be delivered.
    """
    ctx.turn.planned = dataclasses.replace(
        change, desired="", before={}, after={}, minutes_before=None, policy_after=None
    )


def undo_import(ctx: Context, applied: Settings, change: Change) -> None:
    """Give back a client that a failed operation has imported as it was."""
    clients = ctx.clients(applied)
    client = clients.describe(change.pool_id, change.client_id)
    if client is not None:
        _undo_settings(ctx, clients, client, change)
        _undo_session(ctx, clients, client, change)
        cimd_policy.undo_policy(ctx, clients, client, change)


def _begin(ctx: Context) -> Record | None:
    """Begin, and return what the journal has; a rollback goes on with one that can only be read, and without one."""
    try:
        ctx.turn.observing()
        while ctx.turn.take(None):
            pass
    except (Overtaken, TryLater):
        raise
    except ProviderError as error:
        logger.warning("The journal was not written", extra={"because": error.why})
        return ctx.turn.record()
    return ctx.turn.previous


def _is_of(change: Change, ctx: Context) -> bool:
    """Tell whether a change is the one of the update that this request would roll back."""
    return change.request_type == "Update" and change.desired == digest(ctx.request.old_properties)


def _is_of_an_earlier_operation(ctx: Context, change: Change, record: Record) -> bool:
    """Tell whether this is no rollback, but the cancelled update itself, which comes while the stack rolls back.

    It may look like the rollback of the update before it. One that has failed before (continue-update-rollback) is not
    asked about.
    """
    is_continued = record.request != change.request and (record.response is None or record.response.status == "FAILED")
    if is_continued:
        return False
    try:
        return not orphans.is_of_this_operation(ctx, change)
    except ProviderError as error:
        ctx.decision.update(not_asked=error.why)
        return False


def _undo(ctx: Context, desired: Settings, applied: Settings, change: Change, record: Record) -> Outcome | None:
    current_id, home_id = ctx.request.physical_id, change.previous_id or ctx.request.physical_id
    try:
        if change.imported and change.client_id != home_id:
            ctx.turn.release(change)
            undo_import(ctx, applied, change)
        elif not change.client_id:
            _delete_replacement(ctx, applied, change, record)
    except TryLater:
        raise
    except ProviderError as error:
        logger.warning("Not restored", extra={"client_id": change.client_id, "because": error.why})
    if home_id != current_id and not _exists(ctx, desired, home_id):
        return None  # the template makes of the new client what the former one was
    return _restored(ctx, desired, home_id, change)


def _exists(ctx: Context, desired: Settings, client_id: str) -> bool:
    return _observe(ctx, desired, client_id) is not None


def _observe(ctx: Context, desired: Settings, client_id: str) -> AppClient | None:
    """Return the client. Whether it has a secret that is not shown is not needed to restore it."""
    clients = ctx.clients(desired)
    try:
        return observe(clients, desired, client_id)
    except Refused:
        return clients.describe(desired["UserPoolId"], client_id)


def _delete_replacement(ctx: Context, applied: Settings, change: Change, record: Record) -> None:
    """Delete what the failed update created, unless CloudFormation knows of it: then it sends a Delete itself."""
    if ctx.request.physical_id != change.previous_id:
        return
    created = record.client_id if record.client_id != change.previous_id else ""
    if not created:
        created = orphans.find_created(ctx, ctx.clients(applied), change) or ""
    owner = ctx.turn.journal.owner(change.pool_id, created) if created else None
    if created and (owner is None or not (owner.imported or owner.resource != ctx.turn.resource)):
        ctx.decision.update(left_behind=[created])
        secret_sync.restore_secret(ctx, applied, created)
        cimd_policy.delete_policies(ctx, ctx.clients(applied), applied, created)
        ctx.clients(applied).delete(change.pool_id, created)
        del ctx.decision["left_behind"]
        ctx.turn.released = change.pool_id, created
        ctx.decision.update(deleted=created)


def _restore_what_is_sure(ctx: Context, desired: Settings, applied: Settings) -> Outcome | None:
    """Restore without a journal: only what the failed template demonstrably set."""
    client = _observe(ctx, desired, ctx.request.physical_id)
    if client is None or not plan.applied_to(client, desired, applied, ctx.request.physical_id):
        return _restored(ctx, desired, ctx.request.physical_id, None)
    name = ctx.request.generated_name
    before, after = undo.likely_change(desired=desired, applied={"ClientName": name, **applied})
    likely = Change("", "Update", "", "", client.pool_id, client.client_id, before=before, after=after)
    session, failed = desired.get("SSOSession"), plan.session(applied, desired)
    if session and failed:
        minutes = session["MaxValidityMinutes"], failed["MaxValidityMinutes"]
        likely = dataclasses.replace(likely, minutes_before=minutes[0], minutes_after=minutes[1])
    if policy := wanted(desired, {}):
        likely = dataclasses.replace(likely, policy_before=policy, policy_after=wanted(applied, desired))
    return _restored(ctx, desired, client.client_id, likely)


def _restored(ctx: Context, desired: Settings, client_id: str, change: Change | None) -> Outcome | None:
    clients = ctx.clients(desired)
    client = _observe(ctx, desired, client_id)
    if client is None and not plan.imported(desired) and is_client_id(client_id):
        return None
    if client is None:  # nothing can be restored, and a rollback that fails would help nobody
        ctx.decision.update(because="the imported client is gone")
        logger.warning("Nothing to restore", extra={"client_id": client_id})
        return Outcome("SUCCESS", client_id, data=attributes(AppClient(desired.get("UserPoolId", ""), client_id, {})))
    if change is not None and change.client_id == client_id:
        client = _undo_settings(ctx, clients, client, change)
        client = _undo_session(ctx, clients, client, change)
        client = cimd_policy.undo_policy(ctx, clients, client, change)
    secret_sync.restore_version(ctx, clients, client, desired, change)
    # Without a journal it is not known which client the stack had before it imported this one: never delete this one.
    failed = parse_previous(ctx.request.old_properties)
    is_noted = change is not None and bool(change.request)
    imported = bool(plan.imported(desired) or (not is_noted and plan.imported(failed)))
    ctx.turn.own(client, imported=imported, applied=desired)
    ctx.response.created(client.client_id)
    return outcome(ctx, client, desired)


def _undo_settings(ctx: Context, clients: AppClients, client: AppClient, change: Change) -> AppClient:
    shares = contributed.shares(ctx, change)
    decision = undo.undo(before=change.before, after=change.after, observed=client, shares=shares)
    contributed.take_back(ctx, change, shares)
    if isinstance(decision, plan.NoChange):
        return client
    ctx.decision.update(changed=list(decision.changed))
    try:
        restored = clients.update(client.pool_id, client.client_id, decision.settings)
    except TryLater:
        raise
    except ProviderError as error:
        logger.warning("Not restored", extra={"client_id": client.client_id, "because": error.why})
        return client
    return dataclasses.replace(restored, has_secret=restored.has_secret or client.has_secret)


def _undo_session(ctx: Context, clients: AppClients, client: AppClient, change: Change) -> AppClient:
    """Set the session configuration back, unless it was changed since."""
    if change.minutes_before is None:
        return client
    minutes = change.minutes_before
    try:
        now = clients.session_minutes(client.pool_id, client.client_id)
        if now is None:
            return client
        if now == change.minutes_after != minutes:
            clients.set_session_minutes(client.pool_id, client.client_id, minutes)
            ctx.decision.update(session_minutes=minutes)
        else:
            minutes = now
    except TryLater:
        raise
    except ProviderError as error:
        logger.warning("Not restored", extra={"client_id": client.client_id, "because": error.why})
    session = {"SSOSession": {"MaxValidityMinutes": minutes}}
    return dataclasses.replace(client, settings={**client.settings, **session})


def outcome(ctx: Context, client: AppClient, desired: Settings) -> Outcome:
    """Return the outcome of what stored no secret: where the secret is stored is read."""
    if (session := plan.session(desired, {})) is not None and "SSOSession" not in client.settings:
        client = dataclasses.replace(client, settings={**client.settings, "SSOSession": session})
    client = with_policy(with_known_secret(ctx.turn, client), desired)
    if not desired.get("SecretId"):
        return Outcome("SUCCESS", client.client_id, data=attributes(client))
    stored = secret_sync.stored_at(ctx, desired)
    return Outcome("SUCCESS", client.client_id, data={**attributes(dataclasses.replace(client, secret=None)), **stored})
