"""The events about kept secrets: CloudFormation's, and the four that Secrets Manager's rotation sends."""

from __future__ import annotations

import importlib
import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests import canaries
from tests.fakes import secrets_manager
from tests.fakes.secrets_manager import CURRENT, PREVIOUS, Secret
from tests.fixtures.existing_clients import recorded
from tests.fixtures.stored_secrets import ADD, ASK, GET, MOVE, NAME, PUT, Kept, a_kept_world, is_told_nothing
from tests.fixtures.templates import typed
from tests.fixtures.world import CREATE, DESCRIBE, FunctionContext
from user_pool_client import rotation_handler
from user_pool_client.custom_resource.request import Request
from user_pool_client.domain.properties import CREATABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

type Json = dict[str, Any]

ABOUT_SECRETS = {"create-with-secret-id": "Create", "update-with-secret-id": "Update"}
STEPS = {
    "rotation-create-secret": ("createSecret", {ADD, PUT}),
    "rotation-set-secret": ("setSecret", set[str]()),
    "rotation-test-secret": ("testSecret", {ASK}),
    "rotation-finish-secret": ("finishSecret", {MOVE}),
}
WRITES = {ADD, PUT, MOVE, ASK}


@contextmanager
def a_world_with_the_secret(env: dict[str, str] | None = None) -> Iterator[Kept]:
    """Give a world in which the secret that the events name is the only one."""
    with a_kept_world(env=env) as kept:
        del kept.secrets.secrets[kept.arn]
        kept.arn = recorded("create-with-secret-id")["ResourceProperties"]["SecretId"]
        kept.secrets.secrets[kept.arn] = Secret(NAME, kept.arn)
        yield kept


@pytest.fixture
def kept() -> Iterator[Kept]:
    with a_world_with_the_secret() as kept:
        yield kept


@contextmanager
def cold_start(name: str) -> Iterator[Any]:
    """Import a function anew in the environment as it is, as Lambda does; the one of before comes back."""
    before = sys.modules.pop(name)
    try:
        yield importlib.import_module(name)
    finally:
        sys.modules[name] = before


def with_its_client(kept: Kept, content: Json) -> Json:
    """Let the client exist that an update is about, and return the event."""
    if content["RequestType"] == "Update":
        settings = {name: value for name, value in content["OldResourceProperties"].items() if name in CREATABLE}
        kept.world.existing(client_id=content["PhysicalResourceId"], **typed(settings))
    return content


@pytest.mark.parametrize("name", ABOUT_SECRETS)
def test_an_event_is_one_of_cloudformations_that_never_expires_and_holds_no_secret(name: str) -> None:
    content = recorded(name)
    request = Request.parse(content)

    assert "X-Amz-Date" not in content["ResponseURL"]
    assert request.secrets() == []
    assert request.seconds_left(4e9) > 0
    assert (content["ResourceType"], content["RequestType"]) == ("Custom::UserPoolClient", ABOUT_SECRETS[name])
    assert json.loads(json.dumps(content), parse_int=pytest.fail, parse_float=pytest.fail) == content
    assert content["ResourceProperties"]["ServiceToken"] == content["ServiceToken"]
    assert content["RequestId"] in content["ResponseURL"]


@pytest.mark.parametrize("name", ABOUT_SECRETS)
def test_an_event_is_carried_out_by_lambdas_entry_point(kept: Kept, name: str) -> None:
    content = with_its_client(kept, recorded(name))

    with cold_start("user_pool_client.handler") as function:
        kept.world.function = function.handler
        answer = kept.world.send(content)

    assert answer.status == "SUCCESS", answer.reason
    assert is_told_nothing(answer, kept)
    assert (CREATE in kept.asked, DESCRIBE in kept.asked) == (name.startswith("create"), name.startswith("update"))
    assert answer.data["SecretArn"] == kept.arn
    assert kept.current()["client_id"] == answer.physical_id
    assert kept.is_sound()


@pytest.mark.parametrize("name", ABOUT_SECRETS)
def test_under_sam_local_the_answer_is_printed_without_the_secret_and_nothing_is_sent(name: str) -> None:
    with (
        a_world_with_the_secret(env={"AWS_SAM_LOCAL": "true"}) as kept,
        cold_start("user_pool_client.handler") as function,
    ):
        kept.world.function = function.handler
        kept.world.invoke(with_its_client(kept, recorded(name)))

        assert kept.world.put == []
        (printed,) = [line for line in kept.world.printed.getvalue().splitlines() if '"Status"' in line]
        answer = json.loads(printed)
        assert (answer["Status"], answer["NoEcho"], answer["Data"]["SecretArn"]) == ("SUCCESS", False, kept.arn)
        assert "ClientSecret" not in answer["Data"]


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
