"""A rollback leaves a client's CIMD policies as they were before the update that failed, whoever had created them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL
from tests.fixtures.world import POOL, UPDATE, World, a_world

type Json = dict[str, Any]

AGENTS, PARTNERS, ROBOTS = "https://agents.example.com/*", "https://partners.example.com/*", "https://robots.test/a"
DAY, WEEK, MONTH = 86400, 604800, 2592000


def policy(name: str, *urls: str, **settings: Any) -> Json:
    return {"CIMDPolicy": {"PolicyName": name, "URLPatterns": list(urls), **settings}}


NAMED = [policy("agents", AGENTS), policy("agents", AGENTS, PARTNERS, CacheDuration=WEEK), policy("robots", ROBOTS)]
TEMPLATES = st.sampled_from([{}, *NAMED])
OTHERS = st.lists(st.sampled_from([("agents", PARTNERS), ("robots", AGENTS), ("by hand", AGENTS)]), max_size=2)
# What others do to a policy between the update and its rollback: they change one of its members, or delete it.
MEANWHILE = st.sampled_from(
    [None, {"CacheDuration": MONTH}, {"URLPatterns": ["https://meanwhile.example.com/"]}, {"PolicyName": "new"}, {}]
)
FAULTS = st.none() | st.tuples(
    st.sampled_from([LIST_POLICIES, DESCRIBE_POLICY, CREATE_POLICY, UPDATE_POLICY, DELETE_POLICY, UPDATE]),
    st.sampled_from([FORBIDDEN, TOO_MANY, ApiError("InternalErrorException", "", 500), "read-timeout"]),
    st.sampled_from([1, 1000]),
    st.booleans(),
)


def held(world: World, client_id: str) -> dict[str, tuple[str, int, frozenset[str]]]:
    """Return a client's policies by their IDs."""
    found = world.fake.pools[POOL].policies.values()
    return {
        one.policy_id: (
            one.settings["PolicyName"],
            one.settings["CacheDuration"],
            frozenset(one.settings["URLPatterns"]),
        )
        for one in found
        if one.client_id == client_id
    }


@settings(max_examples=100, deadline=None)
@given(old=TEMPLATES, others=OTHERS, new=TEMPLATES, fault=FAULTS, dies_before=st.none() | st.integers(1, 12))
def test_whatever_the_update_did_its_rollback_leaves_the_policies_as_they_were(
    old: Json, others: list[tuple[str, str]], new: Json, fault: Any, dies_before: int | None
) -> None:
    before_template, after_template = {**BARE, **old}, {**BARE, **new, "LogoutURLs": [APP]}
    with a_world() as world:
        client_id = world.create(before_template).physical_id
        for name, url in others:
            policy_elsewhere(world, client_id, name, url)
        before = held(world, client_id)
        if fault is not None:
            operation, failure, times, after = fault
            world.fail(operation, failure, times=times, after=after)
        event = world.request(
            "Update",
            after_template,
            PhysicalResourceId=client_id,
            OldResourceProperties=before_template,
            **world.dated(),
        )
        if dies_before is None:
            world.invoke(event)
        else:
            world.die(event, before=dies_before)
            world.clock.now += 400  # Lambda's time-out is over, and so is the lease
        world.fake.planned_faults.clear()
        world.clock.now += 2

        answer = world.roll_back(client_id, before_template, after_template, **world.dated())

        assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
        now = held(world, client_id)
        assert sorted(now.values(), key=str) == sorted(before.values(), key=str)
        # A policy that was deleted gets another ID; every other one is the same.
        kept = bool(new) or not old
        assert not kept or now == before


@pytest.mark.parametrize("operation", [UPDATE, DELETE_POLICY])
def test_a_policy_that_could_not_be_deleted_is_not_created_beside_itself(world: World, operation: str) -> None:
    old, new = {**BARE, **policy("agents", AGENTS)}, {**BARE, "LogoutURLs": [APP]}
    client_id = world.create(old).physical_id
    before = held(world, client_id)
    world.fail(operation, FORBIDDEN)
    assert world.update(client_id, new, old).status == "FAILED"

    answer = world.roll_back(client_id, old, new)

    assert (answer.status, held(world, client_id)) == ("SUCCESS", before)


@settings(max_examples=60, deadline=None)
@given(old=TEMPLATES, new=TEMPLATES, meanwhile=MEANWHILE)
def test_what_others_changed_meanwhile_stays(old: Json, new: Json, meanwhile: Json | None) -> None:
    before_template, after_template = {**BARE, **old}, {**BARE, **new, "LogoutURLs": [APP]}
    with a_world() as world:
        client_id = world.create(before_template).physical_id
        before = policies(world, client_id)
        world.update(client_id, after_template, before_template)
        held_policies = world.fake.pools[POOL].policies
        after = policies(world, client_id)
        if meanwhile == {}:
            held_policies.clear()
        for one in held_policies.values():
            one.settings |= meanwhile or {}

        answer = world.roll_back(client_id, before_template, after_template)

        assert answer.status == "SUCCESS"
        now = policies(world, client_id)
        if not meanwhile and (meanwhile is None or not after):
            assert now == before
        elif meanwhile == {}:
            assert now == []  # deleted by others, and so it stays
        elif not after:
            assert now == before  # there was nothing that others could have changed
        else:
            ((name, seconds, urls),) = now
            assert name == "new" or "PolicyName" not in (meanwhile or {})
            assert seconds == MONTH or "CacheDuration" not in (meanwhile or {})
            assert len(urls) == 1 or "URLPatterns" not in (meanwhile or {})
            if before:  # the members that nobody else has changed are as before
                assert name == "new" or name == before[0][0]
                assert seconds in (MONTH, before[0][1])


