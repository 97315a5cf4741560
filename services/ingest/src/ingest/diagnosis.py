"""What is wrong with an event that did not decode as one: all of it, field by field, in words.

Slow and thorough; only events that are already known to be unfit come here.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from ingest import properties
from ingest.bounds import AHEAD, EARLIEST, ID_CHARS, NAME_CHARS, NAME_PATTERN, Bounds
from ingest.faults import Fault, Reason

_FIELDS: Final = ("event_id", "account_id", "user_id", "name", "time", "properties")
_OURS: Final = ("source", "received_at", "history", "type")
_REQUIRED: Final = ("account_id", "name")
_NAME: Final = re.compile(NAME_PATTERN)
_TOLD: Final = 20


class Unfit(Struct, frozen=True):
    """`event_id` is the one that the event came with, if it could be read."""

    faults: tuple[Fault, ...]
    event_id: str | None = None


def too_large(size: int, bounds: Bounds) -> Unfit:
    return Unfit((Fault("", Reason.TOO_LARGE, f"{size} bytes: at most {bounds.event_bytes}"),))


def of(text: bytes | Raw, *, now: datetime, bounds: Bounds, otherwise: str | None = None) -> Unfit:
    """Up to 20 faults; `otherwise` is the fault's detail if none is found here."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Unfit((_undecodable(error),))
    if not isinstance(found, dict):
        return Unfit((Fault("", Reason.NOT_AN_OBJECT, "an event is a JSON object"),))
    faults = [*_of_fields(found), *_of_nul(found), *_of_properties(found.get("properties"), bounds)]
    if (time := found.get("time")) is not None:
        faults += _of_time_text(time, now)
    if not faults and otherwise:
        faults = [Fault("", Reason.MALFORMED, otherwise)]
    event_id = found.get("event_id")
    return Unfit(tuple(faults[:_TOLD]), event_id if isinstance(event_id, str) else None)


def of_time(time: datetime, *, now: datetime) -> Fault | None:
    if time > now + AHEAD:
        ahead = int((time - now).total_seconds())
        detail = f"{ahead} s ahead of ours: at most {int(AHEAD.total_seconds())} s are taken"
        return Fault("time", Reason.IN_THE_FUTURE, detail)
    if time < EARLIEST:
        return Fault("time", Reason.TOO_OLD, f"before {EARLIEST.year}")
    return None


def _undecodable(error: Exception) -> Fault:
    said = str(error).removeprefix("JSON is malformed: ")
    if isinstance(error, RecursionError):
        return Fault("", Reason.TOO_DEEP, "nested too deeply")
    if isinstance(error, UnicodeDecodeError) or "surrogate" in said:
        return Fault("", Reason.BAD_UNICODE, f"a text is not valid Unicode: {said}")
    if "out of range" in said:
        return Fault("", Reason.OUT_OF_RANGE, "a number beyond what can be read")
    return Fault("", Reason.MALFORMED, f"not JSON: {said}")


def _of_fields(found: dict[str, Any]) -> Iterator[Fault]:
    for field in found.keys() - set(_FIELDS):
        if field in _OURS:
            yield Fault(field, Reason.SET_BY_INGEST, "not yours to say: it is set when the event is received")
        else:
            yield Fault(field[:ID_CHARS], Reason.UNKNOWN_FIELD, f"an event has {', '.join(_FIELDS)}")
    for field in _REQUIRED:
        if found.get(field) is None:
            yield Fault(field, Reason.MISSING, "every event needs it")
    for field in ("event_id", "account_id", "user_id", "name"):
        if (value := found.get(field)) is not None:
            yield from _of_text(field, value, NAME_CHARS if field == "name" else ID_CHARS)


def _of_text(field: str, value: Any, limit: int) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield Fault(field, Reason.WRONG_TYPE, "expected a text")
    elif not value:
        yield Fault(field, Reason.EMPTY, f"1 to {limit} characters")
    elif len(value) > limit:
        yield Fault(field, Reason.TOO_LONG, f"{len(value)} characters: at most {limit}")
    elif field == "name" and not _NAME.search(value):
        yield Fault(field, Reason.BAD_NAME, "expected object.verbed in a-z, 0-9 and _, such as report.opened")


def _of_time_text(value: Any, now: datetime) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield Fault("time", Reason.WRONG_TYPE, "expected RFC 3339 text, such as 2026-01-31T09:00:00Z")
        return
    try:
        time = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        yield Fault("time", Reason.BAD_TIME, "expected RFC 3339, such as 2026-01-31T09:00:00Z")
        return
    if time.tzinfo is None:
        yield Fault("time", Reason.NO_ZONE, "it names no zone: add Z or an offset such as +02:00")
    elif fault := of_time(time, now=now):
        yield fault


def _of_properties(value: Any, bounds: Bounds) -> Iterator[Fault]:
    if isinstance(value, dict):
        yield from properties.faults(value, bounds)
    elif value is not None:
        yield Fault("properties", Reason.WRONG_TYPE, "expected an object")


def _of_nul(found: dict[str, Any]) -> Iterator[Fault]:
    for field, value in found.items():
        if any("\x00" in text for text in (field, *properties.texts(value))):
            yield Fault(field[:ID_CHARS], Reason.NUL, "U+0000 cannot be stored")
