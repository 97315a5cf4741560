"""Paths into a message, such as `context.groupId`: keys of objects, one below the other. Pure."""

from collections.abc import Iterable
from typing import Any

Path = tuple[str, ...]


def parse_path(text: str) -> Path:
    """Dots separate keys, so a path cannot name a key that has a dot in it."""
    return tuple(text.split("."))


def find(tree: Any, path: Path) -> Any:
    """The value at a path; None if there is none."""
    for key in path:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(key)
    return tree


def first_value(tree: Any, paths: Iterable[Path]) -> Any:
    """The first value that is not null; None if there is none."""
    for path in paths:
        value = find(tree, path)
        if value is not None:
            return value
    return None


def identifier(value: Any) -> str | None:
    """A text or a whole number as an id; None for everything else, for an empty text, and for one with U+0000.

    PostgreSQL cannot store U+0000.
    """
    if isinstance(value, str):
        return value if value and "\x00" not in value else None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def only_identifier(value: Any) -> str | None:
    """An id, or that of a list in which there is no other value. Of several values none is the one that was meant."""
    if isinstance(value, list) and value and all(one == value[0] for one in value):
        return identifier(value[0])
    return identifier(value)


def first_identifier(tree: Any, paths: Iterable[Path]) -> str | None:
    """The id at the first path that has one; an empty text is none."""
    for path in paths:
        found = identifier(find(tree, path))
        if found is not None:
            return found
    return None
