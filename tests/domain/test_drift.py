"""What drift is: exactly what an update with the same template would write, and never a setting of no template."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from tests.domain.plans import BARE, DERIVED, A, B
from tests.domain.test_plan_laws import ELSEWHERE, TEMPLATES, after, brought_about, effect, steadily
from tests.given import CLIENT_ID, POOL, observed
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.drift import Beside, Difference, Drift, Status, compare
from user_pool_client.domain.errors import Refused
from user_pool_client.domain.sensitive import Sensitive

type Json = dict[str, Any]

# How `effect` names what belongs to a token.
TOKENS = {"AccessToken", "IdToken", "RefreshToken"}


def compared(applied: Json, shown: Json | AppClient | None, minutes: int | None = None) -> Drift:
    return compare(
        {"UserPoolId": POOL, **applied},
        observed(**shown) if isinstance(shown, dict) else shown,
        physical_id=CLIENT_ID,
        generated_name=DERIVED,
        beside=Beside(minutes),
    )


def named(found: Drift) -> set[str]:
    return {one.name for one in found.differences}


@given(applied=TEMPLATES, elsewhere=ELSEWHERE)
@steadily
def test_drift_is_exactly_what_an_update_with_the_same_template_changes(applied: Json, elsewhere: Json) -> None:
    shown = after({**BARE, **elsewhere}, {})

    found = compared(applied, shown)

    done = brought_about(applied, applied, shown)
    before, now = effect(shown), effect(done)
    changed = {name for name in before if before[name] != now[name]}
    of_tokens = {"TokenValidityUnits", *(f"{token}Validity" for token in TOKENS)}
    # The default flows follow the rotation.
    follow = {"ExplicitAuthFlows"} if "RefreshTokenRotation" in changed else set()
    assert named(found) - of_tokens - follow == changed - TOKENS - follow
    # A token's number and its unit are two properties, and may change without a change of what they come to.
    assert bool(named(found) & of_tokens) >= bool(changed & TOKENS)
    assert (found.status is Status.DRIFTED) == (done != shown) == bool(found.differences)
    assert compared(applied, done) == Drift(Status.IN_SYNC)


@given(elsewhere=ELSEWHERE)
@steadily
def test_a_setting_in_no_template_is_never_drift(elsewhere: Json) -> None:
    assert compared({}, after({**BARE, **elsewhere}, {})) == Drift(Status.IN_SYNC)


@given(applied=TEMPLATES, elsewhere=ELSEWHERE)
@steadily
def test_the_two_values_of_a_difference_are_never_the_same(applied: Json, elsewhere: Json) -> None:
    for one in compared(applied, after({**BARE, **elsewhere}, {})).differences:
        assert one.template != one.client


@pytest.mark.parametrize(
    ("applied", "shown", "difference"),
    [
        ({"CallbackURLs": [B, A]}, {"CallbackURLs": [A]}, Difference("CallbackURLs", sorted([A, B]), [A])),
        ({"CallbackURLs": [A]}, {}, Difference("CallbackURLs", [A], [])),
        (
            {"EnableTokenRevocation": True},
            {"EnableTokenRevocation": False},
            Difference("EnableTokenRevocation", True, False),
        ),
        ({"AccessTokenValidity": 2}, {}, Difference("AccessTokenValidity", 2, 1)),
        ({"ClientName": "web"}, {"ClientName": "shop"}, Difference("ClientName", "web", "shop")),
    ],
)
def test_a_difference_has_both_values_with_defaults_filled_in(
    applied: Json, shown: Json, difference: Difference
) -> None:
    assert compared(applied, {**BARE, **shown}).differences == (difference,)


def test_a_client_that_does_not_exist_is_gone() -> None:
    assert compared({"ClientName": "web"}, None) == Drift(Status.GONE)
    assert compared({"ImportId": f"{POOL}/{CLIENT_ID}"}, None) == Drift(Status.GONE)


@pytest.mark.parametrize(("minutes", "now"), [(60, {"MaxValidityMinutes": 60}), (None, None)])
def test_the_session_is_compared_where_the_template_has_one(minutes: int | None, now: Json | None) -> None:
    session = {"MaxValidityMinutes": 120}

    found = compared({"SSOSession": session}, BARE, minutes)

    assert (found.differences, found.minutes) == ((Difference("SSOSession", session, now),), 120)
    assert compared({"SSOSession": session}, BARE, 120).status is Status.IN_SYNC
    assert compared({}, BARE, minutes).status is Status.IN_SYNC


@pytest.mark.parametrize(
    ("applied", "name"),
    [({"GenerateSecret": True}, "GenerateSecret"), ({"ClientSecret": Sensitive("")}, "ClientSecret")],
)
def test_a_secret_that_is_missing_needs_a_new_client_and_cannot_be_healed(applied: Json, name: str) -> None:
    found = compared(applied, AppClient(POOL, CLIENT_ID, BARE, has_secret=False))

    assert (found.status, found.can_be_healed) == (Status.DRIFTED, False)
    assert found.differences == (Difference(name, True, False),)
    assert found.replaces


def test_a_secret_that_cognito_stores_against_the_template_cannot_be_healed() -> None:
    shown = {**BARE, "PublishSecretsInAWSSecretsManager": True}
    client = AppClient(
        POOL, CLIENT_ID, shown, has_secret=True, secret_arn="arn:aws:secretsmanager:us-east-1:1:secret:x"
    )

    found = compared({"PublishSecretsInAWSSecretsManager": False}, client)

    assert found.differences == (Difference("PublishSecretsInAWSSecretsManager", False, True),)
    assert not found.can_be_healed
    with pytest.raises(Refused, match="stores and rotates"):
        compared({"SecretId": "shop"}, client)
