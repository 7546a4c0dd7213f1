"""crhelper, boxed: one answer to each request, in time, to the right place.

crhelper dispatches a request and minds its life; sending, waiting and logging are done here, because crhelper 2.0.12
counts every HTTP status as delivered, sends what is too long, answers twice when late, and logs the event with its
signed URL. A contract test holds the seams of that version.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, override

from crhelper import CfnResource

from user_pool_client.custom_resource.request import Request
from user_pool_client.custom_resource.response import Envelope, Outcome
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.errors import Unanswerable
from user_pool_client.domain.physical_id import CREATE_FAILED, CREATE_UNKNOWN
from user_pool_client.log import count_metric, flush_metrics, frames, logger, silence_libraries

# Answers that a process keeps for requests that come again; those that do come within minutes.
_MOST_REMEMBERED = 100


class Context(Protocol):
    """What is needed of Lambda's context object."""

    aws_request_id: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""


class ResponseSender(Protocol):
    """Who brings an outcome to CloudFormation."""

    def check(self, request: Request) -> None:
        """Raise Unanswerable if no answer to this request may be sent."""

    def deliver(self, request: Request, outcome: Outcome, deadline: Deadline) -> None:
        """Deliver the outcome, or raise Unanswerable."""


class Answer:
    """Let exactly one outcome through: the work's, or the watchdog's if the work is late."""

    def __init__(self, physical_id: str, send: Callable[[Outcome], None]) -> None:
        self._lock = threading.Lock()
        self._send = send
        self.given: Outcome | None = None
        self.physical_id = physical_id
        self._without = physical_id

    def is_over(self) -> bool:
        """Tell whether the request has been answered already."""
        return self.given is not None

    def unsure(self) -> None:
        """Note that there may be a client whose id nobody knows: an answer without an id says so from now on."""
        with self._lock:
            if self.physical_id == CREATE_FAILED:
                self.physical_id = CREATE_UNKNOWN

    def nothing_made(self) -> None:
        """Note that there is surely no new client, or no longer."""
        with self._lock:
            self.physical_id = self._without

    def made(self, client_id: str) -> bool:
        """Note that a client exists: from now on every answer carries its id. False if the answer is out already."""
        with self._lock:
            if self.given is None:
                self.physical_id = client_id
            return self.given is None

    def give(self, outcome: Outcome) -> None:
        """Send the outcome if none was sent; return when the one that was sent is delivered or lost.

        The lock is held meanwhile: Lambda freezes the process as soon as the invocation returns, so the work must not
        return while the watchdog still delivers.
        """
        with self._lock:
            if self.given is None:
                self.given = outcome
                self._send(outcome)

    def give_late(self, reason: str) -> bool:
        """Send a failure with the id that is true by now, if nothing was sent; tell whether it was."""
        with self._lock:
            if self.given is not None:
                return False
            self.given = Outcome("FAILED", self.physical_id, reason)
            self._send(self.given)
            return True


@dataclass(slots=True)
class Job:
    """One request on its way: what the work is given, what came of it, and what was decided, for the log."""

    request: Request
    deadline: Deadline
    answer: Answer
    outcome: Outcome
    began: float
    is_of_own_account: bool
    undelivered: Unanswerable | None = None
    decided: dict[str, object] = field(default_factory=dict)


type Operation = Callable[[Job], Outcome]


