"""Loopback stand-ins for Lambda's runtime API, Cognito and the host that takes CloudFormation's answers.

They parse no more of HTTP than their callers use, so that what is timed is the caller.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import queue
import socketserver
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from benchmarks.certificate import HOST
from benchmarks.events import FUNCTION_ARN

if TYPE_CHECKING:
    import socket
    from pathlib import Path

RUNTIME_API = "/2018-06-01/runtime"
TIME_LIMIT_SECONDS = 60
IDLE_SECONDS = 2
"""Until a service closes a connection that nobody uses, as AWS does; the CDK's handler leaves two behind each call."""

DEFAULTS = {
    "RefreshTokenValidity": 30,
    "AllowedOAuthFlowsUserPoolClient": False,
    "EnableTokenRevocation": True,
    "EnablePropagateAdditionalUserContextData": False,
    "AuthSessionValidity": 3,
}
"""What Cognito shows of a client that nobody configured."""


class Request(NamedTuple):
    """An HTTP request, header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Reply(NamedTuple):
    """An HTTP response."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self) -> bytes:
        """Give head and body as one piece: two writes would wait for each other's acknowledgement."""
        fields = (("Content-Length", str(len(self.body))), *self.headers)
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        return f"HTTP/1.1 {self.status} -\r\n{head}\r\n".encode() + self.body


class Connection(socketserver.StreamRequestHandler):
    """Answer one caller's requests until it goes."""

    server: Endpoint
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Have it closed when it was idle for as long as its server allows."""
        super().setup()
        self.connection.settimeout(self.server.idle_seconds)

    def handle(self) -> None:
        """Read, answer, and read again; a caller that dies in between is no event here."""
        with contextlib.suppress(OSError):
            while (request := self._read()) is not None:
                reply = self.server.answer(request)
                if reply is None:
                    self.rfile.read()
                    return
                self.wfile.write(reply.encode())

    def finish(self) -> None:
        """Close without complaint when the caller closed first."""
        with contextlib.suppress(OSError):
            super().finish()

    def _read(self) -> Request | None:
        if not (line := self.rfile.readline().decode("latin-1")):
            return None
        method, path, _version = line.split()
        headers = {}
        while (field := self.rfile.readline().decode("latin-1")) not in {"\r\n", ""}:
            name, _, value = field.partition(":")
            headers[name.lower()] = value.strip()
        return Request(method, path, headers, self.rfile.read(int(headers.get("content-length", 0))))


class Endpoint(socketserver.ThreadingTCPServer):
    """A server on a free loopback port, answering from threads of its own while the `with` block lasts."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64
    idle_seconds: float | None = IDLE_SECONDS

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__((HOST, 0), Connection)
        self.tls = tls
        self.address = f"{HOST}:{self.server_address[1]}"

    def answer(self, request: Request) -> Reply | None:
        """Answer a request; None keeps the caller waiting for as long as it likes."""
        raise NotImplementedError

    def get_request(self) -> tuple[socket.socket, Any]:
        """Leave the TLS handshake to the first read, in the connection's own thread."""
        connection, address = super().get_request()
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Cognito(Endpoint):
    """App clients in memory; an update replaces them, as Cognito's does."""

    def __init__(self) -> None:
        super().__init__()
        self._clients: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)

    def answer(self, request: Request) -> Reply:
        """Speak the AWS JSON 1.1 protocol."""
        operation = request.headers["x-amz-target"].partition(".")[2]
        content_type = (("Content-Type", "application/x-amz-json-1.1"),)
        parameters = json.loads(request.body)
        if operation == "CreateUserPoolClient":
            return Reply(200, json.dumps(self._create(parameters)).encode(), content_type)
        client = self._clients.get(parameters["ClientId"])
        if client is None:
            error = {
                "__type": "ResourceNotFoundException",
                "message": f"User pool client {parameters['ClientId']} does not exist.",
            }
            return Reply(400, json.dumps(error).encode(), content_type)
        return Reply(200, self._act(operation, client, parameters), content_type)

    def _create(self, settings: dict[str, Any]) -> dict[str, Any]:
        client_id = f"{next(self._numbers):026d}"
        client = self._configured(settings) | {"ClientId": client_id, "CreationDate": time.time()}
        if client.pop("GenerateSecret", False):
            client["ClientSecret"] = f"{client_id}{client_id[1:]}"
        self._clients[client_id] = client
        return {"UserPoolClient": client}

    def _act(self, operation: str, client: dict[str, Any], parameters: dict[str, Any]) -> bytes:
        match operation:
            case "DescribeUserPoolClient":
                return json.dumps({"UserPoolClient": client}).encode()
            case "UpdateUserPoolClient":
                lasting = {
                    name: client[name] for name in ("ClientId", "CreationDate", "ClientSecret") if name in client
                }
                client = self._configured(parameters) | lasting
                self._clients[client["ClientId"]] = client
                return json.dumps({"UserPoolClient": client}).encode()
            case "DeleteUserPoolClient":
                del self._clients[client["ClientId"]]
                return b"{}"
            case "ListUserPoolClientSecrets":
                secret = {
                    "ClientSecretId": f"{client['ClientId']}--1",
                    "ClientSecretCreateDate": client["CreationDate"],
                }
                return json.dumps({"ClientSecrets": [secret] if "ClientSecret" in client else []}).encode()
            case _:
                raise NotImplementedError(operation)

    @staticmethod
    def _configured(settings: dict[str, Any]) -> dict[str, Any]:
        return DEFAULTS | settings | {"LastModifiedDate": time.time()}


