"""Secrets that are kept in Secrets Manager, as far as the local AWS goes: it has no second secret of a client.

Nor does it know AWS::SecretsManager::RotationSchedule; sam and cfn-lint do.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OWN_SECRET
from tests.stack.examples import edited
from tools.local_aws.ministack import PROVIDER, ROOT, StackFailed

if TYPE_CHECKING:
    from tools.local_aws.ministack import LocalAws, Stack

README = ROOT / "README.md"
WHOLE = (ROOT / "examples" / "rotated-secret.yaml").read_text()
SCHEDULE = WHOLE[WHOLE.index("  Rotation:\n") : WHOLE.index("  Domain:\n")]
ROTATED = WHOLE.replace(SCHEDULE, "")
OWN = (ROOT / "examples" / "own-secret.yaml").read_text()
NO_DOMAIN = ROTATED[ROTATED.index("  Domain:\n") : ROTATED.index("  UserPool:\n")]


def kept(aws: LocalAws, secret_id: str, stage: str = "AWSCURRENT") -> dict[str, str]:
    value: dict[str, str] = json.loads(
        aws.secrets.get_secret_value(SecretId=secret_id, VersionStage=stage)["SecretString"]
    )
    return value


def shown(aws: LocalAws, stack: Stack) -> dict[str, Any]:
    outputs = stack.outputs()
    found = aws.cognito.describe_user_pool_client(UserPoolId=outputs["UserPoolId"], ClientId=outputs["ClientId"])
    return {**found["UserPoolClient"]}


def test_the_secret_of_a_client_is_kept_with_all_that_a_program_needs(aws: LocalAws, stack: Stack) -> None:
    stack.create(ROTATED)

    client, outputs = shown(aws, stack), stack.outputs()
    domain = stack.physical_id("Domain")
    assert kept(aws, outputs["Credentials"]) == {
        "client_id": outputs["ClientId"],
        "client_secret": client["ClientSecret"],
        "user_pool_id": outputs["UserPoolId"],
        "issuer": f"https://cognito-idp.us-east-1.amazonaws.com/{outputs['UserPoolId']}",
        "discovery_url": f"https://cognito-idp.us-east-1.amazonaws.com/{outputs['UserPoolId']}/.well-known/openid-configuration",
        "token_endpoint": f"https://{domain}.auth.us-east-1.amazoncognito.com/oauth2/token",
    }


def test_the_first_stack_of_the_readme_is_made(aws: LocalAws, stack: Stack) -> None:
    (first,) = re.findall(r"^```yaml\n(AWSTemplateFormatVersion.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)

    stack.create(first)

    assert kept(aws, "user-pool-client/first")["client_id"] == stack.outputs()["ClientId"]


def test_a_kept_secret_is_in_no_output_no_event_and_no_log(aws: LocalAws, stack: Stack) -> None:
    stack.create(ROTATED)
    secret = shown(aws, stack)["ClientSecret"]
    stack.update(edited(ROTATED, ("ClientName: web", "ClientName: site")))
    with pytest.raises(StackFailed):
        stack.update(edited(ROTATED, ("AllowedOAuthFlows: [code]", "AllowedOAuthFlows: [client_credentials, code]")))
    told = [*stack.outputs().values(), *(event.reason for event in stack.events()), *aws.function_log()]
    stack.delete()

    told += aws.function_log()
    assert any("kept_as" in line for line in told)
    assert not [line for line in told if secret in line]


def test_a_kept_secret_is_no_attribute(stack: Stack) -> None:
    asks = edited(ROTATED, ("\nOutputs:\n", "\nOutputs:\n  Secret: {Value: !GetAtt WebClient.ClientSecret}\n"))

    with pytest.raises(StackFailed, match="ClientSecret"):
        stack.create(asks)


def test_an_update_writes_the_secret_no_second_time(aws: LocalAws, stack: Stack) -> None:
    version = ("\nOutputs:\n", "\nOutputs:\n  Version: {Value: !GetAtt WebClient.SecretVersionId}\n")
    stack.create(edited(ROTATED, version))
    before = stack.outputs()

    stack.update(edited(ROTATED, version, ("ClientName: web", "ClientName: site")))

    assert stack.outputs() == before
    assert aws.secrets.get_secret_value(SecretId=before["Credentials"])["VersionId"] == before["Version"]


def test_the_secret_of_a_new_client_becomes_current_and_the_one_before_stays_beside_it(
    aws: LocalAws, stack: Stack
) -> None:
    stack.create(ROTATED)
    before = stack.outputs()
    other_pool = ("\nOutputs:", "\n  OtherPool:\n    Type: AWS::Cognito::UserPool\n\nOutputs:")

    stack.update(edited(ROTATED, ("UserPoolId: !Ref UserPool", "UserPoolId: !Ref OtherPool"), other_pool))

    after = stack.outputs()
    assert after["ClientId"] != before["ClientId"]
    assert kept(aws, after["Credentials"])["client_id"] == after["ClientId"]
    assert kept(aws, after["Credentials"], "AWSPREVIOUS")["client_id"] == before["ClientId"]


def test_a_secret_laid_there_before_that_cognito_would_not_take_is_refused_before_a_client_is_made(
    aws: LocalAws, stack: Stack
) -> None:
    # One that it would take, the local AWS drops: it does not know CreateUserPoolClient's ClientSecret.
    pool = aws.cognito.create_user_pool(PoolName="own")["UserPool"]["Id"]
    value = json.dumps({"client_secret": "too-short"})
    secret = aws.secrets.create_secret(Name=f"user-pool-client/{pool}", SecretString=value)

    with pytest.raises(StackFailed, match="SecretId: the client_secret in the secret that it names"):
        stack.create(OWN, {"UserPoolId": pool, "SecretId": secret["ARN"]})

    assert aws.cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"] == []
    assert aws.secrets.get_secret_value(SecretId=secret["ARN"])["SecretString"] == value


def test_a_secret_that_the_parameter_does_not_list_is_refused_before_a_client_is_made(
    aws: LocalAws, stack: Stack
) -> None:
    pool = aws.cognito.create_user_pool(PoolName="own")["UserPool"]["Id"]
    secret = aws.secrets.create_secret(Name=f"other/{pool}", SecretString=json.dumps({"client_secret": OWN_SECRET}))

    with pytest.raises(StackFailed, match=r"Secrets Manager refused GetSecretValue .* parameter SecretArns"):
        stack.create(OWN, {"UserPoolId": pool, "SecretId": secret["ARN"]})

    assert aws.cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"] == []


def test_the_rotation_function_is_exported_and_secrets_manager_may_invoke_it(aws: LocalAws) -> None:
    exports = {export["Name"]: export["Value"] for export in aws.cloudformation.list_exports()["Exports"]}
    arn = exports[f"{PROVIDER}:RotationFunctionArn"]

    (statement,) = json.loads(aws.functions.get_policy(FunctionName=arn)["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "secretsmanager.amazonaws.com"}
    assert aws.sts.get_caller_identity()["Account"] in json.dumps(statement["Condition"])


def test_a_rotation_that_cognito_refuses_changes_nothing_and_says_why(
    aws: LocalAws, stack: Stack, request: pytest.FixtureRequest
) -> None:
    stack.create(edited(ROTATED, (NO_DOMAIN, ""), ("    DependsOn: Domain\n", "")))
    secret_id, secret = stack.outputs()["Credentials"], shown(aws, stack)["ClientSecret"]
    token, pending = "0123456789abcdef" * 2, "f" * 32
    aws.secrets.put_secret_value(
        SecretId=secret_id, SecretString="{}", ClientRequestToken=pending, VersionStages=["AWSPENDING"]
    )
    before = aws.secrets.describe_secret(SecretId=secret_id)["VersionIdsToStages"]
    exports = {export["Name"]: export["Value"] for export in aws.cloudformation.list_exports()["Exports"]}

    def step(name: str, version: str) -> str:
        event = {"Step": name, "SecretId": secret_id, "ClientRequestToken": version}
        answer = aws.functions.invoke(
            FunctionName=exports[f"{PROVIDER}:RotationFunctionArn"], Payload=json.dumps(event).encode()
        )
        return answer["Payload"].read().decode()

    # Nobody rotates this secret, so the role may not even look at it; the local AWS does not know of any that does.
    assert "AccessDenied" in step("createSecret", pending)
    outputs = {
        one["OutputKey"]: one["OutputValue"]
        for one in aws.cloudformation.describe_stacks(StackName=PROVIDER)["Stacks"][0]["Outputs"]
    }
    role = outputs["RotationRoleArn"].rpartition("/")[2]
    statement = {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.iam.put_role_policy(RoleName=role, PolicyName="Unlimited", PolicyDocument=policy)
    request.addfinalizer(lambda: aws.iam.delete_role_policy(RoleName=role, PolicyName="Unlimited"))

    assert "Rotation is not turned on" in step("createSecret", pending)
    assert aws.secrets.describe_secret(SecretId=secret_id)["VersionIdsToStages"] == before
    aws.secrets.rotate_secret(SecretId=secret_id)  # the local AWS turns it on, and calls nobody
    aws.secrets.put_secret_value(
        SecretId=secret_id, SecretString="{}", ClientRequestToken="e" * 32, VersionStages=["AWSPENDING"]
    )
    before = aws.secrets.describe_secret(SecretId=secret_id)["VersionIdsToStages"]
    assert "is not the pending one of a rotation" in step("createSecret", token)
    assert step("testSecret", "e" * 32) == "null"  # without a domain there is nothing to ask
    assert "null" not in step("finishSecret", "e" * 32)
    assert aws.secrets.describe_secret(SecretId=secret_id)["VersionIdsToStages"] == before
    assert shown(aws, stack)["ClientSecret"] == secret
    log = aws.function_log()
    assert any("Rotation step failed" in line for line in log)
    assert any("Nothing could be proven" in line for line in log)
    assert not [line for line in log if secret in line]
