"""Records of the topic `account.events.v1`: events of accounts, ticks, records about everybody, erasures.

The record time is Kafka's timestamp, so no struct has a field for it.
"""

from datetime import datetime
from typing import Annotated, Any, get_args

import msgspec
from msgspec import Meta, Struct, field

# Without a time zone the text would mean another moment on another machine.
Moment = Annotated[datetime, Meta(tz=True)]

LONGEST_ANNOUNCED = 200
"""Characters of an announcement's id and of a source that it names. PostgreSQL indexes both, and takes no NUL."""
AnnouncedName = Annotated[str, Meta(min_length=1, max_length=LONGEST_ANNOUNCED, pattern="^[^\\x00]*$")]


class Event(Struct, frozen=True, tag="event", omit_defaults=True, gc=False):
    """What one account did, as ingest accepted it.

    `time` is the event time (UTC), `received_at` is when ingest accepted it. `source` is that of the API key;
    (source, account_id, event_id) identifies an event for ever. `history` marks a backfill: scoring stores the
    signals of such events as history, and alerts tells nobody. `more` says that another accepted event of the same
    account and request follows: scoring tells nothing of the state in between.
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
    more: bool = False


class Tick(Struct, frozen=True, tag="tick"):
    """Advances the time of its partition to the record's timestamp. Sent without a key, to an explicit partition."""


class CardActivated(Struct, frozen=True, tag="card.activated"):
    """From this record on, scoring uses another scorecard for the partition; `card` is the whole file as text."""

    card_id: str
    card: str


class FeedPaused(Struct, frozen=True, tag="feed.paused"):
    """Nothing has come from a source since `since` (UTC): accounts that it speaks of are not silent because of that."""

    id: AnnouncedName
    source: AnnouncedName
    since: Moment


class FeedResumed(Struct, frozen=True, tag="feed.resumed"):
    """The source sends again."""

    id: AnnouncedName
    source: AnnouncedName


Announcement = FeedPaused | FeedResumed
"""A record about everybody: in every partition once, sent like a tick. It takes effect once per id, and as a tick."""


class Erased(Struct, frozen=True, tag="erased"):
    """At this record every service deletes what it knows of the account, and passes over what came before it.

    What comes after it is dropped until `ErasureLifted`. `erasure_id` names the request, `pseudonym` is the account by
    the ERASURE_KEY, in hexadecimal: a service with another key finds that out here.
    """

    erasure_id: str
    account_id: str
    pseudonym: str


class ErasureLifted(Struct, frozen=True, tag="erasure.lifted"):
    """From this record on the account's records count again. By now nobody knows the account but by its pseudonym."""

    erasure_id: str
    pseudonym: str


class UserErased(Struct, frozen=True, tag="user.erased"):
    """At this record every service deletes what it knows of a person, in all accounts of the partition.

    It is in every partition. From here on the person counts under the `substitute` (see `common.erasures.substitutes`)
    for what they did before; what they do after it is dropped until `UserErasureLifted`.
    """

    erasure_id: str
    user_id: str
    pseudonym: str
    substitute: str


class UserErasureLifted(Struct, frozen=True, tag="user.erasure.lifted"):
    """From this record on the person's events count again. It is in every partition."""

    erasure_id: str
    pseudonym: str


class MentionsErased(Struct, frozen=True, tag="mentions.erased"):
    """At this record every service replaces the id of an erased account in what it knows of other accounts.

    Those are the accounts that were merged into it, and those that have it as their parent. From here on they name its
    substitute (`common.erasures.substitutes.account_substitute`). It is in every partition, because accounts of all
    partitions may name it. A copy is harmless.
    """

    erasure_id: str
    account_id: str


Erasure = Erased | UserErased
Lifting = ErasureLifted | UserErasureLifted

EventsRecord = Event | Tick | CardActivated | Announcement | Erasure | Lifting | MentionsErased

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[EventsRecord] = msgspec.json.Decoder(EventsRecord)
_TYPES = frozenset(record.__struct_config__.tag for record in get_args(EventsRecord))


def encode_events_record(record: EventsRecord) -> bytes:
    return _encoder.encode(record)


def decode_events_record(body: bytes) -> EventsRecord:
    """Raises `msgspec.DecodeError` (`msgspec.ValidationError` is a subclass of it) for anything else."""
    try:
        return _decoder.decode(body)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec does not wrap these
        raise msgspec.DecodeError(str(error)) from error


def find_unknown_type(body: bytes) -> str | None:
    """The `type` of a JSON object if no record of this version has it: a newer version wrote it. Else None."""
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    kind = fields.get("type") if isinstance(fields, dict) else None
    return kind if isinstance(kind, str) and kind not in _TYPES else None
