"""The moment that an answer is computed for, and why it is not now."""

from enum import StrEnum
from math import isfinite

from msgspec import Struct

from scoring.worker.heartbeat import PartitionStatus


class DelayReason(StrEnum):
    """Why an answer does not speak of now."""

    STREAM = "time is the stream's"
    NO_WORKER = "no worker reports"
    CATCHING_UP = "scoring is catching up"


class Delay(Struct, frozen=True):
    """Why `as_of` is not now. `lag_seconds` is how far behind scoring said that it was, where it could tell."""

    reason: DelayReason
    lag_seconds: float | None = None


def find_delay(status: PartitionStatus, *, now: float, wall: bool, fresh: float) -> Delay | None:
    """None if a heartbeat less than `fresh` seconds old says that nothing is unread or overdue."""
    # In stream mode record times are not the wall clock's.
    if not wall:
        return Delay(DelayReason.STREAM)
    # A heartbeat in the future proves nothing: its worker's clock is ahead, and it may have stopped long ago.
    if status.heartbeat_at is None or abs(now - status.heartbeat_at) >= fresh:
        return Delay(DelayReason.NO_WORKER)
    return None if status.caught_up else Delay(DelayReason.CATCHING_UP, status.lag if isfinite(status.lag) else None)


def as_of(status: PartitionStatus, *, now: float, wall: bool, fresh: float) -> float:
    """Now if there is no delay, else the partition's clock."""
    return now if find_delay(status, now=now, wall=wall, fresh=fresh) is None else status.clock
