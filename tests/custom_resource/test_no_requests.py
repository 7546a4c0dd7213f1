"""Who may invoke the function can neither confuse it nor have an answer sent elsewhere: nothing is carried out then."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from tests import canaries
from tests.fixtures.templates import BARE, CONFIDENTIAL
from tests.fixtures.world import MARKER, World, a_world
from user_pool_client.domain.errors import Unanswerable

SIGNED = f"?X-Amz-Signature={canaries.SIGNATURE}"
HOST = "cloudformation-custom-resource-response-useast1.s3.amazonaws.com"


def refused(world: World, event: object) -> str:
    """Invoke the function, which must do nothing at all, and return what Lambda would log of it."""
    with pytest.raises(Unanswerable) as raised:
        world.invoke(event)
    assert world.put == []
    assert world.calls() == []
    told = "".join(traceback.format_exception(raised.value))
    assert not canaries.leaked(told)
    assert world.metrics()[-1:] == ["Unanswered"]
    return str(raised.value)


@pytest.mark.parametrize(
    "event",
    [
        *(None, [], {}, "Create", 7, 1.5, True, [{"RequestType": "Create"}]),
        {"Records": [{"Sns": {"Message": "{}"}}]},
        {"RequestType": "Create", "ResourceProperties": BARE},
    ],
    ids=repr,
)
def test_what_is_no_event_of_cloudformations_is_not_carried_out(world: World, event: object) -> None:
    assert "no request of CloudFormation's" in refused(world, event)


@pytest.mark.parametrize("value", ["missing", None, "", 7, {}, ["id"]], ids=repr)
@pytest.mark.parametrize("name", ["RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId"])
def test_an_event_without_one_of_its_ids_is_not_carried_out(world: World, name: str, value: object) -> None:
    world.create(CONFIDENTIAL)
    world.calls()
    event = world.request("Create", BARE, **{name: value})
    if value == "missing":
        del event[name]

    assert name in refused(world, event)


@pytest.mark.parametrize(
    "url",
    [
        f"https://attacker.example.com/{SIGNED}",
        f"http://{HOST}/{SIGNED}",
        f"https://{HOST}.attacker.example.com/{SIGNED}",
        f"https://attacker.example.com/{HOST}{SIGNED}",
        f"https://{HOST}@attacker.example.com/{SIGNED}",
        f"https://user:{canaries.SIGNATURE}@{HOST}/{SIGNED}",
        f"https://{HOST}:8443/{SIGNED}",
        f"https://{HOST}:port/{SIGNED}",
        f"https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/{SIGNED}",
        f"https://cloudformation-custom-resource-response-useast1.s3.eu-west-1.amazonaws.com/{SIGNED}",
        f"https://cloudformation-custom-resource-response-useast12.s3.amazonaws.com/{SIGNED}",
        f"https://xcloudformation-custom-resource-response-useast1.s3.amazonaws.com/{SIGNED}",
        f"https://cloudformation-custom-resource-response-useast1xs3.amazonaws.com/{SIGNED}",
        f"https://s3.amazonaws.com/cloudformation-custom-resource-response-useast1/{SIGNED}",
        f"https://{HOST}/a b{SIGNED}",
        f"https://{HOST}/a\r\nHost: attacker.example.com{SIGNED}",
        f"https://[::1/{SIGNED}",
        f"ftp://{HOST}/{SIGNED}",
        f"//{HOST}/{SIGNED}",
        "file:///etc/passwd",
        "http://127.0.0.1:4566/anything",
        canaries.SIGNATURE,
    ],
)
def test_an_answer_that_would_not_go_to_cloudformation_is_a_reason_to_do_nothing(world: World, url: str) -> None:
    assert "nothing is done" in refused(world, world.request("Create", CONFIDENTIAL, ResponseURL=url))


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "cloudformation-custom-resource-response-useast1.s3.amazonaws.com"),
        ("us-east-1", "cloudformation-custom-resource-response-useast1.s3.us-east-1.amazonaws.com"),
        ("eu-west-1", "cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com"),
        ("eu-west-1", "cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com:443"),
        ("cn-north-1", "cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_cloudformations_own_hosts_are_answered(region: str, host: str) -> None:
    with a_world(env={"AWS_REGION": region}) as world:
        answer = world.create(BARE, ResponseURL=f"https://{host}/stack%7Cid{SIGNED}")

        assert answer.status == "SUCCESS"


@pytest.mark.parametrize("name", ["StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId"])
def test_ids_that_no_answer_could_repeat_are_not_carried_out(world: World, name: str) -> None:
    refused(world, world.request("Delete", BARE, **{"PhysicalResourceId": MARKER, name: "x" * 5000}))


@pytest.mark.parametrize(
    "request_type", ["Describe", "create", "CREATE", "create ", "Poll", "poll_create", "__init__", "Sleep_on_delete"]
)
def test_a_request_type_that_nobody_knows_is_told_and_not_carried_out(world: World, request_type: str) -> None:
    answer = world.send(world.request(request_type, BARE))

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert world.calls() == []
    assert world.client_ids() == []


def test_what_crhelper_would_take_for_its_own_state_is_ignored(world: World) -> None:
    smuggled = {"ClientSecret": "of another client", "PhysicalResourceId": "of another client"}
    answer = world.create(BARE, CrHelperData=smuggled, CrHelperPoll=True, CrHelperRule="arn:aws:events:a:b:rule/c")

    assert (answer.status, answer.physical_id) == ("SUCCESS", world.client_ids()[0])
    assert "ClientSecret" not in answer.data


@pytest.mark.parametrize("physical_id", [None, 7, ["id"], {"id": 1}], ids=repr)
def test_a_physical_id_that_is_no_text_is_none(world: World, physical_id: Any) -> None:
    answer = world.delete(physical_id, BARE)

    assert (answer.status, answer.physical_id, world.calls()) == ("SUCCESS", MARKER, [])
