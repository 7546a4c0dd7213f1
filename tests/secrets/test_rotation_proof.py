"""A new secret is proven at the token endpoint before it becomes current; only a refusal stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.secrets_manager import PENDING
from tests.fakes.token_endpoint import Asked, Reply
from tests.fixtures.rotations import MACHINE, WEB, again, begun, both_ways, rotated
from tests.fixtures.stored_secrets import ASK, DOMAIN, REMOVE, WRITES, Kept, a_kept_world
from tests.fixtures.world import POOL
from user_pool_client.domain.errors import Refused, TryLater

if TYPE_CHECKING:
    from tests.fakes.token_endpoint import Broken


type Json = dict[str, Any]


@pytest.mark.parametrize(
    ("properties", "asked"),
    [
        pytest.param(WEB, ("authorization_code", "invalid_grant"), id="a made-up code"),
        pytest.param(MACHINE, ("client_credentials", "token"), id="client_credentials"),
    ],
)
def test_the_pending_secret_is_proven_at_the_token_endpoint(
    kept: Kept, properties: Json, asked: tuple[str, str]
) -> None:
    client_id = rotated(kept, 0, **properties)

    kept.rotate()

    assert kept.endpoint.asked == [Asked(client_id, *asked)]
    assert "Cognito takes the secret" in [line.get("because") for line in kept.world.log()]


def test_a_client_without_oauth_proves_nothing_and_is_rotated_all_the_same(kept: Kept) -> None:
    client_id = rotated(kept, 0)

    version_id = kept.rotate()

    assert kept.endpoint.asked == [Asked(client_id, "authorization_code", "unauthorized_client")]
    (line,) = [line for line in kept.world.log() if line["message"] == "Nothing could be proven"]
    assert (line["level"], line["step"]) == ("WARNING", "testSecret")
    assert kept.secrets.version_id(kept.arn) == version_id
    assert kept.is_sound()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(Reply.error("invalid_grant"), "Rotation step done", id="invalid_grant"),
        pytest.param(Reply(200, b""), "Rotation step done", id="a token"),
        *[
            pytest.param(Reply.error(error, status), "Nothing could be proven", id=error)
            for error, status in [
                ("invalid_request", 400),
                ("unauthorized_client", 400),
                ("unsupported_grant_type", 400),
                ("invalid_scope", 400),
                ("access_denied", 401),
                ("an error of tomorrow", 400),
            ]
        ],
    ],
)
def test_what_does_not_refuse_the_secret_lets_the_rotation_go_on(kept: Kept, answer: Reply, message: str) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="testSecret")
    kept.endpoint.planned = [answer]

    kept.step(kept.event(version_id, "testSecret"))

    assert kept.world.log()[-1]["message"] == message
    assert kept.calls().count(ASK) == 1
    assert not WRITES & set(kept.calls())


@pytest.mark.parametrize("status", [400, 401])
def test_only_invalid_client_refuses_the_secret(kept: Kept, status: int) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="testSecret")
    kept.endpoint.planned = [Reply.error("invalid_client", status)] * 100

    with pytest.raises(Refused, match="token endpoint refuses the secret"):
        kept.step(kept.event(version_id, "testSecret"))

    assert 2 < len(kept.endpoint.planned) < 98
    kept.endpoint.planned.clear()


def test_it_is_the_pending_secret_that_is_proven_and_not_the_current_one(kept: Kept) -> None:
    client_id = rotated(kept, 0)
    version_id = begun(kept, until="testSecret")
    pending = kept.current(stage=PENDING)
    ids = {"UserPoolId": POOL, "ClientId": client_id}
    kept.world.fake.elsewhere(REMOVE, {**ids, "ClientSecretId": pending["client_secret_id"]})

    with pytest.raises(Refused, match="token endpoint refuses the secret"):
        kept.step(kept.event(version_id, "testSecret"))


def test_a_refused_pending_secret_never_becomes_current(kept: Kept) -> None:
    rotated(kept, 1)
    old, before = kept.current(), kept.secrets.version_id(kept.arn)
    version_id = begun(kept, until="testSecret")
    kept.endpoint.lag = 1e9

    with pytest.raises(Refused, match="refuses the secret of app client") as refused:
        kept.step(kept.event(version_id, "testSecret"))

    assert "AWSCURRENT has not changed" in str(refused.value)
    assert kept.secrets.version_id(kept.arn) == before
    assert kept.is_sound()
    assert kept.takes(old)
    assert kept.world.metrics()[-1] == "RotationFailed"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Reply(500, b""), id="an error of the server"),
        pytest.param(Reply(200, b"<html>")._replace(status=503), id="no service"),
        pytest.param(Reply(400, b"<html>"), id="no JSON"),
        pytest.param(Reply(400, b'["invalid_client"]'), id="JSON of another kind"),
        pytest.param(Reply(429, b'{"error": "slow_down"}'), id="too many requests"),
        pytest.param(Reply(302, b""), id="a redirection"),
        pytest.param("timeout", id="no answer"),
        pytest.param("refused", id="no connection"),
    ],
)
def test_a_token_endpoint_that_does_not_say_is_asked_again_and_then_it_is_an_error(
    kept: Kept, answer: Reply | Broken
) -> None:
    rotated(kept, 0)
    version_id = begun(kept, until="testSecret")
    kept.endpoint.planned = [answer] * 100

    with pytest.raises(TryLater, match="token endpoint did not answer"):
        kept.step(kept.event(version_id, "testSecret"))
    assert 2 < len(kept.endpoint.planned) < 98
    kept.endpoint.planned = [answer]
    kept.step(kept.event(version_id, "testSecret"))

    assert kept.is_sound()


@pytest.mark.parametrize("lag", [1.0, 5.0, 15.0])
def test_a_new_secret_that_is_not_known_at_once_is_asked_for_again(kept: Kept, lag: float) -> None:
    rotated(kept, 0, **WEB)
    kept.endpoint.lag = lag

    kept.rotate()

    outcomes = [asked.outcome for asked in kept.endpoint.asked]
    assert outcomes == ["invalid_client"] * (len(outcomes) - 1) + ["invalid_grant"]
    assert len(outcomes) >= 2
    assert kept.is_sound()


def test_a_new_secret_that_takes_longer_than_the_function_may_is_proven_at_the_next_try(kept: Kept) -> None:
    rotated(kept, 0)
    kept.endpoint.lag = 100.0
    version_id = begun(kept, until="createSecret")
    with pytest.raises(Refused):
        again(kept, version_id)
    kept.world.clock.now += 300

    again(kept, version_id)

    assert kept.secrets.version_id(kept.arn) == version_id
    assert kept.is_sound()


def test_without_a_domain_it_is_logged_that_nothing_could_be_proven() -> None:
    with a_kept_world(domain="") as kept:
        rotated(kept, 0)

        version_id = kept.rotate()

        (line,) = [line for line in kept.world.log() if line["message"] == "Nothing could be proven"]
        assert (line["level"], line["step"], line["secret_id"]) == ("WARNING", "testSecret", kept.arn)
        assert kept.endpoint.asked == []
        assert kept.secrets.version_id(kept.arn) == version_id
        assert kept.is_sound()


def test_a_domain_that_came_after_the_client_is_used_for_the_proof() -> None:
    with a_kept_world(domain="") as kept:
        client_id = rotated(kept, 0, **WEB)
        kept.world.fake.pools[POOL].domain = "late"

        kept.rotate()

        assert kept.endpoint.asked == [Asked(client_id, "authorization_code", "invalid_grant")]


@pytest.mark.parametrize(
    ("before", "after", "kept_then"),
    [
        pytest.param("", "late", "https://late.auth.us-east-1.amazoncognito.com/oauth2/token", id="a new one"),
        pytest.param(DOMAIN, "moved", "https://moved.auth.us-east-1.amazoncognito.com/oauth2/token", id="another one"),
        pytest.param(DOMAIN, "", None, id="none any more"),
    ],
)
def test_a_rotation_keeps_the_domain_that_the_pool_has_by_then(before: str, after: str, kept_then: str | None) -> None:
    with a_kept_world(domain=before) as kept:
        rotated(kept, 0)
        kept.world.fake.pools[POOL].domain = after

        kept.rotate()

        assert kept.current().get("token_endpoint") == kept_then
        assert kept.is_sound()


@both_ways
@pytest.mark.parametrize("with_value", [True, False])
def test_a_schedule_that_does_not_rotate_at_once_tests_the_current_secret_alone(kept: Kept, with_value: bool) -> None:
    client_id = rotated(kept, 1, **WEB)
    before, values = kept.secrets.stages(kept.arn), kept.values(client_id)
    kept.endpoint.asked.clear()

    kept.secrets.try_out_rotation(kept.arn, kept.step, with_value=with_value)

    assert kept.endpoint.asked == [Asked(client_id, "authorization_code", "invalid_grant")]
    assert not WRITES & set(kept.calls())
    expected = {version_id: [stage for stage in stages if stage != PENDING] for version_id, stages in before.items()}
    assert kept.secrets.stages(kept.arn) == expected
    assert kept.values(client_id) == values
    kept.rotate()
    assert kept.is_sound()


def test_that_test_of_a_secret_without_a_value_fails_with_a_clear_word(kept: Kept) -> None:
    with pytest.raises(TryLater, match="has no value yet"):
        kept.secrets.try_out_rotation(kept.arn, kept.step)
