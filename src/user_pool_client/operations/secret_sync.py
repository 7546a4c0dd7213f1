"""The client's secret on its way to Secrets Manager instead of CloudFormation."""

import contextlib
import dataclasses
import hashlib
import re

from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.credentials import CURRENT, PREVIOUS, REPLACED, Credentials, Version
from user_pool_client.domain.endpoints import issuer
from user_pool_client.domain.errors import (
    FeatureUnavailable,
    InvalidProperties,
    NoSuchSecret,
    ProviderError,
    Refused,
    TryLater,
)
from user_pool_client.domain.journal import Change
from user_pool_client.domain.parsing import unfit_secret
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.log import logger
from user_pool_client.operations.client_secrets import add_second_secret, original_secret_id
from user_pool_client.operations.context import Context
from user_pool_client.operations.ports import ClientSecrets, Secrets


def with_preset_secret(secrets: Secrets, desired: Settings, settings: Settings) -> Settings:
    """Return the settings of a new client with the client secret that was stored beforehand, if there is one."""
    own = preset_secret(secrets, desired) if "SecretId" in desired else None
    if own is None:
        return settings
    return {**{name: value for name, value in settings.items() if name != "GenerateSecret"}, "ClientSecret": own}


def current_version_id(secrets: Secrets, secret_id: str) -> str:
    """Return the ID of the version that is current, '' where there is none."""
    version = secrets.version(secret_id, CURRENT)
    return "" if version is None else version.version_id


def preset_secret(secrets: Secrets, settings: Settings) -> Sensitive | None:
    """Return the client secret of one's own that was put into the secret before the client was made, if there is one.

    It is read even where the template gives a ClientSecret, which goes before it: what cannot be read must be found out
    before a client is made. Raises InvalidProperties if Cognito would not take it.
    """
    version = secrets.version(settings["SecretId"], CURRENT)
    if version is None or version.credentials is None or version.credentials.client_id or "ClientSecret" in settings:
        return None
    secret = version.credentials.client_secret
    if problem := unfit_secret(secret):
        wrong = f"the client_secret in the secret that it names: {problem.wrong}"
        raise InvalidProperties([dataclasses.replace(problem, paths=("SecretId",), wrong=wrong)])
    return secret


def store_secret(
    ctx: Context, clients: ClientSecrets, client: AppClient, desired: Settings, applied: Settings
) -> Version:
    """See to it that the secret's value is the client's, and return the version that is current.

    A value that names the client already stays: a rotation may have put it there. Only a new ClientSecret in the
    template takes its place.
    """
    secrets, secret_id = ctx.secrets, desired["SecretId"]
    version = _in_use(ctx, secret_id, client.client_id)
    current = version.credentials if version is not None and _names(version, client.client_id) else None
    credentials = _from_previous_secret(secrets, client, desired, applied, current) or current or _from_describe(client)
    own: Sensitive | None = desired.get("ClientSecret")
    if own is None or own in (applied.get("ClientSecret"), credentials.client_secret):
        if version and current and current.pool_id and current.client_secret == credentials.client_secret:
            return version
        ctx.turn.ensure()
        if version is not None and current is None and version.credentials is not None:
            secrets.mark(secret_id, version.version_id, REPLACED)
        return _put(secrets, clients, client, credentials, desired, ctx.request.request_id)
    ctx.turn.ensure()
    previous = secrets.version(secret_id, PREVIOUS) if current is not None else None
    if version is not None and previous is not None and _still_holds(clients, previous, client, own):
        # A rollback: the secret of before works, so no app needs to be refused for a moment.
        secrets.make_current(secret_id, previous.version_id, instead_of=version.version_id)
        return previous
    added, value = add_second_secret(clients, client.pool_id, client.client_id, credentials, own)
    try:
        credentials = dataclasses.replace(credentials, secret_id=added, client_secret=value)
        return _put(secrets, clients, client, credentials, desired, ctx.request.request_id)
    except ProviderError:
        _take_back(secrets, clients, client, secret_id, added)
        raise


