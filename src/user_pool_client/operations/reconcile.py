"""Create and Update: make the app client what the template wants."""

import dataclasses
from contextlib import nullcontext, suppress
from functools import partial

from user_pool_client.custom_resource.response import Outcome
from user_pool_client.domain import plan
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.attributes import attributes
from user_pool_client.domain.cimd_policy import with_policy
from user_pool_client.domain.contributions import Claims, lists_of
from user_pool_client.domain.credentials import CURRENT
from user_pool_client.domain.errors import (
    FeatureUnavailable,
    InvalidProperties,
    NotFound,
    ProviderError,
    Refused,
    TryLater,
)
from user_pool_client.domain.journal import Change, digest
from user_pool_client.domain.parsing import parse_previous
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.rules import secret_wanted
from user_pool_client.domain.validation import parse_and_validate, validate_request, validate_stored_secret
from user_pool_client.operations import (
    cimd_policy,
    cognito_secret,
    contributed,
    idempotency,
    ownership,
    rollback,
    secret_sync,
)
from user_pool_client.operations.context import Context
from user_pool_client.operations.name_search import find_import
from user_pool_client.operations.observe import observe, with_known_secret
from user_pool_client.operations.ports import AppClients
from user_pool_client.operations.turn import Overtaken, RespondedBefore


def reconcile(ctx: Context) -> Outcome:
    """Make the client what the template wants; in a rollback, what it was. Raises ProviderError."""
    try:
        return _reconcile_or_restore(ctx)
    except RespondedBefore as before:
        return _respond_again(ctx, before)


def _reconcile_or_restore(ctx: Context) -> Outcome:
    busy: TryLater | None = None
    try:
        return _reconcile(ctx)
    except Overtaken:
        raise
    except (InvalidProperties, Refused, TryLater) as error:
        # What was right before the update that failed is never refused in its rollback.
        if ctx.turn.has_begun or not rollback.is_under_way(ctx):
            raise
        busy = TryLater(error.why, rollback.CONTINUE) if isinstance(error, TryLater) else None
    if busy is not None:
        raise busy
    return _restore(ctx)


def _reconcile(ctx: Context, *, in_rollback: bool = False) -> Outcome:
    """Parse, observe, plan, validate, note, apply, finish, respond."""
    desired = parse_and_validate(ctx.request.properties, is_create=ctx.request.request_type == "Create")
    applied = parse_previous(ctx.request.old_properties)
    clients = ctx.clients(desired)
    if (earlier := idempotency.already_responded(ctx, clients, desired)) is not None:
        return _respond(ctx, clients, earlier, desired, applied=desired)

    ctx.invocation.task = _task(ctx, desired, applied)
    decision = _plan(ctx, clients, desired, applied)
    while in_rollback or not _is_rollback(ctx, decision, desired, applied):
        claims = _claims(ctx, decision, desired, applied)
        change = _change(ctx, clients, desired, applied, decision, claims)
        is_change = bool(claims) or cimd_policy.is_changed(change) or _is_change(ctx, decision, desired, applied)
        is_stale = ctx.turn.take(change, now=is_change)
        if not is_stale and not _hold(ctx, decision, claims):
            contributed.note(ctx, claims)
            break
        decision = _plan(ctx, clients, desired, applied)
    else:
        return _restore(ctx)

    match decision:
        case plan.Create():
            client = _create(ctx, clients, desired, decision)
        case plan.Update():
            client = _update(ctx, clients, decision)
        case plan.NoChange(client):
            ctx.decision.update(decision="keep", because="all is as desired")
    applied = plan.applied_to(client, desired, applied, ctx.request.physical_id)
    _set_session(ctx, clients, client, desired, applied)
    cimd_policy.set_policy(ctx, clients, client, desired, applied)
    outcome = _respond(ctx, clients, client, desired, applied)
    # An update that fails to import another client leaves the resource with the one it has.
    ctx.response.created(client.client_id)
    takes = client.client_id != ctx.request.physical_id  # created or imported now
    ctx.turn.own(client, imported=bool(plan.imported(desired)), applied=desired, takes=takes)
    return outcome


def _restore(ctx: Context) -> Outcome:
    """Undo the failed update; only where the stack's own client is gone, the template decides."""
    restored = rollback.restore(ctx)
    if restored is not None:
        return restored
    try:
        return _reconcile(ctx, in_rollback=True)
    except Overtaken:
        raise
    except TryLater as error:
        failed: ProviderError = TryLater(error.why, rollback.CONTINUE)
    except (InvalidProperties, Refused) as error:
        failed = error
    if isinstance(failed, TryLater) or ctx.turn.owned is not None:
        raise failed
    return rollback.let_through(ctx, failed)


