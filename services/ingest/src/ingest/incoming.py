"""One posted event: what it must look like, and whether it does."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from ingest import diagnosis, properties
from ingest.bounds import ID_CHARS, NAME_CHARS, NAME_PATTERN, Bounds
from ingest.diagnosis import Unfit

Id = Annotated[str, Meta(min_length=1, max_length=ID_CHARS)]
Name = Annotated[
    str,
    # Documented here and held to below: matched anew for every event it would take as long as all the rest.
    Meta(
        description="object.verbed",
        examples=["report.opened"],
        extra_json_schema={"maxLength": NAME_CHARS, "pattern": NAME_PATTERN},
    ),
]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with zone; if absent, when it was received")]


class IncomingEvent(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What a product app says that an account did."""

    account_id: Id
    name: Name
    event_id: Id | None = None
    user_id: Id | None = None
    time: Moment | None = None
    properties: dict[str, Any] | None = None


ESCAPED_NUL: Final = b"\\u0000"
_NAME: Final = re.compile(NAME_PATTERN)
_decoder: Final = msgspec.json.Decoder(IncomingEvent)


def read(text: bytes | Raw, *, now: datetime, bounds: Bounds, nul: bool = True) -> IncomingEvent | Unfit:
    """The event if there is nothing to say against it, else everything that there is.

    Without `nul` the text is known to hold no escaped U+0000.
    """
    if len(text) > bounds.event_bytes:
        return diagnosis.too_large(len(text), bounds)
    try:
        incoming = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return diagnosis.of(text, now=now, bounds=bounds, otherwise=str(error))
    if not _fine(incoming, now, bounds):
        return diagnosis.of(text, now=now, bounds=bounds, otherwise="not valid")
    if nul and ESCAPED_NUL in bytes(text):
        # An escaped backslash before "u0000" looks the same: the diagnosis tells them apart.
        found = diagnosis.of(text, now=now, bounds=bounds)
        return found if found.faults else incoming
    return incoming


def _fine(incoming: IncomingEvent, now: datetime, bounds: Bounds) -> bool:
    if not _well_named(incoming.name) or (incoming.time is not None and diagnosis.of_time(incoming.time, now=now)):
        return False
    return not incoming.properties or not properties.faults(incoming.properties, bounds)


@lru_cache(maxsize=10_000)
def _well_named(name: str) -> bool:
    """A product has some hundred names for all that happens in it."""
    return len(name) <= NAME_CHARS and _NAME.search(name) is not None
