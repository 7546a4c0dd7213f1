"""What Cognito's answers show that the packed botocore does not know: it would leave that out without a word."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.client import BaseClient
from botocore.model import OperationModel, Shape, StructureShape

from user_pool_client.domain.sensitive import MASK, Sensitive, mask

# The member that is added to an answer; no member of Cognito's begins like this.
UNKNOWN = "_unknown"
_SHOW_A_CLIENT = ("CreateUserPoolClient", "DescribeUserPoolClient", "UpdateUserPoolClient")

# Whatever is named like this may be a secret of a kind that does not exist yet.
_SECRET_WORDS = ("secret", "password", "credential", "privatekey")


def keep_unknown_members(client: BaseClient) -> None:
    """Let a client of boto3's add to each answer that shows an app client what botocore has not read of it."""
    for operation in _SHOW_A_CLIENT:
        client.meta.events.register(
            f"after-call.cognito-identity-provider.{operation}", _add_unknown, unique_id=f"unknown-{operation}"
        )


def texts(answer: Mapping[str, Any], secrets: Iterable[Sensitive]) -> dict[str, str]:
    """Return the unknown members of the client in an answer as JSON by their names, with secrets masked."""
    known_secrets = list(secrets)
    return {
        path: mask(json.dumps(_masked(path, value)), known_secrets) for path, value in answer.get(UNKNOWN, {}).items()
    }


def _add_unknown(http_response: Any, parsed: dict[str, Any], model: OperationModel, **_: object) -> None:
    try:
        raw = json.loads(http_response.content)
    except (ValueError, AttributeError, RecursionError):  # no answer of Cognito's: somebody else judges that
        return
    client, shape = raw.get("UserPoolClient") if isinstance(raw, dict) else None, model.output_shape
    if not isinstance(client, dict) or shape is None:
        return
    if unknown := dict(_unknown(client, shape.members["UserPoolClient"])):
        parsed[UNKNOWN] = unknown


def _unknown(value: Mapping[str, Any], shape: Shape, path: str = "") -> Iterator[tuple[str, Any]]:
    members = shape.members if isinstance(shape, StructureShape) else {}
    for name, member in value.items():
        if member is None:
            continue
        if name not in members:
            yield path + name, member
        elif isinstance(member, dict):
            yield from _unknown(member, members[name], f"{path}{name}.")


def _masked(name: str, value: Any) -> Any:
    """Mask what its name says is a secret, at any depth."""
    if any(word in name.lower() for word in _SECRET_WORDS):
        return MASK
    if isinstance(value, dict):
        return {key: _masked(key, member) for key, member in value.items()}
    return [_masked("", item) for item in value] if isinstance(value, list) else value
