"""A kept secret is rotated in four steps, each safe to repeat and safe to be killed in, and no app is ever refused."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OTHER_SECRET, OWN_SECRET, leaked
from tests.fakes.cognito import ApiError
from tests.fakes.secrets_manager import (
    CANNOT_DECRYPT,
    CURRENT,
    KMS_DENIED,
    PENDING,
    PREVIOUS,
    SERVER_ERROR,
    STEPS,
    THROTTLED,
    denied,
    event,
)
from tests.fakes.token_endpoint import Asked, Reply
from tests.fixtures.stored_secrets import (
    ADD,
    ASK,
    DAY,
    DESCRIBE_POOL,
    DESCRIBE_SECRET,
    DOMAIN,
    ENDPOINT,
    GET,
    ISSUER,
    LIST,
    MOVE,
    NAME,
    PUT,
    REMOVE,
    Kept,
    a_kept_world,
)
from tests.fixtures.templates import APP
from tests.fixtures.world import DESCRIBE, FRANKFURT_POOL, OTHER_POOL, POOL
from user_pool_client.domain.errors import ProviderError, Refused, TryLater

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.cognito import ConnectionFault
    from tests.fakes.token_endpoint import Broken

type Json = dict[str, Any]

FOREIGN_POOL = "us-east-1_foreign"
ROLE = "arn:aws:iam::222222222222:role/app-clients"
CODE = {"AllowedOAuthFlowsUserPoolClient": "true", "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"]}
WEB = {**CODE, "CallbackURLs": [APP]}
MACHINE = {**CODE, "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["api/read"]}
WRITES = {ADD, REMOVE, PUT, MOVE}


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    with a_kept_world(pending_stays=getattr(request, "param", False)) as kept:
        yield kept


# Secrets Manager leaves AWSPENDING where it is when AWSCURRENT joins it, or takes it away: both are documented.
both_ways = pytest.mark.parametrize("kept", [False, True], ids=["pending goes", "pending stays"], indirect=True)


def rotated(kept: Kept, times: int, **properties: Any) -> str:
    """Make a client whose secret has been rotated so often before, and return its id."""
    client_id = kept.made(**properties)
    for _ in range(times):
        kept.rotate()
    kept.forget()
    return client_id


def begun(kept: Kept, *, until: str) -> str:
    """Begin a rotation a month later and carry out the steps before the one that is named; return the version's id."""
    kept.world.clock.now += 30 * DAY
    version_id = kept.secrets.begin_rotation(kept.arn)
    for step in STEPS[: STEPS.index(until)]:
        kept.step(kept.event(version_id, step))
    kept.forget()
    return version_id


def again(kept: Kept, version_id: str) -> None:
    """Try a rotation again as Secrets Manager does: all four steps."""
    kept.secrets.rotate(kept.arn, kept.step, version_id=version_id)


# The four steps


@both_ways
@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_rotation_makes_a_new_secret_current_and_the_old_one_goes_on_working(kept: Kept, before: int) -> None:
    client_id = rotated(kept, before)
    old = kept.current()

    version_id = kept.rotate()

    assert kept.secrets.version_id(kept.arn) == version_id
    assert kept.is_sound()
    assert kept.current()["client_secret"] != old["client_secret"]
    assert kept.current(stage=PREVIOUS) == old
    assert kept.takes(old)
    assert kept.values(client_id) == [old["client_secret"], kept.current()["client_secret"]]


def test_the_old_secret_works_until_the_next_rotation_begins(kept: Kept) -> None:
    rotated(kept, 1)
    old = kept.current()
    kept.rotate()
    version_id = begun(kept, until="createSecret")
    assert kept.takes(old)

    kept.step(kept.event(version_id, "createSecret"))

    assert not kept.takes(old)


def test_rotating_twice_revokes_a_leaked_secret_at_once(kept: Kept) -> None:
    rotated(kept, 0)
    leaked_one = kept.current()

    kept.secrets.rotate(kept.arn, kept.step)
    kept.secrets.rotate(kept.arn, kept.step)

    assert not kept.takes(leaked_one)
    assert kept.is_sound()


def test_everything_else_in_the_value_stays(kept: Kept) -> None:
    client_id = rotated(kept, 0)

    kept.rotate()

    value = kept.current()
    assert {name: value[name] for name in value if name not in ("client_secret", "client_secret_id")} == {
        "client_id": client_id,
        "user_pool_id": POOL,
        "issuer": ISSUER,
        "token_endpoint": ENDPOINT,
    }


