"""A template from a user pool: its app clients are read, and written as resources that adopt them as they are."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Any, TextIO, cast, override

from tools.template_text import as_yaml, short
from user_pool_client.aws.calls import Caller
from user_pool_client.aws.cognito import AppClients
from user_pool_client.aws.sessions import ClientCache, RoleCredentials
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.errors import NotFound, Refused
from user_pool_client.domain.parsing import parse
from user_pool_client.domain.plan import Update, decide, merge
from user_pool_client.domain.properties import PUBLISH, SETTINGS, TOKENS, UPDATABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from botocore.client import BaseClient

    from user_pool_client.domain.app_client import AppClient, ClientSummary, ClientType

# CloudFormation's limits. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MOST_RESOURCES, MOST_BYTES = 500, 1_048_576

# Cognito allows 5 requests a second for each operation and user pool, and the pool's other users want some, too.
SECONDS_APART = 0.25
# How long one request is tried again while Cognito is busy, in seconds.
PATIENCE = 300.0
# Between two lines of progress where a line cannot be written over, in seconds.
LINE_EVERY = 10.0

_COMMENT = """\
# Deploying this changes nothing in Cognito. While a resource has its ImportId, CloudFormation lets its client go
# instead of deleting it; without ImportId the client is the stack's own.
"""
# A number without its unit, or a unit without its number, would say something else.
_LIFETIMES = {"TokenValidityUnits", *(token.validity for token in TOKENS)}
_CLIENT_ID = re.compile(r"[0-9a-z]{26}")


class Progress:
    """Tells on stderr how far the reading has come: in one line on a terminal, else in a line now and then."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._rewrites = stream.isatty()
        self._last = clock.monotonic()
        self._read = ""

    def reading(self, done: int, total: int) -> None:
        """Tell how many clients are read."""
        left = round((total - done) * SECONDS_APART)
        self._read = f"Read {done:,} of {total:,} app clients, about {left} s left"
        if self._rewrites:
            self._show(self._read)
        elif self._clock.monotonic() - self._last >= LINE_EVERY:
            self._last = self._clock.monotonic()
            print(self._read, file=self._stream, flush=True)

    def waiting(self, *, operation: str, why: str, seconds: float) -> None:
        """Tell that Cognito wants to be left alone for a while; `seconds` is too short to be worth telling."""
        del seconds
        if self._rewrites:
            self._show(f"{self._read} (waiting: {operation}, {why})".strip())

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_error: object) -> None:
        """Leave the terminal as if nothing had been there."""
        if self._rewrites:
            self._show("")

    def _show(self, line: str) -> None:
        print(f"\r\x1b[K{line}", end="", file=self._stream, flush=True)


class PacedConnections(ClientCache):
    """boto3's clients, slowed down to what Cognito allows of each operation: new tries and pages count as well."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("", clock)
        self._clock = clock
        self._free_at: dict[str, float] = {}

    @override
    def client(
        self, service: str, region: str, credentials: RoleCredentials | None = None, *, short_timeout: bool = False
    ) -> BaseClient:
        """Return the service's client for a Region."""
        paced = _Paced(super().client(service, region, credentials, short_timeout=short_timeout), self._wait)
        return cast("BaseClient", paced)

    def _wait(self, method: str) -> None:
        seconds = self._free_at.get(method, 0.0) - self._clock.monotonic()
        if seconds > 0:
            self._clock.sleep(seconds)
        self._free_at[method] = self._clock.monotonic() + SECONDS_APART


class _Paced:
    """A client of boto3's that waits before each call."""

    def __init__(self, client: BaseClient, wait: Callable[[str], None]) -> None:
        self._client = client
        self._wait = wait

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self._wait(name)
            return getattr(self._client, name)(**parameters)

        return call


class Pool:
    """A user pool that is read, as slowly as it has to be. Raises ProviderError where it may not be."""

    def __init__(self, pool_id: str, clock: Clock, progress: Progress, client_type: ClientType = "REGULAR") -> None:
        self._client_type = client_type
        self._pool_id = pool_id
        self._clock = clock
        self._progress = progress
        self._connections = PacedConnections(clock)
        self._gone = 0
        self._no_sessions = ""

    def list_clients(self) -> list[ClientSummary]:
        """Return id and name of every client, in no order; pages that change meanwhile may show one twice."""
        found = self._clients().list_clients(self._pool_id, self._client_type)
        return list({client.client_id: client for client in found}.values())

    def describe(self, client_id: str) -> AppClient | None:
        """Return a client, its SSO session included if that can be read, or None if it is gone."""
        clients = self._clients()
        observed = clients.describe(self._pool_id, client_id)
        if observed is None:
            self._gone += 1
        elif not self._no_sessions:
            try:
                minutes = clients.session_minutes(self._pool_id, client_id)
            except NotFound:
                self._gone += 1
                return None
            except Refused as error:
                self._no_sessions = error.why
            else:
                session = {} if minutes is None else {"SSOSession": {"MaxValidityMinutes": minutes}}
                return dataclasses.replace(observed, settings={**observed.settings, **session})
        return observed

    def notes(self) -> Iterator[str]:
        """Tell what is not in the template and why."""
        if self._gone:
            yield f"Deleted meanwhile, and so left out: {self._gone} of the app clients."
        if self._no_sessions:
            yield f"SSOSession is left out, and stays as it is: {' '.join(self._no_sessions.split())}"

    def _clients(self) -> AppClients:
        return AppClients(Caller(self._connections, Deadline.after(PATIENCE, self._clock), self._progress.waiting))


