"""Lambda's runtime API hands each event to one process, and never to one that is gone."""

from __future__ import annotations

import http.client
import json

import pytest

from tests.fakes.runtime_api import RUNTIME_API, RuntimeApi, runtime_api

EVENT = {"RequestId": "request-1"}


def asking(server: RuntimeApi, timeout: float = 5.0) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(server.address, timeout=timeout)
    connection.request("GET", f"{RUNTIME_API}/invocation/next")
    return connection


def test_an_event_is_handed_over_and_its_response_taken() -> None:
    with runtime_api() as server:
        server.events.put(EVENT)
        connection = asking(server)
        handed_over = connection.getresponse()
        received = json.load(handed_over)
        request_id = handed_over.headers["Lambda-Runtime-Aws-Request-Id"]
        connection.request("POST", f"{RUNTIME_API}/invocation/{request_id}/response", b"null")
        status = connection.getresponse().status
        connection.close()
        invocation = server.invocations.get(timeout=5)

    assert (received, request_id) == (EVENT, "request-1")
    assert status == http.HTTPStatus.ACCEPTED
    assert (invocation.outcome, invocation.detail) == ("invocation response", "null")
    assert invocation.asked_at_ns > 0


def test_whoever_asks_without_an_event_waits() -> None:
    with runtime_api() as server:
        connection = asking(server, timeout=0.2)

        with pytest.raises(TimeoutError):
            connection.getresponse()

        connection.close()


def test_an_event_goes_to_no_process_that_is_gone() -> None:
    with runtime_api() as server:
        for _ in range(3):
            asking(server).close()
        server.events.put(EVENT)
        connection = asking(server)

        assert json.load(connection.getresponse()) == EVENT
        connection.close()


def test_a_start_that_fails_is_known() -> None:
    with runtime_api() as server:
        connection = http.client.HTTPConnection(server.address, timeout=5)
        connection.request("POST", f"{RUNTIME_API}/init/error", b"{}")
        connection.getresponse().read()
        connection.close()

        assert server.invocations.get(timeout=5)[:2] == ("init error", "{}")
