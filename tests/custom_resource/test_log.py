"""What an operator sees, and what nobody sees."""

from __future__ import annotations

import json
import logging

import pytest

from tests.canaries import CLIENT_SECRET, leaked
from user_pool_client.domain.sensitive import Sensitive
from user_pool_client.log import count_metric, flush_metrics, frames, logger, on_retry, silence_libraries


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
