"""Hold many warm processes of the function, and give each its request at the same moment; runs with the built package.

Each is forked from one that has imported the function but made no client, and then makes its own, as a process of
Lambda's does at its start. It is told its event over a pipe, and tells how long it took until the answer was delivered.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any

from benchmarks.events import FUNCTION_ARN
from user_pool_client.deadline import Clock
from user_pool_client.handler import build

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from user_pool_client.custom_resource.invocation import LambdaContext

FUNCTION_TIMEOUT = 300.0


class Invocation:
    """As much of Lambda's context as the function asks for."""

    invoked_function_arn = FUNCTION_ARN
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def __init__(self) -> None:
        self._ends = time.monotonic() + FUNCTION_TIMEOUT

    def get_remaining_time_in_millis(self) -> int:
        """Tell how long Lambda still lets it live."""
        return round((self._ends - time.monotonic()) * 1000)


def serve(pipe: Connection[Any, Any]) -> None:
    """Be one process of the function."""
    function = build(Clock(), connected=True)
    pipe.send("ready")
    while (event := pipe.recv()) is not None:
        context: LambdaContext = Invocation()
        began = time.monotonic()
        function(event, context)
        pipe.send(time.monotonic() - began)


def start(number: int) -> list[Connection[Any, Any]]:
    """Fork so many, and wait until all are ready."""
    gc.freeze()  # what all share stays shared
    pipes: list[Connection[Any, Any]] = []
    for _ in range(number):
        ours, theirs = Pipe()
        if os.fork() == 0:
            for pipe in (*pipes, ours):
                pipe.close()
            try:
                serve(theirs)
            finally:
                os._exit(0)
        theirs.close()
        pipes.append(ours)
    for pipe in pipes:
        pipe.recv()
    return pipes


def main() -> None:
    """Read lines of events, one list for each round, and print how long each took; an empty line ends it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    results = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the function prints as well
    pipes = start(int(sys.argv[1]))
    print("ready", file=results, flush=True)
    for line in sys.stdin:
        for pipe, event in zip(pipes, json.loads(line), strict=True):
            pipe.send(event)
        print(json.dumps([pipe.recv() for pipe in pipes]), file=results, flush=True)
    for pipe in pipes:
        pipe.send(None)


if __name__ == "__main__":
    main()
