"""A local AWS with the real template, built and deployed by the real sam, for all tests of stacks."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING

import pytest

from tools.local_aws import ministack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tools.local_aws.ministack import LocalAws, Stack


@pytest.fixture(scope="session")
def bare_aws() -> Iterator[LocalAws]:
    with ministack.running() as running:
        yield running


@pytest.fixture(scope="session")
def package(bare_aws: LocalAws) -> Path:
    return bare_aws.build()


@pytest.fixture(scope="session")
def package_again(bare_aws: LocalAws) -> Path:
    """Build once more, elsewhere and for the other architecture."""
    return bare_aws.build("build-again", Architecture="x86_64")


@pytest.fixture(scope="session")
def aws(bare_aws: LocalAws, package: Path) -> LocalAws:
    assert package.is_dir()
    bare_aws.deploy_provider(LogLevel="DEBUG")
    return bare_aws


@pytest.fixture(scope="session")
def new_stack(aws: LocalAws) -> Callable[[], Stack]:
    numbers = itertools.count(1)
    return lambda: aws.stack(f"test-{next(numbers)}")


@pytest.fixture
def stack(new_stack: Callable[[], Stack]) -> Stack:
    return new_stack()


@pytest.fixture(autouse=True)
def silent_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests' own calls of AWS, at DEBUG thousands of lines, out of what is searched and reported."""
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and name.startswith(("boto3", "botocore", "urllib3")):
            monkeypatch.setattr(logger, "disabled", True)
