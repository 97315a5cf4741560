"""ratio: bad per good. Both fade alike, so it stands still in silence, until the evidence is too little."""

from collections.abc import Sequence
from math import inf
from typing import Any

from msgspec import Struct, field

from common.contracts.events import Event
from scoring.core import card
from scoring.core.context import Context
from scoring.core.curve import Drift
from scoring.core.decay import Decayed
from scoring.core.metrics.distinct import Distinct
from scoring.core.metrics.kind import CurvedMetric, Metric
from scoring.core.metrics.rate import Rate
from scoring.core.moments import seconds
from scoring.core.path import Path, Piece, Spliced, of_pieces
from scoring.core.properties import weight_of


class Sums(Struct, array_like=True):
    """`denominator` stays empty where another metric is the denominator."""

    numerator: Decayed = field(default_factory=Decayed)
    denominator: Decayed = field(default_factory=Decayed)


class Ratio(CurvedMetric):
    """`denominator` is the metric that the definition names, `follows` the one that it follows when quiet."""

    state_type = Sums

    def __init__(
        self,
        definition: card.Ratio,
        index: int,
        *,
        denominator: Rate | Distinct | None,
        follows: Metric | None,
    ) -> None:
        super().__init__(definition, index, logarithmic=True)
        self.definition = definition
        self.events = (*definition.events, *definition.denominator_events)
        self.half_life = seconds(definition.half_life)
        self._denominator = denominator
        self._follows = follows
        self.needs = tuple(metric.index for metric in (denominator, follows) if metric is not None)

    def apply(self, state: Sums, event: Event, *, moment: float, context: Context) -> bool:
        weight = weight_of(event, self.definition.weight) if event.name in self.definition.events else 0.0
        if weight:
            state.numerator.add(weight, moment=moment, half_life=self.half_life)
        counted = event.name in self.definition.denominator_events
        if counted:
            state.denominator.add(1.0, moment=moment, half_life=self.half_life)
        return counted or weight > 0.0

    def drift(self, states: Sequence[Any], context: Context) -> Drift | None:
        """The ratio itself: no value where it follows another metric."""
        numerator, denominator = self._sums(states)
        return self._loud(numerator, denominator, context, quiet=self._loud_until(numerator))

    def _loud(self, numerator: Decayed, denominator: Decayed, context: Context, *, quiet: float) -> Drift | None:
        base = max(numerator.newest, denominator.newest, context.born)
        if quiet <= base:
            return None
        until = min(quiet, self._known_until(denominator))
        if until <= base:
            return None
        x = numerator.log2_at(base, self.half_life) - denominator.log2_at(base, self.half_life)
        return Drift(base, x, 0.0, until)

    def path(self, states: Sequence[Any], context: Context, paths: Sequence[Path]) -> Path:
        numerator, denominator = self._sums(states)
        base = max(numerator.newest, denominator.newest, context.born)
        quiet = self._loud_until(numerator)
        head: list[Piece] = []
        drift = self._loud(numerator, denominator, context, quiet=quiet)
        if drift is not None:
            head.append((base, self.curve(context.stage).read(drift.x), 0.0))
        unknown = base if drift is None else drift.until
        if unknown < quiet:
            head.append((unknown, None, 0.0))
        if self._follows is None or quiet == inf:
            return of_pieces(head, drift=drift)
        start, bonus = max(quiet, base), self.definition.quiet_bonus
        return Spliced(head, tail=paths[self._follows.index], start=start, bonus=bonus, drift=drift)

    def _sums(self, states: Sequence[Any]) -> tuple[Decayed, Decayed]:
        state: Sums = states[self.index]
        other = self._denominator
        return state.numerator, state.denominator if other is None else other.decayed(states)

    def _loud_until(self, numerator: Decayed) -> float:
        """From then on it follows the other metric, if the definition names one."""
        if self._follows is None:
            return inf
        return numerator.falls_below(self.definition.min_numerator, self.half_life)

    def _known_until(self, denominator: Decayed) -> float:
        if denominator.total <= 0.0:
            return -inf
        return denominator.falls_below(self.definition.min_denominator, self.half_life)
