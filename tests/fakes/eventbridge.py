"""A fake of EventBridge: it takes the events that the function sends, and keeps them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.cognito_limits import ApiError

type Json = dict[str, Any]

MOST_BYTES = 256 * 1024
MEMBERS = {"Source", "DetailType", "Detail", "Resources"}


@dataclass
class FakeEventBridge:
    """Take events as PutEvents does: one that is not taken is told in the answer, whose status is 200 all the same."""

    taken: list[Json] = field(default_factory=list)
    """The events, with `Detail` as JSON."""
    failures: list[ApiError] = field(default_factory=list)
    """What is answered next, in order."""
    refusals: list[str] = field(default_factory=list)
    """The error codes with which the next events are not taken."""

    def reply_to(self, target: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Answer one request as it arrives: status, headers and body."""
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        assert target == "AWSEvents.PutEvents"
        if self.failures:
            error = self.failures.pop(0)
            return error.status, headers, json.dumps({"__type": error.code, "message": error.message}).encode()
        (entry,) = json.loads(body)["Entries"]
        assert entry.keys() == MEMBERS
        assert len(body) < MOST_BYTES
        if self.refusals:
            refused = {"ErrorCode": self.refusals.pop(0), "ErrorMessage": "Not now"}
            return 200, headers, json.dumps({"FailedEntryCount": 1, "Entries": [refused]}).encode()
        self.taken.append({**entry, "Detail": json.loads(entry["Detail"])})
        return 200, headers, json.dumps({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}).encode()
