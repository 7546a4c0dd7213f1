"""One call of AWS, whatever the service: what is tried again, until when, and what is said of a failure."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, override

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from tests.canaries import CLIENT_SECRET, leaked
from user_pool_client.aws.calls import Call, Caller, Judgement, Refusal, Service
from user_pool_client.aws.sessions import ClientCache, RoleCredentials
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.errors import NotFound, OutcomeUnknown, ProviderError, Refused, TryLater
from user_pool_client.domain.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Sequence

type Outcome = dict[str, Any] | Exception

WORK, ALL = 45.0, 49.5
"""What is left at the beginning of 50 seconds for the work, and for the response as well."""


def judge(refusal: Refusal) -> Judgement:
    match refusal.code:
        case "Gone":
            return NotFound, "look elsewhere."
        case "Cancelled" if refusal.response.get("Reasons") == ["Conflict"]:
            return TryLater, ""
        case _:
            return Refused, "ask somebody."


TABLE = Service(
    "table",
    "The table",
    {"GetItem": "get_item"},
    judge,
    frozenset({"Busy"}),
    is_answer=lambda _name, got: "Item" in got,
)


class FakeCache(ClientCache):
    """Be boto3's client, which answers as a test says and lets time pass."""

    def __init__(self, outcomes: Sequence[Outcome], takes: float) -> None:
        super().__init__("us-east-1", Clock())
        self.outcomes, self.takes, self.now = list(outcomes), takes, 0.0
        self.asked: list[tuple[str, str, bool, dict[str, Any]]] = []
        self.began: list[float] = []

    @override
    def client(
        self, service: str, region: str, credentials: RoleCredentials | None = None, *, short_timeout: bool = False
    ) -> Any:
        self.asked.append((service, region, short_timeout, {}))
        return self

    def get_item(self, **parameters: Any) -> dict[str, Any]:
        self.asked[-1][-1].update(parameters)
        self.began.append(self.now)
        self.now += self.takes
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Caught:
    """What came of a call, and everything on the way."""

    def __init__(self, *outcomes: Outcome, takes: float = 0.0, late: float = 0.0, **options: Any) -> None:
        self.cache = FakeCache(outcomes, takes)
        self.waits: list[str] = []
        clock = Clock(lambda: self.cache.now, self.cache.sleep)
        caller = Caller(self.cache, Deadline.after(50.0, clock), self._on_retry)
        self.cache.now = late
        self.answer: object = None
        self.error: ProviderError | None = None
        try:
            self.answer = caller.call(Call(TABLE, "GetItem", options.pop("parameters", {}), **options))
        except ProviderError as error:
            self.error = error
        if self.error is not None:
            assert self.error.__cause__ is None
            assert self.error.__context__ is None
            assert not leaked("".join(traceback.format_exception(self.error)))

    def _on_retry(self, *, operation: str, why: str, seconds: float) -> None:
        assert operation == "GetItem"
        assert seconds >= 0
        self.waits.append(why)

    def tries(self) -> int:
        return len(self.cache.began)


def refused(code: str, status: int = 400, message: str = "No.", **more: Any) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(response, "GetItem")


FOUND: Outcome = {"Item": 1}
THROTTLED = refused("ThrottlingException")
SILENT = ReadTimeoutError(endpoint_url=CLIENT_SECRET)


def test_an_answer_is_returned_and_secrets_are_sent_in_the_clear() -> None:
    caught = Caught(FOUND, parameters={"Key": Sensitive("k")}, region="eu-central-1")

    assert caught.answer == FOUND
    assert caught.cache.asked == [("table", "eu-central-1", False, {"Key": "k"})]


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(THROTTLED, id="throttled"),
        pytest.param(refused("Busy"), id="the service's own"),
        pytest.param(refused("Whatever", 503), id="5xx"),
        pytest.param(refused("Cancelled", Reasons=["Conflict"]), id="one that the service judges"),
        pytest.param(SILENT, id="silence"),
        pytest.param(ResponseParserError("<html>"), id="no answer of the service's"),
        pytest.param({}, id="an answer without what it should show"),
    ],
)
def test_what_may_pass_is_tried_until_time_is_up(failure: Outcome) -> None:
    passing, lasting = Caught(failure, failure, FOUND), Caught(failure)

    assert (passing.answer, passing.tries(), len(passing.waits)) == (FOUND, 3, 2)
    assert type(lasting.error) is TryLater
    assert lasting.error.remedy == "deploy again in a few minutes."
    assert lasting.cache.began[-1] < WORK


