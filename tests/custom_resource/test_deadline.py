"""The time of a request is divided between the work and the answer."""

from __future__ import annotations

import pytest

from user_pool_client.deadline import Clock, Deadline


@pytest.mark.parametrize(
    ("seconds", "work_ends", "answer_ends"),
    [
        pytest.param(60.0, 55.0, 59.5, id="the-answer-gets-five-seconds"),
        pytest.param(20.0, 15.0, 19.5, id="the-answer-gets-no-more-than-five-seconds"),
        pytest.param(4.0, 3.0, 3.9, id="of-little-time-the-work-gets-most"),
        pytest.param(0.0, 0.0, 0.0, id="no-time-is-no-time"),
    ],
)
def test_the_work_ends_before_the_answer_must_be_out(seconds: float, work_ends: float, answer_ends: float) -> None:
    deadline = Deadline.after(seconds, Clock(monotonic=lambda: 1000.0))

    assert deadline.work_ends - 1000 == pytest.approx(work_ends)
    assert deadline.answer_ends - 1000 == pytest.approx(answer_ends)


@pytest.mark.parametrize("seconds", [-0.5, -100.0, -3600.0])
def test_when_cloudformation_no_longer_waits_no_time_is_left(seconds: float) -> None:
    deadline = Deadline.after(seconds, Clock(monotonic=lambda: 1000.0))

    assert deadline.work_left() < 0
    assert deadline.answer_left() < 0


def test_what_is_left_shrinks_as_time_goes_by() -> None:
    times = iter([0.0, 10.0, 10.0, 56.0, 56.0])
    deadline = Deadline.after(60, Clock(monotonic=lambda: next(times)))

    assert (deadline.work_left(), deadline.answer_left()) == (45.0, 49.5)
    assert (deadline.work_left(), deadline.answer_left()) == (-1.0, 3.5)
