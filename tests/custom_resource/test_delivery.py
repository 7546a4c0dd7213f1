"""The answer on its way: a real TLS server on loopback that goes by the names of CloudFormation's response bucket."""

from __future__ import annotations

import json
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from tests import canaries
from tests.fakes.loopback import LoopbackServer
from tests.fakes.response_host import US_EAST_1, ResponseHost, response_host
from tests.fixtures.templates import BARE, CONFIDENTIAL
from tests.fixtures.world import CREATE, MOST_BYTES, POOL, Answer, RealClock, World, a_world
from user_pool_client.domain.errors import Unanswerable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.fakes.response_host import Step

type Json = dict[str, Any]

STACK = "arn%3Aaws%3Acloudformation%3Aus-east-1%3A123456789012%3Astack/shop/8a5f%7CWebClient%7C5b2a"
PATH = f"/{STACK}?X-Amz-Expires=7200&X-Amz-Signature={canaries.SIGNATURE}"


@contextmanager
def cloudformation(
    *names: str, script: Sequence[Step] = (), trusted: bool = True, clock: RealClock | None = None
) -> Iterator[tuple[World, ResponseHost]]:
    """Serve CloudFormation's response host, and give a function that sends its answers there."""
    with response_host(*names, script=script) as host:
        env = {"SSL_CERT_FILE": str(host.ca_file)} if trusted else {}
        with a_world(env=env, clock=clock, sends=True) as world, host.resolved():
            yield world, host


def request(world: World, host: ResponseHost, properties: Json = CONFIDENTIAL, name: str = "") -> Json:
    url = host.url(PATH)
    return world.request("Create", properties, ResponseURL=url.replace(host.hostnames[0], name) if name else url)


def lost(world: World, event: Json, *, timeout: float = 4) -> str:
    """Invoke the function, whose answer cannot be delivered, and return what Lambda is told of it."""
    with pytest.raises(Unanswerable) as raised:
        world.invoke(event, timeout=timeout)
    assert not canaries.leaked("".join(traceback.format_exception(raised.value)))
    assert world.metrics()[-1] == "Unanswered"
    return str(raised.value)


@pytest.mark.parametrize(
    "name",
    [
        US_EAST_1,
        "cloudformation-custom-resource-response-useast1.s3.us-east-1.amazonaws.com",
        "cloudformation-custom-resource-response-useast1.s3-us-east-1.amazonaws.com",
    ],
)
def test_one_answer_goes_over_one_connection_to_cloudformations_own_host(name: str) -> None:
    with (
        cloudformation(name) as (world, host),
        mock.patch.object(
            LoopbackServer, "process_request", autospec=True, side_effect=LoopbackServer.process_request
        ) as connections,
    ):
        event = request(world, host)
        world.invoke(event)

        (put,) = host.puts
        assert connections.call_count == 1
        answer = Answer.read(put.body, event)
        assert (answer.status, answer.physical_id) == ("SUCCESS", world.client_ids()[0])
        assert answer.data["ClientSecret"] in world.fake.secrets_ever
        assert (put.host, put.path) == (name, PATH)
        # The URL is signed for an empty Content-Type.
        assert put.headers["content-type"] == ""
        assert put.headers["content-length"] == str(len(put.body))
        assert "transfer-encoding" not in put.headers


def test_every_request_gets_a_connection_and_an_answer_of_its_own() -> None:
    with cloudformation() as (world, host):
        events = [request(world, host, properties) for properties in (CONFIDENTIAL, {}, BARE)]
        for event in events:
            world.invoke(event)

        answers = [Answer.read(put.body, event) for put, event in zip(host.puts, events, strict=True)]
        assert [(answer.status, answer.no_echo) for answer in answers] == [
            ("SUCCESS", True),
            ("FAILED", False),
            ("SUCCESS", False),
        ]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([503], id="503"),
        pytest.param([500, 502, 503], id="several"),
        pytest.param(["close"], id="connection closed"),
        pytest.param(["close", 503, "close"], id="all kinds"),
    ],
)
def test_what_may_pass_is_tried_again_with_the_same_answer(script: list[Step]) -> None:
    with cloudformation(script=script) as (world, host):
        event = request(world, host)
        world.invoke(event)

        assert len(host.puts) == len(script) + 1
        assert len({put.body for put in host.puts}) == 1
        assert Answer.read(host.puts[-1].body, event).physical_id == world.client_ids()[0]
        assert world.calls() == [CREATE]
        assert world.clock.now > 0


