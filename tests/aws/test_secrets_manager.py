"""Calls of Secrets Manager are well formed: real boto3 signs, checks and sends them, and moto takes them."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, Any, override

import boto3
import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from botocore.session import get_session
from botocore.stub import Stubber
from moto import mock_aws

from tests.canaries import CLIENT_SECRET, OTHER_SECRET, leaked, watch
from tests.fakes.secrets_manager import INPUTS
from user_pool_client.aws.calls import Caller
from user_pool_client.aws.secrets_manager import SecretStore
from user_pool_client.aws.sessions import ClientCache
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.credentials import CURRENT, PENDING, PREVIOUS, Credentials
from user_pool_client.domain.errors import NoSuchSecret, ProviderError, Refused, TryLater
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.log import silence_libraries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "user-pool-client/web"
ARN = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{NAME}-AbCdEf"
ONE_TRY = 1e-9  # seconds: too few for any pause
FIRST, SECOND = "1" * 64, "2" * 64
ONE = Credentials("1example23456789", Sensitive(CLIENT_SECRET), "1example23456789--1", "us-east-1_Abc123xyz")
TWO = Credentials("1example23456789", Sensitive(OTHER_SECRET), "1example23456789--2", "us-east-1_Abc123xyz")


class HushedStore(SecretStore):
    """Hush botocore before each call, as the functions do for each request: it would log what it sends and receives."""

    @override
    def _call(self, *arguments: Any, **options: Any) -> Any:
        silence_libraries()
        return super()._call(*arguments, **options)


def new_store(seconds: float) -> SecretStore:
    """Give a store whose time stands still."""
    clock = Clock(monotonic=lambda: 0.0)
    return HushedStore(Caller(ClientCache("us-east-1", clock), Deadline.after(seconds, clock), lambda **_wait: None))


@pytest.fixture
def store() -> Iterator[SecretStore]:
    with mock_aws():
        yield new_store(60)


@pytest.fixture(scope="module")
def unreal() -> SecretStore:
    """Give one store for all tests that never get as far as to send: a client of boto3 takes a while to make."""
    return new_store(ONE_TRY)


def client_of(store: SecretStore) -> Any:
    """Return boto3's client that the next call will be made with."""
    clients = store.caller.clients
    return clients.client("secretsmanager", "us-east-1", short_timeout=store.caller.deadline.work_left() < 15)


def new_secret(region: str = "us-east-1", **options: Any) -> str:
    return boto3.client("secretsmanager", region_name=region).create_secret(Name=NAME, **options)["ARN"]


def test_a_secret_without_a_value_has_no_version(store: SecretStore) -> None:
    assert store.version(new_secret(), CURRENT) is None


def test_what_is_put_is_there(store: SecretStore) -> None:
    arn = new_secret()

    put = store.put(arn, ONE, token=FIRST)

    assert (put.arn, put.version_id, put.credentials) == (arn, FIRST, ONE)
    assert store.version(arn, CURRENT) == put
    assert store.version(arn, CURRENT, FIRST) == put
    assert store.version(arn, PREVIOUS) is None
    assert store.state(arn).stages == {FIRST: [CURRENT]}
    secrets = boto3.client("secretsmanager", region_name="us-east-1")
    assert json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])["client_secret"] == CLIENT_SECRET


def test_the_same_again_changes_nothing(store: SecretStore) -> None:
    arn = new_secret()

    assert store.put(arn, ONE, token=FIRST) == store.put(arn, ONE, token=FIRST)
    assert store.state(arn).stages == {FIRST: [CURRENT]}


def test_another_value_under_the_same_token_is_refused(store: SecretStore) -> None:
    arn = new_secret()
    store.put(arn, ONE, token=FIRST)

    with pytest.raises(Refused, match="ResourceExistsException"):
        store.put(arn, TWO, token=FIRST)

    assert store.version(arn, CURRENT) == store.put(arn, ONE, token=FIRST)


def test_a_pending_version_becomes_current_and_the_one_before_previous(store: SecretStore) -> None:
    arn = new_secret()
    store.put(arn, ONE, token=FIRST)
    store.put(arn, TWO, token=SECOND, stage=PENDING)
    assert store.state(arn).stages == {FIRST: [CURRENT], SECOND: [PENDING]}

    store.make_current(arn, SECOND, instead_of=FIRST)

    current, previous = store.version(arn, CURRENT), store.version(arn, PREVIOUS)
    assert current is not None
    assert previous is not None
    assert (current.credentials, previous.credentials) == (TWO, ONE)


