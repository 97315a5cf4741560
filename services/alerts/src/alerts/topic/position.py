"""Where a partition of the signals topic was read to, and whether this is still the same log.

Alerts keeps signal ids for ever, so reading from the beginning again does no harm. Where scoring has to stop and ask,
alerts starts over and logs it.
"""

from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from common.bus.ports import Record


class TopicPosition(Struct, frozen=True):
    """`to_offset` is the next record to read; `last_hash` and `newest` (record time, seconds) are of the one before."""

    cluster_id: str
    to_offset: int
    last_hash: bytes | None = None
    newest: float = 0.0


class LogContinuity(StrEnum):
    SAME = "the log goes on where it was left"
    RETAINED = "retention took records that were never read"
    ANOTHER = "it is another log, read from its beginning"


def position_after(record: Record, cluster_id: str) -> TopicPosition:
    return TopicPosition(cluster_id, record.offset + 1, hash_of(record), record.timestamp / 1000)


def hash_of(record: Record) -> bytes:
    return sha256(record.value or b"").digest()


def check_continuity(position: TopicPosition, *, cluster_id: str, earliest: int, last: Record | None) -> LogContinuity:
    """`last` is the record before the position, None if the log does not hold it."""
    if position.cluster_id != cluster_id:
        return LogContinuity.ANOTHER
    if position.to_offset < earliest:
        return LogContinuity.RETAINED
    # If the next record is the first one left, there is no record before it to compare.
    if position.last_hash is None or position.to_offset == earliest:
        return LogContinuity.SAME
    return LogContinuity.SAME if last is not None and hash_of(last) == position.last_hash else LogContinuity.ANOTHER
