"""What `sam build` packs into the function."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.services import services
from tools.local_aws.ministack import ROOT

if TYPE_CHECKING:
    from tools.local_aws.ministack import LocalAws

LICENCE = re.compile(r"(LICEN[CS]E|NOTICE|COPYING)", re.IGNORECASE)
UNCHECKED_HASH = (0b01).to_bytes(4, "little")  # PEP 552: bit 0 hash-based, bit 1 checked


def digests(package: Path) -> dict[str, str]:
    files = (path for path in package.rglob("*") if path.is_file())
    return {str(path.relative_to(package)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_one_package_serves_both_architectures(package: Path) -> None:
    compiled = {path.name for path in package.rglob("*.so")}

    names = {name.partition(".")[0] for name in compiled}
    platforms = ("aarch64", "x86_64")
    assert compiled == {f"{name}.cpython-313-{platform}-linux-gnu.so" for name in names for platform in platforms}


def test_every_module_has_bytecode_that_python_takes_without_looking_at_the_source(package: Path) -> None:
    modules = list(package.rglob("*.py"))

    assert package / "user_pool_client" / "handler.py" in modules
    for module in modules:
        bytecode = module.parent / "__pycache__" / f"{module.stem}.cpython-313.pyc"
        header = bytecode.read_bytes()[:16]
        assert header[:4] == importlib.util.MAGIC_NUMBER
        assert header[4:8] == UNCHECKED_HASH
        assert header[8:] == importlib.util.source_hash(module.read_bytes())


def test_the_package_holds_what_the_function_runs_with_and_nothing_else(package: Path) -> None:
    words = (ROOT / "src" / "requirements.txt").read_text().split()
    pinned = {word for word in words if "==" in word}
    found = importlib.metadata.distributions(path=[str(package)])
    packed = {f"{distribution.name}=={distribution.version}" for distribution in found}

    assert {name.replace("_", "-") for name in packed} == {name.replace("_", "-") for name in pinned}
    for name in ("bin", "Makefile", "requirements.txt", "tests"):
        assert not (package / name).exists()


def test_the_package_names_no_path_of_the_machine_that_built_it(package: Path, bare_aws: LocalAws) -> None:
    paths = [os.fsencode(path) for path in (bare_aws.directory, ROOT)]

    for file in (path for path in package.rglob("*") if path.is_file()):
        content = file.read_bytes()
        assert not [path for path in paths if path in content], file


def test_the_same_sources_give_the_same_bytes_for_either_architecture(package: Path, package_again: Path) -> None:
    assert digests(package_again) == digests(package)


def test_the_licences_are_packed_the_projects_and_those_of_all_that_it_runs_with(package: Path) -> None:
    found = list(importlib.metadata.distributions(path=[str(package)]))
    licences = {one.name: [file for file in one.files or [] if LICENCE.match(file.name)] for one in found}

    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert len(licences) > 10
    for name, files in licences.items():
        assert files, name
        assert all((package / str(file)).read_text().strip() for file in files)


MOST_BYTES = 8_000_000

# Runs beside the package alone, and prints how the operations of each service are called.
LIST_OPERATIONS = """
import json, sys
sys.path[:] = [sys.argv[1], *(path for path in sys.path if "site-packages" not in path)]
import boto3
assert boto3.__file__.startswith(sys.argv[1])
clients = {name: boto3.client(name, region_name="us-east-1") for name in sys.argv[2:]}
print(json.dumps({name: dict(client.meta.method_to_api_mapping) for name, client in clients.items()}))
"""


def test_each_function_is_at_most_8_mb_zipped(package: Path, tmp_path: Path) -> None:
    for function in ("UserPoolClientFunction", "RotationFunction", "DriftFunction"):
        archive = Path(shutil.make_archive(str(tmp_path / function), "zip", package.parent / function))
        assert archive.stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("function", ["RotationFunction", "DriftFunction"])
def test_all_functions_are_built_alike(package: Path, function: str) -> None:
    assert digests(package.parent / function) == digests(package)


def test_every_call_that_the_code_makes_is_known_to_the_packed_boto3(package: Path) -> None:
    called = {service.name: set(service.operations.values()) for service in services()}
    assert called.keys() == {"cloudformation", "cognito-idp", "dynamodb", "events", "secretsmanager", "sts"}

    listed = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", LIST_OPERATIONS, str(package), *called], capture_output=True, text=True, check=True
    )

    known = json.loads(listed.stdout)
    for service, methods in called.items():
        assert methods
        assert methods <= known[service].keys()


def test_boto3s_code_is_packed_as_it_was_published(package: Path) -> None:
    code = ("boto3/", "botocore/")
    for distribution in importlib.metadata.distributions(path=[str(package)]):
        for file in distribution.files or []:
            if not str(file).startswith(code) or file.suffix != ".py" or file.hash is None:
                continue
            content = (package / str(file)).read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, content).digest()).rstrip(b"=")
            assert digest.decode() == file.hash.value, file


def test_without_a_python_313_the_build_says_so(tmp_path: Path) -> None:
    for tool in ("make", "sh", "dirname", "head"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))

    build = subprocess.run(  # noqa: S603 - our own makefile
        [tmp_path / "make", "--makefile", ROOT / "src" / "Makefile", "build-UserPoolClientFunction"],
        env={"PATH": str(tmp_path), "ARTIFACTS_DIR": str(tmp_path / "artifacts")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert build.returncode != 0
    assert "The build needs Python 3.13 with pip" in build.stderr
    assert not (tmp_path / "artifacts").exists()
