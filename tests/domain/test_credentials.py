"""A secret's value is read if it is in our form, whoever wrote it, and is None if it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.canaries import CLIENT_SECRET, leaked
from user_pool_client.domain.credentials import Credentials
from user_pool_client.domain.sensitive import Sensitive

WHOLE = Credentials(
    "1example23456789",
    Sensitive(CLIENT_SECRET),
    "1example23456789--1770000000",
    "eu-west-1_Abc123xyz",
    "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123xyz",
    "https://shop.auth.eu-west-1.amazoncognito.com/oauth2/token",
    "arn:aws:iam::222222222222:role/app-clients",
    "shop-7",
)
AS_KEPT = {
    "client_id": "1example23456789",
    "client_secret": CLIENT_SECRET,
    "client_secret_id": "1example23456789--1770000000",
    "user_pool_id": "eu-west-1_Abc123xyz",
    "issuer": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123xyz",
    "discovery_url": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123xyz/.well-known/openid-configuration",
    "token_endpoint": "https://shop.auth.eu-west-1.amazoncognito.com/oauth2/token",
    "role_arn": "arn:aws:iam::222222222222:role/app-clients",
    "external_id": "shop-7",
}
OPTIONAL = [name for name in AS_KEPT if name != "client_secret"]


def test_the_value_has_the_documented_members() -> None:
    written = {name: text for name, text in AS_KEPT.items() if name != "external_id"}

    assert json.loads(WHOLE.text().reveal()) == written
    assert Credentials.parse(json.dumps(AS_KEPT)) == WHOLE


def test_what_there_is_none_of_is_not_in_the_value() -> None:
    value = json.loads(Credentials("1example23456789", Sensitive(CLIENT_SECRET)).text().reveal())

    assert value == {"client_id": "1example23456789", "client_secret": CLIENT_SECRET}


def test_a_value_from_before_the_discovery_url_equals_one_with_it() -> None:
    before = {name: text for name, text in AS_KEPT.items() if name != "discovery_url"}

    assert Credentials.parse(json.dumps(before)) == WHOLE


def test_a_client_secret_alone_is_enough() -> None:
    assert Credentials.parse(json.dumps({"client_secret": CLIENT_SECRET})) == Credentials("", Sensitive(CLIENT_SECRET))


def test_what_others_have_written_beside_is_not_looked_at() -> None:
    assert Credentials.parse(json.dumps({**AS_KEPT, "username": "x", "port": 5432, "client_secret_": None})) == WHOLE


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("not JSON", id="no-json"),
        pytest.param(CLIENT_SECRET, id="the-bare-secret"),
        pytest.param(json.dumps(CLIENT_SECRET), id="a-string"),
        pytest.param(json.dumps([AS_KEPT]), id="a-list"),
        pytest.param("null", id="null"),
        pytest.param("7", id="a-number"),
        pytest.param("NaN", id="nan"),
        pytest.param("{}", id="an-empty-object"),
        pytest.param(json.dumps(AS_KEPT)[:-1], id="cut-off"),
        pytest.param(json.dumps(AS_KEPT) + "}", id="too-much"),
        pytest.param("\ufeff" + json.dumps(AS_KEPT), id="a-byte-order-mark"),
        pytest.param('{"client_secret": ' + "[" * 30000, id="deep"),
        pytest.param('{"client_secret": ' + "[" * 30000 + "]" * 30000 + "}", id="deep-and-whole"),
        pytest.param('{"client_secret": ' + "9" * 60000 + "}", id="a-number-that-python-does-not-read"),
        pytest.param(json.dumps({"client_secret": ""}), id="an-empty-secret"),
        pytest.param(json.dumps({"client_secret": None}), id="no-secret"),
        pytest.param(json.dumps({"client_secret": [CLIENT_SECRET]}), id="a-list-of-secrets"),
        pytest.param(json.dumps({"client_secret": {"x": CLIENT_SECRET}}), id="a-secret-within"),
        pytest.param(json.dumps({"Client_Secret": CLIENT_SECRET}), id="in-capitals"),
        *[
            pytest.param(json.dumps({**AS_KEPT, name: wrong}), id=f"{name}-{wrong}")
            for name in OPTIONAL
            for wrong in (7.5, True, ["x"], {"x": "y"})
        ],
    ],
)
def test_what_is_not_in_our_form_is_none(text: str) -> None:
    assert Credentials.parse(text) is None


@pytest.mark.parametrize(("written", "read"), [(None, ""), (7, "7")], ids=["null", "number"])
@pytest.mark.parametrize("name", OPTIONAL)
def test_null_is_absent_and_a_number_is_its_digits(name: str, written: int | None, read: str) -> None:
    assert Credentials.parse(json.dumps({**AS_KEPT, name: written})) == Credentials.parse(
        json.dumps({**AS_KEPT, name: read})
    )


ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
ANY_VALUE = st.dictionaries(st.sampled_from(list(AS_KEPT)), st.text(max_size=9) | ANY_JSON, max_size=8)


@given(value=ANY_VALUE | ANY_JSON, ascii_only=st.booleans())
@settings(max_examples=50)
def test_any_json_is_read_or_is_none(value: Any, ascii_only: bool) -> None:
    credentials = Credentials.parse(json.dumps(value, ensure_ascii=ascii_only))

    members = value if isinstance(value, dict) else {}
    secret = members.get("client_secret")
    others = [members[name] for name in members.keys() & set(OPTIONAL)]
    in_our_form = isinstance(secret, str) and secret and all(type(one) in (str, int, type(None)) for one in others)
    assert (credentials is not None) == bool(in_our_form)
    if credentials is not None:
        assert credentials.client_secret.reveal() == secret
        assert credentials.client_id == ("" if members.get("client_id") is None else str(members["client_id"]))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({}, True, id="stored-beforehand"),
        pytest.param({"client_id": None, "issuer": ""}, True, id="stored-beforehand-with-empty-members"),
        pytest.param({"note": "mine"}, False, id="another-programs-secret"),
        pytest.param({"client_id": "own"}, True, id="put-there-by-hand-for-the-own-client"),
        pytest.param({"client_id": "own", "note": "mine"}, True, id="the-own-clients-with-a-member-more"),
        pytest.param({"client_id": "other", "user_pool_id": "eu-west-1_Abc123xyz"}, True, id="another-client-of-ours"),
        pytest.param({"client_id": "1.apps.example.com"}, False, id="another-providers-client"),
        pytest.param({"client_id": "other", "user_pool_id": "eu-west-1_A", "key": "x"}, False, id="half-ours"),
        pytest.param(
            {"client_id": "other", "user_pool_id": "eu-west-1_A", "discovery_url": "https://x"},
            True,
            id="another-client-of-ours-with-its-discovery-url",
        ),
    ],
)
def test_whose_a_value_is(value: dict[str, object], expected: bool) -> None:
    credentials = Credentials.parse(json.dumps({"client_secret": CLIENT_SECRET, **value}))

    assert credentials is not None
    assert credentials.is_of("own") is expected


@given(text=st.text(max_size=40))
@settings(max_examples=50)
def test_any_text_is_read_without_an_error(text: str) -> None:
    Credentials.parse(text)


@given(members=st.lists(st.text(max_size=20), min_size=6, max_size=6), secret=st.text(min_size=1, max_size=64))
@settings(max_examples=50)
def test_what_is_kept_is_read_again_whatever_it_is(members: list[str], secret: str) -> None:
    credentials = Credentials(members[0], Sensitive(secret), *members[1:])

    assert Credentials.parse(credentials.text().reveal()) == credentials


def test_neither_the_credentials_nor_their_text_show_the_secret() -> None:
    assert not leaked(f"{WHOLE} {WHOLE!r} {WHOLE.text()} {WHOLE.text()!r}")
