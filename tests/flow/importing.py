"""What the tests of clients that exist already have in common."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.endpoint

from tests.fakes.cognito import ApiError
from tests.flow.world import POOL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flow.world import World

type Json = dict[str, Any]

EVENTS = Path(__file__).resolve().parents[2] / "events"

LIST, GET_SESSION, SET_SESSION, ASSUME = (
    "ListUserPoolClients",
    "GetUserPoolClientSessionConfiguration",
    "SetUserPoolClientSessionConfiguration",
    "AssumeRole",
)
LOOKUP_TYPE, LIST_TYPE = "Custom::UserPoolClientLookup", "Custom::UserPoolClientList"

# Long enough for everything that waits for a client (seconds).
LONG = 300.0

FORBIDDEN = ApiError("NotAuthorizedException", "User is not authorized to perform this action.")
TOO_MANY = ApiError("TooManyRequestsException", "Rate exceeded")


def import_id(client_id: str, *, pool_id: str = POOL) -> Json:
    """Give the least that a template says to take a client over."""
    return {"UserPoolId": pool_id, "ImportId": f"{pool_id}/{client_id}"}


def session_minutes(world: World, client_id: str, *, pool_id: str = POOL) -> int:
    """Return what Cognito holds of a client's session configuration."""
    minutes: int = world.fake.pools[pool_id].clients[client_id].sso_session["MaxValidityMinutes"]
    return minutes


def recorded(name: str) -> Json:
    """Return one of the requests in `events/`."""
    event: Json = json.loads((EVENTS / f"{name}.json").read_text())
    return event


@contextmanager
def no_pauses_of_botocores(world: World) -> Iterator[None]:
    """Let botocore's own retries, which STS is called with, wait on the virtual clock."""
    with mock.patch.object(botocore.endpoint, "time", SimpleNamespace(sleep=world.clock.sleep)):
        yield
