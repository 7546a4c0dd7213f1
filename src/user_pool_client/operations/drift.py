"""Drift: compare clients with the templates that were applied to them, and set right those whose template says so.

docs/decisions/0038-drift-is-what-an-update-would-write.md
"""

import contextlib
import dataclasses
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from user_pool_client.deadline import Deadline
from user_pool_client.domain import contributions as contributing
from user_pool_client.domain import drift, plan
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.cimd_policy import CimdPolicy
from user_pool_client.domain.contributions import Contributions
from user_pool_client.domain.drift import Beside, Difference, Drift, Status
from user_pool_client.domain.errors import NotFound, ProviderError, Refused
from user_pool_client.domain.journal import MOST_HEALS, Record
from user_pool_client.domain.physical_id import generated_name
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.resource_status import ResourceStatus
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.domain.validation import validate_request
from user_pool_client.log import count_metric, logger
from user_pool_client.operations.cimd_policy import find_policy
from user_pool_client.operations.observe import observe
from user_pool_client.operations.ports import AppClients, DriftJournal, Events, Stacks

type Contributed = Callable[[str, str], Contributions]
"""What other resources contribute to a client, by the IDs of its user pool and its own."""

# How long an update of one client may take (seconds). Requests of CloudFormation's for it wait meanwhile.
_HEAL = 30.0
# How long reading one client may take; with less time left, none is begun (seconds).
_FOR_ONE_CLIENT = 20.0
# The clocks of two runs may differ a little.
_MARGIN = 1.0

# After these CloudFormation sends no more requests of the operation that has ended, and rolls nothing back.
_AT_REST = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one resource's client. `because` says why its status is unknown, or why it was not healed."""

    record: Record
    status: Status
    differences: tuple[Difference, ...] = ()
    healed: bool = False
    because: str = ""

    @property
    def stack_id(self) -> str:
        """Return the ID of the resource's stack, an ARN."""
        return self.record.resource.rpartition("/")[0]

    @property
    def logical_id(self) -> str:
        """Return the logical ID of the resource."""
        return self.record.resource.rpartition("/")[2]

    def fields(self) -> dict[str, Any]:
        """Return the finding as JSON, for a log line, an event and a command's output. It holds no secret."""
        fields: dict[str, Any] = {
            "stack_id": self.stack_id,
            "logical_resource_id": self.logical_id,
            "user_pool_id": self.record.pool_id,
            "client_id": self.record.client_id,
            "status": str(self.status),
        }
        if self.differences:
            fields["properties"] = {
                one.name: {"template": one.template, "client": one.client} for one in self.differences
            }
        if self.status is Status.DRIFTED:
            fields["healed"] = self.healed
        return {**fields, "because": self.because} if self.because else fields


