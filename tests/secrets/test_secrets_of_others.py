"""Attacks with SecretId: a secret that is not this stack's is neither overwritten nor copied, and its value stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.canaries import OTHER_SECRET, OWN_SECRET
from tests.fakes.cognito import ApiError
from tests.fakes.secrets_manager import PREVIOUS
from tests.fixtures.rotations import MACHINE, WEB
from tests.fixtures.stored_secrets import DESCRIBE_SECRET, PUT, WRITES, Kept, a_kept_world
from tests.fixtures.templates import APP
from tests.fixtures.world import JOURNAL, MARKER, OTHER_POOL, POOL, STACK_ID

if TYPE_CHECKING:
    from tests.fixtures.world import Answer

type Json = dict[str, Any]

THEIR_STACK = STACK_ID.replace("/shop/", "/bank/")
ROOT = STACK_ID.replace("/shop/", "/platform/")
ALLOWED: Json = {"AllowSecretOfOtherStack": "true"}

OF_ANOTHER_PROGRAM = [
    "nothing",
    "[]",
    '"web"',
    '{"password": "x"}',
    '{"client_secret": 7}',
    json.dumps({"client_secret": OTHER_SECRET, "note": "mine"}),
    json.dumps({"client_id": "1.apps.example.com", "client_secret": OTHER_SECRET}),
    json.dumps({"userPoolId": POOL, "userPoolClientId": "1example23456789", "clientSecretValue": OTHER_SECRET}),
]


def their_secret(kept: Kept, value: object = None, *, stack_id: str = THEIR_STACK) -> str:
    """Create a secret as another stack does, and return its ARN."""
    kept.world.stacks.begin(stack_id)
    arn = kept.secrets.create("user-pool-client/bank", value, stack_id=stack_id)
    kept.forget()
    return arn


def deployed(kept: Kept, how: str, secret_id: str, **properties: Any) -> Answer:
    """Let SecretId name a secret in each of the ways that there are; count what is asked from then on."""
    new = kept.template(SecretId=secret_id, **properties)
    match how:
        case "create":
            return kept.world.create(new)
        case "update":
            client_id, before = kept.made(), kept.template()
        case "first SecretId":
            before = {"UserPoolId": POOL, "GenerateSecret": "true"}
            client_id = kept.world.create(before).physical_id
        case "import":
            client_id = kept.world.existing(GenerateSecret=True)
            return kept.world.create({**new, "ImportId": f"{POOL}/{client_id}"})
        case _:
            before = kept.template()
            client_id, new = kept.made(), {**new, "UserPoolId": OTHER_POOL}
    kept.forget()
    return kept.world.update(client_id, new, before)


HOW = pytest.mark.parametrize("how", ["create", "update", "first SecretId", "import", "replacement"])


@HOW
@pytest.mark.parametrize("value", OF_ANOTHER_PROGRAM)
def test_the_secret_of_another_program_is_not_overwritten(kept: Kept, how: str, value: str) -> None:
    theirs = kept.secrets.create("user-pool-client/database", value)

    answer = deployed(kept, how, theirs)

    assert answer.status == "FAILED"
    assert f'"{theirs}" holds something else than the secret of an app client' in answer.reason
    assert kept.secrets.text(theirs) == value
    assert not WRITES & set(kept.calls())


@HOW
def test_an_empty_string_is_no_value(kept: Kept, how: str) -> None:
    """A service that takes CloudFormation's secrets without a value for such."""
    arn = kept.secrets.create("user-pool-client/empty", " ")
    (version,) = kept.secrets.secrets[arn].versions.values()
    version.value = ""

    assert deployed(kept, how, arn).status == "SUCCESS"


@HOW
def test_a_secret_of_bytes_is_not_overwritten(kept: Kept, how: str) -> None:
    theirs = kept.secrets.create("user-pool-client/bytes", "AAEC")
    kept.secrets.secrets[theirs].holds_bytes = True

    answer = deployed(kept, how, theirs)

    assert (answer.status, "holds something else" in answer.reason) == ("FAILED", True)
    assert not WRITES & set(kept.calls())


@HOW
def test_an_empty_secret_of_another_stack_is_not_written_to(kept: Kept, how: str) -> None:
    theirs = their_secret(kept)

    answer = deployed(kept, how, theirs)

    assert answer.status == "FAILED"
    assert f'"{theirs}" belongs to another stack, bank ({THEIR_STACK})' in answer.reason
    assert "AllowSecretOfOtherStack" in answer.reason
    assert kept.secrets.text(theirs) is None
    assert not WRITES & set(kept.calls())
    assert THEIR_STACK in [line.get("secret_of_stack") for line in kept.world.log()]


