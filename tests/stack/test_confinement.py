"""What the parameters of template.yaml confine the functions to: all of it is off unless it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tools.intrinsics import Scope
from tools.local_aws.ministack import ROOT, LocalAwsError
from tools.template_text import Template

if TYPE_CHECKING:
    from tools.local_aws.ministack import LocalAws

BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
SECRETS = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/*"
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "user-pool-client",
    "AWS::URLSuffix": "amazonaws.com",
}
FUNCTIONS = ("UserPoolClientFunction", "RotationFunction", "DriftFunction")
ROLES = ("Role", "RotationRole", "DriftRole")


def properties(resource: str, **parameters: str) -> dict[str, Any]:
    """Return a resource's properties as they come out with these parameters, as far as no deployment is needed."""
    template = Template.read((ROOT / "template.yaml").read_text()).data
    attributes = {"LogGroup.Arn": "log", "Journal.Arn": "journal", "FailureQueue.Arn": "queue"}
    scope = Scope(template, parameters, PSEUDO, attributes=attributes)
    return scope.properties(template["Resources"][resource]["Properties"])[0]


def statements(role: str, policy: str, **parameters: str) -> list[dict[str, Any]]:
    found = {one["PolicyName"]: one for one in properties(role, **parameters)["Policies"]}
    return [] if policy not in found else found[policy]["PolicyDocument"]["Statement"]


@pytest.mark.parametrize("resource", [*FUNCTIONS, *ROLES])
def test_unless_it_is_asked_for_nothing_is_confined(resource: str) -> None:
    found = properties(resource)

    assert not found.keys() & {"ReservedConcurrentExecutions", "VpcConfig", "PermissionsBoundary"}
    if resource in ROLES:
        assert not {policy["PolicyName"] for policy in found["Policies"]} & {"Keys", "Vpc"}


def test_a_flood_of_requests_does_not_use_up_the_accounts_concurrency() -> None:
    assert properties("UserPoolClientFunction", ReservedConcurrency="7")["ReservedConcurrentExecutions"] == "7"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_somebody_widens_stays_within_its_boundary(role: str) -> None:
    assert properties(role, PermissionsBoundary=BOUNDARY)["PermissionsBoundary"] == BOUNDARY


@pytest.mark.parametrize("role", [role for role in ROLES if role != "DriftRole"])
def test_a_key_decrypts_nothing_but_secrets_that_the_function_may_use(role: str) -> None:
    (statement,) = statements(role, "Keys", KmsKeyArns=KEY, SecretArns=SECRETS)

    assert statement == {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": [KEY],
        "Condition": {
            "StringLike": {
                "kms:ViaService": "secretsmanager.*.amazonaws.com",
                "kms:EncryptionContext:SecretARN": [SECRETS],
            }
        },
    }


def test_two_functions_for_two_teams_share_no_secret_unless_they_are_told_to() -> None:
    (statement,) = statements("Role", "Secrets")

    assert statement["Resource"] == "arn:aws:secretsmanager:*:123456789012:secret:user-pool-client/*"
    assert statement["Condition"] == {"StringEquals": {"aws:ResourceAccount": "123456789012"}}
    (named,) = statements("Role", "Secrets", SecretArns=SECRETS)
    assert named["Resource"] == [SECRETS]


def test_where_no_secrets_are_named_a_key_decrypts_those_under_the_name_of_the_stack() -> None:
    (statement,) = statements("Role", "Keys", KmsKeyArns=KEY)

    context = statement["Condition"]["StringLike"]["kms:EncryptionContext:SecretARN"]
    assert context == "arn:aws:secretsmanager:*:123456789012:secret:user-pool-client/*"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_in_a_vpc_is_in_these_subnets_and_groups_alone(function: str) -> None:
    found = properties(function, VpcSubnetIds="subnet-0a,subnet-0b", VpcSecurityGroupIds="sg-0a")

    assert found["VpcConfig"] == {"SubnetIds": ["subnet-0a", "subnet-0b"], "SecurityGroupIds": ["sg-0a"]}


@pytest.mark.parametrize("role", ROLES)
def test_code_that_runs_in_a_function_of_a_vpc_changes_no_network(role: str) -> None:
    lambdas, codes = statements(role, "Vpc", VpcSubnetIds="subnet-0a", VpcSecurityGroupIds="sg-0a")

    assert lambdas["Effect"] == "Allow"
    assert all(action.startswith("ec2:") for action in lambdas["Action"])
    assert codes == {
        "Effect": "Deny",
        "Action": "ec2:*",
        "Resource": "*",
        "Condition": {
            "ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:*"},
        },
    }


@pytest.mark.parametrize(
    "half", [{"VpcSubnetIds": "subnet-0a"}, {"VpcSecurityGroupIds": "sg-0a"}], ids=["subnets", "groups"]
)
def test_half_a_vpc_is_refused_before_anything_is_deployed(aws: LocalAws, half: dict[str, str]) -> None:
    with pytest.raises(LocalAwsError, match="VpcSubnetIds and VpcSecurityGroupIds belong together"):
        aws.deploy_provider("half", **half)

    stacks = aws.cloudformation.describe_stacks()["Stacks"]
    assert {stack["StackStatus"] for stack in stacks if stack["StackName"] == "half"} <= {"REVIEW_IN_PROGRESS"}
