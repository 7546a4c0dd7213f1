"""The only module that calls STS: the credentials of the role that a template names."""

from typing import Any

from user_pool_client.aws.calls import Call, Caller, Judgement, Refusal, Service
from user_pool_client.aws.sessions import Role, RoleCredentials
from user_pool_client.domain.errors import Refused
from user_pool_client.domain.sensitive import Sensitive

# Longer than any request takes, so that credentials do not end in the middle of one (seconds).
_RENEW_BEFORE = 900.0

_ROLE = (
    "allow it in the parameter RoleArns of the stack behind the service token, and in the role's trust "
    "policy (with its ExternalId, if it asks for one), then deploy again."
)


def _judge(_refusal: Refusal) -> Judgement:
    return Refused, _ROLE


STS = Service(
    "sts",
    "STS",
    {"AssumeRole": "assume_role"},
    _judge,
    refused="RoleArn {about} could not be assumed: {error}",
    no_answer="RoleArn {about} could not be assumed: {error}",
)


def role_credentials(caller: Caller, role: Role, *, after_deadline: bool = False) -> RoleCredentials:
    """Return a role's credentials: those that are there, if they last longer than any request, or new ones."""
    credentials = caller.clients.credentials(role)
    if credentials is None:
        credentials = _assume(caller, role, after_deadline=after_deadline)
        caller.clients.store_credentials(credentials)
    return credentials


def _assume(caller: Caller, role: Role, *, after_deadline: bool) -> RoleCredentials:
    parameters: dict[str, Any] = {"RoleArn": role.arn, "RoleSessionName": role.session}
    if role.external_id is not None:
        parameters["ExternalId"] = role.external_id
    given = caller.call(Call(STS, "AssumeRole", parameters, about=role.arn, after_deadline=after_deadline))[
        "Credentials"
    ]
    return RoleCredentials(
        role,
        given["AccessKeyId"],
        Sensitive(given["SecretAccessKey"]),
        Sensitive(given["SessionToken"]),
        renew_at=given["Expiration"].timestamp() - _RENEW_BEFORE,
    )
