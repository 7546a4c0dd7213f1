"""`make audit`: nothing is accepted without a reason, and what could not be checked does not pass for checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tools.audit import __main__ as audit
from tools.audit.findings import ACCEPTED, Finding, Scan, problems, read_accepted
from tools.audit.scanners import ROOT, ScannerError, advisories
from tools.audit.transformed import EVERYTHING_ON, settled
from tools.template_text import Template

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW, OLD = Finding("checkov", "CKV_AWS_1", "Role"), Finding("checkov", "CKV_AWS_2", "Role")
ENTRY = '[[accepted]]\nscanner = "checkov"\nrule = "CKV_AWS_2"\nwhere = ["Role"]\n'
TEMPLATE = Template.read((ROOT / "template.yaml").read_text()).data


def test_every_accepted_finding_has_a_reason() -> None:
    accepted = read_accepted(ACCEPTED.read_text())

    assert len(accepted) > 10
    assert all(len(reason) > 20 for reason in accepted.values())
    assert {one.scanner for one in accepted} <= {"cfn-lint", "bandit", "checkov", "cdk-nag", "pip-audit"}


def test_no_accepted_finding_is_about_something_that_is_gone() -> None:
    there = {*TEMPLATE["Resources"], *(one.where for one in read_accepted(ACCEPTED.read_text()) if exists(one.where))}

    assert {one.where for one in read_accepted(ACCEPTED.read_text())} <= there


def exists(path: str) -> bool:
    return "/" in path and (ROOT / path).is_file()


@pytest.mark.parametrize("why", ["", 'why = ""\n', 'why = "  "\n'])
def test_whoever_accepts_a_finding_without_a_reason_is_refused(why: str) -> None:
    with pytest.raises(ValueError, match="checkov CKV_AWS_2 is accepted without a reason"):
        read_accepted(ENTRY + why)


def test_a_finding_is_accepted_once() -> None:
    with pytest.raises(ValueError, match="checkov CKV_AWS_2 in Role is accepted twice"):
        read_accepted(f'{ENTRY}why = "one"\n{ENTRY}why = "two"\n')


@pytest.mark.parametrize(
    ("found", "not_checked", "to_do"),
    [
        pytest.param([OLD], "", [], id="what-is-accepted"),
        pytest.param([NEW, OLD], "", ["checkov CKV_AWS_1 in Role: it is open"], id="what-is-new"),
        pytest.param(
            [],
            "",
            ["checkov CKV_AWS_2 in Role is accepted, but not found any longer: take it out of accepted.toml."],
            id="what-is-stale",
        ),
        pytest.param([], "no Node", [], id="what-could-not-be-looked-for"),
    ],
)
def test_new_findings_and_stale_acceptances_must_be_dealt_with(
    found: list[Finding], not_checked: str, to_do: list[str]
) -> None:
    scan = Scan("checkov", dict.fromkeys(found, "it is open"), not_checked)

    assert problems([scan], read_accepted(f'{ENTRY}why = "it must be"\n')) == to_do


def test_a_scanner_that_did_not_run_makes_nothing_stale() -> None:
    assert problems([Scan("bandit", {})], [OLD]) == []


def test_an_advisory_service_that_is_cut_off_does_not_pass_a_package() -> None:
    vulnerable = {"id": "CVE-2026-1", "fix_versions": ["2.0"]}
    scan = advisories(
        [
            {"name": "good", "version": "1.0", "vulns": []},
            {"name": "bad", "version": "1.0", "vulns": [vulnerable, {"id": "CVE-2026-2", "fix_versions": []}]},
            {"name": "unknown", "skip_reason": "Dependency not found on PyPI and could not be audited"},
        ]
    )

    assert {str(finding): text for finding, text in scan.findings.items()} == {
        "pip-audit CVE-2026-1 in bad==1.0": "fixed in 2.0",
        "pip-audit CVE-2026-2 in bad==1.0": "fixed in no version yet",
    }
    assert "needs the internet, said nothing of 1 package" in scan.not_checked
    assert advisories([{"name": "good", "version": "1.0", "vulns": []}]).not_checked == ""


@pytest.mark.parametrize(
    ("scans", "arguments", "status", "words"),
    [
        pytest.param([Scan("checkov", {OLD: ""})], [], 0, "Nothing is found that is not accepted", id="accepted"),
        pytest.param([Scan("checkov", {NEW: "it is open"})], [], 1, "CKV_AWS_1 in Role: it is open", id="new"),
        pytest.param([Scan("bandit", {}, "cut off")], [], 0, "NOT CHECKED by bandit: cut off.", id="not-checked"),
        pytest.param(
            [Scan("bandit", {}, "cut off")], ["--advisories", "required"], 1, "NOT CHECKED by bandit", id="required"
        ),
        pytest.param([ScannerError("bandit has not run")], [], 2, "bandit has not run", id="broken"),
    ],
)
def test_the_exit_status_tells_whether_something_is_to_be_done(
    scans: list[Any],
    arguments: list[str],
    status: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def given() -> Iterator[Scan]:
        for scan in scans:
            if isinstance(scan, ScannerError):
                raise scan
            yield scan

    monkeypatch.setattr(audit, "_scans", given)
    monkeypatch.setattr(audit, "read_accepted", lambda _: {OLD: "it must be"})

    assert audit.main(arguments) == status

    printed = capsys.readouterr()
    assert words in printed.out + printed.err


def test_the_scanners_see_everything_that_a_parameter_turns_on() -> None:
    off = {name for name, one in TEMPLATE["Parameters"].items() if str(one["Default"]) in {"", "false"}}
    resources = settled(TEMPLATE)["Resources"]

    assert EVERYTHING_ON.keys() == off
    assert resources.keys() == TEMPLATE["Resources"].keys()
    assert "Fn::If" not in json.dumps(resources)


def test_the_workflow_fails_if_no_advisory_is_to_be_had() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "audit.yml").read_text())
    commands = [step["run"] for step in workflow["jobs"]["audit"]["steps"] if "run" in step]

    assert commands == ["make audit ADVISORIES=required PYTHON=python3.13"]
    assert {"schedule", "pull_request", "push"} <= workflow[True].keys()  # `on` is a boolean to YAML
    assert workflow["permissions"] == {"contents": "read"}
