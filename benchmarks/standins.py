"""A loopback stand-in for Cognito, and for CloudFormation as far as the function asks it.

It parses no more of HTTP than its callers use, so that what is timed is the caller.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socketserver
import threading
import time
from typing import Any, NamedTuple, Self

HOST = "127.0.0.1"
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
                self.wfile.write(self.server.answer(request).encode())

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

    def __init__(self) -> None:
        super().__init__((HOST, 0), Connection)
        self.address = f"{HOST}:{self.server_address[1]}"

    def answer(self, request: Request) -> Reply:
        """Answer a request."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


def cloudformation(body: bytes) -> Reply:
    """Answer that the stack is being updated, and that no stack has the client (which the journal would know)."""
    content_type = (("Content-Type", "text/xml"),)
    if b"Action=DescribeStacks&" not in body:
        error = "<Error><Code>ValidationError</Code><Message>Stack for it does not exist</Message></Error>"
        return Reply(400, f"<ErrorResponse>{error}</ErrorResponse>".encode(), content_type)
    stack = (
        "<StackName>benchmark</StackName><CreationTime>2026-11-24T00:00:00Z</CreationTime>"
        "<StackStatus>UPDATE_IN_PROGRESS</StackStatus>"
    )
    result = f"<DescribeStacksResult><Stacks><member>{stack}</member></Stacks></DescribeStacksResult>"
    return Reply(200, f"<DescribeStacksResponse>{result}</DescribeStacksResponse>".encode(), content_type)


class Cognito(Endpoint):
    """App clients in memory; an update replaces them, as Cognito's does."""

    def __init__(self) -> None:
        super().__init__()
        self._clients: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)

    def answer(self, request: Request) -> Reply:
        """Speak the AWS JSON 1.1 protocol, and to who asks CloudFormation the query protocol."""
        if "x-amz-target" not in request.headers:
            return cloudformation(request.body)
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
