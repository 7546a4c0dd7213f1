"""Many requests at once in one user pool, against Cognito's quotas: real processes, and a simulation of more."""

from __future__ import annotations

import contextlib
import datetime
import json
import multiprocessing
import signal
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.events import FUNCTION_ARN, make_event
from benchmarks.laboratory import NotMeasuredError
from benchmarks.packages import PYTHON, ROOT, make_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

    from benchmarks.laboratory import Laboratory
    from benchmarks.packages import Packages

PROCESSES, SIMULATED = 200, 500
QUOTA, ACCOUNT_QUOTA = 5, 15
POOL = "eu-west-1_Benchmark"
KINDS = ("Create", "Update", "Delete")
PATIENCE_SECONDS = 120


class AtOnce(NamedTuple):
    """What each of many requests took, in seconds, and how many calls were refused for each of them."""

    seconds: list[float]
    in_vain: float


def measure_processes(laboratory: Laboratory, packages: Packages, count: int = PROCESSES) -> dict[str, AtOnce]:
    """Create, update and delete so many clients, each kind all at once, each by a process of its own."""
    log = laboratory.folder / "log"
    with _pool() as (control, addresses), log.open("wb") as errors:
        environment = make_environment(laboratory, packages.ours) | {
            "AWS_ENDPOINT_URL": addresses["cognito"],
            "PYTHONPATH": str(ROOT),
        }
        command = (str(PYTHON), "-u", "-m", "benchmarks.candidates.crowd", str(count))
        with subprocess.Popen(  # noqa: S603 - our own command, no shell
            command,
            cwd=packages.ours.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as crowd:
            try:
                return _rounds(crowd, control, addresses["responses"], count)
            except (OSError, ValueError) as error:
                raise NotMeasuredError(f"{count} at once: {error}\n{_last(log)}") from error
            finally:
                crowd.kill()


def _rounds(
    crowd: subprocess.Popen[str], control: Connection[Any, Any], responses: str, count: int
) -> dict[str, AtOnce]:
    if crowd.stdin is None or crowd.stdout is None or crowd.stdout.readline().strip() != "ready":
        raise ValueError("the processes did not start")
    took: dict[str, AtOnce] = {}
    ids = [""] * count
    for kind in KINDS:
        events = [_event(kind, responses, number, ids[number]) for number in range(count)]
        print(json.dumps(events), file=crowd.stdin, flush=True)
        seconds = sorted(json.loads(crowd.stdout.readline()))
        control.send(None)
        answers, refused = control.recv()
        ids = [answers[f"Client{number}"]["PhysicalResourceId"] for number in range(count)]
        if bad := [answer.get("Reason") for answer in answers.values() if answer["Status"] != "SUCCESS"]:
            raise ValueError(f"{len(bad)} of {count} {kind}s failed: {bad[0]}")
        took[kind.lower()] = AtOnce(seconds, refused / count)
    return took


def _event(kind: str, responses: str, number: int, physical_id: str) -> dict[str, Any]:
    before = {"ServiceToken": FUNCTION_ARN, "UserPoolId": POOL, "ClientName": f"client {number}"}
    after = before | {"LogoutURLs": ["https://app.example.com/out"]} if kind != "Create" else before
    members = {} if kind == "Create" else {"PhysicalResourceId": physical_id}
    if kind == "Update":
        members |= {"OldResourceProperties": before}  # type: ignore[dict-item]
    date = f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}"
    return make_event(
        kind,
        "",
        ResponseURL=f"{responses}?X-Amz-Date={date}&X-Amz-Expires=7200",
        LogicalResourceId=f"Client{number}",
        ResourceProperties=after,
        **members,
    )


@contextlib.contextmanager
def _pool() -> Iterator[tuple[Connection[Any, Any], dict[str, str]]]:
    """Start the fakes in a process of their own, which ends when this one does."""
    spawn = multiprocessing.get_context("spawn")
    control, other_end = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(other_end,), daemon=True)
    process.start()
    other_end.close()
    try:
        yield control, control.recv()
    finally:
        control.close()
        process.terminate()
        process.join()


def _serve(control: Connection[Any, Any]) -> None:
    from tests.fakes.cloudformation import FakeCloudFormation  # noqa: PLC0415 - only this process needs them
    from tests.fakes.cognito import ApiError, FakeCognito  # noqa: PLC0415
    from tests.fakes.response_host import response_host  # noqa: PLC0415
    from tests.fakes.server import serving  # noqa: PLC0415

    class Counting(FakeCognito):
        refused = 0

        def _throttle(self, operation: str, pool_id: str) -> None:
            try:
                super()._throttle(operation, pool_id)
            except ApiError:
                self.refused += 1
                raise

    class Awaiting(FakeCloudFormation):
        """Wait for every answer: a Create that took long asks whether it still does."""

        def _detail(self, _name_or_id: str, logical_id: str) -> dict[str, Any]:
            return {"LogicalResourceId": logical_id, "ResourceStatus": "CREATE_IN_PROGRESS"}

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    fake = Counting(quota=QUOTA, account_quota=ACCOUNT_QUOTA)
    fake.add_pool(POOL)
    with (
        serving(fake, Awaiting()) as server,
        response_host("127.0.0.1", tls=False) as host,
        contextlib.suppress(EOFError, BrokenPipeError),  # the parent is gone
    ):
        control.send({"cognito": server.url, "responses": host.url("/answer")})
        while True:
            control.recv()
            answers = [json.loads(put.body) for put in host.puts]
            control.send(({answer["LogicalResourceId"]: answer for answer in answers}, fake.refused))
            host.puts.clear()
            fake.refused = 0


def simulate(count: int = SIMULATED) -> dict[str, AtOnce]:
    """Do the same on a virtual clock, in a process that has the tests' environment."""
    command = (sys.executable, "-m", "tests.fakes.many", str(count))
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": "", "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    if done.returncode:
        raise NotMeasuredError(f"{count} simulated: {done.stderr[-2000:]}")
    return {kind: AtOnce(*found) for kind, found in json.loads(done.stdout).items()}


def show_many(count: int, how: str, took: dict[str, AtOnce]) -> str:
    """Show ideal, median and worst of each kind."""
    ideal = count / QUOTA
    lines = [
        f"{count} at once in one pool ({QUOTA} calls a second for each operation), {how}",
        "",
        f"{'':16}{'ideal':>10}{'median':>10}{'worst':>10}{'ratio':>10}{'target':>10}   (ratio: worst to ideal)",
    ]
    for kind, (seconds, in_vain) in took.items():
        ratio = seconds[-1] / ideal
        lines.append(
            f"{kind:16}{ideal:8.1f} s{median(seconds):8.1f} s{seconds[-1]:8.1f} s{ratio:10.2f}{RATIO:10.2f}   "
            f"{'reached' if ratio <= RATIO else 'missed'}; {in_vain:.1f} calls in vain for each"
        )
    return "\n".join(lines)


RATIO = 1.5


def _last(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
