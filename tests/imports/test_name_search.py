"""Clients are found by their names, and no regular expression can do more than fail."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from user_pool_client.domain.app_client import ClientSummary
from user_pool_client.domain.errors import Refused
from user_pool_client.operations.name_search import format_clients, with_pattern, with_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

WEB, WEB_2, REPORT = ClientSummary("id1", "web"), ClientSummary("id2", "web 2"), ClientSummary("id3", "Report.2027")
ALL = (WEB, WEB_2, REPORT)


@pytest.mark.parametrize(
    ("prefix", "found"),
    [("web", [WEB, WEB_2]), ("web ", [WEB_2]), ("Web", []), ("eb", []), (".*", []), ("", list(ALL))],
)
def test_a_prefix_is_the_beginning_of_a_name(prefix: str, found: list[ClientSummary]) -> None:
    assert with_prefix(ALL, prefix) == found


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("web", [WEB]),
        ("web.*", [WEB, WEB_2]),
        ("(?i)WEB", [WEB]),
        (r"\w+\.\d+", [REPORT]),
        ("we|Report.2027", [REPORT]),
        ("e", []),
        ("", []),
        ("[", None),
    ],
)
def test_a_pattern_is_of_the_whole_name(pattern: str, found: list[ClientSummary] | None) -> None:
    if found is None:
        with pytest.raises(Refused):
            with_pattern(ALL, pattern)
    else:
        assert with_pattern(ALL, pattern) == found


def test_of_no_clients_none_is_found() -> None:
    assert with_pattern([], "web") == []
    assert with_prefix([], "web") == []


def test_clients_of_one_name_are_all_found() -> None:
    twins = [ClientSummary("id1", "web"), ClientSummary("id2", "web"), ClientSummary("id1", "web")]

    assert with_pattern(twins, "web") == twins


@pytest.mark.parametrize(
    "odd",
    [
        "'; import os; os._exit(3) #",
        '"]]',
        "\\",
        "\n",
        "\t web \r\n",
        "\u00e9\u4e2d\U0001f600",
        "\ud800",
        "",
        "\0",
        "%s {0} $(id)",
    ],
    ids=ascii,
)
def test_names_and_patterns_are_data_whatever_is_in_them(odd: str) -> None:
    client = ClientSummary("id1", odd)

    assert with_pattern([WEB, client], re.escape(odd)) == [client]


def test_ten_thousand_names_are_matched() -> None:
    clients = [ClientSummary(f"id{number}", f"client-{number:05d}" + "x" * 110) for number in range(10_000)]

    assert with_pattern(clients, r"client-0999\dx+") == clients[9990:]


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)+c", "(.*)*(.*)*(.*)*x"])
def test_a_hopeless_pattern_is_given_up_and_its_process_ended(monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    monkeypatch.setattr("user_pool_client.operations.name_search._LONGEST_MATCH", 0.5)
    started: list[subprocess.Popen[Any]] = []

    class Seen(subprocess.Popen[Any]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)

    began = time.monotonic()
    with mock.patch.object(subprocess, "Popen", Seen), pytest.raises(Refused) as caught:
        with_pattern([WEB, ClientSummary("id9", "a" * 100)], pattern)

    assert time.monotonic() - began < 10
    assert [process.returncode for process in started] == [-9]
    assert caught.value.why == f'ImportNamePattern "{pattern}" could not be matched with the names of 2 clients.'
    assert "simpler regular expression" in caught.value.remedy
    # What was sent to the process is in no chain.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("executable", ["/nowhere/python", "/", "/bin/false"])
def test_a_process_that_cannot_work_is_a_failure_like_any_other(
    monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)

    with pytest.raises(Refused, match="could not be matched"):
        with_pattern(ALL, "web")


def test_the_process_knows_nothing_of_the_functions_own_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a layer puts on the path, or PYTHON variables say, the standard library is used."""
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("PYTHONHOME", "/nowhere")

    assert with_pattern(ALL, "web") == [WEB]


@pytest.mark.parametrize(
    ("clients", "text"),
    [
        ([], ""),
        ([WEB], "web (id1)"),
        ([WEB, REPORT], "web (id1), Report.2027 (id3)"),
    ],
)
def test_few_are_listed_in_full(clients: Sequence[ClientSummary], text: str) -> None:
    assert format_clients(clients) == text


@pytest.mark.parametrize(("count", "rest"), [(10, ""), (11, " and 1 more"), (1000, " and 990 more")])
def test_of_many_the_first_ones_are_listed_and_the_others_counted(count: int, rest: str) -> None:
    text = format_clients([ClientSummary(f"id{number}", "web") for number in range(count)])

    assert text.count("web (") == 10
    assert text == ", ".join(f"web (id{number})" for number in range(10)) + rest
