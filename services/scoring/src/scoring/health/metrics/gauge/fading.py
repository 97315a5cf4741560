"""The base of gauges: the points of a reading hold for a while, then fade linearly to neutral."""

from math import inf
from typing import Final

from scoring.health.clock import Clock
from scoring.health.context import Context
from scoring.health.curve import Curve
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.metric import Metric, OtherMetrics
from scoring.health.moments import DAY

# In seconds. A shorter fade is made a jump: between moments this close rounding would decide the slope.
_SHORTEST_FADE: Final = 1e-6


class FadingMetric(Metric):
    """`hold` and `ttl` are operational seconds after the reading, `neutral` points."""

    __slots__ = ("curves", "hold", "neutral", "ttl")

    def __init__(self, definition: Gauge, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition.name, index)
        self.curves = curves
        self.hold = definition.hold * DAY
        self.ttl = inf if definition.ttl is None else definition.ttl * DAY
        self.neutral = float(definition.neutral)

    def reading(self, clock: Clock) -> tuple[float, float] | None:
        """The moment (UTC) and value of the last reading; None before the first."""
        raise NotImplementedError

    def project(self, context: Context) -> None:
        reading = self.reading(context.clock)
        self.has_value = reading is not None
        self.pieces = []
        if reading is None:
            return
        moment, value = reading
        self.base = base = context.clock.operational(moment)
        self.x = value
        fresh = self.curves[context.stage].points_at(value)
        self.pieces.append((base, fresh, 0.0))
        # The points hold, fade linearly to neutral, and stay there: three pieces.
        if self.ttl != inf:
            fade_from, gone_from = base + min(self.hold, self.ttl), base + self.ttl
            if gone_from - fade_from >= _SHORTEST_FADE:
                self.pieces.append((fade_from, fresh, (self.neutral - fresh) / (gone_from - fade_from)))
            self.pieces.append((gone_from, self.neutral, 0.0))

    def value_at(self, tau: float, context: Context) -> float | None:
        return self.x if self.has_value else None