def test_a_stage_is_taken_away(store: SecretStore) -> None:
    arn = new_secret()
    store.put(arn, ONE, token=FIRST)
    store.put(arn, TWO, token=SECOND, stage=PENDING)

    store.unstage(arn, SECOND, PENDING)

    assert store.version(arn, PENDING) is None


def test_a_stage_that_is_another_versions_by_now_needs_no_taking_away(store: SecretStore) -> None:
    arn = new_secret()
    store.put(arn, ONE, token=FIRST)
    store.put(arn, TWO, token=SECOND, stage=PENDING)

    store.unstage(arn, FIRST, PENDING)

    assert store.state(arn).stages == {FIRST: [CURRENT], SECOND: [PENDING]}


def test_a_secret_does_not_rotate_before_it_is_turned_on(store: SecretStore) -> None:
    arn = new_secret()
    store.put(arn, ONE, token=FIRST)
    assert not store.state(arn).rotates

    secrets = boto3.client("secretsmanager", region_name="us-east-1")
    secrets.rotate_secret(SecretId=arn, RotationRules={"AutomaticallyAfterDays": 30})

    assert store.state(arn).rotates


def test_a_secret_of_another_region_is_found_there_by_its_arn(store: SecretStore) -> None:
    arn = new_secret("eu-west-1")

    store.put(arn, ONE, token=FIRST)

    assert store.version(arn, CURRENT) is not None
    with pytest.raises(NoSuchSecret):
        store.version(NAME, CURRENT)


def test_a_secret_in_our_own_region_is_found_by_its_name(store: SecretStore) -> None:
    arn = new_secret()

    assert store.put(NAME, ONE, token=FIRST).arn == arn


@pytest.mark.parametrize("value", [{"SecretString": "no JSON"}, {"SecretBinary": b'{"client_secret": "x"}'}])
def test_a_value_that_is_not_in_our_form_is_a_version_without_credentials(
    store: SecretStore, value: dict[str, Any]
) -> None:
    arn = new_secret(**value)

    version = store.version(arn, CURRENT)

    assert version is not None
    assert (version.arn, version.credentials) == (arn, None)


def test_a_secret_that_does_not_exist_is_told_with_what_to_do(store: SecretStore) -> None:
    with pytest.raises(NoSuchSecret, match=f'"{NAME}" with ResourceNotFoundException.*check SecretId'):
        store.version(NAME, CURRENT)


def test_a_secret_that_is_about_to_be_deleted_is_as_good_as_gone(store: SecretStore) -> None:
    arn = new_secret(SecretString="x")
    boto3.client("secretsmanager", region_name="us-east-1").delete_secret(SecretId=arn)

    with pytest.raises(NoSuchSecret, match="about to be deleted"):
        store.version(arn, CURRENT)


CALLS: dict[str, Callable[[SecretStore], object]] = {
    "get_secret_value": lambda store: store.version(ARN, CURRENT),
    "describe_secret": lambda store: store.state(ARN).stages,
    "put_secret_value": lambda store: store.put(ARN, ONE, token=FIRST),
    "update_secret_version_stage": lambda store: store.unstage(ARN, FIRST, PENDING),
}
QUOTED = f"1 validation error detected: Value '{ONE.text().reveal()}' at 'secretString' failed to satisfy constraint"


def raised_by(call: Callable[[SecretStore], object], store: SecretStore) -> ProviderError:
    """Return what a call raises, after a look at all that Lambda would print of it."""
    with pytest.raises(ProviderError) as caught:
        call(store)
    error = caught.value
    assert not leaked("".join(traceback.format_exception(error)))
    assert error.__cause__ is None
    assert error.__context__ is None or isinstance(error.__context__, ProviderError), "botocore's own is in the chain"
    assert "What to do: " in str(error)
    return error


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize(
    ("code", "kind", "remedy"),
    [
        ("AccessDeniedException", Refused, "parameter SecretArns"),
        ("DecryptionFailure", Refused, "see Secrets Manager's words"),
        ("InternalServiceError", TryLater, "deploy again in a few minutes"),
        ("InvalidRequestException", Refused, ""),
        ("ResourceNotFoundException", Refused, ""),
        ("ThrottlingException", TryLater, "deploy again in a few minutes"),
        ("ValidationException", Refused, "see Secrets Manager's words"),
    ],
)
def test_a_refusal_is_told_in_our_words_and_without_the_value(
    unreal: SecretStore, method: str, code: str, kind: type[ProviderError], remedy: str
) -> None:
    for _ in range(2):  # what cannot be read may be told only by DescribeSecret
        with Stubber(client_of(unreal)) as stubber:
            stubber.add_client_error(method, code, QUOTED if method == "put_secret_value" else "no")
            stubber.add_client_error("describe_secret", code, "no")

            error = raised_by(CALLS[method], unreal)

    assert isinstance(error, kind)
    assert remedy in str(error)
    assert f'for "{ARN}" with {code}' in str(error)


