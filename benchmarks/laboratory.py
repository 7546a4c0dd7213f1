"""The stand-ins in a process of their own, so that they do not take turns with what is measured."""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import botocore

from benchmarks.standins import HOST, IDLE_SECONDS, Cognito
from tests.fakes.response_host import Put, response_host
from tests.fakes.runtime_api import Invocation, runtime_api

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

PATIENCE_SECONDS = 30


class NotMeasuredError(Exception):
    """Say what kept a time from being measured."""


class Addresses(NamedTuple):
    """Host and port of each stand-in, and what vouches for the one that takes answers."""

    cognito: str
    responses: str
    runtime_api: str
    authority: Path


class Laboratory:
    """Start the stand-ins, hand them events, and collect what arrives; the process ends with the `with` block.

    It also ends by itself when this process is gone, however that happened: it then reads the end of the pipe.
    """

    addresses: Addresses
    authorities: Path
    """The response host's authority among the public ones, because reading those is part of a real start."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
            spawn = multiprocessing.get_context("spawn")
            self._control, other_end = spawn.Pipe()
            stack.callback(self._control.close)
            process = spawn.Process(target=_serve, args=(other_end,), daemon=True)
            process.start()
            stack.callback(process.join)
            stack.callback(process.terminate)
            other_end.close()
            self.addresses = self._receive("start")
            self.authorities = self.folder / "authorities.pem"
            public = Path(botocore.__file__).with_name("cacert.pem")
            self.authorities.write_bytes(public.read_bytes() + self.addresses.authority.read_bytes())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def hand_over(self, event: dict[str, Any]) -> None:
        """Give the event to the next runtime that asks for one."""
        self._ask("hand_over", event)

    def delivery(self) -> Put:
        """Wait for the next answer."""
        delivery: Put = self._ask("delivery")
        return delivery

    def invocation(self) -> Invocation:
        """Wait for the next word that an invocation ended."""
        invocation: Invocation = self._ask("invocation")
        return invocation

    def _ask(self, question: str, argument: object = None) -> Any:
        self._control.send((question, argument))
        return self._receive(question)

    def _receive(self, question: str) -> Any:
        try:
            if self._control.poll(PATIENCE_SECONDS + 5) and (reply := self._control.recv()) is not None:
                return reply
        except EOFError:
            raise NotMeasuredError("the process of the stand-ins ended") from None
        raise NotMeasuredError(f"no {question} within {PATIENCE_SECONDS} s")


def _serve(control: Connection[Any, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    with (
        Cognito() as cognito,
        response_host(HOST, idle_seconds=IDLE_SECONDS) as responses,
        runtime_api() as runtime,
        contextlib.suppress(EOFError, BrokenPipeError),  # the parent is gone
    ):
        control.send(Addresses(cognito.address, f"{HOST}:{responses.port}", runtime.address, responses.ca_file))
        while True:
            question, argument = control.recv()
            reply: object = None
            with contextlib.suppress(queue.Empty):
                match question:
                    case "hand_over":
                        runtime.events.put(argument)
                        reply = True
                    case "delivery":
                        reply = responses.arrived.get(timeout=PATIENCE_SECONDS)
                    case "invocation":
                        reply = runtime.invocations.get(timeout=PATIENCE_SECONDS)
            control.send(reply)
