"""One event as a row of a file: the fields that ingest takes, and those that the log adds."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from common.contracts.events import Event, Moment

SOURCE = "file"


class EventRow(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """`time` is RFC 3339 with a zone. A row without an `event_id` gets one of its number, so it counts once."""

    account_id: str
    name: str
    time: Moment
    event_id: str | None = None
    user_id: str | None = None
    properties: dict[str, Any] | None = None
    source: str | None = None
    history: bool = False
    # Records of the log have these; a back-test does not need them.
    type: str | None = None
    received_at: Moment | None = None
    more: bool = False


REQUIRED = ("account_id", "name", "time")
COLUMNS = tuple(field.name for field in msgspec.structs.fields(EventRow))
_json_decoder = msgspec.json.Decoder(EventRow)
_properties_decoder = msgspec.json.Decoder(dict[str, Any])


def from_json(line: str) -> EventRow:
    """Raises `msgspec.DecodeError`, which covers `ValidationError`."""
    return _json_decoder.decode(line)


def from_fields(fields: dict[str, Any]) -> EventRow:
    """From texts, of which the empty ones count as absent, or from typed values. Raises as `from_json` does.

    Properties are a JSON object in a text, or a mapping.
    """
    given = {name: value for name, value in fields.items() if value is not None and value != ""}
    properties = given.get("properties")
    if isinstance(properties, str):
        given["properties"] = _properties_decoder.decode(properties)
    elif properties is not None:
        # Formats with columns of a fixed type fill in what a row does not have.
        given["properties"] = {name: value for name, value in dict(properties).items() if value is not None}
    time = given.get("time")
    if isinstance(time, datetime) and time.tzinfo is None:
        given["time"] = time.replace(tzinfo=UTC)
    return msgspec.convert(given, EventRow, strict=False)


def event_of(row: EventRow, number: int) -> Event:
    time = row.time.astimezone(UTC)
    return Event(
        event_id=row.event_id or f"row-{number}",
        account_id=row.account_id,
        name=row.name,
        time=time,
        source=row.source or SOURCE,
        received_at=time,
        user_id=row.user_id,
        properties=row.properties or {},
        history=row.history,
    )
