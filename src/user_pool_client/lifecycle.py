"""One function for each request type: observe, decide, act, and return an outcome."""

import dataclasses
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from user_pool_client import plan
from user_pool_client.attributes import attributes
from user_pool_client.errors import InvalidProperties, Problem, ProviderError, Unavailable
from user_pool_client.plan import Observed
from user_pool_client.request import Request
from user_pool_client.response import CREATE_FAILED, Outcome
from user_pool_client.rules import judge, secret_wanted
from user_pool_client.settings import Settings, read, read_applied

_LONGEST_NAME = 128
_HEX_DIGITS = 12


class AppClients(Protocol):
    """What the life of an app client needs of Cognito. Every call raises ProviderError when it does not work."""

    def create(self, settings: Settings) -> Observed:
        """Make a client."""

    def describe(self, pool_id: str, client_id: str) -> Observed | None:
        """Return the client, or None if there is none."""

    def has_secrets(self, pool_id: str, client_id: str) -> bool:
        """Tell whether the client has a secret that Describe does not show."""

    def update(self, pool_id: str, client_id: str, settings: Settings) -> Observed:
        """Replace the client's whole configuration."""

    def delete(self, pool_id: str, client_id: str, *, even_late: bool = False) -> bool:
        """Delete the client; return False if there was none."""


@dataclass(slots=True)
class Work:
    """What a request works with, and what it tells on the way.

    `made` is told the id of a new client the moment it exists, and answers whether that still counts: once the
    request has been answered, it does not, and the client must go again. `decided` collects what was decided, for the
    log.
    """

    clients: AppClients
    is_client_id: Callable[[str], bool]
    made: Callable[[str], bool]
    decided: dict[str, object] = field(default_factory=dict)


def on_create(request: Request, work: Work) -> Outcome:
    """Make the app client."""
    what = "create the app client"
    try:
        desired = {"ClientName": derived_name(request), **_readable(request, given_only=False)}
        what += f' "{desired["ClientName"]}" in user pool {desired["UserPoolId"]}'
        return _create(work, plan.new(desired, "the resource is new"))
    except ProviderError as error:
        return _failed(CREATE_FAILED, what, error)


def on_update(request: Request, work: Work) -> Outcome:
    """Make the app client as the template now wants it: in place, by a new client, or not at all."""
    client_id = request.physical_id
    try:
        return _update(request, work)
    except ProviderError as error:
        return _failed(client_id or CREATE_FAILED, f"update the app client {client_id}", error)


def on_delete(request: Request, work: Work) -> Outcome:
    """Delete the app client. There being nothing to delete is a success, whatever the properties say."""
    client_id = request.physical_id
    applied = read_applied(request.properties)
    pool_id = applied.get("UserPoolId")
    done = Outcome("SUCCESS", client_id or CREATE_FAILED)
    if not work.is_client_id(client_id) or pool_id is None:
        work.decided.update(decision="nothing to delete", because="there never was a client of this id")
        return done
    try:
        deleted = work.clients.delete(pool_id, client_id)
    except ProviderError as error:
        return _failed(client_id, f"delete the app client {client_id} of user pool {pool_id}", error)
    work.decided.update(
        {"decision": "deleted"} if deleted else {"decision": "nothing to delete", "because": "it is gone already"}
    )
    return done


def derived_name(request: Request) -> str:
    """Return the name of a client whose template gives none: the same each time, and at most 128 characters."""
    parts = request.stack_id.split("/")
    stack = parts[1] if len(parts) > 1 else "stack"
    readable = re.sub(r"[^A-Za-z0-9_=,.@-]", "-", f"{stack}-{request.logical_resource_id}")
    unique = hashlib.sha256(f"{request.stack_id}/{request.logical_resource_id}".encode("utf-8", "replace")).hexdigest()
    return f"{readable[: _LONGEST_NAME - _HEX_DIGITS - 1]}-{unique[:_HEX_DIGITS]}"


def _update(request: Request, work: Work) -> Outcome:
    desired = _readable(request, given_only=True)
    pool_id, client_id = desired["UserPoolId"], request.physical_id
    observed = work.clients.describe(pool_id, client_id) if work.is_client_id(client_id) else None
    if observed is not None and observed.has_secret is None and secret_wanted(desired):
        observed = dataclasses.replace(observed, has_secret=work.clients.has_secrets(pool_id, client_id))
    decision = plan.decide(
        desired=desired,
        applied=read_applied(request.old_properties),
        observed=observed,
        derived_name=derived_name(request),
    )
    match decision:
        case plan.Create():
            return _create(work, decision)
        case plan.Update(before, settings, changed):
            _judge(settings, has_secret=before.has_secret, given=desired)
            work.decided.update(decision="update", changed=list(changed))
            updated = work.clients.update(pool_id, client_id, settings)
            return _made_so(dataclasses.replace(updated, has_secret=updated.has_secret or before.has_secret))
        case plan.Keep(present):
            work.decided.update(decision="keep", because="all is as desired")
            return _made_so(present)


def _create(work: Work, decision: plan.Create) -> Outcome:
    _judge(decision.settings, has_secret=bool(secret_wanted(decision.settings)), given=decision.settings)
    work.decided.update(decision="create", because=decision.because)
    created = work.clients.create(decision.settings)
    if not work.made(created.client_id):
        # The watchdog has answered that there is no client, so nobody would ever delete this one.
        work.decided.update(made_too_late=created.client_id)
        work.clients.delete(created.pool_id, created.client_id, even_late=True)
        raise Unavailable("Cognito made the client too late, so it was deleted again.", "deploy again.")
    return _made_so(created)


def _readable(request: Request, *, given_only: bool) -> Settings:
    """Return the template's settings, or raise InvalidProperties with all that is wrong with them.

    Combinations are judged here only where something is wrong anyway, so that all is told at once: of those in an
    Update (`given_only`) the ones that are wrong whatever the client is like.
    """
    desired, problems = read(request.properties)
    if not problems:
        return desired
    unread = {name for problem in problems for name in problem.properties()}
    for problem in judge(desired, has_secret=None if given_only else bool(secret_wanted(desired))):
        if not problem.properties() & unread and (not given_only or problem.properties() <= desired.keys()):
            problems.append(problem)
    raise InvalidProperties(problems)


def _judge(settings: Settings, *, has_secret: bool | None, given: Settings) -> None:
    if problems := judge(settings, has_secret=has_secret):
        raise InvalidProperties([_with_origin(problem, settings, given) for problem in problems])


def _with_origin(problem: Problem, settings: Settings, given: Settings) -> Problem:
    """Say which of the properties are not in the template: the client has them from elsewhere, or as defaults."""
    elsewhere = sorted(name for name in problem.properties() if name in settings and name not in given)
    if not elsewhere:
        return problem
    return dataclasses.replace(
        problem, wrong=f"{problem.wrong} ({', '.join(elsewhere)}: not in the template, but so on the client.)"
    )


def _made_so(observed: Observed) -> Outcome:
    return Outcome("SUCCESS", observed.client_id, data=attributes(observed))


def _failed(physical_id: str, what: str, error: ProviderError) -> Outcome:
    return Outcome("FAILED", physical_id, f"Could not {what}: {error}")
