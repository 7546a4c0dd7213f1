"""With a local AWS: Cognito and CloudFormation over plain HTTP on loopback, with nothing of the function replaced."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from tests import canaries
from tests.fakes.cloudformation import FakeCloudFormation
from tests.fakes.cognito import ApiError, FakeCognito
from tests.fakes.response_host import ResponseHost, response_host
from tests.fakes.server import serving
from tests.fixtures.templates import APP, CONFIDENTIAL
from tests.fixtures.world import (
    CREATE,
    DELETE,
    DESCRIBE,
    LIST,
    LOGICAL_ID,
    OWNER,
    POOL,
    STACK_ID,
    UPDATE,
    Answer,
    FunctionContext,
    RealClock,
)
from user_pool_client import handler
from user_pool_client.deadline import Clock
from user_pool_client.domain.errors import Unanswerable
from user_pool_client.operations import search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from user_pool_client.custom_resource.service import Service

type Json = dict[str, Any]


@dataclass
class Emulator:
    """A local AWS and a function that is pointed at it."""

    fake: FakeCognito
    stacks: FakeCloudFormation
    host: ResponseHost
    function: Service

    def send(self, kind: str, properties: Json, **members: Any) -> Answer:
        event = {
            "RequestType": kind,
            "ResponseURL": self.host.url("/answers/1"),
            "StackId": STACK_ID,
            "RequestId": f"request-{len(self.host.puts)}",
            "LogicalResourceId": LOGICAL_ID,
            "ResourceProperties": properties,
            **members,
        }
        clock, before = RealClock(), len(self.host.puts)
        self.function(event, FunctionContext(clock, clock.now + 30))
        for secret in self.fake.secrets_ever:
            canaries.watch(secret)
        (put,) = self.host.puts[before:]
        return Answer.read(put.body, event)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with local_aws() as emulator:
        yield emulator


@contextmanager
def local_aws() -> Iterator[Emulator]:
    fake, stacks = FakeCognito(), FakeCloudFormation()
    fake.add_pool(POOL)
    with (
        serving(fake, stacks) as server,
        response_host("127.0.0.1", tls=False) as host,
        mock.patch.dict(os.environ, {"AWS_ENDPOINT_URL": server.url}),
    ):
        assert server.port != host.port
        yield Emulator(fake, stacks, host, handler.build(Clock()))
    assert not fake.planned_faults


def test_a_client_lives_its_whole_life(emulator: Emulator) -> None:
    created = emulator.send("Create", CONFIDENTIAL)
    new = {**CONFIDENTIAL, "CallbackURLs": [APP]}
    updated = emulator.send("Update", new, PhysicalResourceId=created.physical_id, OldResourceProperties=CONFIDENTIAL)
    held = emulator.fake.described(POOL, created.physical_id)
    deleted = emulator.send("Delete", new, PhysicalResourceId=created.physical_id)

    assert [answer.status for answer in (created, updated, deleted)] == ["SUCCESS"] * 3
    assert created.data["ClientSecret"] == updated.data["ClientSecret"] == held["ClientSecret"]
    assert held["CallbackURLs"] == [APP]
    assert emulator.fake.operations_called() == [CREATE, DESCRIBE, UPDATE, DELETE]
    assert emulator.fake.client_ids(POOL) == []


def test_a_real_connection_that_breaks_is_tried_again(emulator: Emulator) -> None:
    created = emulator.send("Create", CONFIDENTIAL)
    emulator.fake.fail(DELETE, "connection-closed", after=True)
    deleted = emulator.send("Delete", CONFIDENTIAL, PhysicalResourceId=created.physical_id)

    assert deleted.status == "SUCCESS"
    assert emulator.fake.operations_called() == [CREATE, DELETE, DELETE]


@pytest.mark.parametrize("after", [False, True], ids=["nothing done", "done"])
def test_a_create_whose_real_connection_breaks_makes_one_client(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    monkeypatch.setattr(search, "_LOOK_AGAIN_AFTER", (0.1,))
    emulator.fake.fail(CREATE, "connection-closed", after=after)

    answer = emulator.send("Create", CONFIDENTIAL)

    assert answer.status == "SUCCESS", answer.reason
    assert emulator.fake.client_ids(POOL) == [answer.physical_id]
    assert emulator.fake.operations_called() == ([CREATE, LIST, DESCRIBE] if after else [CREATE, LIST, LIST, CREATE])
    assert emulator.stacks.operations_called() == ([OWNER] if after else [])


def test_a_real_refusal_is_told(emulator: Emulator) -> None:
    emulator.fake.fail(CREATE, ApiError("NotAuthorizedException", "Not yours."))

    answer = emulator.send("Create", CONFIDENTIAL)

    assert "Cognito refused CreateUserPoolClient with NotAuthorizedException: Not yours." in answer.reason


@pytest.mark.parametrize("url", ["http://localhost:{port}/1", "http://127.0.0.2:{port}/1", "ftp://127.0.0.1:{port}/1"])
def test_only_the_emulators_own_host_name_is_answered(emulator: Emulator, url: str) -> None:
    with pytest.raises(Unanswerable):
        emulator.send("Create", CONFIDENTIAL, ResponseURL=url.format(port=emulator.host.port))

    assert emulator.fake.calls == []
    assert emulator.host.puts == []
