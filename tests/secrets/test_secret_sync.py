"""With SecretId, a client's secret goes to Secrets Manager and not to CloudFormation, and stays what it is there."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OTHER_SECRET, OWN_SECRET, leaked
from tests.fakes.cognito import ApiError
from tests.fakes.secrets_manager import (
    CANNOT_DECRYPT,
    CANNOT_ENCRYPT,
    CURRENT,
    KMS_DENIED,
    NOT_FOUND,
    PREVIOUS,
    SERVER_ERROR,
    THROTTLED,
    TOO_MANY,
    denied,
)
from tests.fixtures.stored_secrets import (
    ADD,
    ASK,
    DESCRIBE_POOL,
    DESCRIBE_SECRET,
    ENDPOINT,
    GET,
    ISSUER,
    LIST,
    MOVE,
    NAME,
    PUT,
    REMOVE,
    Kept,
    a_kept_world,
    is_told_nothing,
)
from tests.fixtures.templates import APP, BARE, EXAMPLES, MOBILE
from tests.fixtures.world import CREATE, DELETE, DESCRIBE, FRANKFURT_POOL, MARKER, OTHER_POOL, POOL, UPDATE
from user_pool_client.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.cognito import ConnectionFault

type Json = dict[str, Any]

FOREIGN_POOL = "us-east-1_foreign"
ROLE = "arn:aws:iam::222222222222:role/app-clients"
WRITES = {CREATE, UPDATE, DELETE, ADD, REMOVE, PUT, MOVE}


@pytest.fixture
def kept() -> Iterator[Kept]:
    with a_kept_world() as kept:
        yield kept


def own(kept: Kept, secret: str = OWN_SECRET, **properties: Any) -> Json:
    """Return the properties of a client with a secret of one's own that is kept."""
    return {"UserPoolId": POOL, "ClientSecret": secret, "SecretId": kept.arn, **properties}


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


@pytest.mark.parametrize(("given", "expected"), [({"ExternalId": "shop-7"}, "shop-7"), ({}, None)])
def test_the_value_has_the_external_id_that_the_role_asks_for(kept: Kept, given: Json, expected: str | None) -> None:
    kept.world.fake.add_pool(FOREIGN_POOL, account="222222222222")
    kept.sts.allow(ROLE, expected)

    kept.made(UserPoolId=FOREIGN_POOL, RoleArn=ROLE, **given)

    assert kept.current().get("external_id") == expected
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


# When it is written


def test_it_is_written_when_the_client_is_made_and_only_once(kept: Kept) -> None:
    kept.world.create(kept.template())

    assert kept.asked.count(PUT) == 1
    assert kept.asked.index(CREATE) < kept.asked.index(PUT)
    assert kept.secrets.stages(kept.arn) == {kept.secrets.version_id(kept.arn): [CURRENT]}


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
    client_id = kept.world.existing(GenerateSecret=True)
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
    with pytest.raises(Refused, match="cannot be told"):
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


@pytest.mark.parametrize("text", ["", "nothing", "[]", '"web"', '{"password": "x"}', '{"client_secret": 7}'])
def test_a_value_that_is_not_ours_is_as_good_as_none_and_stays_the_previous_one(kept: Kept, text: str) -> None:
    if text:
        kept.secrets.put_elsewhere(kept.arn, text)

    kept.made()

    assert kept.is_sound()
    assert (kept.secrets.text(kept.arn, PREVIOUS) or "") == text


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

    answer = kept.world.update(client_id, kept.template(), new)

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


# If storing fails

REFUSALS = [
    pytest.param(denied(PUT, NAME), 1, id="no permission"),
    pytest.param(KMS_DENIED, 1, id="no permission for the key"),
    pytest.param(CANNOT_ENCRYPT, 1, id="the key is disabled"),
    pytest.param(ApiError("LimitExceededException", TOO_MANY), 4, id="too many versions"),
    pytest.param(ApiError("ResourceNotFoundException", NOT_FOUND), 1, id="the secret is gone"),
    pytest.param(ApiError("NewException", "Something new."), 1, id="an error that nobody knows"),
    pytest.param(SERVER_ERROR, 4, id="an error of the service"),
    pytest.param(THROTTLED, 4, id="throttled"),
    pytest.param("dns", 4, id="no name"),
    pytest.param("connect-error", 4, id="no connection"),
    pytest.param("connection-closed", 4, id="cut off"),
    pytest.param("read-timeout", 4, id="no answer"),
]
ON_THE_WAY = [
    pytest.param(LIST, ApiError("AccessDeniedException", "not authorized"), id=LIST),
    pytest.param(DESCRIBE_POOL, ApiError("AccessDeniedException", "not authorized"), id=DESCRIBE_POOL),
]


