"""The fakes behind a real HTTP server on loopback, for tests with real processes (AWS_ENDPOINT_URL)."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.fakes.cognito import BrokenConnectionError, FakeCognito
from tests.fakes.cognito_wire import reply_to
from tests.fakes.loopback import Handler, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.cloudformation import FakeCloudFormation
    from tests.fakes.dynamodb import FakeDynamoDb

SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([a-z0-9-]+)/(cognito-idp|cloudformation|dynamodb)/aws4_request")


class CognitoServer(LoopbackServer):
    """Serve one fake of Cognito, and of CloudFormation and DynamoDB if there are; `url` is the endpoint for the SDK."""

    def __init__(
        self,
        fake: FakeCognito,
        cloudformation: FakeCloudFormation | None = None,
        dynamodb: FakeDynamoDb | None = None,
    ) -> None:
        self.fake = fake
        self.cloudformation = cloudformation
        self.dynamodb = dynamodb
        super().__init__(CognitoHandler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class CognitoHandler(Handler):
    """Turn HTTP into calls of the fake."""

    server: CognitoServer

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        """Answer a request; the Region is the one that it was signed for, as loopback has none in its name.

        The faults that come before a connection exists cannot happen here any more: they close it instead.
        """
        body = self.content()
        signed = SCOPE.search(self.headers.get("Authorization", ""))
        if not signed:
            self.answer(400, {"x-amzn-ErrorType": "MissingAuthenticationTokenException:"}, b"{}")
            return
        try:
            if signed[2] == "cloudformation" and self.server.cloudformation is not None:
                self.answer(*self.server.cloudformation.reply_to(body))
                return
            if signed[2] == "dynamodb" and self.server.dynamodb is not None:
                self.answer(*self.server.dynamodb.reply_to(self.headers.get("X-Amz-Target", ""), body))
                return
            reply = reply_to(self.server.fake, self.headers.get("X-Amz-Target", ""), body, signed[1])
        except BrokenConnectionError as broken:
            if broken.kind == "read-timeout":
                self.never_answer()
            else:
                self.close_without_an_answer()
            return
        self.answer(*reply)


@contextmanager
def serving(
    fake: FakeCognito, cloudformation: FakeCloudFormation | None = None, dynamodb: FakeDynamoDb | None = None
) -> Iterator[CognitoServer]:
    """Serve the fakes on a free port of loopback; afterwards nothing is left running."""
    with CognitoServer(fake, cloudformation, dynamodb) as server:
        yield server
