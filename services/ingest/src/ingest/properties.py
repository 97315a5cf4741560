"""The free part of an event, held to bounds that everything behind ingest can rely on."""

from collections.abc import Iterator
from typing import Any

from ingest.bounds import Bounds
from ingest.faults import Fault, Reason


def faults(properties: dict[str, Any], bounds: Bounds) -> list[Fault]:
    """Empty if depth, keys, texts and numbers are within bounds. `properties` itself is depth 1."""
    found: list[Fault] = []
    _look(properties, "properties", 1, bounds, found)
    return found


def _look(value: Any, path: str, depth: int, bounds: Bounds, found: list[Fault]) -> None:
    if depth > bounds.depth:
        found.append(Fault(path, Reason.TOO_DEEP, f"nested deeper than {bounds.depth}"))
        return
    if isinstance(value, dict):
        if len(value) > bounds.keys:
            found.append(Fault(path, Reason.TOO_MANY_KEYS, f"{len(value)} keys: at most {bounds.keys}"))
            return
        for key, inner in value.items():
            if len(key) > bounds.key_chars:
                detail = f"a key of {len(key)} characters: at most {bounds.key_chars}"
                found.append(Fault(path, Reason.TOO_LONG, detail))
            elif not _plain(inner, bounds):
                _inside(inner, f"{path}.{key}", depth, bounds, found)
    else:
        for index, inner in enumerate(value):
            if not _plain(inner, bounds):
                _inside(inner, f"{path}[{index}]", depth, bounds, found)


def _plain(value: Any, bounds: Bounds) -> bool:
    """Whether this is a value without an inside, and within bounds."""
    kind = type(value)
    if kind is str:
        return len(value) <= bounds.text_chars
    if kind is int or kind is float:
        return bool(-bounds.number <= value <= bounds.number)
    return value is None or kind is bool


def _inside(value: Any, path: str, depth: int, bounds: Bounds, found: list[Fault]) -> None:
    if isinstance(value, str):
        found.append(Fault(path, Reason.TOO_LONG, f"{len(value)} characters: at most {bounds.text_chars}"))
    elif isinstance(value, int | float):
        found.append(Fault(path, Reason.OUT_OF_RANGE, f"a number beyond ±{bounds.number:g}"))
    else:
        _look(value, path, depth + 1, bounds, found)


def texts(value: Any) -> Iterator[str]:
    """Every text inside, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
