"""Whatever CloudFormation sends after a failure, the stack gets its old client and its old settings back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.canaries import OTHER_SECRET, OWN_SECRET
from tests.fakes.cognito import ApiError
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL, EVERYTHING, EXAMPLES, MOBILE, effective
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, FRANKFURT_POOL, OTHER_POOL, UPDATE, World

type Json = dict[str, Any]

OLD: Json = {**CONFIDENTIAL, "CallbackURLs": [APP], "RefreshTokenValidity": "60"}

REPLACEMENTS = [
    pytest.param(BARE, {"UserPoolId": OTHER_POOL}, id="UserPoolId"),
    pytest.param(BARE, {"UserPoolId": FRANKFURT_POOL}, id="UserPoolId in another Region"),
    pytest.param({**BARE, "GenerateSecret": "false"}, CONFIDENTIAL, id="GenerateSecret becomes true"),
    pytest.param(CONFIDENTIAL, {**BARE, "GenerateSecret": "false"}, id="GenerateSecret becomes false"),
    pytest.param(
        {**BARE, "ClientSecret": OWN_SECRET}, {**BARE, "ClientSecret": OTHER_SECRET}, id="ClientSecret changes"
    ),
]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *[
            pytest.param(OLD, {**CONFIDENTIAL, **EXAMPLES["CallbackURLs"], **example}, id=name)
            for name, example in EXAMPLES.items()
        ],
        pytest.param(OLD, EVERYTHING, id="everything comes"),
        pytest.param(EVERYTHING, CONFIDENTIAL, id="everything leaves"),
    ],
)
def test_an_update_in_place_is_taken_back(world: World, old: Json, new: Json) -> None:
    created = world.create(old)
    before = world.settings(created.physical_id)
    world.update(created.physical_id, new, old)
    assert effective(world.settings(created.physical_id)) != effective(before)
    world.calls()

    answer = world.update(created.physical_id, old, new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert world.calls() == [DESCRIBE, UPDATE]
    assert effective(world.settings(created.physical_id)) == effective(before)


def test_settings_made_elsewhere_survive_a_rollback_too(world: World) -> None:
    created = world.create(OLD)
    world.set_elsewhere(created.physical_id, LogoutURLs=[MOBILE], AuthSessionValidity=9)
    before = world.settings(created.physical_id)
    new = {**CONFIDENTIAL, "PreventUserExistenceErrors": "ENABLED"}
    world.update(created.physical_id, new, OLD)

    world.update(created.physical_id, OLD, new)

    assert effective(world.settings(created.physical_id)) == effective(before)


@pytest.mark.parametrize(
    ("new", "refused_by"),
    [
        pytest.param({**OLD, "AuthSessionValidity": "soon"}, "us, before any call", id="no valid property"),
        pytest.param({**OLD, "DefaultRedirectURI": MOBILE}, "us, before any write", id="no valid combination"),
        pytest.param({**OLD, "AllowedOAuthScopes": ["nobody/knows"]}, "Cognito", id="refused by Cognito"),
    ],
)
def test_an_update_that_failed_has_changed_nothing_and_its_rollback_changes_nothing(
    world: World, new: Json, refused_by: str
) -> None:
    created = world.create(OLD)
    before = world.settings(created.physical_id)

    failed = world.update(created.physical_id, new, OLD)
    rolled_back = world.update(created.physical_id, OLD, new)

    assert (failed.status, failed.physical_id) == ("FAILED", created.physical_id), refused_by
    assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", created.physical_id)
    assert world.settings(created.physical_id) == before
    assert world.client_ids() == [created.physical_id]


def test_an_update_whose_answer_was_lost_is_taken_back(world: World) -> None:
    created = world.create(OLD)
    before = world.settings(created.physical_id)
    new = {**CONFIDENTIAL, "LogoutURLs": [MOBILE]}
    with world.failing(UPDATE, "read-timeout", after=True):
        failed = world.update(created.physical_id, new, OLD)
    assert failed.status == "FAILED"
    assert effective(world.settings(created.physical_id)) != effective(before)

    rolled_back = world.update(created.physical_id, OLD, new)

    assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", created.physical_id)
    assert effective(world.settings(created.physical_id)) == effective(before)


@pytest.mark.parametrize(("old", "new"), REPLACEMENTS)
def test_after_a_replacement_a_delete_of_the_new_client_is_all_that_is_needed(
    world: World, old: Json, new: Json
) -> None:
    created = world.create(old)
    before = world.settings(created.physical_id)
    replaced = world.update(created.physical_id, new, old)
    world.calls()

    answer = world.delete(replaced.physical_id, new)

    assert (answer.status, world.calls()) == ("SUCCESS", [DELETE])
    assert replaced.physical_id not in world.client_ids(new["UserPoolId"])
    assert world.settings(created.physical_id, pool_id=old["UserPoolId"]) == before


@pytest.mark.parametrize(("old", "new"), REPLACEMENTS)
def test_after_a_replacement_an_update_of_the_new_client_makes_one_as_it_was(
    world: World, old: Json, new: Json
) -> None:
    created = world.create(old)
    before = world.settings(created.physical_id)
    replaced = world.update(created.physical_id, new, old)

    answer = world.update(replaced.physical_id, old, new)

    assert answer.status == "SUCCESS"
    assert answer.physical_id in world.client_ids(old["UserPoolId"])
    assert answer.physical_id != replaced.physical_id
    assert effective(world.settings(answer.physical_id, pool_id=old["UserPoolId"])) == effective(before)
    assert answer.data["GenerateSecret"] == created.data["GenerateSecret"]

    # CloudFormation deletes what is not the resource's any more.
    for physical_id, properties in ((replaced.physical_id, new), (created.physical_id, old)):
        assert world.delete(physical_id, properties).status == "SUCCESS"
    left = [client_id for pool_id in world.fake.pools for client_id in world.client_ids(pool_id)]
    assert left == [answer.physical_id]


def test_a_secret_that_the_template_never_mentioned_is_no_wish_of_a_rollback_either(world: World) -> None:
    created = world.create(BARE)
    replaced = world.update(created.physical_id, CONFIDENTIAL, BARE)

    answer = world.update(replaced.physical_id, BARE, CONFIDENTIAL)

    assert (answer.status, answer.physical_id) == ("SUCCESS", replaced.physical_id)


def test_a_failed_create_is_followed_by_a_delete_that_finds_nothing(world: World) -> None:
    world.fail(CREATE, ApiError("LimitExceededException", "Maximum number of user pool clients exceeded."))
    failed = world.create(BARE)
    world.calls()

    deleted = world.delete(failed.physical_id, BARE)

    assert (failed.status, deleted.status) == ("FAILED", "SUCCESS")
    assert world.calls() == []


def test_an_update_that_failed_after_it_made_a_new_client_lets_cloudformation_delete_that_one(world: World) -> None:
    created = world.create(BARE)

    def nonsense(operation: str, reply: Json) -> None:
        if operation == CREATE:
            reply["UserPoolClient"]["CallbackURLs"] = [7]

    world.on_reply = nonsense

    failed = world.update(created.physical_id, CONFIDENTIAL, BARE)
    deleted = world.delete(failed.physical_id, CONFIDENTIAL)

    assert failed.status == "FAILED"
    assert failed.physical_id != created.physical_id
    assert deleted.status == "SUCCESS"
    assert world.client_ids() == [created.physical_id]