def store_in_time(
    ctx: Context, clients: ClientSecrets, client: AppClient, desired: Settings, applied: Settings
) -> Version:
    """Store the secret, unless the request was responded to as late: then raise TryLater and leave what is current."""
    late = "The request was answered as late, so the secret was not kept."
    if ctx.response.is_sent():
        raise TryLater(late, "deploy again.")
    version = store_secret(ctx, clients, client, desired, applied)
    ctx.turn.plan(version_after=version.version_id)
    if ctx.response.is_sent() and client.client_id != ctx.request.physical_id:
        # The Delete of the new client may have come before its secret did.
        restore_previous(ctx.secrets, clients, desired, client.client_id)
        raise TryLater(late, "deploy again.")
    ctx.decision.update(kept_in=version.arn, kept_as=version.version_id)
    return version


def restore_version(ctx: Context, change: Change) -> None:
    """In a rollback, let the version be current again that was before the update; no secret is added or deleted.

    A version that a rotation has made current since then stays.
    """
    secret_id, before = change.secret_id, change.version_before
    if not secret_id or not before:
        return
    try:
        current = ctx.secrets.version(secret_id, CURRENT)
        if current is None or current.version_id == before:
            return
        previous = ctx.secrets.version(secret_id, PREVIOUS) if not change.version_after else None
        # An update that died before it noted what it stored: ours are no rotation's versions, and follow directly.
        is_ours = bool(_OUR_VERSION.fullmatch(current.version_id))
        is_lost = is_ours and previous is not None and previous.version_id == before
        if current.version_id == change.version_after or is_lost:
            ctx.secrets.make_current(secret_id, before, instead_of=current.version_id)
            ctx.decision.update(gave_back=True)
    except TryLater:
        raise
    except ProviderError as error:
        logger.warning("Not restored", extra={"secret_id": secret_id, "because": error.why})


def stored_at(ctx: Context, desired: Settings) -> dict[str, str]:
    """Return where the secret is stored, as attributes; nothing where that cannot be read."""
    try:
        version = ctx.secrets.version(desired["SecretId"], CURRENT)
    except TryLater:
        raise
    except ProviderError as error:
        logger.warning("Not restored", extra={"secret_id": desired["SecretId"], "because": error.why})
        return {}
    return {} if version is None else {"SecretArn": version.arn, "SecretVersionId": version.version_id}


def restore_secret(ctx: Context, applied: Settings, client_id: str) -> None:
    """Before a client is deleted or released, let AWSCURRENT name the previous one again.

    A client that is gone needs nothing.
    """
    if not applied.get("SecretId"):
        return
    clients = ctx.clients(applied)
    try:
        ctx.decision.update(gave_back=restore_previous(ctx.secrets, clients, applied, client_id))
    except ProviderError as error:
        if not _is_gone(clients, applied["UserPoolId"], client_id, error):
            raise


def _is_gone(clients: ClientSecrets, pool_id: str, client_id: str, error: ProviderError) -> bool:
    """Tell whether an error need not keep a Delete from succeeding, because there is nothing to delete."""
    if not isinstance(error, Refused):
        return False  # the same may work later
    with contextlib.suppress(ProviderError):
        return clients.describe(pool_id, client_id) is None
    return False


# The version IDs that `_token` makes; a rotation's are UUIDs.
_OUR_VERSION = re.compile(r"[0-9a-f]{64}")


def restore_previous(secrets: Secrets, clients: ClientSecrets, applied: Settings, client_id: str) -> bool:
    """Before a client goes: let AWSCURRENT name the client before it again, if that one still exists.

    That is how the rollback of a replacement looks from here; and that of a Create, whose secret may have been laid
    there before. True if AWSCURRENT was moved.
    """
    secret_id = applied["SecretId"]
    try:
        current = secrets.version(secret_id, CURRENT)
        if current is None or not _names(current, client_id):
            return False
        for stage in (REPLACED, PREVIOUS):
            earlier = secrets.version(secret_id, stage)
            if earlier is not None and _may_come_back(clients, earlier, client_id):
                secrets.make_current(secret_id, earlier.version_id, instead_of=current.version_id)
                return True
    except NoSuchSecret:
        pass
    return False


def _names(version: Version, client_id: str) -> bool:
    return version.credentials is not None and version.credentials.client_id == client_id


def _may_come_back(clients: ClientSecrets, earlier: Version, client_id: str) -> bool:
    """Tell whether a value is of another client that exists, or of none yet."""
    kept = earlier.credentials
    if kept is None or kept.client_id == client_id:
        return False
    if not kept.client_id:
        return True
    return bool(kept.pool_id) and clients.describe(kept.pool_id, kept.client_id) is not None


