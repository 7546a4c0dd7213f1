"""An Update changes what the template changes, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.canaries import OWN_SECRET
from tests.fixtures.templates import (
    ANALYTICS_ARN,
    APP,
    BARE,
    CONFIDENTIAL,
    DERIVED_NAME,
    DESKTOP,
    EVERYTHING,
    EXAMPLES,
    MOBILE,
    differing,
    effective,
    typed,
)
from tests.fixtures.world import DESCRIBE, SECRETS, UPDATE, World, a_world

type Json = dict[str, Any]

EACH_EXAMPLE = [pytest.param(name, example, id=name) for name, example in EXAMPLES.items()]


@pytest.mark.parametrize(("name", "example"), EACH_EXAMPLE)
def test_a_setting_that_comes_is_made_so_with_two_calls(world: World, name: str, example: Json) -> None:
    created = world.create(CONFIDENTIAL)
    before = world.settings(created.physical_id)
    world.calls()

    answer = world.update(created.physical_id, {**CONFIDENTIAL, **example}, CONFIDENTIAL)

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert world.calls() == [DESCRIBE, UPDATE]
    after = world.settings(created.physical_id)
    assert differing(before, after), name
    assert not differing(after, world.settings(world.create({**CONFIDENTIAL, **example}).physical_id))


@pytest.mark.parametrize("each_unit_sticks", [False, True])
@pytest.mark.parametrize(("name", "example"), EACH_EXAMPLE)
def test_a_setting_that_leaves_the_template_is_reset_although_cognito_would_keep_it(
    name: str, example: Json, *, each_unit_sticks: bool
) -> None:
    with a_world(each_unit_sticks=each_unit_sticks) as world:
        created = world.create({**CONFIDENTIAL, **example})
        assert differing(world.settings(created.physical_id), {"ClientName": DERIVED_NAME}), name
        world.calls()

        answer = world.update(created.physical_id, CONFIDENTIAL, {**CONFIDENTIAL, **example})

        assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
        assert world.calls() == [DESCRIBE, UPDATE]
        assert effective(world.settings(created.physical_id)) == effective({"ClientName": DERIVED_NAME})


def test_everything_can_leave_the_template_at_once(world: World) -> None:
    created = world.create(EVERYTHING)

    answer = world.update(created.physical_id, CONFIDENTIAL, EVERYTHING)

    assert answer.status == "SUCCESS"
    assert effective(world.settings(created.physical_id)) == effective({"ClientName": DERIVED_NAME})


@pytest.mark.parametrize(("name", "example"), EACH_EXAMPLE)
def test_a_setting_made_elsewhere_survives_an_update_of_another_one(world: World, name: str, example: Json) -> None:
    properties = {**CONFIDENTIAL, "LogoutURLs": [APP]}
    created = world.create(properties)
    world.set_elsewhere(created.physical_id, **typed(example))
    before = world.settings(created.physical_id)
    changed = "PreventUserExistenceErrors" if name == "LogoutURLs" else "LogoutURLs"
    value: Any = "ENABLED" if name == "LogoutURLs" else [MOBILE]
    old = {**properties, **({"LogoutURLs": example["LogoutURLs"]} if name == "LogoutURLs" else {})}

    answer = world.update(created.physical_id, {**old, changed: value}, old)

    assert answer.status == "SUCCESS"
    assert differing(before, world.settings(created.physical_id)) == {changed}


def test_everything_made_elsewhere_at_once_survives_an_update(world: World) -> None:
    created = world.create({**CONFIDENTIAL, "LogoutURLs": [APP]})
    elsewhere = {name: EVERYTHING[name] for name in EVERYTHING.keys() - {"UserPoolId", "GenerateSecret", "LogoutURLs"}}
    world.set_elsewhere(created.physical_id, **typed(elsewhere))
    before = world.settings(created.physical_id)

    answer = world.update(
        created.physical_id, {**CONFIDENTIAL, "LogoutURLs": [MOBILE]}, {**CONFIDENTIAL, "LogoutURLs": [APP]}
    )

    assert answer.status == "SUCCESS"
    assert differing(before, world.settings(created.physical_id)) == {"LogoutURLs"}


UNITS_ALONE = [
    pytest.param({"TokenValidityUnits": {token: unit}}, id=f"{token} in {unit}")
    for token in ("AccessToken", "IdToken", "RefreshToken")
    for unit in ("seconds", "minutes", "hours", "days")
]


@pytest.mark.parametrize("alone", UNITS_ALONE)
def test_a_unit_without_a_number_works_from_the_first_day(world: World, alone: Json) -> None:
    created = world.create({**BARE, **alone})
    before = world.settings(created.physical_id)

    answer = world.update(created.physical_id, {**BARE, **alone, "LogoutURLs": [APP]}, {**BARE, **alone})

    assert (created.status, answer.status) == ("SUCCESS", "SUCCESS")
    assert differing(before, world.settings(created.physical_id)) == {"LogoutURLs"}


@pytest.mark.parametrize("alone", UNITS_ALONE)
@pytest.mark.parametrize("old", [{}, EXAMPLES["TokenValidityUnits"]], ids=["never", "just now"])
def test_a_unit_without_a_number_is_the_default_duration_whatever_was_there_before(
    world: World, old: Json, alone: Json
) -> None:
    created = world.create({**BARE, **old})
    world.update(created.physical_id, BARE, {**BARE, **old})

    answer = world.update(created.physical_id, {**BARE, **alone}, BARE)

    assert answer.status == "SUCCESS"
    alike = world.create({**BARE, "ClientName": "alike", **alone})
    assert differing(world.settings(created.physical_id), world.settings(alike.physical_id)) == {"ClientName"}
    (token, unit), *_ = alone["TokenValidityUnits"].items()
    if unit != "days" or token == "RefreshToken":
        assert not differing(world.settings(created.physical_id), {"ClientName": DERIVED_NAME})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({"CallbackURLs": [APP, MOBILE]}, {"CallbackURLs": [MOBILE, APP]}, id="order"),
        pytest.param({"CallbackURLs": [APP]}, {"CallbackURLs": [APP, APP]}, id="duplicates"),
        pytest.param({}, {"LogoutURLs": []}, id="empty list for a default"),
        pytest.param({"EnableTokenRevocation": "true"}, {}, id="a default that leaves"),
        pytest.param({}, {"AuthSessionValidity": "3", "PreventUserExistenceErrors": "LEGACY"}, id="defaults that come"),
        pytest.param(
            {}, {"TokenValidityUnits": {"AccessToken": "hours", "RefreshToken": "days"}}, id="default units that come"
        ),
        pytest.param({"RefreshTokenValidity": "30"}, {"RefreshTokenValidity": "0"}, id="zero is the default"),
        pytest.param({}, {"RefreshTokenRotation": {"Feature": "DISABLED"}}, id="rotation that is off anyway"),
        pytest.param({}, {"ServiceTimeout": "300"}, id="what is no setting"),
        pytest.param({"ServiceToken": "arn:1"}, {"ServiceToken": "arn:2"}, id="another service token"),
        pytest.param({"EnableTokenRevocation": "false"}, {"EnableTokenRevocation": False}, id="the same in JSON"),
        pytest.param(EVERYTHING, EVERYTHING, id="everything"),
    ],
)
def test_an_update_that_changes_nothing_only_looks(world: World, old: Json, new: Json) -> None:
    created = world.create({**CONFIDENTIAL, **old})
    world.calls()
    world.clock.now += 3600

    answer = world.update(created.physical_id, {**CONFIDENTIAL, **new}, {**CONFIDENTIAL, **old})

    assert world.calls() == [DESCRIBE]
    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert answer.data == created.data


def test_the_answer_to_an_update_shows_the_client_as_it_is_now(world: World) -> None:
    created = world.create(CONFIDENTIAL)
    world.clock.now += 3600

    answer = world.update(created.physical_id, {**CONFIDENTIAL, "ClientName": "web"}, CONFIDENTIAL)

    assert answer.data == {
        **created.data,
        "Name": "web",
        "ClientName": "web",
        "LastModifiedDate": "2027-01-15T09:00:00Z",
    }
    assert answer.no_echo


def test_a_setting_changed_elsewhere_is_made_so_again(world: World) -> None:
    old = {**BARE, "CallbackURLs": [APP]}
    created = world.create(old)
    world.set_elsewhere(created.physical_id, CallbackURLs=[DESKTOP], LogoutURLs=[DESKTOP])

    world.update(created.physical_id, {**old, "ServiceTimeout": "300"}, old)

    held = world.settings(created.physical_id)
    assert (held["CallbackURLs"], held["LogoutURLs"]) == ([APP], [DESKTOP])


def test_a_name_changed_elsewhere_goes_back_to_the_derived_one_only_if_the_template_once_gave_one(world: World) -> None:
    created = world.create(BARE)
    world.set_elsewhere(created.physical_id, ClientName="from elsewhere")

    kept = world.update(created.physical_id, {**BARE, "LogoutURLs": [APP]}, BARE)
    reset = world.update(created.physical_id, {**BARE, "LogoutURLs": [APP]}, {**BARE, "ClientName": "web"})

    assert (kept.data["Name"], reset.data["Name"]) == ("from elsewhere", DERIVED_NAME)


@pytest.mark.parametrize("each_unit_sticks", [False, True])
@pytest.mark.parametrize(
    ("elsewhere", "old", "new", "expected"),
    [
        pytest.param(
            {"AccessTokenValidity": 20, "TokenValidityUnits": {"AccessToken": "minutes"}},
            {},
            {"AccessTokenValidity": "2"},
            {"AccessTokenValidity": "7200 seconds"},
            id="a number without a unit is in the default unit",
        ),
        pytest.param(
            {"AccessTokenValidity": 20, "TokenValidityUnits": {"AccessToken": "minutes"}},
            {},
            {"TokenValidityUnits": {"AccessToken": "hours"}},
            {"AccessTokenValidity": "72000 seconds"},
            id="a unit without a number goes with the observed number",
        ),
        pytest.param(
            {"IdTokenValidity": 20, "TokenValidityUnits": {"IdToken": "minutes"}},
            {},
            {"AccessTokenValidity": "30", "TokenValidityUnits": {"AccessToken": "minutes"}},
            {"AccessTokenValidity": "1800 seconds", "IdTokenValidity": "1200 seconds"},
            id="another token is not touched",
        ),
        pytest.param(
            {},
            {"AccessTokenValidity": "30", "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes"}}
            | {"IdTokenValidity": "40"},
            {"IdTokenValidity": "40", "TokenValidityUnits": {"IdToken": "minutes"}},
            {"IdTokenValidity": "2400 seconds"},
            id="a token leaves with its unit while another stays",
        ),
        pytest.param(
            {},
            {"AccessTokenValidity": "30", "TokenValidityUnits": {"AccessToken": "minutes"}},
            {"AccessTokenValidity": "2"},
            {"AccessTokenValidity": "7200 seconds"},
            id="only the unit leaves",
        ),
        pytest.param(
            {},
            {"AccessTokenValidity": "30", "TokenValidityUnits": {"AccessToken": "minutes"}},
            {"TokenValidityUnits": {"AccessToken": "minutes"}},
            {},
            id="only the number leaves",
        ),
    ],
)
def test_a_tokens_number_and_unit_travel_together(
    elsewhere: Json, old: Json, new: Json, expected: Json, *, each_unit_sticks: bool
) -> None:
    with a_world(each_unit_sticks=each_unit_sticks) as world:
        created = world.create({**BARE, **old})
        world.set_elsewhere(created.physical_id, **elsewhere)

        answer = world.update(created.physical_id, {**BARE, **new}, {**BARE, **old})

        assert answer.status == "SUCCESS"
        held = world.settings(created.physical_id)
        assert effective(held) == {**effective({"ClientName": DERIVED_NAME}), **expected}


@pytest.mark.parametrize(
    ("old", "new", "name", "expected"),
    [
        pytest.param(
            {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": "20"}},
            {"RefreshTokenRotation": {"Feature": "ENABLED"}},
            "RefreshTokenRotation",
            {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
            id="grace period",
        ),
        pytest.param(
            {"AnalyticsConfiguration": {"ApplicationArn": ANALYTICS_ARN, "UserDataShared": "true"}},
            {"AnalyticsConfiguration": {"ApplicationArn": ANALYTICS_ARN}},
            "AnalyticsConfiguration",
            {"ApplicationArn": ANALYTICS_ARN, "UserDataShared": False},
            id="shared user data",
        ),
    ],
)
def test_a_member_that_leaves_the_template_is_reset(
    world: World, old: Json, new: Json, name: str, expected: Json
) -> None:
    flows = {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}
    created = world.create({**BARE, **flows, **old})

    answer = world.update(created.physical_id, {**BARE, **flows, **new}, {**BARE, **flows, **old})

    assert answer.status == "SUCCESS"
    assert effective(world.settings(created.physical_id))[name] == expected


def test_flows_that_leave_go_back_without_the_refresh_flow_while_rotation_stays_on(world: World) -> None:
    rotation = {**BARE, "RefreshTokenRotation": {"Feature": "ENABLED"}}
    old = {**rotation, "ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}
    created = world.create(old)

    answer = world.update(created.physical_id, rotation, old)

    assert answer.status == "SUCCESS"
    held = effective(world.settings(created.physical_id))
    assert held["ExplicitAuthFlows"] == {"ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH"}
    assert held["RefreshTokenRotation"]["Feature"] == "ENABLED"


def test_properties_of_the_last_deployment_that_no_longer_parse_are_reset(world: World) -> None:
    created = world.create(BARE)
    world.set_elsewhere(created.physical_id, AuthSessionValidity=9)

    answer = world.update(created.physical_id, BARE, {**BARE, "AuthSessionValidity": "soon"})

    assert answer.status == "SUCCESS"
    assert world.settings(created.physical_id)["AuthSessionValidity"] == 3


@pytest.mark.parametrize("old", [None, "", [], "text", {}], ids=repr)
def test_an_update_without_usable_old_properties_keeps_what_the_template_does_not_name(
    world: World, old: object
) -> None:
    client_id = world.existing(LogoutURLs=[APP])

    answer = world.update(client_id, {**BARE, "CallbackURLs": [APP]}, old)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    held = world.settings(client_id)
    assert (held["LogoutURLs"], held["CallbackURLs"]) == ([APP], [APP])


@pytest.mark.parametrize("wanted", [{"GenerateSecret": "true"}, {"ClientSecret": OWN_SECRET}])
def test_whether_there_is_a_secret_is_asked_for_only_where_describe_shows_none(world: World, wanted: Json) -> None:
    created = world.create({**BARE, **wanted})
    world.lose_original_secret(created.physical_id)
    world.calls()

    kept = world.update(created.physical_id, {**BARE, **wanted}, {**BARE, **wanted})
    asked_to_keep = world.calls()
    changed = world.update(created.physical_id, {**BARE, **wanted, "LogoutURLs": [APP]}, {**BARE, **wanted})
    asked_to_change = world.calls()

    assert asked_to_keep == [DESCRIBE, SECRETS]
    assert asked_to_change == [DESCRIBE, SECRETS, UPDATE]
    assert (kept.physical_id, changed.physical_id) == (created.physical_id, created.physical_id)
    assert "ClientSecret" not in kept.data | changed.data
    assert (kept.data["GenerateSecret"], changed.data["GenerateSecret"]) == ("true", "true")
    assert (kept.no_echo, changed.no_echo) == (False, False)


def test_a_client_whose_shown_secret_is_gone_may_use_what_needs_one(world: World) -> None:
    created = world.create(CONFIDENTIAL)
    world.lose_original_secret(created.physical_id)

    answer = world.update(
        created.physical_id, {**CONFIDENTIAL, "EnablePropagateAdditionalUserContextData": "true"}, CONFIDENTIAL
    )

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert world.settings(created.physical_id)["EnablePropagateAdditionalUserContextData"] is True


def test_an_analytics_configuration_made_elsewhere_is_carried_along_as_cognito_takes_it(world: World) -> None:
    created = world.create(BARE)
    world.set_elsewhere(created.physical_id, AnalyticsConfiguration={"ApplicationArn": ANALYTICS_ARN})
    assert "RoleArn" in world.settings(created.physical_id)["AnalyticsConfiguration"]

    answer = world.update(created.physical_id, {**BARE, "LogoutURLs": [APP]}, BARE)

    assert answer.status == "SUCCESS"
    assert world.settings(created.physical_id)["AnalyticsConfiguration"]["ApplicationArn"] == ANALYTICS_ARN


def test_nothing_is_judged_when_nothing_changes(world: World) -> None:
    odd = {
        "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
        "CallbackURLs": ["http://intranet.example.com"],
    }
    client_id = world.existing()
    world.fake.pools[BARE["UserPoolId"]].clients[client_id].settings.update(odd)
    properties = {**BARE, "ClientName": "web", **odd}

    answer = world.update(client_id, {**properties, "ServiceTimeout": "60"}, properties)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DESCRIBE]


def test_a_client_that_was_made_elsewhere_is_taken_over_by_its_id(world: World) -> None:
    client_id = world.existing(GenerateSecret=True, LogoutURLs=[APP])

    answer = world.update(client_id, {**CONFIDENTIAL, "ClientName": "web"}, {})

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert world.calls() == [DESCRIBE]
