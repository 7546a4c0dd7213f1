"""Every block of code and every command that the documents show is run by a test, or checked by what knows it."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import jmespath  # type: ignore[import-untyped]
import pytest
import yaml
from botocore import xform_name

from tests.docs.test_pages import ROOT, TOKENS, Code, code, targets
from tools.generate.reference import CloudFormationLoader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botocore.model import ServiceModel

# What becomes of the blocks of each language. A language that is not here fails a test.
PROVEN = {
    "yaml": "test_pages.py: cfn-lint, and the properties of our resources",
    "yml": "test_lint_rules.py: cfn-lint reads it",
    "sh": "here",
    "text": "see TEXTS",
    "json": "here",
    "python": "here",
}
# Whose blocks of text are compared with what is really said.
TEXTS = {
    "failures.md": "tests/docs/test_statements.py",
    "operate.md": "tests/docs/test_operate.py",
    "rehearse.md": "tests/docs/test_rehearse_guide.py",
    "stuck-stacks.md": "tests/docs/test_stuck_stacks.py",
}

# Programs that are not ours, and what their blocks need no further look for.
OTHERS = {
    "cd": "the folder exists",
    "cdk": "tests/stack/test_other_tools.py synthesizes the apps",
    "cfn-lint": "test_lint_rules.py runs it",
    "curl": "run below",
    "git": "git's own",
    "jq": "run below",
    "npm": "make runs it",
    "pip": "the packages are pinned in requirements",
    "pulumi": "Pulumi's own",
    "rm": "run below",
    "terraform": "Terraform's own",
    "umask": "the shell's own",
}
KEYWORDS = {"for", "do", "done"}
ASSIGNMENT = re.compile(r"\w+=")

# The AWS CLI's own commands, which are in no service model: the AWS CLI's reference.
CUSTOM = {
    ("cloudformation", "deploy"): {
        "--template-file",
        "--stack-name",
        "--s3-bucket",
        "--parameter-overrides",
        "--capabilities",
        "--no-execute-changeset",
    },
    ("cloudformation", "package"): {"--template-file", "--s3-bucket", "--s3-prefix", "--output-template-file"},
    ("logs", "tail"): {"--since", "--follow", "--filter-pattern", "--format"},
}
GLOBAL = {"--cli-binary-format", "--output", "--profile", "--query", "--region"}


def words(text: str) -> list[list[str]]:
    """Return the commands of a shell's text, each as its words; those within $(…) come after the one that has them."""
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars=";&|<>\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    commands: list[list[str]] = [[]]
    redirected = False
    for word in lexer:
        if set(word) <= set(";&|<>\n"):
            redirected = "<" in word or ">" in word
            if not redirected:
                commands.append([])
        elif redirected:
            redirected = False
        else:
            commands[-1].append(word)
    found = []
    for command in filter(None, commands):
        while command and (command[0] in KEYWORDS - {"for"} or ASSIGNMENT.match(command[0])):
            del command[0]
        if command and command[0] != "for":
            found.append(command)
        for word in command:
            found += [inner for part in re.findall(r"\$\(([^)]*)\)", word) for inner in words(part)]
    return found


def inline() -> list[tuple[Code, list[str]]]:
    """Return the commands within lines: code of more than one word that begins with a program."""
    known = {"aws", "sam", "make", *OTHERS}
    pieces = [piece for piece in code("") if piece.text.partition(" ")[0] in known and " " in piece.text]
    return [(piece, command) for piece in pieces for command in words(re.sub(r"<[^>]+>|…", "X", piece.text))]


def blocks() -> list[tuple[Code, list[str]]]:
    return [(block, command) for block in code("sh") for command in words(block.text)]


def commands(*programs: str) -> list[Any]:
    """Return test cases: the commands of these programs, in blocks and within lines."""
    return [
        pytest.param(block, command, id=f"{block.document.name}: {' '.join(command)[:60]}")
        for block, command in [*blocks(), *inline()]
        if command[0] in programs
    ]


def options(command: Sequence[str]) -> list[str]:
    return [word.partition("=")[0] for word in command if word.startswith("--") and word != "--"]


def value_of(option: str, command: Sequence[str]) -> str | None:
    return command[command.index(option) + 1] if option in command else None


def overrides(command: Sequence[str]) -> set[str]:
    """Return the names of the parameters that a command sets."""
    if "--parameter-overrides" not in command:
        return set()
    after = command[command.index("--parameter-overrides") + 1 :]
    return {word.partition("=")[0] for word in after if re.match(r"\w+=", word)}


def parameters(template: Path, *, required: bool = False) -> set[str]:
    found = yaml.load(template.read_text(), Loader=CloudFormationLoader)  # noqa: S506 - a SafeLoader
    return {name for name, one in found["Parameters"].items() if not (required and "Default" in one)}


# Languages


def test_every_block_of_code_is_in_a_language_that_is_checked() -> None:
    found = {token.info for tokens in TOKENS.values() for token in tokens if token.type == "fence"}
    assert found <= PROVEN.keys()
    assert not [token for tokens in TOKENS.values() for token in tokens if token.type == "code_block"]


def test_texts_are_only_where_a_test_compares_them() -> None:
    assert {block.document.name for block in code("text")} == TEXTS.keys()
    assert all((ROOT / proof).exists() for proof in TEXTS.values())


def test_json_and_python_can_be_read() -> None:
    for block in code("json"):
        json.loads(block.text)
    for block in code("python"):
        compile(block.text, block.id, "exec")


@pytest.mark.parametrize("block", code("yml"), ids=lambda block: block.id)
def test_a_file_for_editors_is_in_the_guide_whose_tests_read_it(block: Code) -> None:
    assert block.document.name == "lint-before-deployment.md"
    assert yaml.safe_load(block.text)


