"""The guard of all tests notices a secret in a log or in print, however it gets there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
LEAKS = """
import logging
import sys
import threading

import pytest
from aws_lambda_powertools import Logger

from tests.canaries import CLIENT_SECRET, OWN_SECRET, SIGNATURE, watch


def test_clean(): logging.getLogger("botocore").debug("nothing"); print("nothing")
def test_watched_before_only(): watch("something else")
def test_not_watched_any_more(): print("something else")
def leak_in_a_message(): logging.getLogger("botocore.parsers").debug("body %s", CLIENT_SECRET)
def leak_in_a_library_that_was_hushed():
    logging.getLogger("urllib3.connectionpool").setLevel(logging.DEBUG)
    logging.getLogger("urllib3.connectionpool").debug("PUT /?X-Amz-Signature=%s", SIGNATURE)
def leak_in_an_extra_field(): Logger(service="x").info("hear", extra={"parameters": {"ClientSecret": OWN_SECRET}})
def leak_in_the_context():
    with Logger(service="x").append_context_keys(url=SIGNATURE): Logger(service="x").debug("hear")
def leak_in_an_exception():
    try: raise ValueError(OWN_SECRET)
    except ValueError: logging.getLogger().exception("failed")
def leak_in_another_thread():
    thread = threading.Thread(target=lambda: logging.getLogger("x").info(OWN_SECRET)); thread.start(); thread.join()
def leak_in_print(): print(CLIENT_SECRET)
def leak_in_print_that_a_test_reads(capsys): print(CLIENT_SECRET); assert CLIENT_SECRET in capsys.readouterr().out
def leak_on_the_error_stream(capfd): sys.stderr.write(SIGNATURE)
def leak_of_a_watched_secret(): print("made up by a fake"); watch("made up by a fake")
"""


def test_the_guard_notices_every_kind_of_leak(tmp_path: Path) -> None:
    there = tmp_path / "tests"
    there.mkdir()
    for name in ("conftest.py", "canaries.py"):
        shutil.copy(TESTS / name, there / name)
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\npythonpath = . {TESTS.parent / 'src'}\naddopts = --import-mode=importlib -p no:cacheprovider\n"
    )
    (there / "test_leaks.py").write_text(LEAKS.replace("def leak", "def test_leak"))

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    failed = set(re.findall(r"^FAILED tests/test_leaks.py::test_(\w+)", ran.stdout, re.MULTILINE))
    assert failed == set(re.findall(r"^def (leak\w+)", LEAKS, re.MULTILINE)), ran.stdout
    assert "3 passed" in ran.stdout