class Delivery(NamedTuple):
    """An answer as it arrived: its text, and when its last byte was there, on the machine's monotonic clock."""

    body: str
    at_ns: int


class ResponseHost(Endpoint):
    """Take answers over TLS, as the pre-signed URL's host does."""

    def __init__(self, server_certificate: Path) -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(server_certificate)
        super().__init__(tls)
        self.deliveries: queue.Queue[Delivery] = queue.Queue()

    def answer(self, request: Request) -> Reply:
        """Note the moment first, then the answer."""
        arrived = time.monotonic_ns()
        if request.method != "PUT":
            return Reply(405)
        self.deliveries.put(Delivery(request.body.decode(), arrived))
        return Reply()


class Invocation(NamedTuple):
    """How an invocation ended, and when the runtime had first asked for work."""

    outcome: str
    detail: str
    asked_at_ns: int


class RuntimeApi(Endpoint):
    """Hand one event at a time to whoever asks next; later callers wait, as a frozen function does."""

    idle_seconds = None

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._event: bytes | None = None
        self._asked_at_ns = 0
        self.invocations: queue.Queue[Invocation] = queue.Queue()

    def hand_over(self, event: dict[str, Any]) -> None:
        """Keep an event for the next caller: say so before that caller starts."""
        with self._lock:
            self._event = json.dumps(event).encode()
            self._asked_at_ns = 0

    def answer(self, request: Request) -> Reply | None:
        """Answer `next`, `response`, `error` and `init/error`."""
        if request.path == f"{RUNTIME_API}/invocation/next":
            return self._next()
        stage, *_, outcome = request.path.removeprefix(f"{RUNTIME_API}/").split("/")
        self.invocations.put(Invocation(f"{stage} {outcome}", request.body.decode(), self._asked_at_ns))
        return Reply(202, b'{"status":"OK"}', (("Content-Type", "application/json"),))

    def _next(self) -> Reply | None:
        arrived = time.monotonic_ns()
        with self._lock:
            event, self._event = self._event, None
            if event is None:
                return None
            self._asked_at_ns = arrived
        headers = (
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", "00000000-0000-4000-8000-000000000000"),
            ("Lambda-Runtime-Deadline-Ms", str(int((time.time() + TIME_LIMIT_SECONDS) * 1000))),
            ("Lambda-Runtime-Invoked-Function-Arn", FUNCTION_ARN),
            ("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0"),
        )
        return Reply(200, event, headers)
