"""The client's secret on its way to Secrets Manager instead of CloudFormation."""

import contextlib
import dataclasses
import hashlib
import re

from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.credentials import CURRENT, PREVIOUS, REPLACED, UNKNOWN_ID, Credentials, Version
from user_pool_client.domain.endpoints import issuer
from user_pool_client.domain.errors import (
    FeatureUnavailable,
    InvalidProperties,
    NoSuchSecret,
    Problem,
    ProviderError,
    Refused,
    TryLater,
)
from user_pool_client.domain.journal import Change, RotationNote
from user_pool_client.domain.parsing import parse_previous, unfit_secret
from user_pool_client.domain.properties import PUBLISH, Settings
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.log import logger
from user_pool_client.operations.client_secrets import add_second_secret, original_secret_id
from user_pool_client.operations.context import Context
from user_pool_client.operations.ownership import check_secret
from user_pool_client.operations.ports import ClientSecrets, Secrets


def with_stored_secret(ctx: Context, desired: Settings, applied: Settings, settings: Settings) -> Settings:
    """Return the settings of a new client with the client secret that is stored already, if it is to have that one."""
    own = stored_secret(ctx, desired, applied) if "SecretId" in desired else None
    if own is None:
        return settings
    return {**{name: value for name, value in settings.items() if name != "GenerateSecret"}, "ClientSecret": own}


def stored_secret(ctx: Context, desired: Settings, applied: Settings) -> Sensitive | None:
    """Return the client secret that a new client gets from the secret that SecretId names; None for none.

    That is one that was stored beforehand, alone, and what has become of it: where the template has SecretId alone, or
    a ClientSecret that was rotated away since, a new client gets the secret that programs use. The secret is read even
    where the template gives a new ClientSecret: if it cannot be read, no client must be created. Raises
    InvalidProperties if Cognito would not take the secret, or the template wants none.
    """
    version = ctx.secrets.version(desired["SecretId"], CURRENT)
    check_secret(ctx, desired, applied, version)
    if version is None or version.credentials is None:
        return None
    stored, in_template = version.credentials, desired.get("ClientSecret")
    if not stored.client_id:
        if in_template is not None:
            return None
        if desired.get("GenerateSecret") is False:
            raise InvalidProperties([_NO_SECRET_WANTED])
    elif in_template is None:
        if "GenerateSecret" in desired or not _may_pass_on(ctx, version, stored, desired):
            return None
    elif in_template != applied.get("ClientSecret") or stored.client_id != ctx.request.physical_id:
        return None
    if problem := unfit_secret(stored.client_secret):
        wrong = f"the client_secret in the secret that it names: {problem.wrong}"
        raise InvalidProperties([dataclasses.replace(problem, paths=("SecretId",), wrong=wrong)])
    return stored.client_secret


_NO_SECRET_WANTED = Problem(
    ("GenerateSecret", "SecretId"),
    "the secret that SecretId names holds a client secret for the new client, and GenerateSecret: false wants none.",
    "Take GenerateSecret out.",
)


def _may_pass_on(ctx: Context, version: Version, stored: Credentials, desired: Settings) -> bool:
    """Tell whether a new client may have the secret of the client that a value names.

    It may if this resource had that client, if a resource of the same stack has it (a logical ID that was changed: its
    client is deleted later), or if it is gone. The journal knows; CloudFormation is asked where it does not.
    """
    if stored.client_id == ctx.request.physical_id:
        return True
    pool_id = stored.pool_id or desired["UserPoolId"]
    try:
        record = ctx.turn.record()
        owner = ctx.turn.journal.owner(pool_id, stored.client_id)
        if owner is not None and owner.resource.startswith(f"{ctx.request.stack_id}/"):
            return True
        if record is not None and owner is None and ctx.request.digest == record.request:
            return True  # an earlier delivery of the request has stored it
        if _clients_of(ctx, version, stored).describe(pool_id, stored.client_id) is None:
            return True
        return owner is None and ctx.stacks.stack_of(stored.client_id) == ctx.request.stack_id
    except Refused as error:
        ctx.decision.update(not_asked=error.why)
        return False


