"""What the function that looks for drift finds, and what it says of it."""

from __future__ import annotations

import contextlib
import itertools
import json
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.fakes.cognito import ApiError
from tests.fixtures.drifting import OWN_ROLE, RESOURCE, look, recorded, set_session, settled
from tests.fixtures.strategies import GROUPS, settings_of, valid_templates
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL, DESKTOP, EXAMPLES, MOBILE, effective, typed
from tests.fixtures.world import (
    DESCRIBE,
    FRANKFURT_POOL,
    LOGICAL_ID,
    OTHER_POOL,
    POOL,
    STACK,
    STACK_ID,
    STANDING,
    UPDATE,
    World,
    a_world,
)
from user_pool_client.aws.cognito import OF_DRIFT

type Json = dict[str, Any]

URLS: Json = {**BARE, "LogoutURLs": [APP]}
DENIED = ApiError("AccessDeniedException", "no")
THROTTLED = ApiError("TooManyRequestsException", "Rate exceeded")


def drifted(world: World, template: Json = URLS) -> str:
    """Make a client that has drifted, in a stack at rest."""
    client_id = world.create(template).physical_id
    settled(world)
    world.set_elsewhere(client_id, LogoutURLs=[MOBILE])
    return client_id


# What is found


def test_a_client_that_is_as_its_template_says_is_looked_at_with_one_call_and_not_reported(world: World) -> None:
    client_id = world.create(URLS).physical_id
    world.set_elsewhere(client_id, CallbackURLs=[DESKTOP])
    world.calls(), world.asked()

    assert look(world) == []

    assert (world.calls(), world.asked(), world.events.taken) == ([DESCRIBE], [], [])


def test_a_drifted_client_is_reported_with_each_property_before_and_now(world: World) -> None:
    client_id = drifted(world)

    (line,) = look(world)

    said = {"client_id": client_id, **RESOURCE, "status": "drifted", "healed": False}
    said["properties"] = {"LogoutURLs": {"template": [APP], "client": [MOBILE]}}
    assert (line["level"], line["message"]) == ("WARNING", "Client drifted")
    assert line == line | said
    (event,) = world.events.taken
    assert event == {
        "Source": "user-pool-client",
        "DetailType": "Client drifted",
        "Resources": [STACK_ID],
        "Detail": said,
    }
    assert world.metrics().count("Drifted") == 1
    assert world.settings(client_id)["LogoutURLs"] == [MOBILE]


def test_a_client_that_is_gone_is_reported_and_not_created(world: World) -> None:
    client_id = world.create({**URLS, "DriftAction": "heal"}).physical_id
    settled(world)
    world.delete_elsewhere(client_id)

    (line,) = look(world)

    assert (line["message"], line["status"], line["client_id"]) == ("Client gone", "gone", client_id)
    assert world.client_ids() == []
    assert [event["DetailType"] for event in world.events.taken] == ["Client gone"]
    assert "Gone" in world.metrics()


def test_a_session_that_was_changed_is_drift(world: World) -> None:
    client_id = world.create({**BARE, "SSOSession": {"MaxValidityMinutes": "120"}}).physical_id
    settled(world)
    set_session(world, client_id, 5)

    (line,) = look(world)

    assert line["properties"] == {
        "SSOSession": {"template": {"MaxValidityMinutes": 120}, "client": {"MaxValidityMinutes": 5}}
    }


def test_pools_of_other_regions_are_looked_at_too(world: World) -> None:
    client_id = world.create({**URLS, "UserPoolId": FRANKFURT_POOL}).physical_id
    settled(world)
    world.set_elsewhere(client_id, pool_id=FRANKFURT_POOL, LogoutURLs=[])

    (line,) = look(world)

    assert (line["user_pool_id"], line["client_id"]) == (FRANKFURT_POOL, client_id)


def test_every_client_of_the_journal_is_looked_at(world: World) -> None:
    ids = {}
    for number in range(7):
        ids[f"Client{number}"] = world.create(URLS, LogicalResourceId=f"Client{number}").physical_id
        world.set_elsewhere(ids[f"Client{number}"], LogoutURLs=[])
    settled(world)

    assert {line["logical_resource_id"]: line["client_id"] for line in look(world)} == ids