@pytest.mark.parametrize("status", [400, 403, 404, 301, 307, 304])
def test_any_other_refusal_is_final(status: int) -> None:
    with cloudformation(script=[status]) as (world, host):
        told = lost(world, request(world, host))

        assert f"HTTP status {status}" in told
        assert len(host.puts) == 1
        assert world.clock.now == 0


@pytest.mark.parametrize("step", [503, "close"])
def test_an_answer_that_nobody_takes_is_given_up_at_the_deadline(step: Step) -> None:
    with cloudformation(script=[step] * 100) as (world, host):
        told = lost(world, request(world, host))

        assert "could not be delivered in time" in told
        assert 2 <= len(host.puts) < 100
        assert 0 < world.clock.now < 4


def test_a_host_that_never_answers_is_given_up_before_lambda_ends_the_function() -> None:
    with cloudformation(script=["never"] * 100, clock=RealClock()) as (world, host):
        told = lost(world, request(world, host), timeout=1.2)

        assert "could not be delivered in time; the last try ended with TimeoutError" in told
        assert len(host.puts) >= 1


@pytest.mark.parametrize(
    ("name_in_certificate", "trusted"),
    [
        pytest.param(US_EAST_1, False, id="an authority that nobody knows"),
        pytest.param("attacker.example.com", True, id="a certificate for another name"),
    ],
)
def test_nothing_is_sent_to_a_host_that_cannot_prove_its_name(name_in_certificate: str, *, trusted: bool) -> None:
    with cloudformation(name_in_certificate, trusted=trusted) as (world, host):
        host.hostnames = (US_EAST_1,)

        told = lost(world, request(world, host))

        assert "SSLCertVerificationError" in told
        assert host.puts == []


def many_urls(length: int, *, count: int = 100) -> list[str]:
    return [f"https://app.example.com/{number:03}/".ljust(length, "x") for number in range(count)]


@pytest.mark.parametrize(
    ("settings", "left_out", "kept"),
    [
        pytest.param({"CallbackURLs": many_urls(200)}, {"CallbackURLs"}, {"LogoutURLs"}, id="20 KB of one setting"),
        pytest.param(
            {"CallbackURLs": many_urls(1024), "LogoutURLs": many_urls(1024)},
            {"CallbackURLs", "LogoutURLs"},
            {"ExplicitAuthFlows"},
            id="200 KB of two settings",
        ),
        pytest.param(
            {
                "CallbackURLs": many_urls(30, count=70),
                "LogoutURLs": many_urls(30, count=30),
                "ReadAttributes": ["email", "name"],
            },
            {"CallbackURLs"},
            {"LogoutURLs", "ReadAttributes"},
            id="the largest first",
        ),
        pytest.param(
            {"CallbackURLs": [f"https://app.example.com/{'😀' * 1000}"]},
            {"CallbackURLs"},
            {"LogoutURLs"},
            id="bytes and not characters",
        ),
    ],
)
def test_what_does_not_fit_is_left_out_but_never_an_id_or_the_secret(
    settings: Json, left_out: set[str], kept: set[str]
) -> None:
    with cloudformation() as (world, host):
        event = request(world, host, {**CONFIDENTIAL, **settings})
        world.invoke(event)

        (put,) = host.puts
        assert len(put.body) <= MOST_BYTES
        answer = Answer.read(put.body, event)
        assert answer.status == "SUCCESS"
        assert answer.data.keys() >= {"ClientId", "ClientSecret", "UserPoolId", "Id", "Name", "ClientName", *kept}
        assert answer.data.keys().isdisjoint(left_out)
        assert answer.data["ClientSecret"] == world.fake.secrets_ever[0]
        assert answer.data["Id"] == f"{POOL}/{answer.physical_id}"
        (line,) = [line for line in world.log() if "left_out" in line]
        assert set(line["left_out"]) == left_out


def test_a_long_failure_fits_as_well() -> None:
    with cloudformation() as (world, host):
        event = request(world, host, {**BARE, "Ünknown": "x", **{f"Property{'ä' * 50}{n}": "" for n in range(100)}})
        world.invoke(event)

        (put,) = host.puts
        answer = Answer.read(put.body, event)
        assert answer.status == "FAILED"
        assert "101 problems" in answer.reason
        assert json.loads(put.body)["Reason"].endswith("(cut; the function's log has more)")
