"""A Delete deletes; where there is nothing to delete it succeeds, whatever the properties say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.canaries import OWN_SECRET
from tests.fixtures.templates import BARE, CONFIDENTIAL, EVERYTHING
from tests.fixtures.world import DELETE, FRANKFURT_POOL, MARKER, POOL, World

type Json = dict[str, Any]


@pytest.mark.parametrize(
    "properties",
    [BARE, CONFIDENTIAL, {**BARE, "ClientSecret": OWN_SECRET}, EVERYTHING, {"UserPoolId": FRANKFURT_POOL}],
    ids=["bare", "confidential", "own secret", "everything", "another Region"],
)
def test_a_delete_is_one_call(world: World, properties: Json) -> None:
    created = world.create(properties)
    world.calls()

    answer = world.delete(created.physical_id, properties)

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert world.calls() == [DELETE]
    assert world.client_ids(properties["UserPoolId"]) == []
    assert (answer.data, answer.no_echo) == ({}, False)


@pytest.mark.parametrize(
    "physical_id",
    [
        pytest.param(MARKER, id="marker"),
        pytest.param("shop-ApiClient-1QZ6T0XJ4MHFN", id="invented for another resource"),
        pytest.param("", id="empty"),
        pytest.param("a" * 129, id="too long"),
        pytest.param("client/../other", id="odd"),
    ],
)
def test_an_id_that_no_client_can_have_is_not_looked_for(world: World, physical_id: str) -> None:
    client_id = world.existing()

    answer = world.delete(physical_id, BARE)

    assert (answer.status, answer.physical_id) == ("SUCCESS", physical_id or MARKER)
    assert world.calls() == []
    assert world.client_ids() == [client_id]


def test_a_delete_without_a_physical_id_has_nothing_to_delete(world: World) -> None:
    answer = world.send(world.request("Delete", BARE))

    assert (answer.status, answer.physical_id) == ("SUCCESS", MARKER)
    assert world.calls() == []


def test_a_client_that_is_gone_is_deleted_already(world: World) -> None:
    client_id = world.existing()
    world.delete_elsewhere(client_id)

    answer = world.delete(client_id, BARE)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DELETE]


def test_a_client_whose_user_pool_is_gone_is_deleted_already(world: World) -> None:
    client_id = world.existing()
    del world.fake.pools[POOL]

    answer = world.delete(client_id, BARE)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)


def test_a_second_delete_of_the_same_client_succeeds_too(world: World) -> None:
    client_id = world.existing()

    answers = [world.delete(client_id, BARE) for _ in range(2)]

    assert [answer.status for answer in answers] == ["SUCCESS", "SUCCESS"]


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param({"AuthSessionValidity": "soon", "Colour": "red"}, id="values and names"),
        pytest.param({"CallbackURLs": {"a": [None]}, "TokenValidityUnits": "days", "ClientSecret": [1]}, id="shapes"),
        pytest.param({"AllowedOAuthFlows": ["client_credentials", "code"]}, id="combinations"),
    ],
)
def test_properties_that_do_not_parse_do_not_keep_a_client_alive(world: World, garbage: Json) -> None:
    client_id = world.existing()

    answer = world.delete(client_id, {**BARE, **garbage})

    assert answer.status == "SUCCESS"
    assert world.client_ids() == []


@pytest.mark.parametrize(
    "properties",
    [None, [], "text", 7, {}, {"UserPoolId": None}, {"UserPoolId": ["us-east-1_Abc"]}, {"UserPoolId": "no pool id"}],
    ids=repr,
)
def test_properties_that_name_no_user_pool_do_not_block_a_delete(world: World, properties: object) -> None:
    client_id = world.existing()

    answer = world.delete(client_id, properties)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == []


def test_a_user_pool_in_a_region_that_does_not_exist_does_not_block_a_delete(world: World) -> None:
    answer = world.delete("3n4b5urk1ft4fl3mg5e62d9ado", {"UserPoolId": "xx-nowhere-1_Abc123xyz"})

    assert (answer.status, world.calls()) == ("SUCCESS", [])
