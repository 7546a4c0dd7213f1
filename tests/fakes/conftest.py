"""A fake of Cognito with one pool, and its clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.cognito import FakeCognito
from tests.fakes.given import POOL, Clock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(clock: Clock) -> Iterator[FakeCognito]:
    fake = FakeCognito(clock=clock)
    fake.add_pool(
        POOL,
        resource_server_scopes=["api/read"],
        identity_providers=["MySAML"],
        custom_attributes=["custom:tenant"],
    )
    yield fake
    assert not fake.planned_faults
