"""The four events of `events/` that Secrets Manager's rotation sends, carried out by Lambda's own entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import canaries
from tests.fakes import secrets_manager
from tests.fakes.secrets_manager import CURRENT, PREVIOUS
from tests.fixtures.events import a_world_of_the_events, cold_start, recorded
from tests.fixtures.stored_secrets import ADD, ASK, GET, MOVE, PUT, Kept
from tests.fixtures.world import FunctionContext
from user_pool_client import rotation_handler

if TYPE_CHECKING:
    from collections.abc import Iterator

type Json = dict[str, Any]

STEPS = {
    "rotation-create-secret": ("createSecret", {ADD, PUT}),
    "rotation-set-secret": ("setSecret", set[str]()),
    "rotation-test-secret": ("testSecret", {ASK}),
    "rotation-finish-secret": ("finishSecret", {MOVE}),
}
WRITES = {ADD, PUT, MOVE, ASK}


@pytest.fixture
def kept() -> Iterator[Kept]:
    with a_world_of_the_events() as kept:
        yield kept


@pytest.mark.parametrize("name", STEPS)
def test_an_event_of_a_rotation_is_secrets_managers(name: str) -> None:
    content = recorded(name)

    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
    assert content.keys() == {"Step", "SecretId", "ClientRequestToken", "RotationToken"}
    assert content["Step"] == STEPS[name][0]
    assert all(isinstance(value, str) for value in content.values())
    others = {name: value for name, value in content.items() if name != "Step"}
    assert others == {**others, **{name: recorded("rotation-create-secret")[name] for name in others}}


def test_the_steps_are_all_there_are_and_in_their_order() -> None:
    assert tuple(step for step, _ in STEPS.values()) == secrets_manager.STEPS


@pytest.mark.parametrize("token", ["with a rotation token", "without one"])
def test_the_events_of_a_rotation_are_carried_out_by_lambdas_entry_point(kept: Kept, token: str) -> None:
    kept.world.send(recorded("create-with-secret-id"))
    old = kept.current()
    version_id = recorded("rotation-create-secret")["ClientRequestToken"]
    kept.world.clock.now += 1
    kept.secrets.begin_rotation(kept.arn, version_id)

    with cold_start("user_pool_client.rotation_handler") as function:
        for name, (_, asked) in STEPS.items():
            content = recorded(name)
            canaries.watch(content["RotationToken"])
            if token == "without one":
                del content["RotationToken"]
            kept.forget()
            function.handler(content, FunctionContext(kept.world.clock, kept.world.clock.now + 30))

            assert set(kept.calls()) & WRITES == asked
            kept.watch()

    assert kept.is_sound()
    assert kept.secrets.version_id(kept.arn) == version_id
    assert kept.secrets.stages(kept.arn)[version_id] == [CURRENT]
    assert kept.current(stage=PREVIOUS) == old
    assert kept.takes(old)


def test_an_event_of_a_rotation_before_there_is_a_client_fails_with_a_clear_word(kept: Kept) -> None:
    content = recorded("rotation-create-secret")
    kept.secrets.begin_rotation(kept.arn, content["ClientRequestToken"])

    with pytest.raises(Exception, match="has no value yet: its app client has not been made"):
        rotation_handler.handler(content, FunctionContext(kept.world.clock, kept.world.clock.now + 30))

    assert GET in kept.asked
