"""SSOSession has calls of its own, which are made only where the template has, or had, something to say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import FORBIDDEN, GET_SESSION, SET_SESSION, TOO_MANY, import_id, session_minutes
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL, EVERYTHING
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, MARKER, POOL, UPDATE, World

if TYPE_CHECKING:
    from tests.fixtures.world import Failure

type Json = dict[str, Any]

ATTRIBUTE = "SSOSession.MaxValidityMinutes"
NOT_ENABLED = ApiError("OperationNotEnabledException", "Session tracking is not enabled for the user pool.")


def session(minutes: object) -> Json:
    return {"SSOSession": {"MaxValidityMinutes": minutes}}


WITH: Json = {**BARE, **session("120")}


def set_elsewhere(world: World, client_id: str, minutes: int) -> None:
    ids = {"UserPoolId": POOL, "ClientId": client_id}
    world.fake.elsewhere(SET_SESSION, {**ids, **session(minutes)})


# When it is called


def test_a_template_that_says_nothing_of_it_never_calls_it(world: World) -> None:
    created = world.create(EVERYTHING)
    adopted = world.create(import_id(world.existing()))
    set_elsewhere(world, created.physical_id, 15)

    world.update(created.physical_id, {**EVERYTHING, "LogoutURLs": [APP]}, EVERYTHING)
    world.update(created.physical_id, CONFIDENTIAL, {**EVERYTHING, "LogoutURLs": [APP]})

    assert session_minutes(world, created.physical_id) == 15
    world.delete(created.physical_id, CONFIDENTIAL)
    world.delete(adopted.physical_id, import_id(adopted.physical_id))
    assert {GET_SESSION, SET_SESSION}.isdisjoint(world.calls())
    assert (created.data[ATTRIBUTE], adopted.data[ATTRIBUTE]) == ("60", "60")


@pytest.mark.parametrize("minutes", ["0", "120", "129600", 120])
def test_a_new_client_gets_what_the_template_says(world: World, minutes: object) -> None:
    answer = world.create({**BARE, **session(minutes)})

    assert (answer.status, world.client_ids()) == ("SUCCESS", [answer.physical_id])
    assert world.calls() == [CREATE, GET_SESSION, SET_SESSION]
    assert session_minutes(world, answer.physical_id) == int(str(minutes))
    assert answer.data[ATTRIBUTE] == str(minutes)


def test_the_default_in_the_template_is_not_written(world: World) -> None:
    answer = world.create({**BARE, **session("60")})

    assert answer.status == "SUCCESS"
    assert world.calls() == [CREATE, GET_SESSION]
    assert answer.data[ATTRIBUTE] == "60"


@pytest.mark.parametrize(
    ("old", "new", "calls", "minutes"),
    [
        pytest.param(BARE, WITH, [DESCRIBE, GET_SESSION, SET_SESSION], 120, id="it comes"),
        pytest.param(WITH, {**BARE, **session("5")}, [DESCRIBE, GET_SESSION, SET_SESSION], 5, id="it changes"),
        pytest.param(WITH, {**WITH, "ServiceTimeout": "60"}, [DESCRIBE, GET_SESSION], 120, id="it stays"),
        pytest.param(WITH, BARE, [DESCRIBE, GET_SESSION, SET_SESSION], 60, id="it leaves"),
        pytest.param({**BARE, **session("60")}, BARE, [DESCRIBE, GET_SESSION], 60, id="the default leaves"),
        pytest.param(
            WITH,
            {**BARE, **session("5"), "LogoutURLs": [APP]},
            [DESCRIBE, GET_SESSION, UPDATE, SET_SESSION],
            5,
            id="it changes with another setting",
        ),
        pytest.param(
            {**WITH, "LogoutURLs": [APP]},
            BARE,
            [DESCRIBE, GET_SESSION, UPDATE, SET_SESSION],
            60,
            id="it leaves with another setting",
        ),
    ],
)
def test_an_update_makes_it_so_in_place(world: World, old: Json, new: Json, calls: list[str], minutes: int) -> None:
    client_id = world.create(old).physical_id
    world.calls()

    answer = world.update(client_id, new, old)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == calls
    assert session_minutes(world, client_id) == minutes
    assert answer.data[ATTRIBUTE] == str(minutes)


def test_what_was_set_elsewhere_is_made_so_again(world: World) -> None:
    client_id = world.create(WITH).physical_id
    set_elsewhere(world, client_id, 5)

    world.update(client_id, {**WITH, "LogoutURLs": [APP]}, WITH)

    assert session_minutes(world, client_id) == 120


def test_an_update_is_taken_back(world: World) -> None:
    client_id = world.create(BARE).physical_id
    world.update(client_id, WITH, BARE)

    answer = world.update(client_id, BARE, WITH)

    assert answer.status == "SUCCESS"
    assert session_minutes(world, client_id) == 60


def test_old_properties_that_do_not_parse_are_reset(world: World) -> None:
    client_id = world.create(WITH).physical_id

    answer = world.update(client_id, BARE, {**BARE, "SSOSession": "long"})

    assert answer.status == "SUCCESS"
    assert session_minutes(world, client_id) == 60


def test_a_delete_does_not_ask_for_it(world: World) -> None:
    client_id = world.create(WITH).physical_id
    world.calls()

    assert world.delete(client_id, WITH).status == "SUCCESS"
    assert world.calls() == [DELETE]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"MaxValidityMinutes": "-1"}, "SSOSession.MaxValidityMinutes: "),
        ({"MaxValidityMinutes": "129601"}, "SSOSession.MaxValidityMinutes: "),
        ({"MaxValidityMinutes": "an hour"}, "SSOSession.MaxValidityMinutes: "),
        ({}, "SSOSession.MaxValidityMinutes: it is missing."),
        ({"MaxValidityMinutes": "5", "MinValidityMinutes": "1"}, "SSOSession.MinValidityMinutes: there is no such"),
        ("120", 'SSOSession: "120" is no map.'),
        (["120"], "SSOSession: a list is no map."),
    ],
    ids=repr,
)
def test_what_it_cannot_be_is_told_before_any_call(world: World, value: object, path: str) -> None:
    answer = world.create({**BARE, "SSOSession": value})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert world.calls() == []
    assert path in answer.reason


# Replaced and adopted clients


def test_a_new_client_that_replaces_one_gets_it_too(world: World) -> None:
    old = {**WITH, "GenerateSecret": "false"}
    client_id = world.create(old).physical_id
    world.calls()

    answer = world.update(client_id, {**CONFIDENTIAL, **session("120")}, old)

    assert answer.status == "SUCCESS"
    assert answer.physical_id != client_id
    assert world.calls()[-3:] == [CREATE, GET_SESSION, SET_SESSION]
    assert session_minutes(world, answer.physical_id) == 120


def test_a_new_client_has_nothing_to_reset(world: World) -> None:
    old = {**WITH, "GenerateSecret": "false"}
    client_id = world.create(old).physical_id
    world.calls()

    answer = world.update(client_id, CONFIDENTIAL, old)

    assert answer.physical_id != client_id
    assert {GET_SESSION, SET_SESSION}.isdisjoint(world.calls())


def test_an_adopted_client_gets_it_and_keeps_it_when_it_is_let_go(world: World) -> None:
    client_id = world.existing(LogoutURLs=[APP])
    properties = {**import_id(client_id), **session("0")}

    answer = world.create(properties)
    world.delete(client_id, properties)

    assert (answer.status, answer.physical_id, answer.data[ATTRIBUTE]) == ("SUCCESS", client_id, "0")
    assert session_minutes(world, client_id) == 0
    assert world.settings(client_id)["LogoutURLs"] == [APP]


def test_it_is_not_reset_on_a_client_that_is_adopted_in_another_ones_place(world: World) -> None:
    first_id, second_id = world.existing(), world.existing()
    set_elsewhere(world, second_id, 15)
    old = {**import_id(first_id), **session("120")}
    world.create(old)

    world.update(first_id, import_id(second_id), old)

    assert (session_minutes(world, first_id), session_minutes(world, second_id)) == (120, 15)


def test_it_is_not_reset_on_a_client_that_it_was_never_set_on(world: World) -> None:
    first_id, second_id = world.existing(), world.existing()
    set_elsewhere(world, first_id, 15)
    world.create(import_id(first_id))
    world.fail(DESCRIBE, FORBIDDEN)
    new = {**import_id(second_id), **session("120")}
    assert world.update(first_id, new, import_id(first_id)).status == "FAILED"

    answer = world.update(first_id, import_id(first_id), new)

    assert answer.status == "SUCCESS"
    assert session_minutes(world, first_id) == 15


# Failures


@pytest.mark.parametrize("operation", [GET_SESSION, SET_SESSION])
@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(FORBIDDEN, id="forbidden"),
        pytest.param(NOT_ENABLED, id="not enabled"),
        pytest.param(TOO_MANY, id="throttled"),
        pytest.param("read-timeout", id="read timeout"),
    ],
)
def test_a_failure_after_a_create_tells_the_real_id_so_that_the_client_is_deleted(
    world: World, operation: str, failure: Failure
) -> None:
    with world.failing(operation, failure):
        failed = world.create({**WITH, "ClientName": "web"})

    assert (failed.status, [failed.physical_id]) == ("FAILED", world.client_ids())
    assert operation in failed.reason

    world.delete(failed.physical_id, WITH)

    assert world.client_ids() == []


@pytest.mark.parametrize("operation", [GET_SESSION, SET_SESSION])
def test_a_failure_after_a_replacement_tells_the_new_id(world: World, operation: str) -> None:
    client_id = world.create(BARE).physical_id
    world.fail(operation, FORBIDDEN)

    failed = world.update(client_id, {**CONFIDENTIAL, **session("120")}, BARE)
    world.delete(failed.physical_id, CONFIDENTIAL)

    assert failed.status == "FAILED"
    assert failed.physical_id != client_id
    assert world.client_ids() == [client_id]


@pytest.mark.parametrize("operation", [GET_SESSION, SET_SESSION])
@pytest.mark.parametrize(
    "new", [WITH, {**WITH, "LogoutURLs": [APP]}, {**BARE, "GenerateSecret": "false", **session(5)}]
)
def test_a_failure_in_place_keeps_the_id_and_can_be_taken_back(world: World, operation: str, new: Json) -> None:
    client_id = world.create(BARE).physical_id
    world.fail(operation, FORBIDDEN)

    failed = world.update(client_id, new, BARE)
    rolled_back = world.update(client_id, BARE, new)

    assert (failed.status, failed.physical_id) == ("FAILED", client_id)
    assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", client_id)
    assert session_minutes(world, client_id) == 60
    assert "LogoutURLs" not in world.settings(client_id)


@pytest.mark.parametrize("operation", [GET_SESSION, SET_SESSION])
def test_a_failure_of_an_adoption_tells_the_clients_id_and_the_delete_lets_go(world: World, operation: str) -> None:
    client_id = world.existing()
    properties = {**import_id(client_id), **session("120")}
    world.fail(operation, FORBIDDEN)

    failed = world.create(properties)
    world.delete(failed.physical_id, properties)

    assert (failed.status, failed.physical_id) == ("FAILED", client_id)
    assert world.client_ids() == [client_id]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_user_pool_of_a_lower_tier_is_explained(world: World, kind: str) -> None:
    world.fake.pools[POOL].tier = "LITE"

    answer = world.create(WITH) if kind == "Create" else world.update(world.existing(), WITH, BARE)

    assert (answer.status, [answer.physical_id]) == ("FAILED", world.client_ids())
    assert f"Cognito refused {SET_SESSION} with FeatureUnavailableInTierException: " in answer.reason
    assert "features need to be disabled for the LITE pricing tier" in answer.reason
    assert "choose a higher feature plan for the user pool (SSOSession needs Essentials or Plus)" in answer.reason
    assert "or take the setting out of the template" in answer.reason


def test_a_user_pool_that_tracks_no_sessions_is_explained(world: World) -> None:
    world.fake.pools[POOL].session_tracking = False

    answer = world.create(WITH)

    assert answer.status == "FAILED"
    assert "OperationNotEnabledException: Session tracking is not enabled for the user pool." in answer.reason
    assert "or take the setting out of the template" in answer.reason


@pytest.mark.parametrize(
    ("operation", "failure"),
    [
        pytest.param(SET_SESSION, ApiError("FeatureUnavailableInTierException", "LITE"), id="a lower tier"),
        pytest.param(SET_SESSION, NOT_ENABLED, id="no session tracking"),
        pytest.param(GET_SESSION, NOT_ENABLED, id="no session tracking, when it is read"),
    ],
)
def test_taking_it_out_of_the_template_helps_as_the_failure_says(
    world: World, operation: str, failure: ApiError
) -> None:
    client_id = world.create(WITH).physical_id
    with world.failing(operation, failure):
        failed = world.update(client_id, {**BARE, **session("5")}, WITH)
        answer = world.update(client_id, BARE, WITH)

    assert (failed.status, failed.physical_id) == ("FAILED", client_id)
    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert answer.data[ATTRIBUTE] == "60"


def test_a_reset_that_is_forbidden_is_a_failure(world: World) -> None:
    client_id = world.create(WITH).physical_id
    world.fail(SET_SESSION, FORBIDDEN)

    answer = world.update(client_id, BARE, WITH)

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)
    assert session_minutes(world, client_id) == 120
