"""As of which moment an answer may speak, and why that is not now."""

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
    """None if the owner said less than `fresh` seconds ago that nothing is unread or overdue.

    A heartbeats that beats ahead of us may have stopped long ago. A stream's time has nothing to do with now.
    """
    if not wall:
        return Delay(DelayReason.STREAM)
    if status.beat_at is None or abs(now - status.beat_at) >= fresh:
        return Delay(DelayReason.NO_WORKER)
    return None if status.caught_up else Delay(DelayReason.CATCHING_UP, status.lag if isfinite(status.lag) else None)


def as_of(status: PartitionStatus, *, now: float, wall: bool, fresh: float) -> float:
    """Now if nothing holds it, else the partition's clock."""
    return now if find_delay(status, now=now, wall=wall, fresh=fresh) is None else status.clock