@pytest.mark.parametrize(("failure", "times"), REFUSALS)
@pytest.mark.parametrize("properties", [{}, {"GenerateSecret": "false", "ClientSecret": OWN_SECRET}])
def test_if_storing_fails_the_answer_has_the_clients_id_and_the_rollback_leaves_nothing(
    kept: Kept, failure: ApiError | ConnectionFault, times: int, properties: Json
) -> None:
    kept.secrets.fail(PUT, failure, times=times)
    template = kept.template(**properties)

    failed = kept.world.create(template)

    assert (failed.status, [failed.physical_id]) == ("FAILED", kept.world.client_ids())
    assert f'"{kept.arn}"' in failed.reason
    assert "What to do: " in failed.reason
    assert kept.world.delete(failed.physical_id, template).status == "SUCCESS"
    assert (kept.world.client_ids(), kept.secrets.text(kept.arn)) == ([], None)
    again = kept.world.create(template)
    assert again.status == "SUCCESS"
    assert kept.is_sound()


@pytest.mark.parametrize(("operation", "failure"), ON_THE_WAY)
def test_if_cognito_refuses_what_storing_needs_the_rollback_leaves_nothing_either(
    kept: Kept, operation: str, failure: ApiError
) -> None:
    kept.world.fail(operation, failure)

    failed = kept.world.create(kept.template())

    assert (failed.status, [failed.physical_id]) == ("FAILED", kept.world.client_ids())
    assert operation in failed.reason
    assert kept.world.delete(failed.physical_id, kept.template()).status == "SUCCESS"
    assert (kept.world.client_ids(), kept.secrets.text(kept.arn)) == ([], None)


def test_if_only_the_answer_to_storing_is_lost_storing_is_tried_again(kept: Kept) -> None:
    kept.secrets.fail(PUT, "read-timeout", times=3, after=True)

    answer = kept.world.create(kept.template())

    assert answer.status == "SUCCESS"
    assert len(kept.secrets.stages(kept.arn)) == 1
    assert kept.is_sound()


def test_if_no_answer_to_storing_ever_comes_the_rollback_deletes_the_client(kept: Kept) -> None:
    kept.secrets.fail(PUT, "read-timeout", times=4, after=True)

    failed = kept.world.create(kept.template())

    assert (failed.status, [failed.physical_id]) == ("FAILED", kept.world.client_ids())
    assert kept.world.delete(failed.physical_id, kept.template()).status == "SUCCESS"
    assert kept.world.client_ids() == []


UNREADABLE = [
    pytest.param(GET, denied(GET, NAME), id="no permission"),
    pytest.param(DESCRIBE_SECRET, denied(DESCRIBE_SECRET, NAME), id="no permission to describe"),
    pytest.param(GET, KMS_DENIED, id="no permission for the key"),
    pytest.param(GET, CANNOT_DECRYPT, id="the key is disabled"),
]


@pytest.mark.parametrize(("operation", "failure"), UNREADABLE)
@pytest.mark.parametrize("properties", [{}, {"GenerateSecret": "false", "ClientSecret": OWN_SECRET}])
def test_if_the_secret_cannot_be_read_nothing_is_made(
    kept: Kept, operation: str, failure: ApiError, properties: Json
) -> None:
    kept.secrets.forbidden[operation] = failure
    template = kept.template(**properties)

    failed = kept.world.create(template)

    assert (failed.status, failed.physical_id) == ("FAILED", MARKER)
    assert failure.message.rstrip(".") in failed.reason
    assert kept.world.client_ids() == []
    assert kept.world.delete(failed.physical_id, template).status == "SUCCESS"


@pytest.mark.parametrize("properties", [{}, {"GenerateSecret": "false", "ClientSecret": OWN_SECRET}])
def test_if_the_secret_is_not_there_nothing_is_made(kept: Kept, properties: Json) -> None:
    template = kept.template(SecretId="user-pool-client/not-there", **properties)

    failed = kept.world.create(template)

    assert (failed.status, failed.physical_id) == ("FAILED", MARKER)
    assert NOT_FOUND.rstrip(".") in failed.reason
    assert "check SecretId: the secret must exist" in failed.reason
    assert kept.world.delete(failed.physical_id, template).status == "SUCCESS"
    assert kept.world.client_ids() == []


def test_if_the_secret_is_about_to_be_deleted_nothing_is_made_and_the_reason_says_so(kept: Kept) -> None:
    kept.secrets.schedule_deletion(kept.arn)

    failed = kept.world.create(kept.template())

    assert (failed.status, failed.physical_id, kept.world.client_ids()) == ("FAILED", MARKER, [])
    assert f'The secret "{kept.arn}" is about to be deleted.' in failed.reason
    assert "restore it, or give another SecretId" in failed.reason


