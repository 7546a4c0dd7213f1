"""A kept secret is rotated in four steps, each safe to repeat and safe to be killed in, and no app is ever refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.canaries import OWN_SECRET, leaked
from tests.fakes.cognito import ApiError
from tests.fakes.secrets_manager import CURRENT, PENDING, PREVIOUS, STEPS, event
from tests.fixtures.rotations import (
    MACHINE,
    WEB,
    WEB_CLIENT,
    again,
    begun,
    both_ways,
    made_elsewhere,
    rotated,
    twice_as_old,
)
from tests.fixtures.stored_secrets import (
    ADD,
    ASK,
    DESCRIBE_POOL,
    DESCRIBE_SECRET,
    ENDPOINT,
    GET,
    ISSUER,
    LIST,
    MOVE,
    PUT,
    REMOVE,
    WRITES,
    Kept,
)
from tests.fixtures.world import DESCRIBE, POOL
from user_pool_client.domain.errors import ProviderError, Refused, TryLater

type Json = dict[str, Any]


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
        "discovery_url": f"{ISSUER}/.well-known/openid-configuration",
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


def test_set_secret_asks_nobody_but_whether_it_is_under_way(kept: Kept) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="setSecret")

    kept.step(kept.event(version_id, "setSecret"))

    assert kept.calls() == [DESCRIBE_SECRET]


def test_test_secret_writes_nothing(kept: Kept) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="testSecret")

    kept.step(kept.event(version_id, "testSecret"))

    assert kept.calls() == [DESCRIBE_SECRET, GET, DESCRIBE_POOL, DESCRIBE, ASK]


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
def test_a_step_of_a_rotation_that_is_long_over_does_nothing_and_asks_nobody(kept: Kept, step: str, later: int) -> None:
    client_id = rotated(kept, 1)
    over = kept.rotate()
    for _ in range(later):
        kept.rotate()
    stages, values = kept.secrets.stages(kept.arn), kept.values(client_id)
    kept.forget()

    with pytest.raises(Refused, match="is not the pending one of a rotation, so nothing was done"):
        kept.step(kept.event(over, step))

    assert kept.calls() == [DESCRIBE_SECRET]
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


# Never the current one, nor the last


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"client_secret_id": None}, id="no id"),
        pytest.param({"client_secret_id": "gone--1800000000"}, id="the id of neither"),
    ],
)
def test_if_it_cannot_be_told_which_secret_is_current_nothing_is_deleted(kept: Kept, changes: Json) -> None:
    client_id = twice_as_old(kept, **changes)
    values = kept.values(client_id)
    version_id = begun(kept, until="createSecret")

    with pytest.raises(Refused, match="cannot be told which of them is the one kept as AWSCURRENT") as refused:
        kept.step(kept.event(version_id, "createSecret"))

    assert kept.values(client_id) == values
    assert not WRITES & set(kept.calls())
    for told in (*kept.client(client_id).secrets, "write its id into the secret's value as client_secret_id"):
        assert told in str(refused.value)


def test_what_that_error_says_to_do_helps(kept: Kept) -> None:
    client_id = twice_as_old(kept, client_secret_id=None)
    version_id = begun(kept, until="createSecret")
    with pytest.raises(Refused):
        again(kept, version_id)
    (first, _) = kept.client(client_id).secrets
    kept.secrets.put_elsewhere(kept.arn, {**kept.current(), "client_secret_id": first})
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


@pytest.mark.parametrize("number", [0, 1], ids=["the original one", "the other one"])
def test_which_of_two_secrets_it_is_is_known_without_its_id_while_cognito_shows_one(kept: Kept, number: int) -> None:
    client_id = made_elsewhere(kept, client_secret_id=None)
    kept.world.set_elsewhere(client_id, **WEB_CLIENT)
    values = kept.values(client_id)
    kept.secrets.put_elsewhere(kept.arn, {**kept.current(), "client_secret": values[number]})

    kept.rotate()

    assert kept.is_sound()
    assert kept.values(client_id) == [values[number], kept.current()["client_secret"]]


def test_an_id_in_the_value_that_contradicts_what_cognito_shows_deletes_nothing_that_is_in_use(kept: Kept) -> None:
    client_id = made_elsewhere(kept)
    first = kept.values(client_id)[0]
    kept.secrets.put_elsewhere(kept.arn, {**kept.current(), "client_secret": first})

    kept.rotate()

    assert kept.values(client_id) == [first, kept.current()["client_secret"]]


def test_an_only_secret_is_known_without_its_id(kept: Kept) -> None:
    client_id = kept.world.existing(GenerateSecret=True, **WEB_CLIENT)
    kept.world.lose_original_secret(client_id)
    old = {"client_id": client_id, "client_secret": kept.values(client_id)[0], "user_pool_id": POOL}
    kept.secrets.put_elsewhere(kept.arn, old)

    kept.rotate()

    assert kept.is_sound()
    assert kept.takes(old)


def test_the_last_secret_is_not_deleted_even_if_it_is_not_the_one_that_is_kept(kept: Kept) -> None:
    client_id = rotated(kept, 0, **WEB)
    ids = {"UserPoolId": POOL, "ClientId": client_id}
    kept.world.fake.elsewhere(ADD, ids)
    kept.world.fake.elsewhere(REMOVE, {**ids, "ClientSecretId": kept.current()["client_secret_id"]})
    (last,) = kept.values(client_id)

    with pytest.raises(Refused, match="is not the secret of app client"):
        kept.rotate()

    assert kept.values(client_id) == [last]


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

    with pytest.raises(Refused, match="is not the secret of app client"):
        kept.rotate()


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
        *(DESCRIBE_SECRET, GET, DESCRIBE_SECRET, GET, LIST, DESCRIBE_POOL, DESCRIBE, ASK),
        *(GET, DESCRIBE_SECRET, DESCRIBE_SECRET, REMOVE, ADD, PUT),
        DESCRIBE_SECRET,
        *(DESCRIBE_SECRET, GET, DESCRIBE_POOL, DESCRIBE, ASK),
        *(DESCRIBE_SECRET, GET, GET, LIST, MOVE, DESCRIBE_SECRET),
    ]


def test_the_event_is_secrets_managers(kept: Kept) -> None:
    assert event(kept.arn, "token", "createSecret") == {
        "Step": "createSecret",
        "SecretId": kept.arn,
        "ClientRequestToken": "token",
    }
