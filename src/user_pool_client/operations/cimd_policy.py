"""The client's CIMD policy, which has calls of its own: found by its name, created, changed, deleted, and restored."""

import dataclasses

from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.cimd_policy import CimdPolicy, CimdPolicySummary, names, undone, wanted
from user_pool_client.domain.errors import FeatureUnavailable, OutcomeUnknown, ProviderError, Refused, TryLater
from user_pool_client.domain.journal import Change
from user_pool_client.domain.properties import Settings
from user_pool_client.log import logger
from user_pool_client.operations.context import Context
from user_pool_client.operations.ports import AppClients

# A policy that was just created may take a moment to be listed (seconds).
_LOOK_AGAIN_AFTER = (2.0, 5.0)
# Each may have created a policy that is not listed yet.
_MOST_CREATES = 3


def with_planned_policy(
    clients: AppClients, client: AppClient, desired: Settings, applied: Settings, change: Change
) -> Change:
    """Return the change with what is about to become of the client's policy, which is looked at for that."""
    policy = wanted(desired, applied)
    if policy is None:
        return change
    present = find_policy(clients, client, desired, applied)
    if present is None:
        return dataclasses.replace(change, policy_after=policy)
    return dataclasses.replace(change, policy_id=present.policy_id, policy_before=present.settings, policy_after=policy)


def is_changed(change: Change) -> bool:
    """Tell whether a change creates, changes or deletes a policy."""
    return change.policy_after not in (None, change.policy_before)


def set_policy(ctx: Context, clients: AppClients, client: AppClient, desired: Settings, applied: Settings) -> None:
    """Make the client's policy what the template wants, as the turn has planned it; a new client's is looked at now."""
    change = ctx.turn.planned
    if change is None or change.client_id != client.client_id:
        change = with_planned_policy(clients, client, desired, applied, Change("", "", "", "", client.pool_id))
    if not is_changed(change):
        return
    if not change.policy_after:
        clients.delete_policy(client.pool_id, change.policy_id)
        ctx.decision.update(cimd_policy="deleted")
    elif change.policy_id:
        clients.update_policy(client.pool_id, client.client_id, CimdPolicy(change.policy_id, change.policy_after))
        ctx.decision.update(cimd_policy="changed")
    else:
        _create(ctx, clients, client, change.policy_after)


def delete_policies(ctx: Context, clients: AppClients, applied: Settings, client_id: str) -> None:
    """Delete the policy of a client that is about to be deleted: Cognito keeps it, without a client.

    Where the policies may not be listed, the client is deleted all the same: who may not list them, has created none.
    """
    known, pool_id = names(applied), applied["UserPoolId"]
    if not known:
        return
    try:
        listed = clients.list_policies(pool_id, client_id)
    except Refused as error:
        logger.warning("The CIMD policy was not deleted", extra={"client_id": client_id, "because": error.why})
        return
    for policy in listed:
        if policy.name in known:
            clients.delete_policy(pool_id, policy.policy_id)
            ctx.decision.update(cimd_policy="deleted")


def undo_policy(ctx: Context, clients: AppClients, client: AppClient, change: Change) -> AppClient:
    """Take back what a change did to the client's policy, unless others have changed that since."""
    if change.policy_after is None:
        return client
    try:
        policy = _undo(ctx, clients, client, change, change.policy_after)
    except TryLater:
        raise
    except ProviderError as error:
        logger.warning("Not restored", extra={"client_id": client.client_id, "because": error.why})
        return client
    return dataclasses.replace(client, settings={**client.settings, "CIMDPolicy": policy})


def _undo(ctx: Context, clients: AppClients, client: AppClient, change: Change, after: Settings) -> Settings:
    """Return the policy as it is then, {} for none."""
    before, pool_id = change.policy_before, client.pool_id
    named = {policy["PolicyName"] for policy in (before, after) if policy}
    found = [
        policy
        for listed in clients.list_policies(pool_id, client.client_id)
        if listed.policy_id == change.policy_id or listed.name in named
        if (policy := clients.describe_policy(pool_id, listed.policy_id)) is not None
    ]
    if not before:
        for policy in [policy for policy in found if policy.settings == after]:
            clients.delete_policy(pool_id, policy.policy_id)
            found.remove(policy)
            ctx.decision.update(cimd_policy="deleted")
    elif not after and not found:
        _create(ctx, clients, client, before)
        return before
    elif after:
        found = [_restored(ctx, clients, client, change, policy) for policy in _of(change, found)]
    return found[0].settings if found else {}


def _of(change: Change, found: list[CimdPolicy]) -> list[CimdPolicy]:
    """Return the policy that was changed; without a journal its ID is not known, and only a single one is surely it."""
    if change.policy_id:
        return [policy for policy in found if policy.policy_id == change.policy_id]
    return found if len(found) == 1 else []


def _restored(ctx: Context, clients: AppClients, client: AppClient, change: Change, policy: CimdPolicy) -> CimdPolicy:
    """Return the policy without the change."""
    before, after = change.policy_before, change.policy_after or {}
    earlier = CimdPolicy(policy.policy_id, undone(before=before, after=after, now=policy.settings))
    if earlier != policy:
        clients.update_policy(client.pool_id, client.client_id, earlier)
        ctx.decision.update(cimd_policy="changed")
    return earlier


def find_policy(clients: AppClients, client: AppClient, desired: Settings, applied: Settings) -> CimdPolicy | None:
    """Return the resource's policy of the client; None for none, and for a Cognito that has no policies to reset."""
    try:
        listed = _named(clients, client, desired, applied)
    except FeatureUnavailable:
        if "CIMDPolicy" in desired:
            raise
        return None
    if len(listed) > 1:
        raise _ambiguous(client, listed)
    return clients.describe_policy(client.pool_id, listed[0].policy_id) if listed else None


def _named(clients: AppClients, client: AppClient, *templates: Settings) -> list[CimdPolicySummary]:
    known = names(*templates)
    return [policy for policy in clients.list_policies(client.pool_id, client.client_id) if policy.name in known]


def _create(ctx: Context, clients: AppClients, client: AppClient, settings: Settings) -> None:
    """Create a policy. Where it is not known whether one was created, look for it before creating another."""
    for number in range(1, _MOST_CREATES + 1):
        unknown: OutcomeUnknown | None = None
        try:
            clients.create_policy(client.pool_id, client.client_id, settings)
        except OutcomeUnknown as error:
            unknown = error
        if unknown is None or _is_there(ctx, clients, client, settings, unknown):
            ctx.decision.update(cimd_policy="created")
            return
        if number == _MOST_CREATES:
            raise unknown


def _is_there(
    ctx: Context, clients: AppClients, client: AppClient, settings: Settings, unknown: OutcomeUnknown
) -> bool:
    """Tell whether a policy was created whose response was lost; raise `unknown` where that cannot be found out."""
    for pause in (0.0, *_LOOK_AGAIN_AFTER):
        if pause >= ctx.deadline.work_left():
            raise unknown
        ctx.deadline.clock.sleep(pause)
        try:
            found = _named(clients, client, {"CIMDPolicy": settings})
        except ProviderError:
            raise unknown from None
        if found:
            return True
    return False


def _ambiguous(client: AppClient, found: list[CimdPolicySummary]) -> Refused:
    told = ", ".join(f"{policy.policy_id} ({policy.name})" for policy in found)
    return Refused(
        f"The app client {client.client_id} has {len(found)} CIMD policies that CIMDPolicy could mean: {told}.",
        "delete all but one of them, or choose a PolicyName that no other policy of the client has; then deploy again.",
    )
