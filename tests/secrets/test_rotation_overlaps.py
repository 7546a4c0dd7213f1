"""Steps of a rotation that overlap each other, and updates of the stack: AWSCURRENT always works.

Each actor is a thread, and a schedule says who makes the next call to anybody: Hypothesis makes schedules up.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fakes.secrets_manager import PENDING
from tests.fixtures.rotations import WEB, begun, rotated
from tests.fixtures.stored_secrets import ADD, DESCRIBE_SECRET, MOVE, PUT, REMOVE, Kept, a_kept_world
from tests.fixtures.world import POOL
from user_pool_client import rotation_handler
from user_pool_client.domain.errors import ProviderError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

type Json = dict[str, Any]

SLEEP = "to sleep"
OWN = "own0secret0of0the0stack00001"


@dataclass
class Turns:
    """Let one actor at a time go on, from one call to the next one."""

    kept: Kept
    turns: dict[int, threading.Event] = field(default_factory=dict)
    back: threading.Event = field(default_factory=threading.Event)
    waiting_for: dict[int, str] = field(default_factory=dict)
    """The call that each actor is about to make."""
    names: dict[str, int] = field(default_factory=dict)
    failures: list[BaseException] = field(default_factory=list)

    def before(self, operation: str, _params: Json) -> None:
        """Hold an actor back before a call, until it is its turn."""
        number = self.names.get(threading.current_thread().name)
        if number is None:
            return
        self.waiting_for[number] = operation
        self.back.set()
        assert self.turns[number].wait(60)
        self.turns[number].clear()

    def start(self, acts: Sequence[Callable[[], object]]) -> None:
        for number, act in enumerate(acts):
            name = f"actor {number}"
            self.names[name], self.turns[number] = number, threading.Event()
            self.back.clear()
            threading.Thread(target=partial(self._run, number, act), name=name, daemon=True).start()
            assert self.back.wait(60)

    def _run(self, number: int, act: Callable[[], object]) -> None:
        try:
            with contextlib.suppress(ProviderError):
                act()
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            self.failures.append(error)
        self.waiting_for.pop(number, None)
        self.back.set()

    def sleep(self, seconds: float) -> None:
        self.before(SLEEP, {})
        self.kept.world.clock.sleep(seconds)

    def go(self, number: int) -> None:
        """Let an actor make the call that it waits for, and check what apps find then.

        No request is on its way for as long as an actor sleeps: what was to be stored before that is stored by then.
        """
        if self.waiting_for[number] == SLEEP:
            for other in [other for other, call in self.waiting_for.items() if call == PUT]:
                self.go(other)
        self.back.clear()
        self.turns[number].set()
        assert self.back.wait(60)
        assert not self.failures, self.failures
        current = self.kept.current()
        assert self.kept.takes(current), "An app that reads AWSCURRENT now is refused"

    def go_until(self, number: int, operation: str) -> None:
        """Let an actor go on until it is about to make a call."""
        while self.waiting_for[number] != operation:
            self.go(number)

    def go_to_the_end(self, number: int) -> None:
        while number in self.waiting_for:
            self.go(number)


@contextlib.contextmanager
def turns_of(kept: Kept, *acts: Callable[[], object]) -> Any:
    """Start actors, each held back before its first call."""
    turns = Turns(kept)
    heard = kept.world.fake.on_call, kept.secrets.on_call

    def hear(operation: str, params: Json) -> None:
        turns.before(operation, params)
        kept.hear(operation, params)

    clock = dataclasses.replace(kept.world.clock.for_the_function(), sleep=turns.sleep)
    with (
        mock.patch.object(sys, "stdout", kept.world.printed),  # threads would each put back what they found
        mock.patch.object(rotation_handler, "_clock", clock),
        mock.patch.object(rotation_handler, "_rotation", rotation_handler.build(clock)),
    ):
        kept.world.fake.on_call = kept.secrets.on_call = hear
        turns.start(acts)
        yield turns
        for number in list(turns.waiting_for):
            turns.go_to_the_end(number)
    kept.world.fake.on_call, kept.secrets.on_call = heard


def create(kept: Kept, version_id: str) -> Callable[[], object]:
    return lambda: kept.step(kept.event(version_id, "createSecret"))


def whole(kept: Kept, version_id: str) -> Callable[[], object]:
    return partial(kept.secrets.rotate, kept.arn, kept.step, version_id=version_id)


@pytest.mark.parametrize("before", [0, 1, 3])
@pytest.mark.parametrize("operation", [DESCRIBE_SECRET, "ListUserPoolClientSecrets", REMOVE, ADD])
def test_a_create_secret_that_a_whole_rotation_overtakes_does_not_delete_what_has_become_current(
    kept: Kept, before: int, operation: str
) -> None:
    rotated(kept, before, **WEB)
    version_id = begun(kept, until="createSecret")
    if operation == REMOVE and not before:
        return  # there is nothing to delete

    with turns_of(kept, create(kept, version_id), whole(kept, version_id)) as turns:
        turns.go_until(0, operation)
        turns.go_to_the_end(1)

    assert kept.is_sound()


def test_a_secret_that_an_overlapping_try_is_about_to_store_is_not_deleted(kept: Kept) -> None:
    rotated(kept, 1, **WEB)
    version_id = begun(kept, until="createSecret")

    with turns_of(kept, whole(kept, version_id), create(kept, version_id)) as turns:
        turns.go_until(0, PUT)
        while turns.waiting_for[1] not in (SLEEP, REMOVE):  # it has listed what the other has added
            turns.go(1)
        turns.go_to_the_end(0)
        turns.go_to_the_end(1)

    assert kept.is_sound()
    assert kept.secrets.version_id(kept.arn) == version_id


def test_a_try_that_is_too_slow_to_store_what_it_has_added_does_not(kept: Kept) -> None:
    rotated(kept, 1, **WEB)
    version_id = begun(kept, until="createSecret")
    kept.secrets.fail(PUT, "read-timeout", times=99)

    begun_at = kept.world.clock.now
    with pytest.raises(ProviderError):
        kept.step(kept.event(version_id, "createSecret"))
    assert kept.world.clock.now - begun_at < 10
    kept.secrets.planned_faults.clear()
    lost = kept.values(kept.current()["client_id"])[-1]
    kept.secrets.rotate(kept.arn, kept.step, version_id=version_id)

    assert kept.is_sound()
    assert lost not in kept.values(kept.current()["client_id"])


def test_a_create_secret_that_a_new_secret_of_the_stack_overtakes_does_not_delete_it(kept: Kept) -> None:
    client_id = rotated(kept, 1, **WEB)
    version_id = begun(kept, until="createSecret")
    wanted = {**WEB, "UserPoolId": POOL, "ClientSecret": OWN, "SecretId": kept.arn}

    def update() -> None:
        assert kept.world.update(client_id, wanted, kept.template(**WEB)).status == "SUCCESS"

    with turns_of(kept, create(kept, version_id), update) as turns:
        turns.go_until(1, PUT)
        turns.go_until(0, "DescribeUserPool")
        turns.go_to_the_end(1)

    assert kept.current()["client_secret"] == OWN
    assert kept.is_sound()


SCHEDULE = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 12)), min_size=4, max_size=24)


@settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(schedule=SCHEDULE, before=st.sampled_from([0, 1, 3]), third=st.sampled_from(["create", "whole"]))
def test_an_app_that_reads_awscurrent_at_any_moment_can_log_in(
    schedule: list[tuple[int, int]], before: int, third: str
) -> None:
    with a_kept_world() as kept:
        rotated(kept, before, **WEB)
        old = kept.current()
        version_id = begun(kept, until="createSecret")
        last = create(kept, version_id) if third == "create" else whole(kept, version_id)
        with turns_of(kept, whole(kept, version_id), create(kept, version_id), last) as turns:
            for number, calls in schedule:
                for _ in range(calls):
                    if number in turns.waiting_for:
                        turns.go(number)
                        assert kept.takes(old), "An app that read AWSCURRENT before the rotation is refused"
        try:
            kept.secrets.rotate(kept.arn, kept.step, version_id=version_id)
        except Refused:
            # What was stored last had been deleted while its request was on the way for 20 seconds: it is given up.
            kept.secrets.cancel_rotation(kept.arn)
            assert kept.takes(old)
            kept.rotate()

        assert kept.is_sound()
        assert kept.takes(old)


# A done rotation does not look failed


@pytest.mark.parametrize("kept", [True], indirect=True, ids=["pending stays"])
@pytest.mark.parametrize("failure", ["read-timeout", "connection-closed"])
@pytest.mark.parametrize("after", [True, False], ids=["but done", "not done"])
def test_a_lost_answer_to_removing_awspending_does_not_make_a_done_rotation_look_failed(
    kept: Kept, failure: Any, after: bool
) -> None:
    rotated(kept, 1)
    version_id = begun(kept, until="finishSecret")

    def lose(operation: str, params: Json) -> None:
        if operation == MOVE and params["VersionStage"] == PENDING and not kept.secrets.planned_faults:
            kept.secrets.fail(MOVE, failure, times=1, after=after)

    kept.secrets.on_call = lose
    kept.step(kept.event(version_id, "finishSecret"))
    kept.secrets.on_call = None
    kept.secrets.planned_faults.clear()

    assert kept.secrets.version_id(kept.arn) == version_id
    assert "RotationFailed" not in kept.world.metrics()
    kept.step(kept.event(version_id, "finishSecret"))
    assert kept.secrets.stages(kept.arn)[version_id] == ["AWSCURRENT"]
    kept.rotate()
    assert kept.is_sound()


@pytest.mark.parametrize("kept", [True], indirect=True, ids=["pending stays"])
def test_removing_awspending_that_the_stack_has_moved_meanwhile_is_no_failure(kept: Kept) -> None:
    rotated(kept, 1)
    version_id = begun(kept, until="finishSecret")

    def move(operation: str, params: Json) -> None:
        if operation == MOVE and params["VersionStage"] == PENDING:
            kept.secrets.put_elsewhere(kept.arn, kept.current(), stages=[PENDING])

    kept.secrets.on_call = move
    kept.step(kept.event(version_id, "finishSecret"))

    assert kept.secrets.version_id(kept.arn) == version_id
    assert "RotationFailed" not in kept.world.metrics()
