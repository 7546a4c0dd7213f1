"""CloudFormation templates as data and as text: what is not touched is written as it was read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, override

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STR, _MAP, _SEQ = yaml.SafeDumper.DEFAULT_SCALAR_TAG, yaml.SafeDumper.DEFAULT_MAPPING_TAG, "tag:yaml.org,2002:seq"
_BOOL, _INT, _NULL = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:null"
_WITHOUT_FN = ("Ref", "Condition")

# What one YAML parser or another takes for a number, a date or a time, and for a boolean. CloudFormation's, like the
# AWS CLI's, makes 1e3 and account ids with a leading zero to numbers (aws-cli #2934, rain #27).
_LIKE_A_NUMBER = re.compile(r"[-+.]?[0-9][0-9a-fA-FoOxX_.,:+-]*")
_LIKE_A_BOOLEAN = frozenset({"y", "n", "Y", "N"})

# In these sections a blank line stands between the entries.
_SPACED = ("Parameters:", "Resources:", "Outputs:")


class CannotError(Exception):
    """What was asked for cannot be done; the text says why, and what to do about it."""


class Text(str):
    """A scalar of a YAML template: its letters, what YAML takes it for, and how it was quoted.

    Kept as text because `0755` must be written as `0755` again, and not as the number that it is to YAML.
    """

    __slots__ = ("style", "tag")
    tag: str
    style: str | None

    @classmethod
    def of(cls, node: yaml.ScalarNode, tag: str) -> Text:
        """Take over what a scalar of the source looks like."""
        text = cls(node.value)
        text.tag, text.style = tag, node.style
        return text

    def like(self, letters: str) -> Text:
        """Return other letters in the same style."""
        text = Text(letters)
        text.tag, text.style = self.tag, self.style
        return text


class Items(list[Any]):
    """A list that remembers whether it stood in one line."""

    flow = False


class Map(dict[str, Any]):
    """A map that remembers whether it stood in one line, and whether it is an intrinsic function's short form."""

    flow = False
    short = False


def short(function: str, argument: object) -> Map:
    """Return an intrinsic function that is written in its short form where the format has one."""
    intrinsic = Map({function: argument})
    intrinsic.short = True
    return intrinsic


@dataclass(frozen=True, slots=True)
class Template:
    """A template as data, in which intrinsic functions have their long form, and the format to write it in."""

    data: dict[str, Any]
    format: Literal["yaml", "json"]

    @classmethod
    def read(cls, body: str | Mapping[str, Any]) -> Template:
        """Take what GetTemplate gives: botocore has parsed JSON already, YAML is text. Raises CannotError."""
        if not isinstance(body, str):
            return cls(dict(body), "json")
        try:
            node = yaml.compose(body, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            problem = str(error)
        else:
            data = _read(node) if isinstance(node, yaml.MappingNode) else None
            if isinstance(data, dict):
                return cls(data, "yaml")
            problem = "it is no map"
        raise CannotError(f"The template is no YAML that can be read: {problem}")

    def text(self) -> str:
        """Return the template as a person would write it."""
        if self.format == "json":
            return json.dumps(self.data, indent=2, ensure_ascii=False) + "\n"
        return _spaced(as_yaml(self.data))


def as_yaml(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return a value as YAML: block style, short forms, quotes only where needed, no anchors."""
    text: str = yaml.serialize(_write(value), Dumper=_Dumper, width=1_000_000, allow_unicode=True)
    return text


def _read(node: yaml.Node) -> Any:
    if node.tag.startswith("!"):
        name = node.tag[1:]
        return short(name if name in _WITHOUT_FN else f"Fn::{name}", _untagged(node))
    return _untagged(node, node.tag)


def _untagged(node: yaml.Node, tag: str = _STR) -> Any:
    match node:
        case yaml.ScalarNode():
            return Text.of(node, tag)
        case yaml.SequenceNode():
            items = Items(_read(item) for item in node.value)
            items.flow = bool(node.flow_style)
            return items
        case yaml.MappingNode():
            members = Map((_read(key), _read(value)) for key, value in node.value)
            members.flow = bool(node.flow_style)
            return members
    raise TypeError(type(node).__name__)


def _write(value: object) -> yaml.Node:
    match value:
        case Map(short=True):
            ((name, argument),) = value.items()
            node = _write(argument)
            node.tag = f"!{name.removeprefix('Fn::')}"
            return node
        case dict():
            members = [(_write(name), _write(member)) for name, member in value.items()]
            return yaml.MappingNode(_MAP, members, flow_style=isinstance(value, Map) and value.flow)
        case list():
            flow = isinstance(value, Items) and value.flow
            return yaml.SequenceNode(_SEQ, [_write(item) for item in value], flow_style=flow)
    return _scalar(value)


def _scalar(value: object) -> yaml.ScalarNode:
    match value:
        case Text():
            # Nothing at all means null, but cannot stand everywhere.
            return yaml.ScalarNode(value.tag, "null" if value.tag == _NULL and not value else value, style=value.style)
        case bool():
            return yaml.ScalarNode(_BOOL, "true" if value else "false")
        case int():
            return yaml.ScalarNode(_INT, str(value))
        case str():
            return yaml.ScalarNode(_STR, value, style=_quotes(value))
    raise TypeError(type(value).__name__)


def _quotes(text: str) -> str | None:
    if not text.isprintable():
        return '"'
    return "'" if text in _LIKE_A_BOOLEAN or _LIKE_A_NUMBER.fullmatch(text) else None


class _Dumper(yaml.SafeDumper):
    """PyYAML's writer with the habits of people who write templates."""

    @override
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        super().increase_indent(flow, indentless=False)

    @override
    def choose_scalar_style(self) -> str:
        """Write `!Ref Name` without quotes: a tag keeps PyYAML from it, since a tagged scalar needs no guessing."""
        style: str = super().choose_scalar_style()
        event, analysis = self.event, self.analysis
        if not isinstance(event, yaml.ScalarEvent) or analysis is None or not (event.tag or "").startswith("!"):
            return style
        plain = analysis.allow_flow_plain if self.flow_level else analysis.allow_block_plain
        return "" if plain and event.value and not event.style and not analysis.multiline else style


def _spaced(text: str) -> str:
    """Put blank lines between sections, and between the entries of those whose entries are long."""
    lines: list[str] = []
    section = ""
    for line in text.removesuffix("\n").split("\n"):
        begins_section = bool(line) and not line.startswith(" ")
        begins_entry = section in _SPACED and bool(re.match(r"  \S", line))
        # Where a literal ends in blank lines, one more would be one more in the literal.
        if lines and lines[-1]:
            inside = lines[-1] != section
            if (begins_section and (inside or line.endswith(":"))) or (begins_entry and inside):
                lines.append("")
        if begins_section:
            section = line
        lines.append(line)
    return "\n".join(lines) + "\n"
