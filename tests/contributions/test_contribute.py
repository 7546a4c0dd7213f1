"""Custom::UserPoolClientUrls adds what is missing to a client, and takes away only what it added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.contributions import LISTS, A, B, C, Contributor, D, held, is_free, noted
from tests.fixtures.templates import effective
from tests.fixtures.world import DESCRIBE, MARKER, OTHER_POOL, POOL, UPDATE

if TYPE_CHECKING:
    from tests.fixtures.world import World

type Json = dict[str, Any]

OWNER: Json = {"UserPoolId": POOL, "ClientName": "web", "CallbackURLs": [A]}
EXAMPLES: Json = {
    "CallbackURLs": [B],
    "LogoutURLs": [B],
    "AllowedOAuthScopes": ["api/read"],
    "SupportedIdentityProviders": ["Google"],
}


@pytest.fixture
def client_id(world: World) -> str:
    """Return a client that another tool owns, with something of every list."""
    return world.existing(
        CallbackURLs=[A], LogoutURLs=[A], AllowedOAuthScopes=["openid"], SupportedIdentityProviders=["COGNITO"]
    )


# Create


@pytest.mark.parametrize("name", LISTS)
def test_a_contribution_adds_to_each_list_and_its_delete_removes_it_again(
    world: World, client_id: str, name: str
) -> None:
    before = world.settings(client_id)
    one = Contributor(world)

    created = one.create(client_id, **{name: EXAMPLES[name]})

    assert created.status == "SUCCESS"
    assert held(world, client_id, name) == {*before[name], *EXAMPLES[name]}
    assert {key: value for key, value in world.settings(client_id).items() if key != name} == {
        key: value for key, value in before.items() if key != name
    }
    assert one.delete().status == "SUCCESS"
    assert held(world, client_id, name) == set(before[name])
    assert (noted(world, client_id).by_resource, is_free(world, client_id)) == ({}, True)


def test_the_response_shows_the_client_and_who_contributes(world: World, client_id: str) -> None:
    Contributor(world, "other").create(client_id, CallbackURLs=[C])

    answer = Contributor(world).create(client_id, CallbackURLs=[B])

    assert answer.physical_id.startswith(f"urls:{POOL}/{client_id}:")
    assert answer.data == {
        "UserPoolId": POOL,
        "ClientId": client_id,
        "CallbackURLs": ",".join([A, B, C]),
        "LogoutURLs": A,
        "AllowedOAuthScopes": "openid",
        "SupportedIdentityProviders": "COGNITO",
        "Contributors": "other/Urls,preview/Urls",
    }


def test_a_look_up_shows_who_contributes(world: World, client_id: str) -> None:
    Contributor(world).create(client_id, CallbackURLs=[B])
    wanted = {"UserPoolId": POOL, "ClientId": client_id}

    answer = world.create(wanted, ResourceType="Custom::UserPoolClientLookup")

    assert answer.data["Contributors"] == "preview/Urls"


def test_a_look_up_does_not_need_the_journal(world: World, client_id: str) -> None:
    world.journal.forbidden["GetItem"] = ApiError("AccessDeniedException", "no")
    wanted = {"UserPoolId": POOL, "ClientId": client_id}

    answer = world.create(wanted, ResourceType="Custom::UserPoolClientLookup")

    assert (answer.status, answer.data["Contributors"]) == ("SUCCESS", "")


def test_what_is_there_already_is_not_written_and_stays_when_the_contribution_goes(
    world: World, client_id: str
) -> None:
    one = Contributor(world)

    one.create(client_id, CallbackURLs=[A])
    one.delete()

    assert held(world, client_id) == {A}
    assert UPDATE not in world.calls()


def test_what_two_contribute_goes_with_the_last_one(world: World, client_id: str) -> None:
    one, other = Contributor(world, "one"), Contributor(world, "other")
    one.create(client_id, CallbackURLs=[B])
    other.create(client_id, CallbackURLs=[B, C])

    one.delete()
    assert held(world, client_id) == {A, B, C}
    other.delete()

    assert held(world, client_id) == {A}


def test_a_client_that_does_not_exist_is_reported_and_nothing_is_noted(world: World) -> None:
    one = Contributor(world)

    answer = one.create("3n4b5nothere", CallbackURLs=[B])

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert f"There is no app client 3n4b5nothere in user pool {POOL}." in answer.reason
    assert noted(world, "3n4b5nothere").by_resource == {}
    assert one.delete().status == "SUCCESS"


def test_all_problems_are_reported_at_once_with_their_own_paths(world: World, client_id: str) -> None:
    wrong = {"CallbackURLs": ["http://a.example.com", "https://a.example.com/#x"], "LogoutURLs": "none", "Urls": []}

    answer = Contributor(world).create(client_id, **wrong, ExternalId="shop")

    assert (answer.status, answer.physical_id, world.calls()) == ("FAILED", MARKER, [])
    for text in (
        "5 problems",
        "CallbackURLs[0]",
        "cannot use the HTTP protocol.",
        "CallbackURLs[1]",
        "cannot use fragment",
        'LogoutURLs: "none" is no list',
        "Urls: there is no such property.",
        "ExternalId, RoleArn",
    ):
        assert text in answer.reason


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"UserPoolId": POOL, "CallbackURLs": [B]}, "ClientId: it is missing."),
        ({"ClientId": "3n4b5", "CallbackURLs": [B]}, "UserPoolId: it is missing."),
        ({"UserPoolId": POOL, "ClientId": "3n4b5"}, "CallbackURLs, LogoutURLs, AllowedOAuthScopes"),
        ({"UserPoolId": POOL, "ClientId": "a-b", "CallbackURLs": [B]}, 'ClientId: "a-b" is not allowed.'),
        ({"UserPoolId": POOL, "ClientId": "3n4b5", "CallbackURLs": [f"{B}{n}" for n in range(101)]}, "At most 100"),
    ],
)
def test_what_is_missing_or_too_much_is_reported_before_any_call(world: World, properties: Json, words: str) -> None:
    one = Contributor(world)
    answer = world.send(world.request("Create", properties, **one.members()))

    assert (answer.status, world.calls(), world.noted()) == ("FAILED", [], [])
    assert words in answer.reason


@pytest.mark.parametrize(
    ("name", "number", "most"), [("CallbackURLs", 100, 100), ("LogoutURLs", 99, 100), ("AllowedOAuthScopes", 50, 50)]
)
def test_a_limit_that_only_all_together_exceed_is_reported_before_the_write(
    world: World, name: str, number: int, most: int
) -> None:
    scopes = [f"api/{n}" for n in range(number)]
    world.fake.pools[POOL].resource_server_scopes = frozenset([*scopes, "api/x", "api/y"])
    values = scopes if name == "AllowedOAuthScopes" else [f"{A}{n}" for n in range(number)]
    settings: Json = {name: values}
    client_id = world.existing(**settings)
    two = ["api/x", "api/y"] if name == "AllowedOAuthScopes" else [B, C]

    answer = Contributor(world).create(client_id, **{name: two})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert f"{name}: the client would have {number + 2}, with those of other resources." in answer.reason
    assert f"At most {most} are allowed." in answer.reason
    assert UPDATE not in world.calls()
    assert (noted(world, client_id).by_resource, is_free(world, client_id)) == ({}, True)


def test_what_cognito_refuses_leaves_nothing_behind(world: World, client_id: str) -> None:
    answer = Contributor(world).create(client_id, AllowedOAuthScopes=["api/unknown"])

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert "ScopeDoesNotExistException" in answer.reason
    assert held(world, client_id, "AllowedOAuthScopes") == {"openid"}
    assert (noted(world, client_id).by_resource, is_free(world, client_id)) == ({}, True)


# Update


def test_an_update_adds_and_removes_in_one_write(world: World, client_id: str) -> None:
    one = Contributor(world)
    created = one.create(client_id, CallbackURLs=[B], LogoutURLs=[B])
    world.calls()

    answer = one.update(CallbackURLs=[C], LogoutURLs=None)

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert (held(world, client_id), held(world, client_id, "LogoutURLs")) == ({A, C}, {A})
    assert world.calls() == [DESCRIBE, UPDATE, DESCRIBE]


def test_an_update_with_nothing_to_do_writes_nothing(world: World, client_id: str) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B, C])
    world.calls()

    one.update(CallbackURLs=[C, B], ServiceTimeout="60")

    assert world.calls() == [DESCRIBE]


def test_refresh_adds_again_what_was_lost(world: World, client_id: str) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])
    world.set_elsewhere(client_id, CallbackURLs=[A])

    one.update(Refresh="2")
    one_is_there = held(world, client_id)
    one.delete()

    assert (one_is_there, held(world, client_id)) == ({A, B}, {A})


@pytest.mark.parametrize("other_pool", [POOL, OTHER_POOL])
def test_another_client_gets_it_before_the_present_one_loses_it(world: World, client_id: str, other_pool: str) -> None:
    other = world.existing(pool_id=other_pool, CallbackURLs=[D])
    one = Contributor(world)
    first, before = one.create(client_id, CallbackURLs=[B]).physical_id, one.properties

    second = one.update(ClientId=other, UserPoolId=other_pool).physical_id

    assert second not in (first, client_id, other)
    assert (held(world, client_id), held(world, other, pool_id=other_pool)) == ({A, B}, {B, D})
    assert one.delete(first, before).status == "SUCCESS"
    assert (held(world, client_id), held(world, other, pool_id=other_pool)) == ({A}, {B, D})
    one.delete()
    assert held(world, other, pool_id=other_pool) == {D}


def test_an_update_that_is_refused_keeps_its_physical_id_and_what_it_had(world: World, client_id: str) -> None:
    one = Contributor(world)
    first = one.create(client_id, CallbackURLs=[B]).physical_id

    answer = one.update(ClientId="3n4b5nothere")

    assert (answer.status, answer.physical_id) == ("FAILED", first)
    assert held(world, client_id) == {A, B}


# Rollback


@pytest.mark.parametrize("new", [{"CallbackURLs": [C]}, {"CallbackURLs": [B, C]}, {"LogoutURLs": [C]}])
def test_a_rollback_restores_what_the_update_changed(world: World, client_id: str, new: Json) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])
    before, old = world.settings(client_id), one.properties
    one.update(**new)
    failed = one.properties

    answer = one.roll_back(failed, old)

    assert answer.status == "SUCCESS"
    assert effective(world.settings(client_id)) == effective(before)


@pytest.mark.parametrize("knows", [True, False], ids=["answered", "died"])
def test_the_rollback_of_a_move_leaves_the_first_client_as_it_was_and_the_second_one_clean(
    world: World, client_id: str, *, knows: bool
) -> None:
    other = world.existing(CallbackURLs=[D])
    one = Contributor(world)
    first = one.create(client_id, CallbackURLs=[B]).physical_id
    old = one.properties
    event, failed = one.update_event(ClientId=other), {**old, "ClientId": other}
    if knows:
        second = world.send(event).physical_id
    else:
        assert world.die(event, before=9)
    assert held(world, other) == {B, D}

    answer = one.roll_back(failed, old, second if knows else first)
    if knows:
        one.delete(second, failed)

    assert (answer.status, answer.physical_id) == ("SUCCESS", first)
    assert (held(world, client_id), held(world, other)) == ({A, B}, {D})


def test_a_rollback_whose_client_is_gone_goes_through(world: World, client_id: str) -> None:
    one = Contributor(world)
    first = one.create(client_id, CallbackURLs=[B]).physical_id
    old = one.properties
    one.update(CallbackURLs=[C])
    world.delete_elsewhere(client_id)

    answer = one.roll_back(one.properties, old)

    assert (answer.status, answer.physical_id) == ("SUCCESS", first)


# Delete


@pytest.mark.parametrize("gone", ["client", "pool"])
def test_a_delete_succeeds_when_there_is_nothing_left(world: World, client_id: str, gone: str) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])
    if gone == "client":
        world.delete_elsewhere(client_id)
    else:
        del world.fake.pools[POOL]

    assert one.delete().status == "SUCCESS"
    assert noted(world, client_id).by_resource == {}


@pytest.mark.parametrize("physical_id", [MARKER, "preview-Urls-1QZ6T0XJ4MHFN", "3n4b5urk1ft4fl3mg5e62d9ado"])
def test_a_delete_of_an_id_that_is_none_does_nothing(world: World, client_id: str, physical_id: str) -> None:
    answer = Contributor(world).delete(physical_id, {"UserPoolId": POOL, "ClientId": client_id})

    assert (answer.status, answer.physical_id, world.calls()) == ("SUCCESS", physical_id, [])


def test_a_delete_needs_no_properties(world: World, client_id: str) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])

    assert one.delete(properties={"UserPoolId": ["?"], "CallbackURLs": {}}).status == "SUCCESS"
    assert held(world, client_id) == {A}


def test_a_create_that_was_cancelled_is_taken_back_by_the_delete_of_the_id_that_cloudformation_made_up(
    world: World, client_id: str
) -> None:
    one = Contributor(world)
    world.stacks.begin(one.stack_id, "CREATE_IN_PROGRESS")
    assert world.die(one.create_event(client_id, CallbackURLs=[B]), before=9)
    assert held(world, client_id) == {A, B}

    answer = one.delete("preview-Urls-1QZ6T0XJ4MHFN")

    assert (answer.status, held(world, client_id)) == ("SUCCESS", {A})


REDIRECTS: Json = {
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid"],
    "AllowedOAuthFlowsUserPoolClient": True,
}


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        ({"DefaultRedirectURI": B, "CallbackURLs": [A, B]}, "CallbackURLs", B),
        ({**REDIRECTS, "CallbackURLs": [B]}, "CallbackURLs", B),
        ({**REDIRECTS, "CallbackURLs": [A]}, "AllowedOAuthScopes", "openid"),
    ],
    ids=["default redirect URI", "last callback URL", "last scope"],
)
def test_what_the_client_cannot_be_without_stays_until_it_can(
    world: World, settings: Json, name: str, value: str
) -> None:
    client_id = world.existing()
    one, other = Contributor(world, "one"), Contributor(world, "other")
    one.create(client_id, **{name: [value]})
    world.set_elsewhere(client_id, **settings)

    assert one.delete().status == "SUCCESS"
    assert value in held(world, client_id, name)

    world.set_elsewhere(client_id, CallbackURLs=[A, B, D], AllowedOAuthScopes=["openid", "email"], DefaultRedirectURI=A)
    other.create(client_id, CallbackURLs=[C])
    assert value not in held(world, client_id, name)


def test_a_removal_that_cognito_refuses_does_not_block_the_delete_and_is_made_up_for(
    world: World, client_id: str
) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])
    world.fail(UPDATE, ApiError("InvalidParameterException", "The provider Google does not exist."))

    assert one.delete().status == "SUCCESS"
    assert held(world, client_id) == {A, B}
    assert "Not removed" in [line["message"] for line in world.log()]
    Contributor(world, "other").create(client_id, LogoutURLs=[C])
    assert held(world, client_id) == {A}


def test_a_delete_that_the_journal_cannot_answer_fails_and_succeeds_later(world: World, client_id: str) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])
    world.journal.forbidden["UpdateItem"] = ApiError("AccessDeniedException", "no")

    assert one.delete().status == "FAILED"
    world.journal.forbidden.clear()

    assert (one.delete().status, held(world, client_id)) == ("SUCCESS", {A})


def test_a_journal_that_was_lost_takes_nothing_away(world: World, client_id: str) -> None:
    one = Contributor(world)
    one.create(client_id, CallbackURLs=[B])
    world.journal.lose()

    assert one.delete().status == "SUCCESS"
    assert held(world, client_id) == {A, B}


# Deliveries


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
@pytest.mark.parametrize("before", range(1, 16))
def test_a_request_that_died_at_any_call_is_finished_by_its_second_delivery(
    world: World, client_id: str, kind: str, before: int
) -> None:
    world.create({**OWNER, "ImportId": f"{POOL}/{client_id}"})
    one = Contributor(world)
    if kind == "Create":
        event, wanted = one.create_event(client_id, CallbackURLs=[B]), {A, B}
    else:
        one.create(client_id, CallbackURLs=[B])
        event = one.update_event(CallbackURLs=[C]) if kind == "Update" else one.delete_event()
        wanted = {A, C} if kind == "Update" else {A}

    world.die(event, before=before)
    world.invoke(event)

    assert b'"Status":"SUCCESS"' in world.put[0]
    assert (held(world, client_id), is_free(world, client_id)) == (wanted, True)


def test_what_comes_too_late_is_reported_as_a_contribution(world: World, client_id: str) -> None:
    one = Contributor(world)
    event = one.create_event(client_id, CallbackURLs=[B])
    world.clock.now += 3600

    answer = world.send(event)

    assert (answer.status, held(world, client_id)) == ("FAILED", {A})
    assert answer.reason.startswith("Could not create the contribution: CloudFormation no longer waited")


def test_a_late_duplicate_contributes_nothing_again(world: World, client_id: str) -> None:
    one = Contributor(world)
    event = one.create_event(client_id, CallbackURLs=[B])
    one.physical_id = world.send(event).physical_id
    world.clock.now += 100
    one.delete()
    world.clock.now += 100
    world.journal.lose()
    world.other_process()

    world.invoke(event)

    assert held(world, client_id) == {A}
