"""What only Cognito can find comes back in its own words, with what to do; nothing has changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.canaries import OWN_SECRET
from tests.fakes.cognito import ApiError
from tests.fixtures.templates import APP, BARE, CONFIDENTIAL
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, MARKER, POOL, UPDATE, World

type Json = dict[str, Any]

ONLY_COGNITO_KNOWS: list[Any] = [
    pytest.param({"AllowedOAuthScopes": ["api/fly"]}, "Invalid scope requested: api/fly", id="scope"),
    pytest.param(
        {"SupportedIdentityProviders": ["google"]},
        f"The provider google does not exist for User Pool {POOL}",
        id="identity provider",
    ),
    pytest.param({"ReadAttributes": ["shoe_size"]}, "Invalid read attributes specified while", id="read attribute"),
    pytest.param({"WriteAttributes": ["sub"]}, "Invalid write attributes specified while", id="write attribute"),
    pytest.param({"CallbackURLs": ["app.example.com"]}, "app.example.com must contain a scheme", id="relative URL"),
    pytest.param(
        {"ExplicitAuthFlows": ["ALLOW_TELEPATHY"]}, "Member must satisfy enum value set", id="flow that does not exist"
    ),
]


@pytest.mark.parametrize(("settings", "words"), ONLY_COGNITO_KNOWS)
def test_a_create_keeps_cognitos_words(world: World, settings: Json, words: str) -> None:
    answer = world.create({**BARE, "ClientName": "web", **settings})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert answer.reason.startswith(f'Could not create the app client "web" in user pool {POOL}: ')
    assert words in answer.reason
    assert "What to do: " in answer.reason
    assert world.calls() == [CREATE]
    assert world.client_ids() == []


@pytest.mark.parametrize(("settings", "words"), ONLY_COGNITO_KNOWS)
def test_an_update_keeps_cognitos_words_and_the_client_as_it_was(world: World, settings: Json, words: str) -> None:
    created = world.create({**BARE, "LogoutURLs": [APP]})
    before = world.settings(created.physical_id)
    world.calls()

    answer = world.update(created.physical_id, {**BARE, **settings}, {**BARE, "LogoutURLs": [APP]})

    assert (answer.status, answer.physical_id) == ("FAILED", created.physical_id)
    assert created.physical_id in answer.reason
    assert words in answer.reason
    assert world.calls() == [DESCRIBE, UPDATE]
    assert world.settings(created.physical_id) == before


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDeniedException", "allow the operation on this user pool to the role"),
        ("NotAuthorizedException", "allow the operation on this user pool to the role"),
        ("LimitExceededException", "delete app clients or CIMD policies that nobody uses"),
        ("ResourceNotFoundException", "check UserPoolId"),
        ("ScopeDoesNotExistException", "create the resource server first"),
        ("FeatureUnavailableInTierException", "choose a higher feature plan for the user pool"),
        ("OperationNotEnabledException", "enable the operation for the user pool"),
        ("InvalidParameterException", "correct the template"),
        ("SomethingNewException", "see Cognito's words"),
    ],
)
def test_each_of_cognitos_errors_comes_with_what_to_do(world: World, code: str, advice: str) -> None:
    world.fail(CREATE, ApiError(code, "Because."))

    answer = world.create(BARE)

    assert f"Cognito refused CreateUserPoolClient with {code}: Because." in answer.reason
    assert f"What to do: {advice}" in answer.reason


def test_a_pool_with_too_many_clients_is_told_at_once(world: World) -> None:
    world.fake.pools[POOL].client_limit = 0

    answer = world.create(BARE)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert "LimitExceededException" in answer.reason
    assert (world.calls(), world.clock.now) == ([CREATE], 0)


@pytest.mark.parametrize(
    "message",
    [
        f"1 validation error detected: Value '{OWN_SECRET}' at 'clientSecret' failed to satisfy constraint",
        f"Client secret {OWN_SECRET} is not allowed.",
    ],
)
def test_a_secret_that_cognito_quotes_on_create_is_masked(world: World, message: str) -> None:
    world.fail(CREATE, ApiError("InvalidParameterException", message))

    answer = world.create({**BARE, "ClientSecret": OWN_SECRET})

    assert answer.status == "FAILED"
    assert "***" in answer.reason


def test_a_secret_that_cognito_quotes_on_update_is_masked(world: World) -> None:
    created = world.create(CONFIDENTIAL)
    secret = created.data["ClientSecret"]
    world.fail(UPDATE, ApiError("InvalidParameterException", f"The secret {secret} is too old."))

    answer = world.update(created.physical_id, {**CONFIDENTIAL, "LogoutURLs": [APP]}, CONFIDENTIAL)

    assert answer.status == "FAILED"
    assert "The secret *** is too old" in answer.reason


@pytest.mark.parametrize("operation", [DESCRIBE, UPDATE, DELETE])
def test_a_secret_of_ones_own_that_cognito_quotes_anywhere_is_masked(world: World, operation: str) -> None:
    properties = {**BARE, "ClientSecret": OWN_SECRET}
    created = world.create(properties)
    world.fail(operation, ApiError("InvalidParameterException", f"The secret {OWN_SECRET} is too old."))

    answer = (
        world.delete(created.physical_id, properties)
        if operation == DELETE
        else world.update(created.physical_id, {**properties, "LogoutURLs": [APP]}, properties)
    )

    assert answer.status == "FAILED"
    assert "The secret *** is too old" in answer.reason
