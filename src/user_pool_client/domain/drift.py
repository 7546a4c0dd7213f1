"""Drift: what an update with the same template would set right. The code that updates decides it."""

import enum
from dataclasses import dataclass, field
from typing import Any

from user_pool_client.domain import plan
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.cimd_policy import wanted
from user_pool_client.domain.contributions import Values
from user_pool_client.domain.properties import PUBLISH, Settings


class Status(enum.StrEnum):
    """How a client compares with the template that was applied to it last."""

    IN_SYNC = "in sync"
    DRIFTED = "drifted"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Difference:
    """One property that differs: its value in the template, and on the client now.

    Both are JSON, with defaults filled in and lists sorted: they differ in effect, and not only in writing.
    """

    name: str
    template: Any
    client: Any


@dataclass(frozen=True, slots=True)
class Drift:
    """What an update with the same template would do.

    `update` is the update that it would send, None for none; `minutes` those of the session configuration that it would
    set, None for none; `policy` the complete settings of the CIMD policy that it would create or change, None for none;
    `replaces` says why it would create a new client, '' if it would not.
    """

    status: Status
    differences: tuple[Difference, ...] = ()
    update: plan.Update | None = None
    minutes: int | None = None
    policy: Settings | None = None
    replaces: str = ""

    @property
    def can_be_healed(self) -> bool:
        """Tell whether an update of this client alone sets it right: no new client, and no secret moved or deleted."""
        publishes = self.update is not None and PUBLISH in self.update.changed
        return self.status is Status.DRIFTED and not self.replaces and not publishes


@dataclass(frozen=True, slots=True)
class Beside:
    """What a client has besides its settings, as far as its template names it.

    `minutes` are those of its session configuration, None where they are not known; `policy` the complete settings of
    its CIMD policy, empty for none; `contributed` the values that other resources contribute, which are not drift.
    """

    minutes: int | None = None
    policy: Settings = field(default_factory=dict)
    contributed: Values = field(default_factory=dict)


def compare(
    applied: Settings,
    observed: AppClient | None,
    *,
    physical_id: str,
    generated_name: str,
    beside: Beside = Beside(),
) -> Drift:
    """Compare a client with the template that was applied to it last.

    A setting in no template is never drift. Raises Refused where an update with this template would be refused for what
    the client has become.
    """
    if observed is None:
        return Drift(Status.GONE)
    decision = plan.decide(
        desired=applied,
        applied=applied,
        observed=observed,
        generated_name=generated_name,
        physical_id=physical_id,
        contributed=beside.contributed,
    )
    if isinstance(decision, plan.Create):
        named = next(name for name in ("ClientSecret", "GenerateSecret") if applied.get(name) is not None)
        has_secret = observed.has_secret is True
        return Drift(Status.DRIFTED, (Difference(named, not has_secret, has_secret),), replaces=decision.reason)
    update = decision if isinstance(decision, plan.Update) else None
    differences = [] if update is None else [_difference(name, update) for name in update.changed]
    session, policy = plan.session(applied, applied), wanted(applied, applied)
    minutes = None if session is None else session["MaxValidityMinutes"]
    if minutes == beside.minutes or session is None:
        minutes = None
    else:
        now = None if beside.minutes is None else {"MaxValidityMinutes": beside.minutes}
        differences.append(Difference("SSOSession", session, now))
    if policy == beside.policy or not policy:
        policy = None
    else:
        differences.append(Difference("CIMDPolicy", policy, beside.policy or None))
    status = Status.DRIFTED if differences else Status.IN_SYNC
    return Drift(status, tuple(differences), update, minutes, policy)


def _difference(name: str, update: plan.Update) -> Difference:
    observed = update.observed.settings
    if name == PUBLISH:
        return Difference(name, update.settings[name], observed.get(name, False))
    template, client = (_shown(plan.canonical(settings)[name]) for settings in (update.settings, observed))
    return Difference(name, template, client)


def _shown(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value