@dataclass(frozen=True, slots=True)
class DriftCheck:
    """Compares clients with the journal.

    `clients` gives access to Cognito for a record, as its template says (RoleArn), until a deadline; `stacks` gives
    access to CloudFormation for a stack ID.
    """

    journal: DriftJournal
    clients: Callable[[Record, Settings, Deadline], AppClients]
    stacks: Callable[[str], Stacks]
    deadline: Deadline

    def check(self, record: Record, *, heals: bool) -> Finding | None:
        """Compare one client; None where there is nothing to say.

        That is so where its template says `DriftAction: ignore`, where a request is at work or its stack is not at
        rest, and where the stack has another client by now. With `heals`, a client whose template says so is set right.
        """
        applied = record.applied
        if record.is_at_work(self._now()) or (applied is not None and applied.get("DriftAction") == "ignore"):
            return None
        # A pool that throttles all calls must not use up the time of the others.
        until = Deadline.after(min(_FOR_ONE_CLIENT, self.deadline.answer_left()), self.deadline.clock)
        found = compare(record, applied, lambda given: self.clients(record, given, until), self.journal.contributions)
        if found.status is Status.IN_SYNC:
            return Finding(record, Status.IN_SYNC)
        try:
            if not self._is_current(record):
                return None
        except ProviderError as error:
            return Finding(record, Status.UNKNOWN, because=error.why)
        if heals and applied is not None and applied.get("DriftAction") == "heal" and found.status is Status.DRIFTED:
            return self._heal(found, record, applied)
        return found

    def _is_current(self, record: Record) -> bool:
        """Tell whether the stack is at rest with this client, and nothing has changed since the record was read."""
        stack_id, logical_id = record.resource.rsplit("/", 1)
        stacks = self.stacks(stack_id)
        if stacks.stack_status(stack_id) not in _AT_REST:
            return False
        resource = stacks.resource_status(stack_id, logical_id)
        if resource.physical_id != record.client_id or resource.is_released() or resource.status == "DELETE_FAILED":
            return False
        owner = self.journal.owner(record.pool_id, record.client_id)
        if owner is not None and owner.resource != record.resource:
            return False
        if not _has_noted_the_last_request(record, resource):
            raise Refused(
                "the journal does not have what the last deployment of the resource applied",
                "deploy it with a new text in Refresh.",
            )
        now = self.journal.read(record.resource)
        return now is not None and (now.holder, now.healing) == (record.holder, record.healing)

    def _heal(self, found: Finding, record: Record, applied: Settings) -> Finding | None:
        """Send the update that the plan decides. Requests for the resource wait; what they had observed is stale."""
        if found.because:
            return found
        if not record.may_be_healed(self._now()):
            because = f"it was set right {MOST_HEALS} times within a day: another tool may set it as well."
            return dataclasses.replace(found, because=because)
        deadline = Deadline.after(min(_HEAL, self.deadline.answer_left()), self.deadline.clock)
        try:
            if not self.journal.begin_heal(record, self._now(), self._now() + deadline.answer_left() + _MARGIN):
                return None
        except ProviderError as error:
            return dataclasses.replace(found, because=error.why)
        try:
            return self._update(found, record, applied, self.clients(record, applied, deadline))
        except ProviderError as error:
            return dataclasses.replace(found, because=error.why)
        finally:
            with contextlib.suppress(ProviderError):  # then they wait until the time is up
                self.journal.end_heal(record, self._now())

    def _update(self, found: Finding, record: Record, applied: Settings, clients: AppClients) -> Finding:
        now, policy_id = _look(record, applied, clients, self.journal.contributions)
        found = Finding(record, now.status, now.differences, because=_reason_not_to_heal(now))
        if now.status is not Status.DRIFTED or found.because:
            return found
        if now.update is not None:
            validate_request(now.update.settings, applied, has_secret=now.update.observed.has_secret)
            clients.update(record.pool_id, record.client_id, now.update.settings)
        if now.minutes is not None:
            clients.set_session_minutes(record.pool_id, record.client_id, now.minutes)
        if now.policy is not None and policy_id:
            clients.update_policy(record.pool_id, record.client_id, CimdPolicy(policy_id, now.policy))
        elif now.policy is not None:
            clients.create_policy(record.pool_id, record.client_id, now.policy)
        return dataclasses.replace(found, healed=True)

    def _now(self) -> float:
        return self.deadline.clock.wall()


def compare(
    record: Record, applied: Settings | None, clients: Callable[[Settings], AppClients], contributions: Contributed
) -> Finding:
    """Compare a resource's client with the properties that were applied, whatever its stack is doing."""
    if applied is None:
        because = "the journal does not have the properties of the resource: deploy it with a new text in Refresh."
        return Finding(record, Status.UNKNOWN, because=because)
    if isinstance(applied.get("ExternalId"), Sensitive):
        because = "its ExternalId is not in the journal, so RoleArn cannot be assumed."
        return Finding(record, Status.UNKNOWN, because=because)
    try:
        found, _ = _look(record, applied, clients(applied), contributions)
    except ProviderError as error:
        return Finding(record, Status.UNKNOWN, because=error.why)
    return Finding(record, found.status, found.differences, because=_reason_not_to_heal(found))


def _look(record: Record, applied: Settings, clients: AppClients, contributions: Contributed) -> tuple[Drift, str]:
    """Return how a client compares with its template, and the ID of its CIMD policy, '' for none."""
    observed, beside, policy_id = observe(clients, applied, record.client_id), Beside(), ""
    try:
        if observed is not None:
            beside, policy_id = _beside(record, applied, clients, observed, contributions)
    except NotFound:  # deleted in between
        observed = None
    name = generated_name(*record.resource.rsplit("/", 1))
    found = drift.compare(applied, observed, physical_id=record.client_id, generated_name=name, beside=beside)
    return found, policy_id


