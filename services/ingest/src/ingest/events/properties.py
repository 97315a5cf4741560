"""Bounds of an event's `properties`, on which all consumers of the topic rely."""

from collections.abc import Iterator
from typing import Any

from ingest.errors import FieldError, FieldErrorReason
from ingest.receiving.bounds import Bounds


def property_errors(properties: dict[str, Any], bounds: Bounds) -> list[FieldError]:
    """Errors of depth, keys, texts and numbers. `properties` itself has depth 1."""
    found: list[FieldError] = []
    _check_container(properties, "properties", 1, bounds, found)
    return found


def _check_container(value: Any, path: str, depth: int, bounds: Bounds, found: list[FieldError]) -> None:
    if depth > bounds.depth:
        found.append(FieldError(path, FieldErrorReason.TOO_DEEP, f"nested deeper than {bounds.depth}"))
        return
    if isinstance(value, dict):
        # Too many keys are reported once, not for each key.
        if len(value) > bounds.keys:
            found.append(FieldError(path, FieldErrorReason.TOO_MANY_KEYS, f"{len(value)} keys: at most {bounds.keys}"))
            return
        for key, inner in value.items():
            if len(key) > bounds.key_chars:
                detail = f"a key of {len(key)} characters: at most {bounds.key_chars}"
                found.append(FieldError(path, FieldErrorReason.TOO_LONG, detail))
            elif not _is_valid_scalar(inner, bounds):
                _check_value(inner, f"{path}.{key}", depth, bounds, found)
    else:
        for index, inner in enumerate(value):
            if not _is_valid_scalar(inner, bounds):
                _check_value(inner, f"{path}[{index}]", depth, bounds, found)


def _is_valid_scalar(value: Any, bounds: Bounds) -> bool:
    kind = type(value)
    if kind is str:
        return len(value) <= bounds.text_chars
    if kind is int or kind is float:
        return bool(-bounds.number <= value <= bounds.number)
    return value is None or kind is bool


def _check_value(value: Any, path: str, depth: int, bounds: Bounds, found: list[FieldError]) -> None:
    if isinstance(value, str):
        found.append(
            FieldError(path, FieldErrorReason.TOO_LONG, f"{len(value)} characters: at most {bounds.text_chars}")
        )
    elif isinstance(value, int | float):
        found.append(FieldError(path, FieldErrorReason.OUT_OF_RANGE, f"a number beyond ±{bounds.number:g}"))
    else:
        _check_container(value, path, depth + 1, bounds, found)


def all_texts(value: Any) -> Iterator[str]:
    """All texts in a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from all_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from all_texts(inner)
