"""Clients that a Create has left behind."""

import dataclasses
from collections.abc import Sequence

from user_pool_client.custom_resource.request import Request
from user_pool_client.domain import fingerprint, physical_id, plan
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.errors import Refused
from user_pool_client.domain.physical_id import CREATE_UNKNOWN, is_client_id, stack_name
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.resource_status import ResourceStatus
from user_pool_client.operations.context import Work
from user_pool_client.operations.reconcile import generated_name
from user_pool_client.operations.search import is_shared, matches, search, signed_at


def find_orphan(request: Request, work: Work, applied: Settings, settings: Settings) -> str | None:
    """Return the id of the client that a Create has made without telling, if this Delete may delete it.

    `settings` are those that it would have been made with. A name is proof only if it is the derived one. Where the
    template gives the name, only a Create that said so itself (CREATE_UNKNOWN) may have left a client behind. What is
    not allowed to be asked does not keep the Delete from succeeding, but then nothing is deleted.
    """
    derived = "ClientName" not in applied
    if not derived and (request.physical_id != CREATE_UNKNOWN or is_shared(request, applied)):
        work.decided.update(decision="nothing to delete", because="the template names the client: a name is no proof")
        return None
    try:
        found = _left_behind(request, work, applied, settings, derived=derived)
    except Refused as error:
        because = f"whether a Create has left a client behind cannot be told: {error.why}"
        work.decided.update(decision="nothing deleted", because=because)
        return None
    if len(found) == 1:
        work.decided.update(found=found[0].client_id)
        return found[0].client_id
    if found:
        report_left_behind(work, found, "more than one client could be what the Create has made")
    return None


def delete_orphan(request: Request, work: Work, desired: Settings, settings: Settings, now: ResourceStatus) -> None:
    """Delete what an earlier delivery of a Create has made, now that nobody waits for it any more.

    Only as long as CloudFormation shows that the Create was never answered with a client. Where it shows no resource
    any more, the client may be one that was answered, and retained when the resource left the stack.
    """
    # A later request's client would look the same; and one that was answered may be wanted back by a rollback.
    if now.is_in_progress() or is_client_id(now.physical_id):
        return
    since, any_secret = signed_at(request, work), "SecretId" in desired
    wanted = fingerprint.fingerprint(settings, since=since, besides=now.physical_id, any_secret=any_secret)
    clients = work.clients(desired)
    derived = "ClientName" not in desired
    found = matches(work, clients, fingerprint.without_settings(wanted) if derived else wanted)
    if not found:
        return
    if not derived:
        report_left_behind(work, found, "the template names the client")
    elif len(found) > 1:
        report_left_behind(work, found, "there is more than one")
    elif not now.status:
        report_left_behind(work, found, "the resource is gone, and it may have been retained")
    else:
        work.decided.update(deleted=found[0].client_id)
        clients.delete(wanted.pool_id, found[0].client_id)


def _left_behind(
    request: Request, work: Work, applied: Settings, settings: Settings, *, derived: bool
) -> Sequence[AppClient]:
    now = work.stacks.standing(request.stack_id, request.logical_resource_id)
    began = work.stacks.operation_started_at(request.stack_id)
    if now.is_in_progress() or began is None:
        because = "another request for the resource is under way" if began else "the stack is gone"
        work.decided.update(decision="nothing deleted", because=because)
        return []
    # Both times are of CloudFormation's own clock, or a client kept by an earlier operation could seem to be of this.
    wanted = fingerprint.fingerprint(settings, since=began, besides=now.physical_id, any_secret="SecretId" in applied)
    wanted = dataclasses.replace(fingerprint.without_settings(wanted) if derived else wanted, since=began)
    work.decided.update(decision="nothing to delete", because="there is no client that a Create has left behind")
    return search(work, work.clients(applied), wanted)


def report_left_behind(work: Work, clients: Sequence[AppClient], because: str) -> None:
    """Note the clients that nobody deletes, for the log."""
    left_behind = [client.client_id for client in clients]
    work.decided.update(decision="nothing deleted", because=because, left_behind=left_behind)


def is_generated_id(request: Request) -> bool:
    """Tell whether a Delete came with an id that CloudFormation made up, because the Create had not answered."""
    return physical_id.is_generated_id(request.physical_id, stack_name(request.stack_id), request.logical_resource_id)


def _made_without_telling(request: Request, work: Work, applied: Settings) -> str | None:
    """Return the id of the client that a cancelled or lost Create has made, if this Delete may delete one."""
    if request.physical_id != CREATE_UNKNOWN and not is_generated_id(request):
        return None
    would_be = plan.plan_create({"ClientName": generated_name(request), **applied}, "").settings
    return find_orphan(request, work, applied, would_be)
