"""What was told of an account, and what is not confirmed yet."""

from math import inf
from typing import Final, final

from common.contracts.signals import Band
from scoring.health.state_format import ArrOrigin, Crossing, DecidedOutcome, HeldOverride, JourneyTold


@final
class AlertState:
    """`band` is the one told, None before the first. `had_band` once there was enough evidence for a band.

    `pending` are worse bands whose line is crossed and whose minimum duration is not over. `flags` are those that are
    up, by name, `missed` the due moment (UTC) of each step told as missed, `episode` the id of the signal that opened
    it. `ended` while the account's contract has ended: then only outcomes and withdrawals are told. `arr` is the
    highest ARR since the last contraction, None while none is known; `arr_origin` says which event that comes from.
    `outcomes` has the last event that decided each. `band_since` is when (UTC) the line of the present band was
    crossed, None if that is not known. `override` is there while a person has set the band. `journey` says what was
    told of the account's journey.

    Derived, not stored: while low <= score < high no band changes; at `deadline` (operational time) a minimum duration
    is over, a step is missed, or an override is over.
    """

    __slots__ = (
        "arr", "arr_origin", "band", "band_since", "deadline", "ended", "episode", "flags", "had_band", "high",
        "journey", "low", "missed", "outcomes", "override", "pending",
    )  # fmt: skip

    def __init__(self) -> None:
        self.band: Band | None = None
        self.had_band = False
        self.pending: dict[Band, Crossing] = {}
        self.flags: dict[str, Crossing] = {}
        self.missed: dict[str, float] = {}
        self.episode: str | None = None
        self.arr: float | None = None
        self.ended = False
        self.arr_origin: ArrOrigin | None = None
        self.outcomes: dict[str, DecidedOutcome] = {}
        self.band_since: float | None = None
        self.override: HeldOverride | None = None
        self.journey = JourneyTold()
        self.low = -inf
        self.high = inf
        self.deadline = inf

    def copy(self) -> "AlertState":
        copy = AlertState()
        copy.band, copy.had_band, copy.episode = self.band, self.had_band, self.episode
        copy.pending, copy.flags, copy.missed = dict(self.pending), dict(self.flags), dict(self.missed)
        copy.ended = self.ended
        copy.arr, copy.arr_origin, copy.outcomes = self.arr, self.arr_origin, dict(self.outcomes)
        copy.band_since, copy.override, copy.journey = self.band_since, self.override, self.journey
        copy.low, copy.high, copy.deadline = self.low, self.high, self.deadline
        return copy


# An event that costs at least this many points crosses a line at once, without a minimum duration.
SUDDEN_POINTS: Final = 5.0
