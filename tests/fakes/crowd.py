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

STACK_SIZE = 256 * 1024


class Crowd:
    """Be the clock of many callers. `run` returns when the last one has ended."""

    def __init__(self, epoch: float = 1_800_000_000.0) -> None:
        self.now = 0.0
        self._epoch = epoch
        self._numbers = itertools.count()
        self._waiting: list[tuple[float, int, threading.Semaphore]] = []
        self._started = threading.Semaphore(0)
        self.errors: list[BaseException] = []

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self._epoch + self.now

    def sleep(self, seconds: float) -> None:
        """Let others run until so much later."""
        turn = threading.Semaphore(0)
        heapq.heappush(self._waiting, (self.now + seconds, next(self._numbers), turn))
        self._wake_next()
        turn.acquire()

    def run(self, callers: Sequence[Callable[[], object]]) -> None:
        """Start all callers at the same moment; raise what the first one raised that failed."""
        before = threading.stack_size(STACK_SIZE)
        threads = [threading.Thread(target=self._live, args=[caller]) for caller in callers]
        for thread in threads:  # each waits for its first turn, in order
            thread.start()
            self._started.acquire()
        threading.stack_size(before)
        self._wake_next()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def _live(self, caller: Callable[[], object]) -> None:
        turn = threading.Semaphore(0)
        heapq.heappush(self._waiting, (self.now, next(self._numbers), turn))
        self._started.release()
        turn.acquire()
        try:
            caller()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that runs the crowd
            self.errors.append(error)
        self._wake_next()

    def _wake_next(self) -> None:
        if self._waiting:
            moment, _, turn = heapq.heappop(self._waiting)
            self.now = max(self.now, moment)
            turn.release()
