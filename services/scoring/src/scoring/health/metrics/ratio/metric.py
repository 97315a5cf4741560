"""ratio: bad per good. Both sums decay alike, so it is constant in silence, until there is too little evidence."""

from math import inf
from typing import Any, Final, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.curve import Curve, log_or_less
from scoring.health.decay import DecayingSum, decay_rate
from scoring.health.metrics.distinct.metric import DistinctMetric
from scoring.health.metrics.metric import Metric, OtherMetrics
from scoring.health.metrics.rate.metric import RateMetric
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.properties import weight_of

# Rounding may put a moment on either side of where points are clamped. This close to it counts as past it.
_ERROR_SECONDS: Final = 1e-6
_ERROR_POINTS: Final = 1e-9
# A ratio beyond this has no finite logarithm.
_LARGEST: Final = 1e300


@final
class RatioMetric(Metric):
    """Constant points up to `until`, none from then on; from `quiet_from` on it follows the metric `follows`.

    It is quiet while the numerator is below `min_numerator`, or its `count` of events below `min_events`. Without
    `follows` too few events have the points of none up to `known_until` (`none`). A metric that follows has the other
    one's points plus `bonus`, clamped to 0 and 100.
    """

    __slots__ = (
        "bonus", "count", "curves", "decay", "denominator", "denominator_events", "denominator_metric", "events",
        "follows", "known_until", "min_denominator", "min_events", "min_numerator", "none", "numerator", "quiet_from",
        "steady", "weight_property",
    )  # fmt: skip

    def __init__(self, definition: Ratio, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition.name, index)
        self.curves = curves
        self.decay = decay_rate(definition.half_life)
        self.weight_property = definition.weight
        self.events = definition.events
        self.denominator_events = definition.denominator_events
        self.denominator_metric = others.named(definition.denominator_metric)
        self.min_denominator = float(definition.min_denominator)
        self.follows = others.named(definition.quiet_follows)
        self.bonus = float(definition.quiet_bonus)
        self.min_numerator = float(definition.min_numerator)
        self.min_events = float(definition.min_events)
        self.numerator = DecayingSum()
        self.count = DecayingSum()
        self.known_until = -inf
        self.none = 0.0
        self.denominator = DecayingSum()
        self.steady = 0.0
        self.quiet_from = inf

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        weight = weight_of(event, self.weight_property) if event.name in self.events else 0.0
        below = event.name in self.denominator_events
        if weight == 0.0 and not below:
            return False
        self.numerator.save()
        self.denominator.save()
        self.count.save()
        if weight != 0.0:
            self.count.add(1.0, moment, tau, self.decay)
            self.numerator.add(weight, moment, tau, self.decay)
        if below:
            self.denominator.add(1.0, moment, tau, self.decay)
        return True

    def undo(self) -> None:
        self.numerator.undo()
        self.denominator.undo()
        self.count.undo()

    def rebase(self, context: Context) -> None:
        self.numerator.rebase(context.clock)
        self.denominator.rebase(context.clock)
        self.count.rebase(context.clock)

    def _denominator(self) -> DecayingSum:
        other = self.denominator_metric
        if isinstance(other, RateMetric):
            return other.sum
        if isinstance(other, DistinctMetric):
            if other.halvings == 0:
                return other.sum
            # The sample was halved this often, so its sum stands for that many times as much.
            whole = DecayingSum()
            whole.newest, whole.newest_tau = other.sum.newest, other.sum.newest_tau
            whole.total = other.sum.total * float(1 << other.halvings)
            return whole
        return self.denominator

    def project(self, context: Context) -> None:
        above, below, decay = self.numerator, self._denominator(), self.decay
        base = max(max(above.newest_tau, below.newest_tau), context.born_tau)
        # Both sums decay alike, so the ratio stays; what changes in silence is whether there is evidence for it.
        few = inf if self.min_events == 0.0 else self.count.falls_below(self.min_events, decay)
        quiet = few if self.follows is None else min(few, above.falls_below(self.min_numerator, decay))
        known = below.falls_below(self.min_denominator, decay) if below.total > 0.0 else -inf
        self.quiet_from = max(quiet, base)
        self.base = base
        self.until = min(quiet, known)
        self.known_until = known
        self.none = self.curves[context.stage].points_at(-inf)
        self.has_value = self.until > base
        if self.has_value:
            # Divided before the logarithm, not subtracted after it: so 3 over 2 meets a flag's bound of 1.5 to the bit.
            ratio = min(above.total / below.total, _LARGEST)
            self.x = log_or_less(ratio) + (above.newest_tau - below.newest_tau) * decay
            self.steady = self.curves[context.stage].points_at(self.x)

    def value_at(self, tau: float, context: Context) -> float | None:
        if not self.has_value or tau >= self.until:
            return None
        return self.curves[context.stage].value_of(self.x)

    def at(self, tau: float) -> float | None:
        other = self.follows
        if other is not None and tau >= self.quiet_from:
            points = other.at(tau)
            return None if points is None else _clamped(points + self.bonus)
        if self.has_value and tau < self.until:
            return self.steady
        return self.none if other is None and self.base <= tau < self.known_until else None

    def seek(self, tau: float) -> None:
        other = self.follows
        if other is not None and tau >= self.quiet_from:
            other.seek(tau)
            self._follow_metric(other, tau, tau)
            self.points = _clamped(self.points)
        else:
            self._hold_steady(tau)

    def next_segment(self, origin: float) -> None:
        # In `ordered` the followed metric comes first, so it is on its next segment already.
        other = self.follows
        if other is not None and self.end >= self.quiet_from:
            self._follow_metric(other, self.end, origin)
        else:
            self._hold_steady(self.end)

    def _hold_steady(self, tau: float) -> None:
        """Constant points while there is evidence, none afterwards."""
        self.slope = 0.0
        if self.has_value and tau < self.until:
            self.available = True
            self.points = self.steady
            self.end = self.until
        elif self.follows is None and tau < self.known_until:
            self.available = True
            self.points = self.none
            self.end = self.known_until
        else:
            self.available = False
            self.points = 0.0
            self.end = self.quiet_from if self.follows is not None else inf

    def _follow_metric(self, other: Metric, tau: float, origin: float) -> None:
        """The other metric's segment plus the bonus, clamped to 0 and 100."""
        if not other.available:
            self._clear()
            self.end = other.end
            return
        slope = other.slope
        from_origin = other.points + self.bonus
        points = from_origin + slope * (tau - origin)
        # A line that is clamped stays so until it comes back into 0 to 100; one within leaves it where it meets them.
        error = _ERROR_POINTS + abs(slope) * _ERROR_SECONDS
        self.available = True
        self.slope = 0.0
        self.end = other.end
        if points > 100.0 + (-error if slope > 0.0 else error):
            self.points = 100.0
            if slope < 0.0:
                self.end = min(self.end, tau + (100.0 - points) / slope)
        elif points < (error if slope < 0.0 else -error):
            self.points = 0.0
            if slope > 0.0:
                self.end = min(self.end, tau - points / slope)
        else:
            self.points = from_origin
            self.slope = slope
            if slope > 0.0:
                self.end = min(self.end, tau + (100.0 - points) / slope)
            elif slope < 0.0:
                self.end = min(self.end, tau - points / slope)

    def dump(self) -> object:
        above, below = self.numerator, self.denominator
        return None if above.empty and below.empty else (above.dump(), below.dump(), self.count.dump())

    def restore(self, state: Any) -> None:
        above, below, count = state
        self.count.restore(count)
        self.numerator.restore(above)
        self.denominator.restore(below)


def _clamped(points: float) -> float:
    return 100.0 if points > 100.0 else 0.0 if points < 0.0 else points
