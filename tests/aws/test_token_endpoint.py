"""The token endpoint is asked over real TLS, and what it, or anybody in its place, says is judged."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal
from unittest import mock

import pytest

from tests.canaries import CLIENT_SECRET, watch
from tests.fakes.cognito import FakeCognito
from tests.fakes.response_host import server_context
from tests.fakes.token_endpoint import Asked, FakeTokenEndpoint, Reply, TokenServer, serving
from tests.given import POOL
from user_pool_client.aws import token_endpoint
from user_pool_client.aws.token_endpoint import check_secret
from user_pool_client.domain.credentials import Credentials, Verdict
from user_pool_client.domain.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "shop.auth.us-east-1.amazoncognito.com"
URL = f"https://{HOST}/oauth2/token"
FLOWS = {"AllowedOAuthFlowsUserPoolClient": True, "AllowedOAuthScopes": ["api/read"]}
CODE = {**FLOWS, "AllowedOAuthFlows": ["code"], "CallbackURLs": ["https://app.example.com"]}
MACHINE = {**FLOWS, "AllowedOAuthFlows": ["client_credentials"]}


class Host:
    """The endpoint's host: a server on loopback, and who it leads there."""

    def __init__(self, server: TokenServer) -> None:
        self.server = server
        self.fake = server.endpoint.fake
        self.asked = server.endpoint.asked

    def client(self, **settings: object) -> Credentials:
        """Make a client and return its credentials."""
        params = {"UserPoolId": POOL, "ClientName": "web", "GenerateSecret": True, **settings}
        made = self.fake.elsewhere("CreateUserPoolClient", params)["UserPoolClient"]
        secret = watch(made["ClientSecret"])
        watch(base64.b64encode(f"{made['ClientId']}:{secret}".encode()).decode())
        return Credentials(made["ClientId"], Sensitive(secret), pool_id=POOL)


@contextmanager
def a_host(folder: Path, *, certified: str = HOST, trusted: bool = True) -> Iterator[Host]:
    """Serve the endpoint under its name, with a certificate for a name that may be another one."""
    ca_file = folder / "ca.pem"
    fake = FakeCognito()
    fake.add_pool(POOL, domain="shop", resource_server_scopes=["api/read"])
    endpoint = FakeTokenEndpoint(fake, clock=lambda: 9e9)
    with serving(endpoint, server_context([certified], ca_file)) as server:

        def resolve(host: str, *_args: object, **_kwargs: object) -> list[object]:
            if host != HOST:
                raise socket.gaierror(socket.EAI_NONAME, "not known")
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", server.port))]

        environment = {"SSL_CERT_FILE": str(ca_file)} if trusted else {}
        with mock.patch.dict("os.environ", environment), mock.patch.object(socket, "getaddrinfo", resolve):
            yield Host(server)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with a_host(tmp_path) as host:
        yield host


NOBODYS = Credentials("1example23456789", Sensitive(CLIENT_SECRET), pool_id=POOL)


@pytest.mark.parametrize(
    ("settings", "machine", "asked"),
    [
        pytest.param(CODE, False, ("authorization_code", "invalid_grant"), id="a-made-up-code"),
        pytest.param(MACHINE, True, ("client_credentials", "token"), id="client_credentials"),
    ],
)
def test_the_right_secret_is_taken(
    host: Host, settings: dict[str, object], machine: bool, asked: tuple[str, str]
) -> None:
    credentials = host.client(**settings)

    assert check_secret(URL, credentials, machine) is Verdict.TAKEN
    assert host.asked == [Asked(credentials.client_id, *asked)]


@pytest.mark.parametrize(("settings", "machine"), [(CODE, False), (MACHINE, True)])
def test_a_wrong_secret_is_refused(host: Host, settings: dict[str, object], machine: bool) -> None:
    right = host.client(**settings)
    wrong = Credentials(right.client_id, Sensitive(CLIENT_SECRET))

    assert check_secret(URL, wrong, machine) is Verdict.REFUSED


def test_a_client_that_may_not_ask_that_way_leaves_it_open(host: Host) -> None:
    assert check_secret(URL, host.client(), machine=False) is Verdict.INCONCLUSIVE


@pytest.mark.usefixtures("host")
def test_a_secret_that_is_no_text_is_refused_and_stops_nothing() -> None:
    assert (
        check_secret(URL, Credentials("1example23456789", Sensitive("half \ud83d a pair")), machine=False)
        is Verdict.REFUSED
    )


