"""What holds of every template, and of every sequence of them: checked on examples that hypothesis makes up."""

from __future__ import annotations

import contextlib
import functools
import json
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.fakes.cognito import ApiError
from tests.fixtures.strategies import (
    ANY_JSON,
    ANY_PROPERTIES,
    BAD_SETTINGS,
    GROUPS,
    NAMES,
    settings_of,
    valid_templates,
)
from tests.fixtures.templates import CONFIDENTIAL, effective, typed
from tests.fixtures.world import World, a_world
from user_pool_client.domain.errors import Unanswerable

type Json = dict[str, Any]


# A failure is reported as it was found: the guard of all tests keeps what is logged, and shrinking runs a test often.
examples = functools.partial(settings, phases=[Phase.generate])


def with_units(settings: Json) -> Json:
    """Say the unit of every number, as people in the console do."""
    defaults = {"AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days"}
    given = {token: unit for token, unit in defaults.items() if f"{token}Validity" in settings}
    return {**settings, "TokenValidityUnits": {**given, **settings.get("TokenValidityUnits", {})}}


# Flows that left the template are nobody's from the next update on, and bind rotation: who says one must say both.
OURS = sorted(GROUPS.keys() - {"sign-in"})


def all_clients(world: World) -> list[str]:
    return [client_id for pool_id in world.fake.pools for client_id in world.client_ids(pool_id)]


@examples(max_examples=50)
@given(kind=st.sampled_from(["Create", "Update", "Delete"]), properties=ANY_PROPERTIES, old=ANY_PROPERTIES)
def test_any_json_as_properties_gives_one_answer_that_is_true(kind: str, properties: Any, old: Any) -> None:
    with a_world() as world:
        client_id = world.existing(GenerateSecret=True)
        ids = {} if kind == "Create" else {"PhysicalResourceId": client_id}
        answer = world.send(world.request(kind, properties, OldResourceProperties=old, **ids))

        assert "unexpected" not in answer.reason
        if answer.status == "FAILED":
            assert "What to do: " in answer.reason or answer.reason.endswith("log has more)")
            assert all_clients(world) == [client_id]
            assert (answer.physical_id == client_id) == (kind != "Create")
        elif kind == "Delete":
            assert answer.physical_id == client_id
        else:
            assert answer.physical_id in all_clients(world)


@examples(max_examples=13)
@given(kind=st.sampled_from(["Create", "Update", "Delete"]), physical_id=ANY_JSON)
def test_any_json_as_physical_id_gives_one_answer_too(kind: str, physical_id: Any) -> None:
    with a_world() as world:
        event = world.request(kind, CONFIDENTIAL, OldResourceProperties=CONFIDENTIAL, PhysicalResourceId=physical_id)
        try:
            answer = world.send(event)
        except Unanswerable:  # so long that no answer could repeat it
            assert len(json.dumps(physical_id)) > 2000
            assert all_clients(world) == []
        else:
            assert answer.status == "SUCCESS"
            assert len(all_clients(world)) == (kind != "Delete")


@examples(max_examples=20)
@given(template=valid_templates())
def test_what_cognito_takes_is_never_refused_and_done_again_changes_nothing(template: Json) -> None:
    with a_world() as world:
        created = world.create(template)
        assert created.status == "SUCCESS", created.reason
        world.calls()
        kept = world.update(created.physical_id, {**template, "ServiceTimeout": "60"}, template)

        assert (kept.status, kept.physical_id) == ("SUCCESS", created.physical_id)
        assert world.calls() == ["DescribeUserPoolClient"]
        assert kept.data == created.data


@examples(max_examples=20)
@given(first=valid_templates(), second=valid_templates(), each_unit_sticks=st.booleans(), only_delete=st.booleans())
def test_any_template_becomes_any_other_and_is_rolled_back(
    first: Json, second: Json, *, each_unit_sticks: bool, only_delete: bool
) -> None:
    with a_world(each_unit_sticks=each_unit_sticks) as world:
        created = world.create(first)
        before = effective(world.settings(created.physical_id, pool_id=first["UserPoolId"]))

        updated = world.update(created.physical_id, second, first)
        assert updated.status == "SUCCESS", updated.reason
        fresh = world.create(second)
        wanted = effective(world.settings(fresh.physical_id, pool_id=second["UserPoolId"]))
        assert effective(world.settings(updated.physical_id, pool_id=second["UserPoolId"])) == wanted
        assert world.delete(fresh.physical_id, second).status == "SUCCESS"

        if only_delete and updated.physical_id != created.physical_id:
            # After a replacement CloudFormation may just delete the new client: the old one is still there.
            assert world.delete(updated.physical_id, second).status == "SUCCESS"
            final = created.physical_id
        else:
            rolled_back = world.update(updated.physical_id, first, second)
            assert rolled_back.status == "SUCCESS", rolled_back.reason
            final = rolled_back.physical_id
            for client_id, properties in ((created.physical_id, first), (updated.physical_id, second)):
                if client_id != final:
                    assert world.delete(client_id, properties).status == "SUCCESS"
        assert effective(world.settings(final, pool_id=first["UserPoolId"])) == before
        assert all_clients(world) == [final]


@examples(max_examples=13)
@given(first=valid_templates(), second=valid_templates(), bad=st.sampled_from(BAD_SETTINGS))
def test_a_template_that_is_refused_changes_nothing_and_is_rolled_back(first: Json, second: Json, bad: Json) -> None:
    with a_world() as world:
        created = world.create(first)
        before = world.settings(created.physical_id, pool_id=first["UserPoolId"])

        failed = world.update(created.physical_id, {**second, **bad}, first)
        rolled_back = world.update(created.physical_id, first, {**second, **bad})

        assert (failed.status, failed.physical_id) == ("FAILED", created.physical_id)
        assert (rolled_back.status, rolled_back.physical_id) == ("SUCCESS", created.physical_id), rolled_back.reason
        assert world.settings(created.physical_id, pool_id=first["UserPoolId"]) == before
        assert all_clients(world) == [created.physical_id]


@examples(max_examples=16)
@given(data=st.data(), ours=st.sets(st.sampled_from(OURS)), each_unit_sticks=st.booleans())
def test_no_sequence_of_updates_loses_a_setting_that_no_template_names(
    data: st.DataObject, ours: set[str], *, each_unit_sticks: bool
) -> None:
    theirs = sorted(GROUPS.keys() - ours)
    their_names = frozenset[str]().union(*(NAMES[group] for group in theirs))
    with a_world(each_unit_sticks=each_unit_sticks) as world:
        template = {**CONFIDENTIAL, **data.draw(settings_of(sorted(ours)), "first template")}
        client_id = world.create(template).physical_id
        for _ in range(data.draw(st.integers(1, 4), "steps")):
            elsewhere = data.draw(settings_of(theirs), "elsewhere")
            with contextlib.suppress(ApiError):  # Cognito refuses people, too
                world.set_elsewhere(client_id, **typed(with_units(elsewhere)))
            before = effective(world.settings(client_id))

            changed = {**CONFIDENTIAL, **data.draw(settings_of(sorted(ours)), "template")}
            answer = world.update(client_id, changed, template)
            template = changed

            assert (answer.status, answer.physical_id) == ("SUCCESS", client_id), answer.reason
            after = effective(world.settings(client_id))
            assert {name: after[name] for name in their_names} == {name: before[name] for name in their_names}
            fresh = effective(world.settings(world.create(template).physical_id))
            assert {name: after[name] for name in after.keys() - their_names} == {
                name: fresh[name] for name in after.keys() - their_names
            }
