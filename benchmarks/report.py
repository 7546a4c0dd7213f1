"""Times and ratios as a person reads them."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks.warm import Times

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.cold import Start

COLD_TARGETS = {"least": 1.15, "plain": 0.45}
WARM_TARGET = 1.3


def show_cold(starts: dict[str, list[Start]]) -> str:
    """Show every candidate's times, then ours as a ratio to each of the others; the CDK's has no target."""
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
        ratios = _ratios([one.answered_ns for one in starts[ours]], [one.answered_ns for one in starts[name]])
        lines.append(f"{name:16}{_verdict(ratios, COLD_TARGETS.get(name))}")
    return "\n".join(lines)


def show_warm(times: dict[str, list[Times]]) -> str:
    """Show each request type, then one of each together; in the last columns the CDK's handler, if it ran."""
    rows = times | {"all three": [_sum(row) for row in zip(*times.values(), strict=True)]}
    with_cdk = rows["all three"][0].cdk_ns is not None
    header = f"{'':16}{'handler':>10}{'bare':>10}{'ratio':>10}{'target':>10}"
    return "\n".join(
        [
            f"Warm: the handler next to bare boto3 calls and the PUT, {len(rows['all three'])} rounds, interleaved",
            "",
            f"{header}{'':10}{'cdk':>10}{'ratio':>10}" if with_cdk else header,
            *(_warm_line(name, some) for name, some in rows.items()),
        ]
    )


def _sum(row: Iterable[Times]) -> Times:
    handler, bare, cdk = zip(*row, strict=True)
    return Times(sum(handler), sum(bare), None if None in cdk else sum(cdk))


def _warm_line(name: str, times: Sequence[Times]) -> str:
    handler, bare = [one.handler_ns for one in times], [one.bare_ns for one in times]
    line = f"{name:16}{_ms(median(handler))}{_ms(median(bare))}{_verdict(_ratios(handler, bare), WARM_TARGET)}"
    cdk = [one.cdk_ns for one in times if one.cdk_ns is not None]
    return f"{line:66}{_ms(median(cdk))}{_verdict(_ratios(handler, cdk))}" if cdk else line


def _ratios(ours: Sequence[int], others: Sequence[int]) -> list[float]:
    return [own / other for own, other in zip(ours, others, strict=True)]


def _ms(nanoseconds: float) -> str:
    return f"{nanoseconds / 1e6:7.1f} ms"


def _verdict(ratios: Sequence[float], target: float | None = None) -> str:
    ratio = median(ratios)
    if target is None:
        return f"{ratio:10.2f}"
    return f"{ratio:10.2f}{target:10.2f}   {'reached' if ratio <= target else 'missed'}"
