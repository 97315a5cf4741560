"""rate: a decayed count. In silence its log2 falls by one every half-life."""

from collections.abc import Sequence
from math import log, log2

from common.contracts.events import Event
from scoring.core import card
from scoring.core.context import Context
from scoring.core.curve import Drift, log2_or_less
from scoring.core.decay import Decayed, faded
from scoring.core.metrics.kind import CurvedMetric
from scoring.core.moments import seconds
from scoring.core.path import Along, Path
from scoring.core.properties import weight_of

_WEEK = 7.0


class Rate(CurvedMetric):
    state_type = Decayed

    def __init__(self, definition: card.Rate, index: int) -> None:
        super().__init__(definition, index, logarithmic=True)
        self.events = definition.events
        self.half_life = seconds(definition.half_life)
        self._weight = definition.weight
        # The weekly rate that would keep a decayed count of 1 where it is.
        per_week = log(2) / definition.half_life * _WEEK
        self._scale = log2(per_week) if definition.per_week else 0.0
        self._prior = definition.prior_per_week / per_week

    def apply(self, state: Decayed, event: Event, *, moment: float, context: Context) -> bool:
        weight = weight_of(event, self._weight)
        if weight == 0.0:
            return False
        state.add(weight, moment=moment, half_life=self.half_life)
        return True

    def decayed(self, states: Sequence[Decayed]) -> Decayed:
        """What was really counted: no prior in it."""
        return states[self.index]

    def drift(self, states: Sequence[Decayed], context: Context) -> Drift:
        state = states[self.index]
        base = max(state.newest, context.born)
        total = state.total
        if self._prior:
            # Kept out of the state, so that it does not matter which event came first.
            total += self._prior * faded(base - context.born, self.half_life)
        return Drift(base, log2_or_less(total) + self._scale, -1.0 / self.half_life)

    def path(self, states: Sequence[Decayed], context: Context, paths: Sequence[Path]) -> Path:
        return Along(self.curve(context.stage), self.drift(states, context))
