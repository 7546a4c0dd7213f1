"""What the documents say of the function is so: the reasons, word for word, and what they warn of."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.test_reference import PROPERTIES, PROVIDER_PROPERTIES, rows
from tests.fakes.cognito import ApiError
from tests.fixtures.existing_clients import LIST_TYPE, LOOKUP_TYPE, import_id, policies, session_minutes
from tests.fixtures.templates import APP, DESKTOP, MOBILE
from tests.fixtures.world import CREATE, MARKER, POOL, STACK_ID, STANDING, UPDATE, World, a_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type Json = dict[str, Any]

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "failures.md").read_text()
SHOWN = [" ".join(block.split()) for block in re.findall(r"^```text\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)]

WEB = {"UserPoolId": POOL, "ClientName": "web"}
SITE = {**WEB, "CallbackURLs": ["https://app.example.com/callback"]}
REPORT = {"UserPoolId": POOL, "ClientName": "report"}
FOREVER = 1000
ID = re.compile(r"\b[0-9a-v]{26}\b")

THEIR_POOL, THEIR_ACCOUNT = "us-east-1_Theirs999", "222222222222"
ROLE_ARN, OTHER_ROLE_ARN = (f"arn:aws:iam::{THEIR_ACCOUNT}:role/{name}" for name in ("app-clients", "other-clients"))
THEIRS = {"UserPoolId": THEIR_POOL, "ClientName": "web", "RoleArn": ROLE_ARN}


def malformed(world: World) -> str:
    callbacks = ["https://app.example.com/callback"]
    properties = {"AuthSessionValidity": "60", "AllowedOAuthFlows": "code", "CallbackUrls": callbacks}
    return world.create(WEB | properties).reason


def combined(world: World) -> str:
    return world.create(
        REPORT | {"AllowedOAuthFlows": ["code", "client_credentials"], "CallbackURLs": ["app://x"]}
    ).reason


def combined_with_what_is_there(world: World) -> str:
    callbacks = {"CallbackURLs": ["https://app.example.com/in"]}
    client_id = world.create(WEB | callbacks).physical_id
    world.set_elsewhere(client_id, DefaultRedirectURI=callbacks["CallbackURLs"][0])
    now = {"CallbackURLs": ["https://app.example.com/callback"]}
    return world.update(client_id, WEB | now, WEB | callbacks).reason


def dynamic_reference(world: World) -> str:
    return world.create(WEB | {"ClientSecret": "{{resolve:secretsmanager:web:SecretString:secret}}"}).reason


def no_scope(world: World) -> str:
    return world.create(REPORT | {"AllowedOAuthScopes": ["orders/read"]}).reason


def no_pool(world: World) -> str:
    return world.create(WEB | {"UserPoolId": "us-east-1_Gone12345"}).reason


def no_region(world: World) -> str:
    return world.create(WEB | {"UserPoolId": "us-esat-1_Abc123xyz"}).reason


def no_permission(world: World) -> str:
    who = "arn:aws:sts::123456789012:assumed-role/user-pool-client-Role/user-pool-client"
    pool = f"arn:aws:cognito-idp:us-east-1:123456789012:userpool/{POOL}"
    action = "cognito-idp:CreateUserPoolClient"
    message = (
        f"User: {who} is not authorized to perform: {action} on resource: {pool} "
        f"because no identity-based policy allows the {action} action"
    )
    world.fail(CREATE, ApiError("AccessDeniedException", message))
    return world.create(WEB).reason


def no_role(world: World) -> str:
    return world.create(THEIRS).reason


def several(world: World) -> str:
    for domain in ("metrics", "logs"):
        world.existing(ClientName=f"AmazonOpenSearchService-{domain}-us-east-1")
    return world.create({"UserPoolId": POOL, "ImportNamePrefix": "AmazonOpenSearchService-"}).reason


def of_another_stack(world: World) -> str:
    client_id = world.existing()
    world.stacks.put(STACK_ID.replace("/shop/", "/bank/"), "WebClient", client_id)
    return world.create(import_id(client_id)).reason


def no_secret(world: World) -> str:
    return world.create({**import_id(world.existing()), "GenerateSecret": "true"}).reason


def adopted_and_gone(world: World) -> str:
    client_id = world.existing()
    adopted = import_id(client_id)
    world.create(adopted)
    world.delete_elsewhere(client_id)
    return world.update(client_id, {**adopted, "LogoutURLs": [APP]}, adopted).reason


def throttled(world: World) -> str:
    with world.failing(CREATE, ApiError("TooManyRequestsException", "Rate exceeded")):
        return world.create(WEB).reason


def late(world: World) -> str:
    """Let Cognito take its time until the watchdog has answered."""
    answered = threading.Event()
    world.on_put = lambda _: answered.set()
    world.fake.on_call = lambda *_: answered.wait(10)
    return world.send(world.request("Create", WEB), timeout=0.1).reason


def unanswered(world: World) -> str:
    world.fail(CREATE, "read-timeout", times=3)
    return world.create(WEB).reason


def twins(world: World) -> str:
    """Make a client like it at the same moment, and lose the answer."""
    world.fake.on_call = lambda operation, _: world.existing(**WEB) if operation == CREATE else None
    world.fail(CREATE, "read-timeout", after=True)
    return world.create(WEB, **world.dated()).reason


def may_not_ask(world: World) -> str:
    request = world.request("Create", WEB, **world.dated())
    world.clock.now += 61
    world.stacks.denied = {STANDING}
    return world.send(request).reason


def may_not_write(world: World) -> str:
    who = "arn:aws:sts::123456789012:assumed-role/user-pool-client/user-pool-client"
    message = f"User: {who} is not authorized to perform: dynamodb:UpdateItem"
    world.journal.fail("UpdateItem", ApiError("AccessDeniedException", message))
    return world.create(WEB).reason


def journal_throttled(world: World) -> str:
    world.journal.fail("UpdateItem", ApiError("ThrottlingException", "Rate exceeded"), times=FOREVER)
    reason = world.create(WEB).reason
    world.journal.planned_faults.clear()
    return reason


def still_at_work(world: World) -> str:
    client_id = world.create(WEB).physical_id
    update = world.request("Update", SITE, PhysicalResourceId=client_id, OldResourceProperties=WEB, **world.dated())
    world.die(update, before=5, at_once=True)
    return world.delete(client_id, WEB, **world.dated()).reason


def rolled_back_too_late(world: World) -> str:
    client_id = world.create(WEB).physical_id
    world.update(client_id, SITE, WEB)
    with world.failing(UPDATE, ApiError("TooManyRequestsException", "Rate exceeded")):
        return world.roll_back(client_id, WEB, SITE).reason


CASES = [
    malformed,
    combined,
    combined_with_what_is_there,
    dynamic_reference,
    no_scope,
    no_pool,
    no_region,
    no_permission,
    no_role,
    several,
    of_another_stack,
    no_secret,
    adopted_and_gone,
    throttled,
    late,
    unanswered,
    twins,
    may_not_ask,
    may_not_write,
    journal_throttled,
    still_at_work,
    rolled_back_too_late,
]


# The guide shows them in this order.
PAIRS = [pytest.param(case, shown, id=case.__name__) for case, shown in zip(CASES, SHOWN, strict=True)]


@pytest.mark.parametrize(("case", "shown"), PAIRS)
def test_a_reason_in_the_guide_is_what_the_function_says(case: Callable[[World], str], shown: str) -> None:
    with a_world() as world:
        assert numbered(case(world)) == numbered(shown)


def numbered(text: str) -> str:
    """Put numbers in the place of client ids, which are drawn: the first one to be named is 1."""
    ids = list(dict.fromkeys(ID.findall(text)))
    return ID.sub(lambda found: f"<client {ids.index(found[0]) + 1}>", text)


# The tables of properties that are no settings of the client itself


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as world:
        world.fake.add_pool(THEIR_POOL, account=THEIR_ACCOUNT)
        for role_arn in (ROLE_ARN, OTHER_ROLE_ARN):
            world.sts.allow(role_arn)
        yield world


def last_asked(world: World) -> Json:
    """Return what STS was last asked for, without the session's name."""
    asked: Json = world.sts.calls[-1].params
    return {name: value for name, value in asked.items() if name not in ("RoleSessionName", "Policy")}


