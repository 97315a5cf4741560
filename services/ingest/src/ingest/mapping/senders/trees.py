"""Reads values out of decoded messages in which any value may be missing or of another type. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from ingest.errors import BodyErrorReason, BodyRefused, FieldError, FieldErrorReason
from ingest.mapping.paths import Path, find, parse_path

_MOST_SECONDS: Final = 253_402_300_799  # the end of the year 9999
_HOUR: Final = 3600.0
_EXPECTED_TIME: Final = "expected RFC 3339, such as 2026-01-31T09:00:00Z, or seconds or milliseconds since 1970"


def decode_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises `BodyRefused`."""
    found = decode_json(body)
    if not isinstance(found, dict):
        raise BodyRefused(BodyErrorReason.MALFORMED, "expected a JSON object")
    return found


def decode_json(body: bytes) -> Any:
    """Any JSON in a body. Raises `BodyRefused`."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyRefused(BodyErrorReason.MALFORMED, f"not JSON: {error}") from error


def text_at(tree: Any, path: str) -> str | None:
    """A text that is not empty; None for everything else."""
    value = find(tree, parse_path(path))
    return value or None if isinstance(value, str) else None


def number_at(tree: Any, path: str) -> float | None:
    value = find(tree, parse_path(path))
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def time_at(tree: Any, path: str) -> datetime | None:
    return to_time(find(tree, parse_path(path)))


def time_told(tree: Any, paths: Iterable[Path]) -> datetime | FieldError | None:
    """The first of these times that a message tells: None if it tells none, the error if it cannot be read."""
    for path in paths:
        value = find(tree, path)
        if value not in (None, ""):
            return to_time(value) or FieldError(".".join(path), FieldErrorReason.BAD_TIME, _EXPECTED_TIME)
    return None


def to_time(value: Any) -> datetime | None:
    """RFC 3339, seconds since 1970, or milliseconds where seconds would be after the year 9999; None for anything else.

    Without a zone it is UTC, as for SDKs.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str):
        try:
            time = msgspec.convert(value, datetime)
        except msgspec.ValidationError:
            return to_time(int(value)) if value.isascii() and value.isdecimal() and len(value) <= 15 else None
        if not datetime.min.year < time.year < datetime.max.year:
            return None
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    # In this form NaN is out of range.
    if 0 <= value <= _MOST_SECONDS:
        return datetime.fromtimestamp(value, UTC)
    return datetime.fromtimestamp(value / 1000, UTC) if 0 <= value / 1000 <= _MOST_SECONDS else None


def hours_between(begin: datetime | None, end: datetime | None) -> float | None:
    """Hours, rounded to hundredths; None if a time is unknown, or if the end is before the beginning."""
    if begin is None or end is None or end < begin:
        return None
    return round((end - begin).total_seconds() / _HOUR, 2)


def known(**properties: Any) -> dict[str, Any]:
    """The properties that have a value: a null would clear the old value."""
    return {name: value for name, value in properties.items() if value is not None}
