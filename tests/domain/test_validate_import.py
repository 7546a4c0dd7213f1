"""How a template names the client to take over, and the role to do it with."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.given import POOL
from user_pool_client.domain.parsing import parse
from user_pool_client.domain.properties import IMPORT_PROPERTIES, ListProperties, LookupProperties
from user_pool_client.domain.rules import validate_import
from user_pool_client.domain.sensitive import Sensitive

BY_ID = {"ImportId": f"{POOL}/3n4b5urk1ft4fl3mg5e62d9ado"}
BY_PREFIX = {"ImportNamePrefix": "AmazonOpenSearchService-"}
BY_PATTERN = {"ImportNamePattern": "AmazonOpenSearchService-.*"}
ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/app-clients"}
SECRET = {"ClientSecret": Sensitive("canary0given0in0the0template")}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="nothing"),
        pytest.param(BY_ID, id="ImportId"),
        pytest.param(BY_PREFIX, id="ImportNamePrefix"),
        pytest.param(BY_PATTERN, id="ImportNamePattern"),
        pytest.param({**BY_ID, "GenerateSecret": True}, id="a secret that is there"),
        pytest.param({**BY_ID, "ClientSecret": None}, id="a secret that did not parse"),
        pytest.param(SECRET, id="a secret of one's own for a new client"),
        pytest.param(ROLE, id="a role"),
        pytest.param({**ROLE, "ExternalId": "shop"}, id="a role with its external id"),
        pytest.param({**BY_PREFIX, **ROLE}, id="an import by a role"),
    ],
)
def test_what_is_said_well_is_no_problem(settings: dict[str, Any]) -> None:
    assert validate_import({"UserPoolId": POOL, **settings}) == []


@pytest.mark.parametrize(
    ("settings", "paths"),
    [
        pytest.param(BY_ID | BY_PREFIX, ("ImportId", "ImportNamePrefix"), id="two imports"),
        pytest.param(BY_PREFIX | BY_PATTERN, ("ImportNamePrefix", "ImportNamePattern"), id="two names"),
        pytest.param(BY_PATTERN | BY_PREFIX | BY_ID, IMPORT_PROPERTIES, id="three imports"),
        pytest.param({"ImportId": "us-east-1_Other/abc"}, ("ImportId", "UserPoolId"), id="another pool"),
        pytest.param({"ImportId": f"{POOL.lower()}/abc"}, ("ImportId", "UserPoolId"), id="case of the pool"),
        pytest.param({"ImportId": f"{POOL}x/abc"}, ("ImportId", "UserPoolId"), id="a pool that begins alike"),
        pytest.param({"ImportNamePattern": "("}, ("ImportNamePattern",), id="no regular expression"),
        pytest.param({"ImportNamePattern": "(" * 500 + ")" * 500}, ("ImportNamePattern",), id="too deep"),
        pytest.param(BY_ID | SECRET, ("ImportId", "ClientSecret"), id="a secret for what exists"),
        pytest.param({"ExternalId": "shop"}, ("ExternalId", "RoleArn"), id="an external id alone"),
    ],
)
def test_what_does_not_go_together_is_one_problem_that_names_all_that_takes_part(
    settings: dict[str, Any], paths: tuple[str, ...]
) -> None:
    (problem,) = validate_import({"UserPoolId": POOL, **settings})

    assert problem.paths == paths
    assert problem.wrong
    assert problem.allowed
    # Cognito knows nothing of these properties.
    assert problem.cognito == ""


def test_all_problems_are_told_at_once_and_no_secret() -> None:
    settings = {"ImportId": "us-east-1_Other/abc", "ImportNamePattern": "[", "ExternalId": "shop", **SECRET}

    problems = validate_import({"UserPoolId": POOL, **settings})

    assert len(problems) == 5
    assert "canary" not in " ".join(map(str, problems))


@pytest.mark.parametrize(
    "pattern",
    [r"web-\d+", "web|app", r"\x41\101\.\\", "a b\tc", "[^-]+", r"(?P<name>\w+)-(?P=name)", "~!@#%&*?", "[[]"],
)
def test_a_pattern_in_ascii_is_taken_as_it_is(pattern: str) -> None:
    settings, problems = parse({"UserPoolId": POOL, "ImportNamePattern": pattern})

    assert (settings["ImportNamePattern"], problems) == (pattern, [])


@pytest.mark.parametrize(
    "pattern", ["\u00e9", "[\0-\U0010ffff]", r"\u0041", r"\U00000041", r"\N{DIGIT ONE}", "a\\", "a" * 1025, ""]
)
def test_a_pattern_beyond_ascii_is_none_as_no_name_is(pattern: str) -> None:
    _, (problem,) = parse({"UserPoolId": POOL, "ImportNamePattern": pattern})

    assert problem.paths == ("ImportNamePattern",)
    assert problem.cognito == ""


@pytest.mark.parametrize(
    "pattern",
    [
        "(?i)" + r"[\0-\377]" * 113,
        "(?i)" + "[ -~]" * 204,
        "(?i:" * 60 + "[ -~]" * 100 + ")" * 60,
        "(?:" * 100 + "a|b)*" * 100,
    ],
    ids=len,
)
def test_no_pattern_takes_long_to_be_judged(pattern: str) -> None:
    settings, problems = parse({"UserPoolId": POOL, "ImportNamePattern": pattern})
    assert problems == []

    began = time.thread_time()
    validate_import(settings)

    assert time.thread_time() - began < 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ImportId", "x"),
        ("ImportNamePrefix", ""),
        ("ImportNamePrefix", "x" * 129),
        ("RoleArn", "role"),
        ("ExternalId", "x"),
        ("ExternalId", "white space"),
    ],
)
def test_what_is_not_cognitos_has_no_words_of_cognitos(name: str, value: str) -> None:
    _, (problem,) = parse({"UserPoolId": POOL, name: value})

    assert problem.paths == (name,)
    assert problem.cognito == ""


@pytest.mark.parametrize(
    ("template", "properties", "paths"),
    [
        (LookupProperties, {"ClientNamePrefix": ""}, ("ClientNamePrefix",)),
        (LookupProperties, {"IncludeSecret": "maybe"}, ("IncludeSecret",)),
        (LookupProperties, {"Refresh": "x" * 4097}, ("Refresh",)),
        (LookupProperties, {"Refresh": ["x"]}, ("Refresh",)),
        (ListProperties, {"ClientNamePrefix": "x" * 129}, ("ClientNamePrefix",)),
        (ListProperties, {"ClientName": "web"}, ("ClientName",)),
    ],
)
def test_looking_has_limits_too(template: Any, properties: dict[str, Any], paths: tuple[str, ...]) -> None:
    _, problems = parse({"UserPoolId": POOL, **properties}, template)

    assert [(problem.paths, problem.cognito) for problem in problems] == [(paths, "")]


def test_a_refresh_may_be_any_text_and_any_number() -> None:
    for value in ("", "2027-01-15 08:00", "\u00e9", 7, 1.5, True):
        settings, problems = parse({"UserPoolId": POOL, "Refresh": value}, LookupProperties)
        assert problems == []
        assert isinstance(settings["Refresh"], str)
