"""A client that exists is taken over as it is, changed as the template says, and let go unharmed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OWN_SECRET
from tests.fixtures.existing_clients import FORBIDDEN, LIST, LONG, TOO_MANY, import_id, recorded
from tests.fixtures.templates import APP, BARE, DESKTOP, EVERYTHING, EXAMPLES, MOBILE, differing, effective, typed
from tests.fixtures.world import (
    CREATE,
    DELETE,
    DESCRIBE,
    FRANKFURT_POOL,
    MARKER,
    OTHER_POOL,
    POOL,
    SECRETS,
    UPDATE,
    World,
    a_world,
)

if TYPE_CHECKING:
    from tests.fixtures.world import Answer, Failure

type Json = dict[str, Any]

PREFIX: Json = {"UserPoolId": POOL, "ImportNamePrefix": "AmazonOpenSearchService-"}
PATTERN: Json = {"UserPoolId": POOL, "ImportNamePattern": "AmazonOpenSearchService-[a-z]+"}
SERVICE_CLIENT = "AmazonOpenSearchService-logs"
BY_NAME = [pytest.param(PREFIX, id="ImportNamePrefix"), pytest.param(PATTERN, id="ImportNamePattern")]
BY_ID: Json = {"ImportId": f"{POOL}/3n4b5urk1ft4fl3mg5e62d9ado"}

# A client made elsewhere with every setting that there is.
ELSEWHERE = typed({name: value for name, value in EVERYTHING.items() if name != "UserPoolId"})


def adopt(world: World, properties: Json, *, timeout: float = LONG) -> Answer:
    """Create with enough time to wait for the client."""
    return world.send(world.request("Create", properties), timeout=timeout)


def untouched(world: World, client_id: str, before: Json) -> bool:
    """Tell whether a client is there just as it was, secrets included."""
    return client_id in world.client_ids() and world.fake.described(POOL, client_id) == before


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
    assert world.calls() == [LIST, LIST, LIST, DESCRIBE]
    assert world.clock.now == 0


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
    assert world.calls() == [DESCRIBE]
    assert untouched(world, client_id, before)
    assert f'"{APP}" is not among CallbackURLs.' in answer.reason
    assert "(DefaultRedirectURI: not in the template, but so on the client.)" in answer.reason


# The client secret


@pytest.mark.parametrize(
    ("has_secret", "wanted", "calls"),
    [
        pytest.param(True, "true", [DESCRIBE], id="with, as it has one"),
        pytest.param(False, "false", [DESCRIBE], id="without, as it has none"),
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


# Letting go


@pytest.mark.parametrize("imports", ["ImportId", "ImportNamePrefix", "ImportNamePattern"])
def test_a_delete_lets_the_client_go_and_asks_cognito_nothing(world: World, imports: str) -> None:
    client_id = world.existing(ClientName=SERVICE_CLIENT)
    value = f"{POOL}/{client_id}" if imports == "ImportId" else SERVICE_CLIENT
    properties = {**BARE, imports: value, "LogoutURLs": [APP]}
    adopted = adopt(world, properties)
    after = world.fake.described(POOL, client_id)
    world.calls()

    answer = world.delete(adopted.physical_id, properties)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == []
    assert untouched(world, client_id, after)
    assert world.log()[-1]["decision"] == "let go"
    assert world.log()[-1]["because"] == f"{imports} is in the template"


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"ImportId": ""}, id="an empty ImportId"),
        pytest.param({"ImportId": None}, id="null"),
        pytest.param({"ImportId": ["x"]}, id="a list"),
        pytest.param({"ImportId": {"Ref": "x"}}, id="a map"),
        pytest.param({"ImportId": f"{OTHER_POOL}/abc"}, id="another pool's"),
        pytest.param({"ImportNamePrefix": "x" * 200}, id="too long a prefix"),
        pytest.param({"ImportNamePattern": "("}, id="no pattern"),
        pytest.param({"ImportId": "x", "ImportNamePrefix": 7, "Colour": "red"}, id="several"),
        pytest.param({"ImportId": "x", "UserPoolId": "no pool", "CallbackURLs": "y"}, id="nothing that parses"),
        pytest.param({"ImportNamePrefix": "web", "ClientSecret": "short"}, id="a secret"),
    ],
)
def test_an_import_that_does_not_parse_lets_the_client_go_too(world: World, properties: Json) -> None:
    client_id = world.existing()

    answer = world.delete(client_id, {**BARE, **properties})

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == []
    assert world.client_ids() == [client_id]


@pytest.mark.parametrize("physical_id", [MARKER, "shop-WebClient-1QZ6T0XJ4MHFN", ""])
def test_an_import_that_was_cancelled_or_made_nothing_leaves_the_client_alone(world: World, physical_id: str) -> None:
    client_id = world.existing()

    answer = world.delete(physical_id, import_id(client_id))

    assert (answer.status, answer.physical_id) == ("SUCCESS", physical_id or MARKER)
    assert world.client_ids() == [client_id]


def test_an_import_that_is_rolled_back_leaves_the_client_there(world: World) -> None:
    client_id = world.existing(**ELSEWHERE)
    before = world.settings(client_id)
    properties = {**import_id(client_id), "LogoutURLs": [MOBILE]}

    adopted = world.create(properties)
    rolled_back = world.delete(adopted.physical_id, properties)

    assert (adopted.status, rolled_back.status) == ("SUCCESS", "SUCCESS")
    assert world.client_ids() == [client_id]
    assert differing(before, world.settings(client_id)) == {"LogoutURLs"}


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(FORBIDDEN, id="forbidden"),
        pytest.param(TOO_MANY, id="throttled"),
        pytest.param("read-timeout", id="read timeout"),
    ],
)
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_failed_change_of_the_adopted_client_tells_its_id_and_the_delete_lets_go(
    world: World, kind: str, failure: Failure
) -> None:
    client_id = world.existing(**ELSEWHERE)
    before = world.fake.described(POOL, client_id)
    properties = {**import_id(client_id), "LogoutURLs": [MOBILE]}

    with world.failing(UPDATE, failure):
        failed = (
            world.create(properties) if kind == "Create" else world.update(client_id, properties, import_id(client_id))
        )
    deleted = world.delete(failed.physical_id, properties)

    assert (failed.status, failed.physical_id) == ("FAILED", client_id)
    assert UPDATE in failed.reason
    assert (deleted.status, deleted.physical_id) == ("SUCCESS", client_id)
    assert DELETE not in world.calls()
    assert untouched(world, client_id, before)


def test_the_same_request_twice_takes_over_the_same_client(world: World) -> None:
    client_id = world.existing()
    event = world.request("Create", {**import_id(client_id), "LogoutURLs": [APP]})

    answers = [world.send(event) for _ in range(2)]

    assert {answer.physical_id for answer in answers} == {client_id}
    assert world.client_ids() == [client_id]


# Making it the stack's own


@pytest.mark.parametrize("imports", ["ImportId", "ImportNamePrefix", "ImportNamePattern"])
def test_without_the_import_the_client_is_the_stacks_own_and_a_delete_deletes_it(world: World, imports: str) -> None:
    client_id = world.existing(**{**ELSEWHERE, "ClientName": SERVICE_CLIENT})
    before = world.fake.described(POOL, client_id)
    adopted = {**BARE, imports: f"{POOL}/{client_id}" if imports == "ImportId" else SERVICE_CLIENT}
    adopt(world, adopted)
    world.calls()

    owned = world.update(client_id, BARE, adopted)

    assert (owned.status, owned.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DESCRIBE]
    assert untouched(world, client_id, before)

    deleted = world.delete(client_id, BARE)

    assert (deleted.status, world.calls()) == ("SUCCESS", [DELETE])
    assert world.client_ids() == []


def test_a_setting_that_leaves_together_with_the_import_goes_back_to_its_default(world: World) -> None:
    client_id = world.existing(**ELSEWHERE)
    before = world.settings(client_id)
    adopted = {**import_id(client_id), "LogoutURLs": [MOBILE]}
    world.create(adopted)

    world.update(client_id, BARE, adopted)

    assert differing(before, world.settings(client_id)) == {"LogoutURLs"}
    assert effective(world.settings(client_id))["LogoutURLs"] == frozenset()


def test_taking_back_the_removal_of_the_import_makes_the_delete_let_go_again(world: World) -> None:
    client_id = world.existing()
    before = world.fake.described(POOL, client_id)
    properties = import_id(client_id)
    world.create(properties)
    world.update(client_id, BARE, properties)

    rolled_back = world.update(client_id, properties, BARE)
    world.delete(client_id, properties)

    assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", client_id)
    assert untouched(world, client_id, before)


def test_a_client_of_the_stacks_own_that_is_gone_is_made_anew(world: World) -> None:
    client_id = world.existing()
    properties = import_id(client_id)
    world.create(properties)
    world.delete_elsewhere(client_id)

    answer = world.update(client_id, BARE, properties)

    assert answer.status == "SUCCESS"
    assert world.client_ids() == [answer.physical_id]


def test_a_new_client_that_replaces_the_adopted_one_leaves_it_there(world: World) -> None:
    client_id = world.existing()
    adopted, owned = import_id(client_id), {**BARE, "GenerateSecret": "true"}
    world.create(adopted)

    replaced = world.update(client_id, owned, adopted)
    cleaned_up = world.delete(client_id, adopted)
    world.delete(replaced.physical_id, owned)

    assert (replaced.status, cleaned_up.status) == ("SUCCESS", "SUCCESS")
    assert replaced.physical_id != client_id
    assert world.client_ids() == [client_id]


def test_adding_the_import_id_of_the_stacks_own_client_changes_nothing_but_that(world: World) -> None:
    own: Json = {**BARE, "LogoutURLs": [APP]}
    client_id = world.create(own).physical_id
    before = world.fake.described(POOL, client_id)
    kept = {**own, "ImportId": f"{POOL}/{client_id}"}
    world.calls()

    answer = world.update(client_id, kept, own)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DESCRIBE]
    world.delete(client_id, kept)
    assert untouched(world, client_id, before)


@pytest.mark.parametrize("properties", BY_NAME)
def test_adding_a_name_to_the_stacks_own_client_stays_with_it_and_lets_it_go(world: World, properties: Json) -> None:
    world.existing(ClientName=SERVICE_CLIENT)
    own_id = world.create(BARE).physical_id
    world.calls()

    answer = world.update(own_id, properties, BARE)
    world.delete(own_id, properties)

    assert (answer.status, answer.physical_id) == ("SUCCESS", own_id)
    assert world.calls() == [DESCRIBE]
    assert own_id in world.client_ids()


# From one client to another


def test_changing_the_import_id_is_a_replacement_and_the_one_left_behind_is_let_go(world: World) -> None:
    first_id, second_id = world.existing(LogoutURLs=[APP]), world.existing(LogoutURLs=[DESKTOP], AuthSessionValidity=9)
    first_before, second_before = (world.fake.described(POOL, client_id) for client_id in (first_id, second_id))
    world.create(import_id(first_id))
    world.calls()

    replaced = world.update(first_id, import_id(second_id), import_id(first_id))

    assert (replaced.status, replaced.physical_id) == ("SUCCESS", second_id)
    assert world.calls() == [DESCRIBE]

    world.delete(first_id, import_id(first_id))

    assert untouched(world, first_id, first_before)
    assert untouched(world, second_id, second_before)


def test_what_was_applied_to_the_one_left_behind_is_not_reset_on_the_other(world: World) -> None:
    first_id, second_id = world.existing(), world.existing(LogoutURLs=[DESKTOP], AuthSessionValidity=9)
    old = {**import_id(first_id), "LogoutURLs": [APP], "AuthSessionValidity": "5"}
    world.create(old)

    world.update(first_id, {**import_id(second_id), "CallbackURLs": [APP]}, old)

    held = world.settings(second_id)
    assert (held["LogoutURLs"], held["AuthSessionValidity"], held["CallbackURLs"]) == ([DESKTOP], 9, [APP])


def test_an_import_instead_of_the_stacks_own_client_leaves_that_to_be_deleted(world: World) -> None:
    own_id, client_id = world.create(BARE).physical_id, world.existing()

    replaced = world.update(own_id, import_id(client_id), BARE)
    cleaned_up = world.delete(own_id, BARE)

    assert (replaced.status, replaced.physical_id) == ("SUCCESS", client_id)
    assert cleaned_up.status == "SUCCESS"
    assert world.client_ids() == [client_id]


@pytest.mark.parametrize("pool_id", [OTHER_POOL, FRANKFURT_POOL])
def test_an_import_from_another_user_pool_is_a_replacement(world: World, pool_id: str) -> None:
    first_id, second_id = world.existing(), world.existing(pool_id=pool_id)
    world.create(import_id(first_id))

    replaced = world.update(first_id, import_id(second_id, pool_id=pool_id), import_id(first_id))
    world.delete(first_id, import_id(first_id))

    assert (replaced.status, replaced.physical_id) == ("SUCCESS", second_id)
    assert world.client_ids() == [first_id]


@pytest.mark.parametrize("properties", BY_NAME)
def test_a_name_is_looked_up_again_only_in_another_user_pool(world: World, properties: Json) -> None:
    first_id = world.existing(ClientName=SERVICE_CLIENT)
    second_id = world.existing(ClientName=SERVICE_CLIENT, pool_id=OTHER_POOL)
    adopt(world, properties)
    world.calls()

    answer = world.update(first_id, {**properties, "UserPoolId": OTHER_POOL}, properties)

    assert (answer.status, answer.physical_id) == ("SUCCESS", second_id)
    assert LIST in world.calls()


@pytest.mark.parametrize("old", BY_NAME)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"LogoutURLs": [APP]}, id="another setting"),
        pytest.param({"ImportNamePrefix": "web"}, id="another prefix"),
        pytest.param({"ImportNamePattern": "web"}, id="another pattern"),
    ],
)
def test_a_name_is_looked_up_once_and_updates_stay_with_the_client(world: World, old: Json, change: Json) -> None:
    client_id = world.existing(ClientName=SERVICE_CLIENT)
    adopt(world, old)
    world.set_elsewhere(client_id, ClientName="renamed")
    for name in (SERVICE_CLIENT, "web"):
        world.existing(ClientName=name)
    world.calls()
    imports = {} if any(name.startswith("Import") for name in change) else dict(list(old.items())[1:])

    answer = world.update(client_id, {**BARE, **imports, **change}, old)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert LIST not in world.calls()


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param("gone", id="there is no such client"),
        pytest.param(UPDATE, id="it cannot be changed"),
        pytest.param(DESCRIBE, id="it cannot be read"),
        pytest.param("rules", id="it does not go with the template"),
    ],
)
@pytest.mark.parametrize("old", ["adopted", "own"])
def test_an_update_that_fails_to_adopt_another_client_keeps_the_id_it_was_given(
    world: World, old: str, failure: str
) -> None:
    first_id, second_id = world.existing(LogoutURLs=[APP]), world.existing(LogoutURLs=[DESKTOP])
    before = import_id(first_id) if old == "adopted" else {**BARE, "ClientName": "web"}
    now = {**import_id(second_id), "LogoutURLs": [MOBILE]}
    match failure:
        case "gone":
            world.delete_elsewhere(second_id)
        case "rules":
            now["DefaultRedirectURI"] = APP
        case operation:
            world.fail(operation, FORBIDDEN)

    answer = world.update(first_id, now, before)

    assert (answer.status, answer.physical_id) == ("FAILED", first_id)
    assert f'Could not adopt the app client of ImportId "{POOL}/{second_id}" instead of {first_id}: ' in answer.reason
    assert {DELETE, CREATE}.isdisjoint(world.calls())
    if failure != "gone":
        assert world.settings(second_id)["LogoutURLs"] == [DESKTOP]


@pytest.mark.parametrize("old", ["adopted", "own"])
def test_taking_back_an_update_that_failed_to_adopt_another_client_changes_nothing(world: World, old: str) -> None:
    first_id, second_id = world.existing(**ELSEWHERE), world.existing(GenerateSecret=True)
    first, second = (world.fake.described(POOL, client_id) for client_id in (first_id, second_id))
    before = import_id(first_id) if old == "adopted" else BARE
    # What this template says was never said of the first client, so it cannot be taken back there either.
    now = {**EVERYTHING, **import_id(second_id)}
    world.fail(UPDATE, FORBIDDEN)
    failed = world.update(first_id, now, before)
    assert (failed.status, failed.physical_id) == ("FAILED", first_id)

    answer = world.update(first_id, before, now)

    assert (answer.status, answer.physical_id) == ("SUCCESS", first_id)
    assert untouched(world, first_id, first)
    assert untouched(world, second_id, second)


@pytest.mark.parametrize("properties", BY_NAME)
def test_taking_back_an_update_that_found_nobody_in_another_user_pool_stays_with_the_client(
    world: World, properties: Json
) -> None:
    client_id = world.existing(**{**ELSEWHERE, "ClientName": SERVICE_CLIENT})
    adopt(world, properties)
    # The name does not lead there any more.
    world.set_elsewhere(client_id, ClientName="renamed")
    before = world.fake.described(POOL, client_id)
    moved = {**properties, "UserPoolId": OTHER_POOL, "LogoutURLs": [MOBILE]}
    failed = world.update(client_id, moved, properties)
    world.calls()

    answer = world.update(client_id, properties, moved)

    assert (failed.status, failed.physical_id) == ("FAILED", client_id)
    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DESCRIBE]
    assert untouched(world, client_id, before)


@pytest.mark.parametrize("way", ["a Delete of the new id", "an Update of the new id"])
def test_taking_back_a_change_of_the_import_id_leaves_both_clients_there(world: World, way: str) -> None:
    first_id, second_id = world.existing(), world.existing()
    old, new = import_id(first_id), import_id(second_id)
    world.create(old)
    replaced = world.update(first_id, new, old)

    if way == "an Update of the new id":
        rolled_back = world.update(replaced.physical_id, old, new)
        assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", first_id)
    world.delete(replaced.physical_id, new)
    world.delete(first_id, old)

    assert set(world.client_ids()) == {first_id, second_id}


# The adopted client is gone


@pytest.mark.parametrize("imports", ["ImportId", "ImportNamePrefix", "ImportNamePattern"])
def test_an_update_of_an_adopted_client_that_is_gone_fails_and_says_what_to_do(world: World, imports: str) -> None:
    client_id = world.existing(ClientName=SERVICE_CLIENT)
    value = f"{POOL}/{client_id}" if imports == "ImportId" else SERVICE_CLIENT
    properties = {**BARE, imports: value}
    adopt(world, properties)
    world.delete_elsewhere(client_id)
    world.existing(ClientName=SERVICE_CLIENT)
    world.calls()

    answer = world.update(client_id, {**properties, "LogoutURLs": [APP]}, properties)

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)
    assert world.calls() == [DESCRIBE]
    assert f"The adopted client {client_id} is not in user pool {POOL} any more." in answer.reason
    assert f"take {imports} out of the template if a new client is wanted, and deploy again." in answer.reason


def test_what_that_failure_says_leads_to_a_new_client(world: World) -> None:
    client_id = world.existing()
    properties = import_id(client_id)
    world.create(properties)
    world.delete_elsewhere(client_id)
    assert world.update(client_id, {**properties, "LogoutURLs": [APP]}, properties).status == "FAILED"

    answer = world.update(client_id, {**BARE, "LogoutURLs": [APP]}, properties)
    cleaned_up = world.delete(client_id, properties)

    assert (answer.status, cleaned_up.status) == ("SUCCESS", "SUCCESS")
    assert world.client_ids() == [answer.physical_id]


def test_a_delete_of_an_adopted_client_that_is_gone_succeeds(world: World) -> None:
    client_id = world.existing()
    world.create(import_id(client_id))
    world.delete_elsewhere(client_id)

    assert world.delete(client_id, import_id(client_id)).status == "SUCCESS"


# Two resources, one client


def test_two_resources_may_adopt_one_client_and_neither_ever_deletes_it(world: World) -> None:
    client_id = world.existing(AuthSessionValidity=9)
    one, other = {**import_id(client_id), "LogoutURLs": [APP]}, {**import_id(client_id), "CallbackURLs": [MOBILE]}

    answers = [world.create(one), world.create(other, LogicalResourceId="Other")]

    assert {answer.physical_id for answer in answers} == {client_id}
    held = world.settings(client_id)
    assert (held["LogoutURLs"], held["CallbackURLs"], held["AuthSessionValidity"]) == ([APP], [MOBILE], 9)

    world.delete(client_id, one)
    world.delete(client_id, other, LogicalResourceId="Other")

    assert world.client_ids() == [client_id]


def test_of_two_resources_the_one_that_owns_the_client_deletes_it_and_the_other_says_so(world: World) -> None:
    client_id = world.existing()
    properties = import_id(client_id)
    world.create(properties)
    world.create(properties, LogicalResourceId="Other")
    world.update(client_id, BARE, properties)

    world.delete(client_id, BARE)

    assert world.client_ids() == []
    updated = world.update(client_id, {**properties, "LogoutURLs": [APP]}, properties, LogicalResourceId="Other")
    assert (updated.status, updated.physical_id) == ("FAILED", client_id)
    assert "is not in user pool" in updated.reason
    assert world.delete(client_id, properties, LogicalResourceId="Other").status == "SUCCESS"
    assert world.client_ids() == []


# The request that is written down


def test_the_event_of_an_adoption(world: World) -> None:
    event = recorded("adopt")
    pool_id, _, client_id = event["ResourceProperties"]["ImportId"].partition("/")
    world.existing(pool_id=pool_id, client_id=client_id, CallbackURLs=[APP])

    answer = world.send(event)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    held = world.settings(client_id, pool_id=pool_id)
    assert held["LogoutURLs"] == event["ResourceProperties"]["LogoutURLs"]
    assert held["CallbackURLs"] == [APP]
