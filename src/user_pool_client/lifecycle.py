"""One function for each request type: observe, decide, act, and return an outcome."""

import contextlib
import dataclasses
import hashlib
import re
from typing import Any

from user_pool_client import keeping, making, plan
from user_pool_client.attributes import attributes
from user_pool_client.errors import (
    InvalidProperties,
    NotFound,
    NotOffered,
    Problem,
    ProviderError,
    Refused,
    Unavailable,
)
from user_pool_client.names import listed, with_pattern, with_prefix
from user_pool_client.plan import Observed
from user_pool_client.request import Request, stack_name
from user_pool_client.response import CREATE_FAILED, CREATE_UNKNOWN, Outcome, is_client_id
from user_pool_client.rules import judge, judge_import, secret_at_creation, secret_wanted
from user_pool_client.settings import IMPORTS, SETTINGS, Settings, read, read_applied
from user_pool_client.work import AppClients, Work

_LONGEST_NAME = 128
_HEX_DIGITS = 12

# A service that makes its client while the stack is made may not be done yet (seconds).
_WAIT_FOR_A_CLIENT, _LOOK_EVERY = 60.0, 3.0


def on_create(request: Request, work: Work) -> Outcome:
    """Make the app client, or take over the one that the template imports."""
    what = "create the app client"
    try:
        desired = _readable(request)
        if imported := _imported(desired):
            what = f"adopt the app client of {imported}"
        if (outcome := _answered_before(request, work, desired)) is not None:
            return outcome
        if imported:
            return _adopt(request, work, desired)
        named = {"ClientName": derived_name(request), **desired}
        what += f' "{named["ClientName"]}" in user pool {named["UserPoolId"]}'
        return _create(request, work, desired, plan.new(named, "the resource is new"))
    except ProviderError as error:
        return _failed(work, what, error)


def on_update(request: Request, work: Work) -> Outcome:
    """Make the app client as the template now wants it: in place, by another client, or not at all."""
    client_id, what = request.physical_id, f"update the app client {request.physical_id}"
    try:
        desired, applied = _readable(request), read_applied(request.old_properties)
        if (outcome := _answered_before(request, work, desired)) is not None:
            return outcome
        imported = _imported(desired)
        observed = _present(work, desired, client_id)
        if observed is None and _imports_another(desired, applied, client_id):
            what = f"adopt the app client of {imported} instead of {client_id}"
            return _adopt(request, work, desired)
        if observed is None and imported:
            raise NotFound(
                f"The adopted client {client_id} is not in user pool {desired['UserPoolId']} any more.",
                f"take {imported.partition(' ')[0]} out of the template if a new client is wanted, and deploy again.",
            )
        return _make_so(request, work, desired, _applied_to(client_id, desired, applied), observed)
    except ProviderError as error:
        return _failed(work, what, error)


def on_delete(request: Request, work: Work) -> Outcome:
    """Delete the app client, unless it was imported. There being nothing to delete is a success, whatever is given."""
    client_id: str | None = request.physical_id
    applied = read_applied(request.properties)
    pool_id: str = applied.get("UserPoolId", "")
    done = Outcome("SUCCESS", request.physical_id or CREATE_FAILED)
    what = f"delete the app client {client_id} of user pool {pool_id}"
    imported = [name for name in IMPORTS if name in applied]
    try:
        if not pool_id:
            client_id = None
        elif not is_client_id(request.physical_id):
            client_id = None if imported else _made_without_telling(request, work, applied)
        if client_id is not None and applied.get("SecretId"):
            work.decided.update(gave_back=keeping.give_back(work.store, work.clients(applied), applied, client_id))
    except ProviderError as error:
        if client_id is None or not _is_gone(work.clients(applied), pool_id, client_id, error):
            return _failed(work, what, error)
    if imported:
        work.decided.update(decision="let go", because=f"{', '.join(imported)} is in the template")
        return done
    if client_id is None:
        work.decided.setdefault("decision", "nothing to delete")
        work.decided.setdefault("because", "there never was a client of this id")
        return done
    try:
        deleted = work.clients(applied).delete(pool_id, client_id)
    except ProviderError as error:
        return _failed(work, what, error)
    work.decided.update(
        {"decision": "deleted", "because": "CloudFormation asked for it"}
        if deleted
        else {"decision": "nothing to delete", "because": "it is gone already"}
    )
    return done


