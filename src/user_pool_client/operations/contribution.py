"""Custom::UserPoolClientUrls: what a resource contributes to a client that another resource, stack or tool owns.

What is contributed is noted in the journal before the client is changed. The client is read again after each write, and
written again until it has what it should: docs/decisions/0037-contributions-are-noted-and-the-owner-keeps-them.md
"""

from user_pool_client.custom_resource.response import Outcome
from user_pool_client.deadline import pauses
from user_pool_client.domain import plan
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.attributes import contribution_attributes
from user_pool_client.domain.contributions import NOTHING, Contributions, Values, values_of, wanted
from user_pool_client.domain.errors import InvalidProperties, NotFound, ProviderError, Refused, TryLater
from user_pool_client.domain.journal import Change, digest
from user_pool_client.domain.parsing import parse, parse_previous
from user_pool_client.domain.physical_id import CREATE_FAILED, contributed_to, contribution_id
from user_pool_client.domain.properties import Settings, UrlsProperties
from user_pool_client.domain.rules import validate_contribution
from user_pool_client.domain.validation import validate_share
from user_pool_client.log import logger
from user_pool_client.operations import idempotency, lease, orphans, rollback
from user_pool_client.operations.context import Context
from user_pool_client.operations.lease import Lease
from user_pool_client.operations.observe import report_unknown_settings
from user_pool_client.operations.ports import AppClients
from user_pool_client.operations.turn import Overtaken, RespondedBefore

# How long to wait before the client is read and written again (seconds), and how often: another tool may be at it.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
_MOST_WRITES = 5


def contribute(ctx: Context) -> Outcome:
    """Add to the client what the template contributes, and remove what it no longer does. Raises ProviderError."""
    try:
        return _contribute_or_go_on(ctx)
    except RespondedBefore as before:
        return _respond_again(ctx, before.outcome)


def _contribute_or_go_on(ctx: Context) -> Outcome:
    failed: ProviderError
    try:
        return _contribute(ctx)
    except Overtaken:
        raise
    except (InvalidProperties, Refused, TryLater) as error:
        # A rollback that fails for good would help nobody.
        if not rollback.is_under_way(ctx):
            raise
        failed = TryLater(error.why, rollback.CONTINUE) if isinstance(error, TryLater) else error
    if isinstance(failed, TryLater):
        raise failed
    ctx.decision.update(decision="restore", because=failed.why)
    logger.warning("Nothing to restore", extra={"because": failed.why})
    return _outcome_without_client(ctx)


def _contribute(ctx: Context) -> Outcome:
    """Parse, begin, share, respond."""
    desired = _parse(ctx)
    pool_id, client_id = desired["UserPoolId"], desired["ClientId"]
    ctx.invocation.task = f"contribute to the app client {client_id} of user pool {pool_id}"
    _refuse_late(ctx)
    ctx.turn.observing()
    change = None if rollback.is_under_way(ctx) else _change(ctx, desired)
    while ctx.turn.take(change):
        pass
    client, contributions = _share(ctx, ctx.clients(desired), desired)
    _withdraw_from_lost(ctx, pool_id, client_id)
    physical_id = contribution_id(ctx.turn.resource, pool_id, client_id)
    return Outcome("SUCCESS", physical_id, data=contribution_attributes(client, contributions))


def withdraw(ctx: Context) -> Outcome:
    """End the contribution: remove what only it has added. There being nothing to remove is a success."""
    ctx.invocation.task = f"end the contribution {ctx.request.physical_id}"
    try:
        while ctx.turn.take(None):
            pass
    except RespondedBefore as before:
        ctx.decision.update(decision="answer as before", because="another delivery of the request was carried out")
        return before.outcome
    place = _place(ctx)
    if place is None:
        ctx.decision.update(decision="nothing to remove", because="there never was a contribution of this id")
    else:
        _withdraw_from(ctx, ctx.clients(parse_previous(ctx.request.properties, UrlsProperties)), *place)
    ctx.turn.deleted = True
    return Outcome("SUCCESS", ctx.request.physical_id or CREATE_FAILED)