def test_a_permission_that_is_missing_is_named_with_the_parameter_that_gives_it(kept: Kept) -> None:
    kept.secrets.forbidden[GET] = denied(GET, kept.arn)

    failed = kept.world.create(kept.template())

    assert "name the secret so that the parameter SecretArns of the stack behind the service token allows it" in (
        failed.reason
    )


@pytest.mark.parametrize(("failure", "times"), REFUSALS)
def test_if_storing_the_secret_of_a_replacement_fails_the_old_client_and_the_old_secret_stay(
    kept: Kept, failure: ApiError | ConnectionFault, times: int
) -> None:
    old = kept.made()
    kept.rotate()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    kept.secrets.fail(PUT, failure, times=times)

    failed = kept.world.update(old, new, kept.template())
    deleted = kept.world.delete(failed.physical_id, new)

    assert failed.status == "FAILED"
    assert failed.physical_id != old
    assert deleted.status == "SUCCESS"
    assert (kept.world.client_ids(OTHER_POOL), kept.world.client_ids()) == ([], [old])
    assert kept.current() == before
    assert kept.is_sound()


def test_if_no_answer_to_storing_the_secret_of_a_replacement_comes_the_rollback_puts_the_old_one_back(
    kept: Kept,
) -> None:
    old = kept.made()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    kept.secrets.fail(PUT, "read-timeout", times=4, after=True)

    failed = kept.world.update(old, new, kept.template())
    assert kept.current()["client_id"] == failed.physical_id
    deleted = kept.world.delete(failed.physical_id, new)

    assert (failed.status, deleted.status) == ("FAILED", "SUCCESS")
    assert kept.current() == before
    assert kept.is_sound()


@pytest.mark.parametrize(("operation", "failure"), UNREADABLE)
def test_if_the_secret_for_a_replacement_cannot_be_read_nothing_is_made(
    kept: Kept, operation: str, failure: ApiError
) -> None:
    template = own(kept)
    old = kept.world.create(template).physical_id
    other = kept.secrets.create("somewhere/else")
    kept.secrets.forbidden[operation] = failure

    failed = kept.world.update(old, own(kept, UserPoolId=OTHER_POOL, SecretId=other), template)

    assert (failed.status, failed.physical_id) == ("FAILED", old)
    assert kept.world.client_ids(OTHER_POOL) == []


@pytest.mark.parametrize(("failure", "times"), REFUSALS)
def test_if_storing_fails_when_secret_id_comes_the_rollback_gives_the_secret_as_before(
    kept: Kept, failure: ApiError | ConnectionFault, times: int
) -> None:
    before = {"UserPoolId": POOL, "GenerateSecret": "true"}
    created = kept.world.create(before)
    kept.secrets.fail(PUT, failure, times=times)

    failed = kept.world.update(created.physical_id, kept.template(), before)
    rolled_back = kept.world.update(created.physical_id, before, kept.template())

    assert (failed.status, failed.physical_id) == ("FAILED", created.physical_id)
    assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", created.physical_id)
    assert rolled_back.data["ClientSecret"] == created.data["ClientSecret"]
    assert rolled_back.no_echo


@pytest.mark.parametrize("readable", [True, False])
def test_if_storing_fails_when_secret_id_changes_the_rollback_finds_the_secret_where_it_was(
    kept: Kept, readable: bool
) -> None:
    client_id = kept.made()
    kept.rotate()
    before = kept.current()
    other = kept.secrets.create("somewhere/else")
    if readable:
        kept.secrets.fail(PUT, denied(PUT, other))
    else:
        kept.secrets.on_call = lambda _operation, params: (
            kept.secrets.fail("*", denied(GET, other)) if params["SecretId"] == other else None
        )

    failed = kept.world.update(client_id, kept.template(SecretId=other), kept.template())
    rolled_back = kept.world.update(client_id, kept.template(), kept.template(SecretId=other))

    assert (failed.status, failed.physical_id) == ("FAILED", client_id)
    assert (rolled_back.status, rolled_back.data["SecretArn"]) == ("SUCCESS", kept.arn)
    assert kept.current() == before


def test_a_refusal_that_quotes_the_value_is_told_without_it(kept: Kept) -> None:
    def quote(operation: str, params: Json) -> None:
        if operation == PUT:
            quoted = f"1 validation error detected: Value '{params['SecretString']}' at 'secretString' failed"
            kept.secrets.fail(PUT, ApiError("ValidationException", quoted))

    kept.secrets.on_call = quote

    failed = kept.world.create(kept.template())

    assert failed.status == "FAILED"
    assert "Value '***' at 'secretString' failed" in failed.reason
    kept.watch()
    assert not leaked(failed.reason)


