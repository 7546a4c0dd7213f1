"""What holds of every plan: checked on examples that hypothesis makes up, against a little model of Cognito."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.plans import ARN, BARE, DERIVED, REFRESH, ROLE, UNITS, A, B, C, decided
from user_pool_client.domain.plan import NoChange, Update, merge, plan_create

type Json = dict[str, Any]


# A little model of Cognito: an update replaces, except for what is known to stick, and Describe shows no empty member.

STICKY = ("ClientName", UNITS, "RefreshTokenRotation", "EnableTokenRevocation", "AuthSessionValidity", REFRESH)
NUMBERS = {"AccessToken": (1, "hours"), "IdToken": (1, "hours"), "RefreshToken": (30, "days")}
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
PLAIN_DEFAULTS: Json = {
    "PreventUserExistenceErrors": "LEGACY",
    "EnableTokenRevocation": True,
    "EnablePropagateAdditionalUserContextData": False,
    "AllowedOAuthFlowsUserPoolClient": False,
    "AuthSessionValidity": 3,
    "DefaultRedirectURI": None,
}
LISTS = (
    "ReadAttributes",
    "WriteAttributes",
    "SupportedIdentityProviders",
    "CallbackURLs",
    "LogoutURLs",
    "AllowedOAuthFlows",
    "AllowedOAuthScopes",
)
# The first two are the default with rotation, the first three without it.
FLOWS = ("ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH", "ALLOW_NEW")


def after(request: Json, before: Json) -> Json:
    """Return what Describe shows after a request."""
    shown = {**{name: before[name] for name in STICKY if name in before}, **copy.deepcopy(request)}
    shown = {name: value for name, value in shown.items() if value not in (None, "", [], {}) or value is False}
    if not shown.get(REFRESH):
        shown[REFRESH] = 30
    if "ApplicationArn" in shown.get("AnalyticsConfiguration", {}):
        shown["AnalyticsConfiguration"]["RoleArn"] = ROLE
    if "RefreshTokenRotation" in shown:
        shown["RefreshTokenRotation"].setdefault("RetryGracePeriodSeconds", 0)
    return shown


def effect(shown: Json) -> Json:
    """Return how a client behaves that is shown so: defaults filled in, lists as sets, lifetimes in seconds."""
    units = shown.get(UNITS, {})
    rotation = shown.get("RefreshTokenRotation") or {"Feature": "DISABLED"}
    flows = set(shown.get("ExplicitAuthFlows", ()))
    analytics = dict(shown.get("AnalyticsConfiguration", {}))
    if "ApplicationArn" in analytics:
        analytics.pop("RoleArn", None)
    return {
        "ClientName": shown["ClientName"],
        **{
            token: (shown.get(f"{token}Validity") or number) * SECONDS[units.get(token) or unit]
            for token, (number, unit) in NUMBERS.items()
        },
        **{name: shown.get(name, default) for name, default in PLAIN_DEFAULTS.items()},
        **{name: set(shown.get(name, ())) for name in LISTS},
        "ExplicitAuthFlows": set() if flows == set(FLOWS[: 2 if rotation["Feature"] == "ENABLED" else 3]) else flows,
        "AnalyticsConfiguration": {"UserDataShared": False, **analytics} if analytics else {},
        "RefreshTokenRotation": rotation if rotation["Feature"] == "ENABLED" else "DISABLED",
    }


def optional(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=members)


def some(*items: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(items), max_size=3)


MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "ClientName": st.sampled_from(["web", "shop"]),
    "AccessTokenValidity": st.integers(1, 60),
    "IdTokenValidity": st.integers(1, 60),
    "RefreshTokenValidity": st.integers(0, 90),
    "TokenValidityUnits": optional(
        **{token: st.sampled_from(["seconds", "minutes", "hours", "days"]) for token in NUMBERS}
    ),
    "ReadAttributes": some("email", "name"),
    "WriteAttributes": some("email", "name"),
    "ExplicitAuthFlows": some(*FLOWS),
    "SupportedIdentityProviders": some("COGNITO", "Google"),
    "CallbackURLs": some(A, B, C),
    "LogoutURLs": some(A, B, C),
    "DefaultRedirectURI": st.sampled_from([A, B]),
    "AllowedOAuthFlows": some("code", "implicit"),
    "AllowedOAuthScopes": some("openid", "api/read"),
    "AllowedOAuthFlowsUserPoolClient": st.booleans(),
    "AnalyticsConfiguration": st.sampled_from(
        [
            {"ApplicationArn": ARN},
            {"ApplicationArn": ARN, "UserDataShared": True},
            {"ApplicationId": "0f", "RoleArn": ROLE, "ExternalId": "x"},
        ]
    ),
    "PreventUserExistenceErrors": st.sampled_from(["LEGACY", "ENABLED"]),
    "EnableTokenRevocation": st.booleans(),
    "EnablePropagateAdditionalUserContextData": st.booleans(),
    "AuthSessionValidity": st.integers(3, 15),
    "RefreshTokenRotation": st.fixed_dictionaries(
        {"Feature": st.sampled_from(["ENABLED", "DISABLED"])},
        optional={"RetryGracePeriodSeconds": st.integers(0, 60)},
    ),
}


TEMPLATES = optional(**MEMBERS)
# A unit that the template brings for a number set elsewhere makes another lifetime, and shall.
ELSEWHERE = optional(**{name: values for name, values in MEMBERS.items() if name != UNITS})

steadily = settings(max_examples=60)


def brought_about(desired: Json, applied: Json, shown: Json) -> Json:
    """Carry out what is decided, and return what is shown then."""
    plan = decided(desired, applied, shown)
    return after(dict(plan.settings), shown) if isinstance(plan, Update) else shown


@given(desired=TEMPLATES, applied=TEMPLATES, elsewhere=ELSEWHERE)
@steadily
def test_once_done_there_is_nothing_left_to_do(desired: Json, applied: Json, elsewhere: Json) -> None:
    shown = after({**BARE, **elsewhere}, {})

    done = brought_about(desired, applied, shown)

    assert isinstance(decided(desired, applied, done), NoChange)
    assert isinstance(decided(desired, desired, done), NoChange)


@given(first=TEMPLATES, second=TEMPLATES)
@steadily
def test_a_rollback_gives_the_first_templates_settings(first: Json, second: Json) -> None:
    created = after({"ClientName": DERIVED, **plan_create(first, "new").settings}, {})

    changed = brought_about(second, first, created)
    rolled_back = brought_about(first, second, changed)

    assert effect(rolled_back) == effect(created)


@given(first=TEMPLATES, second=TEMPLATES)
@steadily
def test_an_update_makes_the_same_client_as_a_create(first: Json, second: Json) -> None:
    created = after({"ClientName": DERIVED, **plan_create(first, "new").settings}, {})

    changed = brought_about(second, first, created)

    assert effect(changed) == effect(after({"ClientName": DERIVED, **plan_create(second, "new").settings}, {}))


@given(desired=TEMPLATES, elsewhere=ELSEWHERE)
@steadily
def test_what_others_have_set_survives_any_update_that_does_not_speak_of_it(desired: Json, elsewhere: Json) -> None:
    shown = after({**BARE, **elsewhere}, {})
    before = effect(shown)

    now = effect(brought_about(desired, {}, shown))

    spoken_of = {*desired, *desired.get(UNITS, {}), *(token for token in NUMBERS if f"{token}Validity" in desired)}
    if "RefreshTokenRotation" in desired:
        spoken_of.add("ExplicitAuthFlows")  # what the default flows are depends on it
    assert {name: now[name] for name in before.keys() - spoken_of} == {
        name: before[name] for name in before.keys() - spoken_of
    }


def test_merging_needs_no_client() -> None:
    assert merge(desired={}, applied={}, observed={}, generated_name=DERIVED) == {}