@HOW
def test_it_is_where_the_template_says_so(kept: Kept, how: str) -> None:
    theirs = their_secret(kept)

    answer = deployed(kept, how, theirs, **ALLOWED)

    assert answer.status == "SUCCESS", answer.reason
    assert kept.current(theirs)["client_id"] == answer.physical_id


@HOW
def test_a_secret_of_the_same_stack_needs_no_property(kept: Kept, how: str) -> None:
    own = kept.secrets.create("user-pool-client/own", stack_id=STACK_ID)

    assert deployed(kept, how, own).status == "SUCCESS"


@HOW
def test_nor_does_one_of_a_stack_nested_in_the_same_root(kept: Kept, how: str) -> None:
    theirs = their_secret(kept)
    for stack_id in (STACK_ID, THEIR_STACK):
        kept.world.stacks.stack(stack_id).root = ROOT

    assert deployed(kept, how, theirs).status == "SUCCESS"


@pytest.mark.parametrize("status", ["", "DELETE_COMPLETE"])
def test_what_a_deleted_stack_has_retained_is_nobodys(kept: Kept, status: str) -> None:
    theirs = kept.secrets.create("user-pool-client/bank", stack_id=THEIR_STACK)
    if status:
        kept.world.stacks.begin(THEIR_STACK, status)
    kept.forget()

    assert deployed(kept, "create", theirs).status == "SUCCESS"


def test_a_secret_of_another_stack_is_not_taken_together_with_the_client_that_it_names(kept: Kept) -> None:
    """Another stack has retained the client, and still has the secret that programs read."""
    theirs = their_secret(kept)
    client_id = kept.world.create(kept.template(SecretId=theirs, **ALLOWED), StackId=THEIR_STACK).physical_id
    kept.world.stacks.stacks[THEIR_STACK].resources.clear()
    before = kept.current(theirs)
    kept.forget()
    imported = {"UserPoolId": POOL, "ImportId": f"{POOL}/{client_id}", "SecretId": theirs}

    answer = kept.world.create(imported)

    assert (answer.status, kept.current(theirs)) == ("FAILED", before)
    assert f"belongs to another stack, bank ({THEIR_STACK})" in answer.reason
    assert not WRITES & set(kept.calls())
    assert kept.world.create({**imported, **ALLOWED}).status == "SUCCESS"


def test_a_victims_own_secret_does_not_become_the_secret_of_a_strangers_client(kept: Kept) -> None:
    """The stranger could read it from the client then: stored beforehand, it is given to the client that is created."""
    theirs = their_secret(kept, {"client_secret": OTHER_SECRET})

    answer = kept.world.create({"UserPoolId": POOL, "SecretId": theirs})

    assert (answer.status, answer.physical_id, kept.world.client_ids()) == ("FAILED", MARKER, [])
    assert kept.secrets.text(theirs) == json.dumps({"client_secret": OTHER_SECRET})


@pytest.mark.parametrize("journal", [True, False])
@pytest.mark.parametrize("how", ["create", "update", "import"])
def test_a_secret_that_holds_the_secret_of_another_stacks_client_is_not_overwritten(
    kept: Kept, how: str, journal: bool
) -> None:
    """Nobody's tags are on it: it was created by hand."""
    theirs = kept.secrets.create("user-pool-client/by-hand")
    kept.world.stacks.begin(THEIR_STACK)
    kept.world.create(kept.template(SecretId=theirs), StackId=THEIR_STACK)
    before = kept.current(theirs)
    if not journal:
        kept.world.journal.tables[JOURNAL].clear()

    answer = deployed(kept, how, theirs)

    assert answer.status == "FAILED"
    assert f"belongs to another stack, bank ({THEIR_STACK})" in answer.reason
    assert kept.current(theirs) == before


def test_a_secret_that_was_written_to_before_goes_on_being_used(kept: Kept) -> None:
    """Whoever has shared one since before there was a property for it is not locked out by an update."""
    theirs = their_secret(kept)
    created = deployed(kept, "create", theirs, **ALLOWED)
    old, new = kept.template(SecretId=theirs), kept.template(SecretId=theirs, ClientSecret=OWN_SECRET)
    new = {name: value for name, value in new.items() if name != "GenerateSecret"}

    changed = kept.world.update(created.physical_id, new, old)
    replaced = kept.world.update(changed.physical_id, {**new, "UserPoolId": OTHER_POOL}, new)

    assert (changed.status, replaced.status) == ("SUCCESS", "SUCCESS")
    assert kept.current(theirs)["client_id"] == replaced.physical_id


