"""A fake of STS that knows one thing, AssumeRole, in the protocol of the wire (query, answers in XML).

`cognito_wire.installed(fake, sts)` puts it behind boto3 and tells the fake Cognito whose credentials it is called with.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from tests.fakes.cognito import ACCOUNT, ApiError, BrokenConnectionError, Call, Caller, ConnectionFault
from tests.fakes.cognito_limits import Group, check, number, text

if TYPE_CHECKING:
    from collections.abc import Callable

type Json = dict[str, Any]

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
REQUEST_ID = "00000000-0000-4000-8000-000000000000"
FUNCTION = f"arn:aws:sts::{ACCOUNT}:assumed-role/user-pool-client/user-pool-client"
"""Who asks with credentials that are not this fake's."""
ONE_HOUR = 3600

# The members that matter here, with the limits of the service model sts 2011-06-15 (botocore 1.44.8).
ASSUME_ROLE = Group(
    {
        "RoleArn": text(20, 2048),
        "RoleSessionName": text(2, 64, r"[\w+=,.@-]*"),
        "ExternalId": text(2, 1224, r"[\w+=,.@:\/-]*"),
        "DurationSeconds": number(900, 43200),
        "Policy": text(1, 2048),
    },
    ("RoleArn", "RoleSessionName"),
)
# Lambda's own credentials are a role's already, so this holds for every role that a function assumes.
TOO_LONG = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
# STS has codes of its own for what every service says of credentials that are not good.
CODES_OF_STS = {"ExpiredTokenException": "ExpiredToken", "UnrecognizedClientException": "InvalidClientTokenId"}


@dataclass(frozen=True)
class Role:
    """Hold whom a role lets in, and into which account."""

    role_arn: str
    external_id: str | None
    account: str
    expires_in: int


@dataclass(frozen=True)
class Session:
    """Hold what is known of credentials that were given out."""

    role_arn: str
    arn: str
    account: str
    token: str
    expires: int
    policy: str = ""
    """The session policy: what the credentials are good for at most; '' for all that the role may do."""


