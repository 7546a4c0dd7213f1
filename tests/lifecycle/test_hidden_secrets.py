"""GenerateSecret as an attribute: it is never false for a client that has a secret, and costs no call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import FORBIDDEN, LOOKUP_TYPE, import_id
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL
from tests.fixtures.world import CREATE, DESCRIBE, POOL, SECRETS, UPDATE, World, a_world

if TYPE_CHECKING:
    from tests.fixtures.world import Answer

type Json = dict[str, Any]

ATTRIBUTE = "GenerateSecret"
MACHINE: Json = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["client_credentials"],
    "AllowedOAuthScopes": ["api/read"],
}


def with_urls(template: Json, number: int) -> Json:
    return {**template, "LogoutURLs": [f"{APP}/{number}"]}


@pytest.mark.parametrize(
    "needs_one",
    [MACHINE, {"EnablePropagateAdditionalUserContextData": True}, {"ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"]}],
    ids=lambda settings: list(settings)[-1],
)
def test_a_setting_that_needs_a_secret_shows_that_there_is_one(world: World, needs_one: Json) -> None:
    client_id = world.existing(GenerateSecret=True, **needs_one)
    world.lose_original_secret(client_id)

    answer = world.update(client_id, with_urls(BARE, 1), BARE)

    assert (answer.data[ATTRIBUTE], world.calls()) == ("true", [DESCRIBE, UPDATE])


@pytest.mark.parametrize(("template", "shown"), [(BARE, "false"), (CONFIDENTIAL, "true")])
def test_what_a_create_knew_stays_known_without_a_call(world: World, template: Json, shown: str) -> None:
    client_id = world.create(template).physical_id
    if template == CONFIDENTIAL:
        world.lose_original_secret(client_id)
    old = template
    world.calls()

    for number in range(3):
        for new in (with_urls(BARE, number), {**with_urls(BARE, number), "ServiceTimeout": "60"}):
            answer = world.update(client_id, new, old)
            assert (answer.status, answer.data[ATTRIBUTE]) == ("SUCCESS", shown)
            old = new

    assert SECRETS not in world.calls()


def test_what_an_import_asked_stays_known_when_the_client_is_owned(world: World) -> None:
    client_id = world.existing(GenerateSecret=True)
    world.lose_original_secret(client_id)
    world.create(import_id(client_id))
    world.calls()

    answer = world.update(client_id, BARE, import_id(client_id))

    assert (answer.data[ATTRIBUTE], world.calls()) == ("true", [DESCRIBE])


def test_what_nobody_knows_is_empty_and_is_asked_when_the_template_says_something(world: World) -> None:
    client_id = world.existing(GenerateSecret=True)
    world.lose_original_secret(client_id)

    unknown = world.update(client_id, with_urls(BARE, 1), BARE)
    known = world.update(client_id, CONFIDENTIAL, with_urls(BARE, 1))
    still_known = world.update(client_id, with_urls(BARE, 2), CONFIDENTIAL)

    assert (unknown.data[ATTRIBUTE], known.data[ATTRIBUTE], still_known.data[ATTRIBUTE]) == ("", "true", "true")
    assert world.client_ids() == [client_id]


def test_a_look_up_that_may_not_ask_does_not_say_false(world: World) -> None:
    client_id = world.existing(GenerateSecret=True)
    world.lose_original_secret(client_id)
    world.fail(SECRETS, FORBIDDEN)

    found = world.create({"UserPoolId": POOL, "ClientId": client_id}, ResourceType=LOOKUP_TYPE)

    assert (found.status, found.data[ATTRIBUTE]) == ("SUCCESS", "")


@pytest.mark.parametrize("told", [True, False])
def test_a_rollback_knows_the_former_client_as_well(world: World, told: bool) -> None:
    client_id = world.create(CONFIDENTIAL).physical_id
    world.lose_original_secret(client_id)
    world.update(client_id, BARE, CONFIDENTIAL)
    new = {**BARE, "GenerateSecret": "false"}
    replaced = world.update(client_id, new, BARE)
    assert (replaced.physical_id != client_id, replaced.data[ATTRIBUTE]) == (True, "false")

    answer = world.roll_back(replaced.physical_id if told else client_id, BARE, new)

    assert (answer.status, answer.physical_id, answer.data[ATTRIBUTE]) == ("SUCCESS", client_id, "true")


def test_a_repeated_delivery_says_the_same(world: World) -> None:
    client_id = world.create(CONFIDENTIAL).physical_id
    world.lose_original_secret(client_id)
    event = world.request(
        "Update", with_urls(BARE, 1), PhysicalResourceId=client_id, OldResourceProperties=CONFIDENTIAL, **world.dated()
    )
    first = world.send(event)
    world.other_process()

    again = world.send(event)

    assert first.data[ATTRIBUTE] == again.data[ATTRIBUTE] == "true"


TEMPLATES = st.sampled_from(
    [BARE, BARE, CONFIDENTIAL, {**BARE, "GenerateSecret": "false"}, {**CONFIDENTIAL, "AuthSessionValidity": "99"}]
)
STEPS = st.lists(
    st.tuples(TEMPLATES, st.sampled_from(["", "", "", "lost", "rotated", "dies", "fails", "rolls back", "again"])),
    min_size=1,
    max_size=6,
)


def step(world: World, event: Json, what: str) -> list[Answer]:
    """Send an update, with something that happens to it, and return the answers to it and to its rollback."""
    client_id = event["PhysicalResourceId"]
    client = world.fake.pools[POOL].clients[client_id]
    if what == "lost":
        world.journal.lose()
    if what == "rotated" and client.original in client.secrets:
        world.lose_original_secret(client_id)
    if what == "fails":
        world.fail(UPDATE, ApiError("InvalidParameterException", "no"))
        world.fail(CREATE, ApiError("LimitExceededException", "no"))
    if what == "dies":
        world.die(event, before=4)
    answers = [world.send(event)]
    world.fake.planned_faults.clear()
    if what == "again":
        world.other_process()
        answers.append(world.send(event))
    if answers[0].status == "FAILED" or what == "rolls back":
        world.clock.now += 60
        old, new = event["OldResourceProperties"], event["ResourceProperties"]
        answers.append(world.roll_back(answers[0].physical_id, old, new, **world.dated()))
    return answers


@settings(max_examples=80, deadline=None)
@given(first=TEMPLATES, steps=STEPS)
def test_whatever_happens_the_attribute_is_empty_or_says_how_it_is(first: Json, steps: list[tuple[Json, str]]) -> None:
    with a_world() as world:
        created = world.create(first)
        if created.status == "FAILED":
            return
        client_id, old = created.physical_id, first
        for number, (template, what) in enumerate(steps):
            new = with_urls(template, number)
            world.clock.now += 60
            ids = {"PhysicalResourceId": client_id, "OldResourceProperties": old}
            answers = step(world, world.request("Update", new, **ids, **world.dated()), what)
            for answer in (answer for answer in answers if answer.status == "SUCCESS"):
                has_secret = bool(world.fake.pools[POOL].clients[answer.physical_id].secrets)
                assert answer.data[ATTRIBUTE] in ("", str(has_secret).lower()), (number, what)
            client_id = answers[-1].physical_id
            old = old if answers[0].status == "FAILED" or what == "rolls back" else new
