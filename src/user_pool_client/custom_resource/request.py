"""CloudFormation's event as a frozen value; refuses what cannot be answered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from user_pool_client.custom_resource.response import Envelope
from user_pool_client.domain.errors import Unanswerable
from user_pool_client.domain.journal import digest
from user_pool_client.domain.physical_id import generated_name, is_generated_id, stack_name
from user_pool_client.domain.properties import CONTRIBUTION_TYPE
from user_pool_client.domain.sensitive import Sensitive

_IDS = ("StackId", "RequestId", "LogicalResourceId")
_NEEDED = ("RequestType", "ResponseURL", *_IDS)

# CloudFormation's own ids need half of it; the rest of an answer's bytes is for the reason and the attributes.
_MOST_FOR_IDS = 3000

# How long CloudFormation waits for an answer, unless the resource says otherwise.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
_SERVICE_TIMEOUT = 3600

# Lambda repeats a failed invocation after a minute at the earliest: what comes sooner is a first delivery, or one of
# two at the same moment, of which nobody could tell anyway.
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
_FRESH = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Request:
    """One request for one resource. The client secret in its properties is `Sensitive`."""

    request_type: str
    resource_type: str
    response_url: Sensitive
    stack_id: str
    request_id: str
    logical_resource_id: str
    physical_id: str
    properties: object = field(repr=False)
    old_properties: object = field(repr=False)
    signed_at: datetime | None = None
    """When CloudFormation signed the response URL (X-Amz-Date), to the second; None where it is not dated."""
    digest: str = ""
    """A SHA-256 of the whole event: two deliveries of the same request have the same."""
    valid_for: float | None = None
    """For how many seconds from then on the response URL is good (X-Amz-Expires); None where it does not say."""

    @classmethod
    def parse(cls, event: object) -> "Request":
        """Read an event; raise Unanswerable, quoting nothing of it, if no answer to it is possible."""
        if not isinstance(event, Mapping):
            raise Unanswerable("The event is no map, so it is no request of CloudFormation's.")
        missing = [name for name in _NEEDED if not isinstance(event.get(name), str) or not event[name]]
        if missing:
            raise Unanswerable(f"The event is no request of CloudFormation's: it has no {', '.join(missing)}.")
        physical_id = event.get("PhysicalResourceId")
        if len(json.dumps([physical_id, *(event[name] for name in _IDS)])) > _MOST_FOR_IDS:
            raise Unanswerable("The event's ids are so long that no answer could repeat them.")
        url = Sensitive(event["ResponseURL"])
        return cls(
            request_type=event["RequestType"],
            resource_type=str(event.get("ResourceType")),
            response_url=url,
            stack_id=event["StackId"],
            request_id=event["RequestId"],
            logical_resource_id=event["LogicalResourceId"],
            physical_id=physical_id if isinstance(physical_id, str) else "",
            properties=_sealed(event.get("ResourceProperties")),
            old_properties=_sealed(event.get("OldResourceProperties")),
            signed_at=_signed_at(url),
            digest=digest(event),
            valid_for=_valid_for(url),
        )

    @property
    def envelope(self) -> Envelope:
        """Return the ids that the answer repeats."""
        return Envelope(self.stack_id, self.request_id, self.logical_resource_id)

    @property
    def noun(self) -> str:
        """Return what the resource is, for a sentence."""
        return "contribution" if self.resource_type == CONTRIBUTION_TYPE else "app client"

    @property
    def generated_name(self) -> str:
        """Return the name of the client where the template gives none."""
        return generated_name(self.stack_id, self.logical_resource_id)

    @property
    def has_generated_id(self) -> bool:
        """Tell whether CloudFormation made the physical ID up, because the Create had not responded."""
        return is_generated_id(self.physical_id, stack_name(self.stack_id), self.logical_resource_id)

    def secrets(self) -> list[Sensitive]:
        """Return the client secrets that the template gives, or gave before."""
        given = [
            properties.get("ClientSecret")
            for properties in (self.properties, self.old_properties)
            if isinstance(properties, Mapping)
        ]
        return [secret for secret in given if isinstance(secret, Sensitive)]

    def seconds_left(self, now: float) -> float:
        """Return how much longer CloudFormation waits, `now` being seconds since 1970.

        It counts from when it signed the response URL; a URL without a date (an emulator's) counts from now.
        """
        return _service_timeout(self.properties) - self.age(now)

    def age(self, now: float) -> float:
        """Return the seconds since the response URL was signed; 0 where it is not dated."""
        # A clock that runs behind CloudFormation's must not lengthen the time.
        return 0.0 if self.signed_at is None else max(0.0, now - self.signed_at.timestamp())

    def is_fresh(self, now: float) -> bool:
        """Tell whether this is no late or repeated delivery. A URL that is not dated (an emulator's) is fresh."""
        return self.age(now) < _FRESH

    def has_expired(self, now: float) -> bool:
        """Tell whether S3 would no longer take an answer at the response URL."""
        return self.valid_for is not None and self.age(now) >= self.valid_for


def _sealed(properties: object) -> object:
    if not isinstance(properties, Mapping):
        return properties
    secret = properties.get("ClientSecret")
    if isinstance(secret, (str, int, float)) and not isinstance(secret, bool):
        return {**properties, "ClientSecret": Sensitive(str(secret))}
    return properties


def _service_timeout(properties: object) -> float:
    value: Any = properties.get("ServiceTimeout") if isinstance(properties, Mapping) else None
    try:
        # CloudFormation itself checks the value; anything odd that arrives all the same is not ours to judge.
        return min(max(int(value), 1), _SERVICE_TIMEOUT)
    except (TypeError, ValueError, OverflowError):
        return _SERVICE_TIMEOUT


def _signed_at(url: Sensitive) -> datetime | None:
    try:
        return datetime.strptime(_of_query(url, "X-Amz-Date"), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _valid_for(url: Sensitive) -> float | None:
    try:
        return float(int(_of_query(url, "X-Amz-Expires")))
    except (ValueError, OverflowError):
        return None


def _of_query(url: Sensitive, name: str) -> str:
    """Return a value of the URL's query, '' where there is not exactly one."""
    try:
        values = parse_qs(urlsplit(url.reveal()).query).get(name, [])
    except ValueError:
        return ""
    return values[0] if len(values) == 1 else ""