class FakeSts:
    """Let the function assume the roles that a test allows, remember what was asked, and fail where a test planned it.

    What STS refuses it refuses in its words (instance-scheduler-on-aws #558, eks-anywhere #9485). A role that does not
    exist, one that does not trust the function and a wrong external id are all the same to whoever asks.
    """

    def __init__(self, *, seed: int = 0, clock: Callable[[], float] = time.time) -> None:
        """Take the clock in seconds; credentials expire by it, so let it be the fake Cognito's."""
        self.roles: dict[str, Role] = {}
        self.sessions: dict[str, Session] = {}
        """All that was ever given out, by access key id, in that order."""
        self.calls: list[Call] = []
        self.planned_faults: list[ApiError | BrokenConnectionError] = []
        self.secrets_ever: list[str] = []
        self._seed = seed
        self._clock = clock
        self._lock = threading.RLock()

    def allow(
        self, role_arn: str, external_id: str | None = None, *, account: str | None = None, expires_in: int = ONE_HOUR
    ) -> None:
        """Let a role be assumed from now on: with its external id, or, if it has none, with any or none.

        The account is that of the ARN. Credentials last for `expires_in` seconds, less if less is asked for.
        """
        self.roles[role_arn] = Role(role_arn, external_id, account or role_arn.split(":")[4], expires_in)

    def fail(self, failure: ApiError | ConnectionFault, *, times: int = 1) -> None:
        """Plan failures of the next `times` requests; what has not fired yet is in `planned_faults`."""
        if isinstance(failure, str) and failure not in get_args(ConnectionFault.__value__):
            raise ValueError(f"{failure} is no way for a connection to fail")
        error = failure if isinstance(failure, ApiError) else BrokenConnectionError(failure)
        self.planned_faults.extend([error] * times)

    def caller(self, access_key_id: str, token: str) -> Caller | None:
        """Say what credentials of this fake are worth now; of others it knows nothing."""
        session = self.sessions.get(access_key_id)
        if session is None:
            return None
        refusal = None
        if token != session.token:
            refusal = ApiError("UnrecognizedClientException", "The security token included in the request is invalid.")
        elif self._clock() >= session.expires:
            refusal = ApiError("ExpiredTokenException", "The security token included in the request is expired")
        return Caller(session.account, refusal, session.policy)

    def call(self, operation: str, params: Json, *, access_key_id: str = "", token: str = "") -> Json:
        """Answer one request; raise ApiError or, as planned, BrokenConnectionError."""
        with self._lock:
            self.calls.append(Call(operation, dict(params)))
            if self.planned_faults:
                raise self.planned_faults.pop(0)
            if operation != "AssumeRole":
                raise ApiError("InvalidAction", f"Could not find operation {operation} for version 2011-06-15")
            asking = self._who_asks(access_key_id, token)
            check(params, ASSUME_ROLE, "ValidationError")
            if params.get("DurationSeconds", ONE_HOUR) > ONE_HOUR:
                raise ApiError("ValidationError", TOO_LONG)
            role = self.roles.get(params["RoleArn"])
            if asking != FUNCTION or role is None or role.external_id not in (None, params.get("ExternalId")):
                message = (
                    f"User: {asking} is not authorized to perform: sts:AssumeRole on resource: {params['RoleArn']}"
                )
                raise ApiError("AccessDenied", message, 403)
            return self._new_session(role, params)

    def reply_to(self, body: bytes, access_key_id: str, token: str) -> tuple[int, dict[str, str], bytes]:
        """Answer one request as it arrives: status, headers and body."""
        params: Json = dict(parse_qsl(body.decode()))
        operation = params.pop("Action", "")
        params.pop("Version", None)
        if "DurationSeconds" in params:
            params["DurationSeconds"] = int(params["DurationSeconds"])
        headers = {"Content-Type": "text/xml"}
        try:
            answer = self.call(operation, params, access_key_id=access_key_id, token=token)
        except ApiError as error:
            kind = "Sender" if error.status < 500 else "Receiver"
            told = {"Error": {"Type": kind, "Code": error.code, "Message": error.message}, "RequestId": REQUEST_ID}
            return error.status, headers, xml("ErrorResponse", told)
        told = {f"{operation}Result": answer, "ResponseMetadata": {"RequestId": REQUEST_ID}}
        return 200, headers, xml(f"{operation}Response", told)

    def _who_asks(self, access_key_id: str, token: str) -> str:
        caller = self.caller(access_key_id, token)
        if caller is None:
            return FUNCTION
        if caller.refusal:
            raise ApiError(CODES_OF_STS[caller.refusal.code], caller.refusal.message, 403)
        return self.sessions[access_key_id].arn

    def _new_session(self, role: Role, params: Json) -> Json:
        """Give out credentials that nobody has had before."""
        drawn = hashlib.sha512(f"{self._seed}/{role.role_arn}/{len(self.sessions)}".encode()).digest()
        access_key_id = "ASIA" + base64.b32encode(drawn[:10]).decode()
        secret = base64.b64encode(drawn[10:40]).decode()
        token = base64.b64encode(hashlib.sha512(drawn).digest() * 4).decode()
        name = params["RoleSessionName"]
        arn = f"arn:aws:sts::{role.account}:assumed-role/{role.role_arn.rpartition('/')[2]}/{name}"
        expires = int(self._clock()) + min(role.expires_in, params.get("DurationSeconds", ONE_HOUR))
        policy = params.get("Policy", "")
        self.sessions[access_key_id] = Session(role.role_arn, arn, role.account, token, expires, policy)
        self.secrets_ever += [secret, token]
        role_id = "AROA" + hashlib.sha256(role.role_arn.encode()).hexdigest()[:16].upper()
        return {
            "Credentials": {
                "AccessKeyId": access_key_id,
                "SecretAccessKey": secret,
                "SessionToken": token,
                "Expiration": datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "AssumedRoleUser": {"AssumedRoleId": f"{role_id}:{name}", "Arn": arn},
        }


def xml(name: str, content: Json) -> bytes:
    """Write nested names and texts as one of STS's documents."""
    root = ET.Element(name, xmlns=NAMESPACE)
    fill(root, content)
    return ET.tostring(root)


def fill(element: ET.Element, content: Json | str) -> None:
    if isinstance(content, str):
        element.text = content
        return
    for name, inner in content.items():
        fill(ET.SubElement(element, name), inner)
