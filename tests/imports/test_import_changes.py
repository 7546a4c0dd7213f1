"""A resource goes from one client to another, loses its client, or shares it with a second resource."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.existing_clients import (
    BY_NAME,
    ELSEWHERE,
    FORBIDDEN,
    LIST,
    SERVICE_CLIENT,
    adopt,
    import_id,
    untouched,
)
from tests.fixtures.templates import APP, BARE, DESKTOP, EVERYTHING, MOBILE
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, FRANKFURT_POOL, OTHER_POOL, POOL, SECRETS, UPDATE, World

type Json = dict[str, Any]


# From one client to another


def test_changing_the_import_id_is_a_replacement_and_the_one_left_behind_is_let_go(world: World) -> None:
    first_id, second_id = world.existing(LogoutURLs=[APP]), world.existing(LogoutURLs=[DESKTOP], AuthSessionValidity=9)
    first_before, second_before = (world.fake.described(POOL, client_id) for client_id in (first_id, second_id))
    world.create(import_id(first_id))
    world.calls()

    replaced = world.update(first_id, import_id(second_id), import_id(first_id))

    assert (replaced.status, replaced.physical_id) == ("SUCCESS", second_id)
    assert world.calls() == [DESCRIBE, SECRETS]

    world.delete(first_id, import_id(first_id))

    assert untouched(world, first_id, first_before)
    assert untouched(world, second_id, second_before)


def test_what_was_applied_to_the_one_left_behind_is_not_reset_on_the_other(world: World) -> None:
    first_id, second_id = world.existing(), world.existing(LogoutURLs=[DESKTOP], AuthSessionValidity=9)
    old = {**import_id(first_id), "LogoutURLs": [APP], "AuthSessionValidity": "5"}
    world.create(old)

    world.update(first_id, {**import_id(second_id), "CallbackURLs": [APP]}, old)

    held = world.settings(second_id)
    assert (held["LogoutURLs"], held["AuthSessionValidity"], held["CallbackURLs"]) == ([DESKTOP], 9, [APP])


def test_an_import_instead_of_the_stacks_own_client_leaves_that_to_be_deleted(world: World) -> None:
    own_id, client_id = world.create(BARE).physical_id, world.existing()

    replaced = world.update(own_id, import_id(client_id), BARE)
    cleaned_up = world.delete(own_id, BARE)

    assert (replaced.status, replaced.physical_id) == ("SUCCESS", client_id)
    assert cleaned_up.status == "SUCCESS"
    assert world.client_ids() == [client_id]


@pytest.mark.parametrize("pool_id", [OTHER_POOL, FRANKFURT_POOL])
def test_an_import_from_another_user_pool_is_a_replacement(world: World, pool_id: str) -> None:
    first_id, second_id = world.existing(), world.existing(pool_id=pool_id)
    world.create(import_id(first_id))

    replaced = world.update(first_id, import_id(second_id, pool_id=pool_id), import_id(first_id))
    world.delete(first_id, import_id(first_id))

    assert (replaced.status, replaced.physical_id) == ("SUCCESS", second_id)
    assert world.client_ids() == [first_id]


@pytest.mark.parametrize("properties", BY_NAME)
def test_a_name_is_looked_up_again_only_in_another_user_pool(world: World, properties: Json) -> None:
    first_id = world.existing(ClientName=SERVICE_CLIENT)
    second_id = world.existing(ClientName=SERVICE_CLIENT, pool_id=OTHER_POOL)
    adopt(world, properties)
    world.calls()

    answer = world.update(first_id, {**properties, "UserPoolId": OTHER_POOL}, properties)

    assert (answer.status, answer.physical_id) == ("SUCCESS", second_id)
    assert LIST in world.calls()


@pytest.mark.parametrize("old", BY_NAME)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"LogoutURLs": [APP]}, id="another setting"),
        pytest.param({"ImportNamePrefix": "web"}, id="another prefix"),
        pytest.param({"ImportNamePattern": "web"}, id="another pattern"),
    ],
)
def test_a_name_is_looked_up_once_and_updates_stay_with_the_client(world: World, old: Json, change: Json) -> None:
    client_id = world.existing(ClientName=SERVICE_CLIENT)
    adopt(world, old)
    world.set_elsewhere(client_id, ClientName="renamed")
    for name in (SERVICE_CLIENT, "web"):
        world.existing(ClientName=name)
    world.calls()
    imports = {} if any(name.startswith("Import") for name in change) else dict(list(old.items())[1:])

    answer = world.update(client_id, {**BARE, **imports, **change}, old)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert LIST not in world.calls()


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param("gone", id="there is no such client"),
        pytest.param(UPDATE, id="it cannot be changed"),
        pytest.param(DESCRIBE, id="it cannot be read"),
        pytest.param("rules", id="it does not go with the template"),
    ],
)
@pytest.mark.parametrize("old", ["adopted", "own"])
def test_an_update_that_fails_to_adopt_another_client_keeps_the_id_it_was_given(
    world: World, old: str, failure: str
) -> None:
    first_id, second_id = world.existing(LogoutURLs=[APP]), world.existing(LogoutURLs=[DESKTOP])
    before = import_id(first_id) if old == "adopted" else {**BARE, "ClientName": "web"}
    now = {**import_id(second_id), "LogoutURLs": [MOBILE]}
    match failure:
        case "gone":
            world.delete_elsewhere(second_id)
        case "rules":
            now["DefaultRedirectURI"] = APP
        case operation:
            world.fail(operation, FORBIDDEN)

    answer = world.update(first_id, now, before)

    assert (answer.status, answer.physical_id) == ("FAILED", first_id)
    assert f'Could not adopt the app client of ImportId "{POOL}/{second_id}" instead of {first_id}: ' in answer.reason
    assert {DELETE, CREATE}.isdisjoint(world.calls())
    if failure != "gone":
        assert world.settings(second_id)["LogoutURLs"] == [DESKTOP]


@pytest.mark.parametrize("old", ["adopted", "own"])
def test_taking_back_an_update_that_failed_to_adopt_another_client_changes_nothing(world: World, old: str) -> None:
    first_id, second_id = world.existing(**ELSEWHERE), world.existing(GenerateSecret=True)
    first, second = (world.fake.described(POOL, client_id) for client_id in (first_id, second_id))
    before = import_id(first_id) if old == "adopted" else BARE
    # What this template says was never said of the first client, so it cannot be taken back there either.
    now = {**EVERYTHING, **import_id(second_id)}
    world.fail(UPDATE, FORBIDDEN)
    failed = world.update(first_id, now, before)
    assert (failed.status, failed.physical_id) == ("FAILED", first_id)

    answer = world.update(first_id, before, now)

    assert (answer.status, answer.physical_id) == ("SUCCESS", first_id)
    assert untouched(world, first_id, first)
    assert untouched(world, second_id, second)


@pytest.mark.parametrize("properties", BY_NAME)
def test_taking_back_an_update_that_found_nobody_in_another_user_pool_stays_with_the_client(
    world: World, properties: Json
) -> None:
    client_id = world.existing(**{**ELSEWHERE, "ClientName": SERVICE_CLIENT})
    adopt(world, properties)
    # The name does not lead there any more.
    world.set_elsewhere(client_id, ClientName="renamed")
    before = world.fake.described(POOL, client_id)
    moved = {**properties, "UserPoolId": OTHER_POOL, "LogoutURLs": [MOBILE]}
    failed = world.update(client_id, moved, properties)
    world.calls()

    answer = world.update(client_id, properties, moved)

    assert (failed.status, failed.physical_id) == ("FAILED", client_id)
    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DESCRIBE]
    assert untouched(world, client_id, before)


@pytest.mark.parametrize("way", ["a Delete of the new id", "an Update of the new id"])
def test_taking_back_a_change_of_the_import_id_leaves_both_clients_there(world: World, way: str) -> None:
    first_id, second_id = world.existing(), world.existing()
    old, new = import_id(first_id), import_id(second_id)
    world.create(old)
    replaced = world.update(first_id, new, old)

    if way == "an Update of the new id":
        rolled_back = world.update(replaced.physical_id, old, new)
        assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", first_id)
    world.delete(replaced.physical_id, new)
    world.delete(first_id, old)

    assert set(world.client_ids()) == {first_id, second_id}


# The adopted client is gone


@pytest.mark.parametrize("imports", ["ImportId", "ImportNamePrefix", "ImportNamePattern"])
def test_an_update_of_an_adopted_client_that_is_gone_fails_and_says_what_to_do(world: World, imports: str) -> None:
    client_id = world.existing(ClientName=SERVICE_CLIENT)
    value = f"{POOL}/{client_id}" if imports == "ImportId" else SERVICE_CLIENT
    properties = {**BARE, imports: value}
    adopt(world, properties)
    world.delete_elsewhere(client_id)
    world.existing(ClientName=SERVICE_CLIENT)
    world.calls()

    answer = world.update(client_id, {**properties, "LogoutURLs": [APP]}, properties)

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)
    assert world.calls() == [DESCRIBE]
    assert f"The adopted client {client_id} is not in user pool {POOL} any more." in answer.reason
    assert f"take {imports} out of the template if a new client is wanted, and deploy again." in answer.reason


def test_what_that_failure_says_leads_to_a_new_client(world: World) -> None:
    client_id = world.existing()
    properties = import_id(client_id)
    world.create(properties)
    world.delete_elsewhere(client_id)
    assert world.update(client_id, {**properties, "LogoutURLs": [APP]}, properties).status == "FAILED"

    answer = world.update(client_id, {**BARE, "LogoutURLs": [APP]}, properties)
    cleaned_up = world.delete(client_id, properties)

    assert (answer.status, cleaned_up.status) == ("SUCCESS", "SUCCESS")
    assert world.client_ids() == [answer.physical_id]


def test_a_delete_of_an_adopted_client_that_is_gone_succeeds(world: World) -> None:
    client_id = world.existing()
    world.create(import_id(client_id))
    world.delete_elsewhere(client_id)

    assert world.delete(client_id, import_id(client_id)).status == "SUCCESS"


# Two resources, one client


def test_two_resources_may_adopt_one_client_and_neither_ever_deletes_it(world: World) -> None:
    client_id = world.existing(AuthSessionValidity=9)
    one, other = {**import_id(client_id), "LogoutURLs": [APP]}, {**import_id(client_id), "CallbackURLs": [MOBILE]}

    answers = [world.create(one), world.create(other, LogicalResourceId="Other")]

    assert {answer.physical_id for answer in answers} == {client_id}
    held = world.settings(client_id)
    assert (held["LogoutURLs"], held["CallbackURLs"], held["AuthSessionValidity"]) == ([APP], [MOBILE], 9)

    world.delete(client_id, one)
    world.delete(client_id, other, LogicalResourceId="Other")

    assert world.client_ids() == [client_id]


def test_of_two_resources_the_one_that_owns_the_client_deletes_it_and_the_other_says_so(world: World) -> None:
    client_id = world.existing()
    properties = import_id(client_id)
    world.create(properties)
    world.create(properties, LogicalResourceId="Other")
    world.update(client_id, BARE, properties)

    world.delete(client_id, BARE)

    assert world.client_ids() == []
    updated = world.update(client_id, {**properties, "LogoutURLs": [APP]}, properties, LogicalResourceId="Other")
    assert (updated.status, updated.physical_id) == ("FAILED", client_id)
    assert "is not in user pool" in updated.reason
    assert world.delete(client_id, properties, LogicalResourceId="Other").status == "SUCCESS"
    assert world.client_ids() == []