def logical_ids(clients: Sequence[ClientSummary]) -> dict[str, str]:
    """Return a logical id for each client id: the name's letters and digits, or for want of those `Client`.

    Where several come to the same, also if only case tells them apart, each has its client id appended: so an id
    depends neither on the order of the clients nor on when they were made.
    """
    ids = {client.client_id: _from_name(client.name) for client in clients}
    from_names = dict(ids)
    while True:
        often = Counter(logical_id.lower() for logical_id in ids.values())
        clashing = [
            one for one, logical_id in ids.items() if often[logical_id.lower()] > 1 and logical_id == from_names[one]
        ]
        if not clashing:
            return ids
        ids |= {client_id: from_names[client_id] + _suffix(client_id) for client_id in clashing}


def _from_name(name: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", name)
    text = "".join(word[0].upper() + word[1:] for word in words)
    return text if text[:1].isalpha() else f"Client{text}"


def _suffix(client_id: str) -> str:
    """Return the client id, or 26 characters made from one that is not like Cognito's: all are of one length."""
    return client_id if _CLIENT_ID.fullmatch(client_id) else hashlib.sha256(client_id.encode()).hexdigest()[:26]


def as_resource(logical_id: str, observed: AppClient, export: str) -> str:
    """Return the resource that adopts a client as it is."""
    settings = not_by_default(observed)
    unclear = not_understood({"UserPoolId": observed.pool_id, **settings}, observed)
    properties = {
        "ServiceToken": short("Fn::ImportValue", export),
        "UserPoolId": observed.pool_id,
        "ImportId": f"{observed.pool_id}/{observed.client_id}",
        **{name: value for name, value in settings.items() if name not in unclear},
    }
    resource = as_yaml({logical_id: {"Type": "Custom::UserPoolClient", "Properties": properties}})
    if unclear:
        resource = f"# Not understood, so not managed, and left as it is: {', '.join(sorted(unclear))}\n{resource}"
    return textwrap.indent(resource, "  ")


def not_by_default(observed: AppClient) -> dict[str, Any]:
    """Return the settings of a client that differ from the defaults, and its name.

    Values are what the function would send to keep all that is, names those that it would change to reset it all.
    """
    settings = dict(merge(desired={}, applied={}, observed=observed.settings, generated_name=""))
    everything = dict.fromkeys(name for name in UPDATABLE if name != "ClientName")
    reset = decide(desired={}, applied=everything, observed=observed, generated_name="")
    wanted = {"ClientName", *(reset.changed if isinstance(reset, Update) else ())}
    units = settings.get("TokenValidityUnits", {})
    # A number says nothing without its unit, unless that is the default one.
    wanted |= {token.validity for token in TOKENS if units.get(token.name, token.default_unit) != token.default_unit}
    if observed.has_secret:
        # It surely has one, so this agrees; and a client that is made anew in its place has one as well. Never false:
        # a client that shows none may have one (its first one deleted), and where nothing is said all agrees.
        settings["GenerateSecret"] = True
        wanted.add("GenerateSecret")
    if observed.secret_arn:
        settings[PUBLISH] = True
        wanted.add(PUBLISH)
    session = observed.settings.get("SSOSession")
    if session not in (None, SETTINGS["SSOSession"].default):
        settings["SSOSession"] = session
        wanted.add("SSOSession")
    return {name: _tidy(name, settings[name]) for name in SETTINGS if name in wanted and name in settings}


def _tidy(name: str, value: Any) -> Any:
    """Sort lists, and leave members out that are the default and not required."""
    match value:
        case list():
            return sorted(value)
        case dict():
            default, required = SETTINGS[name].default or {}, SETTINGS[name].type.__required_keys__
            return {key: one for key, one in value.items() if key in required or one != default.get(key, False)}
        case _:
            return value


def not_understood(properties: Mapping[str, Any], observed: AppClient) -> set[str]:
    """Return the settings that the function would refuse, or would not find as they are: Cognito's newest, say."""
    desired, problems = parse(properties)
    unclear = {name for problem in problems for name in problem.properties()}
    plan = decide(desired=desired, applied={}, observed=observed, generated_name="")
    unclear |= set(plan.changed if isinstance(plan, Update) else ())
    return (unclear | _LIFETIMES if unclear & _LIFETIMES else unclear) & properties.keys()


def templates(resources: Sequence[str], about: str) -> list[str]:
    """Return as many templates as it takes to stay within CloudFormation's limits, the resources in their order."""
    room = MOST_BYTES - len(_template((), f"{about} (999 of 999)").encode())
    parts: list[list[str]] = []
    size = 0
    for resource in resources:
        needed = len(resource.encode()) + 1
        if not parts or len(parts[-1]) == MOST_RESOURCES or size + needed > room:
            parts.append([])
            size = 0
        parts[-1].append(resource)
        size += needed
    if len(parts) == 1:
        return [_template(parts[0], about)]
    return [_template(part, f"{about} ({number} of {len(parts)})") for number, part in enumerate(parts, start=1)]


def _template(resources: Sequence[str], about: str) -> str:
    head = as_yaml({"AWSTemplateFormatVersion": "2010-09-09", "Description": about})
    return f"{head}\n{_COMMENT}Resources:\n{'\n'.join(resources)}"
