"""Which imports a cold start pays for beyond those of the least that boto3 allows."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from benchmarks.cold import start_once

if TYPE_CHECKING:
    from benchmarks.laboratory import Laboratory
    from benchmarks.packages import Candidate, Packages

LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)")
SHOWN = 15


def show_imports(laboratory: Laboratory, packages: Packages) -> str:
    """Show, by package, the modules that only the function loads; their own time, each without what it imports."""
    ours, least = (_loaded(laboratory, packages, one) for one in (packages.ours, packages.least))
    extra: dict[str, list[int]] = defaultdict(list)
    for module, microseconds in ours.items():
        if module not in least:
            extra[module.partition(".")[0]].append(microseconds)
    rows = sorted(((sum(times), name, len(times)) for name, times in extra.items()), reverse=True)
    beyond, whole, whole_of_least = (
        _ms(sum(times)) for times in ((row[0] for row in rows), ours.values(), least.values())
    )
    lines = [f"Imports: {whole}, of the least {whole_of_least}; only here, by package: {beyond}", ""]
    lines += [f"{name:24}{_ms(total):>12}   in {count} modules" for total, name, count in rows[:SHOWN]]
    return "\n".join(lines)


def _ms(microseconds: int) -> str:
    return f"{microseconds / 1000:.1f} ms"


def _loaded(laboratory: Laboratory, packages: Packages, candidate: Candidate) -> dict[str, int]:
    start_once(laboratory, packages.runtime, candidate, "-X", "importtime")
    log = (laboratory.folder / "log").read_text(errors="replace")
    return {module: int(microseconds) for microseconds, module in LINE.findall(log)}
