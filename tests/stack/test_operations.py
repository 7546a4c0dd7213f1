"""What the parameters of template.yaml turn on to watch the provider, and how it is packed for others."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

from tests.canaries import OWN_SECRET
from tests.stack.test_provider import Loader
from tools.local_aws.ministack import PROVIDER, REGION, ROOT

if TYPE_CHECKING:
    from tools.local_aws.ministack import LocalAws

WATCHED, OVER_HTTP = "watched", "over-http"
TOPIC = f"arn:aws:sns:{REGION}:000000000000:on-call"
READER = "arn:aws:iam::000000000000:user/on-call"
ALL_ON = {
    "AlarmTopicArn": TOPIC,
    "FailureQueueReaderArn": READER,
    "Dashboard": "true",
    "XRay": "true",
    "DriftSchedule": "rate(1 day)",
    "DriftEvents": "true",
}
WAIT_SECONDS = 20


@pytest.fixture(scope="module")
def watched(aws: LocalAws) -> dict[str, str]:
    """Deploy a second provider with all that there is to turn on, and return its outputs."""
    aws.deploy_provider(WATCHED, **ALL_ON)
    return aws.stack(WATCHED).outputs()


def resources(aws: LocalAws, name: str) -> dict[str, str]:
    found = aws.cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    return {resource["LogicalResourceId"]: resource["ResourceType"] for resource in found}


def policies(aws: LocalAws, role_arn: str) -> set[str]:
    return {*aws.iam.list_role_policies(RoleName=role_arn.rpartition("/")[2])["PolicyNames"]}


def statements(aws: LocalAws, role_arn: str, policy: str) -> list[Any]:
    role = role_arn.rpartition("/")[2]
    document: Any = aws.iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    found: list[Any] = document["Statement"]
    return found


def queues_for(aws: LocalAws, user: str) -> Any:
    """Return a client of the queues for a user who may do everything with all of them.

    No role: aws:PrincipalArn, on AWS the role's, is the session's here.
    """
    rights = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    aws.iam.create_user(UserName=user)
    aws.iam.put_user_policy(
        UserName=user,
        PolicyName="queues",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [rights]}),
    )
    key = aws.iam.create_access_key(UserName=user)["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
    return session.client("sqs", endpoint_url=aws.endpoint)


def received(queues: Any, url: str) -> str:
    """Wait for a message, and leave it in its queue."""
    late = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < late:
        for message in queues.receive_message(QueueUrl=url, WaitTimeSeconds=1, VisibilityTimeout=0).get("Messages", []):
            body: str = message["Body"]
            return body
    raise AssertionError("There came no message")


def test_nothing_to_watch_is_made_unless_it_is_asked_for(aws: LocalAws) -> None:
    made = {kind.rpartition("::")[0] for kind in resources(aws, PROVIDER).values()}
    outputs = aws.stack(PROVIDER).outputs()

    assert made == {"AWS::DynamoDB", "AWS::IAM", "AWS::Lambda", "AWS::Logs"}
    assert not outputs.keys() & {"FailureQueueUrl", "DashboardName", "DriftRoleArn", "DriftFunctionName"}
    for role in ("RoleArn", "RotationRoleArn"):
        assert not policies(aws, outputs[role]) & {"Tracing", "FailureQueue", "Keys", "Vpc"}
    for function in ("ServiceToken", "RotationFunctionArn"):
        tracing = aws.functions.get_function_configuration(FunctionName=outputs[function])["TracingConfig"]
        assert tracing == {"Mode": "PassThrough"}


def test_tracing_lets_both_functions_send_traces_and_nothing_else(aws: LocalAws, watched: dict[str, str]) -> None:
    for function in ("ServiceToken", "RotationFunctionArn"):
        tracing = aws.functions.get_function_configuration(FunctionName=watched[function])["TracingConfig"]
        assert tracing == {"Mode": "Active"}

    assert policies(aws, watched["RoleArn"]) >= {"Tracing", "FailureQueue"}
    assert "FailureQueue" not in policies(aws, watched["RotationRoleArn"])
    for role in ("RoleArn", "RotationRoleArn"):
        (statement,) = statements(aws, watched[role], "Tracing")
        assert statement["Action"] == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]


def test_every_alarm_is_sent_to_the_topic_and_none_is_raised_for_want_of_data(
    aws: LocalAws, watched: dict[str, str]
) -> None:
    assert watched
    with closing(aws.client("cloudwatch")) as cloudwatch:
        alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{WATCHED}-")["MetricAlarms"]

    assert len(alarms) == sum(kind == "AWS::CloudWatch::Alarm" for kind in resources(aws, WATCHED).values()) > 0
    for alarm in alarms:
        assert alarm["AlarmActions"] == [TOPIC]
        assert alarm["TreatMissingData"] == "notBreaching"
        assert WATCHED in alarm["Dimensions"][0]["Value"]
        assert alarm["AlarmDescription"]


def test_the_dashboard_shows_this_stack(aws: LocalAws, watched: dict[str, str]) -> None:
    with closing(aws.client("cloudwatch")) as cloudwatch:
        body = cloudwatch.get_dashboard(DashboardName=watched["DashboardName"])["DashboardBody"]

    metrics = [metric for widget in json.loads(body)["widgets"] for metric in widget["properties"].get("metrics", [])]
    assert {metric[0] for metric in metrics} == {"UserPoolClient", "AWS/Lambda"}
    assert all(metric[3].startswith(WATCHED) for metric in metrics)
    assert "${" not in body
    assert f"SOURCE '{watched['LogGroup']}'" in body


@pytest.fixture(scope="module")
def over_http(aws: LocalAws, watched: dict[str, str]) -> dict[str, str]:
    """Deploy a third provider, whose queue can be reached without HTTPS: the local AWS has none."""
    assert watched
    template: Any = aws.cloudformation.get_template(StackName=WATCHED, TemplateStage="Processed")["TemplateBody"]
    policy = template["Resources"]["FailureQueuePolicy"]["Properties"]["PolicyDocument"]
    policy["Statement"] = [one for one in policy["Statement"] if one["Sid"] != "OnlyEncrypted"]
    stack = aws.stack(OVER_HTTP)
    stack.create(json.dumps(template), {"FailureQueueReaderArn": READER, "Architecture": architecture(aws)})
    return stack.outputs()


def architecture(aws: LocalAws) -> str:
    """Return the architecture that the provider was deployed for: this machine's."""
    token = aws.stack(PROVIDER).outputs()["ServiceToken"]
    return aws.functions.get_function_configuration(FunctionName=token)["Architectures"][0]


