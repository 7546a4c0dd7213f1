"""Everything around the function but itself: CloudFormation, Cognito, the clock, what is printed and what is logged.

The function is the real one, with the real boto3 and crhelper. Only the two ends of the wire are not: Cognito's is
`tests.fakes`, CloudFormation's keeps what would have been put to the response URL.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import itertools
import json
import logging
import os
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, override
from unittest import mock

import boto3
from botocore.httpsession import URLLib3Session

from tests import canaries
from tests.fakes import cognito_wire
from tests.fakes.cloudformation import IN_PROGRESS, FakeCloudFormation
from tests.fakes.cognito import ApiError, Call, FakeCognito
from tests.fakes.sts import FakeSts
from user_pool_client import handler
from user_pool_client.custom_resource import sender
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

    from tests.fakes.cognito import ConnectionFault
    from user_pool_client.custom_resource.sender import Destination

type Json = dict[str, Any]

POOL = "us-east-1_Abc123xyz"
OTHER_POOL = "us-east-1_Other4567"
FRANKFURT_POOL = "eu-central-1_Frankfurt"
SERVICE_TOKEN = "arn:aws:lambda:us-east-1:123456789012:function:user-pool-client"
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/8a5f0de0-1c8e-11f0-9b2b-0affd7fe8f01"
LOGICAL_ID = "WebClient"
RESPONSE_URL = (
    "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/arn%3Aaws%3Acloudformation%3Aus-east-1"
    f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature={canaries.SIGNATURE}"
)
MARKER = "create-failed:no-app-client"
UNKNOWN = "create-unknown:no-app-client"
SCOPES = ("api/read", "api/write")
MOST_BYTES = 4096

# The function's timeout, in seconds, unless a test says otherwise.
TIMEOUT = 30.0

CREATE, DESCRIBE, UPDATE, DELETE, SECRETS = (
    "CreateUserPoolClient",
    "DescribeUserPoolClient",
    "UpdateUserPoolClient",
    "DeleteUserPoolClient",
    "ListUserPoolClientSecrets",
)
LIST = "ListUserPoolClients"
STANDING, OWNER, STACK = "DescribeStackResource", "DescribeStackResources", "DescribeStacks"
"""What is asked of CloudFormation: how a resource stands, whose a client is, and when the operation began."""


@dataclass
class VirtualClock:
    """Time that passes only when somebody sleeps, or when a test says so."""

    now: float = 0.0
    epoch: float = 1_800_000_000.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    def wall(self) -> float:
        return self.epoch + self.now

    def for_the_function(self) -> Clock:
        return Clock(monotonic=lambda: self.now, sleep=self.sleep, wall=self.wall)


class RealClock(VirtualClock):
    """Everybody's time, for the few tests that wait for a socket."""

    @property
    def now(self) -> float:
        return time.monotonic()

    @now.setter
    def now(self, _value: float) -> None:
        """Real time cannot be set."""

    @override
    def wall(self) -> float:
        return time.time()

    @override
    def for_the_function(self) -> Clock:
        return Clock()


@dataclass
class FunctionContext:
    """Lambda's context object, on virtual time."""

    clock: VirtualClock
    ends: float
    aws_request_id: str = "6f0c9d8e-0000-4000-8000-000000000000"
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:user-pool-client"

    def get_remaining_time_in_millis(self) -> int:
        return round((self.ends - self.clock.now) * 1000)


@dataclass(frozen=True)
class Answer:
    """What CloudFormation was told, checked for everything that holds of every answer."""

    body: bytes = field(repr=False)
    status: str
    physical_id: str
    reason: str
    data: dict[str, str]
    no_echo: bool

    @classmethod
    def read(cls, body: bytes, event: Mapping[str, Any]) -> Answer:
        assert len(body) <= MOST_BYTES
        told = json.loads(body)
        for name in ("StackId", "RequestId", "LogicalResourceId"):
            assert told[name] == event[name]
        answer = cls(
            body,
            told["Status"],
            told["PhysicalResourceId"],
            told.get("Reason", ""),
            told.get("Data", {}),
            told.get("NoEcho", False),
        )
        assert answer.status in ("SUCCESS", "FAILED")
        assert 1 <= len(answer.physical_id.encode()) <= 1024
        assert answer.status == "SUCCESS" or answer.reason
        assert not answer.data or answer.status == "SUCCESS"
        assert all(isinstance(value, str) for value in answer.data.values())
        assert answer.no_echo == ("ClientSecret" in answer.data)
        assert not canaries.leaked(answer.reason)
        return answer


