"""A fake of Cognito's app-client API that behaves as the real one was seen to: no network, no boto3, no sleep.

It speaks at the level of the wire's operations; `cognito_wire` and `server` put it behind boto3 and behind HTTP.
"""

from __future__ import annotations

import copy
import hashlib
import json
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from tests.fakes import cognito_limits as limits
from tests.fakes.cognito_limits import ApiError
from tests.fakes.cognito_refusals import REFRESH, Proposal, refuse_what_cognito_refuses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = [
    "ApiError",
    "AppClient",
    "BrokenConnectionError",
    "Call",
    "Caller",
    "ConnectionFault",
    "FakeCognito",
    "Fault",
    "Pool",
]

type Json = dict[str, Any]
type ConnectionFault = Literal["dns", "connect-error", "connect-timeout", "read-timeout", "connection-closed"]
type Tier = Literal["LITE", "ESSENTIALS", "PLUS"]

ACCOUNT = "123456789012"
BASE_32 = "0123456789abcdefghijklmnopqrstuv"
PAGE = 60
SECRETS_AT_MOST = 2
NEVER_ARRIVED = ("dns", "connect-error", "connect-timeout")

# A bare client as Describe shows it: Terraform's acceptance tests; outputs of the AWS CLI have the empty units.
DEFAULTS: Mapping[str, Any] = {
    "RefreshTokenValidity": 30,
    "TokenValidityUnits": {},
    "AllowedOAuthFlowsUserPoolClient": False,
    "EnableTokenRevocation": True,
    "EnablePropagateAdditionalUserContextData": False,
    "AuthSessionValidity": 3,
}
SSO_SESSION_MINUTES = 60
CACHE_DURATION = 86400
# Documented, but nobody has seen the words: these are ours.
NOT_GENERATED = "PublishSecretsInAWSSecretsManager requires an app client with a generated client secret."
# What an Update does not reset when it leaves it out: amplify-cli #10706 and Terraform #32504 (units), Terraform #47196
# and #43531 (rotation), cdk-real-drift #1689 (the others). A client cannot be without a name, so that stays as well.
STICKY = (
    "ClientName",
    "TokenValidityUnits",
    "RefreshTokenRotation",
    "EnableTokenRevocation",
    "AuthSessionValidity",
    "RefreshTokenValidity",
)


class BrokenConnectionError(Exception):
    """Say how the connection failed; each transport makes of it what its caller would see."""

    def __init__(self, kind: ConnectionFault) -> None:
        super().__init__(kind)
        self.kind = kind


class Call(NamedTuple):
    """Remember one request, in the order of arrival."""

    operation: str
    params: Json


class Caller(NamedTuple):
    """Say whose credentials signed a request, and, if they are no longer or not at all good, what is answered.

    `policy` is the session policy that they came with, '' for none.
    """

    account: str
    refusal: ApiError | None = None
    policy: str = ""

    def denial(self, operation: str, pool_id: str) -> ApiError | None:
        """Say what IAM says to an operation that the session policy does not allow; None to one that it does."""
        action = f"cognito-idp:{operation}"
        resource = f"arn:aws:cognito-idp:{pool_id.partition('_')[0]}:{self.account}:userpool/{pool_id}"
        if not self.policy or any(
            statement["Effect"] == "Allow"
            and action in statement["Action"]
            and fnmatch(resource, statement["Resource"])
            for statement in json.loads(self.policy)["Statement"]
        ):
            return None
        why = f"is not authorized to perform: {action} on resource: {resource} because no session policy allows it"
        return ApiError("AccessDeniedException", f"User: arn:aws:sts::{self.account}:assumed-role/theirs {why}")


@dataclass
class Fault:
    """Plan one failure of the next request for an operation ("*": of any)."""

    operation: str
    failure: ApiError | BrokenConnectionError
    after: bool
    """Whether the work is done first, so that only the answer is lost."""
    postponed: int = 0
    """After how many more requests the work is done all the same, as if it had been on its way for long."""


