"""An outcome as the bytes that CloudFormation reads: at most 4,096 of them, whatever there is to say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from user_pool_client.domain.attributes import IDS, Attributes
from user_pool_client.domain.sensitive import MASK, Sensitive

# "Response object is too long." is CloudFormation's answer to more.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
MOST_BYTES = 4096
_CUT = " … (cut; the function's log has more)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request. `physical_id` is true in every case, a failure's too."""

    status: Literal["SUCCESS", "FAILED"]
    physical_id: str
    reason: str = ""
    data: Attributes = field(default_factory=dict)

    @property
    def no_echo(self) -> bool:
        """Tell whether CloudFormation shall mask the attributes: whenever the secret is among them."""
        return "ClientSecret" in self.data


@dataclass(frozen=True, slots=True)
class Envelope:
    """The ids that an answer repeats, so that CloudFormation knows what it answers."""

    stack_id: str
    request_id: str
    logical_resource_id: str


@dataclass(frozen=True, slots=True)
class Body:
    """An answer in bytes, secrets included, and the names of the attributes that did not fit."""

    content: bytes = field(repr=False)
    left_out: tuple[str, ...] = ()


def fits(outcome: Outcome, envelope: Envelope) -> bool:
    """Tell whether an outcome can be told whole."""
    return not encode(outcome, envelope).left_out


def encode(outcome: Outcome, envelope: Envelope, *, masked: bool = False) -> Body:
    """Return the answer's body; `masked` writes `***` for secrets.

    What does not fit is left out: attributes, the largest first, but never an id or the secret; then the end of the
    reason.
    """
    data = {name: _revealed(value, masked=masked) for name, value in outcome.data.items()}
    left_out: list[str] = []
    while len(content := _bytes(outcome, envelope, data, outcome.reason)) > MOST_BYTES:
        droppable = [name for name in data if name not in IDS]
        if not droppable:
            return Body(_cut_reason(outcome, envelope, data), tuple(left_out))
        largest = max(droppable, key=lambda name: (len(_json({name: data[name]})), name))
        del data[largest]
        left_out.append(largest)
    return Body(content, tuple(left_out))


def _cut_reason(outcome: Outcome, envelope: Envelope, data: Mapping[str, str]) -> bytes:
    """Keep the longest beginning of the reason that fits: it says what happened, the end only how."""
    fits, too_long = 0, len(outcome.reason)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if len(_bytes(outcome, envelope, data, outcome.reason[:middle] + _CUT)) <= MOST_BYTES:
            fits = middle
        else:
            too_long = middle
    return _bytes(outcome, envelope, data, outcome.reason[:fits] + _CUT)


def _bytes(outcome: Outcome, envelope: Envelope, data: Mapping[str, str], reason: str) -> bytes:
    body: dict[str, object] = {
        "Status": outcome.status,
        "PhysicalResourceId": outcome.physical_id,
        "StackId": envelope.stack_id,
        "RequestId": envelope.request_id,
        "LogicalResourceId": envelope.logical_resource_id,
    }
    if reason:
        body["Reason"] = reason
    if data:
        body["NoEcho"] = outcome.no_echo
        body["Data"] = data
    return _json(body)


def _json(value: object) -> bytes:
    # Half of a surrogate pair can come in through JSON escapes, but cannot go out in UTF-8.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _revealed(value: str | Sensitive, *, masked: bool) -> str:
    if isinstance(value, Sensitive):
        return MASK if masked else value.reveal()
    return value
