"""The only module that calls DynamoDB: the journal's table.

An item for each resource (`resource#<stack id>/<logical ID>`) has what is remembered of it, an item for each client
(`client#<user pool ID>/<client ID>`) the resource that has it, and an item for each client that rotates
(`rotation#<user pool ID>/<client ID>`) the secret of Secrets Manager that holds its secret. An item for each client
that is contributed to (`contributions#<user pool ID>/<client ID>`) has what, and by whom. A change too long for the
resource's item is divided among items of its own (`change#<digest>/<number>`), which are written before the item that
names them and never written over: the digest is that of the content.
"""

import contextlib
import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from user_pool_client.aws.calls import Answer, Call, Caller, Judgement, Refusal, Service
from user_pool_client.aws.retry import TRY_LATER
from user_pool_client.domain.contributions import NOTHING, Contributions
from user_pool_client.domain.errors import ProviderError, Refused, TryLater
from user_pool_client.domain.journal import (
    MOST_HEALS,
    Begin,
    Begun,
    Change,
    End,
    Held,
    Hold,
    NotBegun,
    Ownership,
    Record,
    Responded,
    RotationNote,
    decode_settings,
    encode_settings,
)
from user_pool_client.domain.properties import Settings

type Item = Mapping[str, Mapping[str, Any]]
type Operation = dict[str, Any]

# The reasons for which a transaction is cancelled that may pass.
_TRANSIENT_REASONS = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
        "TransactionConflict",
    }
)

_PERMISSION = (
    "allow dynamodb:GetItem, PutItem, UpdateItem and DeleteItem on the journal's table to the role of the function "
    "behind the service token (its template.yaml does), then deploy again."
)

_TABLE = (
    "the table that the variable JOURNAL_TABLE of the function behind the service token names is gone; create it again "
    "under this name, with the partition key pk (a string), then deploy again."
)


class _ConditionFailed(ProviderError):
    """What a write depended on was not so: of which of a transaction's actions, and the item as it is, if shown."""

    def __init__(self, why: str, remedy: str, *, failed: tuple[int, ...] = (0,), item: Item | None = None) -> None:
        super().__init__(why, remedy)
        self.failed = failed
        self.item = item


def _judge(refusal: Refusal) -> Judgement:
    reasons = [str(reason.get("Code")) for reason in refusal.response.get("CancellationReasons", [])]
    failed = tuple(number for number, reason in enumerate(reasons) if reason == "ConditionalCheckFailed")
    may_pass = not _TRANSIENT_REASONS.isdisjoint(reasons)
    if 0 in failed or (failed and not may_pass):
        return partial(_ConditionFailed, failed=failed), TRY_LATER
    if may_pass:
        return TryLater, TRY_LATER
    match refusal.code:
        case "ConditionalCheckFailedException":
            return partial(_ConditionFailed, item=refusal.response.get("Item")), TRY_LATER
        case "AccessDeniedException":
            return Refused, _PERMISSION
        case "ResourceNotFoundException":
            return Refused, _TABLE
        case _:
            return Refused, "see DynamoDB's error message, and deploy again."


DYNAMODB = Service(
    "dynamodb",
    "DynamoDB",
    operations={
        "GetItem": "get_item",
        "PutItem": "put_item",
        "Scan": "scan",
        "UpdateItem": "update_item",
        "TransactWriteItems": "transact_write_items",
    },
    judge=_judge,
    transient=frozenset(
        {
            "InternalServerError",
            "ProvisionedThroughputExceededException",
            "TransactionConflictException",
            "TransactionInProgressException",
        }
    ),
    refused="The journal could not be {about}: DynamoDB refused {operation} with {error}",
    no_answer="The journal could not be {about}: DynamoDB did not answer {operation}: {error}",
    no_time="The journal could not be {about}: there was no time left for {operation}",
)

# How long an end may take, in seconds: the response is sent after it.
_MOST_FOR_AN_END = 5.0

# An item holds 400 KB at most, names included, and a resource's holds two changes between Begin and End. moto counts
# the Base64 of the wire, and what is replaced as well.
_MOST_INLINE = 90_000
_MOST_IN_A_PIECE = 280_000

# A deleted resource is remembered for so long, in seconds: a late duplicate of one of its requests must meet it.
_DELETED_FOR = 30 * 86400