def test_a_session_changes_in_place_and_goes_back_to_its_default(world: World) -> None:
    says = PROPERTIES["SSOSession"]
    assert (says.default, says.change) == ("MaxValidityMinutes: `60`", "updated in place")
    assert says.removal == "reset to the default"
    before, after = ({**WEB, "SSOSession": {"MaxValidityMinutes": minutes}} for minutes in ("5", "120"))
    client_id = world.create(before).physical_id

    assert world.update(client_id, after, before).physical_id == client_id
    assert session_minutes(world, client_id) == 120
    assert world.update(client_id, WEB, after).physical_id == client_id
    assert session_minutes(world, client_id) == 60


def test_a_policy_changes_in_place_and_is_deleted_when_it_leaves(world: World) -> None:
    says = PROPERTIES["CIMDPolicy"]
    assert (says.default, says.change, says.removal) == ("none", "updated in place", "the policy is deleted")
    before, after = (
        {**WEB, "CIMDPolicy": {"PolicyName": "agents", "URLPatterns": [url]}}
        for url in ("https://a.example/", "https://b.example/")
    )
    client_id = world.create(before).physical_id

    assert world.update(client_id, after, before).physical_id == client_id
    assert policies(world, client_id) == [("agents", 86400, frozenset({"https://b.example/"}))]
    assert world.update(client_id, WEB, after).physical_id == client_id
    assert policies(world, client_id) == []


