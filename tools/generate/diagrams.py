"""Draw docs/diagrams/*.svg from the *.toml next to them: narrow enough for a phone, for a light and a dark screen.

The colours follow the reader's system. The background is part of the drawing, so that it can be read on any page.
"""

from __future__ import annotations

import textwrap
import tomllib
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DIAGRAMS = Path(__file__).resolve().parents[2] / "docs" / "diagrams"

# In the units of the drawing; a page shows it somewhat larger, and a phone somewhat smaller.
WIDTH, SHOWN = 400, 500
LINE, PAD = 17, 8
CHARACTER = 6.9  # the mean width of one, in the widest of the fonts below
SMALL = 11.5 / 13

STYLE = """
  svg { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
  .page { fill: #fff; } text { fill: #1b1f24; } .strong { font-weight: 600; }
  .small { font-size: 11.5px; fill: #57606a; } .name { font-size: 11px; }
  .box { fill: #eef4ff; stroke: #2757dd; } .question { fill: #fff4d6; stroke: #9a6700; } .note { fill: #f3f4f6; }
  .box, .question, .arrow { stroke-width: 1.3; } .arrow { stroke: #2757dd; } .head { fill: #2757dd; }
  .frame { fill: none; stroke: #878787; stroke-dasharray: 4 3; } .lane { stroke: #c4c8ce; }
  .over { paint-order: stroke; stroke: #fff; stroke-width: 5px; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #131416; } text { fill: #e3e4e6; } .small { fill: #a7adb5; }
    .box { fill: #14233d; stroke: #5ca5ff; } .question { fill: #33270b; stroke: #e3b341; } .note { fill: #24272b; }
    .frame { stroke: #70757c; } .lane { stroke: #3d4147; } .arrow { stroke: #5ca5ff; } .head { fill: #5ca5ff; }
    .over { stroke: #131416; }
  }
"""


def diagrams() -> dict[Path, str]:
    """Return each drawing as it should be, by its file."""
    return {source.with_suffix(".svg"): draw(tomllib.loads(source.read_text())) for source in DIAGRAMS.glob("*.toml")}


def draw(source: Mapping[str, Any]) -> str:
    """Return the SVG of a diagram."""
    parts, height = (_sequence if source["kind"] == "sequence" else _flow)(source)
    title = escape(source["title"])
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{SHOWN}" role="img">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _flow(source: Mapping[str, Any]) -> tuple[list[str], int]:
    left, wide, beside = 12, 226, 262
    parts: list[str] = []
    top = 12
    steps = source["steps"]
    for number, step in enumerate(steps):
        lines = _wrapped(step["text"], wide - 2 * PAD)
        where = _wrapped(step.get("where", ""), wide - 2 * PAD, CHARACTER * SMALL)
        aside = _wrapped(step.get("aside", ""), WIDTH - beside, CHARACTER * SMALL)
        high = max((len(lines) + len(where)) * LINE, len(aside) * LINE) + 2 * PAD - 3
        kind = "question" if step.get("question") else "box"
        parts.append(f'<rect class="{kind}" x="{left}" y="{top}" width="{wide}" height="{high}" rx="5"/>')
        first = top + (high - (len(lines) + len(where)) * LINE) / 2 + 13
        parts += _texts(lines, left + PAD, first, "strong")
        parts += _texts(where, left + PAD, first + len(lines) * LINE, "small")
        if aside:
            ends = (left + wide, beside - 3)
            start, end = reversed(ends) if step.get("inwards") else ends
            parts += _arrow(start, top + high / 2, end, top + high / 2)
            parts += _texts(aside, beside, top + (high - len(aside) * LINE) / 2 + 13, "small")
        top += high
        if number < len(steps) - 1:
            parts += _arrow(left + 40, top, left + 40, top + 16)
            top += 16
    return parts, top + 12


def _sequence(source: Mapping[str, Any]) -> tuple[list[str], int]:
    spacing = WIDTH / len(source["lanes"])
    lanes = {name: round(spacing * (index + 0.5)) for index, name in enumerate(source["lanes"])}
    parts, bottom = _steps(source["steps"], lanes, 48)
    heads = []
    for name, middle in lanes.items():
        heads.append(f'<line class="lane" x1="{middle}" y1="36" x2="{middle}" y2="{bottom + 4}"/>')
        heads.append(f'<rect class="box" x="{middle - 47}" y="10" width="94" height="26" rx="5"/>')
        heads.append(f'<text class="name" x="{middle}" y="27" text-anchor="middle">{escape(name)}</text>')
    return heads + parts, bottom + 12


def _steps(steps: Sequence[Mapping[str, Any]], lanes: Mapping[str, int], top: float) -> tuple[list[str], int]:
    parts: list[str] = []
    for step in steps:
        if "if" in step:
            inner, bottom = _steps(step["steps"], lanes, top + 26)
            parts.append(f'<rect class="frame" x="6" y="{top}" width="{WIDTH - 12}" height="{bottom - top}" rx="4"/>')
            parts += _texts(_wrapped(f"If {step['if']}", WIDTH), 14, top + 17, "strong over")
            parts += inner
        elif "note" in step:
            lines = _wrapped(step["note"], WIDTH - 60)
            high = len(lines) * LINE + 2 * PAD - 3
            parts.append(f'<rect class="note" x="20" y="{top}" width="{WIDTH - 40}" height="{high}" rx="4"/>')
            parts += _texts(lines, 30, top + 18, "")
            bottom = round(top + high)
        else:
            start, end = lanes[step["from"]], lanes[step["to"]]
            left = min(start, end) + 6
            lines = _wrapped(step["text"], WIDTH - left - 10)
            parts += _texts(lines, left, top + 13, "over")
            bottom = round(top + len(lines) * LINE + 6)
            parts += _arrow(start, bottom, end, bottom)
        top = bottom + 10
    return parts, round(top)


def _arrow(x1: float, y1: float, x2: float, y2: float) -> Iterator[str]:
    yield f'<line class="arrow" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'
    if y1 == y2:
        back = 7 if x1 > x2 else -7
        yield f'<path class="head" d="M{x2:g} {y2:g} l{back} -4 v8 z"/>'
    else:
        yield f'<path class="head" d="M{x2:g} {y2:g} l-4 -7 h8 z"/>'


def _texts(lines: Sequence[str], x: float, y: float, kind: str) -> list[str]:
    named = f' class="{kind}"' if kind else ""
    return [f'<text{named} x="{x:g}" y="{y + i * LINE:g}">{escape(line)}</text>' for i, line in enumerate(lines)]


def _wrapped(text: str, width: float, character: float = CHARACTER) -> list[str]:
    return textwrap.wrap(text, int(width / character), break_long_words=False, break_on_hyphens=False)