# What is not judged


@pytest.mark.parametrize(
    "status",
    [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
        "ROLLBACK_COMPLETE",
    ],
)
def test_nothing_is_said_of_a_stack_that_is_not_at_rest(world: World, status: str) -> None:
    drifted(world)
    settled(world, status)

    assert look(world) == []
    assert world.events.taken == []


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"]
)
def test_a_stack_at_rest_is_judged(world: World, status: str) -> None:
    drifted(world)
    settled(world, status)

    assert len(look(world)) == 1


def test_nothing_is_said_of_a_client_that_the_stack_does_not_have_any_more(world: World) -> None:
    drifted(world)
    world.stacks.put(STACK_ID, LOGICAL_ID, "another1client")

    assert look(world) == []


def test_nothing_is_said_of_a_client_that_the_stack_has_retained(world: World) -> None:
    client_id = drifted(world)
    del world.stacks.stacks[STACK_ID]

    assert look(world) == []
    assert world.client_ids() == [client_id]


def test_nothing_is_said_where_a_request_came_meanwhile(world: World) -> None:
    client_id = drifted(world)

    def deploy(operation: str, _params: Json) -> None:
        if operation == "GetItem":
            world.journal.on_call = None
            world.update(client_id, {**URLS, "LogoutURLs": [MOBILE]}, URLS)
            settled(world)

    world.journal.on_call = deploy

    assert look(world) == []
    assert look(world) == []  # for now it is as the new template says


def test_a_client_whose_template_says_ignore_is_not_looked_at(world: World) -> None:
    drifted(world, {**URLS, "DriftAction": "ignore"})
    world.calls()

    assert look(world) == []
    assert world.calls() == []


# What cannot be told


def test_a_resource_without_noted_properties_is_unknown(world: World) -> None:
    drifted(world)
    for items in world.journal.tables.values():
        for item in items.values():
            item.pop("applied", None)

    (line,) = look(world)

    assert line["message"] == "Drift unknown"
    assert "Refresh" in line["because"]
    assert "Unknown" in world.metrics()
    assert world.events.taken == []


def test_a_client_that_cannot_be_described_is_unknown_and_the_others_are_looked_at(world: World) -> None:
    drifted(world)
    other = world.create({**URLS, "UserPoolId": OTHER_POOL}, LogicalResourceId="Other").physical_id
    world.set_elsewhere(other, pool_id=OTHER_POOL, LogoutURLs=[])
    settled(world)
    world.fail(DESCRIBE, DENIED)

    assert sorted(line["message"] for line in look(world)) == ["Client drifted", "Drift unknown"]


@pytest.mark.parametrize("operation", [STACK, STANDING])
def test_a_stack_that_cannot_be_asked_about_makes_it_unknown(world: World, operation: str) -> None:
    drifted(world)
    world.stacks.denied.add(operation)

    (line,) = look(world)

    assert (line["message"], line["status"]) == ("Drift unknown", "unknown")
    assert operation in line["because"]


def test_a_pool_that_throttles_does_not_use_up_the_time_of_the_others(world: World) -> None:
    world.create(BARE)
    settled(world)

    with world.failing(DESCRIBE, THROTTLED):
        began = world.clock.now
        (line,) = look(world)

    assert line["message"] == "Drift unknown"
    assert world.clock.now - began < 30


def test_a_stack_of_another_account_is_unknown(world: World) -> None:
    theirs = STACK_ID.replace("123456789012", "222222222222")
    client_id = world.create(URLS, StackId=theirs).physical_id
    world.set_elsewhere(client_id, LogoutURLs=[])

    (line,) = look(world)

    assert (line["message"], line["stack_id"]) == ("Drift unknown", theirs)


def test_what_time_does_not_suffice_for_counts_as_unknown(world: World) -> None:
    for number in range(5):
        world.create(BARE, LogicalResourceId=f"Client{number}")
    settled(world)

    assert look(world, seconds=20.0) == []

    assert world.log()[-1] == world.log()[-1] | {"message": "Drift check not finished", "checked": 0, "left": 5}
    assert "Unknown" in world.metrics()