def _clients_of(ctx: Context, version: Version, stored: Credentials) -> ClientSecrets:
    """Return access to the client that a value names, with the role of that client."""
    external_id = stored.external_id
    if stored.role_arn and not external_id:
        note = ctx.turn.journal.rotation_note(stored.pool_id, stored.client_id)
        external_id = note.external_id if note.secret_arn == version.arn else ""
    role = {"RoleArn": stored.role_arn, "ExternalId": external_id}
    return ctx.clients({name: value for name, value in role.items() if value})


def version_to_change(
    ctx: Context, clients: ClientSecrets, client: AppClient, desired: Settings, applied: Settings
) -> str:
    """Return the ID of the version that is current before the secret is stored, '' where there is none.

    Raises Refused if the client's secret could not be stored: nothing has been changed yet.
    """
    version = ctx.secrets.version(desired["SecretId"], CURRENT)
    check_secret(ctx, desired, applied, version, client.client_id)
    if version is None or not _names(version, client.client_id):
        stored = _from_previous_secret(ctx, clients, client, desired, applied)
        # Cognito shows the secret that it stores itself only after this update has taken it back.
        is_hidden = client.secret is None and not client.secret_arn
        if stored is None and is_hidden and _earlier(ctx, desired["SecretId"], client.client_id) is None:
            _from_describe(client)  # it raises
    return "" if version is None else version.version_id


def store_secret(
    ctx: Context, clients: ClientSecrets, client: AppClient, desired: Settings, applied: Settings
) -> Version:
    """See to it that the secret's value is the client's, and return the version that is current.

    A client secret that is stored for the client already stays: a rotation may have put it there. Only a new
    ClientSecret in the template takes its place. The rest of the value follows the template.
    """
    secrets, secret_id = ctx.secrets, desired["SecretId"]
    version = _in_use(ctx, secret_id, client.client_id)
    current = version.credentials if version is not None and _names(version, client.client_id) else None
    if current is not None and "SecretId" not in applied and _is_outdated(clients, client, current, desired):
        current = None
    previously = _from_previous_secret(ctx, clients, client, desired, applied, current)
    credentials = previously or current or _from_describe(client)
    own: Sensitive | None = desired.get("ClientSecret")
    is_created = client.client_id != ctx.request.physical_id  # with the secret that it is to have
    if own is None or is_created or own in (applied.get("ClientSecret"), credentials.client_secret):
        if version and current and current.client_secret == credentials.client_secret:
            credentials = _up_to_date(ctx, clients, client, current, desired)
            if credentials == current:
                return version
        ctx.turn.ensure()
        if version is not None and current is None and version.credentials is not None:
            secrets.mark(secret_id, version.version_id, REPLACED)
        return _put(ctx, clients, client, credentials, desired)
    ctx.turn.ensure()
    previous = secrets.version(secret_id, PREVIOUS) if current is not None else None
    if version is not None and previous is not None and _still_holds(clients, previous, client, own):
        # The template is as it was before: that secret still works, so no app needs to be refused for a moment.
        secrets.make_current(secret_id, previous.version_id, instead_of=version.version_id)
        return previous
    added, value = add_second_secret(clients, client.pool_id, client.client_id, credentials, own)
    try:
        credentials = dataclasses.replace(credentials, secret_id=added, client_secret=value)
        return _put(ctx, clients, client, credentials, desired)
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
    planned = ctx.turn.planned
    ctx.turn.plan(version_after=version.version_id)
    if _is_moved(desired, applied) or (planned is not None and planned.version_before != version.version_id):
        _note(ctx, client, version, desired)
    if ctx.response.is_sent() and client.client_id != ctx.request.physical_id:
        # The Delete of the new client may have come before its secret did.
        restore_previous(ctx, desired, client.client_id)
        raise TryLater(late, "deploy again.")
    ctx.decision.update(kept_in=version.arn, kept_as=version.version_id)
    return version