def test_create_secret_deletes_what_is_not_currents_then_adds_then_keeps(kept: Kept) -> None:
    client_id = rotated(kept, 1)
    current = kept.secrets.version_id(kept.arn)
    version_id = begun(kept, until="createSecret")

    kept.step(kept.event(version_id, "createSecret"))

    calls = [call for call in kept.calls() if call in WRITES]
    assert calls == [REMOVE, ADD, PUT]
    pending = kept.current(stage=PENDING)
    assert kept.client(client_id).secrets[pending["client_secret_id"]].value == pending["client_secret"]
    assert kept.secrets.version_id(kept.arn, PENDING) == version_id
    assert kept.secrets.version_id(kept.arn) == current
    assert kept.is_sound()


def test_set_secret_asks_nobody(kept: Kept) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="setSecret")

    kept.step(kept.event(version_id, "setSecret"))

    assert kept.calls() == []


def test_test_secret_writes_nothing(kept: Kept) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="testSecret")

    kept.step(kept.event(version_id, "testSecret"))

    assert kept.calls() == [GET, DESCRIBE_POOL, DESCRIBE, ASK]


@both_ways
def test_finish_secret_makes_the_pending_version_current_and_pending_no_more_and_deletes_nothing(kept: Kept) -> None:
    client_id = rotated(kept, 1)
    version_id = begun(kept, until="finishSecret")
    pending, values = kept.current(stage=PENDING), kept.values(client_id)

    kept.step(kept.event(version_id, "finishSecret"))

    assert set(kept.calls()) & WRITES == {MOVE}
    assert kept.current() == pending
    assert kept.secrets.stages(kept.arn)[version_id] == [CURRENT]
    assert kept.values(client_id) == values


@both_ways
@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("step", STEPS)
def test_each_step_may_come_twice(kept: Kept, before: int, step: str) -> None:
    client_id = rotated(kept, before)
    version_id = begun(kept, until=step)
    kept.step(kept.event(version_id, step))
    stages, values = kept.secrets.stages(kept.arn), kept.values(client_id)
    kept.forget()

    kept.step(kept.event(version_id, step))

    assert not WRITES & set(kept.calls())
    assert (kept.secrets.stages(kept.arn), kept.values(client_id)) == (stages, values)


@both_ways
@pytest.mark.parametrize("step", STEPS)
def test_all_steps_may_come_again_after_any_of_them(kept: Kept, step: str) -> None:
    client_id = rotated(kept, 1)
    version_id = begun(kept, until=step)
    kept.step(kept.event(version_id, step))

    again(kept, version_id)
    again(kept, version_id)

    assert kept.secrets.version_id(kept.arn) == version_id
    assert len(kept.values(client_id)) == 2
    assert kept.is_sound()


@both_ways
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("later", [1, 2])
def test_a_step_of_a_rotation_that_is_long_over_does_nothing(kept: Kept, step: str, later: int) -> None:
    client_id = rotated(kept, 1)
    over = kept.rotate()
    for _ in range(later):
        kept.rotate()
    stages, values = kept.secrets.stages(kept.arn), kept.values(client_id)
    kept.forget()

    if step in ("createSecret", "finishSecret"):
        with pytest.raises(Refused, match="is not the pending one of a rotation, so nothing was done"):
            kept.step(kept.event(over, step))
    else:
        kept.step(kept.event(over, step))

    assert not WRITES & set(kept.calls())
    assert (kept.secrets.stages(kept.arn), kept.values(client_id)) == (stages, values)
    assert kept.is_sound()


@pytest.mark.parametrize(
    "wrong",
    [
        {"Step": "deleteSecret"},
        {"Step": None},
        {"SecretId": 7},
        {"ClientRequestToken": None},
    ],
)
def test_what_is_no_step_is_refused(kept: Kept, wrong: Json) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="createSecret")

    with pytest.raises(Refused, match="no step of Secrets Manager's rotation"):
        kept.step(kept.event(version_id, "createSecret") | wrong)

    assert kept.calls() == []


def test_an_event_of_another_kind_is_refused(kept: Kept) -> None:
    with pytest.raises(Refused, match="no step of Secrets Manager's rotation"):
        kept.step({"RequestType": "Create"})


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


# Never the current one, nor the last


def made_elsewhere(kept: Kept, **changes: Any) -> str:
    """Make a client with two secrets, the second one of which is kept as a person may keep it; return its id."""
    client_id = kept.world.existing(GenerateSecret=True)
    kept.world.clock.now += 1
    kept.world.fake.elsewhere(ADD, {"UserPoolId": POOL, "ClientId": client_id})
    (_, second) = kept.client(client_id).secrets
    value = {
        "client_id": client_id,
        "client_secret": kept.values(client_id)[1],
        "client_secret_id": second,
        "user_pool_id": POOL,
        **changes,
    }
    kept.secrets.put_elsewhere(kept.arn, {name: text for name, text in value.items() if text is not None})
    return client_id


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"client_secret_id": None}, id="no id"),
        pytest.param({"client_secret_id": "gone--1800000000"}, id="the id of neither"),
        pytest.param({"client_secret_id": None, "client_secret": "never0was0a0secret0of0this0client"}, id="neither"),
    ],
)
def test_if_it_cannot_be_told_which_secret_is_current_nothing_is_deleted(kept: Kept, changes: Json) -> None:
    client_id = made_elsewhere(kept, **changes)
    values = kept.values(client_id)
    version_id = begun(kept, until="createSecret")

    with pytest.raises(Refused, match="cannot be told which of them is the one kept as AWSCURRENT") as refused:
        kept.step(kept.event(version_id, "createSecret"))

    assert kept.values(client_id) == values
    assert not WRITES & set(kept.calls())
    for told in (*kept.client(client_id).secrets, "write its id into the secret's value as client_secret_id"):
        assert told in str(refused.value)


