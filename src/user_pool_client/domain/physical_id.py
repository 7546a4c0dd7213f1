"""Physical ids: client ids, placeholders, and those that CloudFormation makes up."""

import hashlib
import re


def is_generated_id(physical_id: str, stack_name: str, logical_id: str) -> bool:
    """Tell an id that CloudFormation makes up, `<stack>-<logical id>-<random>`, either of them perhaps cut short."""
    stack, _, rest = physical_id.rpartition("-")[0].rpartition("-")
    random = physical_id.rpartition("-")[2]
    return bool(stack and rest) and random.isalnum() and stack_name.startswith(stack) and logical_id.startswith(rest)


def stack_name(stack_id: str) -> str:
    """Return the stack's name out of its id, an ARN."""
    parts = stack_id.split("/")
    return parts[1] if len(parts) > 1 else "stack"


# A Create that made nothing answers with this: `:` and `-` cannot be in a client id (`[\w+]+`).
CREATE_FAILED = "create-failed:no-app-client"

# A Create that may have made a client, but could not find out in time, answers with this: its Delete looks for it.
# docs/decisions/0026-a-delete-that-cannot-identify-its-client-succeeds.md
CREATE_UNKNOWN = "create-unknown:no-app-client"
_CLIENT_ID = re.compile(r"[A-Za-z0-9_+]{1,128}")


def is_client_id(physical_id: str) -> bool:
    """Tell whether Cognito could have given this id; markers and ids that CloudFormation invents are none."""
    return bool(_CLIENT_ID.fullmatch(physical_id))


_CONTRIBUTION_ID = re.compile(r"urls:([A-Za-z0-9_-]+_[0-9a-zA-Z]+)/([A-Za-z0-9_+]+):[0-9a-f]{32}")
_CONTRIBUTION_DIGITS = 32


# docs/decisions/0037-contributions-are-noted-and-the-owner-keeps-them.md
def contribution_id(resource: str, pool_id: str, client_id: str) -> str:
    """Return the physical ID of what a resource (`<stack id>/<logical ID>`) contributes to a client.

    It is the same each time, another one for another client, and holds `:`, `/` and `-`, which no client ID can.
    """
    unique = hashlib.sha256(resource.encode("utf-8", "replace")).hexdigest()[:_CONTRIBUTION_DIGITS]
    return f"urls:{pool_id}/{client_id}:{unique}"


def contributed_to(physical_id: str) -> tuple[str, str] | None:
    """Return the user pool ID and the client ID of a contribution's physical ID; None for any other ID."""
    found = _CONTRIBUTION_ID.fullmatch(physical_id)
    return (found[1], found[2]) if found else None


_LONGEST_NAME = 128
_HEX_DIGITS = 12


def generated_name(stack_id: str, logical_id: str) -> str:
    """Return the name of a client whose template gives none: the same each time, and at most 128 characters."""
    readable = re.sub(r"[^A-Za-z0-9_=,.@-]", "-", f"{stack_name(stack_id)}-{logical_id}")
    unique = hashlib.sha256(f"{stack_id}/{logical_id}".encode("utf-8", "replace")).hexdigest()
    return f"{readable[: _LONGEST_NAME - _HEX_DIGITS - 1]}-{unique[:_HEX_DIGITS]}"
