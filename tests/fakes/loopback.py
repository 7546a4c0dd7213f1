"""An HTTP server on loopback for tests: a thread for each connection, and nothing left running afterwards."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl
    from types import TracebackType


class Handler(BaseHTTPRequestHandler):
    """Serve over connections that stay open, and write no log."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes, which would wait for each other's acknowledgement
    server: LoopbackServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: what was asked is kept by who answers."""

    def content(self) -> bytes:
        """Read the whole body; raise ConnectionError if the sender ended before: AWS does not act on half a request."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionResetError(f"{len(body)} of {length} bytes arrived")
        return body

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def close_without_an_answer(self) -> None:
        self.close_connection = True

    def never_answer(self) -> None:
        """Hold the connection open until the server ends; the other side may give up earlier."""
        self.server.ending.wait()
        self.close_connection = True


class LoopbackServer(ThreadingHTTPServer):
    """Serve while it is a context; its end closes all connections and waits for all threads."""

    daemon_threads = False
    request_queue_size = 512

    def __init__(self, handler: type[Handler], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.ending = threading.Event()
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        return self.server_port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ending.set()
        self.shutdown()
        self._thread.join()
        for connection in self._open.copy():
            hang_up(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands here, in the connection's own thread: a silent visitor stops nobody else."""
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        with self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as wrapped:
            self._open.add(wrapped)
            try:
                if not self.ending.is_set():
                    wrapped.do_handshake()
                    super().finish_request(wrapped, client_address)
            finally:
                self._open.discard(wrapped)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: who hangs up or distrusts the certificate is a case to be tested, not a fault of the server."""


def hang_up(connection: socket.socket) -> None:
    """End a connection under the thread that reads from it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