def _in_use(ctx: Context, secret_id: str, client_id: str) -> Version | None:
    """Return the version with AWSCURRENT, after moving it back to the client's from a replacement that was given up.

    CloudFormation deletes what a replacement has made only if it was told of it: one that died, it was not.
    """
    version = ctx.secrets.version(secret_id, CURRENT)
    if version is None or _names(version, client_id):
        return version
    for stage in (REPLACED, PREVIOUS):
        earlier = ctx.secrets.version(secret_id, stage)
        if earlier is not None and _names(earlier, client_id):
            ctx.turn.ensure()
            ctx.secrets.make_current(secret_id, earlier.version_id, instead_of=version.version_id)
            return earlier
    return version


def _still_holds(clients: ClientSecrets, version: Version, client: AppClient, value: Sensitive) -> bool:
    """Tell whether a version holds this value of the client's, and Cognito still takes it."""
    kept = version.credentials
    if kept is None or kept.client_id != client.client_id or kept.client_secret != value:
        return False
    return kept.secret_id in [secret.secret_id for secret in clients.list_secrets(client.pool_id, client.client_id)]


def _put(
    secrets: Secrets,
    clients: ClientSecrets,
    client: AppClient,
    credentials: Credentials,
    desired: Settings,
    request_id: str,
) -> Version:
    whole = dataclasses.replace(
        credentials,
        client_id=client.client_id,
        secret_id=credentials.secret_id or _id_of(clients, client, credentials.client_secret),
        pool_id=client.pool_id,
        issuer=issuer(client.pool_id),
        token_endpoint=clients.token_endpoint(client.pool_id),
        role_arn=desired.get("RoleArn", ""),
        external_id=desired.get("ExternalId", ""),
    )
    return secrets.put(desired["SecretId"], whole, token=_token(request_id, whole))


def _id_of(clients: ClientSecrets, client: AppClient, secret: Sensitive) -> str:
    """Return Cognito's name for one of the client's secrets, '' where it cannot be told."""
    try:
        listed = clients.list_secrets(client.pool_id, client.client_id)
    except FeatureUnavailable:  # there is no second secret there
        return ""
    return original_secret_id(listed) if len(listed) == 1 or secret == client.secret else ""


def _take_back(secrets: Secrets, clients: ClientSecrets, client: AppClient, secret_id: str, added: str) -> None:
    """Delete a secret that was added and could not be kept, unless it is current: the answer may have been lost."""
    with contextlib.suppress(ProviderError):
        version = secrets.version(secret_id, CURRENT)
        if version is None or version.credentials is None or version.credentials.secret_id != added:
            clients.delete_secret(client.pool_id, client.client_id, added)


def _from_previous_secret(
    secrets: Secrets, client: AppClient, desired: Settings, applied: Settings, current: Credentials | None
) -> Credentials | None:
    """Return what is kept in the secret that SecretId named before, where it has changed.

    That goes before what Describe shows, and before a value that was left where SecretId leads back to: only the
    secret that was named is sure to hold what the last rotation has made.
    """
    before = applied.get("SecretId")
    if before in (None, desired["SecretId"]):
        return None
    try:
        version = secrets.version(before, CURRENT)
    except Refused as error:
        # The rollback of a change to a secret that cannot be read; or the secret of before has been deleted.
        if current is None and not isinstance(error, NoSuchSecret):
            raise
        return None
    return version.credentials if version is not None and _names(version, client.client_id) else None


def _from_describe(client: AppClient) -> Credentials:
    """Return the client's secret as Cognito shows it."""
    if client.secret is not None:
        return Credentials(client.client_id, client.secret)
    raise Refused(
        f"Cognito no longer shows the secret of the app client {client.client_id}, and it is kept nowhere that is "
        "known here.",
        "put its value into the secret that SecretId names, as JSON with client_id and client_secret, or let a change "
        "of GenerateSecret make a new client.",
    )


def _token(request_id: str, credentials: Credentials) -> str:
    """Return the same ClientRequestToken (32 to 64 characters) for the same request and value.

    It becomes the version's id, which anybody may see, so it is not made of the client secret but of its id.
    """
    told = dataclasses.replace(credentials, client_secret=Sensitive(""))
    value = f"{request_id}/{told.text().reveal()}"
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