@pytest.mark.parametrize("secret", ['a "quoted" one with \\ and', "ünïcödé" * 4, "half of a pair \ud83d and more"])
def test_a_secret_that_json_writes_otherwise_is_masked_too(unreal: SecretStore, secret: str) -> None:
    credentials = Credentials("1example23456789", Sensitive(watch(secret)))
    watch(json.dumps(secret)[1:-1])
    with Stubber(client_of(unreal)) as stubber:
        stubber.add_client_error("put_secret_value", "ValidationException", credentials.text().reveal())

        error = raised_by(lambda store: store.put(ARN, credentials, token=FIRST), unreal)

    assert error.why.endswith("with ValidationException: ***.")


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize(
    "broken",
    [
        EndpointConnectionError(endpoint_url=CLIENT_SECRET),
        ConnectTimeoutError(endpoint_url=CLIENT_SECRET),
        ReadTimeoutError(endpoint_url=CLIENT_SECRET),
        HTTPClientError(error=CLIENT_SECRET),
        NoCredentialsError(),
        ResponseParserError(CLIENT_SECRET),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_answer_is_told_by_the_errors_name_alone(
    unreal: SecretStore, method: str, broken: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise broken

    monkeypatch.setattr(client_of(unreal), method, fail)

    error = raised_by(CALLS[method], unreal)

    assert isinstance(error, TryLater)
    assert type(broken).__name__ in str(error)


@pytest.mark.parametrize("secret_id", ["", "arn:aws:secretsmanager:no where:1:secret:x", f"arn:aws:s3:::{'x' * 60}"])
def test_what_botocore_itself_refuses_is_told_without_its_values(store: SecretStore, secret_id: str) -> None:
    error = raised_by(lambda store: store.put(secret_id, ONE, token=FIRST), store)

    assert "properties do not fit PutSecretValue" in str(error) or error.why.startswith(
        (f'The secret "{secret_id}"', "Secrets Manager refused")
    )


MODEL = get_session().get_service_model("secretsmanager")


def test_the_fakes_limits_are_the_models() -> None:
    for operation, limits in INPUTS.items():
        shape = MODEL.operation_model(operation).input_shape
        assert shape is not None
        assert set(limits.members) <= set(shape.members)


def test_a_call_is_sent_as_the_model_says(unreal: SecretStore) -> None:
    answers: dict[str, Any] = {"ARN": ARN, "Name": NAME}
    with Stubber(client_of(unreal)) as stubber:
        value = {**answers, "VersionId": FIRST, "SecretString": ONE.text().reveal()}
        stubber.add_response("get_secret_value", value, {"SecretId": ARN, "VersionStage": PENDING, "VersionId": FIRST})
        token = {"SecretId": ARN, "SecretString": ONE.text().reveal(), "ClientRequestToken": FIRST}
        stubber.add_response("put_secret_value", {**answers, "VersionId": FIRST}, {**token, "VersionStages": [PENDING]})
        move = {"SecretId": ARN, "VersionStage": CURRENT, "MoveToVersionId": SECOND, "RemoveFromVersionId": FIRST}
        stubber.add_response("update_secret_version_stage", answers, move)
        take = {"SecretId": ARN, "VersionStage": PENDING, "RemoveFromVersionId": SECOND}
        stubber.add_response("update_secret_version_stage", answers, take)

        unreal.version(ARN, PENDING, FIRST)
        unreal.put(ARN, ONE, token=FIRST, stage=PENDING)
        unreal.make_current(ARN, SECOND, instead_of=FIRST)
        unreal.unstage(ARN, SECOND, PENDING)
        stubber.assert_no_pending_responses()


def test_the_errors_that_pass_are_the_models() -> None:
    operations = ("GetSecretValue", "DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage")
    errors = {error.name for operation in operations for error in MODEL.operation_model(operation).error_shapes}

    assert {error for error in errors if "Internal" in error} == {"InternalServiceError"}
    assert {"ResourceNotFoundException", "InvalidRequestException"} <= errors
