"""The observed state: the app client as Cognito has it."""

import dataclasses

from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.errors import FeatureUnavailable, Refused
from user_pool_client.domain.physical_id import is_client_id
from user_pool_client.domain.plan import import_id_of, imported
from user_pool_client.domain.properties import PUBLISH, Settings
from user_pool_client.domain.rules import needs_secret, secret_wanted
from user_pool_client.log import count_metric, logger
from user_pool_client.operations.ports import AppClients, ClientSecrets
from user_pool_client.operations.turn import Turn


def observe(clients: AppClients, desired: Settings, client_id: str) -> AppClient | None:
    """Return the client, or None if it does not exist or is not the one that the template is about.

    Whether it has a secret that Describe does not show is found out only where the template says something about
    secrets, or imports the client: a call is not spent on all the others.
    """
    if not is_client_id(client_id) or import_id_of(desired) not in (None, client_id):
        return None
    observed = clients.describe(desired["UserPoolId"], client_id)
    report_unknown_settings(observed)
    needed = bool(secret_wanted(desired)) or "SecretId" in desired
    if observed is None or not (needed or imported(desired) or desired.keys() & {"GenerateSecret", PUBLISH}):
        return observed
    return with_hidden_secret(clients, observed, needed=needed)


# docs/decisions/0035-whether-a-client-has-a-secret-is-asked-once.md
def with_known_secret(turn: Turn, observed: AppClient) -> AppClient:
    """Say whether a client has a secret, as far as that is known without a call: by its settings, or by the journal."""
    if observed.has_secret is None and needs_secret(observed.settings):
        observed = dataclasses.replace(observed, has_secret=True)
    return turn.with_noted_secret(observed)


def report_unknown_settings(observed: AppClient | None) -> None:
    """Log and count the settings of a client that this version does not know.

    docs/decisions/0033-settings-that-are-not-known-are-not-sent-back.md
    """
    if observed is not None and observed.unknown:
        count_metric("UnknownSettings")
        logger.warning("Unknown settings", extra={"client_id": observed.client_id, "names": sorted(observed.unknown)})


def with_hidden_secret(clients: ClientSecrets, observed: AppClient, *, needed: bool = False) -> AppClient:
    """Find out whether a client has a secret that Describe does not show: it never shows the second one.

    Where Cognito cannot be asked, `has_secret` stays None; if it is needed, that raises Refused. Where the operation is
    not offered (an older emulator), there is no second secret, and Describe shows the first.
    """
    if observed.has_secret is not None:
        return observed
    if observed.client_type == "DCR":  # there are no operations on secrets for a client that registered itself
        return dataclasses.replace(observed, has_secret=False)
    try:
        has_secret = bool(clients.list_secrets(observed.pool_id, observed.client_id))
    except FeatureUnavailable:
        has_secret = False
    except Refused:
        if needed:
            raise
        return observed
    return dataclasses.replace(observed, has_secret=has_secret)
