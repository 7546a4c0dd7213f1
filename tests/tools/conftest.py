"""The template that the command writes of the tests' pool."""

from __future__ import annotations

import pytest

from tests import canaries
from tests.fixtures.world import POOL, World
from tests.tools.pool_templates import Written, run


@pytest.fixture
def written(world: World, capsys: pytest.CaptureFixture[str]) -> Written:
    """Give a function that runs the command and returns the template."""

    def write(*arguments: str) -> str:
        assert run(world, "--pool", POOL, *arguments) == 0
        out, err = capsys.readouterr()
        assert not canaries.leaked(out + err)
        world.calls()
        return out

    return write