@dataclass
class Secret:
    """Hold one of a client's secrets; no operation shows its value a second time."""

    value: str
    created: float


@dataclass
class AppClient:
    """Hold what Cognito holds of an app client."""

    client_id: str
    pool_id: str
    settings: Json
    created: float
    modified: float
    secrets: dict[str, Secret] = field(default_factory=dict)
    original: str = ""
    """The id of the secret that the client was made with, if any: only its value is ever shown by Describe."""
    stored: bool = False
    """Whether Cognito itself stores the secret in Secrets Manager; Describe then shows its ARN and no value."""
    client_type: Literal["REGULAR", "DCR"] = "REGULAR"
    sso_session: Json = field(default_factory=lambda: {"MaxValidityMinutes": SSO_SESSION_MINUTES})
    """Kept apart from the settings, as an Update neither takes nor resets it."""

    def shown(self) -> Json:
        """Give UserPoolClientType; once the original secret is gone no other takes its place (floci #345)."""
        shown: Json = {
            "UserPoolId": self.pool_id,
            "ClientId": self.client_id,
            "ClientType": self.client_type,
            "CreationDate": self.created,
            "LastModifiedDate": self.modified,
            **copy.deepcopy(self.settings),
        }
        if self.stored:
            shown["ClientSecretArn"] = self.secret_arn
        elif self.original in self.secrets:
            shown["ClientSecret"] = self.secrets[self.original].value
        return shown

    @property
    def secret_arn(self) -> str:
        """Name the stored secret, in a way that fits the model's pattern: real names are not documented."""
        region = self.pool_id.partition("_")[0]
        return f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret/cognito/{self.pool_id}/{self.client_id}"


@dataclass
class CimdPolicy:
    """Hold a policy for client ID metadata documents. It outlives its client."""

    policy_id: str
    pool_id: str
    client_id: str
    settings: Json
    created: float
    modified: float


@dataclass
class Pool:
    """Hold a user pool: what its app clients may refer to, and the clients."""

    pool_id: str
    resource_server_scopes: frozenset[str]
    identity_providers: frozenset[str]
    custom_attributes: frozenset[str]
    client_limit: int
    clients: dict[str, AppClient] = field(default_factory=dict)
    policies: dict[str, CimdPolicy] = field(default_factory=dict)
    policy_limit: int = 100
    """Ours: that there is a limit is documented, but not which."""
    account: str = ACCOUNT
    tier: Tier = "ESSENTIALS"
    session_tracking: bool = True
    domain: str = ""
    """The prefix of the domain that Cognito gives, if any."""
    custom_domain: str = ""

    @property
    def region(self) -> str:
        return self.pool_id.partition("_")[0]


