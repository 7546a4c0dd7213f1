"""The resources that only look: Custom::UserPoolClientLookup and Custom::UserPoolClientList. They never write."""

from collections.abc import Callable
from typing import Any

from user_pool_client.custom_resource.response import Outcome, fits
from user_pool_client.domain.app_client import AppClient, ClientSummary
from user_pool_client.domain.attributes import Attributes, attributes, contributors
from user_pool_client.domain.contributions import NOTHING
from user_pool_client.domain.errors import InvalidProperties, NotFound, ProviderError, Refused
from user_pool_client.domain.parsing import parse, parse_previous
from user_pool_client.domain.physical_id import CREATE_FAILED
from user_pool_client.domain.properties import ListProperties, LookupProperties, Settings
from user_pool_client.domain.rules import LOOKUP_KEYS, external_id_for_a_role, one_client_to_look_up
from user_pool_client.log import logger
from user_pool_client.operations import rollback
from user_pool_client.operations.context import Context
from user_pool_client.operations.name_search import format_clients, with_prefix
from user_pool_client.operations.observe import report_unknown_settings, with_hidden_secret
from user_pool_client.operations.ports import AppClients


def lookup(ctx: Context) -> Outcome:
    """Find the one client that the template describes. Create and Update are the same."""
    ctx.invocation.task = "look up the app client"
    return _unless_rolling_back(ctx, _lookup)


def list_all(ctx: Context) -> Outcome:
    """Return the IDs and names of a pool's clients. Create and Update are the same."""
    ctx.invocation.task = "list the app clients"
    return _unless_rolling_back(ctx, _list_all)


def _unless_rolling_back(ctx: Context, operation: Callable[[Context], Outcome]) -> Outcome:
    """Look; what can no longer be found does not keep a stack from rolling back."""
    try:
        return operation(ctx)
    except (InvalidProperties, Refused) as error:
        if ctx.request.request_type != "Update" or not rollback.is_under_way(ctx):
            raise
        because = error.why
    logger.warning("Nothing to restore", extra={"client_id": ctx.request.physical_id, "because": because})
    ctx.decision.update(decision="restore", because="the stack is rolling back")
    pool_id, found_id = str(parse_previous(ctx.request.properties).get("UserPoolId") or ""), ctx.request.physical_id
    known = _list(pool_id, []) if found_id == pool_id else Outcome("SUCCESS", found_id)
    return (
        known
        if known.data
        else Outcome(
            "SUCCESS", found_id, data={**attributes(AppClient(pool_id, found_id, {})), **contributors(NOTHING)}
        )
    )


def _lookup(ctx: Context) -> Outcome:
    desired = _parse(ctx, LookupProperties)
    if problems := list(one_client_to_look_up(desired)):
        raise InvalidProperties(problems)
    (key,) = (name for name in LOOKUP_KEYS if name in desired)
    clients = ctx.clients(desired)
    client_id = _find(clients, desired, key)
    found = clients.describe(desired["UserPoolId"], client_id)
    if found is None:
        raise NotFound(f"There is no app client {client_id} in user pool {desired['UserPoolId']}.", f"correct {key}.")
    report_unknown_settings(found)
    shown = {**attributes(with_hidden_secret(clients, found)), **_contributors(ctx, found)}
    if not desired.get("IncludeSecret"):
        shown.pop("ClientSecret", None)
    ctx.decision.update(decision="found", because=f"it is the one that fits {key}")
    return Outcome("SUCCESS", found.client_id, data=shown)


def _contributors(ctx: Context, found: AppClient) -> Attributes:
    """Return who contributes to the client; nobody where the journal cannot be read, which no look-up fails for."""
    try:
        return contributors(ctx.turn.journal.contributions(found.pool_id, found.client_id))
    except ProviderError as error:
        logger.warning("The journal was not read", extra={"because": error.why})
        return contributors(NOTHING)


def _list_all(ctx: Context) -> Outcome:
    desired = _parse(ctx, ListProperties)
    listed = ctx.clients(desired).list_clients(desired["UserPoolId"], desired.get("ClientType", "REGULAR"))
    clients = with_prefix(listed, desired.get("ClientNamePrefix", ""))
    outcome = _list(desired["UserPoolId"], clients)
    if not fits(outcome, ctx.request.envelope):
        raise Refused(
            f"The ids and names of {len(clients)} app clients do not fit into the 4,096 bytes of an answer.",
            "narrow it down with ClientNamePrefix.",
        )
    because = "their names fit ClientNamePrefix" if "ClientNamePrefix" in desired else "they are all of the pool"
    ctx.decision.update(decision="listed", because=because, clients=len(clients))
    return outcome


def forget(ctx: Context) -> Outcome:
    """Respond to a Delete: what only looked has nothing to delete."""
    ctx.decision.update(decision="nothing to delete", because="the resource only looked")
    return Outcome("SUCCESS", ctx.request.physical_id or CREATE_FAILED)


def _list(pool_id: str, clients: list[ClientSummary]) -> Outcome:
    by_name = sorted(clients, key=lambda client: (client.name, client.client_id))
    return Outcome(
        "SUCCESS",
        pool_id,
        data={
            "UserPoolId": pool_id,
            "Count": str(len(by_name)),
            "ClientIds": ",".join(client.client_id for client in by_name),
            "ClientNames": ",".join(client.name for client in by_name),
        },
    )


def _find(clients: AppClients, desired: Settings, key: str) -> str:
    if key == "ClientId":
        return str(desired[key])
    named = clients.list_clients(desired["UserPoolId"])
    exact = key == "ClientName"
    found = [one for one in named if one.name == desired[key]] if exact else with_prefix(named, desired[key])
    if not found:
        raise NotFound(
            f'No app client of user pool {desired["UserPoolId"]} fits {key} "{desired[key]}".', f"correct {key}."
        )
    if len(found) > 1:
        raise Refused(
            f'{len(found)} app clients of user pool {desired["UserPoolId"]} fit {key} "{desired[key]}": '
            f"{format_clients(found)}.",
            f"make {key} fit exactly one of them, or use ClientId.",
        )
    return found[0].client_id


def _parse(ctx: Context, template: Any) -> Settings:
    desired, problems = parse(ctx.request.properties, template)
    problems += external_id_for_a_role(desired)
    if problems:
        raise InvalidProperties(problems)
    return desired
