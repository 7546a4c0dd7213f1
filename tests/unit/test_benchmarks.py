"""The benchmark's stand-ins speak as the real services do; nothing here is timed."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import ssl
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from benchmarks.certificate import HOST, make_certificate
from benchmarks.events import make_event
from benchmarks.laboratory import Laboratory, NotMeasuredError
from benchmarks.packages import prepared
from benchmarks.standins import RUNTIME_API, Cognito, ResponseHost, RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

POOL = "eu-west-1_Benchmark"


@pytest.fixture
def cognito() -> Iterator[CognitoIdentityProviderClient]:
    with Cognito() as server:
        client = boto3.client(
            "cognito-idp",
            region_name="eu-west-1",
            endpoint_url=f"http://{server.address}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        yield client
        client.close()


def test_an_app_client_lives_from_create_to_delete(cognito: CognitoIdentityProviderClient) -> None:
    created = cognito.create_user_pool_client(
        UserPoolId=POOL, ClientName="web", GenerateSecret=True, LogoutURLs=["https://app.example.com/"]
    )["UserPoolClient"]
    which: dict[str, Any] = {"UserPoolId": POOL, "ClientId": created["ClientId"]}
    cognito.update_user_pool_client(**which, ClientName="renamed")

    described = cognito.describe_user_pool_client(**which)["UserPoolClient"]
    secrets = cognito.list_user_pool_client_secrets(**which)["ClientSecrets"]
    cognito.delete_user_pool_client(**which)

    assert (described["ClientName"], described["ClientSecret"]) == ("renamed", created["ClientSecret"])
    assert "LogoutURLs" not in described
    assert len(secrets) == 1
    with pytest.raises(cognito.exceptions.ResourceNotFoundException):
        cognito.describe_user_pool_client(**which)


def test_the_runtime_api_hands_over_one_event_and_takes_its_response() -> None:
    event = make_event("Create", "127.0.0.1:1")
    with RuntimeApi() as server:
        server.hand_over(event)
        connection = http.client.HTTPConnection(server.address)
        connection.request("GET", f"{RUNTIME_API}/invocation/next")
        handed_over = connection.getresponse()
        received = json.load(handed_over)
        request_id = handed_over.headers["Lambda-Runtime-Aws-Request-Id"]
        connection.request("POST", f"{RUNTIME_API}/invocation/{request_id}/response", b"null")
        status = connection.getresponse().status
        connection.close()
        invocation = server.invocations.get(timeout=5)

    assert received == event
    assert status == http.HTTPStatus.ACCEPTED
    assert (invocation.outcome, invocation.detail) == ("invocation response", "null")
    assert invocation.asked_at_ns > 0


def test_the_runtime_api_keeps_whoever_asks_without_an_event_waiting() -> None:
    with RuntimeApi() as server:
        connection = http.client.HTTPConnection(server.address, timeout=0.2)
        connection.request("GET", f"{RUNTIME_API}/invocation/next")

        with pytest.raises(TimeoutError):
            connection.getresponse()

        connection.close()


def test_the_response_host_takes_an_answer_over_tls_that_its_authorities_vouch_for(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=certificate.authorities)
    with ResponseHost(certificate.server) as server:
        connection = http.client.HTTPSConnection(server.address, context=trusting)
        connection.request("PUT", "/answer?signature", "{}")
        status = connection.getresponse().status
        connection.close()
        delivery = server.deliveries.get(timeout=5)

    assert status == http.HTTPStatus.OK
    assert (delivery.body, delivery.at_ns > 0) == ("{}", True)


def test_the_stand_ins_process_ends_with_its_block() -> None:
    with Laboratory() as laboratory:
        assert all(address.startswith(f"{HOST}:") for address in laboratory.addresses)
        assert len(multiprocessing.active_children()) == 1

    assert multiprocessing.active_children() == []


def test_a_package_that_was_not_built_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    with pytest.raises(NotMeasuredError, match=f"{missing} is not the built function"), prepared(missing):
        pass
