"""An existing client is imported as it is, and changed as the template says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.canaries import OWN_SECRET
from tests.fixtures.existing_clients import (
    BY_NAME,
    ELSEWHERE,
    LIST,
    PREFIX,
    SERVICE_CLIENT,
    adopt,
    import_id,
    untouched,
)
from tests.fixtures.templates import APP, BARE, DESKTOP, EVERYTHING, EXAMPLES, MOBILE, differing, effective
from tests.fixtures.world import DESCRIBE, FRANKFURT_POOL, MARKER, OTHER_POOL, POOL, SECRETS, UPDATE, World, a_world

type Json = dict[str, Any]

BY_ID: Json = {"ImportId": f"{POOL}/3n4b5urk1ft4fl3mg5e62d9ado"}


# Which client


@pytest.mark.parametrize(
    "given",
    [
        ("ImportId", "ImportNamePrefix"),
        ("ImportId", "ImportNamePattern"),
        ("ImportNamePrefix", "ImportNamePattern"),
        ("ImportId", "ImportNamePrefix", "ImportNamePattern"),
    ],
    ids=" and ".join,
)
def test_exactly_one_import_may_be_given(world: World, given: tuple[str, ...]) -> None:
    imports = {**BY_ID, "ImportNamePrefix": "web", "ImportNamePattern": "web"}

    answer = world.create({**BARE, **{name: imports[name] for name in given}})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert world.calls() == []
    assert f"{', '.join(given)}: each of them names a client to take over. Give exactly one of them." in answer.reason


def test_the_client_of_an_import_id_must_be_in_the_user_pool_of_the_template(world: World) -> None:
    client_id = world.existing(pool_id=OTHER_POOL)

    answer = world.create({"UserPoolId": POOL, "ImportId": f"{OTHER_POOL}/{client_id}"})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert world.calls() == []
    assert f'ImportId, UserPoolId: "{OTHER_POOL}/{client_id}" is not in the user pool {POOL}.' in answer.reason


@pytest.mark.parametrize(
    "value",
    ["", "3n4b5urk1ft4fl3mg5e62d9ado", f"{POOL}/", f"{POOL}/a/b", f"{POOL}:abc", f"{POOL}/web-client", [BY_ID], {}],
    ids=repr,
)
def test_an_import_id_of_another_form_is_refused_and_says_how_it_is_written(world: World, value: object) -> None:
    answer = world.create({**BARE, "ImportId": value})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert world.calls() == []
    assert "ImportId: " in answer.reason
    assert "<user pool id>/<client id>" in answer.reason
    assert "Cognito says" not in answer.reason


def test_everything_that_is_wrong_with_an_import_is_told_at_once(world: World) -> None:
    answer = world.create(
        {
            "UserPoolId": POOL,
            "ImportId": f"{OTHER_POOL}/abc",
            "ImportNamePattern": "(",
            "ClientSecret": OWN_SECRET,
            "AuthSessionValidity": "60",
            "ExternalId": "shop",
        }
    )

    assert "6 problems in its properties" in answer.reason
    for told in (
        "AuthSessionValidity: ",
        "ImportId, ImportNamePattern: each of them names a client",
        f'ImportId, UserPoolId: "{OTHER_POOL}/abc" is not in the user pool',
        "ImportNamePattern: it is no regular expression",
        "ImportId, ImportNamePattern, ClientSecret: a client that exists has its secret already.",
        "ExternalId, RoleArn: there is no role to use it for.",
    ):
        assert told in answer.reason


def test_an_import_id_takes_the_client_over_with_one_call_and_changes_nothing(world: World) -> None:
    client_id = world.existing(**ELSEWHERE)
    before = world.fake.described(POOL, client_id)
    world.clock.now += 3600

    answer = world.create(import_id(client_id))

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DESCRIBE]
    assert untouched(world, client_id, before)
    assert answer.data["Id"] == f"{POOL}/{client_id}"
    assert answer.data["ClientSecret"] == before["ClientSecret"]
    assert (answer.data["Name"], answer.data["ClientType"]) == ("everything", "REGULAR")


def test_a_client_of_another_region_is_taken_over_there(world: World) -> None:
    client_id = world.existing(pool_id=FRANKFURT_POOL)

    answer = world.create(import_id(client_id, pool_id=FRANKFURT_POOL))

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)


@pytest.mark.parametrize("pool_is_there", [True, False])
def test_an_import_id_of_no_client_fails_at_once_and_makes_none(world: World, *, pool_is_there: bool) -> None:
    client_id = world.existing()
    world.delete_elsewhere(client_id)
    if not pool_is_there:
        del world.fake.pools[POOL]

    answer = world.create(import_id(client_id))

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert world.calls() == [DESCRIBE]
    assert f"There is no app client {client_id} in user pool {POOL}." in answer.reason
    assert "correct ImportId, or take it out of the template if a new client is wanted" in answer.reason


@pytest.mark.parametrize("properties", BY_NAME)
@pytest.mark.parametrize("page", [0, 1, 2], ids=["first page", "second page", "last page"])
def test_a_name_is_looked_for_on_all_pages_of_the_pools_clients(world: World, properties: Json, page: int) -> None:
    world.fake.populate(POOL, 150)
    # Cognito lists them in the order of their ids.
    client_id = sorted(world.client_ids())[page * 60 + 29]
    world.set_elsewhere(client_id, ClientName=SERVICE_CLIENT)

    answer = adopt(world, properties)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [LIST, LIST, LIST, DESCRIBE, SECRETS]
    assert world.clock.now == 0


@pytest.mark.parametrize("properties", BY_NAME)
def test_a_client_that_registered_itself_is_not_the_one_that_a_name_means(world: World, properties: Json) -> None:
    world.fake.register(POOL, SERVICE_CLIENT)
    client_id = world.existing(ClientName=SERVICE_CLIENT)

    answer = adopt(world, properties)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)


@pytest.mark.parametrize(
    ("properties", "name", "fits"),
    [
        pytest.param({"ImportNamePrefix": "web"}, "web", True, id="a prefix may be the whole name"),
        pytest.param({"ImportNamePrefix": "web"}, "my web", False, id="a prefix is at the beginning"),
        pytest.param({"ImportNamePrefix": "web"}, "Web", False, id="case of a prefix"),
        pytest.param({"ImportNamePrefix": "w.b"}, "web", False, id="a prefix is no pattern"),
        pytest.param({"ImportNamePattern": "w.b"}, "web", True, id="a pattern"),
        pytest.param({"ImportNamePattern": "web"}, "web-2", False, id="a pattern is of the whole name"),
        pytest.param({"ImportNamePattern": "web"}, "my web", False, id="a pattern is of the whole name from its start"),
        pytest.param({"ImportNamePattern": "a|web"}, "web-2", False, id="a pattern with alternatives too"),
        pytest.param({"ImportNamePattern": "web"}, "WEB", False, id="case of a pattern"),
        pytest.param({"ImportNamePattern": "(?i)web"}, "WEB", True, id="a pattern that ignores case"),
        pytest.param({"ImportNamePattern": r"\w+\.\d{4}"}, "web.2027", True, id="classes"),
    ],
)
def test_what_fits(world: World, properties: Json, name: str, *, fits: bool) -> None:
    client_id = world.existing(ClientName=name)
    world.existing(ClientName="report")

    answer = adopt(world, {**BARE, **properties}, timeout=5.0)

    assert (answer.status, answer.physical_id) == (("SUCCESS", client_id) if fits else ("FAILED", MARKER))


@pytest.mark.parametrize("properties", BY_NAME)
@pytest.mark.parametrize("seconds", [1, 10, 59])
def test_a_client_that_is_still_being_made_is_waited_for(world: World, properties: Json, seconds: float) -> None:
    made: list[str] = []

    def make(operation: str, _: Json) -> None:
        if operation == LIST and world.clock.now >= seconds and not made:
            made.append(world.existing(ClientName=SERVICE_CLIENT))

    world.fake.on_call = make

    answer = adopt(world, properties)

    assert (answer.status, [answer.physical_id]) == ("SUCCESS", made)
    assert seconds <= world.clock.now < seconds + 5


@pytest.mark.parametrize("properties", BY_NAME)
def test_a_client_that_does_not_come_is_waited_for_a_minute(world: World, properties: Json) -> None:
    world.existing()

    answer = adopt(world, properties)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert 60 <= world.clock.now < 65
    name = list(properties)[1]
    assert f'No app client of user pool {POOL} fits {name} "{properties[name]}".' in answer.reason
    assert f"correct {name}, or make the stack wait (DependsOn) for what creates the client." in answer.reason
    assert set(world.calls()) == {LIST}


@pytest.mark.parametrize("timeout", [4.0, 12.0, 40.0])
@pytest.mark.parametrize("properties", BY_NAME)
def test_the_wait_ends_in_time_to_say_what_was_looked_for(world: World, properties: Json, timeout: float) -> None:
    answer = world.send(world.request("Create", properties), timeout=timeout)

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert "No app client of user pool" in answer.reason
    assert world.clock.now < timeout


@pytest.mark.parametrize("properties", BY_NAME)
def test_several_clients_that_fit_are_listed_and_none_is_taken(world: World, properties: Json) -> None:
    names = ["AmazonOpenSearchService-logs", "AmazonOpenSearchService-metrics"]
    ids = [world.existing(ClientName=name) for name in names]
    world.existing(ClientName="web")

    answer = adopt(world, {**properties, "LogoutURLs": [APP]})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert world.calls() == [LIST]
    assert world.clock.now == 0
    assert f"2 app clients of user pool {POOL} fit" in answer.reason
    for name, client_id in zip(names, ids, strict=True):
        assert f"{name} ({client_id})" in answer.reason
    assert "web (" not in answer.reason


def test_of_very_many_that_fit_some_are_listed_and_the_others_counted(world: World) -> None:
    world.fake.populate(POOL, 1000, ClientName=SERVICE_CLIENT)

    answer = adopt(world, PREFIX)

    assert f"1000 app clients of user pool {POOL} fit" in answer.reason
    assert answer.reason.count(f"{SERVICE_CLIENT} (") == 10
    assert "and 990 more" in answer.reason


# A regular expression can be a trap


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*c", "(.*)*(.*)*(.*)*x", r"((a{0,9}){0,9}){0,9}b"])
def test_a_hopeless_regular_expression_does_not_hang_the_function(
    world: World, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    monkeypatch.setattr("user_pool_client.operations.name_search._LONGEST_MATCH", 1.0)
    world.existing(ClientName="a" * 100)

    answer = adopt(world, {**BARE, "ImportNamePattern": pattern})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert world.calls() == [LIST]
    assert f'ImportNamePattern "{pattern}" could not be matched with the names of 1 clients.' in answer.reason
    assert "write a simpler regular expression, or use ImportNamePrefix or ImportId" in answer.reason


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("(", id="a parenthesis"),
        pytest.param("web\\", id="a backslash at the end"),
        pytest.param("(" * 500 + ")" * 500, id="too deep"),
        pytest.param("a{99999999999999999999999}", id="too often"),
        pytest.param("(?P<a>b)(?P<a>c)", id="a name twice"),
        pytest.param("(?i)" + "[\0-\U0010ffff]" * 200, id="minutes to compile"),
        pytest.param("(?i)" + r"[\0-\U0010ffff]" * 68, id="minutes to compile, with escapes"),
        pytest.param("a" * 1025, id="too long"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_pattern_that_is_none_is_refused_before_any_call(world: World, pattern: str) -> None:
    answer = adopt(world, {**BARE, "ImportNamePattern": pattern})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert world.calls() == []
    assert "ImportNamePattern: " in answer.reason
    assert "Cognito says" not in answer.reason


# What is made so, and what stays


@pytest.mark.parametrize(
    ("name", "example"), [pytest.param(name, example, id=name) for name, example in EXAMPLES.items()]
)
def test_a_setting_in_the_template_is_made_so_and_all_others_keep_their_value(
    world: World, name: str, example: Json
) -> None:
    elsewhere: Json = {"ClientName": "theirs", "LogoutURLs": [DESKTOP], "CallbackURLs": [DESKTOP]}
    client_id = world.existing(**elsewhere, AuthSessionValidity=7, IdTokenValidity=5, GenerateSecret=True)
    before = world.settings(client_id)

    answer = world.create({**import_id(client_id), **example})

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id), answer.reason
    assert world.calls() == [DESCRIBE, UPDATE]
    changed = differing(before, world.settings(client_id))
    assert name in changed or name == "TokenValidityUnits"
    assert changed <= example.keys()
    wanted = effective(world.settings(world.create({**BARE, "GenerateSecret": "true", **example}).physical_id))
    now = effective(world.settings(client_id))
    assert {setting: now[setting] for setting in changed} == {setting: wanted[setting] for setting in changed}


def test_everything_made_elsewhere_survives_the_change_of_one_setting(world: World) -> None:
    client_id = world.existing(**ELSEWHERE)
    before = world.settings(client_id)

    answer = world.create({**import_id(client_id), "LogoutURLs": [MOBILE]})

    assert answer.status == "SUCCESS"
    assert differing(before, world.settings(client_id)) == {"LogoutURLs"}
    assert answer.data["LogoutURLs"] == MOBILE


@pytest.mark.parametrize("properties", BY_NAME)
def test_a_client_that_was_found_by_its_name_is_changed_too_and_may_be_renamed(world: World, properties: Json) -> None:
    client_id = world.existing(ClientName=SERVICE_CLIENT, LogoutURLs=[APP])

    answer = adopt(world, {**properties, "ClientName": "dashboards", "CallbackURLs": [APP]})

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    held = world.settings(client_id)
    assert (held["ClientName"], held["CallbackURLs"], held["LogoutURLs"]) == ("dashboards", [APP], [APP])


def test_a_client_that_is_already_as_the_template_says_is_not_written(world: World) -> None:
    client_id = world.existing(**ELSEWHERE)

    answer = world.create({**EVERYTHING, **import_id(client_id)})

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DESCRIBE]


def test_a_client_that_breaks_todays_rules_is_taken_over_if_nothing_is_to_be_changed(world: World) -> None:
    client_id = world.existing()
    world.fake.pools[POOL].clients[client_id].settings["CallbackURLs"] = ["http://intranet.example.com"]

    answer = world.create(import_id(client_id))

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)


def test_a_flow_that_is_newer_than_the_function_is_carried_along() -> None:
    newest = ["ALLOW_TOKEN_EXCHANGE_DELEGATION", "ALLOW_TOKEN_EXCHANGE_IMPERSONATION", "ALLOW_WHATEVER_COMES"]
    with a_world(auth_flows=newest) as world:
        client_id = world.existing(ExplicitAuthFlows=newest)

        answer = world.create({**import_id(client_id), "LogoutURLs": [APP]})

        assert answer.status == "SUCCESS"
        assert answer.data["ExplicitAuthFlows"] == ",".join(newest)
        assert effective(world.settings(client_id))["ExplicitAuthFlows"] == set(newest)


def test_what_does_not_go_with_the_client_is_told_before_any_write(world: World) -> None:
    client_id = world.existing(CallbackURLs=[APP], DefaultRedirectURI=APP)
    before = world.fake.described(POOL, client_id)

    answer = world.create({**import_id(client_id), "CallbackURLs": [MOBILE]})

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)
    assert world.calls() == [DESCRIBE, SECRETS]
    assert untouched(world, client_id, before)
    assert f'"{APP}" is not among CallbackURLs.' in answer.reason
    assert "(DefaultRedirectURI: not in the template, but so on the client.)" in answer.reason


# The client secret


@pytest.mark.parametrize(
    ("has_secret", "wanted", "calls"),
    [
        pytest.param(True, "true", [DESCRIBE], id="with, as it has one"),
        pytest.param(False, "false", [DESCRIBE, SECRETS], id="without, as it has none"),
        pytest.param(None, "true", [DESCRIBE, SECRETS], id="with, though Describe does not show it any more"),
    ],
)
def test_generate_secret_that_agrees_with_the_client_changes_nothing(
    world: World, wanted: str, calls: list[str], *, has_secret: bool | None
) -> None:
    client_id = world.existing(GenerateSecret=has_secret is not False)
    if has_secret is None:
        world.lose_original_secret(client_id)

    answer = world.create({**import_id(client_id), "GenerateSecret": wanted})

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == calls
    assert answer.data["GenerateSecret"] == wanted


@pytest.mark.parametrize("kind", ["Create", "Update", "Update of a client that was adopted before"])
@pytest.mark.parametrize(
    ("has_secret", "wanted", "why"),
    [
        pytest.param(False, "true", "the template wants a client secret and the client has none", id="with"),
        pytest.param(True, "false", "the template wants no client secret and the client has one", id="without"),
    ],
)
def test_generate_secret_that_disagrees_is_an_error_and_never_a_new_client(
    world: World, kind: str, wanted: str, why: str, *, has_secret: bool
) -> None:
    client_id, other_id = world.existing(GenerateSecret=has_secret), world.existing()
    before = world.fake.described(POOL, client_id)
    properties = {**import_id(client_id), "GenerateSecret": wanted}
    match kind:
        case "Create":
            answer, expected_id = world.create(properties), client_id
        case "Update":
            answer, expected_id = world.update(other_id, properties, BARE), other_id
        case _:
            answer, expected_id = world.update(client_id, properties, import_id(client_id)), client_id

    assert (answer.status, answer.physical_id) == ("FAILED", expected_id)
    assert set(world.calls()) <= {DESCRIBE, SECRETS}
    assert untouched(world, client_id, before)
    assert f'The client of ImportId "{POOL}/{client_id}" cannot become what the template wants: {why}.' in answer.reason
    assert "let GenerateSecret agree with the client or take it out of the template" in answer.reason


@pytest.mark.parametrize(
    "imports", [BY_ID, *(case.values[0] for case in BY_NAME)], ids=lambda imports: list(imports)[-1]
)
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_client_secret_cannot_be_given_to_a_client_that_exists(world: World, kind: str, imports: Json) -> None:
    properties = {**BARE, **imports, "ClientSecret": OWN_SECRET}
    answer = world.create(properties) if kind == "Create" else world.update("abc", properties, {**BARE, **imports})

    assert answer.status == "FAILED"
    assert world.calls() == []
    name = list(imports)[-1]
    assert f"{name}, ClientSecret: a client that exists has its secret already." in answer.reason
    assert f"Take ClientSecret out, or {name} if a new client is wanted." in answer.reason
