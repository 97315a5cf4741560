"""The schema of a posted event, and the fast check that most events pass."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from ingest import properties, validation
from ingest.bounds import ID_CHARS, NAME_CHARS, NAME_PATTERN, Bounds
from ingest.validation import InvalidEvent

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


ESCAPED_NUL: Final = b"\\u0000"
_NAME: Final = re.compile(NAME_PATTERN)
_decoder: Final = msgspec.json.Decoder(IncomingEvent)


def parse_event(text: bytes | Raw, *, now: datetime, bounds: Bounds, nul: bool = True) -> IncomingEvent | InvalidEvent:
    """The event, or all of its errors. Without `nul` the text is known to contain no escaped U+0000."""
    if len(text) > bounds.event_bytes:
        return validation.event_too_large(len(text), bounds)
    try:
        incoming = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return validation.explain(text, now=now, bounds=bounds, fallback=str(error))
    if not _is_valid(incoming, now, bounds):
        return validation.explain(text, now=now, bounds=bounds, fallback="not valid")
    if nul and ESCAPED_NUL in bytes(text):
        # The text may also have an escaped backslash before "u0000". Decoding it again tells the two apart.
        invalid = validation.explain(text, now=now, bounds=bounds)
        return invalid if invalid.errors else incoming
    return incoming


def _is_valid(incoming: IncomingEvent, now: datetime, bounds: Bounds) -> bool:
    if not _is_valid_name(incoming.name) or (
        incoming.time is not None and validation.check_time(incoming.time, now=now)
    ):
        return False
    return not incoming.properties or not properties.property_errors(incoming.properties, bounds)


@lru_cache(maxsize=10_000)
def _is_valid_name(name: str) -> bool:
    """Cached: a product has some hundred event names."""
    return len(name) <= NAME_CHARS and _NAME.search(name) is not None
