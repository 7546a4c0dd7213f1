"""Every call of AWS keeps to the request's deadline, and a role is assumed once for all of its clients."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

from tests.canaries import OTHER_SECRET, OWN_SECRET
from tests.fakes.cognito import ApiError
from tests.fakes.cognito_wire import header
from tests.fixtures.stored_secrets import DESCRIBE_SECRET, GET, MOVE, PUT, a_kept_world
from tests.fixtures.templates import APP, BARE
from tests.fixtures.world import CREATE, DESCRIBE, MARKER, OTHER_POOL, TIMEOUT, UPDATE, a_world
from user_pool_client.domain.credentials import REPLACED
from user_pool_client.domain.errors import TryLater

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

    from tests.fixtures.stored_secrets import Kept
    from tests.fixtures.world import World

type Json = dict[str, Any]

ACCOUNT = "222222222222"
THEIR_POOL, THEIR_FRANKFURT_POOL = "us-east-1_Theirs999", "eu-central-1_Theirs999"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/cognito"
THEIRS: Json = {"UserPoolId": THEIR_POOL, "RoleArn": ROLE_ARN}
THROTTLED = ApiError("ThrottlingException", "Rate exceeded")
# For the work, of the function's half a minute; and for its last call, which ends in the time meant for the response.
WORK, LAST_CALL = 25.0, 4.0
LITTLE = 12.0
"""So little time that only clients with short timeouts may call."""


class Hang(NamedTuple):
    """A call that hung: when it began, and for how long its client listened."""

    began: float
    seconds: float


@pytest.fixture
def kept() -> Iterator[Kept]:
    with a_kept_world() as kept:
        yield kept


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as world:
        for pool_id in (THEIR_POOL, THEIR_FRANKFURT_POOL):
            world.fake.add_pool(pool_id, account=ACCOUNT)
        world.sts.allow(ROLE_ARN)
        yield world


@contextmanager
def hanging(world: World, service: str, operation: str = "") -> Iterator[list[Hang]]:
    """Let no call of a service (or one operation) be answered: each lasts as long as its client has patience."""
    send, hangs = URLLib3Session.send, list[Hang]()

    def hang(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        if f"//{service}." not in request.url or not header(request, "X-Amz-Target").endswith(operation):
            return send(session, request)
        patience: Any = session._timeout  # type: ignore[attr-defined]
        hangs.append(Hang(world.clock.now, patience.read_timeout))
        world.clock.sleep(patience.read_timeout)
        raise ReadTimeoutError(endpoint_url=request.url)

    with mock.patch.object(URLLib3Session, "send", hang):
        yield hangs


def end_in_time(hangs: list[Hang], began: float = 0.0) -> bool:
    """Tell whether calls went on for as long as there was time, and the last one ended before the response was due."""
    last = hangs[-1]
    return (
        len(hangs) > 1
        and began + WORK / 2 < last.began < began + WORK
        and last.began + last.seconds < began + WORK + LAST_CALL
        and all(hang.began + hang.seconds < began + WORK + LAST_CALL for hang in hangs)
    )


# The deadline


def test_a_secrets_manager_that_hangs_is_given_up_in_time(kept: Kept) -> None:
    with hanging(kept.world, "secretsmanager") as hangs:
        answer = kept.world.create(kept.template())

    assert (answer.status, answer.physical_id, kept.world.client_ids()) == ("FAILED", MARKER, [])
    assert f'Secrets Manager did not answer GetSecretValue for "{kept.arn}": ReadTimeoutError.' in answer.reason
    assert end_in_time(hangs)
    assert {hang.seconds for hang in hangs} == {10, 3}


@pytest.mark.parametrize("operation", [GET, DESCRIBE_SECRET, PUT])
def test_a_secrets_manager_that_throttles_is_given_up_in_time(kept: Kept, operation: str) -> None:
    with kept.failing(operation, THROTTLED):
        answer = kept.world.create(kept.template())

    assert answer.status == "FAILED"
    assert f"refused {operation} for" in answer.reason
    assert "What to do: deploy again in a few minutes." in answer.reason
    assert 1 < kept.world.clock.now < WORK
    assert "Retried" in kept.world.metrics()


def test_a_secrets_manager_that_throttles_for_a_while_is_waited_for(kept: Kept) -> None:
    for operation in (GET, DESCRIBE_SECRET, PUT):
        kept.secrets.fail(operation, THROTTLED, times=2)

    answer = kept.world.create(kept.template())

    assert answer.status == "SUCCESS"
    assert kept.is_sound()


def test_a_secret_that_could_not_be_stored_is_taken_back_before_time_is_up(kept: Kept) -> None:
    own = {"GenerateSecret": "false", "ClientSecret": OWN_SECRET}
    other = {**own, "ClientSecret": OTHER_SECRET}
    client_id = kept.made(**own)
    before = kept.values(client_id)
    kept.world.clock.now += 1

    with hanging(kept.world, "secretsmanager", PUT), mock.patch.object(random, "uniform", return_value=0):
        answer = kept.world.update(client_id, kept.template(**other), kept.template(**own))

    assert (answer.status, kept.values(client_id)) == ("FAILED", before)


@pytest.mark.parametrize("step", ["createSecret", "finishSecret"])
def test_a_step_of_a_rotation_ends_before_lambda_ends_it(kept: Kept, step: str) -> None:
    kept.made()
    version_id = kept.secrets.begin_rotation(kept.arn)
    began = kept.world.clock.now

    with hanging(kept.world, "secretsmanager") as hangs, pytest.raises(TryLater, match="ReadTimeoutError"):
        kept.step(kept.event(version_id, step), timeout=TIMEOUT)

    assert end_in_time(hangs, began)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("rotations", [0, 2])
def test_a_staging_label_that_was_moved_without_an_answer_is_where_it_belongs(
    kept: Kept, rotations: int, times: int
) -> None:
    kept.made()
    for _ in range(rotations):
        kept.rotate()
    kept.secrets.fail(MOVE, "connection-closed", times=times, after=True)

    version_id = kept.rotate()

    assert kept.secrets.version_id(kept.arn) == version_id
    assert kept.is_sound()


def test_a_label_of_our_own_that_was_moved_without_an_answer_is_where_it_belongs(kept: Kept) -> None:
    """A second replacement takes the label from the first one's version."""
    here, there = kept.template(), kept.template(UserPoolId=OTHER_POOL)
    first = kept.made()
    second = kept.world.update(first, there, here).physical_id
    kept.secrets.fail(MOVE, "read-timeout", times=2, after=True)

    third = kept.world.update(second, here, there)

    assert third.status == "SUCCESS", third.reason
    assert kept.current(stage=REPLACED)["client_id"] == second


