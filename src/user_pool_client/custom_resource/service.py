"""From an event to its response: refuse, repeat or carry out a request, and log what became of it."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from user_pool_client.custom_resource.crhelper_resource import CrhelperResource
from user_pool_client.custom_resource.invocation import Invocation, LambdaContext, SingleResponse
from user_pool_client.custom_resource.request import Request
from user_pool_client.custom_resource.response import Outcome
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.errors import Unanswerable
from user_pool_client.domain.physical_id import CREATE_FAILED
from user_pool_client.log import count_metric, flush_metrics, logger, silence_libraries

_REQUEST_TYPES = ("Create", "Update", "Delete")
# Outcomes that a process keeps for requests that come again; those that do come within minutes.
_MOST_REMEMBERED = 100


class ResponseSender(Protocol):
    """What brings an outcome to CloudFormation."""

    def check(self, request: Request) -> None:
        """Raise Unanswerable if no response to this request may be sent."""

    def deliver(self, request: Request, outcome: Outcome, deadline: Deadline) -> None:
        """Deliver the outcome, or raise Unanswerable."""


class Service:
    """Answer each request of CloudFormation's once, in time, and only where its response may go."""

    def __init__(self, resource: CrhelperResource, sender: ResponseSender, clock: Clock) -> None:
        self._resource = resource
        self._sender = sender
        self._clock = clock
        self._sent: OrderedDict[str, Outcome] = OrderedDict()

    def __call__(self, event: object, context: LambdaContext) -> None:
        """Carry out a request and respond; raise Unanswerable where that cannot be done."""
        silence_libraries()
        try:
            with _no_response_logged():
                request = Request.parse(event)
            keys = {
                "request_type": request.request_type,
                "resource_type": request.resource_type,
                "stack_id": request.stack_id,
                "logical_resource_id": request.logical_resource_id,
                "request_id": request.request_id,
                "function_request_id": context.aws_request_id,
            }
            with logger.append_context_keys(**keys), _no_response_logged():
                self._respond(request, context)
        finally:
            flush_metrics()

    def _respond(self, request: Request, context: LambdaContext) -> None:
        self._sender.check(request)
        if request.has_expired(self._clock.wall()):
            # Not raised: Lambda would only repeat it.
            logger.error("No answer", extra={"because": "The response URL has expired, so nothing was done."})
            count_metric("Unanswered")
            return
        invocation = self._invocation(request, context)
        if (sent_before := self._sent.get(request.digest)) is not None:
            invocation.decision.update(decision="answer as before", because="the same request was answered before")
            invocation.response.send(sent_before)
        elif request.request_type not in _REQUEST_TYPES:
            invocation.response.send(invocation.unknown_request_type())
        else:
            self._resource.dispatch(invocation, context)
            if invocation.outcome is not None and invocation.response.sent is not invocation.outcome:
                fields = invocation.log_fields(invocation.outcome)
                logger.warning("The work ended after the answer", extra=fields)
            self._remember(request.digest, invocation.response.sent)
        if invocation.undelivered is not None:
            raise invocation.undelivered

    def _invocation(self, request: Request, context: LambdaContext) -> Invocation:
        seconds = min(request.seconds_left(self._clock.wall()), context.get_remaining_time_in_millis() / 1000)
        response = SingleResponse(request.physical_id or CREATE_FAILED, lambda outcome: self._send(invocation, outcome))
        invocation = Invocation(
            request=request,
            deadline=Deadline.after(seconds, self._clock),
            response=response,
            is_own_account=_account(request.stack_id) == _account(context.invoked_function_arn),
            started_at=self._clock.monotonic(),
            arrived_at=self._clock.wall(),
            task=f"{request.request_type.lower()} the {request.noun} {request.physical_id}".rstrip(),
        )
        return invocation

    def _remember(self, key: str, outcome: Outcome | None) -> None:
        """Keep the outcome for the case that the request comes again: the first one stands, a failure too."""
        if outcome is not None:
            self._sent[key] = outcome
        while len(self._sent) > _MOST_REMEMBERED:
            self._sent.popitem(last=False)

    def _send(self, invocation: Invocation, outcome: Outcome) -> None:
        """Deliver one outcome, and log what became of the request."""
        if "left_behind" in invocation.decision:
            count_metric("LeftBehind")
        if (unexpected := self._deliver(invocation, outcome)) is not None:
            outcome = invocation.unexpected(unexpected)
            if (again := self._deliver(invocation, outcome)) is not None:
                # crhelper would swallow it, and Lambda would see a success.
                why = f"The answer could not be sent: unexpected {type(again).__name__}."
                invocation.undelivered = Unanswerable(why)
        if outcome.status == "FAILED":
            count_metric("Failed")
            logger.error("Failed", extra=invocation.log_fields(outcome))
        else:
            count_metric("Succeeded")
            logger.info("Done", extra=invocation.log_fields(outcome))

    def _deliver(self, invocation: Invocation, outcome: Outcome) -> Exception | None:
        """Deliver the outcome; return an error that nobody expected."""
        try:
            self._sender.deliver(invocation.request, outcome, invocation.deadline)
        except Unanswerable as error:
            invocation.undelivered = error
        except Exception as error:  # noqa: BLE001 - whatever it is, CloudFormation must hear of it
            return error
        return None


def _account(arn: str) -> str:
    """Return the account in an ARN, '' where there is none."""
    return "".join(arn.split(":")[4:5])


@contextmanager
def _no_response_logged() -> Iterator[None]:
    """Log and count that CloudFormation got no response, while the log still knows whose request it is."""
    try:
        yield
    except Unanswerable as error:
        logger.error("No answer", extra={"because": str(error)})
        count_metric("Unanswered")
        raise
