"""A call that may pass is tried again until it works, it is hopeless, or time is up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from user_pool_client.deadline import Clock, pauses
from user_pool_client.domain.errors import ProviderError, TryLater

TRY_LATER = "deploy again in a few minutes."

# The longest pause is short enough for the last of some hundred callers not to sleep long while the quota is free, and
# long enough for few calls to be in vain; the numbers:
# docs/decisions/0028-retries-use-full-jitter-up-to-eight-seconds.md
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0  # seconds


class RetryHook(Protocol):
    """Who is told that a call has to wait; `seconds` until the next try."""

    def __call__(self, *, operation: str, why: str, seconds: float) -> None:
        """Hear of it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that did not work: the service's or botocore's name for it, and whether it may pass."""

    code: str
    transient: bool
    error: ProviderError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait for a call: while `left` returns seconds, and `even_late` at least for one try."""

    clock: Clock
    left: Callable[[], float]
    on_retry: RetryHook
    after_deadline: bool = False


def retry[Answer](
    operation: str,
    attempt: Callable[[], Answer | Failure],
    patience: RetryPolicy,
    *,
    again: Callable[[Failure], bool] = lambda failure: failure.transient,
    no_time: str = "",
) -> Answer:
    """Try until it works; raise the last failure's error where `again` says no, or where the time is up.

    `no_time` is the reason where the time was up before a try, if it is to be another one than usual.
    """
    pause = pauses(_FIRST_PAUSE, _LONGEST_PAUSE)
    while patience.after_deadline or patience.left() > 0:
        answer = attempt()
        if not isinstance(answer, Failure):
            return answer
        seconds = next(pause)
        if not again(answer) or seconds >= patience.left():
            raise answer.error
        patience.on_retry(operation=operation, why=answer.code, seconds=seconds)
        patience.clock.sleep(seconds)
    raise TryLater(no_time or f"There was no time left for {operation}.", TRY_LATER)
