"""A client secret on its way to the secret that Cognito itself stores in Secrets Manager."""

from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.credentials import CURRENT, Credentials
from user_pool_client.domain.errors import Refused
from user_pool_client.domain.parsing import parse_previous
from user_pool_client.domain.plan import Update
from user_pool_client.domain.properties import PUBLISH
from user_pool_client.operations.client_secrets import in_use, original_secret_id
from user_pool_client.operations.context import Context
from user_pool_client.operations.ports import ClientSecrets


# docs/decisions/0032-cognitos-own-secret-is-left-alone.md
def keep_known_secret(ctx: Context, clients: ClientSecrets, update: Update) -> None:
    """Before Cognito takes over: see to it that its first rotation does not delete the secret that programs know.

    It rotates at once, and of two secrets it deletes the older one. Raises Refused, with nothing deleted, if it cannot
    be told which one programs know.
    """
    client = update.observed
    if not update.settings.get(PUBLISH):
        return
    secrets = clients.list_secrets(client.pool_id, client.client_id)
    if len(secrets) < 2:  # noqa: PLR2004 - Cognito allows two
        return
    known = in_use(client.pool_id, client.client_id, _stored(ctx, client), secrets, client.secret)
    if original_secret_id(secrets) in ("", known):
        for secret in secrets:
            if secret.secret_id != known:
                clients.delete_secret(client.pool_id, client.client_id, secret.secret_id)


def _stored(ctx: Context, client: AppClient) -> Credentials:
    """Return what programs read: the current value of the secret that SecretId named until now."""
    secret_id = parse_previous(ctx.request.old_properties).get("SecretId")
    version = ctx.secrets.version(secret_id, CURRENT) if secret_id else None
    if version is None or version.credentials is None or version.credentials.client_id != client.client_id:
        raise Refused(
            f"The app client {client.client_id} has two secrets, and Cognito's first rotation deletes the older one, "
            "which programs may use.",
            "delete the one that no program uses (DeleteUserPoolClientSecret), and deploy again.",
        )
    return version.credentials
