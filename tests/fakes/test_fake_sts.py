"""The fake STS gives out what it is allowed to, and the fake Cognito knows whose credentials it is called with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import exceptions
from botocore.config import Config

from tests.fakes.cognito import ApiError, FakeCognito
from tests.fakes.cognito_wire import installed
from tests.fakes.sts import FakeSts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

ONCE = Config(retries={"total_max_attempts": 1})
POOL, FOREIGN_POOL = "us-east-1_Abc123xyz", "us-east-1_foreign"
ROLE = "arn:aws:iam::222222222222:role/teams/cognito-admin"
GUARDED_ROLE = "arn:aws:iam::333333333333:role/guarded"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def fake(clock: Clock) -> FakeCognito:
    fake = FakeCognito(clock=clock)
    fake.add_pool(POOL)
    fake.add_pool(FOREIGN_POOL, account="222222222222")
    return fake


@pytest.fixture
def fake_sts(fake: FakeCognito, clock: Clock) -> Iterator[FakeSts]:
    fake_sts = FakeSts(clock=clock)
    fake_sts.allow(ROLE)
    fake_sts.allow(GUARDED_ROLE, "shared-word")
    with installed(fake, sts=fake_sts):
        yield fake_sts
    assert not fake_sts.planned_faults


@pytest.fixture
def sts(fake_sts: FakeSts) -> STSClient:
    assert fake_sts.roles
    return boto3.client("sts", config=ONCE)


def assumed(sts: STSClient, role_arn: str = ROLE, **more: Any) -> CredentialsTypeDef:
    return sts.assume_role(RoleArn=role_arn, RoleSessionName="shop-WebClient", **more)["Credentials"]


def cognito(credentials: CredentialsTypeDef, *, token: str = "") -> CognitoIdentityProviderClient:
    return boto3.client(
        "cognito-idp",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=token or credentials["SessionToken"],
        config=ONCE,
    )


def sts_again(credentials: CredentialsTypeDef) -> STSClient:
    return boto3.client(
        "sts",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=ONCE,
    )


def error_of(refused: pytest.ExceptionInfo[exceptions.ClientError]) -> tuple[str, str, int]:
    response = refused.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


# Assuming a role


def test_an_allowed_role_is_assumed(sts: STSClient, fake_sts: FakeSts) -> None:
    answer = sts.assume_role(RoleArn=ROLE, RoleSessionName="shop-WebClient")
    credentials = answer["Credentials"]

    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::222222222222:assumed-role/cognito-admin/shop-WebClient"
    assert credentials["Expiration"] == datetime.fromtimestamp(1_800_003_600, UTC)
    assert fake_sts.sessions[credentials["AccessKeyId"]].role_arn == ROLE
    assert fake_sts.secrets_ever == [credentials["SecretAccessKey"], credentials["SessionToken"]]


def test_credentials_are_never_the_same_twice(sts: STSClient, fake_sts: FakeSts) -> None:
    given = [assumed(sts), assumed(sts), assumed(sts, GUARDED_ROLE, ExternalId="shared-word")]

    assert [session.role_arn for session in fake_sts.sessions.values()] == [ROLE, ROLE, GUARDED_ROLE]
    assert list(fake_sts.sessions) == [credentials["AccessKeyId"] for credentials in given]
    assert len(set(fake_sts.secrets_ever)) == 6
    assert not any(each["SecretAccessKey"] in each["SessionToken"] for each in given)


def test_requests_are_remembered_those_that_were_refused_too(sts: STSClient, fake_sts: FakeSts) -> None:
    assumed(sts, ExternalId="any-word")
    with pytest.raises(exceptions.ClientError):
        assumed(sts, GUARDED_ROLE)

    assert [call.params for call in fake_sts.calls] == [
        {"RoleArn": ROLE, "RoleSessionName": "shop-WebClient", "ExternalId": "any-word"},
        {"RoleArn": GUARDED_ROLE, "RoleSessionName": "shop-WebClient"},
    ]


@pytest.mark.parametrize(
    ("role_arn", "more"),
    [
        pytest.param("arn:aws:iam::222222222222:role/unknown", {}, id="no-such-role"),
        pytest.param(GUARDED_ROLE, {}, id="no-external-id"),
        pytest.param(GUARDED_ROLE, {"ExternalId": "another-word"}, id="wrong-external-id"),
    ],
)
def test_what_is_not_allowed_is_denied_in_the_same_words(
    sts: STSClient, fake_sts: FakeSts, role_arn: str, more: dict[str, str]
) -> None:
    with pytest.raises(exceptions.ClientError) as refused:
        assumed(sts, role_arn, **more)

    user = "arn:aws:sts::123456789012:assumed-role/user-pool-client/user-pool-client"
    message = f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
    assert error_of(refused) == ("AccessDenied", message, 403)
    assert fake_sts.sessions == {}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"RoleSessionName": "a b"}, r"Value 'a b' at 'roleSessionName' .* pattern: \[\\w\+=,\.@-\]\*"),
        ({"RoleSessionName": "x" * 65}, "Member must have length less than or equal to 64"),
        ({"ExternalId": "two words"}, "Value 'two words' at 'externalId' failed to satisfy constraint"),
        ({"DurationSeconds": 3601}, "exceeds the 1 hour session limit for roles assumed by role chaining"),
    ],
)
def test_limits_are_judged(sts: STSClient, params: dict[str, Any], message: str) -> None:
    with pytest.raises(exceptions.ClientError, match=message) as refused:
        sts.assume_role(**({"RoleArn": ROLE, "RoleSessionName": "shop"} | params))

    assert error_of(refused)[0::2] == ("ValidationError", 400)


def test_assumed_roles_assume_no_others(sts: STSClient) -> None:
    again = sts_again(assumed(sts))

    with pytest.raises(exceptions.ClientError, match="User: arn:aws:sts::222222222222:assumed-role/cognito-admin/"):
        assumed(again)


def test_an_operation_that_the_fake_lacks_is_unknown(sts: STSClient) -> None:
    with pytest.raises(exceptions.ClientError, match="InvalidAction"):
        sts.get_caller_identity()


def test_failures_come_as_planned(sts: STSClient, fake_sts: FakeSts) -> None:
    fake_sts.fail(ApiError("Throttling", "Rate exceeded"))
    fake_sts.fail("connect-timeout")
    fake_sts.fail(ApiError("InternalFailure", status=500))

    with pytest.raises(exceptions.ClientError, match=r"\(Throttling\).*Rate exceeded"):
        assumed(sts)
    with pytest.raises(exceptions.ConnectTimeoutError):
        assumed(sts)
    with pytest.raises(exceptions.ClientError, match="InternalFailure"):
        assumed(sts)
    assert assumed(sts)
    assert len(fake_sts.calls) == 4


def test_a_plan_that_makes_no_sense_is_refused(fake_sts: FakeSts) -> None:
    with pytest.raises(ValueError, match="sulking"):
        fake_sts.fail("sulking")  # type: ignore[arg-type]


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1"])
def test_every_region_has_its_endpoint(fake_sts: FakeSts, region: str) -> None:
    assert assumed(boto3.client("sts", region_name=region))
    assert len(fake_sts.sessions) == 1


# Whose pools they are


def test_credentials_reach_the_pools_of_their_own_account(sts: STSClient, fake: FakeCognito) -> None:
    foreign = cognito(assumed(sts))

    made = foreign.create_user_pool_client(UserPoolId=FOREIGN_POOL, ClientName="web")["UserPoolClient"]

    assert fake.client_ids(FOREIGN_POOL) == [made["ClientId"]]


def test_a_pool_of_another_account_than_the_credentials_is_not_found(sts: STSClient) -> None:
    elsewhere = assumed(sts, GUARDED_ROLE, ExternalId="shared-word")
    own = boto3.client("cognito-idp")

    for client, pool in ((cognito(assumed(sts)), POOL), (cognito(elsewhere), FOREIGN_POOL), (own, FOREIGN_POOL)):
        with pytest.raises(client.exceptions.ResourceNotFoundException, match=f"User pool {pool} does not exist"):
            client.list_user_pool_clients(UserPoolId=pool)
    assert own.list_user_pool_clients(UserPoolId=POOL)["UserPoolClients"] == []


def test_a_role_can_be_of_another_account_than_its_name_says(sts: STSClient, fake_sts: FakeSts) -> None:
    fake_sts.allow(GUARDED_ROLE, account="222222222222")

    assert cognito(assumed(sts, GUARDED_ROLE)).list_user_pool_clients(UserPoolId=FOREIGN_POOL)


@pytest.mark.parametrize(
    ("expires_in", "asked", "lasts"),
    [
        pytest.param(3600, {}, 3600, id="an-hour-by-default"),
        pytest.param(900, {}, 900, id="as-the-role-says"),
        pytest.param(3600, {"DurationSeconds": 1800}, 1800, id="as-was-asked-for"),
    ],
)
def test_credentials_last(sts: STSClient, fake_sts: FakeSts, expires_in: int, asked: Any, lasts: int) -> None:
    fake_sts.allow(ROLE, expires_in=expires_in)

    assert assumed(sts, **asked)["Expiration"].timestamp() == 1_800_000_000 + lasts


def test_expired_credentials_are_refused_and_new_ones_are_not(sts: STSClient, fake: FakeCognito, clock: Clock) -> None:
    foreign = cognito(assumed(sts))
    clock.now += 3599
    assert foreign.list_user_pool_clients(UserPoolId=FOREIGN_POOL)
    clock.now += 1

    with pytest.raises(exceptions.ClientError) as refused:
        foreign.create_user_pool_client(UserPoolId=FOREIGN_POOL, ClientName="web")

    message = "The security token included in the request is expired"
    assert error_of(refused) == ("ExpiredTokenException", message, 400)
    assert fake.client_ids(FOREIGN_POOL) == []
    assert fake.operations_called() == ["ListUserPoolClients", "CreateUserPoolClient"]
    assert cognito(assumed(sts)).list_user_pool_clients(UserPoolId=FOREIGN_POOL)


def test_expired_credentials_assume_no_role(sts: STSClient, clock: Clock) -> None:
    again = sts_again(assumed(sts))
    clock.now += 3600

    with pytest.raises(exceptions.ClientError) as refused:
        assumed(again)
    assert error_of(refused)[0::2] == ("ExpiredToken", 403)


def test_credentials_without_their_token_are_invalid(sts: STSClient) -> None:
    forged = cognito(assumed(sts), token="another")

    with pytest.raises(exceptions.ClientError, match="UnrecognizedClientException"):
        forged.list_user_pool_clients(UserPoolId=FOREIGN_POOL)


def test_somebody_else_is_not_bound_to_the_caller_of_the_moment(sts: STSClient, fake: FakeCognito) -> None:
    foreign = cognito(assumed(sts))
    fake.on_call = lambda _operation, _params: fake.elsewhere("ListUserPoolClients", {"UserPoolId": POOL})

    assert foreign.list_user_pool_clients(UserPoolId=FOREIGN_POOL)
