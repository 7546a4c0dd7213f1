"""What becomes of AWSCURRENT when a client is imported, released, or given back by a rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.secrets_manager import CANNOT_DECRYPT, KMS_DENIED, denied
from tests.fixtures.stored_secrets import DESCRIBE_SECRET, GET, MOVE, NAME, PUT, WRITES, Kept
from tests.fixtures.templates import APP, MOBILE
from tests.fixtures.world import POOL

if TYPE_CHECKING:
    from tests.fakes.cognito import ApiError

type Json = dict[str, Any]

UNREADABLE = [
    pytest.param(GET, denied(GET, NAME), id="no permission"),
    pytest.param(DESCRIBE_SECRET, denied(DESCRIBE_SECRET, NAME), id="no permission to describe"),
    pytest.param(GET, KMS_DENIED, id="no permission for the key"),
    pytest.param(GET, CANNOT_DECRYPT, id="the key is disabled"),
]


def existing(kept: Kept) -> str:
    """Return the ID of a client with a secret that was created outside the stack."""
    kept.world.clock.now += 1
    return kept.world.existing(GenerateSecret=True, LogoutURLs=[MOBILE])


def imports(kept: Kept, client_id: str, **properties: Any) -> Json:
    return {"UserPoolId": POOL, "ImportId": f"{POOL}/{client_id}", "SecretId": kept.arn, **properties}


@pytest.mark.parametrize(("operation", "failure"), UNREADABLE)
def test_an_import_whose_secret_may_not_be_read_fails_before_anything_is_changed(
    kept: Kept, operation: str, failure: ApiError
) -> None:
    client_id = existing(kept)
    template = imports(kept, client_id, LogoutURLs=[APP], SSOSession={"MaxValidityMinutes": "5"})
    before = kept.world.fake.described(POOL, client_id)
    kept.secrets.forbidden[operation] = failure

    failed = kept.world.create(template)

    assert (failed.status, failed.physical_id) == ("FAILED", client_id)
    assert failure.message.rstrip(".") in failed.reason
    assert not WRITES & set(kept.asked)
    with kept.world.rolling_back("ROLLBACK_IN_PROGRESS"):
        deleted = kept.world.delete(client_id, template)
    assert deleted.status == "SUCCESS"
    assert kept.world.fake.described(POOL, client_id) == before


def test_an_import_whose_client_secret_is_known_nowhere_fails_before_anything_is_changed(kept: Kept) -> None:
    client_id = existing(kept)
    kept.world.lose_original_secret(client_id)
    before = kept.world.settings(client_id)
    kept.forget()

    failed = kept.world.create(imports(kept, client_id, LogoutURLs=[APP]))

    assert (failed.status, failed.physical_id) == ("FAILED", client_id)
    assert "Cognito no longer shows the secret" in failed.reason
    assert not WRITES & set(kept.asked)
    assert kept.world.settings(client_id) == before


@pytest.mark.parametrize(("operation", "failure"), UNREADABLE)
def test_an_update_that_imports_another_client_fails_before_anything_is_changed(
    kept: Kept, operation: str, failure: ApiError
) -> None:
    first, second = existing(kept), existing(kept)
    kept.world.create(imports(kept, first))
    before = [kept.world.settings(client_id) for client_id in (first, second)]
    kept.forget()
    if operation == DESCRIBE_SECRET:  # asked only where there is no value
        kept.secrets.delete_at_once(kept.arn)
        kept.arn = kept.secrets.create(NAME)
    kept.secrets.forbidden[operation] = failure

    failed = kept.world.update(first, imports(kept, second, LogoutURLs=[APP]), imports(kept, first))

    assert (failed.status, failed.physical_id) == ("FAILED", first)
    assert not WRITES & set(kept.asked)
    assert [kept.world.settings(client_id) for client_id in (first, second)] == before


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_releasing_a_client_leaves_current_with_a_secret_that_cognito_takes(kept: Kept, rotations: int) -> None:
    first, second = existing(kept), existing(kept)
    kept.world.create(imports(kept, first))
    kept.world.update(first, imports(kept, second), imports(kept, first))
    kept.world.delete(first, imports(kept, first))
    for _ in range(rotations):
        kept.rotate()
    before = kept.secrets.stages(kept.arn)
    kept.forget()

    with kept.world.rolling_back("DELETE_IN_PROGRESS"):
        deleted = kept.world.delete(second, imports(kept, second))

    assert deleted.status == "SUCCESS"
    assert (kept.secrets.stages(kept.arn), kept.current()["client_id"]) == (before, second)
    assert kept.is_sound()
    assert not {GET, MOVE} & set(kept.asked)


def test_releasing_a_client_does_not_bring_back_a_former_client_that_programs_no_longer_use(kept: Kept) -> None:
    """Both clients are there, but the one before was the secret's owner long ago."""
    former = kept.made()
    kept.rotate()
    client_id = existing(kept)
    kept.world.create(imports(kept, client_id), LogicalResourceId="Imported")

    kept.world.delete(client_id, imports(kept, client_id), LogicalResourceId="Imported")

    assert kept.current()["client_id"] == client_id != former
    assert kept.is_sound()


