"""template.yaml as scanners understand it: transformed by SAM, with everything on, and with its conditions settled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tools.intrinsics import Scope, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# A value for each parameter that turns something on. A scanner that meets Fn::If sees neither branch.
EVERYTHING_ON = {
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
    "Dashboard": "true",
    "DriftEvents": "true",
    "DriftSchedule": "rate(1 day)",
    "FailureQueueReaderArn": "arn:aws:iam::123456789012:role/on-call",
    "KmsKeyArns": "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012",
    "PermissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
    "ReservedConcurrency": "10",
    "RoleArns": "arn:aws:iam::210987654321:role/app-clients",
    "SecretArns": "arn:aws:secretsmanager:us-east-1:123456789012:secret:user-pool-client/*",
    "VpcSecurityGroupIds": "sg-0123456789abcdef0",
    "VpcSubnetIds": "subnet-0123456789abcdef0",
    "XRay": "true",
}
_PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "user-pool-client",
    "AWS::URLSuffix": "amazonaws.com",
}


def settled(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template without parameters and conditions: only its resources, as they come out with everything on."""
    scope = Scope(template, EVERYTHING_ON, _PSEUDO)
    resources = {
        name: {"Type": resource["Type"], "Properties": _plain(scope.unfold(resource.get("Properties", {})))}
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or scope.holds(resource["Condition"])
    }
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def write(source: Path, target: Path) -> None:
    """Transform a SAM template as CloudFormation does, and write what is settled of it as JSON."""
    from samtranslator.translator.transform import transform  # type: ignore[import-not-found] # noqa: PLC0415
    from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-not-found] # noqa: PLC0415

    template = yaml_parse(source.read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(settled(transform(template, {}, _NoPolicies())), indent=2), encoding="utf-8")


class _NoPolicies:
    """The names of AWS's managed policies, of which the template has none."""

    def load(self) -> dict[str, str]:
        return {}


def _plain(value: Any) -> Any:
    """Write what only a deployment knows as the expression that it is."""
    match value:
        case Unknown():
            return value.expression
        case dict():
            return {name: _plain(member) for name, member in value.items()}
        case list():
            return [_plain(item) for item in value]
    return value
