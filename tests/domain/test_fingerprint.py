"""Which client is the one that was made, and whether anybody still waits: decided from what is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.canaries import OTHER_SECRET, OWN_SECRET
from tests.given import CLIENT_ID, POOL
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.fingerprint import fingerprint, without_settings
from user_pool_client.domain.physical_id import is_generated_id
from user_pool_client.domain.resource_status import ResourceStatus
from user_pool_client.domain.sensitive import Sensitive

SIGNED = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
MADE = SIGNED + timedelta(seconds=1)
SETTINGS = {"UserPoolId": POOL, "ClientName": "web", "CallbackURLs": ["https://a.example.com", "https://b.example.com"]}
SHOWN = AppClient(
    POOL,
    CLIENT_ID,
    {"ClientName": "web", "CallbackURLs": ["https://b.example.com", "https://a.example.com"]},
    created=MADE,
)


def wanted(**more: Any) -> Any:
    return fingerprint({**SETTINGS, **more}, since=SIGNED, besides="")


def test_a_client_with_every_setting_made_after_the_request_is_it() -> None:
    assert wanted().fits(SHOWN)


@pytest.mark.parametrize(
    ("seconds", "fits"), [(-60, False), (-10.1, False), (-10, True), (-0.5, True), (0, True), (600, True)]
)
def test_clocks_may_be_ten_seconds_apart(seconds: float, fits: bool) -> None:
    assert wanted().fits(replace(SHOWN, created=SIGNED + timedelta(seconds=seconds))) == fits


def test_a_client_that_does_not_say_when_it_was_made_is_not_it() -> None:
    assert not wanted().fits(replace(SHOWN, created=None))


@pytest.mark.parametrize("more", [{"AuthSessionValidity": 5}, {"LogoutURLs": ["https://a.example.com"]}])
def test_every_setting_must_agree(more: dict[str, Any]) -> None:
    assert not wanted(**more).fits(SHOWN)
    assert wanted(**more).fits(replace(SHOWN, settings={**SHOWN.settings, **more}))


def test_a_default_that_is_said_agrees_with_one_that_is_not_shown() -> None:
    assert wanted(AuthSessionValidity=3, EnableTokenRevocation=True).fits(SHOWN)


@pytest.mark.parametrize(
    ("given", "secret", "fits"),
    [
        ({}, None, True),
        ({}, OTHER_SECRET, False),
        ({"GenerateSecret": False}, OTHER_SECRET, False),
        ({"GenerateSecret": True}, OTHER_SECRET, True),
        ({"GenerateSecret": True}, None, False),
        ({"ClientSecret": Sensitive(OWN_SECRET)}, OWN_SECRET, True),
        ({"ClientSecret": Sensitive(OWN_SECRET)}, OTHER_SECRET, False),
    ],
)
def test_it_has_a_secret_if_and_only_if_one_was_asked_for(
    given: dict[str, Any], secret: str | None, fits: bool
) -> None:
    shown = replace(SHOWN, secret=Sensitive(secret) if secret else None, has_secret=True if secret else None)

    assert wanted(**given).fits(shown) == fits


def test_where_the_secret_may_have_come_from_elsewhere_it_is_no_difference() -> None:
    anything = fingerprint(SETTINGS, since=SIGNED, besides="", any_secret=True)

    assert anything.fits(replace(SHOWN, secret=Sensitive(OTHER_SECRET), has_secret=True))


def test_a_name_that_is_proof_needs_no_settings_but_the_time() -> None:
    named = without_settings(wanted(AuthSessionValidity=5))

    assert named.fits(SHOWN)
    assert not named.fits(replace(SHOWN, created=SIGNED - timedelta(minutes=1)))


@pytest.mark.parametrize(
    ("kind", "standing", "awaited"),
    [
        ("Create", ResourceStatus("CREATE_IN_PROGRESS"), True),
        ("Create", ResourceStatus("CREATE_IN_PROGRESS", CLIENT_ID), False),
        ("Create", ResourceStatus("CREATE_IN_PROGRESS", since=SIGNED + timedelta(seconds=30)), True),
        ("Create", ResourceStatus("CREATE_IN_PROGRESS", since=SIGNED + timedelta(seconds=31)), False),
        ("Create", ResourceStatus("CREATE_COMPLETE", CLIENT_ID), False),
        ("Create", ResourceStatus("UPDATE_IN_PROGRESS", CLIENT_ID), False),
        ("Create", ResourceStatus("CREATE_FAILED"), False),
        ("Create", ResourceStatus("DELETE_IN_PROGRESS"), False),
        ("Create", ResourceStatus(), False),
        ("Update", ResourceStatus("UPDATE_IN_PROGRESS", CLIENT_ID), True),
        ("Update", ResourceStatus("UPDATE_ROLLBACK_IN_PROGRESS", CLIENT_ID), True),
        ("Update", ResourceStatus("UPDATE_COMPLETE", CLIENT_ID), False),
        ("Update", ResourceStatus("UPDATE_FAILED", CLIENT_ID), False),
        ("Update", ResourceStatus("DELETE_IN_PROGRESS", CLIENT_ID), False),
    ],
)
def test_whether_an_answer_is_awaited(kind: str, standing: ResourceStatus, awaited: bool) -> None:
    assert standing.awaits(kind, SIGNED) == awaited


@pytest.mark.parametrize(
    ("kind", "standing", "answered"),
    [
        ("Create", ResourceStatus("CREATE_COMPLETE", CLIENT_ID), True),
        ("Create", ResourceStatus("CREATE_IN_PROGRESS", CLIENT_ID), True),
        ("Create", ResourceStatus("CREATE_IN_PROGRESS"), False),
        ("Create", ResourceStatus("UPDATE_COMPLETE", CLIENT_ID), False),
        ("Update", ResourceStatus("UPDATE_COMPLETE", CLIENT_ID), True),
        ("Update", ResourceStatus("UPDATE_IN_PROGRESS", CLIENT_ID), False),
        ("Update", ResourceStatus(), False),
    ],
)
def test_whether_it_was_answered(kind: str, standing: ResourceStatus, answered: bool) -> None:
    assert standing.answered(kind) == answered


@pytest.mark.parametrize(
    ("physical_id", "invented"),
    [
        ("shop-prod-WebClient-1QZ6T0XJ4MHFN", True),
        ("shop-prod-WebCli-1QZ6T0XJ4MHFN", True),
        ("shop-pr-WebClient-ABCDEFGHIJKL", True),
        ("shop-prod-ApiClient-1QZ6T0XJ4MHFN", False),
        ("other-WebClient-1QZ6T0XJ4MHFN", False),
        ("shop-prod-WebClient-", False),
        ("shop-prod-WebClient-a/b", False),
        ("WebClient-1QZ6T0XJ4MHFN", False),
        ("create-failed:no-app-client", False),
        ("create-unknown:no-app-client", False),
        (CLIENT_ID, False),
        ("", False),
    ],
)
def test_an_id_that_cloudformation_made_up_names_stack_and_resource(physical_id: str, invented: bool) -> None:
    assert is_generated_id(physical_id, "shop-prod", "WebClient") == invented
