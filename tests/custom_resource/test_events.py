"""The events for `sam local invoke -e`, each carried out by Lambda's own entry point, `handler.handler`."""

from __future__ import annotations

import importlib
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.custom_resource.test_events_of_secrets import ABOUT_SECRETS, STEPS
from tests.fixtures.existing_clients import GET_SESSION, SET_SESSION
from tests.fixtures.templates import typed
from tests.fixtures.world import (
    CREATE,
    DELETE,
    DESCRIBE,
    MARKER,
    UPDATE,
    World,
    a_world,
)
from user_pool_client.custom_resource.request import Request
from user_pool_client.domain.properties import IMPORT_PROPERTIES, SETTINGS, UPDATABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

type Json = dict[str, Any]

FOLDER = Path(__file__).parents[2] / "events"
CLIENT_ID = "3n4b5urk1ft4fl3mg5e62d9ado"
EXPECTED: dict[str, tuple[str, list[str]]] = {
    "create": ("SUCCESS", [CREATE]),
    "create-with-everything": ("SUCCESS", [CREATE, GET_SESSION, SET_SESSION]),
    "update-in-place": ("SUCCESS", [DESCRIBE, UPDATE]),
    "update-that-replaces": ("SUCCESS", [DESCRIBE, "ListUserPoolClientSecrets", CREATE]),
    "update-rollback": ("SUCCESS", [DESCRIBE, UPDATE]),
    "delete": ("SUCCESS", [DELETE]),
    "delete-after-a-failed-create": ("SUCCESS", []),
    "delete-with-an-invented-id": ("SUCCESS", []),
    "bad-properties": ("FAILED", []),
}


def event(name: str) -> Json:
    content: Json = json.loads((FOLDER / f"{name}.json").read_text())
    return content


@contextmanager
def cold_start(world: World) -> Iterator[World]:
    """Import the function anew in the environment as it is, as Lambda does."""
    before = sys.modules.pop("user_pool_client.handler")
    try:
        module = importlib.import_module("user_pool_client.handler")
        world.function = module.handler
        yield world
    finally:
        sys.modules["user_pool_client.handler"] = before


def with_its_client(world: World, content: Json) -> Json:
    """Let the client that the event is about exist, as the event says that it was, and return the event."""
    if content.get("PhysicalResourceId") == CLIENT_ID:
        properties: Json = content.get("OldResourceProperties") or content["ResourceProperties"]
        settings = {name: value for name, value in properties.items() if name in UPDATABLE}
        world.existing(client_id=CLIENT_ID, **typed(settings))
    return content


def test_every_event_has_a_test() -> None:
    # Those of clients that exist already are carried out where adoption and look-ups are tested.
    others = {"adopt", "list", "look-up", *ABOUT_SECRETS, *STEPS}
    assert {path.stem for path in FOLDER.iterdir()} == EXPECTED.keys() | others


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_is_one_of_cloudformations_that_never_expires_and_holds_no_secret(name: str) -> None:
    content = event(name)
    request = Request.parse(content)

    assert "X-Amz-Date" not in content["ResponseURL"]
    assert request.secrets() == []
    assert request.seconds_left(4e9) > 0
    assert content["ResourceType"] == "Custom::UserPoolClient"
    scalars = json.loads(json.dumps(content), parse_int=pytest.fail, parse_float=pytest.fail)
    assert scalars == content
    assert content["ResourceProperties"]["ServiceToken"] == content["ServiceToken"]
    assert ("OldResourceProperties" in content) == (content["RequestType"] == "Update")
    assert ("PhysicalResourceId" in content) == (content["RequestType"] != "Create")


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_is_carried_out_by_lambdas_entry_point(world: World, name: str) -> None:
    status, calls = EXPECTED[name]
    content = with_its_client(world, event(name))

    with cold_start(world):
        answer = world.send(content)

    assert (answer.status, world.calls()) == (status, calls)
    match content["RequestType"]:
        case "Delete":
            assert answer.physical_id == content["PhysicalResourceId"]
            assert world.client_ids() == []
        case "Create" if status == "FAILED":
            assert answer.physical_id == MARKER
        case _:
            assert answer.physical_id in world.client_ids()
            assert (answer.physical_id == CLIENT_ID) == (UPDATE in calls)


def test_create_with_everything_names_every_property() -> None:
    properties = event("create-with-everything")["ResourceProperties"]

    # A secret of one's own excludes a generated one, and has no business in a file; a kept one has events of its own.
    not_here = {"ClientSecret", "SecretId", "RoleArn", "ExternalId", *IMPORT_PROPERTIES}
    assert properties.keys() | not_here == SETTINGS.keys() | {"ServiceToken", "ServiceTimeout"}


def test_the_rollback_exchanges_the_properties_of_the_update() -> None:
    update, rollback = event("update-in-place"), event("update-rollback")

    assert rollback["ResourceProperties"] == update["OldResourceProperties"]
    assert rollback["OldResourceProperties"] == update["ResourceProperties"]


def test_bad_properties_are_told_all_at_once(world: World) -> None:
    answer = world.send(event("bad-properties"))

    wrong = ("callback_urls", "ClientName", "AuthSessionValidity", "TokenValidityUnits.AccessToken", "LogoutURLs[0]")
    assert [path for path in wrong if path not in answer.reason] == []
    assert "client_credentials flow can not be selected along with code flow or implicit flow." in answer.reason


@pytest.mark.parametrize("name", EXPECTED)
def test_under_sam_local_the_answer_is_printed_with_secrets_masked_and_nothing_is_sent(name: str) -> None:
    with a_world(env={"AWS_SAM_LOCAL": "true"}) as world, cold_start(world):
        content = with_its_client(world, event(name))
        world.invoke(content)

        assert world.put == []
        (printed,) = [line for line in world.printed.getvalue().splitlines() if '"Status"' in line]
        answer = json.loads(printed)
        assert (answer["Status"], answer["RequestId"]) == (EXPECTED[name][0], content["RequestId"])
        if answer.get("Data", {}).get("GenerateSecret") == "true":
            assert answer["Data"]["ClientSecret"] == "***"
            assert answer["NoEcho"] is True
