"""What docs/guides/rehearse.md shows of the command's output is what it prints."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.docs.test_pages import ROOT, code
from tools.rehearsal.__main__ import Rehearsal, RehearsalError, Version
from tools.rehearsal.forecast import Change, forecast, told
from user_pool_client.domain.app_client import AppClient

if TYPE_CHECKING:
    from tools.local_aws.ministack import LocalAws
    from tools.local_aws.terminal import Screen

STACK, CHANGE, NOT_KNOWN = (block.text for block in code("text") if block.document.name == "rehearse.md")
ROTATION = "AWS::SecretsManager::RotationSchedule"


def rehearsal(aws: Any = None) -> Rehearsal:
    screen: Screen = SimpleNamespace(masked=lambda text: text)  # type: ignore[assignment]
    local: LocalAws = aws
    return Rehearsal(local, screen)


def test_the_settings_of_a_client() -> None:
    first, *rows = [line.split(maxsplit=1) for line in STACK.splitlines() if line]
    assert first == ["WebClient:", "the app client 6LYIvOfBGj0WYyLRCn1HPUGXfL"]
    pool = dict(rows)["UserPoolId"]
    settings = {
        "ClientName": "web",
        "AccessTokenValidity": 15,
        "TokenValidityUnits": {"AccessToken": "minutes"},
        "CallbackURLs": ["https://app.example.com/in"],
    }
    assert dict(rows) == told(AppClient(pool, "client", settings))


def test_a_change(capsys: pytest.CaptureFixture[str]) -> None:
    pool, other = re.findall(r"us-east-1_\w+", CHANGE)
    units = {"AccessToken": "minutes"}
    web = {"UserPoolId": pool, "ClientName": "web", "AccessTokenValidity": 15, "PreventUserExistenceErrors": "ENABLED"}
    there = AppClient(pool, "web", {**web, "TokenValidityUnits": units}, has_secret=False)
    before = {**web, "TokenValidityUnits": units}
    after = {"UserPoolId": pool, "ClientName": "web", "AccessTokenValidity": 10, "TokenValidityUnits": units}
    server = {"UserPoolId": pool, "ClientName": "server"}
    moved = AppClient(pool, "5971qvsk4qobte1o4jjkvce72d", server, has_secret=False)
    shown = rehearsal()

    shown._show_forecast("WebClient", forecast(Change(before, after, {}, there, "derived")))
    shown._show_forecast(
        "ServerClient", forecast(Change(server, {**server, "UserPoolId": other}, {}, moved, "derived"))
    )

    printed = capsys.readouterr().out
    assert f"{printed.strip()}\n\n   Domain (AWS::Cognito::UserPoolDomain): new" == CHANGE.strip()
    assert """print(f"\\n   {name} ({kind}): {what}""" in (ROOT / "tools" / "rehearsal" / "__main__.py").read_text()


def test_what_the_local_aws_does_not_know() -> None:
    def refuse(**_: object) -> None:
        words = f"Unrecognized resource types: [{ROTATION}]"
        raise ClientError({"Error": {"Code": "ValidationError", "Message": words}}, "ValidateTemplate")

    aws = SimpleNamespace(cloudformation=SimpleNamespace(validate_template=refuse))
    version = Version.read(str(ROOT / "examples" / "rotated-secret.yaml"), {})

    with pytest.raises(RehearsalError) as raised:
        rehearsal(aws).check(version)

    assert NOT_KNOWN.strip() in str(raised.value)
