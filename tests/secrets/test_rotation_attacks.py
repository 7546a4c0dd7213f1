"""Whoever may write one secret, or invoke the function, gets at no other client's secret and deletes none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from tests.fakes.secrets_manager import PENDING, PREVIOUS, STEPS
from tests.fixtures.rotations import WEB, begun, made_elsewhere, rotated
from tests.fixtures.stored_secrets import ADD, ASK, DESCRIBE_SECRET, REMOVE, WRITES, Kept, a_kept_world
from tests.fixtures.world import POOL
from user_pool_client.domain.errors import ProviderError, Refused, TryLater

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.token_endpoint import Reply

type Json = dict[str, Any]

STRANGERS = "user-pool-client/stranger"
MADE_UP = "made0up0secret0of0a0stranger"

# How much of the victim's is shown: Describe shows the original secret, the token endpoint says of others what it may.
VICTIMS = pytest.mark.parametrize(
    ("rotations", "domain"),
    [
        pytest.param(0, "", id="whose original secret is shown"),
        pytest.param(1, "shop", id="with two secrets and a token endpoint"),
        pytest.param(1, "", id="with two secrets and no token endpoint"),
        pytest.param(3, "shop", id="whose secrets are not shown, with a token endpoint"),
        pytest.param(3, "", id="whose secrets are not shown, without a token endpoint"),
    ],
)
IDS = pytest.mark.parametrize("claimed", ["an invented id", "no id", "its current id", "its other id", "not even text"])


def rotated_at(kept: Kept, domain: str, times: int) -> str:
    kept.world.fake.pools[POOL].domain = domain
    return rotated(kept, times, **WEB)


def strangers(kept: Kept, victim: str, claimed: str, **members: Any) -> str:
    """Let a stranger's secret, which has rotated a client of the stranger's own, claim to be the victim's."""
    arn = kept.secrets.create(STRANGERS)
    kept.world.create(kept.template(**WEB, SecretId=arn), LogicalResourceId="Stranger")
    kept.rotate(arn)
    current = kept.current()["client_secret_id"]
    others = [one for one in kept.client(victim).secrets if one != current] or [current]
    secret_id: Any = {
        "an invented id": f"{victim}--1800000000",
        "no id": None,
        "its current id": current,
        "its other id": others[0],
        "not even text": 7,
    }[claimed]
    value = {"client_id": victim, "client_secret": MADE_UP, "user_pool_id": POOL, "client_secret_id": secret_id}
    whole = {name: member for name, member in (value | members).items() if member is not None}
    kept.secrets.put_elsewhere(arn, whole)
    return arn


@VICTIMS
@IDS
def test_writing_another_clients_id_into_a_rotating_secret_gets_no_secret_of_it_and_deletes_none(
    kept: Kept, rotations: int, domain: str, claimed: str
) -> None:
    victim = rotated_at(kept, domain, rotations)
    arn = strangers(kept, victim, claimed)
    values = kept.values(victim)

    for _ in range(2):
        kept.secrets.cancel_rotation(arn)
        with pytest.raises(Refused):
            kept.rotate(arn)

    assert kept.values(victim) == values
    assert kept.secrets.text(arn, PENDING) is None
    kept.rotate()
    assert kept.is_sound()


@VICTIMS
@IDS
def test_writing_it_twice_makes_awsprevious_no_proof(kept: Kept, rotations: int, domain: str, claimed: str) -> None:
    victim = rotated_at(kept, domain, rotations)
    arn = strangers(kept, victim, claimed)
    kept.secrets.put_elsewhere(arn, {**kept.current(arn), "issuer": "again"})
    values = kept.values(victim)

    with pytest.raises(Refused):
        kept.rotate(arn)

    assert kept.current(arn, PREVIOUS)["client_id"] == victim
    assert kept.values(victim) == values


@VICTIMS
def test_ones_own_proven_awsprevious_does_not_heal_another_clients_id(kept: Kept, rotations: int, domain: str) -> None:
    victim = rotated_at(kept, domain, rotations)
    arn = strangers(kept, victim, "an invented id")
    values = kept.values(victim)

    with pytest.raises(Refused, match="is not the secret of app client"):
        kept.rotate(arn)

    assert kept.current(arn, PREVIOUS)["client_id"] != victim
    assert kept.takes(kept.current(arn, PREVIOUS))
    assert kept.values(victim) == values


@pytest.mark.parametrize(
    "member",
    [
        "token_endpoint",
        "issuer",
        "discovery_url",
        "role_arn",
        "external_id",
        "client_secret_id",
        "proven",
        "RotationEnabled",
    ],
)
def test_no_member_of_the_value_switches_the_proof_off(kept: Kept, member: str) -> None:
    victim = rotated_at(kept, "", 3)
    arn = strangers(kept, victim, "its current id", **{member: "https://evil.example.com/oauth2/token"})
    values = kept.values(victim)

    with pytest.raises(ProviderError):
        kept.rotate(arn)

    assert kept.values(victim) == values


