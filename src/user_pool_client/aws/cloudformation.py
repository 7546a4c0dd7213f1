"""The only module that calls CloudFormation. It only asks, and only about stacks of the function's own account."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from user_pool_client.aws.retry import TRY_LATER, Failure, RetryHook, RetryPolicy, retry
from user_pool_client.deadline import Deadline
from user_pool_client.domain.errors import ProviderError, Refused, TryLater
from user_pool_client.domain.resource_status import ResourceStatus

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

# Retries are ours, as with Cognito: they keep to the deadline.
_CONFIG = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1})


_PERMISSION = (
    "allow cloudformation:DescribeStacks, DescribeStackResource and DescribeStackResources to the role of the function "
    "behind the service token (its template.yaml does), then deploy again."
)


_TRANSIENT = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded"})


_SERVER_ERRORS = 500


class NotThere(Refused):
    """CloudFormation knows no such stack, resource or physical id."""


class Connection:
    """boto3's client, made when it is needed for the first time: most requests never ask."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._client: CloudFormationClient | None = None

    def client(self) -> "CloudFormationClient":
        """Return the client."""
        if self._client is None:
            self._client = boto3.client("cloudformation", region_name=self._region or None, config=_CONFIG)
        return self._client


@dataclass(frozen=True, slots=True)
class Stacks:
    """What CloudFormation knows, for the time of one request. Every call raises ProviderError when it does not work.

    Nothing is asked about stacks of another account (`own` is False): that they do not exist here would say nothing.
    """

    connection: Connection
    own: bool
    deadline: Deadline
    on_retry: RetryHook

    def stack_of(self, physical_id: str) -> str | None:
        """Return the id of the stack that has a resource of this physical id, or None.

        An answer need not show the resource itself: it is cut after a hundred of the stack's.
        """
        try:
            answer = self._call("DescribeStackResources", {"PhysicalResourceId": physical_id})
        except NotThere:  # "Stack for 1example23456789 does not exist"
            return None
        return next((resource["StackId"] for resource in answer.get("StackResources", [])), None)

    def resource_status(self, stack_id: str, logical_id: str, *, within: float = math.inf) -> ResourceStatus:
        """Return how a resource stands; give up after so many seconds."""
        parameters = {"StackName": stack_id, "LogicalResourceId": logical_id}
        try:
            detail = self._call("DescribeStackResource", parameters, within).get("StackResourceDetail", {})
        except NotThere:  # of a deleted resource too
            return ResourceStatus()
        return ResourceStatus(
            detail.get("ResourceStatus", ""), detail.get("PhysicalResourceId", ""), detail.get("LastUpdatedTimestamp")
        )

    # docs/decisions/0026-a-delete-that-cannot-identify-its-client-succeeds.md
    def operation_started_at(self, stack_id: str) -> datetime | None:
        """Return when the stack was created or, if that was later, last updated; None if there is no such stack.

        A rollback, and the deletion of a stack that is just being made, belong to the operation that they end. That is
        why DeletionTime does not count, which CloudFormation sets for both.
        """
        try:
            stacks = self._call("DescribeStacks", {"StackName": stack_id}).get("Stacks", [])
        except NotThere:
            return None
        times = [stack[name] for stack in stacks for name in ("CreationTime", "LastUpdatedTime") if name in stack]
        return max(times, default=None)

    def _call(self, operation: str, parameters: Mapping[str, Any], within: float = math.inf) -> Mapping[str, Any]:
        if not self.own:
            raise Refused(
                "The stack is in another account than the function, so CloudFormation cannot be asked.", TRY_LATER
            )
        until = self.deadline.clock.monotonic() + within

        def left() -> float:
            return min(self.deadline.work_left(), until - self.deadline.clock.monotonic())

        patience = RetryPolicy(self.deadline.clock, left, self.on_retry)
        return retry(operation, lambda: self._send(operation, parameters), patience)

    def _send(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any] | Failure:
        """Call once; return what went wrong rather than raise it, so that no error of botocore's is in any chain."""
        try:
            answer: Mapping[str, Any] = getattr(self.connection.client(), _METHODS[operation])(**parameters)
        except ClientError as error:
            return _refusal(operation, error)
        except (BotoCoreError, ResponseParserError) as error:
            code = type(error).__name__
            return Failure(
                code, transient=True, error=TryLater(f"CloudFormation did not answer {operation}: {code}.", TRY_LATER)
            )
        return answer


def _refusal(operation: str, error: ClientError) -> Failure:
    details: Mapping[str, Any] = error.response.get("Error", {})
    code, words = str(details.get("Code", "Unknown")), str(details.get("Message") or "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    why = f"CloudFormation refused {operation} with {code}: {words}".rstrip(": .") + "."
    transient = code in _TRANSIENT or status >= _SERVER_ERRORS
    if transient:
        failure: ProviderError = TryLater(why, TRY_LATER)
    elif code == "ValidationError" and "does not exist" in words:
        failure = NotThere(why, TRY_LATER)
    else:
        failure = Refused(why, _PERMISSION)
    return Failure(code, transient=transient, error=failure)


_METHODS = {
    "DescribeStacks": "describe_stacks",
    "DescribeStackResource": "describe_stack_resource",
    "DescribeStackResources": "describe_stack_resources",
}
