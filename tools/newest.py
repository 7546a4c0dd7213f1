"""Tell what the installed botocore knows of Cognito's app clients that our tables do not: `make newest`.

The contract tests compare the two; this runs them in an environment with the newest boto3, and says what is new.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import botocore
import pytest

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT / "tests" / "aws" / "test_botocore.py"
# The one that must fail with any other botocore than the packed one.
PACKED = "test_the_packed_version_is_the_one_that_is_checked_here"


class Failures:
    """Collect what fails, in the words of the assertion."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a failed test's assertion; pytest calls this."""
        if report.failed:
            self.found[report.nodeid.partition("::")[2]] = said(report.longreprtext)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what failed before any test; pytest calls this."""
        if report.failed:
            self.found[report.nodeid or "collection"] = said(report.longreprtext)


def said(text: str) -> str:
    """Return the lines of a failure that say what differs."""
    lines = [line.removeprefix("E").strip() for line in text.splitlines() if line.startswith("E ")]
    return "\n".join(line for line in lines if line and not line.startswith("Use -v"))


def packed() -> str:
    """Return the version that the function is packed with."""
    requirements = (ROOT / "src" / "requirements.txt").read_text().split()
    return next(line.removeprefix("botocore==") for line in requirements if line.startswith("botocore=="))


def report(version: str, found: dict[str, str]) -> str:
    """Return what to tell: Markdown, for an issue as well as for a terminal."""
    if not found:
        return f"botocore {version} knows nothing of app clients that our tables do not (packed: {packed()})."
    parts = [f"botocore {version} knows something of app clients that our tables do not (packed: {packed()}):"]
    parts += [f"- {name.replace('_', ' ').removeprefix('test ')}\n\n```\n{text}\n```" for name, text in found.items()]
    parts.append('What to do: "Adding a setting" in docs/design.md.')
    return "\n\n".join(parts)


def main() -> int:
    """Run the contract tests and return the exit status."""
    failures, printed = Failures(), io.StringIO()
    arguments = ["-q", "-p", "no:cacheprovider", "--deselect", f"tests/aws/{CONTRACT.name}::{PACKED}", str(CONTRACT)]
    with contextlib.redirect_stdout(printed):
        status = pytest.main(["--rootdir", str(ROOT), *arguments], plugins=[failures])
    if status and not failures.found:
        failures.found["the contract tests could not be run"] = printed.getvalue()
    print(report(botocore.__version__, failures.found))
    return int(bool(failures.found))


if __name__ == "__main__":
    sys.exit(main())