def _share(ctx: Context, clients: AppClients, desired: Settings) -> tuple[AppClient, Contributions]:
    """Let the client have what the template contributes; return both as they are then.

    What is refused leaves the contributions as they were.
    """
    held = lease.take(ctx.turn, desired["UserPoolId"], desired["ClientId"], visits=True)
    before = held.contributions
    try:
        client = _write_until_it_is_so(ctx, clients, held, desired)
    except (Refused, InvalidProperties):
        held.release(before)
        ctx.response.not_created()
        raise
    except ProviderError:
        held.release()
        raise
    contributions = held.contributions.settled(client.settings)
    held.release(contributions)
    return client, contributions


def _write_until_it_is_so(ctx: Context, clients: AppClients, held: Lease, desired: Settings) -> AppClient:
    pool_id, client_id, values = desired["UserPoolId"], desired["ClientId"], values_of(desired)
    writes = _Writes(ctx, clients)
    while True:
        client = clients.describe(pool_id, client_id)
        if client is None:
            raise NotFound(
                f"There is no app client {client_id} in user pool {pool_id}.", "correct ClientId or UserPoolId."
            )
        new, update = _decide(held, ctx.turn.resource, values, client)
        if update is not None:
            validate_share(update.settings, desired, has_secret=client.has_secret)
        if not ctx.response.created(contribution_id(ctx.turn.resource, pool_id, client_id)):
            raise TryLater("CloudFormation no longer waits for this request.", "deploy again.")
        held.note(new)
        if update is None:
            if "decision" not in ctx.decision:
                ctx.decision.update(decision="keep", because="all is as desired")
            return client
        writes.write(update)


def _withdraw_from(ctx: Context, clients: AppClients, pool_id: str, client_id: str) -> None:
    """Remove from a client what only this resource contributes to it. What Cognito refuses to remove stays."""
    known = ctx.turn.journal.contributions(pool_id, client_id)
    if ctx.turn.resource not in known.by_resource and not known.stale():
        ctx.decision.update(decision="nothing to remove", because="the journal knows of no contribution")
        return
    held = lease.take(ctx.turn, pool_id, client_id, visits=True)
    try:
        client = _write_until_it_is_gone(ctx, clients, held)
    except ProviderError:
        held.release()
        raise
    held.release(held.contributions.settled({} if client is None else client.settings))


def _write_until_it_is_gone(ctx: Context, clients: AppClients, held: Lease) -> AppClient | None:
    writes = _Writes(ctx, clients)
    while True:
        client = clients.describe(held.hold.pool_id, held.hold.client_id)
        if client is None:
            held.note(held.contributions.replace(ctx.turn.resource, {}, {}))
            ctx.decision.update(decision="nothing to remove", because="the client is gone")
            return None
        new, update = _decide(held, ctx.turn.resource, {}, client)
        held.note(new)
        if update is None:
            ctx.decision.setdefault("decision", "nothing to remove")
            return client
        try:
            writes.write(update)
        except Refused as error:
            ctx.decision.update(decision="not removed", because=error.why)
            logger.warning("Not removed", extra={"client_id": client.client_id, "because": error.why})
            return client


def _decide(held: Lease, resource: str, values: Values, client: AppClient) -> tuple[Contributions, plan.Update | None]:
    """Return what is contributed from now on, and the update that the client needs for it; None for none."""
    new = held.contributions.replace(resource, values, client.settings)
    needed = wanted(new, values, client.settings)
    if needed.not_removed:
        names = {name: sorted(held_back) for name, held_back in needed.not_removed.items()}
        logger.warning("Not removed", extra={"client_id": client.client_id, "values": names})
    decision = plan.decide(desired=needed.lists, applied={}, observed=client, generated_name="")
    return new, decision if isinstance(decision, plan.Update) else None


class _Writes:
    """The writes of one request to one client, each from a fresh read, and how long it waits between them."""

    def __init__(self, ctx: Context, clients: AppClients) -> None:
        self._ctx, self._clients = ctx, clients
        self._pauses = pauses(_FIRST_PAUSE, _LONGEST_PAUSE)
        self._done = 0

    def write(self, update: plan.Update) -> None:
        """Write once; wait where that did not work or where the one before was lost, so that it is read again."""
        client, deadline = update.observed, self._ctx.deadline
        self._ctx.decision.update(decision="update", because="contributions differ", changed=list(update.changed))
        report_unknown_settings(client)
        if client.unknown:
            self._ctx.decision.update(may_reset=dict(client.unknown))
        try:
            self._clients.update(client.pool_id, client.client_id, update.settings, once=True)
        except TryLater as error:
            failed = error
        else:
            self._done += 1
            if self._done == 1:
                return
            failed = TryLater(
                "Something outside of CloudFormation keeps replacing the app client's configuration.",
                "find out in AWS CloudTrail what else updates the client, and deploy again.",
            )
        pause = next(self._pauses)
        if self._done == _MOST_WRITES or pause >= deadline.work_left():
            raise failed
        deadline.clock.sleep(pause)


