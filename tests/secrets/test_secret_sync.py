"""With SecretId, a client's secret goes to Secrets Manager and not to CloudFormation, and stays what it is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OTHER_SECRET, OWN_SECRET, leaked
from tests.fakes.cognito import ApiError
from tests.fakes.secrets_manager import CANNOT_DECRYPT, CURRENT, NOT_FOUND
from tests.fixtures.rotations import WEB_CLIENT
from tests.fixtures.stored_secrets import (
    ADD,
    ASK,
    DESCRIBE_POOL,
    DESCRIBE_SECRET,
    ENDPOINT,
    GET,
    ISSUER,
    LIST,
    NAME,
    PUT,
    WRITES,
    Kept,
    a_kept_world,
    is_told_nothing,
    own,
)
from tests.fixtures.templates import APP, BARE, EXAMPLES
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, FRANKFURT_POOL, MARKER, OTHER_POOL, POOL, UPDATE
from user_pool_client.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable


type Json = dict[str, Any]

FOREIGN_POOL = "us-east-1_foreign"

ROLE = "arn:aws:iam::222222222222:role/app-clients"


# SecretId: the secret goes to Secrets Manager


def test_the_secret_is_in_secrets_manager_and_not_in_the_answer(kept: Kept) -> None:
    answer = kept.world.create(kept.template())

    assert answer.status == "SUCCESS"
    assert is_told_nothing(answer, kept)
    assert kept.values(answer.physical_id) == [kept.current()["client_secret"]]
    assert answer.data["GenerateSecret"] == "true"


def test_the_answer_tells_where_the_secret_is(kept: Kept) -> None:
    answer = kept.world.create(kept.template())

    assert answer.data["SecretArn"] == kept.arn
    assert answer.data["SecretVersionId"] == kept.secrets.version_id(kept.arn)


def test_where_the_secret_is_stays_in_an_answer_that_cannot_hold_everything(kept: Kept) -> None:
    arn = kept.secrets.create(f"user-pool-client/{'x' * 400}")
    urls = [f"https://app{number}.example.com/{'path' * 20}" for number in range(100)]
    everything = {name: value for example in EXAMPLES.values() for name, value in example.items()}
    del everything["RefreshTokenRotation"]
    flows = {"AllowedOAuthFlows": ["code"], "DefaultRedirectURI": urls[0], "AllowedOAuthScopes": ["openid"]}
    long = {**everything, **flows, "CallbackURLs": urls, "LogoutURLs": urls, "ClientName": "n" * 128}

    answer = kept.world.create(kept.template(SecretId=arn, **long))

    assert answer.status == "SUCCESS", answer.reason
    assert answer.data["SecretArn"] == arn
    assert answer.data["SecretVersionId"] == kept.secrets.version_id(arn)


@pytest.mark.parametrize("given", ["the ARN", "the name"])
def test_the_secret_is_named_by_its_arn_or_its_name(kept: Kept, given: str) -> None:
    answer = kept.world.create(kept.template(SecretId=kept.arn if given == "the ARN" else NAME))

    assert answer.data["SecretArn"] == kept.arn
    assert kept.is_sound()


def test_the_secret_may_be_in_another_region(kept: Kept) -> None:
    arn = kept.secrets.create("user-pool-client/web-eu", region="eu-central-1")

    answer = kept.world.create(kept.template(SecretId=arn))

    assert answer.data["SecretArn"] == arn
    assert kept.is_sound(arn)


def test_the_value_is_all_that_a_program_needs(kept: Kept) -> None:
    client_id = kept.made()

    assert kept.current() == {
        "client_id": client_id,
        "client_secret": kept.values(client_id)[0],
        "client_secret_id": kept.client(client_id).original,
        "user_pool_id": POOL,
        "issuer": ISSUER,
        "discovery_url": f"{ISSUER}/.well-known/openid-configuration",
        "token_endpoint": ENDPOINT,
    }


def test_a_custom_domain_is_the_token_endpoint_before_cognitos_own(kept: Kept) -> None:
    kept.world.fake.pools[POOL].custom_domain = "auth.example.com"

    kept.made()

    assert kept.current()["token_endpoint"] == "https://auth.example.com/oauth2/token"


def test_the_value_has_no_token_endpoint_if_the_pool_has_no_domain() -> None:
    with a_kept_world(domain="") as kept:
        kept.made()

        assert "token_endpoint" not in kept.current()


def test_the_domain_is_in_the_pools_own_region(kept: Kept) -> None:
    kept.world.fake.pools[FRANKFURT_POOL].domain = "frankfurt"

    kept.made(UserPoolId=FRANKFURT_POOL)

    assert kept.current()["token_endpoint"] == "https://frankfurt.auth.eu-central-1.amazoncognito.com/oauth2/token"


def test_in_govcloud_the_token_endpoint_has_the_host_that_aws_gives_it_there(kept: Kept) -> None:
    # https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-cog.html
    pool_id = "us-gov-west-1_Gov123456"
    kept.world.fake.add_pool(pool_id, domain="gov")

    kept.made(UserPoolId=pool_id)

    assert kept.current()["token_endpoint"] == "https://gov.auth-fips.us-gov-west-1.amazoncognito.com/oauth2/token"


def test_the_value_names_the_role_that_leads_to_another_account(kept: Kept) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222")
    kept.sts.allow(ROLE)

    kept.made(UserPoolId=FOREIGN_POOL, RoleArn=ROLE)

    assert kept.current()["role_arn"] == ROLE
    assert kept.is_sound()


def test_the_external_id_that_the_role_asks_for_is_not_in_what_programs_read(kept: Kept) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222")
    kept.sts.allow(ROLE, "shop-7")

    kept.made(UserPoolId=FOREIGN_POOL, RoleArn=ROLE, ExternalId="shop-7")
    kept.rotate()

    assert all("shop-7" not in (version.value or "") for version in kept.secrets.secrets[kept.arn].versions.values())
    assert kept.is_sound()


def test_a_versions_id_which_everybody_may_see_tells_nothing_of_the_secret() -> None:
    told = set()
    for secret in (OWN_SECRET, OTHER_SECRET):
        with a_kept_world() as kept:
            kept.world.create(own(kept, secret))
            assert kept.current()["client_secret"] == secret
            told.add(kept.secrets.version_id(kept.arn))

    assert len(told) == 1


def test_another_request_or_another_secret_id_makes_another_version(kept: Kept) -> None:
    created = kept.world.create(own(kept))
    first = kept.secrets.version_id(kept.arn)
    kept.world.clock.now += 1

    kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))

    assert kept.secrets.version_id(kept.arn) != first


def test_the_value_is_json_that_any_program_reads(kept: Kept) -> None:
    kept.made()

    assert all(isinstance(value, str) for value in json.loads(kept.secrets.text(kept.arn) or "").values())


# When it is written


def test_it_is_written_when_the_client_is_made_and_only_once(kept: Kept) -> None:
    kept.world.create(kept.template())

    assert kept.asked.count(PUT) == 1
    assert kept.asked.index(CREATE) < kept.asked.index(PUT)
    assert kept.secrets.stages(kept.arn) == {kept.secrets.version_id(kept.arn): [CURRENT]}


def test_a_value_from_before_the_discovery_url_is_not_rewritten_for_it_but_gets_it_with_the_next_one(
    kept: Kept,
) -> None:
    client_id = kept.made()
    before = {name: text for name, text in kept.current().items() if name != "discovery_url"}
    version_id = kept.secrets.put_elsewhere(kept.arn, before)

    kept.world.update(client_id, kept.template(), kept.template())
    kept.world.update(client_id, kept.template(AuthSessionValidity="5"), kept.template())

    assert kept.secrets.version_id(kept.arn) == version_id
    assert kept.current() == before
    kept.rotate()
    assert kept.current()["discovery_url"] == f"{ISSUER}/.well-known/openid-configuration"


@pytest.mark.parametrize("by", ["ImportId", "ImportNamePrefix"])
def test_it_is_written_when_a_client_is_adopted(kept: Kept, by: str) -> None:
    client_id = kept.world.existing(GenerateSecret=True, ClientName="legacy")
    value = f"{POOL}/{client_id}" if by == "ImportId" else "leg"

    answer = kept.world.create({"UserPoolId": POOL, by: value, "SecretId": kept.arn})

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert is_told_nothing(answer, kept)
    assert kept.is_sound()
    assert kept.current()["client_id"] == client_id


def test_the_original_one_of_an_adopted_clients_two_secrets_is_kept(kept: Kept) -> None:
    client_id = kept.world.existing(GenerateSecret=True)
    kept.world.clock.now += 1
    kept.world.fake.elsewhere(ADD, {"UserPoolId": POOL, "ClientId": client_id})

    kept.world.create({"UserPoolId": POOL, "ImportId": f"{POOL}/{client_id}", "SecretId": kept.arn})

    assert kept.is_sound()
    assert kept.current()["client_secret_id"] == kept.client(client_id).original


def test_an_adopted_client_whose_secret_cognito_no_longer_shows_is_an_error_that_says_what_to_do(kept: Kept) -> None:
    client_id = kept.world.existing(GenerateSecret=True)
    kept.world.lose_original_secret(client_id)
    template = {"UserPoolId": POOL, "ImportId": f"{POOL}/{client_id}", "SecretId": kept.arn}

    failed = kept.world.create(template)

    assert (failed.status, failed.physical_id) == ("FAILED", client_id)
    assert "put its value into the secret that SecretId names, as JSON with client_id and client_" in failed.reason
    assert kept.secrets.text(kept.arn) is None


def test_what_that_error_says_to_do_helps(kept: Kept) -> None:
    client_id = kept.world.existing(GenerateSecret=True, **WEB_CLIENT)
    kept.world.lose_original_secret(client_id)
    kept.secrets.put_elsewhere(kept.arn, {"client_id": client_id, "client_secret": kept.values(client_id)[0]})
    template = {"UserPoolId": POOL, "ImportId": f"{POOL}/{client_id}", "SecretId": kept.arn}

    answer = kept.world.create(template)

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert kept.takes(kept.current())
    kept.rotate()
    assert kept.is_sound()


@pytest.mark.parametrize("code", ["UnknownOperationException", "InvalidAction"])
def test_where_cognito_knows_of_no_second_secret_it_is_written_without_an_id(kept: Kept, code: str) -> None:
    kept.world.fail(LIST, ApiError(code, "no such operation", 400))

    answer = kept.world.create(kept.template())

    assert answer.status == "SUCCESS", answer.reason
    assert "client_secret_id" not in kept.current()
    assert kept.takes(kept.current())
    kept.rotate()
    assert kept.is_sound()


def test_a_secret_that_is_not_the_one_that_cognito_shows_is_not_taken_for_the_original_one(kept: Kept) -> None:
    client_id = kept.world.existing(GenerateSecret=True)
    kept.world.clock.now += 1
    kept.world.fake.elsewhere(ADD, {"UserPoolId": POOL, "ClientId": client_id})
    second = kept.values(client_id)[1]
    kept.secrets.put_elsewhere(kept.arn, {"client_id": client_id, "client_secret": second})

    answer = kept.world.create({"UserPoolId": POOL, "ImportId": f"{POOL}/{client_id}", "SecretId": kept.arn})

    assert answer.status == "SUCCESS", answer.reason
    assert (kept.current()["client_secret"], "client_secret_id" in kept.current()) == (second, False)
    with pytest.raises(Refused, match="cannot be proven"):
        kept.rotate()
    assert second in kept.values(client_id)


@pytest.mark.parametrize("pool_id", [OTHER_POOL, FRANKFURT_POOL])
def test_it_is_written_when_the_client_is_replaced(kept: Kept, pool_id: str) -> None:
    old = kept.made()

    answer = kept.world.update(old, kept.template(UserPoolId=pool_id), kept.template())

    assert is_told_nothing(answer, kept)
    assert kept.current()["client_id"] == answer.physical_id != old
    assert kept.is_sound()


def test_it_is_written_when_the_client_that_was_deleted_elsewhere_is_made_again(kept: Kept) -> None:
    old = kept.made()
    kept.world.delete_elsewhere(old)

    answer = kept.world.update(old, kept.template(ClientName="web"), kept.template())

    assert kept.current()["client_id"] == answer.physical_id != old
    assert kept.is_sound()


def test_it_is_written_when_secret_id_comes_into_the_template(kept: Kept) -> None:
    before = {"UserPoolId": POOL, "GenerateSecret": "true"}
    created = kept.world.create(before)

    answer = kept.world.update(created.physical_id, kept.template(), before)

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert is_told_nothing(answer, kept)
    assert kept.current()["client_secret"] == created.data["ClientSecret"]
    assert kept.is_sound()


def test_it_is_written_when_secret_id_changes(kept: Kept) -> None:
    client_id = kept.made()
    other = kept.secrets.create("user-pool-client/other")

    answer = kept.world.update(client_id, kept.template(SecretId=other), kept.template())

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert answer.data["SecretArn"] == other
    assert kept.current(other) == kept.current()


@pytest.mark.parametrize("rotations", [1, 2, 3])
def test_after_rotations_the_current_secret_goes_to_the_secret_that_secret_id_changes_to(
    kept: Kept, rotations: int
) -> None:
    client_id = kept.made()
    for _ in range(rotations):
        kept.rotate()
    other = kept.secrets.create("user-pool-client/other")

    answer = kept.world.update(client_id, kept.template(SecretId=other), kept.template())

    assert answer.status == "SUCCESS", answer.reason
    assert kept.current(other) == kept.current()
    assert kept.is_sound(other)


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_a_value_that_was_left_where_secret_id_leads_back_to_is_out_of_date(kept: Kept, rotations: int) -> None:
    client_id = kept.made()
    other = kept.secrets.create("user-pool-client/other")
    kept.world.update(client_id, kept.template(SecretId=other), kept.template())
    for _ in range(rotations):
        kept.rotate(other)
    before = kept.current(other)

    answer = kept.world.update(client_id, kept.template(), kept.template(SecretId=other))

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert answer.data["SecretArn"] == kept.arn
    assert kept.current() == before
    assert kept.is_sound()


def test_secret_id_cannot_change_while_the_secret_of_before_cannot_be_read(kept: Kept) -> None:
    client_id = kept.made()
    kept.rotate()
    other = kept.secrets.create("user-pool-client/other")
    kept.secrets.fail(GET, ApiError("ResourceNotFoundException", NOT_FOUND))  # what is said of a secret without a value
    kept.secrets.fail(GET, CANNOT_DECRYPT)

    answer = kept.world.update(client_id, kept.template(SecretId=other), kept.template())

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)
    assert f'"{kept.arn}" with DecryptionFailure' in answer.reason
    assert kept.secrets.text(other) is None


@pytest.mark.parametrize("rotations", [0, 1])
def test_it_is_written_when_the_secret_that_it_was_in_is_gone(kept: Kept, rotations: int) -> None:
    client_id = kept.made()
    for _ in range(rotations):
        kept.rotate()
    kept.secrets.delete_at_once(kept.arn)
    other = kept.secrets.create("user-pool-client/other")

    answer = kept.world.update(client_id, kept.template(SecretId=other), kept.template())

    assert answer.status == "SUCCESS", answer.reason
    assert kept.is_sound(other)


def test_a_secret_that_is_kept_nowhere_any_more_is_an_error_that_says_what_to_do(kept: Kept) -> None:
    client_id = kept.made()
    kept.rotate()
    kept.rotate()
    kept.secrets.delete_at_once(kept.arn)
    other = kept.secrets.create("user-pool-client/other")

    answer = kept.world.update(client_id, kept.template(SecretId=other), kept.template())

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)
    assert f"Cognito no longer shows the secret of the app client {client_id}" in answer.reason
    assert "put its value into the secret that SecretId names" in answer.reason


def test_it_is_written_when_the_secret_has_no_value(kept: Kept) -> None:
    client_id = kept.made()
    kept.secrets.delete_at_once(kept.arn)
    arn = kept.secrets.create(NAME)

    answer = kept.world.update(client_id, kept.template(SecretId=NAME, ClientName="web"), kept.template(SecretId=NAME))

    assert answer.status == "SUCCESS"
    assert kept.is_sound(arn)


# Never over a value that a rotation put there


@pytest.mark.parametrize("rotations", [0, 1, 2, 3])
@pytest.mark.parametrize("change", [{}, {"CallbackURLs": [APP]}, {"ClientName": "another name"}])
def test_after_any_number_of_rotations_an_update_neither_loses_nor_reverts_the_secret(
    kept: Kept, rotations: int, change: Json
) -> None:
    client_id = kept.made()
    for _ in range(rotations):
        kept.rotate()
    before, stages, values = kept.current(), kept.secrets.stages(kept.arn), kept.values(client_id)
    kept.forget()

    answer = kept.world.update(client_id, kept.template(**change), kept.template())

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert answer.data["SecretVersionId"] == kept.secrets.version_id(kept.arn)
    assert is_told_nothing(answer, kept)
    assert set(kept.calls()) & WRITES == ({UPDATE} if change else set())
    assert (kept.current(), kept.secrets.stages(kept.arn), kept.values(client_id)) == (before, stages, values)


@pytest.mark.parametrize("rotations", [1, 2])
def test_a_rollback_of_an_update_keeps_the_rotated_secret_as_well(kept: Kept, rotations: int) -> None:
    client_id = kept.made()
    new = kept.template(LogoutURLs=[APP])
    kept.world.update(client_id, new, kept.template())
    for _ in range(rotations):
        kept.rotate()
    before = kept.current()

    answer = kept.world.roll_back(client_id, kept.template(), new)

    assert (answer.status, answer.physical_id, kept.current()) == ("SUCCESS", client_id, before)


@pytest.mark.parametrize("rotations", [1, 2])
def test_an_update_amid_a_rotation_leaves_it_alone(kept: Kept, rotations: int) -> None:
    client_id = kept.made()
    for _ in range(rotations - 1):
        kept.rotate()
    version_id = kept.secrets.begin_rotation(kept.arn)
    kept.step(kept.event(version_id, "createSecret"))
    before, stages, values = kept.current(), kept.secrets.stages(kept.arn), kept.values(client_id)

    answer = kept.world.update(client_id, kept.template(LogoutURLs=[APP]), kept.template())

    assert answer.status == "SUCCESS"
    assert (kept.current(), kept.secrets.stages(kept.arn), kept.values(client_id)) == (before, stages, values)
    kept.secrets.rotate(kept.arn, kept.step, version_id=version_id)
    assert kept.is_sound()
    assert kept.secrets.version_id(kept.arn) == version_id


def test_an_adopted_client_that_was_rotated_here_before_keeps_its_secret(kept: Kept) -> None:
    client_id = kept.made()
    kept.rotate()
    kept.rotate()
    before = kept.current()

    answer = kept.world.create({"UserPoolId": POOL, "ImportId": f"{POOL}/{client_id}", "SecretId": kept.arn})

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert kept.current() == before


# A client without a secret


@pytest.mark.parametrize("properties", [{}, {"GenerateSecret": "false"}])
def test_a_new_client_without_a_secret_is_an_error_that_says_what_to_do(kept: Kept, properties: Json) -> None:
    answer = kept.world.create({"UserPoolId": POOL, "SecretId": kept.arn, **properties})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert "SecretId, GenerateSecret, ClientSecret: the client has no secret to keep there." in answer.reason
    assert "Set GenerateSecret to true" in answer.reason
    assert not WRITES & set(kept.asked)


@pytest.mark.parametrize("change", [{}, {"LogoutURLs": [APP]}])
def test_secret_id_for_a_client_that_has_no_secret_is_refused_before_any_write(kept: Kept, change: Json) -> None:
    created = kept.world.create(BARE)
    kept.forget()

    answer = kept.world.update(created.physical_id, {**BARE, "SecretId": kept.arn, **change}, BARE)

    assert (answer.status, answer.physical_id) == ("FAILED", created.physical_id)
    assert "the client has no secret to keep there" in answer.reason
    assert not WRITES & set(kept.asked)


@pytest.mark.parametrize("change", [{}, {"LogoutURLs": [APP]}])
def test_an_adopted_client_without_a_secret_is_refused_before_any_write(kept: Kept, change: Json) -> None:
    client_id = kept.world.existing()

    answer = kept.world.create({"UserPoolId": POOL, "ImportId": f"{POOL}/{client_id}", "SecretId": kept.arn, **change})

    assert (answer.status, answer.physical_id) == ("FAILED", client_id)
    assert "the client has no secret to keep there" in answer.reason
    assert not WRITES & set(kept.asked)


def test_a_client_whose_secret_cognito_does_not_show_any_more_has_one_all_the_same(kept: Kept) -> None:
    client_id = kept.made()
    kept.rotate()
    kept.rotate()

    answer = kept.world.update(client_id, kept.template(GenerateSecret="true", LogoutURLs=[APP]), kept.template())

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert answer.data["GenerateSecret"] == "true"


# Nothing leaks


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda kept: kept.world.create(kept.template()), id="made"),
        pytest.param(lambda kept: kept.world.create(own(kept)), id="one's own"),
        pytest.param(
            lambda kept: kept.world.update(kept.made(), own(kept, OTHER_SECRET), kept.template()), id="a second one"
        ),
    ],
)
def test_no_secret_is_in_an_answer_a_metric_or_the_functions_log(kept: Kept, act: Callable[[Kept], Any]) -> None:
    answer = act(kept)

    kept.watch()
    text = answer.body.decode() + kept.world.logged.getvalue() + kept.world.printed.getvalue()
    assert answer.status == "SUCCESS"
    assert kept.current()["client_secret"] not in text
    assert not leaked(text)


def test_what_secrets_manager_and_cognito_are_asked_is_no_more_than_is_needed(kept: Kept) -> None:
    kept.world.create(kept.template())
    assert kept.calls() == [
        *(GET, DESCRIBE_SECRET),  # it has no value yet
        DESCRIBE_SECRET,  # nor is it another stack's
        CREATE,
        *(GET, DESCRIBE_SECRET, LIST, DESCRIBE_POOL, PUT),
    ]
    client_id = kept.world.client_ids()[0]
    kept.world.update(client_id, kept.template(LogoutURLs=[APP]), kept.template())
    # Before the change, to note which version is current, and after it, when a rotation may have come in between.
    assert kept.calls() == [DESCRIBE, GET, UPDATE, GET, DESCRIBE_POOL]
    kept.world.update(client_id, kept.template(), kept.template())
    assert kept.calls() == [DESCRIBE, GET, GET]
    kept.world.delete(client_id, kept.template())
    assert kept.calls() == [*(GET, GET, DESCRIBE_SECRET, GET, DESCRIBE_SECRET), DELETE]
    assert ASK not in kept.asked
