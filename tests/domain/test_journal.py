"""What is remembered of a change comes back as it was, whatever Cognito can hold, and never holds a secret."""

from __future__ import annotations

import dataclasses
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.strategies import valid_templates
from tests.given import CLIENT_ID, POOL
from user_pool_client.domain.journal import Begin, Begun, Change, End, Record, Responded, digest
from user_pool_client.domain.parsing import parse
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.operations.no_journal import NoJournal

# Half a pair of surrogates is text too: Python reads one from JSON.
TEXTS = st.text(st.characters(), max_size=40)
# What Cognito shows of a client: texts, numbers, switches, lists of texts, and maps of these.
SIMPLE = st.one_of(TEXTS, st.integers(), st.booleans(), st.none())
SETTINGS = st.dictionaries(
    TEXTS, st.one_of(SIMPLE, st.lists(TEXTS, max_size=5), st.dictionaries(TEXTS, SIMPLE, max_size=3)), max_size=6
)
MINUTES = st.one_of(st.none(), st.integers(0, 1440))
CHANGES = st.builds(
    Change,
    *(TEXTS,) * 5,
    client_id=TEXTS,
    previous_id=TEXTS,
    imported=st.booleans(),
    before=SETTINGS,
    after=SETTINGS,
    minutes_before=MINUTES,
    minutes_after=MINUTES,
    policy_id=TEXTS,
    policy_before=SETTINGS,
    policy_after=st.none() | SETTINGS,
    has_secret=st.dictionaries(TEXTS, st.booleans(), max_size=2),
    secret_id=TEXTS,
    version_before=TEXTS,
    version_after=TEXTS,
)
ONE = Change("request", "Update", "desired", "applied", POOL)


@given(CHANGES)
def test_any_change_comes_back_as_it_was(change: Change) -> None:
    assert Change.decode(change.encode()) == change


@given(valid_templates(), valid_templates())
def test_the_settings_of_any_template_come_back_as_they_were(before: dict[str, Any], after: dict[str, Any]) -> None:
    settings = []
    for template in (before, after):
        desired, problems = parse(template)
        assert problems == []
        settings.append({name: value for name, value in desired.items() if not isinstance(value, Sensitive)})
    change = dataclasses.replace(ONE, before=settings[0], after=settings[1])

    assert Change.decode(change.encode()) == change


@pytest.mark.parametrize("letter", ["a", "ü", "語", "🐍", "\ud83d", "\x00", '"', "\\"])
def test_as_many_urls_as_cognito_takes_come_back_as_they_were(letter: str) -> None:
    urls = [f"{number}{letter * 1020}" for number in range(100)]
    settings = {"CallbackURLs": urls, "LogoutURLs": urls[::-1]}
    change = dataclasses.replace(ONE, before=settings, after=settings)

    assert Change.decode(change.encode()) == change


@pytest.mark.parametrize(
    "settings",
    [
        {"ClientSecret": Sensitive("canary")},
        {"Deep": {"er": [Sensitive("canary")]}},
        {"CallbackURLs": [Sensitive("canary")]},
    ],
)
def test_a_secret_among_the_settings_cannot_be_encoded(settings: dict[str, Any]) -> None:
    for change in (dataclasses.replace(ONE, before=settings), dataclasses.replace(ONE, after=settings)):
        with pytest.raises(TypeError):
            change.encode()


def test_a_member_that_a_later_version_has_added_is_passed_over() -> None:
    value = {**dataclasses.asdict(ONE), "from_tomorrow": [1]}

    assert Change.decode(zlib.compress(json.dumps(value).encode())) == ONE


def test_a_member_that_an_earlier_version_did_not_have_has_its_default() -> None:
    value = {name: getattr(ONE, name) for name in ("request", "request_type", "desired", "applied", "pool_id")}

    assert Change.decode(zlib.compress(json.dumps(value).encode())) == ONE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        zlib.compress(b""),
        zlib.compress(b"{}"),
        zlib.compress(b"[]"),
        zlib.compress(b"1"),
        zlib.compress(b"\xff\xfe\xfd"),
        zlib.compress(b'{"request": "only"}'),
        ONE.encode()[:-4],
    ],
)
def test_what_is_no_change_is_told_as_such(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Change.decode(content)


@given(st.dictionaries(TEXTS, SIMPLE, max_size=5))
def test_a_digest_knows_no_order_and_tells_apart_what_is_different(value: dict[str, Any]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))
    assert digest(value) != digest({**value, "another member": 1})


def test_a_digest_does_not_depend_on_a_secret() -> None:
    assert digest({"ClientSecret": Sensitive("one")}) == digest({"ClientSecret": Sensitive("two")})


@pytest.mark.parametrize(
    ("ended_at", "now", "at_work"), [(0.0, 9.9, True), (0.0, 10.0, False), (5.0, 6.0, False), (5.0, 11.0, False)]
)
def test_a_request_is_at_work_until_it_ends_or_its_time_is_up(ended_at: float, now: float, *, at_work: bool) -> None:
    assert Record("resource", "request", "Update", 0.0, "holder", 10.0, ended_at).is_at_work(now) is at_work


def test_without_a_table_everything_begins_and_nothing_is_known() -> None:
    journal = NoJournal()

    assert journal.begin(Begin("resource", "request", "Update", 0.0, "holder", 0.0, 300.0, ONE)) == Begun(None)
    journal.revise("resource", "holder", ONE)
    journal.end(End("resource", "holder", 1.0, Responded("SUCCESS", CLIENT_ID)))
    assert (journal.read("resource"), journal.owner(POOL, CLIENT_ID)) == (None, None)
