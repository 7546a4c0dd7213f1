"""Warm: the handler's Create, Update and Delete next to the boto3 calls and the PUT that they cannot do without."""

from __future__ import annotations

import json
import subprocess
from typing import NamedTuple

from benchmarks.laboratory import Laboratory, NotMeasuredError
from benchmarks.packages import PYTHON, ROOT, Packages, make_environment

LIMIT_SECONDS = 300
UNCOUNTED = 10
"""Rounds before the first that counts: caches fill, connections open."""


class Pair(NamedTuple):
    """The same request, one right after the other."""

    handler_ns: int
    bare_ns: int


def measure_warm(laboratory: Laboratory, packages: Packages, rounds: int) -> dict[str, list[Pair]]:
    """Give the pairs by request type; every answer is looked at."""
    results = laboratory.folder / "warm"
    log = laboratory.folder / "log"
    command = (str(PYTHON), "-u", "-m", "benchmarks.candidates.warm_loop")
    arguments = (laboratory.addresses.responses, str(UNCOUNTED + rounds), str(results))
    with log.open("wb") as errors:
        try:
            subprocess.run(  # noqa: S603 - our own command, no shell
                command + arguments,
                check=True,
                cwd=packages.ours.folder,
                env=make_environment(laboratory) | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                timeout=LIMIT_SECONDS,
            )
        except subprocess.SubprocessError as error:
            raise NotMeasuredError(f"warm calls: {error}\n{log.read_text(errors='replace')[-2000:]}") from error
    lines = [json.loads(line) for line in results.read_text().splitlines()][UNCOUNTED:]
    pairs = {kind: [Pair(*line[kind]) for line in lines] for kind in lines[0]}
    for _ in range((UNCOUNTED + rounds) * len(pairs) * len(Pair._fields)):
        answer = json.loads(laboratory.delivery().body)
        if answer["Status"] != "SUCCESS":
            raise NotMeasuredError(f"warm calls: answered {answer['Status']}: {answer.get('Reason')}")
    return pairs
