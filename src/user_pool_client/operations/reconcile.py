"""Create and Update: make the app client what the template wants."""

import dataclasses
from functools import partial

from user_pool_client.custom_resource.response import Outcome
from user_pool_client.domain import plan
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.attributes import attributes
from user_pool_client.domain.errors import FeatureUnavailable, NotFound
from user_pool_client.domain.parsing import parse_previous
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.rules import secret_wanted
from user_pool_client.domain.validation import parse_and_validate, validate_request, validate_stored_secret
from user_pool_client.operations import idempotency, secret_sync
from user_pool_client.operations.context import Context
from user_pool_client.operations.name_search import find_import
from user_pool_client.operations.observe import observe
from user_pool_client.operations.ports import AppClients


def reconcile(ctx: Context) -> Outcome:
    """Parse, observe, plan, validate, apply, finish, respond. Raises ProviderError."""
    desired = parse_and_validate(ctx.request.properties, is_create=ctx.request.request_type == "Create")
    applied = parse_previous(ctx.request.old_properties)
    clients = ctx.clients(desired)
    if (earlier := idempotency.already_responded(ctx, clients, desired)) is not None:
        return _respond(ctx, clients, earlier, desired, applied=desired)

    ctx.invocation.task = _task(ctx, desired, applied)
    name, current_id = ctx.request.generated_name, ctx.request.physical_id
    decide = partial(plan.decide, desired=desired, applied=applied, generated_name=name, physical_id=current_id)
    decision = decide(observed=observe(clients, desired, current_id))
    if isinstance(decision, plan.Import):
        decision = decide(observed=_import(ctx, clients, desired))
    match decision:
        case plan.Create():
            client = _create(ctx, clients, desired, decision)
        case plan.Update():
            client = _update(ctx, clients, desired, decision)
        case plan.NoChange(client):
            validate_stored_secret(desired, has_secret=client.has_secret)
            ctx.decision.update(decision="keep", because="all is as desired")

    applied = plan.applied_to(client, desired, applied, current_id)
    _set_session(ctx, clients, client, desired, applied)
    outcome = _respond(ctx, clients, client, desired, applied)
    # An update that fails to import another client leaves the resource with the one it has.
    ctx.response.created(client.client_id)
    return outcome


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


def _import(ctx: Context, clients: AppClients, desired: Settings) -> AppClient:
    """Return the client that the template imports."""
    client_id = find_import(ctx, clients, desired)
    observed = observe(clients, desired, client_id)
    if observed is None:
        raise NotFound(
            f"There is no app client {client_id} in user pool {desired['UserPoolId']}.",
            "correct ImportId, or take it out of the template if a new client is wanted.",
        )
    ctx.decision.update(adopted=client_id)
    if ctx.request.request_type == "Create":
        ctx.response.created(client_id)
    return observed


def _create(ctx: Context, clients: AppClients, desired: Settings, decision: plan.Create) -> AppClient:
    settings = decision.settings
    ctx.decision.update(decision="create", because=decision.reason)
    if ctx.late and (found := idempotency.find_earlier(ctx, clients, desired, settings)) is not None:
        return found
    if "SecretId" in desired and (own := secret_sync.preset_secret(ctx.secrets, desired)) is not None:
        settings = {
            **{name: value for name, value in settings.items() if name != "GenerateSecret"},
            "ClientSecret": own,
        }
    validate_request(settings, {**settings, **desired}, has_secret=bool(secret_wanted(settings)))
    return idempotency.create_once(ctx, clients, desired, settings)


def _update(ctx: Context, clients: AppClients, desired: Settings, decision: plan.Update) -> AppClient:
    before = decision.observed
    validate_request(decision.settings, desired, has_secret=before.has_secret)
    ctx.decision.update(decision="update", because="settings differ", changed=list(decision.changed))
    updated = clients.update(before.pool_id, before.client_id, decision.settings)
    return dataclasses.replace(updated, has_secret=updated.has_secret or before.has_secret)


def _set_session(ctx: Context, clients: AppClients, client: AppClient, desired: Settings, applied: Settings) -> None:
    """Set the session configuration, which has calls of its own."""
    session = plan.session(desired, applied)
    if session is None:
        return
    minutes: int = session["MaxValidityMinutes"]
    try:
        if clients.session_minutes(client.pool_id, client.client_id) != minutes:
            clients.set_session_minutes(client.pool_id, client.client_id, minutes)
            ctx.decision.update(session_minutes=minutes)
    except FeatureUnavailable:
        # A user pool that has no sessions any more has nothing to reset.
        if "SSOSession" in desired:
            raise


def _respond(ctx: Context, clients: AppClients, client: AppClient, desired: Settings, applied: Settings) -> Outcome:
    """Return the response's attributes, after the secret is stored where SecretId says."""
    if (session := plan.session(desired, applied)) is not None:
        client = dataclasses.replace(client, settings={**client.settings, "SSOSession": session})
    if "SecretId" not in desired:
        return Outcome("SUCCESS", client.client_id, data=attributes(client))
    version = secret_sync.store_in_time(ctx, clients, client, desired, applied)
    stored = {"SecretArn": version.arn, "SecretVersionId": version.version_id}
    return Outcome("SUCCESS", client.client_id, data={**attributes(dataclasses.replace(client, secret=None)), **stored})
