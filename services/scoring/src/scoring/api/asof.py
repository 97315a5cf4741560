"""As of which moment an answer may speak."""

from msgspec import Struct


class Pulse(Struct, frozen=True):
    """How a partition stands: its clock, and what its owner last said of itself. Seconds since the epoch."""

    clock: float
    beat_at: float | None = None
    caught_up: bool = False


def as_of(pulse: Pulse, *, now: float, wall: bool, fresh: float) -> float:
    """Now, if the owner said less than `fresh` seconds ago that nothing is unread or overdue; else the clock.

    A heart that beats ahead of us may have stopped long ago. A stream's time has nothing to do with now: there it is
    always the clock.
    """
    if not wall or not pulse.caught_up or pulse.beat_at is None:
        return pulse.clock
    return now if abs(now - pulse.beat_at) < fresh else pulse.clock
