"""Work that outlives its time: the watchdog's one answer in time, and nothing left that nobody knows of."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, UNKNOWN, UPDATE, Answer, World
from user_pool_client.domain.attributes import Attributes, attributes
from user_pool_client.operations import reconcile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from user_pool_client.domain.app_client import AppClient

type Json = dict[str, Any]

# Seconds that the function has in these tests, real ones for the watchdog.
SOON = 0.2
ENOUGH_TO_CREATE = 1.0
# Seconds after which a test gives up waiting for a thread that should have come long ago.
PATIENCE = 10.0


class SlowWork:
    """Let the work hang in one call until CloudFormation has got the watchdog's answer."""

    def __init__(self, world: World, operation: str, *, seconds: float = SOON) -> None:
        self.world = world
        self.operation = operation
        self.seconds = seconds
        self._answered = threading.Event()
        world.on_put = lambda _deadline: self._answered.set()
        world.fake.on_call = self._hang

    def _hang(self, operation: str, _params: Json) -> None:
        if operation == self.operation:
            self.wait()

    def wait(self) -> None:
        assert self._answered.wait(PATIENCE)
        self.world.clock.now += self.seconds


def answer_in_time(world: World, event: Mapping[str, Any], *, timeout: float = SOON) -> Answer:
    """Send a request that will be late; `send` sees to it that there is one answer."""
    answer = world.send(event, timeout=timeout)
    assert answer.status == "FAILED"
    assert "it was not done when the time ran out" in answer.reason
    assert "What to do: deploy again" in answer.reason
    assert "The work ended after the answer" in [line["message"] for line in world.log()]
    assert "Late" in world.metrics()
    return answer


def test_a_client_that_was_created_too_late_is_deleted_again(world: World) -> None:
    SlowWork(world, CREATE)

    answer = answer_in_time(world, world.request("Create", CONFIDENTIAL))

    assert answer.physical_id == UNKNOWN
    assert world.calls() == [CREATE, DELETE]
    assert world.client_ids() == []


def test_a_replacement_that_was_created_too_late_is_deleted_again(world: World) -> None:
    client_id = world.existing()
    SlowWork(world, CREATE)

    answer = answer_in_time(
        world, world.request("Update", CONFIDENTIAL, PhysicalResourceId=client_id, OldResourceProperties=BARE)
    )

    assert answer.physical_id == client_id
    assert client_id in answer.reason
    assert world.client_ids() == [client_id]


@pytest.mark.parametrize("times", [1, 2])
def test_the_delete_of_a_client_that_came_too_late_is_tried_again(world: World, times: int) -> None:
    SlowWork(world, CREATE, seconds=0)
    world.fail(DELETE, ApiError("TooManyRequestsException", "Rate exceeded"), times=times)

    with mock.patch.object(random, "uniform", return_value=0.01):
        answer_in_time(world, world.request("Create", BARE))

    assert world.calls() == [CREATE, *[DELETE] * (times + 1)]
    assert world.client_ids() == []


def test_a_client_that_came_too_late_and_cannot_be_deleted_is_named_in_the_log(world: World) -> None:
    SlowWork(world, CREATE)
    world.fail(DELETE, ApiError("AccessDeniedException", "No."))

    answer_in_time(world, world.request("Create", BARE))

    (client_id,) = world.client_ids()
    (line,) = [line for line in world.log() if line["message"] == "The work ended after the answer"]
    assert line["made_too_late"] == client_id


@pytest.mark.parametrize("operation", [DESCRIBE, UPDATE])
def test_a_late_update_answers_with_the_id_it_was_given(world: World, operation: str) -> None:
    client_id = world.existing()
    SlowWork(world, operation)

    answer = answer_in_time(
        world,
        world.request(
            "Update", {**BARE, "LogoutURLs": [APP]}, PhysicalResourceId=client_id, OldResourceProperties=BARE
        ),
    )

    assert answer.physical_id == client_id
    assert client_id in answer.reason
    assert world.client_ids() == [client_id]


def test_a_late_delete_answers_with_the_id_it_was_given(world: World) -> None:
    client_id = world.existing()
    SlowWork(world, DELETE)

    answer = answer_in_time(world, world.request("Delete", BARE, PhysicalResourceId=client_id))

    assert answer.physical_id == client_id


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_once_a_client_exists_the_late_answer_has_its_id_so_that_cloudformation_deletes_it(
    world: World, kind: str
) -> None:
    old = world.existing()
    slow = SlowWork(world, "none")

    def slowly(observed: AppClient) -> Attributes:
        slow.wait()
        return attributes(observed)

    ids = {"PhysicalResourceId": old, "OldResourceProperties": BARE} if kind == "Update" else {}
    with mock.patch.object(reconcile, "attributes", slowly):
        answer = answer_in_time(world, world.request(kind, CONFIDENTIAL, **ids), timeout=ENOUGH_TO_CREATE)

    assert world.client_ids() == [old, answer.physical_id]
    assert answer.physical_id in answer.reason


def test_the_function_does_not_return_while_the_watchdog_still_delivers(world: World) -> None:
    """Lambda freezes the process when the function returns: an answer on its way would be lost."""
    client_id = world.existing()
    delivering, returned = threading.Event(), threading.Event()
    order: list[str] = []

    def deliver_slowly(_deadline: object) -> None:
        delivering.set()
        returned.wait(0.3)
        order.append("delivered")

    world.on_put = deliver_slowly
    world.fake.on_call = lambda _operation, _params: delivering.wait(PATIENCE)

    world.send(world.request("Delete", BARE, PhysicalResourceId=client_id), timeout=SOON)
    order.append("returned")
    returned.set()

    assert order == ["delivered", "returned"]


def test_after_a_late_request_the_next_one_is_like_any_other(world: World) -> None:
    slow = SlowWork(world, CREATE)
    answer_in_time(world, world.request("Create", CONFIDENTIAL))
    slow.operation = "none"

    answer = world.create(BARE)

    assert (answer.status, world.client_ids()) == ("SUCCESS", [answer.physical_id])
    assert not answer.no_echo


def test_a_watchdog_of_an_earlier_request_does_not_bark_at_a_later_one(world: World) -> None:
    world.send(world.request("Create", BARE), timeout=SOON)
    watchdogs = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for watchdog in watchdogs:
        watchdog.join(PATIENCE)

    assert len(world.put) == 1
    assert "Late" not in world.metrics()
