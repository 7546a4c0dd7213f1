"""Whose a client or a secret is: those of another stack are not taken, changed or copied.

A template says otherwise in a property made for that. Stacks of one root count as one: they are deployed together.
docs/decisions/0034-what-another-stack-has-is-refused.md
"""

from user_pool_client.domain.credentials import Version
from user_pool_client.domain.errors import Refused
from user_pool_client.domain.journal import Ownership
from user_pool_client.domain.physical_id import stack_name
from user_pool_client.domain.properties import Settings
from user_pool_client.operations.context import Context

ALLOW_CLIENT, ALLOW_SECRET = "AllowClientOfOtherStack", "AllowSecretOfOtherStack"


def check_import(ctx: Context, desired: Settings, client_id: str) -> None:
    """Raise Refused if a resource of another stack has the client that the template imports."""
    owner = ctx.turn.journal.owner(desired["UserPoolId"], client_id)
    ctx.turn.taken_from = owner if owner is not None and owner.resource != ctx.turn.resource else None
    other = _other_stack_of(ctx, owner, client_id)
    if not other:
        return
    ctx.decision.update(client_of_stack=other)
    if desired.get(ALLOW_CLIENT):
        return
    raise Refused(
        f"The app client {client_id} belongs to another stack, {stack_name(other)} ({other}).",
        "let that stack retain it first (DeletionPolicy: Retain, deploy, then remove the resource); or set "
        f"{ALLOW_CLIENT} to true, and this stack takes it from the other one.",
    )


def other_stack_of(ctx: Context, pool_id: str, client_id: str) -> str:
    """Return the ID of the stack that has a client, '' if none has, or the request's own.

    The journal knows the resource; a stack that retained the client has not told it, so CloudFormation is asked. It
    knows the stacks of the function's account and Region: of others the journal is believed, and where that knows
    nothing, no stack has the client. Raises ProviderError where it cannot be known.
    """
    return _other_stack_of(ctx, ctx.turn.journal.owner(pool_id, client_id), client_id)


def _other_stack_of(ctx: Context, owner: Ownership | None, client_id: str) -> str:
    if owner is not None:
        stack_id = owner.stack_id
        return "" if _is_own(ctx, stack_id) or not _still_has(ctx, owner) else stack_id
    return unnoted_stack_of(ctx, client_id)


def unnoted_stack_of(ctx: Context, client_id: str) -> str:
    """Return the ID of the other stack that has a client of which the journal knows nothing, '' for none."""
    found = ctx.stacks.stack_of(client_id, here=True) or ""
    return "" if _is_own(ctx, found) else found


def check_secret(
    ctx: Context, desired: Settings, applied: Settings, version: Version | None, client_id: str = ""
) -> None:
    """Raise Refused if what SecretId names is not to be written to: it holds something else, or is another stack's.

    `version` is the current one. A secret that SecretId has named before, with the value of the resource's client, is
    not judged again: whoever shares one already is not locked out.
    """
    secret_id, stored = desired["SecretId"], version.credentials if version is not None else None
    former_id = ctx.request.physical_id
    own = tuple(one for one in (client_id, former_id) if one)
    is_used = version is not None and not version.is_empty
    if is_used and (stored is None or not stored.is_of(*own)):
        raise Refused(
            f'The secret "{secret_id}" holds something else than the secret of an app client.',
            "let SecretId name a secret without a value, or one whose value is JSON with client_secret alone "
            "(CDK: use CfnSecret, as Secret generates a value); nothing of what it holds was changed.",
        )
    if former_id and stored is not None and stored.client_id == former_id and applied.get("SecretId") == secret_id:
        return
    other = _present(ctx, ctx.secrets.state(secret_id).stack_id)
    if not other or _is_own(ctx, other):
        known = stored is not None and stored.client_id not in ("", *own)
        other = other_stack_of(ctx, stored.pool_id, stored.client_id) if stored is not None and known else ""
    if not other:
        return
    ctx.decision.update(secret_of_stack=other)
    if desired.get(ALLOW_SECRET):
        return
    raise Refused(
        f'The secret "{secret_id}" belongs to another stack, {stack_name(other)} ({other}).',
        f"create a secret in this stack; or set {ALLOW_SECRET} to true, if both stacks are to use this one.",
    )


def _present(ctx: Context, stack_id: str) -> str:
    """Return a stack's ID, '' if the stack is deleted: what it has retained is nobody's."""
    if stack_id in ("", ctx.request.stack_id) or not ctx.invocation.is_own_account:
        return stack_id
    return "" if ctx.stacks.stack_status(stack_id) in ("", "DELETE_COMPLETE") else stack_id


def _is_own(ctx: Context, stack_id: str) -> bool:
    """Tell whether a stack is the request's own, or nested in the same root."""
    own = ctx.request.stack_id
    if stack_id in ("", own):
        return True
    if not ctx.invocation.is_own_account or _account(stack_id) != _account(own):
        return False
    root = ctx.stacks.root_of(own)
    return bool(root) and root == ctx.stacks.root_of(stack_id)


def _still_has(ctx: Context, owner: Ownership) -> bool:
    """Tell whether a resource that the journal knows still has its client, as far as CloudFormation may be asked."""
    if not ctx.invocation.is_own_account or _account(owner.stack_id) != _account(ctx.request.stack_id):
        return True
    now = ctx.stacks.resource_status(owner.stack_id, owner.logical_id)
    return now.physical_id == owner.client_id and not now.is_released()


def _account(stack_id: str) -> str:
    return "".join(stack_id.split(":")[4:5])