@dataclass(frozen=True)
class RawReply:
    """An HTTP answer that Cognito's API does not know: from a proxy, say, or cut off."""

    status: int
    body: bytes = b""


class KilledError(BaseException):
    """Be the end of the process: nobody handles it, and nothing is asked of anybody afterwards."""


type Failure = ApiError | ConnectionFault | RawReply


class World:
    """One function in us-east-1, warm after its first request, and everything that it can reach."""

    def __init__(self, fake: FakeCognito, sts: FakeSts, stacks: FakeCloudFormation, clock: VirtualClock) -> None:
        self.fake = fake
        self.sts = sts
        self.stacks = stacks
        self.clock = clock
        self.function: Callable[[object, FunctionContext], None] = handler.build(clock.for_the_function())
        self.timeout = TIMEOUT
        self.put: list[bytes] = []
        self.killed = False
        self.on_put: Callable[[Deadline], None] | None = None
        self.on_reply: Callable[[str, Json], None] | None = None
        self.printed = io.StringIO()
        self.logged = io.StringIO()
        self.dies_before: int | None = None
        """The call, counted from 1, before which the process ends; the answer counts as well."""
        self.raw_replies: list[tuple[str, RawReply, bool]] = []
        self._numbers = itertools.count(1)

    def send(self, event: Mapping[str, Any], *, timeout: float | None = None) -> Answer:
        """Invoke the function with a request and return the one answer to it."""
        self.invoke(event, timeout=timeout)
        assert len(self.put) == 1
        return Answer.read(self.put[0], event)

    def invoke(self, event: object, *, timeout: float | None = None) -> None:
        """Invoke the function with anything; `put` holds what came of it."""
        self.put.clear()
        ends = self.clock.now + (self.timeout if timeout is None else timeout)
        with contextlib.redirect_stdout(self.printed):
            self.function(event, FunctionContext(self.clock, ends))
        self.watch()

    def create(self, properties: object, **members: Any) -> Answer:
        return self.send(self.request("Create", properties, **members))

    def update(self, physical_id: str, properties: object, old: object, **members: Any) -> Answer:
        return self.send(
            self.request("Update", properties, PhysicalResourceId=physical_id, OldResourceProperties=old, **members)
        )

    def delete(self, physical_id: str, properties: object, **members: Any) -> Answer:
        return self.send(self.request("Delete", properties, PhysicalResourceId=physical_id, **members))

    def request(self, request_type: str, properties: object, **members: Any) -> Json:
        """Write an event as CloudFormation does, which awaits its answer from now on; every request has its own id."""
        event = {
            "RequestType": request_type,
            "ServiceToken": SERVICE_TOKEN,
            "ResponseURL": RESPONSE_URL,
            "StackId": STACK_ID,
            "RequestId": f"5b2a4f7e-0000-4000-8000-{next(self._numbers):012}",
            "LogicalResourceId": LOGICAL_ID,
            "ResourceType": "Custom::UserPoolClient",
            "ResourceProperties": properties,
            **members,
        }
        names = ("RequestType", "StackId", "RequestId", "LogicalResourceId")
        if all(isinstance(event[name], str) for name in names) and event["RequestType"] in IN_PROGRESS:
            self.stacks.send(event)
        return event

    def dated(self, **members: Any) -> Json:
        """Give the response URL as CloudFormation signs it now: it is dated."""
        return {"ResponseURL": signed_url(self.clock.wall()), **members}

    def die(self, event: Mapping[str, Any], *, before: int) -> bool:
        """Send a request to a process that ends before the given one of its calls: what it would answer is lost.

        False if it made fewer calls, and answered. The next request comes to another process.
        """
        self.dies_before, self.killed = before, False
        self.invoke(event)
        self.dies_before = None
        self.other_process()
        return self.killed

    def before_a_call(self) -> None:
        if self.dies_before is not None:
            self.killed = self.killed or self.dies_before <= 1
            self.dies_before -= 1
            if self.killed:
                raise KilledError

    def other_process(self) -> None:
        """Let the next request come to a process that has seen none."""
        self.function = handler.build(self.clock.for_the_function())
        for name in ("", logger.name):  # crhelper sets the root's level
            logging.getLogger(name).setLevel(logging.DEBUG)

    def existing(self, *, pool_id: str = POOL, client_id: str = "", **settings: Any) -> str:
        """Make a client that was there before, unseen, and return its id: Cognito's, unless one is given."""
        params = {"UserPoolId": pool_id, "ClientName": "web", **settings}
        made: str = self.fake.elsewhere(CREATE, params)["UserPoolClient"]["ClientId"]
        if client_id:
            clients = self.fake.pools[pool_id].clients
            clients[client_id] = clients.pop(made)
            clients[client_id].client_id = client_id
        return client_id or made

    def set_elsewhere(self, client_id: str, *, pool_id: str = POOL, **settings: Any) -> None:
        """Change some settings as a person in the console does: all others stay."""
        held = self.fake.pools[pool_id].clients[client_id].settings
        whole = {**held, **settings, "UserPoolId": pool_id, "ClientId": client_id}
        whole["TokenValidityUnits"] = {**held["TokenValidityUnits"], **settings.get("TokenValidityUnits", {})}
        if "ApplicationArn" in (analytics := whole.get("AnalyticsConfiguration", {})):
            whole["AnalyticsConfiguration"] = {name: analytics[name] for name in analytics if name != "RoleArn"}
        self.fake.elsewhere(UPDATE, whole)

    def delete_elsewhere(self, client_id: str, *, pool_id: str = POOL) -> None:
        self.fake.elsewhere(DELETE, {"UserPoolId": pool_id, "ClientId": client_id})

    def lose_original_secret(self, client_id: str, *, pool_id: str = POOL) -> None:
        """Give the client a second secret and delete its first: Describe shows none from then on."""
        ids = {"UserPoolId": pool_id, "ClientId": client_id}
        client = self.fake.pools[pool_id].clients[client_id]
        self.fake.elsewhere("AddUserPoolClientSecret", ids)
        self.fake.elsewhere("DeleteUserPoolClientSecret", {**ids, "ClientSecretId": client.original})

    def settings(self, client_id: str, *, pool_id: str = POOL) -> Json:
        """Return what Cognito holds of a client: its settings, without ids and dates."""
        return copy.deepcopy(self.fake.pools[pool_id].clients[client_id].settings)

    def client_ids(self, pool_id: str = POOL) -> list[str]:
        return self.fake.client_ids(pool_id)

    def calls(self) -> list[str]:
        """Return what was asked of Cognito since the last time, in order."""
        called = self.fake.operations_called()
        self.fake.calls.clear()
        return called

    def asked(self) -> list[str]:
        """Return what was asked of CloudFormation since the last time, in order."""
        asked = self.stacks.operations_called()
        self.stacks.calls.clear()
        return asked

    def fail(self, operation: str, failure: Failure, *, times: int = 1, after: bool = False) -> None:
        """Plan failures of the next calls; with `after`, the work is done and only its answer is lost."""
        if isinstance(failure, RawReply):
            self.raw_replies += [(operation, failure, after)] * times
        else:
            self.fake.fail(operation, failure, times=times, after=after)

    @contextmanager
    def failing(self, operation: str, failure: Failure, *, after: bool = False) -> Iterator[None]:
        """Let every call of the operation fail for a while: at least one must be made."""
        often = 1000
        self.fail(operation, failure, times=often, after=after)
        yield
        left = len(self.fake.planned_faults) + len(self.raw_replies)
        assert 0 < left < often
        self.fake.planned_faults.clear()
        self.raw_replies.clear()

    def metrics(self) -> list[str]:
        """Return the names of the metrics that were printed, request by request."""
        printed = [json.loads(line) for line in self.printed.getvalue().splitlines()]
        return [
            metric["Name"]
            for line in printed
            for metrics in line["_aws"]["CloudWatchMetrics"]
            for metric in metrics["Metrics"]
        ]

    def log(self) -> list[Json]:
        """Return the function's own log lines as CloudWatch would get them."""
        return [json.loads(line) for line in self.logged.getvalue().splitlines()]

    def keep(self, destination: Destination, body: bytes, deadline: Deadline) -> None:
        """Stand in for `sender.put`."""
        assert destination.host.startswith("cloudformation-custom-resource-response-")
        if self.dies_before is not None and (self.dies_before <= 1 or self.killed):
            self.killed = True
            return
        if self.on_put:
            self.on_put(deadline)
        self.put.append(body)
        self.stacks.hear(body)

    def watch(self) -> None:
        """Let the guard of all tests look for the secrets that the fakes have made up; look at what was printed."""
        for secret in (*self.fake.secrets_ever, *self.sts.secrets_ever):
            canaries.watch(secret)
        assert not canaries.leaked(self.printed.getvalue())