# Replacement


def test_after_a_replacement_the_new_clients_secret_is_current_and_the_old_ones_previous(kept: Kept) -> None:
    old = kept.made()
    before = kept.current()

    answer = kept.world.update(old, kept.template(UserPoolId=OTHER_POOL), kept.template())

    assert kept.current()["client_id"] == answer.physical_id
    assert kept.current(stage=PREVIOUS) == before
    assert kept.takes(before)
    assert kept.is_sound()


def test_the_old_client_lives_until_cloudformation_deletes_it_and_that_leaves_the_secret_alone(kept: Kept) -> None:
    old = kept.made()
    new = kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())
    before = kept.secrets.stages(kept.arn)
    assert old in kept.world.client_ids()

    deleted = kept.world.delete(old, kept.template())

    assert deleted.status == "SUCCESS"
    assert kept.world.client_ids() == []
    assert kept.secrets.stages(kept.arn) == before
    assert kept.current()["client_id"] == replaced.physical_id
    assert kept.is_sound()


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_if_a_replacement_is_rolled_back_the_old_clients_secret_is_current_again(kept: Kept, rotations: int) -> None:
    old = kept.made()
    for _ in range(rotations):
        kept.rotate()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())
    kept.forget()

    deleted = kept.world.delete(replaced.physical_id, new)

    assert deleted.status == "SUCCESS"
    assert [call for call in kept.calls() if call in WRITES] == [MOVE, DELETE]
    assert kept.current() == before
    assert kept.current(stage=PREVIOUS)["client_id"] == replaced.physical_id
    assert kept.world.client_ids(OTHER_POOL) == []
    assert kept.is_sound()


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_after_a_rolled_back_replacement_updates_and_rotations_go_on(kept: Kept, rotations: int) -> None:
    old = kept.made()
    for _ in range(rotations):
        kept.rotate()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())
    kept.world.delete(replaced.physical_id, new)

    answer = kept.world.update(old, kept.template(), new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", old)
    assert kept.current() == before
    kept.rotate()
    assert kept.is_sound()
    assert kept.takes(before)


@pytest.mark.parametrize("rotations", [0, 1, 2])
@pytest.mark.parametrize("after", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
def test_if_a_replacement_dies_half_way_the_rollback_makes_the_old_clients_secret_current(
    kept: Kept, rotations: int, after: int
) -> None:
    old = kept.made()
    for _ in range(rotations):
        kept.rotate()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    kept.dying(after, lambda: kept.world.update(old, new, kept.template()))

    answer = kept.world.update(old, kept.template(), new)

    assert (answer.status, answer.physical_id) == ("SUCCESS", old), answer.reason
    assert kept.current() == before
    assert kept.is_sound()


def test_an_update_that_takes_a_replacement_back_under_the_new_id_is_right_too(kept: Kept) -> None:
    old = kept.made()
    new = kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())

    answer = kept.world.update(replaced.physical_id, kept.template(), new)
    for physical_id, properties in ((replaced.physical_id, new), (old, kept.template())):
        assert kept.world.delete(physical_id, properties).status == "SUCCESS"

    assert kept.current()["client_id"] == answer.physical_id
    assert kept.world.client_ids() == [answer.physical_id]
    assert kept.is_sound()


def test_current_is_not_moved_back_to_a_client_that_is_gone(kept: Kept) -> None:
    old = kept.made()
    new = kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())
    kept.world.delete(old, kept.template())
    before = kept.secrets.stages(kept.arn)

    deleted = kept.world.delete(replaced.physical_id, new)

    assert deleted.status == "SUCCESS"
    assert kept.secrets.stages(kept.arn) == before
    assert kept.world.client_ids(OTHER_POOL) == []


def test_the_delete_of_a_client_that_current_does_not_name_moves_nothing(kept: Kept) -> None:
    client_id = kept.made()
    kept.secrets.put_elsewhere(kept.arn, {**kept.current(), "client_id": "another0client"})
    before = kept.secrets.stages(kept.arn)

    assert kept.world.delete(client_id, kept.template()).status == "SUCCESS"

    assert kept.secrets.stages(kept.arn) == before


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_the_end_of_the_stack_deletes_the_client_and_leaves_the_secret_to_cloudformation(
    kept: Kept, rotations: int
) -> None:
    client_id = kept.made()
    for _ in range(rotations):
        kept.rotate()
    before = kept.secrets.stages(kept.arn)

    assert kept.world.delete(client_id, kept.template()).status == "SUCCESS"

    assert kept.world.client_ids() == []
    assert kept.secrets.stages(kept.arn) == before


