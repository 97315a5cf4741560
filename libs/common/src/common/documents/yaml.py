"""YAML text as a tree that remembers where everything stood.

Plain YAML only: no aliases, anchors or tags (such a file is read by people, and aliases are how a small one
becomes a huge one), one document, bounded in size and depth.
"""

import math
from collections.abc import Iterator

from msgspec import Struct
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

from common.documents.findings import Findings, Place

MAX_CHARACTERS = 262_144
MAX_NODES = 20_000
MAX_DEPTH = 12

_PREFIX = "tag:yaml.org,2002:"

Scalar = None | bool | int | float | str


class Value(Struct, frozen=True):
    """A value and its path. Its place (by path, in `Findings.places`) is its key's, or in a list its own."""

    where: str
    content: "Scalar | tuple[Value, ...] | dict[str, Value]"


def parse(text: str, found: Findings, *, noun: str) -> Value:
    """The tree of a text; duplicate keys are reported and left out. Raises `Unreadable` if there is none.

    `noun` is what messages call the document: "a scorecard".
    """
    if len(text) > MAX_CHARACTERS:
        raise found.problem("", f"the file has more than {MAX_CHARACTERS:,} characters")
    try:
        _check_events(YAML(typ="safe", pure=True).parse(text), found, noun)
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise found.problem("", f"not YAML: {_said_by(error)}", place=_place(mark)) from None
    except YAMLError as error:
        raise found.problem("", f"not YAML: {_said_by(error)}") from None
    if root is None:
        raise found.problem("", "the file is empty")
    reader = _Reader(found)
    reader.places[""] = _place(root.start_mark)
    value = reader.read(root, "")
    found.places = reader.places
    return value


def _check_events(events: Iterator[Event], found: Findings, noun: str) -> None:
    """Looks at the flat stream first, because building the tree is what a hostile file makes expensive."""
    depth = nodes = 0
    for event in events:
        place = _place(event.start_mark)
        if isinstance(event, DocumentStartEvent) and (event.version or event.tags):
            raise found.problem("", f"directives (%) are not part of {noun}", place=place)
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise found.problem("", f"anchors and aliases (& and *) are not part of {noun}", place=place)
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag and event.tag != "!":
            raise found.problem("", f"tags such as {event.tag} are not part of {noun}", place=place)
        nodes += isinstance(event, NodeEvent)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            size = f"has more than {MAX_NODES:,} values"
            limit = size if nodes > MAX_NODES else f"is nested deeper than {MAX_DEPTH}"
            raise found.problem("", f"the file {limit}", place=place)


class _Reader:
    def __init__(self, found: Findings) -> None:
        self.places: dict[str, Place] = {}
        self._found = found

    def read(self, node: Node, where: str) -> Value:
        if isinstance(node, ScalarNode):
            return Value(where, _scalar(node))
        if isinstance(node, MappingNode):
            return Value(where, self._mapping(node, where))
        items = []
        for index, item in enumerate(node.value):
            path = f"{where}[{index}]"
            self.places[path] = _place(item.start_mark)
            items.append(self.read(item, path))
        return Value(where, tuple(items))

    def _mapping(self, node: MappingNode, where: str) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for key, value in node.value:
            place = _place(key.start_mark)
            if not isinstance(key, ScalarNode):
                self._found.problem(where, "a key must be a word", place=place)
                continue
            path = f"{where}.{key.value}" if where else key.value
            if key.value in values:
                first = self.places[path].line
                self._found.problem(path, f"'{key.value}' is already set on line {first}", place=place)
                continue
            self.places[path] = place
            values[key.value] = self.read(value, path)
        return values


def _scalar(node: ScalarNode) -> Scalar:
    """By its resolved type; what only looks like a number (0x10, 1_000) stays text and is refused as such."""
    kind, text = str(node.tag).removeprefix(_PREFIX), str(node.value)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind in ("int", "float"):
        return _number(text)
    return text


def _number(text: str) -> int | float | str:
    if "_" in text:
        return text
    try:
        return int(text) if len(text) < 16 else float(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _place(mark: StringMark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _said_by(error: YAMLError) -> str:
    """One line of what ruamel says; its own text repeats the file and spans several."""
    if isinstance(error, MarkedYAMLError):
        return ", ".join(part for part in (error.context, error.problem) if part)
    return str(error).splitlines()[0]
