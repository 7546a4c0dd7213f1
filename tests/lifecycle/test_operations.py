"""Observe, decide, act: what each kind of request does to a client, and what it answers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from tests.canaries import CLIENT_SECRET, OTHER_SECRET, OWN_SECRET
from tests.given import CLIENT_ID, CREATED, POOL, STACK_ID, event
from user_pool_client.aws.cloudformation import Connection, Stacks
from user_pool_client.aws.secrets_manager import SecretStore
from user_pool_client.custom_resource.request import Request
from user_pool_client.custom_resource.response import Outcome
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.app_client import AppClient, ClientSecretRef, ClientSummary
from user_pool_client.domain.errors import NotFound, ProviderError, Refused, TryLater
from user_pool_client.domain.physical_id import CREATE_FAILED
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.operations.context import Work
from user_pool_client.operations.delete import on_delete
from user_pool_client.operations.reconcile import generated_name, on_create, on_update

if TYPE_CHECKING:
    from collections.abc import Iterator

    from user_pool_client.domain.properties import Settings

NEW_ID = "1example23456789"
NAME = re.compile(r"[A-Za-z0-9_ \t\n\v\f\r+=,.@-]{1,128}")


@dataclass
class Clients:
    """One user pool's clients, where an update replaces and a planned fault fires once."""

    clients: dict[str, AppClient] = field(default_factory=dict)
    hidden_secrets: set[str] = field(default_factory=set)
    sessions: dict[str, int] = field(default_factory=dict)
    faults: dict[str, ProviderError] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def _called(self, call: str) -> None:
        self.calls.append(call)
        if call in self.faults:
            raise self.faults.pop(call)

    def create(self, settings: Settings) -> AppClient:
        self._called("create")
        secret = settings.get("ClientSecret") or (Sensitive(OTHER_SECRET) if settings.get("GenerateSecret") else None)
        kept = {name: value for name, value in settings.items() if name not in ("GenerateSecret", "ClientSecret")}
        client = AppClient(kept.pop("UserPoolId"), NEW_ID, kept, secret, True if secret else None, CREATED, CREATED)
        self.clients[NEW_ID] = client
        return client

    def describe(self, pool_id: str, client_id: str) -> AppClient | None:
        self._called("describe")
        client = self.clients.get(client_id)
        return client if client is not None and client.pool_id == pool_id else None

    def list_clients(self, pool_id: str) -> list[ClientSummary]:
        self._called("list_clients")
        return [
            ClientSummary(each.client_id, each.settings["ClientName"])
            for each in self.clients.values()
            if pool_id == POOL
        ]

    def session_minutes(self, pool_id: str, client_id: str) -> int:
        self._called("session_minutes")
        assert self.clients[client_id].pool_id == pool_id
        return self.sessions.get(client_id, 60)

    def set_session_minutes(self, pool_id: str, client_id: str, minutes: int) -> None:
        self._called("set_session_minutes")
        assert self.clients[client_id].pool_id == pool_id
        self.sessions[client_id] = minutes

    def list_secrets(self, pool_id: str, client_id: str) -> list[ClientSecretRef]:
        self._called("secret_ids")
        assert self.clients[client_id].pool_id == pool_id
        return [ClientSecretRef(f"{client_id}--1", CREATED)] if client_id in self.hidden_secrets else []

    def add_secret(self, pool_id: str, client_id: str, value: Sensitive | None = None) -> tuple[str, Sensitive]:
        raise NotImplementedError

    def delete_secret(self, pool_id: str, client_id: str, secret_id: str) -> None:
        raise NotImplementedError

    def token_endpoint(self, pool_id: str) -> str:
        raise NotImplementedError

    def update(self, pool_id: str, client_id: str, settings: Settings) -> AppClient:
        self._called("update")
        assert self.clients[client_id].pool_id == pool_id
        self.clients[client_id] = replace(self.clients[client_id], settings=settings)
        return self.clients[client_id]

    def delete(self, pool_id: str, client_id: str, *, after_deadline: bool = False) -> bool:
        self._called("delete even late" if after_deadline else "delete")
        assert client_id not in self.clients or self.clients[client_id].pool_id == pool_id
        return self.clients.pop(client_id, None) is not None


@pytest.fixture
def pool() -> Iterator[Clients]:
    clients = Clients()
    yield clients
    assert not clients.faults, "a planned fault never fired"