@pytest.mark.parametrize("gone", ["deleted", "about to be deleted"])
def test_a_client_whose_secret_is_gone_already_is_deleted(kept: Kept, gone: str) -> None:
    client_id = kept.made()
    if gone == "deleted":
        kept.secrets.delete_at_once(kept.arn)
    else:
        kept.secrets.schedule_deletion(kept.arn)

    assert kept.world.delete(client_id, kept.template()).status == "SUCCESS"

    assert kept.world.client_ids() == []


@pytest.mark.parametrize(("failure", "times"), [(SERVER_ERROR, 4), (denied(MOVE, NAME), 1)])
def test_a_client_is_not_deleted_before_current_is_moved_back(kept: Kept, failure: ApiError, times: int) -> None:
    old = kept.made()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())
    kept.secrets.fail(MOVE, failure, times=times)

    failed = kept.world.delete(replaced.physical_id, new)
    assert (failed.status, failed.physical_id) == ("FAILED", replaced.physical_id)
    assert kept.world.client_ids(OTHER_POOL) == [replaced.physical_id]
    again = kept.world.delete(replaced.physical_id, new)

    assert again.status == "SUCCESS"
    assert kept.current() == before


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_a_delete_that_dies_half_way_can_be_repeated(kept: Kept, after: int) -> None:
    old = kept.made()
    before, new = kept.current(), kept.template(UserPoolId=OTHER_POOL)
    replaced = kept.world.update(old, new, kept.template())

    kept.dying(after, lambda: kept.world.delete(replaced.physical_id, new))
    assert kept.takes(kept.current())
    again = kept.world.delete(replaced.physical_id, new)

    assert again.status == "SUCCESS"
    assert kept.current() == before
    assert kept.world.client_ids(OTHER_POOL) == []


def test_an_adopted_client_that_is_let_go_keeps_its_kept_secret(kept: Kept) -> None:
    client_id = kept.world.existing(GenerateSecret=True)
    template = {"UserPoolId": POOL, "ImportId": f"{POOL}/{client_id}", "SecretId": kept.arn}
    kept.world.create(template)
    before = kept.secrets.stages(kept.arn)

    assert kept.world.delete(client_id, template).status == "SUCCESS"

    assert kept.world.client_ids() == [client_id]
    assert kept.secrets.stages(kept.arn) == before


@pytest.mark.parametrize("failure", [denied(GET, NAME), KMS_DENIED, CANNOT_DECRYPT])
def test_a_client_that_is_gone_needs_no_secret_that_can_be_read(kept: Kept, failure: ApiError) -> None:
    client_id = kept.made()
    kept.world.delete_elsewhere(client_id)
    kept.secrets.forbidden[GET] = failure

    deleted = kept.world.delete(client_id, kept.template())

    assert (deleted.status, deleted.physical_id) == ("SUCCESS", client_id)


@pytest.mark.parametrize("physical_id", [MARKER, "another-resource-1QZ6T0XJ4MHFN"])
def test_the_delete_of_an_id_that_was_never_a_clients_asks_nobody(kept: Kept, physical_id: str) -> None:
    assert kept.world.delete(physical_id, kept.template()).status == "SUCCESS"

    assert kept.asked == []


# ClientSecret: bring your own


def test_a_secret_of_ones_own_is_the_clients_and_in_the_answer_without_secret_id(kept: Kept) -> None:
    answer = kept.world.create({"UserPoolId": POOL, "ClientSecret": OWN_SECRET})

    assert (answer.status, answer.data["ClientSecret"], answer.no_echo) == ("SUCCESS", OWN_SECRET, True)
    assert kept.values(answer.physical_id) == [OWN_SECRET]


def test_changing_a_secret_of_ones_own_replaces_the_client_without_secret_id(kept: Kept) -> None:
    old = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET}
    created = kept.world.create(old)

    answer = kept.world.update(created.physical_id, {**old, "ClientSecret": OTHER_SECRET}, old)

    assert answer.status == "SUCCESS"
    assert answer.physical_id != created.physical_id
    assert kept.values(answer.physical_id) == [OTHER_SECRET]
    assert kept.values(created.physical_id) == [OWN_SECRET]


def test_a_secret_of_ones_own_is_kept_with_secret_id(kept: Kept) -> None:
    answer = kept.world.create(own(kept))

    assert is_told_nothing(answer, kept)
    assert kept.current()["client_secret"] == OWN_SECRET
    assert kept.is_sound()


def test_a_new_secret_of_ones_own_becomes_current_beside_the_old_one_without_replacement(kept: Kept) -> None:
    created = kept.world.create(own(kept))
    before = kept.current()
    kept.world.clock.now += 1

    answer = kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert is_told_nothing(answer, kept)
    assert answer.data["SecretVersionId"] == kept.secrets.version_id(kept.arn)
    assert kept.current()["client_secret"] == OTHER_SECRET
    assert kept.is_sound()
    assert kept.takes(before)
    assert kept.current(stage=PREVIOUS) == before


