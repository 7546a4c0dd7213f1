"""What CloudFormation sends: scalars as strings, a pre-signed URL that is fresh."""

from __future__ import annotations

import datetime
import itertools
import json
from typing import Any

FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:benchmark"
SETTINGS: dict[str, Any] = {
    "UserPoolId": "eu-west-1_Benchmark",
    "ClientName": "web",
    "GenerateSecret": "true",
    "AllowedOAuthFlowsUserPoolClient": "true",
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid", "email"],
    "CallbackURLs": ["https://app.example.com/callback"],
}
TYPED: dict[str, Any] = {"GenerateSecret": True, "AllowedOAuthFlowsUserPoolClient": True}
"""The settings that CloudFormation sends as strings, as Cognito takes them."""
CHANGED = SETTINGS | {"CallbackURLs": ["https://app.example.com/callback", "https://app.example.com/other"]}

PHYSICAL_ID = "PHYSICAL:RESOURCEID:"
"""What the CDK's handler replaces with the physical id, wherever a parameter is that."""

_numbers = itertools.count(1)


def make_event(request_type: str, response_host: str, **members: object) -> dict[str, Any]:
    """Make an event with an id of its own; `members` come on top."""
    signed = datetime.datetime.now(datetime.UTC)
    signature = f"X-Amz-Date={signed:%Y%m%dT%H%M%SZ}&X-Amz-Expires=7200&X-Amz-Signature={'0' * 64}"
    event: dict[str, Any] = {
        "RequestType": request_type,
        "ResponseURL": f"https://{response_host}/cloudformation-custom-resource-response-euwest1/answer?{signature}",
        "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/benchmark/00000000-0000-4000-8000-000000000001",
        "RequestId": f"00000000-0000-4000-8000-{next(_numbers):012d}",
        "ResourceType": "Custom::UserPoolClient",
        "LogicalResourceId": "WebClient",
        "ServiceToken": FUNCTION_ARN,
        "ResourceProperties": {"ServiceToken": FUNCTION_ARN, **SETTINGS},
    }
    return event | members


def make_calls(settings: dict[str, Any]) -> dict[str, Any]:
    """Make the properties that the CDK's AwsCustomResource gives its handler: the call of each request type, as JSON.

    They are the ones that suit it best: the secret is not logged (`Logging.withDataHidden()`), the SDK is the runtime's
    (`installLatestAwsSdk: false`; the default is to install another one during the cold start).
    """
    typed = settings | TYPED
    which = {"UserPoolId": settings["UserPoolId"], "ClientId": PHYSICAL_ID}
    create = _call("CreateUserPoolClient", typed, physicalResourceId={"responsePath": "UserPoolClient.ClientId"})
    lasting = {name: value for name, value in typed.items() if name != "GenerateSecret"}
    return {
        "ServiceToken": FUNCTION_ARN,
        "Create": create,
        "Update": _call("UpdateUserPoolClient", lasting | which),
        "Delete": _call("DeleteUserPoolClient", which, ignoreErrorCodesMatching="ResourceNotFoundException"),
        "InstallLatestAwsSdk": "false",
    }


def _call(action: str, parameters: dict[str, Any], **members: object) -> str:
    service = "@aws-sdk/client-cognito-identity-provider"
    call = {"service": service, "action": action, "parameters": parameters, "logApiResponseData": False}
    return json.dumps(call | members)
