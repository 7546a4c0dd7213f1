"""The only module that calls EventBridge: it sends the function's own events to the default event bus."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from user_pool_client.aws.calls import Answer, Call, Caller, Judgement, Refusal, Service
from user_pool_client.domain.errors import Refused

SOURCE = "user-pool-client"
"""The `source` of every event, for rules to match."""

# EventBridge takes 256 KB for an event, names included.
_MOST_BYTES = 200_000


def _judge(_refusal: Refusal) -> Judgement:
    return Refused, "allow events:PutEvents on the default event bus to the role of the function."


def _is_answer(_operation: str, answer: Answer) -> bool:
    """Tell whether the event was taken: EventBridge answers 200 also where it was not."""
    failed: int = answer.get("FailedEntryCount", 0)
    return failed == 0


EVENTBRIDGE = Service(
    "events",
    "EventBridge",
    operations={"PutEvents": "put_events"},
    judge=_judge,
    transient=frozenset({"InternalException"}),
    is_answer=_is_answer,
)


@dataclass(frozen=True, slots=True)
class Events:
    """Sends events, for the time of one run. Raises ProviderError when it does not work."""

    caller: Caller

    def send(self, detail_type: str, detail: Mapping[str, object], resources: Sequence[str]) -> None:
        """Send an event. One that is too long is sent without the values of its properties."""
        text = json.dumps(detail, ensure_ascii=False)
        if len(text.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
            properties = detail.get("properties")
            names = sorted(properties) if isinstance(properties, Mapping) else []
            text = json.dumps({**detail, "properties": dict.fromkeys(names), "too_long": True})
        entry = {"Source": SOURCE, "DetailType": detail_type, "Detail": text, "Resources": list(resources)}
        self.caller.call(Call(EVENTBRIDGE, "PutEvents", {"Entries": [entry]}))
