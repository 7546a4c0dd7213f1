"""The events for `sam local invoke -e`, each carried out by Lambda's own entry point, `handler.handler`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests import canaries
from tests.fixtures.contributions import URLS_TYPE
from tests.fixtures.events import EVENTS, a_world_of_the_events, cold_start, recorded
from tests.fixtures.existing_clients import (
    CREATE_POLICY,
    GET_SESSION,
    LIST_POLICIES,
    LIST_TYPE,
    LOOKUP_TYPE,
    SET_SESSION,
)
from tests.fixtures.stored_secrets import (
    DESCRIBE_POOL,
    DESCRIBE_SECRET,
    GET,
    PUT,
    Kept,
    is_told_nothing,
)
from tests.fixtures.templates import typed
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, LIST, MARKER, SECRETS, UPDATE, World
from user_pool_client.custom_resource.request import Request
from user_pool_client.domain.properties import CREATABLE, IMPORT_PROPERTIES, SETTINGS, UPDATABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

type Json = dict[str, Any]

CLIENT_ID = "3n4b5urk1ft4fl3mg5e62d9ado"
# How each ends, and what is asked of Cognito and Secrets Manager.
EXPECTED: dict[str, tuple[str, list[str]]] = {
    "create": ("SUCCESS", [CREATE]),
    "create-with-everything": ("SUCCESS", [CREATE, GET_SESSION, SET_SESSION, LIST_POLICIES, CREATE_POLICY]),
    "create-with-secret-id": (
        "SUCCESS",
        [GET, DESCRIBE_SECRET, DESCRIBE_SECRET, CREATE, *(GET, DESCRIBE_SECRET, SECRETS, DESCRIBE_POOL, PUT)],
    ),
    "adopt": ("SUCCESS", [DESCRIBE, SECRETS, UPDATE]),
    "update-in-place": ("SUCCESS", [DESCRIBE, UPDATE]),
    "update-that-replaces": ("SUCCESS", [DESCRIBE, SECRETS, CREATE]),
    "update-rollback": ("SUCCESS", [DESCRIBE, UPDATE]),
    "update-with-secret-id": (
        "SUCCESS",
        [DESCRIBE, *(GET, DESCRIBE_SECRET, DESCRIBE_SECRET), *(GET, DESCRIBE_SECRET), SECRETS, DESCRIBE_POOL, PUT],
    ),
    "delete": ("SUCCESS", [DELETE]),
    "delete-after-a-failed-create": ("SUCCESS", []),
    "delete-with-an-invented-id": ("SUCCESS", []),
    "bad-properties": ("FAILED", []),
    "contribute-urls": ("SUCCESS", [DESCRIBE, UPDATE, DESCRIBE]),
    "look-up": ("SUCCESS", [LIST, DESCRIBE, SECRETS]),
    "list": ("SUCCESS", [LIST]),
}
TYPES = {"look-up": LOOKUP_TYPE, "list": LIST_TYPE, "contribute-urls": URLS_TYPE}
WITH_A_STORED_SECRET = {"create-with-secret-id", "update-with-secret-id"}


@pytest.fixture
def kept() -> Iterator[Kept]:
    with a_world_of_the_events() as kept:
        yield kept


def with_its_clients(world: World, name: str) -> Json:
    """Let the clients that an event is about exist, as the event says that they were, and return the event."""
    content = recorded(name)
    properties: Json = content.get("OldResourceProperties") or content["ResourceProperties"]
    if content.get("PhysicalResourceId") == CLIENT_ID:
        known = CREATABLE if name in WITH_A_STORED_SECRET else UPDATABLE
        world.existing(client_id=CLIENT_ID, **typed({key: properties[key] for key in properties if key in known}))
    elif name == "contribute-urls":
        world.existing(client_id=CLIENT_ID, CallbackURLs=["https://app.example.com/callback"])
    elif name == "adopt":
        world.existing(client_id=CLIENT_ID, CallbackURLs=["https://app.example.com/before"])
    elif name in TYPES:
        world.fake.populate(properties["UserPoolId"], 1, "web")
        world.existing(ClientName="report")
    return content


def test_every_event_has_a_test() -> None:
    assert {path.stem for path in EVENTS.iterdir() if not path.stem.startswith("rotation-")} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_is_one_of_cloudformations_that_never_expires_and_holds_no_secret(name: str) -> None:
    content = recorded(name)
    request = Request.parse(content)

    assert "X-Amz-Date" not in content["ResponseURL"]
    assert content["RequestId"] in content["ResponseURL"]
    assert request.secrets() == []
    assert not canaries.leaked(json.dumps(content))
    assert request.seconds_left(4e9) > 0
    assert content["ResourceType"] == TYPES.get(name, "Custom::UserPoolClient")
    assert json.loads(json.dumps(content), parse_int=pytest.fail, parse_float=pytest.fail) == content
    assert content["ResourceProperties"]["ServiceToken"] == content["ServiceToken"]
    assert ("OldResourceProperties" in content) == (content["RequestType"] == "Update")
    assert ("PhysicalResourceId" in content) == (content["RequestType"] != "Create")


@pytest.mark.parametrize("name", EXPECTED)
def test_an_event_is_carried_out_by_lambdas_entry_point(kept: Kept, name: str) -> None:
    status, calls = EXPECTED[name]
    world, content = kept.world, with_its_clients(kept.world, name)

    with cold_start("user_pool_client.handler") as function:
        world.function = function.handler
        answer = world.send(content)

    assert (answer.status, kept.calls()) == (status, calls), answer.reason
    if name == "list":
        assert (answer.physical_id, answer.data["Count"]) == (content["ResourceProperties"]["UserPoolId"], "1")
    elif content["RequestType"] == "Delete":
        assert answer.physical_id == content["PhysicalResourceId"]
        assert world.client_ids() == []
    elif status == "FAILED":
        assert answer.physical_id == MARKER
    elif name == "contribute-urls":
        assert answer.physical_id.startswith(f"urls:{content['ResourceProperties']['UserPoolId']}/{CLIENT_ID}:")
        assert len(world.settings(CLIENT_ID)["CallbackURLs"]) == len(["its own", "the preview's"])
    else:
        assert answer.physical_id in world.client_ids()
        assert name == "look-up" or (answer.physical_id == CLIENT_ID) == (CREATE not in calls)


@pytest.mark.parametrize("name", sorted(WITH_A_STORED_SECRET))
def test_an_event_with_secret_id_stores_the_secret_and_shows_it_to_nobody(kept: Kept, name: str) -> None:
    answer = kept.world.send(with_its_clients(kept.world, name))

    assert is_told_nothing(answer, kept)
    assert answer.data["SecretArn"] == kept.arn
    assert kept.current()["client_id"] == answer.physical_id
    assert kept.is_sound()


def test_the_event_of_an_import_changes_what_it_names_and_nothing_else(kept: Kept) -> None:
    content = with_its_clients(kept.world, "adopt")

    kept.world.send(content)

    held = kept.world.settings(CLIENT_ID)
    assert held["LogoutURLs"] == content["ResourceProperties"]["LogoutURLs"]
    assert held["CallbackURLs"] == ["https://app.example.com/before"]


def test_create_with_everything_names_every_property() -> None:
    properties = recorded("create-with-everything")["ResourceProperties"]

    # A secret of one's own excludes a generated one, and has no business in a file; a kept one has events of its own.
    others = {"RoleArn", "ExternalId", *IMPORT_PROPERTIES, "AllowClientOfOtherStack", "AllowSecretOfOtherStack"}
    not_here = {"ClientSecret", "SecretId", *others}
    assert properties.keys() | not_here == SETTINGS.keys() | {"ServiceToken", "ServiceTimeout"}


def test_the_rollback_exchanges_the_properties_of_the_update() -> None:
    update, rollback = recorded("update-in-place"), recorded("update-rollback")

    assert rollback["ResourceProperties"] == update["OldResourceProperties"]
    assert rollback["OldResourceProperties"] == update["ResourceProperties"]


def test_bad_properties_are_told_all_at_once(world: World) -> None:
    answer = world.send(recorded("bad-properties"))

    wrong = ("callback_urls", "ClientName", "AuthSessionValidity", "TokenValidityUnits.AccessToken", "LogoutURLs[0]")
    assert [path for path in wrong if path not in answer.reason] == []
    assert "client_credentials flow can not be selected along with code flow or implicit flow." in answer.reason


@pytest.mark.parametrize("name", EXPECTED)
def test_under_sam_local_the_answer_is_printed_with_secrets_masked_and_nothing_is_sent(name: str) -> None:
    with (
        a_world_of_the_events(env={"AWS_SAM_LOCAL": "true"}) as kept,
        cold_start("user_pool_client.handler") as function,
    ):
        kept.world.function = function.handler
        content = with_its_clients(kept.world, name)
        kept.world.invoke(content)

        assert kept.world.put == []
        (printed,) = [line for line in kept.world.printed.getvalue().splitlines() if '"Status"' in line]
        answer = json.loads(printed)
        assert (answer["Status"], answer["RequestId"]) == (EXPECTED[name][0], content["RequestId"])
        shown = answer.get("Data", {}).get("GenerateSecret") == "true" and name not in WITH_A_STORED_SECRET
        assert answer.get("Data", {}).get("ClientSecret") == ("***" if shown else None)
        assert answer.get("NoEcho", False) is shown