def test_what_that_error_says_to_do_helps(kept: Kept) -> None:
    client_id = made_elsewhere(kept, client_secret_id=None)
    version_id = begun(kept, until="createSecret")
    with pytest.raises(Refused):
        again(kept, version_id)
    (_, second) = kept.client(client_id).secrets
    kept.secrets.put_elsewhere(kept.arn, {**kept.current(), "client_secret_id": second})
    old = kept.current()

    again(kept, version_id)

    assert kept.is_sound()
    assert kept.takes(old)


def test_the_original_secret_is_known_without_its_id_because_cognito_shows_it(kept: Kept) -> None:
    client_id = made_elsewhere(kept)
    first = kept.values(client_id)[0]
    kept.secrets.put_elsewhere(kept.arn, {"client_id": client_id, "client_secret": first, "user_pool_id": POOL})

    kept.rotate()

    assert kept.is_sound()
    assert kept.values(client_id) == [first, kept.current()["client_secret"]]


def test_an_only_secret_is_known_without_its_id(kept: Kept) -> None:
    client_id = kept.world.existing(GenerateSecret=True)
    kept.world.lose_original_secret(client_id)
    old = {"client_id": client_id, "client_secret": kept.values(client_id)[0], "user_pool_id": POOL}
    kept.secrets.put_elsewhere(kept.arn, old)

    kept.rotate()

    assert kept.is_sound()
    assert kept.takes(old)


def test_the_last_secret_is_not_deleted_even_if_it_is_not_the_one_that_is_kept(kept: Kept) -> None:
    client_id = rotated(kept, 0)
    ids = {"UserPoolId": POOL, "ClientId": client_id}
    kept.world.fake.elsewhere(ADD, ids)
    kept.world.fake.elsewhere(REMOVE, {**ids, "ClientSecretId": kept.current()["client_secret_id"]})
    (last,) = kept.values(client_id)

    kept.rotate()

    assert kept.is_sound()
    assert last in kept.values(client_id)


def test_the_deleted_one_is_never_currents_in_a_long_life(kept: Kept) -> None:
    rotated(kept, 5)

    assert kept.is_sound()
    assert kept.removed_while_current == []


# A secret without a value, or with another


def test_a_secret_without_a_value_fails_with_a_clear_word_and_succeeds_at_the_next_try(kept: Kept) -> None:
    version_id = kept.secrets.begin_rotation(kept.arn)
    with pytest.raises(TryLater, match="has no value yet: its app client has not been made") as early:
        again(kept, version_id)
    assert "Secrets Manager tries again" in str(early.value)
    assert "DependsOn" in str(early.value)
    kept.made()

    again(kept, version_id)

    assert kept.secrets.version_id(kept.arn) == version_id
    assert kept.is_sound()


def test_a_client_that_is_made_amid_the_tries_of_a_rotation_keeps_its_first_secret(kept: Kept) -> None:
    version_id = kept.secrets.begin_rotation(kept.arn)
    with pytest.raises(TryLater):
        again(kept, version_id)
    kept.made()
    first = kept.current()

    again(kept, version_id)

    assert kept.takes(first)
    assert kept.current(stage=PREVIOUS) == first


@pytest.mark.parametrize(
    "value",
    [
        " ",
        "nothing",
        [],
        {"password": "x"},
        {"client_secret": OWN_SECRET},
        {"client_secret": OWN_SECRET, "client_id": "abc"},
        {"client_secret": OWN_SECRET, "user_pool_id": POOL},
    ],
)
def test_a_value_that_cannot_be_rotated_is_an_error_that_says_what_to_do(kept: Kept, value: object) -> None:
    kept.secrets.put_elsewhere(kept.arn, value)
    version_id = begun(kept, until="createSecret")

    with pytest.raises(Refused, match="not in the form that can be rotated") as refused:
        kept.step(kept.event(version_id, "createSecret"))

    assert "JSON with client_id, client_secret and user_pool_id" in str(refused.value)
    assert not WRITES & set(kept.calls())


