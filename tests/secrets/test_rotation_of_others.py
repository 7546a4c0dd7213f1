"""Rotations of clients that a stack changed meanwhile or did not create, and of values that others wrote."""

from __future__ import annotations

from typing import Any

import pytest

from tests.canaries import OTHER_SECRET, OWN_SECRET
from tests.fakes.secrets_manager import PENDING, PREVIOUS, STEPS
from tests.fixtures.rotations import WEB, WEB_CLIENT, again, begun, both_ways, made_elsewhere, rotated
from tests.fixtures.stored_secrets import ASK, DAY, ENDPOINT, MOVE, WRITES, Kept
from tests.fixtures.templates import APP
from tests.fixtures.world import FRANKFURT_POOL, JOURNAL, OTHER_POOL, POOL
from user_pool_client.domain.errors import ProviderError, Refused, TryLater

type Json = dict[str, Any]

FOREIGN_POOL = "us-east-1_foreign"

ROLE = "arn:aws:iam::222222222222:role/app-clients"


# What an update of the stack overtakes


def test_the_pending_secret_of_a_client_that_was_replaced_meanwhile_never_becomes_current(kept: Kept) -> None:
    old = rotated(kept, 1)
    version_id = begun(kept, until="finishSecret")
    answer = kept.world.update(old, kept.template(UserPoolId=OTHER_POOL), kept.template())

    with pytest.raises(Refused, match="is not made current") as refused:
        kept.step(kept.event(version_id, "finishSecret"))

    assert f"remove the stage AWSPENDING from the version {version_id}" in str(refused.value)
    assert kept.current()["client_id"] == answer.physical_id
    assert kept.is_sound()


def test_a_pending_secret_that_a_new_one_of_ones_own_has_taken_the_place_of_never_becomes_current(kept: Kept) -> None:
    client_id = rotated(kept, 1)
    version_id = begun(kept, until="finishSecret")
    kept.world.clock.now += 1
    own = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET, "SecretId": kept.arn}
    kept.world.update(client_id, own, kept.template())

    with pytest.raises(Refused, match="is not made current"):
        kept.step(kept.event(version_id, "finishSecret"))

    assert kept.current()["client_secret"] == OWN_SECRET
    assert kept.is_sound()


@both_ways
@pytest.mark.parametrize("until", STEPS)
def test_what_that_error_says_to_do_lets_rotations_go_on(kept: Kept, until: str) -> None:
    client_id = rotated(kept, 1)
    version_id = begun(kept, until=until)
    own = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET, "SecretId": kept.arn}
    kept.world.clock.now += 1
    kept.world.update(client_id, own, kept.template())
    try:
        again(kept, version_id)
    except Refused:
        assert kept.current()["client_secret"] == OWN_SECRET
        kept.secrets.cancel_rotation(kept.arn)

    kept.rotate()

    assert kept.is_sound()


def test_a_secret_that_becomes_current_in_the_middle_of_finish_secret_is_not_lost(kept: Kept) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="finishSecret")
    meanwhile = {**kept.current(), "issuer": "changed"}

    def change(operation: str, _params: Json) -> None:
        if operation == MOVE:
            kept.secrets.put_elsewhere(kept.arn, meanwhile)

    kept.secrets.on_call = change

    with pytest.raises(Refused, match="it must be set to the version that currently has the staging label"):
        kept.step(kept.event(version_id, "finishSecret"))

    assert kept.current() == meanwhile


def test_a_rotation_that_a_replacement_has_overtaken_is_given_up_and_the_next_one_works(kept: Kept) -> None:
    first = rotated(kept, 0, **WEB)
    old, new = kept.template(**WEB), kept.template(**WEB, UserPoolId=OTHER_POOL)
    version_id = begun(kept, until="testSecret")
    second = kept.world.update(first, new, old).physical_id
    kept.world.delete(first, old)

    with pytest.raises(Refused, match="so this rotation was given up"):
        again(kept, version_id)
    kept.rotate()

    assert kept.current()["client_id"] == second
    assert kept.takes(kept.current())


# Clients of other origins


def test_an_adopted_client_is_rotated(kept: Kept) -> None:
    client_id = kept.world.existing(GenerateSecret=True)
    template = {"UserPoolId": POOL, "ImportId": f"{POOL}/{client_id}", "SecretId": kept.arn}
    kept.world.create(template)
    old = kept.current()

    kept.rotate()
    answer = kept.world.update(client_id, {**template, "LogoutURLs": [APP]}, template)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert kept.is_sound()
    assert kept.takes(old)
    assert kept.current(stage=PREVIOUS) == old


