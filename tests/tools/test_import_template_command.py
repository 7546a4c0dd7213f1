"""`make import-template POOL=...`: pools of any size, what it cannot read or write, and its arguments."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, override
from unittest import mock

import pytest

from tests.fakes.cognito import ApiError
from tests.fixtures.world import DESCRIBE, POOL, World, a_world
from tests.tools.pool_templates import GET_SESSION, LIST, Written, deployed, refused, resources, run
from tools.generate.reference import ROOT
from tools.importing.__main__ import main
from tools.importing.pool_template import MOST_BYTES, MOST_RESOURCES, SECONDS_APART, templates

if TYPE_CHECKING:
    from pathlib import Path

type Json = dict[str, Any]

THROTTLED = ApiError("TooManyRequestsException", "Rate exceeded")


def test_a_large_pool_is_read_within_the_quota_into_templates_that_change_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    paths = [tmp_path / "clients-1.yaml", tmp_path / "clients-2.yaml"]
    with a_world(quota=5) as world:
        ids = world.fake.populate(POOL, 1000)
        assert run(world, "--pool", POOL, "--output", str(tmp_path / "clients.yaml")) == 0

        called = world.calls()
        assert [called.count(name) for name in (LIST, DESCRIBE, GET_SESSION)] == [17, 1000, 1000]
        assert 1000 * SECONDS_APART <= world.clock.now <= 1000 * SECONDS_APART + 10
        texts = [path.read_text(encoding="utf-8") for path in paths]
        for text in texts:
            deployed(world, text, only=5)
    out, err = capsys.readouterr()
    assert out == ""
    *progress, first, second, s3 = err.splitlines()
    assert [first, second] == [str(path) for path in paths]
    assert s3 == "CloudFormation takes more than 51,200 bytes only from S3: deploy with --s3-bucket."
    assert 20 <= len(progress) <= 30
    assert all(re.fullmatch(r"Read [\d,]+ of 1,000 app clients, about \d+ s left", line) for line in progress)
    assert progress[-1].startswith("Read 9")
    parts = [resources(text) for text in texts]
    assert [len(part) for part in parts] == [500, 500]
    assert [properties["ImportId"] for part in parts for properties in part.values()] == [
        f"{POOL}/{one}" for one in ids
    ]
    assert all(f"({number} of 2)" in text for number, text in enumerate(texts, start=1))


def test_more_than_a_stack_holds_is_refused_without_a_file_and_before_it_is_read(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.fake.populate(POOL, MOST_RESOURCES + 1)
    why = refused(world, capsys, "--pool", POOL)

    assert "has 501 app clients, and a stack holds at most 500 resources" in why
    assert set(world.calls()) == {LIST}


def test_no_template_is_larger_than_cloudformation_takes() -> None:
    resource = f"  Web:\n    Type: {'x' * 9000}\n"
    texts = templates([resource] * 300, "App clients")

    assert len(texts) == 3
    assert all(len(text.encode()) <= MOST_BYTES for text in texts)
    assert sum(text.count("  Web:\n") for text in texts) == 300


def test_clients_that_are_too_much_for_one_template_need_a_file(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    urls = [f"https://{number}.example/{'x' * 1000}" for number in range(100)]
    world.fake.populate(POOL, 11, CallbackURLs=urls)

    why = refused(world, capsys, "--pool", POOL)
    assert why.startswith("It takes 2 templates to stay within CloudFormation's 1,048,576 bytes for each: ")
    assert run(world, "--pool", POOL, "--output", str(tmp_path / "clients.yaml")) == 0
    paths = sorted(tmp_path.iterdir())
    assert [len(resources(path.read_text(encoding="utf-8"))) for path in paths] == [10, 1]
    assert all(path.stat().st_size <= MOST_BYTES for path in paths)


def test_clients_that_are_all_deleted_meanwhile_make_no_template(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    client_id = world.existing()

    def delete(operation: str, _params: Json) -> None:
        if operation == DESCRIBE:
            world.delete_elsewhere(client_id)

    world.fake.on_call = delete
    assert run(world, "--pool", POOL) == 1
    assert capsys.readouterr() == (
        "",
        f"Deleted meanwhile, and so left out: 1 of the app clients.\nUser pool {POOL} has no app clients any more.\n",
    )


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    @override
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_is_written_over_and_then_gone(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.fake.populate(POOL, 3)
    world.fail(DESCRIBE, THROTTLED)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    assert run(world, "--pool", POOL) == 0
    assert len(resources(capsys.readouterr().out)) == 3
    assert terminal.getvalue().split("\r\x1b[K") == [
        "",
        "Read 0 of 3 app clients, about 1 s left",
        "Read 0 of 3 app clients, about 1 s left (waiting: DescribeUserPoolClient, TooManyRequestsException)",
        "Read 1 of 3 app clients, about 0 s left",
        "Read 2 of 3 app clients, about 0 s left",
        "",
    ]


def test_a_small_pool_is_read_without_a_word(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.existing()

    assert run(world, "--pool", POOL) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("operation", [LIST, DESCRIBE, GET_SESSION])
@pytest.mark.parametrize("times", [1, 20])
def test_a_throttle_is_waited_out_and_nothing_is_read_twice(
    world: World, written: Written, operation: str, times: int
) -> None:
    world.fake.populate(POOL, 61)
    heard: list[tuple[str, Json]] = []
    world.fake.on_call = lambda operation, params: heard.append((operation, params))
    world.fail(operation, THROTTLED, times=times)

    assert len(resources(written())) == 61
    described = [params["ClientId"] for name, params in heard if name == operation and name != LIST]
    assert len(described) - len(set(described)) == (0 if operation == LIST else times)


def test_a_throttle_without_end_is_given_up_and_says_so(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.existing()
    with world.failing(DESCRIBE, THROTTLED):
        why = refused(world, capsys, "--pool", POOL)

    assert why == "Cognito refused DescribeUserPoolClient with TooManyRequestsException: Rate exceeded."
    assert 250 < world.clock.now < 310


def test_a_client_that_is_deleted_meanwhile_is_left_out_and_told(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = world.fake.populate(POOL, 3)

    def delete(operation: str, params: Json) -> None:
        if operation == DESCRIBE and params["ClientId"] == first:
            world.delete_elsewhere(second)
        if operation == GET_SESSION and params["ClientId"] == third:
            world.delete_elsewhere(third)

    world.fake.on_call = delete
    assert run(world, "--pool", POOL) == 0
    out, err = capsys.readouterr()
    assert list(resources(out)) == ["Client0000"]
    assert err == "Deleted meanwhile, and so left out: 2 of the app clients.\n"


@pytest.mark.parametrize(
    ("operation", "error", "why"),
    [
        pytest.param(
            LIST,
            ApiError("AccessDeniedException", "User: me is not authorized to perform: cognito-idp:ListUserPoolClients"),
            "Cognito refused ListUserPoolClients with AccessDeniedException: User: me is not authorized to perform: "
            "cognito-idp:ListUserPoolClients.",
            id="may-not-list",
        ),
        pytest.param(
            DESCRIBE,
            ApiError("AccessDeniedException", "User: me is not authorized"),
            "Cognito refused DescribeUserPoolClient with AccessDeniedException: User: me is not authorized.",
            id="may-not-describe",
        ),
        pytest.param(
            LIST,
            ApiError("ExpiredTokenException", "The security token included in the request is expired"),
            "Cognito refused ListUserPoolClients with ExpiredTokenException: "
            "The security token included in the request is expired.",
            id="expired",
        ),
        pytest.param(LIST, "dns", "Cognito did not answer ListUserPoolClients: EndpointConnectionError.", id="offline"),
    ],
)
def test_what_may_not_be_read_is_refused_in_one_line(
    world: World, capsys: pytest.CaptureFixture[str], operation: str, error: Any, why: str
) -> None:
    world.existing()

    with world.failing(operation, error):
        assert refused(world, capsys, "--pool", POOL) == why


@pytest.mark.parametrize(
    ("pool_id", "why"),
    [
        pytest.param(
            "us-east-1_Unknown12",
            "Cognito refused ListUserPoolClients with ResourceNotFoundException: "
            "User pool us-east-1_Unknown12 does not exist.",
            id="no-such-pool",
        ),
        pytest.param(
            "shop",
            '--pool: "shop" is not allowed. It must be a string of 1 to 55 characters: '
            "a user pool id like eu-west-1_AbCdEfGhI.",
            id="no-pool-id",
        ),
        pytest.param("", '--pool: "" is not allowed.', id="empty"),
        pytest.param(
            "mars-north-1_Abc123xyz",
            'UserPoolId "mars-north-1_Abc123xyz" names the Region "mars-north-1", '
            "which does not exist or has no Cognito user pools.",
            id="no-such-region",
        ),
    ],
)
def test_a_pool_that_is_none_is_refused_in_one_line(
    world: World, capsys: pytest.CaptureFixture[str], pool_id: str, why: str
) -> None:
    assert refused(world, capsys, "--pool", pool_id).startswith(why)


def test_without_credentials_that_is_said(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    why = refused(world, capsys, "--pool", POOL)
    assert why == "There are no AWS credentials: sign in, set AWS_PROFILE, or give --profile."
    assert world.calls() == []


def test_a_profile_goes_before_credentials_in_the_environment(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    world.existing()
    credentials = tmp_path / "credentials"
    credentials.write_text("[audit]\naws_access_key_id = AKIDAUDIT\naws_secret_access_key = audit\n")
    with mock.patch.dict(os.environ, AWS_SHARED_CREDENTIALS_FILE=str(credentials)):
        assert run(world, "--pool", POOL, "--profile", "audit") == 0
        assert "AWS_ACCESS_KEY_ID" not in os.environ
    assert "Web:" in capsys.readouterr().out

    with mock.patch.dict(os.environ):
        why = refused(world, capsys, "--pool", POOL, "--profile", "nobody")
    assert why == "The config profile (nobody) could not be found"


@pytest.mark.parametrize("output", ["", "missing/clients.yaml"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_read(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path, output: str
) -> None:
    path = tmp_path / output

    assert "cannot be written" in refused(world, capsys, "--pool", POOL, "--output", str(path))
    assert world.calls() == []


def test_the_file_is_the_template_and_stdout_is_empty(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    world.existing(CallbackURLs=["https://münchen.example/"])
    path = tmp_path / "clients.yaml"

    assert run(world, "--pool", POOL, "--output", str(path)) == 0
    assert capsys.readouterr() == ("", f"{path}\n")
    assert "- https://münchen.example/\n" in path.read_text(encoding="utf-8")


def test_an_interrupt_ends_it_without_a_traceback(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.fake.populate(POOL, 3)

    def interrupt(operation: str, _params: Json) -> None:
        if operation == DESCRIBE:
            raise KeyboardInterrupt

    world.fake.on_call = interrupt
    assert run(world, "--pool", POOL) == 130
    assert capsys.readouterr() == ("", "\nInterrupted.\n")


def test_the_command_is_run_as_a_module_and_explains_itself() -> None:
    def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "tools.importing", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": "src"},
            capture_output=True,
            text=True,
            check=False,
        )

    told, wrong = run_module("--help"), run_module("--pool", "shop")

    assert told.returncode == 0
    assert told.stdout.startswith("usage: python -m tools.importing ")
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_the_template_is_utf_8_in_every_locale(world: World, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    world.existing(CallbackURLs=["https://münchen.example/"])
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, write_through=True))

    assert run(world, "--pool", POOL) == 0
    assert "- https://münchen.example/\n" in raw.getvalue().decode()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="nothing"),
        pytest.param(["--pool", POOL, "--from-native", "shop"], id="both"),
        pytest.param(["--pool", POOL, "--output-dir", "steps"], id="a-folder-for-a-pool"),
        pytest.param(["--pool", POOL, "--region", "us-east-1"], id="a-region-for-a-pool"),
        pytest.param(["--from-native", "shop", "--prefix", "web"], id="a-prefix-for-a-stack"),
        pytest.param(["--from-native", "shop", "--output", "steps.yaml"], id="a-file-for-a-stack"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: ")
