"""Somebody writes a secret's value where its name belongs: nothing is called with it, and nothing quotes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.canaries import OWN_SECRET, leaked
from tests.fixtures.templates import BARE, CONFIDENTIAL
from tests.fixtures.world import MARKER
from user_pool_client.domain.parsing import parse

if TYPE_CHECKING:
    from tests.fixtures.world import World

WHOLE = {"client_id": "3n4b5urk1ft4fl3mg5e62d9ado", "client_secret": OWN_SECRET}
VALUES = [
    pytest.param(json.dumps(WHOLE), id="json"),
    pytest.param(json.dumps({"client_secret": OWN_SECRET}, separators=(",", ":")), id="json-without-blanks"),
    pytest.param(json.dumps(OWN_SECRET), id="a-json-string"),
    pytest.param(f"client_secret='{OWN_SECRET}'", id="an-assignment"),
    pytest.param(f"{{{{resolve:secretsmanager:shop:SecretString:{OWN_SECRET}}}}}", id="a-dynamic-reference"),
    pytest.param(WHOLE, id="a-map"),
    pytest.param([OWN_SECRET], id="a-list"),
]


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize("value", VALUES)
def test_a_secrets_value_in_place_of_its_name_is_refused_and_quoted_nowhere(
    world: World, value: object, kind: str
) -> None:
    client_id = world.existing(GenerateSecret=True)
    wrong = {**CONFIDENTIAL, "SecretId": value}

    answer = world.create(wrong) if kind == "Create" else world.update(client_id, wrong, CONFIDENTIAL)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER if kind == "Create" else client_id)
    assert "SecretId: " in answer.reason
    assert world.calls() == []
    assert not leaked(answer.reason + world.logged.getvalue())


@pytest.mark.parametrize("value", VALUES)
def test_a_secrets_value_in_the_previous_template_is_quoted_nowhere_and_blocks_nothing(
    world: World, value: object
) -> None:
    client_id = world.existing(GenerateSecret=True)
    wrong = {**CONFIDENTIAL, "SecretId": value}

    updated, deleted = world.update(client_id, CONFIDENTIAL, wrong), world.delete(client_id, wrong)

    assert (updated.status, deleted.status) == ("SUCCESS", "SUCCESS")
    assert not leaked(updated.reason + deleted.reason + world.logged.getvalue())


@pytest.mark.parametrize(
    "secret_id",
    [
        "shop/web_1+a=b.c@d-e",
        "rds!cluster-1",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/web-AbCdEf",
        "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:shop/web-AbCdEf",
        "x" * 512,
    ],
)
def test_every_name_and_arn_that_secrets_manager_has_is_taken(secret_id: str) -> None:
    assert parse({**BARE, "SecretId": secret_id}) == ({**BARE, "SecretId": secret_id}, [])
