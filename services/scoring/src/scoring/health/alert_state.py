"""What was told of an account, and what waits to be told."""

from math import inf
from typing import Final, final

from common.contracts.signals import Band
from scoring.health.stored import Crossing


@final
class AlertState:
    """`band` is the one told, None before the first. `banded` once there was a band from evidence.

    `waiting` are worse bands whose line is crossed but which are not confirmed, `flags` those that are up by name,
    `missed` the due moment (UTC) of each step told as missed, `episode` the id of the signal that opened it.

    Derived, not stored: while low <= score < high no band moves; at `deadline` (operational time) a wait is over or a
    step is missed.
    """

    __slots__ = ("band", "banded", "deadline", "episode", "flags", "high", "low", "missed", "waiting")

    def __init__(self) -> None:
        self.band: Band | None = None
        self.banded = False
        self.waiting: dict[Band, Crossing] = {}
        self.flags: dict[str, Crossing] = {}
        self.missed: dict[str, float] = {}
        self.episode: str | None = None
        self.low = -inf
        self.high = inf
        self.deadline = inf

    def copy(self) -> "AlertState":
        copy = AlertState()
        copy.band, copy.banded, copy.episode = self.band, self.banded, self.episode
        copy.waiting, copy.flags, copy.missed = dict(self.waiting), dict(self.flags), dict(self.missed)
        copy.low, copy.high, copy.deadline = self.low, self.high, self.deadline
        return copy


# A step over a line that costs less than this waits for its minimum duration.
SUDDEN_POINTS: Final = 5.0
