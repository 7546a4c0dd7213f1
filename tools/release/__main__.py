"""Lay out a release: `make release` writes the function's zip, its template, an SBOM and checksums to build/release."""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.release.sbom import ROOT, project, sbom

if TYPE_CHECKING:
    from collections.abc import Sequence

# The earliest time that a zip can hold.
_TIME = (1980, 1, 1, 0, 0, 0)
_READABLE, _UNIX = 0o100644 << 16, 3
# What the template's metadata names for the AWS Serverless Application Repository.
_BESIDE = ("LICENSE", "README.md")


def main(arguments: Sequence[str]) -> int:
    """Write the release and print its checksums; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    parser.add_argument("package", type=Path, help="the directory that `sam build` made of the function")
    parser.add_argument("target", type=Path, help="the directory to write; what is there is removed")
    options = parser.parse_args(arguments)
    release(options.package, options.target)
    print((options.target / "SHA256SUMS").read_text(), end="")
    return 0


def release(package: Path, target: Path) -> None:
    """Write a release of a package: the same package gives the same bytes, wherever and whenever this runs.

    The zip is compressed by zlib, so another implementation of it may give other bytes for the same content.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    archive = f"{'-'.join(project())}.zip"
    pack(package, target / archive)
    (target / "template.yaml").write_text(template(archive), encoding="utf-8")
    (target / "sbom.cdx.json").write_text(sbom(package), encoding="utf-8")
    for name in _BESIDE:
        shutil.copyfile(ROOT / name, target / name)
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(target.iterdir())]
    (target / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


def pack(package: Path, archive: Path) -> None:
    """Write a zip with no trace of the machine: files by name, one time, one mode."""
    files = sorted((file.relative_to(package).as_posix(), file) for file in package.rglob("*") if file.is_file())
    with zipfile.ZipFile(archive, "w") as packed:
        for name, file in files:
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, _READABLE, _UNIX
            packed.writestr(info, file.read_bytes(), compresslevel=9)


def template(archive: str) -> str:
    """Return template.yaml for a function that is built: both functions are of the one zip."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^    Metadata:\n      BuildMethod: makefile\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^(      CodeUri:) src/$", rf"\1 {archive}", text, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
