"""`make rehearse`: what it shows of a stack, of a change, and of what the local AWS does not know."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.canaries import OWN_SECRET, leaked
from tests.stack.examples import WEB, edited
from tests.stack.test_demo import left_behind
from tools.local_aws import ministack
from tools.local_aws.ministack import ROOT, LocalAws
from tools.rehearsal.__main__ import STACK, main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type Rehearse = Callable[..., tuple[int, str]]

ROTATED = ROOT / "examples" / "rotated-secret.yaml"

DOMAIN = """
  Domain:
    Type: AWS::Cognito::UserPoolDomain
    Properties: {UserPoolId: !Ref UserPool, Domain: told}
"""

POOL = """\
Resources:
  UserPool: {Type: AWS::Cognito::UserPool}
  OtherPool: {Type: AWS::Cognito::UserPool}
Outputs:
  UserPoolId: {Value: !Ref UserPool}
  OtherPoolId: {Value: !Ref OtherPool, Export: {Name: rehearsal-other-pool}}
"""

APP = """\
Parameters:
  UserPoolId: {Type: String}
  URLs: {Type: CommaDelimitedList}
  Password: {Type: String, NoEcho: true}
Conditions:
  Two: !Equals [!Join ['-', !Ref URLs], 'https://a-https://b']
Resources:
  Client:
    Type: Custom::UserPoolClient
    Properties:
      ServiceToken: !Sub arn:aws:lambda:us-east-1:${AWS::AccountId}:function:elsewhere
      UserPoolId: !Ref UserPoolId
      GenerateSecret: true
      CallbackURLs: !Ref URLs
      LogoutURLs: !If [Two, !Ref URLs, !Ref AWS::NoValue]
  Note:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !GetAtt Topic.TopicName}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: orders}
Outputs:
  Secret: {Value: !GetAtt Client.ClientSecret}
  Password: {Value: !Sub 'x-${Password}'}
"""


@pytest.fixture
def rehearse(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Rehearse]:
    """Run the command with the tests' local AWS, and its provider, in place of new ones; delete its stacks after it."""

    @contextmanager
    def running() -> Iterator[LocalAws]:
        yield aws

    monkeypatch.setattr(ministack, "running", running)
    monkeypatch.setattr(LocalAws, "build", lambda _: None)
    monkeypatch.setattr(LocalAws, "deploy_provider", lambda _: None)

    def run(*arguments: str | Path, parameters: str = "") -> tuple[int, str]:
        monkeypatch.setenv("PARAMETERS", parameters)
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, " ".join((captured.out + captured.err).split())

    yield run
    # The stack goes before the one whose exports it imports.
    for name in sorted(stack["StackName"] for stack in aws.cloudformation.describe_stacks()["Stacks"]):
        if name.startswith(STACK):
            aws.stack(name).delete()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def text(name: str, content: str) -> Path:
        path = tmp_path / name
        path.write_text(content)
        return path

    return text


def test_a_stack_is_deployed_and_its_client_shown_as_cognito_has_it(rehearse: Rehearse) -> None:
    status, said = rehearse(ROOT / "examples" / WEB.file, parameters="CallbackURL='https://a.example.com/x y'")

    assert status == 1
    assert "CallbackURLs[0]" in said
    assert "The events above say why." in said

    status, said = rehearse(ROOT / "examples" / WEB.file, parameters="CallbackURL=https://a.example.com/x")

    assert status == 0, said
    for text in (
        "CREATE_COMPLETE WebClient",
        "Issuer https://cognito-idp.us-east-1.amazonaws.com/",
        "CallbackURLs https://a.example.com/x",
        "AccessTokenValidity 15",
        "PreventUserExistenceErrors ENABLED",
        "All other settings are the defaults.",
        "What this cannot tell",
        "Done; nothing is left running, and AWS was not asked.",
    ):
        assert text in said


def test_a_change_is_told_before_it_is_deployed(rehearse: Rehearse, write: Callable[[str, str], Path]) -> None:
    new = edited(
        WEB.template(WEB.change),
        ("LogoutURLs: [!Ref LogoutURL]", "LogoutURLs: [!Ref LogoutURL, !Sub 'https://${Domain}.example.com/']"),
        ("\nOutputs:", f"{DOMAIN}\nOutputs:"),
    )

    status, said = rehearse(write("new.yaml", new), "--from", ROOT / "examples" / WEB.file)

    assert status == 0, said
    before, told = said.split("will change", 1)
    told, after = told.split("new.yaml is deployed", 1)
    assert "PreventUserExistenceErrors ENABLED" in before
    assert "WebClient: changed in place. " in told
    assert "PreventUserExistenceErrors ENABLED → LEGACY" in told
    assert "EnableTokenRevocation true → false" in told
    assert "LogoutURLs unknown until deployed: Domain, which is new" in told
    assert "Domain (AWS::Cognito::UserPoolDomain): new" in told
    assert "LogoutURLs https://app.example.com/, https://told.example.com/" in after
    assert "EnableTokenRevocation false" in after