def test_a_client_that_is_gone_is_an_error(kept: Kept) -> None:
    client_id = rotated(kept, 0)
    kept.world.delete_elsewhere(client_id)
    before = kept.secrets.stages(kept.arn)

    with pytest.raises(ProviderError, match="does not exist"):
        kept.rotate()

    assert kept.secrets.version_id(kept.arn) in before


def test_a_client_without_a_secret_cannot_be_rotated(kept: Kept) -> None:
    client_id = kept.world.existing()
    kept.secrets.put_elsewhere(kept.arn, {"client_id": client_id, "client_secret": OWN_SECRET, "user_pool_id": POOL})

    with pytest.raises(Refused, match="not a confidential client"):
        kept.rotate()


# testSecret


@pytest.mark.parametrize(
    ("properties", "asked"),
    [
        pytest.param(WEB, ("authorization_code", "invalid_grant"), id="a made-up code"),
        pytest.param(MACHINE, ("client_credentials", "token"), id="client_credentials"),
    ],
)
def test_the_pending_secret_is_proven_at_the_token_endpoint(
    kept: Kept, properties: Json, asked: tuple[str, str]
) -> None:
    client_id = rotated(kept, 0, **properties)

    kept.rotate()

    assert kept.endpoint.asked == [Asked(client_id, *asked)]
    assert "Cognito takes the secret" in [line.get("because") for line in kept.world.log()]


def test_a_client_without_oauth_proves_nothing_and_is_rotated_all_the_same(kept: Kept) -> None:
    client_id = rotated(kept, 0)

    version_id = kept.rotate()

    assert kept.endpoint.asked == [Asked(client_id, "authorization_code", "unauthorized_client")]
    (line,) = [line for line in kept.world.log() if line["message"] == "Nothing could be proven"]
    assert (line["level"], line["step"]) == ("WARNING", "testSecret")
    assert kept.secrets.version_id(kept.arn) == version_id
    assert kept.is_sound()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(Reply.error("invalid_grant"), "Rotation step done", id="invalid_grant"),
        pytest.param(Reply(200, b""), "Rotation step done", id="a token"),
        *[
            pytest.param(Reply.error(error, status), "Nothing could be proven", id=error)
            for error, status in [
                ("invalid_request", 400),
                ("unauthorized_client", 400),
                ("unsupported_grant_type", 400),
                ("invalid_scope", 400),
                ("access_denied", 401),
                ("an error of tomorrow", 400),
            ]
        ],
    ],
)
def test_what_does_not_refuse_the_secret_lets_the_rotation_go_on(kept: Kept, answer: Reply, message: str) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="testSecret")
    kept.endpoint.planned = [answer]

    kept.step(kept.event(version_id, "testSecret"))

    assert kept.world.log()[-1]["message"] == message
    assert kept.calls().count(ASK) == 1
    assert not WRITES & set(kept.calls())


@pytest.mark.parametrize("status", [400, 401])
def test_only_invalid_client_refuses_the_secret(kept: Kept, status: int) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="testSecret")
    kept.endpoint.planned = [Reply.error("invalid_client", status)] * 100

    with pytest.raises(Refused, match="token endpoint refuses the secret"):
        kept.step(kept.event(version_id, "testSecret"))

    assert 2 < len(kept.endpoint.planned) < 98
    kept.endpoint.planned.clear()


def test_it_is_the_pending_secret_that_is_proven_and_not_the_current_one(kept: Kept) -> None:
    client_id = rotated(kept, 0)
    version_id = begun(kept, until="testSecret")
    pending = kept.current(stage=PENDING)
    ids = {"UserPoolId": POOL, "ClientId": client_id}
    kept.world.fake.elsewhere(REMOVE, {**ids, "ClientSecretId": pending["client_secret_id"]})

    with pytest.raises(Refused, match="token endpoint refuses the secret"):
        kept.step(kept.event(version_id, "testSecret"))


def test_a_refused_pending_secret_never_becomes_current(kept: Kept) -> None:
    rotated(kept, 1)
    old, before = kept.current(), kept.secrets.version_id(kept.arn)
    kept.endpoint.lag = 1e9

    with pytest.raises(Refused, match="refuses the secret of app client") as refused:
        kept.rotate()

    assert "AWSCURRENT has not changed" in str(refused.value)
    assert kept.secrets.version_id(kept.arn) == before
    assert kept.is_sound()
    assert kept.takes(old)
    assert kept.world.metrics()[-1] == "RotationFailed"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Reply(500, b""), id="an error of the server"),
        pytest.param(Reply(200, b"<html>")._replace(status=503), id="no service"),
        pytest.param(Reply(400, b"<html>"), id="no JSON"),
        pytest.param(Reply(400, b'["invalid_client"]'), id="JSON of another kind"),
        pytest.param(Reply(429, b'{"error": "slow_down"}'), id="too many requests"),
        pytest.param(Reply(302, b""), id="a redirection"),
        pytest.param("timeout", id="no answer"),
        pytest.param("refused", id="no connection"),
    ],
)
def test_a_token_endpoint_that_does_not_say_is_asked_again_and_then_it_is_an_error(
    kept: Kept, answer: Reply | Broken
) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="testSecret")
    kept.endpoint.planned = [answer] * 100

    with pytest.raises(TryLater, match="token endpoint did not answer"):
        kept.step(kept.event(version_id, "testSecret"))
    assert 2 < len(kept.endpoint.planned) < 98
    kept.endpoint.planned = [answer]
    kept.step(kept.event(version_id, "testSecret"))

    assert kept.is_sound()


