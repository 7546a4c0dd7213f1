"""What the tests of the plan start from: a client, and a decision about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.given import CLIENT_ID, POOL, observed
from user_pool_client.domain.plan import Plan, decide

if TYPE_CHECKING:
    from user_pool_client.domain.app_client import AppClient

type Json = dict[str, Any]

DERIVED = "shop-WebClient-0123456789ab"
A, B, C = "https://a.example.com", "https://b.example.com", "myapp://callback"
ARN = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/0123456789abcdef"
ROLE = "arn:aws:iam::123456789012:role/pinpoint"
ACCESS, REFRESH = "AccessTokenValidity", "RefreshTokenValidity"
UNITS = "TokenValidityUnits"

# What Describe shows of a client that was made with nothing but its name.
BARE: Json = {
    "ClientName": "web",
    "RefreshTokenValidity": 30,
    "EnableTokenRevocation": True,
    "AuthSessionValidity": 3,
}


def decided(desired: Json, applied: Json, shown: Json | AppClient | None) -> Plan:
    return decide(
        desired={"UserPoolId": POOL, **desired},
        applied={"UserPoolId": POOL, **applied},
        observed=observed(**shown) if isinstance(shown, dict) else shown,
        generated_name=DERIVED,
        physical_id=CLIENT_ID,
    )
