"""The only module that calls Cognito: what it is asked for, and what its errors mean."""

import contextlib
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from user_pool_client.aws import unknown_members
from user_pool_client.aws.calls import Answer, Call, Caller, Judgement, Refusal, Service
from user_pool_client.aws.retry import TRY_LATER
from user_pool_client.aws.sessions import Role
from user_pool_client.aws.sts import role_credentials
from user_pool_client.domain.app_client import AppClient, ClientSecretRef, ClientSummary, ClientType
from user_pool_client.domain.cimd_policy import CimdPolicy, CimdPolicySummary, complete
from user_pool_client.domain.errors import FeatureUnavailable, NotFound, OutcomeUnknown, ProviderError, Refused
from user_pool_client.domain.properties import PUBLISH, TOKENS, UPDATABLE, Settings
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.log import logger

_FEATURE_UNAVAILABLE = frozenset(
    {
        "FeatureUnavailableInTierException",
        "OperationNotEnabledException",
        # What an endpoint says to an operation that is newer than itself: Cognito's, an emulator's.
        "UnknownOperationException",
        "InvalidAction",
    }
)

_TEMPLATE = "correct the template and deploy again."

_PERMISSION = (
    "allow the operation on this user pool to the role of the function behind the service token (its stack's parameter "
    "UserPoolArns lists the pools that it may touch), or to RoleArn if the template gives one, then deploy again."
)

# What the owner of the stack does about each of Cognito's errors; a contract test compares the names with botocore's.
REMEDIES: Mapping[str, str] = {
    "InvalidParameterException": _TEMPLATE,
    "InvalidOAuthFlowException": _TEMPLATE,
    "ScopeDoesNotExistException": "create the resource server first (DependsOn), or correct AllowedOAuthScopes.",
    "ResourceNotFoundException": "check UserPoolId, and that the user pool still exists.",
    "LimitExceededException": "delete app clients or CIMD policies that nobody uses, or ask AWS for a higher quota per "
    "user pool.",
    "NotAuthorizedException": _PERMISSION,
    "AccessDeniedException": _PERMISSION,
    "OperationNotEnabledException": "enable the operation for the user pool (SSOSession needs its session tracking), "
    "or take the setting out of the template.",
    "FeatureUnavailableInTierException": "choose a higher feature plan for the user pool (SSOSession needs Essentials "
    "or Plus), or take the setting out of the template.",
    "UserPoolTaggingException": "mend the user pool's tags as Cognito's words say, and deploy again.",
    "TooManyRequestsException": TRY_LATER,
    "ThrottlingException": TRY_LATER,
    "ConcurrentModificationException": TRY_LATER,
    "InternalErrorException": TRY_LATER,
    "InternalServerException": TRY_LATER,
}


def _judge(refusal: Refusal) -> Judgement:
    kind: type[ProviderError] = Refused
    if refusal.code == "ResourceNotFoundException":
        kind = NotFound
    elif refusal.code in _FEATURE_UNAVAILABLE:
        kind = FeatureUnavailable
    return kind, REMEDIES.get(refusal.code, "see Cognito's words, and deploy again.")


def _is_answer(operation: str, answer: Answer) -> bool:
    """Tell whether an answer names what it should show: the client, its secrets, or a CIMD policy."""
    match operation:
        case "CreateUserPoolClient" | "DescribeUserPoolClient" | "UpdateUserPoolClient":
            return all(name in answer.get("UserPoolClient", {}) for name in ("UserPoolId", "ClientId"))
        case "CreateCIMDPolicy" | "DescribeCIMDPolicy":
            return "CIMDPolicyId" in answer.get("CIMDPolicy", {})
        case "AddUserPoolClientSecret":
            return "ClientSecretId" in answer.get("ClientSecretDescriptor", {})
        case "ListUserPoolClientSecrets":
            return all("ClientSecretId" in (secret or {}) for secret in answer.get("ClientSecrets", []))
        case _:
            return True


