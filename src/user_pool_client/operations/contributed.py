"""What others contribute to a client, as its owner sees it: what it keeps, and what it says of it in the journal.

docs/decisions/0037-contributions-are-noted-and-the-owner-keeps-them.md
"""

from user_pool_client.domain import contributions, plan
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.contributions import NOTHING, Claims, Contributions, Shares, values_of
from user_pool_client.domain.errors import ProviderError
from user_pool_client.domain.journal import Change
from user_pool_client.domain.properties import Settings
from user_pool_client.log import logger
from user_pool_client.operations import lease
from user_pool_client.operations.context import Context


def read(ctx: Context, desired: Settings, applied: Settings, client: AppClient | None) -> Contributions:
    """Return what is contributed to the client, where that matters to the plan; the journal is asked only there.

    Raises ProviderError where it cannot be read: the plan would remove what others have added.
    """
    ctx.turn.contributions = NOTHING
    if client is None:
        return NOTHING
    if ctx.lease is not None and ctx.lease.is_for(client.pool_id, client.client_id):
        ctx.turn.contributions = ctx.lease.contributions
        return ctx.turn.contributions
    applied = plan.applied_to(client, desired, applied, ctx.request.physical_id)
    if contributions.takes_part(desired=desired, applied=applied, observed=client.settings):
        ctx.turn.contributions = ctx.turn.journal.contributions(client.pool_id, client.client_id)
    return ctx.turn.contributions


def claims(ctx: Context, desired: Settings, applied: Settings, client: AppClient) -> Claims:
    """Return what the update changes about the contributed values that were read."""
    applied = plan.applied_to(client, desired, applied, ctx.request.physical_id)
    return contributions.claims(ctx.turn.contributions, desired=desired, applied=applied, observed=client.settings)


def hold(ctx: Context, client: AppClient, decided: Claims, *, writes: bool) -> bool:
    """Keep contributions away from the client; True if it must be observed again.

    They wait for the requests of the owner that the journal knows, so this is only for a resource that it does not know
    as the owner yet, and where something is noted of contributions.
    """
    if ctx.lease is not None and ctx.lease.is_for(client.pool_id, client.client_id):
        return False
    release(ctx)
    previous = ctx.turn.previous
    is_known = previous is not None and (previous.pool_id, previous.client_id) == (client.pool_id, client.client_id)
    if not decided and (is_known or not writes):
        return False
    ctx.lease = lease.take(ctx.turn, client.pool_id, client.client_id, visits=False)
    return ctx.lease.changed_at > ctx.turn.observed_at


def note(ctx: Context, decided: Claims) -> None:
    """Note which contributed values stay from now on when their contribution ends, and which do not."""
    if ctx.lease is not None and decided:
        ctx.lease.note(ctx.lease.contributions.reconsidered(decided))


def release(ctx: Context) -> None:
    """Let contributions to the client go on."""
    if ctx.lease is not None:
        ctx.lease.release()
        ctx.lease = None


def shares(ctx: Context, change: Change) -> Shares:
    """Return what is contributed to the client, where that matters to the undoing of a change.

    Where it cannot be read, everything that the failed update sent counts as contributed, and so stays.
    """
    before, after = values_of(change.before), values_of(change.after)
    then, decided = values_of(change.contributed), Claims(values_of(change.kept), values_of(change.given_up))
    if before == after and not decided:
        return Shares()
    try:
        ctx.turn.contributions = ctx.turn.journal.contributions(change.pool_id, change.client_id)
    except ProviderError as error:
        logger.warning("The journal was not read", extra={"because": error.why})
        return Shares(after, then, decided)
    return Shares(ctx.turn.contributions.live, then, decided)


def take_back(ctx: Context, change: Change, shared: Shares) -> None:
    """Take back what a failed update noted of contributions.

    What it added, and others contribute by now, goes with them; what it removed, and they have added since, stays.

    Nothing that cannot be noted keeps a rollback from going on.
    """
    before, after = values_of(change.before), values_of(change.after)
    noted = Claims(shared.claims.given_up, contributions.intersection(shared.claims.kept, shared.live))
    since = Claims(
        kept=contributions.intersection(contributions.difference(before, after), shared.live),
        given_up=contributions.intersection(contributions.difference(after, before), shared.live),
    )
    if ctx.turn.contributions.reconsidered(noted).reconsidered(since) == ctx.turn.contributions:
        return
    try:
        held = lease.take(ctx.turn, change.pool_id, change.client_id, visits=False)
    except ProviderError as error:
        logger.warning("The journal was not written", extra={"because": error.why})
        return
    held.release(held.contributions.reconsidered(noted).reconsidered(since))
