"""A rotation that is killed, or refused, at any of its calls is completed by the next try."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.fakes.cognito import ApiError
from tests.fakes.secrets_manager import CANNOT_DECRYPT, KMS_DENIED, SERVER_ERROR, STEPS, THROTTLED, denied
from tests.fixtures.rotations import again, begun, both_ways, rotated
from tests.fixtures.stored_secrets import (
    ADD,
    DESCRIBE_POOL,
    DESCRIBE_SECRET,
    GET,
    LIST,
    MOVE,
    NAME,
    PUT,
    REMOVE,
    Kept,
    a_kept_world,
)
from user_pool_client.domain.errors import ProviderError

if TYPE_CHECKING:
    from tests.fakes.cognito import ConnectionFault


# A crash after every single call


@pytest.mark.parametrize("tries", ["all four steps again", "the same step again"])
@pytest.mark.parametrize(
    ("step", "before", "pending_stays"),
    [
        # With one secret; with two, the original one among them; with two others.
        *[("createSecret", before, False) for before in (0, 1, 2)],
        ("testSecret", 1, False),
        ("finishSecret", 1, False),
        ("finishSecret", 1, True),
    ],
)
def test_a_step_that_is_killed_after_any_of_its_calls_is_made_good_by_a_retry(
    step: str, before: int, tries: str, pending_stays: bool
) -> None:
    for after in itertools.count(1):
        with a_kept_world(pending_stays=pending_stays) as kept:
            client_id = rotated(kept, before)
            old = kept.current()
            version_id = begun(kept, until=step)

            killed = kept.dying(after, partial(kept.step, kept.event(version_id, step)))

            assert kept.is_sound()
            assert kept.takes(old)
            for each in STEPS if tries == "all four steps again" else STEPS[STEPS.index(step) :]:
                kept.step(kept.event(version_id, each))
                assert kept.is_sound()
                assert kept.takes(old)
            assert kept.secrets.version_id(kept.arn) == version_id
            assert kept.values(client_id) == [old["client_secret"], kept.current()["client_secret"]]
            kept.rotate()
            assert kept.is_sound()
        if not killed:
            assert after > 4
            return


def test_create_secret_may_be_killed_twice() -> None:
    # The second try gets as far as to look for secrets, to delete one, to add one.
    for first, second in itertools.product(range(1, 9), (5, 6, 7)):
        with a_kept_world() as kept:
            client_id = rotated(kept, 1)
            old = kept.current()
            version_id = begun(kept, until="createSecret")

            for after in (first, second):
                kept.dying(after, partial(kept.step, kept.event(version_id, "createSecret")))
                assert kept.is_sound()
                assert kept.takes(old)

            again(kept, version_id)
            assert kept.is_sound()
            assert kept.values(client_id) == [old["client_secret"], kept.current()["client_secret"]]


@both_ways
@pytest.mark.parametrize("after", range(1, 9))
def test_a_rotation_that_was_killed_and_given_up_is_no_obstacle_to_the_next(kept: Kept, after: int) -> None:
    client_id = rotated(kept, 1)
    old = kept.current()
    version_id = begun(kept, until="createSecret")
    kept.dying(after, lambda: kept.step(kept.event(version_id, "createSecret")))
    kept.secrets.cancel_rotation(kept.arn)

    kept.rotate()

    assert kept.is_sound()
    assert kept.takes(old)
    assert kept.values(client_id) == [old["client_secret"], kept.current()["client_secret"]]


# Faults of every call

FAULTS = [
    *[(call, SERVER_ERROR, 4, False) for call in (GET, DESCRIBE_SECRET, PUT, MOVE)],
    *[(call, THROTTLED, 4, False) for call in (GET, DESCRIBE_SECRET, PUT, MOVE)],
    *[(call, denied(call, NAME), 1, False) for call in (GET, DESCRIBE_SECRET, PUT, MOVE)],
    *[(call, "read-timeout", 4, after) for call in (PUT, MOVE) for after in (False, True)],
    *[(call, "connection-closed", 4, after) for call in (PUT, MOVE) for after in (False, True)],
    (GET, KMS_DENIED, 1, False),
    (GET, CANNOT_DECRYPT, 1, False),
    (PUT, KMS_DENIED, 1, False),
    *[(call, ApiError("AccessDeniedException", "no"), 1, False) for call in (ADD, LIST, REMOVE, DESCRIBE_POOL)],
    *[(call, ApiError("InternalServerException", "no", 500), 99, False) for call in (ADD, LIST, REMOVE)],
    (ADD, "read-timeout", 1, False),
    (ADD, "read-timeout", 1, True),
    (ADD, ApiError("LimitExceededException", "An app client can have at most two client secrets."), 1, False),
    (REMOVE, "read-timeout", 99, False),
    (REMOVE, "read-timeout", 99, True),
]


@pytest.mark.parametrize(
    ("call", "failure", "times", "after"),
    [pytest.param(*fault, id=f"{fault[0]}: {fault[1]}{', but done' if fault[3] else ''}") for fault in FAULTS],
)
def test_a_rotation_that_fails_at_any_call_is_made_good_by_a_retry(
    kept: Kept, call: str, failure: ApiError | ConnectionFault, times: int, after: bool
) -> None:
    client_id = rotated(kept, 1)
    old = kept.current()
    version_id = begun(kept, until="createSecret")
    fake = kept.secrets if call in (GET, DESCRIBE_SECRET, PUT, MOVE) else kept.world.fake
    fake.fail(call, failure, times=times, after=after)

    try:
        again(kept, version_id)
    except ProviderError as error:
        assert "What to do: " in str(error)  # noqa: PT017 - some faults come and go unnoticed
        assert "RotationFailed" in kept.world.metrics()
    fake.planned_faults.clear()
    assert kept.is_sound()
    assert kept.takes(old)

    again(kept, version_id)
    assert kept.is_sound()
    assert kept.takes(old)
    assert kept.values(client_id) == [old["client_secret"], kept.current()["client_secret"]]


@both_ways
@pytest.mark.parametrize(("operation", "times"), [(PUT, 3), (MOVE, 1), (MOVE, 3)])
def test_an_answer_of_secrets_manager_that_is_lost_is_asked_for_again(kept: Kept, operation: str, times: int) -> None:
    rotated(kept, 1)
    kept.secrets.fail(operation, "read-timeout", times=times, after=True)

    version_id = kept.rotate()

    assert kept.secrets.version_id(kept.arn) == version_id
    assert kept.is_sound()


def test_cognito_is_waited_for_and_that_is_counted(kept: Kept) -> None:
    rotated(kept, 0)
    kept.world.fail(ADD, ApiError("TooManyRequestsException", "Rate exceeded"), times=2)

    kept.rotate()

    assert kept.is_sound()
    assert "Retried" in kept.world.metrics()