class CrhelperResource(CfnResource):
    """crhelper's dispatch with a way to answer of our own. Pinned: crhelper==2.0.12."""

    def __init__(
        self, courier: ResponseSender, clock: Clock, *, create: Operation, update: Operation, delete: Operation
    ) -> None:
        with _no_polling_clients():
            super().__init__(log_level="WARNING", boto_level="WARNING", sleep_on_delete=0)
        self._courier = courier
        self._clock = clock
        self._timer: threading.Timer | None = None
        self._job: Job
        self._answers: OrderedDict[tuple[Envelope, str], Outcome] = OrderedDict()
        self.create(self._registered(create))
        self.update(self._registered(update))
        self.delete(self._registered(delete))

    def _registered(self, do: Operation) -> Callable[[Any, Any], str]:
        def run(_event: Any, _context: Any) -> str:
            self._job.outcome = do(self._job)
            return self._job.outcome.physical_id

        return run

    @override
    def __call__(self, event: object, context: Context) -> None:
        """Carry out a request and answer it; raise Unanswerable where it cannot be answered."""
        silence_libraries()
        try:
            with _no_answer_told():
                request = Request.parse(event)
            keys = {
                "request_type": request.request_type,
                "resource_type": request.resource_type,
                "stack_id": request.stack_id,
                "logical_resource_id": request.logical_resource_id,
                "request_id": request.request_id,
                "function_request_id": context.aws_request_id,
            }
            with logger.append_context_keys(**keys), _no_answer_told():
                self._carry_out(request, context)
        finally:
            flush_metrics()

    def _carry_out(self, request: Request, context: Context) -> None:
        self._courier.check(request)
        if request.has_expired(self._clock.wall()):
            # Not raised: Lambda would only repeat it.
            logger.error("No answer", extra={"because": "The response URL has expired, so nothing was done."})
            count_metric("Unanswered")
            return
        seconds = min(request.seconds_left(self._clock.wall()), context.get_remaining_time_in_millis() / 1000)
        deadline = Deadline.after(seconds, self._clock)
        unknown = f'Could not carry out the request: there is no RequestType "{request.request_type}".'
        answer = Answer(request.physical_id or CREATE_FAILED, lambda outcome: self._deliver(job, outcome))
        job = Job(
            request=request,
            deadline=deadline,
            answer=answer,
            outcome=Outcome("FAILED", answer.physical_id, unknown),
            began=self._clock.monotonic(),
            is_of_own_account=_account(request.stack_id) == _account(context.invoked_function_arn),
        )
        self._job = job
        if (told_before := self._answers.get((request.envelope, request.request_type))) is not None:
            job.decided.update(decision="answer as before", because="the same request was answered before")
            answer.give(told_before)
        else:
            self._dispatch(job, context)
            self._remember(job)
        if job.undelivered is not None:
            raise job.undelivered

    def _remember(self, job: Job) -> None:
        """Keep the answer for the case that the request comes again: the first one stands, a failure too."""
        if job.answer.given is not None:
            self._answers[job.request.envelope, job.request.request_type] = job.answer.given
        while len(self._answers) > _MOST_REMEMBERED:
            self._answers.popitem(last=False)

    def _dispatch(self, job: Job, context: Context) -> None:
        request, answer = job.request, job.answer
        # crhelper logs its event and keeps it: it gets one without URL and properties.
        ids = {
            "RequestType": request.request_type,
            "StackId": request.stack_id,
            "RequestId": request.request_id,
            "LogicalResourceId": request.logical_resource_id,
            "PhysicalResourceId": request.physical_id,
            "ResponseURL": "***",
        }
        super().__call__(ids, context)
        if answer.given is not job.outcome:
            if self._timer is not None:
                # Lambda freezes the process, so what the watchdog still prints must be out before.
                self._timer.join()
            logger.warning("The work ended after the answer", extra=_found(job, job.outcome))

    def _deliver(self, job: Job, outcome: Outcome) -> None:
        """Deliver one outcome, and log what became of the request."""
        if "left_behind" in job.decided:
            count_metric("LeftBehind")
        unexpected: Outcome | None = None
        try:
            self._courier.deliver(job.request, outcome, job.deadline)
        except Unanswerable as error:
            job.undelivered = error
        except Exception as error:  # noqa: BLE001 - whatever it is, CloudFormation must hear of it
            unexpected = _unexpected(job, error)
        if unexpected is not None:  # out here that error is in no chain
            outcome = unexpected
            try:
                self._courier.deliver(job.request, outcome, job.deadline)
            except Unanswerable as error:
                job.undelivered = error
            except Exception as error:  # noqa: BLE001 - crhelper would swallow it, and Lambda would see a success
                job.undelivered = Unanswerable(f"The answer could not be sent: unexpected {type(error).__name__}.")
        if outcome.status == "FAILED":
            count_metric("Failed")
            logger.error("Failed", extra=_found(job, outcome))
        else:
            count_metric("Succeeded")
            logger.info("Done", extra=_found(job, outcome))

    # What follows are crhelper's own seams, by its names for them.

    def _wrap_function(self, func: Callable[[Any, Any], object]) -> None:
        """Do the work. An error that nobody expected is told by its place: its text may quote a secret."""
        job = self._job
        if job.deadline.work_left() <= 0:
            if not job.request.is_fresh(self._clock.wall()):  # an earlier delivery may have made a client
                job.answer.unsure()
            late = "CloudFormation no longer waited when the request came, so nothing was done."
            job.outcome = _failed(job, late, _AGAIN)
        else:
            try:
                func({}, None)
            except BaseException as error:  # noqa: BLE001 - CloudFormation must hear of everything, or it waits for an hour
                job.outcome = _unexpected(job, error)
        self.PhysicalResourceId = job.outcome.physical_id

    def _send(self, status: str | None = None, reason: str = "", send_response: object = None) -> None:  # noqa: ARG002
        """Answer with the outcome of the work, whatever crhelper would say itself."""
        self._job.answer.give(self._job.outcome)

    def _set_timeout(self) -> None:
        """Set the watchdog on this request: by the time it barks, the process may be busy with another."""
        left = self._job.deadline.work_left()
        if left > 0:
            self._timer = threading.Timer(left, _on_timeout, [self._job])
            self._timer.daemon = True
            self._timer.start()

    def _log_setup(self, event: Mapping[str, Any], context: object) -> None:
        """Leave the loggers as they are: crhelper would set the root's level at every call."""


