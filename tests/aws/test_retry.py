"""A call that may pass is tried again, after pauses of random length, as long as there is time."""

from __future__ import annotations

import random
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest

from user_pool_client.aws import retry as retry_module
from user_pool_client.aws.retry import Failure, RetryPolicy, retry
from user_pool_client.deadline import Clock
from user_pool_client.domain.errors import Refused, TryLater

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUSY = Failure("TooManyRequestsException", transient=True, error=TryLater("Busy.", "wait."))
NO = Failure("NotAuthorizedException", transient=False, error=Refused("No.", "ask."))


class Waits:
    """Time that passes only in pauses, and what was told of them."""

    def __init__(self, seconds: float = 1e9) -> None:
        self.now = 0.0
        self.ends = seconds
        self.pauses: list[float] = []
        self.told: list[tuple[str, str, float]] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def on_retry(self, *, operation: str, why: str, seconds: float) -> None:
        self.told.append((operation, why, seconds))

    def patience(self, *, after_deadline: bool = False) -> RetryPolicy:
        clock = Clock(lambda: self.now, self.sleep, lambda: self.now)
        return RetryPolicy(clock, lambda: self.ends - self.now, self.on_retry, after_deadline)


def after(failures: int) -> Callable[[], str | Failure]:
    outcomes: Iterator[str | Failure] = chain([BUSY] * failures, repeat("done"))
    return lambda: next(outcomes)


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """Let every pause be as long as it may be; return the bounds that were drawn between."""
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    monkeypatch.setattr(random, "uniform", uniform)
    return drawn


def test_what_works_at_once_waits_for_nothing() -> None:
    waits = Waits()

    assert retry("Describe", after(0), waits.patience()) == "done"
    assert (waits.pauses, waits.told) == ([], [])


def test_pauses_are_drawn_from_nothing_up_to_a_bound_that_doubles_to_eight_seconds(
    longest: list[tuple[float, float]],
) -> None:
    retry("Describe", after(7), Waits().patience())

    assert longest == [(0, bound) for bound in (0.5, 1, 2, 4, 8, 8, 8)]


def test_every_wait_is_told_with_its_reason() -> None:
    waits = Waits()

    retry("Describe", after(2), waits.patience())

    assert [told[:2] for told in waits.told] == [("Describe", "TooManyRequestsException")] * 2
    assert [seconds for _, _, seconds in waits.told] == waits.pauses


def test_what_is_hopeless_is_not_tried_again() -> None:
    waits = Waits()

    with pytest.raises(Refused, match="No"):
        retry("Describe", lambda: NO, waits.patience())

    assert waits.pauses == []


def test_what_may_not_be_sent_twice_is_not_even_if_it_may_pass() -> None:
    with pytest.raises(TryLater, match="Busy"):
        retry("Create", after(1), Waits().patience(), again=lambda _failure: False)


@pytest.mark.parametrize("seconds", [0.4, 3.0, 20.0])
def test_no_pause_ends_after_the_deadline(longest: list[tuple[float, float]], seconds: float) -> None:
    waits = Waits(seconds)

    with pytest.raises(TryLater, match="Busy"):
        retry("Describe", lambda: BUSY, waits.patience())

    assert waits.now < seconds
    assert longest[-1][1] >= seconds - waits.now


def test_nothing_begins_when_time_is_up() -> None:
    with pytest.raises(TryLater, match="There was no time left for Describe"):
        retry("Describe", after(0), Waits(0).patience())


@pytest.mark.parametrize(("failures", "works"), [(0, True), (1, False)])
def test_what_may_begin_late_has_one_try(failures: int, *, works: bool) -> None:
    waits = Waits(-1)
    if works:
        assert retry("Delete", after(failures), waits.patience(after_deadline=True)) == "done"
    else:
        with pytest.raises(TryLater, match="Busy"):
            retry("Delete", after(failures), waits.patience(after_deadline=True))
    assert waits.pauses == []


def test_two_callers_wait_differently() -> None:
    first, second = Waits(), Waits()
    for waits in (first, second):
        retry("Describe", after(5), waits.patience())

    assert first.pauses != second.pauses
    assert retry_module._LONGEST_PAUSE == 8.0