def _respond_again(ctx: Context, before: RespondedBefore) -> Outcome:
    """Respond as another delivery of the request has: its attributes are read again."""
    sent = before.outcome
    ctx.decision.update(decision="answer as before", because="another delivery of the request was carried out")
    if sent.status == "FAILED":
        return sent
    # The template that a rollback goes back to need not parse.
    desired = {name: value for name, value in parse_previous(ctx.request.properties).items() if value is not None}
    clients = ctx.clients(desired)
    client = clients.describe(desired["UserPoolId"], sent.physical_id)
    if client is None:  # a later request has deleted it
        return sent
    ctx.response.created(client.client_id)
    if client.has_secret is None:
        client = dataclasses.replace(client, has_secret=before.has_secret.get(client.client_id))
    return rollback.outcome(ctx, client, desired)


def _task(ctx: Context, desired: Settings, applied: Settings) -> str:
    """Return what the Reason says that could not be done."""
    which, current_id = plan.imported(desired), ctx.request.physical_id
    if ctx.request.request_type == "Create" and which:
        return f"adopt the app client of {which}"
    if ctx.request.request_type == "Create":
        name = desired.get("ClientName", ctx.request.generated_name)
        return f'create the app client "{name}" in user pool {desired["UserPoolId"]}'
    if which and plan.imports_another(desired, applied, current_id):
        return f"adopt the app client of {which} instead of {current_id}"
    return f"update the app client {current_id}"


def _plan(ctx: Context, clients: AppClients, desired: Settings, applied: Settings) -> plan.Plan:
    """Observe, and decide what to do; raise what Cognito would refuse."""
    ctx.turn.observing()
    name, current_id = ctx.request.generated_name, ctx.request.physical_id
    decide = partial(plan.decide, desired=desired, applied=applied, generated_name=name, physical_id=current_id)
    observed = observe(clients, desired, current_id)
    decision = decide(observed=observed, contributed=contributed.read(ctx, desired, applied, observed).live)
    if isinstance(decision, plan.Import):
        observed = _import(ctx, clients, desired)
        decision = decide(observed=observed, contributed=contributed.read(ctx, desired, applied, observed).live)
    match decision:
        case plan.Create(settings, reason):
            settings = secret_sync.with_stored_secret(ctx, desired, applied, settings)
            validate_request(settings, {**settings, **desired}, has_secret=bool(secret_wanted(settings)))
            return plan.Create(settings, reason)
        case plan.Update(before, settings, _):
            validate_request(settings, desired, has_secret=before.has_secret)
        case plan.NoChange(client):
            validate_stored_secret(desired, has_secret=client.has_secret)
    return decision


def _import(ctx: Context, clients: AppClients, desired: Settings) -> AppClient:
    """Return the client that the template imports."""
    client_id = find_import(ctx, clients, desired)
    observed = observe(clients, desired, client_id)
    if observed is None:
        raise NotFound(
            f"There is no app client {client_id} in user pool {desired['UserPoolId']}.",
            "correct ImportId, or take it out of the template if a new client is wanted.",
        )
    ownership.check_import(ctx, desired, client_id)
    ctx.decision.update(adopted=client_id)
    if ctx.request.request_type == "Create":
        ctx.response.created(client_id)
    return observed


def _claims(ctx: Context, decision: plan.Plan, desired: Settings, applied: Settings) -> Claims:
    """Return what the plan changes about contributed values."""
    match decision:
        case plan.Update(client) | plan.NoChange(client):
            return contributed.claims(ctx, desired, applied, client)
    return Claims()


def _hold(ctx: Context, decision: plan.Plan, claims: Claims) -> bool:
    """Keep contributions away from the client; True if it must be observed again."""
    match decision:
        case plan.Update(client) | plan.NoChange(client):
            return contributed.hold(ctx, client, claims, writes=isinstance(decision, plan.Update))
    return False


def _is_rollback(ctx: Context, decision: plan.Plan, desired: Settings, applied: Settings) -> bool:
    """Tell whether to restore instead. CloudFormation is asked only where something would be changed or undone."""
    if ctx.request.request_type != "Update":
        return False
    # The failed update may be still to come where there is nothing to undo: it must find that its rollback was here.
    changes = desired != applied or not isinstance(decision, plan.NoChange)
    return (changes or rollback.may_undo(ctx)) and rollback.is_under_way(ctx)


def _is_change(ctx: Context, decision: plan.Plan, desired: Settings, applied: Settings) -> bool:
    """Tell whether the turn must begin now. What has calls of its own begins it later, if there is anything to do."""
    if ctx.request.request_type == "Create" or not isinstance(decision, plan.NoChange):
        return True
    if decision.observed.client_id != ctx.request.physical_id:
        return True
    # A deployment that settles the last update must keep it from being undone by a later rollback.
    return bool(plan.imported(desired)) != bool(plan.imported(applied)) or rollback.may_undo(ctx)


