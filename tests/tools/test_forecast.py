from __future__ import annotations

from typing import Any

import pytest

from tests.canaries import OWN_SECRET
from tools.rehearsal.forecast import MASK, Change, Forecast, forecast, told
from user_pool_client.domain.app_client import AppClient

POOL, OTHER = "us-east-1_Abc123xyz", "us-east-1_Other9999"
PRESENT = AppClient(POOL, "client1", {"ClientName": "web", "AuthSessionValidity": 5}, has_secret=False)


def told_of(before: dict[str, Any], after: dict[str, Any], unknown: dict[str, str] | None = None) -> Forecast:
    pool = {"UserPoolId": POOL, "ServiceToken": "arn:x", "ClientName": "web"}
    return forecast(Change({**pool, **before}, {**pool, **after}, unknown or {}, PRESENT, "derived"))


def test_no_property_changes_so_nothing_is_called() -> None:
    assert "not even called" in told_of({}, {}).what


def test_a_change_in_place_shows_each_setting_before_and_after() -> None:
    found = told_of({"AuthSessionValidity": "5"}, {"CallbackURLs": ["https://b", "https://a"]})

    assert found == Forecast(
        "changed in place", {"CallbackURLs": ("", "https://a, https://b"), "AuthSessionValidity": ("5", "3")}
    )


def test_what_was_set_elsewhere_is_no_change_and_a_default_is_none_either() -> None:
    found = told_of({}, {"EnableTokenRevocation": "true"})

    assert (found.what, found.changes) == ("the client stays as it is", {})


@pytest.mark.parametrize(
    ("after", "what"),
    [
        ({"UserPoolId": OTHER}, "a new client, because UserPoolId changes; client1 is deleted"),
        (
            {"GenerateSecret": "true"},
            "a new client, because the template wants a client secret and the client has none; client1 is deleted",
        ),
        ({"ClientSecret": OWN_SECRET}, "a new client, because the template wants a client secret"),
        ({"ImportId": f"{POOL}/client2"}, f"takes over the client {POOL}/client2 in its place; client1 is deleted"),
        (
            {"UserPoolId": OTHER, "ImportNamePrefix": "Amazon"},
            'takes over the one client that fits ImportNamePrefix "Amazon" in its place; client1 is deleted',
        ),
    ],
)
def test_a_new_client_says_why_and_what_becomes_of_the_old_one(after: dict[str, Any], what: str) -> None:
    found = told_of({}, after)

    assert found.what.startswith(what)
    assert OWN_SECRET not in str(found)


def test_only_a_secret_that_is_wanted_and_not_shown_needs_a_second_look() -> None:
    assert told_of({}, {"GenerateSecret": "true"}).second_look
    assert not told_of({}, {"UserPoolId": OTHER, "GenerateSecret": "true"}).second_look


def test_a_client_that_was_imported_is_let_go_and_one_with_a_policy_stays() -> None:
    imported = {"ImportId": f"{POOL}/client1"}
    retained = Change({"UserPoolId": POOL}, {"UserPoolId": OTHER}, {}, PRESENT, "derived", stays=True)

    assert "client1 is let go" in told_of(imported, {"ImportId": f"{POOL}/client2"}).what
    assert "client1 stays in its pool" in forecast(retained).what


def test_what_the_new_client_loses_is_shown() -> None:
    assert told_of({}, {"UserPoolId": OTHER}).changes["AuthSessionValidity"] == ("5", "3")


def test_a_value_that_is_not_known_is_no_change_and_no_problem() -> None:
    unknown = {"CallbackURLs": "Domain, which is new"}
    found = told_of({}, {"AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"]}, unknown)

    assert (found.unknown, found.problems) == (unknown, ())
    assert "CallbackURLs" not in found.changes
    assert told_of({}, {}, unknown).what == "changed in place, if at all"


def test_a_user_pool_that_is_new_means_a_new_client() -> None:
    change = Change({"UserPoolId": POOL}, {"AuthSessionValidity": "15"}, {"UserPoolId": "Pool, new"}, PRESENT, "d")

    found = forecast(change)

    assert found.what == "a new client, because its user pool is a new one; client1 is deleted"
    assert found.problems == ()


def test_everything_that_the_function_will_refuse_is_told_before() -> None:
    found = told_of({}, {"callback_urls": [], "AuthSessionValidity": "99", "SecretId": "s"})

    assert len(found.problems) == 3
    assert any("The nearest one is CallbackURLs." in problem for problem in found.problems)


def test_settings_of_the_provider_are_shown_but_no_external_id() -> None:
    found = told_of({"ExternalId": "abc"}, {"ExternalId": "xyz", "RoleArn": f"arn:aws:iam::{'1' * 12}:role/r"})

    assert found.changes["ExternalId"] == (MASK, MASK)
    assert found.changes["RoleArn"][0] == ""


def test_a_policy_that_changes_is_shown_with_its_defaults() -> None:
    before, after = ({"PolicyName": name, "URLPatterns": ["https://a.example/"]} for name in ("agents", "robots"))

    assert told_of({}, {"CIMDPolicy": after}).changes["CIMDPolicy.CacheDuration"] == ("", "86400")
    changes = told_of({"CIMDPolicy": before}, {"CIMDPolicy": after}).changes
    assert {name: one for name, one in changes.items() if "CIMD" in name} == {
        "CIMDPolicy.PolicyName": ("agents", "robots")
    }


def test_a_client_is_told_without_what_is_default() -> None:
    assert told(PRESENT) == {"UserPoolId": POOL, "ClientName": "web", "AuthSessionValidity": "5"}


def test_an_import_that_does_not_fit_is_told_to_fail() -> None:
    imported = {"ImportId": f"{POOL}/client1"}

    found = told_of(imported, {**imported, "GenerateSecret": "true"})

    assert "will fail" in found.what
    assert "wants a client secret and the client has none" in found.problems[0]
