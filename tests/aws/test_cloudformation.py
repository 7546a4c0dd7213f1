"""What CloudFormation says of stacks, in our words; it is only asked, and never about another account's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.fakes.cloudformation import FakeCloudFormation
from tests.fakes.cognito import ApiError, FakeCognito
from tests.fakes.cognito_wire import installed
from user_pool_client.aws.calls import Caller
from user_pool_client.aws.cloudformation import Stacks
from user_pool_client.aws.sessions import ClientCache
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.errors import ProviderError, Refused, TryLater
from user_pool_client.domain.resource_status import ResourceStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.cognito import ConnectionFault

STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1"
EPOCH = 1_800_000_000.0


class Time:
    """A clock that only pauses move."""

    now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def wall(self) -> float:
        return EPOCH + self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def fake(time: Time) -> Iterator[FakeCloudFormation]:
    fake = FakeCloudFormation(clock=time.wall)
    with installed(FakeCognito(), cloudformation=fake):
        yield fake


def stacks(time: Time, *, own: bool = True, seconds: float = 60) -> Stacks:
    clock = Clock(lambda: time.now, time.sleep, time.wall)
    caller = Caller(ClientCache("us-east-1", clock), Deadline.after(seconds, clock), lambda **_success: None)
    return Stacks(caller, own)


def test_a_client_is_of_the_stack_that_has_it(fake: FakeCloudFormation, time: Time) -> None:
    fake.put(STACK, "WebClient", "client1")

    assert [stacks(time).stack_of(client_id) for client_id in ("client1", "client2")] == [STACK, None]


def test_what_does_not_exist_has_no_standing_and_no_beginning(fake: FakeCloudFormation, time: Time) -> None:
    fake.put(STACK, "WebClient", "client1")

    assert stacks(time).resource_status(STACK, "Other") == ResourceStatus()
    assert stacks(time).resource_status(f"{STACK}2", "WebClient") == ResourceStatus()
    assert stacks(time).operation_started_at(f"{STACK}2") is None


def test_a_resource_stands_as_cloudformation_says(fake: FakeCloudFormation, time: Time) -> None:
    fake.put(STACK, "WebClient", "client1", "UPDATE_COMPLETE")

    assert stacks(time).resource_status(STACK, "WebClient") == ResourceStatus(
        "UPDATE_COMPLETE", "client1", datetime.fromtimestamp(EPOCH, UTC)
    )


@pytest.mark.parametrize(
    ("operation", "began"),
    [("UPDATE_IN_PROGRESS", 100), ("DELETE_IN_PROGRESS", 0), ("ROLLBACK_IN_PROGRESS", 0)],
)
def test_an_operation_begins_with_a_creation_or_an_update_and_not_with_what_ends_it(
    fake: FakeCloudFormation, time: Time, operation: str, began: float
) -> None:
    fake.stack(STACK)
    time.now = 100
    fake.begin(STACK, operation)

    assert stacks(time).operation_started_at(STACK) == datetime.fromtimestamp(EPOCH + began, UTC)


@pytest.mark.parametrize(
    ("failure", "kind", "says"),
    [
        pytest.param(
            ApiError("AccessDenied", "User is not authorized", 403),
            Refused,
            "refused .* with AccessDenied",
            id="denied",
        ),
        pytest.param(
            ApiError("ValidationError", "1 validation error detected"), Refused, "1 validation error", id="invalid"
        ),
        pytest.param(ApiError("Throttling", "Rate exceeded"), TryLater, "with Throttling", id="throttled"),
        pytest.param(ApiError("InternalFailure", "", 500), TryLater, "with InternalFailure[.]", id="broken"),
        pytest.param("read-timeout", TryLater, "did not answer .*: ReadTimeoutError", id="silent"),
        pytest.param("connection-closed", TryLater, "did not answer .*: ConnectionClosedError", id="closed"),
    ],
)
def test_errors_are_told_as_what_to_do_about_them(
    fake: FakeCloudFormation, time: Time, failure: ApiError | ConnectionFault, kind: type[ProviderError], says: str
) -> None:
    fake.fail("*", failure, times=1000)

    with pytest.raises(kind, match=says) as raised:
        stacks(time).stack_of("client1")

    assert type(raised.value) is kind
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    permission = "DescribeStacks, DescribeStackResource and DescribeStackResources"
    assert (permission in raised.value.remedy) == (kind is Refused)


@pytest.mark.parametrize("failure", [ApiError("Throttling", "Rate exceeded"), "read-timeout"])
def test_what_may_pass_is_asked_again(
    fake: FakeCloudFormation, time: Time, failure: ApiError | ConnectionFault
) -> None:
    fake.put(STACK, "WebClient", "client1")
    fake.fail("*", failure, times=3)

    assert stacks(time).stack_of("client1") == STACK
    assert len(fake.calls) == 4


def test_it_is_asked_no_longer_than_the_work_has_time_or_than_was_said(fake: FakeCloudFormation, time: Time) -> None:
    fake.fail("*", ApiError("Throttling", "Rate exceeded"), times=1000)
    for within, at_most in ((float("inf"), 55.0), (10.0, 10.0)):
        began = time.now
        with pytest.raises(TryLater):
            stacks(time, seconds=60).resource_status(STACK, "WebClient", within=within)
        assert time.now - began <= at_most


def test_of_another_accounts_stacks_nothing_is_asked(fake: FakeCloudFormation, time: Time) -> None:
    theirs = stacks(time, own=False)
    for ask in (
        lambda: theirs.stack_of("client1"),
        lambda: theirs.resource_status(STACK, "WebClient"),
        lambda: theirs.operation_started_at(STACK),
    ):
        with pytest.raises(Refused, match="in another account"):
            ask()

    assert fake.calls == []


def test_properties_are_not_told_to_cloudformation(fake: FakeCloudFormation, time: Time) -> None:
    fake.put(STACK, "WebClient", "client1")
    stacks(time).stack_of("client1")
    stacks(time).resource_status(STACK, "WebClient")
    stacks(time).operation_started_at(STACK)

    assert {name for call in fake.calls for name in call.params} == {
        "PhysicalResourceId",
        "StackName",
        "LogicalResourceId",
    }
