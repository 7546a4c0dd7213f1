"""A client's two secrets: which one is in use, and how another is put beside it.

Cognito gives a client at most two, never shows a value again, and Describe shows only the original one, as long as it
exists. https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AddUserPoolClientSecret.html
"""

from collections.abc import Sequence

from user_pool_client.domain.app_client import AppClient, ClientSecretRef
from user_pool_client.domain.credentials import Credentials
from user_pool_client.domain.errors import Refused
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.operations.ports import ClientSecrets


def original_secret_id(secrets: Sequence[ClientSecretRef]) -> str:
    """Return the id of the secret that the client was made with: the oldest; '' where that cannot be told.

    Only for a client whose Describe shows a secret: that is the original one, so it still exists.
    """
    if len(secrets) == 1:
        return secrets[0].secret_id
    by_age = sorted((secret.created, secret.secret_id) for secret in secrets if secret.created is not None)
    if not by_age or len(by_age) < len(secrets) or by_age[0][0] == by_age[1][0]:
        return ""
    return by_age[0][1]


def id_of_valid(credentials: Credentials, secrets: Sequence[ClientSecretRef], shown: Sensitive | None) -> str:
    """Return which of the client's secrets a value is that Cognito takes; '' where that cannot be told.

    What Describe shows goes before the id in the value, which anybody may have written.
    """
    ids = [secret.secret_id for secret in secrets]
    if len(ids) == 1:
        return ids[0]
    if shown is not None and (original := original_secret_id(secrets)):
        wanted = shown == credentials.client_secret
        return next(secret_id for secret_id in ids if (secret_id == original) is wanted)
    return credentials.secret_id if credentials.secret_id in ids else ""


def refuse_cognitos_own(client: AppClient | None) -> None:
    """Raise Refused for a client whose secret Cognito itself stores and rotates: two rotations would not meet well."""
    if client is not None and client.secret_arn:
        raise Refused(
            f"Cognito itself stores and rotates the secret of app client {client.client_id} of user pool "
            f"{client.pool_id}, in {client.secret_arn}, so no secret was added or deleted.",
            "remove the rotation schedule, and let programs read that secret.",
        )


def add_second_secret(
    calls: ClientSecrets, pool_id: str, client_id: str, current: Credentials, value: Sensitive | None = None
) -> tuple[str, Sensitive]:
    """Put a new secret beside the current one, in place of whatever other there is; return its id and value.

    For a stack, which knows whose the client is and what the new secret is; a rotation proves that first. Raises
    Refused, with nothing deleted, if it cannot be told which secret is the current one, or if the current one is not
    the client's.
    """
    secrets = calls.list_secrets(pool_id, client_id)
    described = calls.describe(pool_id, client_id)
    shown = described.secret if described is not None else None
    refuse_cognitos_own(described)
    kept = in_use(pool_id, client_id, current, secrets, shown)
    if (
        kept == original_secret_id(secrets)
        and current.secret_id in ("", kept)
        and shown not in (None, current.client_secret)
    ):
        raise not_of_the_client(pool_id, client_id)
    for secret in secrets:
        if secret.secret_id != kept:
            calls.delete_secret(pool_id, client_id, secret.secret_id)
    return calls.add_secret(pool_id, client_id, value)


def not_of_the_client(pool_id: str, client_id: str) -> Refused:
    """Return the refusal of a value that is not a secret of the client that it names."""
    return Refused(
        f"What is kept as AWSCURRENT is not the secret of app client {client_id} of user pool {pool_id}.",
        "correct client_id or client_secret in the secret's value (see DescribeUserPoolClient), and try again.",
    )


def cannot_tell(pool_id: str, client_id: str, secrets: Sequence[ClientSecretRef]) -> Refused:
    """Return the refusal to delete one of two secrets that may both be in use."""
    ids = ", ".join(secret.secret_id for secret in secrets)
    return Refused(
        f"The app client {client_id} of user pool {pool_id} has two secrets ({ids}), and it cannot be told "
        "which of them is the one kept as AWSCURRENT, so none was deleted.",
        "find out which one the apps use, write its id into the secret's value as client_secret_id (or delete the "
        "other one with DeleteUserPoolClientSecret), and try again.",
    )


def in_use(
    pool_id: str, client_id: str, current: Credentials, secrets: Sequence[ClientSecretRef], shown: Sensitive | None
) -> str:
    """Return the id of the secret that is stored as the current one; raise Refused if that cannot be told."""
    ids = [secret.secret_id for secret in secrets]
    if current.secret_id in ids:
        return current.secret_id
    if len(ids) == 1 and not current.secret_id:
        return ids[0]
    if not current.secret_id and shown == current.client_secret and (first := original_secret_id(secrets)):
        return first
    if len(ids) <= 1:
        # The current one was deleted elsewhere: nothing is there that could be deleted by mistake, nor need be.
        return "".join(ids)
    raise cannot_tell(pool_id, client_id, secrets)
