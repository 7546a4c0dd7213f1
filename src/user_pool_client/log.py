"""What an operator sees: one logger, a few metrics, and libraries that cannot chatter."""

import functools
import http.client
import logging
import os
import threading
import traceback
from pathlib import PurePath
from typing import Any, override

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit

# What a line may hold: a template with 60,000 mistakes would fill it with 14 MB, at each deployment.
MOST_LINE_BYTES = 65_536
_CUT = " … (cut)"

# Libraries that would print requests and answers, secrets included, at DEBUG; crhelper prints its event as well.
_CHATTY = {
    "boto3": logging.WARNING,
    "botocore": logging.WARNING,
    "urllib3": logging.WARNING,
    "crhelper": logging.CRITICAL,
}

# The name of the function's stack, so that the metrics of two of them are not one.
_SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "user-pool-client")


class CappedFormatter(LambdaPowertoolsFormatter):
    """Print lines of at most MOST_LINE_BYTES in UTF-8: the longest fields are cut, and then are strings."""

    @override
    def serialize(self, log: Any) -> str:  # powertools says LogRecord, and hands over a dict
        line = super().serialize(log)
        if _bytes(line) <= MOST_LINE_BYTES:
            return line
        fields: dict[str, Any] = dict(log)
        while (excess := _bytes(line) - MOST_LINE_BYTES) > 0:
            self._cut_longest(fields, excess)
            line = super().serialize(fields)
        return line

    def _cut_longest(self, fields: dict[str, Any], excess: int) -> None:
        """Take the end of the longest field away; it may still be too long where its end has more to escape."""
        name, size = max(((name, self._size(value)) for name, value in fields.items()), key=lambda field: field[1])
        text = fields[name] if isinstance(fields[name], str) else self.json_serializer(fields[name])
        kept = len(text) * max(0, size - excess - 2 * _bytes(_CUT)) // size
        fields[name] = text[:kept] + _CUT

    def _size(self, value: Any) -> int:
        return _bytes(self.json_serializer(value))


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


logger = Logger(service=_SERVICE, logger_formatter=CappedFormatter())
_metrics = Metrics(namespace="UserPoolClient", service=_SERVICE)
# The watchdog counts and prints too, and powertools' collection is not made for two threads.
_metrics_lock = threading.Lock()


def count_metric(name: str, times: int = 1) -> None:
    """Count something that happened, as a metric."""
    with _metrics_lock:
        _metrics.add_metric(name, MetricUnit.Count, times)


def on_retry(*, operation: str, why: str, seconds: float) -> None:
    """Log and count a wait before a call of AWS is tried again."""
    count_metric("Retried")
    with _metrics_lock:
        _metrics.add_metric("Waited", MetricUnit.Seconds, seconds)
    logger.warning("Waiting", extra={"operation": operation, "because": why, "seconds": round(seconds, 3)})


def flush_metrics() -> None:
    """Print the metrics of a request, in the embedded metric format that CloudWatch takes from the log."""
    with _metrics_lock:
        if _metrics.metric_set:  # the watchdog may have printed them; powertools warns where there are none
            _metrics.flush_metrics()


def silence_libraries() -> None:
    """Hold the libraries' loggers at a level at which they print no request and no answer.

    Called for each request, and for each of their loggers: crhelper and others set levels too.
    """
    # It prints what is sent, secrets included: ours and, through urllib3, botocore's.
    http.client.HTTPConnection.debuglevel = 0
    for library, level in _chatty_loggers(len(logging.root.manager.loggerDict)):
        inherits = library.name not in _CHATTY and library.level == logging.NOTSET
        if library.level < level and not inherits:
            library.setLevel(level)


@functools.lru_cache(maxsize=1)
def _chatty_loggers(_number_of_loggers: int) -> tuple[tuple[logging.Logger, int], ...]:
    """Find the libraries' loggers; once more only when there are new ones: there are hundreds of all."""
    names = {*_CHATTY, *logging.root.manager.loggerDict}
    packages = {name: name.partition(".")[0] for name in names}
    return tuple(
        (logging.getLogger(name), _CHATTY[package]) for name, package in packages.items() if package in _CHATTY
    )


def frames(error: BaseException) -> list[str]:
    """Return where an error comes from, frame by frame, without its text: that may quote anything."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