def derived_name(request: Request) -> str:
    """Return the name of a client whose template gives none: the same each time, and at most 128 characters."""
    readable = re.sub(r"[^A-Za-z0-9_=,.@-]", "-", f"{stack_name(request.stack_id)}-{request.logical_resource_id}")
    unique = hashlib.sha256(f"{request.stack_id}/{request.logical_resource_id}".encode("utf-8", "replace")).hexdigest()
    return f"{readable[: _LONGEST_NAME - _HEX_DIGITS - 1]}-{unique[:_HEX_DIGITS]}"


def _made_without_telling(request: Request, work: Work, applied: Settings) -> str | None:
    """Return the id of the client that a cancelled or lost Create has made, if this Delete may delete one."""
    if request.physical_id != CREATE_UNKNOWN and not making.is_invented(request):
        return None
    would_be = plan.new({"ClientName": derived_name(request), **applied}, "").settings
    return making.lost(request, work, applied, would_be)


def _answered_before(request: Request, work: Work, desired: Settings) -> Outcome | None:
    """Return the answer to a late request that was answered before; None if it is to be carried out.

    Raises Unavailable where nobody waits for it any more.
    """
    work.late = not request.is_fresh(work.deadline.clock.wall())
    if not work.late:
        return None
    work.progress.unsure()
    now = making.standing(request, work)
    work.decided.update(late=True, standing=now.status)
    if now.awaits(request.request_type, request.signed_at):
        return None
    if now.answered(request.request_type) and is_client_id(now.physical_id):
        client = observe(work.clients(desired), desired["UserPoolId"], now.physical_id, desired)
        if client is not None:
            work.progress.made(client.client_id)
            work.decided.update(decision="answer as before", because="CloudFormation has the answer already")
            return _told(request, work, client, desired, desired)
    if request.request_type == "Create" and not _imported(desired):
        would_be = plan.new({"ClientName": derived_name(request), **desired}, "").settings
        making.clear_away(request, work, desired, would_be, now)
    raise Unavailable("CloudFormation no longer waits for this request, so nothing was made of it.", "deploy again.")


def observe(clients: AppClients, pool_id: str, client_id: str, desired: Settings) -> Observed | None:
    """Return the client as it is, or None; ask for a secret that Describe does not show only where one is wanted."""
    observed = clients.describe(pool_id, client_id)
    if observed is not None and observed.has_secret is None and (secret_wanted(desired) or "SecretId" in desired):
        return dataclasses.replace(observed, has_secret=bool(clients.secret_ids(pool_id, client_id)))
    return observed


def _present(work: Work, desired: Settings, client_id: str) -> Observed | None:
    """Return the resource's client, if it exists and is the one that the template is about."""
    if not is_client_id(client_id) or _import_id(desired) not in (None, client_id):
        return None
    return observe(work.clients(desired), desired["UserPoolId"], client_id, desired)


def _applied_to(client_id: str, desired: Settings, applied: Settings) -> Settings:
    """Return what was applied to the present client: nothing, where the template before was about another one.

    So it is when an update that failed to take over another client, or to move to another user pool, is rolled back.
    """
    here = applied.get("UserPoolId") in (None, desired["UserPoolId"]) and _import_id(applied) in (None, client_id)
    return applied if here else {}


def _make_so(request: Request, work: Work, desired: Settings, applied: Settings, observed: Observed | None) -> Outcome:
    decision = plan.decide(desired=desired, applied=applied, observed=observed, derived_name=derived_name(request))
    clients = work.clients(desired)
    match decision:
        case plan.Create(_, because):
            if imported := _imported(desired):
                raise Refused(
                    f"The client of {imported} cannot become what the template wants: {because}.",
                    "let GenerateSecret agree with the client or take it out of the template.",
                )
            return _create(request, work, desired, decision)
        case plan.Update(before, settings, changed):
            _judge(settings, has_secret=before.has_secret, given=desired, keeps="SecretId" in desired)
            work.decided.update(decision="update", because="settings differ", changed=list(changed))
            updated = clients.update(before.pool_id, before.client_id, settings)
            updated = dataclasses.replace(updated, has_secret=updated.has_secret or before.has_secret)
            return _made_so(request, work, updated, desired, applied)
        case plan.Keep(present):
            if "SecretId" in desired and (problems := keeping.nothing_to_keep(has_secret=present.has_secret)):
                raise InvalidProperties(problems)
            work.decided.update(decision="keep", because="all is as desired")
            return _made_so(request, work, present, desired, applied)


