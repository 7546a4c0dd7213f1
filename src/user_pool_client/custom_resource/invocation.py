"""One request on its way: how much time it has, what came of it, and the one response that it gets."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from user_pool_client.custom_resource.request import Request
from user_pool_client.custom_resource.response import Outcome
from user_pool_client.deadline import Deadline
from user_pool_client.domain.errors import ProviderError, Unanswerable
from user_pool_client.domain.physical_id import CREATE_FAILED, CREATE_UNKNOWN
from user_pool_client.log import count_metric, flush_metrics, frames, logger

_TRY_AGAIN = "deploy again; if it comes again, see in the function's log what it waits for."
_REPORT = "see the function's log, report it as a bug, and deploy again."


class LambdaContext(Protocol):
    """What is needed of Lambda's context object."""

    aws_request_id: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""


class SingleResponse:
    """Let exactly one outcome through: the work's, or the timeout handler's if the work is late."""

    def __init__(self, physical_id: str, send: Callable[[Outcome], None]) -> None:
        self._lock = threading.Lock()
        self._send = send
        self.sent: Outcome | None = None
        self.physical_id = physical_id
        self._before = physical_id

    def is_sent(self) -> bool:
        """Tell whether the response is out: CloudFormation does not hear of anything that is done from now on."""
        return self.sent is not None

    def maybe_created(self) -> None:
        """Note that there may be a client with an unknown ID: a response without an ID says so from now on."""
        with self._lock:
            if self.physical_id == CREATE_FAILED:
                self.physical_id = CREATE_UNKNOWN

    def not_created(self) -> None:
        """Note that there is surely no new client, or no longer."""
        with self._lock:
            self.physical_id = self._before

    def created(self, client_id: str) -> bool:
        """Note that a client exists: every response carries its ID from now on. False if the response is out."""
        with self._lock:
            if self.sent is None:
                self.physical_id = client_id
            return self.sent is None

    def send(self, outcome: Outcome) -> None:
        """Send the outcome if none was sent; return when the one that was sent is delivered or lost.

        The lock is held meanwhile: Lambda freezes the process as soon as the invocation returns, so the work must not
        return while the timeout handler still delivers.
        """
        with self._lock:
            if self.sent is None:
                self.sent = outcome
                self._send(outcome)

    def send_timeout(self, reason: str) -> bool:
        """Send a failure with the ID that is true by now, if nothing was sent; tell whether it was."""
        with self._lock:
            if self.sent is not None:
                return False
            self.sent = Outcome("FAILED", self.physical_id, reason)
            self._send(self.sent)
            return True


@dataclass(slots=True)
class Invocation:
    """One run of the function for one request.

    `started_at` is a reading of the monotonic clock, `arrived_at` the same moment in seconds since 1970. `task` is what
    the Reason of an expected failure says that could not be done. `decision` collects what was decided, for the log.
    """

    request: Request
    deadline: Deadline
    response: SingleResponse
    is_own_account: bool
    started_at: float
    arrived_at: float
    task: str
    outcome: Outcome | None = None
    undelivered: Unanswerable | None = None
    decision: dict[str, object] = field(default_factory=dict)

    def carry_out(self, operation: Callable[[], Outcome]) -> None:
        """Do the work and keep its outcome, whatever is raised: CloudFormation waits for an hour otherwise.

        An unexpected error is reported by its place only: its text may quote a secret.
        """
        try:
            if self.deadline.work_left() <= 0:
                self._came_too_late()
            else:
                self.outcome = operation()
        except ProviderError as error:
            self.outcome = self.refused(error)
        except BaseException as error:  # noqa: BLE001 - see above
            self.outcome = self.unexpected(error)

    def refused(self, error: ProviderError) -> Outcome:
        """Return the failure that an expected error means."""
        return Outcome("FAILED", self.response.physical_id, f"Could not {self.task}: {error}")

    def unexpected(self, error: BaseException) -> Outcome:
        """Log an unexpected error by its place, and return the failure."""
        places = frames(error)
        logger.error("Unexpected error", extra={"error": type(error).__name__, "traceback": places})
        return self.failed(f"unexpected {type(error).__name__} at {places[-1]}.", _REPORT)

    def failed(self, why: str, remedy: str = _TRY_AGAIN) -> Outcome:
        """Return a failure that names the client or the contribution, if there is one."""
        named = "" if self.response.physical_id in (CREATE_FAILED, CREATE_UNKNOWN) else f" {self.response.physical_id}"
        what = f"{self.request.request_type.lower()} the {self.request.noun}{named}"
        return Outcome("FAILED", self.response.physical_id, f"Could not {what}: {why} What to do: {remedy}")

    def on_timeout(self) -> None:
        """Respond for the work, which is late."""
        late = "it was not done when the time ran out (the function's timeout, or the resource's ServiceTimeout)."
        if self.response.send_timeout(self.failed(late).reason):
            count_metric("Late")
            # The work may hang until Lambda ends the process, and then nothing else would print the metrics.
            flush_metrics()

    def unknown_request_type(self) -> Outcome:
        """Return the failure of a request that is no Create, Update or Delete."""
        why = f'Could not carry out the request: there is no RequestType "{self.request.request_type}".'
        return Outcome("FAILED", self.response.physical_id, why)

    def log_fields(self, outcome: Outcome) -> dict[str, object]:
        """Return what a log line says of a request: what became of it, what was decided, why, and how long it took."""
        seconds = round(self.deadline.clock.monotonic() - self.started_at, 3)
        fields = {"status": outcome.status, "physical_id": outcome.physical_id, "seconds": seconds, **self.decision}
        return {**fields, "reason": outcome.reason} if outcome.reason else fields

    def _came_too_late(self) -> None:
        if not self.request.is_fresh(self.deadline.clock.wall()):  # an earlier delivery may have created a client
            self.response.maybe_created()
        self.outcome = self.failed("CloudFormation no longer waited when the request came, so nothing was done.")
