"""A new client takes an old one's place only where the old one cannot become what the template wants."""

from __future__ import annotations

from typing import Any

import pytest

from tests.canaries import OTHER_SECRET, OWN_SECRET
from tests.fakes.cognito import ApiError
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL, DERIVED_NAME, EVERYTHING, effective
from tests.fixtures.world import (
    CREATE,
    DELETE,
    DESCRIBE,
    FRANKFURT_POOL,
    MARKER,
    OTHER_POOL,
    POOL,
    SECRETS,
    UPDATE,
    World,
)

type Json = dict[str, Any]

OWN: Json = {**BARE, "ClientSecret": OWN_SECRET}
PUBLIC: Json = {**BARE, "GenerateSecret": "false"}


@pytest.mark.parametrize(
    ("old", "new", "asked"),
    [
        pytest.param(BARE, {"UserPoolId": OTHER_POOL}, [DESCRIBE], id="UserPoolId"),
        pytest.param(BARE, {"UserPoolId": FRANKFURT_POOL}, [DESCRIBE], id="UserPoolId in another Region"),
        pytest.param(BARE, CONFIDENTIAL, [DESCRIBE, SECRETS], id="GenerateSecret comes"),
        pytest.param(PUBLIC, CONFIDENTIAL, [DESCRIBE, SECRETS], id="GenerateSecret becomes true"),
        pytest.param(CONFIDENTIAL, PUBLIC, [DESCRIBE], id="GenerateSecret becomes false"),
        pytest.param(OWN, {**BARE, "ClientSecret": OTHER_SECRET}, [DESCRIBE], id="ClientSecret changes"),
        pytest.param(BARE, OWN, [DESCRIBE, SECRETS], id="ClientSecret comes"),
        pytest.param(CONFIDENTIAL, OWN, [DESCRIBE], id="ClientSecret instead of a generated one"),
    ],
)
def test_a_new_client_with_a_new_id_is_made_and_the_old_one_is_left_to_cloudformation(
    world: World, old: Json, new: Json, asked: list[str]
) -> None:
    created = world.create(old)
    world.calls()

    answer = world.update(created.physical_id, new, old)

    assert answer.status == "SUCCESS"
    assert world.calls() == [*asked, CREATE]
    assert answer.physical_id != created.physical_id
    assert answer.physical_id == answer.data["ClientId"] == world.client_ids(new["UserPoolId"])[-1]
    assert created.physical_id in world.client_ids(old["UserPoolId"])
    assert ("ClientSecret" in answer.data) == (new in (CONFIDENTIAL, OWN) or "ClientSecret" in new)

    cleaned_up = world.delete(created.physical_id, old)

    assert cleaned_up.status == "SUCCESS"
    assert world.calls() == [DELETE]
    left = [client_id for pool_id in (POOL, OTHER_POOL, FRANKFURT_POOL) for client_id in world.client_ids(pool_id)]
    assert left == [answer.physical_id]


def test_the_new_client_has_all_settings_of_the_template(world: World) -> None:
    public = {
        name: value
        for name, value in EVERYTHING.items()
        if name not in ("GenerateSecret", "EnablePropagateAdditionalUserContextData")
    }
    created = world.create(public)

    answer = world.update(created.physical_id, EVERYTHING, public)

    assert answer.physical_id != created.physical_id
    fresh = world.create(EVERYTHING)
    assert effective(world.settings(answer.physical_id)) == effective(world.settings(fresh.physical_id))


@pytest.mark.parametrize(
    ("exists", "old", "new"),
    [
        pytest.param({"GenerateSecret": True}, BARE, CONFIDENTIAL, id="GenerateSecret true said for the first time"),
        pytest.param({}, BARE, PUBLIC, id="GenerateSecret false said for the first time"),
        pytest.param({"GenerateSecret": True}, CONFIDENTIAL, BARE, id="GenerateSecret true leaves"),
        pytest.param({}, PUBLIC, BARE, id="GenerateSecret false leaves"),
        pytest.param({"ClientSecret": OWN_SECRET}, BARE, OWN, id="ClientSecret said for the first time"),
        pytest.param({"ClientSecret": OWN_SECRET}, OWN, BARE, id="ClientSecret leaves"),
        pytest.param({"ClientSecret": OWN_SECRET}, OWN, CONFIDENTIAL, id="ClientSecret leaves for GenerateSecret"),
        pytest.param({"GenerateSecret": True}, PUBLIC, CONFIDENTIAL, id="GenerateSecret comes to agree"),
        pytest.param({"ClientSecret": OTHER_SECRET}, OWN, OWN, id="ClientSecret was changed elsewhere"),
    ],
)
def test_agreeing_with_what_exists_is_never_a_replacement(world: World, exists: Json, old: Json, new: Json) -> None:
    client_id = world.existing(**exists, LogoutURLs=[APP])

    answer = world.update(client_id, {**new, "AuthSessionValidity": "7"}, old)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    asked = [SECRETS] if new is PUBLIC else []
    assert world.calls() == [DESCRIBE, *asked, UPDATE]
    assert world.client_ids() == [client_id]