def test_a_changed_import_id_leads_to_the_client_that_it_names(world: World) -> None:
    assert PROVIDER_PROPERTIES["ImportId"].change == "the client that it names replaces the previous one"
    first_id, second_id = world.existing(), world.existing()
    world.create(import_id(first_id))

    assert world.update(first_id, import_id(second_id), import_id(first_id)).physical_id == second_id


@pytest.mark.parametrize("name", ["ImportNamePrefix", "ImportNamePattern"])
def test_a_changed_name_to_look_for_does_nothing(world: World, name: str) -> None:
    assert PROVIDER_PROPERTIES[name].change == "nothing"
    client_id = world.existing(ClientName="web")
    world.existing(ClientName="report")
    before = {"UserPoolId": POOL, name: "web"}
    world.create(before)

    assert world.update(client_id, {"UserPoolId": POOL, name: "report"}, before).physical_id == client_id


@pytest.mark.parametrize("name", ["ImportId", "ImportNamePrefix", "ImportNamePattern"])
def test_without_the_import_the_client_stays_and_is_the_stacks_own(world: World, name: str) -> None:
    assert PROVIDER_PROPERTIES[name].removal == "the client stays, and is the stack's own from then on"
    client_id = world.existing(ClientName="web")
    adopted = {"UserPoolId": POOL, name: f"{POOL}/{client_id}" if name == "ImportId" else "web"}
    world.create(adopted)

    assert world.update(client_id, {"UserPoolId": POOL}, adopted).physical_id == client_id
    assert world.client_ids() == [client_id]
    world.delete(client_id, {"UserPoolId": POOL})
    assert world.client_ids() == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param("RoleArn", {"RoleArn": OTHER_ROLE_ARN}, id="RoleArn"),
        pytest.param("ExternalId", {"ExternalId": "another"}, id="ExternalId"),
    ],
)
def test_a_changed_role_or_external_id_is_used_from_then_on(world: World, name: str, change: Json) -> None:
    assert PROVIDER_PROPERTIES[name].change == "the new one is used"
    before = {**THEIRS, "ExternalId": "shop"}
    client_id = world.create(before).physical_id

    answer = world.update(client_id, {**before, **change}, before)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert last_asked(world) == {"RoleArn": ROLE_ARN, "ExternalId": "shop", **change}


