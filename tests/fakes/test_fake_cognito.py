"""The fakes behave as the services were seen to behave; without that, no test on top of them means anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.cognito import ApiError, FakeCognito
from tests.fakes.cognito_limits import AUTH_FLOWS, Many, settings
from tests.fakes.given import M2M, OWN_SECRET, POOL, A, B, C, Clock, made, of, updated

if TYPE_CHECKING:
    from collections.abc import Iterator


type Json = dict[str, Any]

APP_ARN = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/0123456789abcdef"

ROLE_ARN = "arn:aws:iam::123456789012:role/pinpoint"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(clock: Clock) -> Iterator[FakeCognito]:
    fake = FakeCognito(clock=clock)
    fake.add_pool(
        POOL,
        resource_server_scopes=["api/read"],
        identity_providers=["MySAML"],
        custom_attributes=["custom:tenant"],
    )
    yield fake
    assert not fake.planned_faults


def described(fake: FakeCognito, client: Json) -> Json:
    return fake.described(POOL, client["ClientId"])


# What a client looks like


def test_a_bare_client_shows_its_few_defaults_and_nothing_else(fake: FakeCognito, clock: Clock) -> None:
    client = made(fake)

    assert client == {
        "UserPoolId": POOL,
        "ClientName": "web",
        "ClientId": client["ClientId"],
        "ClientType": "REGULAR",
        "CreationDate": clock.now,
        "LastModifiedDate": clock.now,
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {},
        "AllowedOAuthFlowsUserPoolClient": False,
        "EnableTokenRevocation": True,
        "EnablePropagateAdditionalUserContextData": False,
        "AuthSessionValidity": 3,
    }
    assert described(fake, client) == client


def test_ids_and_secrets_look_real_and_are_the_same_for_the_same_seed() -> None:
    first, second, other = (FakeCognito(seed=seed) for seed in (7, 7, 8))
    for fake in (first, second, other):
        fake.add_pool(POOL)
    one, same, different = (made(fake, GenerateSecret=True) for fake in (first, second, other))

    assert re.fullmatch(r"[0-9a-v]{26}", one["ClientId"])
    assert re.fullmatch(r"[0-9a-v]{51,52}", one["ClientSecret"])
    assert (one["ClientId"], one["ClientSecret"]) == (same["ClientId"], same["ClientSecret"])
    assert one["ClientId"] != different["ClientId"]
    assert made(first)["ClientId"] != one["ClientId"]


def test_generate_secret_is_not_shown_and_the_secret_is_in_every_answer(fake: FakeCognito) -> None:
    client = made(fake, GenerateSecret=True)

    assert "GenerateSecret" not in client
    assert client["ClientSecret"] == described(fake, client)["ClientSecret"] == updated(fake, client)["ClientSecret"]
    assert fake.secrets_ever == [client["ClientSecret"]]


def test_a_secret_of_ones_own_is_taken(fake: FakeCognito) -> None:
    assert made(fake, ClientSecret=OWN_SECRET, GenerateSecret=False)["ClientSecret"] == OWN_SECRET


def test_lists_are_sets_in_an_order_of_cognitos_own(fake: FakeCognito) -> None:
    given = [A, B, C, A]
    client = made(fake, CallbackURLs=given)

    assert sorted(client["CallbackURLs"]) == sorted({A, B, C})
    assert client["CallbackURLs"] != [A, B, C]
    assert updated(fake, client, CallbackURLs=client["CallbackURLs"])["CallbackURLs"] != client["CallbackURLs"]


def test_an_empty_list_is_shown_as_none(fake: FakeCognito) -> None:
    names = [name for name, shape in settings(AUTH_FLOWS).items() if isinstance(shape, Many)]
    client = made(fake, **{name: [] for name in names})

    assert len(names) == 8
    assert not client.keys() & set(names)


def test_a_refresh_token_validity_of_zero_is_the_default(fake: FakeCognito) -> None:
    assert made(fake, RefreshTokenValidity=0)["RefreshTokenValidity"] == 30


def test_units_may_be_given_without_numbers(fake: FakeCognito) -> None:
    units = {"AccessToken": "days", "RefreshToken": "hours"}
    client = made(fake, TokenValidityUnits=units)

    assert client["TokenValidityUnits"] == units
    assert "AccessTokenValidity" not in client


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"Feature": "ENABLED"}, {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}),
        ({"Feature": "ENABLED", "RetryGracePeriodSeconds": 9}, {"Feature": "ENABLED", "RetryGracePeriodSeconds": 9}),
        ({"Feature": "DISABLED", "RetryGracePeriodSeconds": 9}, {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0}),
    ],
)
def test_rotation_is_shown_with_its_grace_period(fake: FakeCognito, given: Json, shown: Json) -> None:
    assert made(fake, RefreshTokenRotation=given)["RefreshTokenRotation"] == shown


def test_analytics_by_arn_come_with_a_role_that_cannot_be_sent_back(fake: FakeCognito) -> None:
    client = made(fake, AnalyticsConfiguration={"ApplicationArn": APP_ARN})

    assert client["AnalyticsConfiguration"]["UserDataShared"] is False
    assert client["AnalyticsConfiguration"]["RoleArn"].startswith("arn:aws:iam::123456789012:role/aws-service-role/")
    with pytest.raises(ApiError, match="Invalid analytics configuration given"):
        updated(fake, client, AnalyticsConfiguration=client["AnalyticsConfiguration"])


@pytest.mark.parametrize(
    "accepted",
    [
        pytest.param({"CallbackURLs": [C, "com.example.app:/oauth"]}, id="custom-schemes"),
        pytest.param(
            {"CallbackURLs": ["http://localhost", "http://127.0.0.1:8080/cb", "http://[::1]:3000?x=1"]},
            id="plain-http-on-loopback-at-any-port",
        ),
        pytest.param(
            {"CallbackURLs": [A], "DefaultRedirectURI": A, "LogoutURLs": [B]},
            id="urls-without-AllowedOAuthFlowsUserPoolClient",
        ),
        pytest.param({"CallbackURLs": ["https://a.example.com/" + "é" * 1002]}, id="1024-characters-in-more-bytes"),
        pytest.param({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}, id="no-ALLOW_REFRESH_TOKEN_AUTH"),
        pytest.param(
            {"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH"], "RefreshTokenRotation": {"Feature": "ENABLED"}},
            id="rotation-with-legacy-flows-only",
        ),
        pytest.param({"SupportedIdentityProviders": ["COGNITO", "MySAML"]}, id="providers-of-the-pool"),
        pytest.param({"ReadAttributes": ["sub", "custom:tenant"], "WriteAttributes": ["email"]}, id="attributes"),
        pytest.param({"RefreshTokenValidity": 3650}, id="ten-years"),
        pytest.param(
            {"AccessTokenValidity": 5, "TokenValidityUnits": {"AccessToken": "minutes"}}, id="the-shortest-access-token"
        ),
        pytest.param(M2M | {"GenerateSecret": True, "AllowedOAuthScopes": ["api/read"]}, id="machine-to-machine"),
        pytest.param({"EnablePropagateAdditionalUserContextData": True, "GenerateSecret": True}, id="context-data"),
        pytest.param(
            {"AnalyticsConfiguration": {"ApplicationId": "0af", "RoleArn": ROLE_ARN, "ExternalId": "x"}},
            id="analytics-by-id",
        ),
    ],
)
def test_what_cognito_accepts_is_accepted(fake: FakeCognito, accepted: Json) -> None:
    assert made(fake, **accepted)["ClientId"]


# Update


def test_an_update_replaces_what_it_leaves_out_by_the_default(fake: FakeCognito, clock: Clock) -> None:
    client = made(
        fake,
        CallbackURLs=[A],
        DefaultRedirectURI=A,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid"],
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"],
        SupportedIdentityProviders=["COGNITO"],
        ReadAttributes=["email"],
        AccessTokenValidity=2,
        PreventUserExistenceErrors="ENABLED",
        AnalyticsConfiguration={"ApplicationArn": APP_ARN},
    )
    bare = {key: value for key, value in made(fake).items() if key != "ClientId"}
    clock.now += 60

    changed = updated(fake, client)

    assert changed == bare | {"ClientId": client["ClientId"], "LastModifiedDate": clock.now}


@pytest.mark.parametrize(
    "sticky",
    [
        {"TokenValidityUnits": {"RefreshToken": "hours"}},
        {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}},
        {"EnableTokenRevocation": False},
        {"AuthSessionValidity": 15},
        {"RefreshTokenValidity": 90},
        {"ClientName": "renamed"},
    ],
)
def test_an_update_forgets_to_reset_some_members(fake: FakeCognito, sticky: Json) -> None:
    client = made(fake, **sticky)

    assert updated(fake, client).items() >= sticky.items()


def test_stale_minutes_with_default_numbers_are_out_of_range(fake: FakeCognito) -> None:
    client = made(fake, AccessTokenValidity=60, TokenValidityUnits={"AccessToken": "minutes"})

    with pytest.raises(ApiError, match="Invalid range for token validity"):
        updated(fake, client)
    assert described(fake, client) == client


@pytest.mark.parametrize(("each_unit_sticks", "left"), [(False, {}), (True, {"IdToken": "days"})])
def test_units_left_out_beside_others_go_or_stay_as_the_test_wants(each_unit_sticks: bool, left: Json) -> None:
    fake = FakeCognito(each_unit_sticks=each_unit_sticks)
    fake.add_pool(POOL)
    client = made(fake, TokenValidityUnits={"IdToken": "days"})

    changed = updated(fake, client, TokenValidityUnits={"AccessToken": "days"})

    assert changed["TokenValidityUnits"] == {"AccessToken": "days"} | left


def test_rotation_that_stuck_still_forbids_refresh_tokens_by_the_flow(fake: FakeCognito) -> None:
    client = made(fake, RefreshTokenRotation={"Feature": "ENABLED"})
    refresh = ["ALLOW_REFRESH_TOKEN_AUTH"]

    with pytest.raises(ApiError, match="not a permitted ExplicitAuthFlow"):
        updated(fake, client, ExplicitAuthFlows=refresh)
    assert updated(fake, client, ExplicitAuthFlows=refresh, RefreshTokenRotation={"Feature": "DISABLED"})


def test_a_refused_update_changes_nothing(fake: FakeCognito) -> None:
    client = made(fake, CallbackURLs=[A])

    with pytest.raises(ApiError, match="cannot use the HTTP protocol"):
        updated(fake, client, CallbackURLs=[A, "http://example.com"])
    assert described(fake, client) == client


# Finding, listing, deleting


@pytest.mark.parametrize(
    ("operation", "params", "message"),
    [
        ("CreateUserPoolClient", {"UserPoolId": "us-east-1_gone", "ClientName": "web"}, "User pool us-east-1_gone "),
        ("DescribeUserPoolClient", {"UserPoolId": POOL, "ClientId": "gone"}, "User pool client gone "),
        ("UpdateUserPoolClient", {"UserPoolId": POOL, "ClientId": "gone"}, "User pool client gone "),
        ("DeleteUserPoolClient", {"UserPoolId": POOL, "ClientId": "gone"}, "User pool client gone "),
        ("ListUserPoolClientSecrets", {"UserPoolId": POOL, "ClientId": "gone"}, "User pool client gone "),
        ("GetUserPoolClientSessionConfiguration", {"UserPoolId": POOL, "ClientId": "gone"}, "User pool client gone "),
        ("DescribeCIMDPolicy", {"UserPoolId": POOL, "CIMDPolicyId": "gone"}, "CIMD policy gone "),
        ("DeleteCIMDPolicy", {"UserPoolId": POOL, "CIMDPolicyId": "gone"}, "CIMD policy gone "),
        (
            "CreateCIMDPolicy",
            {"UserPoolId": POOL, "ClientId": "gone", "PolicyName": "x", "URLPatterns": ["https://example.com/"]},
            "User pool client gone ",
        ),
    ],
)
def test_what_is_gone_does_not_exist(fake: FakeCognito, operation: str, params: Json, message: str) -> None:
    with pytest.raises(ApiError, match=f"ResourceNotFoundException: {message}does not exist."):
        fake.call(operation, params)


def test_a_deleted_client_is_gone(fake: FakeCognito) -> None:
    client = made(fake)

    assert fake.call("DeleteUserPoolClient", of(client)) == {}
    assert fake.client_ids(POOL) == []


def test_names_need_not_be_unique(fake: FakeCognito) -> None:
    assert made(fake)["ClientId"] != made(fake)["ClientId"]


def test_a_full_pool_takes_no_more_clients() -> None:
    fake = FakeCognito()
    fake.add_pool(POOL, client_limit=1)
    made(fake)

    with pytest.raises(ApiError, match="LimitExceededException"):
        made(fake)


def test_clients_are_listed_in_pages_of_sixty_with_id_name_and_pool_only(fake: FakeCognito) -> None:
    ids = {made(fake, GenerateSecret=True)["ClientId"] for _ in range(61)}
    first = fake.call("ListUserPoolClients", {"UserPoolId": POOL})
    second = fake.call("ListUserPoolClients", {"UserPoolId": POOL, "NextToken": first["NextToken"]})
    shown = first["UserPoolClients"] + second["UserPoolClients"]

    assert len(first["UserPoolClients"]) == 60
    assert {client["ClientId"] for client in shown} == ids
    assert all(client.keys() == {"ClientId", "ClientName", "UserPoolId"} for client in shown)
    assert "NextToken" not in second


@pytest.mark.parametrize(("count", "pages"), [(0, [0]), (1, [1]), (61, [60, 1]), (1000, [60] * 16 + [40])])
def test_a_pool_is_populated_and_listed_in_another_order_than_that_of_names(
    fake: FakeCognito, count: int, pages: list[int]
) -> None:
    made = fake.populate(POOL, count)
    listed: list[list[Json]] = []
    token: Json = {}
    while not listed or token:
        page = fake.call("ListUserPoolClients", {"UserPoolId": POOL} | token)
        listed.append(page["UserPoolClients"])
        token = {key: value for key, value in page.items() if key == "NextToken"}
    names = {client["ClientId"]: client["ClientName"] for page in listed for client in page}

    assert [len(page) for page in listed] == pages
    assert [names[client_id] for client_id in made] == [f"client-{number:04d}" for number in range(count)]
    assert count < 2 or list(names.values()) not in (sorted(names.values()), sorted(names.values(), reverse=True))


def test_a_pool_is_populated_unseen_with_names_and_settings_as_wanted(fake: FakeCognito) -> None:
    fake.fail("*", "dns")
    made = fake.populate(POOL, 2, name="app-{}", GenerateSecret=True)

    assert [fake.described(POOL, client_id)["ClientName"] for client_id in made] == ["app-0", "app-1"]
    assert len(fake.secrets_ever) == 2
    assert fake.calls == []
    fake.planned_faults.clear()


def test_a_page_holds_at_most_sixty(fake: FakeCognito) -> None:
    with pytest.raises(ApiError, match="Value '61' at 'maxResults'"):
        fake.call("ListUserPoolClients", {"UserPoolId": POOL, "MaxResults": 61})


def test_an_invented_page_is_refused(fake: FakeCognito) -> None:
    with pytest.raises(ApiError, match="InvalidParameterException"):
        fake.call("ListUserPoolClients", {"UserPoolId": POOL, "NextToken": "invented"})


# Secrets


def test_a_second_secret_is_shown_once_and_describe_does_not_follow(fake: FakeCognito) -> None:
    client = made(fake, GenerateSecret=True)
    added = fake.call("AddUserPoolClientSecret", of(client))["ClientSecretDescriptor"]
    listed = fake.call("ListUserPoolClientSecrets", of(client))["ClientSecrets"]

    assert re.fullmatch(rf"{client['ClientId']}--\d+", added["ClientSecretId"])
    assert added["ClientSecretValue"] != client["ClientSecret"]
    assert described(fake, client)["ClientSecret"] == client["ClientSecret"]
    assert len({secret["ClientSecretId"] for secret in listed}) == 2
    assert all(secret.keys() == {"ClientSecretId", "ClientSecretCreateDate"} for secret in listed)


def test_a_second_secret_of_ones_own_is_not_shown_at_all(fake: FakeCognito) -> None:
    client = made(fake, GenerateSecret=True)

    answer = fake.call("AddUserPoolClientSecret", of(client, ClientSecret=OWN_SECRET))

    assert "ClientSecretValue" not in answer["ClientSecretDescriptor"]
    assert fake.secrets_ever == [client["ClientSecret"], OWN_SECRET]


def test_there_are_two_secrets_at_most(fake: FakeCognito) -> None:
    client = made(fake, GenerateSecret=True)
    fake.call("AddUserPoolClientSecret", of(client))

    with pytest.raises(ApiError, match="LimitExceededException"):
        fake.call("AddUserPoolClientSecret", of(client))


def test_only_a_confidential_client_can_have_a_second_secret(fake: FakeCognito) -> None:
    with pytest.raises(ApiError, match="InvalidParameterException"):
        fake.call("AddUserPoolClientSecret", of(made(fake)))


def test_without_the_original_secret_describe_shows_none_and_the_client_is_confidential_still(
    fake: FakeCognito,
) -> None:
    client = made(fake, GenerateSecret=True)
    [original] = fake.call("ListUserPoolClientSecrets", of(client))["ClientSecrets"]
    fake.call("AddUserPoolClientSecret", of(client))

    fake.call("DeleteUserPoolClientSecret", of(client, ClientSecretId=original["ClientSecretId"]))

    assert "ClientSecret" not in described(fake, client)
    assert "ClientSecret" not in updated(fake, client, EnablePropagateAdditionalUserContextData=True)
    assert len(fake.call("ListUserPoolClientSecrets", of(client))["ClientSecrets"]) == 1


def test_the_last_secret_cannot_be_deleted_and_an_unknown_one_is_not_found(fake: FakeCognito) -> None:
    client = made(fake, GenerateSecret=True)
    [secret] = fake.call("ListUserPoolClientSecrets", of(client))["ClientSecrets"]

    with pytest.raises(ApiError, match="InvalidParameterException"):
        fake.call("DeleteUserPoolClientSecret", of(client, ClientSecretId=secret["ClientSecretId"]))
    with pytest.raises(ApiError, match="ResourceNotFoundException"):
        fake.call("DeleteUserPoolClientSecret", of(client, ClientSecretId="another"))


# The SSO session


def session(fake: FakeCognito, client: Json) -> Json:
    kept: Json = fake.call("GetUserPoolClientSessionConfiguration", of(client))["SSOSession"]
    return kept


def test_a_session_lasts_sixty_minutes_until_it_is_set(fake: FakeCognito) -> None:
    client, other = made(fake), made(fake)
    default = fake.call("GetUserPoolClientSessionConfiguration", of(client))
    wanted = of(client, SSOSession={"MaxValidityMinutes": 0})
    answer = fake.call("SetUserPoolClientSessionConfiguration", wanted)

    assert default == of(client, SSOSession={"MaxValidityMinutes": 60})
    assert answer == wanted
    assert session(fake, client) == {"MaxValidityMinutes": 0}
    assert session(fake, other) == {"MaxValidityMinutes": 60}


def test_a_session_is_not_a_setting(fake: FakeCognito) -> None:
    client = made(fake)
    fake.call("SetUserPoolClientSessionConfiguration", of(client, SSOSession={"MaxValidityMinutes": 5}))

    updated(fake, client, SSOSession={"MaxValidityMinutes": 9})

    assert session(fake, client) == {"MaxValidityMinutes": 5}
    assert "SSOSession" not in described(fake, client)


def test_a_deleted_client_loses_its_session(fake: FakeCognito) -> None:
    client = made(fake)
    fake.call("SetUserPoolClientSessionConfiguration", of(client, SSOSession={"MaxValidityMinutes": 5}))
    fake.call("DeleteUserPoolClient", of(client))

    with pytest.raises(ApiError, match="ResourceNotFoundException"):
        session(fake, client)
    assert session(fake, made(fake)) == {"MaxValidityMinutes": 60}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Value null at 'sSOSession' failed to satisfy constraint: Member must not be null"),
        ({"SSOSession": {}}, "Value null at 'sSOSession.maxValidityMinutes' failed to satisfy constraint"),
        ({"SSOSession": {"MaxValidityMinutes": -1}}, "Member must have value greater than or equal to 0"),
        ({"SSOSession": {"MaxValidityMinutes": 129601}}, "Member must have value less than or equal to 129600"),
    ],
)
def test_a_session_has_limits(fake: FakeCognito, given: Json, message: str) -> None:
    with pytest.raises(ApiError, match="InvalidParameterException") as refused:
        fake.call("SetUserPoolClientSessionConfiguration", of(made(fake), **given))

    assert message in refused.value.message


@pytest.mark.parametrize(
    ("pool", "code"),
    [({"tier": "LITE"}, "FeatureUnavailableInTierException"), ({"session_tracking": False}, "OperationNotEnabledExce")],
)
def test_a_session_can_be_set_in_some_pools_only_and_read_in_all(pool: Any, code: str) -> None:
    fake = FakeCognito()
    fake.add_pool(POOL, **pool)
    client = made(fake)

    with pytest.raises(ApiError, match=code):
        fake.call("SetUserPoolClientSessionConfiguration", of(client, SSOSession={"MaxValidityMinutes": 5}))
    assert session(fake, client) == {"MaxValidityMinutes": 60}


# CIMD policies

AGENTS, PARTNERS = "https://agents.example.com/*", "https://partners.example.com/*"


def policy(fake: FakeCognito, client: Json, **given: Any) -> Json:
    params = {"PolicyName": "agents", "URLPatterns": [AGENTS], **given}
    created: Json = fake.call("CreateCIMDPolicy", of(client, **params))["CIMDPolicy"]
    return created


def of_policy(created: Json, **given: Any) -> Json:
    return {"UserPoolId": created["UserPoolId"], "CIMDPolicyId": created["CIMDPolicyId"], **given}


def test_a_policy_is_shown_as_it_was_created_and_lasts_a_day_by_default(fake: FakeCognito) -> None:
    client = made(fake)

    created = policy(fake, client)

    assert fake.call("DescribeCIMDPolicy", of_policy(created)) == {"CIMDPolicy": created}
    given = {name: created[name] for name in ("ClientId", "PolicyName", "CacheDuration", "URLPatterns")}
    assert given == {
        "ClientId": client["ClientId"],
        "PolicyName": "agents",
        "CacheDuration": 86400,
        "URLPatterns": [AGENTS],
    }


def test_every_create_makes_another_policy(fake: FakeCognito) -> None:
    client = made(fake)

    assert policy(fake, client)["CIMDPolicyId"] != policy(fake, client)["CIMDPolicyId"]


def test_an_update_of_a_policy_keeps_what_it_leaves_out_and_may_move_it_to_another_client(fake: FakeCognito) -> None:
    created, other = policy(fake, made(fake), CacheDuration=604800), made(fake)
    ids = of_policy(created, ClientId=other["ClientId"])

    answer = fake.call("UpdateCIMDPolicy", {**ids, "URLPatterns": [PARTNERS]})["CIMDPolicy"]

    assert answer == {**created, "ClientId": other["ClientId"], "URLPatterns": [PARTNERS]} | {
        "LastModifiedDate": answer["LastModifiedDate"]
    }
    with pytest.raises(ApiError, match="InvalidParameterException"):
        fake.call("UpdateCIMDPolicy", ids)


def test_the_policies_of_a_pool_are_listed_in_pages_without_their_patterns(fake: FakeCognito) -> None:
    client = made(fake)
    created = {one["CIMDPolicyId"]: one for one in (policy(fake, client) for _ in range(70))}

    first = fake.call("ListCIMDPolicies", {"UserPoolId": POOL})
    second = fake.call("ListCIMDPolicies", {"UserPoolId": POOL, "NextToken": first["NextToken"]})

    assert (len(first["CIMDPolicies"]), "NextToken" in second) == (60, False)
    listed = {one["CIMDPolicyId"]: one for one in (*first["CIMDPolicies"], *second["CIMDPolicies"])}
    hidden = ("UserPoolId", "URLPatterns")
    assert listed == {key: {name: one[name] for name in one if name not in hidden} for key, one in created.items()}


def test_a_policy_outlives_its_client_and_then_names_none(fake: FakeCognito) -> None:
    client = made(fake)
    created = policy(fake, client)
    fake.call("DeleteUserPoolClient", of(client))

    shown = fake.call("DescribeCIMDPolicy", of_policy(created))["CIMDPolicy"]

    assert shown == {name: value for name, value in created.items() if name != "ClientId"}
    assert "ClientId" not in fake.call("ListCIMDPolicies", {"UserPoolId": POOL})["CIMDPolicies"][0]
    assert fake.call("DeleteCIMDPolicy", of_policy(created)) == {}
    assert fake.call("ListCIMDPolicies", {"UserPoolId": POOL}) == {"CIMDPolicies": []}


def test_a_pool_takes_only_so_many_policies_and_one_of_a_lower_plan_none() -> None:
    fake = FakeCognito()
    pool = fake.add_pool(POOL)
    client = made(fake)
    pool.policy_limit = 1
    created = policy(fake, client)

    with pytest.raises(ApiError, match="LimitExceededException"):
        policy(fake, client)
    pool.tier = "LITE"
    with pytest.raises(ApiError, match="FeatureUnavailableInTierException"):
        fake.call("UpdateCIMDPolicy", of_policy(created, ClientId=client["ClientId"], URLPatterns=[AGENTS]))
