"""The package directories that are compared, and the interpreter and environment that they run in."""

from __future__ import annotations

import compileall
import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import platform
import py_compile
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.laboratory import Laboratory, NotMeasuredError
from benchmarks.node import HANDLER, Node, find_node

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "src" / "requirements.txt"
CACHE = ROOT / "build" / "benchmarks"
CANDIDATES = Path(__file__).with_name("candidates")
RUNTIME_DISTRIBUTIONS = ("awslambdaric", "simplejson", "snapshot-restore-py")
PYTHON = Path(sys.base_exec_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
"""The interpreter without this virtual environment's packages: Lambda has none but the runtime's and the function's."""


class Candidate(NamedTuple):
    """A function to measure: its package directory and its entry."""

    name: str
    folder: Path
    handler: str
    node: Node | None = None
    """What runs it; nothing: Python."""


class Packages(NamedTuple):
    """What is compared, and the runtime that those in Python share."""

    runtime: Path
    ours: Candidate
    least: Candidate
    plain: Candidate
    cdk: Candidate | None

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Give them in the order of a round."""
        return self.ours, self.least, self.plain, *([self.cdk] if self.cdk else [])


@contextlib.contextmanager
def prepared(package: Path) -> Iterator[Packages]:
    """Lay out all directories, read-only while the `with` block lasts, and see that nothing was written to them.

    The installed libraries are kept in `build/` until a pin changes; all else is laid out anew each time.
    """
    _refuse_what_cannot_run(package)
    with _alone():
        yield from _prepared(package)


def _prepared(package: Path) -> Iterator[Packages]:
    pinned = hashlib.sha256(f"{sys.version}{platform.machine()}".encode() + REQUIREMENTS.read_bytes()).hexdigest()
    libraries = CACHE / f"libraries-{pinned[:12]}"
    if not libraries.is_dir():
        _install(libraries)
    work = CACHE / "run"
    _remove(work)
    try:
        packages = _lay_out(work, libraries, package)
        before = _contents(work)
        _set_writable(work, writable=False)
        yield packages
        if _contents(work) != before:
            raise NotMeasuredError("a candidate wrote into its package, which Lambda does not allow")
    finally:
        _remove(work)


def make_environment(laboratory: Laboratory, candidate: Candidate) -> dict[str, str]:
    """Give the variables that Lambda sets, and those that point at the stand-ins; nothing of the caller's own."""
    environment = {
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_SESSION_TOKEN": "benchmark",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": f"http://{laboratory.addresses.cognito}",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/benchmark",
        "AWS_LAMBDA_LOG_STREAM_NAME": "benchmark",
        "AWS_LAMBDA_RUNTIME_API": laboratory.addresses.runtime_api,
        "HOME": str(laboratory.folder),
        "LAMBDA_TASK_ROOT": str(candidate.folder),
        "LANG": "C.UTF-8",
        "PATH": os.defpath,
        "POWERTOOLS_METRICS_NAMESPACE": "UserPoolClient",
        "POWERTOOLS_SERVICE_NAME": "user-pool-client",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "SSL_CERT_FILE": str(laboratory.authorities),
        "TZ": ":UTC",
        "_HANDLER": candidate.handler,
    }
    return candidate.node.add_to(environment, laboratory) if candidate.node else environment


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let no second run change the directories, and the times, of this one."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NotMeasuredError("another run of the benchmarks is under way") from None
        yield


def _refuse_what_cannot_run(package: Path) -> None:
    if not (package / "user_pool_client" / "handler.py").is_file():
        raise NotMeasuredError(f"{package} is not the built function: run `sam build` first")
    here = str(sysconfig.get_config_var("EXT_SUFFIX"))
    for library in package.rglob("*.cpython-*.so"):
        name = library.name.partition(".")[0] + here
        if not library.with_name(name).exists():
            raise NotMeasuredError(f"{package} is built for another processor or Python: it has no {name}")


def _install(libraries: Path) -> None:
    unfinished = libraries.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile")
    command = (*pip, "--target", str(unfinished), "--requirement", str(REQUIREMENTS))
    try:
        subprocess.run(command, check=True)  # noqa: S603 - the words above, no shell
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotMeasuredError(f"cannot install {REQUIREMENTS.relative_to(ROOT)}: {error}") from error
    unfinished.rename(libraries)


def _lay_out(work: Path, libraries: Path, package: Path) -> Packages:
    packages = Packages(
        runtime=work / "runtime",
        ours=Candidate("this function", work / "ours", "user_pool_client.handler.handler"),
        least=Candidate("least", work / "least", "least.handler"),
        plain=Candidate("plain", work / "plain", "plain.handler"),
        cdk=_lay_out_cdk(work / "cdk"),
    )
    shutil.copytree(package, packages.ours.folder)
    for candidate in (packages.least, packages.plain):
        shutil.copytree(libraries, candidate.folder)
        shutil.copy(CANDIDATES / f"{candidate.name}.py", candidate.folder)
    for distribution in RUNTIME_DISTRIBUTIONS:
        for file in importlib.metadata.files(distribution) or ():
            if file.suffix in {".py", ".so"}:
                target = packages.runtime / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), target)
    for folder in (packages.runtime, packages.least.folder):
        compileall.compile_dir(
            folder, maxlevels=20, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
        )
    return packages


def _lay_out_cdk(folder: Path) -> Candidate | None:
    """Say why, and go on, where it cannot run: the comparison is worth having without it."""
    try:
        node = find_node()
    except NotMeasuredError as reason:
        print(f"Without the CDK's handler: {reason}.\n", flush=True)
        return None
    print(f"With the CDK's handler (cdk), on Node {node.version}.\n", flush=True)
    folder.mkdir(parents=True)
    shutil.copy(HANDLER, folder)
    return Candidate("cdk", folder, "index.handler", node)


def _contents(folder: Path) -> set[tuple[str, int]]:
    return {(str(path), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def _remove(folder: Path) -> None:
    if folder.exists():
        _set_writable(folder, writable=True)
        shutil.rmtree(folder)


def _set_writable(folder: Path, *, writable: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200 if writable else path.stat().st_mode & ~0o222)
