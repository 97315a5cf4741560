"""Compares this worker's card, settings and log with those that the journal was begun with."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b

from msgspec import Struct

from common.bus.ports import Record
from common.errors import StopWorker
from scoring.partition.commit import LogPosition


class Origin(Struct, frozen=True):
    """What a partition's journal was begun with; it never changes."""

    card_id: str
    card: str  # the whole file
    calendars: dict[str, str]
    time_mode: str
    partitions: int
    first_look_seconds: int = 0  # journals of releases without first looks do not say


def require_same_origin(own: Origin, journal: Mapping[int, Origin]) -> None:
    """Raises `StopWorker` if a partition's journal was begun with another mode, partition count, card or wait."""
    for partition, stored in sorted(journal.items()):
        # The clocks of the two modes have nothing to do with each other.
        if stored.time_mode != own.time_mode:
            raise StopWorker(
                f"TIME_MODE is {own.time_mode}, but the journal was begun in {stored.time_mode} mode "
                "and stays so for life: use another database, topic prefix and group for another mode"
            )
        # With another count an account would move to a partition that knows nothing of it.
        if stored.partitions != own.partitions:
            raise StopWorker(
                f"PARTITIONS is {own.partitions}, but the journal was begun with {stored.partitions}, for life"
            )
        # The wait changes what is told: the log read again would give other signals.
        if stored.first_look_seconds != own.first_look_seconds:
            raise StopWorker(
                f"SCORING_FIRST_LOOK_SECONDS is {own.first_look_seconds}, but the journal was begun with "
                f"{stored.first_look_seconds}, for life: set it to that, or start with an empty database"
            )
        # Stored states hold what the metrics of their card need, and no more.
        if stored.card_id != own.card_id:
            calendars = (
                ""
                if stored.calendars == own.calendars
                else (f" (its calendars were {dict(stored.calendars)}, here they are {dict(own.calendars)})")
            )
            raise StopWorker(
                f"the card is {own.card_id}, but partition {partition} is scored by {stored.card_id}{calendars}: "
                "a running card does not change by another file; use that card, or start with an empty database"
            )


class LogVerdict(StrEnum):
    SAME = "the last record read is still there"
    RETAINED = "retention took the last record read, and nothing after it"
    NOTHING_READ = "nothing has been read yet"
    OTHER_LOG = "the record at the last offset is another one"
    OTHER_CLUSTER = "this is another cluster"
    LOST_AHEAD = "retention took records that were never read"
    SHORTER = "the log ends before the last record read"


ACCEPTED = frozenset({LogVerdict.SAME, LogVerdict.RETAINED, LogVerdict.NOTHING_READ})


def record_hash(record: Record) -> bytes:
    """64 bits of key and value."""
    return blake2b((record.key or b"") + b"\0" + (record.value or b""), digest_size=8).digest()


def compare(position: LogPosition, *, clusters: tuple[str, str], earliest: int, found: Record | None) -> LogVerdict:
    """`clusters` is (journal's, broker's); `found` is the record at the last offset read, if the log still has it."""
    if clusters[0] != clusters[1]:
        return LogVerdict.OTHER_CLUSTER
    # The next record to read is gone, so records were lost.
    if earliest > position.to_offset:
        return LogVerdict.LOST_AHEAD
    if position.last_offset is None:
        return LogVerdict.NOTHING_READ
    # The last record read may be gone if the retention took it; else the log is shorter than the journal says.
    if found is None:
        return LogVerdict.RETAINED if earliest > position.last_offset else LogVerdict.SHORTER
    known = (position.last_time, position.last_hash)
    return LogVerdict.SAME if known == (found.timestamp, record_hash(found)) else LogVerdict.OTHER_LOG