def _beside(
    record: Record, applied: Settings, clients: AppClients, observed: AppClient, contributions: Contributed
) -> tuple[Beside, str]:
    """Ask for what a client has besides its settings, as far as its template names it."""
    ids = record.pool_id, record.client_id
    minutes = clients.session_minutes(*ids) if plan.session(applied, applied) is not None else None
    policy = find_policy(clients, observed, applied, applied) if applied.get("CIMDPolicy") else None
    takes_part = contributing.takes_part(desired=applied, applied=applied, observed=observed.settings)
    contributed = contributions(*ids).live if takes_part else {}
    if policy is None:
        return Beside(minutes, contributed=contributed), ""
    return Beside(minutes, policy.settings, contributed), policy.policy_id


def _reason_not_to_heal(found: Drift) -> str:
    """Say why an update alone does not set a client right, or must not be sent unasked; '' where it may be."""
    unknown = found.update.observed.unknown if found.update is not None else {}
    if found.replaces:
        return f"only a new client would do: {found.replaces}."
    if found.status is Status.DRIFTED and not found.can_be_healed:
        return "it would move or delete a client secret."
    if unknown:
        return f"this version does not know {', '.join(sorted(unknown))}, which an update may lose."
    return ""


# CloudFormation shows a resource as complete this long after its answer at most (seconds).
_SHOWN_WITHIN = 30.0


def _has_noted_the_last_request(record: Record, resource: ResourceStatus) -> bool:
    if record.response is None or record.response.status != "SUCCESS" or not record.ended_at:
        return False
    return resource.since is None or resource.since.timestamp() <= record.ended_at + _SHOWN_WITHIN


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Checks clients, and reports what is found: a log line, a metric and an event for each that is not in sync."""

    drift_check: DriftCheck
    events: Events

    def check_all(self) -> None:
        """Check every client that the journal knows; those that time does not suffice for count as unknown."""
        records = list(self.drift_check.journal.resources())
        random.shuffle(records)  # so that it is not always the same ones that time does not suffice for
        for number, record in enumerate(records):
            if self.drift_check.deadline.work_left() < _FOR_ONE_CLIENT:
                left = len(records) - number
                logger.warning("Drift check not finished", extra={"checked": number, "left": left})
                count_metric("Unknown", left)
                return
            self._check(record, {})
        logger.info("Drift check finished", extra={"checked": len(records)})

    def check_one(self, pool_id: str, client_id: str, changed_by: str) -> None:
        """Check the client that somebody has changed or deleted, if it is a resource's."""
        owner = self.drift_check.journal.owner(pool_id, client_id)
        record = None if owner is None else self.drift_check.journal.read(owner.resource)
        if record is not None and (record.pool_id, record.client_id) == (pool_id, client_id):
            self._check(record, {"changed_by": changed_by})

    def _check(self, record: Record, who: Mapping[str, str]) -> None:
        found = self.drift_check.check(record, heals=True)
        if found is None or found.status is Status.IN_SYNC:
            return
        fields = {**found.fields(), **who}
        match found:
            case Finding(healed=True):
                count_metric("Healed")
                logger.warning("Drift healed", extra=fields)
                self._send("Drift healed", found, fields)
            case Finding(status=Status.DRIFTED):
                count_metric("Drifted")
                logger.warning("Client drifted", extra=fields)
                self._send("Client drifted", found, fields)
            case Finding(status=Status.GONE):
                count_metric("Gone")
                logger.warning("Client gone", extra=fields)
                self._send("Client gone", found, fields)
            case _:
                count_metric("Unknown")
                logger.warning("Drift unknown", extra=fields)

    def _send(self, title: str, found: Finding, fields: Mapping[str, object]) -> None:
        try:
            self.events.send(title, fields, [found.stack_id])
        except ProviderError as error:
            logger.warning("Drift event not sent", extra={"client_id": found.record.client_id, "because": error.why})