def test_a_client_that_was_made_elsewhere_is_rotated_once_its_secret_is_in_our_form(kept: Kept) -> None:
    client_id = made_elsewhere(kept)
    kept.world.set_elsewhere(client_id, **WEB_CLIENT)
    old = kept.current()

    for _ in range(3):
        kept.rotate()

    assert kept.is_sound()
    assert kept.current()["client_id"] == client_id
    assert not kept.takes(old)


def test_a_client_of_another_account_is_rotated_with_the_role_in_its_value(kept: Kept) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222", domain="foreign")
    kept.sts.allow(ROLE)
    rotated(kept, 0, UserPoolId=FOREIGN_POOL, RoleArn=ROLE)
    old = kept.current()

    kept.rotate()

    assert kept.is_sound()
    assert kept.takes(old)
    assert kept.current()["role_arn"] == ROLE
    assert kept.sts.calls[-1].params["RoleSessionName"] == "user-pool-client-rotation"


def test_a_client_behind_a_role_that_asks_for_an_external_id_is_rotated(kept: Kept) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222")
    kept.sts.allow(ROLE, external_id="shop-7")
    rotated(kept, 0, UserPoolId=FOREIGN_POOL, RoleArn=ROLE, ExternalId="shop-7")
    old = kept.current()

    kept.rotate()
    kept.rotate()

    assert kept.is_sound()
    assert not kept.takes(old)
    assert kept.sts.calls[-1].params["ExternalId"] == "shop-7"


def test_a_value_that_still_holds_the_external_id_is_rotated_and_loses_it(kept: Kept) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222")
    kept.sts.allow(ROLE, external_id="shop-7")
    rotated(kept, 0, UserPoolId=FOREIGN_POOL, RoleArn=ROLE, ExternalId="shop-7")
    kept.world.journal.tables[JOURNAL].clear()
    kept.secrets.put_elsewhere(kept.arn, {**kept.current(), "external_id": "shop-7"})

    for _ in range(3):
        kept.rotate()
        assert kept.is_sound()
        assert kept.sts.calls[-1].params["ExternalId"] == "shop-7"
        assert "external_id" not in kept.current()


def test_the_external_id_that_was_noted_is_of_no_use_to_a_secret_of_a_strangers(kept: Kept) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222")
    kept.sts.allow(ROLE, external_id="shop-7")
    rotated(kept, 0, UserPoolId=FOREIGN_POOL, RoleArn=ROLE, ExternalId="shop-7")
    kept.world.clock.now += 30 * DAY
    theirs = kept.secrets.create("user-pool-client/stranger", kept.current())
    kept.sts.calls.clear()

    with pytest.raises(Refused, match="could not be assumed"):
        kept.rotate(theirs)

    assert all("ExternalId" not in call.params for call in kept.sts.calls)


def test_without_external_id_none_is_sent_and_none_is_kept(kept: Kept) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222")
    kept.sts.allow(ROLE)
    rotated(kept, 0, UserPoolId=FOREIGN_POOL, RoleArn=ROLE)

    kept.rotate()

    assert "external_id" not in kept.current()
    assert "ExternalId" not in kept.sts.calls[-1].params


def test_a_role_that_cannot_be_assumed_is_an_error_that_says_what_to_do(kept: Kept) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222")
    kept.sts.allow(ROLE)
    rotated(kept, 0, UserPoolId=FOREIGN_POOL, RoleArn=ROLE)
    del kept.sts.roles[ROLE]

    with pytest.raises(Refused, match=f"RoleArn {ROLE} could not be assumed"):
        kept.rotate()

    assert kept.is_sound()


def test_a_secret_of_ones_own_is_rotated_and_does_not_come_back(kept: Kept) -> None:
    own = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET, "SecretId": kept.arn}
    created = kept.world.create(own)

    kept.rotate()
    kept.rotate()
    answer = kept.world.update(created.physical_id, {**own, "ClientName": "web"}, own)

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert kept.values(created.physical_id) != [OWN_SECRET]
    assert OWN_SECRET not in kept.values(created.physical_id)
    assert kept.is_sound()


@both_ways
def test_after_rotations_a_new_secret_of_ones_own_can_come(kept: Kept) -> None:
    own = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET, "SecretId": kept.arn}
    created = kept.world.create(own)
    kept.rotate()
    kept.rotate()
    old = kept.current()

    answer = kept.world.update(created.physical_id, {**own, "ClientSecret": OTHER_SECRET}, own)

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert kept.current()["client_secret"] == OTHER_SECRET
    assert kept.takes(old)
    kept.rotate()
    assert kept.is_sound()


