"""Hundreds of requests at once against Cognito's quotas: all are done, and soon."""

from __future__ import annotations

import pytest

from tests.fakes.many import FUNCTION_TIMEOUT, QUOTA, Run, life


@pytest.mark.parametrize("seed", range(3))
def test_200_clients_take_at_most_half_again_the_ideal_time(seed: int) -> None:
    ideal = 200 / QUOTA

    for operation, took in life(Run(seed), 200).items():
        assert took[-1] <= 1.5 * ideal, (operation, took[-1])


def test_500_clients_are_done_within_the_functions_timeout() -> None:
    for operation, took in life(Run(0), 500).items():
        assert took[-1] <= 1.5 * 500 / QUOTA < FUNCTION_TIMEOUT, (operation, took[-1])