@pytest.mark.parametrize(
    ("failure", "kind", "why"),
    [
        (refused("Gone"), NotFound, "The table refused GetItem of mine with Gone: No."),
        (refused("Gone", message=""), NotFound, "The table refused GetItem of mine with Gone."),
        (refused("Cancelled", Reasons=["Condition"]), Refused, "The table refused GetItem of mine with Cancelled: No."),
        (
            refused("Other", message=f"'{CLIENT_SECRET}' is wrong"),
            Refused,
            "The table refused GetItem of mine with Other: '***' is wrong.",
        ),
        (ParamValidationError(report=CLIENT_SECRET), Refused, "The properties do not fit GetItem."),
        (NoCredentialsError(), TryLater, "The table did not answer GetItem of mine: NoCredentialsError."),
        (
            SSLError(endpoint_url="", error=OSError(CLIENT_SECRET)),
            TryLater,
            "The table did not answer GetItem of mine: SSLError.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_pass_is_told_at_once(failure: Exception, kind: type[ProviderError], why: str) -> None:
    caught = Caught(failure, about=" of mine", secrets=[Sensitive(CLIENT_SECRET)])

    assert type(caught.error) is kind
    assert (caught.error.why, caught.tries()) == (why, 1)


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ThrottlingException", "Throttling"])
def test_what_may_not_run_twice_is_sent_again_after_throttling(code: str) -> None:
    passing, lasting = Caught(refused(code), FOUND, idempotent=False), Caught(refused(code), idempotent=False)

    assert (passing.answer, passing.tries()) == (FOUND, 2)
    assert type(lasting.error) is TryLater, "nothing was done"


@pytest.mark.parametrize(
    "failure", [refused("Busy"), refused("Whatever", 500), SILENT, ConnectTimeoutError(endpoint_url=""), {}]
)
def test_what_may_have_run_and_may_not_run_twice_is_unknown(failure: Outcome) -> None:
    caught = Caught(failure, FOUND, idempotent=False)

    assert type(caught.error) is OutcomeUnknown
    assert caught.tries() == 1


@pytest.mark.parametrize("failure", [SSLError(endpoint_url="", error=OSError()), NoCredentialsError(), refused("Gone")])
def test_what_surely_has_not_run_is_known(failure: BotoCoreError | ClientError) -> None:
    assert not isinstance(Caught(failure, idempotent=False).error, OutcomeUnknown)


def test_calls_that_begin_when_little_time_is_left_have_short_timeouts() -> None:
    caught = Caught(SILENT, takes=10.0)

    assert [short for _, _, short, _ in caught.cache.asked] == [began > WORK - 15 for began in caught.cache.began]
    assert caught.cache.asked[-1][2] is True
    assert caught.cache.asked[0][2] is False


def test_a_limit_of_its_own_ends_a_call_before_the_deadline() -> None:
    caught = Caught(THROTTLED, within=10.0)

    assert 1 < caught.cache.now < 10
    assert caught.error is not None


def test_nothing_begins_when_time_is_up_but_what_may() -> None:
    nothing = Caught(FOUND, late=WORK)
    assert nothing.tries() == 0
    assert nothing.error is not None
    assert nothing.error.why == "There was no time left for GetItem."
    assert Caught(FOUND, late=WORK, after_deadline=True).answer == FOUND
    late = Caught(THROTTLED, late=ALL + 1, after_deadline=True)
    assert (late.tries(), late.waits) == (1, [])