# Longer than Secrets Manager lets two rotations be apart (1,000 days): each writes the note again.
_ROTATIONS_FOR = 3 * 365 * 86400

# A stack that waits for continue-update-rollback may wait for months.
_PIECES_FOR = 365 * 86400
_NONE = {"NULL": True}

# Every name is replaced: DynamoDB reserves more than 500 words, and some of them are ours.
_NAME = re.compile(r"#(\w+)")

# Nobody is at work or visits, no later request was here, and this one was not answered. The same run's own repetition
# after a lost answer does not pass, so that it does not take itself for what was there before: `begin` looks at the
# item then.
_MAY_BEGIN = (
    "(attribute_not_exists(#guest) OR #guest.#until <= :now)"
    " AND (attribute_not_exists(#last) OR (#last.#holder <> :holder AND #last.#signed_at <= :signed_at"
    " AND (#last.#until <= :now OR #last.#ended_at > :zero)"
    " AND (#last.#request <> :request OR #last.#ended_at = :zero)"
    " AND (attribute_not_exists(#healing) OR #healing <= :now)))"
)

_BEGIN = "SET #previous = if_not_exists(#last, :none), #previous_change = if_not_exists(#change, :none), #last = :last"
# No request of the owner is at work, nor a heal, and no other resource visits. Without a request there is nobody to
# visit.
_MAY_VISIT = (
    "(#last.#ended_at > :zero OR #last.#until <= :now)"
    " AND (attribute_not_exists(#guest) OR #guest.#until <= :now OR #guest.#holder = :holder)"
    " AND (attribute_not_exists(#healing) OR #healing <= :now)"
)
_MAY_HOLD = "attribute_not_exists(#holder) OR #until <= :now OR #holder = :holder"
# The resource is as it was read, and neither a request nor another heal is at work.
_MAY_HEAL = (
    "#last.#holder = :holder AND (#last.#until <= :now OR #last.#ended_at > :zero)"
    " AND (attribute_not_exists(#healing) OR #healing <= :now)"
    " AND (attribute_not_exists(#guest) OR #guest.#until <= :now)"
)
_IS_AT_WORK = "#last.#holder = :holder AND #last.#ended_at = :zero"


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal, for the time of one request. Every call raises ProviderError when it does not work."""

    table: str
    caller: Caller

    def read(self, resource: str) -> Record | None:
        """Return what is known of a resource, None for nothing."""
        item = self._get(_resource_key(resource))
        return None if item is None else self._record(resource, item)

    def begin(self, begin: Begin) -> Begun | NotBegun:
        """Note a request before it changes anything, unless another one is at work or has come after it.

        Call it once for each holder; whether it is sent again after a lost answer is seen here.
        """
        expression, values = _BEGIN, _begin_values(begin)
        if begin.change is not None:
            expression += ", #change = :change"
            values[":change"] = self._stored(begin.change, begin.now)
        expression += " REMOVE #expires"
        if begin.request_type == "Create":  # an earlier client of the resource was retained
            expression += ", #pool_id, #client_id, #applied, #healing, #heals"
        update = self._update(begin.resource, expression, _MAY_BEGIN, values)
        update |= {"ReturnValues": "ALL_OLD", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        try:
            old = self._call("UpdateItem", update).get("Attributes")
        except _ConditionFailed as failed:
            found = failed.item
        else:
            return Begun(self._record(begin.resource, old) if old else None)
        return self._not_begun(begin, found or self._get(_resource_key(begin.resource)))

    def _not_begun(self, begin: Begin, item: Item | None) -> Begun | NotBegun:
        if item is None:  # it has expired since
            raise TryLater("The journal could not be written: the resource's item is gone.", TRY_LATER)
        record = self._record(begin.resource, item)
        if record.holder != begin.holder or record.ended_at:
            return NotBegun(record)
        return Begun(self._record(begin.resource, item, "previous_") if "M" in item["previous"] else None)

    def revise(self, resource: str, holder: str, change: Change) -> None:
        """Replace the change of a request at work, which had to wait and has planned anew; raise TryLater if it is not.

        What the change of the request before was stays as `begin` has set it aside.
        """
        values = {
            ":holder": {"S": holder},
            ":zero": _number(0),
            ":change": self._stored(change, self.caller.deadline.clock.wall()),
        }
        update = self._update(resource, "SET #change = :change", _IS_AT_WORK, values)
        try:
            self._call("UpdateItem", update)
        except _ConditionFailed:
            why = "The journal could not be written: another request has taken over, or this one has ended."
            raise TryLater(why, TRY_LATER) from None

    def end(self, end: End) -> None:
        """Note what became of a request; nothing where another one has taken over. Tried once after the deadline too.

        A client that is `released` stays the record's as long as neither `owned` nor `deleted` says otherwise: it may
        be the former one of a replacement.
        """
        self._end(end, self._end_of_an_end())

    def note(self, begin: Begin, end: End) -> bool:
        """Note a request that had nothing to change, and so has not begun, as begun and ended.

        Nothing is noted, and False returned, where another request, a visit or a heal is at work, or has come later.
        """
        last = {**_last(begin), "ended_at": _number(end.now), "response": _response(end)}
        assignments, values = self._owned(end)
        values |= {":last": {"M": last}, ":zero": _number(0), ":now": _number(end.now)}
        values |= {f":{name}": last[name] for name in ("request", "signed_at", "holder")}
        expression = f"SET {', '.join(['#last = :last', *assignments])} REMOVE #expires, #previous, #previous_change"
        return self._write(end, self._update(end.resource, expression, _MAY_BEGIN, values), self._end_of_an_end())

    def _end(self, end: End, until: float) -> None:
        self._write(end, self._end_update(end, until), until)

    def _write(self, end: End, update: Operation, until: float) -> bool:
        """Write a resource's item together with those of the clients that it gets and releases; False if overtaken."""
        actions: list[Operation] = [{"Update": update}]
        if end.owned is not None:
            actions.append({"Put": self._ownership(end.owned, takes=end.takes)})
        if end.released is not None and end.released != _client_of(end.owned):
            actions.append(self._release(end.resource, *end.released, end.given_back))
        try:
            if len(actions) == 1:
                self._call("UpdateItem", update, until)
            else:
                self._call("TransactWriteItems", {"TransactItems": actions}, until)
        except _ConditionFailed as failed:
            numbers = failed.failed
        else:
            return True
        if 0 in numbers:
            return False
        # The client is another resource's by now: it is neither taken from that one nor released.
        if end.owned is not None and 1 in numbers:
            return self._write(dataclasses.replace(end, owned=None), update, until)
        return self._write(dataclasses.replace(end, released=None), update, until)

    def owner(self, pool_id: str, client_id: str) -> Ownership | None:
        """Return which resource has a client, None where that is not known."""
        item = self._get(_client_key(pool_id, client_id))
        if item is None:
            return None
        return Ownership(pool_id, client_id, item["resource"]["S"], imported=item["imported"]["BOOL"])

    def contributions(self, pool_id: str, client_id: str) -> Contributions:
        """Return what is contributed to a client."""
        item = self._get(_contributions_key(pool_id, client_id))
        return NOTHING if item is None else _contributions(item)

    def hold(self, hold: Hold) -> Held | None:
        """Let nobody else change what is contributed to a client for a while; None while another one holds it."""
        values = {":holder": {"S": hold.holder}, ":now": _number(hold.now), ":until": _number(hold.until)}
        expression = "SET #holder = :holder, #until = :until REMOVE #expires"
        update = self._conditional(
            _contributions_key(hold.pool_id, hold.client_id), _MAY_HOLD, values, UpdateExpression=expression
        )
        try:
            old = self._call("UpdateItem", {**update, "ReturnValues": "ALL_OLD"}).get("Attributes")
        except _ConditionFailed:
            return None
        if old is None:
            return Held(NOTHING)
        ended = [float(old[name]["N"]) for name in ("changed_at", "until") if name in old]
        return Held(_contributions(old), max(ended, default=0.0))

    def note_contributions(self, hold: Hold, contributions: Contributions) -> None:
        """Note what is contributed from now on; raise TryLater where another one holds it by now."""
        values = {":holder": {"S": hold.holder}, ":content": {"B": contributions.encode()}}
        key = _contributions_key(hold.pool_id, hold.client_id)
        update = self._conditional(key, "#holder = :holder", values, UpdateExpression="SET #content = :content")
        try:
            self._call("UpdateItem", update)
        except _ConditionFailed:
            raise TryLater("The journal could not be written: another request has taken over.", TRY_LATER) from None

    def let_go(self, hold: Hold, contributions: Contributions, now: float) -> None:
        """Note what is contributed, and let others change it; nothing where another one holds it by now.

        Tried once after the deadline too. What nobody contributes to expires.
        """
        values = {
            ":holder": {"S": hold.holder},
            ":content": {"B": contributions.encode()},
            ":now": _number(now),
        }
        expression = "SET #content = :content, #changed_at = :now"
        if contributions == NOTHING:
            expression += ", #expires = :expires"
            values[":expires"] = _number(int(now) + _DELETED_FOR)
        key = _contributions_key(hold.pool_id, hold.client_id)
        update = self._conditional(
            key, "#holder = :holder", values, UpdateExpression=f"{expression} REMOVE #holder, #until"
        )
        with contextlib.suppress(_ConditionFailed):
            self._call("UpdateItem", update, self._end_of_an_end())

    def visit(self, resource: str, hold: Hold) -> bool:
        """Let no request of a client's owner begin for a while; False while one is at work, or another one visits."""
        values = {
            ":guest": {"M": {"holder": {"S": hold.holder}, "until": _number(hold.until)}},
            ":holder": {"S": hold.holder},
            ":now": _number(hold.now),
            ":zero": _number(0),
        }
        update = self._update(resource, "SET #guest = :guest", _MAY_VISIT, values)
        try:
            self._call("UpdateItem", {**update, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})
        except _ConditionFailed as failed:
            return failed.item is None or "last" not in failed.item  # an owner that the journal does not know
        return True

    def leave(self, resource: str, hold: Hold, now: float) -> None:
        """Let the owner's requests begin again. Tried once after the deadline too."""
        values = {":holder": {"S": hold.holder}, ":now": _number(now)}
        update = self._update(resource, "SET #left_at = :now REMOVE #guest", "#guest.#holder = :holder", values)
        with contextlib.suppress(_ConditionFailed):
            self._call("UpdateItem", update, self._end_of_an_end())

    def resources(self) -> Iterator[Record]:
        """Yield what is known of every resource that has a client and a template that was applied to it.

        The table is read page by page, and not at one moment: read a resource again before anything depends on it.
        """
        parameters: dict[str, Any] = {
            "TableName": self.table,
            "FilterExpression": "attribute_exists(#client_id) AND attribute_exists(#last)",
            "ExpressionAttributeNames": {"#client_id": "client_id", "#last": "last"},
        }
        while True:
            answer = self._call("Scan", parameters)
            for item in answer.get("Items", []):
                yield self._record(item["pk"]["S"].partition("#")[2], item)
            if not answer.get("LastEvaluatedKey"):
                return
            parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def begin_heal(self, record: Record, now: float, until: float) -> bool:
        """Keep requests for a resource waiting while its client is set right; False where that must not be done now.

        It must not where a request is at work, or has begun since the record was read. `until` is when they stop
        waiting, whatever becomes of it (seconds since 1970).
        """
        values = {
            ":holder": {"S": record.holder},
            ":now": _number(now),
            ":zero": _number(0),
            ":until": _number(until),
            ":heals": {"L": [_number(moment) for moment in (*record.heals, now)[-MOST_HEALS:]]},
        }
        update = self._update(record.resource, "SET #healing = :until, #heals = :heals", _MAY_HEAL, values)
        try:
            self._call("UpdateItem", update)
        except _ConditionFailed:
            return False
        return True

    def end_heal(self, record: Record, now: float) -> None:
        """Let requests for a resource go on; what they have observed before is stale."""
        update = self._update(
            record.resource,
            "SET #healing = :now",
            "#last.#holder = :holder",
            {":holder": {"S": record.holder}, ":now": _number(now)},
        )
        self._call("UpdateItem", update)

    def rotation_note(self, pool_id: str, client_id: str) -> RotationNote:
        """Return what was last noted of a client: the secret that was stored there, or proven to be there."""
        item = self._get(_rotation_key(pool_id, client_id))
        if item is None:
            return RotationNote()
        return RotationNote(item["secret"]["S"], item.get("external_id", {}).get("S", ""))

    def note_rotation(self, pool_id: str, client_id: str, note: RotationNote) -> None:
        """Note which secret holds a secret of the client."""
        expires = _number(int(self.caller.deadline.clock.wall()) + _ROTATIONS_FOR)
        item = {**_rotation_key(pool_id, client_id), "secret": {"S": note.secret_arn}, "expires": expires}
        if note.external_id:
            item["external_id"] = {"S": note.external_id}
        self._call("PutItem", {"TableName": self.table, "Item": item})

    def _end_of_an_end(self) -> float:
        deadline = self.caller.deadline
        return deadline.clock.monotonic() + min(_MOST_FOR_AN_END, deadline.work_left())

    def _end_update(self, end: End, until: float) -> Operation:
        assignments, values = self._owned(end)
        assignments += ["#last.#response = :response", "#last.#ended_at = :now"]
        removed = ["#previous", "#previous_change"]
        values |= {":holder": {"S": end.holder}, ":now": _number(end.now), ":response": _response(end)}
        if end.change is not None:
            assignments.append("#change = :change")
            values[":change"] = self._stored(end.change, end.now, until)
        if end.owned is not None and end.applied is None:
            removed.append("#applied")  # the template of another client
        if end.deleted and end.owned is None:
            removed += ["#pool_id", "#client_id", "#applied", "#healing", "#heals"]
        if end.deleted:
            assignments.append("#expires = :expires")
            values[":expires"] = _number(int(end.now) + _DELETED_FOR)
        expression = f"SET {', '.join(assignments)} REMOVE {', '.join(removed)}"
        return self._update(end.resource, expression, "#last.#holder = :holder", values)

    def _owned(self, end: End) -> tuple[list[str], dict[str, Any]]:
        """Return what to assign of the client that the resource has, and of the template that it follows."""
        assignments: list[str] = []
        values: dict[str, Any] = {}
        if end.owned is not None:
            assignments += ["#pool_id = :pool_id", "#client_id = :client_id"]
            values |= {":pool_id": {"S": end.owned.pool_id}, ":client_id": {"S": end.owned.client_id}}
        if end.applied is not None:
            content = encode_settings(end.applied)
            assignments.append("#applied = :applied")
            values[":applied"] = {"B": content} if len(content) <= _MOST_INLINE else _NONE
        return assignments, values

    def _update(self, resource: str, expression: str, condition: str, values: Mapping[str, Any]) -> Operation:
        return self._conditional(_resource_key(resource), condition, values, UpdateExpression=expression)

    def _ownership(self, owned: Ownership, *, takes: bool) -> Operation:
        """Return the Put of a client's item: only a request that takes the client takes it from another stack's."""
        put = {"TableName": self.table, "Item": _ownership_item(owned)}
        if takes:
            return put
        return {
            **put,
            "ConditionExpression": "attribute_not_exists(#resource) OR begins_with(#resource, :stack)",
            "ExpressionAttributeNames": {"#resource": "resource"},
            "ExpressionAttributeValues": {":stack": {"S": f"{owned.stack_id}/"}},
        }

    def _release(self, resource: str, pool_id: str, client_id: str, given_back: Ownership | None) -> Operation:
        """Return the Delete of a client's item, or the Put that gives the client back to the resource that had it."""
        condition = "attribute_not_exists(#resource) OR #resource = :resource"
        delete = self._conditional(_client_key(pool_id, client_id), condition, {":resource": {"S": resource}})
        if given_back is None:
            return {"Delete": delete}
        del delete["Key"]
        return {"Put": {**delete, "Item": _ownership_item(given_back)}}

    def _conditional(self, key: Item, condition: str, values: Mapping[str, Any], **others: str) -> Operation:
        text = " ".join([condition, *others.values()])
        return {
            "TableName": self.table,
            "Key": key,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in _NAME.findall(text)},
            "ExpressionAttributeValues": values,
            **others,
        }

    def _stored(self, change: Change, now: float, until: float | None = None) -> Mapping[str, Any]:
        """Return a change as an attribute; what is too long for the item is written beside it first."""
        content = change.encode()
        if len(content) <= _MOST_INLINE:
            return {"B": content}
        digest = hashlib.sha256(content).hexdigest()
        keys: list[Mapping[str, str]] = []
        for start in range(0, len(content), _MOST_IN_A_PIECE):
            keys.append({"S": f"change#{digest}/{len(keys)}"})
            piece = {"B": content[start : start + _MOST_IN_A_PIECE]}
            item = {"pk": keys[-1], "content": piece, "expires": _number(int(now) + _PIECES_FOR)}
            self._call("PutItem", {"TableName": self.table, "Item": item}, until)
        return {"L": keys}

    def _record(self, resource: str, item: Item, which: str = "") -> Record:
        """Read a resource's item: the request that it holds, or the `previous_` one."""
        last = item["previous" if which else "last"]["M"]
        response = last["response"]
        return Record(
            resource,
            request=last["request"]["S"],
            request_type=last["request_type"]["S"],
            signed_at=float(last["signed_at"]["N"]),
            holder=last["holder"]["S"],
            until=float(last["until"]["N"]),
            ended_at=float(last["ended_at"]["N"]),
            response=Responded(**json.loads(response["B"])) if "B" in response else None,
            change=self._change(item.get(f"{which}change", _NONE)),
            pool_id=item.get("pool_id", {}).get("S", ""),
            client_id=item.get("client_id", {}).get("S", ""),
            applied=_applied(item.get("applied", _NONE)),
            healing=float(item.get("healing", _number(0))["N"]),
            heals=tuple(float(one["N"]) for one in item.get("heals", {}).get("L", ())),
            visited_until=float(item["guest"]["M"]["until"]["N"]) if "guest" in item else 0.0,
            left_at=float(item["left_at"]["N"]) if "left_at" in item else 0.0,
        )

    def _change(self, stored: Mapping[str, Any]) -> Change | None:
        """Read a change. One that cannot be read, or is not whole any more, is as good as none."""
        if "B" in stored:
            content: bytes = stored["B"]
        elif "L" in stored:
            pieces = [self._get({"pk": key}) for key in stored["L"]]
            content = b"".join(piece["content"]["B"] for piece in pieces if piece is not None)
        else:
            return None
        try:
            return Change.decode(content)
        except ValueError:
            return None

    def _get(self, key: Item) -> Item | None:
        answer = self._call("GetItem", {"TableName": self.table, "Key": key, "ConsistentRead": True})
        item: Item | None = answer.get("Item")
        return item

    def _call(self, operation: str, parameters: Mapping[str, Any], until: float | None = None) -> Answer:
        """Call while the work has time or, where `until` is given, until that reading of the clock, at least once."""
        late = until is not None
        within = math.inf if until is None else until - self.caller.deadline.clock.monotonic()
        about = "read" if operation in ("GetItem", "Scan") else "written"
        return self.caller.call(Call(DYNAMODB, operation, parameters, about=about, within=within, after_deadline=late))


