"""What the guide to stuck stacks says is so: its query on real log lines, and what becomes of the client."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs import insights
from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import FORBIDDEN, SET_SESSION, import_id
from tests.fixtures.stored_secrets import GET, a_kept_world
from tests.fixtures.templates import APP, DESKTOP, MOBILE
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
    a_world,
)
from user_pool_client.domain.errors import Unanswerable

if TYPE_CHECKING:
    from collections.abc import Iterator

type Json = dict[str, Any]

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "guides" / "stuck-stacks.md").read_text()
LOGS = (DOCS / "reference" / "logs.md").read_text()
(QUERY,) = re.findall(r"^```text\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)

WEB: Json = {"UserPoolId": POOL, "ClientName": "web"}
OTHER_STACK = STACK_ID.replace("/shop/", "/bank/")
TOO_MANY = ApiError("TooManyRequestsException", "Rate exceeded")


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as world:
        yield world


def section(heading: str) -> str:
    """Return a part of the guide, its lines joined."""
    part = GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert part
    return " ".join(part.split())


def why_stuck(world: World) -> list[Json]:
    return insights.run(QUERY, world.logged.getvalue().splitlines())


# The query


def test_the_query_shows_the_reason_of_a_failure_and_nothing_of_what_went_well_or_of_other_stacks(world: World) -> None:
    client_id = world.create(WEB).physical_id
    wrong = {**WEB, "UserPoolId": "us-east-1_Gone12345"}
    world.create(wrong, StackId=OTHER_STACK)
    failed = world.update(client_id, {**WEB, "CallbackURLs": ["http://app.example.com/"]}, WEB)

    (row,) = why_stuck(world)

    assert (row["message"], row["logical_resource_id"], row["request_type"]) == ("Failed", LOGICAL_ID, "Update")
    assert (row["reason"], row["physical_id"]) == (failed.reason, client_id)


def test_the_query_shows_what_the_function_waits_for_the_newest_first(world: World) -> None:
    client_id = world.create(WEB).physical_id
    with world.failing(UPDATE, TOO_MANY):
        world.update(client_id, {**WEB, "CallbackURLs": [APP]}, WEB)

    failed, *waiting = why_stuck(world)

    assert "Rate exceeded" in failed["reason"]
    assert {(row["message"], row["operation"], row["because"]) for row in waiting} == {
        ("Waiting", UPDATE, "TooManyRequestsException")
    }


def test_the_query_shows_a_response_that_was_not_delivered(world: World) -> None:
    with pytest.raises(Unanswerable) as raised:
        world.invoke(world.request("Create", WEB, ResponseURL="https://example.com/"))

    (row,) = why_stuck(world)

    assert (row["message"], row["because"]) == ("No answer", str(raised.value))


def test_the_query_shows_what_a_rollback_did_not_restore(world: World) -> None:
    client_id, new = world.create(WEB).physical_id, {**WEB, "CallbackURLs": [APP]}
    world.update(client_id, new, WEB)
    world.fail(UPDATE, ApiError("InvalidParameterException", "no"))
    world.roll_back(client_id, WEB, new)

    (row,) = why_stuck(world)

    assert row["message"] == "Not restored"
    assert "InvalidParameterException" in row["because"]


def test_the_messages_that_the_guide_explains_are_warnings_and_errors_of_the_reference() -> None:
    rows = GUIDE.partition("\n| `message` |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", rows, re.MULTILINE)
    named = {name for cell in cells for name in re.findall("`(.+?)`", cell)}
    assert named
    assert named <= set(re.findall(r"^\| (?:WARNING|ERROR) \| `([^`]+)` \|", LOGS, re.MULTILINE))


# Waiting


def test_the_delete_of_a_cancelled_create_deletes_a_client_whose_id_was_never_received(world: World) -> None:
    assert "even if CloudFormation never received its ID" in section("Waiting")
    world.stacks.begin(STACK_ID)
    assert world.die(world.request("Create", WEB, **world.dated()), before=3)
    assert world.client_ids()
    invented = world.stacks.cancel(STACK_ID, LOGICAL_ID)
    world.clock.now += 400  # five minutes, and more

    assert world.delete(invented, WEB, **world.dated()).status == "SUCCESS"

    assert world.client_ids() == []


# CREATE_FAILED and ROLLBACK_FAILED


def test_a_create_that_failed_later_has_the_clients_id_and_the_stacks_delete_deletes_it(world: World) -> None:
    assert "| a client ID | Deleted: a step after its creation had failed. |" in section("CREATE_FAILED")
    template = {**WEB, "SSOSession": {"MaxValidityMinutes": "120"}}
    world.fail(SET_SESSION, FORBIDDEN)
    failed = world.create(template)
    assert (failed.status, world.client_ids()) == ("FAILED", [failed.physical_id])

    assert world.delete(failed.physical_id, template).status == "SUCCESS"

    assert world.client_ids() == []


def test_a_create_that_created_nothing_leaves_nothing_to_delete(world: World) -> None:
    other_id = world.existing(ClientName="web")
    world.fail(CREATE, FORBIDDEN)
    failed = world.create(WEB)
    assert (failed.status, failed.physical_id) == ("FAILED", MARKER)

    assert world.delete(MARKER, WEB).status == "SUCCESS"

    assert world.client_ids() == [other_id]


@pytest.mark.parametrize(("status", "urls"), [("ROLLBACK_IN_PROGRESS", [DESKTOP]), ("DELETE_IN_PROGRESS", [APP])])
def test_an_imported_client_is_given_back_by_a_rollback_and_left_as_it_is_by_a_delete(
    world: World, status: str, urls: list[str]
) -> None:
    assert f"`{status}`" in section("CREATE_FAILED")
    client_id = world.existing(LogoutURLs=[DESKTOP])
    template = {**import_id(client_id), "LogoutURLs": [APP], "SSOSession": {"MaxValidityMinutes": "120"}}
    world.fail(SET_SESSION, FORBIDDEN)
    assert world.create(template).status == "FAILED"

    with world.rolling_back(status):
        assert world.delete(client_id, template).status == "SUCCESS"

    assert world.settings(client_id)["LogoutURLs"] == urls


def test_an_imported_client_never_keeps_a_rollback_or_a_deletion_from_ending(world: World) -> None:
    assert "An imported client is never the cause" in section("ROLLBACK_FAILED")
    client_id = world.existing()
    template = {**import_id(client_id), "LogoutURLs": [APP]}
    world.create(template)

    with world.failing(DESCRIBE, FORBIDDEN), world.rolling_back("ROLLBACK_IN_PROGRESS"):
        assert world.delete(client_id, template).status == "SUCCESS"


def test_after_a_rollback_that_could_not_delete_the_client_a_delete_of_the_stack_does(world: World) -> None:
    client_id = world.create(WEB).physical_id
    world.fail(DELETE, FORBIDDEN)
    with world.rolling_back("ROLLBACK_IN_PROGRESS"):
        assert world.delete(client_id, WEB).status == "FAILED"
    assert world.client_ids() == [client_id]

    world.stacks.begin(STACK_ID, "DELETE_IN_PROGRESS")
    assert world.delete(client_id, WEB).status == "SUCCESS"

    assert world.client_ids() == []


# UPDATE_FAILED


def test_a_rollback_of_the_failed_update_gives_the_client_back_as_it_was(world: World) -> None:
    client_id = world.existing(LogoutURLs=[DESKTOP])
    template, failed = import_id(client_id), {**import_id(client_id), "LogoutURLs": [APP]}
    world.create(template)
    world.update(client_id, failed, template)

    world.roll_back(client_id, template, failed)

    assert world.settings(client_id)["LogoutURLs"] == [DESKTOP]


def test_after_a_second_deployment_a_rollback_undoes_only_that_one_and_refresh_applies_the_template(
    world: World,
) -> None:
    assert "undoes only what the last one changed" in section("UPDATE_FAILED")
    stable = {**WEB, "LogoutURLs": [DESKTOP]}
    client_id = world.create(stable).physical_id
    first = {**stable, "LogoutURLs": [APP], "CallbackURLs": [APP]}
    second = {**first, "AuthSessionValidity": "5"}
    world.update(client_id, first, stable)
    world.update(client_id, second, first)

    world.roll_back(client_id, stable, second)

    held = world.settings(client_id)
    assert (held["LogoutURLs"], held["CallbackURLs"], held["AuthSessionValidity"]) == ([APP], [APP], 3)
    world.update(client_id, {**stable, "Refresh": "1"}, stable)
    held = world.settings(client_id)
    assert (held["LogoutURLs"], held["CallbackURLs"]) == ([DESKTOP], [APP])


# UPDATE_ROLLBACK_FAILED


def test_a_continued_rollback_restores_what_the_first_update_changed(world: World) -> None:
    client_id = world.existing(LogoutURLs=[DESKTOP])
    template, failed = import_id(client_id), {**import_id(client_id), "LogoutURLs": [APP]}
    world.create(template)
    world.update(client_id, failed, template)
    for _ in range(3):
        with world.failing(UPDATE, TOO_MANY):
            stuck = world.roll_back(client_id, template, failed)
        assert (stuck.status, "continue-update-rollback" in stuck.reason) == ("FAILED", True)

    assert world.roll_back(client_id, template, failed).status == "SUCCESS"

    assert world.settings(client_id)["LogoutURLs"] == [DESKTOP]


def test_after_a_skip_a_new_text_in_refresh_applies_the_template_and_leaves_what_only_the_failed_one_listed(
    world: World,
) -> None:
    assert "The next deployment leaves it alone" in section("UPDATE_ROLLBACK_FAILED")
    stable = {**WEB, "LogoutURLs": [DESKTOP]}
    client_id = world.create(stable).physical_id
    world.update(client_id, {**stable, "LogoutURLs": [APP], "CallbackURLs": [MOBILE]}, stable)
    # The rollback is skipped: CloudFormation sends nothing.

    answer = world.update(client_id, {**stable, "Refresh": "1"}, stable)

    held = world.settings(client_id)
    assert (answer.status, held["LogoutURLs"], held["CallbackURLs"]) == ("SUCCESS", [DESKTOP], [MOBILE])


def test_after_a_skip_of_a_replacement_there_are_two_clients(world: World) -> None:
    assert "If the failed update replaced the client, there are two." in section("UPDATE_ROLLBACK_FAILED")
    old_id = world.create(WEB).physical_id

    new_id = world.update(old_id, {**WEB, "UserPoolId": OTHER_POOL}, WEB).physical_id

    assert (world.client_ids(), world.client_ids(OTHER_POOL)) == ([old_id], [new_id])


# DELETE_FAILED


@pytest.mark.parametrize("status", ["DELETE_SKIPPED", "DELETE_COMPLETE", ""])
def test_a_retained_client_stays_and_another_stack_imports_it_without_being_allowed_to(
    world: World, status: str
) -> None:
    assert "that needs no `AllowClientOfOtherStack`" in section("DELETE_FAILED")
    client_id = world.create(WEB, StackId=OTHER_STACK).physical_id
    world.fail(DELETE, FORBIDDEN)
    assert world.delete(client_id, WEB, StackId=OTHER_STACK).status == "FAILED"
    assert world.create(import_id(client_id)).status == "FAILED"  # not retained yet
    theirs = world.stacks.stacks[OTHER_STACK]
    theirs.status, theirs.resources[LOGICAL_ID].status = "DELETE_COMPLETE", status
    if not status:  # CloudFormation forgets a deleted stack after a while
        del world.stacks.stacks[OTHER_STACK]

    assert world.create(import_id(client_id), LogicalResourceId="Again").status == "SUCCESS"

    assert world.client_ids() == [client_id]


def test_what_is_gone_already_is_not_a_failure(world: World) -> None:
    assert "A client or a user pool that is gone is not a failure" in section("DELETE_FAILED")
    client_id = world.create(WEB).physical_id
    world.delete_elsewhere(client_id)

    assert world.delete(client_id, WEB).status == "SUCCESS"
    assert world.delete(client_id, {**WEB, "UserPoolId": "us-east-1_Gone12345"}).status == "SUCCESS"


def test_a_secret_that_may_not_be_read_makes_the_delete_fail_until_it_may() -> None:
    with a_kept_world() as kept:
        template = kept.template()
        client_id = kept.made()
        with kept.failing(GET, ApiError("AccessDeniedException", "no")):
            failed = kept.world.delete(client_id, template)

        assert (failed.status, kept.world.client_ids()) == ("FAILED", [client_id])
        assert kept.world.delete(client_id, template).status == "SUCCESS"
        assert kept.world.client_ids() == []
