"""A fake of DynamoDB: tables with a partition key `pk` alone, and the six operations that the journal's roles may call.

`cognito_wire.installed(fake, dynamodb=...)` puts it behind boto3. Its sentences are those of moto and of the
documentation; that both answer alike is tested.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import threading
import time
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args

from tests.fakes.cognito import NEVER_ARRIVED, ApiError, BrokenConnectionError, Call, ConnectionFault, Fault
from tests.fakes.dynamodb_expressions import Expressions, Item, NotUnderstoodError, Value, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type Json = dict[str, Any]

MOST_BYTES = 400 * 1024
LONGEST_KEY = 2048
ITEMS_IN_A_PAGE = 3
"""DynamoDB reads 1 MB for a page: few items here, so that every test of many turns the page."""
FUNCTION = "arn:aws:sts::123456789012:assumed-role/user-pool-client/user-pool-client"
CONDITION_FAILED = "The conditional request failed"
THROTTLED = ApiError("ThrottlingException", "Rate exceeded")
SERVER_ERROR = ApiError("InternalServerError", "Internal server error", 500)
CONFLICT = ApiError("TransactionConflictException", "Transaction is ongoing for the item")
DENIED = ApiError("AccessDeniedException", f"User: {FUNCTION} is not authorized to perform this on the table")

_CONDITION = {
    *("ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"),
    "ReturnValuesOnConditionCheckFailure",
}
PARAMETERS = {
    "GetItem": {"TableName", "Key", "ConsistentRead"},
    "Scan": {"TableName", "FilterExpression", "ExpressionAttributeNames", "ExclusiveStartKey"},
    "PutItem": {"TableName", "Item"} | _CONDITION,
    "UpdateItem": {"TableName", "Key", "UpdateExpression", "ReturnValues"} | _CONDITION,
    "DeleteItem": {"TableName", "Key"} | _CONDITION,
    "TransactWriteItems": {"TransactItems", "ClientRequestToken"},
}
ACTIONS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}


class ConditionFailedError(ApiError):
    """Say that a condition did not hold, and show the item where that was asked for."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("ConditionalCheckFailedException", CONDITION_FAILED)
        self.members = {"Item": item} if item is not None else {}


class TransactionCancelledError(ApiError):
    """Say for which reasons nothing was done."""

    def __init__(self, reasons: list[Json]) -> None:
        codes = ", ".join(reason["Code"] for reason in reasons)
        message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
        super().__init__("TransactionCanceledException", message)
        self.members = {"CancellationReasons": reasons}


