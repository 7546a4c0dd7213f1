"""The answer's way to CloudFormation: only to its own hosts, again and again until the deadline."""

import functools
import http.client
import re
import ssl
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from user_pool_client.custom_resource.request import Request
from user_pool_client.custom_resource.response import Outcome, encode
from user_pool_client.deadline import Deadline, pauses
from user_pool_client.domain.endpoints import dns_suffix, has_own_dns_suffix
from user_pool_client.domain.errors import Unanswerable
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.log import logger

# One try's patience with a silent socket, in seconds.
_SOCKET_TIMEOUT, _SHORTEST_TRY = 5.0, 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_SERVER_ERRORS = 500

# What can stand in a request line.
_SENDABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Destination:
    """A response URL that passed: where to connect to, and what to ask for, which holds the signature."""

    scheme: str
    host: str
    port: int | None
    target: Sensitive = field(repr=False)


@dataclass(frozen=True, slots=True)
class S3Sender:
    """Bring outcomes to CloudFormation of this Region; `emulator` is where AWS_ENDPOINT_URL points, or ''."""

    region: str
    emulator: str

    def check(self, request: Request) -> None:
        """Raise Unanswerable if the request's URL is not CloudFormation's."""
        destination(request.response_url, region=self.region, emulator=self.emulator)

    def deliver(self, request: Request, outcome: Outcome, deadline: Deadline) -> None:
        """Put the outcome where CloudFormation waits for it; raise Unanswerable if it cannot be delivered."""
        body = encode(outcome, request.envelope)
        if body.left_out:
            logger.warning("Attributes that do not fit into the answer", extra={"left_out": body.left_out})
        put(destination(request.response_url, region=self.region, emulator=self.emulator), body.content, deadline)


@dataclass(frozen=True, slots=True)
class ConsoleSender:
    """Print outcomes, secrets masked: under `sam local invoke` nobody waits at the URL."""

    def check(self, request: Request) -> None:
        """Accept every request: nothing leaves the terminal."""

    def deliver(self, request: Request, outcome: Outcome, deadline: Deadline) -> None:  # noqa: ARG002 - a courier's
        """Print the answer's body."""
        print(encode(outcome, request.envelope, masked=True).content.decode())  # noqa: T201 - this is its purpose


def destination(url: Sensitive, *, region: str, emulator: str = "") -> Destination:
    """Accept CloudFormation's own response bucket in this Region over HTTPS, and the emulator's host, if there is one.

    A service token is of the stack's own Region, so the bucket is too. Bucket names are first come, first served:
    a name that merely looks like one of CloudFormation's could be anybody's. `emulator` is the URL that the SDK is
    pointed at (AWS_ENDPOINT_URL). Raises Unanswerable, without quoting the URL.
    """
    try:
        parts = urlsplit(url.reveal())
        host, port = (parts.hostname or ""), parts.port
    except ValueError:
        raise Unanswerable("The ResponseURL is no URL, so no answer can be sent and nothing is done.") from None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    trusted = _is_cloudformations(parts, host, port, region) or _is_emulators(parts, host, emulator)
    if trusted and "@" not in parts.netloc and _SENDABLE.fullmatch(target):
        return Destination(parts.scheme, host, port, Sensitive(target))
    raise Unanswerable(
        f"The ResponseURL is not of CloudFormation's response bucket in {region or 'a known Region'} over HTTPS, "
        "so no answer is sent and nothing is done."
    )


def put(destination: Destination, body: bytes, deadline: Deadline) -> None:
    """Deliver the body; return once the host has taken it.

    Broken connections and 5xx are tried again until the deadline. Any other status is final: the signature will not
    get better. Raises Unanswerable, naming the last failure.
    """
    for pause in pauses(_FIRST_PAUSE, _LONGEST_PAUSE):
        try:
            status = _put_once(destination, body, min(_SOCKET_TIMEOUT, max(deadline.answer_left(), _SHORTEST_TRY)))
        except (OSError, http.client.HTTPException) as error:
            why = type(error).__name__
        else:
            if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own number for success
                return
            why = f"HTTP status {status}"
            if status < _SERVER_ERRORS:
                raise Unanswerable(f"CloudFormation did not take the answer ({why}), and would not take it later.")
        logger.warning("Answer not delivered yet", extra={"because": why})
        if pause >= deadline.answer_left():
            raise Unanswerable(f"The answer could not be delivered in time; the last try ended with {why}.")
        deadline.clock.sleep(pause)


def _put_once(destination: Destination, body: bytes, timeout: float) -> int:
    """Send one PUT with http.client: it logs nothing, while urllib3 logs the path, signature included."""
    connection = (
        http.client.HTTPSConnection(destination.host, destination.port, timeout=timeout, context=_tls_context())
        if destination.scheme == "https"
        else http.client.HTTPConnection(destination.host, destination.port, timeout=timeout)
    )
    try:
        connection.set_debuglevel(0)  # else it would print all that it sends, if somebody had made all connections talk
        # The URL is signed for an empty Content-Type.
        headers = {"Content-Type": "", "Content-Length": str(len(body))}
        connection.request("PUT", destination.target.reveal(), body=body, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@functools.cache
def _tls_context() -> ssl.SSLContext:
    """Read the authorities once: that takes longer than all else about an answer."""
    return ssl.create_default_context()


def _is_cloudformations(parts: SplitResult, host: str, port: int | None, region: str) -> bool:
    """Tell whether it is one of the names that the response bucket of a Region is known to go by."""
    bucket = f"cloudformation-custom-resource-response-{region.replace('-', '')}"
    # The same name in another partition (China's `.amazonaws.com.cn`) is another bucket, and may be anybody's.
    where = rf"[.-]{re.escape(region)}"
    if has_own_dns_suffix(region):
        where = f"({where})?"
    pattern = rf"{re.escape(bucket)}\.s3{where}\.{re.escape(dns_suffix(region))}"
    return bool(region) and parts.scheme == "https" and port in (None, 443) and bool(re.fullmatch(pattern, host))


def _is_emulators(parts: SplitResult, host: str, emulator: str) -> bool:
    return bool(emulator) and parts.scheme in ("http", "https") and bool(host) and host == urlsplit(emulator).hostname
