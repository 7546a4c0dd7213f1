"""A world with Secrets Manager in it: the rotation function, token endpoints, and a process that can be killed."""

from __future__ import annotations

import contextlib
import functools
import json
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, overload
from unittest import mock

import boto3
from botocore.httpsession import URLLib3Session
from botocore.retries.quota import RetryQuota
from botocore.retries.standard import ExponentialBackoff

from tests import canaries
from tests.fakes import cognito_wire
from tests.fakes.secrets_manager import CURRENT, FakeSecretsManager, event
from tests.fakes.sts import FakeSts
from tests.fakes.token_endpoint import FakeTokenEndpoint
from tests.flow.world import POOL, TIMEOUT, FunctionContext, World, a_world
from user_pool_client import rotation_handler
from user_pool_client.aws import token_endpoint
from user_pool_client.domain.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

    from tests.fakes.cognito import AppClient
    from tests.flow.world import Answer

type Json = dict[str, Any]

NAME = "user-pool-client/web"
DOMAIN = "shop"
ENDPOINT = "https://shop.auth.us-east-1.amazoncognito.com/oauth2/token"
ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}"
DAY = 86400.0

# What is asked of Secrets Manager, by its own names.
GET, PUT, DESCRIBE_SECRET, MOVE = "GetSecretValue", "PutSecretValue", "DescribeSecret", "UpdateSecretVersionStage"
# What is asked of Cognito for the sake of secrets.
ADD, LIST, REMOVE, DESCRIBE_POOL = (
    "AddUserPoolClientSecret",
    "ListUserPoolClientSecrets",
    "DeleteUserPoolClientSecret",
    "DescribeUserPool",
)
ASK = "the token endpoint"


class KilledError(BaseException):
    """Be the end of the process: nobody handles it, and nothing is asked of anybody afterwards."""


class Kept:
    """A world, its Secrets Manager with one secret for a client, and whatever a test wants to know of them."""

    def __init__(self, world: World, secrets: FakeSecretsManager, endpoint: FakeTokenEndpoint, sts: FakeSts) -> None:
        self.world = world
        self.secrets = secrets
        self.endpoint = endpoint
        self.sts = sts
        self.arn = secrets.create(NAME)
        self.asked: list[str] = []
        """All that was asked of anybody, by name, in order."""
        self.answered = 0
        self.kill_after: int | None = None
        self.killed = False
        self.removed_while_current: list[str] = []
        world.fake.on_call = secrets.on_call = self.hear
        endpoint.on_ask = lambda: self.asked.append(ASK)

    def hear(self, operation: str, params: Json) -> None:
        """Note what is asked, and whether AWSCURRENT's secret is about to be deleted: never may it be."""
        self.asked.append(operation)
        if operation == REMOVE:
            client = self.client(params["ClientId"], pool_id=params["UserPoolId"])
            secret = client.secrets.get(params["ClientSecretId"])
            if secret is not None and all(value["client_secret"] == secret.value for value in self.currents(client)):
                self.removed_while_current.append(params["ClientSecretId"])

    # The stack

    def template(self, **properties: Any) -> Json:
        """Return the properties of a client with a secret that Cognito makes and that is kept."""
        return {"UserPoolId": POOL, "GenerateSecret": "true", "SecretId": self.arn, **properties}

    def made(self, **properties: Any) -> str:
        """Make a client whose secret is kept, unseen, and return its id."""
        answer = self.world.create(self.template(**properties))
        assert answer.status == "SUCCESS", answer.reason
        self.forget()
        return answer.physical_id

    def forget(self) -> None:
        """Begin to count calls anew."""
        self.asked.clear()
        self.world.calls()
        self.secrets.calls.clear()

    def calls(self) -> list[str]:
        """Return what was asked of anybody since the last time, in order."""
        asked = list(self.asked)
        self.forget()
        return asked

    # The rotation function

    def step(self, event: Mapping[str, object], *, timeout: float = TIMEOUT) -> None:
        """Invoke the rotation function; what it raises is told as Lambda would log it, and holds no secret."""
        context = FunctionContext(self.world.clock, self.world.clock.now + timeout)
        raised: ProviderError | None = None
        with contextlib.redirect_stdout(self.world.printed):
            try:
                rotation_handler.handler(event, context)
            except ProviderError as error:
                raised = error
        self.watch()
        if raised is not None:
            assert not canaries.leaked("".join(traceback.format_exception(raised)))
            raise raised

    def rotate(self, secret_id: str | None = None) -> str:
        """Let Secrets Manager rotate the secret, a month after whatever was before; return the version's id."""
        self.world.clock.now += 30 * DAY
        return self.secrets.rotate(secret_id or self.arn, self.step)

    def event(self, version_id: str, step: str) -> Json:
        return event(self.arn, version_id, step)

    def watch(self) -> None:
        for token in self.endpoint.tokens_ever:
            canaries.watch(token)
        for secret in self.sts.secrets_ever:
            canaries.watch(secret)
        self.world.watch()

    # The end of a process

    def dying(self, after: int, act: Callable[[], object]) -> bool:
        """Do something in a process that is killed as soon as the given number of its calls have been carried out.

        False if it ended before that. What it would have answered is lost.
        """
        self.kill_after, self.answered, self.killed = after, 0, False
        try:
            with contextlib.suppress(KilledError):
                act()
        except BaseException:
            # A dead process raises nothing, whatever the code makes of its end here.
            if not self.killed:
                raise
        finally:
            self.kill_after = None
        return self.killed

    def on_answer(self) -> None:
        self.answered += 1
        if self.kill_after is not None and self.answered >= self.kill_after:
            self.killed = True
            raise KilledError

    def before_asking(self) -> None:
        if self.kill_after is not None and self.killed:
            raise KilledError

    # What there is

    def client(self, client_id: str, *, pool_id: str = POOL) -> AppClient:
        return self.world.fake.pools[pool_id].clients[client_id]

    def values(self, client_id: str, *, pool_id: str = POOL) -> list[str]:
        """Return the values of the client's secrets that Cognito takes, the oldest first."""
        return [secret.value for secret in self.client(client_id, pool_id=pool_id).secrets.values()]

    def current(self, secret_id: str | None = None, stage: str = CURRENT) -> Json:
        """Return what an app reads."""
        return self.secrets.kept(secret_id or self.arn, stage)

    def takes(self, credentials: Mapping[str, str]) -> bool:
        """Tell whether Cognito takes what an app has read."""
        clients = self.world.fake.pools[credentials["user_pool_id"]].clients
        client = clients.get(credentials["client_id"])
        return client is not None and credentials["client_secret"] in [one.value for one in client.secrets.values()]

    def currents(self, client: AppClient) -> list[Json]:
        """Return the values with AWSCURRENT that name a client; one in a secret that was left may be out of date."""
        texts = [self.secrets.text(arn) for arn in self.secrets.secrets]
        values = [json.loads(text) for text in texts if text and "client_id" in text]
        return [value for value in values if value["client_id"] == client.client_id]

    def is_sound(self, secret_id: str | None = None) -> bool:
        """Tell what holds at every moment: two secrets at most, and AWSCURRENT's is one of them, under its own id."""
        kept = self.current(secret_id)
        client = self.client(kept["client_id"], pool_id=kept["user_pool_id"])
        found = client.secrets.get(kept["client_secret_id"])
        return len(client.secrets) <= 2 and found is not None and found.value == kept["client_secret"]