def test_two_secrets_of_two_clients_are_rotated_apart(kept: Kept) -> None:
    rotated(kept, 0)
    arn = kept.secrets.create("user-pool-client/other")
    kept.world.create(kept.template(SecretId=arn), LogicalResourceId="OtherClient")
    before = kept.current()

    kept.rotate(arn)

    assert kept.current() == before
    assert kept.is_sound()
    assert kept.is_sound(arn)


def test_a_secret_that_has_no_value_any_more_cannot_finish_a_rotation(kept: Kept) -> None:
    version_id = kept.secrets.begin_rotation(kept.arn)

    with pytest.raises(TryLater, match="has no value yet"):
        kept.step(kept.event(version_id, "finishSecret"))

    assert kept.secrets.text(kept.arn) is None


@both_ways
def test_a_current_value_that_became_unreadable_in_the_middle_is_replaced_by_the_pending_one(kept: Kept) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="finishSecret")
    kept.secrets.put_elsewhere(kept.arn, "no JSON")

    kept.step(kept.event(version_id, "finishSecret"))

    assert kept.secrets.version_id(kept.arn) == version_id
    assert kept.is_sound()


# Values that somebody else has written


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"user_pool_id": "_"}, id="a pool id with nothing in it"),
        pytest.param({"user_pool_id": "nowhere-1_Abc123xyz"}, id="a pool of no Region"),
        pytest.param({"user_pool_id": "evil.example.com/#_x"}, id="a pool id that looks like a host"),
        pytest.param({"user_pool_id": "us-east-1\x00_x"}, id="a pool id with a null"),
        pytest.param({"user_pool_id": "us-east-1_" + "x" * 50000}, id="a huge pool id"),
        pytest.param({"user_pool_id": OTHER_POOL}, id="another pool"),
        pytest.param({"user_pool_id": FRANKFURT_POOL}, id="a pool of another Region"),
        pytest.param({"client_id": "1example23456789"}, id="a client that does not exist"),
        pytest.param({"client_id": "no client\nid"}, id="no client id"),
        pytest.param({"client_id": "x" * 50000}, id="a huge client id"),
        pytest.param({"client_secret": OTHER_SECRET}, id="a secret that is not the client's"),
        pytest.param({"role_arn": "x"}, id="no role"),
        pytest.param({"role_arn": "arn:aws:iam::999999999999:role/evil"}, id="a role that may not be assumed"),
    ],
)
def test_a_value_that_leads_nowhere_is_an_error_and_nothing_is_written(kept: Kept, changes: Json) -> None:
    client_id = rotated(kept, 0)
    kept.secrets.put_elsewhere(kept.arn, {**kept.current(), **changes})
    version_id = begun(kept, until="createSecret")

    with pytest.raises(ProviderError, match="What to do: "):
        kept.step(kept.event(version_id, "createSecret"))

    assert not WRITES & set(kept.calls())
    assert len(kept.values(client_id)) == 1
    assert kept.world.metrics()[-1] == "RotationFailed"


def test_the_secret_goes_to_the_pools_own_token_endpoint_whatever_the_value_says(kept: Kept) -> None:
    rotated(kept, 0, **WEB)
    kept.secrets.put_elsewhere(kept.arn, {**kept.current(), "token_endpoint": "https://evil.example.com/oauth2/token"})
    posted = []
    kept.endpoint.on_ask = lambda: posted.append(ASK)

    kept.rotate()

    assert posted == [ASK]
    assert [asked.outcome for asked in kept.endpoint.asked] == ["invalid_grant"]
    assert kept.current()["token_endpoint"] == ENDPOINT


def test_an_error_that_nobody_expected_is_told_by_its_place_and_not_by_its_text(kept: Kept) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="testSecret")
    secret = kept.current(stage=PENDING)["client_secret"]

    def fail() -> None:
        raise RuntimeError(f"about {secret}") from ValueError(secret)

    kept.endpoint.on_ask = fail

    with pytest.raises(TryLater, match=r"Unexpected RuntimeError at test_rotation_of_others\.py:\d+ fail\.") as failed:
        kept.step(kept.event(version_id, "testSecret"))

    assert (failed.value.__context__, failed.value.__cause__) == (None, None)
    assert kept.world.metrics()[-1] == "RotationFailed"
    unexpected, failure = kept.world.log()[-2:]
    assert (unexpected["message"], unexpected["error"]) == ("Unexpected error", "RuntimeError")
    assert failure["reason"] == str(failed.value)
    assert secret not in kept.world.logged.getvalue()