DEEP = b'{"error":' + b"[" * 60000


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        pytest.param(Reply(200, b'{"access_token": "t"}'), Verdict.TAKEN, id="a-token"),
        pytest.param(Reply(200, b"<html>"), Verdict.TAKEN, id="200-of-another-kind"),
        pytest.param(Reply.error("invalid_grant"), Verdict.TAKEN, id="invalid_grant"),
        pytest.param(Reply.error("invalid_client"), Verdict.REFUSED, id="invalid_client"),
        pytest.param(Reply.error("invalid_client", 401), Verdict.REFUSED, id="invalid_client-with-401"),
        pytest.param(Reply.error("invalid_request"), Verdict.INCONCLUSIVE, id="invalid_request"),
        pytest.param(Reply.error("unauthorized_client"), Verdict.INCONCLUSIVE, id="unauthorized_client"),
        pytest.param(Reply.error("invalid_client", 403), Verdict.NO_ANSWER, id="another-4xx"),
        pytest.param(Reply.error("invalid_grant", 500), Verdict.NO_ANSWER, id="500"),
        pytest.param(Reply(503, b""), Verdict.NO_ANSWER, id="503"),
        pytest.param(Reply(400, b""), Verdict.NO_ANSWER, id="nothing"),
        pytest.param(Reply(400, b"<html>invalid_client</html>"), Verdict.NO_ANSWER, id="garbage"),
        pytest.param(Reply(400, b"\xff\xfe\x00"), Verdict.NO_ANSWER, id="no-text"),
        pytest.param(Reply(400, b'["invalid_client"]'), Verdict.NO_ANSWER, id="a-list"),
        pytest.param(Reply(400, b'{"message": "invalid_client"}'), Verdict.NO_ANSWER, id="no-error"),
        pytest.param(Reply(400, b'{"error": null}'), Verdict.NO_ANSWER, id="null"),
        pytest.param(Reply(400, b'{"error": {"invalid_client": 1}}'), Verdict.NO_ANSWER, id="an-object"),
        pytest.param(Reply(400, DEEP), Verdict.NO_ANSWER, id="deeper-than-python-reads"),
        pytest.param(
            Reply(400, b" " * 70000 + json.dumps({"error": "invalid_client"}).encode()),
            Verdict.NO_ANSWER,
            id="too-large",
        ),
    ],
)
def test_an_answer_is_judged(host: Host, reply: Reply, verdict: Verdict) -> None:
    host.server.say = reply

    assert check_secret(URL, NOBODYS, machine=False) is verdict


@pytest.mark.usefixtures("host")
def test_what_is_sent_is_a_form_with_basic_authentication_and_the_secret_is_nowhere_else() -> None:
    seen = []

    def note(_self: object, name: str, body: str, headers: dict[str, str]) -> Reply:
        seen.append((name, body, headers))
        return Reply.error("invalid_grant")

    with mock.patch.object(FakeTokenEndpoint, "reply_to", note):
        assert check_secret(URL, NOBODYS, machine=False) is Verdict.TAKEN
        assert check_secret(URL, NOBODYS, machine=True) is Verdict.TAKEN

    (_, code, headers), (_, machine, _) = seen
    pair = base64.b64encode(f"{NOBODYS.client_id}:{CLIENT_SECRET}".encode()).decode()
    assert headers["Authorization"] == f"Basic {pair}"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert (seen[0][0], headers["Host"]) == (HOST, HOST)
    assert machine == "grant_type=client_credentials"
    assert code.startswith("grant_type=authorization_code&code=00000000-")
    assert CLIENT_SECRET not in code + machine


@pytest.mark.parametrize(
    ("certified", "trusted"),
    [
        pytest.param("other.auth.us-east-1.amazoncognito.com", True, id="another-name"),
        pytest.param(HOST, False, id="an-authority-that-nobody-knows"),
    ],
)
def test_a_wrong_certificate_is_told_no_secret(tmp_path: Path, certified: str, trusted: bool) -> None:
    with a_host(tmp_path, certified=certified, trusted=trusted) as host:
        assert check_secret(URL, host.client(**CODE), machine=False) is Verdict.NO_ANSWER

        assert host.asked == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(host: Host, status: int) -> None:
    host.server.say, host.server.location = Reply(status, b""), f"https://{HOST}/elsewhere"

    assert check_secret(URL, NOBODYS, machine=False) is Verdict.NO_ANSWER
    assert host.server.heard == ["/oauth2/token"]


@pytest.mark.parametrize("say", ["never", "close"])
def test_no_answer_is_silence(host: Host, say: Literal["never", "close"]) -> None:
    host.server.say = say

    with mock.patch.object(token_endpoint, "_TIMEOUT", 0.1):
        assert check_secret(URL, NOBODYS, machine=False) is Verdict.NO_ANSWER


def test_a_host_that_does_not_talk_tls_is_silence(tmp_path: Path) -> None:
    with a_host(tmp_path) as host, mock.patch.object(host.server, "_tls", None):
        assert check_secret(URL, NOBODYS, machine=False) is Verdict.NO_ANSWER

    assert host.asked == []


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://gone.auth.us-east-1.amazoncognito.com/oauth2/token", id="a-name-that-nobody-has"),
        pytest.param(f"https://{'x' * 70}.example.com/oauth2/token", id="a-name-that-nobody-can-have"),
        pytest.param("https://[::1/oauth2/token", id="no-name-at-all"),
        pytest.param(f"https://{HOST}:port/oauth2/token", id="a-port-that-is-no-number"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_host_that_is_not_there_is_silence(host: Host, url: str) -> None:
    assert check_secret(url, NOBODYS, machine=False) is Verdict.NO_ANSWER
    assert host.asked == []


def test_nobody_listens_is_silence() -> None:
    with mock.patch.object(socket, "create_connection", side_effect=ConnectionRefusedError):
        assert check_secret(URL, NOBODYS, machine=False) is Verdict.NO_ANSWER


def test_not_even_a_talkative_http_client_prints_the_secret(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    credentials = host.client(**CODE)

    with mock.patch.object(http.client.HTTPConnection, "debuglevel", 1):
        assert check_secret(URL, credentials, machine=False) is Verdict.TAKEN

    assert "Basic" not in capsys.readouterr().out
