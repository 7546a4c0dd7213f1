"""What is remembered of a resource: its last request, what that changed, and which client it has.

The three states decide every ordinary update; this is for what they cannot tell: what a failed update found before it
changed it, whether a request was carried out before, and whose a client is. It holds no client secret and no signed
URL.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from user_pool_client.domain.contributions import Contributions
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.sensitive import Sensitive


@dataclass(frozen=True, slots=True)
class Change:
    """What a request is about to change, noted before its first call that changes anything.

    `before` holds every setting of the client as it was observed, `after` those that the request sends; both are empty
    for a client that it creates. `desired` and `applied` are digests of the two property sets, by which the rollback
    of this request is known. `client_id` is '' as long as the client to be created has no ID. `previous_id` is the
    physical ID that the request was sent with. Minutes are those of the session configuration, None where it is not
    touched. `policy_before` and `policy_after` are the complete settings of the CIMD policy, empty where there is none;
    `policy_after` is None where the policy is not touched, and `policy_id` is '' where there was none. `contributed`
    are the values that other resources contribute to the client, `kept` and `given_up` those of them of which the
    request changes whether they stay (`contributions.Claims`). The versions are those of the secret that `secret_id`
    names that had AWSCURRENT before and after, '' for none. `unsure` tells that a client may have been created whose ID
    is not known, between `since` and `until` (seconds since 1970). `has_secret` tells by client ID whether a client has
    a secret, as far as that is known: it never changes. `taken_from` is the resource that had an imported client
    before, '' for none, and `was_imported` whether that one had imported it.
    """

    request: str
    request_type: str
    desired: str
    applied: str
    pool_id: str
    client_id: str = ""
    previous_id: str = ""
    imported: bool = False
    before: Settings = field(default_factory=dict)
    after: Settings = field(default_factory=dict)
    minutes_before: int | None = None
    minutes_after: int | None = None
    policy_id: str = ""
    policy_before: Settings = field(default_factory=dict)
    policy_after: Settings | None = None
    contributed: Settings = field(default_factory=dict)
    kept: Settings = field(default_factory=dict)
    given_up: Settings = field(default_factory=dict)
    taken_from: str = ""
    was_imported: bool = False
    secret_id: str = ""
    version_before: str = ""
    version_after: str = ""
    unsure: bool = False
    since: float = 0.0
    until: float = 0.0
    has_secret: Mapping[str, bool] = field(default_factory=dict)

    def whole(self, first: "Change") -> "Change":
        """Return this change with what an earlier delivery of the same request found, as far as that one changed it.

        It may have died halfway: what this delivery finds is then partly the request's own work.
        """
        if (first.request, first.desired, first.client_id) != (self.request, self.desired, self.client_id):
            return self
        changed = {name for name, value in first.after.items() if first.before.get(name) != value}
        before = {name: value for name, value in self.before.items() if name not in changed}
        found = replace(self, before=before | {name: first.before[name] for name in changed & first.before.keys()})
        if first.minutes_before is not None:
            found = replace(found, minutes_before=first.minutes_before)
        if first.policy_after is not None:
            found = replace(found, policy_id=first.policy_id, policy_before=first.policy_before)
        return found

    def encode(self) -> bytes:
        """Return the change as compressed JSON. A secret among the settings raises TypeError: it must not get here."""
        value = {name: getattr(self, name) for name in self.__dataclass_fields__}
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return zlib.compress(text.encode("utf-8", "surrogatepass"))  # as json.loads takes it: half a pair comes back

    @classmethod
    def decode(cls, content: bytes) -> "Change":
        """Read what `encode` has written, by any version of this software; raise ValueError if it cannot be read."""
        try:
            value: Any = json.loads(zlib.decompress(content))
            known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
            return cls(**known)
        except (zlib.error, TypeError, KeyError) as error:
            raise ValueError(str(error)) from None


@dataclass(frozen=True, slots=True)
class Responded:
    """What CloudFormation was sent, without attributes: those are read again from Cognito."""

    status: str
    physical_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Begin:
    """A request that is about to change something; all times are seconds since 1970.

    `resource` is `<stack id>/<logical ID>`, `request` a digest of the whole event, `holder` this run of the function:
    a second delivery of the same request is another one. `until` is when the request's time is up, and with it the
    lease. `change` is None for a rollback and a Delete: what they undo must stay known.
    """

    resource: str
    request: str
    request_type: str
    signed_at: float
    holder: str
    now: float
    until: float
    change: Change | None = None


# How often a day drift is set right, and so how many times are remembered: two tools may be fighting.
MOST_HEALS = 2
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Record:
    """What the journal has of a resource: its last request, and the last change that was no rollback.

    `ended_at` is 0 while the request is at work; `response` is None as long as it has not ended. `pool_id` and
    `client_id` name the client that the resource has, '' for none. `applied` is the template that was applied to it
    last, None where that was not noted. `healing` is until when drift is being set right, or when that ended; `heals`
    are the latest times of it. While another resource changes what it contributes to the client, no request of this one
    begins: it has time until `visited_until`; the last one left at `left_at`.
    """

    resource: str
    request: str
    request_type: str
    signed_at: float
    holder: str
    until: float
    ended_at: float = 0.0
    response: Responded | None = None
    change: Change | None = None
    pool_id: str = ""
    client_id: str = ""
    applied: Settings | None = None
    healing: float = 0.0
    heals: tuple[float, ...] = ()
    visited_until: float = 0.0
    left_at: float = 0.0

    def is_at_work(self, now: float) -> bool:
        """Tell whether the request, another resource's visit, or a heal still has time and has not ended."""
        return (self.ended_at == 0 and now < self.until) or now < self.healing or now < self.visited_until

    def may_be_healed(self, now: float) -> bool:
        """Tell whether drift was set right less often than is allowed within a day."""
        return sum(now - moment < _DAY for moment in self.heals) < MOST_HEALS

    def changed_after(self, moment: float) -> bool:
        """Tell whether something that may have changed the client has ended since."""
        return max(self.ended_at, self.healing, self.left_at, self.visited_until) > moment


