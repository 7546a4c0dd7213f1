"""As much of CloudWatch Logs Insights as the queries in the guide need, for real log lines.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html

What is not of that part is an error: a query that nobody has tried must not pass.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

type Row = dict[str, Any]

_FIELD = r"@?[\w.]+"
_VALUE = r'"[^"]*"'
_TESTS: dict[str, Callable[[Any, list[str]], bool]] = {
    "=": lambda found, values: found == values[0],
    "!=": lambda found, values: found != values[0],
    "like": lambda found, values: values[0] in str(found),
    "in": lambda found, values: found in values,
}
_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {"count": len, "sum": sum, "max": max}


def run(query: str, lines: Iterable[str]) -> list[Row]:
    """Run a query on lines of a log, the oldest first, and return the rows with the fields that they have."""
    rows = [{"@timestamp": number, "@message": line, **discovered(line)} for number, line in enumerate(lines)]
    shown: list[str] = ["@timestamp", "@message"]
    for stage in (stage.strip() for stage in query.split("|")):
        command, _, rest = stage.partition(" ")
        match command:
            case "fields":
                shown = _fields(rest)
            case "filter":
                rows = [row for row in rows if all(_holds(row, condition) for condition in rest.split(" and "))]
            case "sort":
                name, order = _parsed(rf"({_FIELD}) (asc|desc)", rest)
                there = [row for row in rows if name in row]
                rows = sorted(there, key=lambda row: row[name], reverse=order == "desc")
            case "limit":
                rows = rows[: int(rest)]
            case "stats":
                rows, shown = _stats(rows, rest)
            case _:
                raise ValueError(f"There is no {command} here")
    return [{name: row[name] for name in shown if name in row} for row in rows]


def discovered(line: str) -> Row:
    """Return the fields that Insights finds in a line: those of JSON, what is nested by its path."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return dict(_flat(found)) if isinstance(found, dict) else {}


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, (dict, list)):
        for name, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flat(member, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def _holds(row: Row, condition: str) -> bool:
    if present := re.fullmatch(rf"ispresent\(({_FIELD})\)", condition):
        return present[1] in row
    name, test, value = _parsed(rf"({_FIELD}) (=|!=|like|in) ({_VALUE}|\[{_VALUE}(?:, {_VALUE})*\])", condition)
    return name in row and _TESTS[test](row[name], re.findall('"([^"]*)"', value))


def _stats(rows: list[Row], text: str) -> tuple[list[Row], list[str]]:
    what, by = _parsed(r"(.*) by (.*)", text)
    aggregates = [_parsed(rf"(\w+)\((\*|{_FIELD})\) as (\w+)", part) for part in what.split(", ")]
    keys = _fields(by)
    groups: defaultdict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row.get(key) for key in keys)].append(row)
    counted = [
        dict(zip(keys, key, strict=True))
        | {name: _AGGREGATES[kind]([row.get(of) for row in group]) for kind, of, name in aggregates}
        for key, group in groups.items()
    ]
    return counted, [*keys, *(name for _, _, name in aggregates)]


def _fields(text: str) -> list[str]:
    return [_parsed(f"({_FIELD})", part)[0] for part in text.split(", ")]


def _parsed(pattern: str, text: str) -> tuple[str, ...]:
    found = re.fullmatch(pattern, text.strip())
    if found is None:
        raise ValueError(f"This is not understood here: {text}")
    return found.groups()
