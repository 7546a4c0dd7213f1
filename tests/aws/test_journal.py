"""The journal keeps the requests of a resource in order and remembers what they did, over a fake table and moto's."""

from __future__ import annotations

import base64
import dataclasses
import functools
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.journals import (
    DONE,
    NOW,
    OTHER_RESOURCE,
    RESOURCE,
    Time,
    a_begin,
    a_change,
    a_fake,
    an_end,
    motos,
    owned,
)
from tests.given import POOL
from user_pool_client.domain.errors import TryLater
from user_pool_client.domain.journal import Begun, NotBegun, Record, Responded, RotationNote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from user_pool_client.aws.dynamodb import Journal
    from user_pool_client.domain.journal import Change


@pytest.fixture(params=[a_fake, motos], ids=["fake", "moto"])
def journal(request: pytest.FixtureRequest) -> Iterator[Journal]:
    with request.param():
        yield Time().journal()


@functools.cache
def too_long(seed: int = 1) -> Change:
    """Return a change that fits into no item: lists of URLs as long as Cognito takes them, which do not compress."""
    dice = random.Random(seed)  # noqa: S311 - any text
    urls = ["".join(chr(dice.randrange(0x10000, 0x20000)) for _ in range(1024)) for _ in range(200)]
    settings = {"CallbackURLs": urls[:100], "LogoutURLs": urls[100:]}
    return a_change(before=settings, after={name: values[::-1] for name, values in settings.items()})


def test_of_a_resource_without_requests_nothing_is_known(journal: Journal) -> None:
    assert journal.read(RESOURCE) is None
    assert journal.owner(POOL, "client1") is None


def test_a_first_request_begins_and_is_at_work(journal: Journal) -> None:
    begin = a_begin()

    assert journal.begin(begin) == Begun(None)

    record = journal.read(RESOURCE)
    assert record == Record(
        RESOURCE, "request1", "Update", NOW, "request1's first", NOW + 300, change=a_change("request1")
    )
    assert record.is_at_work(NOW + 299)
    assert not record.is_at_work(NOW + 300)


def test_what_a_request_was_answered_is_remembered(journal: Journal) -> None:
    begin, told = a_begin(), Responded("FAILED", "client1", 'Cognito refused: "ü" \ud83d')
    journal.begin(begin)

    journal.end(an_end(begin, told))

    record = journal.read(RESOURCE)
    assert record is not None
    assert (record.response, record.ended_at, record.change) == (told, NOW + 1, begin.change)
    assert not record.is_at_work(NOW + 2)


def test_a_second_delivery_finds_the_first_at_work(journal: Journal) -> None:
    journal.begin(a_begin())

    second = journal.begin(a_begin(holder="another", now=NOW + 1))

    assert second == NotBegun(journal.read(RESOURCE))  # type: ignore[arg-type]
    assert isinstance(second, NotBegun)
    assert second.record.holder == "request1's first"


def test_a_second_delivery_finds_the_answer_to_the_first(journal: Journal) -> None:
    journal.begin(a_begin())
    journal.end(an_end(a_begin()))

    second = journal.begin(a_begin(holder="another", now=NOW + 1000, until=NOW + 1300))

    assert isinstance(second, NotBegun)
    assert second.record.response == DONE


def test_a_second_delivery_takes_over_when_the_firsts_time_is_up(journal: Journal) -> None:
    journal.begin(a_begin())

    second = journal.begin(a_begin(holder="another", now=NOW + 300, until=NOW + 600, change=a_change(client_id="new")))

    assert isinstance(second, Begun)
    assert second.previous is not None
    assert second.previous.change == a_change("request1")
    assert second.previous.response is None
    record = journal.read(RESOURCE)
    assert record is not None
    assert (record.holder, record.change) == ("another", a_change(client_id="new"))


def test_the_one_that_was_taken_over_from_ends_quietly_and_changes_nothing(journal: Journal) -> None:
    journal.begin(a_begin())
    journal.begin(a_begin(holder="another", now=NOW + 300, until=NOW + 600))
    before = journal.read(RESOURCE)

    journal.end(an_end(a_begin(), owned=owned("client2"), released=(POOL, "client1"), deleted=True))
    journal.end(an_end(a_begin()))

    assert journal.read(RESOURCE) == before
    assert journal.owner(POOL, "client2") is None