def test_a_secret_in_a_region_that_does_not_exist_is_refused_at_once(kept: Kept) -> None:
    arn = kept.arn.replace("us-east-1", "eu-nowhere-9")

    answer = kept.world.create(kept.template(SecretId=arn))

    assert (answer.status, answer.physical_id, kept.world.clock.now) == ("FAILED", MARKER, 0)
    assert f'The secret "{arn}" is in the Region "eu-nowhere-9", which does not exist' in answer.reason


def test_an_sts_that_hangs_is_given_up_in_time(world: World) -> None:
    with hanging(world, "sts") as hangs:
        answer = world.create(THEIRS)

    assert (answer.status, answer.physical_id, world.calls()) == ("FAILED", MARKER, [])
    assert f"RoleArn {ROLE_ARN} could not be assumed: ReadTimeoutError." in answer.reason
    assert end_in_time(hangs)


def test_an_sts_that_throttles_is_given_up_in_time_or_waited_for(world: World) -> None:
    world.sts.fail(ApiError("Throttling", "Rate exceeded"), times=1000)
    failed = world.create(THEIRS)
    assert 1 < world.clock.now < WORK
    world.sts.planned_faults.clear()
    world.sts.fail(ApiError("Throttling", "Rate exceeded"), times=5)

    assert failed.status == "FAILED"
    assert world.create(THEIRS).status == "SUCCESS"


# Credentials


def assumed(world: World) -> int:
    """Count how often STS was called since the last time."""
    count = len(world.sts.calls)
    world.sts.calls.clear()
    return count


def test_a_create_with_little_time_left_assumes_its_role_once(world: World) -> None:
    answer = world.send(world.request("Create", THEIRS), timeout=LITTLE)

    assert (answer.status, assumed(world)) == ("SUCCESS", 1)


def test_clients_with_short_timeouts_share_the_credentials_of_the_others(world: World) -> None:
    created = world.create(THEIRS)
    world.fake.on_call = lambda operation, _params: world.clock.sleep(14 if operation == DESCRIBE else 0)

    updated = world.update(created.physical_id, {**THEIRS, "LogoutURLs": [APP]}, THEIRS)
    again = world.send(world.request("Create", THEIRS), timeout=LITTLE)

    assert [answer.status for answer in (updated, again)] == ["SUCCESS"] * 2
    assert world.calls() == [CREATE, DESCRIBE, UPDATE, CREATE]
    assert assumed(world) == 1


def test_renewed_credentials_reach_every_client_of_the_role(world: World) -> None:
    def one_each() -> list[str]:
        requests = [(THEIRS, TIMEOUT), (THEIRS, LITTLE), ({**THEIRS, "UserPoolId": THEIR_FRANKFURT_POOL}, TIMEOUT)]
        return [world.send(world.request("Create", what), timeout=timeout).status for what, timeout in requests]

    for _ in range(3):
        assert one_each() == ["SUCCESS"] * 3
        assert assumed(world) == 2  # one for each user pool
        world.clock.now += 3600  # the credentials of before are of no use now


def test_a_request_without_a_role_assumes_none(world: World) -> None:
    assert world.create(BARE).status == "SUCCESS"
    assert assumed(world) == 0