@pytest.mark.parametrize("lag", [1.0, 5.0, 15.0])
def test_a_new_secret_that_is_not_known_at_once_is_asked_for_again(kept: Kept, lag: float) -> None:
    rotated(kept, 0, **WEB)
    kept.endpoint.lag = lag

    kept.rotate()

    outcomes = [asked.outcome for asked in kept.endpoint.asked]
    assert outcomes == ["invalid_client"] * (len(outcomes) - 1) + ["invalid_grant"]
    assert len(outcomes) >= 2
    assert kept.is_sound()


def test_a_new_secret_that_takes_longer_than_the_function_may_is_proven_at_the_next_try(kept: Kept) -> None:
    rotated(kept, 0)
    kept.endpoint.lag = 100.0
    version_id = begun(kept, until="createSecret")
    with pytest.raises(Refused):
        again(kept, version_id)
    kept.world.clock.now += 300

    again(kept, version_id)

    assert kept.secrets.version_id(kept.arn) == version_id
    assert kept.is_sound()


def test_without_a_domain_it_is_logged_that_nothing_could_be_proven() -> None:
    with a_kept_world(domain="") as kept:
        rotated(kept, 0)

        version_id = kept.rotate()

        (line,) = [line for line in kept.world.log() if line["message"] == "Nothing could be proven"]
        assert (line["level"], line["step"], line["secret_id"]) == ("WARNING", "testSecret", kept.arn)
        assert kept.endpoint.asked == []
        assert kept.secrets.version_id(kept.arn) == version_id
        assert kept.is_sound()


def test_a_domain_that_came_after_the_client_is_used_for_the_proof() -> None:
    with a_kept_world(domain="") as kept:
        client_id = rotated(kept, 0, **WEB)
        kept.world.fake.pools[POOL].domain = "late"

        kept.rotate()

        assert kept.endpoint.asked == [Asked(client_id, "authorization_code", "invalid_grant")]


@pytest.mark.parametrize(
    ("before", "after", "kept_then"),
    [
        pytest.param("", "late", "https://late.auth.us-east-1.amazoncognito.com/oauth2/token", id="a new one"),
        pytest.param(DOMAIN, "moved", "https://moved.auth.us-east-1.amazoncognito.com/oauth2/token", id="another one"),
        pytest.param(DOMAIN, "", None, id="none any more"),
    ],
)
def test_a_rotation_keeps_the_domain_that_the_pool_has_by_then(before: str, after: str, kept_then: str | None) -> None:
    with a_kept_world(domain=before) as kept:
        rotated(kept, 0)
        kept.world.fake.pools[POOL].domain = after

        kept.rotate()

        assert kept.current().get("token_endpoint") == kept_then
        assert kept.is_sound()


@both_ways
@pytest.mark.parametrize("with_value", [True, False])
def test_a_schedule_that_does_not_rotate_at_once_tests_the_current_secret_alone(kept: Kept, with_value: bool) -> None:
    client_id = rotated(kept, 1, **WEB)
    before, values = kept.secrets.stages(kept.arn), kept.values(client_id)
    kept.endpoint.asked.clear()

    kept.secrets.try_out_rotation(kept.arn, kept.step, with_value=with_value)

    assert kept.endpoint.asked == [Asked(client_id, "authorization_code", "invalid_grant")]
    assert not WRITES & set(kept.calls())
    expected = {version_id: [stage for stage in stages if stage != PENDING] for version_id, stages in before.items()}
    assert kept.secrets.stages(kept.arn) == expected
    assert kept.values(client_id) == values
    kept.rotate()
    assert kept.is_sound()


def test_that_test_of_a_secret_without_a_value_fails_with_a_clear_word(kept: Kept) -> None:
    with pytest.raises(TryLater, match="has no value yet"):
        kept.secrets.try_out_rotation(kept.arn, kept.step)


# What an update of the stack overtakes


def test_the_pending_secret_of_a_client_that_was_replaced_meanwhile_never_becomes_current(kept: Kept) -> None:
    old = rotated(kept, 1)
    version_id = begun(kept, until="finishSecret")
    answer = kept.world.update(old, kept.template(UserPoolId=OTHER_POOL), kept.template())

    with pytest.raises(Refused, match="is not made current") as refused:
        kept.step(kept.event(version_id, "finishSecret"))

    assert f"remove the stage AWSPENDING from the version {version_id}" in str(refused.value)
    assert kept.current()["client_id"] == answer.physical_id
    assert kept.is_sound()


