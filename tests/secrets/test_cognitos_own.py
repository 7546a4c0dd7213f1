"""Secrets that Cognito itself stores in Secrets Manager and rotates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.canaries import OWN_SECRET
from tests.fixtures.existing_clients import import_id
from tests.fixtures.stored_secrets import ADD, REMOVE, WRITES, Kept
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL
from tests.fixtures.world import CREATE, DESCRIBE, MARKER, POOL, SECRETS, UPDATE, World
from user_pool_client.domain.errors import Refused

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


@pytest.mark.parametrize(
    "template", [BARE, CONFIDENTIAL, {**BARE, "ClientSecret": OWN_SECRET}], ids=["public", "generated", "own"]
)
def test_a_create_that_does_not_want_it_does_not_speak_of_it(world: World, template: Json) -> None:
    answer = world.create({**template, PUBLISH: "false"})

    assert answer.status == "SUCCESS"
    assert PUBLISH not in world.fake.calls[0].params


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


# From SecretId to Cognito's own, and back


def handed_over(kept: Kept, client_id: str) -> Json:
    """Give the client's secret to Cognito in one deployment, and return what programs knew before."""
    known = kept.current()

    answer = kept.world.update(client_id, STORED, kept.template())

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id), answer.reason
    assert "SecretArn" not in answer.data
    assert answer.data["ClientSecretArn"] == kept.client(client_id).secret_arn
    return known


def second_secret(kept: Kept, client_id: str) -> None:
    kept.world.clock.now += 1
    kept.world.fake.elsewhere(ADD, {"UserPoolId": POOL, "ClientId": client_id})


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_what_programs_know_works_until_the_second_rotation_of_cognitos(kept: Kept, rotations: int) -> None:
    client_id = kept.made()
    for _ in range(rotations):
        kept.rotate()

    known = handed_over(kept, client_id)

    assert kept.takes(known)
    kept.world.clock.now += 1
    kept.world.fake.rotate_stored(POOL, client_id)
    assert not kept.takes(known)


def test_a_newer_secret_that_nobody_knows_goes_instead_of_the_one_that_programs_know(kept: Kept) -> None:
    client_id = kept.made()
    second_secret(kept, client_id)

    assert kept.takes(handed_over(kept, client_id))


@pytest.mark.parametrize("old", [CONFIDENTIAL, "unreadable"], ids=["attribute", "a value of another client"])
def test_if_it_cannot_be_told_which_secret_programs_know_nothing_is_deleted(kept: Kept, old: Any) -> None:
    client_id = kept.made()
    second_secret(kept, client_id)
    if old == "unreadable":
        old = kept.template()
        kept.secrets.put_elsewhere(kept.arn, {"client_id": "other", "client_secret": OWN_SECRET})
    before = kept.values(client_id)
    kept.forget()

    answer = kept.world.update(client_id, STORED, old)

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)
    assert "has two secrets, and Cognito's first rotation deletes the older one" in answer.reason
    assert not WRITES & set(kept.calls())
    assert kept.values(client_id) == before


@pytest.mark.parametrize("before", [True, False], ids=["to where it was", "to another secret"])
def test_the_way_back_is_one_deployment(kept: Kept, *, before: bool) -> None:
    client_id = kept.made()
    handed_over(kept, client_id)
    for _ in range(2):
        kept.world.clock.now += 1
        kept.world.fake.rotate_stored(POOL, client_id)
    known = kept.values(client_id)
    arn = kept.arn if before else kept.secrets.create("user-pool-client/new")

    answer = kept.world.update(client_id, kept.template(SecretId=arn, **{PUBLISH: "false"}), STORED)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id), answer.reason
    assert not kept.client(client_id).stored
    assert kept.current(arn)["client_secret"] == known[-1]
    assert kept.takes(kept.current(arn))
    # Programs that have read Cognito's secret go on with it.
    assert kept.values(client_id) == known


def test_after_the_way_back_a_rotation_waits_until_it_is_clear_which_secret_is_stored(kept: Kept) -> None:
    client_id = kept.made()
    handed_over(kept, client_id)
    kept.world.update(client_id, kept.template(**{PUBLISH: "false"}), STORED)
    known = kept.values(client_id)

    with pytest.raises(Refused) as refused:
        kept.rotate()
    still_known = kept.values(client_id)
    (other,) = (
        name for name, one in kept.client(client_id).secrets.items() if one.value != kept.current()["client_secret"]
    )
    kept.world.fake.elsewhere(REMOVE, {"UserPoolId": POOL, "ClientId": client_id, "ClientSecretId": other})
    kept.secrets.cancel_rotation(kept.arn)
    kept.rotate()

    assert "none was deleted" in str(refused.value)
    assert still_known == known
    assert kept.is_sound()


def test_a_value_that_still_works_is_not_replaced_when_secret_id_returns(kept: Kept) -> None:
    client_id = kept.made()
    kept.rotate()
    kept.world.update(client_id, CONFIDENTIAL, kept.template())
    known = kept.current()

    answer = kept.world.update(client_id, kept.template(), CONFIDENTIAL)

    assert (answer.status, kept.current()) == ("SUCCESS", known)


@pytest.mark.parametrize("said", [{}, {"GenerateSecret": "true"}], ids=["silent", "GenerateSecret"])
def test_secret_id_for_such_a_client_is_refused_before_anything_changes(kept: Kept, said: Json) -> None:
    client_id = kept.world.existing(GenerateSecret=True, PublishSecretsInAWSSecretsManager=True)
    properties = {**BARE, **said, "SecretId": kept.arn}
    kept.forget()

    imported = kept.world.create({**properties, **import_id(client_id)})
    updated = kept.world.update(client_id, {**properties, "LogoutURLs": [APP]}, BARE)

    for answer in (imported, updated):
        assert answer.status == "FAILED"
        assert f"stores and rotates the secret of app client {client_id}, in " in answer.reason
        assert kept.client(client_id).secret_arn in answer.reason
        assert f"set {PUBLISH} to false as well, which deletes that secret at once" in answer.reason
    assert not WRITES & set(kept.calls())


def test_our_rotation_refuses_such_a_client_and_deletes_nothing(kept: Kept) -> None:
    client_id = kept.made()
    kept.world.fake.elsewhere(UPDATE, {"UserPoolId": POOL, "ClientId": client_id, PUBLISH: True})
    before = kept.values(client_id)
    kept.forget()

    with pytest.raises(Refused) as refused:
        kept.rotate()

    assert kept.client(client_id).secret_arn in str(refused.value)
    assert "no secret was added or deleted" in str(refused.value)
    assert not {ADD, REMOVE} & set(kept.calls())
    assert kept.values(client_id) == before
