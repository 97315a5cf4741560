"""What was told of an account, and what is not confirmed yet."""

from math import inf
from typing import Final, final

from common.contracts.signals import Band
from scoring.health.state_format import Crossing


@final
class AlertState:
    """`band` is the one told, None before the first. `had_band` once there was enough evidence for a band.

    `pending` are worse bands whose line is crossed and whose minimum duration is not over. `flags` are those that are
    up, by name, `missed` the due moment (UTC) of each step told as missed, `episode` the id of the signal that opened
    it. `arr` is the highest ARR since the last contraction, None while none is known. `band_since` is when (UTC) the
    line of the present band was crossed, None if that is not known.

    Derived, not stored: while low <= score < high no band changes; at `deadline` (operational time) a minimum duration
    is over or a step is missed.
    """

    __slots__ = (
        "arr", "band", "band_since", "deadline", "episode", "flags", "had_band", "high", "low", "missed", "pending",
    )  # fmt: skip

    def __init__(self) -> None:
        self.band: Band | None = None
        self.had_band = False
        self.pending: dict[Band, Crossing] = {}
        self.flags: dict[str, Crossing] = {}
        self.missed: dict[str, float] = {}
        self.episode: str | None = None
        self.arr: float | None = None
        self.band_since: float | None = None
        self.low = -inf
        self.high = inf
        self.deadline = inf

    def copy(self) -> "AlertState":
        copy = AlertState()
        copy.band, copy.had_band, copy.episode = self.band, self.had_band, self.episode
        copy.pending, copy.flags, copy.missed = dict(self.pending), dict(self.flags), dict(self.missed)
        copy.arr, copy.band_since = self.arr, self.band_since
        copy.low, copy.high, copy.deadline = self.low, self.high, self.deadline
        return copy


# An event that costs at least this many points crosses a line at once, without a minimum duration.
SUDDEN_POINTS: Final = 5.0
