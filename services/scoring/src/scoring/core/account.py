"""One account as the core keeps it, and the bytes it is stored as."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from common.contracts.signals import Band, Facts
from scoring.core.calm import Calm
from scoring.core.context import Context
from scoring.core.facts import Writers
from scoring.core.flag import Raised
from scoring.core.ledger import DayLedger, Ledger
from scoring.core.moments import to_date
from scoring.core.sight import Course, Sight
from scoring.core.standing import Standing
from scoring.core.view import Day

# The first byte of every body. Golden bodies of all formats so far are decoded in a test.
FORMAT = 2
_WITHOUT_BOOKED = 1


class UnknownFormat(ValueError):
    """A body that this version cannot read: another version wrote it."""


class Part(Struct, array_like=True):
    """What is stored of one metric or flag: its state, nil if it is as it began, and the points that are booked."""

    state: Raw
    booked: float | None = None


class Record(Struct, array_like=True):
    """What is stored of an account beside the states of its metrics and flags. Moments are UTC.

    `born` is the earliest moment of all its records, None before the first one. `change` runs since the last band
    told, `day` since the last look before the UTC day of the clock. `cap` is the flag whose cap was the score when
    all was booked last, and what it cost.
    """

    born: float | None = None
    clock: float = 0.0
    facts: Facts = field(default_factory=Facts)
    writers: Writers = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    change: Ledger | None = None
    day: DayLedger | None = None
    cap: tuple[str, float] | None = None


class Account:
    """Changed in place by the scorer alone.

    `alarm` is when somebody has to look again, at `due` or before it: it is stored beside the body, not in it.
    `booked` are the points of each metric that its ledgers know of. `context`, `course`, `sight` and `calm` can be
    made again from the rest: they are kept for speed and are never stored.
    """

    __slots__ = (
        "_due",
        "_encoded",
        "_find_due",
        "account_id",
        "alarm",
        "alarm_is_set",
        "booked",
        "calm",
        "context",
        "course",
        "flags",
        "keys",
        "metrics",
        "record",
        "sight",
    )

    def __init__(
        self,
        account_id: str,
        *,
        record: Record,
        metrics: list[Any],
        flags: list[Raised],
        keys: Sequence[str],
    ) -> None:
        self.account_id = account_id
        self.record = record
        self.metrics = metrics
        self.flags = flags
        self.keys = keys
        self.booked: list[float | None] = [None] * len(metrics)
        self.context: Context | None = None
        self.course: Course | None = None
        self.sight: Sight | None = None
        self.calm: Calm | None = None
        self.alarm: int | None = None
        self.alarm_is_set = True
        self._due: int | None = None
        self._find_due: Callable[[Account], int | None] | None = None
        self._encoded: list[Raw | None] = [None] * len(keys)

    @property
    def due(self) -> int | None:
        """The whole second at which silence next does anything discrete: found when somebody asks."""
        find = self._find_due
        if find is not None:
            self.due = find(self)
        return self._due

    @due.setter
    def due(self, due: int | None) -> None:
        self._due, self._find_due = due, None
        self.alarm, self.alarm_is_set = due, True

    def find_due(self) -> None:
        """Now, and not when somebody asks."""
        self.due = self.due

    def due_moves(self, find: Callable[["Account"], int | None]) -> None:
        """The due moment is another one now: `find` finds it, at the account's clock."""
        self._find_due, self.alarm_is_set = find, False

    def set_alarm(self, alarm: int | None) -> None:
        """A moment not after the due one, None if there is none."""
        self.alarm, self.alarm_is_set = alarm, True

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

    def changed(self, part: int) -> None:
        """The state of a metric, or of a flag (they come after the metrics), is another one now."""
        self._encoded[part] = None

    def encode(self) -> bytes:
        """A function of the records alone, byte for byte."""
        points = (*self.booked, *(None for _ in self.flags))
        parts = {}
        for index, (key, booked) in enumerate(zip(self.keys, points, strict=True)):
            state = self._encoded[index]
            if state is None:
                state = self._encoded[index] = self._encode(index)
            if booked is not None or state is not _FRESH:
                parts[key] = Part(state, booked)
        return bytes([FORMAT]) + _encoder.encode((self.record, parts))

    def _encode(self, index: int) -> Raw:
        count = len(self.metrics)
        state = self.metrics[index] if index < count else self.flags[index - count]
        return _FRESH if state == type(state)() else Raw(_encoder.encode(state))


def decode(body: bytes) -> tuple[Record, Mapping[str, Part]]:
    """The record, and each part by the fingerprint of its definition. Raises UnknownFormat."""
    if not body or body[0] not in _decoders:
        known = " and ".join(str(number) for number in sorted(_decoders))
        raise UnknownFormat(f"format {body[:1].hex() or 'missing'}, this version reads {known}")
    return _decoders[body[0]](memoryview(body)[1:])


def state_of(part: Part | None, of: type[Any]) -> Any:
    """The state that a part holds; a fresh one if it holds none."""
    if part is None or part.state == _FRESH:
        return of()
    return msgspec.msgpack.decode(part.state, type=of)


def all_is_booked(body: bytes) -> bool:
    """Whether the ledgers in a body go up to its clock, whatever its parts say: they once always did."""
    return body[0] == _WITHOUT_BOOKED


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


def _decode_first(body: memoryview) -> tuple[Record, Mapping[str, Part]]:
    record, states = _first.decode(body)
    return record, {key: Part(state) for key, state in states.items()}


_FRESH = Raw(b"\xc0")
_encoder = msgspec.msgpack.Encoder()
_first = msgspec.msgpack.Decoder(tuple[Record, dict[str, Raw]])
_decoders: dict[int, Callable[[memoryview], tuple[Record, Mapping[str, Part]]]] = {
    _WITHOUT_BOOKED: _decode_first,
    FORMAT: msgspec.msgpack.Decoder(tuple[Record, dict[str, Part]]).decode,
}
