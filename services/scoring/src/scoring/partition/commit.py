"""What one transaction of a partition writes, as one value."""

from enum import StrEnum

from msgspec import Struct, field

from common.contracts.signals import Facts, Signal
from scoring.health import Day


class Outlet(StrEnum):
    """Where an outbox row goes."""

    SIGNALS = "signals"
    DEAD = "dead"


class DeadReason(StrEnum):
    """Why a record went to the dead topic: the header, the log line and the metric's label say the same."""

    UNREADABLE = "unreadable"
    WRONG_PARTITION = "wrong_partition"
    CARD_CHANGE = "card_change_not_supported"
    CORE_FAILED = "core_failed"


class LogPosition(Struct, frozen=True):
    """How far a partition has been read, and the record before that, to know the log again by."""

    to_offset: int
    clock: float  # the newest tick read; seconds
    newest: float  # the running maximum of all record times; seconds
    last_offset: int | None = None
    last_time: int | None = None  # milliseconds
    last_hash: bytes | None = None


class OutboxRow(Struct, frozen=True):
    outlet: Outlet
    stamp: int  # milliseconds
    key: bytes | None
    value: bytes | None
    reason: DeadReason | None = None


class Queued(Struct, frozen=True):
    """An outbox row with its place: partitions are sent in the order of (seq, n)."""

    seq: int
    n: int
    row: OutboxRow


class AccountRow(Struct, frozen=True):
    """What readers filter by."""

    account_id: str
    facts: Facts
    band: str | None


class Commit(Struct, frozen=True):
    """Everything or nothing. `last` is the journal's seq that this follows; any other there undoes it all."""

    partition: int
    last: int
    writer: str
    position: LogPosition
    states: dict[str, bytes]
    timers: dict[str, int | None]
    seen: dict[int, bytes]
    accounts: tuple[AccountRow, ...]
    days: tuple[Day, ...]
    signals: tuple[Signal, ...]
    outbox: tuple[OutboxRow, ...]

    def queued(self) -> list[Queued]:
        """What the relay finds in the outbox once this is written."""
        return [Queued(self.last + 1, n, row) for n, row in enumerate(self.outbox)]


class BatchReport(Struct):
    """What a batch did, for the log line and the counters."""

    records: int = 0
    events: int = 0
    duplicates: int = 0
    ticks: int = 0
    fired: int = 0
    mismatches: int = 0
    dead: list[DeadReason] = field(default_factory=list)
