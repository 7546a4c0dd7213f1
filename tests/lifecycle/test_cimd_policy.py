"""CIMDPolicy has calls of its own; a policy is known by its name, and those of other names are never touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import (
    CREATE_POLICY,
    DELETE_POLICY,
    DESCRIBE_POLICY,
    FORBIDDEN,
    LIST_POLICIES,
    TOO_MANY,
    UPDATE_POLICY,
    import_id,
    policies,
    policy_elsewhere,
)
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL, EVERYTHING
from tests.fixtures.world import (
    CREATE,
    DELETE,
    DESCRIBE,
    LOGICAL_ID,
    MARKER,
    OTHER_POOL,
    POOL,
    STACK_ID,
    UPDATE,
    World,
)

if TYPE_CHECKING:
    from tests.fixtures.world import Failure

type Json = dict[str, Any]

AGENTS, PARTNERS = "https://agents.example.com/*", "https://partners.example.com/client.json"
DAY, WEEK = 86400, 604800
CALLS = {LIST_POLICIES, DESCRIBE_POLICY, CREATE_POLICY, UPDATE_POLICY, DELETE_POLICY}
NOT_ENABLED = ApiError("OperationNotEnabledException", "CIMD is not enabled for the user pool.")


def policy(name: str = "agents", *urls: str, **settings: Any) -> Json:
    return {"CIMDPolicy": {"PolicyName": name, "URLPatterns": list(urls or (AGENTS,)), **settings}}


WITH: Json = {**BARE, **policy()}
ONE = ("agents", DAY, frozenset({AGENTS}))


def policy_ids(world: World) -> list[str]:
    return list(world.fake.pools[POOL].policies)


# When it is called


def test_a_template_that_says_nothing_of_it_never_calls_it(world: World) -> None:
    created = world.create(EVERYTHING)
    adopted = world.create(import_id(world.existing()))
    for client_id in (created.physical_id, adopted.physical_id):
        policy_elsewhere(world, client_id, "by hand", AGENTS)

    world.update(created.physical_id, {**EVERYTHING, "LogoutURLs": [APP]}, EVERYTHING)
    world.delete(created.physical_id, EVERYTHING)
    world.delete(adopted.physical_id, import_id(adopted.physical_id))

    assert CALLS.isdisjoint(world.calls())
    assert len(policy_ids(world)) == 2
    assert created.data["CIMDPolicy.PolicyName"] == created.data["CIMDPolicy.CacheDuration"] == ""


def test_a_new_client_gets_what_the_template_says(world: World) -> None:
    answer = world.create({**BARE, **policy("agents", PARTNERS, AGENTS, CacheDuration=str(WEEK))})

    assert (answer.status, world.client_ids()) == ("SUCCESS", [answer.physical_id])
    assert world.calls() == [CREATE, LIST_POLICIES, CREATE_POLICY]
    assert policies(world, answer.physical_id) == [("agents", WEEK, frozenset({AGENTS, PARTNERS}))]
    shown = {name: value for name, value in answer.data.items() if name.startswith("CIMDPolicy.")}
    assert shown == {
        "CIMDPolicy.PolicyName": "agents",
        "CIMDPolicy.CacheDuration": "604800",
        "CIMDPolicy.URLPatterns": f"{AGENTS},{PARTNERS}",
    }


FOUND = [DESCRIBE, LIST_POLICIES, DESCRIBE_POLICY]


@pytest.mark.parametrize(
    ("old", "new", "calls", "held"),
    [
        pytest.param(BARE, WITH, [DESCRIBE, LIST_POLICIES, CREATE_POLICY], [ONE], id="it comes"),
        pytest.param(WITH, {**WITH, "ServiceTimeout": "60"}, FOUND, [ONE], id="it stays"),
        pytest.param(WITH, BARE, [*FOUND, DELETE_POLICY], [], id="it leaves"),
        pytest.param(
            WITH,
            {**BARE, **policy("agents", PARTNERS)},
            [*FOUND, UPDATE_POLICY],
            [("agents", DAY, frozenset({PARTNERS}))],
            id="its patterns change",
        ),
        pytest.param(
            {**BARE, **policy("agents", AGENTS, PARTNERS)},
            {**BARE, **policy("agents", PARTNERS, AGENTS, PARTNERS)},
            FOUND,
            [("agents", DAY, frozenset({AGENTS, PARTNERS}))],
            id="order and duplicates are no change",
        ),
        pytest.param(WITH, {**BARE, **policy(CacheDuration=DAY)}, FOUND, [ONE], id="the default is no change"),
        pytest.param(
            {**BARE, **policy(CacheDuration=WEEK)}, WITH, [*FOUND, UPDATE_POLICY], [ONE], id="the duration leaves"
        ),
        pytest.param(
            WITH,
            {**BARE, **policy("robots")},
            [*FOUND, UPDATE_POLICY],
            [("robots", DAY, frozenset({AGENTS}))],
            id="it is renamed",
        ),
        pytest.param(
            WITH,
            {**BARE, **policy("robots", PARTNERS, CacheDuration=WEEK), "LogoutURLs": [APP]},
            [*FOUND, UPDATE, UPDATE_POLICY],
            [("robots", WEEK, frozenset({PARTNERS}))],
            id="all changes with another setting",
        ),
        pytest.param(
            {**WITH, "LogoutURLs": [APP]},
            BARE,
            [*FOUND, UPDATE, DELETE_POLICY],
            [],
            id="it leaves with another setting",
        ),
    ],
)
def test_an_update_makes_it_so_in_place(
    world: World, old: Json, new: Json, calls: list[str], held: list[tuple[str, int, frozenset[str]]]
) -> None:
    client_id = world.create(old).physical_id
    before = policy_ids(world)
    world.calls()

    answer = world.update(client_id, new, old)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == calls
    assert policies(world, client_id) == held
    assert answer.data["CIMDPolicy.PolicyName"] == (held[0][0] if held else "")
    if before and held:
        assert policy_ids(world) == before


def test_what_was_set_elsewhere_is_made_so_again(world: World) -> None:
    client_id = world.create(WITH).physical_id
    (held,) = world.fake.pools[POOL].policies.values()
    held.settings |= {"URLPatterns": [PARTNERS], "CacheDuration": WEEK}

    world.update(client_id, {**WITH, "LogoutURLs": [APP]}, WITH)

    assert policies(world, client_id) == [ONE]


def test_a_policy_that_was_deleted_elsewhere_is_created_again(world: World) -> None:
    client_id = world.create(WITH).physical_id
    world.fake.pools[POOL].policies.clear()

    world.update(client_id, {**WITH, "LogoutURLs": [APP]}, WITH)

    assert policies(world, client_id) == [ONE]


def test_it_is_found_on_any_page_among_those_of_other_clients(world: World) -> None:
    other_id = world.existing()
    for number in range(150):
        world.fake.pools[POOL].policy_limit += 1
        policy_elsewhere(world, other_id, "agents", f"https://example.com/{number}")
    client_id = world.create(WITH).physical_id

    answer = world.update(client_id, BARE, WITH)

    assert (answer.status, policies(world, client_id)) == ("SUCCESS", [])
    assert len(policies(world, other_id)) == 150


def test_policies_of_other_names_stay_whatever_is_done(world: World) -> None:
    client_id = world.create(WITH).physical_id
    by_hand = policy_elsewhere(world, client_id, "by hand", PARTNERS, CacheDuration=WEEK)
    changed, renamed = {**BARE, **policy("agents", PARTNERS)}, {**BARE, **policy("robots")}

    for old, new in ((WITH, changed), (changed, renamed), (renamed, BARE), (BARE, WITH)):
        assert world.update(client_id, new, old).status == "SUCCESS"
        assert ("by hand", WEEK, frozenset({PARTNERS})) in policies(world, client_id)
    world.delete(client_id, WITH)

    assert policy_ids(world) == [by_hand]


@pytest.mark.parametrize("name", ["agents", "robots"])
def test_two_policies_that_could_be_meant_are_named_and_neither_is_touched(world: World, name: str) -> None:
    client_id = world.create(WITH).physical_id
    second = policy_elsewhere(world, client_id, name, PARTNERS)
    new = {**BARE, **policy("robots", PARTNERS), "LogoutURLs": [APP]}
    before = policies(world, client_id)

    answer = world.update(client_id, new, WITH)

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)
    assert "has 2 CIMD policies that CIMDPolicy could mean: " in answer.reason
    assert f"{second} ({name})" in answer.reason
    assert policies(world, client_id) == before
    assert "LogoutURLs" not in world.settings(client_id)


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        pytest.param(
            {"CacheDuration": "86399", "URLPatterns": [], "Name": "x"},
            [
                "CIMDPolicy.Name: there is no such property. The nearest one is CIMDPolicy.PolicyName.",
                "CIMDPolicy.PolicyName: it is missing. It must be a string of 1 to 32 characters",
                "CIMDPolicy.CacheDuration: ",
                "a whole number from 86400 to 31556952",
                "CIMDPolicy.URLPatterns: it is empty. It must be a list of 1 to 5 items, each a string of 12 to 256",
            ],
            id="all at once",
        ),
        pytest.param({"PolicyName": "x" * 33, "URLPatterns": [AGENTS]}, ["CIMDPolicy.PolicyName: "], id="name"),
        pytest.param(
            {"PolicyName": "x", "CacheDuration": 31556953, "URLPatterns": [AGENTS]},
            ["CIMDPolicy.CacheDuration: "],
            id="duration",
        ),
        pytest.param(
            {"PolicyName": "x"}, ["CIMDPolicy.URLPatterns: it is missing. It must be a list"], id="no patterns"
        ),
        pytest.param(
            {"PolicyName": "x", "URLPatterns": [f"{AGENTS}{number}" for number in range(6)]},
            ["CIMDPolicy.URLPatterns: it has 6 different items. At most 5 are allowed."],
            id="six patterns",
        ),
        pytest.param(
            {"PolicyName": "x", "URLPatterns": [AGENTS, "http://agents.example.com/", "https://a.example.com/?a=b"]},
            ["CIMDPolicy.URLPatterns[1]: ", "at 'uRLPatterns.2.member'", "CIMDPolicy.URLPatterns[2]: "],
            id="patterns",
        ),
        pytest.param(AGENTS, [f'CIMDPolicy: "{AGENTS}" is no map.'], id="no map"),
    ],
)
def test_what_it_cannot_be_is_told_before_any_call(world: World, value: object, problems: list[str]) -> None:
    answer = world.create({**BARE, "CIMDPolicy": value})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert world.calls() == []
    assert [problem for problem in problems if problem not in answer.reason] == []


# Deleted, replaced and imported clients


def test_a_delete_deletes_the_policy_first(world: World) -> None:
    client_id = world.create(WITH).physical_id
    world.calls()

    assert world.delete(client_id, WITH).status == "SUCCESS"
    assert world.calls() == [LIST_POLICIES, DELETE_POLICY, DELETE]
    assert (world.client_ids(), policy_ids(world)) == ([], [])


def test_a_delete_deletes_all_policies_of_the_name(world: World) -> None:
    client_id = world.create(WITH).physical_id
    policy_elsewhere(world, client_id, "agents", PARTNERS)

    assert world.delete(client_id, WITH).status == "SUCCESS"
    assert policy_ids(world) == []


@pytest.mark.parametrize(
    ("operation", "failure"),
    [
        pytest.param(LIST_POLICIES, FORBIDDEN, id="forbidden"),
        pytest.param(LIST_POLICIES, ApiError("UnknownOperationException"), id="not offered"),
        pytest.param(DELETE_POLICY, ApiError("ResourceNotFoundException", "gone"), id="gone"),
    ],
)
def test_a_delete_goes_on_where_there_is_no_policy_to_delete(world: World, operation: str, failure: ApiError) -> None:
    client_id = world.create(WITH).physical_id

    with world.failing(operation, failure):
        answer = world.delete(client_id, WITH)

    assert (answer.status, world.client_ids()) == ("SUCCESS", [])


@pytest.mark.parametrize(
    ("operation", "failure"), [(DELETE_POLICY, FORBIDDEN), (DELETE_POLICY, TOO_MANY), (LIST_POLICIES, TOO_MANY)]
)
def test_a_policy_that_cannot_be_deleted_is_never_left_behind_without_its_client(
    world: World, operation: str, failure: ApiError
) -> None:
    client_id = world.create(WITH).physical_id

    with world.failing(operation, failure):
        answer = world.delete(client_id, WITH)
    assert (answer.status, world.client_ids()) == ("FAILED", [client_id])
    assert operation in answer.reason

    assert world.delete(client_id, WITH).status == "SUCCESS"
    assert (world.client_ids(), policy_ids(world)) == ([], [])


def test_a_delete_succeeds_where_the_client_or_the_pool_is_gone(world: World) -> None:
    client_id = world.create(WITH).physical_id
    world.delete_elsewhere(client_id)

    assert world.delete(client_id, WITH).status == "SUCCESS"
    assert world.delete(client_id, {**WITH, "UserPoolId": "us-east-1_Nowhere99"}).status == "SUCCESS"


@pytest.mark.parametrize("new", [{**CONFIDENTIAL, **policy()}, {**WITH, "UserPoolId": OTHER_POOL}])
def test_a_replacement_gets_a_policy_of_its_own_and_the_old_one_goes_with_its_client(world: World, new: Json) -> None:
    old = {**WITH, "GenerateSecret": "false"}
    client_id = world.create(old).physical_id
    world.calls()

    answer = world.update(client_id, new, old)

    assert answer.status == "SUCCESS"
    assert world.calls()[-3:] == [CREATE, LIST_POLICIES, CREATE_POLICY]
    assert policies(world, client_id) == policies(world, answer.physical_id, pool_id=new["UserPoolId"]) == [ONE]

    world.delete(client_id, old)

    assert policies(world, client_id) == []
    assert policies(world, answer.physical_id, pool_id=new["UserPoolId"]) == [ONE]


def test_a_new_client_has_nothing_to_reset(world: World) -> None:
    old = {**WITH, "GenerateSecret": "false"}
    client_id = world.create(old).physical_id
    world.calls()

    answer = world.update(client_id, CONFIDENTIAL, old)

    assert answer.physical_id != client_id
    assert CALLS.isdisjoint(world.calls())


@pytest.mark.parametrize("name", ["agents", "by hand"])
def test_an_imported_client_keeps_its_policies_when_it_is_released(world: World, name: str) -> None:
    client_id = world.existing()
    policy_elsewhere(world, client_id, name, PARTNERS)
    properties = {**import_id(client_id), **policy()}

    answer = world.create(properties)
    released = world.delete(client_id, properties)

    assert (answer.status, released.status) == ("SUCCESS", "SUCCESS")
    others = [] if name == "agents" else [(name, DAY, frozenset({PARTNERS}))]
    assert policies(world, client_id) == [ONE, *others]


def test_it_is_not_deleted_from_a_client_that_is_imported_in_another_ones_place(world: World) -> None:
    first_id, second_id = world.existing(), world.existing()
    policy_elsewhere(world, second_id, "agents", PARTNERS)
    old = {**import_id(first_id), **policy()}
    world.create(old)

    world.update(first_id, import_id(second_id), old)

    assert policies(world, first_id) == [ONE]
    assert policies(world, second_id) == [("agents", DAY, frozenset({PARTNERS}))]


# Failures

EVERY_FAILURE = [
    pytest.param(FORBIDDEN, id="forbidden"),
    pytest.param(NOT_ENABLED, id="not enabled"),
    pytest.param(ApiError("LimitExceededException", "too many"), id="limit"),
    pytest.param(TOO_MANY, id="throttled"),
    pytest.param("read-timeout", id="read timeout"),
]


@pytest.mark.parametrize("operation", [LIST_POLICIES, CREATE_POLICY])
@pytest.mark.parametrize("failure", EVERY_FAILURE)
def test_a_failure_after_a_create_tells_the_real_id_so_that_nothing_is_left(
    world: World, operation: str, failure: Failure
) -> None:
    with world.failing(operation, failure):
        failed = world.create(WITH)

    assert (failed.status, [failed.physical_id]) == ("FAILED", world.client_ids())
    assert operation in failed.reason

    assert world.delete(failed.physical_id, WITH).status == "SUCCESS"
    assert (world.client_ids(), policy_ids(world)) == ([], [])


@pytest.mark.parametrize("listed_after", [0.0, 1.5])
@pytest.mark.parametrize("failure", ["read-timeout", "connection-closed", ApiError("InternalErrorException", "", 500)])
def test_a_create_whose_answer_was_lost_is_not_sent_again(world: World, failure: Failure, listed_after: float) -> None:
    world.fake._listed_after = listed_after
    world.fail(CREATE_POLICY, failure, after=True)

    answer = world.create(WITH)

    assert (answer.status, policies(world, answer.physical_id)) == ("SUCCESS", [ONE])
    assert world.calls().count(CREATE_POLICY) == 1


def test_a_create_that_surely_was_lost_is_sent_again_after_it_was_looked_for(world: World) -> None:
    world.fail(CREATE_POLICY, "read-timeout")

    answer = world.create(WITH)

    assert (answer.status, policies(world, answer.physical_id)) == ("SUCCESS", [ONE])
    assert world.calls() == [CREATE, LIST_POLICIES, CREATE_POLICY, *[LIST_POLICIES] * 3, CREATE_POLICY]


def test_a_create_that_arrives_while_it_is_looked_for_is_found(world: World) -> None:
    world.fake.postpone(CREATE_POLICY, requests=2)

    answer = world.create(WITH)

    assert (answer.status, policies(world, answer.physical_id)) == ("SUCCESS", [ONE])
    assert world.calls().count(CREATE_POLICY) == 1


def test_a_policy_that_cannot_be_looked_for_is_not_created_again(world: World) -> None:
    def forbid_lists(operation: str, _: Json) -> None:
        if operation == CREATE_POLICY:
            world.fail(LIST_POLICIES, FORBIDDEN)

    world.fake.on_call = forbid_lists
    world.fail(CREATE_POLICY, "read-timeout", after=True)

    failed = world.create(WITH)
    world.fake.on_call = None

    assert (failed.status, world.calls().count(CREATE_POLICY)) == ("FAILED", 1)
    assert f"Cognito did not answer {CREATE_POLICY}" in failed.reason
    world.delete(failed.physical_id, WITH)
    assert policy_ids(world) == []


def test_a_throttled_create_is_sent_again(world: World) -> None:
    world.fail(CREATE_POLICY, TOO_MANY, times=2)

    answer = world.create(WITH)

    assert (answer.status, policies(world, answer.physical_id)) == ("SUCCESS", [ONE])


@pytest.mark.parametrize("operation", [UPDATE_POLICY, DELETE_POLICY])
def test_concurrent_modifications_are_waited_for(world: World, operation: str) -> None:
    client_id = world.create(WITH).physical_id
    new = {**BARE, **policy("agents", PARTNERS)} if operation == UPDATE_POLICY else BARE
    world.fail(operation, ApiError("ConcurrentModificationException", "busy"), times=2)

    assert world.update(client_id, new, WITH).status == "SUCCESS"
    assert len(policies(world, client_id)) == (operation == UPDATE_POLICY)


def test_a_user_pool_of_a_lower_feature_plan_is_explained(world: World) -> None:
    world.fake.pools[POOL].tier = "LITE"

    answer = world.create(WITH)

    assert (answer.status, [answer.physical_id]) == ("FAILED", world.client_ids())
    assert f"Cognito refused {CREATE_POLICY} with FeatureUnavailableInTierException: " in answer.reason
    assert "choose a higher feature plan for the user pool" in answer.reason


@pytest.mark.parametrize("failure", [NOT_ENABLED, ApiError("UnknownOperationException")])
def test_taking_it_out_of_the_template_helps_where_there_are_no_policies(world: World, failure: ApiError) -> None:
    client_id = world.create(BARE).physical_id
    with world.failing(LIST_POLICIES, failure):
        failed = world.update(client_id, WITH, BARE)
        answer = world.update(client_id, BARE, WITH)

    assert (failed.status, answer.status) == ("FAILED", "SUCCESS")


def test_a_reset_that_is_forbidden_is_a_failure(world: World) -> None:
    client_id = world.create(WITH).physical_id
    world.fail(DELETE_POLICY, FORBIDDEN)

    answer = world.update(client_id, BARE, WITH)

    assert (answer.status, answer.physical_id, policies(world, client_id)) == ("FAILED", client_id, [ONE])


def test_old_properties_that_do_not_parse_name_no_policy(world: World) -> None:
    client_id = world.create(WITH).physical_id

    answer = world.update(client_id, BARE, {**BARE, "CIMDPolicy": "agents"})

    assert (answer.status, policies(world, client_id)) == ("SUCCESS", [ONE])


def test_an_update_that_waited_for_another_one_sees_its_policy(world: World) -> None:
    """Two deliveries would otherwise both find no policy, and each create one."""
    client_id = world.create(BARE).physical_id
    event = world.request("Update", WITH, PhysicalResourceId=client_id, OldResourceProperties=BARE, **world.dated())
    world.timeout = 300
    world.die(event, before=7, at_once=True)
    assert policies(world, client_id) in ([], [ONE])
    world.other_process()

    answer = world.send(event)

    assert (answer.status, policies(world, client_id)) == ("SUCCESS", [ONE])


def test_a_create_that_nobody_waits_for_leaves_no_policy_of_its_client(world: World) -> None:
    world.stacks.begin(STACK_ID)
    event = world.request("Create", WITH, **world.dated())
    world.die(event, before=6)
    assert len(policy_ids(world)) == 1
    world.journal.lose()
    world.stacks.put(STACK_ID, LOGICAL_ID, MARKER, "CREATE_FAILED")
    world.clock.now += 61

    answer = world.send(event)

    assert (answer.status, world.client_ids(), policy_ids(world)) == ("FAILED", [], [])
