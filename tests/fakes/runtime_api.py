"""Lambda's runtime API on loopback: whoever asks for work waits until there is some."""

from __future__ import annotations

import json
import queue
import select
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.fakes.loopback import Handler, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Iterator

type Json = dict[str, Any]

RUNTIME_API = "/2018-06-01/runtime"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:user-pool-client"


class Invocation(NamedTuple):
    """How an invocation ended, and when the process had asked for it, on the machine's monotonic clock."""

    outcome: str
    """`invocation response`, `invocation error` or `init error`."""
    detail: str
    asked_at_ns: int


class RuntimeApi(LoopbackServer):
    """Hand each event to one process."""

    def __init__(self, timeout: float) -> None:
        self.timeout_of_function = timeout
        self.events: queue.Queue[Json] = queue.Queue()
        self.taken: queue.Queue[str] = queue.Queue()
        """The ids of the requests that a process has begun to work on."""
        self.invocations: queue.Queue[Invocation] = queue.Queue()
        """The invocations whose end a process has told."""
        self.asked_at_ns: dict[str, int] = {}
        super().__init__(RuntimeHandler)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


class RuntimeHandler(Handler):
    """Speak the part of the API that awslambdaric uses."""

    server: RuntimeApi

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        asked_at_ns = time.monotonic_ns()
        assert self.path == f"{RUNTIME_API}/invocation/next"
        if (event := self._next()) is None:
            self.close_without_an_answer()
            return
        request_id = event["RequestId"]
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self.server.timeout_of_function) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": FUNCTION_ARN,
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
        }
        self.server.asked_at_ns[request_id] = asked_at_ns
        self.server.taken.put(request_id)
        self.answer(200, headers, json.dumps(event).encode())

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        detail = self.content().decode()
        self.answer(202, {"Content-Type": "application/json"}, b'{"status":"OK"}')
        stage, *request_id, outcome = self.path.removeprefix(f"{RUNTIME_API}/").split("/")
        asked_at_ns = self.server.asked_at_ns.get("".join(request_id), 0)
        self.server.invocations.put(Invocation(f"{stage} {outcome}", detail, asked_at_ns))

    def _next(self) -> Json | None:
        """Wait for an event; None if the process has ended meanwhile: the event is another one's then."""
        while not self.server.ending.is_set() and not self._hung_up():
            try:
                event = self.server.events.get(timeout=0.02)
            except queue.Empty:
                continue
            if not self._hung_up():
                return event
            self.server.events.put(event)
        return None

    def _hung_up(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        try:
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True


@contextmanager
def runtime_api(*, timeout: float = 60.0) -> Iterator[RuntimeApi]:
    """Serve it on a free port; `timeout` is the function's."""
    with RuntimeApi(timeout) as server:
        yield server
