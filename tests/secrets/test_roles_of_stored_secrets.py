"""The role in a stored value follows the template, and the client that a value names is asked for with that role."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.cognito import ApiError
from tests.fakes.secrets_manager import PREVIOUS, SERVER_ERROR
from tests.fixtures.stored_secrets import ADD, DESCRIBE_POOL, ENDPOINT, PUT, REMOVE, Kept, a_kept_world
from tests.fixtures.templates import APP
from tests.fixtures.world import OTHER_POOL, POOL

type Json = dict[str, Any]

FOREIGN_POOL, ACCOUNT = "us-east-1_foreign", "222222222222"
ROLE, OTHER_ROLE, GUARDED = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("app-clients", "others", "guarded"))


def in_another_account(kept: Kept, **properties: Any) -> Json:
    """Return the properties of a client in another account, where three roles may be assumed."""
    if FOREIGN_POOL not in kept.world.fake.pools:
        kept.world.fake.add_pool(FOREIGN_POOL, account=ACCOUNT)
        kept.sts.allow(ROLE)
        kept.sts.allow(OTHER_ROLE)
        kept.sts.allow(GUARDED, "shop-7")
    return kept.template(**{"UserPoolId": FOREIGN_POOL, "RoleArn": ROLE, **properties})


@pytest.mark.parametrize("rotations", [0, 1, 2])
@pytest.mark.parametrize(
    ("before", "after", "role_arn", "external_id"),
    [
        ({"RoleArn": ROLE}, {"RoleArn": OTHER_ROLE}, OTHER_ROLE, None),
        ({"RoleArn": ROLE}, {"RoleArn": GUARDED, "ExternalId": "shop-7"}, GUARDED, "shop-7"),
        ({"RoleArn": GUARDED, "ExternalId": "shop-7"}, {"RoleArn": ROLE}, ROLE, None),
    ],
)
def test_the_role_in_the_value_follows_the_template_with_the_same_secret(
    kept: Kept, rotations: int, before: Json, after: Json, role_arn: str, external_id: str | None
) -> None:
    old, new = in_another_account(kept, **before), in_another_account(kept, **after)
    client_id = kept.made(**old)
    for _ in range(rotations):
        kept.rotate()
    stored, values = kept.current(), kept.values(client_id, pool_id=FOREIGN_POOL)
    kept.forget()

    answer = kept.world.update(client_id, new, old)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id), answer.reason
    assert answer.data["SecretVersionId"] == kept.secrets.version_id(kept.arn)
    assert (kept.current()["role_arn"], "external_id" in kept.current()) == (role_arn, False)
    rest = {name: text for name, text in stored.items() if name != "role_arn"}
    assert rest.items() <= kept.current().items()
    assert kept.values(client_id, pool_id=FOREIGN_POOL) == values
    assert not {ADD, REMOVE} & set(kept.calls())
    kept.rotate()
    assert kept.is_sound()
    assert kept.sts.calls[-1].params.get("ExternalId") == external_id


def test_a_role_that_leaves_the_template_leaves_the_value(kept: Kept) -> None:
    old = in_another_account(kept)
    client_id = kept.made(**old)
    kept.world.fake.pools[FOREIGN_POOL].account = kept.world.fake.pools[POOL].account
    new = {name: value for name, value in old.items() if name != "RoleArn"}

    answer = kept.world.update(client_id, new, old)

    assert answer.status == "SUCCESS", answer.reason
    assert "role_arn" not in kept.current()


def test_the_rollback_of_another_role_lets_the_value_be_as_before(kept: Kept) -> None:
    old, new = in_another_account(kept), in_another_account(kept, RoleArn=OTHER_ROLE)
    client_id = kept.made(**old)
    before, version = kept.current(), kept.secrets.version_id(kept.arn)
    kept.world.update(client_id, new, old)

    assert kept.world.roll_back(client_id, old, new).status == "SUCCESS"

    assert (kept.current(), kept.secrets.version_id(kept.arn)) == (before, version)


def test_a_domain_that_the_pool_has_got_since_is_in_the_value_after_an_update() -> None:
    with a_kept_world(domain="") as kept:
        client_id = kept.made()
        kept.world.fake.pools[POOL].domain = "shop"

        answer = kept.world.update(client_id, kept.template(LogoutURLs=[APP]), kept.template())

        assert answer.status == "SUCCESS"
        assert kept.current()["token_endpoint"] == ENDPOINT
        assert kept.current(stage=PREVIOUS)["client_secret"] == kept.current()["client_secret"]
        assert kept.is_sound()


@pytest.mark.parametrize("change", [{}, {"LogoutURLs": [APP]}])
def test_a_value_that_is_right_is_not_written_again(kept: Kept, change: Json) -> None:
    client_id = kept.made()
    kept.rotate()
    stages = kept.secrets.stages(kept.arn)
    kept.forget()

    kept.world.update(client_id, kept.template(**change), kept.template())

    assert PUT not in kept.asked
    assert kept.secrets.stages(kept.arn) == stages


def test_an_update_does_not_fail_because_the_pools_domain_may_not_be_asked_for(
    kept: Kept,
) -> None:
    client_id = kept.made()
    before = kept.current()
    kept.world.fail(DESCRIBE_POOL, ApiError("AccessDeniedException", "not authorized"))

    answer = kept.world.update(client_id, kept.template(LogoutURLs=[APP]), kept.template())

    assert (answer.status, kept.current()) == ("SUCCESS", before)


# The former client of a replacement


@pytest.mark.parametrize(
    "role", [{"RoleArn": ROLE}, {"RoleArn": GUARDED, "ExternalId": "shop-7"}], ids=["a role", "with an ExternalId"]
)
def test_whether_the_former_client_still_exists_is_asked_with_its_role(kept: Kept, role: Json) -> None:
    old, new = in_another_account(kept, **role), kept.template(UserPoolId=OTHER_POOL)
    first = kept.made(**old)
    before = kept.current()
    replaced = kept.world.update(first, new, old)

    deleted = kept.world.delete(replaced.physical_id, new)

    assert deleted.status == "SUCCESS"
    assert kept.current() == before
    assert kept.is_sound()


def test_where_the_former_clients_role_is_refused_the_delete_goes_on(kept: Kept) -> None:
    old, new = in_another_account(kept), kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(kept.made(**old), new, old)
    del kept.sts.roles[ROLE]
    kept.world.other_process()

    deleted = kept.world.delete(replaced.physical_id, new)

    assert (deleted.status, kept.world.client_ids(OTHER_POOL)) == ("SUCCESS", [])
    assert "Not restored" in kept.world.logged.getvalue()


def test_a_former_client_whose_stored_secret_was_deleted_does_not_become_current_again(kept: Kept) -> None:
    old, new = kept.template(), kept.template(UserPoolId=OTHER_POOL)
    first = kept.made()
    replaced = kept.world.update(first, new, old)
    kept.world.lose_original_secret(first)
    before = kept.secrets.stages(kept.arn)

    assert kept.world.delete(replaced.physical_id, new).status == "SUCCESS"

    assert kept.secrets.stages(kept.arn) == before


def test_where_the_former_client_cannot_be_asked_for_just_now_the_delete_is_tried_again(kept: Kept) -> None:
    old, new = kept.template(), kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(kept.made(), new, old)

    with kept.world.failing("DescribeUserPoolClient", SERVER_ERROR):
        failed = kept.world.delete(replaced.physical_id, new)

    assert (failed.status, kept.world.client_ids(OTHER_POOL)) == ("FAILED", [replaced.physical_id])
