"""A deployed stack: its template and what its expressions come to, as far as CloudFormation shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.intrinsics import Scope
from tools.rehearsal.local_template import CLIENT, resources
from tools.template_text import CannotError, Template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.deployed.command import Aws

_HIDDEN = "****"
"""What CloudFormation shows of a parameter with NoEcho."""


@dataclass(frozen=True, slots=True)
class DeployedStack:
    """A stack as it is deployed. `ids` has the physical IDs by logical ID."""

    stack_id: str
    template: Template
    parameters: Mapping[str, str]
    pseudo: Mapping[str, str]
    exports: Mapping[str, str]
    ids: Mapping[str, str]
    hidden: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def read(cls, aws: Aws, name: str) -> DeployedStack:
        """Ask CloudFormation for it; raise ClientError, or CannotError if its template cannot be read."""
        cloudformation: Any = aws.connections.client("cloudformation", aws.region)
        described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        # As it was written: what macros and transforms make of it is not what will be deployed again.
        body: Any = cloudformation.get_template(StackName=described["StackId"], TemplateStage="Original")[
            "TemplateBody"
        ]
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=described["StackId"])
        exports = cloudformation.get_paginator("list_exports").paginate()
        shown = {
            one["ParameterKey"]: one.get("ResolvedValue") or one.get("ParameterValue", "")
            for one in described.get("Parameters", ())
        }
        partition, _, region, account = described["StackId"].split(":")[1:5]
        return cls(
            stack_id=described["StackId"],
            template=Template.read(body),
            parameters={key: value for key, value in shown.items() if value != _HIDDEN},
            pseudo={
                "AWS::Region": region,
                "AWS::AccountId": account,
                "AWS::Partition": partition,
                "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
                "AWS::StackName": described["StackName"],
                "AWS::StackId": described["StackId"],
            },
            exports={one["Name"]: one["Value"] for page in exports for one in page["Exports"]},
            ids={
                one["LogicalResourceId"]: one["PhysicalResourceId"]
                for page in pages
                for one in page["StackResourceSummaries"]
                if one.get("PhysicalResourceId") and not one["ResourceStatus"].startswith("DELETE_")
            },
            hidden=tuple(key for key, value in shown.items() if value == _HIDDEN),
        )

    def scope(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> Scope:
        """Return what the expressions of a template of this stack can refer to."""
        known = {key: value for key, value in parameters.items() if key not in self.hidden}
        declared = {
            key: {name: value for name, value in one.items() if name != "Default" or key not in self.hidden}
            for key, one in (template.get("Parameters") or {}).items()
        }
        return Scope({**template, "Parameters": declared}, known, self.pseudo, self.exports, self.ids)


def clients_of(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the app clients of a template by logical ID."""
    return {name: one for name, one in resources(template).items() if one.get("Type") == CLIENT}


def read_file(path: str) -> Template:
    """Read a template from a file; raise CannotError if it is none."""
    template = Template.read(Path(path).read_text(encoding="utf-8"))
    if not isinstance(template.data.get("Resources"), dict):
        raise CannotError(f"{path} has no Resources, so it is no template.")
    return template