def test_a_pending_secret_that_a_new_one_of_ones_own_has_taken_the_place_of_never_becomes_current(kept: Kept) -> None:
    client_id = rotated(kept, 1)
    version_id = begun(kept, until="finishSecret")
    kept.world.clock.now += 1
    own = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET, "SecretId": kept.arn}
    kept.world.update(client_id, own, kept.template())

    with pytest.raises(Refused, match="is not made current"):
        kept.step(kept.event(version_id, "finishSecret"))

    assert kept.current()["client_secret"] == OWN_SECRET
    assert kept.is_sound()


@both_ways
@pytest.mark.parametrize("until", STEPS)
def test_what_that_error_says_to_do_lets_rotations_go_on(kept: Kept, until: str) -> None:
    client_id = rotated(kept, 1)
    version_id = begun(kept, until=until)
    own = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET, "SecretId": kept.arn}
    kept.world.clock.now += 1
    kept.world.update(client_id, own, kept.template())
    try:
        again(kept, version_id)
    except Refused:
        assert kept.current()["client_secret"] == OWN_SECRET
        kept.secrets.cancel_rotation(kept.arn)

    kept.rotate()

    assert kept.is_sound()


def test_a_secret_that_becomes_current_in_the_middle_of_finish_secret_is_not_lost(kept: Kept) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="finishSecret")
    meanwhile = {**kept.current(), "issuer": "changed"}

    def change(operation: str, _params: Json) -> None:
        if operation == MOVE:
            kept.secrets.put_elsewhere(kept.arn, meanwhile)

    kept.secrets.on_call = change

    with pytest.raises(Refused, match="it must be set to the version that currently has the staging label"):
        kept.step(kept.event(version_id, "finishSecret"))

    assert kept.current() == meanwhile


# Clients of other origins


def test_an_adopted_client_is_rotated(kept: Kept) -> None:
    client_id = kept.world.existing(GenerateSecret=True)
    template = {"UserPoolId": POOL, "ImportId": f"{POOL}/{client_id}", "SecretId": kept.arn}
    kept.world.create(template)
    old = kept.current()

    kept.rotate()
    answer = kept.world.update(client_id, {**template, "LogoutURLs": [APP]}, template)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert kept.is_sound()
    assert kept.takes(old)
    assert kept.current(stage=PREVIOUS) == old


def test_a_client_that_was_made_elsewhere_is_rotated_once_its_secret_is_in_our_form(kept: Kept) -> None:
    client_id = made_elsewhere(kept)
    old = kept.current()

    for _ in range(3):
        kept.rotate()

    assert kept.is_sound()
    assert kept.current()["client_id"] == client_id
    assert not kept.takes(old)


def test_a_client_of_another_account_is_rotated_with_the_role_in_its_value(kept: Kept) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222", domain="foreign")
    kept.sts.allow(ROLE)
    rotated(kept, 0, UserPoolId=FOREIGN_POOL, RoleArn=ROLE)
    old = kept.current()

    kept.rotate()

    assert kept.is_sound()
    assert kept.takes(old)
    assert kept.current()["role_arn"] == ROLE
    assert kept.sts.calls[-1].params["RoleSessionName"] == "user-pool-client-rotation"


def test_a_client_behind_a_role_that_asks_for_an_external_id_is_rotated(kept: Kept) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222")
    kept.sts.allow(ROLE, external_id="shop-7")
    rotated(kept, 0, UserPoolId=FOREIGN_POOL, RoleArn=ROLE, ExternalId="shop-7")
    old = kept.current()

    kept.rotate()
    kept.rotate()

    assert (old["external_id"], kept.current()["external_id"]) == ("shop-7", "shop-7")
    assert kept.is_sound()
    assert not kept.takes(old)
    assert kept.sts.calls[-1].params["ExternalId"] == "shop-7"


def test_without_external_id_none_is_sent_and_none_is_kept(kept: Kept) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222")
    kept.sts.allow(ROLE)
    rotated(kept, 0, UserPoolId=FOREIGN_POOL, RoleArn=ROLE)

    kept.rotate()

    assert "external_id" not in kept.current()
    assert "ExternalId" not in kept.sts.calls[-1].params


def test_a_role_that_cannot_be_assumed_is_an_error_that_says_what_to_do(kept: Kept) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222")
    kept.sts.allow(ROLE)
    rotated(kept, 0, UserPoolId=FOREIGN_POOL, RoleArn=ROLE)
    del kept.sts.roles[ROLE]

    with pytest.raises(Refused, match=f"RoleArn {ROLE} could not be assumed"):
        kept.rotate()

    assert kept.is_sound()


