"""Secrets that Cognito itself stores in Secrets Manager and rotates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.canaries import OWN_SECRET
from tests.fixtures.existing_clients import import_id
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL
from tests.fixtures.world import CREATE, DESCRIBE, MARKER, POOL, SECRETS, UPDATE, World

type Json = dict[str, Any]

PUBLISH = "PublishSecretsInAWSSecretsManager"
STORED: Json = {**CONFIDENTIAL, PUBLISH: "true"}


def client(world: World, client_id: str) -> Any:
    return world.fake.pools[POOL].clients[client_id]


def test_a_client_is_created_with_a_secret_that_cognito_stores(world: World) -> None:
    answer = world.create(STORED)

    assert answer.status == "SUCCESS"
    assert answer.data["ClientSecretArn"] == client(world, answer.physical_id).secret_arn
    assert (answer.data["GenerateSecret"], answer.data[PUBLISH]) == ("true", "true")
    assert "ClientSecret" not in answer.data
    assert not answer.no_echo
    assert world.calls() == [CREATE]


def test_an_existing_secret_is_handed_over_in_place(world: World) -> None:
    created = world.create(CONFIDENTIAL)
    known = created.data["ClientSecret"]

    answer = world.update(created.physical_id, STORED, CONFIDENTIAL)

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert "ClientSecretArn" in answer.data
    # What programs know works until the next rotation.
    assert known in [secret.value for secret in client(world, created.physical_id).secrets.values()]


def test_it_is_switched_off_only_where_the_template_says_so(world: World) -> None:
    created = world.create(STORED)

    left = world.update(created.physical_id, CONFIDENTIAL, STORED)
    still_stored = client(world, created.physical_id).stored
    off = world.update(created.physical_id, {**CONFIDENTIAL, PUBLISH: "false"}, CONFIDENTIAL)

    assert (left.data["ClientSecretArn"], still_stored) == (created.data["ClientSecretArn"], True)
    assert (off.status, off.physical_id) == ("SUCCESS", created.physical_id)
    assert not client(world, created.physical_id).stored
    assert "ClientSecretArn" not in off.data
    assert off.data["ClientSecret"] in [one.value for one in client(world, created.physical_id).secrets.values()]


@pytest.mark.parametrize("template", [STORED, CONFIDENTIAL], ids=["in the template", "set elsewhere"])
def test_an_update_of_another_setting_neither_rotates_nor_deletes_the_secret(world: World, template: Json) -> None:
    client_id = world.create(STORED).physical_id
    before = dict(client(world, client_id).secrets)

    answer = world.update(client_id, {**template, "LogoutURLs": [APP]}, template)

    assert answer.status == "SUCCESS"
    assert client(world, client_id).stored
    assert client(world, client_id).secrets == before


def test_a_rollback_leaves_the_secret_where_it_is(world: World) -> None:
    created = world.create(CONFIDENTIAL)
    world.update(created.physical_id, STORED, CONFIDENTIAL)

    answer = world.update(created.physical_id, CONFIDENTIAL, STORED)

    assert answer.status == "SUCCESS"
    assert client(world, created.physical_id).stored


@pytest.mark.parametrize(
    ("properties", "paths"),
    [
        pytest.param({**STORED, "SecretId": "user-pool-client/web"}, f"{PUBLISH}, SecretId: ", id="SecretId"),
        pytest.param({**BARE, PUBLISH: "true", "ClientSecret": OWN_SECRET}, f"{PUBLISH}, ClientSecret: ", id="own"),
        pytest.param({**BARE, PUBLISH: "true"}, f"{PUBLISH}, GenerateSecret: ", id="no secret"),
        pytest.param({**BARE, PUBLISH: "true", "GenerateSecret": "false"}, f"{PUBLISH}, GenerateSecret: ", id="public"),
    ],
)
def test_what_does_not_go_with_it_is_refused_before_any_call(world: World, properties: Json, paths: str) -> None:
    answer = world.create(properties)

    assert (answer.status, answer.physical_id, world.calls()) == ("FAILED", MARKER, [])
    assert f"1 problem in its properties: {paths}" in answer.reason


def test_a_client_without_a_secret_is_not_sent_to_cognito_for_it(world: World) -> None:
    client_id = world.existing()

    answer = world.update(client_id, {**BARE, PUBLISH: "true"}, BARE)

    assert (answer.status, world.calls()) == ("FAILED", [DESCRIBE, SECRETS])
    assert f"{PUBLISH}, GenerateSecret: the client has no secret that Cognito could store" in answer.reason


def test_switching_off_what_never_was_on_changes_nothing(world: World) -> None:
    client_id = world.existing(GenerateSecret=True)

    answer = world.update(client_id, {**CONFIDENTIAL, "ClientName": "web", PUBLISH: "false"}, CONFIDENTIAL)

    assert (answer.status, world.calls()) == ("SUCCESS", [DESCRIBE])


@pytest.mark.parametrize("said", [{}, {"GenerateSecret": "true"}, {PUBLISH: "true"}, STORED], ids=str)
def test_a_client_that_cognito_keeps_the_secret_of_is_imported_as_one_with_a_secret(world: World, said: Json) -> None:
    client_id = world.existing(GenerateSecret=True, PublishSecretsInAWSSecretsManager=True)

    answer = world.create({**import_id(client_id), **said})

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert (answer.data["GenerateSecret"], "ClientSecretArn" in answer.data) == ("true", True)
    assert world.calls() == [DESCRIBE]


def test_a_lookup_shows_where_the_secret_is(world: World) -> None:
    client_id = world.existing(GenerateSecret=True, PublishSecretsInAWSSecretsManager=True)

    answer = world.create({**BARE, "ClientId": client_id}, ResourceType="Custom::UserPoolClientLookup")

    assert answer.data["ClientSecretArn"] == client(world, client_id).secret_arn
    assert (answer.data["GenerateSecret"], answer.no_echo) == ("true", False)


def test_a_create_whose_answer_was_lost_finds_its_client(world: World) -> None:
    world.fail(CREATE, "read-timeout", after=True)

    answer = world.create(STORED, **world.dated())

    assert (answer.status, world.client_ids()) == ("SUCCESS", [answer.physical_id])
    assert "ClientSecretArn" in answer.data
    assert UPDATE not in world.calls()
