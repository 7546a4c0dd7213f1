"""Lambda's entry of the function that looks for drift: puts its parts together once."""

import os
from collections.abc import Callable, Mapping

from user_pool_client.aws.calls import Caller
from user_pool_client.aws.cloudformation import Stacks
from user_pool_client.aws.cognito import OF_DRIFT, AppClients
from user_pool_client.aws.dynamodb import Journal
from user_pool_client.aws.eventbridge import Events
from user_pool_client.aws.pace import Pace, PacedCaller
from user_pool_client.aws.sessions import ClientCache, Role
from user_pool_client.custom_resource.invocation import LambdaContext
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.journal import Record
from user_pool_client.domain.properties import Settings
from user_pool_client.domain.trail import change_of
from user_pool_client.log import flush_metrics, on_retry, silence_libraries
from user_pool_client.operations.drift import DriftCheck, DriftReport


def build(clock: Clock) -> Callable[[Mapping[str, object], LambdaContext], None]:
    """Put the parts together for the environment that the function finds itself in; return what carries out a run."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    table = os.environ.get("JOURNAL_TABLE", "")
    own_roles = frozenset(os.environ.get("OWN_ROLES", "").split(","))
    connections, pace = ClientCache(region, clock), Pace(clock)

    def run(event: Mapping[str, object], context: LambdaContext) -> None:
        account = context.invoked_function_arn.split(":")[4]
        deadline = Deadline.after(context.get_remaining_time_in_millis() / 1000, clock)
        caller = Caller(connections, deadline, on_retry)

        def clients(_record: Record, applied: Settings, until: Deadline) -> AppClients:
            arn = applied.get("RoleArn")
            role = Role(arn, None, "user-pool-client-drift") if arn else None
            return AppClients(PacedCaller(connections, until, on_retry, pace), role, OF_DRIFT)

        def stacks(stack_id: str) -> Stacks:
            return Stacks(caller, own=stack_id.split(":")[4:5] == [account])

        report = DriftReport(DriftCheck(Journal(table, caller), clients, stacks, deadline), Events(caller))
        if (change := change_of(event)) is None:
            report.check_all()
        elif change.role not in own_roles:
            report.check_one(change.pool_id, change.client_id, change.who)

    return run


_run = build(Clock())


def handler(event: Mapping[str, object], context: LambdaContext) -> None:
    """Check the client that an event of CloudTrail's is about; with any other event, all clients."""
    silence_libraries()
    try:
        _run(event, context)
    finally:
        flush_metrics()