@pytest.mark.parametrize("old", [CONFIDENTIAL, BARE], ids=["said before", "said for the first time"])
def test_a_client_whose_original_secret_was_deleted_still_has_one(world: World, old: Json) -> None:
    client_id = world.existing(GenerateSecret=True)
    world.lose_original_secret(client_id)

    answer = world.update(client_id, {**CONFIDENTIAL, "ClientName": "web"}, old)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DESCRIBE, SECRETS]


def test_a_client_with_a_secret_that_is_not_shown_is_replaced_by_one_without(world: World) -> None:
    client_id = world.existing(GenerateSecret=True)
    world.lose_original_secret(client_id)

    answer = world.update(client_id, PUBLIC, BARE)

    assert answer.status == "SUCCESS"
    assert answer.physical_id != client_id
    assert world.calls() == [DESCRIBE, SECRETS, CREATE]


@pytest.mark.parametrize("code", ["UnknownOperationException", "InvalidAction"])
def test_where_there_are_no_second_secrets_describe_shows_them_all(world: World, code: str) -> None:
    client_id = world.existing()
    world.fail(SECRETS, ApiError(code))

    answer = world.update(client_id, CONFIDENTIAL, BARE)

    assert answer.status == "SUCCESS"
    assert answer.physical_id != client_id
    assert answer.data["GenerateSecret"] == "true"


def test_a_template_that_wants_no_secret_does_not_need_to_list_them(world: World) -> None:
    client_id = world.existing()
    world.fail(SECRETS, ApiError("AccessDeniedException", "not authorized"))

    assert world.update(client_id, PUBLIC, BARE).status == "SUCCESS"


def test_a_client_deleted_elsewhere_comes_back_with_a_new_id(world: World) -> None:
    properties = {**CONFIDENTIAL, "LogoutURLs": [APP]}
    created = world.create(properties)
    world.delete_elsewhere(created.physical_id)
    world.calls()

    answer = world.update(created.physical_id, {**properties, "ServiceTimeout": "60"}, properties)

    assert answer.status == "SUCCESS"
    assert world.calls() == [DESCRIBE, CREATE]
    assert world.client_ids() == [answer.physical_id] != [created.physical_id]
    assert effective(world.settings(answer.physical_id)) == effective({"ClientName": DERIVED_NAME, "LogoutURLs": [APP]})
    assert world.delete(created.physical_id, properties).status == "SUCCESS"
    assert world.client_ids() == [answer.physical_id]


def test_a_user_pool_deleted_elsewhere_is_told_and_the_id_stays(world: World) -> None:
    created = world.create(BARE)
    del world.fake.pools[POOL]

    answer = world.update(created.physical_id, {**BARE, "LogoutURLs": [APP]}, BARE)

    assert (answer.status, answer.physical_id) == ("FAILED", created.physical_id)
    assert f"User pool {POOL} does not exist" in answer.reason
    assert "check UserPoolId" in answer.reason


@pytest.mark.parametrize("physical_id", [MARKER, "shop-WebClient-1QZ6T0XJ4MHFN"], ids=["marker", "invented"])
def test_an_update_of_what_was_never_made_makes_it_without_looking(world: World, physical_id: str) -> None:
    answer = world.update(physical_id, BARE, BARE)

    assert (answer.status, answer.physical_id) == ("SUCCESS", world.client_ids()[0])
    assert world.calls() == [CREATE]


def test_an_update_without_a_physical_id_makes_the_client(world: World) -> None:
    answer = world.send(world.request("Update", BARE, OldResourceProperties=BARE))

    assert (answer.status, answer.physical_id) == ("SUCCESS", world.client_ids()[0])


@pytest.mark.parametrize(
    "refusal",
    [
        ApiError("LimitExceededException", "Maximum number of user pool clients exceeded."),
        ApiError("NotAuthorizedException", "Not authorized."),
    ],
    ids=lambda refusal: refusal.code,
)
def test_a_replacement_that_cannot_be_made_leaves_the_old_client_and_its_id(world: World, refusal: ApiError) -> None:
    created = world.create(BARE)
    world.fail(CREATE, refusal)

    answer = world.update(created.physical_id, CONFIDENTIAL, BARE)

    assert (answer.status, answer.physical_id) == ("FAILED", created.physical_id)
    assert refusal.message.rstrip(".") in answer.reason
    assert world.client_ids() == [created.physical_id]


def test_a_replacement_that_cognito_would_refuse_is_not_tried(world: World) -> None:
    created = world.create(CONFIDENTIAL)
    world.calls()

    answer = world.update(
        created.physical_id, {**PUBLIC, "EnablePropagateAdditionalUserContextData": "true"}, CONFIDENTIAL
    )

    assert (answer.status, answer.physical_id) == ("FAILED", created.physical_id)
    assert "Client Secret is required to set EnablePropagateAdditionalUserContextData as true" in answer.reason
    assert world.calls() == [DESCRIBE]
