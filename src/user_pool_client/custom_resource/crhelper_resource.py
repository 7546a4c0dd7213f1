"""crhelper, with what version 2.0.12 gets wrong overridden.

docs/decisions/0002-crhelper-dispatches-and-one-file-overrides-the-rest.md

crhelper registers a function for each request type and calls the right one. How its result, its errors, its time and
its log are treated is decided here, at five of its methods; tests hold them to the pinned version.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crhelper import CfnResource

from user_pool_client.custom_resource.invocation import Invocation, LambdaContext
from user_pool_client.custom_resource.response import Outcome

type Operation = Callable[[Invocation], Outcome]


class CrhelperResource(CfnResource):
    """crhelper's dispatch of one invocation after the other."""

    def __init__(self, *, create: Operation, update: Operation, delete: Operation) -> None:
        with _no_polling_clients():
            super().__init__(log_level="WARNING", boto_level="WARNING", sleep_on_delete=0)
        self._timer: threading.Timer | None = None
        self._invocation: Invocation
        self.create(self._registered(create))
        self.update(self._registered(update))
        self.delete(self._registered(delete))

    def dispatch(self, invocation: Invocation, context: LambdaContext) -> None:
        """Let crhelper call the function for the request's type; the response is out when this returns."""
        self._invocation = invocation
        request = invocation.request
        # crhelper logs its event and keeps it: it gets one without URL and properties.
        ids = {
            "RequestType": request.request_type,
            "StackId": request.stack_id,
            "RequestId": request.request_id,
            "LogicalResourceId": request.logical_resource_id,
            "PhysicalResourceId": request.physical_id,
            "ResponseURL": "***",
        }
        self(ids, context)
        if self._timer is not None and invocation.response.sent is not invocation.outcome:
            # Lambda freezes the process, so what the timeout handler still prints must be out before.
            self._timer.join()

    def _registered(self, operation: Operation) -> Callable[[Any, Any], None]:
        return lambda _event, _context: self._invocation.carry_out(lambda: operation(self._invocation))

    # What follows are crhelper's own methods, by its names for them.

    def _wrap_function(self, func: Callable[[Any, Any], None]) -> None:
        """Call the function; the invocation keeps its outcome. crhelper's own turns an error's text into a Reason."""
        func({}, None)

    def _cfn_response(self, event: object) -> None:  # noqa: ARG002 - crhelper's
        """Respond; crhelper's own makes an ID up where there is none."""
        self._send()

    def _send(self, status: str | None = None, reason: str = "", send_response: object = None) -> None:  # noqa: ARG002
        """Respond with the outcome of the work, whatever crhelper would say itself."""
        outcome = self._invocation.outcome
        self._invocation.response.send(outcome or self._invocation.failed("crhelper did not call the function."))

    def _set_timeout(self) -> None:
        """Start the timeout handler of this invocation: when it fires, the process may be busy with another."""
        left = self._invocation.deadline.work_left()
        if left > 0:
            self._timer = threading.Timer(left, self._invocation.on_timeout)
            self._timer.daemon = True
            self._timer.start()

    def _log_setup(self, event: Mapping[str, Any], context: object) -> None:
        """Leave the loggers as they are: crhelper would set the root's level at every call."""


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
