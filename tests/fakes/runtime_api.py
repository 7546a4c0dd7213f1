"""Lambda's runtime API on loopback: whoever asks for work waits until there is some."""

from __future__ import annotations

import json
import queue
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.fakes.loopback import Handler, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Iterator

type Json = dict[str, Any]

NEXT = "/2018-06-01/runtime/invocation/next"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:user-pool-client"


class RuntimeApi(LoopbackServer):
    """Hand each event to one process."""

    def __init__(self, timeout: float) -> None:
        self.timeout_of_function = timeout
        self.events: queue.Queue[Json] = queue.Queue()
        self.taken: queue.Queue[str] = queue.Queue()
        """The ids of the requests that a process has begun to work on."""
        self.done: queue.Queue[str] = queue.Queue()
        """How the invocations ended that a process has told the end of: `response` or `error`."""
        super().__init__(RuntimeHandler)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


class RuntimeHandler(Handler):
    """Speak the part of the API that awslambdaric uses."""

    server: RuntimeApi

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        assert self.path == NEXT
        while not self.server.ending.is_set():
            try:
                event = self.server.events.get(timeout=0.02)
            except queue.Empty:
                continue
            headers = {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": event["RequestId"],
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self.server.timeout_of_function) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": FUNCTION_ARN,
            }
            self.server.taken.put(event["RequestId"])
            self.answer(200, headers, json.dumps(event).encode())
            return

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        self.content()
        self.answer(202, {"Content-Type": "application/json"}, b'{"status":"OK"}')
        self.server.done.put(self.path.rpartition("/")[2])


@contextmanager
def runtime_api(*, timeout: float = 60.0) -> Iterator[RuntimeApi]:
    """Serve it on a free port; `timeout` is the function's."""
    with RuntimeApi(timeout) as server:
        yield server