def test_of_two_secrets_the_one_that_is_not_current_goes_for_a_new_one(kept: Kept) -> None:
    created = kept.world.create(own(kept))
    first = kept.current()
    kept.rotate()
    second = kept.current()

    answer = kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))

    assert answer.status == "SUCCESS"
    assert kept.current()["client_secret"] == OTHER_SECRET
    assert kept.is_sound()
    assert kept.takes(second)
    assert not kept.takes(first)


def test_a_secret_of_ones_own_in_place_of_a_generated_one_needs_no_replacement(kept: Kept) -> None:
    client_id = kept.made()

    answer = kept.world.update(client_id, own(kept), kept.template())

    assert (answer.status, answer.physical_id) == ("SUCCESS", client_id)
    assert kept.current()["client_secret"] == OWN_SECRET
    assert kept.is_sound()


def test_secret_id_and_a_new_secret_of_ones_own_may_come_together(kept: Kept) -> None:
    old = {"UserPoolId": POOL, "ClientSecret": OWN_SECRET}
    created = kept.world.create(old)

    answer = kept.world.update(created.physical_id, own(kept, OTHER_SECRET), old)

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert kept.current()["client_secret"] == OTHER_SECRET
    assert kept.is_sound()


@pytest.mark.parametrize("rotations", [1, 2, 3])
def test_a_secret_of_ones_own_that_was_rotated_away_does_not_come_back(kept: Kept, rotations: int) -> None:
    created = kept.world.create(own(kept))
    for _ in range(rotations):
        kept.rotate()
    before = kept.current()

    answer = kept.world.update(created.physical_id, own(kept, LogoutURLs=[APP]), own(kept))

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert kept.current() == before


def test_a_secret_of_ones_own_that_leaves_the_template_stays(kept: Kept) -> None:
    created = kept.world.create(own(kept))
    before = kept.current()

    answer = kept.world.update(created.physical_id, {"UserPoolId": POOL, "SecretId": kept.arn}, own(kept))

    assert (answer.status, answer.physical_id, kept.current()) == ("SUCCESS", created.physical_id, before)


def test_the_same_request_twice_adds_one_secret(kept: Kept) -> None:
    created = kept.world.create(own(kept))
    request = kept.world.request(
        "Update",
        own(kept, OTHER_SECRET),
        PhysicalResourceId=created.physical_id,
        OldResourceProperties=own(kept),
    )
    kept.world.send(request)
    before = kept.secrets.stages(kept.arn)

    assert kept.world.send(request).status == "SUCCESS"

    assert kept.secrets.stages(kept.arn) == before
    assert kept.values(created.physical_id) == [OWN_SECRET, OTHER_SECRET]


def test_a_new_secret_of_ones_own_is_taken_back_without_a_moment_in_which_the_old_one_is_refused(kept: Kept) -> None:
    created = kept.world.create(own(kept))
    before = kept.current()
    kept.world.clock.now += 1
    kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))
    refused: list[str] = []
    kept.secrets.on_call = kept.world.fake.on_call = lambda operation, _params: (
        None if kept.takes(before) else refused.append(operation)
    )

    answer = kept.world.update(created.physical_id, own(kept), own(kept, OTHER_SECRET))

    assert (answer.status, answer.physical_id) == ("SUCCESS", created.physical_id)
    assert refused == []
    assert kept.current()["client_secret"] == OWN_SECRET
    assert kept.is_sound()


@pytest.mark.parametrize(
    ("operation", "rotations"),
    [(LIST, 0), (LIST, 1), (ADD, 0), (ADD, 1), (REMOVE, 1), (DESCRIBE_POOL, 0), (DESCRIBE_POOL, 1), (PUT, 0), (PUT, 1)],
)
def test_if_a_new_secret_of_ones_own_cannot_be_kept_the_rollback_leaves_no_secret_that_nobody_knows(
    kept: Kept, operation: str, rotations: int
) -> None:
    created = kept.world.create(own(kept))
    for _ in range(rotations):
        kept.rotate()
    kept.world.clock.now += 1
    before = kept.current()
    failure = ApiError("AccessDeniedException", "not authorized")
    if operation == PUT:
        kept.secrets.fail(PUT, failure)
    else:
        kept.world.fail(operation, failure)

    failed = kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))
    rolled_back = kept.world.update(created.physical_id, own(kept), own(kept, OTHER_SECRET))

    assert (failed.status, failed.physical_id) == ("FAILED", created.physical_id)
    assert rolled_back.status == "SUCCESS"
    assert kept.takes(before)
    assert kept.is_sound()
    assert OTHER_SECRET not in kept.values(created.physical_id)


