"""One client for each request: created once, and found where a response was lost.

CreateUserPoolClient has no idempotency token, and Lambda delivers a request more than once, late, and after
CloudFormation has given up. The journal knows a request that has begun; where it knows nothing, CloudFormation is
asked.
"""

import dataclasses

from user_pool_client.domain import fingerprint, plan
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.errors import OutcomeUnknown, ProviderError, Refused, TryLater
from user_pool_client.domain.fingerprint import Fingerprint
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.resource_status import ResourceStatus
from user_pool_client.operations import orphans
from user_pool_client.operations.context import Context
from user_pool_client.operations.observe import observe
from user_pool_client.operations.ports import AppClients
from user_pool_client.operations.search import AmbiguousMatch, is_shared, search, signed_at, single

# Each may have made a client that is not listed yet.
_MOST_CREATES = 3

_WAYS_OUT = (
    "look in the user pool for an app client of this name that no stack has, and delete it or adopt it with ImportId; "
    "then deploy again."
)


def resource_status(ctx: Context) -> ResourceStatus:
    """Ask CloudFormation how the resource of a late request stands. What cannot be asked is not guessed at."""
    try:
        return ctx.stacks.resource_status(ctx.request.stack_id, ctx.request.logical_resource_id)
    except ProviderError as error:
        refused = type(error)(
            "The request came late, and it is not known whether CloudFormation still waits for it: " + error.why,
            error.remedy,
        )
    raise refused


def already_responded(ctx: Context, clients: AppClients, desired: Settings) -> AppClient | None:
    """Return the client that CloudFormation was told of, if the request is late and was responded to before.

    None if it is to be carried out. Raises TryLater where CloudFormation no longer waits for it.
    """
    request = ctx.request
    if request.is_fresh(ctx.deadline.clock.wall()):
        return None
    record = ctx.turn.record()
    if record is not None and record.request == request.digest:
        return None  # begun, and not heard of again: it is taken over
    ctx.late = True
    ctx.response.maybe_created()
    now = resource_status(ctx)
    ctx.decision.update(late=True, standing=now.status)
    if now.awaits(request.request_type, request.signed_at):
        return None
    if now.answered(request.request_type) and (client := observe(clients, desired, now.physical_id)) is not None:
        ctx.response.created(client.client_id)
        ctx.decision.update(decision="answer as before", because="CloudFormation has the answer already")
        if request.request_type == "Create" and client.has_secret is None and not plan.imported(desired):
            client = dataclasses.replace(client, has_secret=False)  # it was created by a template that wants none
        return client
    if request.request_type == "Create" and not plan.imported(desired):
        would_be = plan.plan_create({"ClientName": request.generated_name, **desired}, "").settings
        orphans.delete_orphan(ctx, clients, desired, would_be, now)
    raise TryLater("CloudFormation no longer waits for this request, so nothing was made of it.", "deploy again.")


def find_earlier(ctx: Context, clients: AppClients, desired: Settings, settings: Settings) -> AppClient | None:
    """Return the client that an earlier delivery of the same request has made of these settings, if there is one."""
    # That delivery may have found a secret of one's own where SecretId leads, which names the client by now.
    since, any_secret = signed_at(ctx), "SecretId" in desired
    wanted = fingerprint.fingerprint(settings, since=since, besides=ctx.request.physical_id, any_secret=any_secret)
    # Where the journal knows that an earlier delivery has begun, what fits is most likely its.
    shared = is_shared(ctx.request, desired) and not ctx.turn.is_repeated
    found = single(search(ctx, clients, wanted), wanted, shared=shared)
    if found is None:
        return None
    ctx.decision.update(found=found.client_id, because="an earlier delivery of the request has made it")
    return _keep_or_delete(ctx, clients, found)


def create_once(ctx: Context, clients: AppClients, desired: Settings, settings: Settings) -> AppClient:
    """Create a client. Where it is not known whether one was created, look for it before creating another."""
    shared = is_shared(ctx.request, desired)
    wanted = fingerprint.fingerprint(settings, since=signed_at(ctx), besides=ctx.request.physical_id)
    unknown: OutcomeUnknown | None = None
    began = ctx.deadline.clock.wall()
    for _ in range(_MOST_CREATES):
        ctx.response.maybe_created()
        made: AppClient | None = None
        try:
            made = clients.create(settings)
        except OutcomeUnknown as error:
            unknown = error
        except ProviderError as error:
            if unknown is not None:
                raise _unclear(ctx, began, unknown, error) from None
            if not (ctx.late or ctx.turn.is_repeated):  # an earlier delivery may have made one
                ctx.response.not_created()
                ctx.turn.plan(unsure=False)
            raise
        if made is None and unknown is not None:
            made = _made_after_all(ctx, clients, wanted, unknown, began, shared=shared)
        if made is not None:
            return _keep_or_delete(ctx, clients, made)
    raise _unclear(ctx, began, unknown, None)


def _made_after_all(
    ctx: Context, clients: AppClients, wanted: Fingerprint, unknown: OutcomeUnknown, began: float, *, shared: bool
) -> AppClient | None:
    """Look for the client that a call has made whose answer was lost."""
    ctx.decision.update(outcome_unknown=unknown.why)
    try:
        found = single(search(ctx, clients, wanted), wanted, shared=shared)
    except ProviderError as error:
        raise _unclear(ctx, began, unknown, error) from None
    if found is not None:
        ctx.decision.update(found=found.client_id)
    return found


def _keep_or_delete(ctx: Context, clients: AppClients, client: AppClient) -> AppClient:
    """Return a new client, unless the response is out already: then delete it, or it would be left behind."""
    if not ctx.response.created(client.client_id):
        ctx.decision.update(made_too_late=client.client_id)
        clients.delete(client.pool_id, client.client_id, after_deadline=True)
        ctx.turn.plan(unsure=False)
        raise TryLater("Cognito made the client too late, so it was deleted again.", "deploy again.")
    ctx.turn.plan(unsure=False)
    return client


def _unclear(ctx: Context, began: float, unknown: OutcomeUnknown | None, error: ProviderError | None) -> OutcomeUnknown:
    """Note when a client may have been created whose ID is not known, for the Delete or the rollback that follows."""
    if not ctx.turn.is_repeated:
        ctx.turn.plan(since=began, until=ctx.deadline.clock.wall())
    return _outcome_unknown(unknown, error)


def _outcome_unknown(unknown: OutcomeUnknown | None, error: ProviderError | None) -> OutcomeUnknown:
    """Say that there may be a client that nobody knows of, and why it could not be found."""
    why = unknown.why if unknown is not None else ""
    if isinstance(error, AmbiguousMatch):
        return OutcomeUnknown(f"{why} {error.why}", error.remedy)
    if isinstance(error, Refused):
        return OutcomeUnknown(f"{why} {error.why}", f"{error.remedy.rstrip('.')}; and {_WAYS_OUT}")
    return OutcomeUnknown(f"{why} Whether it has made the client could not be found out in time.", _WAYS_OUT)
