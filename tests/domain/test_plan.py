"""From what the template wants, what it wanted last time and what exists follows what to do."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import CLIENT_SECRET, OTHER_SECRET, OWN_SECRET
from tests.domain.plans import ACCESS, ARN, BARE, DERIVED, REFRESH, ROLE, UNITS, A, B, decided
from tests.given import POOL, observed
from user_pool_client.domain.plan import Create, NoChange, Update, plan_create
from user_pool_client.domain.properties import PUBLISH, UPDATABLE
from user_pool_client.domain.sensitive import Sensitive

if TYPE_CHECKING:
    from user_pool_client.domain.app_client import AppClient


type Json = dict[str, Any]


def updated(desired: Json, applied: Json, shown: Json | AppClient) -> Json:
    """Return the request of the update that is decided on."""
    plan = decided(desired, applied, shown)
    assert isinstance(plan, Update)
    return dict(plan.settings)


# One value of every setting that is not its default, and what an update sends once it leaves the template.
LEFT_OUT = object()
OTHER_THAN_DEFAULT: Json = {
    "ClientName": "named",
    "PublishSecretsInAWSSecretsManager": True,
    "AccessTokenValidity": 12,
    "IdTokenValidity": 12,
    "RefreshTokenValidity": 90,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours"},
    "ReadAttributes": ["email"],
    "WriteAttributes": ["email"],
    "ExplicitAuthFlows": ["ALLOW_USER_AUTH"],
    "SupportedIdentityProviders": ["COGNITO"],
    "CallbackURLs": [A],
    "LogoutURLs": [A],
    "DefaultRedirectURI": A,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid"],
    "AllowedOAuthFlowsUserPoolClient": True,
    "AnalyticsConfiguration": {"ApplicationArn": ARN},
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": False,
    "EnablePropagateAdditionalUserContextData": True,
    "AuthSessionValidity": 15,
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
}
AFTER_LEAVING: Json = {
    "ClientName": DERIVED,
    "PublishSecretsInAWSSecretsManager": LEFT_OUT,
    "AccessTokenValidity": 1,
    "IdTokenValidity": 1,
    "RefreshTokenValidity": 30,
    "TokenValidityUnits": {"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"},
    "ReadAttributes": LEFT_OUT,
    "WriteAttributes": LEFT_OUT,
    "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
    "SupportedIdentityProviders": [],
    "CallbackURLs": [],
    "LogoutURLs": [],
    "DefaultRedirectURI": LEFT_OUT,
    "AllowedOAuthFlows": [],
    "AllowedOAuthScopes": [],
    "AllowedOAuthFlowsUserPoolClient": False,
    "AnalyticsConfiguration": LEFT_OUT,
    "PreventUserExistenceErrors": "LEGACY",
    "EnableTokenRevocation": True,
    "EnablePropagateAdditionalUserContextData": False,
    "AuthSessionValidity": 3,
    "RefreshTokenRotation": {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0},
}


def test_the_examples_are_of_every_setting() -> None:
    assert set(OTHER_THAN_DEFAULT) == set(AFTER_LEAVING) == set(UPDATABLE)


@pytest.mark.parametrize(
    ("wanted", "before", "stored", "sent"),
    [
        pytest.param(True, None, False, True, id="it-comes"),
        pytest.param(True, True, True, None, id="it-stays"),
        pytest.param(True, False, True, None, id="it-was-switched-on-elsewhere"),
        pytest.param(True, True, False, True, id="it-was-switched-off-elsewhere"),
        pytest.param(False, True, True, False, id="it-is-switched-off"),
        pytest.param(False, None, False, None, id="it-never-was-on"),
        pytest.param(None, True, True, None, id="it-leaves-and-stays-on"),
        pytest.param(None, False, False, None, id="it-leaves-and-stays-off"),
        pytest.param(None, None, True, None, id="it-was-switched-on-elsewhere-and-is-not-ours"),
    ],
)
def test_whether_cognito_stores_the_secret_is_sent_only_where_it_changes(
    wanted: bool | None, before: bool | None, *, stored: bool, sent: bool | None
) -> None:
    desired, applied = ({} if said is None else {PUBLISH: said} for said in (wanted, before))
    shown = {**BARE, **({PUBLISH: True} if stored else {})}

    plan = decided(desired, applied, shown)

    assert isinstance(plan, NoChange if sent is None else Update)
    assert (plan.settings.get(PUBLISH) if isinstance(plan, Update) else None) == sent
    # Another setting's update does not touch it.
    assert updated({**desired, "LogoutURLs": [A]}, applied, shown).get(PUBLISH) == sent


@pytest.mark.parametrize("name", UPDATABLE)
def test_a_setting_in_the_template_is_made_so(name: str) -> None:
    request = updated({name: OTHER_THAN_DEFAULT[name]}, {}, BARE)

    assert request[name] == OTHER_THAN_DEFAULT[name]


@pytest.mark.parametrize("name", [name for name in UPDATABLE if name != PUBLISH])
def test_a_setting_that_leaves_the_template_gets_its_default_explicitly(name: str) -> None:
    shown = {**BARE, name: OTHER_THAN_DEFAULT[name]}

    request = updated({}, {name: OTHER_THAN_DEFAULT[name]}, shown)

    assert request.get(name, LEFT_OUT) == AFTER_LEAVING[name]


@pytest.mark.parametrize("name", [name for name in UPDATABLE if name not in (UNITS, PUBLISH)])
def test_a_setting_that_left_is_reset_even_if_what_was_applied_does_not_parse(name: str) -> None:
    request = updated({}, {name: None}, {**BARE, name: OTHER_THAN_DEFAULT[name]})

    assert request.get(name, LEFT_OUT) == AFTER_LEAVING[name]


# Units without numbers are completed; the tests of number and unit say how.
@pytest.mark.parametrize("name", [name for name in UPDATABLE if name not in (UNITS, PUBLISH)])
def test_a_setting_that_never_was_in_the_template_is_carried_along(name: str) -> None:
    shown = {**BARE, name: OTHER_THAN_DEFAULT[name]}
    change: Json = {"LogoutURLs": [B]} if name != "LogoutURLs" else {"CallbackURLs": [B]}

    request = updated(change, {}, shown)

    assert request == {**shown, **change}


def test_all_that_was_set_elsewhere_is_carried_along_together() -> None:
    elsewhere = {**{name: OTHER_THAN_DEFAULT[name] for name in UPDATABLE if name != PUBLISH}, "AuthSessionValidity": 3}

    assert updated({"AuthSessionValidity": 9}, {}, elsewhere) == {**elsewhere, "AuthSessionValidity": 9}


@pytest.mark.parametrize("name", [name for name in UPDATABLE if AFTER_LEAVING[name] is not LEFT_OUT])
def test_a_default_that_the_template_says_for_the_first_time_is_no_difference(name: str) -> None:
    desired = {name: "web" if name == "ClientName" else AFTER_LEAVING[name]}

    assert isinstance(decided(desired, {}, BARE), NoChange)


@pytest.mark.parametrize(
    ("desired", "applied", "shown"),
    [
        pytest.param({}, {}, BARE, id="an-empty-template"),
        pytest.param({}, {}, {**BARE, **OTHER_THAN_DEFAULT}, id="everything-set-elsewhere"),
        pytest.param(OTHER_THAN_DEFAULT, OTHER_THAN_DEFAULT, OTHER_THAN_DEFAULT, id="all-as-desired"),
        pytest.param(OTHER_THAN_DEFAULT, {}, OTHER_THAN_DEFAULT, id="all-as-desired-for-the-first-time"),
        pytest.param({"CallbackURLs": [B, A]}, {}, {**BARE, "CallbackURLs": [A, B]}, id="order"),
        pytest.param({"CallbackURLs": [A, A]}, {}, {**BARE, "CallbackURLs": [A]}, id="duplicates-in-the-template"),
        pytest.param({"CallbackURLs": [A]}, {}, {**BARE, "CallbackURLs": [A, A]}, id="duplicates-in-what-exists"),
        pytest.param({"LogoutURLs": []}, {"LogoutURLs": [A]}, BARE, id="an-empty-list-that-is-not-shown"),
        pytest.param({}, {"LogoutURLs": [A]}, BARE, id="what-left-the-template-is-gone-already"),
        pytest.param({"ReadAttributes": []}, {}, BARE, id="an-empty-list-of-attributes"),
        pytest.param({"ExplicitAuthFlows": []}, {}, BARE, id="no-flows-are-the-default-flows"),
        pytest.param(
            {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_CUSTOM_AUTH"]},
            {},
            BARE,
            id="the-default-flows-in-another-order",
        ),
        pytest.param({"RefreshTokenValidity": 0}, {}, BARE, id="zero-is-the-default"),
        pytest.param(
            {"RefreshTokenValidity": 30, UNITS: {"RefreshToken": "days"}}, {}, BARE, id="default-with-its-unit"
        ),
        pytest.param({ACCESS: 1}, {}, BARE, id="a-default-number"),
        pytest.param({}, {ACCESS: 1, UNITS: {"AccessToken": "hours"}}, BARE, id="a-default-that-leaves"),
        pytest.param({UNITS: {}}, {}, BARE, id="no-units"),
        pytest.param({"RefreshTokenRotation": {"Feature": "DISABLED"}}, {}, BARE, id="rotation-off-for-the-first-time"),
        pytest.param(
            {"RefreshTokenRotation": {"Feature": "ENABLED"}},
            {},
            {**BARE, "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}},
            id="the-default-grace",
        ),
        pytest.param(
            {"RefreshTokenRotation": {"Feature": "ENABLED"}},
            {},
            {**BARE, "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 20}},
            id="a-grace-from-elsewhere",
        ),
        pytest.param(
            {"AnalyticsConfiguration": {"ApplicationArn": ARN}},
            {},
            {**BARE, "AnalyticsConfiguration": {"ApplicationArn": ARN, "RoleArn": ROLE, "UserDataShared": False}},
            id="what-cognito-adds-to-an-analytics-arn",
        ),
        pytest.param({"AnalyticsConfiguration": {}}, {}, BARE, id="empty-analytics"),
        pytest.param({"PreventUserExistenceErrors": "LEGACY"}, {}, BARE, id="a-default-that-is-not-shown"),
        pytest.param({"AllowedOAuthFlowsUserPoolClient": False}, {}, BARE, id="false-that-is-not-shown"),
    ],
)
def test_nothing_to_do_means_no_write(desired: Json, applied: Json, shown: Json) -> None:
    client = observed(**shown)

    assert decided(desired, applied, client) == NoChange(client)


@pytest.mark.parametrize(
    ("desired", "applied", "shown", "changed"),
    [
        pytest.param({"LogoutURLs": [A]}, {}, BARE, ("LogoutURLs",), id="a-list-that-is-new"),
        pytest.param({"CallbackURLs": [A, B]}, {}, {**BARE, "CallbackURLs": [A]}, ("CallbackURLs",), id="one-more-url"),
        pytest.param({"ClientName": "shop"}, {}, BARE, ("ClientName",), id="another-name"),
        pytest.param(
            {"AuthSessionValidity": 5, "EnableTokenRevocation": False},
            {},
            BARE,
            ("EnableTokenRevocation", "AuthSessionValidity"),
            id="two-at-once",
        ),
        pytest.param({}, {"LogoutURLs": [A]}, {**BARE, "LogoutURLs": [B]}, ("LogoutURLs",), id="one-that-left"),
        pytest.param({"DefaultRedirectURI": A}, {}, BARE, ("DefaultRedirectURI",), id="a-default-redirect"),
    ],
)
def test_an_update_tells_what_changes(desired: Json, applied: Json, shown: Json, changed: tuple[str, ...]) -> None:
    plan = decided(desired, applied, shown)

    assert isinstance(plan, Update)
    assert plan.changed == changed


def test_a_template_without_a_name_leaves_a_name_given_elsewhere() -> None:
    assert updated({"LogoutURLs": [A]}, {}, BARE)["ClientName"] == "web"


def test_the_request_holds_nothing_that_an_update_does_not_take() -> None:
    desired = {"GenerateSecret": True, "ClientName": "shop"}

    request = updated(desired, desired, observed(CLIENT_SECRET, **BARE))

    assert set(request) <= set(UPDATABLE)


# Number and unit of one token: desired, applied, observed, and what an update sends of it.
type Pair = tuple[int | None, str | None]


def pair(number: int | None, unit: str | None, token: str) -> Json:
    return {
        **({} if number is None else {f"{token}Validity": number}),
        **({} if unit is None else {UNITS: {token: unit}}),
    }


@pytest.mark.parametrize(
    ("desired", "applied", "shown", "expected"),
    [
        pytest.param((30, "minutes"), (None, None), (None, None), (30, "minutes"), id="both-for-the-first-time"),
        pytest.param((30, "minutes"), (45, "minutes"), (45, "minutes"), (30, "minutes"), id="another-number"),
        pytest.param((2, "hours"), (120, "minutes"), (120, "minutes"), (2, "hours"), id="another-way-to-say-it"),
        pytest.param((2, None), (None, None), (None, None), (2, "hours"), id="a-number-alone-is-in-the-default-unit"),
        pytest.param((2, None), (None, None), (30, "minutes"), (2, "hours"), id="not-in-the-unit-set-elsewhere"),
        pytest.param((2, None), (30, "minutes"), (30, "minutes"), (2, "hours"), id="nor-in-the-unit-that-left"),
        pytest.param((2, None), (2, "minutes"), (2, "minutes"), (2, "hours"), id="only-the-unit-leaves"),
        pytest.param((None, "minutes"), (None, None), (None, None), (60, "minutes"), id="a-unit-alone-is-the-default"),
        pytest.param((None, "minutes"), (None, None), (1, "hours"), (60, "minutes"), id="one-that-we-wrote-as-well"),
        pytest.param((None, "seconds"), (None, "minutes"), (60, "minutes"), (3600, "seconds"), id="in-another-unit"),
        pytest.param((None, "hours"), (None, None), (90, "minutes"), (1, "hours"), id="a-number-too-high-for-the-unit"),
        pytest.param((None, "minutes"), (None, None), (12, "hours"), (12, "minutes"), id="with-the-observed-number"),
        pytest.param((None, "minutes"), (None, "hours"), (12, "hours"), (12, "minutes"), id="another-unit-alone"),
        pytest.param((None, "minutes"), (30, "minutes"), (30, "minutes"), (60, "minutes"), id="only-the-number-leaves"),
        pytest.param((None, "seconds"), (30, "minutes"), (30, "minutes"), (3600, "seconds"), id="and-the-unit-changes"),
        pytest.param((None, "days"), (12, "hours"), (12, "hours"), (1, "days"), id="a-default-of-less-than-a-day"),
        pytest.param((None, None), (30, "minutes"), (30, "minutes"), (1, "hours"), id="both-leave"),
        pytest.param((None, None), (12, None), (12, "hours"), (1, "hours"), id="a-number-without-unit-leaves"),
        pytest.param((None, None), (12, None), (12, None), (1, "hours"), id="one-whose-unit-is-not-shown-leaves"),
        pytest.param((None, None), (None, "minutes"), (30, "minutes"), (1, "hours"), id="a-unit-without-number-leaves"),
        pytest.param((12, None), (None, None), (12, "minutes"), (12, "hours"), id="the-same-number-in-another-unit"),
        pytest.param((None, None), (None, None), (1, "minutes"), (60, "minutes"), id="shown-but-not-taken-back"),
    ],
)
@pytest.mark.parametrize("token", ["AccessToken", "IdToken"])
def test_a_tokens_number_and_unit_belong_together(
    desired: Pair, applied: Pair, shown: Pair, expected: Pair, token: str
) -> None:
    other = "IdToken" if token == "AccessToken" else "AccessToken"
    elsewhere = {f"{other}Validity": 77, "RefreshTokenValidity": 88}
    units = {other: "minutes", "RefreshToken": "hours", **({} if shown[1] is None else {token: shown[1]})}

    request = updated(
        pair(*desired, token), pair(*applied, token), {**BARE, **elsewhere, **pair(*shown, token), UNITS: units}
    )

    assert (request.get(f"{token}Validity"), request[UNITS].get(token)) == expected
    # The other tokens are not touched.
    assert {name: request[name] for name in elsewhere} == elsewhere
    assert {name: unit for name, unit in request[UNITS].items() if name != token} == {
        other: "minutes",
        "RefreshToken": "hours",
    }


def test_a_unit_set_elsewhere_without_a_number_gets_the_default_number() -> None:
    request = updated({"LogoutURLs": [A]}, {}, {**BARE, UNITS: {"AccessToken": "minutes"}})

    assert (request[ACCESS], request[UNITS]) == (60, {"AccessToken": "minutes"})


@pytest.mark.parametrize(
    ("desired", "applied", "shown", "expected"),
    [
        pytest.param((90, None), (None, None), (30, None), (90, "days"), id="a-number-alone-is-in-days"),
        pytest.param((90, None), (90, "hours"), (90, "hours"), (90, "days"), id="only-the-unit-leaves"),
        pytest.param((None, "hours"), (None, None), (30, None), (720, "hours"), id="a-unit-alone-is-the-default"),
        pytest.param((None, "minutes"), (None, None), (30, None), (43200, "minutes"), id="in-minutes-too"),
        pytest.param((None, "hours"), (None, None), (90, None), (90, "hours"), id="a-number-set-elsewhere-stays"),
        pytest.param((None, "hours"), (None, None), (30, "minutes"), (720, "hours"), id="cognitos-own-30"),
        pytest.param((None, None), (None, None), (30, "minutes"), (43200, "minutes"), id="cognitos-own-30-carried-on"),
        pytest.param((None, "hours"), (90, "days"), (90, "days"), (720, "hours"), id="only-the-number-leaves"),
        pytest.param((None, None), (90, "hours"), (90, "hours"), (30, "days"), id="both-leave"),
        pytest.param((0, None), (90, "hours"), (90, "hours"), (0, "days"), id="zero-for-the-default"),
    ],
)
def test_a_refresh_tokens_number_and_unit_belong_together(
    desired: Pair, applied: Pair, shown: Pair, expected: Pair
) -> None:
    token = "RefreshToken"

    request = updated(
        pair(*desired, token), pair(*applied, token), {**BARE, ACCESS: 8, **pair(*shown, token), "LogoutURLs": [A]}
    )

    assert (request.get(REFRESH), request[UNITS].get(token)) == expected
    assert (request[ACCESS], "AccessToken" in request[UNITS]) == (8, False)


@pytest.mark.parametrize(
    ("desired", "applied", "shown", "expected"),
    [
        pytest.param(
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
            None,
            None,
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
            id="both-members-for-the-first-time",
        ),
        pytest.param(
            {"Feature": "ENABLED"},
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
            id="the-grace-leaves",
        ),
        pytest.param(
            {"Feature": "ENABLED"},
            {"Feature": "DISABLED"},
            {"Feature": "DISABLED", "RetryGracePeriodSeconds": 20},
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 20},
            id="a-grace-from-elsewhere-is-kept",
        ),
        pytest.param(
            None,
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
            {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0},
            id="rotation-leaves",
        ),
        pytest.param(
            None,
            None,
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 20},
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 20},
            id="rotation-from-elsewhere-is-carried",
        ),
    ],
)
def test_the_members_of_rotation_are_settings_too(
    desired: Json | None, applied: Json | None, shown: Json | None, expected: Json
) -> None:
    def rotating(members: Json | None) -> Json:
        return {} if members is None else {"RefreshTokenRotation": members}

    request = updated({**rotating(desired), "LogoutURLs": [B]}, rotating(applied), {**BARE, **rotating(shown)})

    assert request["RefreshTokenRotation"] == expected


@pytest.mark.parametrize(
    ("desired", "applied", "shown", "expected"),
    [
        pytest.param(
            {}, {}, {"Feature": "ENABLED"}, ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH"], id="rotation-from-elsewhere"
        ),
        pytest.param(
            {"RefreshTokenRotation": {"Feature": "ENABLED"}},
            {"RefreshTokenRotation": {"Feature": "ENABLED"}},
            {"Feature": "ENABLED"},
            ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH"],
            id="rotation-stays-on",
        ),
        pytest.param(
            {"RefreshTokenRotation": {"Feature": "ENABLED"}},
            {},
            {"Feature": "DISABLED"},
            ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH"],
            id="rotation-comes",
        ),
        pytest.param(
            {},
            {"RefreshTokenRotation": {"Feature": "ENABLED"}},
            {"Feature": "ENABLED"},
            ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
            id="rotation-leaves-as-well",
        ),
        pytest.param(
            {"RefreshTokenRotation": {"Feature": "DISABLED"}},
            {"RefreshTokenRotation": {"Feature": "ENABLED"}},
            {"Feature": "ENABLED"},
            ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
            id="rotation-is-switched-off",
        ),
    ],
)
def test_flows_that_leave_go_back_without_the_refresh_flow_while_rotation_is_on(
    desired: Json, applied: Json, shown: Json, expected: list[str]
) -> None:
    flows = {"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH"]}

    request = updated(desired, {**applied, **flows}, {**BARE, **flows, "RefreshTokenRotation": shown})

    assert request["ExplicitAuthFlows"] == expected


@pytest.mark.parametrize(
    ("desired", "applied", "shown", "expected"),
    [
        pytest.param(
            {"ApplicationArn": ARN},
            {"ApplicationArn": ARN, "UserDataShared": True},
            {"ApplicationArn": ARN, "RoleArn": ROLE, "UserDataShared": True},
            {"ApplicationArn": ARN},
            id="sharing-leaves",
        ),
        pytest.param(
            {"ApplicationArn": ARN},
            None,
            {"ApplicationId": "0f", "RoleArn": ROLE, "ExternalId": "x", "UserDataShared": True},
            {"ApplicationArn": ARN, "UserDataShared": True},
            id="one-form-takes-the-others-place-and-sharing-from-elsewhere-stays",
        ),
        pytest.param(
            {"ApplicationId": "0f", "RoleArn": ROLE, "ExternalId": "x"},
            {"ApplicationArn": ARN},
            {"ApplicationArn": ARN, "RoleArn": ROLE},
            {"ApplicationId": "0f", "RoleArn": ROLE, "ExternalId": "x"},
            id="the-other-form-takes-its-place",
        ),
        pytest.param(
            None,
            None,
            {"ApplicationArn": ARN, "RoleArn": ROLE, "UserDataShared": True},
            {"ApplicationArn": ARN, "UserDataShared": True},
            id="carried-without-what-cognito-added-and-would-refuse",
        ),
        pytest.param(
            None,
            None,
            {"ApplicationId": "0f", "RoleArn": ROLE, "ExternalId": "x"},
            {"ApplicationId": "0f", "RoleArn": ROLE, "ExternalId": "x"},
            id="the-form-with-an-id-is-carried-whole",
        ),
        pytest.param(None, {"ApplicationArn": ARN}, {"ApplicationArn": ARN, "RoleArn": ROLE}, None, id="it-leaves"),
        pytest.param({}, {"ApplicationArn": ARN}, {"ApplicationArn": ARN}, None, id="an-empty-one-takes-it-away"),
    ],
)
def test_analytics_go_whole(desired: Json | None, applied: Json | None, shown: Json, expected: Json | None) -> None:
    def analysing(members: Json | None) -> Json:
        return {} if members is None else {"AnalyticsConfiguration": members}

    request = updated({**analysing(desired), "LogoutURLs": [B]}, analysing(applied), {**BARE, **analysing(shown)})

    assert request.get("AnalyticsConfiguration") == expected


@pytest.mark.parametrize(
    ("desired", "applied", "client", "because"),
    [
        pytest.param({}, {}, None, "does not exist", id="the-client-is-gone-or-in-another-pool"),
        pytest.param(
            {"GenerateSecret": True}, {}, observed(has_secret=False), "wants a client secret", id="secret-wanted"
        ),
        pytest.param(
            {"GenerateSecret": False}, {}, observed(CLIENT_SECRET), "wants no client secret", id="secret-not-wanted"
        ),
        pytest.param(
            {"GenerateSecret": False},
            {"GenerateSecret": True},
            observed(CLIENT_SECRET),
            "wants no client secret",
            id="secret-no-longer-wanted",
        ),
        pytest.param(
            {"ClientSecret": Sensitive(OWN_SECRET)},
            {},
            observed(has_secret=False),
            "wants a client secret",
            id="a-secret-of-ones-own-for-a-client-without",
        ),
        pytest.param(
            {"ClientSecret": Sensitive(OWN_SECRET)},
            {"ClientSecret": Sensitive(OTHER_SECRET)},
            observed(OTHER_SECRET),
            "ClientSecret changed",
            id="another-secret-of-ones-own",
        ),
        pytest.param(
            {"ClientSecret": Sensitive(OWN_SECRET)},
            {"GenerateSecret": True},
            observed(CLIENT_SECRET),
            "ClientSecret changed",
            id="a-secret-of-ones-own-instead-of-cognitos",
        ),
        pytest.param(
            {"ClientSecret": Sensitive(OWN_SECRET)},
            {"ClientSecret": Sensitive(OTHER_SECRET)},
            observed(has_secret=True),
            "ClientSecret changed",
            id="another-secret-though-the-client-shows-none",
        ),
    ],
)
def test_a_new_client_is_made(desired: Json, applied: Json, client: AppClient | None, because: str) -> None:
    plan = decided(desired, applied, client)

    assert isinstance(plan, Create)
    assert because in plan.reason
    assert plan.settings == {"UserPoolId": POOL, "ClientName": DERIVED, **desired}
    assert "canary" not in str(plan)


def web(secret: str | None = None, *, has_secret: bool | None = None) -> AppClient:
    return observed(secret, has_secret=has_secret, **BARE)


@pytest.mark.parametrize(
    ("desired", "applied", "client"),
    [
        pytest.param({"GenerateSecret": True}, {}, web(CLIENT_SECRET), id="a-secret-wanted-for-the-first-time"),
        pytest.param({"GenerateSecret": True}, {}, web(has_secret=True), id="a-secret-that-describe-does-not-show"),
        pytest.param({"GenerateSecret": False}, {}, web(has_secret=False), id="no-secret-wanted-and-none-there"),
        pytest.param({"GenerateSecret": False}, {}, web(), id="no-secret-wanted-and-none-shown"),
        pytest.param({}, {"GenerateSecret": True}, web(CLIENT_SECRET), id="generate-secret-leaves"),
        pytest.param({}, {"GenerateSecret": False}, web(CLIENT_SECRET), id="generate-secret-false-leaves"),
        pytest.param({}, {"ClientSecret": Sensitive(OWN_SECRET)}, web(OWN_SECRET), id="client-secret-leaves"),
        pytest.param({}, {}, web(CLIENT_SECRET), id="nobody-ever-spoke-of-a-secret"),
        pytest.param({"ClientSecret": Sensitive(OWN_SECRET)}, {}, web(OWN_SECRET), id="own-secret-first-said"),
        pytest.param(
            {"ClientSecret": Sensitive(OWN_SECRET)},
            {"ClientSecret": Sensitive(OTHER_SECRET)},
            web(OWN_SECRET),
            id="changed-to-what-the-client-has",
        ),
        pytest.param(
            {"ClientSecret": Sensitive(OWN_SECRET)},
            {"ClientSecret": Sensitive(OWN_SECRET)},
            web(CLIENT_SECRET),
            id="not-changed-in-the-template-though-changed-elsewhere",
        ),
        pytest.param(
            {"ClientSecret": Sensitive(OWN_SECRET)},
            {"ClientSecret": Sensitive(OWN_SECRET)},
            web(has_secret=True),
            id="not-changed-and-the-original-secret-was-deleted",
        ),
        pytest.param({"GenerateSecret": True}, {"GenerateSecret": None}, web(CLIENT_SECRET), id="it-did-not-parse"),
        pytest.param(
            {"GenerateSecret": True},
            {"ClientSecret": Sensitive(OWN_SECRET)},
            web(OWN_SECRET),
            id="from-ones-own-secret-to-any-secret",
        ),
    ],
)
def test_agreeing_with_what_exists_replaces_nothing(desired: Json, applied: Json, client: AppClient) -> None:
    assert decided(desired, applied, client) == NoChange(client)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"ReadAttributes": [], "WriteAttributes": []}, {}, id="no-attributes-means-the-default-ones"),
        pytest.param({"ReadAttributes": ["email"]}, {"ReadAttributes": ["email"]}, id="attributes"),
        pytest.param({"CallbackURLs": []}, {"CallbackURLs": []}, id="other-empty-lists-are-sent"),
        pytest.param(
            {"EnableTokenRevocation": False, "RefreshTokenValidity": 0},
            {"EnableTokenRevocation": False, "RefreshTokenValidity": 0},
            id="false-and-zero-are-sent",
        ),
    ],
)
def test_a_new_client_gets_what_the_template_says(given: Json, expected: Json) -> None:
    assert plan_create(given, "it is new").settings == expected


def test_deciding_changes_none_of_the_states() -> None:
    desired, applied, shown = ({**BARE, **OTHER_THAN_DEFAULT}, copy.deepcopy(OTHER_THAN_DEFAULT), copy.deepcopy(BARE))
    before = copy.deepcopy((desired, applied, shown))

    decided(desired, applied, shown)
    decided({}, applied, desired)

    assert (desired, applied, shown) == before


ROTATING: Json = {"RefreshTokenRotation": {"Feature": "ENABLED"}}
WITHOUT_REFRESH = ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH"]


def test_flows_that_left_while_rotation_was_on_get_the_refresh_flow_back_when_rotation_leaves() -> None:
    client = {"ClientName": DERIVED, "ExplicitAuthFlows": WITHOUT_REFRESH, **ROTATING}

    plan = decided({}, ROTATING, client)

    assert isinstance(plan, Update)
    assert sorted(plan.settings["ExplicitAuthFlows"]) == [
        "ALLOW_CUSTOM_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_USER_SRP_AUTH",
    ]


def test_default_flows_that_were_written_before_do_not_keep_rotation_from_being_switched_on() -> None:
    client = {"ClientName": DERIVED, "ExplicitAuthFlows": [*WITHOUT_REFRESH, "ALLOW_REFRESH_TOKEN_AUTH"]}

    plan = decided(ROTATING, {}, client)

    assert isinstance(plan, Update)
    assert sorted(plan.settings["ExplicitAuthFlows"]) == WITHOUT_REFRESH


def test_flows_that_somebody_chose_outside_do_not_follow_the_rotation() -> None:
    client = {"ClientName": DERIVED, "ExplicitAuthFlows": ["ALLOW_USER_AUTH"], **ROTATING}

    plan = decided({}, ROTATING, client)

    assert isinstance(plan, Update)
    assert plan.settings["ExplicitAuthFlows"] == ["ALLOW_USER_AUTH"]