class FakeCognito:
    """Answer requests as Cognito does, remember them, and fail where a test has planned it.

    Only what goes through `call` is remembered, can fail and counts against the quota; `elsewhere` is for what other
    people do to the pool meanwhile.
    """

    def __init__(  # noqa: PLR0913 - one by one by name, what a test may want to be different
        self,
        *,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        quota: int | None = None,
        account_quota: int | None = None,
        listed_after: float = 0.0,
        auth_flows: Iterable[str] = limits.AUTH_FLOWS,
        each_unit_sticks: bool = False,
    ) -> None:
        """Take the clock in seconds, the quota in requests a second for each operation and pool (None: no quota).

        The account's quota is for all pools, and one for reads and one for writes. A new client is listed only after
        `listed_after` seconds.

        TokenValidityUnits are sticky as a whole. Nobody has said what an Update does that gives some of the units: the
        others go, or, with `each_unit_sticks`, stay. Who sends all three need not care.
        """
        self.pools: dict[str, Pool] = {}
        self.calls: list[Call] = []
        self.planned_faults: list[Fault] = []
        self.on_call: Callable[[str, Json], object] | None = None
        self.secrets_ever: list[str] = []
        self._seed = seed
        self._clock = clock
        self._sleep = sleep
        self._quota = quota
        self._account_quota = account_quota
        self._listed_after = listed_after
        self._delays: list[tuple[str, float]] = []
        self._postponed: list[tuple[int, str, Json]] = []
        self._each_unit_sticks = each_unit_sticks
        self._recent: dict[tuple[str, ...], deque[float]] = defaultdict(deque)
        self._inputs = limits.operations(tuple(auth_flows))
        self._drawn = 0
        self._pages: dict[str, str] = {}
        self._lock = threading.RLock()
        self._operations: dict[str, Callable[[Json], Json]] = {
            "CreateUserPoolClient": self._create,
            "DescribeUserPoolClient": self._describe,
            "UpdateUserPoolClient": self._update,
            "DeleteUserPoolClient": self._delete,
            "ListUserPoolClients": self._list,
            "DescribeUserPool": self._describe_pool,
            "AddUserPoolClientSecret": self._add_secret,
            "ListUserPoolClientSecrets": self._list_secrets,
            "DeleteUserPoolClientSecret": self._delete_secret,
            "GetUserPoolClientSessionConfiguration": self._get_session,
            "SetUserPoolClientSessionConfiguration": self._set_session,
            "CreateCIMDPolicy": self._create_policy,
            "DescribeCIMDPolicy": self._describe_policy,
            "UpdateCIMDPolicy": self._update_policy,
            "DeleteCIMDPolicy": self._delete_policy,
            "ListCIMDPolicies": self._list_policies,
        }

    def add_pool(  # noqa: PLR0913 - one by one by name, what Cognito keeps of a pool in as many places
        self,
        pool_id: str,
        *,
        resource_server_scopes: Iterable[str] = (),
        identity_providers: Iterable[str] = (),
        custom_attributes: Iterable[str] = (),
        client_limit: int = 1000,
        account: str = ACCOUNT,
        tier: Tier = "ESSENTIALS",
        session_tracking: bool = True,
        domain: str = "",
        custom_domain: str = "",
    ) -> Pool:
        """Make a pool; scopes are whole ("api/read"), custom attributes have their prefix ("custom:tenant").

        A pool of another account is found only with that account's credentials (see `tests.fakes.sts`). Real pools
        track no sessions until somebody turns it on (SetUserPoolSessionConfiguration); most tests do not care.
        """
        pool = Pool(
            pool_id,
            frozenset(resource_server_scopes),
            frozenset(identity_providers),
            frozenset(custom_attributes),
            client_limit,
            account=account,
            tier=tier,
            session_tracking=session_tracking,
            domain=domain,
            custom_domain=custom_domain,
        )
        self.pools[pool_id] = pool
        return pool

    def populate(self, pool_id: str, count: int, name: str = "client-{:04d}", **settings: Any) -> list[str]:
        """Make many clients for somebody else, as `elsewhere` does; numbers in names begin at 0.

        Return the ids in the order of the numbers.
        """
        return [
            self.elsewhere(
                "CreateUserPoolClient", {"UserPoolId": pool_id, "ClientName": name.format(number), **settings}
            )["UserPoolClient"]["ClientId"]
            for number in range(count)
        ]

    def call(self, operation: str, params: Json, *, region: str | None = None, caller: Caller | None = None) -> Json:
        """Answer one request; raise ApiError or, as planned, BrokenConnectionError.

        `region` is the endpoint's; a pool of another one is not found there, nor one of another account than the
        caller's.
        """
        with self._lock:
            self.calls.append(Call(operation, copy.deepcopy(params)))
        if self.on_call:
            self.on_call(operation, params)
        self._delay(operation)
        with self._lock:
            self._catch_up()
            fault = self._next_fault(operation)
            if fault and fault.postponed:
                self._postponed.append((len(self.calls) + fault.postponed, operation, copy.deepcopy(params)))
            if fault and not fault.after:
                raise fault.failure
            answer = self._answer(operation, params, region, caller)
            if fault:
                raise fault.failure
            if isinstance(answer, ApiError):
                raise answer
            return answer

    def elsewhere(self, operation: str, params: Json) -> Json:
        """Do the same for somebody else: not remembered, never failing by plan, within every quota."""
        with self._lock:
            return self._work(operation, params, None, None)

    def described(self, pool_id: str, client_id: str) -> Json:
        """Look at a client without being seen."""
        answer: Json = self.elsewhere("DescribeUserPoolClient", {"UserPoolId": pool_id, "ClientId": client_id})
        client: Json = answer["UserPoolClient"]
        return client

    def client_ids(self, pool_id: str) -> list[str]:
        """List a pool's clients in the order in which they were made."""
        return list(self.pools[pool_id].clients)

    def operations_called(self) -> list[str]:
        return [call.operation for call in self.calls]

    def fail(
        self,
        operation: str,
        failure: ApiError | ConnectionFault,
        *,
        times: int = 1,
        after: bool = False,
    ) -> None:
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

    def delay(self, operation: str, seconds: float, *, times: int = 1) -> None:
        """Let the next `times` requests for the operation wait before they are carried out."""
        self._delays.extend([(operation, seconds)] * times)

    def postpone(self, operation: str, failure: ConnectionFault = "read-timeout", *, requests: int = 1) -> None:
        """Break the connection of the next request, and carry it out only when so many others have come after it."""
        self.planned_faults.append(Fault(operation, BrokenConnectionError(failure), after=False, postponed=requests))

    def _delay(self, operation: str) -> None:
        for planned in self._delays:
            if planned[0] in ("*", operation):
                self._delays.remove(planned)
                self._sleep(planned[1])
                return

    def _catch_up(self) -> None:
        """Carry out what was postponed until now."""
        for planned in [planned for planned in self._postponed if planned[0] <= len(self.calls)]:
            self._postponed.remove(planned)
            self._work(planned[1], planned[2], None, None)

    def _next_fault(self, operation: str) -> Fault | None:
        for fault in self.planned_faults:
            if fault.operation in ("*", operation):
                self.planned_faults.remove(fault)
                return fault
        return None

    def _answer(self, operation: str, params: Json, region: str | None, caller: Caller | None) -> Json | ApiError:
        """Hold a refusal back: if the answer is to be lost, then a refusal is lost as well."""
        if caller and (refusal := caller.refusal or caller.denial(operation, str(params.get("UserPoolId")))):
            return refusal
        try:
            self._throttle(operation, str(params.get("UserPoolId")))
            return self._work(operation, params, region, caller)
        except ApiError as error:
            return error

    def _throttle(self, operation: str, pool_id: str) -> None:
        """Allow as many requests as the quota in any one second; those that are refused do not count."""
        now = self._clock()
        kind = "reads" if operation.startswith(("Describe", "List", "Get")) else "writes"
        counted: list[deque[float]] = []
        for quota, recent in (
            (self._quota, self._recent[operation, pool_id]),
            (self._account_quota, self._recent[kind,]),
        ):
            if quota is None:
                continue
            while recent and recent[0] <= now - 1:
                recent.popleft()
            if len(recent) >= quota:
                raise ApiError("TooManyRequestsException", "Rate exceeded")
            counted.append(recent)
        for recent in counted:
            recent.append(now)

    def _work(self, operation: str, params: Json, region: str | None, caller: Caller | None) -> Json:
        if operation not in self._operations:
            raise ApiError("UnknownOperationException", status=404)
        limits.check(params, self._inputs[operation])
        pool = self.pools.get(params["UserPoolId"])
        if pool is None or region not in (None, pool.region) or (caller and caller.account != pool.account):
            raise ApiError("ResourceNotFoundException", f"User pool {params['UserPoolId']} does not exist.")
        return self._operations[operation](copy.deepcopy(params))

    def _client(self, params: Json) -> AppClient:
        client = self.pools[params["UserPoolId"]].clients.get(params["ClientId"])
        if client is None:
            raise ApiError("ResourceNotFoundException", f"User pool client {params['ClientId']} does not exist.")
        return client

    def _create(self, params: Json) -> Json:
        generate, own_secret = params.get("GenerateSecret", False), params.get("ClientSecret")
        if params.get("PublishSecretsInAWSSecretsManager") and not generate:
            raise ApiError("InvalidParameterException", NOT_GENERATED)
        if generate and own_secret:
            message = "You cannot specify both GenerateSecret as true and provide a ClientSecret value."
            raise ApiError("InvalidParameterException", message)
        pool = self.pools[params["UserPoolId"]]
        settings = self._judged(params, pool, old={}, has_secret=bool(generate or own_secret), doing="creating")
        if len(pool.clients) >= pool.client_limit:
            raise ApiError("LimitExceededException", "Maximum number of user pool clients exceeded.")
        client = AppClient(in_base_32(self._draw() >> 128 | 1 << 127), pool.pool_id, settings, self._now(), self._now())
        if generate or own_secret:
            client.original = self._new_secret(client, own_secret)
        pool.clients[client.client_id] = client
        self._store(client, params.get("PublishSecretsInAWSSecretsManager"))
        return {"UserPoolClient": client.shown()}

    def _describe(self, params: Json) -> Json:
        return {"UserPoolClient": self._client(params).shown()}

    def _update(self, params: Json) -> Json:
        """Replace all settings: what is left out goes to its default, except where Cognito forgets to reset it."""
        client = self._client(params)
        pool = self.pools[params["UserPoolId"]]
        old = {name: client.settings[name] for name in STICKY if name in client.settings}
        if params.get("PublishSecretsInAWSSecretsManager") and not client.secrets:
            raise ApiError("InvalidParameterException", NOT_GENERATED)
        client.settings = self._judged(params, pool, old=old, has_secret=bool(client.secrets), doing="updating")
        client.modified = self._now()
        self._store(client, params.get("PublishSecretsInAWSSecretsManager"))
        return {"UserPoolClient": client.shown()}

    def _store(self, client: AppClient, publish: bool | None) -> None:
        """Store the secret in Secrets Manager and rotate it right away, or take it back (botocore's model).

        A true that is sent again rotates as well: nobody has said that it does not. What Describe shows of a secret
        that was taken back is not documented; here it is the one that was current.
        """
        if publish:
            client.stored = True
            self._rotate_stored(client)
        elif publish is False and client.stored:
            client.stored, client.original = False, list(client.secrets)[-1]

    def _rotate_stored(self, client: AppClient) -> None:
        while len(client.secrets) >= SECRETS_AT_MOST:
            del client.secrets[min(client.secrets, key=lambda each: client.secrets[each].created)]
        self._new_secret(client, None)

    def rotate_stored(self, pool_id: str, client_id: str) -> None:
        """Rotate a secret that Cognito stores, as it does every 7 days."""
        self._rotate_stored(self.pools[pool_id].clients[client_id])

    def _delete(self, params: Json) -> Json:
        del self.pools[params["UserPoolId"]].clients[self._client(params).client_id]
        return {}

    def _describe_pool(self, params: Json) -> Json:
        """Tell what a pool's domains are; of the rest of UserPoolType only what names the pool."""
        pool = self.pools[params["UserPoolId"]]
        arn = f"arn:aws:cognito-idp:{pool.region}:{pool.account}:userpool/{pool.pool_id}"
        shown = {"Id": pool.pool_id, "Arn": arn, "Domain": pool.domain, "CustomDomain": pool.custom_domain}
        return {"UserPool": {name: value for name, value in shown.items() if value}}

    def _list(self, params: Json) -> Json:
        """Give one page, in an order that is neither that of making nor that of names."""
        clients = self.pools[params["UserPoolId"]].clients
        page, token = self._page(params, {client_id: each.created for client_id, each in clients.items()})
        # A page holds as many clients as always, and then only those of the type are shown (botocore's model).
        of_type = [each for each in page if params.get("ClientType") in (None, clients[each].client_type)]
        members = ("ClientId", "UserPoolId", "ClientName")
        shown = [clients[client_id].shown() for client_id in of_type]
        return {"UserPoolClients": [{name: client[name] for name in members} for client in shown], **token}

    def _page(self, params: Json, created: Mapping[str, float]) -> tuple[list[str], Json]:
        """Give the ids of one page of what was created when, and the next page's token, if there is one."""
        behind = ""
        if token := params.get("NextToken"):
            if token not in self._pages:
                raise ApiError("InvalidParameterException", "Invalid pagination token.")
            behind = self._pages[token]
        until = self._clock() - self._listed_after
        rest = sorted(
            each for each, moment in created.items() if each > behind and (not self._listed_after or moment <= until)
        )
        page = rest[: params.get("MaxResults", PAGE)]
        if len(page) == len(rest):
            return page, {}
        following = in_base_32(self._draw())
        self._pages[following] = page[-1]
        return page, {"NextToken": following}

    def register(self, pool_id: str, name: str, **settings: Any) -> str:
        """Let a client register itself, unseen, and return its id."""
        params = {"UserPoolId": pool_id, "ClientName": name, **settings}
        client_id: str = self.elsewhere("CreateUserPoolClient", params)["UserPoolClient"]["ClientId"]
        self.pools[pool_id].clients[client_id].client_type = "DCR"
        return client_id

    def _add_secret(self, params: Json) -> Json:
        """Add a second secret; show its value only now, and only if it was generated here (botocore's model)."""
        client = self._of_people(params)
        if not client.secrets:
            raise ApiError("InvalidParameterException", "The app client is not a confidential client.")
        if len(client.secrets) >= SECRETS_AT_MOST:
            raise ApiError("LimitExceededException", "An app client can have at most two client secrets.")
        own_secret = params.get("ClientSecret")
        secret_id = self._new_secret(client, own_secret)
        descriptor = self._descriptor(client, secret_id)
        if not own_secret:
            descriptor["ClientSecretValue"] = client.secrets[secret_id].value
        return {"ClientSecretDescriptor": descriptor}

    def _of_people(self, params: Json) -> AppClient:
        """Return the client; one that registered itself has no operations on secrets. The words are ours."""
        client = self._client(params)
        if client.client_type == "DCR":
            raise ApiError("InvalidParameterException", "Not supported for dynamically registered app clients.")
        return client

    def _list_secrets(self, params: Json) -> Json:
        client = self._of_people(params)
        return {"ClientSecrets": [self._descriptor(client, secret_id) for secret_id in client.secrets]}

    def _delete_secret(self, params: Json) -> Json:
        client = self._of_people(params)
        secret_id = params["ClientSecretId"]
        if secret_id not in client.secrets:
            raise ApiError("ResourceNotFoundException", f"Client secret {secret_id} does not exist.")
        if len(client.secrets) == 1:
            raise ApiError("InvalidParameterException", "The last client secret of an app client cannot be deleted.")
        del client.secrets[secret_id]
        return {}

    def _get_session(self, params: Json) -> Json:
        return shown_session(self._client(params))

    def _set_session(self, params: Json) -> Json:
        """Replace the configuration, in the tiers and pools that have sessions (botocore's model).

        The sentence about the tier was seen with another feature (amplify-backend #2805). That a pool which tracks no
        sessions is refused is documented, but not how: the code is the documented one that fits, the words are ours.
        """
        client, pool = self._client(params), self.pools[params["UserPoolId"]]
        if pool.tier == "LITE":
            message = "The following features need to be disabled for the LITE pricing tier configured: SSO Session"
            raise ApiError("FeatureUnavailableInTierException", message)
        if not pool.session_tracking:
            raise ApiError("OperationNotEnabledException", "Session tracking is not enabled for the user pool.")
        client.sso_session = params["SSOSession"]
        return shown_session(client)

    def _create_policy(self, params: Json) -> Json:
        """Create a policy, every time that it is called: no name is refused (nobody has said that one is).

        That there are feature plans without policies, and a limit, is documented (botocore's model: the errors); which
        plans, which limit and the words are ours.
        """
        pool, client = self.pools[params["UserPoolId"]], self._client(params)
        self._refuse_policies_of_a_lower_plan(pool)
        if len(pool.policies) >= pool.policy_limit:
            raise ApiError("LimitExceededException", "Maximum number of CIMD policies exceeded.")
        settings = {name: params[name] for name in limits.POLICY if name in params}
        policy = CimdPolicy(
            in_base_32(self._draw() >> 128 | 1 << 127),
            pool.pool_id,
            client.client_id,
            {"CacheDuration": CACHE_DURATION, **settings},
            self._now(),
            self._now(),
        )
        pool.policies[policy.policy_id] = policy
        return {"CIMDPolicy": self._shown_policy(policy)}

    def _describe_policy(self, params: Json) -> Json:
        return {"CIMDPolicy": self._shown_policy(self._policy(params))}

    def _update_policy(self, params: Json) -> Json:
        """Change what is given: the documentation of CacheDuration says that it stays where it is left out."""
        policy, client = self._policy(params), self._client(params)
        self._refuse_policies_of_a_lower_plan(self.pools[params["UserPoolId"]])
        policy.client_id, policy.modified = client.client_id, self._now()
        policy.settings |= {name: params[name] for name in limits.POLICY if name in params}
        return {"CIMDPolicy": self._shown_policy(policy)}

    def _delete_policy(self, params: Json) -> Json:
        del self.pools[params["UserPoolId"]].policies[self._policy(params).policy_id]
        return {}

    def _list_policies(self, params: Json) -> Json:
        policies = self.pools[params["UserPoolId"]].policies
        page, token = self._page(params, {policy_id: each.created for policy_id, each in policies.items()})
        shown = [self._shown_policy(policies[policy_id]) for policy_id in page]
        summaries = [
            {name: value for name, value in policy.items() if name not in ("UserPoolId", "URLPatterns")}
            for policy in shown
        ]
        return {"CIMDPolicies": summaries, **token}

    def _policy(self, params: Json) -> CimdPolicy:
        policy = self.pools[params["UserPoolId"]].policies.get(params["CIMDPolicyId"])
        if policy is None:
            raise ApiError("ResourceNotFoundException", f"CIMD policy {params['CIMDPolicyId']} does not exist.")
        return policy

    def _shown_policy(self, policy: CimdPolicy) -> Json:
        """Give CIMDPolicyType; a client that does not exist any more is omitted (botocore's model)."""
        is_there = policy.client_id in self.pools[policy.pool_id].clients
        return {
            "UserPoolId": policy.pool_id,
            "CIMDPolicyId": policy.policy_id,
            **({"ClientId": policy.client_id} if is_there else {}),
            **policy.settings,
            "URLPatterns": in_another_order(policy.settings["URLPatterns"]),
            "CreationDate": policy.created,
            "LastModifiedDate": policy.modified,
        }

    @staticmethod
    def _refuse_policies_of_a_lower_plan(pool: Pool) -> None:
        if pool.tier == "LITE":
            message = "The following features need to be disabled for the LITE pricing tier configured: CIMD"
            raise ApiError("FeatureUnavailableInTierException", message)

    def _descriptor(self, client: AppClient, secret_id: str) -> Json:
        return {"ClientSecretId": secret_id, "ClientSecretCreateDate": client.secrets[secret_id].created}

    def _judged(self, params: Json, pool: Pool, *, old: Json, has_secret: bool, doing: str) -> Json:
        """Give the settings that the request leads to, unless Cognito refuses them."""
        names = limits.settings(())
        given = {name: without_duplicates(params[name]) for name in names if params.get(name) not in (None, [])}
        settings = {**DEFAULTS, **old, **given}
        if self._each_unit_sticks or not given.get("TokenValidityUnits"):
            settings["TokenValidityUnits"] = {
                **old.get("TokenValidityUnits", {}),
                **given.get("TokenValidityUnits", {}),
            }
        proposal = Proposal(
            settings=settings,
            pool_id=pool.pool_id,
            has_secret=has_secret,
            scopes=pool.resource_server_scopes,
            identity_providers=pool.identity_providers,
            custom_attributes=pool.custom_attributes,
            doing=doing,
        )
        refuse_what_cognito_refuses(proposal)
        return completed(settings)

    def _new_secret(self, client: AppClient, own: str | None) -> str:
        """Keep a secret under `<client id>--<milliseconds>`; ids of one millisecond are told apart."""
        moment = self._now()
        secret_id = f"{client.client_id}--{round(moment * 1000)}"
        while secret_id in client.secrets:
            secret_id = f"{client.client_id}--{int(secret_id.rpartition('-')[2]) + 1}"
        client.secrets[secret_id] = Secret(own or in_base_32(self._draw()), moment)
        self.secrets_ever.append(client.secrets[secret_id].value)
        return secret_id

    def _now(self) -> float:
        return round(self._clock(), 3)

    def _draw(self) -> int:
        """Draw 256 bits that are the same for the same seed."""
        self._drawn += 1
        return int.from_bytes(hashlib.sha256(f"{self._seed}/{self._drawn}".encode()).digest())


