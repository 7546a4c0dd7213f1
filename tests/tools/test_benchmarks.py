"""The benchmark's stand-ins speak as the real services do; nothing here is timed."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import socket
import ssl
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from benchmarks import node
from benchmarks.cold import Start
from benchmarks.events import CHANGED, PHYSICAL_ID, TYPED, make_calls
from benchmarks.laboratory import Laboratory, NotMeasuredError
from benchmarks.many import AtOnce, show_many, simulate
from benchmarks.node import FOLDER, Node, find_node
from benchmarks.packages import ROOT, prepared
from benchmarks.report import show_cold, show_warm
from benchmarks.standins import HOST, Cognito
from benchmarks.warm import Times
from user_pool_client.aws.calls import Caller
from user_pool_client.aws.cloudformation import Stacks
from user_pool_client.aws.sessions import ClientCache
from user_pool_client.deadline import Clock, Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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


def test_the_function_gets_an_answer_for_each_call_of_a_clients_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It asks CloudFormation, too; a benchmark of calls that fail would measure the wrong thing."""
    with Cognito() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.address}")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        caller = Caller(ClientCache("eu-west-1", Clock()), Deadline.after(10, Clock()), lambda **_: None)
        stacks = Stacks(caller, own=True)

        assert stacks.stack_status("benchmark") == "UPDATE_IN_PROGRESS"
        assert stacks.operation_started_at("benchmark") is not None
        assert stacks.stack_of("1example23456789") is None


def test_an_answer_is_taken_over_tls_that_the_authorities_vouch_for() -> None:
    with Laboratory() as laboratory:
        trusting = ssl.create_default_context(cafile=laboratory.authorities)
        connection = http.client.HTTPSConnection(laboratory.addresses.responses, context=trusting)
        connection.request("PUT", "/answer?signature", "{}")
        status = connection.getresponse().status
        connection.close()
        delivery = laboratory.delivery()

    assert status == http.HTTPStatus.OK
    assert (delivery.body, delivery.at_ns > 0) == (b"{}", True)


def test_the_stand_ins_process_ends_with_its_block() -> None:
    with Laboratory() as laboratory:
        assert all(address.startswith(f"{HOST}:") for address in laboratory.addresses[:3])
        assert len(multiprocessing.active_children()) == 1

    assert multiprocessing.active_children() == []


def test_a_package_that_was_not_built_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    with pytest.raises(NotMeasuredError, match=f"{missing} is not the built function"), prepared(missing):
        pass


def test_an_idle_connection_is_closed_as_the_services_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cognito, "idle_seconds", 0.05)
    with Cognito() as server, socket.create_connection((HOST, server.server_address[1]), timeout=5) as connection:
        assert connection.recv(1) == b""


def test_the_cdks_handler_gets_its_calls_as_json_with_the_same_settings() -> None:
    properties = make_calls(CHANGED)

    calls = {kind: json.loads(properties[kind]) for kind in ("Create", "Update", "Delete")}

    which = {"UserPoolId": POOL, "ClientId": PHYSICAL_ID}
    updated = CHANGED | {"AllowedOAuthFlowsUserPoolClient": True} | which
    del updated["GenerateSecret"]
    assert {kind: call["parameters"] for kind, call in calls.items()} == {
        "Create": CHANGED | TYPED,
        "Update": updated,
        "Delete": which,
    }
    assert not any(call["logApiResponseData"] for call in calls.values())


def test_the_cdks_handler_is_of_the_release_that_the_examples_use() -> None:
    ours, examples = (
        json.loads((ROOT / folder / "package.json").read_text())["dependencies"]
        for folder in ("benchmarks/cdk", "examples/cdk-typescript")
    )

    assert {name: ours[name] for name in examples} == examples


def test_the_pinned_packages_come_from_whatever_registry_npm_uses() -> None:
    packages = json.loads((FOLDER / "package-lock.json").read_text())["packages"]

    assert not any("resolved" in package for package in packages.values())


@pytest.fixture
def node_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    installed = tmp_path / ".installed"
    installed.touch()
    monkeypatch.setattr(node, "INSTALLED", installed)
    monkeypatch.setenv("PATH", str(tmp_path))

    def say(version: str) -> None:
        program = tmp_path / "node"
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)

    return say


def test_node_is_found_with_its_version(node_says: Callable[[str], None], tmp_path: Path) -> None:
    node_says("v24.11.0")

    found = find_node()

    assert (found, found.major) == (Node(tmp_path / "node", "24.11.0"), 24)


def test_without_node_the_reason_is_told(node_says: Callable[[str], None]) -> None:  # noqa: ARG001 - it empties the PATH
    with pytest.raises(NotMeasuredError, match="there is no Node"):
        find_node()


def test_a_node_that_is_too_old_is_told(node_says: Callable[[str], None]) -> None:
    node_says("v18.20.0")

    with pytest.raises(NotMeasuredError, match=r"Node is 18\.20\.0, and 20 is the oldest"):
        find_node()


def test_packages_that_npm_did_not_install_are_told(node_says: Callable[[str], None], tmp_path: Path) -> None:
    node_says("v24.11.0")
    (tmp_path / ".installed").unlink()

    with pytest.raises(NotMeasuredError, match="not installed"):
        find_node()


def test_the_cold_table_has_no_target_for_the_cdks_handler() -> None:
    starts = {
        "this function": [Start(1, 300_000_000)],
        "least": [Start(1, 300_000_000)],
        "cdk": [Start(1, 600_000_000)],
    }

    lines = show_cold(starts).splitlines()

    assert lines[-2].split() == ["least", "1.00", "1.15", "reached"]
    assert lines[-1].split() == ["cdk", "0.50"]


def test_the_warm_table_has_the_cdks_handler_beside_the_others() -> None:
    of_each = {kind: [Times(6_000_000, 5_000_000, 12_000_000)] for kind in ("Create", "Update", "Delete")}

    lines = show_warm(of_each).splitlines()

    assert lines[2].split() == ["handler", "bare", "ratio", "target", "cdk", "ratio"]
    assert " ".join(lines[-1].split()) == "all three 18.0 ms 15.0 ms 1.20 1.30 reached 36.0 ms 0.50"
    assert {len(line) for line in lines[2:]} == {len(lines[2])}


def test_the_warm_table_does_without_the_cdks_handler() -> None:
    lines = show_warm({"Create": [Times(6_000_000, 5_000_000)]}).splitlines()

    assert lines[2].split() == ["handler", "bare", "ratio", "target"]
    assert " ".join(lines[-1].split()) == "all three 6.0 ms 5.0 ms 1.20 1.30 reached"


def test_many_at_once_are_told_with_ideal_median_and_worst() -> None:
    shown = show_many(10, "simulated", {"create": AtOnce([0.5, 1.0, 2.0], 1.5), "delete": AtOnce([1.0, 2.0, 4.0], 0.0)})

    create, delete = shown.splitlines()[-2:]
    assert create.endswith("2.0 s     1.0 s     2.0 s      1.00      1.50   reached; 1.5 calls in vain for each")
    assert delete.split()[7:10] == ["2.00", "1.50", "missed;"]


def test_what_is_simulated_comes_from_the_real_calls() -> None:
    took = simulate(20)

    assert [len(of_a_kind.seconds) for of_a_kind in took.values()] == [20, 20, 20]
    assert all(of_a_kind.in_vain > 0 for of_a_kind in took.values())
