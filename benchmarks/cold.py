"""Cold start: from starting the process to the answer's last byte at the response host."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.events import SETTINGS, make_calls, make_event
from benchmarks.laboratory import Laboratory, NotMeasuredError
from benchmarks.node import FOLDER
from benchmarks.packages import PYTHON, Candidate, Packages, make_environment

if TYPE_CHECKING:
    from pathlib import Path

PRINTED_SHOWN = 2000
"""Characters of what a candidate printed last."""


class Start(NamedTuple):
    """One start: until the runtime asked for work, and until the answer was delivered."""

    ready_ns: int
    answered_ns: int


def measure_cold(laboratory: Laboratory, packages: Packages, rounds: int) -> dict[str, list[Start]]:
    """Start each candidate in turn, round after round; the first round only fills the file cache."""
    starts: dict[str, list[Start]] = {candidate.name: [] for candidate in packages.candidates}
    for number in range(rounds + 1):
        for candidate in packages.candidates:
            start = start_once(laboratory, packages.runtime, candidate)
            if number:
                starts[candidate.name].append(start)
    return starts


def start_once(laboratory: Laboratory, runtime: Path, candidate: Candidate, *options: str) -> Start:
    """Start a candidate as Lambda does: its package is the working directory and first on the path, the runtime next.

    `options` are Python's. What it prints is in `<laboratory>/log` afterwards.
    """
    event = make_event("Create", laboratory.addresses.responses)
    environment = make_environment(laboratory, candidate)
    if candidate.node:
        event["ResourceProperties"] = make_calls(SETTINGS)
        command: tuple[str, ...] = (str(candidate.node.path), str(FOLDER / "runtime.js"))
    else:
        environment["PYTHONPATH"] = str(runtime)
        command = (str(PYTHON), *options, "-m", "awslambdaric", candidate.handler)
    laboratory.hand_over(event)
    log = laboratory.folder / "log"
    with log.open("wb") as output:
        started = time.monotonic_ns()
        process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            command,
            cwd=candidate.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            asked_at_ns, answered_at_ns = _wait_for_answer(laboratory)
        except NotMeasuredError as error:
            printed = log.read_text(errors="replace")[-PRINTED_SHOWN:]
            raise NotMeasuredError(f"{candidate.name}: {error}; it printed last:\n{printed}") from error
        finally:
            process.kill()
            process.wait()
    return Start(asked_at_ns - started, answered_at_ns - started)


def _wait_for_answer(laboratory: Laboratory) -> tuple[int, int]:
    invocation = laboratory.invocation()
    if invocation.outcome != "invocation response":
        raise NotMeasuredError(f"the runtime reports: {invocation.outcome}")
    delivery = laboratory.delivery()
    answer = json.loads(delivery.body)
    if answer["Status"] != "SUCCESS":
        raise NotMeasuredError(f"answered {answer['Status']}: {answer.get('Reason')}")
    return invocation.asked_at_ns, delivery.at_ns
