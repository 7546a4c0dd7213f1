"""The fake of DynamoDB answers as moto does, and refuses what it does not understand."""

from __future__ import annotations

import contextlib
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.cognito import FakeCognito
from tests.fakes.cognito_wire import installed
from tests.fakes.dynamodb import THROTTLED, FakeDynamoDb, TransactionCancelledError
from tests.fakes.dynamodb_expressions import NotUnderstoodError
from tests.fixtures.journals import (
    NOW,
    OTHER_RESOURCE,
    RESOURCE,
    TABLE,
    Time,
    a_begin,
    a_change,
    a_fake,
    an_end,
    make_table,
    motos,
    owned,
)
from tests.given import POOL
from user_pool_client.domain.journal import Begin, Begun, End, NotBegun, Ownership, Record

if TYPE_CHECKING:
    from user_pool_client.aws.dynamodb import Journal

type Json = dict[str, Any]
type Step = Begin | End | tuple[str, ...]

RESOURCES = st.sampled_from([RESOURCE, OTHER_RESOURCE])
CLIENTS = st.sampled_from(["client1", "client2"])
SECONDS = st.integers(0, 20).map(float)
BEGINS = st.builds(
    lambda request, run, resource, signed, late, lasts, changes: a_begin(
        f"request{request}",
        holder=f"{request}/{run}",
        resource=resource,
        signed_at=NOW + signed,
        now=NOW + signed + late,
        until=NOW + signed + late + lasts,
        change=a_change(f"request{request}", version_after=str(run)) if changes else None,
    ),
    st.integers(1, 3),
    st.integers(1, 2),
    RESOURCES,
    st.sampled_from([0.0, 0.0, 2.0, 4.0]),
    SECONDS,
    st.sampled_from([1.0, 5.0, 300.0]),
    st.booleans(),
)


@st.composite
def ends(draw: st.DrawFn) -> End:
    members: dict[str, Any] = {}
    begin = draw(BEGINS)
    if draw(st.booleans()):
        members["owned"] = owned(draw(CLIENTS), resource=begin.resource, imported=draw(st.booleans()))
    if draw(st.booleans()):
        members["released"] = (POOL, draw(CLIENTS))
    if draw(st.booleans()):
        members["change"] = a_change(version_after="ended")
    return an_end(begin, deleted=draw(st.booleans()), **members)


STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        BEGINS, BEGINS, ends(), RESOURCES.map(lambda one: ("read", one)), CLIENTS.map(lambda one: ("owner", one))
    ),
    min_size=2,
    max_size=14,
)


def carry_out(journal: Journal, step: Step) -> object:
    match step:
        case Begin():
            return begun(journal, step)
        case End():
            journal.end(step)
            return journal.read(step.resource)
        case ("read", resource):
            return journal.read(resource)
        case (_, client_id):
            return journal.owner(POOL, client_id)
        case _:
            raise ValueError(step)


def begun(journal: Journal, begin: Begin) -> Begun | NotBegun:
    """Begin, and hold what is promised of it."""
    before = journal.read(begin.resource)
    outcome = journal.begin(begin)
    after = journal.read(begin.resource)
    assert after is not None
    if isinstance(outcome, NotBegun):
        assert outcome.record == before == after
        assert before.is_at_work(begin.now) or before.signed_at > begin.signed_at or before.response is not None
        return outcome
    assert (after.holder, after.request, after.ended_at, after.response) == (begin.holder, begin.request, 0, None)
    if before is None or before.holder != begin.holder:
        assert outcome.previous == before
        assert after.change == (begin.change or (before.change if before else None))
        if before is not None:
            assert not before.is_at_work(begin.now)
            assert before.signed_at <= begin.signed_at
            assert (after.pool_id, after.client_id) == (before.pool_id, before.client_id)
            assert begin.request != before.request or before.response is None
    assert journal.begin(begin) == outcome
    return outcome


def test_any_sequence_of_requests_goes_as_it_does_at_moto() -> None:
    lives: list[tuple[list[Step], list[object]]] = []

    @given(STEPS)
    @settings(max_examples=60)
    def at_the_fake(steps: list[Step]) -> None:
        with a_fake():
            lives.append((steps, [carry_out(Time().journal(), step) for step in steps]))

    at_the_fake()
    assert {type(answer) for _, answers in lives for answer in answers} == {
        *(Begun, NotBegun, Record, Ownership),
        type(None),
    }
    with motos():
        for number, (steps, answers) in enumerate(lives):
            make_table(f"table-{number}")
            assert answers == [carry_out(Time().journal(table=f"table-{number}"), step) for step in steps]


KEY = {"pk": {"S": "one"}}
HELD: Json = {**KEY, "map": {"M": {"n": {"N": "1.50"}, "s": {"S": "x"}}}, "list": {"L": [{"B": b"\x00\xff"}]}}


