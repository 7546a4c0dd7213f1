"""A deployed stack that is to be migrated: what CloudFormation knows of it, and what its owner is told to do."""

from __future__ import annotations

import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.importing.native_migration import CUSTOM, NATIVE
from tools.intrinsics import Scope, UnknownValue
from tools.template_text import Template
from user_pool_client.domain.properties import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_cloudformation import CloudFormationClient

    from tools.importing.native_migration import Client, Step

# What CloudFormation takes in a request; larger templates must lie in S3.
MOST_BYTES_WITHOUT_S3 = 51_200

_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is deployed. `native` has the physical ids of its native clients, by their logical ids."""

    name: str
    region: str
    template: Template
    capabilities: tuple[str, ...]
    parameters: Mapping[str, str]
    physical_ids: Mapping[str, str]
    native: Mapping[str, str]

    @classmethod
    def read(cls, cloudformation: CloudFormationClient, name: str) -> Stack:
        """Ask CloudFormation for it; raise ClientError, or CannotError if its template cannot be read."""
        described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        # As it was written: what macros and transforms make of it is not for people to keep.
        body: Any = cloudformation.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
        # DescribeStackResources would end after 100.
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        resources = [
            resource
            for page in pages
            for resource in page["StackResourceSummaries"]
            if resource.get("PhysicalResourceId") and not resource["ResourceStatus"].startswith("DELETE_")
        ]
        ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        return cls(
            name=described["StackName"],
            region=cloudformation.meta.region_name,
            template=Template.read(body),
            capabilities=tuple(described.get("Capabilities", ())),
            parameters={
                parameter["ParameterKey"]: parameter.get("ResolvedValue") or parameter.get("ParameterValue", "")
                for parameter in described.get("Parameters", ())
            },
            physical_ids=ids,
            native={
                resource["LogicalResourceId"]: ids[resource["LogicalResourceId"]]
                for resource in resources
                if resource["ResourceType"] == NATIVE
            },
        )

    def value(self, reference: Any) -> str | None:
        """Return the string that an expression comes to in this stack; None where that is not known."""
        scope = Scope({}, {}, {"AWS::Region": self.region}, ids={**self.parameters, **self.physical_ids})
        try:
            found = scope.value(reference)
        except UnknownValue:
            return None
        return found if isinstance(found, str) else None


def guide(
    stack: Stack, clients: Sequence[Client], plan: Sequence[Step], *, folder: Path | None, profile: str | None
) -> str:
    """Return what to do, step by step; with the templates, if they are in no folder."""
    paragraphs = [_filled(paragraph) for paragraph in _introduction(stack, clients)]
    for number, step in enumerate(plan, start=1):
        paragraphs.append(f"Step {number} of {len(plan)}: {step.title}\n{_filled(step.about, '   ')}")
        path = (folder or Path()) / step.file
        paragraphs.append(textwrap.indent(_command(stack, clients, step, path, profile), "   "))
        text = step.template.text()
        if len(text.encode()) > MOST_BYTES_WITHOUT_S3:
            paragraphs.append(f"   It has more than {MOST_BYTES_WITHOUT_S3:,} bytes: add --s3-bucket.")
        if folder is None:
            paragraphs.append(f"   {step.file}:\n\n{text.rstrip()}")
    return "\n\n".join(paragraphs) + "\n"


def _introduction(stack: Stack, clients: Sequence[Client]) -> Iterator[str]:
    yield (
        f"Stack {stack.name}: these of its resources become {CUSTOM}: "
        f"{', '.join(f'{client.logical_id} ({client.client_id})' for client in clients)}."
    )
    yield (
        "Deploy the steps one after the other, each when the one before is done; with --no-execute-changeset a command "
        "only shows what would change. No step changes the id or the secret of a client. The template's comments and "
        "some of its layout are lost on the way, nothing else of it."
    )
    known = {client.logical_id for client in clients}
    resources = stack.template.data["Resources"].items()
    others = [name for name, resource in resources if resource.get("Type") == NATIVE and name not in known]
    if others:
        yield f"Not deployed (their Condition does not hold), so left as they are: {', '.join(others)}."
    if unknown := sorted({name for client in clients for name in client.properties if name not in SETTINGS}):
        yield f"{CUSTOM} does not know {', '.join(unknown)}: take that out before step 3."


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def _command(stack: Stack, clients: Sequence[Client], step: Step, path: Path, profile: str | None) -> str:
    """Return the command that deploys a step; parameters that it does not name keep their values."""
    user = ["--profile", profile] if profile else []
    deploy = ["aws", "cloudformation", "deploy", *user, "--region", stack.region, "--stack-name", stack.name]
    deploy += ["--template-file", str(path)]
    if stack.capabilities:
        deploy += ["--capabilities", *stack.capabilities]
    lines = [shlex.join(deploy)]
    if step.secrets:
        lines.append("--parameter-overrides")
    by_id = {client.logical_id: client for client in clients}
    for parameter, logical_id in step.secrets:
        client = by_id[logical_id]
        pool = stack.value(client.properties["UserPoolId"])
        region = pool.partition("_")[0] if pool else stack.region
        ask = ["aws", "cognito-idp", "describe-user-pool-client", *user, "--region", region]
        ask += ["--user-pool-id", pool or "<user pool id>", "--client-id", client.client_id]
        ask += ["--query", "UserPoolClient.ClientSecret", "--output", "text"]
        lines.append(f'{parameter}="$({shlex.join(ask)})"')
    return " \\\n  ".join(lines)
