"""What goes wrong between the function and the journal is told in our words, and tried again while there is time."""

from __future__ import annotations

import dataclasses
import traceback
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import NoCredentialsError, SSLError
from botocore.session import get_session

from tests import canaries
from tests.fakes.cognito_limits import ApiError
from tests.fakes.dynamodb import CONFLICT, DENIED, PARAMETERS, SERVER_ERROR, THROTTLED, FakeDynamoDb
from tests.fakes.dynamodb import TransactionCancelledError as Cancelled
from tests.fixtures.journals import (
    CLIENTS,
    NOW,
    OTHER_RESOURCE,
    RESOURCE,
    TABLE,
    Time,
    a_begin,
    a_change,
    a_fake,
    an_end,
    owned,
)
from tests.given import POOL
from user_pool_client.aws.dynamodb import DYNAMODB
from user_pool_client.domain.errors import ProviderError, Refused, TryLater
from user_pool_client.domain.journal import Begun, NotBegun, Responded
from user_pool_client.domain.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.cognito import ConnectionFault
    from user_pool_client.aws.dynamodb import Journal

CALLS: dict[str, tuple[str, Callable[[Journal], object]]] = {
    "read": ("GetItem", lambda journal: journal.read(RESOURCE)),
    "owner": ("GetItem", lambda journal: journal.owner(POOL, "client1")),
    "begin": ("UpdateItem", lambda journal: journal.begin(a_begin())),
    "revise": ("UpdateItem", lambda journal: journal.revise(OTHER_RESOURCE, "request1's first", a_change())),
    "end": ("UpdateItem", lambda journal: journal.end(an_end(a_begin()))),
    "end with a client": ("TransactWriteItems", lambda journal: journal.end(an_end(a_begin(), owned=owned()))),
}
A_LONG_ONE = a_change(before={"CallbackURLs": [f"https://{number:x}{number**9:x}" for number in range(40000)]})
THROTTLED_WITHIN = Cancelled([{"Code": "None"}, {"Code": "ThrottlingError"}])


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def fake() -> Iterator[FakeDynamoDb]:
    with a_fake() as fake:
        yield fake


def raised_by(call: Callable[[Journal], object], journal: Journal) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call(journal)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None or isinstance(error.__context__, ProviderError), "botocore's own is in the chain"
    assert "botocore" not in "".join(traceback.format_exception(error))
    assert "What to do: " in str(error)
    return error


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("failure", [THROTTLED, SERVER_ERROR, CONFLICT, "read-timeout", "connection-closed", "dns"])
def test_what_may_pass_is_tried_again(
    fake: FakeDynamoDb, time: Time, call: str, failure: ApiError | ConnectionFault
) -> None:
    operation, carry_out = CALLS[call]
    time.journal().begin(a_begin(resource=OTHER_RESOURCE))
    fake.calls.clear()
    fake.fail(operation, failure, times=3)

    carry_out(time.journal())

    assert fake.operations_called() == [operation] * 4
    assert len(time.waits) == 3


def test_a_transaction_that_was_throttled_is_tried_again(fake: FakeDynamoDb, time: Time) -> None:
    begin = a_begin()
    time.journal().begin(begin)
    fake.fail("TransactWriteItems", THROTTLED_WITHIN)

    time.journal().end(an_end(begin, owned=owned()))

    assert time.journal().owner(POOL, "client1") == owned()


