"""Delete: the app client goes, or is released."""

import contextlib

from user_pool_client.custom_resource.request import Request
from user_pool_client.custom_resource.response import Outcome
from user_pool_client.domain.errors import ProviderError, Refused
from user_pool_client.domain.parsing import parse_previous
from user_pool_client.domain.physical_id import CREATE_FAILED, is_client_id
from user_pool_client.domain.properties import IMPORT_PROPERTIES
from user_pool_client.operations import secret_sync
from user_pool_client.operations.context import Work, _failed
from user_pool_client.operations.orphans import _made_without_telling
from user_pool_client.operations.ports import AppClients


def on_delete(request: Request, work: Work) -> Outcome:
    """Delete the app client, unless it was imported. There being nothing to delete is a success, whatever is given."""
    client_id: str | None = request.physical_id
    applied = parse_previous(request.properties)
    pool_id: str = applied.get("UserPoolId", "")
    done = Outcome("SUCCESS", request.physical_id or CREATE_FAILED)
    what = f"delete the app client {client_id} of user pool {pool_id}"
    imported = [name for name in IMPORT_PROPERTIES if name in applied]
    try:
        if not pool_id:
            client_id = None
        elif not is_client_id(request.physical_id):
            client_id = None if imported else _made_without_telling(request, work, applied)
        if client_id is not None and applied.get("SecretId"):
            work.decided.update(
                gave_back=secret_sync.restore_previous(work.store, work.clients(applied), applied, client_id)
            )
    except ProviderError as error:
        if client_id is None or not _is_gone(work.clients(applied), pool_id, client_id, error):
            return _failed(work, what, error)
    if imported:
        work.decided.update(decision="let go", because=f"{', '.join(imported)} is in the template")
        return done
    if client_id is None:
        work.decided.setdefault("decision", "nothing to delete")
        work.decided.setdefault("because", "there never was a client of this id")
        return done
    try:
        deleted = work.clients(applied).delete(pool_id, client_id)
    except ProviderError as error:
        return _failed(work, what, error)
    work.decided.update(
        {"decision": "deleted", "because": "CloudFormation asked for it"}
        if deleted
        else {"decision": "nothing to delete", "because": "it is gone already"}
    )
    return done


def _is_gone(clients: AppClients, pool_id: str, client_id: str, error: ProviderError) -> bool:
    """Tell whether an error need not keep a Delete from succeeding, because there is nothing to delete."""
    if not isinstance(error, Refused):
        return False  # the same may work later
    with contextlib.suppress(ProviderError):
        return clients.describe(pool_id, client_id) is None
    return False