def test_an_end_without_a_beginning_does_nothing(journal: Journal) -> None:
    journal.end(an_end(a_begin(), owned=owned()))
    journal.end(an_end(a_begin()))

    assert journal.read(RESOURCE) is None
    assert journal.owner(POOL, "client1") is None


def test_a_request_that_a_later_one_has_overtaken_does_not_begin(journal: Journal) -> None:
    later = a_begin("later", signed_at=NOW + 2)
    journal.begin(later)
    journal.end(an_end(later))

    for now in (NOW + 3, NOW + 3000):
        early = journal.begin(a_begin("early", now=now, until=now + 300))
        assert isinstance(early, NotBegun)
        assert early.record.request == "later"


def test_the_next_request_waits_for_the_one_at_work_and_learns_what_that_changed(journal: Journal) -> None:
    first = a_begin()
    journal.begin(first)
    rollback = a_begin("rollback", signed_at=NOW + 2, now=NOW + 3, change=None)

    assert isinstance(journal.begin(rollback), NotBegun)
    journal.end(an_end(first, change=a_change(version_after="version2")))
    begun = journal.begin(rollback)

    assert isinstance(begun, Begun)
    assert begun.previous is not None
    assert begun.previous.request == "request1"
    assert begun.previous.change == a_change(version_after="version2")


def test_a_rollback_keeps_the_change_that_it_undoes(journal: Journal) -> None:
    first, rollback = a_begin(), a_begin("rollback", signed_at=NOW + 2, change=None)
    journal.begin(first)
    journal.end(an_end(first))

    journal.begin(rollback)
    during = journal.read(RESOURCE)
    journal.end(an_end(rollback, change=a_change(version_after="version2")))
    after = journal.read(RESOURCE)

    assert during is not None
    assert after is not None
    assert (during.request, during.change, during.response) == ("rollback", first.change, None)
    assert (after.request, after.change) == ("rollback", a_change(version_after="version2"))


def test_a_request_that_has_planned_anew_replaces_its_change_and_nothing_else(journal: Journal) -> None:
    first, second, anew = a_begin(), a_begin("request2", signed_at=NOW + 2), a_change("request2", client_id="client2")
    journal.begin(first)
    journal.end(an_end(first, owned=owned()))
    journal.begin(second)
    before = journal.read(RESOURCE)

    journal.revise(RESOURCE, second.holder, anew)
    journal.revise(RESOURCE, second.holder, anew)

    assert before is not None
    assert journal.read(RESOURCE) == dataclasses.replace(before, change=anew)
    repeated = journal.begin(second)
    assert isinstance(repeated, Begun)
    assert repeated.previous is not None
    assert repeated.previous.change == first.change


def test_a_change_is_revised_by_the_request_at_work_only(journal: Journal) -> None:
    def refused(holder: str) -> bool:
        before = journal.read(RESOURCE)
        with pytest.raises(TryLater, match="another request has taken over"):
            journal.revise(RESOURCE, holder, a_change(client_id="client2"))
        return journal.read(RESOURCE) == before

    first, other = a_begin(), a_begin(holder="another", now=NOW + 300, until=NOW + 600)
    assert refused(first.holder), "it has not begun"
    journal.begin(first)
    journal.begin(other)
    assert refused(first.holder), "another one has taken over"
    journal.end(an_end(other))
    assert refused(other.holder), "it has ended"


def test_a_repetition_after_a_lost_answer_begins_with_what_was_there_before(journal: Journal) -> None:
    first, second = a_begin(), a_begin("request2", signed_at=NOW + 2)
    assert [journal.begin(first), journal.begin(first)] == [Begun(None), Begun(None)]
    journal.end(an_end(first, owned=owned()))

    begun = [journal.begin(second) for _ in range(3)]

    assert begun == [begun[0]] * 3
    assert isinstance(begun[0], Begun)
    assert begun[0].previous == Record(
        RESOURCE, "request1", "Update", NOW, first.holder, first.until, NOW + 1, DONE, first.change, POOL, "client1"
    )


def test_a_holder_that_has_ended_does_not_begin_again(journal: Journal) -> None:
    journal.begin(a_begin())
    journal.end(an_end(a_begin()))

    assert isinstance(journal.begin(a_begin()), NotBegun)