def test_a_secret_that_is_noted_for_one_client_speaks_for_no_other(kept: Kept) -> None:
    """The stranger's own client was proven, and its secret noted; the note is of that client."""
    victim = rotated_at(kept, "", 3)
    arn = strangers(kept, victim, "its current id")
    notes = kept.world.journal.text()
    assert arn in notes

    with pytest.raises(Refused, match="cannot be proven"):
        kept.rotate(arn)

    assert kept.world.journal.text() == notes


def test_a_pool_without_a_domain_is_no_way_around_the_proof() -> None:
    with a_kept_world(domain="") as kept:
        victim = rotated(kept, 3)
        arn = strangers(kept, victim, "its current id")
        values = kept.values(victim)

        with pytest.raises(Refused, match="cannot be proven") as refused:
            kept.rotate(arn)

        assert "give the user pool a domain" in str(refused.value)
        assert kept.values(victim) == values


def test_a_token_endpoint_that_does_not_answer_is_no_way_around_the_proof(kept: Kept) -> None:
    victim = rotated(kept, 3, **WEB)
    arn = strangers(kept, victim, "its current id")
    values = kept.values(victim)
    kept.endpoint.planned = ["timeout"]

    with pytest.raises(TryLater, match="did not answer"):
        kept.rotate(arn)

    assert kept.values(victim) == values


def test_a_stranger_who_writes_awspending_gets_no_secret_and_deletes_none(kept: Kept) -> None:
    victim = rotated(kept, 1)
    arn = strangers(kept, victim, "its current id")
    version_id = kept.secrets.begin_rotation(arn)
    kept.secrets.put_elsewhere(arn, kept.current(arn), stages=[PENDING])
    pending = kept.secrets.version_id(arn, PENDING)
    values = kept.values(victim)

    for each in (version_id, pending):
        for step in STEPS:
            try:
                kept.step({"SecretId": arn, "ClientRequestToken": each, "Step": step})
            except ProviderError:
                continue

    assert kept.values(victim) == values
    assert MADE_UP in str(kept.current(arn))


# Whoever may invoke the function


@pytest.mark.parametrize("step", STEPS)
def test_an_event_about_a_version_that_is_not_pending_does_nothing_and_asks_nobody(kept: Kept, step: str) -> None:
    rotated(kept, 2, **WEB)
    invented = "00000000-0000-4000-8000-00000000dead"
    previous = kept.secrets.version_id(kept.arn, PREVIOUS)
    kept.endpoint.asked.clear()

    for version_id in (invented, str(previous)):
        with pytest.raises(Refused, match="is not the pending one of a rotation, so nothing was done"):
            kept.step(kept.event(version_id, step))

    assert kept.calls() == [DESCRIBE_SECRET] * 2


@pytest.mark.parametrize("step", STEPS)
def test_an_event_about_the_current_version_does_nothing_and_asks_nobody(kept: Kept, step: str) -> None:
    rotated(kept, 2, **WEB)
    current = kept.secrets.version_id(kept.arn)

    kept.step(kept.event(str(current), step))

    assert set(kept.calls()) == {DESCRIBE_SECRET}


@pytest.mark.parametrize("step", STEPS)
def test_an_event_about_a_secret_that_does_not_rotate_does_nothing_and_asks_nobody(kept: Kept, step: str) -> None:
    """A pending version can be written by hand."""
    kept.made(**WEB)
    version_id = kept.secrets.put_elsewhere(kept.arn, kept.current(), stages=[PENDING])

    with pytest.raises(Refused, match="Rotation is not turned on"):
        kept.step(kept.event(version_id, step))

    assert kept.calls() == [DESCRIBE_SECRET]


@pytest.mark.parametrize("step", STEPS)
def test_a_rotation_that_was_turned_off_goes_no_further(kept: Kept, step: str) -> None:
    rotated(kept, 1, **WEB)
    version_id = begun(kept, until=step)
    kept.secrets.turn_rotation_off(kept.arn)

    with pytest.raises(Refused, match="Rotation is not turned on"):
        kept.step(kept.event(version_id, step))

    assert kept.calls() == [DESCRIBE_SECRET]


# What must go on


@pytest.mark.parametrize("domain", ["", "shop"], ids=["without a domain", "without OAuth"])
def test_a_client_of_which_nothing_can_be_proven_any_more_is_rotated_by_the_secret_that_was_proven_before(
    domain: str,
) -> None:
    with a_kept_world(domain=domain) as kept:
        rotated(kept, 4)

        kept.rotate()

        assert kept.is_sound()


