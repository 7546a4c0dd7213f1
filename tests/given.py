"""What many tests start from: a pool, a client, CloudFormation's events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.canaries import SIGNATURE
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.sensitive import Sensitive

POOL = "us-east-1_Abc123xyz"
CLIENT_ID = "3n4b5urk1ft4fl3mg5e62d9ado"
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/51af3dc0-da77-11e4-872e-1234567db123"
REQUEST_ID = "5478f8a3-0000-4000-8000-6b1f0f2c1d10"
HOST = "cloudformation-custom-resource-response-useast1.s3.amazonaws.com"
RESPONSE_URL = f"https://{HOST}/stack%7Cguid?X-Amz-Date=20260301T120000Z&X-Amz-Signature={SIGNATURE}"
CREATED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def event(request_type: str = "Create", **changes: Any) -> dict[str, Any]:
    """Return a request as CloudFormation sends it; a change to None takes a member out."""
    members: dict[str, Any] = {
        "RequestType": request_type,
        "ResponseURL": RESPONSE_URL,
        "StackId": STACK_ID,
        "RequestId": REQUEST_ID,
        "LogicalResourceId": "WebClient",
        "ResourceType": "Custom::UserPoolClient",
        "ResourceProperties": {"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:f", "UserPoolId": POOL},
    }
    if request_type != "Create":
        members["PhysicalResourceId"] = CLIENT_ID
    if request_type == "Update":
        members["OldResourceProperties"] = dict(members["ResourceProperties"])
    return {name: value for name, value in {**members, **changes}.items() if value is not None}


def observed(secret: str | None = None, *, has_secret: bool | None = None, **settings: Any) -> AppClient:
    """Return a client as `cognito.py` gives it: with a secret that is shown, or whatever is known of one."""
    return AppClient(
        pool_id=POOL,
        client_id=CLIENT_ID,
        settings=settings,
        secret=None if secret is None else Sensitive(secret),
        has_secret=True if secret is not None else has_secret,
        created=CREATED,
        modified=CREATED,
    )
