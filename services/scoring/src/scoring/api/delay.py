"""As of which moment an answer may speak, and why that is not now."""

from enum import StrEnum
from math import isfinite

from msgspec import Struct


class Pulse(Struct, frozen=True):
    """How a partition stands: its clock (the last tick read), what its owner last said of itself, and the newest record
    time read. Seconds (since the epoch); clock and `newest` are 0 while there was no such record.
    """

    clock: float
    beat_at: float | None = None
    caught_up: bool = False
    lag: float = 0.0
    newest: float = 0.0


class Why(StrEnum):
    """Why an answer does not speak of now."""

    STREAM = "time is the stream's"
    NO_WORKER = "no worker reports"
    CATCHING_UP = "scoring is catching up"


class Held(Struct, frozen=True):
    """Why `as_of` is not now. `lag_seconds` is how far behind scoring said that it was, where it could tell."""

    reason: Why
    lag_seconds: float | None = None


def held(pulse: Pulse, *, now: float, wall: bool, fresh: float) -> Held | None:
    """None if the owner said less than `fresh` seconds ago that nothing is unread or overdue.

    A heart that beats ahead of us may have stopped long ago. A stream's time has nothing to do with now.
    """
    if not wall:
        return Held(Why.STREAM)
    if pulse.beat_at is None or abs(now - pulse.beat_at) >= fresh:
        return Held(Why.NO_WORKER)
    return None if pulse.caught_up else Held(Why.CATCHING_UP, pulse.lag if isfinite(pulse.lag) else None)


def as_of(pulse: Pulse, *, now: float, wall: bool, fresh: float) -> float:
    """Now if nothing holds it, else the partition's clock."""
    return now if held(pulse, now=now, wall=wall, fresh=fresh) is None else pulse.clock
