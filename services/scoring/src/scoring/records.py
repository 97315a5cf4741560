"""What the records of a partition say, and whose stored states it takes to score them. Pure."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from common.bus.ports import Record
from common.contracts.events import Event, EventsRecord, Tick, decode_events_record
from scoring.commit import DeadReason
from scoring.memory import Memory

LONGEST_ID = 2_000
"""Bytes of an account id: an index entry of PostgreSQL's holds 2,704, of which other columns want some."""
_LONGEST_CHARACTER = 4  # bytes of UTF-8


class Read(Struct, frozen=True, gc=False):
    """A record and what it says; a reason instead if it says nothing that can be read."""

    record: Record
    said: EventsRecord | DeadReason


def read(record: Record) -> Read:
    if record.value is None:
        return Read(record, DeadReason.UNREADABLE)
    try:
        said = decode_events_record(record.value)
    except msgspec.DecodeError:
        return Read(record, DeadReason.UNREADABLE)
    if type(said) is Event and not _fits(said.account_id):
        return Read(record, DeadReason.UNREADABLE)
    return Read(record, said)


def _fits(account_id: str) -> bool:
    """PostgreSQL's text has no NUL, and its indexes no room; ingest refuses both, others may not."""
    if not account_id or "\0" in account_id:
        return False
    return len(account_id) * _LONGEST_CHARACTER <= LONGEST_ID or len(account_id.encode()) <= LONGEST_ID


def wanted(memory: Memory, items: Iterable[Read]) -> set[str]:
    """The accounts whose stored states these records need and memory does not have."""
    needed: set[str] = set()
    clock = memory.position.clock
    for item in items:
        said = item.said
        if type(said) is Event:
            needed.add(said.account_id)
        elif isinstance(said, Tick):
            clock = max(clock, item.record.timestamp / 1000)
    needed.update(memory.timers.due(clock))
    return memory.accounts.undecoded(needed)
