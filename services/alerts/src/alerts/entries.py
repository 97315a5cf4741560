"""A run of records of the signals topic, sorted by what is to be done with them. Pure."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from alerts.core.reasons import DecisionReason
from alerts.core.settle import postpone_reason
from common.bus.ports import Record
from common.contracts.signals import Signal, decode_signals_record

LONGEST_NAME = 2_000  # bytes of an id: an index entry of PostgreSQL's holds 2,704


class ReadSignal(Struct, frozen=True):
    """A signal as it was read; `recorded` is its record time in seconds. `put_off` is why it is not decided yet."""

    signal: Signal
    recorded: float
    put_off: DecisionReason | None


class SignalsBatch(Struct, frozen=True):
    """`caught_up` is the record time of the last `CaughtUp`, and `before` how many of the entries came before it.

    `unreadable` are the offsets of records of another format, or with names that cannot be stored.
    """

    entries: tuple[ReadSignal, ...] = ()
    caught_up: float | None = None
    before: int = 0
    unreadable: tuple[int, ...] = ()


class LateSignals(Struct, frozen=True):
    """Late signals that are still undecided, oldest first.

    `damaged` are the accounts and ids of those that cannot be read.
    """

    signals: tuple[Signal, ...] = ()
    damaged: tuple[tuple[str, str], ...] = ()

    @property
    def accounts(self) -> tuple[str, ...]:
        """Each once, in the same order."""
        every = [*(signal.account_id for signal in self.signals), *(account_id for account_id, _ in self.damaged)]
        return tuple(dict.fromkeys(every))


class RecordedSignals(Struct, frozen=True):
    """`added` are the ids that were not known before, `waiting` what waited before of accounts with fresh word."""

    added: frozenset[str] = frozenset()
    waiting: LateSignals = LateSignals()


def read_batch(records: Sequence[Record], *, late_after: float) -> SignalsBatch:
    entries: list[ReadSignal] = []
    caught_up: float | None = None
    before = 0
    unreadable: list[int] = []
    for record in records:
        try:
            what = decode_signals_record(record.value or b"")
        except msgspec.DecodeError:
            unreadable.append(record.offset)
            continue
        recorded = record.timestamp / 1000
        if isinstance(what, Signal):
            if not _storable(what):
                unreadable.append(record.offset)
                continue
            entries.append(ReadSignal(what, recorded, postpone_reason(what, recorded=recorded, late_after=late_after)))
        else:
            caught_up, before = recorded, len(entries)
    return SignalsBatch(tuple(entries), caught_up, before, tuple(unreadable))


def without_duplicates(entries: Sequence[ReadSignal]) -> tuple[ReadSignal, ...]:
    """The first of each id: a relay may have sent a run twice."""
    return tuple({entry.signal.signal_id: entry for entry in reversed(entries)}.values())[::-1]


def _storable(signal: Signal) -> bool:
    """Scoring writes no others, but it need not be scoring who wrote this one; PostgreSQL's text has no NUL."""
    names = (signal.signal_id, signal.account_id, signal.episode)
    return all(name and "\0" not in name and len(name.encode("utf-8", "replace")) <= LONGEST_NAME for name in names)
