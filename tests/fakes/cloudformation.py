"""A fake of CloudFormation: stacks with resources, what it asks of a handler, and what it tells whoever describes them.

It speaks the protocol of the wire (query, answers in XML); `cognito_wire.installed(..., cloudformation=...)` puts it
behind boto3. Of a stack's life it knows what a handler can notice: which request is awaited, what was answered, which
id belongs to whom. A harness moves it on: `begin`, `send`, `hear`, `cancel`.

The words for what does not exist are those of boto3 #2807 (stacks), moto #4186 (resources) and of the AWS CLI
("Stack for i-d01e7d4d does not exist").
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from tests.fakes.cognito import ApiError, BrokenConnectionError, Call, ConnectionFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Json = dict[str, Any]

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
REQUEST_ID = "00000000-0000-4000-8000-000000000000"
SHOWN_AT_MOST = 100
"""DescribeStackResources shows no more, and has no pages."""
OPERATIONS = ("DescribeStacks", "DescribeStackResource", "DescribeStackResources")
OF_COMMANDS = ("GetTemplate", "ListStackResources", "ListExports")
"""What the function does not ask, but commands do that read a deployed stack."""
IN_PROGRESS = {"Create": "CREATE_IN_PROGRESS", "Update": "UPDATE_IN_PROGRESS", "Delete": "DELETE_IN_PROGRESS"}
COMPLETE = {"Create": "CREATE_COMPLETE", "Update": "UPDATE_COMPLETE", "Delete": "DELETE_COMPLETE"}
FAILED = {"Create": "CREATE_FAILED", "Update": "UPDATE_FAILED", "Delete": "DELETE_FAILED"}
GONE = "DELETE_COMPLETE"


@dataclass
class Resource:
    """Hold how a resource stands."""

    logical_id: str
    status: str
    since: float
    physical_id: str = ""
    type: str = "Custom::UserPoolClient"
    awaited: str = ""
    """The id of the request whose answer counts; '' while none is awaited."""


@dataclass
class Stack:
    """Hold a stack: when its operations began, and its resources."""

    stack_id: str
    created: float
    updated: float | None = None
    deleted: float | None = None
    status: str = "CREATE_IN_PROGRESS"
    root: str = ""
    """The ID of the stack that it is nested in, at any depth."""
    resources: dict[str, Resource] = field(default_factory=dict)
    template: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    exports: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.stack_id.split("/")[1]


class FakeCloudFormation:
    """Answer what a handler asks, remember it, and fail where a test has planned it."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        """Take the clock in seconds since 1970."""
        self.stacks: dict[str, Stack] = {}
        self.calls: list[Call] = []
        self.denied: set[str] = set()
        """Operations that the function's role may not call."""
        self.planned_faults: list[tuple[str, ApiError | BrokenConnectionError]] = []
        self._clock = clock
        self._lock = threading.RLock()

    # A stack's life, as the handler notices it

    def stack(self, stack_id: str) -> Stack:
        """Return a stack, made now if there was none."""
        if stack_id not in self.stacks:
            self.stacks[stack_id] = Stack(stack_id, self._clock())
        return self.stacks[stack_id]

    def begin(self, stack_id: str, status: str = "UPDATE_IN_PROGRESS") -> None:
        """Begin an operation: an update's time is kept, and so is a deletion's or a rollback's of a creation."""
        stack = self.stack(stack_id)
        stack.status = status
        if status == "UPDATE_IN_PROGRESS":
            stack.updated = self._clock()
        elif status in ("DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"):
            stack.deleted = self._clock()

    def send(self, event: Mapping[str, Any]) -> None:
        """Note that a request has gone out: from now on its answer is awaited.

        A Delete of another id than the resource's cleans up behind a replacement, and changes nothing of it.
        """
        stack, kind, logical_id = self.stack(event["StackId"]), event["RequestType"], event["LogicalResourceId"]
        physical_id = event.get("PhysicalResourceId", "")
        resource = stack.resources.get(logical_id)
        if resource is None or (kind == "Create" and resource.status == GONE):
            kind_of_resource = event.get("ResourceType", "Custom::UserPoolClient")
            resource = stack.resources[logical_id] = Resource(logical_id, "", self._clock(), type=kind_of_resource)
        if kind == "Delete" and resource.physical_id not in ("", physical_id):
            return
        if kind != "Create":
            resource.physical_id = physical_id
        resource.status, resource.since, resource.awaited = IN_PROGRESS[kind], self._clock(), event["RequestId"]

    def hear(self, body: bytes) -> bool:
        """Take an answer; False if it was not the one that is awaited, which is ignored."""
        told = json.loads(body)
        stack = self.stacks.get(told["StackId"])
        resource = stack.resources.get(told["LogicalResourceId"]) if stack else None
        if resource is None or resource.awaited != told["RequestId"]:
            return False
        kind = next(kind for kind, status in IN_PROGRESS.items() if status == resource.status)
        done = told["Status"] == "SUCCESS"
        resource.status, resource.since = (COMPLETE if done else FAILED)[kind], self._clock()
        resource.awaited = ""
        if kind == "Create" or (kind == "Update" and done):
            resource.physical_id = told["PhysicalResourceId"]
        return True

    def cancel(self, stack_id: str, logical_id: str) -> str:
        """Stop waiting for a Create or an Update. Return the id that the Delete of a Create comes with."""
        resource = self.stacks[stack_id].resources[logical_id]
        kind = next(kind for kind, status in IN_PROGRESS.items() if status == resource.status)
        resource.status, resource.since, resource.awaited = FAILED[kind], self._clock(), ""
        if kind == "Create":
            resource.physical_id = f"{self.stacks[stack_id].name}-{logical_id}-1QZ6T0XJ4MHFN"
        return resource.physical_id

    def put(self, stack_id: str, logical_id: str, physical_id: str, status: str = "CREATE_COMPLETE") -> None:
        """Let a resource be there, whoever has made it."""
        self.stack(stack_id).resources[logical_id] = Resource(logical_id, status, self._clock(), physical_id)

    # What is asked

    def fail(self, operation: str, failure: ApiError | ConnectionFault, *, times: int = 1) -> None:
        """Plan failures of the next `times` requests for an operation ("*": for any)."""
        if operation not in ("*", *OPERATIONS):
            raise ValueError(f"{operation} is no operation of the fake")
        if isinstance(failure, str) and failure not in get_args(ConnectionFault.__value__):
            raise ValueError(f"{failure} is no way for a connection to fail")
        error = failure if isinstance(failure, ApiError) else BrokenConnectionError(failure)
        self.planned_faults.extend([(operation, error)] * times)

    def operations_called(self) -> list[str]:
        return [call.operation for call in self.calls]

    def call(self, operation: str, params: Json) -> Json:
        """Answer one request; raise ApiError or, as planned, BrokenConnectionError."""
        with self._lock:
            self.calls.append(Call(operation, dict(params)))
            planned = next((plan for plan in self.planned_faults if plan[0] in ("*", operation)), None)
            if planned:
                self.planned_faults.remove(planned)
                raise planned[1]
            if operation not in (*OPERATIONS, *OF_COMMANDS):
                raise ApiError("InvalidAction", f"Could not find operation {operation} for version 2010-05-15")
            if operation in self.denied:
                user = "arn:aws:sts::123456789012:assumed-role/user-pool-client/user-pool-client"
                message = f"User: {user} is not authorized to perform: cloudformation:{operation}"
                raise ApiError("AccessDenied", message, 403)
            if operation in OF_COMMANDS:
                return self._read(operation, params)
            if operation == "DescribeStacks":
                return {"Stacks": [shown_stack(self._found(params["StackName"]))]}
            if operation == "DescribeStackResource":
                return {"StackResourceDetail": self._detail(params["StackName"], params["LogicalResourceId"])}
            return {"StackResources": self._resources(params["PhysicalResourceId"])}

    def reply_to(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Answer one request as it arrives: status, headers and body."""
        params: Json = dict(parse_qsl(body.decode()))
        operation = params.pop("Action", "")
        params.pop("Version", None)
        headers = {"Content-Type": "text/xml"}
        try:
            answer = self.call(operation, params)
        except ApiError as error:
            kind = "Sender" if error.status < 500 else "Receiver"
            told = {"Error": {"Type": kind, "Code": error.code, "Message": error.message}, "RequestId": REQUEST_ID}
            return error.status, headers, xml("ErrorResponse", told)
        told = {f"{operation}Result": answer, "ResponseMetadata": {"RequestId": REQUEST_ID}}
        return 200, headers, xml(f"{operation}Response", told)

    def _read(self, operation: str, params: Json) -> Json:
        """Show a stack's template and resources, or the exports of all, each on one page."""
        if operation == "ListExports":
            shown = [(stack, *one) for stack in self.stacks.values() for one in stack.exports.items()]
            exports = [
                {"ExportingStackId": stack.stack_id, "Name": name, "Value": value} for stack, name, value in shown
            ]
            return {"Exports": exports}
        stack = self._found(params["StackName"])
        if operation == "GetTemplate":
            return {"TemplateBody": stack.template}
        there = [shown_resource(stack, each, "LastUpdatedTimestamp") for each in stack.resources.values()]
        return {"StackResourceSummaries": there}

    def _found(self, name_or_id: str) -> Stack:
        """Find a stack by its id, or by its name as long as it is not deleted."""
        for stack in self.stacks.values():
            if stack.stack_id == name_or_id or (stack.name == name_or_id and stack.status != GONE):
                return stack
        raise ApiError("ValidationError", f"Stack with id {name_or_id} does not exist")

    def _detail(self, name_or_id: str, logical_id: str) -> Json:
        stack = self._found(name_or_id)
        resource = stack.resources.get(logical_id)
        if resource is None or resource.status == GONE:
            raise ApiError("ValidationError", f"Resource {logical_id} does not exist for stack {stack.name}")
        return shown_resource(stack, resource, "LastUpdatedTimestamp")

    def _resources(self, physical_id: str) -> list[Json]:
        """Show the stack that has a resource of this id, cut short: the resource itself may not be seen."""
        for stack in self.stacks.values():
            there = [each for each in stack.resources.values() if each.status != GONE]
            if stack.status != GONE and any(each.physical_id == physical_id for each in there):
                return [shown_resource(stack, each, "Timestamp") for each in there[:SHOWN_AT_MOST]]
        raise ApiError("ValidationError", f"Stack for {physical_id} does not exist")


def shown_stack(stack: Stack) -> Json:
    times = {"CreationTime": stack.created, "LastUpdatedTime": stack.updated, "DeletionTime": stack.deleted}
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "StackStatus": stack.status,
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in stack.parameters.items()],
        **{name: iso(moment) for name, moment in times.items() if moment is not None},
        **({"RootId": stack.root} if stack.root else {}),
    }


def shown_resource(stack: Stack, resource: Resource, time_is_called: str) -> Json:
    shown = {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "LogicalResourceId": resource.logical_id,
        "ResourceType": resource.type,
        "ResourceStatus": resource.status,
        time_is_called: iso(resource.since),
    }
    return {**shown, "PhysicalResourceId": resource.physical_id} if resource.physical_id else shown


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def xml(name: str, content: Json) -> bytes:
    """Write nested names, lists and texts as one of CloudFormation's documents."""
    root = ET.Element(name, xmlns=NAMESPACE)
    fill(root, content)
    return ET.tostring(root)


def fill(element: ET.Element, content: Json | list[Json] | str) -> None:
    if isinstance(content, str):
        element.text = content
    elif isinstance(content, list):
        for member in content:
            fill(ET.SubElement(element, "member"), member)
    else:
        for name, inner in content.items():
            fill(ET.SubElement(element, name), inner)