def test_a_secret_of_ones_own_is_rotated_and_does_not_come_back(kept: Kept) -> None:
    own = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET, "SecretId": kept.arn}
    created = kept.world.create(own)

    kept.rotate()
    kept.rotate()
    answer = kept.world.update(created.physical_id, {**own, "ClientName": "web"}, own)

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert kept.values(created.physical_id) != [OWN_SECRET]
    assert OWN_SECRET not in kept.values(created.physical_id)
    assert kept.is_sound()


@both_ways
def test_after_rotations_a_new_secret_of_ones_own_can_come(kept: Kept) -> None:
    own = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET, "SecretId": kept.arn}
    created = kept.world.create(own)
    kept.rotate()
    kept.rotate()
    old = kept.current()

    answer = kept.world.update(created.physical_id, {**own, "ClientSecret": OTHER_SECRET}, own)

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert kept.current()["client_secret"] == OTHER_SECRET
    assert kept.takes(old)
    kept.rotate()
    assert kept.is_sound()


def test_two_secrets_of_two_clients_are_rotated_apart(kept: Kept) -> None:
    rotated(kept, 0)
    arn = kept.secrets.create("user-pool-client/other")
    kept.world.create(kept.template(SecretId=arn), LogicalResourceId="OtherClient")
    before = kept.current()

    kept.rotate(arn)

    assert kept.current() == before
    assert kept.is_sound()
    assert kept.is_sound(arn)


def test_a_secret_that_has_no_value_any_more_cannot_finish_a_rotation(kept: Kept) -> None:
    version_id = kept.secrets.begin_rotation(kept.arn)

    with pytest.raises(TryLater, match="has no value yet"):
        kept.step(kept.event(version_id, "finishSecret"))

    assert kept.secrets.text(kept.arn) is None


@both_ways
def test_a_current_value_that_became_unreadable_in_the_middle_is_replaced_by_the_pending_one(kept: Kept) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="finishSecret")
    kept.secrets.put_elsewhere(kept.arn, "no JSON")

    kept.step(kept.event(version_id, "finishSecret"))

    assert kept.secrets.version_id(kept.arn) == version_id
    assert kept.is_sound()


# Values that somebody else has written


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"user_pool_id": "_"}, id="a pool id with nothing in it"),
        pytest.param({"user_pool_id": "nowhere-1_Abc123xyz"}, id="a pool of no Region"),
        pytest.param({"user_pool_id": "evil.example.com/#_x"}, id="a pool id that looks like a host"),
        pytest.param({"user_pool_id": "us-east-1\x00_x"}, id="a pool id with a null"),
        pytest.param({"user_pool_id": "us-east-1_" + "x" * 50000}, id="a huge pool id"),
        pytest.param({"user_pool_id": OTHER_POOL}, id="another pool"),
        pytest.param({"user_pool_id": FRANKFURT_POOL}, id="a pool of another Region"),
        pytest.param({"client_id": "1example23456789"}, id="a client that does not exist"),
        pytest.param({"client_id": "no client\nid"}, id="no client id"),
        pytest.param({"client_id": "x" * 50000}, id="a huge client id"),
        pytest.param({"client_secret": OTHER_SECRET}, id="a secret that is not the client's"),
        pytest.param({"role_arn": "x"}, id="no role"),
        pytest.param({"role_arn": "arn:aws:iam::999999999999:role/evil"}, id="a role that may not be assumed"),
    ],
)
def test_a_value_that_leads_nowhere_is_an_error_and_nothing_is_written(kept: Kept, changes: Json) -> None:
    client_id = rotated(kept, 0)
    kept.secrets.put_elsewhere(kept.arn, {**kept.current(), **changes})
    version_id = begun(kept, until="createSecret")

    with pytest.raises(ProviderError, match="What to do: "):
        kept.step(kept.event(version_id, "createSecret"))

    assert not WRITES & set(kept.calls())
    assert len(kept.values(client_id)) == 1
    assert kept.world.metrics()[-1] == "RotationFailed"


def test_the_secret_goes_to_the_pools_own_token_endpoint_whatever_the_value_says(kept: Kept) -> None:
    rotated(kept, 0, **WEB)
    kept.secrets.put_elsewhere(kept.arn, {**kept.current(), "token_endpoint": "https://evil.example.com/oauth2/token"})
    posted = []
    kept.endpoint.on_ask = lambda: posted.append(ASK)

    kept.rotate()

    assert posted == [ASK]
    assert [asked.outcome for asked in kept.endpoint.asked] == ["invalid_grant"]
    assert kept.current()["token_endpoint"] == ENDPOINT


