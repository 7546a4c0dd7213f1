"""crhelper 2.0.12: the seams that we override are there, and what is behind them stays in the box.

What crhelper does by itself, and so why there is a box, is told in decision 2.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import json
import logging
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import crhelper
import pytest
from crhelper import CfnResource

from tests.canaries import CLIENT_SECRET, OWN_SECRET, SIGNATURE, leaked
from tests.given import CLIENT_ID, CREATED, REQUEST_ID, STACK_ID, event
from user_pool_client.custom_resource.crhelper_resource import CrhelperResource
from user_pool_client.custom_resource.invocation import Invocation, SingleResponse
from user_pool_client.custom_resource.response import Outcome, encode
from user_pool_client.custom_resource.service import Service
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.errors import Unanswerable
from user_pool_client.domain.physical_id import CREATE_FAILED
from user_pool_client.domain.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Callable

    from user_pool_client.custom_resource.request import Request

SOURCE = Path(__file__).parents[2] / "src"
MADE = Outcome("SUCCESS", CLIENT_ID, data={"ClientId": CLIENT_ID})
CLOCK = Clock(wall=CREATED.timestamp, sleep=lambda _: None)
WITH_SECRET = Outcome("SUCCESS", CLIENT_ID, data={"ClientId": CLIENT_ID, "ClientSecret": Sensitive(CLIENT_SECRET)})


@dataclass
class LambdaContext:
    """Lambda's context object, with a minute left."""

    aws_request_id: str = "7f0c2f3e-0000-4000-8000-000000000000"
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:user-pool-client"
    milliseconds: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@dataclass
class ResponseSender:
    """Keep what would have been delivered, and do what a test wants done at that moment."""

    delivered: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    on_check: Callable[[Request], object] = lambda _: None
    on_deliver: Callable[[Request, Outcome], object] = lambda *_: None

    def check(self, request: Request) -> None:
        self.on_check(request)

    def deliver(self, request: Request, outcome: Outcome, deadline: Deadline) -> None:
        assert deadline.answer_ends >= deadline.work_ends
        self.on_deliver(request, outcome)
        body = encode(outcome, request.envelope).content
        self.delivered.append((request.response_url.reveal(), json.loads(body)))

    @property
    def answers(self) -> list[dict[str, Any]]:
        return [body for _, body in self.delivered]


@pytest.fixture
def courier() -> ResponseSender:
    return ResponseSender()


type Do = Callable[[Invocation], Outcome]


def boxed(courier: Any, do: Do = lambda _: MADE) -> Service:
    """Put crhelper into its box, at the moment at which the events of these tests were signed."""
    return Service(CrhelperResource(create=do, update=do, delete=do), courier, CLOCK)


def crhelpers() -> CrhelperResource:
    return CrhelperResource(create=lambda _: MADE, update=lambda _: MADE, delete=lambda _: MADE)


def failing(error: Exception) -> Do:
    def do(_: Invocation) -> Outcome:
        raise error

    return do


# The version and its seams.


def test_the_version_is_the_pinned_one() -> None:
    assert importlib.metadata.version("crhelper") == "2.0.12"
    assert "crhelper==2.0.12" in (SOURCE / "requirements.txt").read_text().split()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("__call__", ["self", "event", "context"]),
        ("_cfn_response", ["self", "event"]),
        ("_log_setup", ["self", "event", "context"]),
        ("_send", ["self", "status", "reason", "send_response"]),
        ("_set_timeout", ["self"]),
        ("_wrap_function", ["self", "func"]),
        ("create", ["self", "func"]),
        ("update", ["self", "func"]),
        ("delete", ["self", "func"]),
    ],
)
def test_a_seam_has_the_parameters_that_we_rely_on(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(CfnResource, name)).parameters) == parameters


@pytest.mark.parametrize("name", ["_cfn_response", "_log_setup", "_send", "_set_timeout", "_wrap_function"])
def test_what_we_override_takes_what_crhelper_hands_over(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(kind, name)).parameters for kind in (CrhelperResource, CfnResource))

    assert list(ours) == list(theirs)
    assert [each.kind for each in ours.values()] == [each.kind for each in theirs.values()]


