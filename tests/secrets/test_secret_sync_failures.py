"""If storing a secret fails, the rollback leaves nothing, and no secret is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OWN_SECRET, leaked
from tests.fakes.cognito import ApiError
from tests.fakes.secrets_manager import (
    CANNOT_DECRYPT,
    CANNOT_ENCRYPT,
    KMS_DENIED,
    NOT_FOUND,
    SERVER_ERROR,
    THROTTLED,
    TOO_MANY,
    denied,
)
from tests.fixtures.stored_secrets import DESCRIBE_POOL, DESCRIBE_SECRET, GET, LIST, NAME, PUT, Kept, own
from tests.fixtures.world import MARKER, OTHER_POOL, POOL

if TYPE_CHECKING:
    from tests.fakes.cognito import ConnectionFault


type Json = dict[str, Any]


REFUSALS = [
    pytest.param(denied(PUT, NAME), id="no permission"),
    pytest.param(KMS_DENIED, id="no permission for the key"),
    pytest.param(CANNOT_ENCRYPT, id="the key is disabled"),
    pytest.param(ApiError("LimitExceededException", TOO_MANY), id="too many versions"),
    pytest.param(ApiError("ResourceNotFoundException", NOT_FOUND), id="the secret is gone"),
    pytest.param(ApiError("NewException", "Something new."), id="an error that nobody knows"),
    pytest.param(SERVER_ERROR, id="an error of the service"),
    pytest.param(THROTTLED, id="throttled"),
    pytest.param("dns", id="no name"),
    pytest.param("connect-error", id="no connection"),
    pytest.param("connection-closed", id="cut off"),
    pytest.param("read-timeout", id="no answer"),
]
ON_THE_WAY = [
    pytest.param(LIST, ApiError("AccessDeniedException", "not authorized"), id=LIST),
    pytest.param(DESCRIBE_POOL, ApiError("AccessDeniedException", "not authorized"), id=DESCRIBE_POOL),
]


@pytest.mark.parametrize("failure", REFUSALS)
@pytest.mark.parametrize("properties", [{}, {"GenerateSecret": "false", "ClientSecret": OWN_SECRET}])
def test_if_storing_fails_the_answer_has_the_clients_id_and_the_rollback_leaves_nothing(
    kept: Kept, failure: ApiError | ConnectionFault, properties: Json
) -> None:
    template = kept.template(**properties)

    with kept.failing(PUT, failure):
        failed = kept.world.create(template)

    assert (failed.status, [failed.physical_id]) == ("FAILED", kept.world.client_ids())
    assert f'"{kept.arn}"' in failed.reason
    assert "What to do: " in failed.reason
    assert kept.world.delete(failed.physical_id, template).status == "SUCCESS"
    assert (kept.world.client_ids(), kept.secrets.text(kept.arn)) == ([], None)
    again = kept.world.create(template)
    assert again.status == "SUCCESS"
    assert kept.is_sound()


@pytest.mark.parametrize(("operation", "failure"), ON_THE_WAY)
def test_if_cognito_refuses_what_storing_needs_the_rollback_leaves_nothing_either(
    kept: Kept, operation: str, failure: ApiError
) -> None:
    kept.world.fail(operation, failure)

    failed = kept.world.create(kept.template())

    assert (failed.status, [failed.physical_id]) == ("FAILED", kept.world.client_ids())
    assert operation in failed.reason
    assert kept.world.delete(failed.physical_id, kept.template()).status == "SUCCESS"
    assert (kept.world.client_ids(), kept.secrets.text(kept.arn)) == ([], None)


def test_if_only_the_answer_to_storing_is_lost_storing_is_tried_again(kept: Kept) -> None:
    kept.secrets.fail(PUT, "read-timeout", times=3, after=True)

    answer = kept.world.create(kept.template())

    assert answer.status == "SUCCESS"
    assert len(kept.secrets.stages(kept.arn)) == 1
    assert kept.is_sound()


def test_if_no_answer_to_storing_ever_comes_the_rollback_deletes_the_client(kept: Kept) -> None:
    with kept.failing(PUT, "read-timeout", after=True):
        failed = kept.world.create(kept.template())

    assert (failed.status, [failed.physical_id]) == ("FAILED", kept.world.client_ids())
    assert kept.world.delete(failed.physical_id, kept.template()).status == "SUCCESS"
    assert kept.world.client_ids() == []


UNREADABLE = [
    pytest.param(GET, denied(GET, NAME), id="no permission"),
    pytest.param(DESCRIBE_SECRET, denied(DESCRIBE_SECRET, NAME), id="no permission to describe"),
    pytest.param(GET, KMS_DENIED, id="no permission for the key"),
    pytest.param(GET, CANNOT_DECRYPT, id="the key is disabled"),
]


@pytest.mark.parametrize(("operation", "failure"), UNREADABLE)
@pytest.mark.parametrize("properties", [{}, {"GenerateSecret": "false", "ClientSecret": OWN_SECRET}])
def test_if_the_secret_cannot_be_read_nothing_is_made(
    kept: Kept, operation: str, failure: ApiError, properties: Json
) -> None:
    kept.secrets.forbidden[operation] = failure
    template = kept.template(**properties)

    failed = kept.world.create(template)

    assert (failed.status, failed.physical_id) == ("FAILED", MARKER)
    assert failure.message.rstrip(".") in failed.reason
    assert kept.world.client_ids() == []
    assert kept.world.delete(failed.physical_id, template).status == "SUCCESS"


@pytest.mark.parametrize("properties", [{}, {"GenerateSecret": "false", "ClientSecret": OWN_SECRET}])
def test_if_the_secret_is_not_there_nothing_is_made(kept: Kept, properties: Json) -> None:
    template = kept.template(SecretId="user-pool-client/not-there", **properties)

    failed = kept.world.create(template)

    assert (failed.status, failed.physical_id) == ("FAILED", MARKER)
    assert NOT_FOUND.rstrip(".") in failed.reason
    assert "check SecretId: the secret must exist" in failed.reason
    assert kept.world.delete(failed.physical_id, template).status == "SUCCESS"
    assert kept.world.client_ids() == []


def test_if_the_secret_is_about_to_be_deleted_nothing_is_made_and_the_reason_says_so(kept: Kept) -> None:
    kept.secrets.schedule_deletion(kept.arn)

    failed = kept.world.create(kept.template())

    assert (failed.status, failed.physical_id, kept.world.client_ids()) == ("FAILED", MARKER, [])
    assert f'The secret "{kept.arn}" is about to be deleted.' in failed.reason
    assert "restore it, or give another SecretId" in failed.reason


def test_a_permission_that_is_missing_is_named_with_the_parameter_that_gives_it(kept: Kept) -> None:
    kept.secrets.forbidden[GET] = denied(GET, kept.arn)

    failed = kept.world.create(kept.template())

    assert "name the secret so that the parameter SecretArns of the stack behind the service token allows it" in (
        failed.reason
    )


@pytest.mark.parametrize("failure", REFUSALS)
def test_if_storing_the_secret_of_a_replacement_fails_the_old_client_and_the_old_secret_stay(
    kept: Kept, failure: ApiError | ConnectionFault
) -> None:
    old = kept.made()
    kept.rotate()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)

    with kept.failing(PUT, failure):
        failed = kept.world.update(old, new, kept.template())
    deleted = kept.world.delete(failed.physical_id, new)

    assert failed.status == "FAILED"
    assert failed.physical_id != old
    assert deleted.status == "SUCCESS"
    assert (kept.world.client_ids(OTHER_POOL), kept.world.client_ids()) == ([], [old])
    assert kept.current() == before
    assert kept.is_sound()


def test_if_no_answer_to_storing_the_secret_of_a_replacement_comes_the_rollback_puts_the_old_one_back(
    kept: Kept,
) -> None:
    old = kept.made()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)

    with kept.failing(PUT, "read-timeout", after=True):
        failed = kept.world.update(old, new, kept.template())
    assert kept.current()["client_id"] == failed.physical_id
    deleted = kept.world.delete(failed.physical_id, new)

    assert (failed.status, deleted.status) == ("FAILED", "SUCCESS")
    assert kept.current() == before
    assert kept.is_sound()


@pytest.mark.parametrize(("operation", "failure"), UNREADABLE)
def test_if_the_secret_for_a_replacement_cannot_be_read_nothing_is_made(
    kept: Kept, operation: str, failure: ApiError
) -> None:
    template = own(kept)
    old = kept.world.create(template).physical_id
    other = kept.secrets.create("somewhere/else")
    kept.secrets.forbidden[operation] = failure

    failed = kept.world.update(old, own(kept, UserPoolId=OTHER_POOL, SecretId=other), template)

    assert (failed.status, failed.physical_id) == ("FAILED", old)
    assert kept.world.client_ids(OTHER_POOL) == []


@pytest.mark.parametrize("failure", REFUSALS)
def test_if_storing_fails_when_secret_id_comes_the_rollback_gives_the_secret_as_before(
    kept: Kept, failure: ApiError | ConnectionFault
) -> None:
    before = {"UserPoolId": POOL, "GenerateSecret": "true"}
    created = kept.world.create(before)

    with kept.failing(PUT, failure):
        failed = kept.world.update(created.physical_id, kept.template(), before)
    rolled_back = kept.world.roll_back(created.physical_id, before, kept.template())

    assert (failed.status, failed.physical_id) == ("FAILED", created.physical_id)
    assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", created.physical_id)
    assert rolled_back.data["ClientSecret"] == created.data["ClientSecret"]
    assert rolled_back.no_echo


@pytest.mark.parametrize("readable", [True, False])
def test_if_storing_fails_when_secret_id_changes_the_rollback_finds_the_secret_where_it_was(
    kept: Kept, readable: bool
) -> None:
    client_id = kept.made()
    kept.rotate()
    before = kept.current()
    other = kept.secrets.create("somewhere/else")
    if readable:
        kept.secrets.fail(PUT, denied(PUT, other))
    else:
        kept.secrets.on_call = lambda _operation, params: (
            kept.secrets.fail("*", denied(GET, other)) if params["SecretId"] == other else None
        )

    failed = kept.world.update(client_id, kept.template(SecretId=other), kept.template())
    rolled_back = kept.world.roll_back(client_id, kept.template(), kept.template(SecretId=other))

    assert (failed.status, failed.physical_id) == ("FAILED", client_id)
    assert (rolled_back.status, rolled_back.data["SecretArn"]) == ("SUCCESS", kept.arn)
    assert kept.current() == before


def test_a_refusal_that_quotes_the_value_is_told_without_it(kept: Kept) -> None:
    def quote(operation: str, params: Json) -> None:
        if operation == PUT:
            quoted = f"1 validation error detected: Value '{params['SecretString']}' at 'secretString' failed"
            kept.secrets.fail(PUT, ApiError("ValidationException", quoted))

    kept.secrets.on_call = quote

    failed = kept.world.create(kept.template())

    assert failed.status == "FAILED"
    assert "Value '***' at 'secretString' failed" in failed.reason
    kept.watch()
    assert not leaked(failed.reason)
