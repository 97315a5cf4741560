"""Explains why an item is not a valid event: all errors, field by field.

Slow and thorough: only items that failed the fast check of `incoming_event` come here.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from common.catalogue.checking import CheckedProperties
from common.catalogue.events import STANDARD_EVENTS, reach_of
from common.catalogue.names import NAME_CHARS, is_event_name
from common.catalogue.standard_event import DATED
from ingest.errors import FieldError, FieldErrorReason
from ingest.events import properties
from ingest.receiving.bounds import AHEAD, EARLIEST, ID_CHARS, Bounds

_FIELDS: Final = ("event_id", "account_id", "user_id", "name", "time", "properties")
_SET_BY_INGEST: Final = ("source", "received_at", "history", "more", "type")
_REQUIRED: Final = ("account_id", "name")
_MAX_ERRORS: Final = 20
# One half of an emoji. msgspec says of it that the input is truncated, if little is behind it.
_HALF_PAIR: Final = re.compile(
    rb"\\u[dD][89aAbB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89aAbB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)


class InvalidEvent(Struct, frozen=True):
    """`event_id` is the item's own, if it could be read."""

    errors: tuple[FieldError, ...]
    event_id: str | None = None


def event_too_large(size: int, bounds: Bounds) -> InvalidEvent:
    return InvalidEvent((FieldError("", FieldErrorReason.TOO_LARGE, f"{size} bytes: at most {bounds.event_bytes}"),))


