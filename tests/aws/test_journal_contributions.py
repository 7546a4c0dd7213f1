"""What is contributed to a client is changed by one resource at a time, and its owner's requests wait meanwhile."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.journals import NOW, RESOURCE, Time, a_begin, a_fake, an_end, motos
from tests.given import POOL
from user_pool_client.domain.contributions import NOTHING, Contributions, values_of
from user_pool_client.domain.errors import TryLater
from user_pool_client.domain.journal import Begun, Held, Hold, NotBegun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from user_pool_client.aws.dynamodb import Journal

URLS = values_of({"CallbackURLs": ["https://a.example.com"]})
CONTRIBUTIONS = Contributions({"stack/one/Urls": URLS}, URLS)
ONE = Hold(POOL, "client1", "one", NOW, NOW + 300)
TWO = Hold(POOL, "client1", "two", NOW + 10, NOW + 310)
LATER = dataclasses.replace(TWO, now=NOW + 300, until=NOW + 600)


@pytest.fixture(params=[a_fake, motos], ids=["fake", "moto"])
def journal(request: pytest.FixtureRequest) -> Iterator[Journal]:
    with request.param():
        yield Time().journal()


def test_to_a_client_of_which_nothing_is_known_nothing_is_contributed(journal: Journal) -> None:
    assert journal.contributions(POOL, "client1") == NOTHING
    assert journal.hold(ONE) == Held(NOTHING)


def test_what_is_noted_is_read_and_given_to_the_next_holder(journal: Journal) -> None:
    journal.hold(ONE)
    journal.note_contributions(ONE, CONTRIBUTIONS)
    read = journal.contributions(POOL, "client1")

    journal.let_go(ONE, CONTRIBUTIONS, NOW + 5)

    assert read == CONTRIBUTIONS
    assert journal.hold(TWO) == Held(CONTRIBUTIONS, NOW + 5)


def test_nobody_holds_what_another_one_holds_until_its_time_is_up(journal: Journal) -> None:
    journal.hold(ONE)

    assert journal.hold(TWO) is None
    assert journal.hold(ONE) is not None  # a repetition after a lost answer
    assert journal.hold(LATER) == Held(NOTHING, NOW + 300)


def test_who_was_overtaken_notes_nothing(journal: Journal) -> None:
    journal.hold(ONE)
    journal.hold(LATER)

    with pytest.raises(TryLater, match="another request has taken over"):
        journal.note_contributions(ONE, CONTRIBUTIONS)
    journal.let_go(ONE, CONTRIBUTIONS, NOW + 301)

    assert journal.contributions(POOL, "client1") == NOTHING
    assert journal.hold(dataclasses.replace(TWO, holder="three", now=NOW + 302)) is None


def test_during_a_visit_no_request_of_the_owner_begins(journal: Journal) -> None:
    first = a_begin()
    journal.begin(first)
    assert not journal.visit(RESOURCE, ONE)
    journal.end(an_end(first))
    second = a_begin("request2", signed_at=NOW + 20, now=NOW + 20, until=NOW + 320)

    assert journal.visit(RESOURCE, TWO)
    assert not journal.visit(RESOURCE, dataclasses.replace(TWO, holder="three"))
    waiting = journal.begin(second)
    journal.leave(RESOURCE, ONE, NOW + 21)  # it is no longer there
    still_waiting = journal.begin(second)
    journal.leave(RESOURCE, TWO, NOW + 22)
    begun = journal.begin(second)

    for refused in (waiting, still_waiting):
        assert isinstance(refused, NotBegun)
        assert refused.record.is_at_work(NOW + 309)
        assert not refused.record.is_at_work(NOW + 310)
    assert isinstance(begun, Begun)
    assert begun.previous is not None
    assert begun.previous.changed_after(NOW + 21)
    assert not begun.previous.changed_after(NOW + 22)


def test_a_visit_that_was_never_ended_ends_with_its_time(journal: Journal) -> None:
    first = a_begin()
    journal.begin(first)
    journal.end(an_end(first))
    journal.visit(RESOURCE, TWO)

    begun = journal.begin(a_begin("request2", signed_at=NOW + 310, now=NOW + 310, until=NOW + 610))

    assert isinstance(begun, Begun)
    assert begun.previous is not None
    assert begun.previous.changed_after(NOW + 309)
    assert not begun.previous.changed_after(NOW + 310)


def test_a_visit_and_a_heal_of_drift_keep_each_other_waiting(journal: Journal) -> None:
    first = a_begin()
    journal.begin(first)
    journal.end(an_end(first))
    record = journal.read(RESOURCE)
    assert record is not None

    assert journal.visit(RESOURCE, TWO)
    healed_meanwhile = journal.begin_heal(record, TWO.now, TWO.now + 60)
    journal.leave(RESOURCE, TWO, TWO.now)
    healed = journal.begin_heal(record, TWO.now, TWO.now + 60)
    visited_meanwhile = journal.visit(RESOURCE, TWO)
    journal.end_heal(record, TWO.now)

    assert (healed_meanwhile, healed, visited_meanwhile) == (False, True, False)
    assert journal.visit(RESOURCE, TWO)


def test_an_owner_that_the_journal_does_not_know_need_not_be_visited(journal: Journal) -> None:
    assert journal.visit(RESOURCE, ONE)
    assert journal.read(RESOURCE) is None