@contextmanager
def a_world(
    *, env: Mapping[str, str] | None = None, clock: VirtualClock | None = None, sends: bool = False, **options: Any
) -> Iterator[World]:
    """Give a world with three pools; it fails a test whose planned fault never came.

    Answers are kept, or, if it `sends`, really put to where their URL leads. `options` are the fake's.
    """
    clock = clock or VirtualClock()
    fake, sts = FakeCognito(clock=clock.wall, sleep=clock.sleep, **options), FakeSts(clock=clock.wall)
    stacks = FakeCloudFormation(clock=clock.wall)
    for pool_id in (POOL, OTHER_POOL, FRANKFURT_POOL):
        fake.add_pool(
            pool_id,
            resource_server_scopes=SCOPES,
            identity_providers=["Google", "Corporate"],
            custom_attributes=["custom:tenant"],
        )
    with (
        mock.patch.dict(os.environ, env or {}),
        mock.patch.object(boto3, "client", client_made_once),
        cognito_wire.installed(fake, sts, cloudformation=stacks),
        no_names_resolved(),
        levels_restored(),
    ):
        world = World(fake, sts, stacks, clock)
        put = sender.put if sends else world.keep
        with mortal(world), mock.patch.object(sender, "put", put), replies_spoiled(world), function_logged(world):
            yield world
    assert not fake.planned_faults, "A planned fault never came"
    assert not sts.planned_faults, "A planned fault never came"
    assert not stacks.planned_faults, "A planned fault never came"
    assert not world.raw_replies, "A planned fault never came"


