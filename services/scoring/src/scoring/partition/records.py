"""What the records of a partition say, and whose stored states it takes to score them. Pure."""

from collections.abc import Sequence

import msgspec

from common.bus.ports import Record
from common.contracts.events import Event, EventsRecord, Tick, decode_events_record
from scoring.partition.commit import DeadReason
from scoring.partition.memory import PartitionMemory

LONGEST_ID = 2_000
"""Bytes of an account id: an index entry of PostgreSQL's holds 2,704, of which other columns want some."""
_LONGEST_CHARACTER = 4  # bytes of UTF-8


Said = EventsRecord | DeadReason
"""What a record says; a reason instead if it says nothing that can be read."""


def read(record: Record) -> Said:
    value = record.value
    if value is None:
        return DeadReason.UNREADABLE
    try:
        said = decode_events_record(value)
    except msgspec.DecodeError:
        return DeadReason.UNREADABLE
    if type(said) is Event and not _fits(said.account_id):
        return DeadReason.UNREADABLE
    return said


def read_all(records: Sequence[Record]) -> list[Said]:
    """What each of them says, in their order."""
    return [read(record) for record in records]


def _fits(account_id: str) -> bool:
    """PostgreSQL's text has no NUL, and its indexes no room; ingest refuses both, others may not."""
    if not account_id or "\0" in account_id:
        return False
    return len(account_id) * _LONGEST_CHARACTER <= LONGEST_ID or len(account_id.encode()) <= LONGEST_ID


def wanted(memory: PartitionMemory, records: Sequence[Record], said: Sequence[Said]) -> set[str]:
    """The accounts whose stored states these records need and memory does not have."""
    needed: set[str] = set()
    clock = memory.position.clock
    for record, one in zip(records, said, strict=True):
        if type(one) is Event:
            needed.add(one.account_id)
        elif isinstance(one, Tick):
            clock = max(clock, record.timestamp / 1000)
    needed.update(memory.timers.due(clock))
    return memory.accounts.undecoded(needed)
