"""Whole stacks' lives, made up: a few of those that `make chaos` lives, always the same."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.chaos.life import lived


@pytest.mark.parametrize("number", range(12))
def test_whatever_happens_each_resource_has_one_client_as_desired_and_no_other_is_left(number: int) -> None:
    counts: Counter[str] = Counter()

    report = lived(2026, number, counts)

    assert report.wrong == [], "\n".join(report.story)
    assert counts["requests"] > 0


def test_the_same_seed_is_the_same_life() -> None:
    stories = [lived(7, 7, Counter()).story for _ in range(2)]

    assert stories[0] == stories[1]