def restore_version(
    ctx: Context, clients: ClientSecrets, client: AppClient, desired: Settings, change: Change | None
) -> None:
    """In a rollback, let the version be current again that was before the update; no client secret is added or deleted.

    `client` is the one that the resource has after the rollback. What a rotation has made current since then stays, and
    a version that Cognito would refuse does not come back to the resource.
    """
    try:
        if change is not None and change.secret_id and change.version_before:
            _undo_store(ctx, clients, client, desired, change)
        if desired.get("SecretId"):
            _let_it_name(ctx, clients, client, desired, change.secret_id if change is not None else "")
            if _is_moved(desired, parse_previous(ctx.request.old_properties)):
                _note(ctx, client, ctx.secrets.version(desired["SecretId"], CURRENT), desired)
    except TryLater:
        raise
    except ProviderError as error:
        logger.warning("Not restored", extra={"client_id": client.client_id, "because": error.why})


def _is_moved(desired: Settings, applied: Settings) -> bool:
    """Tell whether what is noted for rotations differs between two templates."""
    return any(desired.get(name) != applied.get(name) for name in ("SecretId", "ExternalId"))


def _note(ctx: Context, client: AppClient, version: Version | None, desired: Settings) -> None:
    """Note which secret holds the client's: a rotation must know it, and the external ID of the role."""
    if version is not None and _names(version, client.client_id):
        note = RotationNote(version.arn, desired.get("ExternalId") or "")
        ctx.turn.journal.note_rotation(client.pool_id, client.client_id, note)


def _undo_store(ctx: Context, clients: ClientSecrets, client: AppClient, desired: Settings, change: Change) -> None:
    """Make the version from before the update current again, in the secret that the update has written to."""
    secret_id, before = change.secret_id, change.version_before
    current = ctx.secrets.version(secret_id, CURRENT)
    if current is None or current.version_id == before:
        return
    if _names(current, client.client_id) and not _is_stored_by(current, change):
        return  # a rotation's
    if current.credentials is not None and current.credentials.client_secret == desired.get("ClientSecret"):
        return  # the journal cannot tell updates apart that differ in nothing but their ClientSecret
    earlier = _labelled(ctx, secret_id, before)
    if earlier is None:
        return
    is_used = bool(desired.get("SecretId")) and _is_same_secret(ctx, desired["SecretId"], current)
    if is_used and not (_names(earlier, client.client_id) and _takes(clients, earlier, client.pool_id)):
        return
    ctx.secrets.make_current(secret_id, before, instead_of=current.version_id)
    ctx.decision.update(gave_back=True)


def _is_stored_by(current: Version, change: Change) -> bool:
    """Tell whether a change has stored a version. One that died has not noted it, but a rotation's IDs are UUIDs."""
    if change.version_after:
        return current.version_id == change.version_after
    return bool(_OUR_VERSION.fullmatch(current.version_id))


def _labelled(ctx: Context, secret_id: str, version_id: str) -> Version | None:
    """Return a version that may become current again; None if it has no staging label any more."""
    for stage in (PREVIOUS, REPLACED):
        version = ctx.secrets.version(secret_id, stage)
        if version is not None and version.version_id == version_id:
            return version
    return None


def _is_same_secret(ctx: Context, secret_id: str, version: Version) -> bool:
    if secret_id == version.arn:
        return True
    other = ctx.secrets.version(secret_id, CURRENT)
    return other is not None and other.arn == version.arn


def _let_it_name(ctx: Context, clients: ClientSecrets, client: AppClient, desired: Settings, other_id: str) -> None:
    """In a rollback, let AWSCURRENT name the resource's client again, with a secret that Cognito takes.

    It does not if it names a replacement, or if the failed update let SecretId name another secret, and that one was
    rotated.
    """
    secret_id = desired["SecretId"]
    current = ctx.secrets.version(secret_id, CURRENT)
    if current is None:
        return
    moved = other_id not in ("", secret_id, current.arn)
    if _names(current, client.client_id):
        if not moved or _takes(clients, current, client.pool_id):
            return
    elif (earlier := _earlier(ctx, secret_id, client.client_id)) is not None and _takes(
        clients, earlier, client.pool_id
    ):
        ctx.secrets.make_current(secret_id, earlier.version_id, instead_of=current.version_id)
        ctx.decision.update(gave_back=True)
        return
    rotated = ctx.secrets.version(other_id, CURRENT) if moved else None
    if rotated is not None and rotated.credentials is not None and _names(rotated, client.client_id):
        _put(ctx, clients, client, rotated.credentials, desired)