def test_an_end_that_is_repeated_changes_nothing_more(journal: Journal) -> None:
    begin = a_begin()
    end = an_end(begin, owned=owned("client2"), released=(POOL, "client1"), change=a_change(client_id="client2"))
    journal.begin(begin)
    journal.end(end)
    before = journal.read(RESOURCE)

    journal.end(end)

    assert journal.read(RESOURCE) == before
    assert journal.owner(POOL, "client2") == owned("client2")


def test_the_secret_that_holds_a_clients_secret_is_found_as_it_was_noted_last(journal: Journal) -> None:
    assert journal.rotation_note(POOL, "client1") == RotationNote()

    journal.note_rotation(POOL, "client1", RotationNote("arn:one", "shop-7"))
    journal.note_rotation(POOL, "client1", RotationNote("arn:two"))
    journal.note_rotation(POOL, "client2", RotationNote("arn:three", "shop-7"))

    assert journal.rotation_note(POOL, "client1") == RotationNote("arn:two")
    assert journal.rotation_note(POOL, "client2") == RotationNote("arn:three", "shop-7")
    assert journal.rotation_note("us-east-1_Other4567", "client1") == RotationNote()
    assert journal.owner(POOL, "client1") is None


def test_a_clients_resource_is_found_until_it_is_released(journal: Journal) -> None:
    create, delete = a_begin(), a_begin("delete", signed_at=NOW + 9, request_type="Delete", change=None)
    journal.begin(create)
    journal.end(an_end(create, owned=owned(imported=True)))

    assert journal.owner(POOL, "client1") == owned(imported=True)
    assert journal.owner("us-east-1_Other4567", "client1") is None
    record = journal.read(RESOURCE)
    assert record is not None
    assert (record.pool_id, record.client_id) == (POOL, "client1")

    journal.begin(delete)
    journal.end(an_end(delete, released=(POOL, "client1"), deleted=True))

    assert journal.owner(POOL, "client1") is None
    record = journal.read(RESOURCE)
    assert record is not None
    assert (record.request, record.pool_id, record.client_id) == ("delete", "", "")


def test_a_client_that_another_resource_has_by_now_stays_that_ones(journal: Journal) -> None:
    mine, other = a_begin(), a_begin("import", resource=OTHER_RESOURCE)
    journal.begin(mine)
    journal.end(an_end(mine, owned=owned()))
    journal.begin(other)
    journal.end(an_end(other, owned=owned(resource=OTHER_RESOURCE, imported=True)))
    delete = a_begin("delete", signed_at=NOW + 9, change=None)
    journal.begin(delete)

    journal.end(an_end(delete, released=(POOL, "client1"), deleted=True))

    assert journal.owner(POOL, "client1") == owned(resource=OTHER_RESOURCE, imported=True)
    record = journal.read(RESOURCE)
    assert record is not None
    assert record.response == DONE


def test_the_former_client_of_a_replacement_is_released_and_the_new_one_stays(journal: Journal) -> None:
    update, clean_up = a_begin(), a_begin("clean up", signed_at=NOW + 5, change=None)
    journal.begin(update)
    journal.end(an_end(update, owned=owned("client2")))
    journal.begin(clean_up)

    journal.end(an_end(clean_up, released=(POOL, "client1")))

    record = journal.read(RESOURCE)
    assert record is not None
    assert record.client_id == "client2"
    assert journal.owner(POOL, "client2") == owned("client2")


def test_a_client_that_is_both_released_and_owned_is_owned(journal: Journal) -> None:
    begin = a_begin()
    journal.begin(begin)

    journal.end(an_end(begin, owned=owned(), released=(POOL, "client1")))

    assert journal.owner(POOL, "client1") == owned()


def test_a_late_duplicate_meets_a_deleted_resource(journal: Journal) -> None:
    create, delete = a_begin(), a_begin("delete", signed_at=NOW + 9, change=None)
    journal.begin(create)
    journal.end(an_end(create, owned=owned()))
    journal.begin(delete)
    journal.end(an_end(delete, released=(POOL, "client1"), deleted=True))

    late = journal.begin(dataclasses.replace(create, holder="late", now=NOW + 999, until=NOW + 1299))

    assert isinstance(late, NotBegun)
    assert late.record.request == "delete"


