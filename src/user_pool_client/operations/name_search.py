"""Clients found by their names."""

import json
import subprocess
import sys
from collections.abc import Sequence

from user_pool_client.domain.app_client import ClientSummary
from user_pool_client.domain.errors import NotFound, Refused
from user_pool_client.domain.plan import import_id_of
from user_pool_client.domain.properties import Settings
from user_pool_client.operations.context import Context
from user_pool_client.operations.ports import AppClients

# A service that makes its client while the stack is made may not be done yet (seconds).
_WAIT_FOR_A_CLIENT, _LOOK_EVERY = 60.0, 3.0


def find_import(ctx: Context, clients: AppClients, desired: Settings) -> str:
    """Return the id of the client to take over; wait a while for one that is not there yet."""
    if client_id := import_id_of(desired):
        return client_id
    name, matching = (
        ("ImportNamePrefix", with_prefix) if "ImportNamePrefix" in desired else ("ImportNamePattern", with_pattern)
    )
    clock = ctx.deadline.clock
    until = clock.monotonic() + min(_WAIT_FOR_A_CLIENT, ctx.deadline.work_left() - _LOOK_EVERY)
    # A pattern may match an empty name, but not one that is not shown.
    while not (found := matching([c for c in clients.list_clients(desired["UserPoolId"]) if c.name], desired[name])):
        if clock.monotonic() >= until:
            raise NotFound(
                f'No app client of user pool {desired["UserPoolId"]} fits {name} "{desired[name]}".',
                f"correct {name}, or make the stack wait (DependsOn) for what creates the client.",
            )
        clock.sleep(_LOOK_EVERY)
    if len(found) > 1:
        raise Refused(
            f'{len(found)} app clients of user pool {desired["UserPoolId"]} fit {name} "{desired[name]}": '
            f"{format_clients(found)}.",
            f"make {name} fit exactly one of them, or use ImportId.",
        )
    return found[0].client_id


# A regular expression can take longer than the universe has left, and Python could not even answer meanwhile: it is
# matched in a process of its own, which can be ended.
_MATCH = (
    "import json, re, sys; pattern, names = json.load(sys.stdin); "
    "print(json.dumps([re.fullmatch(pattern, name) is not None for name in names]))"
)

_LONGEST_MATCH = 10.0  # seconds
_LISTED = 10


def with_prefix(clients: Sequence[ClientSummary], prefix: str) -> list[ClientSummary]:
    """Return the clients whose names begin like this; case matters."""
    return [client for client in clients if client.name.startswith(prefix)]


def with_pattern(clients: Sequence[ClientSummary], pattern: str) -> list[ClientSummary]:
    """Return the clients whose whole names match; raise Refused if the pattern cannot be matched in time."""
    given = json.dumps([pattern, [client.name for client in clients]])
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; the pattern is its input, not its code
            [sys.executable, "-I", "-S", "-c", _MATCH],
            input=given,
            capture_output=True,
            check=True,
            text=True,
            timeout=_LONGEST_MATCH,
        )
    except (subprocess.SubprocessError, OSError):
        failed = Refused(
            f'ImportNamePattern "{pattern}" could not be matched with the names of {len(clients)} clients.',
            "write a simpler regular expression, or use ImportNamePrefix or ImportId.",
        )
    else:
        return [client for client, matches in zip(clients, json.loads(done.stdout), strict=True) if matches]
    raise failed


def format_clients(clients: Sequence[ClientSummary]) -> str:
    """Return the clients as a person reads them, the first ones of many."""
    shown = ", ".join(f"{client.name} ({client.client_id})" for client in clients[:_LISTED])
    rest = len(clients) - _LISTED
    return f"{shown} and {rest} more" if rest > 0 else shown