class FakeDynamoDb:
    """Answer requests as DynamoDB does, remember them, and fail where a test has planned it."""

    def __init__(self, *tables: str, clock: Callable[[], float] = time.time) -> None:
        """Have empty tables. Take the clock in seconds since 1970."""
        self.tables: dict[str, dict[str, Item]] = {table: {} for table in tables}
        """Items by table and partition key; bytes are in Base64, as on the wire."""
        self.calls: list[Call] = []
        self.planned_faults: list[Fault] = []
        self.forbidden: dict[str, ApiError] = {}
        """What is answered to every request for an operation, as long as it is here."""
        self.not_understood: list[str] = []
        """What the fake could not carry out: whoever asks may have swallowed the failure."""
        self.on_call: Callable[[str, Json], object] | None = None
        self._clock = clock
        self._lock = threading.RLock()
        self._operations: dict[str, Callable[[Json], Json]] = {
            "GetItem": self._get,
            "Scan": self._scan,
            "PutItem": self._write,
            "UpdateItem": self._write,
            "DeleteItem": self._write,
            "TransactWriteItems": self._transact,
        }

    def lose(self) -> None:
        """Have empty tables again."""
        for items in self.tables.values():
            items.clear()

    def expire(self) -> None:
        """Delete what has reached its time to live, which DynamoDB does within days."""
        for items in self.tables.values():
            for key in [
                key for key, item in items.items() if float(item.get("expires", {"N": "inf"})["N"]) < self._clock()
            ]:
                del items[key]

    def operations_called(self) -> list[str]:
        return [call.operation for call in self.calls]

    def text(self) -> str:
        """Return all that is stored as one text, also what is compressed, to look for what must not be there."""
        with self._lock:
            items = copy.deepcopy(self.tables)
        return "\n".join(text for table in items.values() for item in table.values() for text in texts({"M": item}))

    def fail(self, operation: str, failure: ApiError | ConnectionFault, *, times: int = 1, after: bool = False) -> None:
        """Plan failures of the next `times` requests for the operation ("*": for any), in the order of planning.

        With `after` the work is done and only the answer is lost. What has not fired yet is in `planned_faults`.
        """
        if operation != "*" and operation not in self._operations:
            raise ValueError(f"{operation} is no operation of the fake")
        if isinstance(failure, str) and failure not in get_args(ConnectionFault.__value__):
            raise ValueError(f"{failure} is no way for a connection to fail")
        if after and failure in NEVER_ARRIVED:
            raise ValueError(f"After {failure} nothing can have been done")
        error = failure if isinstance(failure, ApiError) else BrokenConnectionError(failure)
        self.planned_faults.extend(Fault(operation, error, after) for _ in range(times))

    def call(self, operation: str, params: Json) -> Json:
        """Answer one request; raise ApiError or, as planned, BrokenConnectionError."""
        with self._lock:
            self.calls.append(Call(operation, copy.deepcopy(params)))
        if self.on_call:
            self.on_call(operation, params)
        with self._lock:
            fault = next((fault for fault in self.planned_faults if fault.operation in ("*", operation)), None)
            if fault:
                self.planned_faults.remove(fault)
                if not fault.after:
                    raise fault.failure
            answer = self._answer(operation, copy.deepcopy(params))
            if fault:
                raise fault.failure
            if isinstance(answer, ApiError):
                raise answer
            return answer

    def reply_to(self, target: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Answer one request as it arrives: status, headers and body."""
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        try:
            answer = self.call(target.partition(".")[2], json.loads(body))
        except ApiError as error:
            content = {"__type": f"com.amazonaws.dynamodb.v20120810#{error.code}", "message": error.message}
            content |= getattr(error, "members", {})
            return error.status, headers, json.dumps(content).encode()
        return 200, headers, json.dumps(answer).encode()

    def _answer(self, operation: str, params: Json) -> Json | ApiError:
        """Hold a refusal back: if the answer is to be lost, then a refusal is lost as well."""
        if operation in self.forbidden:
            return self.forbidden[operation]
        try:
            check_known(operation, params)
            return self._operations[operation](params)
        except ApiError as error:
            return error
        except NotUnderstoodError as error:
            self.not_understood.append(f"{operation}: {error}")
            raise

    def _table(self, params: Json) -> dict[str, Item]:
        if params["TableName"] not in self.tables:
            raise ApiError("ResourceNotFoundException", "Requested resource not found")
        return self.tables[params["TableName"]]

    def _get(self, params: Json) -> Json:
        if params.get("ConsistentRead") is not True:
            raise NotUnderstoodError("An eventually consistent read may not see the last write")
        found = self._table(params).get(key_of(params["Key"]))
        return {"Item": copy.deepcopy(found)} if found is not None else {}

    def _scan(self, params: Json) -> Json:
        """Return a page: so many items as are looked at, of which only those are shown that pass the filter."""
        items = self._table(params)
        expressions = Expressions(params["ExpressionAttributeNames"], {})
        passes = expressions.condition(params["FilterExpression"])
        expressions.check_used()
        start = key_of(params["ExclusiveStartKey"]) if "ExclusiveStartKey" in params else ""
        keys = sorted(key for key in items if key > start)
        page, rest = keys[:ITEMS_IN_A_PAGE], keys[ITEMS_IN_A_PAGE:]
        shown = [copy.deepcopy(items[key]) for key in page if passes(items[key])]
        return {"Items": shown, **({"LastEvaluatedKey": {"pk": {"S": page[-1]}}} if rest else {})}

    def _write(self, params: Json) -> Json:
        old, new = self._judged(params)
        self._put(params, new)
        wanted = params.get("ReturnValues", "NONE")
        if wanted not in ("NONE", "ALL_OLD"):
            raise NotUnderstoodError(f"ReturnValues {wanted}")
        return {"Attributes": old} if wanted == "ALL_OLD" and old is not None else {}

    def _transact(self, params: Json) -> Json:
        """Do all or nothing; each item once."""
        actions: list[Json] = []
        for entry in params["TransactItems"]:
            ((name, action),) = entry.items()
            if name not in ACTIONS:
                raise NotUnderstoodError(name)
            check_known(ACTIONS[name], action)
            actions.append(action)
        if len({(action["TableName"], own_key(action)) for action in actions}) < len(actions):
            raise refused("Transaction request cannot include multiple operations on one item")
        reasons: list[Json] = []
        written: list[Item | None] = []
        for action in actions:
            try:
                written.append(self._judged(action)[1])
                reasons.append({"Code": "None"})
            except ConditionFailedError as failed:
                reasons.append({"Code": "ConditionalCheckFailed", "Message": CONDITION_FAILED, **failed.members})
            except ApiError as error:
                if error.code != "ValidationException":
                    raise
                reasons.append({"Code": "ValidationError", "Message": error.message})
        if any(reason["Code"] != "None" for reason in reasons):
            raise TransactionCancelledError(reasons)
        for action, new in zip(actions, written, strict=True):
            self._put(action, new)
        return {}

    def _judged(self, params: Json) -> tuple[Item | None, Item | None]:
        """Return an item before and after a write that its condition allows, None for no item."""
        table, key = self._table(params), own_key(params)
        expressions = Expressions(
            params.get("ExpressionAttributeNames", {}), params.get("ExpressionAttributeValues", {})
        )
        condition = expressions.condition(params["ConditionExpression"]) if "ConditionExpression" in params else None
        change = expressions.update(params["UpdateExpression"]) if "UpdateExpression" in params else None
        expressions.check_used()
        old = copy.deepcopy(table.get(key))
        if condition is not None and not condition(old or {}):
            shown = params.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            raise ConditionFailedError(old if shown else None)
        if "Item" in params:
            new: Item | None = params["Item"]
        elif change is not None:
            new = copy.deepcopy(old) if old is not None else dict(params["Key"])
            change(new)
            if key_of(new) != key:
                raise refused("Cannot update attribute pk. This attribute is part of the key")
        else:
            new = None
        return old, None if new is None else stored(new)

    def _put(self, params: Json, new: Item | None) -> None:
        if new is None:
            self._table(params).pop(own_key(params), None)
        else:
            self._table(params)[own_key(params)] = new


def check_known(operation: str, params: Json) -> None:
    if operation not in PARAMETERS:
        raise NotUnderstoodError(operation)
    if unknown := params.keys() - PARAMETERS[operation]:
        raise NotUnderstoodError(f"{operation} with {sorted(unknown)}")


def own_key(params: Json) -> str:
    return key_of(params["Item"] if "Item" in params else params["Key"])


def key_of(item: Item) -> str:
    key = item.get("pk", {}).get("S")
    if not isinstance(key, str) or not key:
        raise refused("The provided key element does not match the schema")
    if len(key.encode()) > LONGEST_KEY:
        raise refused(f"Size of hashkey has exceeded the maximum size limit of {LONGEST_KEY} bytes")
    return key


def stored(item: Item) -> Item:
    """Return an item as DynamoDB keeps it: it writes numbers in its own way, and refuses too large an item."""
    kept: Item = normal({"M": item})["M"]
    if size({"M": kept}) - 3 > MOST_BYTES:
        raise refused("Item size has exceeded the maximum allowed size")
    return kept


def normal(value: Value) -> Value:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return {"N": f"{Decimal(content).normalize():f}"}
        case "M":
            return {"M": {name: normal(inner) for name, inner in content.items()}}
        case "L":
            return {"L": [normal(inner) for inner in content]}
        case "S" | "B" | "BOOL" | "NULL":
            return value
        case _:
            raise NotUnderstoodError(f"the type {kind}")


def size(value: Value) -> int:
    """Return the bytes of a value, about as DynamoDB counts them."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(base64.b64decode(content))
        case "N":
            return len(content) // 2 + 2
        case "M":
            return 3 + sum(1 + len(name.encode()) + size(inner) for name, inner in content.items())
        case "L":
            return 3 + sum(1 + size(inner) for inner in content)
        case _:
            return 1


def texts(value: Value) -> Iterator[str]:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            yield content
        case "B":
            plain = base64.b64decode(content)
            with contextlib.suppress(zlib.error):
                plain = zlib.decompress(plain)
            yield plain.decode("utf-8", "replace")
        case "M":
            for inner in content.values():
                yield from texts(inner)
        case "L":
            for inner in content:
                yield from texts(inner)
