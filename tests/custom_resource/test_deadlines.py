"""The answer is in time for whoever waits the shortest: Lambda or CloudFormation."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.templates import APP, BARE
from tests.fixtures.world import DESCRIBE, MARKER, RESPONSE_URL, UNKNOWN, World

TOO_MANY = ApiError("TooManyRequestsException", "Rate exceeded")


def signed(world: World, seconds_ago: float) -> str:
    """Give a response URL that CloudFormation signed so many seconds ago."""
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(world.clock.wall() - seconds_ago))
    return f"{RESPONSE_URL}&X-Amz-Date={date}"


@pytest.mark.parametrize(
    ("service_timeout", "signed_ago", "function_timeout", "at_most"),
    [
        pytest.param("20", 0, 300, 20, id="ServiceTimeout is shorter than the function's"),
        pytest.param(20, 0, 300, 20, id="as a number"),
        pytest.param("600", 0, 60, 60, id="the function's timeout is shorter"),
        pytest.param("300", 280, 300, 20, id="the request has waited in a queue"),
        pytest.param(None, 3580, 300, 20, id="in a queue for nearly an hour, the default"),
        pytest.param("soon", 0, 60, 60, id="no number"),
        pytest.param("20", -3600, 300, 20, id="a clock that is behind"),
    ],
)
def test_a_failure_is_told_before_anybody_stops_waiting(
    world: World, service_timeout: Any, signed_ago: float, function_timeout: float, at_most: float
) -> None:
    client_id = world.existing()
    url = signed(world, signed_ago)
    world.clock.now -= max(signed_ago, 0)
    properties = {**BARE, **({} if service_timeout is None else {"ServiceTimeout": service_timeout})}
    event = world.request(
        "Update",
        {**properties, "LogoutURLs": [APP]},
        PhysicalResourceId=client_id,
        OldResourceProperties=properties,
        ResponseURL=url,
    )
    world.clock.now += max(signed_ago, 0)

    with world.failing(DESCRIBE, TOO_MANY):
        answer = world.send(event, timeout=function_timeout)

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)
    assert at_most / 3 < world.clock.now < at_most


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
@pytest.mark.parametrize(
    ("service_timeout", "signed_ago"),
    [
        pytest.param({}, 3601, id="after an hour, the default"),
        pytest.param({"ServiceTimeout": "60"}, 61, id="after ServiceTimeout"),
    ],
)
def test_a_request_that_comes_after_cloudformation_gave_up_does_nothing(
    world: World, kind: str, service_timeout: dict[str, str], signed_ago: float
) -> None:
    client_id = world.existing()
    before = world.settings(client_id)
    ids = {} if kind == "Create" else {"PhysicalResourceId": client_id, "OldResourceProperties": BARE}
    event = world.request(
        kind, {**BARE, **service_timeout, "LogoutURLs": [APP]}, ResponseURL=signed(world, signed_ago), **ids
    )

    answer = world.send(event)

    # An earlier delivery may have made a client, so a Create does not say that there is none.
    assert (answer.status, answer.physical_id) == ("FAILED", UNKNOWN if kind == "Create" else client_id)
    assert "CloudFormation no longer waited when the request came, so nothing was done." in answer.reason
    assert world.calls() == []
    assert world.client_ids() == [client_id]
    assert world.settings(client_id) == before


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_function_without_any_time_left_does_nothing_and_says_so(world: World, timeout: float) -> None:
    answer = world.send(world.request("Create", BARE), timeout=timeout)

    assert (answer.status, answer.physical_id, world.calls()) == ("FAILED", MARKER, [])
