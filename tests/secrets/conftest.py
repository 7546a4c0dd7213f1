"""What the tests of stored secrets start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.stored_secrets import Kept, a_kept_world

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    with a_kept_world(pending_stays=getattr(request, "param", False)) as kept:
        yield kept
