"""Which policy is wanted, and what is left of a change that is undone; decided without any call."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.given import POOL
from user_pool_client.domain.app_client import AppClient
from user_pool_client.domain.cimd_policy import complete, names, undone, wanted, with_policy
from user_pool_client.domain.parsing import parse

A, B = "https://a.example/", "https://b.example/"
GIVEN: dict[str, Any] = {"PolicyName": "agents", "URLPatterns": [B, A]}
WHOLE = {"PolicyName": "agents", "CacheDuration": 86400, "URLPatterns": [A, B]}
POLICIES = st.builds(
    lambda name, seconds, urls: complete({"PolicyName": name, "CacheDuration": seconds, "URLPatterns": urls}),
    st.sampled_from(["agents", "robots"]),
    st.sampled_from([86400, 604800]),
    st.lists(st.sampled_from([A, B]), min_size=1, unique=True),
)


@pytest.mark.parametrize(
    ("desired", "applied", "expected"),
    [
        pytest.param({}, {}, None, id="in-neither-template"),
        pytest.param({"CIMDPolicy": GIVEN}, {}, WHOLE, id="it-comes"),
        pytest.param({"CIMDPolicy": GIVEN}, {"CIMDPolicy": {**GIVEN, "CacheDuration": 604800}}, WHOLE, id="it-changes"),
        pytest.param({}, {"CIMDPolicy": GIVEN}, {}, id="it-leaves"),
        pytest.param({}, {"CIMDPolicy": None}, None, id="what-did-not-parse-names-none"),
    ],
)
def test_the_policy_that_is_wanted(desired: Any, applied: Any, expected: Any) -> None:
    assert wanted(desired, applied) == expected


@given(POLICIES)
def test_a_template_wants_what_cognito_shows_of_it(policy: Any) -> None:
    template = {"UserPoolId": POOL, "CIMDPolicy": {**policy, "URLPatterns": policy["URLPatterns"][::-1]}}
    desired, problems = parse(template)

    assert problems == []
    assert wanted(desired, {}) == policy == complete(policy)


def test_a_policy_is_looked_for_by_the_names_of_all_templates() -> None:
    other = {"CIMDPolicy": {**GIVEN, "PolicyName": "robots"}}

    assert names({"CIMDPolicy": GIVEN}, other, {}, {"CIMDPolicy": None}) == {"agents", "robots"}


@given(POLICIES, POLICIES)
def test_a_change_that_nobody_has_touched_is_undone_whole(before: Any, after: Any) -> None:
    assert undone(before=before, after=after, now=after) == before


@given(POLICIES, POLICIES, POLICIES)
def test_each_member_is_as_before_or_as_others_have_left_it(before: Any, after: Any, now: Any) -> None:
    found = undone(before=before, after=after, now=now)

    assert found == {name: before[name] if now[name] == after[name] else now[name] for name in now}


def test_what_is_on_the_client_goes_before_the_template() -> None:
    there = AppClient(POOL, "client", {"CIMDPolicy": {}})

    assert with_policy(there, {"CIMDPolicy": GIVEN}) == there
    assert with_policy(AppClient(POOL, "client", {}), {"CIMDPolicy": GIVEN}).settings == {"CIMDPolicy": WHOLE}
    assert with_policy(AppClient(POOL, "client", {}), {}).settings == {}