def test_a_dropped_request_comes_into_the_queue_and_only_its_reader_can_receive_it(
    aws: LocalAws, over_http: dict[str, str]
) -> None:
    request = {
        "RequestType": "Create",
        "ResponseURL": "https://example.com/not-cloudformation",
        "StackId": "arn:aws:cloudformation:us-east-1:000000000000:stack/shop/1",
        "RequestId": "1",
        "LogicalResourceId": "WebClient",
        "ResourceProperties": {"ClientSecret": OWN_SECRET},
    }
    url = over_http["FailureQueueUrl"]

    answer = aws.functions.invoke(
        FunctionName=over_http["ServiceToken"], InvocationType="Event", Payload=json.dumps(request).encode()
    )

    assert answer["StatusCode"] == 202
    with closing(queues_for(aws, "on-call")) as reader:
        attributes = reader.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        message = received(reader, url)
    assert (attributes["MessageRetentionPeriod"], attributes["SqsManagedSseEnabled"]) == ("3600", "true")
    assert json.loads(attributes["RedriveAllowPolicy"]) == {"redrivePermission": "denyAll"}
    assert json.loads(message)["requestPayload"] == request
    for curious in (queues_for(aws, "curious"), aws.client("sqs")):
        with closing(curious), pytest.raises(ClientError, match="AccessDenied"):
            curious.receive_message(QueueUrl=url)
    log = aws.function_log(OVER_HTTP)
    lines = [json.loads(line) for line in log if '"No answer"' in line]  # one for each try of Lambda's
    assert {(line["service"], line["stack_id"]) for line in lines} == {(OVER_HTTP, request["StackId"])}
    assert not [line for line in log if OWN_SECRET in line or "not-cloudformation" in line]


def test_whoever_listens_on_the_network_gets_nothing_of_the_failure_queue(
    aws: LocalAws, watched: dict[str, str]
) -> None:
    url = watched["FailureQueueUrl"]
    assert aws.endpoint.startswith("http://")
    with closing(queues_for(aws, "on-call-without-https")) as reader:
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.receive_message(QueueUrl=url)
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.send_message(QueueUrl=url, MessageBody="{}")


def test_sam_package_packs_the_functions_the_licence_and_the_readme(aws: LocalAws) -> None:
    bucket = "artifacts-of-the-test"
    packaged = aws.directory / "packaged.yaml"
    with closing(aws.client("s3")) as s3:
        s3.create_bucket(Bucket=bucket)

        aws.sam(
            *("package", "--template-file", aws.directory / "build" / "template.yaml"),
            *("--s3-bucket", bucket, "--output-template-file", packaged),
        )

        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        content = {f"s3://{bucket}/{key}": s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
    template = yaml.load(packaged.read_text(), Loader)  # noqa: S506 - a SafeLoader
    for function in ("UserPoolClientFunction", "RotationFunction", "DriftFunction"):
        assert content[template["Resources"][function]["Properties"]["CodeUri"]].startswith(b"PK")
    application = template["Metadata"]["AWS::ServerlessRepo::Application"]
    assert content[application["LicenseUrl"]] == (ROOT / "LICENSE").read_bytes()
    assert content[application["ReadmeUrl"]] == (ROOT / "README.md").read_bytes()