def existing(pool: Clients, secret: str | None = None, *, hidden: bool = False, **settings: Any) -> None:
    shown = None if secret is None else Sensitive(secret)
    pool.clients[CLIENT_ID] = AppClient(
        POOL, CLIENT_ID, {"ClientName": "web", **settings}, shown, True if secret else None, CREATED, CREATED
    )
    if hidden:
        pool.hidden_secrets.add(CLIENT_ID)


def request(request_type: str, properties: object, old: object = None, **changes: Any) -> Request:
    def whole(given: object) -> object:
        return {"UserPoolId": POOL, **given} if isinstance(given, dict) else given

    old_properties = whole({} if old is None else old) if request_type == "Update" else None
    return Request.parse(
        event(request_type, ResourceProperties=whole(properties), OldResourceProperties=old_properties, **changes)
    )


@dataclass
class Progress:
    """Which id is true by now; not in time, the request has been answered before a client was made."""

    physical_id: str
    in_time: bool = True

    def is_over(self) -> bool:
        return False

    def unsure(self) -> None:
        """Nothing here is lost: that is proven in the flow tests."""

    nothing_made = unsure

    def made(self, client_id: str) -> bool:
        if self.in_time:
            self.physical_id = client_id
        return self.in_time


def work(pool: Clients, request: Request, *, in_time: bool = True) -> Work:
    progress = Progress(request.physical_id or CREATE_FAILED, in_time)
    # What is kept in Secrets Manager is proven with its fake, in the flow tests: nothing here names a secret.
    store = SecretStore("us-east-1")
    # Who does not come late and is not cancelled asks CloudFormation nothing.
    deadline = Deadline.after(60, Clock(monotonic=lambda: 0.0, wall=lambda: 0.0))
    stacks = Stacks(
        Connection("nowhere"),
        own=True,
        deadline=deadline,
        on_retry=mock.Mock(side_effect=AssertionError("nobody waits here")),
    )
    return Work(lambda _: pool, stacks, store, progress, deadline)


def create(pool: Clients, properties: object, *, in_time: bool = True) -> Outcome:
    received = request("Create", properties)
    return on_create(received, work(pool, received, in_time=in_time))


def update(pool: Clients, properties: object, old: object = None, **changes: Any) -> Outcome:
    received = request("Update", properties, old, **changes)
    return on_update(received, work(pool, received))


def delete(pool: Clients, properties: object, **changes: Any) -> Outcome:
    received = request("Delete", properties, **changes)
    return on_delete(received, work(pool, received))


def test_a_create_makes_a_client_with_one_call(pool: Clients) -> None:
    outcome = create(pool, {"ClientName": "shop", "GenerateSecret": "true"})

    assert (outcome.status, outcome.physical_id, outcome.reason) == ("SUCCESS", NEW_ID, "")
    assert outcome.data["ClientSecret"] == Sensitive(OTHER_SECRET)
    assert outcome.data["Name"] == "shop"
    assert pool.calls == ["create"]


def test_a_create_without_a_name_gives_the_derived_one(pool: Clients) -> None:
    outcome = create(pool, {})

    assert outcome.data["ClientName"] == generated_name(request("Create", {}))


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        pytest.param({"AuthSessionValidity": "99"}, ["1 problem", "AuthSessionValidity: "], id="a-limit"),
        pytest.param(
            {"AllowedOAuthFlows": ["code"]}, ["1 problem", "CallbackUrls can not be empty"], id="a-combination"
        ),
        pytest.param(
            {"AllowedOAuthFlows": ["code"], "AuthSessionValidity": "99", "callback_urls": []},
            ["3 problems", "AuthSessionValidity: ", "callback_urls: ", "AllowedOAuthFlows, CallbackURLs: "],
            id="limits-names-and-combinations-at-once",
        ),
        pytest.param(
            {"AllowedOAuthFlows": ["code"], "CallbackURLs": "https://x"},
            ["1 problem", "CallbackURLs: "],
            id="no-combination-with-a-property-that-could-not-be-read",
        ),
        pytest.param("no map", ["1 problem", "ResourceProperties: "], id="no-properties-at-all"),
    ],
)
def test_a_template_that_is_wrong_makes_no_call(pool: Clients, properties: object, told: list[str]) -> None:
    outcome = create(pool, properties)

    assert (outcome.status, outcome.physical_id) == ("FAILED", CREATE_FAILED)
    assert all(words in outcome.reason for words in told), outcome.reason
    assert outcome.reason.startswith("Could not create the app client")
    assert pool.calls == []