# Shell


@pytest.mark.parametrize("block", code("sh"), ids=lambda block: block.id)
def test_a_shell_can_read_it(block: Code) -> None:
    done = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True, check=False)  # noqa: S607
    assert (done.returncode, done.stderr) == (0, "")


def test_only_programs_are_called_whose_arguments_are_checked() -> None:
    called = {command[0] for _, command in blocks()}
    assert {"aws", "make", "sam", ".venv/bin/python"} <= called <= {"aws", "make", "sam", ".venv/bin/python", *OTHERS}


@pytest.mark.parametrize(("block", "command"), commands("make"))
def test_make_knows_the_target_and_the_variables(block: Code, command: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    target, *others = command[1:]
    assert target in targets(), block.id
    for word in others:
        name = word.partition("=")[0]
        assert re.search(rf"^{name} \?=|\$\${name}\b", makefile, re.MULTILINE), word


@pytest.mark.parametrize(("block", "command"), commands("aws"))
def test_the_aws_cli_knows_the_command(block: Code, command: list[str]) -> None:
    service, operation = command[1:3]
    given = set(options(command))
    if (expression := value_of("--query", command)) is not None:
        jmespath.compile(expression)
    if (service, operation) in CUSTOM:
        assert given <= CUSTOM[service, operation] | GLOBAL, block.id
        if (path := value_of("--template-file", command)) is not None and path.startswith("examples/"):
            assert parameters(ROOT / path, required=True) <= overrides(command) <= parameters(ROOT / path)
        return
    model = service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in names, block.id
    shape = model.operation_model(names[operation]).input_shape
    assert shape is not None
    members = {f"--{xform_name(name, '-')}" for name in shape.members}
    members |= {f"--no-{option.removeprefix('--')}" for option in members}
    assert given <= members | GLOBAL, block.id
    if given or block.language == "sh":
        assert {f"--{xform_name(name, '-')}" for name in shape.required_members} <= given, block.id
    if service == "lambda" and operation == "invoke":
        assert command[-1] == "/dev/null"


@functools.cache
def service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@pytest.mark.parametrize(("block", "command"), commands("sam"))
def test_sam_knows_the_command(block: Code, command: list[str]) -> None:
    subcommand, *others = command[1:]
    if subcommand == "local":
        return  # what is only spoken of
    if given := set(options(others)):
        assert given <= sams_options(subcommand), block.id
    else:
        assert subcommand in {"build", "deploy", "package", "publish"}
    if "examples/sam" not in block.text:
        assert overrides(command) <= parameters(ROOT / "template.yaml")


@functools.cache
def sams_options(subcommand: str) -> set[str]:
    done = subprocess.run(  # noqa: S603 - our own words
        [ROOT / ".venv-sam" / "bin" / "sam", subcommand, "--help"], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"--[a-z][a-z0-9-]*[a-z0-9]", done.stdout))


@pytest.mark.parametrize(("block", "command"), commands(".venv/bin/python"))
def test_our_own_commands_take_these_arguments(block: Code, command: list[str]) -> None:
    assert command[1] == "-m"
    module, *arguments = command[2:]
    if module == "pytest":
        assert all((ROOT / path).exists() for path in arguments if "/" in path), block.id
        return
    assert f"PYTHONPATH=src {' '.join(command[:3])}" in block.text
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(options(arguments)) <= set(re.findall(r"--[a-z-]+[a-z]", done.stdout)), block.id


@pytest.mark.parametrize(("block", "command"), commands("cd", "pip"))
def test_folders_and_packages_are_there(block: Code, command: list[str]) -> None:
    if command[0] == "cd":
        assert (ROOT / command[1]).is_dir(), block.id
        return
    pinned = (ROOT / "requirements" / "dev.txt").read_text() + (ROOT / "src" / "requirements.txt").read_text()
    assert command[1] == "install"
    if "-r" not in command:
        assert all(f"\n{package}==" in pinned for package in command[2:]), block.id


# The commands that free a stack: run as they stand, with the AWS CLI and curl in the place of which others listen


DROPPED = {
    "requestContext": {"condition": "EventAgeExceeded"},
    "requestPayload": {
        "RequestType": "Create",
        "ResponseURL": "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x",
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/8a5f",
        "RequestId": "5b2a",
        "LogicalResourceId": "WebClient",
    },
}


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not there")
def test_a_stack_is_freed_by_the_commands_of_the_guide(tmp_path: Path) -> None:
    receive, again, by_hand = (block.text for block in code("sh") if "dropped.json" in block.text)
    (tmp_path / "message").write_text(json.dumps(DROPPED))
    for name, script in {"aws": '[ "$1" = lambda ] || cat message', "curl": 'printf "%s\\n" "$@" > called'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    def run(script: str) -> str:
        path = f"{tmp_path}:/usr/local/bin:/usr/bin:/bin:{Path(str(shutil.which('jq'))).parent}"
        done = subprocess.run(  # noqa: S603 - the guide's
            ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607
            cwd=tmp_path,
            env={"PATH": path, "QUEUE_URL": "q", "FUNCTION_ARN": "f"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    payload = DROPPED["requestPayload"]
    assert isinstance(payload, dict)
    assert json.loads(run(receive).splitlines()[0]) == "EventAgeExceeded"
    assert (tmp_path / "dropped.json").stat().st_mode & 0o077 == 0
    run(again)
    assert json.loads((tmp_path / "request.json").read_text()) == payload
    run(by_hand)
    assert json.loads((tmp_path / "answer.json").read_text()) == {
        "Status": "FAILED",
        "Reason": "Answered by hand.",
        "PhysicalResourceId": "create-unknown:no-app-client",
        **{name: payload[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    assert payload["ResponseURL"] in (tmp_path / "called").read_text().splitlines()
