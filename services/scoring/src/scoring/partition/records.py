"""Decodes the records of a partition, and names the accounts whose states are needed to score them. Pure."""

from collections.abc import Sequence
from typing import Final, get_args

import msgspec

from common.bus.ports import Record
from common.contracts.dead_letters import DeadReason
from common.contracts.events import (
    Announcement,
    Erased,
    Erasure,
    Event,
    EventsRecord,
    Lifting,
    MentionsErased,
    Tick,
    UserErased,
    decode_events_record,
    find_unknown_type,
)
from common.contracts.ids import is_storable_account
from scoring.errors import UnknownRecordType
from scoring.partition.memory import PartitionMemory

TICK_TYPES: Final = frozenset({Tick, *get_args(Announcement)})
"""The records that advance the time of their partition: what was due before one fires first."""

ERASURE_TYPES: Final = frozenset({*get_args(Erasure), *get_args(Lifting), MentionsErased})
"""Each is a run of its own: its transaction deletes, and no other one writes what it deletes."""

DecodedRecord = EventsRecord | DeadReason
"""What a record says, or why it cannot be read."""


def decode(record: Record) -> DecodedRecord:
    """Raises `UnknownRecordType` if a newer version wrote it: whoever passes over it makes other states."""
    value = record.value
    if value is None:
        return DeadReason.UNREADABLE
    try:
        decoded = decode_events_record(value)
    except msgspec.DecodeError:
        if (unknown := find_unknown_type(value)) is not None:
            raise UnknownRecordType(record.partition, record.offset, unknown) from None
        return DeadReason.UNREADABLE
    if type(decoded) is Event and not is_storable_account(decoded.account_id):
        return DeadReason.UNREADABLE
    if type(decoded) in ERASURE_TYPES and not all(map(is_storable_account, _erasure_names(decoded))):
        return DeadReason.UNREADABLE
    return decoded


def _erasure_names(decoded: EventsRecord) -> tuple[str, ...]:
    """What of it goes into an index."""
    match decoded:
        case Erased() | MentionsErased():
            return decoded.erasure_id, decoded.account_id
        case UserErased():
            return decoded.erasure_id, decoded.user_id, decoded.substitute
    return (decoded.erasure_id,) if isinstance(decoded, Lifting) else ()


def decode_all(records: Sequence[Record]) -> list[DecodedRecord]:
    """In their order. Raises `UnknownRecordType` at the first record that a newer version wrote."""
    return [decode(record) for record in records]


def account_of_key(record: Record) -> str | None:
    """The account whose record this is by its key, which is all that is known of one that cannot be read."""
    try:
        account_id = (record.key or b"").decode()
    except UnicodeDecodeError:
        return None
    return account_id if is_storable_account(account_id) else None


def accounts_to_load(memory: PartitionMemory, records: Sequence[Record], decoded: Sequence[DecodedRecord]) -> set[str]:
    """The accounts that these records need and memory does not hold decoded."""
    needed: set[str] = set()
    clock = memory.position.clock
    for record, one in zip(records, decoded, strict=True):
        if type(one) is Event:
            needed.add(one.account_id)
        elif type(one) in TICK_TYPES:
            clock = max(clock, record.timestamp / 1000)
        elif isinstance(one, DeadReason) and (account_id := account_of_key(record)) is not None:
            needed.add(account_id)
    needed.update(memory.timers.due(clock))
    return memory.accounts.undecoded(needed)
