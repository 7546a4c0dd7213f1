"""Times and ratios as a person reads them."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.cold import Start
    from benchmarks.warm import Pair

COLD_TARGETS = {"least": 1.15, "plain": 0.45}
WARM_TARGET = 1.3


def show_cold(starts: dict[str, list[Start]]) -> str:
    """Show every candidate's times, then ours as a ratio to each of the others."""
    ours, *others = starts
    rounds = len(starts[ours])
    lines = [
        f"Cold start, one Create: process start to delivered answer, {rounds} rounds, interleaved",
        "",
        f"{'':16}{'min':>10}{'median':>10}{'max':>10}{'ready':>10}   (ready: median time to asking for work)",
    ]
    for name, all_of_one in starts.items():
        answered = [start.answered_ns for start in all_of_one]
        ready = median(start.ready_ns for start in all_of_one)
        lines.append(f"{name:16}{_ms(min(answered))}{_ms(median(answered))}{_ms(max(answered))}{_ms(ready)}")
    lines += ["", f"{'against':16}{'ratio':>10}{'target':>10}"]
    for name in others:
        ratios = [own.answered_ns / other.answered_ns for own, other in zip(starts[ours], starts[name], strict=True)]
        lines.append(f"{name:16}{_verdict(ratios, COLD_TARGETS[name])}")
    return "\n".join(lines)


def show_warm(pairs: dict[str, list[Pair]]) -> str:
    """Show each request type, then one of each together."""
    rounds = len(next(iter(pairs.values())))
    lines = [
        f"Warm: the handler next to bare boto3 calls and the PUT, {rounds} rounds, interleaved",
        "",
        f"{'':16}{'handler':>10}{'bare':>10}{'ratio':>10}{'target':>10}",
    ]
    lines += [
        _warm_line(kind, [pair.handler_ns for pair in some], [pair.bare_ns for pair in some])
        for kind, some in pairs.items()
    ]
    rounds_of_all = list(zip(*pairs.values(), strict=True))
    handler = [sum(pair.handler_ns for pair in row) for row in rounds_of_all]
    bare = [sum(pair.bare_ns for pair in row) for row in rounds_of_all]
    lines.append(_warm_line("all three", handler, bare))
    return "\n".join(lines)


def _warm_line(name: str, handler: Sequence[int], bare: Sequence[int]) -> str:
    ratios = [own / other for own, other in zip(handler, bare, strict=True)]
    return f"{name:16}{_ms(median(handler))}{_ms(median(bare))}{_verdict(ratios, WARM_TARGET)}"


def _ms(nanoseconds: float) -> str:
    return f"{nanoseconds / 1e6:7.1f} ms"


def _verdict(ratios: Sequence[float], target: float) -> str:
    ratio = median(ratios)
    return f"{ratio:10.2f}{target:10.2f}   {'reached' if ratio <= target else 'missed'}"
