"""`make demo`, as a program of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.local_aws.ministack import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

type Demo = Callable[..., subprocess.Popen[str]]

# The demo, which takes the build that its first argument names in place of one of its own.
WITH_A_BUILD = """
import os, sys
from pathlib import Path
from tools.local_aws import demo, ministack
build = Path(sys.argv[1])

def take(aws):
    (aws.directory / "build").mkdir()
    for path in build.iterdir():
        (aws.directory / "build" / path.name).symlink_to(path)
    # It names the licence and the readme by their way from where it is.
    text = (build / "template.yaml").read_text().replace(os.path.relpath(ministack.ROOT, build), str(ministack.ROOT))
    (aws.directory / "build" / "template.yaml").unlink()
    (aws.directory / "build" / "template.yaml").write_text(text)

ministack.LocalAws.build = take
sys.exit(demo.main(sys.argv[2:]))
"""


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    """Start the demo; what it starts in turn inherits a TMPDIR by which it can be found."""

    def start(*arguments: str, build: Path | None = None) -> subprocess.Popen[str]:
        program = ("-m", "tools.local_aws.demo") if build is None else ("-c", WITH_A_BUILD, str(build))
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, *program, *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def left_behind(directory: Path) -> list[str]:
    """Return the files in the directory, and the processes that were told of it."""
    found = [str(path) for path in directory.iterdir()]
    for process in Path("/proc").iterdir():
        try:
            if os.fsencode(directory) in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:  # no process, or one that has ended meanwhile
            continue
    return found


def test_the_demo_shows_the_whole_life_of_a_client_and_leaves_nothing_behind(
    demo: Demo, package: Path, tmp_path: Path
) -> None:
    process = demo(build=package.parent)
    said, _ = process.communicate()

    assert process.returncode == 0, said
    unwrapped = " ".join(said.split())
    for text in (
        "client_secret ********",
        "Valid for 3600 s",
        "Valid for 900 s",
        "client_credentials flow can not be selected along with code flow or implicit flow.",
        "UPDATE_ROLLBACK_COMPLETE",
        "App clients left in the pool 0",
        "Done; nothing is left running.",
    ):
        assert text in unwrapped
    assert left_behind(tmp_path) == []


def test_a_demo_that_fails_says_why_and_leaves_nothing_behind(demo: Demo, tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Resources: [")

    process = demo(str(template))
    said, _ = process.communicate()
    template.unlink()

    assert process.returncode == 1, said
    assert "The demo failed: " in said
    assert "Template format error" in said
    assert "Traceback" not in said
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_ended_early_leaves_nothing_behind(demo: Demo, tmp_path: Path, number: signal.Signals) -> None:
    process = demo()
    assert process.stdout is not None
    said = ""
    while "Building" not in said:
        said += process.stdout.read(1)
    process.send_signal(number)
    said += process.communicate()[0]

    assert process.returncode == 130, said
    assert "Interrupted; nothing is left running." in said
    assert left_behind(tmp_path) == []


def test_a_template_that_cannot_be_read_is_named(demo: Demo) -> None:
    process = demo("no/such.yaml")
    said, _ = process.communicate()

    assert process.returncode == 1
    assert "The demo failed" in said
    assert "no/such.yaml" in said
