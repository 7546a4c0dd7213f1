"""Whatever is thrown, CloudFormation hears of it, and nobody hears a secret: an exception's text may quote anything."""

from __future__ import annotations

import asyncio
from typing import Any, override
from unittest import mock

import pytest

from tests.canaries import OWN_SECRET, SIGNATURE
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, UNKNOWN, UPDATE, World
from user_pool_client.custom_resource import sender
from user_pool_client.custom_resource.response import Body, Envelope, Outcome, encode

type Json = dict[str, Any]

QUOTES = f"{OWN_SECRET} and https://example.com/?X-Amz-Signature={SIGNATURE}"


class UnheardOfError(Exception):
    """What nobody has thought of."""


class UnspeakableError(Exception):
    """What cannot even be printed."""

    @override
    def __str__(self) -> str:
        raise UnheardOfError(QUOTES)

    __repr__ = __str__


def chained() -> Exception:
    error = UnheardOfError(QUOTES)
    error.__cause__ = ValueError(QUOTES)
    error.add_note(QUOTES)
    return error


EXCEPTIONS: list[Any] = [
    pytest.param(error, id=type(error).__name__)
    for error in (
        UnheardOfError(QUOTES),
        UnspeakableError(),
        ExceptionGroup(QUOTES, [ValueError(QUOTES), UnheardOfError(QUOTES)]),
        ValueError(QUOTES),
        KeyError(QUOTES),
        TypeError(QUOTES),
        AttributeError(QUOTES),
        RecursionError(QUOTES),
        MemoryError(QUOTES),
        AssertionError(QUOTES),
        StopIteration(QUOTES),
        TimeoutError(QUOTES),
        OSError(5, QUOTES),
        UnicodeDecodeError("utf-8", QUOTES.encode(), 0, 1, QUOTES),
        SystemExit(QUOTES),
        KeyboardInterrupt(QUOTES),
        asyncio.CancelledError(QUOTES),
    )
] + [pytest.param(chained(), id="chained")]


def thrower(error: BaseException, operation: str) -> Any:
    def throw(called: str, _params: Json) -> None:
        if called == operation:
            raise error

    return throw


@pytest.mark.parametrize("error", EXCEPTIONS)
@pytest.mark.parametrize("operation", [CREATE, DESCRIBE, UPDATE, DELETE])
def test_an_unexpected_exception_is_told_by_its_name_and_place_only(
    world: World, operation: str, error: BaseException
) -> None:
    client_id = world.existing()
    properties = {**BARE, "ClientName": "web"}
    new = {**properties, "LogoutURLs": [APP]}
    world.fake.on_call = thrower(error, operation)

    match operation:
        case "CreateUserPoolClient":
            answer = world.create({**new, "ClientSecret": OWN_SECRET})
        case "DeleteUserPoolClient":
            answer = world.delete(client_id, properties)
        case _:
            answer = world.update(client_id, new, properties)

    assert (answer.status, answer.physical_id) == ("FAILED", UNKNOWN if operation == CREATE else client_id)
    assert f"unexpected {type(error).__name__} at " in answer.reason
    assert "What to do: see the function's log, report it as a bug, and deploy again." in answer.reason
    (line,) = [line for line in world.log() if line["message"] == "Unexpected error"]
    assert line["error"] == type(error).__name__
    assert any("cognito.py" in place for place in line["traceback"])


def test_the_function_goes_on_after_an_unexpected_exception(world: World) -> None:
    world.fake.on_call = thrower(UnheardOfError(QUOTES), CREATE)
    failed = world.create(CONFIDENTIAL)
    world.fake.on_call = None

    answer = world.create(BARE)

    assert (failed.status, answer.status) == ("FAILED", "SUCCESS")
    assert answer.reason == ""


def test_an_exception_after_the_client_exists_carries_its_id(world: World) -> None:
    def nonsense(_operation: str, reply: Json) -> None:
        reply["UserPoolClient"]["CallbackURLs"] = [7]

    world.on_reply = nonsense

    answer = world.create(CONFIDENTIAL)

    assert answer.status == "FAILED"
    assert world.client_ids() == [answer.physical_id]


def test_an_exception_while_the_answer_is_written_is_answered_too(world: World) -> None:
    failures = [UnheardOfError(QUOTES)]

    def first_failing(outcome: Outcome, envelope: Envelope) -> Body:
        if failures:
            raise failures.pop()
        return encode(outcome, envelope)

    with mock.patch.object(sender, "encode", first_failing):
        answer = world.create(CONFIDENTIAL)

    assert answer.status == "FAILED"
    assert "unexpected UnheardOfError at " in answer.reason
    assert world.client_ids() == [answer.physical_id]