def test_we_override_these_seams_and_no_others() -> None:
    overridden = {
        name for name, value in vars(CrhelperResource).items() if callable(value) and name in vars(CfnResource)
    }

    assert overridden == {"__init__", "_cfn_response", "_log_setup", "_send", "_set_timeout", "_wrap_function"}


def test_what_we_make_of_our_own_hides_nothing_of_crhelpers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    assert not {"_invocation", "dispatch", "_registered"} & set(dir(CfnResource(log_level="WARNING")))


@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
def test_the_seams_are_called_in_this_order(monkeypatch: pytest.MonkeyPatch, request_type: str) -> None:
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    calls: list[tuple[str, tuple[Any, ...]]] = []

    class Observing(CfnResource):
        def _log_setup(self, *args: Any) -> None:
            calls.append(("_log_setup", args))

        def _set_timeout(self, *args: Any) -> None:
            calls.append(("_set_timeout", args))

        def _wrap_function(self, *args: Any) -> None:
            calls.append(("_wrap_function", args))

        def _send(self, *args: Any) -> None:
            calls.append(("_send", args))

    helper = Observing(log_level="WARNING", sleep_on_delete=0)
    functions = {"Create": helper.create(print), "Update": helper.update(repr), "Delete": helper.delete(str)}  # type: ignore[arg-type]
    received, context = event(request_type, ResponseURL="https://plain.example.com/"), LambdaContext()

    helper(received, context)

    assert calls == [
        ("_log_setup", (received, context)),
        ("_set_timeout", ()),
        ("_wrap_function", (functions[request_type],)),
        ("_send", ()),
    ]


def test_without_a_handler_to_poll_with_nothing_is_polled() -> None:
    resource: Any = crhelpers()

    assert (resource._poll_create_func, resource._poll_update_func, resource._poll_delete_func) == (None, None, None)


@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
def test_a_request_is_carried_out_and_answered_once(courier: ResponseSender, request_type: str) -> None:
    kinds: list[str] = []

    def do(name: str) -> Do:
        def run(_: Invocation) -> Outcome:
            kinds.append(name)
            return MADE

        return run

    resource = Service(CrhelperResource(create=do("Create"), update=do("Update"), delete=do("Delete")), courier, CLOCK)
    resource(event(request_type), LambdaContext())

    assert kinds == [request_type]
    assert courier.answers == [
        {
            "Status": "SUCCESS",
            "PhysicalResourceId": CLIENT_ID,
            "StackId": STACK_ID,
            "RequestId": REQUEST_ID,
            "LogicalResourceId": "WebClient",
            "NoEcho": False,
            "Data": {"ClientId": CLIENT_ID},
        }
    ]


# At init: three clients for polling, and the root logger's level.


def test_no_clients_for_polling_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make(service: str, **_: object) -> None:
        made.append(service)

    monkeypatch.setattr("crhelper.resource_helper.boto3.client", make)

    boxed(ResponseSender())
    assert made == []
    assert "AWS_SAM_LOCAL" not in os.environ

    CfnResource(log_level="WARNING")
    assert made == ["lambda", "events", "logs"]


def test_the_local_switch_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SAM_LOCAL", "1")

    boxed(ResponseSender())

    assert os.environ["AWS_SAM_LOCAL"] == "1"