def test_a_create_that_is_refused_answers_with_the_marker(pool: Clients) -> None:
    pool.faults["create"] = Refused("Cognito refused CreateUserPoolClient.", "do something.")

    outcome = create(pool, {"ClientName": "shop"})

    assert outcome == Outcome(
        "FAILED",
        CREATE_FAILED,
        f'Could not create the app client "shop" in user pool {POOL}: Cognito refused CreateUserPoolClient. '
        "What to do: do something.",
    )


def test_a_client_that_was_made_too_late_goes_again(pool: Clients) -> None:
    outcome = create(pool, {}, in_time=False)

    assert (outcome.status, outcome.physical_id) == ("FAILED", CREATE_FAILED)
    assert pool.calls == ["create", "delete even late"]
    assert pool.clients == {}


def test_an_update_that_changes_nothing_makes_one_call(pool: Clients) -> None:
    existing(pool, CLIENT_SECRET, LogoutURLs=["https://a.example.com", "https://b.example.com"])

    outcome = update(pool, {"LogoutURLs": ["https://b.example.com", "https://a.example.com"]})

    assert (outcome.status, outcome.physical_id) == ("SUCCESS", CLIENT_ID)
    assert outcome.data["ClientSecret"] == Sensitive(CLIENT_SECRET)
    assert pool.calls == ["describe"]


def test_nothing_to_do_means_nothing_judged(pool: Clients) -> None:
    existing(pool, AllowedOAuthFlows=["code"])

    outcome = update(pool, {"AllowedOAuthFlows": ["code"]})

    assert outcome.status == "SUCCESS"


def test_an_update_that_changes_something_makes_two_calls(pool: Clients) -> None:
    existing(pool, CLIENT_SECRET, AuthSessionValidity=5)

    outcome = update(pool, {"LogoutURLs": ["https://a.example.com"]})

    assert (outcome.status, outcome.physical_id) == ("SUCCESS", CLIENT_ID)
    assert outcome.data["LogoutURLs"] == "https://a.example.com"
    assert outcome.data["AuthSessionValidity"] == "5"
    assert pool.calls == ["describe", "update"]


@pytest.mark.parametrize(
    ("properties", "old", "calls"),
    [
        pytest.param({"GenerateSecret": "false"}, {"GenerateSecret": "true"}, ["describe", "create"], id="no-secret"),
        pytest.param({"ClientSecret": OWN_SECRET}, {}, ["describe", "create"], id="a-secret-of-ones-own"),
        pytest.param({"UserPoolId": "us-east-1_Other"}, {}, ["describe", "create"], id="another-pool"),
    ],
)
def test_a_replacement_makes_a_new_client_and_leaves_the_old_one(
    pool: Clients, properties: dict[str, Any], old: dict[str, Any], calls: list[str]
) -> None:
    existing(pool, CLIENT_SECRET)

    outcome = update(pool, properties, old)

    assert (outcome.status, outcome.physical_id) == ("SUCCESS", NEW_ID)
    assert pool.calls == calls
    assert set(pool.clients) == {CLIENT_ID, NEW_ID}


def test_a_client_that_is_gone_is_made_again(pool: Clients) -> None:
    outcome = update(pool, {"ClientName": "shop"})

    assert (outcome.status, outcome.physical_id) == ("SUCCESS", NEW_ID)
    assert pool.calls == ["describe", "create"]


@pytest.mark.parametrize("physical_id", [CREATE_FAILED, "other-resource-1ABCDEF", "a/b"])
def test_an_id_that_never_was_a_clients_is_not_looked_for(pool: Clients, physical_id: str) -> None:
    outcome = update(pool, {}, PhysicalResourceId=physical_id)

    assert (outcome.status, outcome.physical_id) == ("SUCCESS", NEW_ID)
    assert pool.calls == ["create"]


