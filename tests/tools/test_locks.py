"""Everything that is installed was seen before: each file has its hash in the repository."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted([ROOT / "src" / "requirements.txt", *(ROOT / "requirements").glob("*.txt")])
FUNCTION = ROOT / "src" / "requirements.txt"


def locked(path: Path) -> dict[str, set[str]]:
    """Return the hashes of each pin, `name==version`, of a lock file."""
    joined = re.sub(r"\\\n\s*", " ", path.read_text())
    lines = [line.split() for line in joined.splitlines() if line.strip() and not line.strip().startswith("#")]
    return {pin: {word.removeprefix("--hash=sha256:") for word in rest} for pin, *rest in lines}


def asked(path: Path) -> set[str]:
    """Return the names in a .in file, other files left out."""
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    return {line.partition("==")[0].lower() for line in lines if line and not line.startswith("-")}


def named(path: Path) -> set[str]:
    return {pin.partition("==")[0] for pin in locked(path)}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_whatever_is_installed_has_an_exact_version_and_hashes(path: Path) -> None:
    assert locked(path)
    for pin, hashes in locked(path).items():
        assert re.fullmatch(r"[a-z0-9.-]+==[^=<>~!;,\s]+", pin)
        assert hashes
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in hashes), pin


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_no_lock_file_says_where_packages_come_from(path: Path) -> None:
    options = {line for line in path.read_text().splitlines() if line.startswith("-")}

    assert options == set()
    assert "://" not in path.read_text()


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_has_what_its_source_asks_for(path: Path) -> None:
    assert asked(path.with_suffix(".in")) <= named(path)


def test_no_source_is_without_its_lock_file() -> None:
    assert {path.with_suffix(".txt") for path in (ROOT / "requirements").glob("*.in")} == {*LOCKS} - {FUNCTION}


def test_the_tests_run_with_the_very_files_that_are_packed() -> None:
    assert locked(FUNCTION).items() <= locked(ROOT / "requirements" / "dev.txt").items()


def test_every_installation_asks_for_the_hashes() -> None:
    makefile = (ROOT / "Makefile").read_text()
    installs = [line for line in makefile.splitlines() if "pip install" in line]

    assert "AS_LOCKED := --require-hashes" in makefile
    # `make newest` takes what nobody has seen yet, on purpose, into an environment that nothing else uses.
    assert [line.split()[-1] for line in installs if "$(AS_LOCKED)" not in line] == ["botocore"]
    assert "--require-hashes" in (ROOT / "src" / "Makefile").read_text()


def test_a_wheel_that_somebody_has_exchanged_is_not_packed(tmp_path: Path) -> None:
    wheels, source = tmp_path / "wheels", tmp_path / "src"
    wheels.mkdir()
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    genuine = put_crhelper(wheels, "genuine = True\n")
    (source / "requirements.txt").write_text(f"crhelper==2.0.12 --hash=sha256:{genuine}\n")
    build(source, tmp_path / "first", wheels)
    assert (tmp_path / "first" / "crhelper" / "__init__.py").read_text() == "genuine = True\n"

    put_crhelper(wheels, "genuine = False\n")
    failure = build(source, tmp_path / "second", wheels)

    assert "DO NOT MATCH THE HASHES" in failure
    assert not (tmp_path / "second" / "crhelper").exists()


def build(source: Path, artifacts: Path, wheels: Path) -> str:
    """Run the build as sam does, with wheels from a directory alone, and return why it failed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(  # noqa: S603 - our own makefile
        [str(shutil.which("make")), "--makefile", source / "Makefile", "build-UserPoolClientFunction"],
        env={"PATH": path, "ARTIFACTS_DIR": str(artifacts), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr


def put_crhelper(wheels: Path, code: str) -> str:
    """Put a wheel of that name and version there, and return its hash."""
    files = {
        "crhelper/__init__.py": code,
        "crhelper-2.0.12.dist-info/METADATA": "Metadata-Version: 2.1\nName: crhelper\nVersion: 2.0.12\n",
        "crhelper-2.0.12.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "crhelper-2.0.12.dist-info/RECORD": "",
    }
    wheel = wheels / "crhelper-2.0.12-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return hashlib.sha256(wheel.read_bytes()).hexdigest()