def explain(
    text: bytes | Raw, *, now: datetime, bounds: Bounds, history: bool = False, fallback: str | None = None
) -> InvalidEvent:
    """Up to 20 errors. If none is found, `fallback` is the detail of the only one. `history` as in `check_age`."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return InvalidEvent((_decode_error(error, text),))
    if not isinstance(found, dict):
        return InvalidEvent((FieldError("", FieldErrorReason.NOT_AN_OBJECT, "an event is a JSON object"),))
    errors = [*_field_errors(found), *_nul_errors(found), *_properties_errors(found, now, bounds)]
    if (time := found.get("time")) is not None:
        name = found.get("name") if bounds.limits_age else None
        errors += _time_errors(time, now, name=name if isinstance(name, str) else None, history=history)
    if not errors and fallback:
        errors = [FieldError("", FieldErrorReason.MALFORMED, fallback)]
    event_id = found.get("event_id")
    return InvalidEvent(tuple(errors[:_MAX_ERRORS]), event_id if isinstance(event_id, str) else None)


def check_time(time: datetime, *, now: datetime) -> FieldError | None:
    if time > now + AHEAD:
        ahead = int((time - now).total_seconds())
        detail = f"{ahead} s ahead of ours: at most {int(AHEAD.total_seconds())} s are taken"
        return FieldError("time", FieldErrorReason.IN_THE_FUTURE, detail)
    if time < EARLIEST:
        return FieldError("time", FieldErrorReason.TOO_OLD, f"before {EARLIEST.year}")
    return None


def check_age(name: str, time: datetime, *, now: datetime, history: bool) -> FieldError | None:
    """Whether an event is older than its name may reach back at `now`, when it is received; `history` of a backfill."""
    reach = reach_of(name, history=history)
    age = now - time
    if age <= reach:
        return None
    live = "" if history else f" live; post a backfill with ?history=true (at most {DATED.days} days)"
    detail = f"{age.days} days old: {name[:NAME_CHARS]} reaches back {reach.days} days{live}"
    return FieldError("time", FieldErrorReason.TOO_OLD, detail)


def _decode_error(error: Exception, text: bytes | Raw) -> FieldError:
    said = str(error).removeprefix("JSON is malformed: ")
    if isinstance(error, RecursionError):
        return FieldError("", FieldErrorReason.TOO_DEEP, "nested too deeply")
    if isinstance(error, UnicodeDecodeError) or "surrogate" in said or _HALF_PAIR.search(text):
        return FieldError("", FieldErrorReason.BAD_UNICODE, f"a text is not valid Unicode: {said}")
    if "out of range" in said:
        return FieldError("", FieldErrorReason.OUT_OF_RANGE, "a number beyond what can be read")
    return FieldError("", FieldErrorReason.MALFORMED, f"not JSON: {said}")


def _field_errors(found: dict[str, Any]) -> Iterator[FieldError]:
    # A field that ingest sets itself gets a reason of its own: clients try to set `source`.
    for field in found.keys() - set(_FIELDS):
        if field in _SET_BY_INGEST:
            yield FieldError(
                field, FieldErrorReason.SET_BY_INGEST, "not yours to say: it is set when the event is received"
            )
        else:
            yield FieldError(field[:ID_CHARS], FieldErrorReason.UNKNOWN_FIELD, f"an event has {', '.join(_FIELDS)}")
    for field in _REQUIRED:
        if found.get(field) is None:
            yield FieldError(field, FieldErrorReason.MISSING, "every event needs it")
    for field in ("event_id", "account_id", "user_id", "name"):
        if (value := found.get(field)) is not None:
            yield from _text_errors(field, value, NAME_CHARS if field == "name" else ID_CHARS)


def _text_errors(field: str, value: Any, limit: int) -> Iterator[FieldError]:
    if not isinstance(value, str):
        yield FieldError(field, FieldErrorReason.WRONG_TYPE, "expected a text")
    elif not value:
        yield FieldError(field, FieldErrorReason.EMPTY, f"1 to {limit} characters")
    elif len(value) > limit:
        yield FieldError(field, FieldErrorReason.TOO_LONG, f"{len(value)} characters: at most {limit}")
    elif field == "name" and not is_event_name(value):
        yield FieldError(
            field, FieldErrorReason.BAD_NAME, "expected object.verbed in a-z, 0-9 and _, such as report.opened"
        )


def _time_errors(value: Any, now: datetime, *, name: str | None, history: bool) -> Iterator[FieldError]:
    """Without a `name` the age is not checked."""
    if not isinstance(value, str):
        yield FieldError("time", FieldErrorReason.WRONG_TYPE, "expected RFC 3339 text, such as 2026-01-31T09:00:00Z")
        return
    try:
        time = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        yield FieldError("time", FieldErrorReason.BAD_TIME, "expected RFC 3339, such as 2026-01-31T09:00:00Z")
        return
    if time.tzinfo is None:
        yield FieldError("time", FieldErrorReason.NO_ZONE, "it names no zone: add Z or an offset such as +02:00")
    elif (error := check_time(time, now=now)) or (
        name is not None and (error := check_age(name, time, now=now, history=history))
    ):
        yield error


def _properties_errors(found: dict[str, Any], now: datetime, bounds: Bounds) -> Iterator[FieldError]:
    value = {} if found.get("properties") is None else found["properties"]
    if not isinstance(value, dict):
        yield FieldError("properties", FieldErrorReason.WRONG_TYPE, "expected an object")
        return
    out_of_bounds = properties.property_errors(value, bounds)
    yield from out_of_bounds
    if not out_of_bounds and isinstance(name := found.get("name"), str) and (standard := STANDARD_EVENTS.get(name)):
        checked = standard.check(value, at=_time_of(found, now))
        yield from catalogue_errors(checked) if checked else ()


def _time_of(found: dict[str, Any], now: datetime) -> datetime | None:
    """When the event happened; None if what it says of that cannot be read, which is an error of its own."""
    if found.get("time") is None:
        return now
    try:
        time = msgspec.convert(found["time"], datetime)
    except msgspec.ValidationError:
        return None
    return time if time.tzinfo else None


def catalogue_errors(checked: CheckedProperties) -> Iterator[FieldError]:
    """What the event catalogue says against an event's properties."""
    for error in checked.errors:
        yield FieldError(f"properties.{error.field}", FieldErrorReason(error.reason.value), error.detail)


def _nul_errors(found: dict[str, Any]) -> Iterator[FieldError]:
    for field, value in found.items():
        if any("\x00" in text for text in (field, *properties.all_texts(value))):
            yield FieldError(field[:ID_CHARS], FieldErrorReason.NUL, "U+0000 cannot be stored")