def _create(request: Request, work: Work, desired: Settings, decision: plan.Create) -> Outcome:
    settings = decision.settings
    work.decided.update(decision="create", because=decision.because)
    if work.late and (found := making.found_before(request, work, desired, settings)) is not None:
        return _made_so(request, work, found, desired, {})
    if "SecretId" in desired:
        own = keeping.laid_there_before(work.store, desired)
        if own is not None:
            settings = {name: value for name, value in settings.items() if name != "GenerateSecret"}
            settings["ClientSecret"] = own
    _judge(settings, has_secret=bool(secret_wanted(settings)), given=settings, keeps="SecretId" in desired)
    created = making.make(request, work, desired, settings)
    return _made_so(request, work, created, desired, {})


def _adopt(request: Request, work: Work, desired: Settings) -> Outcome:
    """Take a client over that exists: what the template says is made so, all else stays as it is."""
    clients = work.clients(desired)
    client_id = _find(work, clients, desired)
    observed = observe(clients, desired["UserPoolId"], client_id, desired)
    if observed is None:
        raise NotFound(
            f"There is no app client {client_id} in user pool {desired['UserPoolId']}.",
            "correct ImportId, or take it out of the template if a new client is wanted.",
        )
    work.decided.update(adopted=client_id)
    if request.request_type == "Create":
        work.progress.made(client_id)
    outcome = _make_so(request, work, desired, {}, observed)
    # An update that fails to take over another client leaves the resource with the one it has.
    work.progress.made(client_id)
    return outcome


def _find(work: Work, clients: AppClients, desired: Settings) -> str:
    """Return the id of the client to take over; wait a while for one that is not there yet."""
    if client_id := _import_id(desired):
        return client_id
    name, matching = (
        ("ImportNamePrefix", with_prefix) if "ImportNamePrefix" in desired else ("ImportNamePattern", with_pattern)
    )
    clock = work.deadline.clock
    until = clock.monotonic() + min(_WAIT_FOR_A_CLIENT, work.deadline.work_left() - _LOOK_EVERY)
    while not (found := matching(clients.named(desired["UserPoolId"]), desired[name])):
        if clock.monotonic() >= until:
            raise NotFound(
                f'No app client of user pool {desired["UserPoolId"]} fits {name} "{desired[name]}".',
                f"correct {name}, or make the stack wait (DependsOn) for what creates the client.",
            )
        clock.sleep(_LOOK_EVERY)
    if len(found) > 1:
        raise Refused(
            f'{len(found)} app clients of user pool {desired["UserPoolId"]} fit {name} "{desired[name]}": '
            f"{listed(found)}.",
            f"make {name} fit exactly one of them, or use ImportId.",
        )
    return found[0].client_id


def _imported(desired: Settings) -> str:
    """Return which import the template asks for, as a person would say it; '' for none."""
    return next((f'{name} "{desired[name]}"' for name in IMPORTS if name in desired), "")


def _import_id(settings: Settings) -> str | None:
    """Return the client id of ImportId; None where there is none, or none that parses."""
    import_id = settings.get("ImportId")
    return None if import_id is None else str(import_id).partition("/")[2]


def _imports_another(desired: Settings, applied: Settings, client_id: str) -> bool:
    """Tell whether an update takes over another client than the present one. Names are looked up once for each pool."""
    if import_id := _import_id(desired):
        return import_id != client_id
    return bool(_imported(desired)) and applied.get("UserPoolId") not in (None, desired["UserPoolId"])