def update(expression: str, *, condition: str = "", key: Json = KEY, **values: Json) -> Json:
    """Write an UpdateItem with exactly the names and values that it uses."""
    names = {name: name[1:] for name in re.findall(r"#\w+", expression + condition)}
    given = {f":{name}": value for name, value in values.items()}
    return {
        "TableName": TABLE,
        "Key": key,
        "UpdateExpression": expression,
        **({"ConditionExpression": condition} if condition else {}),
        **({"ExpressionAttributeNames": names} if names else {}),
        **({"ExpressionAttributeValues": given} if given else {}),
        "ReturnValues": "ALL_OLD",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def n(number: str) -> Json:
    return {"N": number}


REQUESTS = {
    "a value in a map": update("SET #map.#n = :n", n=n("2")),
    "a map that is not there": update("SET #none.#n = :n", n=n("2")),
    "a copy of what was there": update("SET #old = if_not_exists(#map, :n), #map = :n", n=n("2")),
    "a copy of what was not there": update("SET #old = if_not_exists(#none, :n)", n=n("2")),
    "a copy of nothing": update("SET #old = #none"),
    "several removed": update("REMOVE #map.#n, #none, #list"),
    "the key changed": update("SET #pk = :n", n={"S": "other"}),
    "a number is equal however it is written": update("SET #x = :n", condition="#map.#n = :n", n=n("1.5")),
    "a number is later": update("SET #x = :n", condition="#map.#n > :n", n=n("1")),
    "a number is not less than itself": update("SET #x = :n", condition="#map.#n < :n", n=n("1.5")),
    "nothing is in no order": update("SET #x = :n", condition="#map.#none <= :n", n=n("1")),
    "neither of two": update("SET #x = :n", condition="#map.#n = :m OR #map.#s = :m", n=n("1"), m=n("7")),
    "and binds more than or": update(
        "SET #x = :n", condition="attribute_exists(#pk) OR #map.#n = :n AND #map.#n = :n", n=n("9")
    ),
    "in brackets": update(
        "SET #x = :n", condition="(attribute_exists(#pk) OR #map.#n = :n) AND #map.#n = :n", n=n("9")
    ),
    "not": update("SET #x = :n", condition="NOT attribute_not_exists(#map.#n)", n=n("9")),
    "a name that nothing uses": {**update("SET #x = :n", n=n("9")), "ExpressionAttributeNames": {"#x": "x", "#y": "y"}},
    "a value that nothing uses": update("SET #x = :n", n=n("9"), m=n("9")),
    "a value that is not given": update("SET #x = :n"),
    "too large an item": update("SET #x = :n", n={"B": b"x" * 409_600}),
    "an item that is not there": update("SET #x = :n", condition="#x = :n", key={"pk": {"S": "two"}}, n=n("9")),
    "a new item": update("SET #x = :n", condition="attribute_not_exists(#x)", key={"pk": {"S": "two"}}, n=n("9")),
    "too long a key": update("SET #x = :n", key={"pk": {"S": "x" * 2049}}, n=n("9")),
}


def answered(request: Json) -> Json:
    """Return what an UpdateItem is answered, and how the items are afterwards."""
    client = boto3.client("dynamodb", region_name="us-east-1")
    client.put_item(TableName=TABLE, Item=HELD)
    try:
        answer: Any = client.update_item(**request).get("Attributes")
    except ClientError as error:
        response: Any = error.response
        answer = {"code": response["Error"]["Code"], "item": response.get("Item")}
    keys = (KEY, {"pk": {"S": "two"}})
    items = [client.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item") for key in keys]
    return {"answer": numbered(answer), "items": numbered(items)}


def numbered(value: Any) -> Any:
    """Write numbers alike: moto keeps them as they came."""
    if isinstance(value, dict):
        return {name: Decimal(inner) if name == "N" else numbered(inner) for name, inner in value.items()}
    return [numbered(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", REQUESTS)
def test_an_update_is_answered_as_moto_does(case: str) -> None:
    with a_fake():
        answer = answered(REQUESTS[case])
    with motos():
        assert answer == answered(REQUESTS[case])


def transaction(*actions: Json) -> Json:
    return {"TransactItems": list(actions)}


def put(key: str) -> Json:
    return {"Put": {"TableName": TABLE, "Item": {"pk": {"S": key}, "x": n("3")}}}


def within(request: Json) -> Json:
    return {"Update": {name: value for name, value in request.items() if name != "ReturnValues"}}


DELETE_IF = {
    "Delete": {
        "TableName": TABLE,
        "Key": KEY,
        "ConditionExpression": "#x = :n",
        "ExpressionAttributeNames": {"#x": "x"},
        "ExpressionAttributeValues": {":n": n("1")},
    }
}
TRANSACTIONS = {
    "all": transaction(within(update("SET #x = :n", n=n("2"))), put("two")),
    "nothing where one condition fails": transaction(put("two"), DELETE_IF),
    "nothing where the first condition fails": transaction(
        within(update("SET #x = :n", condition="#x = :n", n=n("2"))), put("two")
    ),
    "one item twice": transaction(put("two"), put("two")),
}


@pytest.mark.parametrize("case", TRANSACTIONS)
def test_a_transaction_is_answered_as_moto_does(case: str) -> None:
    def answered() -> Json:
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.put_item(TableName=TABLE, Item=HELD)
        try:
            client.transact_write_items(**TRANSACTIONS[case])
            answer: Any = "done"
        except ClientError as error:
            response: Any = error.response
            reasons = response.get("CancellationReasons", [])
            answer = [response["Error"]["Code"], *(reason["Code"] for reason in reasons)]
        keys = (KEY, {"pk": {"S": "two"}})
        items = [client.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item") for key in keys]
        return {"answer": numbered(answer), "items": numbered(items)}

    with a_fake():
        at_the_fake = answered()
    with motos():
        assert at_the_fake == answered()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        pytest.param(update("SET #map.#s.#x = :n", n=n("2")), "ValidationException", id="a path within a text"),
        pytest.param(update("SET #map = :n REMOVE #map.#n", n=n("2")), "ValidationException", id="overlapping paths"),
        pytest.param(update("SET #x = :n", key={"pk": {"S": ""}}, n=n("9")), "ValidationException", id="no key"),
        pytest.param(
            update("SET #x = :n", condition="#map.#s <= :n", n=n("1")),
            "ConditionalCheckFailedException",
            id="a text is in no order with a number",
        ),
    ],
)
def test_what_moto_does_not_refuse_is_refused_as_documented(request_: Json, code: str) -> None:
    with a_fake():
        assert answered(request_)["answer"]["code"] == code


def test_a_transaction_with_an_update_that_cannot_be_done_is_cancelled_for_that_reason() -> None:
    fake = FakeDynamoDb(TABLE)
    wrong = {name: value for name, value in update("SET #x.#n = :n", n=n("2")).items() if name != "ReturnValues"}

    with pytest.raises(TransactionCancelledError, match=r"\[None, ValidationError\]"):
        fake.call("TransactWriteItems", transaction(put("two"), {"Update": wrong}))

    assert fake.tables[TABLE] == {}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("Query", {"TableName": TABLE, "KeyConditionExpression": "pk = :pk"}),
        ("GetItem", {"TableName": TABLE, "Key": KEY}),
        ("GetItem", {"TableName": TABLE, "Key": KEY, "ConsistentRead": True, "ProjectionExpression": "x"}),
        ("UpdateItem", {**update("SET #x = :n", n=n("1")), "ReturnValues": "ALL_NEW"}),
        ("UpdateItem", update("ADD #x :n", n=n("1"))),
        ("UpdateItem", update("SET #x = #x + :n", n=n("1"))),
        ("UpdateItem", update("SET last = :n", n=n("1"))),
        ("UpdateItem", update("SET #x = :n", condition="contains(#x, :n)", n={"S": "1"})),
        ("UpdateItem", update("SET #x = :n", condition="#x BETWEEN :n AND :n", n=n("1"))),
        ("UpdateItem", update("SET #x = :n", condition="#x <> :n", n=n("1"))),
        ("UpdateItem", update("SET #x = :n", n={"SS": ["1"]})),
        ("TransactWriteItems", {"TransactItems": [{"ConditionCheck": {}}]}),
    ],
)
def test_what_the_fake_does_not_know_it_refuses_loudly(operation: str, parameters: Json) -> None:
    fake = FakeDynamoDb(TABLE)

    with pytest.raises(NotUnderstoodError):
        fake.call(operation, parameters)

    assert len(fake.not_understood) == 1


def test_what_was_not_understood_fails_the_test_at_its_end_too() -> None:
    fake = FakeDynamoDb(TABLE)
    client = boto3.client("dynamodb", region_name="us-east-1")

    with (
        pytest.raises(AssertionError, match="asked for what it does not know"),
        installed(FakeCognito(), dynamodb=fake),
        contextlib.suppress(AssertionError),
    ):
        client.get_item(TableName=TABLE, Key=KEY)


def test_a_fault_that_is_no_fault_is_refused() -> None:
    fake = FakeDynamoDb(TABLE)

    for operation, failure, after in (("Query", THROTTLED, False), ("*", "flood", False), ("*", "dns", True)):
        with pytest.raises(ValueError, match=r"is no|nothing can have been done"):
            fake.fail(operation, failure, after=after)  # type: ignore[arg-type]


def test_what_has_expired_is_deleted_some_time() -> None:
    fake = FakeDynamoDb(TABLE, clock=lambda: NOW)
    for key, expires in (("gone", NOW - 1), ("there", NOW + 1)):
        fake.call("PutItem", {"TableName": TABLE, "Item": {"pk": {"S": key}, "expires": n(repr(expires))}})
    fake.call("PutItem", {"TableName": TABLE, "Item": {"pk": {"S": "for ever"}}})

    fake.expire()

    assert fake.tables[TABLE].keys() == {"there", "for ever"}
    fake.lose()
    assert fake.text() == ""
