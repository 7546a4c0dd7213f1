"""`make newest` says what a newer botocore knows that our tables do not."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
MODEL = Path(botocore.__file__).parent / "data" / "cognito-idp" / "2016-04-18" / "service-2.json.gz"

type Json = dict[str, Any]


def newest(home: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HOME": str(home), "PYTHONPATH": "src"}
    return subprocess.run(
        [sys.executable, "-m", "tools.newest"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def new_setting(model: Json) -> None:
    for verb in ("Create", "Update"):
        model["shapes"][f"{verb}UserPoolClientRequest"]["members"]["Colour"] = {"shape": "StringType"}


def new_operation(model: Json) -> None:
    described = model["operations"]["DescribeUserPoolClient"]
    model["operations"]["PaintUserPoolClient"] = {**described, "name": "PaintUserPoolClient"}


def new_value(model: Json) -> None:
    model["shapes"]["PreventUserExistenceErrorTypes"]["enum"].append("SOMETIMES")


def new_flow(model: Json) -> None:
    model["shapes"]["ExplicitAuthFlowsType"]["enum"].append("ALLOW_PAINT_AUTH")


def new_type(model: Json) -> None:
    model["shapes"]["ClientTypeType"]["enum"].append("PAINTED")


def test_with_the_packed_version_nothing_is_new(tmp_path: Path) -> None:
    done = newest(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"botocore {botocore.__version__} knows nothing of app clients")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param(new_setting, "Colour", id="setting"),
        pytest.param(new_operation, "PaintUserPoolClient", id="operation"),
        pytest.param(new_value, "SOMETIMES", id="value"),
        pytest.param(new_flow, "ALLOW_PAINT_AUTH", id="flow"),
        pytest.param(new_type, "PAINTED", id="type"),
    ],
)
def test_what_is_new_is_named(tmp_path: Path, change: Callable[[Json], None], named: str) -> None:
    model = json.loads(gzip.decompress(MODEL.read_bytes()))
    change(model)
    newer = tmp_path / ".aws" / "models" / "cognito-idp" / "2016-04-18"
    newer.mkdir(parents=True)
    (newer / "service-2.json").write_text(json.dumps(model))

    done = newest(tmp_path)

    assert done.returncode == 1
    assert "knows something of app clients that our tables do not" in done.stdout
    assert named in done.stdout


def test_the_workflow_runs_it_weekly_and_opens_one_issue() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "newest.yml").read_text())

    (schedule,) = workflow[True]["schedule"]  # YAML reads "on" as a boolean
    assert schedule["cron"].split()[2:] == ["*", "*", "1"]
    assert workflow["permissions"] == {"contents": "read", "issues": "write"}
    steps = workflow["jobs"]["newest"]["steps"]
    assert "make newest" in steps[2]["run"]
    assert steps[3]["if"] == "failure() && steps.newest.outcome == 'failure'"
    assert "gh issue list" in steps[3]["run"]
    assert "gh issue create" in steps[3]["run"]
