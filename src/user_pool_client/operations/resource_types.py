"""Which operation a request asks for, by the type of its resource."""

from collections.abc import Callable

from user_pool_client.custom_resource.response import Outcome
from user_pool_client.domain.errors import ProviderError, Refused
from user_pool_client.domain.properties import CONTRIBUTION_TYPE
from user_pool_client.operations import contributed, contribution, lookup, reconcile
from user_pool_client.operations import delete as app_client
from user_pool_client.operations.context import Context

type Operation = Callable[[Context], Outcome]

_TYPE = "Custom::UserPoolClient"
_LOOKUPS = {"Custom::UserPoolClientLookup": lookup.lookup, "Custom::UserPoolClientList": lookup.list_all}


def create(ctx: Context) -> Outcome:
    """Create the resource; refuse a typing error, which would create a client where one was to be looked up."""
    resource_type = ctx.request.resource_type
    others = (CONTRIBUTION_TYPE, *_LOOKUPS)
    if resource_type.startswith(_TYPE) and resource_type not in (_TYPE, *others):
        ctx.invocation.task = "create the resource"
        raise Refused(
            f"there is no type {resource_type}.", f"use {_TYPE} or one of {', '.join(others)}, and deploy again."
        )
    return _operation(ctx)


def update(ctx: Context) -> Outcome:
    """Update the resource. Any other type name of the user's own is an app client's as well."""
    return _operation(ctx)


def delete(ctx: Context) -> Outcome:
    """Delete the resource."""
    if ctx.request.resource_type in _LOOKUPS:
        return lookup.forget(ctx)
    is_contribution = ctx.request.resource_type == CONTRIBUTION_TYPE
    return _in_turn(ctx, contribution.withdraw if is_contribution else app_client.delete)


def _operation(ctx: Context) -> Outcome:
    if (looks := _LOOKUPS.get(ctx.request.resource_type)) is not None:
        return looks(ctx)
    is_contribution = ctx.request.resource_type == CONTRIBUTION_TYPE
    return _in_turn(ctx, contribution.contribute if is_contribution else reconcile.reconcile)


def _in_turn(ctx: Context, operation: Operation) -> Outcome:
    """Carry out an operation, and note in the journal what became of it, if it has begun."""
    try:
        try:
            outcome = operation(ctx)
        finally:
            contributed.release(ctx)
    except ProviderError as error:
        ctx.turn.end(ctx.invocation.refused(error))
        raise
    except Exception:
        ctx.turn.end(Outcome("FAILED", ctx.response.physical_id, "An unexpected error ended the request."))
        raise
    ctx.turn.end(outcome)
    return outcome
