"""A client moves to another function, as the guide says: retained by the old one, imported by the new one.

The new function has a journal of its own, which knows nothing of what the old one has done.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.fixtures.contributions import A, B, Contributor, held
from tests.fixtures.existing_clients import FORBIDDEN, SET_SESSION, import_id, untouched
from tests.fixtures.stored_secrets import PUT, a_kept_world
from tests.fixtures.templates import APP, DESKTOP
from tests.fixtures.world import CREATE, DELETE, JOURNAL, LOGICAL_ID, POOL, STACK_ID, UPDATE, World

if TYPE_CHECKING:
    from collections.abc import Iterator

type Json = dict[str, Any]

NEW = "WebClient2"
WEB: Json = {"UserPoolId": POOL, "ClientName": "web", "GenerateSecret": "true", "CallbackURLs": [APP]}
OTHER_STACK = STACK_ID.replace("/shop/", "/bank/")


@contextmanager
def the_new_function(world: World) -> Iterator[None]:
    """Let requests come to the new function for a while, and then to the old one again, with its journal as it was."""
    items = world.journal.tables[JOURNAL]
    of_the_old_one = dict(items)
    items.clear()
    world.other_process()
    yield
    items.clear()
    items.update(of_the_old_one)
    world.other_process()


def imported(client_id: str, template: Json = WEB) -> Json:
    return {**template, **import_id(client_id)}


def retained(world: World, logical_id: str = LOGICAL_ID) -> None:
    """Let the old resource leave the stack: with DeletionPolicy: Retain CloudFormation sends nothing."""
    del world.stacks.stacks[STACK_ID].resources[logical_id]


def test_the_new_function_imports_the_client_of_the_same_stack_as_it_is(world: World) -> None:
    client_id = world.create(WEB).physical_id
    before = world.fake.described(POOL, client_id)
    world.calls()

    with the_new_function(world):
        answer = world.create(imported(client_id), LogicalResourceId=NEW)
        retained(world)

        assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
        assert untouched(world, client_id, before)
        assert not {CREATE, UPDATE, DELETE} & set(world.calls())


def test_without_import_id_it_is_the_stacks_own_and_deleted_with_its_resource(world: World) -> None:
    client_id = world.create(WEB).physical_id

    with the_new_function(world):
        world.create(imported(client_id), LogicalResourceId=NEW)
        retained(world)
        owned = world.update(client_id, WEB, imported(client_id), LogicalResourceId=NEW)

        assert (owned.status, owned.physical_id, world.client_ids()) == ("SUCCESS", client_id, [client_id])
        world.delete(client_id, WEB, LogicalResourceId=NEW)
        assert world.client_ids() == []


def test_a_client_secret_leaves_the_template_for_the_import_and_the_client_keeps_it(world: World) -> None:
    own = {"UserPoolId": POOL, "ClientName": "web", "ClientSecret": "a" * 32}
    bare = {"UserPoolId": POOL, "ClientName": "web"}
    client_id = world.create(own).physical_id

    with the_new_function(world):
        assert world.create(imported(client_id, own), LogicalResourceId=NEW).status == "FAILED"
        assert world.create(imported(client_id, bare), LogicalResourceId=NEW).status == "SUCCESS"
        owned = world.update(client_id, bare, imported(client_id, bare), LogicalResourceId=NEW)
        assert (owned.physical_id, owned.data["ClientSecret"]) == (client_id, "a" * 32)


def test_a_rollback_of_the_import_leaves_the_client_as_it_was_with_its_old_resource(world: World) -> None:
    client_id = world.create({**WEB, "LogoutURLs": [DESKTOP]}).physical_id
    before = world.fake.described(POOL, client_id)
    template = {**imported(client_id), "LogoutURLs": [APP], "SSOSession": {"MaxValidityMinutes": "120"}}

    with the_new_function(world):
        world.fail(SET_SESSION, FORBIDDEN)
        assert world.create(template, LogicalResourceId=NEW).status == "FAILED"
        with world.rolling_back("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"):
            assert world.delete(client_id, template, LogicalResourceId=NEW).status == "SUCCESS"

    assert world.fake.described(POOL, client_id)["LogoutURLs"] == before["LogoutURLs"]
    assert world.update(client_id, {**WEB, "LogoutURLs": [DESKTOP], "Refresh": "1"}, WEB).physical_id == client_id


def test_a_rollback_of_the_last_step_imports_the_client_again(world: World) -> None:
    client_id = world.create(WEB).physical_id

    with the_new_function(world):
        world.create(imported(client_id), LogicalResourceId=NEW)
        retained(world)
        world.update(client_id, WEB, imported(client_id), LogicalResourceId=NEW)
        world.roll_back(client_id, imported(client_id), WEB, LogicalResourceId=NEW)
        world.delete(client_id, imported(client_id), LogicalResourceId=NEW)

    assert world.client_ids() == [client_id]


def test_without_retain_the_old_function_deletes_the_client_that_the_new_one_has_imported(world: World) -> None:
    client_id = world.create(WEB).physical_id
    with the_new_function(world):
        world.create(imported(client_id), LogicalResourceId=NEW)

    world.delete(client_id, WEB)

    assert world.client_ids() == []


def test_another_stack_imports_it_only_after_the_first_one_has_released_it(world: World) -> None:
    client_id = world.create(WEB, StackId=OTHER_STACK).physical_id

    with the_new_function(world):
        assert world.create(imported(client_id)).status == "FAILED"
        del world.stacks.stacks[OTHER_STACK].resources[LOGICAL_ID]
        assert world.create(imported(client_id), LogicalResourceId=NEW).status == "SUCCESS"


# Secrets


def test_a_stored_secret_that_was_rotated_is_used_as_it_is() -> None:
    with a_kept_world() as kept:
        client_id = kept.made()
        kept.rotate()
        stored, values = kept.current(), kept.values(client_id)
        kept.forget()

        with the_new_function(kept.world):
            template = kept.template()
            answer = kept.world.create({**template, **import_id(client_id)}, LogicalResourceId=NEW)
            owned = kept.world.update(client_id, template, {**template, **import_id(client_id)}, LogicalResourceId=NEW)

            assert (answer.status, owned.physical_id) == ("SUCCESS", client_id)
            assert PUT not in kept.calls()
            assert (kept.current(), kept.values(client_id)) == (stored, values)


def test_the_new_functions_rotation_rotates_it() -> None:
    with a_kept_world() as kept:
        client_id = kept.made()
        before = kept.current()["client_secret"]

        with the_new_function(kept.world):
            kept.world.create({**kept.template(), **import_id(client_id)}, LogicalResourceId=NEW)
            kept.rotate()

            assert kept.current()["client_id"] == client_id
            assert kept.current()["client_secret"] != before
            assert kept.is_sound()


# Contributions


def test_contributions_that_move_first_stay_on_the_client_throughout(world: World) -> None:
    template = {**WEB, "CallbackURLs": [A]}
    client_id = world.create(template).physical_id
    Contributor(world).create(client_id, CallbackURLs=[B])

    with the_new_function(world):
        moved = Contributor(world, name="preview")
        moved.create(client_id, CallbackURLs=[B])
        assert held(world, client_id) == {A, B}
        world.create(imported(client_id, template), LogicalResourceId=NEW)
        assert held(world, client_id) == {A, B}
        world.update(client_id, template, imported(client_id, template), LogicalResourceId=NEW)
        assert held(world, client_id) == {A, B}
        moved.delete()
        assert held(world, client_id) == {A}


def test_contributions_of_the_old_function_are_removed_by_the_import(world: World) -> None:
    template = {**WEB, "CallbackURLs": [A]}
    client_id = world.create(template).physical_id
    Contributor(world).create(client_id, CallbackURLs=[B])

    with the_new_function(world):
        world.create(imported(client_id, template), LogicalResourceId=NEW)

    assert held(world, client_id) == {A}