def restore_import(ctx: Context, change: Change) -> None:
    """Give a secret back in which a failed operation has stored that of a client that it imported.

    Not if what was there before would be refused, nor if a rotation came later. It never fails, nor does its Delete.
    """
    secret_id = change.secret_id
    if not secret_id or not change.version_before:
        return
    try:
        current = ctx.secrets.version(secret_id, CURRENT)
        if current is None or current.version_id == change.version_before or not _is_stored_by(current, change):
            return
        earlier = _labelled(ctx, secret_id, change.version_before)
        if earlier is not None and _may_come_back(ctx, earlier, current):
            ctx.secrets.make_current(secret_id, earlier.version_id, instead_of=current.version_id)
            ctx.decision.update(gave_back=True)
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
    """Before a client is deleted, let AWSCURRENT name the previous one again.

    A client that is gone needs nothing.
    """
    if not applied.get("SecretId"):
        return
    try:
        ctx.decision.update(gave_back=restore_previous(ctx, applied, client_id))
    except ProviderError as error:
        if not _is_gone(ctx.clients(applied), applied["UserPoolId"], client_id, error):
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


def restore_previous(ctx: Context, applied: Settings, client_id: str) -> bool:
    """Before a client goes: let AWSCURRENT name the previous one again, if that one still exists.

    That is how the rollback of a replacement looks from here; and that of a Create, whose secret may have been stored
    beforehand. True if AWSCURRENT was moved.
    """
    secret_id = applied["SecretId"]
    try:
        current = ctx.secrets.version(secret_id, CURRENT)
        if current is None or not _names(current, client_id):
            return False
        for stage in (REPLACED, PREVIOUS):
            earlier = ctx.secrets.version(secret_id, stage)
            if earlier is None or _names(earlier, client_id):
                continue
            if _may_come_back(ctx, earlier, current):
                ctx.secrets.make_current(secret_id, earlier.version_id, instead_of=current.version_id)
                return True
    except NoSuchSecret:
        pass
    return False


def _names(version: Version, client_id: str) -> bool:
    return version.credentials is not None and version.credentials.client_id == client_id


def _may_come_back(ctx: Context, earlier: Version, current: Version) -> bool:
    """Tell whether a version holds a secret that Cognito takes, or the current one for no client yet.

    Where Cognito may not be asked about the other client, the version stays where it is: the Delete must go on.
    """
    stored, now = earlier.credentials, current.credentials
    if stored is None or now is None:
        return False
    if not stored.client_id:
        return stored.client_secret == now.client_secret
    try:
        return _takes(_clients_of(ctx, earlier, stored), earlier)
    except Refused as error:
        logger.warning("Not restored", extra={"client_id": stored.client_id, "because": error.why})
        return False


def _takes(clients: ClientSecrets, version: Version, pool_id: str = "") -> bool:
    """Tell whether Cognito takes what a version holds; a secret that cannot be told from another may be taken.

    `pool_id` is for a value that names no user pool.
    """
    stored = version.credentials
    if stored is None or not (pool_id := stored.pool_id or pool_id):
        return False
    client = clients.describe(pool_id, stored.client_id)
    if client is None:
        return False
    if client.secret == stored.client_secret:
        return True
    try:
        listed = [secret.secret_id for secret in clients.list_secrets(client.pool_id, client.client_id)]
    except FeatureUnavailable:  # there is no second secret there
        return False
    return stored.secret_id in listed if stored.secret_id else len(listed) > (client.secret is not None)


def _earlier(ctx: Context, secret_id: str, client_id: str) -> Version | None:
    """Return the version that was the client's before another client replaced it."""
    for stage in (REPLACED, PREVIOUS):
        version = ctx.secrets.version(secret_id, stage)
        if version is not None and _names(version, client_id):
            return version
    return None


def _in_use(ctx: Context, secret_id: str, client_id: str) -> Version | None:
    """Return the version with AWSCURRENT, after moving it back to the client's from a replacement that was given up.

    CloudFormation deletes what a replacement has made only if it was told of it: one that died, it was not.
    """
    version = ctx.secrets.version(secret_id, CURRENT)
    if version is None or _names(version, client_id):
        return version
    if (earlier := _earlier(ctx, secret_id, client_id)) is not None:
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


