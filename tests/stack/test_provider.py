"""template.yaml, and what the deployed function may do and tells."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, get_protocol_members

import pytest
import yaml

from tests.stack.examples import CONSUMER, MACHINE, SERVER, Example
from tools.generate.reference import CloudFormationLoader
from tools.local_aws.ministack import PROVIDER, ROOT, StackFailed
from user_pool_client.aws import dynamodb
from user_pool_client.aws.cloudformation import CLOUDFORMATION
from user_pool_client.aws.cognito import COGNITO, OF_DRIFT, OF_ROTATIONS, AppClients
from user_pool_client.aws.dynamodb import DYNAMODB
from user_pool_client.aws.eventbridge import EVENTBRIDGE, SOURCE
from user_pool_client.aws.secrets_manager import SECRETS_MANAGER
from user_pool_client.operations import ports

if TYPE_CHECKING:
    from tools.local_aws.ministack import LocalAws, Stack
    from user_pool_client.aws.calls import Service


LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}


def actions(service: Service) -> set[str]:
    return {f"{service.name}:{operation}" for operation in service.operations}


SECRETS = actions(SECRETS_MANAGER)
# A transaction needs what its parts need, and only in one is an item deleted:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
JOURNAL = actions(DYNAMODB) - {"dynamodb:TransactWriteItems", "dynamodb:Scan"} | {"dynamodb:DeleteItem"}


# A rotation's part of the journal.
NOTES = {"dynamodb:GetItem", "dynamodb:PutItem"}


class Loader(yaml.SafeLoader):
    """Read CloudFormation's YAML; what an intrinsic function would give is none of these tests' business."""


Loader.add_multi_constructor("!", lambda _loader, tag, _node: f"!{tag}")


def allowed_actions(role: str) -> set[str]:
    return {action for statement in statements(role) for action in statement["Action"]}


def statements(role: str) -> list[dict[str, Any]]:
    """Return what a role is allowed by the policies in it and by those beside it, as far as they are always there."""
    template = yaml.load((ROOT / "template.yaml").read_text(), CloudFormationLoader)  # noqa: S506 - a SafeLoader
    resources = template["Resources"]
    beside = [one["Properties"] for one in resources.values() if role in one["Properties"].get("Roles", [])]
    policies = [*resources[role]["Properties"]["Policies"], *beside]
    return [
        statement
        for policy in policies
        if isinstance(policy, dict)
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_sam_finds_nothing_wrong_with_the_template(bare_aws: LocalAws) -> None:
    assert "is a valid SAM Template" in bare_aws.sam("validate", "--lint")


def test_the_role_allows_the_calls_that_the_code_makes_and_no_others() -> None:
    assert allowed_actions("Role") == actions(COGNITO) | actions(CLOUDFORMATION) | SECRETS | JOURNAL | LOGS


def test_the_role_of_the_rotation_allows_the_calls_that_the_code_makes_and_no_others() -> None:
    members = (getattr(AppClients, name) for name in get_protocol_members(ports.ClientSecrets))
    operations = [re.findall(r'_call\(\s*"(\w+)"', inspect.getsource(member)) for member in members]

    assert all(operations)
    calls = {f"cognito-idp:{operation}" for found in operations for operation in found}
    assert allowed_actions("RotationRole") == calls | SECRETS | NOTES | LOGS


def test_the_rotation_touches_no_secret_that_another_function_rotates_and_no_note_of_the_other_function() -> None:
    limits = {
        "secretsmanager": {
            "StringEquals": {
                "aws:ResourceAccount": "AWS::AccountId",
                "secretsmanager:resource/AllowRotationLambdaArn": "RotationFunction.Arn",
            }
        },
        "dynamodb": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["rotation#*"]}},
    }

    for statement in statements("RotationRole"):
        for service in {action.partition(":")[0] for action in statement["Action"]}:
            assert statement.get("Condition") == limits.get(service), service
    assert dynamodb._rotation_key("pool", "client")["pk"]["S"].startswith("rotation#")


def test_a_role_that_a_rotation_assumes_is_narrowed_to_the_same_calls() -> None:
    allowed = {action for action in allowed_actions("RotationRole") if action.startswith("cognito-idp:")}

    assert {f"cognito-idp:{operation}" for operation in OF_ROTATIONS} == allowed


@pytest.mark.parametrize("role", ["Role", "RotationRole"])
def test_no_wildcard_reaches_a_secret_or_a_user_pool_of_another_account(role: str) -> None:
    """An ARN of SecretArns may have * as its account, and the parameter of a user pool may be * alone."""
    for statement in statements(role):
        services = {action.partition(":")[0] for action in statement["Action"]}
        if services == {"secretsmanager"}:
            own, named = statement["Resource"][1:]
            assert own == "arn:${AWS::Partition}:secretsmanager:*:${AWS::AccountId}:secret:${AWS::StackName}/*"
            assert named == "SecretArns"
            assert statement["Condition"]["StringEquals"]["aws:ResourceAccount"] == "AWS::AccountId"
        if services == {"cognito-idp"}:
            every, named = statement["Resource"][1:]
            assert every == "arn:${AWS::Partition}:cognito-idp:*:${AWS::AccountId}:userpool/*"
            assert named == "UserPoolArns"


def test_the_role_of_drift_allows_what_its_code_needs_and_neither_creates_nor_deletes() -> None:
    cognito = {f"cognito-idp:{operation}" for operation in OF_DRIFT}
    stacks = {"cloudformation:DescribeStacks", "cloudformation:DescribeStackResource"}
    journal = {"dynamodb:Scan", "dynamodb:GetItem", "dynamodb:UpdateItem"}

    assert allowed_actions("DriftRole") == cognito | stacks | journal | actions(EVENTBRIDGE) | LOGS
    assert not {
        name
        for name in OF_DRIFT
        if name.startswith("Delete") or name in ("CreateUserPoolClient", "AddUserPoolClientSecret")
    }
    (limited,) = [one for one in statements("DriftRole") if "dynamodb:UpdateItem" in one["Action"]]
    keys = limited["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert not any(key.startswith("rotation") for key in keys)
    (events,) = [one for one in statements("DriftRole") if "events:PutEvents" in one["Action"]]
    assert events["Condition"] == {"StringEqualsIfExists": {"events:source": SOURCE}}


def test_sam_deploy_finds_its_defaults_in_samconfig(aws: LocalAws) -> None:
    said = aws.sam(
        *("deploy", "--template-file", aws.directory / "build" / "template.yaml"),
        *("--config-file", ROOT / "samconfig.toml", "--config-env", "default"),
        *("--no-confirm-changeset", "--no-execute-changeset"),
    )

    assert f"Stack name                   : {PROVIDER}" in said
    assert 'Capabilities                 : ["CAPABILITY_IAM"]' in said


def test_the_function_touches_no_user_pool_but_those_that_the_parameter_lists(aws: LocalAws, stack: Stack) -> None:
    elsewhere = [f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_{pool}" for pool in ("One", "Two")]
    aws.deploy_provider("narrow", UserPoolArns=",".join(elsewhere))

    with pytest.raises(StackFailed, match="ROLLBACK_COMPLETE") as failed:
        stack.create(CONSUMER.template((f"{PROVIDER}:ServiceToken", "narrow:ServiceToken")))

    assert "Cognito refused CreateUserPoolClient with AccessDenied" in str(failed.value)
    assert "UserPoolArns" in str(failed.value)


@pytest.mark.parametrize("example", [SERVER, MACHINE], ids=str)
def test_the_secret_is_in_no_log_no_event_and_no_output(aws: LocalAws, stack: Stack, example: Example) -> None:
    stack.create(example.template())
    outputs = stack.outputs()
    secret = aws.cognito.describe_user_pool_client(UserPoolId=outputs["UserPoolId"], ClientId=outputs["ClientId"])[
        "UserPoolClient"
    ]["ClientSecret"]
    assert secret in aws.secrets.get_secret_value(SecretId=outputs["Credentials"])["SecretString"]
    stack.update(example.template(example.change))
    with pytest.raises(StackFailed):
        stack.update(example.template(example.breakage))
    told = [*stack.outputs().values(), *(event.reason for event in stack.events())]
    stack.delete()

    log = aws.function_log()
    assert any(outputs["ClientId"] in line for line in log)
    assert not [line for line in [*told, *log] if secret in line]


def test_the_url_of_the_answer_is_in_no_log(aws: LocalAws, stack: Stack) -> None:
    stack.create(CONSUMER.template())

    log = aws.function_log()
    assert any(stack.outputs()["ClientId"] in line for line in log)
    assert not [line for line in log if "/_ministack/cfn-response/" in line]
