"""What an operator sees, and what nobody sees."""

from __future__ import annotations

import http.client
import json
import logging

import pytest

from tests.canaries import CLIENT_SECRET, leaked
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.log import (
    MOST_LINE_BYTES,
    count_metric,
    flush_metrics,
    frames,
    logger,
    on_retry,
    silence_libraries,
)


@pytest.mark.parametrize("name", ["boto3", "botocore", "botocore.parsers", "urllib3.connectionpool", "crhelper.utils"])
@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_libraries_are_silent_even_if_somebody_has_turned_them_up(name: str, level: int) -> None:
    logging.getLogger(name).setLevel(logging.DEBUG)

    silence_libraries()

    assert not logging.getLogger(name).isEnabledFor(level)


def test_our_own_debugging_stays_possible() -> None:
    logger.setLevel(logging.DEBUG)

    silence_libraries()

    assert logging.getLogger("user-pool-client").isEnabledFor(logging.DEBUG)


def test_the_place_of_an_error_is_told_without_its_text() -> None:
    with pytest.raises(ValueError, match="canary") as raised:
        raise ValueError(CLIENT_SECRET)
    places = frames(raised.value)

    assert [place.split(":")[0] for place in places] == ["test_log.py"]
    assert places[0].endswith("test_the_place_of_an_error_is_told_without_its_text")
    assert not leaked(str(places))


def test_a_secret_in_a_log_line_is_stars(caplog: pytest.LogCaptureFixture) -> None:
    logger.warning("Hear", extra={"parameters": {"ClientSecret": Sensitive(CLIENT_SECRET)}})

    (record,) = caplog.records
    line = json.loads(logger.handlers[0].format(record))
    assert line["parameters"] == {"ClientSecret": "***"}


def test_metrics_are_printed_in_the_embedded_format(capsys: pytest.CaptureFixture[str]) -> None:
    count_metric("Retried")
    on_retry(operation="DescribeUserPoolClient", why="ThrottlingException", seconds=0.25)
    flush_metrics()

    line = json.loads(capsys.readouterr().out)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "UserPoolClient"
    assert {metric["Name"] for metric in directive["Metrics"]} == {"Retried", "Waited"}
    assert (line["Retried"], line["Waited"]) == ([1, 1], [0.25])


def test_without_metrics_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    flush_metrics()

    assert capsys.readouterr().out == ""


def printed(caplog: pytest.LogCaptureFixture, **fields: object) -> str:
    """Log a line with these fields, and return what the function's handler prints of it."""
    logger.error("Failed", extra=fields)
    return logger.handlers[0].format(caplog.records[-1])


BAD_ITEMS = " ".join(f'CallbackURLs[{number}]: "http://ä" must use https.' for number in range(60_000))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(BAD_ITEMS, id="a-text"),
        pytest.param("\x01" * 1_000_000, id="a-text-of-escapes"),
        pytest.param("x" * 60_000 + "\x01" * 60_000, id="a-text-with-escapes-at-its-end"),
        pytest.param("\ud800" * 100_000, id="a-text-that-is-no-utf-8"),
        pytest.param(BAD_ITEMS.split("."), id="a-list"),
        pytest.param({"CallbackURLs": BAD_ITEMS.split(".")}, id="a-map"),
    ],
)
def test_a_template_of_60_000_mistakes_does_not_flood_the_log(caplog: pytest.LogCaptureFixture, value: object) -> None:
    line = printed(caplog, reason=value, because=BAD_ITEMS, status="FAILED")

    fields = json.loads(line)
    assert len(line.encode("utf-8", "replace")) <= MOST_LINE_BYTES
    assert (fields["message"], fields["level"], fields["status"]) == ("Failed", "ERROR", "FAILED")
    assert fields["reason"].endswith(" … (cut)")
    assert BAD_ITEMS.startswith(fields["because"].removesuffix(" … (cut)"))


@pytest.mark.parametrize("text", [BAD_ITEMS, "ä" * 1_000_000, "\x01" * 1_000_000])
def test_of_a_long_line_no_more_is_cut_than_has_to_be(caplog: pytest.LogCaptureFixture, text: str) -> None:
    line = printed(caplog, reason=text)

    assert MOST_LINE_BYTES - 1_000 < len(line.encode()) <= MOST_LINE_BYTES


def test_a_line_that_fits_is_printed_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    assert json.loads(printed(caplog, reason="x" * 60_000, left_out=("A", "B")))["reason"] == "x" * 60_000


def test_an_http_client_that_somebody_has_made_talk_is_silenced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)

    silence_libraries()

    assert http.client.HTTPSConnection("example.com").debuglevel == 0
