"""The journal's table, as template.yaml deploys it: the local AWS has the operations and the answers that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.aws import test_journal
from tests.fixtures.journals import Time
from tools.local_aws.ministack import PROVIDER
from user_pool_client.aws.sessions import ClientCache
from user_pool_client.deadline import Clock
from user_pool_client.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.local_aws.ministack import LocalAws
    from user_pool_client.aws.dynamodb import Journal

SEMANTICS = {name.removeprefix("test_"): test for name, test in vars(test_journal).items() if name.startswith("test_")}


@pytest.fixture(scope="session")
def table(aws: LocalAws) -> str:
    return aws.stack(PROVIDER).physical_id("Journal")


@pytest.fixture
def journal(aws: LocalAws, table: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """Give the journal over the stack's own table, with the rights of the function's role; afterwards it is empty."""
    role = aws.stack(PROVIDER).outputs()["RoleArn"]
    given = aws.sts.assume_role(RoleArn=role, RoleSessionName="journal")["Credentials"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", given["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", given["SessionToken"])
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    yield Time().journal(table=table, clients=ClientCache("us-east-1", Clock()))
    client = aws.client("dynamodb")
    for page in client.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            client.delete_item(TableName=table, Key={"pk": item["pk"]})


def test_the_table_is_as_the_template_says(aws: LocalAws, table: str) -> None:
    found = aws.client("dynamodb").describe_table(TableName=table)["Table"]
    assert found["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    functions = [function for function in aws.functions.list_functions()["Functions"] if "Environment" in function]
    named = [function["Environment"]["Variables"].get("JOURNAL_TABLE") for function in functions]
    assert table in named


def test_the_function_cannot_list_what_the_journal_knows(journal: Journal) -> None:
    with pytest.raises(Refused, match="AccessDenied"):
        list(journal.resources())


@pytest.mark.parametrize("behaviour", [name for name in SEMANTICS if not name.startswith("every_resource")])
def test_the_journal_behaves_there_as_over_the_fake(journal: Journal, behaviour: str) -> None:
    SEMANTICS[behaviour](journal)


def test_the_role_may_not_read_the_whole_table(journal: Journal, table: str) -> None:
    client: Any = journal.caller.clients.client("dynamodb", "us-east-1")
    with pytest.raises(ClientError, match="AccessDenied"):
        client.scan(TableName=table)
