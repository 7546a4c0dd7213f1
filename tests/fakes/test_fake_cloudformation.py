"""The fake of CloudFormation, behind the real boto3."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.fakes.cloudformation import FakeCloudFormation
from tests.fakes.cognito import ApiError, FakeCognito
from tests.fakes.cognito_wire import installed
from tests.given import CLIENT_ID, STACK_ID, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_cloudformation import CloudFormationClient

NOW = 1_800_000_000.0


@pytest.fixture
def fake() -> Iterator[FakeCloudFormation]:
    fake = FakeCloudFormation(clock=lambda: NOW)
    with installed(FakeCognito(), cloudformation=fake):
        yield fake


@pytest.fixture
def stacks(fake: FakeCloudFormation) -> CloudFormationClient:
    assert not fake.stacks
    return boto3.client("cloudformation", region_name="us-east-1", config=Config(retries={"total_max_attempts": 1}))


def answer(status: str = "SUCCESS", physical_id: str = CLIENT_ID) -> bytes:
    sent = event("Create")
    ids = {name: sent[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    return json.dumps({"Status": status, "PhysicalResourceId": physical_id, **ids}).encode()


def test_a_resource_is_awaited_until_it_is_answered(fake: FakeCloudFormation, stacks: CloudFormationClient) -> None:
    fake.send(event("Create"))
    before = stacks.describe_stack_resource(StackName=STACK_ID, LogicalResourceId="WebClient")["StackResourceDetail"]
    heard = fake.hear(answer())
    after = stacks.describe_stack_resource(StackName=STACK_ID, LogicalResourceId="WebClient")["StackResourceDetail"]

    assert (before["ResourceStatus"], "PhysicalResourceId" in before) == ("CREATE_IN_PROGRESS", False)
    assert before["LastUpdatedTimestamp"] == datetime.fromtimestamp(NOW, UTC)
    assert (heard, after["ResourceStatus"], after["PhysicalResourceId"]) == (True, "CREATE_COMPLETE", CLIENT_ID)


def test_only_the_first_answer_counts(fake: FakeCloudFormation) -> None:
    fake.send(event("Create"))

    assert [fake.hear(answer()), fake.hear(answer("FAILED"))] == [True, False]


def test_the_stack_of_a_physical_id_is_told(fake: FakeCloudFormation, stacks: CloudFormationClient) -> None:
    fake.put(STACK_ID, "WebClient", CLIENT_ID)

    shown = stacks.describe_stack_resources(PhysicalResourceId=CLIENT_ID)["StackResources"]

    assert [resource["StackId"] for resource in shown] == [STACK_ID]


def test_what_does_not_exist_is_refused_in_cloudformations_words(
    fake: FakeCloudFormation, stacks: CloudFormationClient
) -> None:
    with pytest.raises(ClientError, match="Stack with id nowhere does not exist"):
        stacks.describe_stacks(StackName="nowhere")
    with pytest.raises(ClientError, match=f"Stack for {CLIENT_ID} does not exist"):
        stacks.describe_stack_resources(PhysicalResourceId=CLIENT_ID)
    fake.put(STACK_ID, "WebClient", CLIENT_ID, "DELETE_COMPLETE")
    with pytest.raises(ClientError, match="Resource WebClient does not exist for stack"):
        stacks.describe_stack_resource(StackName=STACK_ID, LogicalResourceId="WebClient")
    with pytest.raises(ClientError, match="does not exist"):
        stacks.describe_stack_resources(PhysicalResourceId=CLIENT_ID)


def test_the_times_of_a_stack_are_told(fake: FakeCloudFormation, stacks: CloudFormationClient) -> None:
    fake.begin(STACK_ID, "ROLLBACK_IN_PROGRESS")

    (shown,) = stacks.describe_stacks(StackName=STACK_ID)["Stacks"]

    assert {"CreationTime", "DeletionTime"} <= shown.keys()
    assert "LastUpdatedTime" not in shown


def test_it_fails_as_planned(fake: FakeCloudFormation, stacks: CloudFormationClient) -> None:
    fake.stack(STACK_ID)
    fake.fail("DescribeStacks", ApiError("Throttling", "Rate exceeded"))
    fake.fail("*", "read-timeout")
    fake.denied = {"DescribeStacks"}

    with pytest.raises(ClientError, match="Throttling"):
        stacks.describe_stacks(StackName=STACK_ID)
    with pytest.raises(ReadTimeoutError):
        stacks.describe_stacks(StackName=STACK_ID)
    with pytest.raises(ClientError, match=r"not authorized to perform: cloudformation:DescribeStacks"):
        stacks.describe_stacks(StackName=STACK_ID)
