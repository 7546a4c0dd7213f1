"""`make release`: whoever builds a commit can compare what they got, and whoever exchanges a file is noticed."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.stack.test_provider import Loader
from tools.local_aws.ministack import ROOT
from tools.release.__main__ import main, release
from tools.release.sbom import project

if TYPE_CHECKING:
    from pathlib import Path

    from tools.local_aws.ministack import LocalAws

ARCHIVE = f"{'-'.join(project())}.zip"


@pytest.fixture(scope="module")
def released(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("release")
    release(package, target)
    return target


def contents(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def test_two_builds_of_one_commit_are_one_release_bit_for_bit(
    package: Path, package_again: Path, released: Path, tmp_path: Path
) -> None:
    times = [os.stat(folder / "LICENSE").st_mtime_ns for folder in (package, package_again)]  # noqa: PTH116 - to the nanosecond
    assert times[0] != times[1]

    assert main([str(package_again), str(tmp_path)]) == 0

    assert contents(tmp_path) == contents(released)


def test_whatever_is_exchanged_in_a_release_has_another_checksum(released: Path) -> None:
    lines = [line.split("  ") for line in (released / "SHA256SUMS").read_text().splitlines()]

    assert {name for _, name in lines} == {ARCHIVE, "template.yaml", "sbom.cdx.json", "LICENSE", "README.md"}
    for digest, name in lines:
        assert hashlib.sha256((released / name).read_bytes()).hexdigest() == digest


def test_the_zip_holds_the_package_and_nothing_of_the_machine(package: Path, released: Path) -> None:
    with zipfile.ZipFile(released / ARCHIVE) as archive:
        entries = archive.infolist()
        packed = {entry.filename: archive.read(entry) for entry in entries}

    built = {file.relative_to(package).as_posix(): file for file in package.rglob("*") if file.is_file()}
    assert packed == {name: file.read_bytes() for name, file in built.items()}
    assert [entry.filename for entry in entries] == sorted(built)
    assert {(entry.date_time, entry.external_attr >> 16) for entry in entries} == {((1980, 1, 1, 0, 0, 0), 0o100644)}


def test_the_sbom_names_exactly_what_is_packed(released: Path) -> None:
    sbom = json.loads((released / "sbom.cdx.json").read_text())
    words = (ROOT / "src" / "requirements.txt").read_text().split()

    found = {f"{component['name']}=={component['version']}": component for component in sbom["components"]}
    assert found.keys() == {word for word in words if "==" in word}
    assert all(component["licenses"] for component in found.values())
    assert all(component["purl"] == f"pkg:pypi/{pin.replace('==', '@')}" for pin, component in found.items())
    needs = {one["ref"].partition("@")[0]: one.get("dependsOn", []) for one in sbom["dependencies"]}
    assert {one.partition("@")[0] for one in needs["user-pool-client"]} == {
        *("aws-lambda-powertools", "boto3", "crhelper", "msgspec")
    }
    assert "botocore" in {one.partition("@")[0] for one in needs["boto3"]}


def test_the_sbom_has_no_time_and_another_number_for_another_content(released: Path, tmp_path: Path) -> None:
    one = json.loads((released / "sbom.cdx.json").read_text())
    metadata = tmp_path / "evil-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    release(tmp_path, tmp_path / "out")
    other = json.loads((tmp_path / "out" / "sbom.cdx.json").read_text())

    assert "timestamp" not in one["metadata"]
    assert [component["name"] for component in other["components"]] == ["evil"]
    assert one["serialNumber"] != other["serialNumber"]


def test_sam_uploads_the_very_zip_of_the_release(aws: LocalAws, released: Path) -> None:
    bucket = "artifacts-of-the-release"
    packaged = aws.directory / "packaged-release.yaml"
    with closing(aws.client("s3")) as s3:
        s3.create_bucket(Bucket=bucket)
        aws.sam(
            *("package", "--template-file", released / "template.yaml", "--s3-bucket", bucket),
            *("--output-template-file", packaged),
        )
        template = yaml.load(packaged.read_text(), Loader)  # noqa: S506 - a SafeLoader
        for function in ("UserPoolClientFunction", "RotationFunction"):
            key = template["Resources"][function]["Properties"]["CodeUri"].removeprefix(f"s3://{bucket}/")
            uploaded = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            assert uploaded == (released / ARCHIVE).read_bytes()
