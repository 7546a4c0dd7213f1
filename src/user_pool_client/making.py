"""One client for each wish: made once, found where an answer was lost, not left behind where nobody waits any more.

CreateUserPoolClient has no idempotency token, and Lambda delivers a request more than once, late, and after
CloudFormation has given up. Nothing is stored: the pool, CloudFormation and the request hold what must be known.
"""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime

from user_pool_client import finding
from user_pool_client.errors import OutcomeUnknown, ProviderError, Refused, Unavailable
from user_pool_client.finding import Sought, Standing
from user_pool_client.names import Named, listed
from user_pool_client.plan import Observed
from user_pool_client.request import Request, stack_name
from user_pool_client.response import CREATE_UNKNOWN, is_client_id
from user_pool_client.settings import Settings
from user_pool_client.work import AppClients, Work

# A client that was just made may take a moment to be listed (seconds). A Delete looks for longer than a Create may take
# that does not ask whether it is still awaited, so one of the two always knows of the other.
_LOOK_AGAIN_AFTER = (2.0, 5.0)
_SLOW = 5.0
# How long such a Create asks: the client is there, and the time is wanted for the answer.
_ASKED_FOR = 10.0

# Each may have made a client that is not listed yet.
_MOST_CREATES = 3

_WAYS_OUT = (
    "look in the user pool for an app client of this name that no stack has, and delete it or adopt it with ImportId; "
    "then deploy again."
)


def standing(request: Request, work: Work) -> Standing:
    """Ask CloudFormation how the resource of a late request stands. What cannot be asked is not guessed at."""
    try:
        return work.stacks.standing(request.stack_id, request.logical_resource_id)
    except ProviderError as error:
        refused = type(error)(
            "The request came late, and it is not known whether CloudFormation still waits for it: " + error.why,
            error.remedy,
        )
    raise refused


def found_before(request: Request, work: Work, desired: Settings, settings: Settings) -> Observed | None:
    """Return the client that an earlier delivery of the same request has made of these settings, if there is one."""
    clients = work.clients(desired)
    # That delivery may have found a secret of one's own where SecretId leads, which names the client by now.
    since, any_secret = _signed(request, work), "SecretId" in desired
    wanted = finding.sought(settings, since=since, besides=request.physical_id, any_secret=any_secret)
    found = _the_only(_look(work, clients, wanted), wanted, shared=_is_shared(request, desired))
    if found is None:
        return None
    work.decided.update(found=found.client_id, because="an earlier delivery of the request has made it")
    return _while_awaited(request, work, clients, found)


def make(request: Request, work: Work, desired: Settings, settings: Settings) -> Observed:
    """Make a client. Where it is not known whether one was made, look for it before making another."""
    clients, shared = work.clients(desired), _is_shared(request, desired)
    wanted = finding.sought(settings, since=_signed(request, work), besides=request.physical_id)
    unknown: OutcomeUnknown | None = None
    for _ in range(_MOST_CREATES):
        work.progress.unsure()
        made: Observed | None = None
        try:
            made = clients.create(settings)
        except OutcomeUnknown as error:
            unknown = error
        except ProviderError as error:
            if unknown is not None:
                raise _unclear(unknown, error) from None
            if not work.late:  # an earlier delivery may have made one
                work.progress.nothing_made()
            raise
        if made is None and unknown is not None:
            made = _made_after_all(work, clients, wanted, unknown, shared=shared)
        if made is not None:
            return _while_awaited(request, work, clients, made)
    raise _unclear(unknown, None)


def lost(request: Request, work: Work, applied: Settings, settings: Settings) -> str | None:
    """Return the id of the client that a Create has made without telling, if this Delete may delete it.

    `settings` are those that it would have been made with. A name is proof only if it is the derived one. Where the
    template gives the name, only a Create that said so itself (CREATE_UNKNOWN) may have left a client behind. What is
    not allowed to be asked does not keep the Delete from succeeding, but then nothing is deleted.
    """
    derived = "ClientName" not in applied
    if not derived and (request.physical_id != CREATE_UNKNOWN or _is_shared(request, applied)):
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
        _tell_of(work, found, "more than one client could be what the Create has made")
    return None


