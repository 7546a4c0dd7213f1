"""Lambda's entry point for CloudFormation: wires the function together once."""

import gc
import os

# What is created at the start stays: looking through it for garbage, now and at every later collection, finds nothing.
gc.disable()

from user_pool_client.aws.calls import Caller
from user_pool_client.aws.cloudformation import Stacks
from user_pool_client.aws.cognito import AppClients
from user_pool_client.aws.dynamodb import Journal
from user_pool_client.aws.secrets_manager import SecretStore
from user_pool_client.aws.sessions import ClientCache, Role, session_name
from user_pool_client.custom_resource.crhelper_resource import CrhelperResource
from user_pool_client.custom_resource.invocation import Invocation, LambdaContext
from user_pool_client.custom_resource.sender import ConsoleSender, S3Sender
from user_pool_client.custom_resource.service import Service
from user_pool_client.deadline import Clock
from user_pool_client.domain.properties import Settings
from user_pool_client.log import on_retry
from user_pool_client.operations.context import Context
from user_pool_client.operations.no_journal import NoJournal
from user_pool_client.operations.resource_types import create, delete, update
from user_pool_client.operations.turn import Turn


def build(clock: Clock, *, connected: bool = False) -> Service:
    """Wire the function for the environment that it finds itself in.

    `connected` creates the client for the own Region at once, while Lambda still lends its whole processor for the
    start.
    """
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    cache = ClientCache(region, clock)
    if connected:
        cache.prepare()
    local, table = os.environ.get("AWS_SAM_LOCAL"), os.environ.get("JOURNAL_TABLE")
    sender = ConsoleSender() if local else S3Sender(region, os.environ.get("AWS_ENDPOINT_URL", ""))

    def context(invocation: Invocation) -> Context:
        request = invocation.request
        template_secrets = request.secrets()
        caller = Caller(cache, invocation.deadline, on_retry)

        def clients(settings: Settings) -> AppClients:
            arn, session = settings.get("RoleArn"), session_name(request.stack_id, request.logical_resource_id)
            role = Role(arn, settings.get("ExternalId"), session) if arn else None
            return AppClients(caller, role, secrets=template_secrets)

        journal = Journal(table, caller) if table and not local else NoJournal()
        stacks = Stacks(caller, invocation.is_own_account)
        return Context(invocation, clients, stacks, SecretStore(caller), Turn(journal, invocation))

    resource = CrhelperResource(
        create=lambda invocation: create(context(invocation)),
        update=lambda invocation: update(context(invocation)),
        delete=lambda invocation: delete(context(invocation)),
    )
    return Service(resource, sender, clock)


_service = build(Clock(), connected=True)
gc.freeze()
gc.enable()


def handler(event: object, context: LambdaContext) -> None:
    """Carry out one request of CloudFormation's, and respond to it."""
    _service(event, context)