def _on_timeout(job: Job) -> None:
    late = "it was not done when the time ran out (the function's timeout, or the resource's ServiceTimeout)."
    if job.answer.give_late(f"{_could_not(job)}: {late} What to do: {_AGAIN}"):
        count_metric("Late")
        # The work may hang until Lambda ends the process, and then nobody else would print the metrics.
        flush_metrics()


def _found(job: Job, outcome: Outcome) -> dict[str, object]:
    """Return what a log line says of a request: what became of it, what was decided, why, and how long it took."""
    seconds = round(job.deadline.clock.monotonic() - job.began, 3)
    found = {"status": outcome.status, "physical_id": outcome.physical_id, "seconds": seconds, **job.decided}
    return {**found, "reason": outcome.reason} if outcome.reason else found


def _unexpected(job: Job, error: BaseException) -> Outcome:
    places = frames(error)
    logger.error("Unexpected error", extra={"error": type(error).__name__, "traceback": places})
    return _failed(job, f"unexpected {type(error).__name__} at {places[-1]}.", _REPORT)


_AGAIN = "deploy again; if it comes again, see in the function's log what it waits for."


_REPORT = "see the function's log, report it as a bug, and deploy again."


def _failed(job: Job, why: str, remedy: str) -> Outcome:
    return Outcome("FAILED", job.answer.physical_id, f"{_could_not(job)}: {why} What to do: {remedy}")


def _account(arn: str) -> str:
    """Return the account in an ARN, '' where there is none."""
    return "".join(arn.split(":")[4:5])


def _could_not(job: Job) -> str:
    client = "" if job.answer.physical_id in (CREATE_FAILED, CREATE_UNKNOWN) else f" {job.answer.physical_id}"
    return f"Could not {job.request.request_type.lower()} the app client{client}"


@contextmanager
def _no_answer_told() -> Iterator[None]:
    """Log and count that CloudFormation got no answer, while the log still knows whose request it is."""
    try:
        yield
    except Unanswerable as error:
        logger.error("No answer", extra={"because": str(error)})
        count_metric("Unanswered")
        raise


@contextmanager
def _no_polling_clients() -> Iterator[None]:
    """Keep crhelper from making three boto3 clients for its polling, which is not used: 70 ms of each cold start."""
    before = os.environ.get("AWS_SAM_LOCAL")
    os.environ["AWS_SAM_LOCAL"] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ["AWS_SAM_LOCAL"]
        else:
            os.environ["AWS_SAM_LOCAL"] = before
