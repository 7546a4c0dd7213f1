"""What scanners find, and which of it is accepted, with a reason each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ACCEPTED = Path(__file__).with_name("accepted.toml")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One finding: whose, which rule, and where: a logical ID of the template, a file, or a pinned package."""

    scanner: str
    rule: str
    where: str

    def __str__(self) -> str:
        return f"{self.scanner} {self.rule} in {self.where}"


@dataclass(frozen=True, slots=True)
class Scan:
    """What one scanner has found; `not_checked` says why it could not look, or at what."""

    scanner: str
    findings: Mapping[Finding, str]
    not_checked: str = ""


def read_accepted(text: str) -> dict[Finding, str]:
    """Return the accepted findings, each with the reason. Raises ValueError for one with none, or there twice."""
    accepted: dict[Finding, str] = {}
    for entry in tomllib.loads(text)["accepted"]:
        reason = " ".join(str(entry.get("why", "")).split())
        if not reason:
            raise ValueError(f"{entry['scanner']} {entry['rule']} is accepted without a reason (why).")
        for where in entry["where"]:
            finding = Finding(entry["scanner"], entry["rule"], where)
            if finding in accepted:
                raise ValueError(f"{finding} is accepted twice.")
            accepted[finding] = reason
    return accepted


def problems(scans: Collection[Scan], accepted: Collection[Finding]) -> list[str]:
    """Return what must be done: findings that nobody has accepted, and accepted ones that are found no longer.

    A scanner that could not look at everything makes none of its accepted findings stale.
    """
    found = {finding: text for scan in scans for finding, text in scan.findings.items()}
    complete = {scan.scanner for scan in scans if not scan.not_checked}
    new = [f"{finding}: {found[finding]}" for finding in sorted(found.keys() - {*accepted})]
    stale = sorted(one for one in {*accepted} - found.keys() if one.scanner in complete)
    return new + [
        f"{finding} is accepted, but not found any longer: take it out of accepted.toml." for finding in stale
    ]
