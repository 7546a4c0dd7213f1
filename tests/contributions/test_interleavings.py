"""Contributions, and the owner's updates, come in between at every call of each other, and nothing is lost.

Every call takes a tenth of a second, so that a start later by half of that, and so on, puts one request's calls between
any two of the other's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.contributions import A, B, C, Contributor, D, held, is_free, noted
from tests.fixtures.processes import crowded
from tests.fixtures.world import DESCRIBE, POOL, UPDATE

if TYPE_CHECKING:
    from tests.fixtures.processes import Processes
    from tests.fixtures.world import World

type Json = dict[str, Any]

OWNER: Json = {"UserPoolId": POOL, "ClientName": "web", "CallbackURLs": [A]}
CHANGED: Json = {**OWNER, "LogoutURLs": [A], "AuthSessionValidity": "9"}
CONFLICT = ApiError(
    "ConcurrentModificationException", "Only one request to update user pool client can be processed at a time."
)

# Seconds after which the second request starts: a contribution makes some dozen calls.
DELAYS = [number * 0.05 for number in range(28)]


def both(processes: Processes, first: Json, second: Json, after: float) -> list[Json]:
    """Deliver two requests to a process each; return what CloudFormation was sent, which must be well."""
    world = processes.world
    world.put.clear()
    processes.crowd.start(lambda: processes.deliver(second), after=after)
    processes.crowd.run([lambda: processes.deliver(first)])
    answers: list[Json] = [json.loads(body) for body in world.put]
    assert [answer["Status"] for answer in answers] == ["SUCCESS", "SUCCESS"], answers
    return answers


def in_order(events: list[Json], first: str) -> tuple[Json, Json]:
    """Return the owner's event and the contribution's, either of them first."""
    owners, contributors = events
    return (owners, contributors) if first == "owner" else (contributors, owners)


def run(processes: Processes, event: Json) -> Json:
    world = processes.world
    world.put.clear()
    processes.crowd.run([lambda: processes.deliver(event)])
    answer: Json = json.loads(world.put[0])
    assert answer["Status"] == "SUCCESS", answer
    return answer


def owned(processes: Processes) -> str:
    """Create a client that a stack owns."""
    world = processes.world
    client_id: str = run(processes, world.request("Create", OWNER, **world.dated()))["PhysicalResourceId"]
    processes.crowd.run([lambda: processes.crowd.sleep(60)])
    return client_id


def owners_update(world: World, client_id: str, new: Json, old: Json = OWNER) -> Json:
    return world.request("Update", new, PhysicalResourceId=client_id, OldResourceProperties=old, **world.dated())


def contributed(processes: Processes, client_id: str, name: str, **lists: Any) -> Contributor:
    one = Contributor(processes.world, name)
    one.physical_id = run(processes, one.create_event(client_id, **lists))["PhysicalResourceId"]
    return one


@pytest.mark.parametrize("is_owned", [True, False], ids=["owned", "not owned"])
@pytest.mark.parametrize("after", DELAYS)
def test_two_contributions_do_not_lose_each_others(after: float, *, is_owned: bool) -> None:
    with crowded() as processes:
        world = processes.world
        client_id = owned(processes) if is_owned else world.existing(CallbackURLs=[A])
        one, other = Contributor(world, "one"), Contributor(world, "other")

        both(
            processes,
            one.create_event(client_id, CallbackURLs=[B], LogoutURLs=[D]),
            other.create_event(client_id, CallbackURLs=[C], LogoutURLs=[D]),
            after,
        )

        assert held(world, client_id) == {A, B, C}
        assert noted(world, client_id).added == {"CallbackURLs": {B, C}, "LogoutURLs": {D}}
        assert is_free(world, client_id)


@pytest.mark.parametrize("after", DELAYS)
@pytest.mark.parametrize("first", ["owner", "contribution"])
def test_a_contribution_and_an_update_of_the_owner_do_not_lose_each_others(first: str, after: float) -> None:
    with crowded() as processes:
        world = processes.world
        client_id = owned(processes)
        one = Contributor(world)
        events = [owners_update(world, client_id, CHANGED), one.create_event(client_id, CallbackURLs=[B])]

        both(processes, *in_order(events, first), after)

        assert held(world, client_id) == {A, B}
        settings = world.settings(client_id)
        assert (settings["LogoutURLs"], settings["AuthSessionValidity"]) == ([A], 9)


@pytest.mark.parametrize("after", [0.05, 0.15, 0.5, 2.0])
def test_a_contribution_made_between_the_owners_look_and_its_beginning_is_not_lost(after: float) -> None:
    with crowded() as processes:
        world = processes.world
        client_id = owned(processes)

        def wait(_operation: str, params: Json) -> None:
            if params.get("Key", {}).get("pk", {}).get("S", "").startswith("contributions#"):
                processes.crowd.sleep(0.0 if "UpdateExpression" in params else 5.0)

        world.journal.on_call = wait
        update = owners_update(world, client_id, CHANGED)

        both(processes, update, Contributor(world).create_event(client_id, CallbackURLs=[B]), after)

        assert (held(world, client_id), held(world, client_id, "LogoutURLs")) == ({A, B}, {A})


@pytest.mark.parametrize("after", DELAYS)
@pytest.mark.parametrize("first", ["owner", "contribution"])
def test_a_contribution_and_an_import_do_not_lose_each_others(first: str, after: float) -> None:
    with crowded() as processes:
        world = processes.world
        client_id = world.existing(CallbackURLs=[A])
        one = Contributor(world)
        events = [
            world.request("Create", {**CHANGED, "ImportId": f"{POOL}/{client_id}"}, **world.dated()),
            one.create_event(client_id, CallbackURLs=[B]),
        ]

        both(processes, *in_order(events, first), after)

        assert held(world, client_id) == {A, B}
        settings = world.settings(client_id)
        assert (settings["LogoutURLs"], settings["AuthSessionValidity"]) == ([A], 9)


@pytest.mark.parametrize("after", DELAYS)
@pytest.mark.parametrize("first", ["owner", "contribution"])
@pytest.mark.parametrize("names_it", [True, False])
def test_a_url_stays_if_the_owner_names_it_whenever_the_contribution_goes(
    first: str, after: float, *, names_it: bool
) -> None:
    with crowded() as processes:
        world = processes.world
        client_id = owned(processes)
        one = contributed(processes, client_id, "one", CallbackURLs=[B])
        new = {**CHANGED, "CallbackURLs": [A, B] if names_it else [A]}
        events = [owners_update(world, client_id, new), one.delete_event()]

        both(processes, *in_order(events, first), after)

        assert held(world, client_id) == ({A, B} if names_it else {A})
        assert world.settings(client_id)["AuthSessionValidity"] == 9


@pytest.mark.parametrize("after", DELAYS)
def test_a_contribution_that_goes_and_another_that_comes_do_not_lose_each_others(after: float) -> None:
    with crowded() as processes:
        world = processes.world
        client_id = owned(processes)
        one = contributed(processes, client_id, "one", CallbackURLs=[B, C])
        other = Contributor(world, "other")

        both(processes, one.delete_event(), other.create_event(client_id, CallbackURLs=[C, D]), after)

        assert held(world, client_id) == {A, C, D}
        assert noted(world, client_id).by_resource.keys() == {f"{other.stack_id}/Urls"}


@pytest.mark.parametrize("after", [0.0, 0.05, 0.35, 2.0, 40.0])
@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_two_deliveries_at_the_same_moment_are_one(kind: str, after: float) -> None:
    with crowded() as processes:
        world = processes.world
        client_id = owned(processes)
        one = Contributor(world)
        if kind == "Create":
            event, wanted = one.create_event(client_id, CallbackURLs=[B]), {A, B}
        else:
            one = contributed(processes, client_id, "one", CallbackURLs=[B])
            event = one.update_event(CallbackURLs=[C]) if kind == "Update" else one.delete_event()
            wanted = {A, C} if kind == "Update" else {A}

        first, second = both(processes, event, event, after)

        assert first == second
        assert held(world, client_id) == wanted


def test_nine_stacks_at_once_lose_nothing() -> None:
    with crowded() as processes:
        world = processes.world
        client_id = owned(processes)
        world.put.clear()
        urls = [f"{B}/{number}" for number in range(9)]
        events = [
            Contributor(world, f"stack{number}").create_event(client_id, CallbackURLs=[url])
            for number, url in enumerate(urls)
        ]
        events.append(owners_update(world, client_id, CHANGED))

        processes.crowd.run([lambda event=event: processes.deliver(event) for event in events])  # type: ignore[misc]

        assert [json.loads(body)["Status"] for body in world.put] == ["SUCCESS"] * 10
        assert held(world, client_id) == {A, *urls}
        assert held(world, client_id, "LogoutURLs") == {A}


# Tools that know nothing of the journal


@pytest.mark.parametrize("losses", [1, 3])
def test_what_another_tool_replaces_right_after_the_write_is_written_again(world: World, losses: int) -> None:
    client_id = world.existing(CallbackURLs=[A])
    left = [A] * losses

    def lose(operation: str, _params: Json) -> None:
        if operation == DESCRIBE and left and B in held(world, client_id):
            world.set_elsewhere(client_id, CallbackURLs=[left.pop()], LogoutURLs=[D])

    world.fake.on_call = lose

    answer = Contributor(world).create(client_id, CallbackURLs=[B])

    assert (answer.status, held(world, client_id), held(world, client_id, "LogoutURLs")) == ("SUCCESS", {A, B}, {D})


def test_a_tool_that_replaces_it_for_ever_is_reported(world: World) -> None:
    client_id = world.existing(CallbackURLs=[A])
    world.timeout = 300
    world.fake.on_call = lambda operation, _params: (
        world.set_elsewhere(client_id, CallbackURLs=[A]) if operation == DESCRIBE else None
    )
    one = Contributor(world)

    answer = one.create(client_id, CallbackURLs=[B])

    assert answer.status == "FAILED"
    assert "Something outside of CloudFormation keeps replacing" in answer.reason
    assert (one.delete().status, held(world, client_id)) == ("SUCCESS", {A})


@pytest.mark.parametrize("failure", [CONFLICT, "read-timeout"], ids=["conflict", "lost answer"])
def test_a_write_that_failed_is_sent_again_from_a_fresh_read(world: World, failure: Any) -> None:
    client_id = world.existing(CallbackURLs=[A])
    world.fail(UPDATE, failure)
    writes: list[str] = []

    def change(operation: str, _params: Json) -> None:
        if operation == UPDATE:
            writes.append(operation)
            if len(writes) == 1:
                world.set_elsewhere(client_id, LogoutURLs=[D])

    world.fake.on_call = change

    answer = Contributor(world).create(client_id, CallbackURLs=[B])

    assert (answer.status, len(writes)) == ("SUCCESS", 2)
    assert (held(world, client_id), held(world, client_id, "LogoutURLs")) == ({A, B}, {D})
