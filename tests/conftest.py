"""What holds for every test: an environment with no AWS account in it, and no secret in what is logged or printed."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections import defaultdict
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TextIO

import botocore.session
import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests import canaries

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tests.fixtures.world import World

_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "*",
}


def _set_environment() -> None:
    """Take out what a developer's shell may say, before a test imports what reads it."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTOOLS_"))]:
        del os.environ[name]
    os.environ.update(_ENVIRONMENT)


_set_environment()

# Whoever makes a client reads its service's model, megabytes of JSON: it is read once for all tests.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

from user_pool_client import log  # noqa: E402 - powertools reads the environment when it is imported
from user_pool_client.custom_resource import sender  # noqa: E402 - powertools reads the environment when it is imported

# The same examples in every run, however busy the machine is.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("steady")


class _Seen(logging.Handler):
    """Keep everything that a test logs, as every handler would print it, and everything that it prints."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        forms = [logging.Formatter().format(record), str(record.__dict__)]
        logger = logging.getLogger(record.name)
        while logger.parent:  # the root's handlers are pytest's own
            # Powertools' handler prints JSON with all of the extra fields and of the context.
            forms += [handler.format(record) for handler in logger.handlers if handler is not self]
            logger = logger.parent
        self.texts += [(f"the log of {record.name}", form) for form in forms]

    def leaks(self) -> list[str]:
        """Tell where a canary was seen; not which text, or the report would leak as well."""
        places: defaultdict[str, list[str]] = defaultdict(list)
        for where, text in self.texts:
            places[where].append(text)
        return [f"{canary[:12]}… in {where}" for where in places for canary in canaries.leaked("".join(places[where]))]


class _Tee:
    """Pass a stream on and remember what was written to it."""

    def __init__(self, stream: TextIO, where: str, seen: _Seen) -> None:
        self._stream, self._where, self._seen = stream, where, seen

    def write(self, text: str) -> int:
        self._seen.texts.append((self._where, text))
        return self._stream.write(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextmanager
def _all_loggers_at_debug(seen: _Seen) -> Iterator[None]:
    """Let every logger speak, as if nobody had ever hushed one; only what has seen it keeps more than before."""
    loggers = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    levels = {logger: logger.level for logger in (logging.root, *loggers) if logger.level != logging.NOTSET}
    others = {handler: handler.level for handler in logging.root.handlers}
    heard = [logging.root, *(logger for logger in loggers if not logger.propagate)]
    for handler in others:  # pytest's own, which keep all that they hear until the end
        handler.setLevel(max(handler.level, logging.root.level))
    for logger in levels:
        logger.setLevel(logging.NOTSET)
    logging.root.setLevel(logging.DEBUG)
    for logger in heard:
        logger.addHandler(seen)
    try:
        yield
    finally:
        for logger in heard:
            logger.removeHandler(seen)
        for handler, level in others.items():
            handler.setLevel(level)
        for logger, level in levels.items():
            logger.setLevel(level)


@contextmanager
def _streams_seen(seen: _Seen) -> Iterator[None]:
    tees = {name: _Tee(getattr(sys, name), name, seen) for name in ("stdout", "stderr")}
    before = {name: getattr(sys, name) for name in tees}
    for name, tee in tees.items():
        setattr(sys, name, tee)
    try:
        yield
    finally:
        for name, tee in tees.items():
            if getattr(sys, name) is tee:
                setattr(sys, name, before[name])


@contextmanager
def nothing_leaks(*, quietly: bool = False) -> Iterator[None]:
    """Fail if a secret gets into a log at DEBUG, or is printed; `quietly` keeps the function's log from being seen."""
    seen = _Seen()
    with _all_loggers_at_debug(seen), _streams_seen(seen), _hushed() if quietly else nullcontext():
        yield
    assert not seen.leaks()


@contextmanager
def _hushed() -> Iterator[None]:
    """Let the function's own handler, which prints, take nothing."""
    handler = log.logger.registered_handler
    level = handler.level
    handler.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        handler.setLevel(level)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call() -> Generator[None]:
    """Fail every test in which a secret gets into a log at DEBUG, or is printed.

    This is no fixture because a test's own capsys must be in place before.
    """
    try:
        with nothing_leaks():
            yield
    finally:
        canaries.forget_watched()


class OneLocalAws(LoadScopeScheduling):  # type: ignore[misc]
    """Give all tests of stacks to one process: they share a local AWS and a build. All others go where there is time.

    `--dist loadgroup` would do, but groups nothing with pytest 9.2: https://github.com/pytest-dev/pytest-xdist/issues/1386
    """

    def _split_scope(self, nodeid: str) -> str:
        return "tests/stack" if nodeid.startswith("tests/stack/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneLocalAws:
    """Say which process gets which test."""
    return OneLocalAws(config, log)


@pytest.fixture
def world() -> Iterator[World]:
    from tests.fixtures.world import a_world  # noqa: PLC0415 - boto3 is for those who ask for it

    with a_world() as world:
        yield world


@pytest.fixture(autouse=True)
def fresh_authorities() -> Iterator[None]:
    """Let each test trust authorities of its own: the function reads them once."""
    yield
    sender._tls_context.cache_clear()
