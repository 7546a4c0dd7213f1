"""The fake behind the protocol that AWS's SDKs speak (JSON 1.1), and behind every boto3 client of this process.

The same place in the process leads to a fake STS, Secrets Manager, CloudFormation, DynamoDB and EventBridge, if there
are any.
"""

from __future__ import annotations

import io
import json
import re
import socket
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock
from urllib.parse import urlsplit

import urllib3.exceptions
from botocore import exceptions
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session

from tests.fakes.cognito import ACCOUNT, ApiError, BrokenConnectionError, Caller, FakeCognito

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from tests.fakes.cloudformation import FakeCloudFormation
    from tests.fakes.dynamodb import FakeDynamoDb
    from tests.fakes.eventbridge import FakeEventBridge
    from tests.fakes.secrets_manager import FakeSecretsManager
    from tests.fakes.sts import FakeSts

TARGET = re.compile(r"AWSCognitoIdentityProviderService\.(\w+)")
ENDPOINT = re.compile(r"cognito-idp\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")
STS_ENDPOINT = re.compile(r"sts(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?")
SECRETS_ENDPOINT = re.compile(r"secretsmanager\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")
TABLES_ENDPOINT = re.compile(r"dynamodb\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")
EVENTS_ENDPOINT = re.compile(r"events\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")
STACKS_ENDPOINT = re.compile(r"cloudformation\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")
SIGNER = re.compile(r"Credential=([^/,\s]+)/")

# Who signed the request that is being answered; no parameter of `reply_to`, because tests put their own in its place.
_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


class Reply(NamedTuple):
    """Be an HTTP response, not yet on any wire."""

    status: int
    headers: dict[str, str]
    body: bytes


def reply_to(fake: FakeCognito, target: str, body: bytes, region: str) -> Reply:
    """Answer one request as it arrives; raise BrokenConnectionError where no answer would come.

    Credentials that no fake STS has given out are good, and of the account that pools have by default.
    """
    operation = TARGET.fullmatch(target)
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": "00000000-0000-4000-8000-000000000000"}
    caller = _caller.get() or Caller(ACCOUNT)
    try:
        answer = fake.call(operation[1] if operation else target, json.loads(body), region=region, caller=caller)
    except ApiError as error:
        headers["x-amzn-ErrorType"] = f"{error.code}:"
        content: dict[str, Any] = {"__type": error.code, "message": error.message}
        return Reply(error.status, headers, json.dumps(content).encode())
    return Reply(200, headers, json.dumps(answer).encode() if answer else b"")


@contextmanager
def signed_by(caller: Caller | None) -> Iterator[None]:
    """Let `reply_to` know who signed what it answers meanwhile, in this thread."""
    before = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(before)


@contextmanager
def installed(
    fake: FakeCognito,
    sts: FakeSts | None = None,
    *,
    secrets_manager: FakeSecretsManager | None = None,
    cloudformation: FakeCloudFormation | None = None,
    dynamodb: FakeDynamoDb | None = None,
    eventbridge: FakeEventBridge | None = None,
) -> Iterator[FakeCognito]:
    """Let the fake answer all requests of all botocore clients of this process, whoever makes them and when.

    The one place through which every request goes is patched, behind botocore's checks of parameters, signing, retries,
    parsing and errors, all of which are real. A request to anything but Cognito's endpoint, and those of the
    other services whose fakes are given, fails at once, and once more at the end, should the code under test have
    swallowed the first failure.
    """
    strays: list[str] = []

    def send(_session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        url = urlsplit(request.url)
        host = url.hostname or "" if url.scheme == "https" else ""
        try:
            if endpoint := ENDPOINT.fullmatch(host):
                with signed_by(sts.caller(*credentials(request)) if sts else None):
                    reply = reply_to(fake, header(request, "X-Amz-Target"), content(request), endpoint[1])
            elif sts and STS_ENDPOINT.fullmatch(host):
                reply = Reply(*sts.reply_to(content(request), *credentials(request)))
            elif secrets_manager and (endpoint := SECRETS_ENDPOINT.fullmatch(host)):
                reply = Reply(*secrets_manager.reply_to(header(request, "X-Amz-Target"), content(request), endpoint[1]))
            elif cloudformation and STACKS_ENDPOINT.fullmatch(host):
                reply = Reply(*cloudformation.reply_to(content(request)))
            elif dynamodb and TABLES_ENDPOINT.fullmatch(host):
                reply = Reply(*dynamodb.reply_to(header(request, "X-Amz-Target"), content(request)))
            elif eventbridge and EVENTS_ENDPOINT.fullmatch(host):
                reply = Reply(*eventbridge.reply_to(header(request, "X-Amz-Target"), content(request)))
            else:
                strays.append(f"{request.method} {url.scheme}://{url.netloc}")
                raise AssertionError(f"Only Cognito is faked here: {strays[-1]}")
        except BrokenConnectionError as broken:
            raise as_botocore_raises(broken, request) from broken
        return AWSResponse(request.url, reply.status, HTTPHeaders.from_dict(reply.headers), Stream(reply.body))

    with mock.patch.object(URLLib3Session, "send", send):
        yield fake
    assert not strays, f"Requests that were not for Cognito: {strays}"
    assert not (dynamodb and dynamodb.not_understood), "The fake of DynamoDB was asked for what it does not know"


def header(request: AWSPreparedRequest, name: str) -> str:
    """Read a header, which botocore holds as bytes or as text."""
    value: object = request.headers.get(name, "")
    return value.decode() if isinstance(value, bytes) else str(value)


def content(request: AWSPreparedRequest) -> bytes:
    """Read the body, which botocore holds as bytes or, in the query protocol, as text."""
    body: object = request.body
    assert isinstance(body, bytes | str)
    return body.encode() if isinstance(body, str) else body


def credentials(request: AWSPreparedRequest) -> tuple[str, str]:
    """Give the access key id and the session token that came with a request; what is missing is empty."""
    signer = SIGNER.search(header(request, "Authorization"))
    return signer[1] if signer else "", header(request, "X-Amz-Security-Token")


class Stream(io.BytesIO):
    """Be the raw body, with the one method of urllib3's response that AWSResponse calls."""

    def stream(self, **_kwargs: object) -> Iterator[bytes]:
        yield self.read()


def as_botocore_raises(broken: BrokenConnectionError, request: AWSPreparedRequest) -> exceptions.BotoCoreError:
    """Give the exception that URLLib3Session.send makes of each way in which urllib3 fails."""
    url = request.url
    match broken.kind:
        case "dns":
            error: Exception = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return exceptions.EndpointConnectionError(endpoint_url=url, error=error)
        case "connect-error":
            return exceptions.EndpointConnectionError(endpoint_url=url, error=ConnectionRefusedError())
        case "connect-timeout":
            error = urllib3.exceptions.ConnectTimeoutError("Connection timed out.")
            return exceptions.ConnectTimeoutError(endpoint_url=url, error=error)
        case "read-timeout":
            error = TimeoutError("Read timed out.")
            return exceptions.ReadTimeoutError(endpoint_url=url, error=error)
        case "connection-closed":
            error = urllib3.exceptions.ProtocolError("Connection aborted.")
            return exceptions.ConnectionClosedError(endpoint_url=url, error=error, request=request)
