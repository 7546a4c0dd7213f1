"""A rollback leaves everything as it was before the update that failed, whoever had set it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import policies, session_minutes
from tests.fixtures.strategies import GROUPS, NAMES, settings_of
from tests.fixtures.templates import (
    APP,
    BARE,
    CONFIDENTIAL,
    DESKTOP,
    EXAMPLES,
    MOBILE,
    POLICY,
    differing,
    effective,
    typed,
)
from tests.fixtures.world import DESCRIBE, POOL, STACK, UPDATE, World, a_world

type Json = dict[str, Any]

THROTTLED = ApiError("TooManyRequestsException", "Rate exceeded")
FOREVER = 1000


def made(world: World, template: Json, outside: Json) -> str:
    """Create a client, and change some of its settings as a person in the console does."""
    client_id = world.create(template).physical_id
    if outside:
        world.set_elsewhere(client_id, **typed(outside))
    return client_id


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_setting_made_outside_that_the_failed_update_named_for_the_first_time_comes_back(
    world: World, name: str
) -> None:
    outside = EXAMPLES[name]
    other = {"CallbackURLs": [DESKTOP], "AllowedOAuthFlows": [], "AllowedOAuthScopes": []}
    client_id = made(world, CONFIDENTIAL, outside)
    before = world.settings(client_id)
    new = {**CONFIDENTIAL, **other, "LogoutURLs": [MOBILE], "AuthSessionValidity": "7", "ClientName": "new"}
    world.update(client_id, new, CONFIDENTIAL)

    answer = world.roll_back(client_id, CONFIDENTIAL, new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert effective(world.settings(client_id)) == effective(before)


def test_a_typing_error_in_urls_that_the_console_had_set_leaves_the_list_as_it_was(world: World) -> None:
    client_id = made(world, BARE, {"CallbackURLs": [APP, MOBILE]})
    before = world.settings(client_id)
    new = {**BARE, "CallbackURLs": ["http://app.example.com/callback"]}

    failed = world.update(client_id, new, BARE)
    answer = world.roll_back(client_id, BARE, new)

    assert (failed.status, answer.status) == ("FAILED", "SUCCESS")
    assert world.settings(client_id) == before


def test_a_typing_error_does_not_wedge_a_client_that_uses_the_code_flow(world: World) -> None:
    flow = {"CallbackURLs": [APP], "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"]}
    client_id = made(world, BARE, flow)
    before = world.settings(client_id)
    new = {**BARE, "CallbackURLs": ["http://app.example.com/callback"]}

    failed = world.update(client_id, new, BARE)
    answer = world.roll_back(client_id, BARE, new)

    assert (failed.status, answer.status) == ("FAILED", "SUCCESS")
    assert world.settings(client_id) == before


def test_what_others_changed_between_the_update_and_its_rollback_stays(world: World) -> None:
    client_id = made(world, BARE, {"LogoutURLs": [APP]})
    new = {**BARE, "LogoutURLs": [DESKTOP], "CallbackURLs": [APP]}
    world.update(client_id, new, BARE)
    world.set_elsewhere(client_id, CallbackURLs=[MOBILE], AuthSessionValidity=9)

    world.roll_back(client_id, BARE, new)

    held = world.settings(client_id)
    assert (held["CallbackURLs"], held["LogoutURLs"], held["AuthSessionValidity"]) == ([MOBILE], [APP], 9)


def test_an_update_that_corrected_a_setting_beside_is_taken_back_whole(world: World) -> None:
    template = {**BARE, "CallbackURLs": [APP]}
    client_id = made(world, template, {"CallbackURLs": [MOBILE]})
    new = {**template, "ClientName": "new"}
    world.update(client_id, new, template)
    assert world.settings(client_id)["CallbackURLs"] == [APP]

    world.roll_back(client_id, template, new)

    assert world.settings(client_id)["CallbackURLs"] == [MOBILE]


def test_an_update_that_wrote_a_default_over_a_value_made_outside_is_taken_back(world: World) -> None:
    client_id = made(world, BARE, {"AccessTokenValidity": 3})
    new = {**BARE, "AccessTokenValidity": "1"}
    world.update(client_id, new, BARE)
    assert world.settings(client_id)["AccessTokenValidity"] == 1

    world.roll_back(client_id, BARE, new)

    assert world.settings(client_id)["AccessTokenValidity"] == 3


def test_an_update_that_changed_nothing_has_a_rollback_that_changes_nothing(world: World) -> None:
    old, new = {**BARE, "AccessTokenValidity": "1"}, {**BARE, "AccessTokenValidity": "2"}
    client_id = made(world, old, {"AccessTokenValidity": 2})
    world.update(client_id, new, old)

    world.roll_back(client_id, old, new)

    assert world.settings(client_id)["AccessTokenValidity"] == 2


def test_the_rollback_of_a_rollback_that_failed_takes_the_update_back_and_not_itself(world: World) -> None:
    client_id = made(world, BARE, {"LogoutURLs": [APP]})
    before = world.settings(client_id)
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, BARE)
    with world.failing(UPDATE, THROTTLED):
        failed = world.roll_back(client_id, BARE, new)
    assert failed.status == "FAILED"
    assert "continue-update-rollback" in failed.reason
    assert "deploy again" not in failed.reason

    answer = world.roll_back(client_id, BARE, new)

    assert answer.status == "SUCCESS"
    assert world.settings(client_id) == before


def test_a_rollback_that_cognito_refuses_goes_through_and_is_logged(world: World) -> None:
    client_id = made(world, BARE, {"LogoutURLs": [APP]})
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, BARE)
    world.fail(UPDATE, ApiError("InvalidParameterException", "The provider Google does not exist for User Pool x"))

    answer = world.roll_back(client_id, BARE, new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert [line["client_id"] for line in world.log() if line["message"] == "Not restored"] == [client_id]


def test_cloudformation_is_asked_once_and_only_where_something_would_change(world: World) -> None:
    client_id = world.create(BARE).physical_id
    world.asked()

    world.update(client_id, {**BARE, "ServiceTimeout": "60"}, BARE)
    assert world.asked() == []

    world.update(client_id, {**BARE, "LogoutURLs": [APP]}, BARE)
    assert world.asked() == [STACK]


def test_without_a_journal_a_rollback_resets_nothing_that_only_the_failed_template_names(world: World) -> None:
    client_id = made(world, {**BARE, "AuthSessionValidity": "5"}, {"LogoutURLs": [APP]})
    old = {**BARE, "AuthSessionValidity": "5"}
    new = {**BARE, "AuthSessionValidity": "9", "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, old)
    world.journal.lose()

    answer = world.roll_back(client_id, old, new)

    held = world.settings(client_id)
    assert answer.status == "SUCCESS"
    assert (held["AuthSessionValidity"], held["LogoutURLs"]) == (5, [DESKTOP])


@st.composite
def lives(draw: st.DrawFn) -> tuple[Json, Json, Json, Json]:
    """Draw two templates, what is changed outside before the update, and what is between it and its rollback."""
    old = {**CONFIDENTIAL, **draw(settings_of(GROUPS))}
    new = {**CONFIDENTIAL, **draw(settings_of(GROUPS))}
    if draw(st.booleans()):  # most updates change little
        new = {**old, **draw(settings_of(draw(st.lists(st.sampled_from(sorted(GROUPS)), max_size=2, unique=True))))}
    outside = draw(settings_of(draw(st.lists(st.sampled_from(sorted(GROUPS)), max_size=6, unique=True))))
    meanwhile = draw(settings_of(draw(st.lists(st.sampled_from(sorted(GROUPS)), max_size=2, unique=True))))
    return old, outside, new, meanwhile


FAULTS = st.sampled_from(
    [
        None,
        (UPDATE, THROTTLED, FOREVER, False),
        (UPDATE, ApiError("InvalidParameterException", "no"), 1, False),
        (UPDATE, "read-timeout", FOREVER, True),
        (UPDATE, "connection-closed", 1, True),
        (DESCRIBE, ApiError("InternalErrorException", "oh"), FOREVER, False),
    ]
)


def taken(world: World, client_id: str, changes: Json) -> bool:
    """Change settings outside the stack, if Cognito takes them together with what is there."""
    try:
        world.set_elsewhere(client_id, **typed(changes))
    except ApiError:
        return False
    return True


@settings(max_examples=150)
@given(life=lives(), fault=FAULTS, dies_before=st.none() | st.integers(1, 8))
def test_whatever_the_update_did_its_rollback_leaves_the_client_as_it_was(
    life: tuple[Json, Json, Json, Json], fault: Any, dies_before: int | None
) -> None:
    old, outside, new, meanwhile = life
    with a_world() as world:
        created = world.create(old)
        if created.status != "SUCCESS":
            return
        client_id = created.physical_id
        if outside and not taken(world, client_id, outside):
            return
        before = world.settings(client_id)
        if fault is not None:
            operation, failure, times, after = fault
            world.fail(operation, failure, times=times, after=after)
        event = world.request("Update", new, PhysicalResourceId=client_id, OldResourceProperties=old, **world.dated())
        if dies_before is None:
            world.invoke(event)
        else:
            world.die(event, before=dies_before)
            world.clock.now += 400  # Lambda's time-out is over, and so is the lease
        world.fake.planned_faults.clear()
        world.clock.now += 2
        after_update = world.settings(client_id)
        changed = differing(before, after_update)
        others = set().union(*(NAMES[group] for group in NAMES if NAMES[group] & meanwhile.keys()))
        if meanwhile and not taken(world, client_id, meanwhile):
            others = set()
        between = world.settings(client_id)

        answer = world.roll_back(client_id, old, new, **world.dated())

        held = world.settings(client_id)
        assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
        assert world.client_ids() == [client_id]
        touched = differing(after_update, between)
        assert not (differing(held, before) - touched), (changed, others)
        assert not (differing(held, between) & touched), "what others changed meanwhile stays"


@pytest.mark.parametrize("dies_before", range(1, 13))
@pytest.mark.parametrize(
    "more", [{}, {"SSOSession": {"MaxValidityMinutes": "5"}}, POLICY], ids=["", "session", "policy"]
)
def test_an_update_that_died_and_was_delivered_again_is_taken_back_whole(
    world: World, more: Json, dies_before: int
) -> None:
    """The second delivery finds what the first one has changed already."""
    client_id = made(world, BARE, {"LogoutURLs": [DESKTOP], "AuthSessionValidity": 9})
    before = world.settings(client_id)
    world.clock.now += 60
    new = {**BARE, **more, "LogoutURLs": [APP]}
    event = world.request("Update", new, PhysicalResourceId=client_id, OldResourceProperties=BARE, **world.dated())
    world.die(event, before=dies_before)
    world.set_elsewhere(client_id, AuthSessionValidity=7)
    world.send(event)
    world.clock.now += 60

    answer = world.roll_back(client_id, BARE, new, **world.dated())

    assert answer.status == "SUCCESS"
    assert world.settings(client_id) == {**before, "AuthSessionValidity": 7}
    assert (session_minutes(world, client_id), policies(world, client_id)) == (60, [])


def test_a_change_that_was_undone_is_not_undone_again_for_an_update_that_changed_nothing(world: World) -> None:
    client_id = made(world, BARE, {"LogoutURLs": [APP]})
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, BARE)
    world.roll_back(client_id, BARE, new)
    world.set_elsewhere(client_id, LogoutURLs=[DESKTOP])
    world.update(client_id, new, BARE)

    world.roll_back(client_id, BARE, new)

    assert world.settings(client_id)["LogoutURLs"] == [DESKTOP]


def test_a_rollback_that_may_read_the_journal_but_not_write_it_restores_all_the_same(world: World) -> None:
    client_id = made(world, BARE, {"LogoutURLs": [APP]})
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, BARE)
    world.journal.forbidden["UpdateItem"] = ApiError("AccessDeniedException", "not authorized")

    answer = world.roll_back(client_id, BARE, new)

    assert (answer.status, world.settings(client_id)["LogoutURLs"]) == ("SUCCESS", [APP])


def test_where_cloudformation_cannot_be_asked_exchanged_property_sets_mean_a_rollback(world: World) -> None:
    client_id = made(world, BARE, {"LogoutURLs": [APP]})
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, BARE)
    world.stacks.denied = {STACK}

    answer = world.update(client_id, BARE, new)

    assert (answer.status, world.settings(client_id)["LogoutURLs"]) == ("SUCCESS", [APP])


def test_where_cloudformation_cannot_be_asked_another_update_is_no_rollback(world: World) -> None:
    client_id = made(world, BARE, {"LogoutURLs": [APP]})
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, BARE)
    world.stacks.denied = {STACK}

    world.update(client_id, {**BARE, "AuthSessionValidity": "9"}, new)

    held = world.settings(client_id)
    assert (held.get("LogoutURLs"), held["AuthSessionValidity"]) in [([], 9), (None, 9)]


@pytest.mark.parametrize("meanwhile", [None, 45])
def test_the_session_of_before_comes_back_unless_others_have_changed_it_since(
    world: World, meanwhile: int | None
) -> None:
    client_id = made(world, BARE, {})
    client = world.fake.pools[POOL].clients[client_id]
    client.sso_session = {"MaxValidityMinutes": 30}
    new = {**BARE, "SSOSession": {"MaxValidityMinutes": "5"}}
    world.update(client_id, new, BARE)
    assert client.sso_session["MaxValidityMinutes"] == 5
    if meanwhile is not None:
        client.sso_session = {"MaxValidityMinutes": meanwhile}

    answer = world.roll_back(client_id, BARE, new)

    assert (answer.status, client.sso_session["MaxValidityMinutes"]) == ("SUCCESS", meanwhile or 30)


@pytest.mark.parametrize(
    ("failure", "status"),
    [(ApiError("NotAuthorizedException", "no"), "SUCCESS"), (THROTTLED, "FAILED")],
    ids=["refused", "busy"],
)
def test_a_session_that_cannot_be_set_back_does_not_wedge_a_rollback(
    world: World, failure: ApiError, status: str
) -> None:
    client_id = made(world, BARE, {})
    new = {**BARE, "SSOSession": {"MaxValidityMinutes": "5"}}
    world.update(client_id, new, BARE)

    with world.failing("SetUserPoolClientSessionConfiguration", failure):
        answer = world.roll_back(client_id, BARE, new)

    assert answer.status == status
