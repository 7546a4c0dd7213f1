"""Resources that only look: one client, or a list of them. They never write, whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import FORBIDDEN, LIST, LIST_TYPE, LOOKUP_TYPE
from tests.fixtures.templates import APP, BARE, EVERYTHING, typed
from tests.fixtures.world import DESCRIBE, FRANKFURT_POOL, MARKER, MOST_BYTES, OTHER_POOL, POOL, SECRETS, World, a_world

if TYPE_CHECKING:
    from tests.fixtures.world import Answer

type Json = dict[str, Any]

READS = {LIST, DESCRIBE, SECRETS}
ELSEWHERE = typed({name: value for name, value in EVERYTHING.items() if name != "UserPoolId"})
KEYS = "ClientId, ClientName, ClientNamePrefix"


def look_up(world: World, properties: object, *, kind: str = "Create", **members: Any) -> Answer:
    return world.send(world.request(kind, properties, ResourceType=LOOKUP_TYPE, **members))


def listed(world: World, properties: object, *, kind: str = "Create", **members: Any) -> Answer:
    return world.send(world.request(kind, properties, ResourceType=LIST_TYPE, **members))


def held(world: World) -> Json:
    """Return everything that Cognito holds of all clients."""
    pools = world.fake.pools
    return {
        pool_id: {client_id: world.fake.described(pool_id, client_id) for client_id in pools[pool_id].clients}
        for pool_id in pools
    }


# Look up


@pytest.mark.parametrize(
    ("key", "calls"),
    [
        pytest.param({"ClientId": ""}, [DESCRIBE, SECRETS], id="by ClientId"),
        pytest.param({"ClientName": "web"}, [LIST, DESCRIBE, SECRETS], id="by ClientName"),
        pytest.param({"ClientNamePrefix": "we"}, [LIST, DESCRIBE, SECRETS], id="by ClientNamePrefix"),
    ],
)
def test_the_one_client_that_fits_is_found_and_only_read(world: World, key: Json, calls: list[str]) -> None:
    client_id = world.existing(ClientName="web", LogoutURLs=[APP])
    world.existing(ClientName="report")
    before = held(world)

    answer = look_up(world, {**BARE, **{name: value or client_id for name, value in key.items()}})

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == calls
    assert held(world) == before
    assert (answer.data["ClientId"], answer.data["Name"], answer.data["LogoutURLs"]) == (client_id, "web", APP)


def test_the_attributes_are_those_of_the_stacks_own_clients(world: World) -> None:
    created = world.create({**EVERYTHING})

    answer = look_up(world, {**BARE, "ClientName": "everything", "IncludeSecret": "true"})

    assert answer.data == {**created.data, "Contributors": ""}
    assert answer.data["ClientType"] == "REGULAR"


@pytest.mark.parametrize("include", [{}, {"IncludeSecret": "false"}, {"IncludeSecret": False}], ids=repr)
def test_the_secret_is_not_told_unless_it_is_wanted(world: World, include: Json) -> None:
    client_id = world.existing(**ELSEWHERE)

    answer = look_up(world, {**BARE, "ClientId": client_id, **include})

    assert "ClientSecret" not in answer.data
    assert not answer.no_echo
    assert answer.data["GenerateSecret"] == "true"
    assert world.fake.secrets_ever[0] not in answer.body.decode()


@pytest.mark.parametrize("include", ["true", True])
def test_a_secret_that_is_wanted_is_told_and_masked(world: World, include: object) -> None:
    client_id = world.existing(**ELSEWHERE)

    answer = look_up(world, {**BARE, "ClientId": client_id, "IncludeSecret": include})

    assert answer.data["ClientSecret"] == world.fake.secrets_ever[0]
    assert answer.no_echo


def test_a_secret_that_is_wanted_of_a_client_without_one_is_not_there(world: World) -> None:
    answer = look_up(world, {**BARE, "ClientId": world.existing(), "IncludeSecret": "true"})

    assert (answer.status, answer.no_echo) == ("SUCCESS", False)
    assert "ClientSecret" not in answer.data


def test_clients_that_registered_themselves_are_not_found_by_name(world: World) -> None:
    world.fake.register(POOL, "web")
    client_id = world.existing(ClientName="web")

    found = look_up(world, {**BARE, "ClientName": "web"})

    assert (found.status, found.physical_id) == ("SUCCESS", client_id)
    assert listed(world, BARE).data["ClientIds"] == client_id


def test_a_client_that_registered_itself_is_looked_up_by_its_id(world: World) -> None:
    client_id = world.fake.register(POOL, "agent")

    answer = look_up(world, {**BARE, "ClientId": client_id})

    assert (answer.data["ClientType"], answer.data["GenerateSecret"]) == ("DCR", "false")
    assert world.calls() == [DESCRIBE]


def test_clients_that_registered_themselves_are_listed_where_the_template_asks_for_them(world: World) -> None:
    regular, own = world.existing(), world.fake.register(POOL, "agent")

    assert listed(world, {**BARE, "ClientType": "DCR"}).data["ClientIds"] == own
    assert listed(world, {**BARE, "ClientType": "REGULAR"}).data["ClientIds"] == regular
    assert "ClientType" in listed(world, {**BARE, "ClientType": "dcr"}).reason


def test_an_empty_page_is_not_the_last_one(world: World) -> None:
    for number in range(150):
        world.fake.register(POOL, f"agent-{number}")
    client_id = world.existing(ClientName="web")
    clients = world.fake.pools[POOL].clients
    clients["~last"] = clients.pop(client_id)
    clients["~last"].client_id = "zzzz"
    clients["zzzz"] = clients.pop("~last")

    answer = look_up(world, {**BARE, "ClientName": "web"})

    assert (answer.status, answer.physical_id) == ("SUCCESS", "zzzz")
    assert world.calls() == [LIST, LIST, LIST, DESCRIBE, SECRETS]


def test_a_secret_that_is_not_shown_is_known_of(world: World) -> None:
    client_id = world.existing(GenerateSecret=True)
    world.lose_original_secret(client_id)

    answer = look_up(world, {**BARE, "ClientId": client_id, "IncludeSecret": "true"})

    assert answer.data["GenerateSecret"] == "true"
    assert "ClientSecret" not in answer.data


def test_a_role_that_may_not_list_secrets_can_still_look_up(world: World) -> None:
    client_id = world.existing()
    world.fail(SECRETS, ApiError("AccessDeniedException", "not authorized"))

    assert look_up(world, {**BARE, "ClientId": client_id}).status == "SUCCESS"


@pytest.mark.parametrize("keys", [(), ("ClientId", "ClientName"), ("ClientName", "ClientNamePrefix")], ids=repr)
def test_exactly_one_key_is_needed(world: World, keys: tuple[str, ...]) -> None:
    answer = look_up(world, {**BARE, **dict.fromkeys(keys, "web")})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert world.calls() == []
    given = f"{', '.join(keys)} are given." if keys else "none of them is given."
    assert f"{KEYS}: {given} Give exactly one of them." in answer.reason


def test_a_look_up_has_no_settings(world: World) -> None:
    client_id = world.existing()

    answer = look_up(world, {**BARE, "ClientId": client_id, "CallbackURLs": [APP], "GenerateSecret": "true"})

    assert (answer.status, world.calls()) == ("FAILED", [])
    for name in ("CallbackURLs", "GenerateSecret"):
        assert f"{name}: there is no such property." in answer.reason


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ({"ClientId": "3n4b5urk1ft4fl3mg5e62d9ado"}, "There is no app client 3n4b5urk1ft4fl3mg5e62d9ado in user pool"),
        ({"ClientName": "we"}, f'No app client of user pool {POOL} fits ClientName "we".'),
        ({"ClientName": "WEB"}, f'No app client of user pool {POOL} fits ClientName "WEB".'),
        ({"ClientNamePrefix": "eb"}, f'No app client of user pool {POOL} fits ClientNamePrefix "eb".'),
    ],
    ids=repr,
)
def test_what_is_not_there_is_a_failure_at_once(world: World, key: Json, why: str) -> None:
    world.existing(ClientName="web")

    answer = look_up(world, {**BARE, **key})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert answer.reason.startswith(f"Could not look up the app client: {why}")
    assert f"What to do: correct {next(iter(key))}." in answer.reason
    assert world.clock.now == 0
    assert set(world.calls()) <= READS


@pytest.mark.parametrize("key", [{"ClientName": "web"}, {"ClientNamePrefix": "w"}], ids=repr)
def test_several_that_fit_are_listed(world: World, key: Json) -> None:
    ids = [world.existing(ClientName="web") for _ in range(2)]

    answer = look_up(world, {**BARE, **key})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert all(f"web ({client_id})" in answer.reason for client_id in ids)
    assert "or use ClientId" in answer.reason


def test_a_changed_refresh_is_a_fresh_look(world: World) -> None:
    client_id = world.existing(ClientName="web")
    properties = {**BARE, "ClientName": "web", "Refresh": "1"}
    first = look_up(world, properties)
    world.set_elsewhere(client_id, LogoutURLs=[APP])

    second = look_up(
        world,
        {**properties, "Refresh": "any text, of 2027"},
        kind="Update",
        PhysicalResourceId=first.physical_id,
        OldResourceProperties=properties,
    )

    assert (second.status, second.physical_id) == ("SUCCESS", client_id)
    assert (first.data["LogoutURLs"], second.data["LogoutURLs"]) == ("", APP)


def test_an_update_that_finds_another_client_has_another_id_and_the_delete_of_the_first_does_nothing(
    world: World,
) -> None:
    first_id, second_id = world.existing(ClientName="web"), world.existing(ClientName="report")
    old, new = {**BARE, "ClientName": "web"}, {**BARE, "ClientName": "report"}
    before = held(world)

    answer = look_up(world, new, kind="Update", PhysicalResourceId=first_id, OldResourceProperties=old)
    cleaned_up = look_up(world, old, kind="Delete", PhysicalResourceId=first_id)

    assert (answer.status, answer.physical_id) == ("SUCCESS", second_id)
    assert (cleaned_up.status, cleaned_up.physical_id) == ("SUCCESS", first_id)
    assert held(world) == before


def test_a_failed_update_keeps_the_id_it_was_given(world: World) -> None:
    client_id = world.existing(ClientName="web")

    answer = look_up(
        world,
        {**BARE, "ClientName": "gone"},
        kind="Update",
        PhysicalResourceId=client_id,
        OldResourceProperties={**BARE, "ClientName": "web"},
    )

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)


# List


@pytest.mark.parametrize("count", [0, 1, 61])
def test_a_list_tells_ids_and_names_in_the_same_order_sorted_by_name(world: World, count: int) -> None:
    ids = world.fake.populate(POOL, count, "client-{:02d}")

    answer = listed(world, BARE)

    assert (answer.status, answer.physical_id) == ("SUCCESS", POOL)
    assert world.calls() == [LIST] * max(1, -(-count // 60))
    assert answer.data == {
        "UserPoolId": POOL,
        "Count": str(count),
        "ClientIds": ",".join(ids),
        "ClientNames": ",".join(f"client-{number:02d}" for number in range(count)),
    }


def test_clients_of_one_name_are_listed_in_the_order_of_their_ids(world: World) -> None:
    ids = world.fake.populate(POOL, 9, "web")

    answer = listed(world, BARE)

    assert answer.data["ClientIds"] == ",".join(sorted(ids))
    assert answer.data["ClientNames"] == ",".join(["web"] * 9)


def test_a_list_may_be_of_the_names_that_begin_like_something(world: World) -> None:
    ids = world.fake.populate(POOL, 130, "client-{:03d}")

    answer = listed(world, {**BARE, "ClientNamePrefix": "client-01"})

    assert answer.data["Count"] == "10"
    assert answer.data["ClientIds"] == ",".join(ids[10:20])


def test_a_list_of_nothing_is_no_failure(world: World) -> None:
    world.existing()

    answer = listed(world, {**BARE, "ClientNamePrefix": "nobody"})

    assert (answer.status, answer.data["Count"], answer.data["ClientIds"]) == ("SUCCESS", "0", "")


def test_a_list_that_does_not_fit_into_the_answer_fails_and_says_how_many_there_are(world: World) -> None:
    world.fake.populate(POOL, 1000)

    answer = listed(world, BARE)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert answer.data == {}
    assert "The ids and names of 1000 app clients do not fit into the 4,096 bytes of an answer." in answer.reason
    assert "narrow it down with ClientNamePrefix" in answer.reason


def test_a_list_is_told_whole_up_to_the_last_byte_and_never_cut(world: World) -> None:
    statuses = set()
    for count in range(90, 120):
        for client_id in world.client_ids():
            world.delete_elsewhere(client_id)
        world.fake.populate(POOL, count, "c{:03d}")

        answer = listed(world, BARE)

        statuses.add(answer.status)
        assert len(answer.body) <= MOST_BYTES
        if answer.status == "SUCCESS":
            assert len(answer.data["ClientIds"].split(",")) == len(answer.data["ClientNames"].split(",")) == count
        else:
            assert f" {count} app clients" in answer.reason
    assert statuses == {"SUCCESS", "FAILED"}


def test_a_failed_update_of_a_list_keeps_its_id(world: World) -> None:
    world.fake.populate(OTHER_POOL, 200)

    answer = listed(
        world,
        {"UserPoolId": OTHER_POOL},
        kind="Update",
        PhysicalResourceId=POOL,
        OldResourceProperties=BARE,
    )

    assert (answer.status, answer.physical_id) == ("FAILED", POOL)


def test_a_list_of_another_user_pool_is_another_resource(world: World) -> None:
    world.existing(pool_id=FRANKFURT_POOL)

    answer = listed(
        world,
        {"UserPoolId": FRANKFURT_POOL, "Refresh": "2"},
        kind="Update",
        PhysicalResourceId=POOL,
        OldResourceProperties=BARE,
    )

    assert (answer.status, answer.physical_id, answer.data["Count"]) == ("SUCCESS", FRANKFURT_POOL, "1")


@pytest.mark.parametrize("name", ["ClientName", "IncludeSecret", "ImportId", "LogoutURLs"])
def test_a_list_has_no_other_properties(world: World, name: str) -> None:
    answer = listed(world, {**BARE, name: "true"})

    assert (answer.status, world.calls()) == ("FAILED", [])
    assert f"{name}: there is no such property." in answer.reason


# Both


@pytest.mark.parametrize("count", [0, 1, 61, 1000])
@pytest.mark.parametrize("quota", [None, 5])
def test_pools_of_every_size_are_looked_through_within_cognitos_quota(count: int, quota: int | None) -> None:
    with a_world(quota=quota) as world:
        ids = world.fake.populate(POOL, count)
        before = held(world)

        found = look_up(world, {**BARE, "ClientName": f"client-{count - 1:04d}"})
        some = listed(world, {**BARE, "ClientNamePrefix": f"client-{max(count - 1, 0):04d}"[:-1]})

        assert (found.status, found.physical_id) == (("SUCCESS", ids[-1]) if count else ("FAILED", MARKER))
        assert (some.status, some.data["Count"]) == ("SUCCESS", str(min(count % 10 or 10, count)))
        assert set(world.calls()) <= READS
        assert held(world) == before


@pytest.mark.parametrize("resource_type", [LOOKUP_TYPE, LIST_TYPE])
@pytest.mark.parametrize(
    "properties",
    [
        pytest.param(BARE, id="bare"),
        pytest.param({**BARE, "ClientName": "web", "IncludeSecret": "true"}, id="a look-up's"),
        pytest.param({**BARE, "ClientName": ["web"], "Colour": "red"}, id="wrong"),
        pytest.param({"UserPoolId": "no pool"}, id="no user pool"),
        pytest.param(None, id="none"),
        pytest.param("text", id="no map"),
    ],
)
@pytest.mark.parametrize("physical_id", ["the client's", POOL, MARKER, "shop-Found-1QZ6T0XJ4MHFN", ""])
def test_a_delete_never_deletes_and_asks_nothing(
    world: World, resource_type: str, properties: object, physical_id: str
) -> None:
    client_id = world.existing(ClientName="web")
    physical_id = client_id if physical_id == "the client's" else physical_id

    answer = world.delete(physical_id, properties, ResourceType=resource_type)

    assert (answer.status, answer.physical_id) == ("SUCCESS", physical_id or MARKER)
    assert world.calls() == []
    assert world.client_ids() == [client_id]


@pytest.mark.parametrize("resource_type", [LOOKUP_TYPE, LIST_TYPE])
@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize("properties", [None, "text", [], {}, {"UserPoolId": "no pool"}, {"UserPoolId": [POOL]}])
def test_properties_that_name_no_user_pool_are_a_failure(
    world: World, resource_type: str, kind: str, properties: object
) -> None:
    answer = world.send(
        world.request(kind, properties, ResourceType=resource_type, PhysicalResourceId=POOL, OldResourceProperties=BARE)
    )

    assert (answer.status, world.calls()) == ("FAILED", [])
    assert "UserPoolId" in answer.reason or "ResourceProperties" in answer.reason


@pytest.mark.parametrize("resource_type", [LOOKUP_TYPE, LIST_TYPE])
def test_a_user_pool_that_is_gone_is_a_failure_that_says_so(world: World, resource_type: str) -> None:
    del world.fake.pools[POOL]

    answer = world.create({**BARE, "ClientNamePrefix": "web"}, ResourceType=resource_type)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert f"User pool {POOL} does not exist." in answer.reason
    assert "check UserPoolId" in answer.reason


@pytest.mark.parametrize("resource_type", [LOOKUP_TYPE, LIST_TYPE])
def test_what_may_not_be_read_is_told(world: World, resource_type: str) -> None:
    world.fail(LIST, FORBIDDEN)

    answer = world.create({**BARE, "ClientNamePrefix": "web"}, ResourceType=resource_type)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert f"Cognito refused {LIST} with NotAuthorizedException" in answer.reason
    assert "allow the operation on this user pool" in answer.reason


@pytest.mark.parametrize("resource_type", [LOOKUP_TYPE, LIST_TYPE])
def test_an_external_id_without_a_role_is_refused(world: World, resource_type: str) -> None:
    properties = {**BARE, "ClientNamePrefix": "web", "ExternalId": "shop"}

    answer = world.create(properties, ResourceType=resource_type)

    assert (answer.status, world.calls()) == ("FAILED", [])
    assert "ExternalId, RoleArn: there is no role to use it for." in answer.reason


def test_a_page_that_is_throttled_is_asked_for_again(world: World) -> None:
    world.fake.populate(POOL, 61, "client-{:02d}")
    world.fail(LIST, ApiError("TooManyRequestsException", "Rate exceeded"), times=3)

    answer = listed(world, BARE)

    assert (answer.status, answer.data["Count"]) == ("SUCCESS", "61")
    assert world.calls() == [LIST] * 5


# In a rollback


def test_a_look_up_that_no_longer_fits_does_not_wedge_a_rollback(world: World) -> None:
    client_id = world.existing(ClientName="web")
    old, new = {**BARE, "ClientName": "web"}, {**BARE, "ClientNamePrefix": "w"}
    world.delete_elsewhere(client_id)

    with world.rolling_back():
        answer = look_up(world, old, kind="Update", PhysicalResourceId=client_id, OldResourceProperties=new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert [line["client_id"] for line in world.log() if line["message"] == "Nothing to restore"] == [client_id]


def test_a_list_that_has_grown_too_long_does_not_wedge_a_rollback(world: World) -> None:
    for number in range(60):
        world.existing(ClientName=f"a client with a name of some length {number:03} {'x' * 60}")
    with world.rolling_back():
        answer = listed(world, BARE, kind="Update", PhysicalResourceId=POOL, OldResourceProperties=BARE)

    assert (answer.status, answer.physical_id) == ("SUCCESS", POOL)


def test_a_look_up_that_cannot_be_done_now_fails_in_a_rollback_so_that_it_is_continued(world: World) -> None:
    client_id = world.existing(ClientName="web")
    busy = ApiError("TooManyRequestsException", "Rate exceeded")

    with world.rolling_back(), world.failing(DESCRIBE, busy):
        answer = look_up(
            world,
            {**BARE, "ClientId": client_id},
            kind="Update",
            PhysicalResourceId=client_id,
            OldResourceProperties=BARE,
        )

    assert answer.status == "FAILED"