COGNITO = Service(
    "cognito-idp",
    "Cognito",
    operations={
        "CreateUserPoolClient": "create_user_pool_client",
        "DescribeUserPoolClient": "describe_user_pool_client",
        "UpdateUserPoolClient": "update_user_pool_client",
        "DeleteUserPoolClient": "delete_user_pool_client",
        "ListUserPoolClientSecrets": "list_user_pool_client_secrets",
        "AddUserPoolClientSecret": "add_user_pool_client_secret",
        "DeleteUserPoolClientSecret": "delete_user_pool_client_secret",
        "DescribeUserPool": "describe_user_pool",
        "ListUserPoolClients": "list_user_pool_clients",
        "GetUserPoolClientSessionConfiguration": "get_user_pool_client_session_configuration",
        "SetUserPoolClientSessionConfiguration": "set_user_pool_client_session_configuration",
        "ListCIMDPolicies": "list_cimd_policies",
        "DescribeCIMDPolicy": "describe_cimd_policy",
        "CreateCIMDPolicy": "create_cimd_policy",
        "UpdateCIMDPolicy": "update_cimd_policy",
        "DeleteCIMDPolicy": "delete_cimd_policy",
    },
    judge=_judge,
    transient=frozenset({"ConcurrentModificationException", "InternalErrorException", "InternalServerException"}),
    is_answer=_is_answer,
)

# What a rotation calls, and all that the role of its function allows.
OF_ROTATIONS = frozenset(
    {
        "DescribeUserPool",
        "DescribeUserPoolClient",
        "ListUserPoolClientSecrets",
        "AddUserPoolClientSecret",
        "DeleteUserPoolClientSecret",
    }
)

# What the function that looks for drift calls, and all that its role allows.
OF_DRIFT = frozenset(
    {
        "DescribeUserPoolClient",
        "ListUserPoolClientSecrets",
        "GetUserPoolClientSessionConfiguration",
        "ListCIMDPolicies",
        "DescribeCIMDPolicy",
        "UpdateUserPoolClient",
        "SetUserPoolClientSessionConfiguration",
        "CreateCIMDPolicy",
        "UpdateCIMDPolicy",
    }
)

_PAGE = 60  # the most that ListUserPoolClients and ListCIMDPolicies give at once


