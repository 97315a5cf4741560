"""One transaction of a partition as a value: everything that it writes."""

from collections import Counter
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from msgspec import Struct, field

from common.bus.ports import Record
from common.contracts.dead_letters import DeadReason, attempt_of
from common.contracts.events import Event
from common.contracts.signals import Facts, Signal
from common.erasures.erasure_spans import ErasureReason
from scoring.health import NO_PAUSES, Day, Pauses, RetractionResult
from scoring.health.properties import withdrawn_event
from scoring.partition.kpi_entries import KpiEntry

T = TypeVar("T")


class OutboxTopic(StrEnum):
    """The topic that the relay sends an outbox row to."""

    SIGNALS = "signals"
    DEAD = "dead"


class AnnouncementOutcome(StrEnum):
    """What became of a record about everybody: two owners may both append it, and it takes effect once."""

    APPLIED = "applied"
    REPEATED = "repeated"


class LogPosition(Struct, frozen=True):
    """How far a partition was read, and the last record read, by which the log is recognised."""

    to_offset: int
    clock: float  # the newest tick read; seconds
    newest: float  # the running maximum of all record times; seconds
    last_offset: int | None = None
    last_time: int | None = None  # milliseconds
    last_hash: bytes | None = None


class OutboxRow(Struct, frozen=True):
    """`reason` and `attempt` are of dead letters; a record that is on the events topic for the first time has no
    `attempt`.
    """

    topic: OutboxTopic
    stamp: int  # milliseconds
    key: bytes | None
    value: bytes | None
    reason: DeadReason | None = None
    attempt: int | None = None


def dead_letter(record: Record, reason: DeadReason) -> OutboxRow:
    """The row that sets a record of the events topic aside, byte for byte."""
    attempt = attempt_of(record.headers)
    return OutboxRow(
        OutboxTopic.DEAD, record.timestamp, record.key, record.value, reason, attempt if attempt > 1 else None
    )


class QueuedRow(Struct, frozen=True):
    """An outbox row with its place: the relay sends rows in the order of (seq, n)."""

    seq: int
    n: int
    row: OutboxRow


class AccountRow(Struct, frozen=True):
    """What the read API filters accounts by."""

    account_id: str
    facts: Facts
    band: str | None
    stage: str


class PersonRow(Struct):
    """What a run says of one person. Days are whole ones since the epoch (UTC); `left_on` is -1 if they did not leave.

    `said` has the value of each field that an event wrote, and the moment (UTC) of that event.
    """

    account_id: str
    user_id: str
    last_seen: int
    left_on: int = -1
    said: dict[str, tuple[object, float]] = field(default_factory=dict)


class AccountErasure(Struct, frozen=True):
    """What an `Erased` at this offset brings. `fingerprint` is of the key, `at` the record time in seconds."""

    erasure_id: str
    account_id: str
    pseudonym: bytes
    fingerprint: str
    offset: int
    at: float


class LiftedErasure(Struct, frozen=True):
    """What an `ErasureLifted` at this offset brings."""

    erasure_id: str
    pseudonym: bytes
    offset: int


class UserErasure(Struct, frozen=True):
    """What a `UserErased` at this offset brings, after all `RenamedRows` of it are written.

    `states` and `signals` are how many these have rewritten. The rest is as in `AccountErasure`.
    """

    erasure_id: str
    user_id: str
    substitute: str
    pseudonym: bytes
    fingerprint: str
    offset: int
    at: float
    states: int
    signals: int


class MentionsErasure(Struct, frozen=True):
    """What a `MentionsErased` brings, after all `RenamedRows` of it are written: the counts of these."""

    erasure_id: str
    account_id: str
    substitute: str
    offset: int
    states: int
    signals: int


class RenamedRows(Struct, frozen=True):
    """Some of the `states` and `signals` (by their ids) that a record of an erasure rewrites. It is not read yet."""

    states: dict[str, bytes]
    signals: dict[str, str]


class SearchedPage(NamedTuple, Generic[T]):
    """The rows that hold what was searched, by their ids, and the row to go on after; None where there are no more."""

    found: dict[str, T]
    last: str | None


Erasing = AccountErasure | LiftedErasure | UserErasure | MentionsErasure | RenamedRows


class Commit(Struct, frozen=True):
    """Written whole or not at all: not if the journal's newest seq is any other than `last_seq`."""

    partition: int
    last_seq: int
    writer: str
    position: LogPosition
    states: dict[str, bytes]
    timers: dict[str, int | None]
    seen: dict[int, bytes]
    accounts: tuple[AccountRow, ...]
    days: tuple[Day, ...]
    signals: tuple[Signal, ...]
    outbox: tuple[OutboxRow, ...]
    people: tuple[PersonRow, ...] = ()
    kpi_entries: tuple[KpiEntry, ...] = ()
    applied: tuple[str, ...] = ()  # the ids of announcements that took effect
    pauses: Pauses = NO_PAUSES  # all that were in force, and what announcements made of them
    erasure: Erasing | None = None  # then it writes nothing else but the outbox

    def outbox_rows(self) -> list[QueuedRow]:
        """The rows that the outbox holds once this is written."""
        return [QueuedRow(self.last_seq + 1, n, row) for n, row in enumerate(self.outbox)]


class EventKey(Struct, frozen=True):
    """What names an event for ever."""

    source: str
    account_id: str
    event_id: str


class BatchReport(Struct):
    """What a batch did, for the log line and the counters.

    `other_content` counts those of the duplicates that said something else than the event that was counted under their
    id; `other_content_sample` is the last of them. `of_merged` counts events of accounts that had been merged before.
    `retractions` counts what became of retractions, and `vain_retraction` is the last one that took nothing back: the
    event that it names, which may never have come. `erased` counts records of erased accounts that were left out.
    """

    records: int = 0
    events: int = 0
    duplicates: int = 0
    other_content: int = 0
    other_content_sample: EventKey | None = None
    of_merged: int = 0
    ticks: int = 0
    announced: Counter[AnnouncementOutcome] = field(default_factory=Counter)
    fired: int = 0
    mismatches: int = 0
    retractions: Counter[RetractionResult] = field(default_factory=Counter)
    vain_retraction: EventKey | None = None
    dead: list[DeadReason] = field(default_factory=list)
    erased: Counter[ErasureReason] = field(default_factory=Counter)

    def note_duplicate(self, event: Event, *, says_otherwise: bool) -> None:
        self.duplicates += 1
        if says_otherwise:
            self.other_content += 1
            self.other_content_sample = EventKey(event.source, event.account_id, event.event_id)

    def note_retraction(self, event: Event, result: RetractionResult) -> None:
        self.retractions[result] += 1
        if result is not RetractionResult.UNDONE:
            named = withdrawn_event(event) or (event.source, "")
            self.vain_retraction = EventKey(event.source, event.account_id, named[1])
