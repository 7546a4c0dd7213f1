"""What the journal has of a template: what was applied last, and of secrets only that they are there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from tests.canaries import OWN_SECRET
from tests.fakes.dynamodb import THROTTLED
from tests.fixtures.strategies import valid_templates
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL, DESKTOP
from tests.fixtures.world import JOURNAL, LOGICAL_ID, STACK_ID, World
from user_pool_client.aws.calls import Caller
from user_pool_client.aws.dynamodb import Journal
from user_pool_client.aws.sessions import ClientCache
from user_pool_client.deadline import Deadline
from user_pool_client.domain.journal import decode_settings, encode_settings
from user_pool_client.domain.parsing import parse
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.log import on_retry

type Json = dict[str, Any]

URLS: Json = {**BARE, "LogoutURLs": [APP]}


def journal(world: World) -> Journal:
    clock = world.clock.for_the_function()
    return Journal(JOURNAL, Caller(ClientCache("us-east-1", clock), Deadline.after(60, clock), on_retry))


def noted(world: World) -> Any:
    record = journal(world).read(f"{STACK_ID}/{LOGICAL_ID}")
    return None if record is None else record.applied


def test_a_create_an_update_and_a_rollback_note_the_template_that_the_client_follows(world: World) -> None:
    client_id = world.create(BARE).physical_id
    assert noted(world) == BARE

    world.update(client_id, URLS, BARE)
    assert noted(world) == URLS

    world.roll_back(client_id, BARE, URLS)
    assert noted(world) == BARE


def test_a_failed_update_notes_nothing(world: World) -> None:
    client_id = world.create(BARE).physical_id

    world.update(client_id, {**BARE, "LogoutURLs": ["http://app.example.com"]}, BARE)

    assert noted(world) == BARE


def test_what_changes_nothing_on_the_client_is_noted_with_one_call_after(world: World) -> None:
    client_id = world.create(BARE).physical_id
    world.set_elsewhere(client_id, LogoutURLs=[APP])
    world.noted()

    world.update(client_id, URLS, BARE)

    # The first two: the resource, and what others contribute to a list that gets a new value.
    assert (noted(world), world.noted()) == (URLS, ["GetItem", "GetItem", "UpdateItem", "GetItem"])


def test_what_the_journal_has_is_not_written_again(world: World) -> None:
    client_id = world.create({**URLS, "Refresh": "1"}).physical_id
    world.noted()

    world.update(client_id, {**URLS, "Refresh": "2", "ServiceTimeout": "60"}, {**URLS, "Refresh": "1"})

    assert world.noted() == ["GetItem"]


def test_a_resource_older_than_the_journal_is_noted_by_a_new_text_in_refresh(world: World) -> None:
    client_id = world.create(URLS).physical_id
    world.journal.lose()

    world.update(client_id, {**URLS, "Refresh": "2"}, URLS)

    assert noted(world) == URLS
    owner = journal(world).owner(BARE["UserPoolId"], client_id)
    assert owner is not None
    assert owner.resource == f"{STACK_ID}/{LOGICAL_ID}"


def test_a_journal_that_cannot_be_read_is_not_written(world: World) -> None:
    client_id = world.create(BARE).physical_id
    world.set_elsewhere(client_id, AuthSessionValidity=5)
    with_faults = 1000
    world.journal.fail("GetItem", THROTTLED, times=with_faults)
    world.noted()

    assert world.update(client_id, {**BARE, "AuthSessionValidity": "5"}, BARE).status == "SUCCESS"

    world.journal.planned_faults.clear()
    assert set(world.noted()) == {"GetItem"}


def test_a_note_that_fails_does_not_fail_the_update(world: World) -> None:
    client_id = world.create(BARE).physical_id
    world.set_elsewhere(client_id, LogoutURLs=[APP])
    world.journal.fail("UpdateItem", THROTTLED, times=1000)

    assert world.update(client_id, URLS, BARE).status == "SUCCESS"

    world.journal.planned_faults.clear()
    assert noted(world) == BARE


def test_a_later_request_is_not_written_over(world: World) -> None:
    client_id = world.create(BARE).physical_id
    world.set_elsewhere(client_id, LogoutURLs=[APP])
    early = world.request("Update", URLS, PhysicalResourceId=client_id, OldResourceProperties=BARE, **world.dated())
    world.clock.now += 5
    later = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, later, BARE, **world.dated())
    world.set_elsewhere(client_id, LogoutURLs=[APP])

    world.invoke(early)

    assert noted(world) == later


def test_a_deleted_resource_has_no_template(world: World) -> None:
    client_id = world.create(BARE).physical_id

    world.delete(client_id, BARE)

    assert noted(world) is None


def test_a_template_too_long_for_the_item_is_not_noted(world: World) -> None:
    names = [f"custom:{number * 7919 % 1_000_003:06}{number * 104_729 % 9_999_991:07}" for number in range(26_000)]
    client_id = world.create(BARE).physical_id

    answer = world.update(client_id, {**BARE, "ReadAttributes": names}, BARE)

    assert (answer.status, noted(world)) == ("FAILED", BARE)  # Cognito does not know the attributes
    world.fake.pools[BARE["UserPoolId"]].custom_attributes = frozenset(names)
    assert world.update(client_id, {**BARE, "ReadAttributes": names}, BARE).status == "SUCCESS"
    assert noted(world) is None


@pytest.mark.parametrize("secret", [OWN_SECRET])
def test_of_a_client_secret_only_that_it_is_there(world: World, secret: str) -> None:
    world.create({**CONFIDENTIAL, "ClientName": "other"}, LogicalResourceId="Other")
    world.create({**BARE, "ClientSecret": secret})

    assert noted(world) == {**BARE, "ClientSecret": Sensitive("")}
    assert secret not in world.journal.text()


@settings(max_examples=50)
@given(template=valid_templates())
def test_any_template_is_read_as_it_was_written(template: Json) -> None:
    desired, problems = parse({**template, "ClientSecret": Sensitive(OWN_SECRET)})
    assert not problems

    read = decode_settings(encode_settings(desired))

    assert read == {
        name: Sensitive("") if name == "ClientSecret" else sorted(value) if isinstance(value, list) else value
        for name, value in desired.items()
    }
    assert OWN_SECRET.encode() not in encode_settings(desired)


def test_what_is_no_template_is_none() -> None:
    for content in (b"", b"x", encode_settings({})[:-3]):
        with pytest.raises(ValueError, match=r"."):
            decode_settings(content)