def in_base_32(value: int) -> str:
    """Write a number as Cognito writes ids (128 bits, 26 digits) and secrets (256 bits, 51 or 52 digits)."""
    digits = ""
    while value:
        value, digit = divmod(value, 32)
        digits = BASE_32[digit] + digits
    return digits


def shown_session(client: AppClient) -> Json:
    """Give what both Get and Set answer."""
    return {"UserPoolId": client.pool_id, "ClientId": client.client_id, "SSOSession": copy.deepcopy(client.sso_session)}


def without_duplicates(value: Any) -> Any:
    return list(dict.fromkeys(value)) if isinstance(value, list) else value


def in_another_order(items: Sequence[str]) -> list[str]:
    """Return a set's items in a fixed order that is not the one given: Cognito keeps none (Terraform has sets here)."""
    ordered = sorted(items, key=lambda item: hashlib.sha256(item.encode()).digest())
    return ordered[::-1] if ordered == list(items) else ordered


def completed(settings: Json) -> Json:
    """Give the settings as they are kept: with what Cognito itself puts in."""
    kept: Json = {
        name: in_another_order(value) if isinstance(value, list) else copy.deepcopy(value)
        for name, value in settings.items()
    }
    kept["RefreshTokenValidity"] = kept["RefreshTokenValidity"] or REFRESH.default_number
    if rotation := kept.get("RefreshTokenRotation"):
        complete_rotation(rotation)
    if analytics := kept.get("AnalyticsConfiguration"):
        complete_analytics(analytics)
    return kept


def complete_rotation(rotation: Json) -> None:
    """Put in the grace period, which is 0 whenever rotation is off (Terraform #45650, #50085)."""
    if rotation["Feature"] == "DISABLED":
        rotation["RetryGracePeriodSeconds"] = 0
    rotation.setdefault("RetryGracePeriodSeconds", 0)


def complete_analytics(analytics: Json) -> None:
    """Put in the service-linked role beside an ARN (Terraform's test analyticsWithARN); it may not be sent back."""
    analytics.setdefault("UserDataShared", False)
    if "ApplicationArn" in analytics:
        account = analytics["ApplicationArn"].split(":")[4]
        role = "role/aws-service-role/cognito-idp.amazonaws.com/AWSServiceRoleForAmazonCognitoIdp"
        analytics["RoleArn"] = f"arn:aws:iam::{account}:{role}"
