"""Measure cold starts and warm calls of the built function, and print them next to their targets."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from benchmarks.cold import measure_cold
from benchmarks.imports import show_imports
from benchmarks.laboratory import Laboratory, NotMeasuredError
from benchmarks.many import PROCESSES, SIMULATED, measure_processes, show_many, simulate
from benchmarks.packages import ROOT, Packages, prepared
from benchmarks.report import show_cold, show_warm
from benchmarks.warm import measure_warm

PACKAGE = ROOT / ".aws-sam" / "build" / "UserPoolClientFunction"
WARM_ROUNDS_PER_COLD_ROUND = 10


def main() -> int:
    """Report; exit with 1 if something could not be measured, never because a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--package",
        type=Path,
        default=PACKAGE,
        metavar="DIR",
        help="the built function (default: where `sam build` puts it)",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=30,
        metavar="N",
        help="cold starts of each candidate; ten times as many warm calls",
    )
    parser.add_argument("--many", action="store_true", help="measure only many requests at once")
    parser.add_argument("--imports", action="store_true", help="show instead which imports the function pays for")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that it, too, leaves nothing behind
    try:
        with prepared(arguments.package.resolve()) as packages, Laboratory() as laboratory:
            if arguments.imports:
                print(show_imports(laboratory, packages))
                return 0
            if arguments.many:
                print_many(laboratory, packages)
                return 0
            print(show_cold(measure_cold(laboratory, packages, arguments.rounds)), flush=True)
            rounds = arguments.rounds * WARM_ROUNDS_PER_COLD_ROUND
            print("", show_warm(measure_warm(laboratory, packages, rounds)), "", sep="\n", flush=True)
            print_many(laboratory, packages)
    except NotMeasuredError as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def print_many(laboratory: Laboratory, packages: Packages) -> None:
    """Print first what is simulated, then what takes minutes."""
    print(show_many(SIMULATED, "simulated on a virtual clock", simulate()), flush=True)
    how = "a process for each, forked before, in real time"
    print("", show_many(PROCESSES, how, measure_processes(laboratory, packages)), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
