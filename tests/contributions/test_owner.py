"""The owner of a client keeps what others contribute to it, and what its own template names stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.dynamodb import DENIED
from tests.fixtures.contributions import LISTS, A, B, C, Contributor, D, held, noted
from tests.fixtures.templates import differing, effective
from tests.fixtures.world import DESCRIBE, POOL, UPDATE

if TYPE_CHECKING:
    from tests.fixtures.world import World

type Json = dict[str, Any]

OWNER: Json = {
    "UserPoolId": POOL,
    "ClientName": "web",
    "CallbackURLs": [A],
    "LogoutURLs": [A],
    "AllowedOAuthScopes": ["openid"],
    "SupportedIdentityProviders": ["COGNITO"],
}
OTHERS: Json = {
    "CallbackURLs": [B],
    "LogoutURLs": [B],
    "AllowedOAuthScopes": ["api/read"],
    "SupportedIdentityProviders": ["Google"],
}
# What the owner's template may become: of what it names, something changes or goes, or it is about something else.
CHANGES: list[Json] = [
    {"CallbackURLs": [C]},
    {"CallbackURLs": None, "LogoutURLs": None, "AllowedOAuthScopes": None, "SupportedIdentityProviders": None},
    {"CallbackURLs": []},
    {"AuthSessionValidity": "5"},
]


@pytest.fixture
def client_id(world: World) -> str:
    return world.create(OWNER).physical_id


def changed(template: Json, changes: Json) -> Json:
    return {name: value for name, value in {**template, **changes}.items() if value is not None}


# The owner keeps what others contribute


@pytest.mark.parametrize("change", CHANGES, ids=",".join)
@pytest.mark.parametrize("name", LISTS)
def test_an_update_of_the_owner_keeps_what_others_contribute(
    world: World, client_id: str, name: str, change: Json
) -> None:
    Contributor(world).create(client_id, **{name: OTHERS[name]})
    new = changed(OWNER, change)

    answer = world.update(client_id, new, OWNER)

    assert answer.status == "SUCCESS"
    assert held(world, client_id, name) == {*OTHERS[name], *new.get(name, [])}


def test_an_update_that_changes_nothing_of_the_client_writes_nothing(world: World, client_id: str) -> None:
    Contributor(world).create(client_id, **OTHERS)
    world.calls()
    world.noted()

    answer = world.update(client_id, {**OWNER, "ServiceTimeout": "60"}, OWNER)

    assert (answer.status, world.calls(), set(world.noted())) == ("SUCCESS", [DESCRIBE], {"GetItem"})


def test_what_nobody_contributes_goes_as_ever(world: World, client_id: str) -> None:
    Contributor(world).create(client_id, CallbackURLs=[B])
    world.set_elsewhere(client_id, CallbackURLs=[A, B, D])

    world.update(client_id, {**OWNER, "CallbackURLs": [A, C]}, OWNER)

    assert held(world, client_id) == {A, B, C}


def test_what_was_left_behind_goes_with_the_owners_next_write(world: World, client_id: str) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])
    world.set_elsewhere(client_id, DefaultRedirectURI=B)
    one.delete()
    assert held(world, client_id) == {A, B}

    world.update(client_id, {**OWNER, "DefaultRedirectURI": A}, OWNER)

    assert held(world, client_id) == {A}


def test_an_import_keeps_what_others_contribute(world: World) -> None:
    client_id = world.existing(CallbackURLs=[A, D])
    Contributor(world).create(client_id, CallbackURLs=[B])

    answer = world.create({**OWNER, "ImportId": f"{POOL}/{client_id}"})

    assert (answer.status, held(world, client_id)) == ("SUCCESS", {A, B})


def test_a_limit_that_only_contributions_exceed_is_reported_before_the_write(world: World, client_id: str) -> None:
    Contributor(world).create(client_id, CallbackURLs=[B, C])
    world.calls()

    answer = world.update(client_id, {**OWNER, "CallbackURLs": [f"{A}{n}" for n in range(99)]}, OWNER)

    assert (answer.status, UPDATE in world.calls()) == ("FAILED", False)
    assert "CallbackURLs: the client would have 101, with those of other resources." in answer.reason


def test_where_the_journal_cannot_be_read_an_update_that_would_remove_something_fails(
    world: World, client_id: str
) -> None:
    Contributor(world).create(client_id, CallbackURLs=[B])
    world.journal.forbidden["GetItem"] = DENIED

    answer = world.update(client_id, {**OWNER, "CallbackURLs": [C]}, OWNER)

    assert (answer.status, held(world, client_id)) == ("FAILED", {A, B})
    assert "The journal could not be read" in answer.reason


# What the owner's template names stays


def test_a_contributed_url_that_the_owner_names_stays_when_the_contribution_goes(world: World, client_id: str) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])

    world.update(client_id, {**OWNER, "CallbackURLs": [A, B]}, OWNER)
    one.delete()

    assert held(world, client_id) == {A, B}


def test_a_url_of_the_owners_that_it_no_longer_names_stays_as_long_as_it_is_contributed(
    world: World, client_id: str
) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[A])

    world.update(client_id, {**OWNER, "CallbackURLs": [C]}, OWNER)
    during = held(world, client_id)
    one.delete()

    assert (during, held(world, client_id)) == ({A, C}, {C})


def test_a_url_that_was_contributed_but_lost_stays_when_the_owner_names_it(world: World, client_id: str) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])
    world.set_elsewhere(client_id, CallbackURLs=[A])

    world.update(client_id, {**OWNER, "CallbackURLs": [A, B]}, OWNER)
    one.delete()

    assert held(world, client_id) == {A, B}


def test_an_import_that_names_a_contributed_url_keeps_it(world: World) -> None:
    client_id = world.existing(CallbackURLs=[A])
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])

    world.create({**OWNER, "CallbackURLs": [A, B], "ImportId": f"{POOL}/{client_id}"})
    one.delete()

    assert held(world, client_id) == {A, B}


def test_a_url_of_the_console_that_the_owners_list_overrides_goes_with_the_contribution(
    world: World, client_id: str
) -> None:
    world.set_elsewhere(client_id, CallbackURLs=[A, D])
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[D])

    world.update(client_id, {**OWNER, "CallbackURLs": [A, C]}, OWNER)
    during = held(world, client_id)
    one.delete()

    assert (during, held(world, client_id)) == ({A, C, D}, {A, C})


def test_a_url_of_the_console_in_a_list_of_no_template_stays(world: World) -> None:
    client_id = world.create({"UserPoolId": POOL, "ClientName": "web"}).physical_id
    world.set_elsewhere(client_id, CallbackURLs=[D])
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B, D])

    world.update(
        client_id,
        {"UserPoolId": POOL, "ClientName": "web", "AuthSessionValidity": "5"},
        {"UserPoolId": POOL, "ClientName": "web"},
    )
    one.delete()

    assert held(world, client_id) == {D}


def test_a_contribution_to_a_replaced_client_stays_behind(world: World, client_id: str) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])

    new = world.update(client_id, {**OWNER, "GenerateSecret": "true"}, OWNER).physical_id
    one.update(ClientId=new)

    assert (held(world, client_id), held(world, new)) == ({A, B}, {A, B})
    assert world.delete(client_id, OWNER).status == "SUCCESS"


# The owner's rollback


@pytest.mark.parametrize("change", [*CHANGES, {"CallbackURLs": [A, B]}, {"CallbackURLs": [A, D]}], ids=str)
@pytest.mark.parametrize("meanwhile", [True, False], ids=["another contribution", "nothing"])
def test_the_rollback_of_the_owner_restores_what_it_was_with_what_is_contributed(
    world: World, client_id: str, change: Json, *, meanwhile: bool
) -> None:
    one, late = Contributor(world), Contributor(world, "late")
    one.create(client_id, CallbackURLs=[B])
    before, new = world.settings(client_id), changed(OWNER, change)
    world.update(client_id, new, OWNER)
    if meanwhile:
        late.create(client_id, CallbackURLs=[D])

    answer = world.roll_back(client_id, OWNER, new)

    assert answer.status == "SUCCESS"
    assert differing(world.settings(client_id), before) <= {"CallbackURLs"}
    assert held(world, client_id) == {A, B} | ({D} if meanwhile else set())
    one.delete()
    if meanwhile:
        late.delete()
    assert held(world, client_id) == {A}
    assert noted(world, client_id).added == {}


def test_a_rollback_takes_back_that_the_owner_named_a_contributed_url(world: World, client_id: str) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])
    new = {**OWNER, "CallbackURLs": [A, B]}
    world.update(client_id, new, OWNER)

    world.roll_back(client_id, OWNER, new)
    during = held(world, client_id)
    one.delete()

    assert (during, held(world, client_id)) == ({A, B}, {A})


def test_a_rollback_restores_the_list_although_a_contribution_has_gone_meanwhile(world: World, client_id: str) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])
    new = {**OWNER, "CallbackURLs": [C]}
    world.update(client_id, new, OWNER)
    one.delete()

    world.roll_back(client_id, OWNER, new)

    assert held(world, client_id) == {A}


def test_a_rollback_makes_a_url_the_owners_again_that_was_contributed_meanwhile(world: World, client_id: str) -> None:
    new = {**OWNER, "CallbackURLs": [C]}
    world.update(client_id, new, OWNER)
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[A])

    world.roll_back(client_id, OWNER, new)
    one.delete()

    assert held(world, client_id) == {A}


def test_a_rollback_that_cannot_read_the_journal_removes_nothing(world: World, client_id: str) -> None:
    new = {**OWNER, "CallbackURLs": [A, C]}
    world.update(client_id, new, OWNER)

    def forbid(_operation: str, params: Json) -> None:
        if params.get("Key", {}).get("pk", {}).get("S", "").startswith("contributions#"):
            world.journal.forbidden["GetItem"] = DENIED

    world.journal.on_call = forbid

    answer = world.roll_back(client_id, OWNER, new)

    assert (answer.status, held(world, client_id)) == ("SUCCESS", {A, C})
    assert effective(world.settings(client_id))["LogoutURLs"] == {A}
