"""Settings of a client that are newer than the packed botocore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.canaries import CLIENT_SECRET
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL
from tests.fixtures.world import DESCRIBE

if TYPE_CHECKING:
    from tests.fixtures.world import World

type Json = dict[str, Any]

NEW: Json = {
    "Colour": "red",
    "Lifetimes": {"Device": 7, "DeviceSecret": CLIENT_SECRET, "Kinds": [{"Password": CLIENT_SECRET}]},
    "ThirdSecret": CLIENT_SECRET,
    "Nothing": None,
}


def with_new_settings(world: World) -> None:
    def newer(operation: str, reply: Json) -> None:
        if operation == DESCRIBE:
            reply["UserPoolClient"].update(NEW)
            reply["UserPoolClient"]["TokenValidityUnits"] = {"DeviceToken": "days"}

    world.on_reply = newer


NAMES = ["Colour", "Lifetimes", "ThirdSecret", "TokenValidityUnits.DeviceToken"]


def test_what_is_not_known_is_named_and_counted(world: World) -> None:
    client_id = world.existing(ClientName="web")
    with_new_settings(world)

    answer = world.update(client_id, {**BARE, "ClientName": "web"}, BARE)

    assert answer.status == "SUCCESS"
    (line,) = [line for line in world.log() if line["message"] == "Unknown settings"]
    assert (line["level"], line["client_id"], line["names"]) == ("WARNING", client_id, NAMES)
    assert world.metrics().count("UnknownSettings") == 1


def test_an_update_that_may_reset_it_logs_its_value_without_secrets(world: World) -> None:
    client_id = world.existing(ClientName="web")
    with_new_settings(world)

    world.update(client_id, {**BARE, "LogoutURLs": [APP]}, BARE)

    (line,) = [line for line in world.log() if line["message"] == "Done"]
    assert line["may_reset"] == {
        "Colour": '"red"',
        "Lifetimes": '{"Device": 7, "DeviceSecret": "***", "Kinds": [{"Password": "***"}]}',
        "ThirdSecret": '"***"',
        "TokenValidityUnits.DeviceToken": '"days"',
    }


def test_a_secret_that_is_known_is_masked_whatever_its_new_name(world: World) -> None:
    created = world.create(CONFIDENTIAL)
    secret = created.data["ClientSecret"]

    def newer(operation: str, reply: Json) -> None:
        if operation == DESCRIBE:
            reply["UserPoolClient"]["Handle"] = f"client:{secret}"

    world.on_reply = newer
    world.update(created.physical_id, {**CONFIDENTIAL, "LogoutURLs": [APP]}, CONFIDENTIAL)

    assert world.log()[-1]["may_reset"] == {"Handle": '"client:***"'}


def test_a_lookup_names_it_as_well(world: World) -> None:
    client_id = world.existing()
    with_new_settings(world)

    answer = world.create({**BARE, "ClientId": client_id}, ResourceType="Custom::UserPoolClientLookup")

    assert answer.status == "SUCCESS"
    assert "Colour" not in answer.data
    assert "UnknownSettings" in world.metrics()


def test_a_client_of_known_settings_is_not_spoken_of(world: World) -> None:
    created = world.create(CONFIDENTIAL)
    world.update(created.physical_id, {**CONFIDENTIAL, "LogoutURLs": [APP]}, CONFIDENTIAL)

    assert "UnknownSettings" not in world.metrics()
    assert "may_reset" not in world.log()[-1]
