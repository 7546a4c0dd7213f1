"""Call the handler and bare boto3 in turn, in one process that is warm; runs with the built package on its path.

The CDK's handler has its turn, too, if there are pipes to the process that runs it.
"""

from __future__ import annotations

import http.client
import itertools
import json
import logging
import ssl
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3

from benchmarks.events import CHANGED, FUNCTION_ARN, SETTINGS, TYPED, make_calls, make_event
from user_pool_client.handler import handler

if TYPE_CHECKING:
    from collections.abc import Callable

    type Timing = Callable[[dict[str, Any]], int]
    type Properties = Callable[[dict[str, Any]], dict[str, Any]]

UPDATED = {name: value for name, value in (CHANGED | TYPED).items() if name != "GenerateSecret"}

cognito = boto3.client("cognito-idp")
tls = ssl.create_default_context()


class Context:
    """As much of Lambda's context as a handler may ask for."""

    function_name = "benchmark"
    function_version = "$LATEST"
    invoked_function_arn = FUNCTION_ARN
    memory_limit_in_mb = "256"
    aws_request_id = "00000000-0000-4000-8000-000000000000"
    log_group_name = "/aws/lambda/benchmark"
    log_stream_name = "benchmark"

    def get_remaining_time_in_millis(self) -> int:
        """Say always the same: no call here comes near it."""
        return 60_000


def put(event: dict[str, Any], client_id: str, data: dict[str, str]) -> None:
    """Answer over a connection of its own, as each answer has it: its host is another for each stack."""
    answer = {
        "Status": "SUCCESS",
        "PhysicalResourceId": client_id,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": True,
        "Data": data,
    }
    url = urlsplit(event["ResponseURL"])
    connection = http.client.HTTPSConnection(url.netloc, context=tls)
    connection.request("PUT", f"{url.path}?{url.query}", json.dumps(answer), {"Content-Type": ""})
    connection.getresponse().read()
    connection.close()


def make_client() -> str:
    """Make an app client for an update and a delete; nobody times this."""
    return cognito.create_user_pool_client(**SETTINGS | TYPED)["UserPoolClient"]["ClientId"]


def bare_create(event: dict[str, Any]) -> None:
    """Do what a Create cannot do without."""
    client = cognito.create_user_pool_client(**SETTINGS | TYPED)["UserPoolClient"]
    put(event, client["ClientId"], {"ClientSecret": client["ClientSecret"]})


def bare_update(event: dict[str, Any]) -> None:
    """Do what an Update cannot do without: look, then write."""
    which = {"UserPoolId": SETTINGS["UserPoolId"], "ClientId": event["PhysicalResourceId"]}
    cognito.describe_user_pool_client(**which)
    client = cognito.update_user_pool_client(**UPDATED | which)["UserPoolClient"]
    put(event, client["ClientId"], {"ClientSecret": client["ClientSecret"]})


def bare_delete(event: dict[str, Any]) -> None:
    """Do what a Delete cannot do without."""
    client_id = event["PhysicalResourceId"]
    cognito.delete_user_pool_client(UserPoolId=SETTINGS["UserPoolId"], ClientId=client_id)
    put(event, client_id, {})


BARE: dict[str, Callable[[dict[str, Any]], None]] = {
    "Create": bare_create,
    "Update": bare_update,
    "Delete": bare_delete,
}


def through_handler(event: dict[str, Any]) -> None:
    """Call the function as the runtime does."""
    handler(event, Context())


def duration(call: Callable[[dict[str, Any]], None], event: dict[str, Any]) -> int:
    """Time one call, in nanoseconds."""
    started = time.perf_counter_ns()
    call(event)
    return time.perf_counter_ns() - started


def time_handler(event: dict[str, Any]) -> int:
    """Time this project's handler."""
    return duration(through_handler, event)


def time_bare(event: dict[str, Any]) -> int:
    """Time bare boto3."""
    return duration(BARE[event["RequestType"]], event)


def make_time_cdk(events: int, times: int) -> Timing:
    """Have the other process take its own time, so that the way there and back is not in it."""
    writer, reader = open(events, "w", buffering=1), open(times)  # noqa: SIM115 - pipes, for as long as this lives

    def time_cdk(event: dict[str, Any]) -> int:
        writer.write(f"{json.dumps(event)}\n")
        return int(reader.readline())

    return time_cdk


def ordinary(settings: dict[str, Any]) -> dict[str, Any]:
    """Give the properties of a Custom::UserPoolClient."""
    return settings | {"ServiceToken": FUNCTION_ARN}


def events_of_a_life(response_host: str, client_id: str, properties: Properties = ordinary) -> list[dict[str, Any]]:
    """Give a Create, and an Update and a Delete of the client that exists."""
    return [
        make_event("Create", response_host, ResourceProperties=properties(SETTINGS)),
        make_event(
            "Update",
            response_host,
            PhysicalResourceId=client_id,
            ResourceProperties=properties(CHANGED),
            OldResourceProperties=properties(SETTINGS),
        ),
        make_event("Delete", response_host, PhysicalResourceId=client_id, ResourceProperties=properties(CHANGED)),
    ]


def main() -> None:
    """Write one line per round: by request type the time of each candidate; who goes first, and after whom, changes."""
    response_host, rounds, results, *pipes = sys.argv[1:]
    logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))  # Lambda's runtime has one there, too
    candidates: list[tuple[Timing, Properties]] = [(time_handler, ordinary), (time_bare, ordinary)]
    if pipes:
        candidates.append((make_time_cdk(*map(int, pipes)), make_calls))
    orders = itertools.cycle(itertools.permutations(range(len(candidates))))
    lines = []
    for order in itertools.islice(orders, int(rounds)):
        lives = [events_of_a_life(response_host, make_client(), properties) for _, properties in candidates]
        times = {}
        for events in zip(*lives, strict=True):
            measured = {number: candidates[number][0](events[number]) for number in order}
            times[events[0]["RequestType"]] = [measured[number] for number in range(len(candidates))]
        lines.append(json.dumps(times))
    Path(results).write_text("\n".join(lines))


if __name__ == "__main__":
    main()
