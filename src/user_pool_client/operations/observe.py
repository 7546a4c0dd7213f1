"""The observed state: the app client as Cognito has it."""

import dataclasses

from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.physical_id import is_client_id
from user_pool_client.domain.plan import import_id_of
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.rules import secret_wanted
from user_pool_client.operations.ports import AppClients


def observe(clients: AppClients, desired: Settings, client_id: str) -> AppClient | None:
    """Return the client, or None if it does not exist or is not the one that the template is about.

    Cognito is asked for a secret that Describe does not show only where the template wants one.
    """
    if not is_client_id(client_id) or import_id_of(desired) not in (None, client_id):
        return None
    pool_id = desired["UserPoolId"]
    observed = clients.describe(pool_id, client_id)
    if observed is not None and observed.has_secret is None and (secret_wanted(desired) or "SecretId" in desired):
        return dataclasses.replace(observed, has_secret=bool(clients.list_secrets(pool_id, client_id)))
    return observed