def _readable(request: Request) -> Settings:
    """Return the template's settings, or raise InvalidProperties with all that is wrong with them.

    Combinations are judged here only where something is wrong anyway, so that all is told at once. Of an update's and
    an adoption's, those that are wrong whatever the client is like.
    """
    desired, problems = read(request.properties)
    unread = {name for problem in problems for name in problem.properties()}
    problems += [problem for problem in judge_import(desired) if not problem.properties() & unread]
    if not problems:
        return desired
    merges = request.request_type != "Create" or bool(_imported(desired))
    for problem in judge(desired, has_secret=None if merges else secret_at_creation(desired)):
        if not problem.properties() & unread and (not merges or problem.properties() <= desired.keys()):
            problems.append(problem)
    raise InvalidProperties(problems)


def _judge(settings: Settings, *, has_secret: bool | None, given: Settings, keeps: bool) -> None:
    problems = judge(settings, has_secret=has_secret)
    if keeps:
        problems += keeping.nothing_to_keep(has_secret=has_secret)
    if problems:
        raise InvalidProperties([_with_origin(problem, settings, given) for problem in problems])


def _with_origin(problem: Problem, settings: Settings, given: Settings) -> Problem:
    """Say which of the properties are not in the template: the client has them from elsewhere, or as defaults."""
    elsewhere = sorted(name for name in problem.properties() if name in settings and name not in given)
    if not elsewhere:
        return problem
    return dataclasses.replace(
        problem, wrong=f"{problem.wrong} ({', '.join(elsewhere)}: not in the template, but so on the client.)"
    )


def _made_so(request: Request, work: Work, client: Observed, desired: Settings, applied: Settings) -> Outcome:
    """See to what has calls of its own, the session configuration and the kept secret, and tell of the client."""
    clients = work.clients(desired)
    wanted: dict[str, Any] | None = desired.get("SSOSession")
    if wanted is None and "SSOSession" in applied:
        wanted = SETTINGS["SSOSession"].default
    if wanted is not None:
        try:
            _set_session(work, clients, client, wanted["MaxValidityMinutes"])
        except NotOffered:
            # A user pool that has no sessions any more has nothing to reset.
            if "SSOSession" in desired:
                raise
    return _told(request, work, client, desired, applied)


def _told(request: Request, work: Work, client: Observed, desired: Settings, applied: Settings) -> Outcome:
    """Tell of the client, after its secret is kept where SecretId wants it to be."""
    session = desired.get("SSOSession") or (SETTINGS["SSOSession"].default if "SSOSession" in applied else None)
    if session is not None:
        client = dataclasses.replace(client, settings={**client.settings, "SSOSession": dict(session)})
    if "SecretId" not in desired:
        return Outcome("SUCCESS", client.client_id, data=attributes(client))
    clients, over = work.clients(desired), "The request was answered as late, so the secret was not kept."
    if work.progress.is_over():
        raise Unavailable(over, "deploy again.")
    version = keeping.keep(work.store, clients, client, desired=desired, applied=applied, request=request)
    if work.progress.is_over() and client.client_id != request.physical_id:
        # The Delete of the new client may have come before its secret did.
        keeping.give_back(work.store, clients, desired, client.client_id)
        raise Unavailable(over, "deploy again.")
    work.decided.update(kept_in=version.arn, kept_as=version.version_id)
    kept = {"SecretArn": version.arn, "SecretVersionId": version.version_id}
    return Outcome("SUCCESS", client.client_id, data={**attributes(dataclasses.replace(client, secret=None)), **kept})


def _is_gone(clients: AppClients, pool_id: str, client_id: str, error: ProviderError) -> bool:
    """Tell whether an error need not keep a Delete from succeeding, because there is nothing to delete."""
    if not isinstance(error, Refused):
        return False  # the same may work later
    with contextlib.suppress(ProviderError):
        return clients.describe(pool_id, client_id) is None
    return False


def _set_session(work: Work, clients: AppClients, client: Observed, minutes: int) -> None:
    if clients.session_minutes(client.pool_id, client.client_id) != minutes:
        clients.set_session_minutes(client.pool_id, client.client_id, minutes)
        work.decided.update(session_minutes=minutes)


def _failed(work: Work, what: str, error: ProviderError) -> Outcome:
    return Outcome("FAILED", work.progress.physical_id, f"Could not {what}: {error}")