@pytest.mark.parametrize(
    ("properties", "shown", "hidden", "calls", "physical_id"),
    [
        pytest.param({}, None, True, ["describe"], CLIENT_ID, id="nobody-asks-where-the-template-says-nothing"),
        pytest.param({"GenerateSecret": "false"}, None, True, ["describe"], CLIENT_ID, id="nor-where-it-wants-none"),
        pytest.param(
            {"GenerateSecret": "true"}, CLIENT_SECRET, False, ["describe"], CLIENT_ID, id="nor-if-one-is-shown"
        ),
        pytest.param(
            {"GenerateSecret": "true"}, None, True, ["describe", "secret_ids"], CLIENT_ID, id="a-secret-that-is-hidden"
        ),
        pytest.param(
            {"GenerateSecret": "true"},
            None,
            False,
            ["describe", "secret_ids", "create"],
            NEW_ID,
            id="no-secret-at-all",
        ),
    ],
)
def test_whether_there_is_a_secret_is_asked_only_where_it_matters(
    pool: Clients, properties: dict[str, Any], shown: str | None, hidden: bool, calls: list[str], physical_id: str
) -> None:
    existing(pool, shown, hidden=hidden)

    outcome = update(pool, properties)

    assert outcome.physical_id == physical_id
    assert pool.calls == calls


def test_a_hidden_secret_counts_in_the_attributes_after_an_update(pool: Clients) -> None:
    existing(pool, hidden=True)

    outcome = update(pool, {"GenerateSecret": "true", "EnablePropagateAdditionalUserContextData": "true"})

    assert outcome.status == "SUCCESS"
    assert outcome.data["GenerateSecret"] == "true"
    assert pool.calls == ["describe", "secret_ids", "update"]


def test_a_combination_with_what_was_set_elsewhere_is_refused_before_the_write(pool: Clients) -> None:
    existing(pool, AllowedOAuthFlows=["code"], CallbackURLs=["https://a.example.com"])

    outcome = update(pool, {"CallbackURLs": []}, {"CallbackURLs": ["https://a.example.com"]})

    assert (outcome.status, outcome.physical_id) == ("FAILED", CLIENT_ID)
    assert "CallbackUrls can not be empty" in outcome.reason
    assert "AllowedOAuthFlows: not in the template, but so on the client." in outcome.reason
    assert pool.calls == ["describe"]


def test_a_combination_that_the_client_completes_is_not_refused(pool: Clients) -> None:
    existing(pool, CallbackURLs=["https://a.example.com"])

    outcome = update(pool, {"AllowedOAuthFlows": ["code"]})

    assert outcome.status == "SUCCESS"


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"AuthSessionValidity": "99"}, id="a-limit"),
        pytest.param({"ClientSecret": "too short"}, id="the-secret"),
        pytest.param("no map", id="no-properties"),
    ],
)
def test_an_update_that_is_wrong_keeps_the_id_that_it_was_given(pool: Clients, properties: object) -> None:
    outcome = update(pool, properties)

    assert (outcome.status, outcome.physical_id) == ("FAILED", CLIENT_ID)
    assert outcome.reason.startswith(f"Could not update the app client {CLIENT_ID}")
    assert pool.calls == []


@pytest.mark.parametrize("call", ["describe", "update"])
def test_an_update_that_fails_keeps_the_id_that_it_was_given(pool: Clients, call: str) -> None:
    existing(pool)
    pool.faults[call] = TryLater("Cognito did not answer.", "deploy again.")

    outcome = update(pool, {"LogoutURLs": ["https://a.example.com"]})

    assert outcome == Outcome(
        "FAILED",
        CLIENT_ID,
        f"Could not update the app client {CLIENT_ID}: Cognito did not answer. What to do: deploy again.",
    )


def test_a_replacement_that_fails_keeps_the_id_that_it_was_given(pool: Clients) -> None:
    existing(pool, CLIENT_SECRET)
    pool.faults["create"] = Refused("Cognito refused CreateUserPoolClient.", "do something.")

    outcome = update(pool, {"GenerateSecret": "false"})

    assert (outcome.status, outcome.physical_id) == ("FAILED", CLIENT_ID)
    assert set(pool.clients) == {CLIENT_ID}


def test_a_delete_deletes_with_one_call(pool: Clients) -> None:
    existing(pool)

    outcome = delete(pool, {})

    assert outcome == Outcome("SUCCESS", CLIENT_ID)
    assert pool.calls == ["delete"]
    assert pool.clients == {}


def test_a_client_that_is_gone_already_is_deleted(pool: Clients) -> None:
    assert delete(pool, {}) == Outcome("SUCCESS", CLIENT_ID)