@pytest.mark.parametrize("after", [False, True])
def test_if_nobody_knows_whether_a_new_secret_of_ones_own_was_kept_the_rollback_is_right_either_way(
    kept: Kept, after: bool
) -> None:
    created = kept.world.create(own(kept))
    kept.world.clock.now += 1
    kept.secrets.fail(PUT, "read-timeout", times=4, after=after)

    kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))
    rolled_back = kept.world.update(created.physical_id, own(kept), own(kept, OTHER_SECRET))

    assert rolled_back.status == "SUCCESS"
    assert kept.current()["client_secret"] == OWN_SECRET
    assert kept.is_sound()
    assert after or kept.values(created.physical_id) == [OWN_SECRET]


@pytest.mark.parametrize("rotations", [0, 1, 2])
@pytest.mark.parametrize("after", range(1, 11))
def test_if_a_new_secret_of_ones_own_dies_half_way_every_moment_is_sound(
    kept: Kept, rotations: int, after: int
) -> None:
    created = kept.world.create(own(kept))
    for _ in range(rotations):
        kept.rotate()
    kept.world.clock.now += 1
    before = kept.current()

    kept.dying(after, lambda: kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept)))

    assert kept.is_sound()
    assert kept.takes(before)
    before_the_rollback = kept.current()
    rolled_back = kept.world.update(created.physical_id, own(kept), own(kept, OTHER_SECRET))
    assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", created.physical_id)
    assert kept.is_sound()
    assert kept.takes(before_the_rollback)
    assert rotations or kept.takes(before)
    again = kept.world.update(created.physical_id, own(kept, OTHER_SECRET), own(kept))
    assert again.status == "SUCCESS"
    assert kept.current()["client_secret"] == OTHER_SECRET
    assert kept.is_sound()


@pytest.mark.parametrize("secret_id", [False, True])
def test_a_dynamic_reference_is_refused_with_the_reason_why(kept: Kept, secret_id: bool) -> None:
    reference = "{{resolve:secretsmanager:web:SecretString:client_secret}}"
    template = {"UserPoolId": POOL, "ClientSecret": reference, **({"SecretId": kept.arn} if secret_id else {})}

    answer = kept.world.create(template)

    assert (answer.status, answer.physical_id, kept.asked) == ("FAILED", MARKER, [])
    assert "ClientSecret: it holds a dynamic reference, which CloudFormation does not resolve in custom resources." in (
        answer.reason
    )
    assert "Hand the value over as a parameter with NoEcho, or put it into the secret that SecretId names" in (
        answer.reason
    )


# A value that is there before


@pytest.mark.parametrize("properties", [{}, {"GenerateSecret": "true"}, {"GenerateSecret": "false"}])
def test_a_secret_that_was_put_there_before_is_the_new_clients(kept: Kept, properties: Json) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})

    answer = kept.world.create({"UserPoolId": POOL, "SecretId": kept.arn, **properties})

    assert answer.status == "SUCCESS", answer.reason
    assert is_told_nothing(answer, kept)
    assert kept.values(answer.physical_id) == [OWN_SECRET]
    assert kept.is_sound()
    assert kept.current()["client_id"] == answer.physical_id


@pytest.mark.parametrize("change", [{}, {"LogoutURLs": [MOBILE]}])
def test_a_client_with_a_secret_that_was_put_there_before_is_updated_in_place(kept: Kept, change: Json) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})
    template = {"UserPoolId": POOL, "SecretId": kept.arn}
    created = kept.world.create(template)
    kept.rotate()
    before = kept.current()

    answer = kept.world.update(created.physical_id, {**template, **change}, template)

    assert (answer.status, answer.physical_id, kept.current()) == ("SUCCESS", created.physical_id, before)


def test_the_templates_secret_goes_before_the_one_that_was_put_there(kept: Kept) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": "not0fit"})

    answer = kept.world.create(own(kept))

    assert kept.values(answer.physical_id) == [OWN_SECRET]
    assert kept.is_sound()


@pytest.mark.parametrize("value", [OWN_SECRET[:23], OWN_SECRET * 3, f"{OWN_SECRET}-"])
def test_a_secret_that_was_put_there_and_does_not_fit_is_refused_and_not_quoted(kept: Kept, value: str) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": value})

    answer = kept.world.create({"UserPoolId": POOL, "SecretId": kept.arn})

    assert (answer.status, answer.physical_id) == ("FAILED", MARKER)
    assert "SecretId: the client_secret in the secret that it names: the value (not shown) is not allowed." in (
        answer.reason
    )
    assert value not in answer.reason
    assert kept.world.client_ids() == []


