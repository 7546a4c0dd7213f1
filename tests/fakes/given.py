"""What the tests of the fakes start from: a pool, a client, and how to call for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.cognito import FakeCognito

type Json = dict[str, Any]

POOL = "us-east-1_Abc123xyz"
WEB = {"UserPoolId": POOL, "ClientName": "web"}
A, B, C = "https://a.example.com", "https://b.example.com", "myapp://callback"
OWN_SECRET = "canary0of0our0own0choosing"


M2M = {"AllowedOAuthFlowsUserPoolClient": True, "AllowedOAuthFlows": ["client_credentials"]}


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.123

    def __call__(self) -> float:
        return self.now


def made(fake: FakeCognito, **params: Any) -> Json:
    client: Json = fake.call("CreateUserPoolClient", WEB | params)["UserPoolClient"]
    return client


def updated(fake: FakeCognito, client: Json, **params: Any) -> Json:
    answer = fake.call("UpdateUserPoolClient", {"UserPoolId": POOL, "ClientId": client["ClientId"]} | params)
    changed: Json = answer["UserPoolClient"]
    return changed


def of(client: Json, **more: Any) -> Json:
    return {"UserPoolId": POOL, "ClientId": client["ClientId"]} | more