def test_an_event_that_is_not_taken_is_logged_and_does_not_end_the_run(world: World) -> None:
    drifted(world)
    world.events.failures.append(ApiError("AccessDeniedException", "no"))

    assert [line["message"] for line in look(world)] == ["Client drifted"]
    assert any(line["message"] == "Drift event not sent" for line in world.log())


@pytest.mark.parametrize("kind", ["failure", "refusal"])
def test_an_event_that_may_be_taken_later_is_sent_again(world: World, kind: str) -> None:
    drifted(world)
    if kind == "failure":
        world.events.failures.append(ApiError("InternalException", "later", 500))
    else:
        world.events.refusals.append("ThrottlingException")

    look(world)

    assert len(world.events.taken) == 1


def test_an_event_that_is_too_long_names_the_properties_without_their_values(world: World) -> None:
    long = [f"https://app.example.com/{number:03}/{'x' * 990}" for number in range(100)]
    client_id = world.create({**BARE, "LogoutURLs": long, "CallbackURLs": long}).physical_id
    settled(world)
    world.set_elsewhere(client_id, LogoutURLs=long[1:], CallbackURLs=long[1:])

    look(world)

    (event,) = world.events.taken
    assert event["Detail"]["properties"] == {"CallbackURLs": None, "LogoutURLs": None}
    assert event["Detail"]["too_long"] is True


# How fast


def test_a_pool_is_called_at_most_twice_a_second(world: World) -> None:
    session = {"SSOSession": {"MaxValidityMinutes": "120"}}
    for number in range(4):
        world.create({**BARE, **session}, LogicalResourceId=f"Client{number}")
    settled(world)
    times: list[float] = []
    world.fake.on_call = lambda *_: times.append(world.clock.now)
    world.fail(DESCRIBE, THROTTLED, times=3)

    look(world)

    assert len(times) == 11
    assert all(later - earlier > 0.499 for earlier, later in itertools.pairwise(times))


# An event of CloudTrail's


def test_an_event_of_cloudtrail_has_one_client_looked_at_and_says_who(world: World) -> None:
    client_id = drifted(world)
    other = world.create(URLS, LogicalResourceId="Other").physical_id
    world.set_elsewhere(other, LogoutURLs=[])
    settled(world)

    (line,) = look(world, recorded(client_id))

    assert (line["client_id"], line["changed_by"]) == (client_id, "arn:aws:iam::1:user/jo")
    assert [event["Detail"]["changed_by"] for event in world.events.taken] == ["arn:aws:iam::1:user/jo"]


def test_an_event_of_what_we_did_ourselves_has_nothing_looked_at(world: World) -> None:
    client_id = drifted(world)
    world.calls()

    assert look(world, recorded(client_id, issuer=OWN_ROLE)) == []
    assert world.calls() == []


def test_an_event_of_another_role_is_looked_at(world: World) -> None:
    client_id = drifted(world)

    assert len(look(world, recorded(client_id, issuer="arn:aws:iam::1:role/admin"))) == 1


@pytest.mark.parametrize(
    "event",
    [
        recorded("1example23456789"),
        {"detail-type": "AWS API Call via CloudTrail"},
        {"detail-type": "AWS API Call via CloudTrail", "detail": {"requestParameters": None, "userIdentity": "x"}},
    ],
)
def test_an_event_of_nobodys_client_has_nothing_looked_at(world: World, event: Json) -> None:
    drifted(world)
    world.calls()

    assert look(world, event) == []
    assert world.calls() == []


# The promise: drift is what an update with the same template writes

FREE = sorted(GROUPS.keys() - {"sign-in", "OAuth", "context data"})
TOKENS = {"AccessTokenValidity", "IdTokenValidity", "RefreshTokenValidity", "TokenValidityUnits"}


