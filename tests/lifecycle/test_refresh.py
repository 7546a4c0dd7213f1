"""A new text in Refresh applies the same template again: what differs is set right, and nothing else is written."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import GET_SESSION, SET_SESSION, session_minutes
from tests.fixtures.strategies import GROUPS, NAMES, settings_of, valid_templates
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL, EXAMPLES, MOBILE, differing, effective, typed
from tests.fixtures.world import CREATE, DESCRIBE, POOL, UPDATE, World, a_world

type Json = dict[str, Any]

SESSION: Json = {"SSOSession": {"MaxValidityMinutes": "120"}}
# What a person can set without a look at what else is set, and whose parts are not of two owners.
FREE = sorted(GROUPS.keys() - {"sign-in", "OAuth", "context data", "analytics"})


def with_units(settings: Json) -> Json:
    """Say the unit of every number, as people in the console do."""
    defaults = {"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"}
    given = {token: unit for token, unit in defaults.items() if f"{token}Validity" in settings}
    return {**settings, "TokenValidityUnits": {**given, **settings.get("TokenValidityUnits", {})}}


def refreshed(template: Json, text: str = "2") -> Json:
    return {**template, "Refresh": text}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_setting_of_the_template_that_was_changed_outside_is_set_right(world: World, name: str) -> None:
    template = {**CONFIDENTIAL, **EXAMPLES[name]}
    client_id = world.existing(GenerateSecret=True)  # as if all of it had been set back to its default

    answer = world.update(client_id, refreshed(template), template)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DESCRIBE, UPDATE]
    wanted = world.settings(world.create({"ClientName": "web", **template}).physical_id)
    assert not differing(wanted, world.settings(client_id)) - {"ClientName"}


def test_nothing_is_written_where_nothing_differs(world: World) -> None:
    template = {**BARE, **SESSION, "CallbackURLs": [APP]}
    client_id = world.create(template).physical_id
    world.set_elsewhere(client_id, LogoutURLs=[MOBILE])
    world.calls()

    answer = world.update(client_id, refreshed(template), template)

    assert answer.status == "SUCCESS"
    assert world.calls() == [DESCRIBE, GET_SESSION]
    assert world.settings(client_id)["LogoutURLs"] == [MOBILE]


def test_the_session_is_set_right(world: World) -> None:
    template = {**BARE, **SESSION}
    client_id = world.create(template).physical_id
    world.fake.elsewhere(
        SET_SESSION, {"UserPoolId": POOL, "ClientId": client_id, "SSOSession": {"MaxValidityMinutes": 5}}
    )

    world.update(client_id, refreshed(template), template)

    assert session_minutes(world, client_id) == 120


def test_a_client_that_is_gone_is_created_again(world: World) -> None:
    client_id = world.create(BARE).physical_id
    world.delete_elsewhere(client_id)
    world.calls()

    answer = world.update(client_id, refreshed(BARE), BARE)

    assert answer.status == "SUCCESS"
    assert world.calls() == [DESCRIBE, CREATE]
    assert world.client_ids() == [answer.physical_id]


def test_the_first_text_of_all_is_no_setting(world: World) -> None:
    client_id = world.create(refreshed(BARE)).physical_id

    (created,) = world.fake.calls
    assert "Refresh" not in created.params

    world.calls()
    world.update(client_id, BARE, refreshed(BARE))
    assert world.calls() == [DESCRIBE]


@settings(max_examples=30)
@given(template=valid_templates(), others=settings_of(FREE))
def test_afterwards_the_client_is_as_the_template_says_and_all_else_as_it_was(template: Json, others: Json) -> None:
    with a_world() as world:
        pool_id = template["UserPoolId"]
        client_id = world.create(template).physical_id
        created = effective(world.settings(client_id, pool_id=pool_id))
        with contextlib.suppress(ApiError):  # a person may be refused as well
            world.set_elsewhere(client_id, pool_id=pool_id, **typed(with_units(others)))
        found = effective(world.settings(client_id, pool_id=pool_id))
        # A unit without a number takes the number that was set outside: that is of both.
        ours = {name for names in NAMES.values() for name in names if name in template}
        both = {f"{token}Validity" for token in template.get("TokenValidityUnits", {})} - ours

        answer = world.update(client_id, refreshed(template), template)

        assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
        now = effective(world.settings(client_id, pool_id=pool_id))
        assert {name: now[name] for name in ours} == {name: created[name] for name in ours}
        theirs = now.keys() - ours - both
        assert {name: now[name] for name in theirs} == {name: found[name] for name in theirs}


@settings(max_examples=30)
@given(template=settings_of(FREE), others=settings_of(FREE), minutes=st.sampled_from([None, 5]))
def test_its_rollback_restores_what_it_found(template: Json, others: Json, minutes: int | None) -> None:
    template = {**CONFIDENTIAL, **template, **(SESSION if minutes else {})}
    with a_world() as world:
        client_id = world.create(template).physical_id
        with contextlib.suppress(ApiError):
            world.set_elsewhere(client_id, **typed(with_units(others)))
        if minutes:
            session = {"SSOSession": {"MaxValidityMinutes": minutes}}
            world.fake.elsewhere(SET_SESSION, {"UserPoolId": POOL, "ClientId": client_id, **session})
        found = effective(world.settings(client_id))
        world.update(client_id, refreshed(template), template)

        answer = world.roll_back(client_id, template, refreshed(template))

        assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
        assert effective(world.settings(client_id)) == found
        assert not minutes or session_minutes(world, client_id) == minutes
