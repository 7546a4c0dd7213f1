"""One client for each wish: made once, found where an answer was lost, not left behind where nobody waits any more.

CreateUserPoolClient has no idempotency token, and Lambda delivers a request more than once, late, and after
CloudFormation has given up. Nothing is stored: the pool, CloudFormation and the request hold what must be known.
"""

from user_pool_client.custom_resource.request import Request
from user_pool_client.domain import fingerprint
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.errors import OutcomeUnknown, ProviderError, Refused, TryLater
from user_pool_client.domain.fingerprint import Fingerprint
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.resource_status import ResourceStatus
from user_pool_client.operations.context import Work
from user_pool_client.operations.ports import AppClients
from user_pool_client.operations.search import AmbiguousMatch, is_shared, search, signed_at, single

_SLOW = 5.0


# How long such a Create asks: the client is there, and the time is wanted for the answer.
_ASKED_FOR = 10.0


# Each may have made a client that is not listed yet.
_MOST_CREATES = 3


_WAYS_OUT = (
    "look in the user pool for an app client of this name that no stack has, and delete it or adopt it with ImportId; "
    "then deploy again."
)


def resource_status(request: Request, work: Work) -> ResourceStatus:
    """Ask CloudFormation how the resource of a late request stands. What cannot be asked is not guessed at."""
    try:
        return work.stacks.standing(request.stack_id, request.logical_resource_id)
    except ProviderError as error:
        refused = type(error)(
            "The request came late, and it is not known whether CloudFormation still waits for it: " + error.why,
            error.remedy,
        )
    raise refused


def find_earlier(request: Request, work: Work, desired: Settings, settings: Settings) -> AppClient | None:
    """Return the client that an earlier delivery of the same request has made of these settings, if there is one."""
    clients = work.clients(desired)
    # That delivery may have found a secret of one's own where SecretId leads, which names the client by now.
    since, any_secret = signed_at(request, work), "SecretId" in desired
    wanted = fingerprint.fingerprint(settings, since=since, besides=request.physical_id, any_secret=any_secret)
    found = single(search(work, clients, wanted), wanted, shared=is_shared(request, desired))
    if found is None:
        return None
    work.decided.update(found=found.client_id, because="an earlier delivery of the request has made it")
    return _keep_or_delete(request, work, clients, found)


def create_once(request: Request, work: Work, desired: Settings, settings: Settings) -> AppClient:
    """Make a client. Where it is not known whether one was made, look for it before making another."""
    clients, shared = work.clients(desired), is_shared(request, desired)
    wanted = fingerprint.fingerprint(settings, since=signed_at(request, work), besides=request.physical_id)
    unknown: OutcomeUnknown | None = None
    for _ in range(_MOST_CREATES):
        work.progress.unsure()
        made: AppClient | None = None
        try:
            made = clients.create(settings)
        except OutcomeUnknown as error:
            unknown = error
        except ProviderError as error:
            if unknown is not None:
                raise _outcome_unknown(unknown, error) from None
            if not work.late:  # an earlier delivery may have made one
                work.progress.nothing_made()
            raise
        if made is None and unknown is not None:
            made = _made_after_all(work, clients, wanted, unknown, shared=shared)
        if made is not None:
            return _keep_or_delete(request, work, clients, made)
    raise _outcome_unknown(unknown, None)


def _made_after_all(
    work: Work, clients: AppClients, wanted: Fingerprint, unknown: OutcomeUnknown, *, shared: bool
) -> AppClient | None:
    """Look for the client that a call has made whose answer was lost."""
    work.decided.update(outcome_unknown=unknown.why)
    try:
        found = single(search(work, clients, wanted), wanted, shared=shared)
    except ProviderError as error:
        raise _outcome_unknown(unknown, error) from None
    if found is not None:
        work.decided.update(found=found.client_id)
    return found


def _keep_or_delete(request: Request, work: Work, clients: AppClients, client: AppClient) -> AppClient:
    """Return a new client, unless nobody waits for it any more: then delete it, or nobody ever would."""
    if not work.progress.made(client.client_id):
        work.decided.update(made_too_late=client.client_id)
        clients.delete(client.pool_id, client.client_id, after_deadline=True)
        raise TryLater("Cognito made the client too late, so it was deleted again.", "deploy again.")
    if request.age(work.deadline.clock.wall()) > _SLOW and not _is_awaited(request, work):
        work.decided.update(no_longer_awaited=client.client_id)
        clients.delete(client.pool_id, client.client_id)
        work.progress.nothing_made()
        raise TryLater("CloudFormation no longer waited for the client, so it was deleted again.", "deploy again.")
    return client


def _is_awaited(request: Request, work: Work) -> bool:
    """Ask CloudFormation. Where it cannot be asked, yes: this is no late request, and most are awaited."""
    try:
        now = work.stacks.standing(request.stack_id, request.logical_resource_id, within=_ASKED_FOR)
    except ProviderError as error:
        work.decided.update(not_asked=error.why)
        return True
    return now.awaits(request.request_type, request.signed_at)


def _outcome_unknown(unknown: OutcomeUnknown | None, error: ProviderError | None) -> OutcomeUnknown:
    """Say that there may be a client that nobody knows of, and why it could not be found."""
    why = unknown.why if unknown is not None else ""
    if isinstance(error, AmbiguousMatch):
        return OutcomeUnknown(f"{why} {error.why}", error.remedy)
    if isinstance(error, Refused):
        return OutcomeUnknown(f"{why} {error.why}", f"{error.remedy.rstrip('.')}; and {_WAYS_OUT}")
    return OutcomeUnknown(f"{why} Whether it has made the client could not be found out in time.", _WAYS_OUT)
