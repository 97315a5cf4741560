"""One posted event: what it must look like, and whether it does."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from ingest import diagnosis, properties
from ingest.bounds import ID_CHARS, NAME_CHARS, NAME_PATTERN, Bounds
from ingest.diagnosis import Unfit

Id = Annotated[str, Meta(min_length=1, max_length=ID_CHARS)]
Name = Annotated[
    str,
    Meta(max_length=NAME_CHARS, pattern=NAME_PATTERN, description="object.verbed", examples=["report.opened"]),
]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with zone; if absent, when it was received")]


class IncomingEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """What a product app says that an account did."""

    account_id: Id
    name: Name
    event_id: Id | None = None
    user_id: Id | None = None
    time: Moment | None = None
    properties: dict[str, Any] | None = None


_decoder: Final = msgspec.json.Decoder(IncomingEvent)


def read(text: bytes | Raw, *, now: datetime, bounds: Bounds) -> IncomingEvent | Unfit:
    """The event if there is nothing to say against it, else everything that there is."""
    if len(memoryview(text)) > bounds.event_bytes:
        return diagnosis.too_large(len(memoryview(text)), bounds)
    try:
        incoming = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return diagnosis.of(text, now=now, bounds=bounds, otherwise=str(error))
    if _fine(incoming, text, now, bounds):
        return incoming
    return diagnosis.of(text, now=now, bounds=bounds, otherwise="not valid")


def _fine(incoming: IncomingEvent, text: bytes | Raw, now: datetime, bounds: Bounds) -> bool:
    if incoming.time is not None and diagnosis.of_time(incoming.time, now=now):
        return False
    if incoming.properties and properties.faults(incoming.properties, bounds):
        return False
    # An escaped backslash before "u0000" looks the same: the diagnosis tells them apart.
    return b"\\u0000" not in bytes(text) or not diagnosis.of(text, now=now, bounds=bounds).faults
