"""Rollbacks in circumstances that somebody hostile would think of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fakes.dynamodb import DENIED
from tests.fixtures.existing_clients import ELSEWHERE, import_id, session_minutes
from tests.fixtures.templates import APP, BARE, DESKTOP, MOBILE, effective
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, LIST, POOL, UPDATE

if TYPE_CHECKING:
    from tests.fixtures.world import World

type Json = dict[str, Any]

END = dict.fromkeys(("UpdateItem", "TransactWriteItems"), DENIED)
THROTTLED = ApiError("TooManyRequestsException", "Rate exceeded")
FORBIDDEN = ApiError("NotAuthorizedException", "no")
SET_SESSION = "SetUserPoolClientSessionConfiguration"
SECRET = {**BARE, "GenerateSecret": "true"}


def test_a_second_attempt_that_changed_nothing_has_a_rollback_that_changes_nothing(world: World) -> None:
    """The first attempt, which changed the same, was rolled back long ago."""
    client_id = world.create(BARE).physical_id
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, BARE)
    world.roll_back(client_id, BARE, new)
    world.set_elsewhere(client_id, LogoutURLs=[DESKTOP])
    world.update(client_id, new, BARE)

    world.roll_back(client_id, BARE, new)

    assert world.settings(client_id).get("LogoutURLs") == [DESKTOP]


def test_a_second_attempt_that_never_came_has_a_rollback_that_changes_nothing(world: World) -> None:
    client_id = world.create(BARE).physical_id
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, BARE)
    world.roll_back(client_id, BARE, new)
    world.set_elsewhere(client_id, LogoutURLs=[DESKTOP])

    world.roll_back(client_id, BARE, new)

    assert world.settings(client_id).get("LogoutURLs") == [DESKTOP]


@pytest.mark.parametrize("ends", [True, False])
def test_a_rollback_whose_end_was_not_noted_does_not_make_the_next_delete_an_imported_client(
    world: World, ends: bool
) -> None:
    own = world.create(BARE).physical_id
    other = world.existing(**ELSEWHERE)
    template = import_id(other)
    world.update(own, template, BARE)
    if ends:
        world.roll_back(other, BARE, template)
    else:
        with world.rolling_back():
            event = world.request("Update", BARE, PhysicalResourceId=other, OldResourceProperties=template)
            world.fake.on_call = lambda *_: world.journal.forbidden.update(END)
            world.send(event)
            world.journal.forbidden.clear()
            world.fake.on_call = None
    world.fail(CREATE, ApiError("LimitExceededException", "no"))
    world.update(own, SECRET, BARE)

    answer = world.roll_back(own, BARE, SECRET)

    assert (answer.status, answer.physical_id) == ("SUCCESS", own)
    assert sorted(world.client_ids()) == sorted([own, other])


@pytest.mark.parametrize("operation", [DESCRIBE, UPDATE])
def test_a_throttled_rollback_says_what_helps(world: World, operation: str) -> None:
    client_id = world.create(BARE).physical_id
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, BARE)

    with world.failing(operation, THROTTLED):
        answer = world.roll_back(client_id, BARE, new)

    assert answer.status == "FAILED"
    assert "continue-update-rollback" in answer.reason
    assert "deploy again" not in answer.reason


def test_a_rollback_that_may_not_look_at_the_client_goes_through(world: World) -> None:
    client_id = world.create(BARE).physical_id
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, BARE)

    with world.failing(DESCRIBE, FORBIDDEN):
        answer = world.roll_back(client_id, BARE, new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)


def test_a_rollback_goes_through_where_the_replacement_may_not_be_deleted(world: World) -> None:
    own = world.create(BARE).physical_id
    new = {**SECRET, "SSOSession": {"MaxValidityMinutes": "5"}}
    world.fail(SET_SESSION, FORBIDDEN)
    failed = world.update(own, new, BARE)
    assert failed.status == "FAILED"

    with world.failing(DELETE, FORBIDDEN):
        answer = world.roll_back(own, BARE, new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", own)


def test_a_rollback_goes_through_where_a_lost_replacement_may_not_be_searched_for(world: World) -> None:
    own = world.create(BARE).physical_id
    event = world.request("Update", SECRET, PhysicalResourceId=own, OldResourceProperties=BARE, **world.dated())
    for before in range(3, 9):
        if world.die(event, before=before) and len(world.client_ids()) == 2:
            break
        world.clock.now += 400
    world.clock.now += 400

    with world.failing(LIST, FORBIDDEN):
        answer = world.roll_back(own, BARE, SECRET, **world.dated())

    assert (answer.status, answer.physical_id) == ("SUCCESS", own)


def test_a_rollback_goes_through_where_the_imported_client_may_not_be_looked_at(world: World) -> None:
    own = world.create(BARE).physical_id
    other = world.existing(**ELSEWHERE)
    template = {**import_id(other), "LogoutURLs": [MOBILE]}
    world.update(own, template, BARE)
    world.fail(UPDATE, FORBIDDEN)
    answer = world.roll_back(other, BARE, template)

    assert (answer.status, answer.physical_id) == ("SUCCESS", own)


def test_without_a_journal_a_number_and_its_unit_come_back_together(world: World) -> None:
    old = {**BARE, "AccessTokenValidity": "2"}
    new = {**BARE, "AccessTokenValidity": "10", "TokenValidityUnits": {"AccessToken": "minutes"}}
    client_id = world.create(old).physical_id
    before = world.settings(client_id)
    world.update(client_id, new, old)
    world.journal.lose()

    world.roll_back(client_id, old, new)

    assert effective(world.settings(client_id)) == effective(before)


def test_without_a_journal_a_unit_that_left_with_its_number_comes_back(world: World) -> None:
    new = {**BARE, "AccessTokenValidity": "2"}
    old = {**BARE, "AccessTokenValidity": "10", "TokenValidityUnits": {"AccessToken": "minutes"}}
    client_id = world.create(old).physical_id
    before = world.settings(client_id)
    world.update(client_id, new, old)
    world.journal.lose()

    world.roll_back(client_id, old, new)

    assert effective(world.settings(client_id)) == effective(before)


def test_without_a_journal_a_unit_that_only_the_failed_template_names_stays(world: World) -> None:
    old = {**BARE, "AccessTokenValidity": "2"}
    units = {"AccessToken": "minutes", "IdToken": "minutes"}
    new = {**BARE, "AccessTokenValidity": "10", "IdTokenValidity": "20", "TokenValidityUnits": units}
    client_id = world.create(old).physical_id
    world.set_elsewhere(client_id, IdTokenValidity=3)
    world.update(client_id, new, old)
    world.journal.lose()

    world.roll_back(client_id, old, new)

    held = effective(world.settings(client_id))
    assert (held["AccessTokenValidity"], held["IdTokenValidity"]) == ("7200 seconds", "1200 seconds")


def test_without_a_journal_units_that_stand_alone_come_back(world: World) -> None:
    old = {**BARE, "TokenValidityUnits": {"RefreshToken": "days"}}
    new = {**BARE, "RefreshTokenValidity": "12", "TokenValidityUnits": {"RefreshToken": "hours"}}
    client_id = world.create(old).physical_id
    before = world.settings(client_id)
    world.update(client_id, new, old)
    world.journal.lose()

    world.roll_back(client_id, old, new)

    assert effective(world.settings(client_id)) == effective(before)


def test_without_a_journal_the_name_comes_back(world: World) -> None:
    old = {**BARE, "ClientName": "mine"}
    client_id = world.create(old).physical_id
    world.update(client_id, BARE, old)
    world.journal.lose()

    world.roll_back(client_id, old, BARE)

    assert world.settings(client_id)["ClientName"] == "mine"


@pytest.mark.parametrize("after", [{"SSOSession": {"MaxValidityMinutes": "10"}}, {}])
@pytest.mark.parametrize("lost", [True, False])
def test_the_session_comes_back_without_a_journal_too(world: World, after: Json, lost: bool) -> None:
    old = {**BARE, "SSOSession": {"MaxValidityMinutes": "5"}}
    new = {**BARE, **after}
    client_id = world.create(old).physical_id
    world.update(client_id, new, old)
    assert session_minutes(world, client_id) != 5
    if lost:
        world.journal.lose()

    world.roll_back(client_id, old, new)

    assert session_minutes(world, client_id) == 5


def test_a_rollback_to_a_template_that_does_not_parse_is_answered_as_before_when_it_comes_again(world: World) -> None:
    old = {**BARE, "AuthSessionValidity": "99", "LogoutURLs": [APP]}
    client_id = world.create({**BARE, "LogoutURLs": [APP]}).physical_id
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, old)
    world.other_process()
    with world.rolling_back():
        event = world.request("Update", old, PhysicalResourceId=client_id, OldResourceProperties=new, **world.dated())
        first = world.send(event)
        world.other_process()
        again = world.send(event)

    assert (first.status, again.status) == ("SUCCESS", "SUCCESS")


def test_a_rollback_to_a_template_that_does_not_parse_goes_through_where_the_client_is_gone(world: World) -> None:
    old = {**BARE, "AuthSessionValidity": "99"}
    client_id = world.create(BARE).physical_id
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, old)
    world.delete_elsewhere(client_id)

    answer = world.roll_back(client_id, old, new)

    assert answer.status == "SUCCESS"


def test_an_import_swapped_for_another_comes_back(world: World) -> None:
    one, two = world.existing(**ELSEWHERE), world.existing(**ELSEWHERE)
    first, second = {**import_id(one), "LogoutURLs": [APP]}, {**import_id(two), "LogoutURLs": [MOBILE]}
    world.create(first)
    before = world.settings(one), world.settings(two)
    world.update(one, second, first)

    answer = world.roll_back(two, first, second)
    with world.rolling_back("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"):
        world.delete(two, second)

    assert (answer.status, answer.physical_id) == ("SUCCESS", one)
    assert effective(world.settings(one)) == effective(before[0])
    assert effective(world.settings(two)) == effective(before[1])
    world.delete(one, first)
    assert sorted(world.client_ids()) == sorted([one, two])


@pytest.mark.parametrize("new_id", [True, False])
def test_a_replacement_is_taken_back(world: World, new_id: bool) -> None:
    own = world.create(BARE).physical_id
    made = world.update(own, SECRET, BARE).physical_id

    answer = world.roll_back(made if new_id else own, BARE, SECRET)
    if new_id:
        world.delete(made, SECRET)

    assert (answer.status, answer.physical_id, world.client_ids()) == ("SUCCESS", own, [own])
    world.delete(own, BARE)
    assert world.client_ids() == []


def test_an_import_that_becomes_own_and_back_is_not_deleted(world: World) -> None:
    client_id = world.existing(**ELSEWHERE)
    template = import_id(client_id)
    own = {**BARE, "LogoutURLs": [APP]}
    world.create(template)
    world.update(client_id, own, template)
    world.roll_back(client_id, template, own)
    world.delete(client_id, template)
    assert client_id in world.client_ids()


def test_an_own_client_that_becomes_an_import_and_back_is_deleted(world: World) -> None:
    own = world.create(BARE).physical_id
    template = import_id(own)
    world.update(own, template, BARE)
    world.roll_back(own, BARE, template)
    world.delete(own, BARE)
    assert world.client_ids() == []


def test_a_rollback_undoes_by_a_journal_that_can_only_be_read(world: World) -> None:
    client_id = world.create(BARE).physical_id
    new = {**BARE, "LogoutURLs": [APP]}
    world.update(client_id, new, BARE)
    world.journal.forbidden.update(END)

    answer = world.roll_back(client_id, BARE, new)

    assert (answer.status, world.settings(client_id).get("LogoutURLs")) == ("SUCCESS", None)


@pytest.mark.parametrize("before", range(1, 14))
def test_a_replacement_that_died_anywhere_leaves_no_client(world: World, before: int) -> None:
    own = world.create(BARE).physical_id
    new = {**SECRET, "SSOSession": {"MaxValidityMinutes": "5"}}
    world.clock.now += 60
    event = world.request("Update", new, PhysicalResourceId=own, OldResourceProperties=BARE, **world.dated())
    world.die(event, before=before)
    world.clock.now += 400

    answer = world.roll_back(own, BARE, new, **world.dated())

    assert (answer.status, answer.physical_id, world.client_ids()) == ("SUCCESS", own, [own])


def test_a_replacement_whose_delete_is_throttled_goes_when_the_rollback_is_continued(world: World) -> None:
    own = world.create(BARE).physical_id
    world.update(own, SECRET, BARE)
    with world.failing(DELETE, THROTTLED):
        failed = world.roll_back(own, BARE, SECRET)

    answer = world.roll_back(own, BARE, SECRET)

    assert "continue-update-rollback" in failed.reason
    assert (answer.status, world.client_ids()) == ("SUCCESS", [own])


def test_a_deployment_that_was_settled_by_a_no_op_is_not_rolled_back_again(world: World) -> None:
    client_id = world.create(BARE).physical_id
    new = {**BARE, "LogoutURLs": [DESKTOP]}
    world.update(client_id, new, BARE)
    world.set_elsewhere(client_id, LogoutURLs=[])
    world.update(client_id, BARE, new)
    world.set_elsewhere(client_id, LogoutURLs=[DESKTOP])

    world.roll_back(client_id, BARE, new)

    assert world.settings(client_id).get("LogoutURLs") == [DESKTOP]


def test_an_import_that_took_the_place_of_an_own_client_is_never_deleted_though_the_journal_was_lost(
    world: World,
) -> None:
    own = world.create(BARE).physical_id
    other = world.existing(ClientName="theirs")
    template = {**BARE, "ImportId": f"{POOL}/{other}"}
    world.update(own, template, BARE)
    world.journal.lose()

    answer = world.roll_back(other, BARE, template)
    world.delete(answer.physical_id, BARE)

    assert other in world.client_ids()
