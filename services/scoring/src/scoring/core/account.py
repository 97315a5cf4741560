"""One account as the core keeps it, and the bytes it is stored as."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from common.contracts.signals import Band, Facts
from scoring.core.context import Context
from scoring.core.facts import Writers
from scoring.core.flag import Raised
from scoring.core.ledger import DayLedger, Ledger
from scoring.core.moments import to_date
from scoring.core.sight import Course, Sight
from scoring.core.standing import Standing
from scoring.core.view import Day

# The first byte of every body. Golden bodies of all formats so far are decoded in a test.
FORMAT = 1


class UnknownFormat(ValueError):
    """A body that this version cannot read: another version wrote it."""


class Record(Struct, array_like=True):
    """What is stored of an account beside the states of its metrics and flags. Moments are UTC.

    `born` is the earliest moment of all its records, None before the first one. `change` runs since the last band
    told, `day` since the last look before the UTC day of the clock.
    """

    born: float | None = None
    clock: float = 0.0
    facts: Facts = field(default_factory=Facts)
    writers: Writers = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    change: Ledger | None = None
    day: DayLedger | None = None


class Account:
    """Changed in place by the scorer alone.

    `due` is the next moment at which anything discrete changes in silence; it is stored beside the body, not in it.
    `context`, `course` and `sight` can be made again from the rest: they are kept for speed and are never stored.
    """

    __slots__ = ("account_id", "context", "course", "due", "flags", "keys", "metrics", "record", "sight")

    def __init__(
        self,
        account_id: str,
        *,
        record: Record,
        metrics: list[Any],
        flags: list[Raised],
        keys: Sequence[str],
        due: int | None,
    ) -> None:
        self.account_id = account_id
        self.record = record
        self.metrics = metrics
        self.flags = flags
        self.keys = keys
        self.due = due
        self.context: Context | None = None
        self.course: Course | None = None
        self.sight: Sight | None = None

    @property
    def facts(self) -> Facts:
        return self.record.facts

    @property
    def band(self) -> Band | None:
        """The band shown: the one told last."""
        return self.record.standing.band

    @property
    def clock(self) -> float:
        return self.record.clock

    @property
    def today(self) -> Day | None:
        """The day that is not closed yet."""
        day = self.record.day
        return None if day is None else closed(day, self.account_id)

    def encode(self) -> bytes:
        """A function of the records alone, byte for byte."""
        parts = {
            key: state
            for key, state in zip(self.keys, (*self.metrics, *self.flags), strict=True)
            if state != type(state)()
        }
        return bytes([FORMAT]) + _encoder.encode((self.record, parts))


def decode(body: bytes) -> tuple[Record, dict[str, Raw]]:
    """The record, and each part's bytes by the fingerprint of its definition. Raises UnknownFormat."""
    if not body or body[0] != FORMAT:
        raise UnknownFormat(f"format {body[:1].hex() or 'missing'}, this version reads {FORMAT}")
    return _decoder.decode(memoryview(body)[1:])


def closed(day: DayLedger, account_id: str) -> Day:
    change = day.ledger.change()
    return Day(
        account_id=account_id,
        day=to_date(day.day),
        since=day.ledger.since,
        before=change.before,
        after=change.after,
        parts=change.parts,
        events=change.events,
    )


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[tuple[Record, dict[str, Raw]]] = msgspec.msgpack.Decoder(
    tuple[Record, dict[str, Raw]]
)
