"""A request's turn at its resource: one request at a time, in the order in which CloudFormation signed them.

What a request is about to change is noted in the journal before its first call that changes anything, and what became
of it after its last: docs/decisions/0030-a-journal-in-one-dynamodb-table.md
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

from user_pool_client.custom_resource.invocation import Invocation
from user_pool_client.custom_resource.response import Outcome
from user_pool_client.deadline import pauses
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.contributions import NOTHING, Contributions
from user_pool_client.domain.errors import ProviderError, TryLater
from user_pool_client.domain.journal import (
    Begin,
    Begun,
    Change,
    End,
    Ownership,
    Record,
    Responded,
    encode_settings,
)
from user_pool_client.domain.properties import Settings
from user_pool_client.log import logger
from user_pool_client.operations.ports import Journal

# How often the journal is asked whether another request is still at work (seconds).
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 3.0
# The lease ends when Lambda ends the process, by a clock that may differ a little.
_MARGIN = 1.0


class RespondedBefore(Exception):
    """The request was carried out by another delivery; `response` is what CloudFormation was sent.

    `has_secret` is what the journal knows of clients' secrets since then.
    """

    def __init__(self, response: Responded, has_secret: Mapping[str, bool]) -> None:
        super().__init__("Another delivery of the request was carried out.")
        self.response = response
        self.has_secret = has_secret

    @property
    def outcome(self) -> Outcome:
        """Return what CloudFormation was sent, without attributes."""
        status: Literal["SUCCESS", "FAILED"] = "SUCCESS" if self.response.status == "SUCCESS" else "FAILED"
        return Outcome(status, self.response.physical_id, self.response.reason)


class Overtaken(TryLater):
    """A later request for the resource has come, so this one must not change anything any more."""


class StillAtWork(TryLater):
    """Another request for the resource did not end in time."""


@dataclass(slots=True)
class Turn:
    """One request's turn. `previous` is what the journal had of the resource when the turn began.

    `planned` is what the request is about to change, `owned` and `released` are the clients that the resource has from
    now on and no longer, `applied` is the template that its client follows from now on. `contributions` is what other
    resources contribute to the client, as far as it was read.
    """

    journal: Journal
    invocation: Invocation
    holder: str = dataclasses.field(default_factory=lambda: uuid4().hex)
    has_begun: bool = False
    previous: Record | None = None
    planned: Change | None = None
    owned: Ownership | None = None
    applied: Settings | None = None
    released: tuple[str, str] | None = None
    given_back: Ownership | None = None
    taken_from: Ownership | None = None
    deleted: bool = False
    contributions: Contributions = NOTHING
    observed_at: float = 0.0
    _until: float = 0.0
    _takes_back: bool = False
    _noted: Change | None = None
    _record: Record | None = None
    _has_read: bool = False
    _takes: bool = False
    _could_read: bool = True

    @property
    def resource(self) -> str:
        """Return the journal's name of the resource."""
        request = self.invocation.request
        return f"{request.stack_id}/{request.logical_resource_id}"

    @property
    def is_repeated(self) -> bool:
        """Tell whether an earlier delivery of this request has begun and was not heard of again."""
        return self.previous is not None and self.previous.request == self.invocation.request.digest

    def observing(self) -> None:
        """Note that the resource is observed now: what ends later makes the observation stale."""
        self.observed_at, self._has_read = self._now(), False

    def record(self) -> Record | None:
        """Return what the journal has of the resource, after waiting for a request that is at work.

        Raises RespondedBefore, Overtaken and StillAtWork. A journal that cannot be read is as good as an empty one.
        """
        if self.has_begun:
            return self.previous
        if self._has_read:
            return self._record
        try:
            record = self.journal.read(self.resource)
            self._record = self._after(record) if record is not None else None
        except (RespondedBefore, Overtaken, StillAtWork):
            raise
        except ProviderError as error:
            logger.warning("The journal was not read", extra={"because": error.why})
            self._record, self._could_read = None, False
        self._has_read = True
        return self._record

    def take(self, change: Change | None, *, now: bool = True) -> bool:
        """Begin with this change noted; True if the resource must be observed again before anything is changed.

        Where nothing is changed yet (`now` is False), `ensure` begins later. The resource is observed again where
        another request or a visit was at work meanwhile: this waits until that one has ended, or its time is up. Raises
        RespondedBefore, Overtaken, and other ProviderErrors where the journal cannot be written.
        """
        self._takes_back = change is None
        if change is not None:
            change = dataclasses.replace(change, since=self._signed_at(), until=self.lease_ends())
        self.planned = change
        if not now and not self.has_begun:
            return self._record is not None and self._record.changed_after(self.observed_at)
        if self.has_begun:
            self._revise(change)
            return False
        begun = self.journal.begin(self._begin(change))
        if not isinstance(begun, Begun):
            self._after(begun.record)
            return True
        self.has_begun, self.previous, self._noted = True, begun.previous, change
        self._revise(change)
        return begun.previous is not None and begun.previous.changed_after(self.observed_at)

    def ensure(self) -> None:
        """Begin with the planned change, unless the turn has begun: called before each call that changes something."""
        while not self.has_begun:
            self.take(self.planned)

    def own(self, client: AppClient, *, imported: bool, applied: Settings | None = None, takes: bool = False) -> None:
        """Note that the resource has this client from now on, and which template it follows, if it does so in full.

        With `takes` it was created or imported now, and is this resource's even if another stack's had it.
        """
        self.applied, self._takes = applied, takes
        self.owned = Ownership(client.pool_id, client.client_id, self.resource, imported=imported)

    def with_noted_secret(self, client: AppClient) -> AppClient:
        """Say of a client whether it has a secret, if the journal knows, which was read anyway; and note it again.

        A secret can be added only to a client that has one, and the last one cannot be deleted.
        """
        noted = _secrets_of(self.previous if self.has_begun else self._record)
        has_secret = noted.get(client.client_id) if client.has_secret is None else client.has_secret
        former_id = self.invocation.request.physical_id
        known = {former_id: noted[former_id]} if former_id in noted else {}
        if has_secret is not None:
            known[client.client_id] = has_secret
        self.plan(has_secret=known)
        return dataclasses.replace(client, has_secret=has_secret)

    def release(self, change: Change) -> None:
        """Note that the resource has no longer the client that a change has imported: it is as before that change."""
        self.released = change.pool_id, change.client_id
        if change.taken_from:
            self.given_back = Ownership(*self.released, change.taken_from, imported=change.was_imported)

    def plan(self, **changes: object) -> None:
        """Add to the planned change."""
        if self.planned is not None:
            self.planned = dataclasses.replace(self.planned, **changes)  # type: ignore[arg-type]

    def end(self, outcome: Outcome) -> None:
        """Note what became of the request. If that fails, the lease still ends, and a repeated delivery searches."""
        if not self.has_begun and not self._is_to_note():
            return
        sent = self.invocation.response.sent or outcome
        planned = self._whole(self.planned)
        end = End(
            resource=self.resource,
            holder=self.holder,
            now=self._now(),
            response=Responded(sent.status, sent.physical_id, sent.reason),
            change=planned if planned != self._noted else None,
            applied=self.applied,
            owned=None if self._has(self.owned) else self.owned,
            takes=self._takes,
            released=self.released,
            given_back=self.given_back,
            deleted=self.deleted,
        )
        try:
            if self.has_begun or not self.journal.note(self._begin(None), end):
                self.ensure()  # waits for who is at work
                self.journal.end(dataclasses.replace(end, now=self._now()))
        except ProviderError as error:
            logger.warning("The journal was not completed", extra={"because": error.why})
        except RespondedBefore:  # another delivery has noted it meanwhile
            return

    def _revise(self, change: Change | None) -> None:
        whole = self._whole(change)
        if whole is not None and whole != self._noted:
            self.journal.revise(self.resource, self.holder, whole)
            self._noted = whole

    def _whole(self, change: Change | None) -> Change | None:
        """Return a change as it is noted: since the first delivery of the request."""
        first = self.previous.change if self.previous is not None else None
        return change if change is None or first is None else change.whole(first)

    def _is_to_note(self) -> bool:
        """Tell whether a request that had nothing to change brings a template that the journal does not have.

        What is compared is what would be stored. A journal that could not be read is not written.
        """
        if self.applied is None or not (self._has_read and self._could_read):
            return False
        known = None if self._record is None else self._record.applied
        return known is None or encode_settings(known) != encode_settings(self.applied)

    def _has(self, owned: Ownership | None) -> bool:
        """Tell whether the journal has an ownership already."""
        previous, planned = self.previous or self._record, self.planned
        if owned is None or previous is None or previous.client_id != owned.client_id:
            return False
        return planned is not None and previous.change is not None and previous.change.imported == owned.imported

    def _after(self, record: Record) -> Record | None:
        """Return the record after the request that is at work has ended, or its time is up."""
        found: Record | None = record
        clock = self.invocation.deadline.clock
        for pause in pauses(_FIRST_PAUSE, _LONGEST_PAUSE):
            if found is None:
                return None
            self._check(found)
            if not found.is_at_work(self._now()):
                return found
            if pause >= self.invocation.deadline.work_left():
                raise StillAtWork(
                    "Another request for the resource is still at work.", "deploy again in a few minutes."
                )
            clock.sleep(pause)
            found = self.journal.read(self.resource)
        raise AssertionError  # pauses never end

    def _check(self, record: Record) -> None:
        if record.request == self.invocation.request.digest:
            if record.response is not None:
                raise RespondedBefore(record.response, _secrets_of(record))
        elif record.signed_at > self._signed_at():
            raise Overtaken(
                "A later request for the resource has come, so nothing was done.",
                "nothing: CloudFormation does not wait for this request any more.",
            )

    def _begin(self, change: Change | None) -> Begin:
        return Begin(
            resource=self.resource,
            request=self.invocation.request.digest,
            request_type=self.invocation.request.request_type,
            signed_at=self._signed_at(),
            holder=self.holder,
            now=self._now(),
            until=self.lease_ends(),
            change=change,
        )

    def lease_ends(self) -> float:
        """Return when Lambda ends this run at the latest: the same each time that it is asked."""
        if not self._until:
            self._until = self._now() + max(self.invocation.deadline.answer_left(), 0.0) + _MARGIN
        return self._until

    def _signed_at(self) -> float:
        """Return when the request was signed; one that is not dated (an emulator's) counts from when it came.

        The date is cut to the second. Within one, a rollback comes after the update, and a Delete after both.
        """
        request = self.invocation.request
        if request.signed_at is None:
            return self.invocation.arrived_at
        place = 0.5 if request.request_type == "Delete" else 0.25 if self._takes_back else 0.0
        return request.signed_at.timestamp() + place

    def _now(self) -> float:
        return self.invocation.deadline.clock.wall()


def _secrets_of(record: Record | None) -> Mapping[str, bool]:
    return {} if record is None or record.change is None else record.change.has_secret
