"""The function that looks for drift, deployed as template.yaml says: its schedule, its role, its events."""

from __future__ import annotations

import io
import json
import os
import time
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import pytest

from tests.stack.examples import WEB
from tools.deployed import drift, orphans, plan
from tools.local_aws.ministack import PROVIDER, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.local_aws.ministack import LocalAws, Stack

WATCHFUL = "watchful"
WAIT_SECONDS = 30
HEAL = ("      Refresh: !Ref Refresh\n", "      Refresh: !Ref Refresh\n      DriftAction: heal\n")
OURS = (f"{PROVIDER}:ServiceToken", f"{WATCHFUL}:ServiceToken")


@pytest.fixture(scope="module")
def watchful(aws: LocalAws) -> dict[str, str]:
    """Deploy a provider that looks for drift, and return its outputs."""
    aws.deploy_provider(WATCHFUL, DriftSchedule="rate(1 day)", DriftEvents="true")
    return aws.stack(WATCHFUL).outputs()


@pytest.fixture(scope="module")
def queue(aws: LocalAws) -> Iterator[tuple[Any, str]]:
    """Give a queue that gets the function's events."""
    queues, events = aws.client("sqs"), aws.client("events")
    url = queues.create_queue(QueueName="drift")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="drift", EventPattern=json.dumps({"source": ["user-pool-client"]}))
    events.put_targets(Rule="drift", Targets=[{"Id": "queue", "Arn": arn}])
    yield queues, url
    queues.close()


def received(queue: tuple[Any, str]) -> dict[str, Any]:
    queues, url = queue
    late = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < late:
        for message in queues.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            event: dict[str, Any] = json.loads(message["Body"])
            return event
    raise AssertionError("There came no event")


def look(aws: LocalAws, watchful: dict[str, str], event: dict[str, Any] | None = None) -> None:
    payload = json.dumps(event or {}).encode()
    answer: Any = aws.functions.invoke(FunctionName=watchful["DriftFunctionName"], Payload=payload)
    assert "FunctionError" not in answer, answer["Payload"].read()


def created(stack: Stack, *edits: tuple[str, str]) -> tuple[str, str]:
    stack.create(WEB.template(OURS, *edits))
    outputs = stack.outputs()
    return outputs["UserPoolId"], outputs["ClientId"]


def change(aws: LocalAws, pool: str, client: str) -> None:
    aws.cognito.update_user_pool_client(UserPoolId=pool, ClientId=client, PreventUserExistenceErrors="LEGACY")


def protection(aws: LocalAws, pool: str, client: str) -> str:
    found = aws.cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    return str(found["PreventUserExistenceErrors"])


def test_drift_is_reported_as_an_event_and_a_log_line(
    aws: LocalAws, watchful: dict[str, str], stack: Stack, queue: tuple[Any, str]
) -> None:
    pool, client = created(stack)
    change(aws, pool, client)

    look(aws, watchful)

    event = received(queue)
    assert (event["source"], event["detail-type"]) == ("user-pool-client", "Client drifted")
    assert event["detail"]["properties"] == {"PreventUserExistenceErrors": {"template": "ENABLED", "client": "LEGACY"}}
    assert (event["detail"]["client_id"], event["detail"]["logical_resource_id"]) == (client, "WebClient")
    assert any('"Client drifted"' in line for line in aws.function_log(WATCHFUL))
    assert protection(aws, pool, client) == "LEGACY"
    stack.delete()


def test_a_client_whose_template_says_heal_is_set_right(
    aws: LocalAws, watchful: dict[str, str], stack: Stack, queue: tuple[Any, str]
) -> None:
    pool, client = created(stack, HEAL)
    change(aws, pool, client)

    look(aws, watchful)

    assert received(queue)["detail-type"] == "Drift healed"
    assert protection(aws, pool, client) == "ENABLED"
    stack.delete()


def test_a_recorded_change_has_the_client_looked_at(
    aws: LocalAws, watchful: dict[str, str], stack: Stack, queue: tuple[Any, str]
) -> None:
    pool, client = created(stack)
    change(aws, pool, client)
    detail = {
        "eventSource": "cognito-idp.amazonaws.com",
        "eventName": "UpdateUserPoolClient",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::000000000000:user/jo"},
        "requestParameters": {"userPoolId": pool, "clientId": client},
    }
    # Nobody but AWS may send such an event, so what the rule does is tried in two steps.
    event = {
        "id": "1",
        "account": "000000000000",
        "source": "aws.cognito-idp",
        "time": "2026-11-24T12:00:00Z",
        "region": REGION,
        "resources": [],
        "detail-type": "AWS API Call via CloudTrail",
        "detail": detail,
    }
    events = aws.client("events")
    patterns = [rule.get("EventPattern", "") for rule in events.list_rules()["Rules"]]
    (pattern,) = {one for one in patterns if "CloudTrail" in one}
    failed = {**event, "detail": {**detail, "errorCode": "AccessDenied"}}
    matches = [events.test_event_pattern(EventPattern=pattern, Event=json.dumps(one)) for one in (event, failed)]
    assert [one["Result"] for one in matches] == [True, False]
    look(aws, watchful, event)

    assert received(queue)["detail"]["changed_by"] == "arn:aws:iam::000000000000:user/jo"
    stack.delete()


def test_the_schedule_invokes_the_function(aws: LocalAws, watchful: dict[str, str]) -> None:
    events = aws.client("events")
    rules = [one["Name"] for one in events.list_rules()["Rules"] if one.get("ScheduleExpression") == "rate(1 day)"]

    targets = [one["Arn"] for name in rules for one in events.list_targets_by_rule(Rule=name)["Targets"]]

    assert watchful["DriftFunctionName"] in [arn.rpartition(":")[2] for arn in targets]


def test_the_commands_read_a_deployed_stack(
    aws: LocalAws, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.create(WEB.template())
    outputs = stack.outputs()
    pool, client = outputs["UserPoolId"], outputs["ClientId"]
    change(aws, pool, client)
    left = aws.cognito.create_user_pool_client(UserPoolId=pool, ClientName="left")["UserPoolClient"]["ClientId"]
    template = tmp_path / "new.yaml"
    template.write_text(WEB.template(("ClientName: web", "GenerateSecret: true")))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    environment = {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }

    def told(command: Any, *arguments: str) -> tuple[int, Any]:
        written = io.StringIO()
        with redirect_stdout(written), mock.patch.dict(os.environ, environment):
            status = command.main([*arguments, "--json"])
        return status, json.loads(written.getvalue())

    status, found = told(drift, "--stack", stack.id())
    assert (status, [one["properties"].keys() for one in found]) == (2, [{"PreventUserExistenceErrors"}])
    status, (planned,) = told(plan, "--stack", stack.id(), "--template", str(template))
    assert (status, planned["client_id"]) == (2, client)
    status, orphaned = told(orphans, "--pool", pool)
    # The local AWS finds no stack by the physical ID of a custom resource, so the stack's own client is shown as well.
    assert (status, left in [one["client_id"] for one in orphaned]) == (2, True)
    stack.delete()
