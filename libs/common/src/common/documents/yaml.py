"""A YAML parser that keeps the position of every value, for error messages.

It accepts one document of plain YAML, bounded in size and depth. Aliases, anchors and tags are refused: with aliases a
small file can expand into a huge tree.
"""

import math
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    NodeEvent,
    ScalarEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from common.documents.findings import Findings, SourcePosition

MAX_CHARACTERS = 262_144
MAX_NODES = 20_000
MAX_DEPTH = 12

_PREFIX = "tag:yaml.org,2002:"

Scalar = None | bool | int | float | str


class YamlMapping(dict[str, Any]):
    """A mapping, and its path in the file ("" for the whole file)."""

    def __init__(self, where: str, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.where = where


def parse(text: str, found: Findings, *, noun: str) -> Any:
    """The values of a text: scalars, tuples and `YamlMapping`. Raises `InvalidValue` if the text is no YAML.

    Duplicate keys are reported and left out. `Findings.positions` gets the position of every key, and of every value
    of a list. `noun` is the kind of document in error messages, such as "a scorecard".
    """
    if len(text) > MAX_CHARACTERS:
        raise found.problem("", f"the file has more than {MAX_CHARACTERS:,} characters")
    try:
        _check_events(YAML(typ="safe", pure=True).parse(text), found, noun)
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise found.problem("", f"not YAML: {_error_text(error)}", position=_position(mark)) from None
    except YAMLError as error:
        raise found.problem("", f"not YAML: {_error_text(error)}") from None
    if root is None:
        raise found.problem("", "the file is empty")
    reader = _NodeReader(found)
    reader.positions[""] = _position(root.start_mark)
    value = reader.read(root, "")
    found.positions = reader.positions
    return value


def _check_events(events: Iterator[Event], found: Findings, noun: str) -> None:
    """Checks the event stream before the tree is built, which is the expensive step for a hostile file."""
    depth = nodes = 0
    for event in events:
        position = _position(event.start_mark)
        if isinstance(event, DocumentStartEvent) and (event.version or event.tags):
            raise found.problem("", f"directives (%) are not part of {noun}", position=position)
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise found.problem("", f"anchors and aliases (& and *) are not part of {noun}", position=position)
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag and event.tag != "!":
            raise found.problem("", f"tags such as {event.tag} are not part of {noun}", position=position)
        nodes += isinstance(event, NodeEvent)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            size = f"has more than {MAX_NODES:,} values"
            limit = size if nodes > MAX_NODES else f"is nested deeper than {MAX_DEPTH}"
            raise found.problem("", f"the file {limit}", position=position)


class _NodeReader:
    def __init__(self, found: Findings) -> None:
        self.positions: dict[str, SourcePosition] = {}
        self._found = found

    def read(self, node: Node, where: str) -> Any:
        if isinstance(node, ScalarNode):
            return _scalar(node)
        if isinstance(node, MappingNode):
            return YamlMapping(where, self._mapping(node, where))
        items = []
        for index, item in enumerate(node.value):
            path = path_of(where, index)
            self.positions[path] = _position(item.start_mark)
            items.append(self.read(item, path))
        return tuple(items)

    def _mapping(self, node: MappingNode, where: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            position = _position(key.start_mark)
            if not isinstance(key, ScalarNode):
                self._found.problem(where, "a key must be a word", position=position)
                continue
            path = path_of(where, key.value)
            if key.value in values:
                first = self.positions[path].line
                self._found.problem(path, f"'{key.value}' is already set on line {first}", position=position)
                continue
            self.positions[path] = position
            values[key.value] = self.read(value, path)
        return values


def path_of(where: str, *steps: str | int) -> str:
    """The path of what lies below `where`: `metrics.logins.curve[1]`."""
    for step in steps:
        where += f"[{step}]" if isinstance(step, int) else f".{step}" if where else step
    return where


def _scalar(node: ScalarNode) -> Scalar:
    """The value by its YAML type. Numbers in other notations (0x10, 1_000) stay text, which number rules refuse."""
    kind, text = str(node.tag).removeprefix(_PREFIX), str(node.value)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind in ("int", "float"):
        return _number(text)
    return text


def _number(text: str) -> int | float | str:
    # Python would accept 1_000.
    if "_" in text:
        return text
    try:
        # Longer integers than a float can hold exactly are read as floats; the rules for numbers bound them anyway.
        return int(text) if len(text) < 16 else float(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _position(mark: StringMark | None) -> SourcePosition:
    return SourcePosition(mark.line + 1, mark.column + 1) if mark else SourcePosition(1, 1)


def _error_text(error: YAMLError) -> str:
    """The error in one line. ruamel's own text has several, and repeats the file."""
    if isinstance(error, MarkedYAMLError):
        return ", ".join(part for part in (error.context, error.problem) if part)
    return str(error).splitlines()[0]