def test_an_error_that_nobody_expected_is_told_by_its_place_and_not_by_its_text(kept: Kept) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="testSecret")
    secret = kept.current(stage=PENDING)["client_secret"]

    def fail() -> None:
        raise RuntimeError(f"about {secret}") from ValueError(secret)

    kept.endpoint.on_ask = fail

    with pytest.raises(TryLater, match=r"Unexpected RuntimeError at test_rotation\.py:\d+ fail\.") as failed:
        kept.step(kept.event(version_id, "testSecret"))

    assert (failed.value.__context__, failed.value.__cause__) == (None, None)
    assert kept.world.metrics()[-1] == "RotationFailed"
    unexpected, failure = kept.world.log()[-2:]
    assert (unexpected["message"], unexpected["error"]) == ("Unexpected error", "RuntimeError")
    assert failure["reason"] == str(failed.value)
    assert secret not in kept.world.logged.getvalue()


# What an operator sees


def test_a_rotation_is_counted(kept: Kept) -> None:
    rotated(kept, 0)
    before = len(kept.world.metrics())

    kept.rotate()

    assert kept.world.metrics()[before:] == ["SecretAdded", "SecretRotated"]


def test_a_step_that_fails_is_counted_and_logged_with_the_reason(kept: Kept) -> None:
    version_id = kept.secrets.begin_rotation(kept.arn)

    with pytest.raises(TryLater) as failed:
        kept.step(kept.event(version_id, "createSecret"))

    assert kept.world.metrics() == ["RotationFailed"]
    line = kept.world.log()[-1]
    assert (line["level"], line["message"], line["reason"]) == ("ERROR", "Rotation step failed", str(failed.value))
    assert (line["secret_id"], line["version_id"], line["step"]) == (kept.arn, version_id, "createSecret")


def test_a_log_line_of_one_step_says_nothing_of_the_step_before(kept: Kept) -> None:
    rotated(kept, 0)
    kept.rotate()
    kept.world.create({"UserPoolId": POOL})

    assert "step" not in kept.world.log()[-1]


@pytest.mark.parametrize("properties", [WEB, MACHINE])
def test_no_secret_and_no_token_is_in_any_log_or_metric(kept: Kept, properties: Json) -> None:
    rotated(kept, 2, **properties)

    kept.watch()
    text = kept.world.logged.getvalue() + kept.world.printed.getvalue()
    assert kept.current()["client_secret"] not in text
    assert not leaked(text)


@pytest.mark.parametrize("stage", [CURRENT, PENDING])
def test_no_secret_is_in_an_error_that_quotes_it(kept: Kept, stage: str) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="createSecret")

    def quote(operation: str, params: Json) -> None:
        if operation == PUT:
            quoted = kept.secrets.text(kept.arn) if stage == CURRENT else params["SecretString"]
            failure = ApiError("ValidationException", f"Value '{quoted if stage == PENDING else ''}' at 'secretString'")
            kept.secrets.fail(PUT, failure)

    kept.secrets.on_call = quote

    with pytest.raises(Refused, match="ValidationException"):
        kept.step(kept.event(version_id, "createSecret"))


@pytest.mark.parametrize("operation", [LIST, ADD, DESCRIBE_POOL])
def test_what_cognito_quotes_of_the_current_secret_is_masked(kept: Kept, operation: str) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="createSecret")
    quoted = f"about {kept.current()['client_secret']} it says no"
    kept.world.fail(operation, ApiError("InvalidParameterException", quoted))

    with pytest.raises(Refused, match=r"about \*\*\* it says no"):
        kept.step(kept.event(version_id, "createSecret"))


def test_secrets_manager_is_asked_no_more_than_is_needed(kept: Kept) -> None:
    rotated(kept, 1)

    kept.rotate()

    assert kept.calls() == [
        *(DESCRIBE_SECRET, GET, DESCRIBE_SECRET, GET, LIST, DESCRIBE, REMOVE, ADD, DESCRIBE_POOL, PUT),
        *(GET, DESCRIBE_POOL, DESCRIBE, ASK),
        *(DESCRIBE_SECRET, GET, GET, LIST, MOVE, DESCRIBE_SECRET),
    ]


def test_the_event_is_secrets_managers(kept: Kept) -> None:
    assert event(kept.arn, "token", "createSecret") == {
        "Step": "createSecret",
        "SecretId": kept.arn,
        "ClientRequestToken": "token",
    }


def test_a_rotation_that_a_replacement_has_overtaken_is_given_up_and_the_next_one_works(kept: Kept) -> None:
    first = rotated(kept, 0, **WEB)
    old, new = kept.template(**WEB), kept.template(**WEB, UserPoolId=OTHER_POOL)
    version_id = begun(kept, until="testSecret")
    second = kept.world.update(first, new, old).physical_id
    kept.world.delete(first, old)

    with pytest.raises(Refused, match="so this rotation was given up"):
        again(kept, version_id)
    kept.rotate()

    assert kept.current()["client_id"] == second
    assert kept.takes(kept.current())