def test_the_rollback_of_a_create_with_a_secret_that_was_put_there_leaves_that_one(kept: Kept) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})
    template = {"UserPoolId": POOL, "SecretId": kept.arn}
    kept.secrets.fail(PUT, denied(PUT, NAME))

    failed = kept.world.create(template)
    deleted = kept.world.delete(failed.physical_id, template)
    again = kept.world.create(template)

    assert (failed.status, deleted.status, again.status) == ("FAILED", "SUCCESS", "SUCCESS")
    assert kept.world.client_ids() == [again.physical_id]
    assert kept.values(again.physical_id) == [OWN_SECRET]


def test_a_replacement_does_not_take_the_secret_of_the_client_before_it(kept: Kept) -> None:
    client_id = kept.made()
    before = kept.current()

    answer = kept.world.update(client_id, kept.template(UserPoolId=OTHER_POOL), kept.template())

    assert kept.values(answer.physical_id, pool_id=OTHER_POOL) != [before["client_secret"]]


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
        *(GET, DESCRIBE_SECRET),
        CREATE,
        *(GET, DESCRIBE_SECRET, LIST, DESCRIBE_POOL, PUT),
    ]
    client_id = kept.world.client_ids()[0]
    kept.world.update(client_id, kept.template(LogoutURLs=[APP]), kept.template())
    assert kept.calls() == [DESCRIBE, UPDATE, GET]
    kept.world.update(client_id, kept.template(), kept.template())
    assert kept.calls() == [DESCRIBE, GET]
    kept.world.delete(client_id, kept.template())
    assert kept.calls() == [*(GET, GET, DESCRIBE_SECRET, GET, DESCRIBE_SECRET), DELETE]
    assert ASK not in kept.asked


def test_a_rotation_between_a_replacement_and_its_rollback_keeps_the_way_back(kept: Kept) -> None:
    first = kept.made()
    old, new = kept.template(), kept.template(UserPoolId=OTHER_POOL)
    second = kept.world.update(first, new, old).physical_id
    kept.rotate()  # AWSPREVIOUS names the second client now

    assert kept.world.delete(second, new).status == "SUCCESS"

    assert kept.current()["client_id"] == first
    assert kept.takes(kept.current())


def test_after_a_replacement_that_stays_the_client_before_does_not_come_back(kept: Kept) -> None:
    first = kept.made()
    old, new = kept.template(), kept.template(UserPoolId=OTHER_POOL)
    second = kept.world.update(first, new, old).physical_id
    kept.world.delete(first, old)
    third = kept.world.update(second, old, new).physical_id
    kept.world.delete(second, new)

    kept.world.delete(third, old)

    assert kept.current()["client_id"] == third


def test_a_secret_laid_there_before_is_used_again_after_a_rollback(kept: Kept) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})
    template = {name: value for name, value in kept.template().items() if name != "GenerateSecret"}
    first = kept.world.create(template)
    kept.world.delete(first.physical_id, template)

    again = kept.world.create(template)

    assert (again.status, kept.current()["client_secret"]) == ("SUCCESS", OWN_SECRET)
    assert kept.takes(kept.current())


@pytest.mark.parametrize(
    ("hanging", "kept_too_late"),
    [
        pytest.param("GetUserPoolClientSessionConfiguration", False, id="before-the-secret-is-kept"),
        pytest.param(DESCRIBE_POOL, True, id="while-it-is-being-kept"),
    ],
)
def test_a_replacement_that_was_answered_as_late_does_not_become_current(
    kept: Kept, hanging: str, kept_too_late: bool
) -> None:
    first = kept.made()
    old, new = kept.template(), kept.template(UserPoolId=OTHER_POOL, SSOSession={"MaxValidityMinutes": "5"})
    answered, hear = threading.Event(), kept.hear
    kept.world.on_put = lambda _: answered.set()

    def hang(operation: str, params: Json) -> None:
        hear(operation, params)
        if operation == hanging:
            assert answered.wait(10)

    kept.world.fake.on_call = hang
    event = kept.world.request("Update", new, PhysicalResourceId=first, OldResourceProperties=old)
    answer = kept.world.send(event, timeout=0.8)

    assert (answer.status, answer.physical_id) == ("FAILED", kept.world.client_ids(OTHER_POOL)[0])
    assert kept.current()["client_id"] == first
    assert (PUT in kept.calls()) == kept_too_late


def test_the_value_is_json_that_any_program_reads(kept: Kept) -> None:
    kept.made()

    assert all(isinstance(value, str) for value in json.loads(kept.secrets.text(kept.arn) or "").values())