@dataclass(frozen=True, slots=True)
class Begun:
    """The request may go on; `previous` is what the journal had of the resource before, None for nothing."""

    previous: Record | None


@dataclass(frozen=True, slots=True)
class NotBegun:
    """The request may not go on now: `record` tells why (`Record.is_at_work`, answered before, or a later request)."""

    record: Record


@dataclass(frozen=True, slots=True)
class End:
    """What became of a request; written only where it still is the resource's last one.

    `change` replaces the one of Begin where it is given. `applied` is the template that the client now follows, None
    where that is not new. `owned` says which client the resource has from now on; `takes` that the request has created
    or imported it, so that it is the resource's even if another stack's had it. `released` says which client is
    nobody's any more, or that of `given_back`; `deleted` lets the record expire.
    """

    resource: str
    holder: str
    now: float
    response: Responded
    change: Change | None = None
    applied: Settings | None = None
    owned: "Ownership | None" = None
    takes: bool = False
    released: tuple[str, str] | None = None
    given_back: "Ownership | None" = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """A wish to change what is contributed to a client; times are seconds since 1970, as those of `Begin`."""

    pool_id: str
    client_id: str
    holder: str
    now: float
    until: float


@dataclass(frozen=True, slots=True)
class Held:
    """What is contributed to a client, which only the holder may change now; `changed_at` is when that last ended."""

    contributions: Contributions
    changed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which resource has a client; an imported one is released by a Delete."""

    pool_id: str
    client_id: str
    resource: str
    imported: bool = False

    @property
    def stack_id(self) -> str:
        """Return the ID of the resource's stack."""
        return self.resource.rpartition("/")[0]

    @property
    def logical_id(self) -> str:
        """Return the resource's logical ID."""
        return self.resource.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class RotationNote:
    """Which secret of Secrets Manager holds a client's secret, and what a rotation needs that programs must not read.

    `secret_arn` is '' where that is not known. `external_id` is the one that the role asks for, '' for none: only a
    rotation of this very secret may use it.
    """

    secret_arn: str = ""
    external_id: str = ""


# Only that they are there is noted. An external ID is no secret to AWS, but templates may treat it as one.
_HIDDEN = frozenset({"ClientSecret", "ExternalId"})
# Its value means nothing.
_REFRESH = "Refresh"


def encode_settings(settings: Settings) -> bytes:
    """Return a template's settings as compressed JSON; of ClientSecret and ExternalId only that they are there."""
    kept = {name: value for name, value in settings.items() if name != _REFRESH and value is not None}
    plain = {
        name: name in _HIDDEN or (sorted(value) if isinstance(value, list) else value) for name, value in kept.items()
    }
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "surrogatepass"))


def decode_settings(content: bytes) -> Settings:
    """Read what `encode_settings` has written: what was hidden is empty, and lists are sorted.

    Raises ValueError if it cannot be read.
    """
    try:
        value: Any = json.loads(zlib.decompress(content))
    except zlib.error as error:
        raise ValueError(str(error)) from None
    return {**value, **{name: Sensitive("") for name in _HIDDEN & value.keys()}}


def digest(value: object) -> str:
    """Return a SHA-256 of any JSON value, the same for the same content; a `Sensitive` counts as its mask."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
