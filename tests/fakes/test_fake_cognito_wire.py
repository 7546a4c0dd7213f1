"""The fake of Cognito fails as planned, and speaks with boto3, in this process and over HTTP."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import exceptions
from botocore.config import Config

from tests.fakes.cognito import ApiError, BrokenConnectionError, FakeCognito
from tests.fakes.cognito_wire import installed
from tests.fakes.given import POOL, WEB, A, B, Clock, made, of, updated
from tests.fakes.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


type Json = dict[str, Any]


# Faults, hooks, quotas


def test_a_fault_before_the_work_leaves_nothing_behind(fake: FakeCognito) -> None:
    fake.fail("CreateUserPoolClient", ApiError("TooManyRequestsException", "Rate exceeded"), times=2)

    for _ in range(2):
        with pytest.raises(ApiError, match="TooManyRequestsException"):
            made(fake)
    assert fake.client_ids(POOL) == []
    assert made(fake)


def test_a_fault_after_the_work_loses_only_the_answer(fake: FakeCognito) -> None:
    fake.fail("CreateUserPoolClient", "read-timeout", after=True)

    with pytest.raises(BrokenConnectionError, match="read-timeout"):
        made(fake)
    assert len(fake.client_ids(POOL)) == 1


def test_a_fault_waits_for_its_own_operation(fake: FakeCognito) -> None:
    fake.fail("DeleteUserPoolClient", ApiError("ConcurrentModificationException"))
    client = made(fake)

    with pytest.raises(ApiError, match="ConcurrentModificationException"):
        fake.call("DeleteUserPoolClient", of(client))
    assert fake.call("DeleteUserPoolClient", of(client)) == {}


def test_a_lost_answer_may_have_been_a_refusal(fake: FakeCognito) -> None:
    fake.fail("*", "connection-closed", after=True)

    with pytest.raises(BrokenConnectionError):
        made(fake, AccessTokenValidity=25)
    assert fake.client_ids(POOL) == []


def test_faults_that_have_not_fired_are_known() -> None:
    fake = FakeCognito()
    fake.fail("DeleteUserPoolClient", "dns", times=2)

    assert [fault.operation for fault in fake.planned_faults] == ["DeleteUserPoolClient", "DeleteUserPoolClient"]


@pytest.mark.parametrize(
    ("operation", "failure", "after"),
    [("Create", "dns", False), ("*", "sulking", False), ("*", "connect-timeout", True)],
)
def test_a_plan_that_makes_no_sense_is_refused(fake: FakeCognito, operation: str, failure: Any, after: bool) -> None:
    with pytest.raises(ValueError, match=f"{operation if failure == 'dns' else failure}"):
        fake.fail(operation, failure, after=after)


def test_calls_are_remembered_in_order_as_they_came(fake: FakeCognito) -> None:
    params: Json = WEB | {"CallbackURLs": [A]}
    client = fake.call("CreateUserPoolClient", params)["UserPoolClient"]
    params["CallbackURLs"].append(B)
    fake.elsewhere("UpdateUserPoolClient", of(client))
    fake.call("DeleteUserPoolClient", of(client))

    assert fake.operations_called() == ["CreateUserPoolClient", "DeleteUserPoolClient"]
    assert fake.calls[0].params["CallbackURLs"] == [A]


def test_something_can_happen_at_the_moment_of_a_call(fake: FakeCognito) -> None:
    client = made(fake)

    def delete_first(operation: str, _params: Json) -> None:
        if operation == "UpdateUserPoolClient":
            fake.elsewhere("DeleteUserPoolClient", of(client))

    fake.on_call = delete_first
    with pytest.raises(ApiError, match="does not exist"):
        updated(fake, client)


def test_a_quota_counts_each_operation_in_each_pool_by_itself(clock: Clock) -> None:
    fake = FakeCognito(clock=clock, quota=5)
    fake.add_pool(POOL)
    fake.add_pool("us-east-1_other")
    for _ in range(5):
        made(fake)

    with pytest.raises(ApiError, match="TooManyRequestsException"):
        made(fake)
    assert made(fake, UserPoolId="us-east-1_other")
    assert fake.call("ListUserPoolClients", {"UserPoolId": POOL})
    clock.now += 1
    assert made(fake)


# Behind boto3, in this process


@pytest.fixture
def client(fake: FakeCognito) -> Iterator[CognitoIdentityProviderClient]:
    with installed(fake):
        yield boto3.client("cognito-idp", config=Config(retries={"total_max_attempts": 1}))


def test_boto3_speaks_with_the_fake(client: CognitoIdentityProviderClient) -> None:
    made = client.create_user_pool_client(UserPoolId=POOL, ClientName="web", GenerateSecret=True)["UserPoolClient"]
    told = client.describe_user_pool_client(UserPoolId=POOL, ClientId=made["ClientId"])["UserPoolClient"]

    assert told == made
    assert told["CreationDate"].timestamp() == pytest.approx(1_800_000_000.123)
    assert client.delete_user_pool_client(UserPoolId=POOL, ClientId=made["ClientId"])


def test_boto3_raises_its_own_class_for_an_error(client: CognitoIdentityProviderClient) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException) as raised:
        client.describe_user_pool_client(UserPoolId=POOL, ClientId="gone")

    assert raised.value.response["Error"] == {
        "Code": "ResourceNotFoundException",
        "Message": "User pool client gone does not exist.",
    }
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_boto3_pages_through_the_clients(fake: FakeCognito, client: CognitoIdentityProviderClient) -> None:
    for _ in range(61):
        made(fake)

    pages = client.get_paginator("list_user_pool_clients").paginate(UserPoolId=POOL)

    assert [len(page["UserPoolClients"]) for page in pages] == [60, 1]


def test_a_pool_of_another_region_is_not_found(fake: FakeCognito) -> None:
    with installed(fake):
        abroad = boto3.client("cognito-idp", region_name="eu-west-1")
        with pytest.raises(abroad.exceptions.ResourceNotFoundException):
            abroad.create_user_pool_client(UserPoolId=POOL, ClientName="web")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("dns", exceptions.EndpointConnectionError),
        ("connect-error", exceptions.EndpointConnectionError),
        ("connect-timeout", exceptions.ConnectTimeoutError),
        ("read-timeout", exceptions.ReadTimeoutError),
        ("connection-closed", exceptions.ConnectionClosedError),
    ],
)
def test_boto3_raises_what_it_raises_for_a_broken_connection(
    fake: FakeCognito, client: CognitoIdentityProviderClient, kind: Any, expected: type[Exception]
) -> None:
    fake.fail("DescribeUserPoolClient", kind)

    with pytest.raises(expected):
        client.describe_user_pool_client(UserPoolId=POOL, ClientId="gone")


def test_botocores_own_retries_make_a_second_client(fake: FakeCognito, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    fake.fail("CreateUserPoolClient", "read-timeout", after=True)

    with installed(fake):
        boto3.client("cognito-idp").create_user_pool_client(UserPoolId=POOL, ClientName="web")

    assert len(fake.client_ids(POOL)) == 2


def test_boto3_sets_and_gets_a_session(fake: FakeCognito, client: CognitoIdentityProviderClient) -> None:
    newer: Any = client  # than its stubs, which lack both operations
    minutes = {"MaxValidityMinutes": 129600}
    ids = of(made(fake))
    newer.set_user_pool_client_session_configuration(**ids, SSOSession=minutes)

    assert newer.get_user_pool_client_session_configuration(**ids)["SSOSession"] == minutes


def test_boto3_creates_changes_lists_and_deletes_a_policy(
    fake: FakeCognito, client: CognitoIdentityProviderClient
) -> None:
    newer: Any = client  # than its stubs, which lack the operations
    ids, patterns = of(made(fake)), ["https://agents.example.com/*"]
    created = newer.create_cimd_policy(**ids, PolicyName="agents", URLPatterns=patterns)["CIMDPolicy"]
    policy = {"UserPoolId": POOL, "CIMDPolicyId": created["CIMDPolicyId"]}
    newer.update_cimd_policy(**policy, ClientId=ids["ClientId"], CacheDuration=604800, URLPatterns=patterns)

    assert newer.describe_cimd_policy(**policy)["CIMDPolicy"]["CacheDuration"] == 604800
    assert [one["PolicyName"] for one in newer.list_cimd_policies(UserPoolId=POOL)["CIMDPolicies"]] == ["agents"]
    newer.delete_cimd_policy(**policy)
    assert newer.list_cimd_policies(UserPoolId=POOL)["CIMDPolicies"] == []


def test_a_pool_of_another_account_is_not_found(client: CognitoIdentityProviderClient, fake: FakeCognito) -> None:
    fake.add_pool("us-east-1_foreign", account="222222222222")

    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.list_user_pool_clients(UserPoolId="us-east-1_foreign")
    assert refused.value.response["Error"]["Message"] == "User pool us-east-1_foreign does not exist."
    assert fake.populate("us-east-1_foreign", 1)


def test_an_operation_that_the_fake_lacks_is_unknown(client: CognitoIdentityProviderClient) -> None:
    with pytest.raises(exceptions.ClientError, match="UnknownOperationException"):
        client.list_groups(UserPoolId=POOL)


def test_a_call_to_another_service_fails_at_once_and_at_the_end(fake: FakeCognito) -> None:
    def call_and_swallow() -> None:
        with installed(fake), pytest.raises(AssertionError, match="Only Cognito is faked"):
            boto3.client("sts").get_caller_identity()

    with pytest.raises(AssertionError, match="not for Cognito"):
        call_and_swallow()


# Behind a real server


def test_the_server_serves_boto3_and_leaves_nothing_running(fake: FakeCognito) -> None:
    before = threading.active_count()
    with serving(fake) as server:
        client = boto3.client("cognito-idp", endpoint_url=server.url)
        made = client.create_user_pool_client(UserPoolId=POOL, ClientName="web")["UserPoolClient"]
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.delete_user_pool_client(UserPoolId=POOL, ClientId="gone")
        abroad = boto3.client("cognito-idp", region_name="eu-west-1", endpoint_url=server.url)
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            abroad.describe_user_pool_client(UserPoolId=POOL, ClientId=made["ClientId"])
        client.close()
        abroad.close()

    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_the_server_has_no_credentials_of_another_account(fake: FakeCognito) -> None:
    fake.add_pool("us-east-1_foreign", account="222222222222")

    with serving(fake) as server:
        client = boto3.client("cognito-idp", endpoint_url=server.url)
        assert client.list_user_pool_clients(UserPoolId=POOL)["UserPoolClients"] == []
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.list_user_pool_clients(UserPoolId="us-east-1_foreign")
        client.close()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("read-timeout", exceptions.ReadTimeoutError), ("connection-closed", exceptions.ConnectionClosedError)],
)
def test_the_server_breaks_connections_as_planned(fake: FakeCognito, kind: Any, expected: type[Exception]) -> None:
    fake.fail("CreateUserPoolClient", kind, after=True)
    config = Config(read_timeout=0.2, retries={"total_max_attempts": 1})

    with serving(fake) as server:
        client = boto3.client("cognito-idp", endpoint_url=server.url, config=config)
        with pytest.raises(expected):
            client.create_user_pool_client(UserPoolId=POOL, ClientName="web")
        client.close()

    assert len(fake.client_ids(POOL)) == 1


def test_the_server_wants_a_signature(fake: FakeCognito) -> None:
    with serving(fake) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("POST", "/", b"{}")
        assert connection.getresponse().getheader("x-amzn-ErrorType") == "MissingAuthenticationTokenException:"
        connection.close()

    assert fake.calls == []
