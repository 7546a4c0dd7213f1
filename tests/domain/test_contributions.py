"""What is contributed to a client: who contributes what, which values go again, and what the client needs for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.given import observed
from user_pool_client.domain.contributions import (
    Claims,
    Contributions,
    Shares,
    Values,
    claims,
    lists_of,
    takes_part,
    values_of,
    wanted,
)
from user_pool_client.domain.physical_id import contributed_to, contribution_id, is_client_id
from user_pool_client.domain.plan import NoChange, Update, decide
from user_pool_client.domain.undo import undo

type Json = dict[str, Any]

A, B, C = (f"https://{name}.example.com" for name in "abc")
ONE, TWO = (f"arn:aws:cloudformation:us-east-1:123456789012:stack/{name}/guid/Urls" for name in ("one", "two"))
POOL, CLIENT_ID = "us-east-1_Abc123xyz", "3n4b5urk1ft4fl3mg5e62d9ado"


def urls(*values: str) -> Values:
    return values_of({"CallbackURLs": values})


def noted(*, added: Values, **by_resource: Values) -> Contributions:
    return Contributions({{"one": ONE, "two": TWO}[name]: values for name, values in by_resource.items()}, added)


NONE: Values = {}


@pytest.mark.parametrize(
    ("before", "values", "now", "after"),
    [
        pytest.param(noted(added=NONE), urls(A, B), [A], noted(one=urls(A, B), added=urls(B)), id="one-is-there"),
        pytest.param(
            noted(two=urls(B), added=urls(B)), urls(B), [B], noted(one=urls(B), two=urls(B), added=urls(B)), id="shared"
        ),
        pytest.param(
            noted(one=urls(A), added=NONE), urls(A), [], noted(one=urls(A), added=urls(A)), id="lost-and-added-again"
        ),
        pytest.param(noted(one=urls(B), added=urls(B)), NONE, [B], noted(added=urls(B)), id="ended-but-not-removed"),
    ],
)
def test_replace(before: Contributions, values: Values, now: list[str], after: Contributions) -> None:
    assert before.replace(ONE, values, {"CallbackURLs": now}) == after


def test_what_is_no_longer_there_and_that_nobody_contributes_is_forgotten() -> None:
    contributions = noted(one=urls(A), added=urls(A, B, C))

    assert contributions.settled({"CallbackURLs": [B]}).added == urls(A, B)


@pytest.mark.parametrize(
    ("settings", "lists", "not_removed"),
    [
        pytest.param({"CallbackURLs": [A, B]}, {"CallbackURLs": [A, C]}, {}, id="removed-and-added"),
        pytest.param({}, {"CallbackURLs": [C]}, {}, id="gone-already"),
        pytest.param({"CallbackURLs": [A, C]}, {}, {}, id="nothing-to-do"),
        pytest.param(
            {"CallbackURLs": [A, B], "DefaultRedirectURI": B},
            {"CallbackURLs": [A, B, C]},
            {"CallbackURLs": {B}},
            id="the-default",
        ),
        pytest.param(
            {"CallbackURLs": [B], "AllowedOAuthFlows": ["implicit"]}, {"CallbackURLs": [C]}, {}, id="another-comes"
        ),
    ],
)
def test_wanted(settings: Json, lists: Json, not_removed: Json) -> None:
    needed = wanted(noted(one=urls(C), added=urls(B, C)), urls(C), settings)

    assert (needed.lists, needed.not_removed) == (lists, not_removed)


@pytest.mark.parametrize("flow", ["code", "implicit"])
def test_the_last_callback_url_of_a_client_that_redirects_cannot_go(flow: str) -> None:
    settings = {"CallbackURLs": [B], "AllowedOAuthFlows": [flow]}

    assert wanted(noted(added=urls(B)), NONE, settings).not_removed == urls(B)
    assert wanted(noted(added=urls(B)), NONE, {"CallbackURLs": [B]}).lists == {"CallbackURLs": []}


def test_the_last_scope_of_a_client_that_may_use_oauth_cannot_go() -> None:
    scopes = values_of({"AllowedOAuthScopes": ["openid"]})
    settings = {"AllowedOAuthScopes": ["openid"], "AllowedOAuthFlowsUserPoolClient": True}

    assert wanted(noted(added=scopes), NONE, settings).not_removed == scopes


@pytest.mark.parametrize(
    ("desired", "applied", "now", "expected"),
    [
        pytest.param([A], [A], [A], False, id="nothing-else"),
        pytest.param([A], [A], [A, B], True, id="an-extra-value"),
        pytest.param([A, B], [A], [A], True, id="a-new-one"),
        pytest.param([A], [A, B], [A], False, id="one-less-that-is-gone"),
        pytest.param(None, [A], [A], True, id="the-list-leaves"),
        pytest.param(None, None, [B], False, id="in-no-template"),
    ],
)
def test_takes_part(desired: list[str] | None, applied: list[str] | None, now: list[str], *, expected: bool) -> None:
    states = [{} if urls is None else {"CallbackURLs": urls} for urls in (desired, applied)]

    assert takes_part(desired=states[0], applied=states[1], observed={"CallbackURLs": now}) is expected


@pytest.mark.parametrize(
    ("desired", "applied", "expected"),
    [
        pytest.param([A, C], [C], Claims(kept=urls(A), given_up=urls(B)), id="named-and-not-named"),
        pytest.param(None, [B], Claims(given_up=urls(B)), id="the-list-leaves"),
        pytest.param(None, None, Claims(), id="in-no-template"),
    ],
)
def test_claims(desired: list[str] | None, applied: list[str] | None, expected: Claims) -> None:
    contributions = noted(one=urls(A, B), added=urls(A))
    states = [{} if urls is None else {"CallbackURLs": urls} for urls in (desired, applied)]

    found = claims(contributions, desired=states[0], applied=states[1], observed={"CallbackURLs": [A, B]})

    assert found == expected
    assert bool(found) == (expected != Claims())


def test_contributions_are_stored_and_read_again() -> None:
    contributions = noted(one=urls(A, "https://ü.example.com"), two=urls(B), added=urls(B))

    assert Contributions.decode(contributions.encode()) == contributions
    assert values_of(lists_of(contributions.live)) == contributions.live
    assert contributions.contributors == ["one/Urls", "two/Urls"]


@pytest.mark.parametrize(
    ("was", "sent", "now", "shares", "expected"),
    [
        pytest.param([A], [C], [B, C], Shares(live=urls(B)), [A, B], id="one-came"),
        pytest.param([A, B], [B, C], [C], Shares(then=urls(B)), [A], id="one-went"),
        pytest.param([A], [A, C], [A, C], Shares(live=urls(C)), None, id="theirs-by-now"),
        pytest.param([A], [C], [B, C], Shares(), None, id="somebody-else-changed-it"),
        pytest.param([A], [A], [], Shares(then=urls(A), claims=Claims(given_up=urls(A))), [A], id="given-up-and-gone"),
        pytest.param([A], [A], [A], Shares(then=urls(A), claims=Claims(kept=urls(A))), [], id="kept-and-ended"),
    ],
)
def test_undo_leaves_contributions_alone(
    was: list[str], sent: list[str], now: list[str], shares: Shares, expected: list[str] | None
) -> None:
    decision = undo(
        before={"CallbackURLs": was}, after={"CallbackURLs": sent}, observed=observed(CallbackURLs=now), shares=shares
    )

    if expected is None:
        assert isinstance(decision, NoChange)
    else:
        assert isinstance(decision, Update)
        assert sorted(decision.settings["CallbackURLs"]) == expected


@pytest.mark.parametrize("desired", [{"CallbackURLs": [A]}, {"CallbackURLs": []}, {}], ids=str)
def test_what_others_contribute_is_no_difference_and_no_drift(desired: Json) -> None:
    client = observed(CallbackURLs=[*desired.get("CallbackURLs", []), B])
    decision = [
        decide(desired=desired, applied=applied, observed=client, generated_name="", contributed=urls(B))
        for applied in ({"CallbackURLs": [A]}, desired)
    ]

    assert decision == [NoChange(client), NoChange(client)]


def test_a_value_that_is_contributed_but_not_there_is_not_added_by_the_owner() -> None:
    client = observed(CallbackURLs=[A, C])
    template = {"CallbackURLs": [A]}

    decision = decide(desired=template, applied=template, observed=client, generated_name="", contributed=urls(B))

    assert isinstance(decision, Update)
    assert decision.settings["CallbackURLs"] == [A]


def test_the_physical_id_names_the_client_and_is_no_client_id() -> None:
    physical_id = contribution_id(ONE, POOL, CLIENT_ID)

    assert contributed_to(physical_id) == (POOL, CLIENT_ID)
    assert not is_client_id(physical_id)
    assert physical_id == contribution_id(ONE, POOL, CLIENT_ID) != contribution_id(TWO, POOL, CLIENT_ID)


@pytest.mark.parametrize("physical_id", [CLIENT_ID, "create-failed:no-app-client", "preview-Urls-1QZ6T0XJ4MHFN", ""])
def test_other_ids_name_no_contribution(physical_id: str) -> None:
    assert contributed_to(physical_id) is None
