"""Answers of Cognito's that its documentation does not tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OWN_SECRET
from tests.fixtures.existing_clients import policies
from tests.fixtures.stored_secrets import ADD, Kept, a_kept_world
from tests.fixtures.templates import APP, BARE, POLICY
from tests.fixtures.world import DESCRIBE, LIST, POOL, SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fixtures.world import World

type Json = dict[str, Any]


@pytest.fixture
def kept() -> Iterator[Kept]:
    with a_kept_world() as kept:
        yield kept


def test_a_validity_that_is_shown_as_0_is_the_default_and_is_not_sent_back(world: World) -> None:
    client_id = world.existing()
    held = next(iter(world.fake.pools.values())).clients[client_id].settings
    held["AccessTokenValidity"] = 0

    answer = world.update(client_id, {**BARE, "CallbackURLs": [APP]}, BARE)

    assert answer.status == "SUCCESS"
    assert answer.data["AccessTokenValidity"] == "1"
    assert world.fake.calls[-1].operation == "UpdateUserPoolClient"
    assert "AccessTokenValidity" not in world.fake.calls[-1].params


def odd(world: World, operation: str, change: Callable[[Json], object]) -> None:
    """Let Cognito's answers to an operation be other than documented."""

    def changed(called: str, reply: Json) -> None:
        if called == operation:
            change(reply)

    world.on_reply = changed


def test_a_unit_that_nobody_knows_is_left_as_it_is(world: World) -> None:
    client_id = world.existing(AccessTokenValidity=2, TokenValidityUnits={"IdToken": "minutes"}, IdTokenValidity=30)
    odd(world, DESCRIBE, lambda reply: reply["UserPoolClient"]["TokenValidityUnits"].update(AccessToken="fortnights"))

    answer = world.update(client_id, {**BARE, "PreventUserExistenceErrors": "ENABLED"}, BARE)

    # Cognito, whose fake does not know it either, judges it.
    assert "Value 'fortnights' at 'tokenValidityUnits.accessToken'" in answer.reason
    assert world.fake.calls[-1].params["TokenValidityUnits"] == {"AccessToken": "fortnights", "IdToken": "minutes"}
    assert world.fake.calls[-1].params["AccessTokenValidity"] == 2
    assert world.update(client_id, BARE, BARE).data["TokenValidityUnits.AccessToken"] == "fortnights"


def test_a_client_that_is_shown_without_a_name_is_not_renamed(world: World) -> None:
    client_id = world.existing(ClientName="theirs")
    odd(world, DESCRIBE, lambda reply: reply["UserPoolClient"].pop("ClientName"))

    answer = world.update(client_id, {**BARE, "LogoutURLs": [APP]}, BARE)

    assert answer.status == "SUCCESS"
    assert world.settings(client_id)["ClientName"] == "theirs"


@pytest.mark.parametrize(
    "entry", [{"ClientId": "2nameless"}, {"ClientName": "no id"}, {}, None], ids=["no-name", "no-id", "empty", "null"]
)
@pytest.mark.parametrize("wanted", [{"ImportNamePrefix": "we"}, {"ImportNamePattern": ".*"}], ids=["prefix", "pattern"])
def test_an_entry_of_the_list_that_lacks_something_is_not_the_client(world: World, wanted: Json, entry: Json) -> None:
    client_id = world.existing()
    odd(world, LIST, lambda reply: reply["UserPoolClients"].append(entry))

    answer = world.create({**BARE, **wanted})

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)


def test_a_client_without_a_name_is_listed_by_its_id(world: World) -> None:
    odd(world, LIST, lambda reply: reply["UserPoolClients"].append({"ClientId": "2nameless"}))

    answer = world.create(BARE, ResourceType="Custom::UserPoolClientList")

    assert (answer.data["Count"], answer.data["ClientIds"], answer.data["ClientNames"]) == ("1", "2nameless", "")


@pytest.mark.parametrize("session", [None, {}, {"MaxValidityMinutes": None}], ids=["none", "empty", "null"])
def test_a_session_that_is_not_shown_is_set(world: World, session: Json | None) -> None:
    odd(world, "GetUserPoolClientSessionConfiguration", lambda reply: reply.update(SSOSession=session))

    answer = world.create({**BARE, "SSOSession": {"MaxValidityMinutes": "90"}})

    assert answer.status == "SUCCESS"
    (client,) = world.fake.pools[POOL].clients.values()
    assert client.sso_session == {"MaxValidityMinutes": 90}


