"""Which operation a request asks for, by the type of its resource."""

from user_pool_client.custom_resource.response import Outcome
from user_pool_client.domain.errors import Refused
from user_pool_client.operations import delete as app_client
from user_pool_client.operations import lookup, reconcile
from user_pool_client.operations.context import Context

_TYPE = "Custom::UserPoolClient"
_LOOKUPS = {"Custom::UserPoolClientLookup": lookup.lookup, "Custom::UserPoolClientList": lookup.list_all}


def create(ctx: Context) -> Outcome:
    """Create the resource; refuse a typing error, which would create a client where one was to be looked up."""
    resource_type = ctx.request.resource_type
    if resource_type.startswith(_TYPE) and resource_type not in (_TYPE, *_LOOKUPS):
        ctx.invocation.task = "create the resource"
        raise Refused(
            f"there is no type {resource_type}.", f"use {_TYPE} or one of {', '.join(_LOOKUPS)}, and deploy again."
        )
    return _LOOKUPS.get(resource_type, reconcile.reconcile)(ctx)


def update(ctx: Context) -> Outcome:
    """Update the resource. Any other type name of the user's own is an app client's as well."""
    return _LOOKUPS.get(ctx.request.resource_type, reconcile.reconcile)(ctx)


def delete(ctx: Context) -> Outcome:
    """Delete the resource."""
    return (lookup.forget if ctx.request.resource_type in _LOOKUPS else app_client.delete)(ctx)