@pytest.mark.parametrize("call", CALLS)
def test_what_does_not_pass_in_time_is_told_as_such(fake: FakeDynamoDb, time: Time, call: str) -> None:
    operation, carry_out = CALLS[call]
    fake.forbidden[operation] = SERVER_ERROR

    error = raised_by(carry_out, time.journal(seconds=20))

    assert isinstance(error, TryLater)
    verb = "read" if operation == "GetItem" else "written"
    told = f"The journal could not be {verb}: DynamoDB refused {operation} with"
    assert error.why == f"{told} InternalServerError: Internal server error."
    assert time.now <= 20


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        (DENIED, "allow dynamodb:GetItem, PutItem, UpdateItem and DeleteItem on the journal's table"),
        (
            ApiError("ResourceNotFoundException", "Requested resource not found"),
            "the table that the variable JOURNAL_TABLE",
        ),
        (ApiError("ValidationException", "Something"), "see DynamoDB's error message"),
    ],
    ids=lambda value: value.code if isinstance(value, ApiError) else "",
)
def test_a_refusal_is_told_at_once_with_what_to_do(
    fake: FakeDynamoDb, time: Time, call: str, refusal: ApiError, remedy: str
) -> None:
    operation, carry_out = CALLS[call]
    fake.fail(operation, refusal)

    error = raised_by(carry_out, time.journal())

    assert isinstance(error, Refused)
    assert f"DynamoDB refused {operation} with {refusal.code}: {refusal.message}" in error.why
    assert remedy in error.remedy
    assert time.waits == []


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("broken", [NoCredentialsError(), SSLError(endpoint_url="x", error=OSError())])
def test_what_no_patience_mends_is_told_by_its_name_at_once(
    time: Time, call: str, broken: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation, carry_out = CALLS[call]

    def fail(**_: object) -> None:
        raise broken

    for short in (False, True):
        client = CLIENTS.client("dynamodb", "us-east-1", short_timeout=short)
        monkeypatch.setattr(client, DYNAMODB.operations[operation], fail)

    error = raised_by(carry_out, time.journal())

    assert error.why.endswith(f"DynamoDB did not answer {operation}: {type(broken).__name__}.")
    assert time.waits == []


def test_a_begin_whose_answer_was_lost_begins_once(fake: FakeDynamoDb, time: Time) -> None:
    first, second = a_begin(), a_begin("request2", signed_at=NOW + 2)
    fake.fail("UpdateItem", "read-timeout", after=True)
    assert time.journal().begin(first) == Begun(None)
    time.journal().end(an_end(first, Responded("SUCCESS", "client1")))
    before = time.journal().read(RESOURCE)
    fake.fail("UpdateItem", SERVER_ERROR, times=2, after=True)

    assert time.journal().begin(second) == Begun(before)


def test_a_begin_whose_answer_was_lost_and_that_was_taken_over_does_not_begin(fake: FakeDynamoDb, time: Time) -> None:
    begin, other = a_begin(until=NOW + 1), a_begin(holder="other", now=NOW + 2)
    fake.fail("UpdateItem", "read-timeout", after=True)

    def overtake(_operation: str, _params: object) -> None:
        if len(fake.calls) == 2:
            assert isinstance(time.journal().begin(other), Begun)

    fake.on_call = overtake

    outcome = time.journal().begin(begin)

    assert isinstance(outcome, NotBegun)
    assert outcome.record.holder == "other"


def test_a_revision_whose_answer_was_lost_is_repeated(fake: FakeDynamoDb, time: Time) -> None:
    begin, anew = a_begin(), a_change(client_id="client2")
    time.journal().begin(begin)
    fake.fail("UpdateItem", "read-timeout", after=True)

    time.journal().revise(RESOURCE, begin.holder, anew)

    record = time.journal().read(RESOURCE)
    assert record is not None
    assert record.change == anew


def test_an_end_whose_answer_was_lost_is_repeated(fake: FakeDynamoDb, time: Time) -> None:
    begin = a_begin()
    time.journal().begin(begin)
    fake.fail("TransactWriteItems", "connection-closed", after=True)

    time.journal().end(an_end(begin, owned=owned(), released=(POOL, "old")))

    record = time.journal().read(RESOURCE)
    assert record is not None
    assert record.response is not None
    assert time.journal().owner(POOL, "client1") == owned()


@pytest.mark.parametrize("gone", [False, True])
def test_a_service_that_does_not_show_the_item_is_asked_for_it(fake: FakeDynamoDb, time: Time, *, gone: bool) -> None:
    time.journal().begin(a_begin())
    fake.calls.clear()
    fake.fail("UpdateItem", ApiError("ConditionalCheckFailedException", "The conditional request failed"))
    if gone:
        fake.lose()
        error = raised_by(lambda journal: journal.begin(a_begin(holder="other")), time.journal())
        assert isinstance(error, TryLater)
    else:
        assert isinstance(time.journal().begin(a_begin(holder="other")), NotBegun)
    assert fake.operations_called() == ["UpdateItem", "GetItem"]


def test_nothing_begins_after_the_deadline_and_an_end_is_tried_once(fake: FakeDynamoDb, time: Time) -> None:
    late, begin = time.journal(seconds=10), a_begin()
    late.begin(begin)
    fake.calls.clear()
    time.now = 9

    for name in ("read", "owner", "begin", "revise"):
        operation, carry_out = CALLS[name]
        error = raised_by(carry_out, late)
        assert isinstance(error, TryLater)
        verb = "read" if operation == "GetItem" else "written"
        assert error.why == f"The journal could not be {verb}: there was no time left for {operation}."
    assert fake.calls == []
    late.end(an_end(begin, owned=owned()))
    assert fake.operations_called() == ["TransactWriteItems"]
    fake.fail("UpdateItem", THROTTLED)
    assert isinstance(raised_by(lambda journal: journal.end(an_end(begin)), late), TryLater)


@pytest.mark.parametrize("at", [0.0, 52.0])
def test_an_end_takes_five_seconds_at_most_and_none_of_the_responses(
    fake: FakeDynamoDb, time: Time, at: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda _low, high: high)
    journal, work_ends = time.journal(seconds=60), 55
    time.now = at
    fake.forbidden["TransactWriteItems"] = CONFLICT

    error = raised_by(CALLS["end with a client"][1], journal)

    assert isinstance(error, TryLater)
    assert len(time.waits) > 1
    assert at < time.now < min(at + 5, work_ends)


def test_what_is_written_before_an_end_has_no_seconds_of_its_own(
    fake: FakeDynamoDb, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda _low, high: high)
    begin = a_begin()
    time.journal().begin(begin)
    fake.fail("PutItem", THROTTLED, times=3)
    fake.forbidden["UpdateItem"] = THROTTLED

    raised_by(lambda journal: journal.end(an_end(begin, change=A_LONG_ONE)), time.journal())

    assert 3 < time.now < 5


def test_each_costs_one_call(fake: FakeDynamoDb, time: Time) -> None:
    journal, begin = time.journal(), a_begin()
    journal.begin(begin)
    journal.begin(dataclasses.replace(begin, holder="other"))
    journal.revise(RESOURCE, begin.holder, a_change(client_id="client2"))
    journal.read(RESOURCE)
    journal.owner(POOL, "client1")
    journal.end(an_end(begin, change=a_change(version_after="version2")))
    journal.end(an_end(begin, owned=owned(), released=(POOL, "old")))

    assert fake.operations_called() == [
        *("UpdateItem", "UpdateItem", "UpdateItem", "GetItem", "GetItem", "UpdateItem", "TransactWriteItems")
    ]


def test_a_change_that_has_lost_a_piece_is_as_good_as_none(fake: FakeDynamoDb, time: Time) -> None:
    begin = a_begin(change=A_LONG_ONE)
    time.journal().begin(begin)
    items = fake.tables[TABLE]
    pieces = [key for key in items if key.startswith("change#")]
    assert len(pieces) > 1
    assert all(float(items[key]["expires"]["N"]) > NOW + 300 * 86400 for key in pieces)
    del items[pieces[0]]

    record = time.journal().read(RESOURCE)

    assert record is not None
    assert (record.request, record.change) == ("request1", None)


def test_a_deleted_resource_is_forgotten_after_thirty_days_and_any_other_never(fake: FakeDynamoDb, time: Time) -> None:
    create, delete = a_begin(), a_begin("delete", signed_at=NOW + 1, change=None)
    key = f"resource#{RESOURCE}"
    time.journal().begin(create)
    time.journal().end(an_end(create, owned=owned()))
    assert "expires" not in fake.tables[TABLE][key]
    time.journal().begin(delete)
    time.journal().end(an_end(delete, deleted=True, released=(POOL, "client1")))
    assert float(fake.tables[TABLE][key]["expires"]["N"]) == int(NOW + 1) + 30 * 86400

    time.journal().begin(a_begin("again", signed_at=NOW + 9))

    assert "expires" not in fake.tables[TABLE][key]
    assert fake.tables[TABLE].keys() == {key}


def test_no_secret_can_be_written(fake: FakeDynamoDb, time: Time) -> None:
    secret = Sensitive(canaries.CLIENT_SECRET)

    with pytest.raises(TypeError):
        time.journal().begin(a_begin(change=a_change(after={"ClientSecret": secret})))
    assert fake.calls == []

    time.journal().begin(a_begin())
    with pytest.raises(TypeError):
        time.journal().revise(RESOURCE, a_begin().holder, a_change(after={"ClientSecret": secret}))
    with pytest.raises(TypeError):
        time.journal().end(an_end(a_begin(), change=a_change(before={"ClientSecret": secret})))
    assert not canaries.leaked(fake.text())


def test_what_is_compressed_is_searched_for_secrets_too(fake: FakeDynamoDb, time: Time) -> None:
    time.journal().begin(a_begin(change=a_change(after={"ClientName": canaries.CLIENT_SECRET})))

    assert canaries.leaked(fake.text()) == [canaries.CLIENT_SECRET]


def test_the_journals_calls_are_the_models() -> None:
    model = get_session().get_service_model("dynamodb")
    for operation, members in PARAMETERS.items():
        shape = model.operation_model(operation).input_shape
        assert shape is not None
        assert members <= set(shape.members) | {"ReturnValues"}
    assert DYNAMODB.operations.keys() <= PARAMETERS.keys()
