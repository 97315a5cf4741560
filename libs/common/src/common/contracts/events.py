"""What travels on `account.events.v1`: what accounts did, the passing of time, and the card in force.

A record's own time is Kafka's timestamp and nothing else, so no struct here carries it.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

# Without a zone it would mean another moment on another machine.
Moment = Annotated[datetime, Meta(tz=True)]


class Event(Struct, frozen=True, tag="event", omit_defaults=True, gc=False):
    """What one account did, as ingest accepted it.

    `time` is when it happened (UTC), `received_at` when ingest took it; `source` is the stream of the key that
    posted it, so (source, account_id, event_id) names an event for ever. `history` marks imports: signals that
    come of it are stored as history and wake nobody.
    """

    event_id: str
    account_id: str
    name: str
    time: Moment
    source: str
    received_at: Moment
    user_id: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    history: bool = False


class Tick(Struct, frozen=True, tag="tick"):
    """Time has passed in this partition: the record's timestamp says until when. No key, explicit partition."""


class CardActivated(Struct, frozen=True, tag="card.activated"):
    """From here on this partition is scored by another card; `card` is the whole file as text."""

    card_id: str
    card: str


EventsRecord = Event | Tick | CardActivated

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[EventsRecord] = msgspec.json.Decoder(EventsRecord)


def encode_events_record(record: EventsRecord) -> bytes:
    return _encoder.encode(record)


def decode_events_record(body: bytes) -> EventsRecord:
    """Raises `msgspec.DecodeError` (of which `msgspec.ValidationError` is one) for anything else."""
    try:
        return _decoder.decode(body)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets these through as they are
        raise msgspec.DecodeError(str(error)) from error
