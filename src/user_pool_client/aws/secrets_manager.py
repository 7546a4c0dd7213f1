"""The only module that calls Secrets Manager."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from user_pool_client.domain.credentials import CURRENT, Credentials, Version
from user_pool_client.domain.errors import NoSuchSecret, ProviderError, Refused, TryLater
from user_pool_client.domain.sensitive import Sensitive, mask

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# Every call may be repeated: a PutSecretValue carries its ClientRequestToken.
_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 4, "mode": "standard"})


_TRANSIENT = frozenset({"InternalServiceError", "ThrottlingException"})


_GONE = frozenset({"ResourceNotFoundException", "InvalidRequestException"})


class SecretStore:
    """Secrets Manager, as far as an app client's credentials need it. `secret_id` is an ARN or a name."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._clients: dict[str, SecretsManagerClient] = {}

    def version(self, secret_id: str, stage: str, version_id: str | None = None) -> Version | None:
        """Return the version with this stage, or None if no version has it.

        Raises NoSuchSecret if there is no such secret, other ProviderErrors if it cannot be read.
        """
        parameters: dict[str, Any] = {"SecretId": secret_id, "VersionStage": stage}
        if version_id is not None:
            parameters["VersionId"] = version_id
        try:
            answer = self._call(secret_id, "get_secret_value", parameters)
        except NoSuchSecret:
            # The same error is said of a secret that has no such version yet.
            self.stages(secret_id)
            return None
        return Version(answer["ARN"], answer["VersionId"], Credentials.parse(answer.get("SecretString", "")))

    def stages(self, secret_id: str) -> Mapping[str, list[str]]:
        """Return the stages of every version by its id."""
        answer = self._call(secret_id, "describe_secret", {"SecretId": secret_id})
        if "DeletedDate" in answer:
            raise NoSuchSecret(
                f'The secret "{secret_id}" is about to be deleted.', "restore it, or give another SecretId."
            )
        stages: Mapping[str, list[str]] = answer.get("VersionIdsToStages", {})
        return stages

    def put(self, secret_id: str, credentials: Credentials, *, token: str, stage: str = CURRENT) -> Version:
        """Keep the credentials as a version of their own; the same token and value again change nothing."""
        text = credentials.text()
        parameters = {
            "SecretId": secret_id,
            "SecretString": text,
            "ClientRequestToken": token,
            "VersionStages": [stage],
        }
        # JSON may write the client secret otherwise than it is, so the whole is one as well.
        answer = self._call(secret_id, "put_secret_value", parameters, [text, credentials.client_secret])
        return Version(answer["ARN"], answer["VersionId"], credentials)

    def make_current(self, secret_id: str, version_id: str, *, instead_of: str) -> None:
        """Move AWSCURRENT from one version to another; AWSPREVIOUS follows to the one that loses it."""
        parameters = {
            "SecretId": secret_id,
            "VersionStage": CURRENT,
            "MoveToVersionId": version_id,
            "RemoveFromVersionId": instead_of,
        }
        try:
            self._call(secret_id, "update_secret_version_stage", parameters)
        except Refused:
            # A call that worked and whose answer was lost is sent again, and then the stage is no longer where it was.
            if CURRENT not in self.stages(secret_id).get(version_id, []):
                raise

    def mark(self, secret_id: str, version_id: str, stage: str) -> None:
        """Give a stage of our own to a version; another one that has it loses it."""
        holder = next((one for one, stages in self.stages(secret_id).items() if stage in stages), None)
        if holder == version_id:
            return
        parameters = {"SecretId": secret_id, "VersionStage": stage, "MoveToVersionId": version_id}
        if holder is not None:
            parameters["RemoveFromVersionId"] = holder
        self._call(secret_id, "update_secret_version_stage", parameters)

    def unstage(self, secret_id: str, version_id: str, stage: str) -> None:
        """Take a stage away from a version."""
        parameters = {"SecretId": secret_id, "VersionStage": stage, "RemoveFromVersionId": version_id}
        self._call(secret_id, "update_secret_version_stage", parameters)

    def _client(self, secret_id: str) -> "SecretsManagerClient":
        parts = secret_id.split(":")
        region = parts[3] if secret_id.startswith("arn:") and len(parts) > 3 else self._home  # noqa: PLR2004
        if region not in self._clients:
            self._clients[region] = boto3.client("secretsmanager", region_name=region or None, config=_CONFIG)
        return self._clients[region]

    def _call(
        self, secret_id: str, method: str, parameters: Mapping[str, Any], secrets: Sequence[Sensitive] = ()
    ) -> Mapping[str, Any]:
        """Call; raise a ProviderError whose text has none of the `secrets` in it, and none of botocore's errors."""
        plain = {name: value.reveal() if isinstance(value, Sensitive) else value for name, value in parameters.items()}
        operation = "".join(word.capitalize() for word in method.split("_"))
        try:
            answer: Mapping[str, Any] = getattr(self._client(secret_id), method)(**plain)
        except ClientError as error:
            failure = _refusal(secret_id, operation, error, secrets)
        except (BotoCoreError, ResponseParserError) as error:
            failure = TryLater(
                f'Secrets Manager did not answer {operation} for "{secret_id}": {type(error).__name__}.',
                "deploy again in a few minutes.",
            )
        else:
            return answer
        raise failure


def _refusal(secret_id: str, operation: str, error: ClientError, secrets: Sequence[Sensitive]) -> ProviderError:
    details: Mapping[str, Any] = error.response.get("Error", {})
    code = str(details.get("Code", "Unknown"))
    words = mask(str(details.get("Message", "")), secrets).rstrip(".")
    why = f'Secrets Manager refused {operation} for "{secret_id}" with {code}: {words}.'
    if code in _GONE:
        return NoSuchSecret(why, "check SecretId: the secret must exist, in this account.")
    if code in _TRANSIENT:
        return TryLater(why, "deploy again in a few minutes.")
    if code == "AccessDeniedException":
        return Refused(
            why,
            "name the secret so that the parameter SecretArns of the stack behind the service token allows it (its "
            "default: names that begin with user-pool-client/), and let the key's policy allow the function's role.",
        )
    return Refused(why, "see Secrets Manager's words, and deploy again.")
