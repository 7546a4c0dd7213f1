"""A client's two secrets: which one is in use, and how another is put beside it.

Cognito gives a client at most two, never shows a value again, and Describe shows only the original one, as long as it
exists. https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AddUserPoolClientSecret.html
"""

from collections.abc import Sequence

from user_pool_client.domain.app_client import ClientSecretRef
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


def add_second_secret(
    calls: ClientSecrets, pool_id: str, client_id: str, current: Credentials, value: Sensitive | None = None
) -> tuple[str, Sensitive]:
    """Put a new secret beside the current one, in place of whatever other there is; return its id and value.

    Safe to repeat: a secret that an interrupted try has added is nobody's, and goes. Raises Refused, with nothing
    deleted, if it cannot be told which secret is the current one, or if the current one is not the client's.
    """
    secrets = calls.list_secrets(pool_id, client_id)
    described = calls.describe(pool_id, client_id)
    shown = described.secret if described is not None else None
    if described is not None and described.secret_arn:
        raise Refused(
            f"Cognito itself stores and rotates the secret of app client {client_id} of user pool {pool_id}, in "
            f"{described.secret_arn}, so no secret was added or deleted.",
            "remove the rotation schedule, and let programs read that secret.",
        )
    kept = in_use(pool_id, client_id, current, secrets, shown)
    if (
        kept == original_secret_id(secrets)
        and current.secret_id in ("", kept)
        and shown not in (None, current.client_secret)
    ):
        raise Refused(
            f"What is kept as AWSCURRENT is not the secret of app client {client_id} of user pool {pool_id}.",
            "correct client_id or client_secret in the secret's value (see DescribeUserPoolClient), and try again.",
        )
    for secret in secrets:
        if secret.secret_id != kept:
            calls.delete_secret(pool_id, client_id, secret.secret_id)
    return calls.add_secret(pool_id, client_id, value)


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
    raise Refused(
        f"The app client {client_id} of user pool {pool_id} has two secrets ({', '.join(ids)}), and it cannot be told "
        "which of them is the one kept as AWSCURRENT, so none was deleted.",
        "find out which one the apps use, write its id into the secret's value as client_secret_id (or delete the "
        "other one with DeleteUserPoolClientSecret), and try again.",
    )
