"""The calls are well formed: real boto3 signs, checks and sends them, and moto takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from tests.canaries import OWN_SECRET, watch
from tests.given import CREATED
from user_pool_client.aws.calls import Caller
from user_pool_client.aws.cognito import AppClients
from user_pool_client.aws.sessions import ClientCache
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.app_client import ClientSecretRef
from user_pool_client.domain.errors import Refused
from user_pool_client.domain.parsing import parse
from user_pool_client.domain.properties import CREATABLE
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.log import silence_libraries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from user_pool_client.domain.app_client import AppClient

ARN = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/0123456789abcdef"
A, B = "https://a.example.com", "https://b.example.com"
EVERYTHING: dict[str, Any] = {
    "ClientName": "shop",
    "GenerateSecret": "true",
    "AccessTokenValidity": "30",
    "IdTokenValidity": 30,
    "RefreshTokenValidity": "48",
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours"},
    "ReadAttributes": ["email", "name"],
    "WriteAttributes": ["email"],
    "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "SupportedIdentityProviders": ["COGNITO"],
    "CallbackURLs": [A, B],
    "LogoutURLs": [A],
    "DefaultRedirectURI": A,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid"],
    "AllowedOAuthFlowsUserPoolClient": "true",
    "AnalyticsConfiguration": {"ApplicationArn": ARN, "UserDataShared": "false"},
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": "false",
    "EnablePropagateAdditionalUserContextData": "true",
    "AuthSessionValidity": "5",
    "RefreshTokenRotation": {"Feature": "DISABLED", "RetryGracePeriodSeconds": "0"},
}


def no_wait(**_: object) -> None:
    raise AssertionError("there is nothing to wait for")


@pytest.fixture
def connections() -> Iterator[ClientCache]:
    with mock_aws():
        yield ClientCache("us-east-1", Clock())


@pytest.fixture
def clients(connections: ClientCache) -> AppClients:
    return AppClients(Caller(connections, Deadline.after(60, Clock()), no_wait))


def new_pool(region: str = "us-east-1") -> str:
    return boto3.client("cognito-idp", region_name=region).create_user_pool(PoolName="shop")["UserPool"]["Id"]


def settings(**properties: Any) -> dict[str, Any]:
    desired, problems = parse(properties)
    assert problems == []
    return dict(desired)


def found(clients: AppClients, client: AppClient) -> AppClient | None:
    return clients.describe(client.pool_id, client.client_id)


def test_every_setting_gets_there_and_back(clients: AppClients) -> None:
    # moto stores no secret.
    assert {"UserPoolId", "ClientSecret", "PublishSecretsInAWSSecretsManager", *EVERYTHING} == set(CREATABLE)
    silence_libraries()  # as for each request: botocore would log what it receives
    desired = settings(UserPoolId=new_pool(), **EVERYTHING)

    created = clients.create(desired)

    assert created.has_secret is True
    assert created.secret is not None
    watch(created.secret.reveal())
    assert created.settings == {
        name: value for name, value in desired.items() if name not in ("UserPoolId", "GenerateSecret")
    }
    assert found(clients, created) == created


def test_a_client_with_little_shows_little(clients: AppClients) -> None:
    pool = new_pool()

    created = clients.create(settings(UserPoolId=pool, ClientName="web"))

    assert (created.pool_id, created.secret, created.has_secret) == (pool, None, False)
    assert created.settings["ClientName"] == "web"
    assert not {"CallbackURLs", "LogoutURLs", "TokenValidityUnits"} & set(created.settings), "empty ones are not there"


def test_an_update_is_sent_and_shown(clients: AppClients) -> None:
    created = clients.create(settings(UserPoolId=new_pool(), ClientName="web"))
    desired = settings(UserPoolId=created.pool_id, **{**EVERYTHING, "GenerateSecret": "false"})
    request = {name: value for name, value in desired.items() if name not in ("UserPoolId", "GenerateSecret")}

    updated = clients.update(created.pool_id, created.client_id, request)

    assert updated.client_id == created.client_id
    assert updated.settings == request
    assert found(clients, created) == updated


def test_a_client_is_deleted_once(clients: AppClients) -> None:
    created = clients.create(settings(UserPoolId=new_pool(), ClientName="web"))

    assert clients.delete(created.pool_id, created.client_id) is True
    assert found(clients, created) is None
    assert clients.delete(created.pool_id, created.client_id) is False


def test_in_a_pool_that_does_not_exist_there_is_nothing(clients: AppClients) -> None:
    assert clients.describe("us-east-1_Gone12345", "1example23456789") is None
    assert clients.delete("us-east-1_Gone12345", "1example23456789") is False
    with pytest.raises(Refused, match="ResourceNotFoundException"):
        clients.create(settings(UserPoolId="us-east-1_Gone12345", ClientName="web"))


def test_a_pool_of_another_region_is_found_there(clients: AppClients) -> None:
    pool = new_pool("eu-west-1")

    created = clients.create(settings(UserPoolId=pool, ClientName="web"))

    in_europe = boto3.client("cognito-idp", region_name="eu-west-1")
    listed = in_europe.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]
    assert [(each["ClientId"], each["UserPoolId"]) for each in listed] == [(created.client_id, pool)]


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param(
            [{"ClientSecretId": "1example23456789--1770000000", "ClientSecretCreateDate": CREATED}],
            [ClientSecretRef("1example23456789--1770000000", CREATED)],
            id="one",
        ),
    ],
)
def test_secrets_are_listed_with_a_well_formed_call(
    connections: ClientCache, clients: AppClients, secrets: list[Any], expected: list[ClientSecretRef]
) -> None:
    # moto knows no ListUserPoolClientSecrets; botocore checks the call and the answer against the service's model.
    which = {"UserPoolId": "us-east-1_Abc123xyz", "ClientId": "1example23456789"}
    with Stubber(connections.client("cognito-idp", "us-east-1")) as stubber:
        stubber.add_response("list_user_pool_client_secrets", {"ClientSecrets": secrets}, which)

        assert clients.list_secrets(which["UserPoolId"], which["ClientId"]) == expected
        stubber.assert_no_pending_responses()


def test_a_secret_of_ones_own_is_sent_in_the_clear_and_kept_sealed(
    connections: ClientCache, clients: AppClients
) -> None:
    sent = settings(UserPoolId="us-east-1_Abc123xyz", ClientName="web", ClientSecret=Sensitive(OWN_SECRET))
    answer = {"UserPoolClient": {"UserPoolId": "us-east-1_Abc123xyz", "ClientId": "1x", "ClientSecret": OWN_SECRET}}
    with Stubber(connections.client("cognito-idp", "us-east-1")) as stubber:
        stubber.add_response("create_user_pool_client", answer, {**sent, "ClientSecret": OWN_SECRET})

        created = clients.create(sent)

    assert created.secret == Sensitive(OWN_SECRET)


def test_what_botocore_itself_refuses_is_told_without_its_values(clients: AppClients) -> None:
    with pytest.raises(Refused, match="do not fit CreateUserPoolClient") as refused:
        clients.create({"UserPoolId": "us-east-1_Abc123xyz", "ClientName": 5, "ClientSecret": Sensitive(OWN_SECRET)})

    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None
