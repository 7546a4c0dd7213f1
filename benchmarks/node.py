"""The Node that runs the CDK's handler, where there is one: its variables, and where its packages are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.laboratory import Laboratory, NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).with_name("cdk")
MODULES = FOLDER / "node_modules"
INSTALLED = MODULES / ".installed"
HANDLER = MODULES / "aws-cdk-lib/custom-resource-handlers/dist/custom-resources/aws-custom-resource-handler/index.js"
OLDEST = 20
"""The first Node that the pinned AWS SDK for JavaScript runs on."""


class Node(NamedTuple):
    """Where it is, and its version, such as 24.11.0."""

    path: Path
    version: str

    @property
    def major(self) -> int:
        """Give the number that Lambda names its runtimes by."""
        return int(self.version.partition(".")[0])

    def add_to(self, environment: Mapping[str, str], laboratory: Laboratory) -> dict[str, str]:
        """Set what Lambda sets for Node only, and trust the response host on top of the authorities in Node itself."""
        return {
            **environment,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_nodejs{self.major}.x",
            "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
            "NODE_EXTRA_CA_CERTS": str(laboratory.addresses.authority),
            "NODE_PATH": str(MODULES),
        }


def find_node() -> Node:
    """Raise NotMeasuredError, with why, if the CDK's handler cannot run here."""
    path = shutil.which("node")
    if path is None:
        raise NotMeasuredError("there is no Node (no `node` on the PATH)")
    try:
        version = subprocess.check_output((path, "--version"), text=True, timeout=10)  # noqa: S603 - no shell
    except (OSError, subprocess.SubprocessError) as error:
        raise NotMeasuredError(f"Node does not run: {error}") from error
    node = Node(Path(path), version.strip().removeprefix("v"))
    if node.major < OLDEST:
        raise NotMeasuredError(f"Node is {node.version}, and {OLDEST} is the oldest that will do")
    if not INSTALLED.is_file():
        raise NotMeasuredError("its packages are not installed (`make bench` does it, and needs npm for that)")
    return node
