"""DynamoDB's expressions: conditions and updates, as far as the journal writes them. Everything else is refused loudly.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.fakes.cognito_limits import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Value = dict[str, Any]
type Item = dict[str, Value]
type Path = tuple[str, ...]

TOKEN = re.compile(r"\s*([#:]?\w+|<>|<=|>=|[=<>(),.+-])")
COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
NO_SUCH_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item"
NO_SUCH_PATH = "The document path provided in the update expression is invalid for update"


class NotUnderstoodError(AssertionError):
    """Be something that DynamoDB may know and this fake does not: a fault of the test suite, not of the function."""


def refused(message: str) -> ApiError:
    return ApiError("ValidationException", message)


@dataclass
class Expressions:
    """Hold the expressions of one request; names and values that none of them uses are refused, as DynamoDB does."""

    names: Mapping[str, str]
    values: Mapping[str, Value]
    used: set[str] = field(default_factory=set)

    def condition(self, text: str) -> Callable[[Item], bool]:
        parser = Parser(self, text)
        condition = parser.any_of()
        parser.must_be_over()
        return condition

    def update(self, text: str) -> Callable[[Item], None]:
        parser = Parser(self, text)
        return parser.update()

    def check_used(self) -> None:
        for what, given in (("Names", self.names), ("Values", self.values)):
            if unused := sorted(given.keys() - self.used):
                listed = ", ".join(unused)
                raise refused(f"Value provided in ExpressionAttribute{what} unused in expressions: keys: {{{listed}}}")


def begins_with(whole: Value | None, start: Value | None) -> bool:
    """Compare two strings; what is not there, or no string, begins with nothing."""
    return whole is not None and start is not None and whole.get("S", "\0").startswith(start["S"])


class Parser:
    """Read one expression from left to right, and return what it does to an item."""

    def __init__(self, expressions: Expressions, text: str) -> None:
        self._expressions = expressions
        self._text = text
        self._tokens: list[str] = []
        end = 0
        while match := TOKEN.match(text, end):
            self._tokens.append(match[1])
            end = match.end()
        if text[end:].strip():
            raise NotUnderstoodError(text)

    # Conditions

    def any_of(self) -> Callable[[Item], bool]:
        parts = [self._all_of()]
        while self._take("OR"):
            parts.append(self._all_of())
        return lambda item: any(part(item) for part in parts)

    def _all_of(self) -> Callable[[Item], bool]:
        parts = [self._one()]
        while self._take("AND"):
            parts.append(self._one())
        return lambda item: all(part(item) for part in parts)

    def _one(self) -> Callable[[Item], bool]:
        if self._take("NOT"):
            part = self._one()
            return lambda item: not part(item)
        if self._take("("):
            inner = self.any_of()
            self._need(")")
            return inner
        for function in ("attribute_exists", "attribute_not_exists"):
            if self._take(function):
                path, wanted = self._argument(), function == "attribute_exists"
                return lambda item: (at(item, path) is not None) is wanted
        if self._take("begins_with"):
            self._need("(")
            whole = self._operand()
            self._need(",")
            start = self._operand()
            self._need(")")
            return lambda item: begins_with(whole(item), start(item))
        left, comparator, right = self._operand(), self._next(), self._operand()
        if comparator not in COMPARATORS:
            raise NotUnderstoodError(self._text)
        return lambda item: compare(left(item), comparator, right(item))

    # Updates

    def update(self) -> Callable[[Item], None]:
        """Return what changes an item in place; what is assigned is read from the item as it was before."""
        assigned: list[tuple[Path, Callable[[Item], Value | None]]] = []
        removed: list[Path] = []
        while self._tokens:
            if self._take("SET"):
                assigned.append(self._assignment())
                while self._take(","):
                    assigned.append(self._assignment())
            elif self._take("REMOVE"):
                removed.append(self._path())
                while self._take(","):
                    removed.append(self._path())
            else:
                raise NotUnderstoodError(self._text)
        check_apart([path for path, _ in assigned] + removed)

        def change(item: Item) -> None:
            before = copy.deepcopy(item)
            for path, value_of in assigned:
                value = value_of(before)
                if value is None:
                    raise refused(NO_SUCH_ATTRIBUTE)
                parent(item, path)[path[-1]] = copy.deepcopy(value)
            for path in removed:
                parent(item, path).pop(path[-1], None)

        return change

    def _assignment(self) -> tuple[Path, Callable[[Item], Value | None]]:
        path = self._path()
        self._need("=")
        if self._take("if_not_exists"):
            self._need("(")
            there = self._path()
            self._need(",")
            otherwise = self._operand()
            self._need(")")
            return path, lambda item: at(item, there) or otherwise(item)
        return path, self._operand()

    # Their parts

    def _argument(self) -> Path:
        self._need("(")
        path = self._path()
        self._need(")")
        return path

    def _operand(self) -> Callable[[Item], Value | None]:
        if self._tokens and self._tokens[0].startswith(":"):
            name = self._next()
            self._expressions.used.add(name)
            if name not in self._expressions.values:
                raise refused(f"An expression attribute value used in expression is not defined; value: {name}")
            value = self._expressions.values[name]
            return lambda _item: value
        path = self._path()
        return lambda item: at(item, path)

    def _path(self) -> Path:
        parts = [self._name()]
        while self._take("."):
            parts.append(self._name())
        return tuple(parts)

    def _name(self) -> str:
        token = self._next()
        if not token.startswith("#"):  # it may be one of DynamoDB's reserved words
            raise NotUnderstoodError(f"{token} in {self._text}")
        self._expressions.used.add(token)
        if token not in self._expressions.names:
            raise refused(f"An expression attribute name used in the document path is not defined; name: {token}")
        return self._expressions.names[token]

    def must_be_over(self) -> None:
        if self._tokens:
            raise NotUnderstoodError(self._text)

    def _next(self) -> str:
        if not self._tokens:
            raise NotUnderstoodError(self._text)
        return self._tokens.pop(0)

    def _take(self, token: str) -> bool:
        if self._tokens[:1] != [token]:
            return False
        self._tokens.pop(0)
        return True

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise NotUnderstoodError(self._text)


def at(item: Item, path: Path) -> Value | None:
    """Return what is at a path, None if there is nothing."""
    found: Value | None = item.get(path[0])
    for name in path[1:]:
        found = found.get("M", {}).get(name) if found is not None else None
    return found


def parent(item: Item, path: Path) -> Item:
    """Return the map that has the last part of a path: the item, or one within it."""
    if len(path) == 1:
        return item
    found = at(item, path[:-1])
    if found is None or "M" not in found:
        raise refused(NO_SUCH_PATH)
    inner: Item = found["M"]
    return inner


def check_apart(paths: list[Path]) -> None:
    for number, one in enumerate(paths):
        for other in paths[number + 1 :]:
            if one[: len(other)] == other[: len(one)]:
                raise refused(f"Two document paths overlap with each other: {one}, {other}")


def compare(left: Value | None, comparator: str, right: Value | None) -> bool:
    """Compare two values; those of different types, or one that is not there, are in no order and not equal."""
    if left is None or right is None:
        if comparator == "<>":
            raise NotUnderstoodError("What <> says of an attribute that is not there is not known here")
        return False
    one, other = comparable(left), comparable(right)
    if comparator in ("=", "<>"):
        return (one == other) is (comparator == "=")
    if one[0] != other[0] or one[0] not in ("N", "S", "B"):
        return False
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[comparator]


def comparable(value: Value) -> tuple[str, Any]:
    ((kind, content),) = value.items()
    return kind, Decimal(content) if kind == "N" else content