def test_an_external_id_that_leaves_is_used_no_more(world: World) -> None:
    assert PROVIDER_PROPERTIES["ExternalId"].removal == "no external ID is used"
    before = {**THEIRS, "ExternalId": "shop"}
    client_id = world.create(before).physical_id

    assert world.update(client_id, THEIRS, before).physical_id == client_id
    assert last_asked(world) == {"RoleArn": ROLE_ARN}


def test_without_a_role_the_functions_own_is_used_which_sees_no_pool_of_another_account(world: World) -> None:
    assert PROVIDER_PROPERTIES["RoleArn"].removal == "the function's own role is used"
    client_id = world.create(THEIRS).physical_id
    world.sts.calls.clear()

    answer = world.update(client_id, {**WEB, "UserPoolId": THEIR_POOL}, THEIRS)

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)
    assert f"User pool {THEIR_POOL} does not exist" in answer.reason
    assert world.sts.calls == []


def test_the_attributes_of_a_list_are_those_of_the_table(world: World) -> None:
    documented = [cells[0].strip("`") for cells in rows("listed-attributes")]

    assert documented == list(world.create({"UserPoolId": POOL}, ResourceType=LIST_TYPE).data)


@pytest.mark.parametrize("resource_type", [LOOKUP_TYPE, LIST_TYPE])
def test_a_look_needs_what_the_table_says(world: World, resource_type: str) -> None:
    client_id = world.existing()
    values = {
        "UserPoolId": POOL,
        "ClientId": client_id,
        "ClientName": "web",
        "ClientNamePrefix": "we",
        "IncludeSecret": "true",
        "Refresh": "1",
        "RoleArn": ROLE_ARN,
        "ExternalId": "shop",
        "ClientType": "REGULAR",
    }
    says = {cells[0].strip("`"): cells[3 if resource_type == LOOKUP_TYPE else 4] for cells in rows("look-properties")}
    assert list(says) == list(values)
    least = {name: values[name] for name in says if says[name] == "required"}
    if one_of := [name for name in says if says[name] == "one of the three"]:
        assert len(one_of) == 3
        least |= {one_of[0]: values[one_of[0]]}

    assert world.create(least, ResourceType=resource_type).status == "SUCCESS"
    for name in least:
        short = {other: least[other] for other in least if other != name}
        assert world.create(short, ResourceType=resource_type).status == "FAILED"
    for name in (name for name, needed in says.items() if needed == "no such property"):
        assert (
            f"{name}: there is no such property."
            in world.create({**least, name: values[name]}, ResourceType=resource_type).reason
        )


# What the guides warn of