def clear_away(request: Request, work: Work, desired: Settings, settings: Settings, now: Standing) -> None:
    """Delete what an earlier delivery of a Create has made, now that nobody waits for it any more.

    Only as long as CloudFormation shows that the Create was never answered with a client. Where it shows no resource
    any more, the client may be one that was answered, and retained when the resource left the stack.
    """
    # A later request's client would look the same; and one that was answered may be wanted back by a rollback.
    if now.is_being_made() or is_client_id(now.physical_id):
        return
    since, any_secret = _signed(request, work), "SecretId" in desired
    wanted = finding.sought(settings, since=since, besides=now.physical_id, any_secret=any_secret)
    clients = work.clients(desired)
    derived = "ClientName" not in desired
    found = _candidates(work, clients, finding.by_name(wanted) if derived else wanted)
    if not found:
        return
    if not derived:
        _tell_of(work, found, "the template names the client")
    elif len(found) > 1:
        _tell_of(work, found, "there is more than one")
    elif not now.status:
        _tell_of(work, found, "the resource is gone, and it may have been retained")
    else:
        work.decided.update(deleted=found[0].client_id)
        clients.delete(wanted.pool_id, found[0].client_id)


def _left_behind(
    request: Request, work: Work, applied: Settings, settings: Settings, *, derived: bool
) -> Sequence[Observed]:
    now = work.stacks.standing(request.stack_id, request.logical_resource_id)
    began = work.stacks.operation_began(request.stack_id)
    if now.is_being_made() or began is None:
        because = "another request for the resource is under way" if began else "the stack is gone"
        work.decided.update(decision="nothing deleted", because=because)
        return []
    # Both times are of CloudFormation's own clock, or a client kept by an earlier operation could seem to be of this.
    wanted = finding.sought(settings, since=began, besides=now.physical_id, any_secret="SecretId" in applied)
    wanted = dataclasses.replace(finding.by_name(wanted) if derived else wanted, since=began)
    work.decided.update(decision="nothing to delete", because="there is no client that a Create has left behind")
    return _look(work, work.clients(applied), wanted)


def _made_after_all(
    work: Work, clients: AppClients, wanted: Sought, unknown: OutcomeUnknown, *, shared: bool
) -> Observed | None:
    """Look for the client that a call has made whose answer was lost."""
    work.decided.update(outcome_unknown=unknown.why)
    try:
        found = _the_only(_look(work, clients, wanted), wanted, shared=shared)
    except ProviderError as error:
        raise _unclear(unknown, error) from None
    if found is not None:
        work.decided.update(found=found.client_id)
    return found


def _while_awaited(request: Request, work: Work, clients: AppClients, client: Observed) -> Observed:
    """Return a new client, unless nobody waits for it any more: then delete it, or nobody ever would."""
    if not work.progress.made(client.client_id):
        work.decided.update(made_too_late=client.client_id)
        clients.delete(client.pool_id, client.client_id, even_late=True)
        raise Unavailable("Cognito made the client too late, so it was deleted again.", "deploy again.")
    if request.age(work.deadline.clock.wall()) > _SLOW and not _is_awaited(request, work):
        work.decided.update(no_longer_awaited=client.client_id)
        clients.delete(client.pool_id, client.client_id)
        work.progress.nothing_made()
        raise Unavailable("CloudFormation no longer waited for the client, so it was deleted again.", "deploy again.")
    return client


def _is_awaited(request: Request, work: Work) -> bool:
    """Ask CloudFormation. Where it cannot be asked, yes: this is no late request, and most are awaited."""
    try:
        now = work.stacks.standing(request.stack_id, request.logical_resource_id, within=_ASKED_FOR)
    except ProviderError as error:
        work.decided.update(not_asked=error.why)
        return True
    return now.awaits(request.request_type, request.signed_at)


