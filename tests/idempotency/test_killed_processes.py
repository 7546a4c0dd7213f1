"""Real processes under awslambdaric, killed with SIGKILL at random moments: the next delivery makes it right."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import canaries
from tests.fakes.cloudformation import FakeCloudFormation
from tests.fakes.cognito import FakeCognito
from tests.fakes.response_host import ResponseHost, response_host
from tests.fakes.runtime_api import RuntimeApi, runtime_api
from tests.fakes.server import serving
from tests.fixtures.templates import APP, BARE, POLICY
from tests.fixtures.world import CREATE, POOL, Answer, RealClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

type Json = dict[str, Any]

SOURCE = Path(__file__).parents[2] / "src"
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/8a5f0de0-1c8e-11f0-9b2b-0affd7fe8f01"
SEED = 5
SIGNED_AGO = 26.0
"""A request comes first when its URL was signed so long ago: it is fresh, but not for long."""
LATE = 31.0
LATENCY = 0.03
KILLED_WITHIN = 0.3
SPARE = 3
AT_THE_SAME_TIME = 4

NAMED: Json = {**BARE, "ClientName": "web"}
# What is sent, and what was there before.
REQUESTS: list[tuple[str, Json, Json | None]] = [
    ("Create", BARE, None),
    ("Create", {**BARE, "GenerateSecret": "true"}, None),
    ("Create", {**BARE, "SSOSession": {"MaxValidityMinutes": "90"}}, None),
    ("Create", {**BARE, **POLICY}, None),
    ("Create", NAMED, None),
    ("Update", {**NAMED, "LogoutURLs": [APP]}, NAMED),
    ("Update", {**NAMED, "GenerateSecret": "true"}, {**NAMED, "GenerateSecret": "false"}),
    ("Delete", NAMED, NAMED),
] * 2


@dataclass
class Process:
    """A process of the function that waits for work, and the API that will give it some."""

    runtime: subprocess.Popen[bytes]
    api: RuntimeApi


@dataclass
class Lambda:
    """Processes of the function: one gets the next event, others start meanwhile."""

    environment: Mapping[str, str]
    folder: Path
    open: ExitStack
    idle: list[Process] = field(default_factory=list)
    started: int = 0
    killed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        while len(self.idle) < SPARE:
            self.started += 1
            api = self.open.enter_context(runtime_api())
            with (self.folder / f"log{self.started}").open("wb") as log:
                runtime = subprocess.Popen(
                    [sys.executable, "-m", "awslambdaric", "user_pool_client.handler.handler"],
                    cwd=SOURCE,
                    env={**self.environment, "AWS_LAMBDA_RUNTIME_API": api.address},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            self.open.callback(end, runtime)
            self.idle.append(Process(runtime, api))

    def deliver(self, event: Json, *, killed_after: float | None = None) -> None:
        """Give the event to a process; kill it so much later, or let it come to its end."""
        with self.lock:
            self.start()
            process = self.idle.pop(0)
        process.api.events.put(event)
        assert process.api.taken.get(timeout=30) == event["RequestId"]
        if killed_after is None:
            assert process.api.invocations.get(timeout=30).outcome == "invocation response", self.printed()[-2000:]
            with self.lock:
                self.idle.append(process)
            return
        time.sleep(killed_after)
        end(process.runtime)
        with self.lock:
            self.killed += 1

    def printed(self) -> str:
        return "".join(file.read_text(errors="replace") for file in sorted(self.folder.glob("log*")))


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@dataclass
class Account:
    """A stack with a resource for each request."""

    fake: FakeCognito
    stacks: FakeCloudFormation
    host: ResponseHost
    heard: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def request(self, number: int) -> Json:
        """Send the request of a resource of its own, after what it needs to be there is there."""
        kind, properties, old = REQUESTS[number]
        logical_id, ids = f"Client{number}", {}
        if old is not None:
            settings = {name: value for name, value in old.items() if name != "GenerateSecret"}
            made = self.fake.elsewhere(CREATE, {**settings, "ClientName": f"web{number}"})["UserPoolClient"]["ClientId"]
            self.stacks.put(STACK_ID, logical_id, made)
            ids = {"PhysicalResourceId": made, "OldResourceProperties": named(old, number)}
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - SIGNED_AGO))
        event = {
            "RequestType": kind,
            "ResponseURL": self.host.url(f"/{number}?X-Amz-Date={date}&X-Amz-Expires=7200"),
            "StackId": STACK_ID,
            "RequestId": f"request-{number}",
            "LogicalResourceId": logical_id,
            "ResourceType": "Custom::UserPoolClient",
            "ResourceProperties": named(properties, number),
            **ids,
        }
        self.stacks.send(event)
        return event

    def hear(self) -> None:
        with self.lock:
            for put in self.host.puts[self.heard :]:
                self.stacks.hear(put.body)
                self.heard += 1


def named(properties: Json, number: int) -> Json:
    return {**properties, "ClientName": f"web{number}"} if "ClientName" in properties else properties


@contextmanager
def processes(folder: Path) -> Iterator[tuple[Account, Lambda]]:
    fake, stacks = FakeCognito(), FakeCloudFormation()
    fake.add_pool(POOL)
    fake.on_call = lambda _operation, _params: RealClock().for_the_function().sleep(LATENCY)
    with (
        serving(fake, stacks) as server,
        response_host("127.0.0.1", tls=False) as host,
        ExitStack() as stack,
    ):
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": server.url,
            "AWS_LAMBDA_FUNCTION_NAME": "user-pool-client",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/user-pool-client",
            "AWS_LAMBDA_LOG_STREAM_NAME": "log",
            "LAMBDA_TASK_ROOT": str(SOURCE),
            "PYTHONPATH": str(SOURCE),
            "_HANDLER": "user_pool_client.handler.handler",
        }
        yield Account(fake, stacks, host), Lambda(environment, folder, stack)


def test_processes_that_are_killed_leave_one_client_for_each_resource(tmp_path: Path) -> None:
    dice = random.Random(SEED)  # noqa: S311 - the moments of the kills
    with processes(tmp_path) as (account, function):
        function.start()
        events = []
        for number in range(len(REQUESTS)):
            events.append(account.request(number))
            function.deliver(events[-1], killed_after=dice.uniform(0, KILLED_WITHIN))
            account.hear()
        time.sleep(LATE - SIGNED_AGO)  # by now the last one, too, is late
        again = [dice.uniform(0, KILLED_WITHIN) if dice.random() < 0.25 else None for _ in events]

        def deliver_again(event: Json, killed_after: float | None) -> None:
            if killed_after is not None:
                function.deliver(event, killed_after=killed_after)
                account.hear()
            function.deliver(event)
            account.hear()

        with ThreadPoolExecutor(AT_THE_SAME_TIME) as several:
            list(several.map(deliver_again, events, again))
        printed = function.printed()

    answers = {
        event["RequestId"]: [
            Answer.read(put.body, event) for put in account.host.puts if put.path.startswith(f"/{number}?")
        ]
        for number, event in enumerate(events)
    }
    assert all(answers.values()), "Not every request was answered"
    assert {answer.status for each in answers.values() for answer in each} == {"SUCCESS"}
    assert all(len({answer.physical_id for answer in each}) == 1 for each in answers.values())
    there = set()
    for event in events:
        ids = {event.get("PhysicalResourceId", ""), answers[event["RequestId"]][0].physical_id}
        there |= ids if event["RequestType"] != "Delete" else set()
    assert set(account.fake.client_ids(POOL)) == there - {""}
    of_clients = [policy.client_id for policy in account.fake.pools[POOL].policies.values()]
    assert len(of_clients) == len(set(of_clients)) == sum("CIMDPolicy" in each for _, each, _ in REQUESTS)
    assert function.killed >= len(REQUESTS)
    for secret in account.fake.secrets_ever:
        canaries.watch(secret)
    assert not canaries.leaked(printed)