@pytest.mark.parametrize("adopted", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_a_rollback_restores_what_only_the_failed_template_had_listed(
    world: World, *, adopted: bool, fails: bool
) -> None:
    client_id = world.existing(LogoutURLs=[DESKTOP], CallbackURLs=[MOBILE])
    before = import_id(client_id) if adopted else {"UserPoolId": POOL}
    world.update(client_id, before, before)
    after = {**before, "LogoutURLs": [APP], **({"AuthSessionValidity": "soon"} if fails else {})}
    assert world.update(client_id, after, before).status == ("FAILED" if fails else "SUCCESS")

    assert world.roll_back(client_id, before, after).physical_id == client_id

    held = world.settings(client_id)
    assert (held["LogoutURLs"], held["CallbackURLs"]) == ([DESKTOP], [MOBILE])


def test_without_a_record_a_rollback_leaves_what_only_the_failed_template_had_listed(world: World) -> None:
    client_id = world.existing(LogoutURLs=[DESKTOP])
    before = {"UserPoolId": POOL, "CallbackURLs": [MOBILE]}
    after = {**before, "CallbackURLs": [APP], "LogoutURLs": [APP]}
    world.update(client_id, after, before)
    world.journal.lose()

    world.roll_back(client_id, before, after)

    held = world.settings(client_id)
    assert (held["CallbackURLs"], held["LogoutURLs"]) == ([MOBILE], [APP])


@pytest.mark.parametrize("is_noted", [True, False])
def test_a_rollback_of_another_accounts_stack_is_told_by_the_exchanged_properties(
    world: World, *, is_noted: bool
) -> None:
    client_id = world.existing(LogoutURLs=[DESKTOP])
    before = {"UserPoolId": POOL}
    after = {**before, "LogoutURLs": [APP]}
    theirs = {"StackId": STACK_ID.replace("123456789012", THEIR_ACCOUNT)}
    world.update(client_id, after, before, **theirs)
    if not is_noted:
        world.journal.lose()

    world.update(client_id, before, after, **theirs)

    assert world.settings(client_id).get("LogoutURLs") == ([DESKTOP] if is_noted else None)


def test_a_rollback_brings_back_what_the_template_before_had_named(world: World) -> None:
    client_id = world.existing(LogoutURLs=[DESKTOP])
    before = {**import_id(client_id), "LogoutURLs": [DESKTOP]}
    world.create(before)
    after = {**before, "LogoutURLs": [APP]}
    world.update(client_id, after, before)

    world.roll_back(client_id, before, after)

    assert world.settings(client_id)["LogoutURLs"] == [DESKTOP]


def test_a_name_that_leaves_the_template_of_an_adopted_client_is_the_one_made_up_for_the_resource(
    world: World,
) -> None:
    client_id = world.existing(ClientName="theirs")
    named = {**import_id(client_id), "ClientName": "ours"}
    world.create(named)

    world.update(client_id, import_id(client_id), named)

    assert re.fullmatch("shop-WebClient-[0-9a-f]{12}", world.settings(client_id)["ClientName"])


def test_without_the_journal_an_imported_client_in_the_place_of_an_own_one_stays_and_is_released(
    world: World,
) -> None:
    """Which client the resource had before is not known any more; the way without it is a resource of its own."""
    own_id, client_id = world.create(WEB).physical_id, world.existing()
    adopting = {**WEB, **import_id(client_id)}
    replaced = world.update(own_id, adopting, WEB)
    world.journal.lose()

    rolled_back = world.roll_back(replaced.physical_id, WEB, adopting)

    assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", client_id)
    world.delete(rolled_back.physical_id, WEB)
    assert sorted(world.client_ids()) == sorted([own_id, client_id])


def test_an_adopting_resource_of_its_own_is_rolled_back_without_a_loss(world: World) -> None:
    own_id, client_id = world.create(WEB).physical_id, world.existing()

    adopted = world.create(import_id(client_id), LogicalResourceId="Adopted")
    world.delete(adopted.physical_id, import_id(client_id), LogicalResourceId="Adopted")

    assert set(world.client_ids()) == {own_id, client_id}


def test_an_own_client_that_is_given_a_name_to_look_for_stays_and_is_let_go(world: World) -> None:
    own_id = world.create(WEB).physical_id
    world.existing(ClientName="AmazonOpenSearchService-logs")
    by_name = {**WEB, "ImportNamePrefix": "AmazonOpenSearchService-"}

    assert world.update(own_id, by_name, WEB).physical_id == own_id
    world.delete(own_id, by_name)

    assert own_id in world.client_ids()


@pytest.mark.parametrize("other_came_last", [True, False])
def test_of_two_resources_the_owner_deletes_the_client_unless_the_other_has_imported_it_since(
    world: World, *, other_came_last: bool
) -> None:
    client_id = world.existing()
    imported, own = import_id(client_id), {"UserPoolId": POOL}
    world.create(imported)
    if not other_came_last:
        world.create(imported, LogicalResourceId="Other")
    world.update(client_id, own, imported)
    if other_came_last:
        world.create(imported, LogicalResourceId="Other")

    assert world.delete(client_id, own).status == "SUCCESS"

    assert world.client_ids() == ([client_id] if other_came_last else [])


def test_a_lookup_that_fits_no_more_lets_a_rollback_through_with_the_ids_and_defaults(world: World) -> None:
    client_id = world.existing(ClientName="web")
    by_name = {"UserPoolId": POOL, "ClientName": "web"}
    found = world.create(by_name, ResourceType=LOOKUP_TYPE)
    world.delete_elsewhere(client_id)

    answer = world.roll_back(found.physical_id, by_name, {**by_name, "Refresh": "1"}, ResourceType=LOOKUP_TYPE)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert (answer.data["ClientId"], answer.data["Id"]) == (client_id, f"{POOL}/{client_id}")
    assert answer.data["LogoutURLs"] == ""


def test_another_logical_id_looks_for_a_services_new_client(world: World) -> None:
    by_name = {"UserPoolId": POOL, "ImportNamePrefix": "AmazonOpenSearchService-"}
    old_id = world.existing(ClientName="AmazonOpenSearchService-logs")
    world.create(by_name)
    world.delete_elsewhere(old_id)
    new_id = world.existing(ClientName="AmazonOpenSearchService-logs")

    answer = world.create(by_name, LogicalResourceId="Second")

    assert answer.physical_id == new_id
    assert world.delete(old_id, by_name).status == "SUCCESS"
    assert world.client_ids() == [new_id]


def test_two_resources_that_change_one_client_at_once_can_lose_a_change(world: World) -> None:
    """Cognito takes whole configurations: what came between a look and an update is written over."""
    client_id = world.existing()
    one, other = ({**import_id(client_id), **setting} for setting in ({"LogoutURLs": [APP]}, {"CallbackURLs": [APP]}))

    def meanwhile(operation: str, _: Json) -> None:
        if operation == "UpdateUserPoolClient":
            world.fake.on_call = None
            world.set_elsewhere(client_id, CallbackURLs=other["CallbackURLs"])

    world.fake.on_call = meanwhile
    world.create(one)

    assert "CallbackURLs" not in world.settings(client_id)


def test_a_session_and_a_policy_that_the_template_does_not_name_are_shown_as_defaults(world: World) -> None:
    policy = {"CIMDPolicy": {"PolicyName": "agents", "URLPatterns": ["https://a.example/"]}}
    client_id = world.create({**WEB, "SSOSession": {"MaxValidityMinutes": "120"}, **policy}).physical_id

    found = world.create({"UserPoolId": POOL, "ClientId": client_id}, ResourceType=LOOKUP_TYPE)

    assert found.data["SSOSession.MaxValidityMinutes"] == "60"
    assert found.data["CIMDPolicy.PolicyName"] == ""


def test_the_role_is_not_asked_to_let_an_adopted_client_go(world: World) -> None:
    client_id = world.existing(pool_id=THEIR_POOL)
    adopted = {**import_id(client_id, pool_id=THEIR_POOL), "RoleArn": f"{ROLE_ARN}-that-is-gone"}

    assert world.delete(client_id, adopted).status == "SUCCESS"
    assert world.delete(MARKER, THEIRS | {"RoleArn": f"{ROLE_ARN}-that-is-gone"}).status == "SUCCESS"
    assert world.delete(client_id, {**THEIRS, "RoleArn": f"{ROLE_ARN}-that-is-gone"}).status == "FAILED"
    assert world.sts.calls != []