@settings(max_examples=40, phases=[Phase.generate])
@given(template=valid_templates(), others=settings_of(FREE), session=st.sampled_from([None, 60, 5]))
def test_drift_is_reported_if_and_only_if_a_refresh_would_write(
    template: Json, others: Json, session: int | None
) -> None:
    with a_world() as world:
        pool_id = template["UserPoolId"]
        if session is not None and pool_id == POOL:
            template = {**template, "SSOSession": {"MaxValidityMinutes": "60"}}
        client_id = world.create(template).physical_id
        settled(world)
        with contextlib.suppress(ApiError):  # a person may be refused as well
            world.set_elsewhere(client_id, pool_id=pool_id, **typed(others))
        if "SSOSession" in template:
            set_session(world, client_id, session or 60)
        before = world.settings(client_id, pool_id=pool_id)

        found = look(world)

        assert world.settings(client_id, pool_id=pool_id) == before
        reported = set(found[0]["properties"]) if found else set()
        world.calls()
        answer = world.update(client_id, {**template, "Refresh": "2"}, template)
        assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
        calls = world.calls()
        wrote = {UPDATE, "SetUserPoolClientSessionConfiguration"} & set(calls)
        assert bool(found) == bool(wrote)
        assert ("SSOSession" in reported) == ("SetUserPoolClientSessionConfiguration" in wrote)
        after = effective(world.settings(client_id, pool_id=pool_id))
        changed = {name for name, value in effective(before).items() if value != after[name]}
        # A token's number and its unit are two properties, and may change without a change of what they come to.
        assert reported - TOKENS - {"SSOSession"} == changed - TOKENS
        assert not changed & TOKENS or reported & TOKENS
        settled(world)
        assert look(world) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_setting_can_drift(world: World, name: str) -> None:
    template = {**CONFIDENTIAL, **EXAMPLES[name]}
    client_id = world.create(template).physical_id
    settled(world)
    bare = {"UserPoolId": POOL, "ClientId": client_id, "ClientName": "x"}
    sticky = {"RefreshTokenRotation": {"Feature": "DISABLED"}, "EnableTokenRevocation": True, "AuthSessionValidity": 3}
    units = {"TokenValidityUnits": {"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"}}
    valid = {"AccessTokenValidity": 1, "IdTokenValidity": 1, "RefreshTokenValidity": 30}
    world.fake.elsewhere(UPDATE, {**bare, **sticky, **units, **valid})

    (line,) = look(world)

    assert name in line["properties"]


THEIR_POOL, ROLE_ARN = "us-east-1_Theirs999", "arn:aws:iam::222222222222:role/teams/cognito"
EXTERNAL_ID = "external-id-of-a-role"


def theirs(world: World, **role: str) -> str:
    """Make a client of another account, that has drifted."""
    world.fake.add_pool(THEIR_POOL, account="222222222222")
    world.sts.allow(ROLE_ARN, role.get("ExternalId"))
    template = {**URLS, "UserPoolId": THEIR_POOL, "RoleArn": ROLE_ARN, **role}
    client_id = world.create(template).physical_id
    settled(world)
    world.set_elsewhere(client_id, pool_id=THEIR_POOL, LogoutURLs=[])
    return client_id


def test_a_client_of_another_account_is_looked_at_with_its_role(world: World) -> None:
    client_id = theirs(world)
    world.sts.calls.clear()

    (line,) = look(world)

    assert (line["client_id"], line["message"]) == (client_id, "Client drifted")
    (assumed,) = world.sts.calls
    assert {"RoleArn": ROLE_ARN, "RoleSessionName": "user-pool-client-drift"}.items() <= assumed.params.items()
    (statement,) = json.loads(assumed.params["Policy"])["Statement"]
    assert statement["Action"] == [f"cognito-idp:{operation}" for operation in sorted(OF_DRIFT)]


def test_an_external_id_is_not_noted_and_makes_it_unknown(world: World) -> None:
    theirs(world, ExternalId=EXTERNAL_ID)

    (line,) = look(world)

    assert (line["message"], "ExternalId" in line["because"]) == ("Drift unknown", True)
    assert EXTERNAL_ID not in world.journal.text()
