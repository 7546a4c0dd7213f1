"""What `make import-template` writes is deployed: native clients become ours, and clients made by hand as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3

from tools.importing.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tools.local_aws.ministack import LocalAws, Stack

NATIVE = """\
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  UserPool:
    Type: AWS::Cognito::UserPool
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      UserPoolName: shop
  WebClient:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref UserPool
      ClientName: web
      GenerateSecret: true
      RefreshTokenValidity: 90
  Id:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !Sub ${WebClient}/${WebClient.ClientSecret}
Outputs:
  UserPoolId:
    Value: !Ref UserPool
  ClientId:
    Value: !Ref WebClient
  Parameter:
    Value: !Ref Id
"""


def at(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Run the command with the local AWS instead of AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it would remember the credentials of other tests
    assert main(arguments) == 0
    monkeypatch.delenv("AWS_ENDPOINT_URL")


def client(aws: LocalAws, pool: str, client_id: str) -> dict[str, Any]:
    """Return a client as Describe shows it: dates, secret and all."""
    answer = aws.cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client_id)
    return dict(answer["UserPoolClient"])


def test_a_native_client_becomes_the_functions_without_a_change_and_then_its_stacks_own(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = aws.stack("native")
    stack.create(NATIVE)
    outputs = stack.outputs()
    pool, client_id = outputs["UserPoolId"], outputs["ClientId"]
    before = client(aws, pool, client_id)
    at(aws, monkeypatch, "--from-native", "native", "--region", "us-east-1", "--output-dir", str(tmp_path))
    retain, remove, adopt, own = (path.read_text() for path in sorted(tmp_path.iterdir()))
    ssm = boto3.Session("test", "test", region_name="us-east-1").client("ssm", endpoint_url=aws.endpoint)

    for step, parameters in (
        (retain, {}),
        (remove, {"WebClientClientSecret": before["ClientSecret"]}),
        (adopt, {}),
        (own, {}),
    ):
        stack.update(step, parameters)
        assert stack.outputs() == outputs
        assert client(aws, pool, client_id) == before
        value = ssm.get_parameter(Name=outputs["Parameter"])["Parameter"]["Value"]
        assert value == f"{client_id}/{before['ClientSecret']}"
    assert stack.physical_id("WebClient") == client_id
    stack.delete()


def test_a_pools_clients_are_adopted_as_they_are_and_let_go(
    aws: LocalAws,
    new_stack: Callable[[], Stack],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = aws.cognito.create_user_pool(PoolName="by hand")["UserPool"]["Id"]
    for name in ("web", "web app", "api"):
        made = aws.cognito.create_user_pool_client(
            UserPoolId=pool, ClientName=name, GenerateSecret=name == "api", CallbackURLs=["https://b", "https://a"]
        )
        assert made["UserPoolClient"]["ClientName"] == name
    listed = aws.cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
    ids = [one["ClientId"] for one in listed]
    before = [client(aws, pool, one) for one in ids]
    at(aws, monkeypatch, "--pool", pool, "--output", str(tmp_path / "clients.yaml"))
    stack = new_stack()

    stack.create((tmp_path / "clients.yaml").read_text())
    assert {stack.physical_id(name) for name in ("Web", "WebApp", "Api")} == set(ids)
    assert [client(aws, pool, one) for one in ids] == before
    stack.delete()
    assert [client(aws, pool, one) for one in ids] == before
