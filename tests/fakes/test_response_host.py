"""CloudFormation's response host takes answers over real TLS, and fails as planned."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading

import pytest

from tests.fakes.response_host import US_EAST_1, ResponseHost, response_host


def put(host: ResponseHost, body: bytes = b"{}", *, context: ssl.SSLContext | None = None, timeout: float = 5) -> int:
    context = context or ssl.create_default_context(cafile=host.ca_file)
    connection = http.client.HTTPSConnection(host.hostnames[0], timeout=timeout, context=context)
    try:
        connection.request("PUT", "/stack?X-Amz-Signature=s", body, {"Content-Type": ""})
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_response_host_keeps_each_put_and_answers_by_its_script() -> None:
    with response_host(script=[503, 403]) as host, host.resolved():
        statuses = [put(host, b'{"n": 1}'), put(host), put(host)]

    assert statuses == [503, 403, 200]
    assert [(kept.host, kept.path, kept.body) for kept in host.puts] == [
        (US_EAST_1, "/stack?X-Amz-Signature=s", b'{"n": 1}'),
        (US_EAST_1, "/stack?X-Amz-Signature=s", b"{}"),
        (US_EAST_1, "/stack?X-Amz-Signature=s", b"{}"),
    ]
    assert host.puts[0].headers["content-type"] == ""


def test_the_response_host_can_keep_silent_or_hang_up() -> None:
    with response_host(script=["never", "close"]) as host, host.resolved():
        with pytest.raises(TimeoutError):
            put(host, timeout=0.2)
        with pytest.raises(http.client.RemoteDisconnected):
            put(host)

    assert len(host.puts) == 2


def test_the_response_host_is_trusted_by_its_authority_only() -> None:
    with response_host() as host, host.resolved():
        with pytest.raises(ssl.SSLCertVerificationError):
            put(host, context=ssl.create_default_context())
        assert put(host) == 200

    assert len(host.puts) == 1


def test_the_authority_is_found_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with response_host() as host, host.resolved():
        monkeypatch.setenv("SSL_CERT_FILE", str(host.ca_file))
        assert put(host, context=ssl.create_default_context()) == 200


def test_only_the_hosts_own_names_lead_to_it() -> None:
    with response_host() as host, host.resolved(), pytest.raises(socket.gaierror):
        socket.create_connection(("example.com", 443))


def test_a_visitor_who_says_nothing_does_not_keep_the_host_running() -> None:
    before = threading.active_count()
    with response_host() as host:
        silent = socket.create_connection(("127.0.0.1", host.port))
        with host.resolved():
            assert put(host) == 200
    silent.close()

    assert threading.active_count() == before


def test_an_emulators_host_has_no_tls() -> None:
    with response_host("127.0.0.1", tls=False) as host:
        assert host.url("/x") == f"http://127.0.0.1:{host.port}/x"
        connection = http.client.HTTPConnection("127.0.0.1", host.port)
        connection.request("PUT", "/x", b"{}")
        assert connection.getresponse().status == 200
        connection.close()

    assert [kept.path for kept in host.puts] == ["/x"]


@pytest.mark.parametrize("sent", [b"", b'{"Status'], ids=["head-only", "half-a-body"])
def test_a_put_whose_sender_ends_before_the_last_byte_has_not_arrived(sent: bytes) -> None:
    with response_host("127.0.0.1", tls=False) as host:
        with socket.create_connection(("127.0.0.1", host.port), timeout=5) as killed:
            killed.sendall(b"PUT /stack HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n" + sent)
            killed.shutdown(socket.SHUT_WR)
            assert killed.recv(100) == b""

        assert host.puts == []
