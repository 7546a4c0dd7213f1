"""Live many lives, and print what happened in them; a life that went wrong is told from its beginning."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests import canaries
from tests.conftest import nothing_leaks

LIVES = 300
SHOWN = (
    ("lives", "lives of one to three stacks"),
    ("stacks", "stacks made"),
    ("rollbacks", "rollbacks"),
    ("requests", "requests"),
    ("invocations", "invocations"),
    ("answers SUCCESS", "answers: SUCCESS"),
    ("answers FAILED", "answers: FAILED"),
    ("answers not delivered", "answers that could not be delivered"),
    ("watchdogs", "answers after a time-out"),
    ("hangs", "processes that hung until their end"),
    ("crashes", "crashes, those included"),
    ("duplicates", "duplicates, 30 seconds or later"),
    ("duplicates at once", "duplicates at the same moment or within 30 seconds"),
    ("journals lost", "times that the journal lost everything"),
    ("faults of the journal and of Secrets Manager", "lost calls of the journal and of Secrets Manager"),
    ("late deliveries", "first deliveries that came late"),
    ("cancelled", "requests that were cancelled"),
    ("calls to Cognito", "calls to Cognito"),
    ("throttles", "throttled calls"),
    ("lost before the work", "calls lost before the work was done"),
    ("lost after the work", "calls lost after the work was done"),
    ("clients made", "clients made"),
    ("contributions", "contributions to clients of other stacks"),
    ("clients deleted", "calls that delete a client"),
    ("replacements", "replacements"),
    ("retained", "resources retained"),
    ("deletions from outside", "clients deleted from outside"),
    ("edits from outside", "clients edited from outside"),
)


def main() -> int:
    """Return 1 if anything was not as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="the lives to live (default: others each time)")
    parser.add_argument("--lives", type=int, default=LIVES, help=f"how many (default: {LIVES})")
    parser.add_argument("--life", type=int, default=None, help="only this one of them")
    arguments = parser.parse_args()
    seed = int(time.time()) if arguments.seed is None else arguments.seed
    numbers = range(arguments.lives) if arguments.life is None else [arguments.life]

    from tests.chaos.life import lived  # noqa: PLC0415 - after the environment of tests is set

    counts: Counter[str] = Counter()
    left_behind: Counter[str] = Counter()
    wrong: list[tuple[list[str], int, list[str]]] = []
    began = time.monotonic()
    for number in numbers:
        with nothing_leaks(quietly=True):
            report = lived(seed, number, counts)
        canaries.forget_watched()
        left_behind += report.left_behind
        if report.wrong:
            wrong.append((report.story, number, report.wrong))
    print(f"Seed {seed}, {time.monotonic() - began:.0f} seconds", end="\n\n")
    for name, text in SHOWN:
        print(f"{counts[name]:8}  {text}")
    print()
    for because, count in sorted(left_behind.items()):
        print(f"{count:8}  left behind as documented: {because}")
    for name in sorted(counts):
        if name.startswith("not judged"):
            print(f"{counts[name]:8}  {name}")
    if not wrong:
        print("\nEvery client is some resource's, or was never ours; every resource has its client, as desired.")
        return 0
    for _, number, what in wrong:
        print(f"\nLife {number}: {'; '.join(what)}")
    story, number, _ = min(wrong, key=lambda each: len(each[0]))
    print(f"\nThe shortest of them, again: make chaos SEED={seed} LIFE={number}", *story, sep="\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
