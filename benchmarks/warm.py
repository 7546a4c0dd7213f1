"""Warm: the handler's Create, Update and Delete next to the boto3 calls and the PUT that they cannot do without.

The CDK's handler, where it runs, has its turn in each round, in a process of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from typing import IO, TYPE_CHECKING, NamedTuple

from benchmarks.laboratory import Laboratory, NotMeasuredError
from benchmarks.node import FOLDER
from benchmarks.packages import PYTHON, ROOT, Candidate, Packages, make_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_SECONDS = 300
UNCOUNTED = 10
"""Rounds before the first that counts: caches fill, connections open."""


class Times(NamedTuple):
    """The same request, one right after the other."""

    handler_ns: int
    bare_ns: int
    cdk_ns: int | None = None


def measure_warm(laboratory: Laboratory, packages: Packages, rounds: int) -> dict[str, list[Times]]:
    """Give the times by request type; every answer is looked at."""
    results = laboratory.folder / "warm"
    log = laboratory.folder / "log"
    command = (str(PYTHON), "-u", "-m", "benchmarks.candidates.warm_loop")
    arguments = (laboratory.addresses.responses, str(UNCOUNTED + rounds), str(results))
    with log.open("wb") as errors, _beside(laboratory, packages.cdk, errors) as pipes:
        try:
            subprocess.run(  # noqa: S603 - our own command, no shell
                command + arguments + tuple(map(str, pipes)),
                check=True,
                cwd=packages.ours.folder,
                env=make_environment(laboratory, packages.ours) | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=pipes,
                timeout=LIMIT_SECONDS,
            )
        except subprocess.SubprocessError as error:
            raise NotMeasuredError(f"warm calls: {error}\n{log.read_text(errors='replace')[-2000:]}") from error
    lines = [json.loads(line) for line in results.read_text().splitlines()][UNCOUNTED:]
    calls = sum(len(times) for times in lines[0].values())
    for _ in range((UNCOUNTED + rounds) * calls):
        answer = json.loads(laboratory.delivery().body)
        if answer["Status"] != "SUCCESS":
            raise NotMeasuredError(f"warm calls: answered {answer['Status']}: {answer.get('Reason')}")
    return {kind: [Times(*line[kind]) for line in lines] for kind in lines[0]}


@contextlib.contextmanager
def _beside(laboratory: Laboratory, cdk: Candidate | None, log: IO[bytes]) -> Iterator[tuple[int, ...]]:
    """Start the CDK's handler; give the pipe that takes its events, and the one that its times come out of."""
    if cdk is None or cdk.node is None:
        yield ()
        return
    times, other_end = os.pipe()
    process = subprocess.Popen(  # noqa: S603 - our own command, no shell
        (str(cdk.node.path), str(FOLDER / "warm_loop.js"), str(other_end)),
        cwd=cdk.folder,
        env=make_environment(laboratory, cdk),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=log,
        pass_fds=(other_end,),
    )
    try:
        os.close(other_end)
        assert process.stdin is not None  # noqa: S101 - it was asked for, but the type does not say so
        yield process.stdin.fileno(), times
    finally:
        os.close(times)
        process.kill()
        process.communicate()
