"""Lambda's entry: puts the parts together once."""

import gc
import os

# What is made at the start stays: looking through it for garbage, now and at every later collection, finds nothing.
gc.disable()

from user_pool_client.aws.cloudformation import Connection, Stacks
from user_pool_client.aws.cognito import AppClients
from user_pool_client.aws.secrets_manager import SecretStore
from user_pool_client.aws.sessions import ClientCache, Role, session_name
from user_pool_client.custom_resource.crhelper_resource import Context, CrhelperResource, Job
from user_pool_client.custom_resource.response import Outcome
from user_pool_client.custom_resource.sender import ConsoleSender, S3Sender
from user_pool_client.deadline import Clock
from user_pool_client.domain.physical_id import CREATE_FAILED
from user_pool_client.domain.properties import Settings
from user_pool_client.log import on_retry
from user_pool_client.operations.context import Work
from user_pool_client.operations.delete import on_delete
from user_pool_client.operations.lookup import on_forget, on_list, on_lookup
from user_pool_client.operations.reconcile import on_create, on_update

_TYPE = "Custom::UserPoolClient"
_OWN = {"Create": on_create, "Update": on_update, "Delete": on_delete}
_ACTS = {
    "Custom::UserPoolClientLookup": {"Create": on_lookup, "Update": on_lookup, "Delete": on_forget},
    "Custom::UserPoolClientList": {"Create": on_list, "Update": on_list, "Delete": on_forget},
}


def build(clock: Clock, *, connected: bool = False) -> CrhelperResource:
    """Put the parts together for the environment that the function finds itself in.

    `connected` makes the client for the own Region at once, while Lambda still lends its whole processor for the start.
    """
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    connections = ClientCache(region, clock)
    cloudformation = Connection(region)
    store = SecretStore(region)
    if connected:
        connections.prepare()
    local = os.environ.get("AWS_SAM_LOCAL")
    courier = ConsoleSender() if local else S3Sender(region, os.environ.get("AWS_ENDPOINT_URL", ""))

    def run(job: Job) -> Outcome:
        request = job.request
        secrets = request.secrets()

        def clients(settings: Settings) -> AppClients:
            arn, session = settings.get("RoleArn"), session_name(request.stack_id, request.logical_resource_id)
            role = Role(arn, settings.get("ExternalId"), session) if arn else None
            return AppClients(connections, job.deadline, on_retry, role, secrets)

        if request.request_type == "Create" and _is_mistyped(request.resource_type):
            return Outcome("FAILED", CREATE_FAILED, _mistyped(request.resource_type))
        acts = _ACTS.get(request.resource_type, _OWN)
        stacks = Stacks(cloudformation, job.is_of_own_account, job.deadline, on_retry)
        work = Work(clients, stacks, store, job.answer, job.deadline, job.decided)
        return acts[request.request_type](request, work)

    return CrhelperResource(courier, clock, create=run, update=run, delete=run)


def _is_mistyped(resource_type: str) -> bool:
    """Tell a slip of the pen from a type of the user's own: it would make a client where one was to be looked up."""
    return resource_type.startswith(_TYPE) and resource_type != _TYPE and resource_type not in _ACTS


def _mistyped(resource_type: str) -> str:
    return (
        f"Could not create the resource: there is no type {resource_type}. What to do: use {_TYPE} or one of "
        f"{', '.join(_ACTS)}, and deploy again."
    )


_resource = build(Clock(), connected=True)
gc.freeze()
gc.enable()


def handler(event: object, context: Context) -> None:
    """Carry out one request of CloudFormation's, and answer it."""
    _resource(event, context)
