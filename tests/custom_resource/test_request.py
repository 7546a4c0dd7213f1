"""CloudFormation's event becomes a value, or is refused because no answer to it is possible."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.canaries import CLIENT_SECRET, OWN_SECRET, SIGNATURE, leaked
from tests.given import CLIENT_ID, POOL, REQUEST_ID, RESPONSE_URL, STACK_ID, event
from user_pool_client.custom_resource.request import Request
from user_pool_client.custom_resource.response import Envelope
from user_pool_client.domain.errors import Unanswerable
from user_pool_client.domain.sensitive import Sensitive

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


def test_an_event_becomes_a_request() -> None:
    request = Request.parse(event("Update"))

    assert request.request_type == "Update"
    assert request.physical_id == CLIENT_ID
    assert request.response_url == Sensitive(RESPONSE_URL)
    assert request.envelope == Envelope(STACK_ID, REQUEST_ID, "WebClient")
    assert isinstance(request.properties, dict)
    assert request.properties["UserPoolId"] == POOL
    assert isinstance(request.old_properties, dict)
    assert request.old_properties["UserPoolId"] == POOL


def test_a_create_has_neither_physical_id_nor_old_properties() -> None:
    request = Request.parse(event("Create"))

    assert request.physical_id == ""
    assert request.old_properties is None


@pytest.mark.parametrize("name", ["RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param(7, id="a-number"),
        pytest.param(["x"], id="a-list"),
        pytest.param({"x": "y"}, id="a-map"),
    ],
)
def test_an_event_without_one_of_its_ids_cannot_be_answered(name: str, value: Any) -> None:
    with pytest.raises(Unanswerable, match=rf"has no {name}\.$") as refused:
        Request.parse(event(**{name: value}))

    assert not leaked(str(refused.value))


def test_everything_that_an_event_lacks_is_told_at_once() -> None:
    with pytest.raises(Unanswerable, match=r"has no RequestType, StackId, RequestId\.$"):
        Request.parse(event(RequestType=None, StackId="", RequestId=5))


@pytest.mark.parametrize("odd", [None, "an event", 5, 1.5, True, [event()], []], ids=lambda odd: type(odd).__name__)
def test_what_is_no_map_is_no_event(odd: object) -> None:
    with pytest.raises(Unanswerable, match="no map"):
        Request.parse(odd)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"StackId": "arn:" + "s" * 3000}, id="stack-id"),
        pytest.param({"PhysicalResourceId": "p" * 3000}, id="physical-id"),
        pytest.param({"LogicalResourceId": "l" * 1500, "RequestId": "r" * 1500}, id="all-together"),
        pytest.param({"LogicalResourceId": "\x01" * 600}, id="short-until-it-is-escaped"),
    ],
)
def test_ids_that_no_answer_could_repeat_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(Unanswerable, match="ids are so long"):
        Request.parse(event("Update", **changes))


def test_the_longest_physical_id_of_cloudformation_can_be_answered() -> None:
    request = Request.parse(event("Delete", PhysicalResourceId="p" * 1024, LogicalResourceId="l" * 255))

    assert len(request.physical_id) == 1024


@pytest.mark.parametrize("given", [OWN_SECRET, 1234567890, 12345.5], ids=["string", "number", "fraction"])
def test_the_secret_of_a_template_is_sealed_at_once(given: object) -> None:
    properties = {"UserPoolId": POOL, "ClientSecret": given}

    request = Request.parse(event("Update", ResourceProperties=properties, OldResourceProperties=properties))

    assert isinstance(request.properties, dict)
    assert isinstance(request.old_properties, dict)
    assert request.properties["ClientSecret"] == Sensitive(str(given))
    assert request.old_properties["ClientSecret"] == Sensitive(str(given))
    assert properties["ClientSecret"] == given, "the event itself is not changed"


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        pytest.param(OWN_SECRET, CLIENT_SECRET, [OWN_SECRET, CLIENT_SECRET], id="one-now-and-another-before"),
        pytest.param(None, CLIENT_SECRET, [CLIENT_SECRET], id="only-before"),
        pytest.param([OWN_SECRET], None, [], id="nothing-that-could-be-one"),
    ],
)
def test_a_request_knows_the_secrets_that_it_brings(now: Any, before: Any, expected: list[str]) -> None:
    request = Request.parse(
        event("Update", ResourceProperties={"ClientSecret": now}, OldResourceProperties={"ClientSecret": before})
    )

    assert request.secrets() == [Sensitive(secret) for secret in expected]


def test_a_request_prints_neither_url_nor_properties() -> None:
    properties = {"UserPoolId": POOL, "ClientSecret": [OWN_SECRET], "client_secret": OWN_SECRET}

    printed = str(Request.parse(event("Update", ResourceProperties=properties, OldResourceProperties=properties)))

    assert not leaked(printed)
    assert SIGNATURE not in printed


@pytest.mark.parametrize(
    ("timeout", "expected"),
    [
        pytest.param(None, 3600, id="without-a-timeout-an-hour"),
        pytest.param("60", 60, id="a-string-as-cloudformation-sends-it"),
        pytest.param(60, 60, id="a-number"),
        pytest.param("1", 1, id="the-shortest"),
        pytest.param("3600", 3600, id="the-longest"),
        pytest.param("0", 1, id="below-the-shortest"),
        pytest.param(-5, 1, id="negative"),
        pytest.param("3601", 3600, id="above-the-longest"),
        pytest.param("soon", 3600, id="no-number"),
        pytest.param("", 3600, id="empty"),
        pytest.param(["60"], 3600, id="a-list"),
        pytest.param(float("inf"), 3600, id="infinite"),
        pytest.param(float("nan"), 3600, id="not-a-number"),
    ],
)
def test_the_service_timeout_bounds_the_time(timeout: object, expected: float) -> None:
    properties = {"UserPoolId": POOL} if timeout is None else {"UserPoolId": POOL, "ServiceTimeout": timeout}

    request = Request.parse(event(ResourceProperties=properties))

    assert request.seconds_left(NOON) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("?X-Amz-Date=20260301T120000Z&X-Amz-Expires=7200", 300, id="signed-just-now"),
        pytest.param("?X-Amz-Date=20260301T115900Z", 240, id="signed-a-minute-ago"),
        pytest.param("?X-Amz-Date=20260301T115500Z", 0, id="the-time-is-over"),
        pytest.param("?X-Amz-Date=20260301T110000Z", -3300, id="it-came-after-an-hour-in-a-queue"),
        pytest.param("?X-Amz-Date=20260301T120030Z", 300, id="a-clock-that-is-behind-lengthens-nothing"),
        pytest.param("", 300, id="an-emulators-url-has-no-date"),
        pytest.param("?X-Amz-Date=yesterday", 300, id="a-date-that-is-none"),
        pytest.param("?X-Amz-Date=20260301T115900Z&X-Amz-Date=20260301T115900Z", 300, id="two-dates"),
    ],
)
def test_the_time_counts_from_when_cloudformation_signed_the_url(query: str, expected: float) -> None:
    properties = {"UserPoolId": POOL, "ServiceTimeout": "300"}

    request = Request.parse(event(ResponseURL=f"https://host/path{query}", ResourceProperties=properties))

    assert request.seconds_left(NOON) == expected


@pytest.mark.parametrize("properties", [None, "text", 5, ["a"]], ids=["missing", "text", "number", "list"])
def test_properties_that_are_no_map_do_not_make_a_request_unanswerable(properties: object) -> None:
    request = Request.parse(event("Delete", ResourceProperties=properties))

    assert request.properties == properties
    assert request.seconds_left(NOON) == 3600


@given(changes=st.dictionaries(st.sampled_from([*event("Update"), "Other"]), JSON))
@settings(max_examples=80)
def test_any_event_is_either_a_request_or_unanswerable(changes: dict[str, Any]) -> None:
    changed = {**event("Update"), **changes}
    told = ""
    try:
        request = Request.parse(changed)
    except Unanswerable as error:
        told = str(error)
    else:
        told = str(request)
        assert request.seconds_left(NOON) <= 3600
    assert told
    assert not leaked(told)