def is_told_nothing(answer: Answer, kept: Kept) -> bool:
    """Tell whether an answer is free of all secrets, and hides nothing."""
    kept.watch()
    return not canaries.leaked(answer.body.decode()) and not answer.no_echo and "ClientSecret" not in answer.data


@contextmanager
def a_kept_world(*, domain: str = DOMAIN, pending_stays: bool = False, **options: Any) -> Iterator[Kept]:
    """Give a world whose first pool has a domain; it fails a test whose planned fault never came."""
    with a_world(**options) as world:
        world.fake.pools[POOL].domain = domain
        secrets = FakeSecretsManager(clock=world.clock.wall, pending_stays=pending_stays)
        sts = FakeSts(clock=world.clock.wall)
        endpoint = FakeTokenEndpoint(world.fake, world.clock.wall)
        kept = Kept(world, secrets, endpoint, sts)
        clock = world.clock.for_the_function()
        with (
            mock.patch.object(boto3, "client", client_made_once),
            mock.patch.object(boto3, "Session", session),
            no_waiting_for_secrets_manager(),
            cognito_wire.installed(world.fake, sts, secrets_manager=secrets, cloudformation=world.stacks),
            mortal(kept),
            mock.patch.object(rotation_handler, "_clock", clock),
            mock.patch.object(rotation_handler, "_rotation", rotation_handler.build(clock)),
        ):
            yield kept
        assert kept.removed_while_current == []
        assert not secrets.planned_faults, "A planned fault never came"
        assert not sts.planned_faults, "A planned fault never came"
        assert not endpoint.planned, "A planned answer was never asked for"


@contextmanager
def no_waiting_for_secrets_manager() -> Iterator[None]:
    """Let botocore try again at once, and as often in one world as if there had been no other before."""
    with (
        mock.patch.object(ExponentialBackoff, "delay_amount", return_value=0),
        mock.patch.object(RetryQuota, "acquire", return_value=True),
    ):
        yield


@contextmanager
def mortal(kept: Kept) -> Iterator[None]:
    """Let the process die between two calls, whomever they are for."""
    send, post = URLLib3Session.send, kept.endpoint.post

    def send_or_die(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        kept.before_asking()
        reply = send(session, request)
        kept.on_answer()
        return reply

    def post_or_die(endpoint: str, body: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        kept.before_asking()
        reply = post(endpoint, body, headers)
        kept.on_answer()
        return reply

    with (
        mock.patch.object(URLLib3Session, "send", send_or_die),
        mock.patch.object(token_endpoint, "_post", post_or_die),
    ):
        yield


_session = boto3.session.Session


@overload
def session() -> SharedSession: ...
@overload
def session(*credentials: str) -> boto3.session.Session: ...
def session(*credentials: str) -> SharedSession | boto3.session.Session:
    """Stand in for `boto3.Session`: without credentials of its own it is one for all worlds."""
    key, secret, token = credentials or ("", "", "")
    return _session(key, secret, token) if credentials else SharedSession()


class SharedSession:
    """boto3's session, which makes each client once: that takes longer than a test."""

    def client(self, service: Literal["cognito-idp"], **options: Any) -> object:
        return client_made_once(service, **options)

    def __getattr__(self, name: str) -> object:
        return getattr(one_session(), name)


@functools.cache
def one_session() -> boto3.session.Session:
    return _session()


@functools.cache
def client_made_once(service: Literal["cognito-idp"], **options: Any) -> object:
    return one_session().client(service, **options)
