"""An outcome becomes at most 4,096 bytes, and the ids and the secret are always among them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.canaries import CLIENT_SECRET, leaked
from tests.given import CLIENT_ID, POOL, REQUEST_ID, STACK_ID, observed
from user_pool_client.custom_resource.response import MOST_BYTES, Envelope, Outcome, encode
from user_pool_client.domain.attributes import IDS, KEPT, attributes
from user_pool_client.domain.physical_id import CREATE_FAILED, CREATE_UNKNOWN, is_client_id
from user_pool_client.domain.sensitive import Sensitive

ENVELOPE = Envelope(STACK_ID, REQUEST_ID, "WebClient")
SECRET = Sensitive(CLIENT_SECRET)
ANSWERED = {"StackId": STACK_ID, "RequestId": REQUEST_ID, "LogicalResourceId": "WebClient"}


def decoded(outcome: Outcome, envelope: Envelope = ENVELOPE, *, masked: bool = False) -> dict[str, Any]:
    content = encode(outcome, envelope, masked=masked).content
    assert len(content) <= MOST_BYTES
    body: dict[str, Any] = json.loads(content)
    return body


def test_a_success_tells_id_and_attributes() -> None:
    outcome = Outcome("SUCCESS", CLIENT_ID, data={"ClientId": CLIENT_ID, "Name": "web"})

    assert decoded(outcome) == {
        "Status": "SUCCESS",
        "PhysicalResourceId": CLIENT_ID,
        **ANSWERED,
        "NoEcho": False,
        "Data": {"ClientId": CLIENT_ID, "Name": "web"},
    }


def test_a_failure_tells_its_reason() -> None:
    outcome = Outcome("FAILED", CREATE_FAILED, "Could not create the app client: why. What to do: that.")

    assert decoded(outcome) == {
        "Status": "FAILED",
        "PhysicalResourceId": CREATE_FAILED,
        **ANSWERED,
        "Reason": "Could not create the app client: why. What to do: that.",
    }


def test_the_marker_cannot_be_a_client_id() -> None:
    assert CREATE_FAILED == "create-failed:no-app-client"
    assert not is_client_id(CREATE_FAILED)
    assert not is_client_id(CREATE_UNKNOWN)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param({"ClientSecret": SECRET, "Name": "web"}, True, id="with-the-secret"),
        pytest.param({"Name": "web"}, False, id="without-it"),
    ],
)
def test_the_attributes_are_masked_whenever_the_secret_is_among_them(
    data: dict[str, str | Sensitive], *, expected: bool
) -> None:
    assert decoded(Outcome("SUCCESS", CLIENT_ID, data=data))["NoEcho"] is expected


def test_the_secret_is_revealed_to_cloudformation_only() -> None:
    outcome = Outcome("SUCCESS", CLIENT_ID, data={"ClientSecret": SECRET})

    assert decoded(outcome)["Data"] == {"ClientSecret": CLIENT_SECRET}
    assert decoded(outcome, masked=True)["Data"] == {"ClientSecret": "***"}
    assert decoded(outcome, masked=True)["NoEcho"] is True


def test_neither_outcome_nor_body_print_the_secret() -> None:
    outcome = Outcome("SUCCESS", CLIENT_ID, data={"ClientSecret": SECRET})

    assert not leaked(f"{outcome} {encode(outcome, ENVELOPE)}")


def test_what_does_not_fit_is_left_out_largest_first() -> None:
    sizes = {"Small": 100, "Middle": 1500, "Large": 1600, "Largest": 1700}
    outcome = Outcome("SUCCESS", CLIENT_ID, data={name: "x" * size for name, size in sizes.items()})

    body = encode(outcome, ENVELOPE)

    assert body.left_out == ("Largest",)
    assert set(json.loads(body.content)["Data"]) == {"Small", "Middle", "Large"}


def test_no_more_is_left_out_than_must_be() -> None:
    empty = Outcome("SUCCESS", CLIENT_ID, data={"A": ""})
    room = MOST_BYTES - len(encode(empty, ENVELOPE).content)

    fits = encode(Outcome("SUCCESS", CLIENT_ID, data={"A": "x" * room}), ENVELOPE)
    too_long = encode(Outcome("SUCCESS", CLIENT_ID, data={"A": "x" * (room + 1)}), ENVELOPE)

    assert (len(fits.content), fits.left_out) == (MOST_BYTES, ())
    assert too_long.left_out == ("A",)


def test_bytes_count_and_not_characters() -> None:
    data = {"Long": "ü" * 1500, "Longer": "x" * 1600}

    body = encode(Outcome("SUCCESS", CLIENT_ID, data=data), ENVELOPE)

    assert body.left_out == ("Long",), "1500 characters that are 3000 bytes"
    assert len(body.content) <= MOST_BYTES


@pytest.mark.parametrize("masked", [True, False])
def test_a_client_with_as_much_as_can_be_keeps_its_ids_and_its_secret(*, masked: bool) -> None:
    urls = [f"https://{number}.example.com/{'p' * 900}" for number in range(100)]
    client = observed(
        CLIENT_SECRET,
        ClientName="w" * 128,
        CallbackURLs=urls,
        LogoutURLs=urls,
        DefaultRedirectURI=urls[0],
        AllowedOAuthScopes=["s" * 256] * 50,
        ReadAttributes=["a" * 2048] * 20,
        AnalyticsConfiguration={"ExternalId": "x" * 131072, "ApplicationId": "f" * 9000},
    )

    body = encode(Outcome("SUCCESS", CLIENT_ID, data=attributes(client)), ENVELOPE, masked=masked)

    assert len(body.content) <= MOST_BYTES
    answer = json.loads(body.content)
    assert set(IDS) - {*KEPT, "ClientSecretArn"} <= set(answer["Data"])
    assert answer["Data"]["ClientSecret"] == ("***" if masked else CLIENT_SECRET)
    assert answer["NoEcho"] is True
    assert {"CallbackURLs", "LogoutURLs", "ReadAttributes", "AllowedOAuthScopes"} <= set(body.left_out)
    assert "AccessTokenValidity" in answer["Data"]
    assert set(body.left_out) | set(answer["Data"]) == set(attributes(client))


def test_where_the_secret_of_a_client_is_kept_is_never_left_out() -> None:
    kept = {"SecretArn": f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{'n' * 512}-AbCdEf"}
    kept["SecretVersionId"] = "v" * 64
    client = observed(ClientName="web", CallbackURLs=["https://a.example.com/" + "p" * 300] * 9, has_secret=True)

    body = encode(Outcome("SUCCESS", CLIENT_ID, data={**attributes(client), **kept, "Other": "x" * 500}), ENVELOPE)

    answer = json.loads(body.content)
    assert {name: answer["Data"][name] for name in KEPT} == kept
    assert body.left_out[0] == "CallbackURLs"
    assert answer["NoEcho"] is False


def test_a_reason_that_is_too_long_keeps_its_beginning_and_says_that_it_was_cut() -> None:
    reason = "Could not create the app client: " + "because " * 3000

    body = decoded(Outcome("FAILED", CREATE_FAILED, reason))

    told = body["Reason"]
    assert told.endswith(" … (cut; the function's log has more)")
    assert reason.startswith(told.partition(" … (cut")[0])
    assert len(json.dumps(body, ensure_ascii=False).encode()) > MOST_BYTES - 50, "no more was cut than had to be"


def test_a_reason_of_many_words_is_whole_while_it_fits() -> None:
    reason = "x" * 3500

    assert decoded(Outcome("FAILED", CLIENT_ID, reason))["Reason"] == reason


def test_half_of_a_surrogate_pair_does_not_stop_the_answer() -> None:
    assert decoded(Outcome("FAILED", CLIENT_ID, "bad \ud83d name"))["Reason"] == "bad ? name"


def test_the_same_outcome_gives_the_same_bytes() -> None:
    outcome = Outcome("SUCCESS", CLIENT_ID, data=attributes(observed(CLIENT_SECRET, ClientName="web")))

    assert encode(outcome, ENVELOPE) == encode(outcome, ENVELOPE)


IDENTIFIERS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=120)
ANY_TEXT = st.text(max_size=40) | st.integers(0, 6000).map(lambda length: "ü\n" * length)


@given(
    status=st.sampled_from(["SUCCESS", "FAILED"]),
    ids=st.tuples(IDENTIFIERS, IDENTIFIERS, IDENTIFIERS, IDENTIFIERS),
    reason=ANY_TEXT,
    data=st.dictionaries(
        st.sampled_from(["CallbackURLs", "Name", "Issuer"]) | st.text(max_size=9), ANY_TEXT, max_size=5
    ),
    secret=st.none() | st.just(SECRET),
)
@settings(max_examples=80)
def test_every_answer_is_json_of_at_most_4096_bytes_with_all_its_ids(
    status: Any, ids: tuple[str, str, str, str], reason: str, data: dict[str, str], secret: Sensitive | None
) -> None:
    physical, stack, request, logical = ids
    kept: dict[str, str | Sensitive] = {"ClientId": CLIENT_ID, "UserPoolId": POOL}
    if secret is not None:
        kept["ClientSecret"] = secret

    content = encode(Outcome(status, physical, reason, {**data, **kept}), Envelope(stack, request, logical)).content

    assert len(content) <= MOST_BYTES
    body = json.loads(content)
    assert (body["Status"], body["PhysicalResourceId"]) == (status, physical)
    assert (body["StackId"], body["RequestId"], body["LogicalResourceId"]) == (stack, request, logical)
    assert body["Data"]["ClientId"] == CLIENT_ID
    assert body["Data"].get("ClientSecret") == (CLIENT_SECRET if secret else None)
    assert body["NoEcho"] is (secret is not None)