def test_where_the_tags_cannot_be_read_nothing_is_written(kept: Kept) -> None:
    theirs = their_secret(kept, {"client_secret": OWN_SECRET})
    kept.secrets.forbidden[DESCRIBE_SECRET] = ApiError("AccessDeniedException", "not authorized")

    answer = kept.world.create({"UserPoolId": POOL, "SecretId": theirs})

    assert answer.status == "FAILED"
    assert not WRITES & set(kept.calls())


# Another SecretId


def moved(kept: Kept, client_id: str, **properties: Any) -> tuple[str, Answer]:
    other = kept.secrets.create("user-pool-client/other")
    kept.forget()
    return other, kept.world.update(client_id, kept.template(SecretId=other, **properties), kept.template(**properties))


@pytest.mark.parametrize("journal", [True, False])
def test_what_a_stranger_has_put_into_the_former_secret_is_not_copied(kept: Kept, journal: bool) -> None:
    client_id = kept.made()
    right = kept.current()
    kept.secrets.put_elsewhere(kept.arn, {**right, "client_secret": OTHER_SECRET, "client_secret_id": "made-up"})
    if not journal:
        kept.world.journal.tables[JOURNAL].clear()

    other, answer = moved(kept, client_id)

    # What was stored there was noted, so the journal vouches for the secret; Cognito does not take its value.
    assert (answer.status == "SUCCESS", OTHER_SECRET in (kept.secrets.text(other) or "")) == (True, journal)


@pytest.mark.parametrize("rotations", [0, 1, 2, 3])
@pytest.mark.parametrize("journal", [True, False])
def test_what_was_stored_or_rotated_there_is_copied(kept: Kept, rotations: int, journal: bool) -> None:
    client_id = kept.made()
    for _ in range(rotations):
        kept.rotate()
    before = kept.current()
    if not journal:
        kept.world.journal.tables[JOURNAL].clear()

    other, answer = moved(kept, client_id)

    assert answer.status == "SUCCESS", answer.reason
    assert kept.current(other)["client_secret"] == before["client_secret"]


@pytest.mark.parametrize("properties", [WEB, MACHINE, {}], ids=["web", "machine", "no OAuth"])
@pytest.mark.parametrize("domain", ["shop", ""], ids=["domain", "no domain"])
def test_a_client_that_cognito_proves_nothing_of_is_rotated_after_another_secret_id(
    properties: Json, domain: str
) -> None:
    """The stack has noted where it stored the secret, so that a rotation need not ask a token endpoint."""
    with a_kept_world(domain=domain) as kept:
        client_id = kept.made(**properties)
        for _ in range(2):
            kept.rotate()
        other, answer = moved(kept, client_id, **properties)
        assert answer.status == "SUCCESS", answer.reason

        for _ in range(2):
            kept.rotate(other)
            assert kept.is_sound(other)


def test_the_rollback_of_another_secret_id_is_noted_too() -> None:
    with a_kept_world(domain="") as kept:
        client_id = kept.made()
        for _ in range(2):
            kept.rotate()
        other, _ = moved(kept, client_id)

        answer = kept.world.roll_back(client_id, kept.template(), kept.template(SecretId=other))

        assert answer.status == "SUCCESS"
        kept.secrets.delete_at_once(other)
        kept.rotate()
        assert kept.is_sound()


@pytest.mark.parametrize("change", [{}, {"LogoutURLs": [APP]}])
def test_an_update_that_stores_nothing_notes_no_rotation(kept: Kept, change: Json) -> None:
    client_id = kept.made()
    kept.world.journal.calls.clear()

    kept.world.update(client_id, kept.template(**change), kept.template())

    assert PUT not in kept.asked
    assert "PutItem" not in kept.world.noted()


def test_the_previous_value_stays_the_previous_version(kept: Kept) -> None:
    kept.secrets.put_elsewhere(kept.arn, {"client_secret": OWN_SECRET})

    kept.world.create({"UserPoolId": POOL, "SecretId": kept.arn})

    assert kept.current(stage=PREVIOUS) == {"client_secret": OWN_SECRET}
