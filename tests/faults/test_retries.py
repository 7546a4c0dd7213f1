"""What may pass is tried again until time is up; a Create only after a look whether it has run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, LIST, SECRETS, UPDATE, RawReply, World

if TYPE_CHECKING:
    from tests.fixtures.world import Answer, Failure

type Json = dict[str, Any]

TOO_MANY = ApiError("TooManyRequestsException", "Rate exceeded")
BUSY = ApiError(
    "ConcurrentModificationException", "Only one request to update user pool client can be processed at a time."
)
INTERNAL = ApiError("InternalErrorException", "Something went wrong.", 500)
LIMIT = ApiError("LimitExceededException", "Maximum number of user pool clients exceeded.")
PASSING: list[Any] = [
    pytest.param(TOO_MANY, id="TooManyRequests"),
    pytest.param(BUSY, id="ConcurrentModification"),
    pytest.param(INTERNAL, id="InternalError"),
    pytest.param(ApiError("InternalServerException", "", 500), id="InternalServer"),
    pytest.param(RawReply(503), id="503 without a body"),
    pytest.param("connect-error", id="connect error"),
    pytest.param("connect-timeout", id="connect timeout"),
    pytest.param("read-timeout", id="read timeout"),
    pytest.param("connection-closed", id="connection closed"),
]
NEVER_SENT = ("connect-error", "connect-timeout")
NEW = {**CONFIDENTIAL, "LogoutURLs": [APP]}


def carried_out(world: World, operation: str) -> Answer:
    """Send the request that makes the operation's call, about a client that exists."""
    client_id = world.existing(GenerateSecret=True)
    if operation == SECRETS:
        world.lose_original_secret(client_id)
    if operation == DELETE:
        return world.delete(client_id, CONFIDENTIAL)
    return world.update(client_id, {**NEW, "ClientName": "web"}, {**CONFIDENTIAL, "ClientName": "web"})


@pytest.mark.parametrize("failure", PASSING)
@pytest.mark.parametrize("operation", [DESCRIBE, UPDATE, DELETE, SECRETS])
def test_a_read_an_update_and_a_delete_are_tried_again(world: World, operation: str, failure: Failure) -> None:
    world.fail(operation, failure, times=5)

    answer = carried_out(world, operation)

    assert answer.status == "SUCCESS", answer.reason
    assert world.calls().count(operation) == 6
    assert world.metrics().count("Retried") == 1


@pytest.mark.parametrize("failure", PASSING)
@pytest.mark.parametrize("operation", [DESCRIBE, UPDATE, DELETE, SECRETS])
def test_they_are_given_up_when_the_time_for_the_work_is_over(world: World, operation: str, failure: Failure) -> None:
    with world.failing(operation, failure):
        answer = carried_out(world, operation)

    assert answer.status == "FAILED"
    assert answer.physical_id in answer.reason
    assert f" {operation}" in answer.reason
    assert "What to do: deploy again in a few minutes." in answer.reason
    # The function's half a minute, less what the answer needs, less at most one pause.
    assert 16 < world.clock.now <= 25


@pytest.mark.parametrize("times", [1, 7])
def test_a_create_that_was_throttled_is_tried_again(world: World, times: int) -> None:
    world.fail(CREATE, TOO_MANY, times=times)

    answer = world.create(BARE)

    assert (answer.status, world.calls()) == ("SUCCESS", [CREATE] * (times + 1))
    assert world.client_ids() == [answer.physical_id]


@pytest.mark.parametrize("after", [False, True], ids=["nothing done", "done"])
@pytest.mark.parametrize("failure", [case for case in PASSING[1:] if case.values[0] not in NEVER_SENT])
def test_a_create_that_may_have_run_is_not_sent_again_before_a_look_at_the_pool(
    world: World, failure: Failure, *, after: bool
) -> None:
    world.fail(CREATE, failure, after=after)

    answer = world.create({**BARE, "ClientName": "web"})

    assert answer.status == "SUCCESS", answer.reason
    assert world.calls() == ([CREATE, LIST, DESCRIBE] if after else [CREATE, LIST, LIST, LIST, CREATE])
    assert world.client_ids() == [answer.physical_id]


@pytest.mark.parametrize("failure", ["connect-error", "connect-timeout"])
def test_a_create_that_never_arrived_is_sent_again_after_a_look_too(world: World, failure: Failure) -> None:
    """That nothing was sent is what the libraries in between believe, not what Cognito said."""
    world.fail(CREATE, failure)

    answer = world.create(BARE)

    assert answer.status == "SUCCESS", answer.reason
    assert world.calls() == [CREATE, LIST, LIST, LIST, CREATE]


@pytest.mark.parametrize("operation", [CREATE, DESCRIBE, UPDATE, DELETE])
def test_a_limit_that_is_reached_is_never_tried_again(world: World, operation: str) -> None:
    world.fail(operation, LIMIT)

    answer = world.create(BARE) if operation == CREATE else carried_out(world, operation)

    assert answer.status == "FAILED"
    assert world.calls().count(operation) == 1
    assert world.clock.now == 0


def test_an_update_and_a_delete_that_ran_without_an_answer_succeed_when_tried_again(world: World) -> None:
    created = world.create(CONFIDENTIAL)
    world.fail(UPDATE, "read-timeout", after=True)
    updated = world.update(created.physical_id, NEW, CONFIDENTIAL)
    held = world.settings(created.physical_id)
    world.fail(DELETE, "connection-closed", after=True)
    deleted = world.delete(created.physical_id, NEW)

    assert (updated.status, held["LogoutURLs"]) == ("SUCCESS", [APP])
    assert (deleted.status, world.client_ids()) == ("SUCCESS", [])


def test_a_quota_of_five_a_second_slows_a_stack_down_but_stops_nobody(world: World) -> None:
    world.fake._quota = 5

    answers = [world.create(BARE) for _ in range(20)]

    assert [answer.status for answer in answers] == ["SUCCESS"] * 20
    assert len(world.client_ids()) == 20


def test_waiting_is_told_to_the_operator(world: World) -> None:
    world.fail(DESCRIBE, TOO_MANY)

    carried_out(world, DESCRIBE)

    (line,) = [line for line in world.log() if line["message"] == "Waiting"]
    assert (line["operation"], line["because"]) == (DESCRIBE, "TooManyRequestsException")
    assert {"Retried", "Waited", "Succeeded"} <= set(world.metrics())
