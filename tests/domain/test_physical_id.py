"""Physical IDs, and the name of a client whose template gives none."""

from __future__ import annotations

import re

import pytest

from tests.given import STACK_ID
from user_pool_client.domain.physical_id import generated_name

# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
NAME = re.compile(r"[A-Za-z0-9_ \t\n\v\f\r+=,.@-]{1,128}")


@pytest.mark.parametrize(
    ("stack", "logical", "expected"),
    [
        pytest.param("shop", "WebClient", r"shop-WebClient-[0-9a-f]{12}", id="the-stack-and-the-logical-id"),
        pytest.param("a-b", "X", r"a-b-X-[0-9a-f]{12}", id="hyphens"),
        pytest.param("s" * 128, "L" * 255, r"s{115}-[0-9a-f]{12}", id="cut-to-128-characters"),
        pytest.param("s" * 60, "L" * 60, r"s{60}-L{54}-[0-9a-f]{12}", id="cut-within-the-logical-id"),
        pytest.param("größe", "Ü", r"gr--e---[0-9a-f]{12}", id="only-what-a-name-may-hold"),
    ],
)
def test_a_generated_name_shows_where_it_comes_from(stack: str, logical: str, expected: str) -> None:
    name = generated_name(f"arn:aws:cloudformation:us-east-1:123456789012:stack/{stack}/51af3dc0", logical)

    assert re.fullmatch(expected, name)
    assert NAME.fullmatch(name)


def test_other_stacks_and_other_resources_have_other_names() -> None:
    again = STACK_ID.replace("51af3dc0", "99999999")
    long = "L" * 200
    resources = [(STACK_ID, "WebClient"), (again, "WebClient"), (STACK_ID, "Other")]
    resources += [(STACK_ID, f"{long}1"), (STACK_ID, f"{long}2")]

    assert len({generated_name(*each) for each in resources}) == len(resources)


@pytest.mark.parametrize("stack_id", ["no-arn", "///", "arn:aws:cloudformation:us-east-1:1:stack//x"])
def test_a_stack_id_of_another_form_still_gives_a_name(stack_id: str) -> None:
    assert NAME.fullmatch(generated_name(stack_id, "WebClient"))