def test_a_replacement_is_told_with_its_reason_and_no_secret_is_shown(
    rehearse: Rehearse, write: Callable[[str, str], Path], aws: LocalAws
) -> None:
    new = edited(
        APP,
        ("UserPoolId: !Ref UserPoolId", "UserPoolId: !ImportValue rehearsal-other-pool"),
        ("CallbackURLs: !Ref URLs", "CallbackURLs: [!Sub 'https://${Topic.TopicName}.example.com/']"),
        ("  Note:\n", "  Note2:\n"),
    )

    status, said = rehearse(
        *(write("new.yaml", new), "--from", write("old.yaml", APP), "--before", write("pool.yaml", POOL)),
        parameters="URLs=https://a,https://b Password='hush hush'",
    )

    assert status == 0, said
    told = said.split("will change", 1)[1].split("new.yaml is deployed", 1)[0]
    outputs = aws.stack(STACK).outputs()
    other = aws.stack(f"{STACK}-before").outputs()["OtherPoolId"]
    assert "Client: a new client, because UserPoolId changes; " in told
    assert f"→ {other}" in told
    assert "CallbackURLs https://a, https://b → https://orders.example.com/" in told
    assert "Note (AWS::SSM::Parameter): removed" in told
    assert "Note2 (AWS::SSM::Parameter): new" in told
    # The condition holds, though the local AWS cannot join; the service token is the local one.
    assert "LogoutURLs https://a, https://b" in said
    assert "Password x-********" in said
    assert "Secret ******** (attribute ClientSecret)" in said
    assert outputs["Secret"] not in said
    assert "hush" not in said


def test_what_the_local_aws_does_not_know_is_named_and_left_out_if_asked(
    rehearse: Rehearse, write: Callable[[str, str], Path]
) -> None:
    template = write(
        "new.yaml", edited(ROTATED.read_text(), ("ClientName: web", "SSOSession: {MaxValidityMinutes: 9}"))
    )
    status, said = rehearse(template)

    assert status == 1
    assert "CREATE" not in said
    assert "Rotation AWS::SecretsManager::RotationSchedule" in said
    assert "WebClient.SSOSession a setting" in said
    assert "LEAVE_OUT=yes" in said

    status, said = rehearse(template, "--leave-out")

    assert status == 0, said
    assert "Left out of" in said
    assert "CREATE_COMPLETE WebClient" in said
    assert "CREATE_COMPLETE Rotation" not in said
    assert "Secret in Secrets Manager (SecretId)" in said
    assert "What was left out was not rehearsed." in said


def test_what_only_aws_can_do_is_told_and_not_tried(rehearse: Rehearse, write: Callable[[str, str], Path]) -> None:
    new = write("new.yaml", WEB.template(("ClientName: web", "GenerateSecret: true")))

    status, said = rehearse(new, "--from", ROOT / "examples" / WEB.file)

    assert status == 0, said
    assert "because the template wants a client secret and the client has none" in said
    assert "It is not deployed: the function would ask Cognito for the client's secrets first" in said
    assert "UPDATE_" not in said


@pytest.mark.parametrize(
    ("template", "parameters", "words"),
    [
        ("no/such.yaml", "", "no/such.yaml"),
        ("", "", "TEMPLATE"),
        (WEB.file, "CallbackURL", "CallbackURL is no such pair"),
        (WEB.file, "Colour=red", "No parameter Colour in"),
        (WEB.file, "Name='x", "PARAMETERS cannot be read"),
    ],
)
def test_a_mistake_of_the_command_line_is_told_before_anything_starts(
    template: str, parameters: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT / "examples")
    monkeypatch.setenv("PARAMETERS", parameters)

    assert main([template]) == 1
    assert words in capsys.readouterr().err


def test_whoever_reads_the_process_list_sees_no_parameter(tmp_path: Path) -> None:
    template = ROOT / "examples" / WEB.file
    given = dict.fromkeys(("PARAMETERS", "FROM_PARAMETERS"), f"CallbackURL=https://a.example.com/{OWN_SECRET}")

    with interrupted(tmp_path, template, "--from", template, **given) as (process, said):
        late = time.monotonic() + 20
        shown: dict[int, tuple[str, str]] = {}
        while not any("sam\0build" in arguments for arguments, _ in shown.values()) and time.monotonic() < late:
            shown = {pid: (read(pid, "cmdline"), read(pid, "environ")) for pid in descendants(process.pid)}

    assert any("sam\0build" in arguments for arguments, _ in shown.values()), said
    assert not [pid for pid, (arguments, _) in shown.items() if leaked(arguments)]
    # Its own environment is what it was started with, which only its user can read; no program that it starts has it.
    assert [pid for pid, (_, environment) in shown.items() if leaked(environment)] == [process.pid]
    assert "$$PARAMETERS" not in (ROOT / "Makefile").read_text()


def read(pid: int, name: str) -> str:
    """Read what the process list has of a process; nothing if it has just ended."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""


def descendants(pid: int) -> list[int]:
    children = [int(child) for child in read(pid, f"task/{pid}/children").split()]
    return [pid, *(one for child in children for one in descendants(child))]


def test_a_rehearsal_that_is_ended_early_leaves_nothing_behind(tmp_path: Path) -> None:
    with interrupted(tmp_path, ROOT / "examples" / WEB.file) as (process, said):
        pass

    assert process.returncode == 130, said
    assert "Interrupted; nothing is left running." in "".join(said)
    assert left_behind(tmp_path) == []


@contextmanager
def interrupted(
    directory: Path, *arguments: str | Path, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Start the command; hand it over when it builds the function, with all that it says, and end it then."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "tools.rehearsal", *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(directory), "PYTHONUNBUFFERED": "1", "PYTHONPATH": "src", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    while "Building" not in "".join(said) and (letter := process.stdout.read(1)):
        said.append(letter)
    try:
        yield process, said
    finally:
        process.send_signal(signal.SIGTERM)
        said.append(process.communicate()[0])
