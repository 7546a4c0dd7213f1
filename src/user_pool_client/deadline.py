"""Time: how much of it a request has, the clock that reads it, and how long to wait between two tries."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from. Tests put another one in; all values are in seconds."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    wall: Callable[[], float] = time.time


def pauses(first: float, longest: float) -> Iterator[float]:
    """Draw pauses (seconds) from nothing up to a bound, which doubles from the first to the longest one.

    That they may be short at any time is what spreads many callers (full jitter):
    docs/decisions/0028-retries-use-full-jitter-up-to-eight-seconds.md
    """
    bound = first
    while True:
        yield random.uniform(0, bound)  # noqa: S311 - spreads callers, keeps no secret
        bound = min(bound * 2, longest)


# What the answer needs of the time at the end of a request: a TLS connection and some tries.
_FOR_THE_ANSWER = 5.0
_SHARE_FOR_THE_ANSWER = 0.25


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the work must stop and when the answer must be out, as readings of `clock.monotonic`."""

    work_ends: float
    answer_ends: float
    clock: Clock = field(repr=False)

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> "Deadline":
        """Divide the seconds that are left between the work and the answer."""
        now = clock.monotonic()
        for_the_answer = min(_FOR_THE_ANSWER, seconds * _SHARE_FOR_THE_ANSWER)
        return cls(now + seconds - for_the_answer, now + seconds - for_the_answer * 0.1, clock)

    def work_left(self) -> float:
        """Return the seconds that the work still has; negative when it is late."""
        return self.work_ends - self.clock.monotonic()

    def answer_left(self) -> float:
        """Return the seconds in which the answer can still be delivered; negative when it is late."""
        return self.answer_ends - self.clock.monotonic()