def _change(
    ctx: Context, clients: AppClients, desired: Settings, applied: Settings, decision: plan.Plan, claims: Claims
) -> Change:
    """Return what is about to be changed, with all that must be known to undo it."""
    request = ctx.request
    change = Change(
        request.digest,
        request.request_type,
        desired=digest(request.properties),
        applied=digest(request.old_properties),
        pool_id=desired["UserPoolId"],
        previous_id=request.physical_id,
        imported=bool(plan.imported(desired)),
    )
    match decision:
        case plan.Create(settings, _):
            after = {name: value for name, value in settings.items() if name != "ClientSecret"}
            change = dataclasses.replace(change, after=after, unsure=True)
            if request.request_type == "Create" or "SecretId" not in desired:
                return change
            version = ctx.secrets.version(desired["SecretId"], CURRENT)
            version_id = "" if version is None else version.version_id
            return dataclasses.replace(change, secret_id=desired["SecretId"], version_before=version_id)
        case plan.Update(client, settings, _):
            after = dict(settings)
        case plan.NoChange(client):
            after = dict(client.settings)
    change = dataclasses.replace(
        change,
        client_id=client.client_id,
        before=dict(client.settings),
        after=after,
        contributed=lists_of(ctx.turn.contributions.live),
        kept=lists_of(claims.kept),
        given_up=lists_of(claims.given_up),
    )
    applied = plan.applied_to(client, desired, applied, request.physical_id)
    if (former := ctx.turn.taken_from) is not None and former.client_id == client.client_id:
        change = dataclasses.replace(change, taken_from=former.resource, was_imported=former.imported)
    if (session := plan.session(desired, applied)) is not None:
        minutes = _session_minutes(clients, client, desired)
        change = dataclasses.replace(change, minutes_before=minutes, minutes_after=session["MaxValidityMinutes"])
    change = cimd_policy.with_planned_policy(clients, client, desired, applied, change)
    if "SecretId" in desired:
        version_id = secret_sync.version_to_change(ctx, clients, client, desired, applied)
        change = dataclasses.replace(change, secret_id=desired["SecretId"], version_before=version_id)
    return change


def _create(ctx: Context, clients: AppClients, desired: Settings, decision: plan.Create) -> AppClient:
    settings = decision.settings
    ctx.decision.update(decision="create", because=decision.reason)
    client = None
    if ctx.late or ctx.turn.is_repeated:
        client = idempotency.find_earlier(ctx, clients, desired, settings)
    if client is None:
        client = idempotency.create_once(ctx, clients, desired, settings)
    ctx.turn.own(client, imported=False, takes=True)
    return client


def _update(ctx: Context, clients: AppClients, decision: plan.Update) -> AppClient:
    before = decision.observed
    ctx.decision.update(decision="update", because="settings differ", changed=list(decision.changed))
    if before.unknown:
        ctx.decision.update(may_reset=dict(before.unknown))
    cognito_secret.keep_known_secret(ctx, clients, decision)
    updated = clients.update(before.pool_id, before.client_id, decision.settings)
    return dataclasses.replace(updated, has_secret=updated.has_secret or before.has_secret)


def _session_minutes(clients: AppClients, client: AppClient, desired: Settings) -> int | None:
    """Return the session configuration; None for a user pool that has no sessions any more, and so nothing to reset."""
    try:
        return clients.session_minutes(client.pool_id, client.client_id)
    except FeatureUnavailable:
        if "SSOSession" in desired:
            raise
        return None


def _set_session(ctx: Context, clients: AppClients, client: AppClient, desired: Settings, applied: Settings) -> None:
    """Set the session configuration, which has calls of its own."""
    session = plan.session(desired, applied)
    if session is None:
        return
    minutes: int = session["MaxValidityMinutes"]
    planned = ctx.turn.planned
    is_known = planned is not None and planned.client_id == client.client_id
    before = planned.minutes_before if planned is not None and is_known else _session_minutes(clients, client, desired)
    if before == minutes:
        return
    ctx.turn.ensure()
    with suppress(FeatureUnavailable) if "SSOSession" not in desired else nullcontext():
        clients.set_session_minutes(client.pool_id, client.client_id, minutes)
        ctx.decision.update(session_minutes=minutes)


def _respond(ctx: Context, clients: AppClients, client: AppClient, desired: Settings, applied: Settings) -> Outcome:
    """Return the response's attributes, after the secret is stored where SecretId says."""
    if (session := plan.session(desired, applied)) is not None:
        client = dataclasses.replace(client, settings={**client.settings, "SSOSession": session})
    client = with_policy(with_known_secret(ctx.turn, client), desired)
    if "SecretId" not in desired:
        return Outcome("SUCCESS", client.client_id, data=attributes(client))
    version = secret_sync.store_in_time(ctx, clients, client, desired, applied)
    stored = {"SecretArn": version.arn, "SecretVersionId": version.version_id}
    return Outcome("SUCCESS", client.client_id, data={**attributes(dataclasses.replace(client, secret=None)), **stored})
