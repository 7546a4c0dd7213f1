"""Clients found by their names."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from user_pool_client.errors import Refused

# A regular expression can take longer than the universe has left, and Python could not even answer meanwhile: it is
# matched in a process of its own, which can be ended.
_MATCH = (
    "import json, re, sys; pattern, names = json.load(sys.stdin); "
    "print(json.dumps([re.fullmatch(pattern, name) is not None for name in names]))"
)
_LONGEST_MATCH = 10.0  # seconds
_LISTED = 10


@dataclass(frozen=True, slots=True)
class Named:
    """One entry of a user pool's list of clients."""

    client_id: str
    name: str


def with_prefix(clients: Sequence[Named], prefix: str) -> list[Named]:
    """Return the clients whose names begin like this; case matters."""
    return [client for client in clients if client.name.startswith(prefix)]


def with_pattern(clients: Sequence[Named], pattern: str) -> list[Named]:
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


def listed(clients: Sequence[Named]) -> str:
    """Return the clients as a person reads them, the first ones of many."""
    shown = ", ".join(f"{client.name} ({client.client_id})" for client in clients[:_LISTED])
    rest = len(clients) - _LISTED
    return f"{shown} and {rest} more" if rest > 0 else shown
