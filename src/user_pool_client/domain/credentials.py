"""What is kept in Secrets Manager: an app client's id and secret, and what a program needs to use them."""

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from user_pool_client.domain.endpoints import discovery_url
from user_pool_client.domain.sensitive import Sensitive


@dataclass(frozen=True, slots=True)
class Credentials:
    """A secret's value in our form; a value with nothing but a client secret, laid there beforehand, has no client id.

    `secret_id` is Cognito's name for this one of the client's secrets, '' where it could not be told.
    `token_endpoint`, `role_arn` and `external_id` are '' where there is none. `external_id` is read from values that an
    earlier version has stored, and never written: programs that read the value have no use for it.

    The member `discovery_url` is not a field: it follows from `pool_id`. A stored value without it equals one with it,
    so nothing is rewritten only to add it.
    """

    client_id: str
    client_secret: Sensitive
    secret_id: str = ""
    pool_id: str = ""
    issuer: str = ""
    token_endpoint: str = ""
    role_arn: str = ""
    external_id: str = ""
    has_other_members: bool = field(default=False, compare=False, kw_only=True)

    @classmethod
    def parse(cls, text: str) -> "Credentials | None":
        """Read a secret's value; None if it is not in our form."""
        try:
            value: Any = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict) or not isinstance(value.get("client_secret"), str) or not value["client_secret"]:
            return None
        given = {name: _text(value.get(member)) for name, member in _MEMBERS.items()}
        texts = {name: text for name, text in given.items() if text is not None}
        if len(texts) < len(given) or _text(value.get(_DISCOVERY)) is None:
            return None
        others = value.keys() - {"client_secret", _DISCOVERY, *_MEMBERS.values()}
        return cls(client_secret=Sensitive(value["client_secret"]), has_other_members=bool(others), **texts)

    def is_of(self, *client_ids: str) -> bool:
        """Tell whether the value was stored by this software, or beforehand for it, or belongs to one of these clients.

        Another program's value may have a client_id and a client_secret as well: ours name the user pool.
        """
        if self.client_id in client_ids:
            return True
        return not self.has_other_members and (not self.client_id or bool(self.pool_id))

    def text(self) -> Sensitive:
        """Return the value as JSON, for keeping."""
        value = {"client_id": self.client_id, "client_secret": self.client_secret.reveal()}
        value |= {member: text for name, member in _WRITTEN.items() if (text := getattr(self, name))}
        if self.pool_id:
            value[_DISCOVERY] = discovery_url(self.pool_id)
        return Sensitive(json.dumps(value))


def _text(value: object) -> str | None:
    """Return a member's text: null is as good as absent, and a number may be digits that lost their quotes."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


_MEMBERS = {
    "client_id": "client_id",
    "secret_id": "client_secret_id",
    "pool_id": "user_pool_id",
    "issuer": "issuer",
    "token_endpoint": "token_endpoint",
    "role_arn": "role_arn",
    "external_id": "external_id",
}
_DISCOVERY = "discovery_url"
_WRITTEN = {name: member for name, member in _MEMBERS.items() if name != "external_id"}

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"

# Ours: the version of the client that another one has replaced. AWSPREVIOUS moves on with rotations.
# docs/decisions/0021-a-delete-moves-awscurrent-back-first.md
REPLACED = "user-pool-client:replaced"

# Ours: the id of a secret of which it cannot be told which of a client's two it is. A rotation then deletes neither.
UNKNOWN_ID = "unknown"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a secret; `credentials` is None where the value is not in our form, or is the empty string."""

    arn: str
    version_id: str
    credentials: Credentials | None
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class SecretState:
    """What Secrets Manager shows of a secret without its values: whether it rotates, and the labels of its versions.

    `stack_id` is the stack that has created the secret, '' for none: CloudFormation tags what it creates.
    """

    rotates: bool
    stages: Mapping[str, list[str]]
    stack_id: str = ""

    def current(self) -> str:
        """Return the ID of the version with AWSCURRENT, '' for none."""
        return next((version_id for version_id, stages in self.stages.items() if CURRENT in stages), "")


class Verdict(enum.Enum):
    """Whether the endpoint took the secret, refused it, answered about something else, or not at all."""

    TAKEN = "taken"
    REFUSED = "refused"
    INCONCLUSIVE = "undecided"
    NO_ANSWER = "silent"
