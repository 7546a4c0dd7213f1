"""The only module that calls Secrets Manager."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from user_pool_client.aws.calls import Answer, Call, Caller, Judgement, Refusal, Service
from user_pool_client.domain.credentials import CURRENT, Credentials, SecretState, Version
from user_pool_client.domain.errors import NoSuchSecret, Refused
from user_pool_client.domain.sensitive import Sensitive

_GONE = frozenset({"ResourceNotFoundException", "InvalidRequestException"})

_PERMISSION = (
    "name the secret so that the parameter SecretArns of the stack behind the service token allows it (its "
    "default: names that begin with user-pool-client/), and let the key's policy allow the function's role."
)


def _judge(refusal: Refusal) -> Judgement:
    if refusal.code in _GONE:
        return NoSuchSecret, "check SecretId: the secret must exist, in this account."
    return (
        Refused,
        _PERMISSION if refusal.code == "AccessDeniedException" else "see Secrets Manager's words, and deploy again.",
    )


SECRETS_MANAGER = Service(
    "secretsmanager",
    "Secrets Manager",
    operations={
        "GetSecretValue": "get_secret_value",
        "DescribeSecret": "describe_secret",
        "PutSecretValue": "put_secret_value",
        "UpdateSecretVersionStage": "update_secret_version_stage",
    },
    judge=_judge,
    transient=frozenset({"InternalServiceError"}),
)

# How much of the time that is left a value may take to be stored: what cannot be stored is undone before time is up.
_SHARE_FOR_STORING = 0.75


@dataclass(frozen=True, slots=True)
class SecretStore:
    """Secrets Manager, as far as an app client's credentials need it, for the time of one request.

    `secret_id` is an ARN or a name. Every call may be repeated: a PutSecretValue carries its ClientRequestToken.
    """

    caller: Caller

    def version(self, secret_id: str, stage: str, version_id: str | None = None) -> Version | None:
        """Return the version with this stage, or None if no version has it.

        Raises NoSuchSecret if there is no such secret, other ProviderErrors if it cannot be read.
        """
        parameters: dict[str, Any] = {"SecretId": secret_id, "VersionStage": stage}
        if version_id is not None:
            parameters["VersionId"] = version_id
        try:
            answer = self._call("GetSecretValue", parameters)
        except NoSuchSecret:
            # The same error is said of a secret that has no such version yet.
            self.state(secret_id)
            return None
        text = answer.get("SecretString")  # none in a version that holds bytes
        return Version(answer["ARN"], answer["VersionId"], Credentials.parse(text or ""), is_empty=text == "")

    def state(self, secret_id: str) -> SecretState:
        """Return whether the secret rotates, the stages of every version by its id, and the stack that it is of."""
        answer = self._call("DescribeSecret", {"SecretId": secret_id})
        if "DeletedDate" in answer:
            raise NoSuchSecret(
                f'The secret "{secret_id}" is about to be deleted.', "restore it, or give another SecretId."
            )
        tags = {tag.get("Key"): tag.get("Value", "") for tag in answer.get("Tags", [])}
        return SecretState(
            rotates=answer.get("RotationEnabled", False),
            stages=answer.get("VersionIdsToStages", {}),
            stack_id=tags.get("aws:cloudformation:stack-id", ""),
        )

    def put(
        self,
        secret_id: str,
        credentials: Credentials,
        *,
        token: str,
        stage: str = CURRENT,
        within: float = math.inf,
    ) -> Version:
        """Keep the credentials as a version of their own; the same token and value again change nothing."""
        text = credentials.text()
        parameters = {
            "SecretId": secret_id,
            "SecretString": text,
            "ClientRequestToken": token,
            "VersionStages": [stage],
        }
        # JSON may write the client secret otherwise than it is, so the whole is one as well.
        secrets = [text, credentials.client_secret]
        within = min(within, self.caller.deadline.work_left() * _SHARE_FOR_STORING)
        answer = self._call("PutSecretValue", parameters, secrets, within=within)
        return Version(answer["ARN"], answer["VersionId"], credentials)

    def make_current(self, secret_id: str, version_id: str, *, instead_of: str) -> None:
        """Move AWSCURRENT from one version to another; AWSPREVIOUS follows to the one that loses it."""
        self._move(secret_id, CURRENT, source=instead_of, target=version_id)

    def mark(self, secret_id: str, version_id: str, stage: str) -> None:
        """Give a stage of our own to a version; another one that has it loses it."""
        holder = next((one for one, stages in self.state(secret_id).stages.items() if stage in stages), None)
        if holder == version_id:
            return
        self._move(secret_id, stage, source=holder, target=version_id)

    def unstage(self, secret_id: str, version_id: str, stage: str) -> None:
        """Take a stage away from a version."""
        self._move(secret_id, stage, source=version_id, target=None)

    def _move(self, secret_id: str, stage: str, *, source: str | None, target: str | None) -> None:
        parameters = {"SecretId": secret_id, "VersionStage": stage}
        if target is not None:
            parameters["MoveToVersionId"] = target
        if source is not None:
            parameters["RemoveFromVersionId"] = source
        try:
            self._call("UpdateSecretVersionStage", parameters)
        except Refused:
            # A call that worked and whose answer was lost is sent again, and then the stage is no longer where it was.
            # One that was to be removed may be another version's by now.
            holders = [version_id for version_id, stages in self.state(secret_id).stages.items() if stage in stages]
            if source in holders if target is None else holders != [target]:
                raise

    def _call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        secrets: Sequence[Sensitive] = (),
        *,
        within: float = math.inf,
    ) -> Answer:
        """Call until it works, it is hopeless, or time is up. Raises ProviderError, which quotes no secret."""
        secret_id = parameters["SecretId"]
        region = _region(secret_id)
        if region and not self.caller.clients.is_region(SECRETS_MANAGER.name, region):
            why = (
                f'The secret "{secret_id}" is in the Region "{region}", which does not exist or has no Secrets Manager.'
            )
            raise NoSuchSecret(why, "correct SecretId.")
        about = f' for "{secret_id}"'
        return self.caller.call(
            Call(SECRETS_MANAGER, operation, parameters, region=region, about=about, secrets=secrets, within=within)
        )


def _region(secret_id: str) -> str:
    """Return the Region in an ARN; '' for a name, which is one of the own Region's."""
    parts = secret_id.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 3 else ""  # noqa: PLR2004 - as in an ARN
