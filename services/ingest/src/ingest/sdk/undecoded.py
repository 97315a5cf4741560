"""Reads and removes single values of a message that cannot be decoded as a whole, because of one number. Pure."""

from collections.abc import Iterable

import msgspec
from msgspec import Raw

from ingest.mapping.paths import Path, identifier


def identifier_at(text: bytes | Raw, path: Path) -> str | None:
    """The id at a path; None if there is none."""
    for key in path:
        text = (_members(text) or {}).get(key, Raw())
    try:
        return identifier(msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def first_of(text: bytes | Raw) -> Raw:
    """The first item of an array; empty if there is none."""
    try:
        items = msgspec.json.decode(text, type=list[Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Raw()
    return items[0] if items else Raw()


def without_values(text: Raw, paths: Iterable[Path]) -> Raw:
    """The message without the values at these paths; everything else as it was written."""
    for path in paths:
        text = _without_value(text, path)
    return text


def _without_value(text: Raw, path: Path) -> Raw:
    key, *inner = path
    members = _members(text)
    if members is None or key not in members:
        return text
    if inner:
        members[key] = _without_value(members[key], tuple(inner))
    else:
        del members[key]
    return Raw(msgspec.json.encode(members))


def _members(text: bytes | Raw) -> dict[str, Raw] | None:
    """The members of an object, undecoded; None if it is none."""
    try:
        return msgspec.json.decode(text, type=dict[str, Raw])
    except UnicodeDecodeError:
        return _members(bytes(text).decode(errors="replace").encode())
    except (msgspec.DecodeError, RecursionError):
        return None