def _place(ctx: Context) -> tuple[str, str] | None:
    """Return which client a Delete is about: user pool ID and client ID; None for none.

    A Create that was cancelled, or did not know what became of its call, has left it to the journal.
    """
    if (place := contributed_to(ctx.request.physical_id)) is not None:
        return place
    change = ctx.turn.previous.change if ctx.turn.previous is not None else None
    if change is None or change.request_type != "Create" or not orphans.is_of_this_operation(ctx, change):
        return None
    return change.pool_id, change.client_id


def _withdraw_from_lost(ctx: Context, pool_id: str, client_id: str) -> None:
    """Remove what an update contributed to a client that CloudFormation never received: it was not responded to."""
    change = ctx.turn.previous.change if ctx.turn.previous is not None else None
    if change is None or change.previous_id != ctx.request.physical_id:
        return
    place = change.pool_id, change.client_id
    if place in ((pool_id, client_id), contributed_to(ctx.request.physical_id)):
        return
    try:
        _withdraw_from(ctx, ctx.clients(parse_previous(ctx.request.old_properties, UrlsProperties)), *place)
    except ProviderError as error:
        logger.warning("Not removed", extra={"client_id": change.client_id, "because": error.why})


def _change(ctx: Context, desired: Settings) -> Change:
    request = ctx.request
    return Change(
        request.digest,
        request.request_type,
        desired=digest(request.properties),
        applied=digest(request.old_properties),
        pool_id=desired["UserPoolId"],
        client_id=desired["ClientId"],
        previous_id=request.physical_id,
    )


def _refuse_late(ctx: Context) -> None:
    """Raise TryLater for a late delivery that CloudFormation no longer waits for: it would contribute again."""
    if ctx.request.is_fresh(ctx.deadline.clock.wall()):
        return
    record = ctx.turn.record()
    if record is not None and record.request == ctx.request.digest:
        return  # begun, and not heard of again: it is taken over
    if not idempotency.resource_status(ctx).awaits(ctx.request.request_type, ctx.request.signed_at):
        raise TryLater("CloudFormation no longer waits for this request, so nothing was changed.", "deploy again.")


def _respond_again(ctx: Context, sent: Outcome) -> Outcome:
    """Respond as another delivery of the request has: its attributes are read again."""
    ctx.decision.update(decision="answer as before", because="another delivery of the request was carried out")
    place = contributed_to(sent.physical_id)
    if sent.status == "FAILED" or place is None:
        return sent
    client = ctx.clients(parse_previous(ctx.request.properties, UrlsProperties)).describe(*place)
    if client is None:
        return sent
    ctx.response.created(sent.physical_id)
    data = contribution_attributes(client, ctx.turn.journal.contributions(*place))
    return Outcome("SUCCESS", sent.physical_id, data=data)


def _outcome_without_client(ctx: Context) -> Outcome:
    """Return the response of a rollback that can restore nothing."""
    properties = parse_previous(ctx.request.properties, UrlsProperties)
    pool_id, client_id = properties.get("UserPoolId") or "", properties.get("ClientId") or ""
    known = pool_id and client_id
    physical_id = contribution_id(ctx.turn.resource, pool_id, client_id) if known else ctx.request.physical_id
    return Outcome("SUCCESS", physical_id, data=contribution_attributes(AppClient(pool_id, client_id, {}), NOTHING))


def _parse(ctx: Context) -> Settings:
    desired, problems = parse(ctx.request.properties, UrlsProperties)
    unread = {name for problem in problems for name in problem.properties()}
    problems += [problem for problem in validate_contribution(desired) if not problem.properties() & unread]
    if problems:
        raise InvalidProperties(problems)
    return desired
