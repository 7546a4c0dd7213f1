"""The resources that only look: Custom::UserPoolClientLookup and Custom::UserPoolClientList. They never write."""

from typing import Any

from user_pool_client.custom_resource.request import Request
from user_pool_client.custom_resource.response import Outcome, fits
from user_pool_client.domain.app_client import ClientSummary
from user_pool_client.domain.attributes import attributes
from user_pool_client.domain.errors import InvalidProperties, NotFound, ProviderError, Refused
from user_pool_client.domain.parsing import parse
from user_pool_client.domain.physical_id import CREATE_FAILED
from user_pool_client.domain.properties import ListProperties, LookupProperties, Settings
from user_pool_client.domain.rules import LOOKUP_KEYS, external_id_for_a_role, one_client_to_look_up
from user_pool_client.operations.context import Work
from user_pool_client.operations.name_search import format_clients, with_prefix
from user_pool_client.operations.ports import AppClients


def on_lookup(request: Request, work: Work) -> Outcome:
    """Find the one client that the template describes. Create and Update are the same."""
    try:
        desired = _parse(request, LookupProperties)
        if problems := list(one_client_to_look_up(desired)):
            raise InvalidProperties(problems)
        (key,) = (name for name in LOOKUP_KEYS if name in desired)
        clients = work.clients(desired)
        client_id = _find(clients, desired, key)
        found = clients.describe(desired["UserPoolId"], client_id)
        if found is None:
            raise NotFound(
                f"There is no app client {client_id} in user pool {desired['UserPoolId']}.", f"correct {key}."
            )
    except ProviderError as error:
        return Outcome("FAILED", request.physical_id or CREATE_FAILED, f"Could not look up the app client: {error}")
    shown = dict(attributes(found))
    if not desired.get("IncludeSecret"):
        shown.pop("ClientSecret", None)
    work.decided.update(decision="found", because=f"it is the one that fits {key}")
    return Outcome("SUCCESS", found.client_id, data=shown)


def on_list(request: Request, work: Work) -> Outcome:
    """Tell the ids and names of a pool's clients. Create and Update are the same."""
    try:
        desired = _parse(request, ListProperties)
        clients = with_prefix(
            work.clients(desired).list_clients(desired["UserPoolId"]), desired.get("ClientNamePrefix", "")
        )
        outcome = _list(desired["UserPoolId"], clients)
        if not fits(outcome, request.envelope):
            raise Refused(
                f"The ids and names of {len(clients)} app clients do not fit into the 4,096 bytes of an answer.",
                "narrow it down with ClientNamePrefix.",
            )
    except ProviderError as error:
        return Outcome("FAILED", request.physical_id or CREATE_FAILED, f"Could not list the app clients: {error}")
    because = "their names fit ClientNamePrefix" if "ClientNamePrefix" in desired else "they are all of the pool"
    work.decided.update(decision="listed", because=because, clients=len(clients))
    return outcome


def on_forget(request: Request, work: Work) -> Outcome:
    """Answer a Delete: what only looked has nothing to delete."""
    work.decided.update(decision="nothing to delete", because="the resource only looked")
    return Outcome("SUCCESS", request.physical_id or CREATE_FAILED)


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


def _parse(request: Request, template: Any) -> Settings:
    desired, problems = parse(request.properties, template)
    problems += external_id_for_a_role(desired)
    if problems:
        raise InvalidProperties(problems)
    return desired
