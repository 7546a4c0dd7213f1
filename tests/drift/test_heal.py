"""`DriftAction: heal` sends the update that the plan decides, at most twice a day, and nothing else."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings

from tests.drift.test_noted import journal
from tests.fakes.cognito import ApiError
from tests.fakes.dynamodb import DENIED as NO_JOURNAL
from tests.fixtures.contributions import Contributor
from tests.fixtures.drifting import look, set_session, settled
from tests.fixtures.existing_clients import (
    CREATE_POLICY,
    DELETE_POLICY,
    LIST_POLICIES,
    UPDATE_POLICY,
    policies,
    session_minutes,
)
from tests.fixtures.strategies import GROUPS, NAMES, settings_of
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL, DESKTOP, MOBILE, POLICY, effective, typed
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, LOGICAL_ID, POOL, STACK_ID, UPDATE, World, a_world

if TYPE_CHECKING:
    from collections.abc import Callable

type Json = dict[str, Any]

HEAL: Json = {**BARE, "LogoutURLs": [APP], "DriftAction": "heal"}
DENIED = ApiError("NotAuthorizedException", "no")
DAY = 86400.0


def drifted(world: World, template: Json = HEAL) -> str:
    """Make a client that has drifted, in a stack at rest."""
    client_id = world.create(template).physical_id
    settled(world)
    world.set_elsewhere(client_id, LogoutURLs=[MOBILE], CallbackURLs=[DESKTOP])
    world.calls()
    return client_id


def test_a_client_is_set_right_with_one_update_and_nothing_else_of_it_is_changed(world: World) -> None:
    client_id = drifted(world)

    (line,) = look(world)

    assert world.calls() == [DESCRIBE, DESCRIBE, UPDATE]
    held = world.settings(client_id)
    assert (held["LogoutURLs"], held["CallbackURLs"]) == ([APP], [DESKTOP])
    assert (line["message"], line["healed"]) == ("Drift healed", True)
    assert line["properties"] == {"LogoutURLs": {"template": [APP], "client": [MOBILE]}}
    assert [event["DetailType"] for event in world.events.taken] == ["Drift healed"]
    assert world.metrics().count("Healed") == 1
    assert "Drifted" not in world.metrics()
    assert look(world) == []


@pytest.mark.parametrize("action", [{}, {"DriftAction": "report"}])
def test_a_client_is_only_reported_unless_its_template_says_heal(world: World, action: Json) -> None:
    drifted(world, {**BARE, "LogoutURLs": [APP], **action})

    (line,) = look(world)

    assert (line["message"], line["healed"]) == ("Client drifted", False)
    assert UPDATE not in world.calls()


def test_what_others_contribute_is_neither_drift_nor_removed_by_a_heal(world: World) -> None:
    client_id = world.create(HEAL).physical_id
    guest = Contributor(world)
    guest.create(client_id, LogoutURLs=[DESKTOP])
    settled(world)
    assert look(world) == []
    world.set_elsewhere(client_id, LogoutURLs=[MOBILE, DESKTOP])

    assert [line["message"] for line in look(world)] == ["Drift healed"]

    assert sorted(world.settings(client_id)["LogoutURLs"]) == sorted([APP, DESKTOP])
    guest.delete()
    assert world.settings(client_id)["LogoutURLs"] == [APP]


@pytest.mark.parametrize("how", ["changed", "deleted"])
def test_a_cimd_policy_is_set_right(world: World, how: str) -> None:
    client_id = world.create({**HEAL, **POLICY}).physical_id
    before = policies(world, client_id)
    settled(world)
    assert look(world) == []
    (policy_id,) = [one["CIMDPolicyId"] for one in listed_policies(world)]
    if how == "deleted":
        world.fake.elsewhere(DELETE_POLICY, {"UserPoolId": POOL, "CIMDPolicyId": policy_id})
    else:
        ids = {"UserPoolId": POOL, "ClientId": client_id, "CIMDPolicyId": policy_id}
        world.fake.elsewhere(UPDATE_POLICY, {**ids, **POLICY["CIMDPolicy"], "CacheDuration": 90000})

    (line,) = look(world)

    assert (line["message"], list(line["properties"])) == ("Drift healed", ["CIMDPolicy"])
    assert policies(world, client_id) == before
    assert look(world) == []


def test_a_cimd_policy_in_no_template_is_no_drift(world: World) -> None:
    client_id = world.create(HEAL).physical_id
    settled(world)
    world.fake.elsewhere(CREATE_POLICY, {"UserPoolId": POOL, "ClientId": client_id, **POLICY["CIMDPolicy"]})
    world.calls()

    assert look(world) == []
    assert world.calls() == [DESCRIBE]


def listed_policies(world: World) -> list[Json]:
    found: list[Json] = world.fake.elsewhere(LIST_POLICIES, {"UserPoolId": POOL, "MaxResults": 60})["CIMDPolicies"]
    return found


def test_a_session_is_set_right(world: World) -> None:
    client_id = world.create({**HEAL, "SSOSession": {"MaxValidityMinutes": "120"}}).physical_id
    settled(world)
    set_session(world, client_id, 5)

    assert [line["message"] for line in look(world)] == ["Drift healed"]
    assert session_minutes(world, client_id) == 120


def test_the_third_time_within_a_day_is_only_reported(world: World) -> None:
    client_id = drifted(world)
    said = []
    for _ in range(3):
        said += look(world)
        world.set_elsewhere(client_id, LogoutURLs=[MOBILE])
        world.clock.now += 60

    assert [line["healed"] for line in said] == [True, True, False]
    assert "2 times within a day" in said[-1]["because"]
    assert world.calls().count(UPDATE) == 2

    world.clock.now += DAY
    assert [line["healed"] for line in look(world)] == [True]


def test_a_heal_that_fails_counts_as_well(world: World) -> None:
    drifted(world)
    world.fail(UPDATE, DENIED, times=2)

    said = [line for _ in range(3) for line in look(world)]

    assert [line["healed"] for line in said] == [False, False, False]
    assert "NotAuthorizedException" in said[0]["because"]
    assert world.calls().count(UPDATE) == 2


def test_a_deployment_goes_on_at_once_after_a_heal_that_failed(world: World) -> None:
    client_id = drifted(world)
    world.fail(UPDATE, DENIED)
    look(world)
    before = world.clock.now

    assert world.update(client_id, {**HEAL, "LogoutURLs": [DESKTOP]}, HEAL).status == "SUCCESS"
    assert world.clock.now == before


def test_what_cognito_would_refuse_together_is_only_reported(world: World) -> None:
    template = {**HEAL, "DefaultRedirectURI": APP, "CallbackURLs": [APP]}
    client_id = world.create(template).physical_id
    world.update(client_id, {**HEAL, "DefaultRedirectURI": APP}, {**HEAL, "DefaultRedirectURI": APP})
    settled(world)
    world.set_elsewhere(client_id, CallbackURLs=[DESKTOP], DefaultRedirectURI=DESKTOP)
    world.calls()

    (line,) = look(world)

    assert "is not in the callback URIs list" in line["because"]
    assert UPDATE not in world.calls()


# Never a new client, never a secret


def test_no_client_is_created_for_one_that_is_gone(world: World) -> None:
    client_id = drifted(world)
    world.delete_elsewhere(client_id)

    assert [line["message"] for line in look(world)] == ["Client gone"]
    assert world.client_ids() == []


def test_no_client_is_created_for_one_that_has_lost_its_secret(world: World) -> None:
    client_id = world.create({**HEAL, "GenerateSecret": "true"}).physical_id
    settled(world)
    world.fake.pools[BARE["UserPoolId"]].clients[client_id].secrets.clear()
    world.calls()

    (line,) = look(world)

    assert line["because"] == "only a new client would do: the template wants a client secret and the client has none."
    assert not {CREATE, UPDATE, DELETE} & set(world.calls())


def test_a_secret_that_cognito_stores_outside_the_template_is_only_reported(world: World) -> None:
    template = {**CONFIDENTIAL, "DriftAction": "heal", "PublishSecretsInAWSSecretsManager": "false"}
    client_id = world.create(template).physical_id
    settled(world)
    held = {**world.settings(client_id), "UserPoolId": BARE["UserPoolId"], "ClientId": client_id}
    world.fake.elsewhere(UPDATE, {**held, "PublishSecretsInAWSSecretsManager": True})
    world.calls()

    (line,) = look(world)

    assert (line["healed"], line["because"]) == (False, "it would move or delete a client secret.")
    assert line["properties"] == {"PublishSecretsInAWSSecretsManager": {"template": False, "client": True}}
    assert UPDATE not in world.calls()


def test_what_this_version_does_not_know_is_not_risked(world: World) -> None:
    drifted(world)
    world.on_reply = lambda operation, content: (
        content["UserPoolClient"].update(BrandNew="x") if operation == DESCRIBE else None
    )

    (line,) = look(world)

    assert (line["healed"], "BrandNew" in line["because"]) == (False, True)
    assert UPDATE not in world.calls()


# Beside deployments


def test_a_deployment_waits_for_a_heal_and_looks_again(world: World) -> None:
    client_id = drifted(world)
    record = journal(world).read(f"{STACK_ID}/{LOGICAL_ID}")
    assert record is not None
    now = world.clock.wall()
    assert journal(world).begin_heal(record, now, now + 10)

    assert world.update(client_id, {**HEAL, "LogoutURLs": [DESKTOP]}, HEAL).status == "SUCCESS"

    assert world.clock.wall() >= now + 10
    assert world.calls() == [DESCRIBE, DESCRIBE, UPDATE]
    assert world.settings(client_id)["LogoutURLs"] == [DESKTOP]


@pytest.mark.parametrize("urls", [[DESKTOP], [MOBILE]], ids=["that changes", "that finds all as it should be"])
def test_a_deployment_that_had_looked_before_the_heal_wins(world: World, urls: list[str]) -> None:
    client_id = drifted(world)
    event = world.request(
        "Update",
        {**HEAL, "LogoutURLs": urls},
        PhysicalResourceId=client_id,
        OldResourceProperties=HEAL,
        **world.dated(),
    )
    settled(world)  # the stack was at rest when the heal began
    world.stacks.put(STACK_ID, LOGICAL_ID, client_id)

    def heal() -> None:
        assert [line["message"] for line in look(world)] == ["Drift healed"]
        world.clock.now += 1

    after_first(world, DESCRIBE, heal)
    world.invoke(event)

    assert world.settings(client_id)["LogoutURLs"] == urls


def after_first(world: World, operation: str, do: Callable[[], None]) -> None:
    """Do something when the first call of an operation was answered, before its answer is read."""

    def once(called: str, _content: Json) -> None:
        if called == operation:
            world.on_reply = None
            do()

    world.on_reply = once


def test_a_heal_does_not_begin_while_a_request_is_at_work(world: World) -> None:
    client_id = drifted(world)
    event = world.request(
        "Update", {**HEAL, "LogoutURLs": [DESKTOP]}, PhysicalResourceId=client_id, OldResourceProperties=HEAL
    )
    assert world.die(event, before=5, at_once=True)
    settled(world)
    world.calls()

    assert look(world) == []
    assert world.calls() == []


def test_a_journal_that_cannot_be_written_heals_nothing(world: World) -> None:
    drifted(world)
    world.journal.forbidden["UpdateItem"] = NO_JOURNAL

    (line,) = look(world)

    assert (line["healed"], "UpdateItem" in line["because"]) == (False, True)
    assert UPDATE not in world.calls()


def test_the_rollback_of_a_later_update_restores_what_was_healed(world: World) -> None:
    client_id = drifted(world)
    look(world)
    healed = world.settings(client_id)
    new = {**HEAL, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, HEAL)

    assert world.roll_back(client_id, HEAL, new).status == "SUCCESS"
    assert world.settings(client_id) == healed


def test_a_create_that_comes_twice_makes_no_second_client_after_a_heal(world: World) -> None:
    event = world.request("Create", HEAL, **world.dated())
    client_id = world.send(event).physical_id
    settled(world)
    world.set_elsewhere(client_id, LogoutURLs=[])
    assert len(look(world)) == 1
    world.other_process()
    world.clock.now += 90

    assert world.send(event).physical_id == client_id
    assert world.client_ids() == [client_id]


FREE = sorted(GROUPS.keys() - {"sign-in", "OAuth", "context data", "analytics"})


@settings(max_examples=40, phases=[Phase.generate])
@given(template=settings_of(FREE), others=settings_of(FREE))
def test_a_heal_sets_the_templates_settings_right_and_touches_no_others(template: Json, others: Json) -> None:
    template = {**CONFIDENTIAL, **template, "DriftAction": "heal"}
    with a_world() as world:
        client_id = world.create(template).physical_id
        settled(world)
        created = effective(world.settings(client_id))
        with contextlib.suppress(ApiError):  # a person may be refused as well
            world.set_elsewhere(client_id, **typed(others))
        found = effective(world.settings(client_id))

        said = look(world)

        assert all(line["healed"] for line in said)
        ours = {name for names in NAMES.values() for name in names if name in template}
        both = {f"{token}Validity" for token in template.get("TokenValidityUnits", {})} - ours
        now = effective(world.settings(client_id))
        assert {name: now[name] for name in ours} == {name: created[name] for name in ours}
        theirs = now.keys() - ours - both
        assert {name: now[name] for name in theirs} == {name: found[name] for name in theirs}
        assert world.client_ids() == [client_id]
        assert look(world) == []
