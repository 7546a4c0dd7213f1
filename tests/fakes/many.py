"""Hundreds of callers at once against Cognito's quotas, on a virtual clock: the real calls with their real waiting."""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, override
from unittest import mock

from botocore.exceptions import ClientError

from tests.fakes.cognito import ApiError, FakeCognito
from tests.fakes.crowd import Crowd
from user_pool_client.aws import cognito
from user_pool_client.aws.calls import Caller
from user_pool_client.aws.cognito import AppClients
from user_pool_client.aws.sessions import ClientCache
from user_pool_client.deadline import Clock, Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

type Json = dict[str, Any]

POOL = "us-east-1_Abc123xyz"
QUOTA, ACCOUNT_QUOTA = 5, 15
LATENCY = 0.1  # seconds that Cognito takes for each call, served or refused
FUNCTION_TIMEOUT = 300.0


class Direct(ClientCache):
    """Lead to the fake without boto3 in between, which would take the most of a test's time."""

    def __init__(self, fake: FakeCognito, clock: Clock) -> None:
        super().__init__("us-east-1", clock)
        self._fake = fake

    @override
    def client(self, service: str, region: str, credentials: object = None, *, short_timeout: bool = False) -> Any:
        return self

    def __getattr__(self, method: str) -> Callable[..., Json]:
        operation = re.sub(r"(?:^|_)(\w)", lambda found: found[1].upper(), method)

        def call(**params: Any) -> Json:
            try:
                return self._fake.call(operation, params)
            except ApiError as error:
                told: Any = {"Error": {"Code": error.code, "Message": error.message}}
                raise ClientError(told, operation) from error

        return call


class Run:
    """One pool, and as many processes as there are clients; `seconds` is what each request took."""

    def __init__(self, seed: int) -> None:
        self.crowd = Crowd()
        self.fake = FakeCognito(clock=self.crowd.wall, quota=QUOTA, account_quota=ACCOUNT_QUOTA)
        self.fake.on_call = lambda _operation, _params: self.crowd.sleep(LATENCY)
        self.fake.add_pool(POOL)
        self.clock = Clock(self.crowd.monotonic, self.crowd.sleep, self.crowd.wall)
        self.connections = Direct(self.fake, self.clock)
        self.waits: Counter[str] = Counter()
        random.seed(seed)

    def all_at_once(self, work: Callable[[AppClients, Any], object], over: list[Any]) -> list[float]:
        """Do the work for everything at the same moment; return how long each took, the longest last."""
        began, took = self.crowd.now, []

        def one(item: Any) -> None:
            deadline = Deadline.after(FUNCTION_TIMEOUT, self.clock)
            work(AppClients(Caller(self.connections, deadline, self._on_wait)), item)
            took.append(self.crowd.now - began)

        self.crowd.run([lambda item=item: one(item) for item in over])  # type: ignore[misc]
        self.crowd.now += 2  # the quota is free again
        return sorted(took)

    def _on_wait(self, *, operation: str, why: str, seconds: float) -> None:
        assert why == "TooManyRequestsException"
        assert seconds >= 0
        self.waits[operation] += 1


def life(run: Run, count: int) -> dict[str, list[float]]:
    """Create, update and delete so many clients, each kind all at once."""
    names = [f"client-{number:04d}" for number in range(count)]
    with mock.patch.object(cognito, "logger"):  # the guard of all tests reads every line of it
        new = [{"UserPoolId": POOL, "ClientName": name} for name in names]
        took = {"create": run.all_at_once(lambda own, settings: own.create(settings), new)}
        ids = run.fake.client_ids(POOL)
        assert len(ids) == count

        def update(own: AppClients, client_id: str) -> None:
            observed = own.describe(POOL, client_id)
            assert observed is not None
            own.update(POOL, client_id, {**observed.settings, "LogoutURLs": ["https://app.example.com/out"]})

        took["update"] = run.all_at_once(update, ids)
        assert all(client.settings["LogoutURLs"] for client in run.fake.pools[POOL].clients.values())
        took["delete"] = run.all_at_once(lambda own, client_id: own.delete(POOL, client_id), ids)
        assert run.fake.client_ids(POOL) == []
    return took


def main() -> None:
    """Print what each of so many took, and how many calls were in vain for each, for the benchmarks."""
    count = int(sys.argv[1])
    run = Run(0)
    took = life(run, count)
    found = {
        kind: (took[kind], sum(run.waits[operation] for operation in operations) / count)
        for kind, operations in (
            ("create", ["CreateUserPoolClient"]),
            ("update", ["DescribeUserPoolClient", "UpdateUserPoolClient"]),
            ("delete", ["DeleteUserPoolClient"]),
        )
    }
    print(json.dumps(found))  # noqa: T201 - for whoever has started it


if __name__ == "__main__":
    main()
