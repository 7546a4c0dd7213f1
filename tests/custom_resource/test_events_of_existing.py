"""The events about clients that exist already are CloudFormation's own too: good for ever, and without a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests import canaries
from tests.fixtures.existing_clients import LIST_TYPE, LOOKUP_TYPE, recorded
from tests.fixtures.world import POOL, a_world
from user_pool_client.custom_resource.request import Request

type Json = dict[str, Any]

TYPES = {"adopt": "Custom::UserPoolClient", "look-up": LOOKUP_TYPE, "list": LIST_TYPE}


@pytest.mark.parametrize("name", TYPES)
def test_an_event_is_one_of_cloudformations_that_never_expires_and_holds_no_secret(name: str) -> None:
    content = recorded(name)
    request, properties = Request.parse(content), content["ResourceProperties"]

    assert "X-Amz-Date" not in content["ResponseURL"]
    assert request.secrets() == []
    assert request.seconds_left(4e9) > 0
    assert content["ResourceType"] == TYPES[name]
    assert json.loads(json.dumps(content), parse_int=pytest.fail, parse_float=pytest.fail) == content
    assert (properties["ServiceToken"], properties["UserPoolId"]) == (content["ServiceToken"], POOL)
    assert not canaries.leaked(json.dumps(content))


@pytest.mark.parametrize("name", TYPES)
def test_under_sam_local_the_answer_is_printed_and_nothing_is_sent(name: str) -> None:
    with a_world(env={"AWS_SAM_LOCAL": "true"}) as world:
        content = recorded(name)
        imported = content["ResourceProperties"].get("ImportId", "").partition("/")[2]
        world.existing(client_id=imported, ClientName="web")

        world.invoke(content)

        assert world.put == []
        (printed,) = [line for line in world.printed.getvalue().splitlines() if '"Status"' in line]
        assert json.loads(printed)["Status"] == "SUCCESS"
