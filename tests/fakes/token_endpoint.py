"""A fake of user pools' token endpoints, which knows the clients and the secrets of a fake Cognito.

https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
"""

from __future__ import annotations

import base64
import binascii
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.fakes.loopback import Handler, LoopbackServer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping

    from tests.fakes.cognito import AppClient, FakeCognito, Pool

type Broken = Literal["timeout", "refused"]


class Reply(NamedTuple):
    """Be an HTTP response."""

    status: int
    body: bytes

    @classmethod
    def error(cls, name: str, status: int = 400) -> Reply:
        return cls(status, json.dumps({"error": name}).encode())


class Asked(NamedTuple):
    """Remember what somebody asked for, and what came of it."""

    client_id: str
    grant: str
    outcome: str
    """The error's name, or `token`."""


@dataclass
class FakeTokenEndpoint:
    """Tell right secrets from wrong ones; a secret is known here only `lag` seconds after it was made."""

    fake: FakeCognito
    clock: Callable[[], float]
    lag: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    tokens_ever: list[str] = field(default_factory=list)
    planned: list[Reply | Broken] = field(default_factory=list)
    """What is answered next, whatever is asked."""
    on_ask: Callable[[], object] | None = None

    def post(self, endpoint: str, body: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Stand in for `token_endpoint._post`."""
        url = urlsplit(endpoint)
        assert (url.scheme, url.path) == ("https", "/oauth2/token")
        if self.on_ask:
            self.on_ask()
        if self.planned:
            match self.planned.pop(0):
                case "timeout":
                    raise TimeoutError("timed out")
                case "refused":
                    raise ConnectionRefusedError
                case Reply() as reply:
                    return reply
        return self.reply_to(url.hostname or "", body, headers)

    def reply_to(self, host: str, body: str, headers: Mapping[str, str]) -> Reply:
        """Answer a request as it arrives: the client is judged first, and only then what it asks for."""
        assert headers["Content-Type"] == "application/x-www-form-urlencoded"
        form = {name: values[0] for name, values in parse_qs(body).items()}
        client_id, secret = basic(headers.get("Authorization", ""))
        client = self._client(host, client_id)
        reply = Reply.error("invalid_client")
        if client is not None and self._takes(client, secret):
            reply = self._grant(client, form)
        outcome = json.loads(reply.body).get("error", "token")
        self.asked.append(Asked(client_id, form.get("grant_type", ""), outcome))
        return reply

    def _client(self, host: str, client_id: str) -> AppClient | None:
        pool = next((pool for pool in self.fake.pools.values() if host in hosts_of(pool)), None)
        return pool.clients.get(client_id) if pool is not None else None

    def _takes(self, client: AppClient, secret: str) -> bool:
        """Say whether it is one of the client's secrets, and known here by now; the original one always is."""
        return any(
            kept.value == secret and (secret_id == client.original or kept.created + self.lag <= self.clock())
            for secret_id, kept in client.secrets.items()
        )

    def _grant(self, client: AppClient, form: Mapping[str, str]) -> Reply:
        allowed: Any = client.settings.get("AllowedOAuthFlows", [])
        match form.get("grant_type"):
            case "client_credentials" if "client_credentials" in allowed:
                self.tokens_ever.append(f"token0of0{client.client_id}0{len(self.tokens_ever)}")
                token = {"access_token": self.tokens_ever[-1], "expires_in": 3600, "token_type": "Bearer"}
                return Reply(200, json.dumps(token).encode())
            case "authorization_code" if "code" in allowed:
                return Reply.error(
                    "invalid_grant" if form.get("code") and form.get("redirect_uri") else "invalid_request"
                )
            case "client_credentials" | "authorization_code":
                return Reply.error("unauthorized_client")
            case _:
                return Reply.error("unsupported_grant_type")


def hosts_of(pool: Pool) -> set[str]:
    hosts = {f"{pool.domain}.auth.{pool.region}.amazoncognito.com"} if pool.domain else set()
    return hosts | ({pool.custom_domain} if pool.custom_domain else set())


def basic(authorization: str) -> tuple[str, str]:
    """Read the client id and the secret of HTTP's basic authentication; '' and '' where it is none."""
    try:
        client_id, _, secret = (
            base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client_id, secret


class TokenServer(LoopbackServer):
    """Serve one fake, or what `say` answers instead of it: a reply, "never" (none comes) or "close" (cut off)."""

    def __init__(self, endpoint: FakeTokenEndpoint, tls: ssl.SSLContext) -> None:
        self.endpoint = endpoint
        self.say: Reply | Literal["never", "close"] | None = None
        self.location = ""
        """Where a reply that `say` gives leads to."""
        self.heard: list[str] = []
        """The paths that were asked for."""
        super().__init__(TokenHandler, tls)


class TokenHandler(Handler):
    """Turn HTTP into questions to the fake."""

    server: TokenServer

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        """Answer a request for a token."""
        body = self.content().decode()
        self.server.heard.append(self.path)
        match self.server.say:
            case "never":
                self.never_answer()
            case "close":
                self.close_without_an_answer()
            case Reply() as reply:
                headers = {"Location": self.server.location} if self.server.location else {}
                self.answer(reply.status, headers, reply.body)
            case None:
                host = self.headers.get("Host", "").partition(":")[0]
                reply = self.server.endpoint.reply_to(host, body, dict(self.headers))
                self.answer(reply.status, {"Content-Type": "application/json"}, reply.body)


@contextmanager
def serving(endpoint: FakeTokenEndpoint, tls: ssl.SSLContext) -> Iterator[TokenServer]:
    """Serve the fake on a free port of loopback; afterwards nothing is left running."""
    with TokenServer(endpoint, tls) as server:
        yield server
