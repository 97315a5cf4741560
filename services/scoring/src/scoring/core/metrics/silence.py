"""silence: suspicion grows with the time since the last sign of life, faster where signs came often."""

from collections.abc import Sequence
from math import inf, log

from msgspec import Struct

from common.contracts.events import Event
from scoring.core import card
from scoring.core.context import Context
from scoring.core.curve import Drift
from scoring.core.metrics.kind import CurvedMetric
from scoring.core.moments import local_day, seconds
from scoring.core.path import Along, Path

# The mean gap starts as this many gaps of `prior_gap`.
_PRIOR_GAPS = 3


class Signs(Struct, array_like=True):
    """`last` sign of life; first and last active day on the account's calendar; how many days were active."""

    last: float = -inf
    first_day: int = 0
    last_day: int = 0
    days: int = 0


class Silence(CurvedMetric):
    state_type = Signs

    def __init__(self, definition: card.Silence, index: int) -> None:
        super().__init__(definition, index, logarithmic=False)
        self.events = definition.events
        self._prior_gap = definition.prior_gap

    def apply(self, state: Signs, event: Event, *, moment: float, context: Context) -> bool:
        """An active day that comes late is not counted: its gap has been."""
        if moment <= state.last:
            return False
        day = local_day(moment, context.zone)
        if state.days == 0:
            state.first_day = state.last_day = day
            state.days = 1
        elif day > state.last_day:
            state.last_day = day
            state.days += 1
        state.last = moment
        return True

    def drift(self, states: Sequence[Signs], context: Context) -> Drift:
        state = states[self.index]
        base = max(state.last, context.born)
        return Drift(base, 0.0, 1.0 / (seconds(self._mean_gap(state)) * log(10)))

    def _mean_gap(self, state: Signs) -> float:
        """Days."""
        gaps = max(state.days - 1, 0)
        spanned = _PRIOR_GAPS * self._prior_gap + (state.last_day - state.first_day)
        return spanned / (_PRIOR_GAPS + gaps)

    def path(self, states: Sequence[Signs], context: Context, paths: Sequence[Path]) -> Path:
        return Along(self.curve(context.stage), self.drift(states, context))
