from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.examples import CONSUMER, EXAMPLES, SERVER, WEB, Edit, Example
from tools.local_aws.ministack import ROOT, StackFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local_aws.ministack import LocalAws, Stack

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=str)


def observed(aws: LocalAws, pool_id: str, client_id: str) -> dict[str, Any]:
    return {**aws.cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]}


def client_ids(aws: LocalAws, pool_id: str) -> list[str]:
    found = aws.cognito.list_user_pool_clients(UserPoolId=pool_id, MaxResults=60)["UserPoolClients"]
    return [client["ClientId"] for client in found]


def created(stack: Stack, example: Example, *edits: Edit) -> tuple[str, str]:
    """Create the example's stack and return the ids of its pool and client."""
    stack.create(example.template(*edits))
    outputs = stack.outputs()
    return outputs["UserPoolId"], outputs["ClientId"]


def test_every_example_is_tested_here_or_among_those_of_existing_clients_of_secrets_or_of_other_tools() -> None:
    of_existing_clients = {
        "adopt.yaml",
        "contribute-urls.yaml",
        "look-up.yaml",
        "other-account.yaml",
        "service-client.yaml",
    }
    of_secrets = {"own-secret.yaml", "rotated-secret.yaml"}
    of_other_tools = {"cdk-python", "cdk-typescript", "sam", "stack-set.yaml"}
    tested = {example.file for example in EXAMPLES} | of_existing_clients | of_secrets | of_other_tools
    assert tested == {path.name for path in (ROOT / "examples").iterdir()}


@each_example
def test_creating_the_stack_makes_the_client_that_the_template_describes(
    aws: LocalAws, stack: Stack, example: Example
) -> None:
    pool, client = created(stack, example)

    shown = observed(aws, pool, client)
    assert shown == shown | example.settings
    assert ("ClientSecret" in shown) == example.has_secret
    assert client == stack.physical_id(example.logical_id)
    assert client_ids(aws, pool) == [client]


@each_example
def test_changing_the_stack_changes_the_client_in_place(aws: LocalAws, stack: Stack, example: Example) -> None:
    pool, client = created(stack, example)

    stack.update(example.template(example.change))

    shown = observed(aws, pool, client)
    assert shown == shown | example.settings | example.changed
    assert client_ids(aws, pool) == [client] == [stack.outputs()["ClientId"]]


@each_example
def test_a_change_that_cognito_refuses_is_rolled_back_and_says_why(
    aws: LocalAws, stack: Stack, example: Example
) -> None:
    pool, client = created(stack, example)
    before = observed(aws, pool, client)

    with pytest.raises(StackFailed, match="UPDATE_ROLLBACK_COMPLETE"):
        stack.update(example.template(example.breakage))

    (failed,) = [event for event in stack.events() if event.failed]
    assert failed.logical_id == example.logical_id
    assert example.reason in failed.reason
    assert "What to do:" in failed.reason
    unchanged = before.keys() - {"LastModifiedDate"}
    after = observed(aws, pool, client)
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}


@each_example
def test_a_change_that_needs_a_new_client_makes_it_and_deletes_the_old_one(
    aws: LocalAws, stack: Stack, example: Example
) -> None:
    pool, client = created(stack, example, *example.replaced)

    stack.update(example.template(*example.replacement))

    new = stack.outputs()["ClientId"]
    assert new != client
    assert new == stack.physical_id(example.logical_id)
    moved = "OtherPool" in example.template(*example.replacement)
    assert client_ids(aws, pool) == ([] if moved else [new])


@each_example
def test_a_client_deleted_elsewhere_is_made_anew_by_the_next_change(
    aws: LocalAws, stack: Stack, example: Example
) -> None:
    pool, client = created(stack, example)
    aws.cognito.delete_user_pool_client(UserPoolId=pool, ClientId=client)

    stack.update(example.template(example.change))

    new = stack.outputs()["ClientId"]
    assert client_ids(aws, pool) == [new]
    assert observed(aws, pool, new)["ClientName"]


def test_a_new_text_in_refresh_sets_right_what_was_changed_outside(aws: LocalAws, stack: Stack) -> None:
    pool, client = created(stack, WEB)
    before = observed(aws, pool, client)
    aws.cognito.update_user_pool_client(
        UserPoolId=pool, ClientId=client, PreventUserExistenceErrors="LEGACY", LogoutURLs=[]
    )

    stack.update(WEB.template(), {"Refresh": "2"})

    after = observed(aws, pool, client)
    unchanged = before.keys() - {"LastModifiedDate"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}


@each_example
def test_deleting_the_stack_deletes_the_client_and_keeps_the_pool(
    aws: LocalAws, stack: Stack, example: Example
) -> None:
    pool, _ = created(stack, example)

    stack.delete()

    assert client_ids(aws, pool) == []


def test_a_stack_whose_client_cannot_be_made_is_rolled_back_and_says_why(stack: Stack) -> None:
    with pytest.raises(StackFailed, match="ROLLBACK_COMPLETE") as failed:
        stack.create(CONSUMER.template(("ExplicitAuthFlows", "explicit_auth_flows"), ("ENABLED", "enabled")))

    assert "2 problems" in str(failed.value)
    assert "explicit_auth_flows: there is no such property. The nearest one is ExplicitAuthFlows." in str(failed.value)
    assert "PreventUserExistenceErrors" in str(failed.value)


def test_another_stack_imports_the_client_id_that_the_consumer_exports(
    aws: LocalAws, stack: Stack, new_stack: Callable[[], Stack]
) -> None:
    _, client = created(stack, CONSUMER)
    exports = aws.cloudformation.list_exports()["Exports"]
    (export,) = [export["Name"] for export in exports if export["Value"] == client]
    importer = new_stack()

    importer.create(
        "Resources: {Nothing: {Type: AWS::CloudFormation::WaitConditionHandle}}\n"
        f"Outputs: {{ClientId: {{Value: !ImportValue '{export}'}}}}\n"
    )

    assert importer.outputs() == {"ClientId": client}


def test_every_attribute_of_the_client_is_a_string_that_getatt_gives(stack: Stack) -> None:
    outputs = "\n".join(
        f"  {name.replace('.', '')}: {{Value: !GetAtt 'ServerClient.{name}'}}"
        for name in ("Id", "ClientName", "GenerateSecret", "CallbackURLs", "LogoutURLs", "TokenValidityUnits.IdToken")
    )

    stack.create(SERVER.template(("\nOutputs:\n", f"\nOutputs:\n{outputs}\n")))

    found = stack.outputs()
    assert found["Id"] == f"{found['UserPoolId']}/{found['ClientId']}"
    assert found["ClientName"] == "server"
    assert found["GenerateSecret"] == "true"
    assert found["CallbackURLs"] == "https://www.example.com/callback"
    assert found["LogoutURLs"] == ""
    assert found["TokenValidityUnitsIdToken"] == "hours"