def test_no_call_sets_the_root_loggers_level(courier: ResponseSender, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = boxed(courier)
    monkeypatch.setattr(logging.root, "level", logging.INFO)

    resource(event(), LambdaContext())

    assert logging.root.level == logging.INFO


# The log: crhelper prints its event, the signed URL and its answer at DEBUG.


def test_nothing_of_a_request_is_logged_by_crhelper(caplog: pytest.LogCaptureFixture, courier: ResponseSender) -> None:
    def turn_up(_: Request) -> None:
        for name in ("crhelper", "crhelper.resource_helper", "crhelper.utils"):
            logging.getLogger(name).setLevel(logging.DEBUG)

    caplog.set_level(logging.DEBUG)
    courier.on_check = turn_up  # after our own hushing, so that crhelper does speak
    properties = {"UserPoolId": "us-east-1_Abc", "ClientSecret": OWN_SECRET, "Unknown": OWN_SECRET}
    resource = boxed(courier, lambda _: WITH_SECRET)

    resource(event("Update", ResourceProperties=properties, OldResourceProperties=properties), LambdaContext())

    said = "".join(record.getMessage() for record in caplog.records if record.name.startswith("crhelper"))
    assert "'ResponseURL': '***'" in said, "it did print its event"
    assert not leaked(caplog.text)
    assert courier.answers[0]["Data"]["ClientSecret"] == CLIENT_SECRET
    assert SIGNATURE in courier.delivered[0][0]


def test_crhelper_is_silent_unless_somebody_turns_it_up(
    caplog: pytest.LogCaptureFixture, courier: ResponseSender
) -> None:
    caplog.set_level(logging.DEBUG)

    boxed(courier, failing(ValueError(OWN_SECRET)))(event(), LambdaContext())

    assert [record.name for record in caplog.records if record.name.startswith("crhelper")] == []


# Late work: crhelper would answer with an empty id, and the work's answer might follow.


@pytest.mark.parametrize(
    ("request_type", "made", "expected"),
    [
        pytest.param("Create", False, CREATE_FAILED, id="nothing-was-made"),
        pytest.param("Create", True, "1new", id="a-client-was-made"),
        pytest.param("Update", False, CLIENT_ID, id="an-update"),
        pytest.param("Update", True, "1new", id="an-update-that-has-replaced"),
        pytest.param("Delete", False, CLIENT_ID, id="a-delete"),
    ],
)
def test_late_work_is_answered_once_and_with_the_true_id(
    courier: ResponseSender, request_type: str, *, made: bool, expected: str
) -> None:
    counted: list[bool] = []

    def late(job: Invocation) -> Outcome:
        if made:
            counted.append(job.response.created("1new"))
        job.on_timeout()
        counted.append(job.response.created("2too-late"))
        return MADE

    boxed(courier, late)(event(request_type), LambdaContext())

    (answer,) = courier.answers
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", expected)
    assert "time ran out" in answer["Reason"]
    assert "What to do: deploy again" in answer["Reason"]
    assert counted == ([True, False] if made else [False]), "a client made after the answer does not count"


class ImpatientTimer:
    """A timer whose time is up at once."""

    daemon = False

    def __init__(self, interval: float, function: Callable[[], None]) -> None:
        assert 0 < interval < 60
        self._function = function

    def start(self) -> None:
        assert self.daemon, "a watchdog that waits must not keep the process alive"
        self._function()

    def cancel(self) -> None:
        """There is nothing left to cancel."""

    def join(self) -> None:
        """There is nothing left to wait for."""


def test_the_watchdog_is_set_before_the_work_begins(monkeypatch: pytest.MonkeyPatch, courier: ResponseSender) -> None:
    monkeypatch.setattr(threading, "Timer", ImpatientTimer)

    boxed(courier)(event(), LambdaContext())

    assert [(answer["Status"], answer["PhysicalResourceId"]) for answer in courier.answers] == [
        ("FAILED", CREATE_FAILED)
    ]


def test_the_watchdog_does_not_speak_after_the_work(courier: ResponseSender) -> None:
    jobs: list[Invocation] = []

    def do(job: Invocation) -> Outcome:
        jobs.append(job)
        return MADE

    boxed(courier, do)(event(), LambdaContext())
    jobs[0].on_timeout()

    assert [answer["Status"] for answer in courier.answers] == ["SUCCESS"]


def test_the_watchdog_of_one_request_never_answers_another(courier: ResponseSender) -> None:
    jobs: list[Invocation] = []

    def do(job: Invocation) -> Outcome:
        jobs.append(job)
        if len(jobs) == 2:
            jobs[0].on_timeout()
        return MADE

    resource = boxed(courier, do)
    resource(event(), LambdaContext())
    resource(event(RequestId="another"), LambdaContext())

    assert [(answer["RequestId"], answer["Status"]) for answer in courier.answers] == [
        (REQUEST_ID, "SUCCESS"),
        ("another", "SUCCESS"),
    ]


def test_two_threads_give_one_answer() -> None:
    sent: list[Outcome] = []
    answer = SingleResponse(CLIENT_ID, sent.append)
    threads = [threading.Thread(target=answer.send, args=[Outcome("SUCCESS", str(n))]) for n in range(8)]
    threads += [threading.Thread(target=answer.send_timeout, args=["late"]) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(sent) == 1
    assert answer.sent is sent[0]


# Exceptions: crhelper's answer to a failed Create has a random id, and quotes the exception.


@pytest.mark.parametrize(
    "error",
    [ValueError(OWN_SECRET), KeyError("ClientId"), RecursionError(), MemoryError(), TimeoutError(OWN_SECRET)],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(
    ("request_type", "physical_id"), [("Create", CREATE_FAILED), ("Update", CLIENT_ID), ("Delete", CLIENT_ID)]
)
def test_an_exception_is_answered_with_the_true_id_and_without_its_text(
    courier: ResponseSender, error: Exception, request_type: str, physical_id: str
) -> None:
    resource = boxed(courier, failing(error))

    resource(event(request_type), LambdaContext())
    resource(event(request_type), LambdaContext())

    first, second = courier.answers
    assert first == second, "the same problem gives the same text"
    assert (first["Status"], first["PhysicalResourceId"]) == ("FAILED", physical_id)
    assert f"unexpected {type(error).__name__} at test_crhelper.py:" in first["Reason"]
    assert "What to do: " in first["Reason"]
    assert not leaked(first["Reason"])


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        pytest.param([Unanswerable("It could not be delivered in time.")], "in time", id="lost-on-its-way"),
        pytest.param([ValueError(SIGNATURE), ValueError(SIGNATURE)], "ValueError", id="an-exception-each-time"),
        pytest.param([ValueError(SIGNATURE), Unanswerable("Not taken.")], "Not taken", id="one-then-the-other"),
    ],
)
def test_an_answer_that_cannot_be_delivered_fails_the_invocation(
    courier: ResponseSender, errors: list[Exception], told: str
) -> None:
    left = iter(errors)

    def lose(*_: object) -> None:
        raise next(left)

    courier.on_deliver = lose

    with pytest.raises(Unanswerable, match=told) as failed:
        boxed(courier)(event(), LambdaContext())
    assert courier.answers == []
    assert failed.value.__context__ is None, "what is in the chain is printed as well"


# What stays from one warm call to the next.


def test_nothing_of_one_request_gets_into_the_next_answer(courier: ResponseSender) -> None:
    outcomes = iter([Outcome("FAILED", "1first", "It failed."), MADE])
    resource = boxed(courier, lambda _: next(outcomes))

    resource(event(RequestId="first"), LambdaContext())
    resource(event(RequestId="second"), LambdaContext())

    first, second = courier.answers
    assert (first["RequestId"], first["PhysicalResourceId"], first["Reason"]) == ("first", "1first", "It failed.")
    assert (second["RequestId"], second["PhysicalResourceId"], "Reason" in second) == ("second", CLIENT_ID, False)


@pytest.mark.parametrize("missing", ["RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId"])
def test_an_event_that_cannot_be_answered_is_not_answered_to_the_one_before(
    courier: ResponseSender, missing: str
) -> None:
    resource = boxed(courier)
    resource(event(), LambdaContext())

    with pytest.raises(Unanswerable, match=missing):
        resource({**event(RequestId="stray"), missing: None}, LambdaContext())

    assert len(courier.answers) == 1


# After a Delete crhelper sleeps, for two minutes by default.


def test_nobody_sleeps_after_a_delete() -> None:
    resource: Any = crhelpers()
    slept: list[float] = []

    resource._context = LambdaContext(milliseconds=900_000)
    resource._wait_for_cwlogs(sleep=slept.append)

    assert slept == []


def test_crhelper_has_no_more_than_what_was_read() -> None:
    """Whoever moves the pin reads the new version first."""
    folder = Path(crhelper.__file__).parent

    assert {path.name for path in folder.glob("*.py")} == {
        "__init__.py",
        "log_helper.py",
        "resource_helper.py",
        "utils.py",
    }
