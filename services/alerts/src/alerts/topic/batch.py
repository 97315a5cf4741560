"""A batch of records of the signals topic, sorted by what is to be done with them. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from alerts.decisions.reasons import DecisionReason
from alerts.signals.decoding import decode_record
from common.bus.ports import Record
from common.contracts.events import (
    Erased,
    Erasure,
    ErasureLifted,
    Lifting,
    MentionsErased,
    Tick,
    UserErased,
    UserErasureLifted,
)
from common.contracts.signals import CaughtUp, Facts, FactsChanged, Signal, SignalsRecord
from common.erasures.erased_people import without_people
from common.erasures.erasure_spans import PartitionErasures

LONGEST_NAME = 2_000  # bytes of an id: an index entry of PostgreSQL's holds 2,704


class ReadSignal(Struct, frozen=True):
    """A signal with its record time in seconds. `postponed` says why it is not decided now."""

    signal: Signal
    recorded: float
    postponed: DecisionReason | None


class ReadFacts(Struct, frozen=True):
    """What is known of an account from this record time (seconds) on."""

    account_id: str
    facts: Facts
    recorded: float


class ReadErasure(NamedTuple):
    """An erasure, its lifting, or the erasure of mentions, with its offset and its record time in seconds."""

    said: Erasure | Lifting | MentionsErased
    offset: int
    recorded: float


class SignalsBatch(Struct, frozen=True):
    """The first `taken` records of a poll, as many as one transaction decides, in the order of the log.

    The ticks come first. `tick` is the record time of the newest, which fires timers before the signals are
    decided. `facts` are the last of each account. `caught_up` is the record time of the last `CaughtUp`;
    `before_caught_up` signals came before it. `unreadable` are the offsets of records of another format, or with
    names that PostgreSQL cannot store. `erased` counts records of erased accounts that were left out. `signals` say
    nothing of erased people. An `erasure` is a batch of its own.
    """

    taken: int = 0
    tick: float | None = None
    ticks: tuple[Record, ...] = ()
    facts: tuple[ReadFacts, ...] = ()
    signals: tuple[ReadSignal, ...] = ()
    caught_up: float | None = None
    before_caught_up: int = 0
    unreadable: tuple[int, ...] = ()
    erased: int = 0
    erasure: ReadErasure | None = None


class LateSignals(Struct, frozen=True):
    """Late signals that are still undecided, oldest first. `unreadable` are the account and id of damaged rows."""

    signals: tuple[Signal, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()

    @property
    def accounts(self) -> tuple[str, ...]:
        """Each once, in the same order."""
        every = [*(signal.account_id for signal in self.signals), *(account_id for account_id, _ in self.unreadable)]
        return tuple(dict.fromkeys(every))


class RecordedSignals(Struct, frozen=True):
    """`added` are the new ids, `late` the older late signals of accounts with a timely signal in the batch."""

    added: frozenset[str] = frozenset()
    late: LateSignals = LateSignals()


_NOBODY = PartitionErasures(None)


def read_batch(records: Sequence[Record], *, late_after: float, erasures: PartitionErasures = _NOBODY) -> SignalsBatch:
    """It ends before a tick that comes after signals: what they decide may be due by that tick.

    It ends before an erasure, too, which is a batch of its own: it deletes what those signals wrote.
    """
    reading = _BatchReading(late_after=late_after, erasures=erasures)
    for record in records:
        if not reading.take(record):
            break
    return reading.batch()


class _BatchReading:
    """What was read of a batch so far."""

    def __init__(self, *, late_after: float, erasures: PartitionErasures) -> None:
        self._late_after = late_after
        self._erasures = erasures
        self._taken = 0
        self._ticks: list[Record] = []
        self._facts: dict[str, ReadFacts] = {}
        self._signals: list[ReadSignal] = []
        self._caught_up: float | None = None
        self._before_caught_up = 0
        self._unreadable: list[int] = []
        self._erased = 0
        self._erasure: ReadErasure | None = None

    def take(self, record: Record) -> bool:
        """False if the record is of the next batch."""
        try:
            message = decode_record(record.value or b"")
        except msgspec.DecodeError:
            message = None
        if self._ends_before(message):
            return False
        self._taken += 1
        self._sort(message, record)
        return True

    def batch(self) -> SignalsBatch:
        return SignalsBatch(
            taken=self._taken,
            tick=max((record.timestamp / 1000 for record in self._ticks), default=None),
            ticks=tuple(self._ticks),
            facts=tuple(self._facts.values()),
            signals=tuple(self._signals),
            caught_up=self._caught_up,
            before_caught_up=self._before_caught_up,
            unreadable=tuple(self._unreadable),
            erased=self._erased,
            erasure=self._erasure,
        )

    def _ends_before(self, message: SignalsRecord | None) -> bool:
        match message:
            case _ if self._erasure is not None:
                return True
            case Erased() | UserErased() | ErasureLifted() | UserErasureLifted() | MentionsErased():
                return self._taken > 0 and _can_be_applied(message)
            case Tick():
                return bool(self._signals or self._facts or self._caught_up is not None)
        return False

    def _sort(self, message: SignalsRecord | None, record: Record) -> None:
        recorded = record.timestamp / 1000
        match message:
            case Erased() | UserErased() | ErasureLifted() | UserErasureLifted() | MentionsErased() if _can_be_applied(
                message
            ):
                self._erasure = ReadErasure(message, record.offset, recorded)
            case Signal() | FactsChanged() if self._erasures.reason(message.account_id, record.offset):
                self._erased += 1
            case Tick():
                self._ticks.append(record)
            case CaughtUp():
                self._caught_up, self._before_caught_up = recorded, len(self._signals)
            case FactsChanged() if _are_names((message.account_id,)):
                self._facts[message.account_id] = ReadFacts(message.account_id, message.facts, recorded)
            case Signal() if _can_be_stored(message):
                reason = postpone_reason(message, recorded=recorded, late_after=self._late_after)
                self._signals.append(ReadSignal(self._without_erased_people(message, record.offset), recorded, reason))
            case _:
                self._unreadable.append(record.offset)

    def _without_erased_people(self, signal: Signal, offset: int) -> Signal:
        if not self._erasures.any_people:
            return signal
        return without_people(signal, lambda user_id: self._erasures.hides_user(user_id, offset))


def postpone_reason(signal: Signal, *, recorded: float, late_after: float) -> DecisionReason | None:
    """`HISTORY`, `LATE`, or None: decide it now. `recorded` is the record time; both are seconds.

    A late signal was old when scoring published it. It waits for `CaughtUp`, or for a timely signal of its account.
    """
    # What an import brings is stored and never told.
    if signal.history:
        return DecisionReason.HISTORY
    # By the log's clock alone: a slow reader must not make a signal late that scoring published in time.
    if recorded - signal.at.timestamp() > late_after:
        return DecisionReason.LATE
    return None


def without_duplicates(signals: Sequence[ReadSignal]) -> tuple[ReadSignal, ...]:
    """The first of each id: a relay may have published a signal twice."""
    return tuple({one.signal.signal_id: one for one in reversed(signals)}.values())[::-1]


def _can_be_stored(signal: Signal) -> bool:
    return _are_names((signal.signal_id, signal.account_id, signal.episode))


def _can_be_applied(said: Erasure | Lifting | MentionsErased) -> bool:
    match said:
        case Erased() | MentionsErased():
            return _are_names((said.erasure_id, said.account_id))
        case UserErased():
            return _are_names((said.erasure_id, said.user_id, said.substitute))
    return _are_names((said.erasure_id,))


def _are_names(names: Sequence[str]) -> bool:
    """Whether they fit PostgreSQL's text and index: any program may have written the record."""
    return all(name and "\0" not in name and len(name.encode("utf-8", "replace")) <= LONGEST_NAME for name in names)
