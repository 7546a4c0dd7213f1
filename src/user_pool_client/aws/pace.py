"""Calls of Cognito that leave room for others: at most so many a second for each user pool, repetitions included."""

from dataclasses import dataclass, field
from typing import override

from user_pool_client.aws.calls import Answer, Call, Caller
from user_pool_client.aws.retry import Failure
from user_pool_client.deadline import Clock

# Cognito allows 5 a second for an operation and user pool; deployments and sign-ups come first.
_SECONDS_BETWEEN = 0.5


@dataclass(slots=True)
class Pace:
    """When the next call for each user pool may be made, as readings of the clock."""

    clock: Clock
    _free: dict[str, float] = field(default_factory=dict)

    def wait(self, pool_id: str) -> None:
        """Sleep until a call for this pool may be made."""
        now = self.clock.monotonic()
        at = max(now, self._free.get(pool_id, now))
        self._free[pool_id] = at + _SECONDS_BETWEEN
        if at > now:
            self.clock.sleep(at - now)


@dataclass(frozen=True, slots=True)
class PacedCaller(Caller):
    """Calls AWS at a pace."""

    pace: Pace

    @override
    def _attempt(self, call: Call, *, short_timeout: bool) -> Answer | Failure:
        pool_id = call.parameters.get("UserPoolId")
        if pool_id is not None:
            self.pace.wait(pool_id)
        return super(PacedCaller, self)._attempt(call, short_timeout=short_timeout)