def test_it_is_refused_once_the_notes_are_lost(kept: Kept) -> None:
    """A table that is lost closes the door rather than opening it; the programs' secret goes on working."""
    rotated_at(kept, "", 3)
    kept.world.journal.lose()
    old = kept.current()

    with pytest.raises(Refused, match="cannot be proven"):
        kept.rotate()

    assert kept.takes(old)
    assert not WRITES & set(kept.calls()) - {ADD}


def test_a_changed_secret_id_goes_on_where_the_secret_before_holds_the_same(kept: Kept) -> None:
    client_id = rotated_at(kept, "", 3)
    other = kept.secrets.create("user-pool-client/other")
    kept.world.update(client_id, kept.template(**WEB, SecretId=other), kept.template(**WEB))

    kept.rotate(other)
    kept.rotate(other)

    assert kept.is_sound(other)


def test_a_changed_secret_id_is_proven_by_nothing_less(kept: Kept) -> None:
    client_id = rotated_at(kept, "", 3)
    other = kept.secrets.create("user-pool-client/other")
    kept.secrets.put_elsewhere(other, {**kept.current(), "client_secret": MADE_UP})
    values = kept.values(client_id)

    with pytest.raises(Refused, match="cannot be proven"):
        kept.rotate(other)

    assert kept.values(client_id) == values


def test_a_value_that_is_not_the_only_secret_is_refused_whatever_awsprevious_holds() -> None:
    with a_kept_world(domain="") as kept:
        client_id = kept.made(**WEB)
        kept.secrets.put_elsewhere(kept.arn, {**kept.current(), "client_secret": MADE_UP})
        values = kept.values(client_id)

        with pytest.raises(Refused, match="is not the secret of app client"):
            kept.rotate()

        assert kept.takes(kept.current(stage=PREVIOUS))
        assert kept.values(client_id) == values


def test_a_new_secret_of_the_stacks_is_rotated_because_awsprevious_is_proven(kept: Kept) -> None:
    client_id = rotated(kept, 0)
    wanted = {"UserPoolId": POOL, "ClientSecret": "own0secret0of0the0stack00001", "SecretId": kept.arn}
    kept.world.clock.now += 60
    assert kept.world.update(client_id, wanted, kept.template()).status == "SUCCESS"
    old = kept.current()

    kept.rotate()

    assert kept.is_sound()
    assert kept.takes(old)


@pytest.mark.parametrize("domain", ["shop", ""], ids=["proven at the token endpoint", "by the notes"])
@pytest.mark.parametrize("rotations", [1, 3])
def test_a_current_secret_that_was_deleted_by_hand_is_healed_by_awsprevious(
    kept: Kept, rotations: int, domain: str
) -> None:
    client_id = rotated_at(kept, domain, rotations)
    previous = kept.current(stage=PREVIOUS)
    ids = {"UserPoolId": POOL, "ClientId": client_id, "ClientSecretId": kept.current()["client_secret_id"]}
    kept.world.fake.elsewhere(REMOVE, ids)

    kept.rotate()

    assert kept.is_sound()
    assert kept.takes(previous)


@pytest.mark.parametrize("domain", ["", "shop"])
def test_a_current_secret_that_was_deleted_by_hand_is_not_healed_by_an_unproven_awsprevious(
    kept: Kept, domain: str
) -> None:
    kept.world.fake.pools[POOL].domain = domain
    client_id = made_elsewhere(kept, client_secret=MADE_UP)
    kept.secrets.put_elsewhere(kept.arn, {**kept.current(), "client_secret_id": "gone--1800000000"})
    values = kept.values(client_id)

    with pytest.raises(Refused, match="is not the secret of app client"):
        kept.rotate()

    assert kept.values(client_id) == values


def test_a_secret_that_the_endpoint_refuses_for_now_is_not_healed_away(kept: Kept) -> None:
    """Its ID is one of the client's: it may be too new to be known everywhere."""
    client_id = rotated(kept, 1, **WEB)
    old = kept.current()
    kept.endpoint.lag = 1e9

    with pytest.raises(Refused, match="is not the secret of app client"):
        kept.rotate()

    assert kept.takes(old)
    assert len(kept.values(client_id)) == 2


def test_the_token_endpoint_is_asked_with_one_of_the_clients_own_callback_urls(kept: Kept) -> None:
    """With another one, Cognito may answer unauthorized_client, which proves nothing."""
    bodies: list[str] = []
    rotated(kept, 1, **WEB)
    reply_to = kept.endpoint.reply_to

    def listen(host: str, body: str, headers: Mapping[str, str]) -> Reply:
        bodies.append(body)
        return reply_to(host, body, headers)

    with mock.patch.object(kept.endpoint, "reply_to", listen):
        kept.rotate()

    assert kept.calls().count(ASK) == 2
    assert all(
        f"redirect_uri={WEB['CallbackURLs'][0].replace(':', '%3A').replace('/', '%2F')}" in one for one in bodies
    )
