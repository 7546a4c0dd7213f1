"""Examples about clients that exist already: adopted, looked up, in another account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.examples import edited
from tools.local_aws.ministack import PROVIDER, ROOT, StackFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local_aws.ministack import LocalAws, Stack

ADOPT = (ROOT / "examples" / "adopt.yaml").read_text()
LOOK_UP = (ROOT / "examples" / "look-up.yaml").read_text()
SERVICE = (ROOT / "examples" / "service-client.yaml").read_text()
CONTRIBUTE = (ROOT / "examples" / "contribute-urls.yaml").read_text()
OTHER_ACCOUNT = (ROOT / "examples" / "other-account.yaml").read_text()

GOODBYE = "https://app.example.com/goodbye"
CALLBACK = "https://app.example.com/callback"
OWN = edited(ADOPT, ("      ImportId: !Sub ${UserPoolId}/${ClientId}\n", ""))


@pytest.fixture
def pool(aws: LocalAws) -> str:
    return aws.cognito.create_user_pool(PoolName="theirs")["UserPool"]["Id"]


def made_by_hand(aws: LocalAws, pool: str, name: str = "by-hand", **settings: Any) -> str:
    client = aws.cognito.create_user_pool_client(UserPoolId=pool, ClientName=name, CallbackURLs=[CALLBACK], **settings)
    return client["UserPoolClient"]["ClientId"]


def observed(aws: LocalAws, pool: str, client_id: str) -> dict[str, Any]:
    return {**aws.cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client_id)["UserPoolClient"]}


def client_ids(aws: LocalAws, pool: str) -> list[str]:
    found = aws.cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
    return [client["ClientId"] for client in found]


def test_an_adopted_client_gets_what_the_template_says_and_keeps_the_rest(
    aws: LocalAws, stack: Stack, pool: str
) -> None:
    client = made_by_hand(aws, pool, AuthSessionValidity=7)

    stack.create(ADOPT, {"UserPoolId": pool, "ClientId": client})

    assert stack.outputs() == {"ClientId": client, "ClientName": "by-hand", "CallbackURLs": CALLBACK}
    shown = observed(aws, pool, client)
    assert (shown["LogoutURLs"], shown["CallbackURLs"], shown["AuthSessionValidity"]) == ([GOODBYE], [CALLBACK], 7)
    assert client_ids(aws, pool) == [client]


def test_a_deleted_stack_lets_its_adopted_client_go(aws: LocalAws, stack: Stack, pool: str) -> None:
    client = made_by_hand(aws, pool)
    stack.create(ADOPT, {"UserPoolId": pool, "ClientId": client})

    stack.delete()

    assert client_ids(aws, pool) == [client]


def test_an_import_that_is_rolled_back_lets_the_client_go(aws: LocalAws, stack: Stack, pool: str) -> None:
    client = made_by_hand(aws, pool)
    refused = edited(ADOPT, ("LogoutURLs:", "AllowedOAuthFlows: [code, client_credentials]\n      LogoutURLs:"))

    with pytest.raises(StackFailed, match="client_credentials stands beside code"):
        stack.create(refused, {"UserPoolId": pool, "ClientId": client})

    assert client_ids(aws, pool) == [client]
    assert not observed(aws, pool, client).get("LogoutURLs")


def test_a_client_whose_import_property_leaves_the_template_is_the_stacks_own_and_goes_with_it(
    aws: LocalAws, stack: Stack, pool: str
) -> None:
    client = made_by_hand(aws, pool)
    parameters = {"UserPoolId": pool, "ClientId": client}
    stack.create(ADOPT, parameters)

    stack.update(OWN, parameters)
    assert stack.physical_id("ExistingClient") == client
    stack.delete()

    assert client_ids(aws, pool) == []


def test_the_client_that_a_service_made_is_found_by_the_beginning_of_its_name(
    aws: LocalAws, stack: Stack, pool: str
) -> None:
    made_by_hand(aws, pool, "AmazonOpenSearchService-staging-eu-1")
    client = made_by_hand(aws, pool, "AmazonOpenSearchService-search-eu-1")

    stack.create(SERVICE, {"UserPoolId": pool, "DomainName": "search", "DashboardsURL": GOODBYE})

    assert stack.outputs() == {"ClientId": client}
    assert observed(aws, pool, client)["TokenValidityUnits"]["AccessToken"] == "minutes"


def test_previews_add_their_urls_which_the_owner_keeps_and_take_them_along(
    aws: LocalAws, stack: Stack, new_stack: Callable[[], Stack], pool: str
) -> None:
    client = made_by_hand(aws, pool)
    ids = {"UserPoolId": pool, "ClientId": client}
    owner = new_stack()
    owner.create(ADOPT, ids)
    other = new_stack()

    stack.create(CONTRIBUTE, {**ids, "Host": "one.example.com"})
    other.create(CONTRIBUTE, {**ids, "Host": "two.example.com"})
    owner.update(edited(ADOPT, ("- !Ref LogoutURL", f"- !Ref LogoutURL\n        - {CALLBACK}")), ids)

    urls = {f"https://{name}.example.com/" for name in ("one", "two")}
    assert other.outputs()["Contributors"].count("/PreviewUrls") == len(urls)
    assert set(observed(aws, pool, client)["LogoutURLs"]) == {GOODBYE, CALLBACK, *urls}

    with pytest.raises(StackFailed, match="cannot use fragment"):
        stack.update(CONTRIBUTE, {**ids, "Host": "one.example.com/#"})
    assert set(observed(aws, pool, client)["LogoutURLs"]) == {GOODBYE, CALLBACK, *urls}
    stack.update(CONTRIBUTE, {**ids, "Host": "moved.example.com"})
    other.delete()
    assert set(observed(aws, pool, client)["LogoutURLs"]) == {GOODBYE, CALLBACK, "https://moved.example.com/"}
    stack.delete()
    assert set(observed(aws, pool, client)["LogoutURLs"]) == {GOODBYE, CALLBACK}
    assert set(observed(aws, pool, client)["CallbackURLs"]) == {CALLBACK}


def test_look_ups_find_clients_and_leave_them_alone(aws: LocalAws, stack: Stack, pool: str) -> None:
    client = made_by_hand(aws, pool, GenerateSecret=True, AllowedOAuthScopes=["openid"])
    made_by_hand(aws, pool, "another")
    before = observed(aws, pool, client)
    parameters = {"UserPoolId": pool, "ClientName": "by-hand"}

    stack.create(LOOK_UP, parameters)
    found = stack.outputs()
    made_by_hand(aws, pool, "a-third")
    stack.update(LOOK_UP, {**parameters, "Refresh": "2"})
    found_later = stack.outputs()
    stack.delete()

    assert found == {"ClientId": client, "Scopes": "openid", "Count": "2", "Names": "another,by-hand"}
    assert found_later["Names"] == "a-third,another,by-hand"
    assert observed(aws, pool, client) == before
    assert len(client_ids(aws, pool)) == 3


def test_a_client_in_another_account_is_made_with_a_role_that_the_parameter_allows(
    aws: LocalAws, new_stack: Callable[[], Stack], pool: str
) -> None:
    account = aws.sts.get_caller_identity()["Account"]
    role = f"arn:aws:iam::{account}:role/app-clients"
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    aws.iam.create_role(RoleName="app-clients", AssumeRolePolicyDocument=json.dumps({"Statement": [anybody]}))
    clients = {"Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*"}
    aws.iam.put_role_policy(
        RoleName="app-clients", PolicyName="clients", PolicyDocument=json.dumps({"Statement": [clients]})
    )
    # The local AWS has one account, and no session configuration.
    template = edited(OTHER_ACCOUNT, ("      SSOSession:\n        MaxValidityMinutes: 480\n", ""))
    parameters = {"UserPoolId": pool, "RoleArn": role, "ExternalId": "shop"}

    with pytest.raises(StackFailed) as refused:
        new_stack().create(template, parameters)
    aws.deploy_provider(PROVIDER, LogLevel="DEBUG", RoleArns=role)
    stack = new_stack()
    stack.create(template, parameters)

    assert f"RoleArn {role} could not be assumed: AccessDenied" in str(refused.value)
    assert "parameter RoleArns" in str(refused.value)
    assert client_ids(aws, pool) == [stack.outputs()["ClientId"]]
