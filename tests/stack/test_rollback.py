"""Whole deployments that fail: CloudFormation rolls them back, and everything is as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.examples import WEB, edited
from tools.local_aws.ministack import StackFailed

if TYPE_CHECKING:
    from tools.local_aws.ministack import LocalAws, Stack

# A second client, which depends on the first and is refused: the first one's update has been carried out by then.
BROKEN = """
  Broken:
    Type: Custom::UserPoolClient
    DependsOn: WebClient
    Properties:
      ServiceToken: !ImportValue user-pool-client:ServiceToken
      UserPoolId: !Ref UserPool
      AuthSessionValidity: 99

Outputs:"""
OUTSIDE: dict[str, Any] = {"LogoutURLs": ["https://console.example.com/"], "AuthSessionValidity": 11}


def settings(aws: LocalAws, pool: str, client_id: str) -> dict[str, Any]:
    client = aws.cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client_id)["UserPoolClient"]
    return {name: value for name, value in client.items() if name not in ("LastModifiedDate", "CreationDate")}


def test_a_deployment_that_fails_leaves_settings_made_outside_as_they_were(aws: LocalAws, stack: Stack) -> None:
    stack.create(WEB.template())
    outputs = stack.outputs()
    pool, client_id = outputs["UserPoolId"], outputs["ClientId"]
    aws.cognito.update_user_pool_client(UserPoolId=pool, ClientId=client_id, **OUTSIDE)
    before = settings(aws, pool, client_id)
    new = WEB.template(WEB.change)
    new = edited(
        new,
        ("\nOutputs:", BROKEN),
        ("      ClientName: web\n", "      ClientName: new\n      AuthSessionValidity: 5\n"),
    )

    with pytest.raises(StackFailed, match="ROLLBACK_COMPLETE"):
        stack.update(new)

    assert settings(aws, pool, client_id) == before
    (line,) = [line for line in aws.function_log() if '"decision":"restore"' in line and client_id in line]
    assert '"status":"SUCCESS"' in line


def test_a_stack_whose_creation_fails_gives_the_client_that_it_imported_back_as_it_was(
    aws: LocalAws, stack: Stack
) -> None:
    pool = aws.cognito.create_user_pool(PoolName="theirs")["UserPool"]["Id"]
    client_id = aws.cognito.create_user_pool_client(UserPoolId=pool, ClientName="by-hand", **OUTSIDE)["UserPoolClient"][
        "ClientId"
    ]
    before = settings(aws, pool, client_id)
    template = f"""
Resources:
  WebClient:
    Type: Custom::UserPoolClient
    Properties:
      ServiceToken: !ImportValue user-pool-client:ServiceToken
      UserPoolId: {pool}
      ImportId: {pool}/{client_id}
      LogoutURLs: [https://app.example.com/]
      AuthSessionValidity: 5
{BROKEN.replace("!Ref UserPool", pool).removesuffix("Outputs:")}"""

    with pytest.raises(StackFailed, match="ROLLBACK_COMPLETE"):
        stack.create(template)

    assert settings(aws, pool, client_id) == before
