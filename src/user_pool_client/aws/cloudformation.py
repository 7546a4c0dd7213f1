"""The only module that calls CloudFormation. It only asks, and only about stacks of the function's own account."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from user_pool_client.aws.calls import Answer, Call, Caller, Judgement, Refusal, Service
from user_pool_client.aws.retry import TRY_LATER
from user_pool_client.domain.errors import Refused
from user_pool_client.domain.resource_status import ResourceStatus

_PERMISSION = (
    "allow cloudformation:DescribeStacks, DescribeStackResource and DescribeStackResources to the role of the function "
    "behind the service token (its template.yaml does), then deploy again."
)


# Its physical ID is that of the client that it has found.
_LOOKUP = "Custom::UserPoolClientLookup"


class NotThere(Refused):
    """CloudFormation knows no such stack, resource or physical id."""


def _judge(refusal: Refusal) -> Judgement:
    if refusal.code == "ValidationError" and "does not exist" in refusal.message:
        return NotThere, TRY_LATER
    return Refused, _PERMISSION


CLOUDFORMATION = Service(
    "cloudformation",
    "CloudFormation",
    operations={
        "DescribeStacks": "describe_stacks",
        "DescribeStackResource": "describe_stack_resource",
        "DescribeStackResources": "describe_stack_resources",
    },
    judge=_judge,
)


@dataclass(frozen=True, slots=True)
class Stacks:
    """What CloudFormation knows, for the time of one request. Every call raises ProviderError when it does not work.

    Nothing is asked about stacks of another account (`own` is False): that they do not exist here would say nothing.
    """

    caller: Caller
    own: bool

    def stack_of(self, physical_id: str, *, here: bool = False) -> str | None:
        """Return the id of the stack that has a resource of this physical id and does not only look it up, or None.

        CloudFormation names one stack, whichever has the id. An answer need not show the resource itself: it is cut
        after a hundred of the stack's. With `here`, it is asked whatever account the request is from: it answers for
        the function's own.
        """
        stacks = dataclasses.replace(self, own=True) if here else self
        try:
            answer = stacks._call("DescribeStackResources", {"PhysicalResourceId": physical_id})  # noqa: SLF001 - its own
        except NotThere:  # "Stack for 1example23456789 does not exist"
            return None
        found = answer.get("StackResources", [])
        same = [one.get("ResourceType") for one in found if one.get("PhysicalResourceId") == physical_id]
        if same and set(same) == {_LOOKUP}:
            return None
        return next((resource["StackId"] for resource in found), None)

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

    def root_of(self, stack_id: str) -> str:
        """Return the ID of the stack that a stack is nested in, at any depth, or its own; '' if there is none."""
        try:
            stacks = self._call("DescribeStacks", {"StackName": stack_id}).get("Stacks", [])
        except NotThere:
            return ""
        return next((str(stack.get("RootId") or stack["StackId"]) for stack in stacks), "")

    # docs/decisions/0026-a-delete-that-cannot-identify-its-client-succeeds.md
    def stack_status(self, stack_id: str) -> str:
        """Return the stack's status, '' if there is no such stack."""
        try:
            stacks = self._call("DescribeStacks", {"StackName": stack_id}).get("Stacks", [])
        except NotThere:
            return ""
        return next((str(stack.get("StackStatus", "")) for stack in stacks), "")

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

    def _call(self, operation: str, parameters: Mapping[str, Any], within: float = math.inf) -> Answer:
        if not self.own:
            raise Refused(
                "The stack is in another account than the function, so CloudFormation cannot be asked.", TRY_LATER
            )
        return self.caller.call(Call(CLOUDFORMATION, operation, parameters, within=within))
