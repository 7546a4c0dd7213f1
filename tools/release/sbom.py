"""Say what is packed into the function, as a CycloneDX SBOM: `make build` writes it beside the package."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tomllib
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parents[2]
# A requirement begins with its name; one that only an extra asks for is not packed.
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def main(arguments: Sequence[str]) -> int:
    """Write the SBOM of a package; return the exit status."""
    package, target = map(Path, arguments)
    target.write_text(sbom(package), encoding="utf-8")
    return 0


def sbom(package: Path) -> str:
    """Return the SBOM of a package directory as JSON: the same text for the same content.

    Its components are the distributions whose metadata is in the directory. It has no time, and its serial number comes
    from the components: otherwise both would differ from build to build.
    """
    distributions = sorted(importlib.metadata.distributions(path=[str(package)]), key=lambda one: _plain(one.name))
    components = {_plain(one.name): _component(one) for one in distributions}
    needs = {_plain(one.name): _required(one) & components.keys() for one in distributions}
    function = _function()
    bom = Bom(components=components.values())
    bom.metadata.component = function
    bom.metadata.timestamp = None  # type: ignore[assignment] # optional in CycloneDX, and left out
    names = " ".join(str(one.purl) for one in (function, *components.values()))
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, names)
    for name, required in needs.items():
        bom.register_dependency(components[name], [components[other] for other in sorted(required)])
    asked_by_none = components.keys() - {other for required in needs.values() for other in required}
    bom.register_dependency(function, [components[name] for name in sorted(asked_by_none)])
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def project() -> tuple[str, str]:
    """Return the project's name and version."""
    found = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found["name"], found["version"]


def _function() -> Component:
    name, version = project()
    return Component(
        type=ComponentType.APPLICATION,
        name=name,
        version=version,
        bom_ref=name,
        purl=PackageURL("generic", None, name, version),
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
    )


def _component(distribution: importlib.metadata.Distribution) -> Component:
    name, version = _plain(distribution.name), distribution.version
    licence = distribution.metadata.get("License-Expression") or distribution.metadata.get("License")
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=f"{name}@{version}",
        purl=PackageURL("pypi", None, name, version),
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
    )


def _required(distribution: importlib.metadata.Distribution) -> set[str]:
    """Return the names of what a distribution needs in every case."""
    asked: Iterable[str] = distribution.requires or ()
    found = (_NAME.match(requirement) for requirement in asked if "extra ==" not in requirement)
    return {_plain(name.group()) for name in found if name}


def _plain(name: str) -> str:
    """Return a name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
