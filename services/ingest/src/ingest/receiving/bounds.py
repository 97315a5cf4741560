"""Limits for events and bodies. An error answer names the limit that was exceeded."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

ID_CHARS = 128
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class Bounds:
    body_bytes: int = 5_000_000
    inflated_bytes: int = 20_000_000
    items: int = 10_000
    # A list of ten million numbers fits into 20 MB of text, but takes gigabytes once it is decoded.
    commas: int = 2_000_000
    event_bytes: int = 32 * 1024
    depth: int = 8
    keys: int = 256
    key_chars: int = 128
    text_chars: int = 8192
    number: float = 1e15
    # In stream mode the record time is the event time, so no event is old.
    limits_age: bool = True


BOUNDS = Bounds()