@pytest.mark.parametrize("lost", [True, False])
@pytest.mark.parametrize("new", [{}, policy("agents", PARTNERS), policy("robots", PARTNERS, CacheDuration=WEEK)])
def test_a_policy_comes_back_without_a_journal_too(world: World, new: Json, lost: bool) -> None:
    old, new = {**BARE, **policy("agents", AGENTS)}, {**BARE, **new}
    client_id = world.create(old).physical_id
    before = policies(world, client_id)
    world.update(client_id, new, old)
    assert policies(world, client_id) != before
    if lost:
        world.journal.lose()

    answer = world.roll_back(client_id, old, new)

    assert (answer.status, policies(world, client_id)) == ("SUCCESS", before)
    assert answer.data["CIMDPolicy.URLPatterns"] == AGENTS


def test_without_a_journal_a_policy_that_only_the_failed_template_names_stays(world: World) -> None:
    """It may have been there before, and then nobody knows how it was."""
    new = {**BARE, **policy("agents", AGENTS)}
    client_id = world.create(BARE).physical_id
    world.update(client_id, new, BARE)
    world.journal.lose()

    answer = world.roll_back(client_id, BARE, new)

    assert (answer.status, len(policies(world, client_id))) == ("SUCCESS", 1)


@pytest.mark.parametrize(
    ("operation", "old", "new"),
    [
        (LIST_POLICIES, {}, policy("agents", AGENTS)),
        (DELETE_POLICY, {}, policy("agents", AGENTS)),
        (UPDATE_POLICY, policy("agents", AGENTS), policy("agents", PARTNERS)),
        (CREATE_POLICY, policy("agents", AGENTS), {}),
    ],
)
@pytest.mark.parametrize(("failure", "status"), [(FORBIDDEN, "SUCCESS"), (TOO_MANY, "FAILED")])
def test_a_policy_that_cannot_be_restored_does_not_wedge_a_rollback(
    world: World, operation: str, old: Json, new: Json, failure: ApiError, status: str
) -> None:
    old, new = {**BARE, **old}, {**BARE, **new}
    client_id = world.create(old).physical_id
    before = policies(world, client_id)
    world.update(client_id, new, old)

    with world.failing(operation, failure):
        answer = world.roll_back(client_id, old, new)

    assert answer.status == status
    assert any(line["message"] == "Not restored" for line in world.log()) == (status == "SUCCESS")
    if status == "FAILED":
        assert "continue-update-rollback" in answer.reason
        assert world.roll_back(client_id, old, new).status == "SUCCESS"
        assert policies(world, client_id) == before


@pytest.mark.parametrize("before", range(1, 16))
def test_a_replacement_that_died_anywhere_leaves_no_client_and_no_policy(world: World, before: int) -> None:
    old = {**BARE, **policy("agents", AGENTS)}
    own = world.create(old).physical_id
    new = {**CONFIDENTIAL, **policy("agents", PARTNERS)}
    world.clock.now += 60
    event = world.request("Update", new, PhysicalResourceId=own, OldResourceProperties=old, **world.dated())
    world.die(event, before=before)
    world.clock.now += 400

    answer = world.roll_back(own, old, new, **world.dated())

    assert (answer.status, answer.physical_id, world.client_ids()) == ("SUCCESS", own, [own])
    assert list(held(world, own).values()) == [("agents", DAY, frozenset({AGENTS}))]
    assert len(world.fake.pools[POOL].policies) == 1


@pytest.mark.parametrize(
    ("there", "operation"),
    [
        *((there, operation) for there in (True, False) for operation in (None, LIST_POLICIES, UPDATE)),
        (True, DESCRIBE_POLICY),
        (True, UPDATE_POLICY),
        (False, CREATE_POLICY),
    ],
)
def test_an_import_that_is_taken_back_gives_the_policies_back_as_they_were(
    world: World, operation: str | None, there: bool
) -> None:
    client_id = world.existing()
    if there:
        policy_elsewhere(world, client_id, "agents", PARTNERS, CacheDuration=WEEK)
    before = held(world, client_id)
    template = {**import_id(client_id), **policy("agents", AGENTS), "LogoutURLs": [APP]}
    if operation is not None:
        world.fail(operation, FORBIDDEN)
    answer = world.create(template)
    assert answer.status == ("SUCCESS" if operation is None else "FAILED")

    with world.rolling_back("ROLLBACK_IN_PROGRESS"):
        deleted = world.delete(answer.physical_id, template)

    assert (deleted.status, world.client_ids()) == ("SUCCESS", [client_id])
    assert held(world, client_id) == before


def test_an_import_that_was_given_back_is_not_given_back_again_by_the_delete_that_follows(world: World) -> None:
    own, other = world.create(BARE).physical_id, world.existing()
    template = {**import_id(other), **policy("agents", AGENTS)}
    assert world.update(own, template, BARE).physical_id == other
    world.roll_back(other, BARE, template)
    assert held(world, other) == {}
    policy_elsewhere(world, other, "agents", AGENTS)

    with world.rolling_back("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"):
        deleted = world.delete(other, template)

    assert (deleted.status, len(held(world, other))) == ("SUCCESS", 1)
