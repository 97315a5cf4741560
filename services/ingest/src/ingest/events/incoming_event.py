"""The schema of a posted event, and the fast check that most events pass."""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct
from msgspec.structs import replace

from common.catalogue.checking import PropertyNote
from common.catalogue.events import SHORTEST_REACH, STANDARD_EVENTS
from common.catalogue.names import NAME_CHARS, NAME_PATTERN, is_event_name
from ingest.events import properties, validation
from ingest.events.validation import InvalidEvent
from ingest.receiving.bounds import AHEAD, ID_CHARS, Bounds

Id = Annotated[str, Meta(min_length=1, max_length=ID_CHARS)]
Name = Annotated[
    str,
    # Documentation only. msgspec would match the pattern for every event, which takes as long as decoding the rest;
    # `_is_valid_name` caches it by name.
    Meta(
        description="object.verbed",
        examples=["report.opened"],
        extra_json_schema={"maxLength": NAME_CHARS, "pattern": NAME_PATTERN},
    ),
]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with zone; if absent, when it was received")]


class IncomingEvent(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What a product reports that an account did."""

    account_id: Id
    name: Name
    event_id: Id | None = None
    user_id: Id | None = None
    time: Moment | None = None
    properties: dict[str, Any] | None = None


class CorrectedEvent(Struct, frozen=True):
    """An event of which some properties were taken otherwise than they came; `notes` say which and why."""

    event: IncomingEvent
    notes: tuple[PropertyNote, ...]


# The age of an event whose time is as far ahead of ours as may be.
_LEAST_AGE: Final = -AHEAD
ESCAPED_NUL: Final = b"\\u0000"
_BACKSLASH: Final = ord("\\")
_decoder: Final = msgspec.json.Decoder(IncomingEvent)
_encoder: Final = msgspec.json.Encoder()


def parse_event(
    text: bytes | Raw, *, now: datetime, bounds: Bounds, nul: bool = True, history: bool = False
) -> IncomingEvent | CorrectedEvent | InvalidEvent:
    """The event, or all of its errors. Without `nul` the text is known to contain no escaped U+0000.

    `history` if the request is a backfill, whose events may be older.
    """
    if len(text) > bounds.event_bytes:
        return validation.event_too_large(len(text), bounds)
    try:
        incoming = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return validation.explain(text, now=now, bounds=bounds, history=history, fallback=str(error))
    if not _is_valid(incoming, now, bounds, history):
        return validation.explain(text, now=now, bounds=bounds, history=history, fallback="not valid")
    if nul and ESCAPED_NUL in bytes(text):
        # The text may also have an escaped backslash before "u0000". Decoding it again tells the two apart.
        invalid = validation.explain(text, now=now, bounds=bounds, history=history)
        if invalid.errors:
            return invalid
    checked = _checked(incoming, now)
    if checked is None:
        return validation.explain(text, now=now, bounds=bounds, history=history)
    return checked


def check_event(
    event: IncomingEvent, *, now: datetime, bounds: Bounds, history: bool = False
) -> IncomingEvent | CorrectedEvent | InvalidEvent:
    """The event, or all of its errors, as if it had been posted: for an event that ingest made of a message.

    Its fields have the types of the schema, and its properties the values that JSON can have.
    """
    text = _encoder.encode(event)
    # Decoding the text again would take as long as all other checks. An event that passes these is the one that it
    # would give; any other is explained by its text.
    if (
        len(text) > bounds.event_bytes
        or not _has_valid_ids(event)
        or not _is_valid(event, now, bounds, history)
        or _may_have_nul(text)
        or (checked := _checked(event, now)) is None
    ):
        return parse_event(text, now=now, bounds=bounds, history=history)
    return checked


def _has_valid_ids(event: IncomingEvent) -> bool:
    """What the schema says of ids, which nothing has checked in an event that was not decoded."""
    return (
        0 < len(event.account_id) <= ID_CHARS
        and (event.event_id is None or 0 < len(event.event_id) <= ID_CHARS)
        and (event.user_id is None or 0 < len(event.user_id) <= ID_CHARS)
    )


def _may_have_nul(text: bytes) -> bool:
    # Nearly no text has a backslash, and a single byte is looked up in a tenth of the time.
    return _BACKSLASH in text and ESCAPED_NUL in text


def _is_valid(incoming: IncomingEvent, now: datetime, bounds: Bounds, history: bool) -> bool:
    if not _is_valid_name(incoming.name):
        return False
    time = incoming.time
    # Nearly all events are young enough for any name.
    if time is not None and not _LEAST_AGE <= now - time <= SHORTEST_REACH:
        if validation.check_time(time, now=now):
            return False
        if bounds.limits_age and validation.check_age(incoming.name, time, now=now, history=history):
            return False
    return not incoming.properties or not properties.property_errors(incoming.properties, bounds)


def _checked(incoming: IncomingEvent, now: datetime) -> IncomingEvent | CorrectedEvent | None:
    """A standard event by the event catalogue, None if it has an error there; any other event as it is.

    `now` is the time of an event that names none.
    """
    standard = STANDARD_EVENTS.get(incoming.name)
    if standard is None or not (incoming.properties or standard.always):
        return incoming
    checked = standard.check(incoming.properties or {}, at=incoming.time or now)
    if checked is None:
        return incoming
    if checked.errors:
        return None
    return CorrectedEvent(replace(incoming, properties=checked.properties), checked.notes)


# Cached: a product has some hundred event names.
_is_valid_name: Final = lru_cache(maxsize=10_000)(is_event_name)
