"""Who has changed a client, as an event of CloudTrail's tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_RECORDED = "AWS API Call via CloudTrail"


@dataclass(frozen=True, slots=True)
class TrailChange:
    """A change or deletion of a client: `who` did it, with which `role` (an ARN, '' for none)."""

    pool_id: str
    client_id: str
    who: str
    role: str


def change_of(event: object) -> TrailChange | None:
    """Read an EventBridge event of an API call that CloudTrail has recorded; None for any other event.

    IDs that it does not show are ''.
    The names are CloudTrail's: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference.html
    """
    if _map(event).get("detail-type") != _RECORDED:
        return None
    detail = _map(_map(event).get("detail"))
    parameters, identity = _map(detail.get("requestParameters")), _map(detail.get("userIdentity"))
    issuer = _map(_map(identity.get("sessionContext")).get("sessionIssuer"))
    who = identity.get("arn") or identity.get("invokedBy") or identity.get("type") or ""
    pool_id, client_id = (str(parameters.get(name, "")) for name in ("userPoolId", "clientId"))
    return TrailChange(pool_id, client_id, str(who), str(issuer.get("arn", "")))


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