@pytest.mark.parametrize("physical_id", [CREATE_FAILED, "other-resource-1ABCDEF", "", "2026/03/01/[$LATEST]abc", None])
def test_what_never_was_a_client_is_deleted_without_a_call(pool: Clients, physical_id: str | None) -> None:
    outcome = delete(pool, {}, PhysicalResourceId=physical_id)

    assert outcome == Outcome("SUCCESS", physical_id or CREATE_FAILED)
    assert pool.calls == []


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({"AuthSessionValidity": "99", "Unknown": {}, "CallbackURLs": None}, id="invalid-settings"),
        pytest.param({"ClientSecret": "too short"}, id="an-invalid-secret"),
        pytest.param({"AllowedOAuthFlows": ["code"]}, id="a-combination-that-cognito-refuses"),
    ],
)
def test_properties_that_are_wrong_do_not_block_a_delete(pool: Clients, properties: object) -> None:
    existing(pool)

    outcome = delete(pool, properties)

    assert outcome.status == "SUCCESS"
    assert pool.clients == {}


@pytest.mark.parametrize("properties", ["no map", {"UserPoolId": "no pool"}, {"UserPoolId": ["x"]}, []])
def test_without_a_pool_there_is_nothing_to_delete(pool: Clients, properties: object) -> None:
    assert delete(pool, properties) == Outcome("SUCCESS", CLIENT_ID)
    assert pool.calls == []


def test_a_delete_that_fails_keeps_the_id(pool: Clients) -> None:
    existing(pool)
    pool.faults["delete"] = Refused("Cognito refused DeleteUserPoolClient.", "do something.")

    outcome = delete(pool, {})

    assert outcome == Outcome(
        "FAILED",
        CLIENT_ID,
        f"Could not delete the app client {CLIENT_ID} of user pool {POOL}: Cognito refused DeleteUserPoolClient. "
        "What to do: do something.",
    )


def test_a_pool_that_is_gone_is_told_with_its_remedy(pool: Clients) -> None:
    pool.faults["create"] = NotFound("The pool is gone.", "check UserPoolId, and that the user pool still exists.")

    assert "What to do: check UserPoolId" in create(pool, {}).reason


def test_the_same_problem_gives_the_same_text(pool: Clients) -> None:
    reasons = Counter(create(pool, {"AuthSessionValidity": "99", "x": "y"}).reason for _ in range(3))

    assert len(reasons) == 1


@pytest.mark.parametrize(
    ("stack", "logical", "expected"),
    [
        pytest.param("shop", "WebClient", r"shop-WebClient-[0-9a-f]{12}", id="the-stack-and-the-logical-id"),
        pytest.param("a-b", "X", r"a-b-X-[0-9a-f]{12}", id="hyphens"),
        pytest.param("s" * 128, "L" * 255, r"s{115}-[0-9a-f]{12}", id="cut-to-128-characters"),
        pytest.param("s" * 60, "L" * 60, r"s{60}-L{54}-[0-9a-f]{12}", id="cut-within-the-logical-id"),
        pytest.param("größe", "Ü", r"gr--e---[0-9a-f]{12}", id="only-what-a-name-may-hold"),
    ],
)
def test_the_derived_name_tells_where_it_comes_from(stack: str, logical: str, expected: str) -> None:
    stack_id = f"arn:aws:cloudformation:us-east-1:123456789012:stack/{stack}/51af3dc0"

    name = generated_name(request("Create", {}, StackId=stack_id, LogicalResourceId=logical))

    assert re.fullmatch(expected, name)
    assert NAME.fullmatch(name)


def test_the_derived_name_is_the_same_each_time_and_for_every_kind_of_request() -> None:
    names = {generated_name(request(kind, {"ClientName": kind})) for kind in ("Create", "Update", "Delete")}

    assert len(names) == 1


def test_other_stacks_and_other_resources_have_other_names() -> None:
    again = STACK_ID.replace("51af3dc0", "99999999")
    long = "L" * 200
    requests = [
        request("Create", {}),
        request("Create", {}, StackId=again),
        request("Create", {}, LogicalResourceId="Other"),
        request("Create", {}, LogicalResourceId=f"{long}1"),
        request("Create", {}, LogicalResourceId=f"{long}2"),
    ]

    assert len({generated_name(each) for each in requests}) == len(requests)


@pytest.mark.parametrize("stack_id", ["no-arn", "///", "arn:aws:cloudformation:us-east-1:1:stack//x"])
def test_a_stack_id_of_another_form_still_gives_a_name(stack_id: str) -> None:
    assert NAME.fullmatch(generated_name(request("Create", {}, StackId=stack_id)))
