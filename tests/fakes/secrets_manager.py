"""A fake of Secrets Manager that behaves as the real one is documented and was seen to: versions, stages, tokens.

`cognito_wire.installed(fake, secrets_manager=...)` puts it behind boto3. Its sentences were seen in aws-sdk-js-v3 #7701
and #4640, Terraform #19943, external-secrets #390 and in tests that LocalStack and moto have checked against AWS.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from tests.fakes.cognito import ACCOUNT, NEVER_ARRIVED, ApiError, BrokenConnectionError, Call, ConnectionFault, Fault
from tests.fakes.cognito_limits import Group, Many, check, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

type Json = dict[str, Any]

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
# It keeps 100 of the newest versions, and all of the last 24 hours, said by
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
VERSIONS_AT_MOST, ONE_DAY = 100, 86400.0
FUNCTION = f"arn:aws:sts::{ACCOUNT}:assumed-role/user-pool-client/user-pool-client"

# The members that matter here, with the limits of the service model secretsmanager 2017-10-17 (botocore 1.44.8).
_SECRET, _VERSION, _STAGE = text(1, 2048), text(32, 64), text(1, 256)
INPUTS = {
    "GetSecretValue": Group({"SecretId": _SECRET, "VersionId": _VERSION, "VersionStage": _STAGE}, ("SecretId",)),
    "DescribeSecret": Group({"SecretId": _SECRET}, ("SecretId",)),
    "PutSecretValue": Group(
        {
            "SecretId": _SECRET,
            "ClientRequestToken": _VERSION,
            "SecretString": text(1, 65536),
            "VersionStages": Many(_STAGE),
        },
        ("SecretId",),
    ),
    "UpdateSecretVersionStage": Group(
        {"SecretId": _SECRET, "VersionStage": _STAGE, "RemoveFromVersionId": _VERSION, "MoveToVersionId": _VERSION},
        ("SecretId", "VersionStage"),
    ),
}

NOT_FOUND = "Secrets Manager can't find the specified secret."
MARKED = "You can't perform this operation on the secret because it was marked for deletion."
MISMATCH = "You provided a VersionStage that is not associated to the provided VersionId."
NO_TOKEN = "You must provide a ClientRequestToken value. We recommend a UUID-type value."
UNFINISHED = "A previous rotation isn't complete. That rotation will be reattempted."
TOO_MANY = "The request failed because it would exceed one of the Secrets Manager quotas."
KMS_DENIED = ApiError("AccessDeniedException", "Access to KMS is not allowed")
CANNOT_DECRYPT = ApiError(
    "DecryptionFailure", "Secrets Manager can't decrypt the protected secret text using the provided KMS key."
)
CANNOT_ENCRYPT = ApiError(
    "EncryptionFailure", "Secrets Manager can't encrypt the protected secret text using the provided KMS key."
)
SERVER_ERROR = ApiError("InternalServiceError", "An error occurred on the server side.", 500)
THROTTLED = ApiError("ThrottlingException", "Rate exceeded")


def denied(operation: str, secret_id: str) -> ApiError:
    """Say what IAM says to a role that has no such permission, whether or not there is such a secret."""
    action = f"secretsmanager:{operation}"
    return ApiError(
        "AccessDeniedException",
        f"User: {FUNCTION} is not authorized to perform: {action} on resource: {secret_id} "
        f"because no identity-based policy allows the {action} action",
    )


@dataclass
class Version:
    """Hold one version; one that a rotation has only announced has no value yet."""

    version_id: str
    value: str | None
    created: float
    stages: list[str] = field(default_factory=list)


@dataclass
class Secret:
    """Hold a secret and all its versions that are left."""

    name: str
    arn: str
    versions: dict[str, Version] = field(default_factory=dict)
    deleted: float | None = None
    rotates: bool = False
    """Whether rotation has been turned on: since it first began, until somebody turns it off."""
    holds_bytes: bool = False
    stack_id: str = ""
    """The stack that has created it: CloudFormation tags what it creates."""

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    def with_stage(self, stage: str) -> Version | None:
        return next((version for version in self.versions.values() if stage in version.stages), None)

    def move(self, stage: str, to: Version) -> None:
        """Attach a stage, and take it from whoever had it; AWSPREVIOUS goes to where AWSCURRENT comes from."""
        holder = self.with_stage(stage)
        if holder is to:
            return
        if holder is not None:
            holder.stages.remove(stage)
        to.stages.append(stage)
        if stage == CURRENT and holder is not None:
            self.move(PREVIOUS, holder)


class FakeSecretsManager:
    """Answer requests as Secrets Manager does, remember them, and fail where a test has planned it.

    What goes through `call` is remembered and can fail; the other methods are what other people do, and Secrets
    Manager by itself.
    """

    def __init__(self, *, seed: int = 0, clock: Callable[[], float] = time.time, pending_stays: bool = False) -> None:
        """Take the clock in seconds.

        After a rotation AWSPENDING is at the version that has become AWSCURRENT (`pending_stays`), or nowhere: both are
        documented.
        """
        self.secrets: dict[str, Secret] = {}
        """By ARN."""
        self.calls: list[Call] = []
        self.planned_faults: list[Fault] = []
        self.forbidden: dict[str, ApiError] = {}
        """What is answered to every request for an operation, as long as it is here."""
        self.on_call: Callable[[str, Json], object] | None = None
        self._seed = seed
        self._clock = clock
        self._pending_stays = pending_stays
        self._drawn = 0
        self._lock = threading.RLock()
        self._operations: dict[str, Callable[[Secret, Json], Json]] = {
            "GetSecretValue": self._get,
            "DescribeSecret": self._describe,
            "PutSecretValue": self._put,
            "UpdateSecretVersionStage": self._update_stage,
        }

    # What other people do

    def create(
        self,
        name: str,
        value: object = None,
        *,
        region: str = "us-east-1",
        account: str = ACCOUNT,
        stack_id: str = "",
    ) -> str:
        """Make a secret, without a value as AWS::SecretsManager::Secret does or with one, and return its ARN."""
        suffix = base64.b32encode(self._draw()[:4]).decode()[:6]
        arn = f"arn:aws:secretsmanager:{region}:{account}:secret:{name}-{suffix}"
        self.secrets[arn] = Secret(name, arn, stack_id=stack_id)
        if value is not None:
            self.put_elsewhere(arn, value)
        return arn

    def put_elsewhere(self, secret_id: str, value: object, *, stages: Iterable[str] = (CURRENT,)) -> str:
        """Put a value (JSON, unless it is a string) as a person does, and return the version's id."""
        secret_string = value if isinstance(value, str) else json.dumps(value)
        version_id = self._new_id()
        params = {"ClientRequestToken": version_id, "SecretString": secret_string, "VersionStages": list(stages)}
        with self._lock:
            self._put(self._found(secret_id, None), params)
        return version_id

    def schedule_deletion(self, secret_id: str) -> None:
        self._found(secret_id, None).deleted = self._clock()

    def restore(self, secret_id: str) -> None:
        self._found(secret_id, None).deleted = None

    def delete_at_once(self, secret_id: str) -> None:
        del self.secrets[self._found(secret_id, None).arn]

    def cancel_rotation(self, secret_id: str) -> None:
        """Take AWSPENDING away, as a person must before another rotation can begin."""
        pending = self._found(secret_id, None).with_stage(PENDING)
        if pending is not None:
            pending.stages.remove(PENDING)

    def turn_rotation_off(self, secret_id: str) -> None:
        """Be CancelRotateSecret, which leaves AWSPENDING where it is."""
        self._found(secret_id, None).rotates = False

    # What tests look at

    def text(self, secret_id: str, stage: str = CURRENT) -> str | None:
        """Look at a value without being seen."""
        version = self._found(secret_id, None).with_stage(stage)
        return version.value if version is not None else None

    def kept(self, secret_id: str, stage: str = CURRENT) -> Json:
        """Look at a value that is JSON, as an app does."""
        value = self.text(secret_id, stage)
        assert value is not None, f"No version with {stage} has a value"
        content: Json = json.loads(value)
        return content

    def version_id(self, secret_id: str, stage: str = CURRENT) -> str | None:
        version = self._found(secret_id, None).with_stage(stage)
        return version.version_id if version is not None else None

    def stages(self, secret_id: str) -> dict[str, list[str]]:
        """Return the stages of the versions that have any."""
        versions = self._found(secret_id, None).versions.values()
        return {version.version_id: sorted(version.stages) for version in versions if version.stages}

    def operations_called(self) -> list[str]:
        return [call.operation for call in self.calls]

    # Secrets Manager's rotation

    def begin_rotation(self, secret_id: str, version_id: str = "") -> str:
        """Announce a version without a value as AWSPENDING, before any step, and return its id (moto #8504).

        The id is made up, unless one is given.

        Raises ApiError where another is still pending: that rotation is tried again instead, with its own version.
        """
        secret = self._alive(self._found(secret_id, None))
        pending = secret.with_stage(PENDING)
        if pending is not None and CURRENT not in pending.stages:
            raise ApiError("InvalidRequestException", UNFINISHED)
        version = Version(version_id or self._new_id(), None, self._clock())
        secret.versions[version.version_id] = version
        secret.rotates = True
        secret.move(PENDING, version)
        return version.version_id

    def rotate(self, secret_id: str, carry_out: Callable[[Json], object], *, version_id: str | None = None) -> str:
        """Carry out the four steps as Secrets Manager does, of a rotation of before if its version is given.

        The first error ends it; Secrets Manager tries all four again later.
        """
        arn = self._found(secret_id, None).arn
        version_id = version_id or self.begin_rotation(arn)
        for step in STEPS:
            carry_out(event(arn, version_id, step))
        return version_id

    def try_out_rotation(self, secret_id: str, carry_out: Callable[[Json], object], *, with_value: bool = True) -> None:
        """Be a schedule with RotateImmediately false: testSecret alone, with a version that exists only meanwhile.

        That version holds the current value (moto #8547); `with_value` false is a service that has it empty.
        """
        secret = self._alive(self._found(secret_id, None))
        current = secret.with_stage(CURRENT)
        value = current.value if current is not None and with_value else None
        version = Version(self._new_id(), value, self._clock())
        secret.versions[version.version_id] = version
        secret.rotates = True
        secret.move(PENDING, version)
        try:
            carry_out(event(secret.arn, version.version_id, "testSecret"))
        finally:
            del secret.versions[version.version_id]

    # The wire

    def fail(self, operation: str, failure: ApiError | ConnectionFault, *, times: int = 1, after: bool = False) -> None:
        """Plan failures of the next `times` requests for the operation ("*": for any), in the order of planning.

        With `after` the work is done and only the answer is lost. What has not fired yet is in `planned_faults`.
        """
        if operation != "*" and operation not in self._operations:
            raise ValueError(f"{operation} is no operation of the fake")
        if isinstance(failure, str) and failure not in get_args(ConnectionFault.__value__):
            raise ValueError(f"{failure} is no way for a connection to fail")
        if after and failure in NEVER_ARRIVED:
            raise ValueError(f"After {failure} nothing can have been done")
        error = failure if isinstance(failure, ApiError) else BrokenConnectionError(failure)
        self.planned_faults.extend(Fault(operation, error, after) for _ in range(times))

    def call(self, operation: str, params: Json, *, region: str | None = None) -> Json:
        """Answer one request to a Region's endpoint; raise ApiError or, as planned, BrokenConnectionError."""
        with self._lock:
            self.calls.append(Call(operation, copy.deepcopy(params)))
        if self.on_call:
            self.on_call(operation, params)
        with self._lock:
            fault = next((fault for fault in self.planned_faults if fault.operation in ("*", operation)), None)
            if fault:
                self.planned_faults.remove(fault)
                if not fault.after:
                    raise fault.failure
            answer = self._answer(operation, params, region)
            if fault:
                raise fault.failure
            if isinstance(answer, ApiError):
                raise answer
            return answer

    def reply_to(self, target: str, body: bytes, region: str) -> tuple[int, dict[str, str], bytes]:
        """Answer one request as it arrives: status, headers and body."""
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        try:
            answer = self.call(target.partition(".")[2], json.loads(body), region=region)
        except ApiError as error:
            headers["x-amzn-ErrorType"] = f"{error.code}:"
            return error.status, headers, json.dumps({"__type": error.code, "Message": error.message}).encode()
        return 200, headers, json.dumps(answer).encode()

    def _answer(self, operation: str, params: Json, region: str | None) -> Json | ApiError:
        """Hold a refusal back: if the answer is to be lost, then a refusal is lost as well."""
        if operation in self.forbidden:
            return self.forbidden[operation]
        if operation not in self._operations:
            return ApiError("UnknownOperationException", status=404)
        try:
            check(params, INPUTS[operation], "ValidationException")
            return self._operations[operation](self._found(params["SecretId"], region), copy.deepcopy(params))
        except ApiError as error:
            return error

    def _found(self, secret_id: str, region: str | None) -> Secret:
        """Find a secret of the Region by its ARN, the ARN without its random end, or its name."""
        for secret in self.secrets.values():
            if region in (None, secret.region) and secret_id in (secret.arn, secret.arn[:-7], secret.name):
                return secret
        raise ApiError("ResourceNotFoundException", NOT_FOUND)

    @staticmethod
    def _alive(secret: Secret) -> Secret:
        if secret.deleted is not None:
            raise ApiError("InvalidRequestException", MARKED)
        return secret

    def _get(self, secret: Secret, params: Json) -> Json:
        self._alive(secret)
        version_id, stage = params.get("VersionId"), params.get("VersionStage")
        if version_id is None:
            stage = stage or CURRENT
            version = secret.with_stage(stage)
            missing = f"staging label: {stage}"
        else:
            version = secret.versions.get(version_id)
            missing = f"VersionId: {version_id}"
            if version is not None and stage is not None and stage not in version.stages:
                raise ApiError("InvalidRequestException", MISMATCH)
        if version is None or version.value is None:
            message = f"Secrets Manager can't find the specified secret value for {missing}"
            raise ApiError("ResourceNotFoundException", message)
        return {
            "ARN": secret.arn,
            "Name": secret.name,
            "VersionId": version.version_id,
            "SecretBinary" if secret.holds_bytes else "SecretString": version.value,
            "VersionStages": list(version.stages),
            "CreatedDate": version.created,
        }

    def _describe(self, secret: Secret, _params: Json) -> Json:
        """Tell about a secret, one that is about to be deleted as well; versions without stages are not shown."""
        shown: Json = {"ARN": secret.arn, "Name": secret.name}
        if stages := {
            version.version_id: list(version.stages) for version in secret.versions.values() if version.stages
        }:
            shown["VersionIdsToStages"] = stages
        if secret.rotates:
            shown["RotationEnabled"] = True
        if secret.deleted is not None:
            shown["DeletedDate"] = secret.deleted
        if secret.stack_id:
            tags = {"stack-id": secret.stack_id, "stack-name": secret.stack_id.split("/")[1]}
            shown["Tags"] = [{"Key": f"aws:cloudformation:{name}", "Value": value} for name, value in tags.items()]
        return shown

    def _put(self, secret: Secret, params: Json) -> Json:
        """Keep a value for good: the same again changes nothing, not even a stage, and another one is refused."""
        self._alive(secret)
        version_id, value = params.get("ClientRequestToken"), params.get("SecretString")
        if version_id is None:
            raise ApiError("InvalidRequestException", NO_TOKEN)
        if value is None:
            raise ApiError("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
        version = secret.versions.get(version_id)
        if version is None or version.value is None:
            version = self._new_version(secret, version_id, value, params.get("VersionStages") or [CURRENT])
        elif version.value != value:
            message = (
                f"You can't use ClientRequestToken {version_id} because that value is already in use for a version of "
                f"secret {secret.arn}."
            )
            raise ApiError("ResourceExistsException", message)
        return {"ARN": secret.arn, "Name": secret.name, "VersionId": version_id, "VersionStages": list(version.stages)}

    def _new_version(self, secret: Secret, version_id: str, value: str, stages: Iterable[str]) -> Version:
        """Make a version, or give one that a rotation has announced its value; the first of all is AWSCURRENT."""
        announced = secret.versions.get(version_id)
        first = not secret.versions
        if announced is None:
            self._make_room(secret)
        version = announced or Version(version_id, value, self._clock())
        version.value = value
        secret.versions[version_id] = version
        for stage in dict.fromkeys([*stages, *([CURRENT] if first else [])]):
            secret.move(stage, version)
        return version

    def _make_room(self, secret: Secret) -> None:
        """Forget the oldest versions without stages that are more than a day old, if there are too many."""
        for version in sorted(secret.versions.values(), key=lambda version: version.created):
            if len(secret.versions) < VERSIONS_AT_MOST:
                return
            if not version.stages and version.created < self._clock() - ONE_DAY:
                del secret.versions[version.version_id]
        if len(secret.versions) >= VERSIONS_AT_MOST:
            raise ApiError("LimitExceededException", TOO_MANY)

    def _update_stage(self, secret: Secret, params: Json) -> Json:
        """Move or remove a stage; who moves it must know where it is."""
        self._alive(secret)
        stage, source, target = params["VersionStage"], params.get("RemoveFromVersionId"), params.get("MoveToVersionId")
        for version_id in (source, target):
            if version_id is not None and version_id not in secret.versions:
                raise ApiError("InvalidParameterException", f"Not a valid version: {version_id}")
        holder = secret.with_stage(stage)
        if target is None and (source is None or stage == CURRENT):
            message = f"You can only move staging label {CURRENT} to a different secret version. It can't be removed."
            raise ApiError("InvalidParameterException", message)
        if holder is not None and (source is not None or holder.version_id != target):
            self._insist_on(holder, stage, source)
        if target is not None:
            secret.move(stage, secret.versions[target])
            if stage == CURRENT and not self._pending_stays and PENDING in secret.versions[target].stages:
                secret.versions[target].stages.remove(PENDING)
        elif holder is not None:
            holder.stages.remove(stage)
        else:
            raise ApiError("InvalidParameterException", f"Staging label {stage} is not attached to version {source}.")
        return {"ARN": secret.arn, "Name": secret.name}

    @staticmethod
    def _insist_on(holder: Version, stage: str, source: str | None) -> None:
        if source is None:
            message = (
                f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to "
                f"version {holder.version_id}, so you must explicitly reference that version in RemoveFromVersionId."
            )
            raise ApiError("InvalidParameterException", message)
        if source != holder.version_id:
            message = (
                f"When you move staging label {stage}, if you specify RemoveFromVersionId, it must be set to the "
                f"version that currently has the staging label {stage}."
            )
            raise ApiError("InvalidParameterException", message)

    def _new_id(self) -> str:
        digits = self._draw().hex()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))

    def _draw(self) -> bytes:
        """Draw 256 bits that are the same for the same seed."""
        self._drawn += 1
        return hashlib.sha256(f"{self._seed}/secret/{self._drawn}".encode()).digest()


def event(secret_arn: str, version_id: str, step: str) -> Json:
    """Write an event of a rotation as Secrets Manager does.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
    """
    return {"Step": step, "SecretId": secret_arn, "ClientRequestToken": version_id}