def _applied(stored: Mapping[str, Any]) -> Settings | None:
    """Read a template's settings; those that cannot be read, or were too many to note, are as good as none."""
    try:
        return decode_settings(stored["B"]) if "B" in stored else None
    except ValueError:
        return None


def _response(end: End) -> Mapping[str, Any]:
    return {"B": json.dumps(dataclasses.asdict(end.response)).encode()}


def _last(begin: Begin) -> dict[str, Any]:
    return {
        "request": {"S": begin.request},
        "request_type": {"S": begin.request_type},
        "signed_at": _number(begin.signed_at),
        "holder": {"S": begin.holder},
        "until": _number(begin.until),
        "ended_at": _number(0),
        "response": _NONE,
    }


def _begin_values(begin: Begin) -> dict[str, Any]:
    last = _last(begin)
    return {
        ":last": {"M": last},
        ":none": _NONE,
        ":zero": _number(0),
        ":now": _number(begin.now),
        **{f":{name}": last[name] for name in ("request", "signed_at", "holder")},
    }


def _ownership_item(owned: Ownership) -> Item:
    return {
        **_client_key(owned.pool_id, owned.client_id),
        "resource": {"S": owned.resource},
        "imported": {"BOOL": owned.imported},
    }


def _client_of(owned: Ownership | None) -> tuple[str, str] | None:
    return None if owned is None else (owned.pool_id, owned.client_id)


def _resource_key(resource: str) -> Item:
    return {"pk": {"S": f"resource#{resource}"}}


def _client_key(pool_id: str, client_id: str) -> Item:
    return {"pk": {"S": f"client#{pool_id}/{client_id}"}}


def _contributions_key(pool_id: str, client_id: str) -> Item:
    return {"pk": {"S": f"contributions#{pool_id}/{client_id}"}}


def _contributions(item: Item) -> Contributions:
    return Contributions.decode(item["content"]["B"]) if "content" in item else NOTHING


def _rotation_key(pool_id: str, client_id: str) -> Item:
    return {"pk": {"S": f"rotation#{pool_id}/{client_id}"}}


def _number(value: float) -> Mapping[str, str]:
    return {"N": repr(value)}
