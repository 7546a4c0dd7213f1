"""Clients that a Create has left behind."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime

from user_pool_client.domain import fingerprint, plan
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.errors import Refused
from user_pool_client.domain.journal import Change, Record
from user_pool_client.domain.physical_id import CREATE_UNKNOWN, is_client_id
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.resource_status import ResourceStatus
from user_pool_client.operations.cimd_policy import delete_policies
from user_pool_client.operations.context import Context
from user_pool_client.operations.ports import AppClients
from user_pool_client.operations.search import is_shared, matches, search, signed_at


def find_orphan(ctx: Context, applied: Settings) -> str | None:
    """Return the ID of the client that a cancelled or lost Create has left behind, if this Delete may delete one.

    A name is proof only if it is the derived one. Where the
    template gives the name, only a Create that said so itself (CREATE_UNKNOWN) may have left a client behind. What is
    not allowed to be asked does not keep the Delete from succeeding, but then nothing is deleted.
    """
    if ctx.request.physical_id != CREATE_UNKNOWN and not ctx.request.has_generated_id:
        return None
    derived = "ClientName" not in applied
    if not derived and (ctx.request.physical_id != CREATE_UNKNOWN or is_shared(ctx.request, applied)):
        ctx.decision.update(decision="nothing to delete", because="the template names the client: a name is no proof")
        return None
    try:
        found = _left_behind(ctx, applied, derived=derived)
    except Refused as error:
        because = f"whether a Create has left a client behind cannot be told: {error.why}"
        ctx.decision.update(decision="nothing deleted", because=because)
        return None
    if len(found) == 1:
        ctx.decision.update(found=found[0].client_id)
        return found[0].client_id
    if found:
        report_left_behind(ctx, found, "more than one client could be what the Create has made")
    return None


def find_noted(ctx: Context, applied: Settings, record: Record, change: Change) -> str | None:
    """Return the ID of the client that a Create has left to its Delete, by what the journal knows; None for none.

    The client that the resource got in an earlier operation of the stack is not it: that one was retained. What is not
    allowed to be asked does not keep the Delete from succeeding.
    """
    if change.request_type != "Create":
        return None
    try:
        if not record.client_id:
            return find_created(ctx, ctx.clients(applied), change)
        if not change.imported and not is_of_this_operation(ctx, change):
            return None
    except Refused as error:
        because = f"whether the Create has left a client behind cannot be known: {error.why}"
        ctx.decision.update(decision="nothing deleted", because=because)
        return None
    ctx.decision.update(found=record.client_id)
    return record.client_id


def is_of_this_operation(ctx: Context, change: Change) -> bool:
    """Tell whether a change was made in the stack's present operation, which a rollback belongs to."""
    began = ctx.stacks.operation_started_at(ctx.request.stack_id)
    # Both times are of CloudFormation's own clock; the signature's is cut to seconds.
    return began is not None and change.since + 1 > began.timestamp()


def find_created(ctx: Context, clients: AppClients, change: Change) -> str | None:
    """Return the ID of the client that a change has created without noting it, if there is exactly one.

    The journal knows its settings, and when it was created; a client that another resource has, or a
    stack that can be asked, is not it.
    """
    if not change.unsure or change.client_id:
        return None
    since, until = (datetime.fromtimestamp(moment, UTC) for moment in (change.since, change.until))
    settings = {"ClientName": ctx.request.generated_name, **change.after, "UserPoolId": change.pool_id}
    wanted = fingerprint.fingerprint(settings, since=since, besides=change.previous_id, any_secret=True)
    wanted = fingerprint.created_until(wanted, until)
    found = [client for client in search(ctx, clients, wanted) if not _is_another_resources(ctx, client)]
    if len(found) == 1:
        ctx.decision.update(found=found[0].client_id)
        return found[0].client_id
    if found:
        report_left_behind(ctx, found, "more than one client could be what the request has created")
    return None


def _is_another_resources(ctx: Context, client: AppClient) -> bool:
    owner = ctx.turn.journal.owner(client.pool_id, client.client_id)
    return owner is not None and owner.resource != ctx.turn.resource


def delete_orphan(
    ctx: Context, clients: AppClients, desired: Settings, settings: Settings, now: ResourceStatus
) -> None:
    """Delete what an earlier delivery of a Create has made, now that nobody waits for it any more.

    Only as long as CloudFormation shows that the Create was never answered with a client. Where it shows no resource
    any more, the client may be one that was answered, and retained when the resource left the stack.
    """
    # A later request's client would look the same; and one that was answered may be wanted back by a rollback.
    if now.is_in_progress() or is_client_id(now.physical_id):
        return
    since, any_secret = signed_at(ctx), "SecretId" in desired
    wanted = fingerprint.fingerprint(settings, since=since, besides=now.physical_id, any_secret=any_secret)
    derived = "ClientName" not in desired
    found = matches(ctx, clients, fingerprint.without_settings(wanted) if derived else wanted)
    if not found:
        return
    if not derived:
        report_left_behind(ctx, found, "the template names the client")
    elif len(found) > 1:
        report_left_behind(ctx, found, "there is more than one")
    elif not now.status:
        report_left_behind(ctx, found, "the resource is gone, and it may have been retained")
    else:
        ctx.decision.update(deleted=found[0].client_id)
        delete_policies(ctx, clients, desired, found[0].client_id)
        clients.delete(wanted.pool_id, found[0].client_id)


def _left_behind(ctx: Context, applied: Settings, *, derived: bool) -> Sequence[AppClient]:
    settings = plan.plan_create({"ClientName": ctx.request.generated_name, **applied}, "").settings
    now = ctx.stacks.resource_status(ctx.request.stack_id, ctx.request.logical_resource_id)
    began = ctx.stacks.operation_started_at(ctx.request.stack_id)
    if now.is_in_progress() or began is None:
        because = "another request for the resource is under way" if began else "the stack is gone"
        ctx.decision.update(decision="nothing deleted", because=because)
        return []
    # Both times are of CloudFormation's own clock, or a client kept by an earlier operation could seem to be of this.
    wanted = fingerprint.fingerprint(settings, since=began, besides=now.physical_id, any_secret="SecretId" in applied)
    wanted = dataclasses.replace(fingerprint.without_settings(wanted) if derived else wanted, since=began)
    ctx.decision.update(decision="nothing to delete", because="there is no client that a Create has left behind")
    return search(ctx, ctx.clients(applied), wanted)


def report_left_behind(ctx: Context, clients: Sequence[AppClient], because: str) -> None:
    """Note the clients that nobody deletes, for the log."""
    left_behind = [client.client_id for client in clients]
    ctx.decision.update(decision="nothing deleted", because=because, left_behind=left_behind)