def _up_to_date(
    ctx: Context, clients: ClientSecrets, client: AppClient, stored: Credentials, desired: Settings
) -> Credentials:
    """Return a stored value with what follows the template: the role, and the token endpoint if anything changed there.

    Another domain of the user pool is not worth a call in an update that changes nothing, nor a failed one.
    """
    role_arn = desired.get("RoleArn", "")
    current = dataclasses.replace(stored, pool_id=client.pool_id, role_arn=role_arn, external_id="")
    if current == stored and ctx.request.properties == ctx.request.old_properties:
        return stored
    with contextlib.suppress(Refused):
        current = dataclasses.replace(current, token_endpoint=clients.token_endpoint(client.pool_id))
    return current


def _is_outdated(clients: ClientSecrets, client: AppClient, kept: Credentials, desired: Settings) -> bool:
    """Tell whether a stored value is one from before Cognito stored the client's secret by itself, and rotated it."""
    if client.secret in (None, kept.client_secret) or not kept.secret_id:
        return False
    if PUBLISH in desired:
        return True
    return kept.secret_id not in [one.secret_id for one in clients.list_secrets(client.pool_id, client.client_id)]


def _put(
    ctx: Context, clients: ClientSecrets, client: AppClient, credentials: Credentials, desired: Settings
) -> Version:
    whole = dataclasses.replace(
        credentials,
        client_id=client.client_id,
        secret_id=credentials.secret_id or _id_of(clients, client, credentials.client_secret, desired),
        pool_id=client.pool_id,
        issuer=issuer(client.pool_id),
        token_endpoint=clients.token_endpoint(client.pool_id),
        role_arn=desired.get("RoleArn", ""),
        external_id="",
    )
    return ctx.secrets.put(desired["SecretId"], whole, token=_token(ctx.request.request_id, whole))


def _id_of(clients: ClientSecrets, client: AppClient, secret: Sensitive, desired: Settings) -> str:
    """Return Cognito's name for one of the client's secrets, '' where it cannot be told."""
    try:
        listed = clients.list_secrets(client.pool_id, client.client_id)
    except FeatureUnavailable:  # there is no second secret there
        return ""
    if (
        len(listed) > 1 and PUBLISH in desired
    ):  # which one Cognito shows after it has stored the secret is not documented
        return UNKNOWN_ID
    return original_secret_id(listed) if len(listed) == 1 or secret == client.secret else ""


def _take_back(secrets: Secrets, clients: ClientSecrets, client: AppClient, secret_id: str, added: str) -> None:
    """Delete a secret that was added and could not be kept, unless it is current: the answer may have been lost."""
    with contextlib.suppress(ProviderError):
        version = secrets.version(secret_id, CURRENT)
        if version is None or version.credentials is None or version.credentials.secret_id != added:
            clients.delete_secret(client.pool_id, client.client_id, added)


def _from_previous_secret(
    ctx: Context,
    clients: ClientSecrets,
    client: AppClient,
    desired: Settings,
    applied: Settings,
    current: Credentials | None = None,
) -> Credentials | None:
    """Return what is stored in the secret that SecretId named before, where it has changed.

    That goes before what Describe shows, and before a value that was left where SecretId leads back to: only the
    secret that was named is sure to hold what the last rotation has made. A value is not copied that somebody else has
    put there.
    """
    before = applied.get("SecretId")
    if before in (None, desired["SecretId"]):
        return None
    try:
        version = ctx.secrets.version(before, CURRENT)
    except Refused as error:
        # The rollback of a change to a secret that cannot be read; or the secret of before has been deleted.
        if current is None and not isinstance(error, NoSuchSecret):
            raise
        return None
    if version is None or version.credentials is None or not _names(version, client.client_id):
        return None
    return version.credentials if _is_ours(ctx, clients, client, version, version.credentials) else None


def _is_ours(ctx: Context, clients: ClientSecrets, client: AppClient, version: Version, stored: Credentials) -> bool:
    """Tell whether this resource or a rotation has stored what a version of the client's former secret holds.

    The journal knows in which secret; of a client that was stored before it did, Cognito must take the value.
    """
    if stored.client_secret == client.secret:
        return True
    noted = ctx.turn.journal.rotation_note(client.pool_id, client.client_id).secret_arn
    return noted == version.arn if noted else _takes(clients, version, client.pool_id)


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