def test_a_resource_that_is_created_anew_begins_where_the_deleted_one_was(journal: Journal) -> None:
    delete = a_begin("delete", change=None)
    journal.begin(delete)
    journal.end(an_end(delete, deleted=True))

    begun = journal.begin(a_begin("create", signed_at=NOW + 60, now=NOW + 60))

    assert isinstance(begun, Begun)
    assert begun.previous is not None
    assert (begun.previous.request, begun.previous.change) == ("delete", None)


def test_changes_that_fit_into_no_item_come_back_whole(journal: Journal) -> None:
    first, second = a_begin(change=too_long(1)), a_begin("request2", signed_at=NOW + 1, change=too_long(2))
    assert len(too_long().encode()) > 400 * 1024

    journal.begin(first)
    refused = journal.begin(dataclasses.replace(first, holder="another"))
    journal.end(an_end(first))
    begun = [journal.begin(second), journal.begin(second)]
    record = journal.read(RESOURCE)
    journal.end(an_end(second, change=too_long(3)))
    ended = journal.read(RESOURCE)
    third = a_begin("request3", signed_at=NOW + 2)
    journal.begin(third)
    journal.revise(RESOURCE, third.holder, too_long(4))
    revised = journal.read(RESOURCE)

    assert isinstance(refused, NotBegun)
    assert refused.record.change == too_long(1)
    assert all(isinstance(one, Begun) and one.previous and one.previous.change == too_long(1) for one in begun)
    assert record is not None
    assert record.change == too_long(2)
    assert ended is not None
    assert ended.change == too_long(3)
    assert revised is not None
    assert revised.change == too_long(4)


APPLIED = {"UserPoolId": POOL, "CallbackURLs": ["https://a.example.com"], "GenerateSecret": True}


def noted(journal: Journal, resource: str = RESOURCE, **members: Any) -> Record:
    """Return what is known of a resource after a request that noted the template that was applied."""
    begin = a_begin(resource=resource, **members)
    journal.begin(begin)
    journal.end(an_end(begin, owned=owned(), applied=APPLIED))
    record = journal.read(resource)
    assert record is not None
    return record


def test_the_template_that_was_applied_is_known_until_the_resource_is_deleted(journal: Journal) -> None:
    assert noted(journal).applied == APPLIED

    delete = a_begin("request2", signed_at=NOW + 9, request_type="Delete", change=None)
    journal.begin(delete)
    assert journal.read(RESOURCE).applied == APPLIED  # type: ignore[union-attr]
    journal.end(an_end(delete, deleted=True))

    assert journal.read(RESOURCE).applied is None  # type: ignore[union-attr]


def test_a_request_that_had_nothing_to_change_is_noted_as_begun_and_ended(journal: Journal) -> None:
    before = noted(journal)
    begin = a_begin("request2", signed_at=NOW + 9, now=NOW + 9, change=None)
    applied = {**APPLIED, "LogoutURLs": []}

    journal.note(begin, an_end(begin, applied=applied))

    record = journal.read(RESOURCE)
    assert record is not None
    assert (record.request, record.response, record.ended_at) == ("request2", DONE, NOW + 10)
    assert (record.applied, record.change, record.client_id) == (applied, before.change, "client1")
    assert isinstance(journal.begin(begin), NotBegun)  # a second delivery finds its response


def test_a_resource_of_which_nothing_was_known_can_be_noted(journal: Journal) -> None:
    begin = a_begin(change=None)

    journal.note(begin, an_end(begin, applied=APPLIED, owned=owned()))

    record = journal.read(RESOURCE)
    assert record is not None
    assert (record.applied, record.client_id) == (APPLIED, "client1")
    assert journal.owner(POOL, "client1") == owned()


def test_nothing_is_noted_over_a_request_at_work_or_a_later_one(journal: Journal) -> None:
    noted(journal, signed_at=NOW + 20)
    early, later = a_begin("request2", signed_at=NOW + 9), a_begin("request3", signed_at=NOW + 30)

    journal.note(early, an_end(early, applied={}))
    journal.begin(later)
    journal.note(a_begin("request4", signed_at=NOW + 40), an_end(a_begin("request4"), applied={}))

    record = journal.read(RESOURCE)
    assert record is not None
    assert (record.request, record.applied) == ("request3", APPLIED)


