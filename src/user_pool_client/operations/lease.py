"""The right to change what is contributed to one client, and the client with it: one resource at a time has it.

Cognito's UpdateUserPoolClient replaces the whole configuration, so of two writers that have read the same state the
second one takes back what the first one wrote. A contribution therefore also visits the resource that owns the client,
if the journal knows one: none of its requests begins meanwhile, and a visit does not begin while one is at work.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from user_pool_client.deadline import pauses
from user_pool_client.domain.contributions import Contributions
from user_pool_client.domain.errors import ProviderError
from user_pool_client.domain.journal import Hold
from user_pool_client.log import logger
from user_pool_client.operations.turn import StillAtWork, Turn

# How often the journal is asked whether the client is free (seconds).
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 3.0


@dataclass(slots=True)
class Lease:
    """The right, as one request has it; `visited` is the owner whose requests wait, '' for none."""

    turn: Turn = field(repr=False)
    hold: Hold
    contributions: Contributions
    changed_at: float
    visited: str = ""

    def is_for(self, pool_id: str, client_id: str) -> bool:
        """Tell whether it is about this client."""
        return (self.hold.pool_id, self.hold.client_id) == (pool_id, client_id)

    def note(self, contributions: Contributions) -> None:
        """Note what is contributed from now on, before the client is changed. Raises ProviderError."""
        if contributions != self.contributions:
            self.turn.journal.note_contributions(self.hold, contributions)
            self.contributions = contributions

    def release(self, contributions: Contributions | None = None) -> None:
        """Let others change the client, with these contributions noted. If that fails, the lease still ends."""
        left = self.contributions if contributions is None else contributions
        _tried(lambda: self.turn.journal.let_go(self.hold, left, _now(self.turn)))
        if self.visited:
            _tried(lambda: self.turn.journal.leave(self.visited, self.hold, _now(self.turn)))


def take(turn: Turn, pool_id: str, client_id: str, *, visits: bool) -> Lease:
    """Wait until nobody else changes the client, and return the right to. The owner itself does not visit.

    Raises StillAtWork, and other ProviderErrors where the journal cannot be read or written.
    """
    journal, visited = turn.journal, ""
    owner = journal.owner(pool_id, client_id) if visits else None
    if owner is not None and owner.resource != turn.resource:
        visited = owner.resource
        _wait(turn, lambda: journal.visit(visited, _hold(turn, pool_id, client_id)))
    hold = _hold(turn, pool_id, client_id)
    try:
        held = _wait(turn, lambda: journal.hold(_hold(turn, pool_id, client_id)))
    except ProviderError:
        if visited:
            _tried(partial(journal.leave, visited, hold, _now(turn)))
        raise
    return Lease(turn, hold, held.contributions, held.changed_at, visited)


def _wait[Taken](turn: Turn, attempt: Callable[[], Taken | None]) -> Taken:
    deadline = turn.invocation.deadline
    for pause in pauses(_FIRST_PAUSE, _LONGEST_PAUSE):
        if taken := attempt():
            return taken
        if pause >= deadline.work_left():
            raise StillAtWork("Another resource is still changing the app client.", "deploy again in a few minutes.")
        deadline.clock.sleep(pause)
    raise AssertionError  # pauses never end


def _hold(turn: Turn, pool_id: str, client_id: str) -> Hold:
    return Hold(pool_id, client_id, turn.holder, _now(turn), turn.lease_ends())


def _now(turn: Turn) -> float:
    return turn.invocation.deadline.clock.wall()


def _tried(write: Callable[[], None]) -> None:
    try:
        write()
    except ProviderError as error:
        logger.warning("The journal was not completed", extra={"because": error.why})
