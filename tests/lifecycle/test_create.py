"""A Create makes one client, just as the template says, with one call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OWN_SECRET
from tests.fixtures.templates import (
    APP,
    BARE,
    CONFIDENTIAL,
    DERIVED_NAME,
    EVERYTHING,
    EXAMPLES,
    MOBILE,
    ROLE_ARN,
    effective,
)
from tests.fixtures.world import CREATE, MARKER, POOL, World
from user_pool_client.domain.properties import CREATABLE, PUBLISH, UPDATABLE

if TYPE_CHECKING:
    from collections.abc import Mapping


def test_a_user_pool_id_is_all_that_is_needed(world: World) -> None:
    answer = world.create(BARE)

    assert (answer.status, answer.physical_id) == ("SUCCESS", world.client_ids()[0])
    assert world.calls() == [CREATE]
    assert effective(world.settings(answer.physical_id)) == effective({"ClientName": DERIVED_NAME})


def test_the_answer_tells_everything_about_a_client_that_has_only_defaults(world: World) -> None:
    answer = world.create(BARE)

    assert answer.data == {
        "ClientId": answer.physical_id,
        "UserPoolId": POOL,
        "Id": f"{POOL}/{answer.physical_id}",
        "Issuer": f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}",
        "DiscoveryUrl": f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}/.well-known/openid-configuration",
        "JwksUri": f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}/.well-known/jwks.json",
        "Name": DERIVED_NAME,
        "ClientName": DERIVED_NAME,
        "CreationDate": "2027-01-15T08:00:00Z",
        "LastModifiedDate": "2027-01-15T08:00:00Z",
        "GenerateSecret": "false",
        "PublishSecretsInAWSSecretsManager": "false",
        "AccessTokenValidity": "1",
        "IdTokenValidity": "1",
        "RefreshTokenValidity": "30",
        "TokenValidityUnits.AccessToken": "hours",
        "TokenValidityUnits.IdToken": "hours",
        "TokenValidityUnits.RefreshToken": "days",
        "ReadAttributes": "",
        "WriteAttributes": "",
        "ExplicitAuthFlows": "ALLOW_CUSTOM_AUTH,ALLOW_REFRESH_TOKEN_AUTH,ALLOW_USER_SRP_AUTH",
        "SupportedIdentityProviders": "",
        "CallbackURLs": "",
        "LogoutURLs": "",
        "DefaultRedirectURI": "",
        "AllowedOAuthFlows": "",
        "AllowedOAuthScopes": "",
        "AllowedOAuthFlowsUserPoolClient": "false",
        "AnalyticsConfiguration.ApplicationArn": "",
        "AnalyticsConfiguration.ApplicationId": "",
        "AnalyticsConfiguration.RoleArn": "",
        "AnalyticsConfiguration.ExternalId": "",
        "AnalyticsConfiguration.UserDataShared": "false",
        "PreventUserExistenceErrors": "LEGACY",
        "EnableTokenRevocation": "true",
        "EnablePropagateAdditionalUserContextData": "false",
        "AuthSessionValidity": "3",
        "RefreshTokenRotation.Feature": "DISABLED",
        "RefreshTokenRotation.RetryGracePeriodSeconds": "0",
        "ClientType": "REGULAR",
        "SSOSession.MaxValidityMinutes": "60",
        "CIMDPolicy.PolicyName": "",
        "CIMDPolicy.CacheDuration": "",
        "CIMDPolicy.URLPatterns": "",
    }


def test_every_setting_reaches_cognito_as_the_template_says(world: World) -> None:
    answer = world.create(EVERYTHING)

    assert answer.status == "SUCCESS"
    assert world.calls() == [CREATE]
    assert effective(world.settings(answer.physical_id)) == {
        "ClientName": "everything",
        "AccessTokenValidity": "1800 seconds",
        "IdTokenValidity": "2700 seconds",
        "RefreshTokenValidity": "86400 seconds",
        "ReadAttributes": {"email", "custom:tenant"},
        "WriteAttributes": {"email"},
        "ExplicitAuthFlows": {"ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH"},
        "SupportedIdentityProviders": {"COGNITO", "Google"},
        "CallbackURLs": {APP, MOBILE},
        "LogoutURLs": {"http://localhost:8080"},
        "DefaultRedirectURI": APP,
        "AllowedOAuthFlows": {"code"},
        "AllowedOAuthScopes": {"openid", "api/read"},
        "AllowedOAuthFlowsUserPoolClient": True,
        "AnalyticsConfiguration": {
            "ApplicationId": "0123456789abcdef",
            "RoleArn": ROLE_ARN,
            "ExternalId": "shop",
            "UserDataShared": True,
        },
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": False,
        "EnablePropagateAdditionalUserContextData": True,
        "AuthSessionValidity": 15,
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60},
    }


def test_the_examples_of_these_tests_leave_no_setting_out() -> None:
    # Who stores the secret has tests of its own: it is not reset.
    assert EVERYTHING.keys() | {"ClientSecret", PUBLISH} == set(CREATABLE)
    assert EXAMPLES.keys() | {PUBLISH} == set(UPDATABLE)


@pytest.mark.parametrize("example", [pytest.param(example, id=name) for name, example in EXAMPLES.items()])
def test_each_setting_alone_is_made_so_and_shown(world: World, example: Mapping[str, Any]) -> None:
    answer = world.create({**CONFIDENTIAL, **example})

    assert answer.status == "SUCCESS"
    held = world.settings(answer.physical_id)
    for name, value in example.items():
        members = value.items() if isinstance(value, dict) else [("", value)]
        for member, said in members:
            path, kept = (f"{name}.{member}", held[name][member]) if member else (name, held[name])
            assert answer.data[path] == (",".join(sorted(said)) if isinstance(said, list) else said)
            assert sorted(kept) == sorted(said) if isinstance(said, list) else str(kept).lower() == said.lower()


def test_strings_and_real_json_types_make_the_same_client(world: World) -> None:
    strings = world.create(
        {
            **CONFIDENTIAL,
            "EnableTokenRevocation": "false",
            "RefreshTokenValidity": "90",
            "TokenValidityUnits": {"RefreshToken": "days"},
            "RefreshTokenRotation": {"Feature": "DISABLED", "RetryGracePeriodSeconds": "0"},
        }
    )
    real = world.create(
        {
            "UserPoolId": POOL,
            "GenerateSecret": True,
            "EnableTokenRevocation": False,
            "RefreshTokenValidity": 90,
            "TokenValidityUnits": {"RefreshToken": "days"},
            "RefreshTokenRotation": {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0},
        }
    )

    assert (strings.status, real.status) == ("SUCCESS", "SUCCESS")
    assert world.settings(strings.physical_id) == world.settings(real.physical_id)
    assert (strings.data["GenerateSecret"], real.data["GenerateSecret"]) == ("true", "true")


@pytest.mark.parametrize(
    ("empty", "said"),
    [
        pytest.param({}, "nothing", id="missing"),
        pytest.param({"CallbackURLs": [], "ExplicitAuthFlows": [], "ReadAttributes": []}, "empty lists", id="empty"),
        pytest.param({"EnablePropagateAdditionalUserContextData": "false"}, "false", id="false"),
        pytest.param({"RefreshTokenValidity": "0"}, "zero", id="zero"),
    ],
)
def test_what_cognito_shows_the_same_makes_the_same_client(world: World, empty: Mapping[str, Any], said: str) -> None:
    answer = world.create({**BARE, **empty})

    assert answer.status == "SUCCESS", said
    assert effective(world.settings(answer.physical_id)) == effective({"ClientName": DERIVED_NAME})


def test_a_generated_secret_is_in_the_answer_and_masked_by_cloudformation(world: World) -> None:
    answer = world.create(CONFIDENTIAL)

    assert answer.data["ClientSecret"] == world.fake.secrets_ever[0]
    assert answer.no_echo


def test_a_secret_of_ones_own_is_the_clients(world: World) -> None:
    answer = world.create({**BARE, "ClientSecret": OWN_SECRET})

    assert answer.data["ClientSecret"] == OWN_SECRET == world.fake.secrets_ever[0]
    assert (answer.no_echo, answer.data["GenerateSecret"]) == (True, "true")


def test_a_public_client_has_no_secret_and_nothing_is_masked(world: World) -> None:
    answer = world.create({**BARE, "GenerateSecret": "false"})

    assert "ClientSecret" not in answer.data
    assert (answer.no_echo, answer.data["GenerateSecret"]) == (False, "false")


def test_no_echo_does_not_stay_from_one_warm_invocation_to_the_next(world: World) -> None:
    echoes = [world.create(properties).no_echo for properties in (CONFIDENTIAL, BARE, CONFIDENTIAL, BARE)]

    assert echoes == [True, False, True, False]


def test_the_derived_name_is_the_same_for_the_same_resource_only(world: World) -> None:
    another = {"LogicalResourceId": "MobileClient"}
    names = [world.create(BARE, **members).data["Name"] for members in ({}, {}, another)]

    assert names[0] == names[1] == DERIVED_NAME
    assert names[2].startswith("shop-MobileClient-")


def test_the_derived_name_is_cut_to_what_cognito_allows(world: World) -> None:
    stack_id = f"arn:aws:cloudformation:us-east-1:123456789012:stack/{'s' * 128}/8a5f0de0-1c8e-11f0-9b2b-0affd7fe8f01"
    answer = world.create(BARE, StackId=stack_id, LogicalResourceId="L" * 200)

    assert answer.status == "SUCCESS"
    assert len(answer.data["Name"]) == 128


@pytest.mark.parametrize(
    ("stack", "logical_id", "readable"),
    [
        pytest.param("stack/a-b/8a5f0de0", "X", "a-b-X", id="hyphens"),
        pytest.param(f"stack/{'s' * 60}/8a5f0de0", "L" * 60, f"{'s' * 60}-{'L' * 54}", id="cut within the logical ID"),
        pytest.param("stack/größe/8a5f0de0", "Ü", "gr--e--", id="what a name may hold"),
        pytest.param("stack//x", "X", "-X", id="a stack ID of another form"),
    ],
)
def test_the_generated_name_shows_where_it_comes_from(world: World, stack: str, logical_id: str, readable: str) -> None:
    stack_id = f"arn:aws:cloudformation:us-east-1:1:{stack}"
    answer = world.create(BARE, StackId=stack_id, LogicalResourceId=logical_id)

    assert answer.status == "SUCCESS"
    assert re.fullmatch(rf"{readable}-[0-9a-f]{{12}}", answer.data["Name"])


def test_resources_whose_generated_names_are_cut_have_different_ones(world: World) -> None:
    names = [world.create(BARE, LogicalResourceId=f"{'L' * 200}{number}").data["Name"] for number in (1, 2)]

    assert names[0] != names[1]
    assert names[0][:115] == names[1][:115]


def test_an_authentication_flow_that_is_newer_than_this_software_passes_through(world: World) -> None:
    answer = world.create({**CONFIDENTIAL, "ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"]})

    assert answer.status == "SUCCESS"
    assert "ALLOW_CLIENT_TOKEN_AUTH" in world.settings(answer.physical_id)["ExplicitAuthFlows"]


def test_what_cloudformation_adds_to_the_properties_is_no_setting(world: World) -> None:
    answer = world.create({**BARE, "ServiceToken": "arn:aws:lambda:…", "ServiceTimeout": "300"})

    assert answer.status == "SUCCESS"


def test_a_create_that_made_nothing_answers_with_an_id_that_its_delete_ignores(world: World) -> None:
    failed = world.create({**BARE, "ClientName": ""})
    deleted = world.delete(failed.physical_id, {**BARE, "ClientName": ""})

    assert (failed.status, failed.physical_id) == ("FAILED", MARKER)
    assert (deleted.status, deleted.physical_id) == ("SUCCESS", MARKER)
    assert world.calls() == []
