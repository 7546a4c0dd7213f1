"""Lambda's entry: puts the parts together once."""

import os
from collections.abc import Callable

from user_pool_client.cognito import AppClients, Regions, is_client_id
from user_pool_client.deadline import Clock
from user_pool_client.delivery import ToCloudFormation, ToTerminal
from user_pool_client.lifecycle import Work, on_create, on_delete, on_update
from user_pool_client.log import count, logger, measure_wait
from user_pool_client.provider import Context, GuardedResource, Job
from user_pool_client.request import Request
from user_pool_client.response import Outcome


def build(clock: Clock) -> GuardedResource:
    """Put the parts together for the environment that the function finds itself in."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    regions = Regions(region)
    local = os.environ.get("AWS_SAM_LOCAL")
    courier = ToTerminal() if local else ToCloudFormation(region, os.environ.get("AWS_ENDPOINT_URL", ""))

    def work(act: Callable[[Request, Work], Outcome]) -> Callable[[Job], Outcome]:
        def run(job: Job) -> Outcome:
            clients = AppClients(regions, job.deadline, _on_wait, job.request.secrets())
            return act(job.request, Work(clients, is_client_id, job.answer.made, job.decided))

        return run

    return GuardedResource(courier, clock, create=work(on_create), update=work(on_update), delete=work(on_delete))


def _on_wait(*, operation: str, why: str, seconds: float) -> None:
    count("Retried")
    measure_wait(seconds)
    logger.warning("Waiting", extra={"operation": operation, "because": why, "seconds": round(seconds, 3)})


_resource = build(Clock())


def handler(event: object, context: Context) -> None:
    """Carry out one request of CloudFormation's, and answer it."""
    _resource(event, context)
