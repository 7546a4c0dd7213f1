"""The Region is the user pool's own, wherever the stack and the function are."""

from __future__ import annotations

import socket
from unittest import mock

import pytest

from tests.fixtures.templates import APP
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, FRANKFURT_POOL, MARKER, UPDATE, World

FRANKFURT = {"UserPoolId": FRANKFURT_POOL, "GenerateSecret": "true"}
NOWHERE = {"UserPoolId": "eu-nowhere-9_Abc123xyz"}
IS_NOT_THERE = (
    'UserPoolId "eu-nowhere-9_Abc123xyz" names the Region "eu-nowhere-9", '
    "which does not exist or has no Cognito user pools."
)


def test_a_client_lives_its_whole_life_in_another_region(world: World) -> None:
    created = world.create(FRANKFURT)
    updated = world.update(created.physical_id, {**FRANKFURT, "LogoutURLs": [APP]}, FRANKFURT)
    held = world.settings(created.physical_id, pool_id=FRANKFURT_POOL)
    deleted = world.delete(created.physical_id, {**FRANKFURT, "LogoutURLs": [APP]})

    assert [answer.status for answer in (created, updated, deleted)] == ["SUCCESS"] * 3
    assert created.data["Issuer"] == f"https://cognito-idp.eu-central-1.amazonaws.com/{FRANKFURT_POOL}"
    assert held["LogoutURLs"] == [APP]
    assert world.calls() == [CREATE, DESCRIBE, UPDATE, DELETE]
    assert world.client_ids(FRANKFURT_POOL) == []


def test_a_create_in_a_region_that_does_not_exist_is_refused_at_once(world: World) -> None:
    answer = world.create(NOWHERE)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert IS_NOT_THERE in answer.reason
    assert "correct UserPoolId; the part before the underscore is the Region." in answer.reason
    assert (world.calls(), world.clock.now) == ([], 0)


def test_an_update_to_a_region_that_does_not_exist_is_refused_at_once(world: World) -> None:
    created = world.create(FRANKFURT)
    world.calls()

    answer = world.update(created.physical_id, NOWHERE, FRANKFURT)

    assert (answer.status, answer.physical_id) == ("FAILED", created.physical_id)
    assert IS_NOT_THERE in answer.reason
    assert (world.calls(), world.clock.now) == ([], 0)


@pytest.mark.parametrize("pool_id", ["_Abc", "-_Abc", "_a_b", "us-east-1-_Abc", "US-EAST-1_Abc", "a" * 53 + "_b"])
def test_an_odd_region_is_refused_like_any_other_that_is_not_there(world: World, pool_id: str) -> None:
    answer = world.create({"UserPoolId": pool_id})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert "UserPoolId" in answer.reason
    assert "unexpected" not in answer.reason
    assert (world.calls(), world.clock.now) == ([], 0)


def test_a_region_that_is_newer_than_this_software_works_if_its_name_resolves(world: World) -> None:
    pool_id = "eu-newland-7_Abc123xyz"
    world.fake.add_pool(pool_id)

    with mock.patch.object(socket, "getaddrinfo", return_value=[]) as resolve:
        answer = world.create({"UserPoolId": pool_id})

    assert answer.status == "SUCCESS"
    assert world.client_ids(pool_id) == [answer.physical_id]
    assert resolve.call_args.args[0] == "cognito-idp.eu-newland-7.amazonaws.com"
