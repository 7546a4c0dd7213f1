"""An imported client is released unharmed, or becomes the stack's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.existing_clients import (
    BY_NAME,
    ELSEWHERE,
    FORBIDDEN,
    SERVICE_CLIENT,
    TOO_MANY,
    adopt,
    import_id,
    untouched,
)
from tests.fixtures.templates import APP, BARE, MOBILE, differing, effective
from tests.fixtures.world import DELETE, DESCRIBE, MARKER, OTHER_POOL, POOL, SECRETS, UPDATE, World

if TYPE_CHECKING:
    from tests.fixtures.world import Failure


type Json = dict[str, Any]


# Letting go


@pytest.mark.parametrize("imports", ["ImportId", "ImportNamePrefix", "ImportNamePattern"])
def test_a_delete_lets_the_client_go_and_asks_cognito_nothing(world: World, imports: str) -> None:
    client_id = world.existing(ClientName=SERVICE_CLIENT)
    value = f"{POOL}/{client_id}" if imports == "ImportId" else SERVICE_CLIENT
    properties = {**BARE, imports: value, "LogoutURLs": [APP]}
    adopted = adopt(world, properties)
    after = world.fake.described(POOL, client_id)
    world.calls()

    answer = world.delete(adopted.physical_id, properties)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == []
    assert untouched(world, client_id, after)
    assert world.log()[-1]["decision"] == "let go"
    assert world.log()[-1]["because"] == f"{imports} is in the template"


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"ImportId": ""}, id="an empty ImportId"),
        pytest.param({"ImportId": None}, id="null"),
        pytest.param({"ImportId": ["x"]}, id="a list"),
        pytest.param({"ImportId": {"Ref": "x"}}, id="a map"),
        pytest.param({"ImportId": f"{OTHER_POOL}/abc"}, id="another pool's"),
        pytest.param({"ImportNamePrefix": "x" * 200}, id="too long a prefix"),
        pytest.param({"ImportNamePattern": "("}, id="no pattern"),
        pytest.param({"ImportId": "x", "ImportNamePrefix": 7, "Colour": "red"}, id="several"),
        pytest.param({"ImportId": "x", "UserPoolId": "no pool", "CallbackURLs": "y"}, id="nothing that parses"),
        pytest.param({"ImportNamePrefix": "web", "ClientSecret": "short"}, id="a secret"),
    ],
)
def test_an_import_that_does_not_parse_lets_the_client_go_too(world: World, properties: Json) -> None:
    client_id = world.existing()

    answer = world.delete(client_id, {**BARE, **properties})

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == []
    assert world.client_ids() == [client_id]


@pytest.mark.parametrize("physical_id", [MARKER, "shop-WebClient-1QZ6T0XJ4MHFN", ""])
def test_an_import_that_was_cancelled_or_made_nothing_leaves_the_client_alone(world: World, physical_id: str) -> None:
    client_id = world.existing()

    answer = world.delete(physical_id, import_id(client_id))

    assert (answer.status, answer.physical_id) == ("SUCCESS", physical_id or MARKER)
    assert world.client_ids() == [client_id]


def test_an_import_that_is_rolled_back_leaves_the_client_there(world: World) -> None:
    client_id = world.existing(**ELSEWHERE)
    before = world.settings(client_id)
    properties = {**import_id(client_id), "LogoutURLs": [MOBILE]}

    adopted = world.create(properties)
    rolled_back = world.delete(adopted.physical_id, properties)

    assert (adopted.status, rolled_back.status) == ("SUCCESS", "SUCCESS")
    assert world.client_ids() == [client_id]
    assert differing(before, world.settings(client_id)) == {"LogoutURLs"}


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(FORBIDDEN, id="forbidden"),
        pytest.param(TOO_MANY, id="throttled"),
        pytest.param("read-timeout", id="read timeout"),
    ],
)
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_failed_change_of_the_adopted_client_tells_its_id_and_the_delete_lets_go(
    world: World, kind: str, failure: Failure
) -> None:
    client_id = world.existing(**ELSEWHERE)
    before = world.fake.described(POOL, client_id)
    properties = {**import_id(client_id), "LogoutURLs": [MOBILE]}

    with world.failing(UPDATE, failure):
        failed = (
            world.create(properties) if kind == "Create" else world.update(client_id, properties, import_id(client_id))
        )
    deleted = world.delete(failed.physical_id, properties)

    assert (failed.status, failed.physical_id) == ("FAILED", client_id)
    assert UPDATE in failed.reason
    assert (deleted.status, deleted.physical_id) == ("SUCCESS", client_id)
    assert DELETE not in world.calls()
    assert untouched(world, client_id, before)


def test_the_same_request_twice_takes_over_the_same_client(world: World) -> None:
    client_id = world.existing()
    event = world.request("Create", {**import_id(client_id), "LogoutURLs": [APP]})

    answers = [world.send(event) for _ in range(2)]

    assert {answer.physical_id for answer in answers} == {client_id}
    assert world.client_ids() == [client_id]


# Making it the stack's own


@pytest.mark.parametrize("imports", ["ImportId", "ImportNamePrefix", "ImportNamePattern"])
def test_without_the_import_the_client_is_the_stacks_own_and_a_delete_deletes_it(world: World, imports: str) -> None:
    client_id = world.existing(**{**ELSEWHERE, "ClientName": SERVICE_CLIENT})
    before = world.fake.described(POOL, client_id)
    adopted = {**BARE, imports: f"{POOL}/{client_id}" if imports == "ImportId" else SERVICE_CLIENT}
    adopt(world, adopted)
    world.calls()

    owned = world.update(client_id, BARE, adopted)

    assert (owned.status, owned.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DESCRIBE]
    assert untouched(world, client_id, before)

    deleted = world.delete(client_id, BARE)

    assert (deleted.status, world.calls()) == ("SUCCESS", [DELETE])
    assert world.client_ids() == []


def test_a_setting_that_leaves_together_with_the_import_goes_back_to_its_default(world: World) -> None:
    client_id = world.existing(**ELSEWHERE)
    before = world.settings(client_id)
    adopted = {**import_id(client_id), "LogoutURLs": [MOBILE]}
    world.create(adopted)

    world.update(client_id, BARE, adopted)

    assert differing(before, world.settings(client_id)) == {"LogoutURLs"}
    assert effective(world.settings(client_id))["LogoutURLs"] == frozenset()


def test_taking_back_the_removal_of_the_import_makes_the_delete_let_go_again(world: World) -> None:
    client_id = world.existing()
    before = world.fake.described(POOL, client_id)
    properties = import_id(client_id)
    world.create(properties)
    world.update(client_id, BARE, properties)

    rolled_back = world.update(client_id, properties, BARE)
    world.delete(client_id, properties)

    assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", client_id)
    assert untouched(world, client_id, before)


def test_a_client_of_the_stacks_own_that_is_gone_is_made_anew(world: World) -> None:
    client_id = world.existing()
    properties = import_id(client_id)
    world.create(properties)
    world.delete_elsewhere(client_id)

    answer = world.update(client_id, BARE, properties)

    assert answer.status == "SUCCESS"
    assert world.client_ids() == [answer.physical_id]


def test_a_new_client_that_replaces_the_adopted_one_leaves_it_there(world: World) -> None:
    client_id = world.existing()
    adopted, owned = import_id(client_id), {**BARE, "GenerateSecret": "true"}
    world.create(adopted)

    replaced = world.update(client_id, owned, adopted)
    cleaned_up = world.delete(client_id, adopted)
    world.delete(replaced.physical_id, owned)

    assert (replaced.status, cleaned_up.status) == ("SUCCESS", "SUCCESS")
    assert replaced.physical_id != client_id
    assert world.client_ids() == [client_id]


def test_adding_the_import_id_of_the_stacks_own_client_changes_nothing_but_that(world: World) -> None:
    own: Json = {**BARE, "LogoutURLs": [APP]}
    client_id = world.create(own).physical_id
    before = world.fake.described(POOL, client_id)
    kept = {**own, "ImportId": f"{POOL}/{client_id}"}
    world.calls()

    answer = world.update(client_id, kept, own)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DESCRIBE, SECRETS]
    world.delete(client_id, kept)
    assert untouched(world, client_id, before)


@pytest.mark.parametrize("properties", BY_NAME)
def test_adding_a_name_to_the_stacks_own_client_stays_with_it_and_lets_it_go(world: World, properties: Json) -> None:
    world.existing(ClientName=SERVICE_CLIENT)
    own_id = world.create(BARE).physical_id
    world.calls()

    answer = world.update(own_id, properties, BARE)
    world.delete(own_id, properties)

    assert (answer.status, answer.physical_id) == ("SUCCESS", own_id)
    assert world.calls() == [DESCRIBE, SECRETS]
    assert own_id in world.client_ids()