def test_odd_entries_in_the_list_of_policies_are_passed_over(world: World) -> None:
    client_id = world.create({**BARE, **POLICY}).physical_id
    odd(
        world,
        "ListCIMDPolicies",
        lambda reply: reply["CIMDPolicies"].extend(
            [{}, {"PolicyName": "agents"}, {"CIMDPolicyId": "x", "ClientId": client_id}]
        ),
    )

    answer = world.update(client_id, BARE, {**BARE, **POLICY})

    assert (answer.status, policies(world, client_id)) == ("SUCCESS", [])


@pytest.mark.parametrize("gone", ["CacheDuration", "URLPatterns", "PolicyName", "ClientId"])
def test_a_policy_that_is_not_shown_whole_is_set_again(world: World, gone: str) -> None:
    template = {**BARE, "CIMDPolicy": {**POLICY["CIMDPolicy"], "CacheDuration": 604800}}
    client_id = world.create(template).physical_id
    odd(world, "DescribeCIMDPolicy", lambda reply: reply["CIMDPolicy"].pop(gone))

    answer = world.update(client_id, {**template, "LogoutURLs": [APP]}, template)

    assert answer.status == "SUCCESS"
    assert [policy[:2] for policy in policies(world, client_id)] == [("agents", 604800)]


@pytest.mark.parametrize("operation", ["DescribeCIMDPolicy", "CreateCIMDPolicy"])
def test_a_policy_without_an_id_is_not_cognitos_answer(world: World, operation: str) -> None:
    client_id = world.create({**BARE, **POLICY} if operation.startswith("Describe") else BARE).physical_id
    odd(world, operation, lambda reply: reply["CIMDPolicy"].pop("CIMDPolicyId"))

    answer = world.update(client_id, {**BARE, **POLICY, "LogoutURLs": [APP]}, BARE)

    # What was created all the same is found in the list.
    assert (answer.status == "SUCCESS") == operation.startswith("Create")
    assert len(policies(world, client_id)) == 1


def test_a_stored_value_whose_client_id_is_null_is_a_secret_stored_beforehand(kept: Kept) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_id": None, "client_secret": OWN_SECRET})

    answer = kept.world.create(kept.template())

    assert answer.status == "SUCCESS"
    assert kept.current()["client_secret"] == OWN_SECRET
    assert kept.current()["client_id"] == answer.physical_id


def test_a_stored_value_whose_client_id_is_a_number_is_that_of_another_client(kept: Kept) -> None:
    value = {"client_id": 7, "client_secret": OWN_SECRET, "user_pool_id": POOL}
    kept.secrets.put_elsewhere(kept.arn, value)

    answer = kept.world.create(kept.template())

    assert answer.status == "SUCCESS"
    assert kept.current()["client_secret"] != OWN_SECRET
    assert kept.current()["client_id"] == answer.physical_id


def test_a_secret_without_a_date_is_not_taken_for_the_older_one(kept: Kept) -> None:
    client_id = kept.made()
    kept.world.fake.elsewhere(ADD, {"UserPoolId": POOL, "ClientId": client_id})
    kept.secrets.put_elsewhere(kept.arn, {name: kept.current()[name] for name in ("client_id", "client_secret")})
    odd(kept.world, SECRETS, lambda reply: [one.pop("ClientSecretCreateDate") for one in reply["ClientSecrets"]])

    answer = kept.world.update(client_id, kept.template(ClientSecret=OWN_SECRET), kept.template())

    assert answer.status == "FAILED"
    assert "none was deleted" in answer.reason


def test_a_secret_without_an_id_is_not_cognitos_answer(kept: Kept) -> None:
    client_id = kept.made()
    odd(kept.world, SECRETS, lambda reply: [one.pop("ClientSecretId") for one in reply["ClientSecrets"]])

    answer = kept.world.update(client_id, kept.template(ClientSecret=OWN_SECRET), kept.template())

    assert answer.status == "FAILED"
    assert "The answer to ListUserPoolClientSecrets was not Cognito's." in answer.reason
