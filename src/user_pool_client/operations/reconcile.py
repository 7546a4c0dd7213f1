"""One function for each request type: observe, decide, act, and return an outcome."""

import dataclasses
import hashlib
import re
from typing import Any

from user_pool_client.custom_resource.request import Request
from user_pool_client.custom_resource.response import Outcome
from user_pool_client.domain import plan, validation
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.attributes import attributes
from user_pool_client.domain.errors import (
    FeatureUnavailable,
    InvalidProperties,
    NotFound,
    ProviderError,
    Refused,
    TryLater,
)
from user_pool_client.domain.parsing import parse, parse_previous
from user_pool_client.domain.physical_id import is_client_id, stack_name
from user_pool_client.domain.plan import import_id_of, imported, imports_another, previous_for
from user_pool_client.domain.properties import SETTINGS, Settings
from user_pool_client.domain.rules import secret_at_creation, secret_wanted, validate, validate_import
from user_pool_client.domain.validation import _judge
from user_pool_client.operations import idempotency, orphans, secret_sync
from user_pool_client.operations.context import Work, _failed
from user_pool_client.operations.name_search import find_import
from user_pool_client.operations.ports import AppClients

_LONGEST_NAME = 128


_HEX_DIGITS = 12


def on_create(request: Request, work: Work) -> Outcome:
    """Make the app client, or take over the one that the template imports."""
    what = "create the app client"
    try:
        desired = parse_and_validate(request)
        if wanted_import := imported(desired):
            what = f"adopt the app client of {wanted_import}"
        if (outcome := _already_answered(request, work, desired)) is not None:
            return outcome
        if wanted_import:
            return _adopt(request, work, desired)
        named = {"ClientName": generated_name(request), **desired}
        what += f' "{named["ClientName"]}" in user pool {named["UserPoolId"]}'
        return _create(request, work, desired, plan.plan_create(named, "the resource is new"))
    except ProviderError as error:
        return _failed(work, what, error)


def on_update(request: Request, work: Work) -> Outcome:
    """Make the app client as the template now wants it: in place, by another client, or not at all."""
    client_id, what = request.physical_id, f"update the app client {request.physical_id}"
    try:
        desired, applied = parse_and_validate(request), parse_previous(request.old_properties)
        if (outcome := _already_answered(request, work, desired)) is not None:
            return outcome
        wanted_import = imported(desired)
        observed = _current_client(work, desired, client_id)
        if observed is None and imports_another(desired, applied, client_id):
            what = f"adopt the app client of {wanted_import} instead of {client_id}"
            return _adopt(request, work, desired)
        if observed is None and wanted_import:
            raise NotFound(
                f"The adopted client {client_id} is not in user pool {desired['UserPoolId']} any more.",
                f"take {wanted_import.partition(' ')[0]} out of the template if a new client is wanted, and deploy "
                "again.",
            )
        return _apply(request, work, desired, previous_for(client_id, desired, applied), observed)
    except ProviderError as error:
        return _failed(work, what, error)


def generated_name(request: Request) -> str:
    """Return the name of a client whose template gives none: the same each time, and at most 128 characters."""
    readable = re.sub(r"[^A-Za-z0-9_=,.@-]", "-", f"{stack_name(request.stack_id)}-{request.logical_resource_id}")
    unique = hashlib.sha256(f"{request.stack_id}/{request.logical_resource_id}".encode("utf-8", "replace")).hexdigest()
    return f"{readable[: _LONGEST_NAME - _HEX_DIGITS - 1]}-{unique[:_HEX_DIGITS]}"


def _already_answered(request: Request, work: Work, desired: Settings) -> Outcome | None:
    """Return the answer to a late request that was answered before; None if it is to be carried out.

    Raises Unavailable where nobody waits for it any more.
    """
    work.late = not request.is_fresh(work.deadline.clock.wall())
    if not work.late:
        return None
    work.progress.unsure()
    now = idempotency.resource_status(request, work)
    work.decided.update(late=True, standing=now.status)
    if now.awaits(request.request_type, request.signed_at):
        return None
    if now.answered(request.request_type) and is_client_id(now.physical_id):
        client = observe(work.clients(desired), desired["UserPoolId"], now.physical_id, desired)
        if client is not None:
            work.progress.made(client.client_id)
            work.decided.update(decision="answer as before", because="CloudFormation has the answer already")
            return _success(request, work, client, desired, desired)
    if request.request_type == "Create" and not imported(desired):
        would_be = plan.plan_create({"ClientName": generated_name(request), **desired}, "").settings
        orphans.delete_orphan(request, work, desired, would_be, now)
    raise TryLater("CloudFormation no longer waits for this request, so nothing was made of it.", "deploy again.")


def observe(clients: AppClients, pool_id: str, client_id: str, desired: Settings) -> AppClient | None:
    """Return the client as it is, or None; ask for a secret that Describe does not show only where one is wanted."""
    observed = clients.describe(pool_id, client_id)
    if observed is not None and observed.has_secret is None and (secret_wanted(desired) or "SecretId" in desired):
        return dataclasses.replace(observed, has_secret=bool(clients.list_secrets(pool_id, client_id)))
    return observed


def _current_client(work: Work, desired: Settings, client_id: str) -> AppClient | None:
    """Return the resource's client, if it exists and is the one that the template is about."""
    if not is_client_id(client_id) or import_id_of(desired) not in (None, client_id):
        return None
    return observe(work.clients(desired), desired["UserPoolId"], client_id, desired)