@dataclass(frozen=True, slots=True)
class AppClients:
    """The app clients of user pools, for the time of one request.

    `operations` are those that will be called: a role that is assumed is narrowed to them.
    """

    caller: Caller
    role: Role | None = None
    operations: frozenset[str] = frozenset(COGNITO.operations)
    # What Cognito's words must not tell: the template's secrets, and those that Cognito shows on the way.
    secrets: list[Sensitive] = field(default_factory=list, repr=False)

    def create(self, settings: Settings) -> AppClient:
        """Make a client. Sent again only after an answer that means that nothing was made.

        Raises OutcomeUnknown where one may have been made.
        """
        if secret := settings.get("ClientSecret"):
            self.secrets.append(secret)
        answer = self._call("CreateUserPoolClient", settings, idempotent=False)
        # A new client has no second secret that would not be shown.
        created = self._observed(answer)
        return dataclasses.replace(created, has_secret=created.has_secret is True)

    def describe(self, pool_id: str, client_id: str) -> AppClient | None:
        """Return the client as it is, or None if it, or its pool, does not exist."""
        try:
            answer = self._call("DescribeUserPoolClient", {"UserPoolId": pool_id, "ClientId": client_id})
        except NotFound:
            return None
        return self._observed(answer)

    def list_secrets(self, pool_id: str, client_id: str) -> list[ClientSecretRef]:
        """Return the client's secrets, without their values. Describe shows none once the original one is deleted."""
        answer = self._call("ListUserPoolClientSecrets", {"UserPoolId": pool_id, "ClientId": client_id})
        listed = answer.get("ClientSecrets", [])
        return [ClientSecretRef(secret["ClientSecretId"], secret.get("ClientSecretCreateDate")) for secret in listed]

    def add_secret(self, pool_id: str, client_id: str, value: Sensitive | None = None) -> tuple[str, Sensitive]:
        """Add a secret, of Cognito's making unless one is given; return its id and value.

        Sent again only after an answer that means that nothing was added: there is room for two.
        """
        parameters: dict[str, Any] = {"UserPoolId": pool_id, "ClientId": client_id}
        if value is not None:
            self.secrets.append(value)
            parameters["ClientSecret"] = value
        answer = self._call("AddUserPoolClientSecret", parameters, idempotent=False)["ClientSecretDescriptor"]
        if value is None and not answer.get("ClientSecretValue"):
            raise OutcomeUnknown("Cognito did not show the client secret that it has generated.", TRY_LATER)
        secret = value or Sensitive(answer["ClientSecretValue"])
        self.secrets.append(secret)
        return answer["ClientSecretId"], secret

    def delete_secret(self, pool_id: str, client_id: str, secret_id: str) -> None:
        """Delete one of the secrets; one that is gone already is fine."""
        with contextlib.suppress(NotFound):
            parameters = {"UserPoolId": pool_id, "ClientId": client_id, "ClientSecretId": secret_id}
            self._call("DeleteUserPoolClientSecret", parameters)

    def token_endpoint(self, pool_id: str) -> str:
        """Return the URL of the pool's token endpoint, '' for a pool without a domain."""
        pool = self._call("DescribeUserPool", {"UserPoolId": pool_id}).get("UserPool", {})
        if pool.get("CustomDomain"):
            return f"https://{pool['CustomDomain']}/oauth2/token"
        if pool.get("Domain"):
            region = pool_id.partition("_")[0]
            # https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-cog.html
            auth = "auth-fips" if region.startswith("us-gov-") else "auth"
            return f"https://{pool['Domain']}.{auth}.{region}.amazoncognito.com/oauth2/token"
        return ""

    def list_clients(self, pool_id: str, client_type: ClientType = "REGULAR") -> list[ClientSummary]:
        """Return the id and the name of every client of this type; '' where the list shows no name.

        Cognito leaves the others out of each page, so a page may be empty and still have a next one.
        """
        clients: list[ClientSummary] = []
        parameters: dict[str, Any] = {"UserPoolId": pool_id, "MaxResults": _PAGE, "ClientType": client_type}
        while True:
            answer = self._call("ListUserPoolClients", parameters)
            clients += [
                ClientSummary(client["ClientId"], client.get("ClientName", ""))
                for client in answer.get("UserPoolClients", [])
                if client and "ClientId" in client
            ]
            if not answer.get("NextToken"):
                return clients
            parameters["NextToken"] = answer["NextToken"]

    def session_minutes(self, pool_id: str, client_id: str) -> int | None:
        """Return SSOSession's MaxValidityMinutes, None where Cognito does not show them."""
        ids = {"UserPoolId": pool_id, "ClientId": client_id}
        answer = self._call("GetUserPoolClientSessionConfiguration", ids)
        minutes: int | None = answer.get("SSOSession", {}).get("MaxValidityMinutes")
        return minutes

    def set_session_minutes(self, pool_id: str, client_id: str, minutes: int) -> None:
        """Set SSOSession's MaxValidityMinutes."""
        session = {"MaxValidityMinutes": minutes}
        parameters = {"UserPoolId": pool_id, "ClientId": client_id, "SSOSession": session}
        self._call("SetUserPoolClientSessionConfiguration", parameters)

    def list_policies(self, pool_id: str, client_id: str) -> list[CimdPolicySummary]:
        """Return the ID and the name of every CIMD policy of the client. Cognito lists those of the whole pool.

        It shows no client with a policy whose client is gone.
        """
        policies: list[CimdPolicySummary] = []
        parameters: dict[str, Any] = {"UserPoolId": pool_id, "MaxResults": _PAGE}
        while True:
            answer = self._call("ListCIMDPolicies", parameters)
            policies += [
                CimdPolicySummary(policy["CIMDPolicyId"], policy.get("PolicyName", ""))
                for policy in answer.get("CIMDPolicies", [])
                if policy and "CIMDPolicyId" in policy and policy.get("ClientId") == client_id
            ]
            if not answer.get("NextToken"):
                return policies
            parameters["NextToken"] = answer["NextToken"]

    def describe_policy(self, pool_id: str, policy_id: str) -> CimdPolicy | None:
        """Return a CIMD policy, or None if it does not exist."""
        try:
            answer = self._call("DescribeCIMDPolicy", {"UserPoolId": pool_id, "CIMDPolicyId": policy_id})
        except NotFound:
            return None
        return CimdPolicy(policy_id, complete(answer["CIMDPolicy"]))

    def create_policy(self, pool_id: str, client_id: str, settings: Settings) -> None:
        """Create a CIMD policy. Sent again only after an answer that means that nothing was created.

        Raises OutcomeUnknown where one may have been created: a second one would have the same name.
        """
        parameters = {"UserPoolId": pool_id, "ClientId": client_id, **settings}
        self._call("CreateCIMDPolicy", parameters, idempotent=False)

    def update_policy(self, pool_id: str, client_id: str, policy: CimdPolicy) -> None:
        """Send every setting of a CIMD policy, changed or not: Cognito keeps whatever a call leaves out."""
        ids = {"UserPoolId": pool_id, "ClientId": client_id, "CIMDPolicyId": policy.policy_id}
        self._call("UpdateCIMDPolicy", {**ids, **policy.settings})

    def delete_policy(self, pool_id: str, policy_id: str) -> None:
        """Delete a CIMD policy; one that is gone already is fine."""
        with contextlib.suppress(NotFound):
            self._call("DeleteCIMDPolicy", {"UserPoolId": pool_id, "CIMDPolicyId": policy_id})

    def update(self, pool_id: str, client_id: str, settings: Settings, *, once: bool = False) -> AppClient:
        """Send every setting, changed or not: Cognito resets whatever a call leaves out.

        With `once` the call is not tried again, after ConcurrentModificationException in particular: what it carries
        along may be stale by then. That raises TryLater.
        """
        parameters = {"UserPoolId": pool_id, "ClientId": client_id, **settings}
        return self._observed(self._call("UpdateUserPoolClient", parameters, once=once))

    def delete(self, pool_id: str, client_id: str, *, after_deadline: bool = False) -> bool:
        """Delete the client; return False if there was nothing to delete. `even_late` begins after the deadline too."""
        try:
            self._call(
                "DeleteUserPoolClient", {"UserPoolId": pool_id, "ClientId": client_id}, after_deadline=after_deadline
            )
        except NotFound:
            return False
        return True

    def _observed(self, answer: Answer) -> AppClient:
        client: Mapping[str, Any] = answer["UserPoolClient"]
        secret = Sensitive(client["ClientSecret"]) if client.get("ClientSecret") else None
        if secret is not None:
            self.secrets.append(secret)
        settings = {name: client[name] for name in UPDATABLE if client.get(name) not in (None, "", [], {})}
        for token in TOKENS:
            if settings.get(token.validity) == 0:  # stands for the default; an update would not take it back
                del settings[token.validity]
        secret_arn = client.get("ClientSecretArn", "")
        if secret_arn:
            settings[PUBLISH] = True
        return AppClient(
            pool_id=client["UserPoolId"],
            client_id=client["ClientId"],
            settings=settings,
            secret=secret,
            has_secret=True if secret is not None or secret_arn else None,
            created=client.get("CreationDate"),
            modified=client.get("LastModifiedDate"),
            client_type=client.get("ClientType", ""),
            secret_arn=secret_arn,
            unknown=unknown_members.texts(answer, self.secrets),
        )

    def _call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        idempotent: bool = True,
        once: bool = False,
        after_deadline: bool = False,
    ) -> Answer:
        """Call until it works, it is hopeless, or time is up. Raises ProviderError, which quotes no secret."""
        logger.debug("Calling Cognito", extra={"operation": operation, "parameters": dict(parameters)})
        region = parameters["UserPoolId"].partition("_")[0]
        if not self.caller.clients.is_region(COGNITO.name, region):
            raise _no_region(parameters["UserPoolId"], region)
        credentials = None
        if self.role is not None:
            role = dataclasses.replace(self.role, pool_id=parameters["UserPoolId"], operations=self.operations)
            credentials = role_credentials(self.caller, role, after_deadline=after_deadline)
        return self.caller.call(
            Call(
                COGNITO,
                operation,
                parameters,
                region=region,
                credentials=credentials,
                secrets=self.secrets,
                idempotent=idempotent,
                once=once,
                after_deadline=after_deadline,
            )
        )


def _no_region(pool_id: str, region: str) -> NotFound:
    return NotFound(
        f'UserPoolId "{pool_id}" names the Region "{region}", which does not exist or has no Cognito user pools.',
        "correct UserPoolId; the part before the underscore is the Region.",
    )
