"""A secret prints as stars, wherever it gets to."""

from __future__ import annotations

import json
import pprint
from dataclasses import dataclass

import pytest

from tests.canaries import CLIENT_SECRET, OWN_SECRET, leaked
from user_pool_client.domain.sensitive import MASK, Sensitive, mask

SECRET = Sensitive(CLIENT_SECRET)


@dataclass
class Holder:
    secret: Sensitive


@pytest.mark.parametrize(
    "printed",
    [
        pytest.param(str(SECRET), id="as-a-string"),
        pytest.param(repr(SECRET), id="as-a-representation"),
        pytest.param(f"{SECRET}", id="in-an-f-string"),
        pytest.param(f"{SECRET!r:>40}", id="in-an-f-string-with-conversion-and-width"),
        pytest.param(f"{SECRET:>40}", id="in-an-f-string-with-a-width"),
        pytest.param("%s %r" % (SECRET, SECRET), id="in-percent-formatting"),  # noqa: UP031
        pytest.param(str([SECRET]), id="in-a-list"),
        pytest.param(str({"ClientSecret": SECRET}), id="in-a-map"),
        pytest.param(str(Holder(SECRET)), id="in-a-dataclass"),
        pytest.param(pprint.pformat({"ClientSecret": SECRET}), id="pretty-printed"),
        pytest.param(json.dumps({"ClientSecret": SECRET}, default=str), id="as-json-of-a-logger"),
        pytest.param(str(ValueError(SECRET)), id="in-an-error"),
    ],
)
def test_a_secret_prints_as_stars(printed: str) -> None:
    assert MASK in printed
    assert not leaked(printed)


def test_json_refuses_a_secret_that_nobody_revealed() -> None:
    with pytest.raises(TypeError) as refused:
        json.dumps({"ClientSecret": SECRET})

    assert not leaked(str(refused.value))


def test_reveal_gives_the_value() -> None:
    assert SECRET.reveal() == CLIENT_SECRET


def test_equal_values_are_equal_secrets() -> None:
    assert Sensitive("a") == Sensitive("a")
    assert Sensitive("a") != Sensitive("b")
    assert len({Sensitive("a"), Sensitive("a")}) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("nothing of interest", "nothing of interest", id="a-text-without-secrets-stays"),
        pytest.param(f"{OWN_SECRET} is bad", "*** is bad", id="a-secret-goes"),
        pytest.param(
            f"{CLIENT_SECRET}, {OWN_SECRET}, {CLIENT_SECRET}", "***, ***, ***", id="every-occurrence-of-all-goes"
        ),
        pytest.param(
            "1 validation error detected: Value 'abc' at 'clientSecret' failed to satisfy constraint: Member must …",
            "1 validation error detected: Value '***' at 'clientSecret' failed to satisfy constraint: Member must …",
            id="what-cognito-quotes-at-client-secret-goes-even-if-nobody-told-of-it",
        ),
        pytest.param(
            "2 validation errors detected: Value 'ab' at 'clientSecret' failed; Value 'a/b' at 'clientName' failed",
            "2 validation errors detected: Value '***' at 'clientSecret' failed; Value 'a/b' at 'clientName' failed",
            id="other-quoted-values-stay",
        ),
    ],
)
def test_secrets_are_masked_in_texts_of_others(text: str, expected: str) -> None:
    assert mask(text, [SECRET, Sensitive(OWN_SECRET), Sensitive("")]) == expected
