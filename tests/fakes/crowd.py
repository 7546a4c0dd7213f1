"""Many callers at once on one virtual clock: each is a thread, one at a time runs, and time jumps to whoever is next.

What they call may be the real code with the real waiting in it: it only needs its clock from here.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STACK_SIZE = 512 * 1024


class Turn:
    """Somebody's next turn, unless it is cancelled before it has come."""

    def __init__(self, begin: Callable[[], object]) -> None:
        self.begin = begin
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Crowd:
    """Be the clock of many callers. `run` returns when the last one has ended."""

    def __init__(self, epoch: float = 1_800_000_000.0) -> None:
        self.now = 0.0
        self._epoch = epoch
        self._numbers = itertools.count()
        self._waiting: list[tuple[float, int, Turn]] = []
        self._threads: list[threading.Thread] = []
        self.errors: list[BaseException] = []

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self._epoch + self.now

    def sleep(self, seconds: float) -> None:
        """Let others run until so much later."""
        mine = threading.Semaphore(0)
        self._wait(seconds, Turn(mine.release))
        self._wake_next()
        mine.acquire()

    def start(self, caller: Callable[[], object], *, after: float = 0.0) -> Turn:
        """Let another caller begin so much later."""
        thread = threading.Thread(target=self._live, args=[caller])
        turn = Turn(lambda: self._begin(thread))
        self._wait(after, turn)
        return turn

    def run(self, callers: Sequence[Callable[[], object]]) -> None:
        """Start all callers at the same moment; raise what the first one raised that failed."""
        before = threading.stack_size(STACK_SIZE)
        for caller in callers:
            self.start(caller)
        self._wake_next()
        for thread in self._threads:  # those that they start come behind
            thread.join()
        threading.stack_size(before)
        self._threads.clear()
        if self.errors:
            raise self.errors[0]

    def _begin(self, thread: threading.Thread) -> None:
        self._threads.append(thread)
        thread.start()

    def _live(self, caller: Callable[[], object]) -> None:
        try:
            caller()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that runs the crowd
            self.errors.append(error)
        self._wake_next()

    def _wait(self, seconds: float, turn: Turn) -> None:
        heapq.heappush(self._waiting, (self.now + seconds, next(self._numbers), turn))

    def _wake_next(self) -> None:
        while self._waiting:
            moment, _, turn = heapq.heappop(self._waiting)
            if not turn.cancelled:
                self.now = max(self.now, moment)
                turn.begin()
                return