def _look(work: Work, clients: AppClients, wanted: Sought) -> list[Observed]:
    """Return the clients that it could be; look a few times before saying that there is none."""
    found = _candidates(work, clients, wanted)
    for pause in _LOOK_AGAIN_AFTER:
        if found:
            break
        if pause >= work.deadline.work_left():
            raise Unavailable("There was no time left to look for the client.", "deploy again in a few minutes.")
        work.deadline.clock.sleep(pause)
        found = _candidates(work, clients, wanted)
    return found


def _candidates(work: Work, clients: AppClients, wanted: Sought) -> list[Observed]:
    """Return the clients that fit and are in no stack. CloudFormation is asked only where one fits."""
    named = [each.client_id for each in clients.named(wanted.pool_id) if each.name == wanted.name]
    seen = [clients.describe(wanted.pool_id, client_id) for client_id in named if client_id != wanted.besides]
    fitting = [client for client in seen if client is not None and wanted.fits(client)]
    return [client for client in fitting if work.stacks.owner(client.client_id) is None]


def _the_only(found: Sequence[Observed], wanted: Sought, *, shared: bool) -> Observed | None:
    """Return the one client that was found, None for none; of several nobody could tell which it is.

    Nor of one, where a stack that cannot be asked about may have a client like it (`shared`).
    """
    names = listed([Named(client.client_id, wanted.name) for client in found])
    remedy = "delete those that nobody uses, or adopt the right one with ImportId; then deploy again."
    if len(found) > 1:
        could_be = f"{len(found)} app clients of user pool {wanted.pool_id} could be the one that was made"
        raise _Several(f"{could_be}: {names}.", remedy)
    if found and shared:
        could_be = f"The app client {names} of user pool {wanted.pool_id} could be the one that was made"
        raise _Several(f"{could_be}, or that of a stack in another Region or account, which cannot be asked.", remedy)
    return found[0] if found else None


def _is_shared(request: Request, settings: Settings) -> bool:
    """Tell whether stacks of another Region or account may have a client of this name in the same user pool.

    CloudFormation is asked in the function's own Region and account only. A derived name is nobody else's.
    """
    stacks_region, pools_region = request.stack_id.split(":")[3:4], settings["UserPoolId"].partition("_")[0]
    return "ClientName" in settings and ("RoleArn" in settings or stacks_region != [pools_region])


class _Several(Refused):
    """More than one client could be the one that was made, or it could be somebody else's."""


def _unclear(unknown: OutcomeUnknown | None, error: ProviderError | None) -> OutcomeUnknown:
    """Say that there may be a client that nobody knows of, and why it could not be found."""
    why = unknown.why if unknown is not None else ""
    if isinstance(error, _Several):
        return OutcomeUnknown(f"{why} {error.why}", error.remedy)
    if isinstance(error, Refused):
        return OutcomeUnknown(f"{why} {error.why}", f"{error.remedy.rstrip('.')}; and {_WAYS_OUT}")
    return OutcomeUnknown(f"{why} Whether it has made the client could not be found out in time.", _WAYS_OUT)


def _tell_of(work: Work, clients: Sequence[Observed], because: str) -> None:
    left_behind = [client.client_id for client in clients]
    work.decided.update(decision="nothing deleted", because=because, left_behind=left_behind)


def _signed(request: Request, work: Work) -> datetime:
    """Return when the request was signed; where it does not say, it is taken for new."""
    return request.signed_at or datetime.fromtimestamp(work.deadline.clock.wall(), UTC)


def is_invented(request: Request) -> bool:
    """Tell whether a Delete came with an id that CloudFormation made up, because the Create had not answered."""
    return finding.is_invented(request.physical_id, stack_name(request.stack_id), request.logical_resource_id)