def client_made_once(service: Any, **options: Any) -> Any:
    """Make a client of boto3; the function's own for Cognito and CloudFormation are made for all worlds at once.

    They hold nothing of them, and take longer to make than a test. Others count their retries.
    """
    if service in ("cognito-idp", "cloudformation") and options.keys() == {"region_name", "config"}:
        return _made_once(service, **options)
    return boto3.session.Session().client(service, **options)


@functools.cache
def _made_once(service: Any, **options: Any) -> object:
    return boto3.session.Session().client(service, **options)


def signed_url(moment: float) -> str:
    """Give a response URL that CloudFormation signed at this time, in seconds since 1970, for two hours."""
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))
    return f"{RESPONSE_URL}&X-Amz-Date={date}&X-Amz-Expires=7200"


@contextmanager
def mortal(world: World) -> Iterator[None]:
    """Let the process die between two calls, whomever they are for."""
    send = URLLib3Session.send

    def send_or_die(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        world.before_a_call()
        return send(session, request)

    with mock.patch.object(URLLib3Session, "send", send_or_die):
        yield


@contextmanager
def no_names_resolved() -> Iterator[None]:
    """Be a network in which no Region exists but those that botocore knows."""
    with mock.patch.object(socket, "getaddrinfo", side_effect=socket.gaierror(socket.EAI_NONAME, "not known")):
        yield


@contextmanager
def replies_spoiled(world: World) -> Iterator[None]:
    """Answer with the raw replies that a test has planned instead of the fake's, or with the fake's as it changes them.

    Both are something that Cognito's own code would never send.
    """
    reply_to = cognito_wire.reply_to

    def reply(fake: FakeCognito, target: str, body: bytes, region: str) -> cognito_wire.Reply:
        operation = target.rpartition(".")[2]
        plan = next((plan for plan in world.raw_replies if plan[0] == operation), None)
        if plan is None:
            return changed(operation, reply_to(fake, target, body, region))
        world.raw_replies.remove(plan)
        _, raw, after = plan
        if after:
            reply_to(fake, target, body, region)
        else:
            fake.calls.append(Call(operation, json.loads(body)))
        return cognito_wire.Reply(raw.status, {"Content-Type": "text/html"}, raw.body)

    def changed(operation: str, original: cognito_wire.Reply) -> cognito_wire.Reply:
        if world.on_reply is None or not original.body:
            return original
        content = json.loads(original.body)
        world.on_reply(operation, content)
        return original._replace(body=json.dumps(content).encode())

    with mock.patch.object(cognito_wire, "reply_to", reply):
        yield


@contextmanager
def levels_restored() -> Iterator[None]:
    """Undo what setting up the function does to the levels of loggers: crhelper sets the root's."""
    names = ("", "boto3", "botocore", "urllib3", "crhelper", logger.name)
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@contextmanager
def function_logged(world: World) -> Iterator[None]:
    """Keep what the function logs, at DEBUG, as it prints it."""
    kept = logging.StreamHandler(world.logged)
    kept.setFormatter(logger.registered_formatter)
    function = logging.getLogger(logger.name)
    for each in (logging.getLogger(), function):
        each.setLevel(logging.DEBUG)
    function.addHandler(kept)
    yield
    function.removeHandler(kept)