@pytest.mark.parametrize("status", ["ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"])
def test_a_failed_import_that_is_taken_back_gives_the_secret_back(kept: Kept, status: str) -> None:
    former = kept.made()
    before = kept.current()
    client_id = existing(kept)
    kept.world.create(imports(kept, client_id), LogicalResourceId="Imported")
    assert kept.current()["client_id"] == client_id

    with kept.world.rolling_back(status):
        deleted = kept.world.delete(client_id, imports(kept, client_id), LogicalResourceId="Imported")

    assert (deleted.status, kept.current()) == ("SUCCESS", before)
    assert before["client_id"] == former
    assert kept.is_sound()


def test_what_a_rotation_has_made_since_a_failed_import_stays(kept: Kept) -> None:
    kept.made()
    client_id = existing(kept)
    kept.world.create(imports(kept, client_id), LogicalResourceId="Imported")
    kept.rotate()
    before = kept.current()

    with kept.world.rolling_back("ROLLBACK_IN_PROGRESS"):
        kept.world.delete(client_id, imports(kept, client_id), LogicalResourceId="Imported")

    assert (kept.current(), before["client_id"]) == (before, client_id)
    assert kept.is_sound()


def test_a_failed_import_does_not_give_a_secret_back_that_cognito_refuses(kept: Kept) -> None:
    former = kept.made()
    client_id = existing(kept)
    kept.world.create(imports(kept, client_id), LogicalResourceId="Imported")
    kept.world.lose_original_secret(former)

    with kept.world.rolling_back("ROLLBACK_IN_PROGRESS"):
        kept.world.delete(client_id, imports(kept, client_id), LogicalResourceId="Imported")

    assert kept.current()["client_id"] == client_id
    assert kept.is_sound()


def test_an_import_of_another_client_that_is_rolled_back_lets_current_name_the_first_one(kept: Kept) -> None:
    first, second = existing(kept), existing(kept)
    kept.world.create(imports(kept, first))
    before, new = kept.current(), imports(kept, second)
    kept.world.update(first, new, imports(kept, first))

    answer = kept.world.roll_back(second, imports(kept, first), new)

    assert (answer.status, answer.physical_id, kept.current()) == ("SUCCESS", first, before)
    assert kept.is_sound()


@pytest.mark.parametrize("operation", [GET, PUT, MOVE])
def test_the_delete_of_an_import_never_fails_whatever_cannot_be_read_or_moved(kept: Kept, operation: str) -> None:
    kept.made()
    client_id = existing(kept)
    kept.world.create(imports(kept, client_id), LogicalResourceId="Imported")
    kept.secrets.forbidden[operation] = denied(operation, NAME)

    with kept.world.rolling_back("ROLLBACK_IN_PROGRESS"):
        deleted = kept.world.delete(client_id, imports(kept, client_id), LogicalResourceId="Imported")

    assert deleted.status == "SUCCESS"
