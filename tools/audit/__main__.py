"""Scan the template and the code: `make audit`. Only what accepted.toml justifies may be found."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from tools.audit import scanners, transformed
from tools.audit.findings import ACCEPTED, problems, read_accepted
from tools.audit.scanners import ROOT, ScannerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.audit.findings import Scan

_RESOURCES = ROOT / "build" / "audit" / "template.json"
_LOCKS = [ROOT / "src" / "requirements.txt", *sorted((ROOT / "requirements").glob("*.txt"))]


def main(arguments: Sequence[str]) -> int:
    """Print what each scanner says; return 0 if nothing is to be done, 1 if something is, 2 if a scanner did not run.

    What could not be checked is said, and is a failure only with `--advisories required`: without the internet the
    other scanners are worth running all the same.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.audit", description=__doc__)
    said = "required: fail if the advisory service cannot be reached"
    parser.add_argument("--advisories", choices=["asked", "required"], default="asked", help=said)
    required = parser.parse_args(arguments).advisories == "required"
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # SAM's transform wants one
    accepted = read_accepted(ACCEPTED.read_text(encoding="utf-8"))
    scans: list[Scan] = []
    try:
        for scan in _scans():
            print(f"{scan.scanner}: {_summary(scan)}", flush=True)
            scans.append(scan)
    except ScannerError as error:
        print(error, file=sys.stderr)
        return 2
    to_do = problems(scans, accepted)
    for problem in to_do:
        print(problem, file=sys.stderr)
    unchecked = [scan for scan in scans if scan.not_checked]
    for scan in unchecked:
        print(f"NOT CHECKED by {scan.scanner}: {scan.not_checked}.", file=sys.stderr)
    if not to_do:
        print(f"Nothing is found that is not accepted, with a reason, in {ACCEPTED.relative_to(ROOT)}.")
    return 1 if to_do or (required and unchecked) else 0


def _scans() -> Iterator[Scan]:
    transformed.write(scanners.TEMPLATE, _RESOURCES)
    yield scanners.cfn_lint()
    yield scanners.bandit()
    yield scanners.checkov(_RESOURCES)
    yield scanners.cdk_nag(_RESOURCES)
    yield scanners.pip_audit(_LOCKS)


def _summary(scan: Scan) -> str:
    found = len(scan.findings)
    return f"{found} finding{'' if found == 1 else 's'}{', not everything is checked' if scan.not_checked else ''}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