def _apply(request: Request, work: Work, desired: Settings, applied: Settings, observed: AppClient | None) -> Outcome:
    decision = plan.decide(desired=desired, applied=applied, observed=observed, generated_name=generated_name(request))
    clients = work.clients(desired)
    match decision:
        case plan.Create(_, because):
            if wanted_import := imported(desired):
                raise Refused(
                    f"The client of {wanted_import} cannot become what the template wants: {because}.",
                    "let GenerateSecret agree with the client or take it out of the template.",
                )
            return _create(request, work, desired, decision)
        case plan.Update(before, settings, changed):
            _judge(settings, has_secret=before.has_secret, given=desired, keeps="SecretId" in desired)
            work.decided.update(decision="update", because="settings differ", changed=list(changed))
            updated = clients.update(before.pool_id, before.client_id, settings)
            updated = dataclasses.replace(updated, has_secret=updated.has_secret or before.has_secret)
            return _finish(request, work, updated, desired, applied)
        case plan.NoChange(present):
            if "SecretId" in desired and (problems := validation.require_secret(has_secret=present.has_secret)):
                raise InvalidProperties(problems)
            work.decided.update(decision="keep", because="all is as desired")
            return _finish(request, work, present, desired, applied)


def _create(request: Request, work: Work, desired: Settings, decision: plan.Create) -> Outcome:
    settings = decision.settings
    work.decided.update(decision="create", because=decision.because)
    if work.late and (found := idempotency.find_earlier(request, work, desired, settings)) is not None:
        return _finish(request, work, found, desired, {})
    if "SecretId" in desired:
        own = secret_sync.preset_secret(work.store, desired)
        if own is not None:
            settings = {name: value for name, value in settings.items() if name != "GenerateSecret"}
            settings["ClientSecret"] = own
    _judge(settings, has_secret=bool(secret_wanted(settings)), given=settings, keeps="SecretId" in desired)
    created = idempotency.create_once(request, work, desired, settings)
    return _finish(request, work, created, desired, {})


def _adopt(request: Request, work: Work, desired: Settings) -> Outcome:
    """Take a client over that exists: what the template says is made so, all else stays as it is."""
    clients = work.clients(desired)
    client_id = find_import(work, clients, desired)
    observed = observe(clients, desired["UserPoolId"], client_id, desired)
    if observed is None:
        raise NotFound(
            f"There is no app client {client_id} in user pool {desired['UserPoolId']}.",
            "correct ImportId, or take it out of the template if a new client is wanted.",
        )
    work.decided.update(adopted=client_id)
    if request.request_type == "Create":
        work.progress.made(client_id)
    outcome = _apply(request, work, desired, {}, observed)
    # An update that fails to take over another client leaves the resource with the one it has.
    work.progress.made(client_id)
    return outcome


def parse_and_validate(request: Request) -> Settings:
    """Return the template's settings, or raise InvalidProperties with all that is wrong with them.

    Combinations are judged here only where something is wrong anyway, so that all is told at once. Of an update's and
    an adoption's, those that are wrong whatever the client is like.
    """
    desired, problems = parse(request.properties)
    unread = {name for problem in problems for name in problem.properties()}
    problems += [problem for problem in validate_import(desired) if not problem.properties() & unread]
    if not problems:
        return desired
    merges = request.request_type != "Create" or bool(imported(desired))
    for problem in validate(desired, has_secret=None if merges else secret_at_creation(desired)):
        if not problem.properties() & unread and (not merges or problem.properties() <= desired.keys()):
            problems.append(problem)
    raise InvalidProperties(problems)


def _finish(request: Request, work: Work, client: AppClient, desired: Settings, applied: Settings) -> Outcome:
    """See to what has calls of its own, the session configuration and the kept secret, and tell of the client."""
    clients = work.clients(desired)
    wanted: dict[str, Any] | None = desired.get("SSOSession")
    if wanted is None and "SSOSession" in applied:
        wanted = SETTINGS["SSOSession"].default
    if wanted is not None:
        try:
            _set_session(work, clients, client, wanted["MaxValidityMinutes"])
        except FeatureUnavailable:
            # A user pool that has no sessions any more has nothing to reset.
            if "SSOSession" in desired:
                raise
    return _success(request, work, client, desired, applied)


def _success(request: Request, work: Work, client: AppClient, desired: Settings, applied: Settings) -> Outcome:
    """Tell of the client, after its secret is kept where SecretId wants it to be."""
    session = desired.get("SSOSession") or (SETTINGS["SSOSession"].default if "SSOSession" in applied else None)
    if session is not None:
        client = dataclasses.replace(client, settings={**client.settings, "SSOSession": dict(session)})
    if "SecretId" not in desired:
        return Outcome("SUCCESS", client.client_id, data=attributes(client))
    clients, over = work.clients(desired), "The request was answered as late, so the secret was not kept."
    if work.progress.is_over():
        raise TryLater(over, "deploy again.")
    version = secret_sync.store_secret(work.store, clients, client, desired=desired, applied=applied, request=request)
    if work.progress.is_over() and client.client_id != request.physical_id:
        # The Delete of the new client may have come before its secret did.
        secret_sync.restore_previous(work.store, clients, desired, client.client_id)
        raise TryLater(over, "deploy again.")
    work.decided.update(kept_in=version.arn, kept_as=version.version_id)
    kept = {"SecretArn": version.arn, "SecretVersionId": version.version_id}
    return Outcome("SUCCESS", client.client_id, data={**attributes(dataclasses.replace(client, secret=None)), **kept})


def _set_session(work: Work, clients: AppClients, client: AppClient, minutes: int) -> None:
    if clients.session_minutes(client.pool_id, client.client_id) != minutes:
        clients.set_session_minutes(client.pool_id, client.client_id, minutes)
        work.decided.update(session_minutes=minutes)