def test_every_resource_with_a_client_is_found_however_many_pages_there_are(journal: Journal) -> None:
    names = {f"{RESOURCE}{number}" for number in range(5)}
    for name in names:
        noted(journal, resource=name)
    deleted = a_begin("request2", resource=min(names), signed_at=NOW + 9, request_type="Delete", change=None)
    journal.begin(deleted)
    journal.end(an_end(deleted, deleted=True))
    journal.note_rotation(POOL, "client1", RotationNote("arn"))

    found = {record.resource: record for record in journal.resources()}

    assert found.keys() == names - {min(names)}
    assert all(record == journal.read(name) for name, record in found.items())


def test_a_request_does_not_begin_while_its_client_is_healed(journal: Journal) -> None:
    record = noted(journal)
    assert journal.begin_heal(record, NOW + 5, NOW + 35)
    request = a_begin("request2", signed_at=NOW + 9, now=NOW + 9)

    refused = journal.begin(request)
    assert isinstance(refused, NotBegun)
    assert refused.record.is_at_work(NOW + 34)
    assert not refused.record.is_at_work(NOW + 35)

    journal.end_heal(record, NOW + 10)
    begun = journal.begin(dataclasses.replace(request, now=NOW + 10))
    assert isinstance(begun, Begun)
    assert begun.previous is not None
    assert begun.previous.changed_after(NOW + 9.5)
    assert begun.previous.heals == (NOW + 5,)


def test_a_heal_that_is_never_ended_keeps_requests_waiting_only_for_its_time(journal: Journal) -> None:
    record = noted(journal)
    journal.begin_heal(record, NOW + 5, NOW + 35)

    assert isinstance(journal.begin(a_begin("request2", signed_at=NOW + 9, now=NOW + 35)), Begun)


def test_no_heal_begins_beside_a_request_another_heal_or_after_a_later_request(journal: Journal) -> None:
    record = noted(journal)
    assert journal.begin_heal(record, NOW + 5, NOW + 35)
    assert not journal.begin_heal(record, NOW + 6, NOW + 36)

    request = a_begin("request2", signed_at=NOW + 40, now=NOW + 40, until=NOW + 300)
    journal.begin(request)
    at_work = journal.read(RESOURCE)
    assert at_work is not None
    assert not journal.begin_heal(at_work, NOW + 41, NOW + 71)
    journal.end(an_end(request))
    assert not journal.begin_heal(record, NOW + 50, NOW + 80)

    now = journal.read(RESOURCE)
    assert now is not None
    assert journal.begin_heal(now, NOW + 51, NOW + 81)


def test_the_two_latest_heals_are_remembered_and_limit_the_next_one(journal: Journal) -> None:
    noted(journal)
    for moment in (10, 20, 30):
        record = journal.read(RESOURCE)
        assert record is not None
        assert journal.begin_heal(record, NOW + moment, NOW + moment + 1)

    latest = journal.read(RESOURCE)
    assert latest is not None
    assert latest.heals == (NOW + 20, NOW + 30)
    day = 86_400
    assert [latest.may_be_healed(NOW + moment) for moment in (31, day + 19, day + 21)] == [False, False, True]


def test_two_changes_that_just_fit_share_an_item(journal: Journal) -> None:
    dice = random.Random(5)  # noqa: S311 - any text
    changes = [a_change(before={"ClientName": base64.b85encode(dice.randbytes(87_500)).decode()}) for _ in range(2)]
    assert [85_000 < len(change.encode()) <= 90_000 for change in changes] == [True, True]
    first, second = a_begin(change=changes[0]), a_begin("request2", signed_at=NOW + 1, change=changes[1])
    journal.begin(first)
    applied = {"ReadAttributes": [base64.b85encode(dice.randbytes(87_500)).decode()]}
    journal.end(an_end(first, Responded("FAILED", "client1", "x" * 3000), applied=applied))

    begun = journal.begin(second)
    journal.revise(RESOURCE, second.holder, changes[0])
    journal.end(an_end(second, Responded("FAILED", "client1", "x" * 3000)))

    assert isinstance(begun, Begun)
    assert begun.previous is not None
    assert (begun.previous.change, begun.previous.applied) == (changes[0], applied)
