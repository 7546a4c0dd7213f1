"""Lambda's entry of the rotation function: puts its parts together once."""

import os
from collections.abc import Callable, Mapping

from user_pool_client.aws.calls import Caller
from user_pool_client.aws.cognito import OF_ROTATIONS, AppClients
from user_pool_client.aws.dynamodb import Journal
from user_pool_client.aws.secrets_manager import SecretStore
from user_pool_client.aws.sessions import ClientCache, Role
from user_pool_client.aws.token_endpoint import check_secret
from user_pool_client.custom_resource.invocation import LambdaContext
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.credentials import Credentials
from user_pool_client.log import flush_metrics, on_retry, silence_libraries
from user_pool_client.operations.no_journal import NoJournal
from user_pool_client.operations.ports import RotationNotes
from user_pool_client.operations.rotation import Rotation


def build(clock: Clock) -> Callable[[Mapping[str, object], Deadline], None]:
    """Put the parts together for the environment that the function finds itself in; return what carries out a step."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    table = os.environ.get("JOURNAL_TABLE", "")
    connections = ClientCache(region, clock)

    def clients(credentials: Credentials, deadline: Deadline) -> AppClients:
        arn, external_id = credentials.role_arn, credentials.external_id or None
        role = Role(arn, external_id, "user-pool-client-rotation") if arn else None
        return AppClients(Caller(connections, deadline, on_retry), role, OF_ROTATIONS, [credentials.client_secret])

    def notes(deadline: Deadline) -> RotationNotes:
        return Journal(table, Caller(connections, deadline, on_retry)) if table else NoJournal()

    def step(event: Mapping[str, object], deadline: Deadline) -> None:
        store = SecretStore(Caller(connections, deadline, on_retry))
        Rotation(store, clients, notes, check_secret).step(event, deadline)

    return step


_clock = Clock()
_rotation = build(_clock)


def handler(event: Mapping[str, object], context: LambdaContext) -> None:
    """Carry out one step of a rotation; raise what keeps it from being done, for Secrets Manager to try again."""
    silence_libraries()
    try:
        _rotation(event, Deadline.after(context.get_remaining_time_in_millis() / 1000, _clock))
    finally:
        flush_metrics()
