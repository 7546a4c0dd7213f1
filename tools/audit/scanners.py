"""The scanners, each as a function from what there is to scan to what it has found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.audit.findings import Finding, Scan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
CODE = ("src", "tools", "schema")
_BIN = Path(sys.executable).parent


class ScannerError(Exception):
    """A scanner has not run; the text says which, and what it said."""


def cfn_lint() -> Scan:
    """Check template.yaml, informational rules included."""
    said = _output(_BIN / "cfn-lint", "--include-checks", "I", "--format", "json", "--", TEMPLATE)
    found: dict[Finding, str] = {}
    for match in _json("cfn-lint", said):
        path = match["Location"]["Path"] or [""]
        where = path[1] if path[0] == "Resources" and len(path) > 1 else str(path[0])
        found[Finding("cfn-lint", match["Rule"]["Id"], where)] = match["Message"]
    return Scan("cfn-lint", found)


def checkov(resources: Path) -> Scan:
    """Check the resources of the transformed template."""
    said = _output(
        *(_BIN / "checkov", "--file", resources, "--framework", "cloudformation", "--output", "json"),
        *("--quiet", "--compact", "--skip-download"),
    )
    failed = _json("checkov", said)["results"]["failed_checks"]
    found = {
        Finding("checkov", one["check_id"], one["resource"].rpartition(".")[2]): one["check_name"] for one in failed
    }
    return Scan("checkov", found)


def bandit() -> Scan:
    """Check the code of the function, of the commands and of the rules for cfn-lint."""
    said = _output(_BIN / "bandit", "--quiet", "--recursive", *CODE, "--format", "json")
    results = _json("bandit", said)["results"]
    return Scan("bandit", {Finding("bandit", one["test_id"], one["filename"]): one["issue_text"] for one in results})


def cdk_nag(resources: Path) -> Scan:
    """Check the resources of the transformed template with the AwsSolutions rules. They run on Node."""
    if shutil.which("node") is None:
        return Scan("cdk-nag", {}, "there is no Node on this machine, and it runs on Node")
    assembly = resources.parent / "cdk.out"
    shutil.rmtree(assembly, ignore_errors=True)
    said = _output(sys.executable, "-m", "tools.audit.cdk_nag_app", resources, assembly)
    report = assembly / "validation-report.json"
    if not report.exists():
        raise ScannerError(f"cdk-nag has written no report:\n{said}")
    found: dict[Finding, str] = {}
    for plugin in json.loads(report.read_text())["pluginReports"]:
        if plugin["pluginName"] != "AwsSolutions":  # the CDK's own checks are for apps that are written with it
            continue
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                where = construct["constructPath"].rpartition("/")[2]
                found[Finding("cdk-nag", violation["ruleName"], where)] = violation["description"]
    return Scan("cdk-nag", found)


def pip_audit(locks: Sequence[Path]) -> Scan:
    """Ask PyPI's advisory service about every pinned package. It needs the internet."""
    dependencies: list[Mapping[str, Any]] = []
    for lock in locks:
        arguments = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json")
        said = _output(_BIN / "pip-audit", *arguments, "--requirement", lock)
        try:
            dependencies += json.loads(said)["dependencies"]
        except ValueError:
            said = (said.strip().splitlines() or ["nothing"])[-1]
            return Scan("pip-audit", {}, f"the advisory service, which needs the internet, gave no answer ({said})")
    return advisories(dependencies)


def advisories(dependencies: Sequence[Mapping[str, Any]]) -> Scan:
    """Read pip-audit's report: a package that the service does not know was skipped, and a skip is not a pass."""
    found: dict[Finding, str] = {}
    skipped = {one["name"] for one in dependencies if "skip_reason" in one}
    for one in dependencies:
        for advisory in one.get("vulns", ()):
            fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
            found[Finding("pip-audit", advisory["id"], f"{one['name']}=={one['version']}")] = f"fixed in {fixed}"
    why = f"the advisory service, which needs the internet, said nothing of {len(skipped)} packages" if skipped else ""
    return Scan("pip-audit", found, why)


def _output(*command: str | Path) -> str:
    """Return what a scanner prints; they end with an error if they have found something."""
    environment = {**os.environ, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"}
    done = subprocess.run(  # noqa: S603 - our own words
        list(command), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout or done.stderr


def _json(scanner: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ScannerError(f"{scanner} has not run:\n{text}") from None
