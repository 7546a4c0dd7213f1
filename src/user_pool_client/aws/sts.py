"""The only module that calls STS: the credentials of the role that a template names."""

import json
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
    parameters: dict[str, Any] = {"RoleArn": role.arn, "RoleSessionName": role.session, "Policy": _policy(role)}
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


def _policy(role: Role) -> str:
    """Return a session policy of at most 2,048 characters: credentials can do what it and the role's policies allow.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
    """
    _, partition, _, _, account, *_ = [*role.arn.split(":"), *[""] * 5]
    region = role.pool_id.partition("_")[0]
    statement = {
        "Effect": "Allow",
        "Action": [f"cognito-idp:{operation}" for operation in sorted(role.operations)],
        "Resource": f"arn:{partition}:cognito-idp:{region}:{account}:userpool/{role.pool_id}",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
