"""Metrics whose value moves steadily along a curve in silence: rates, distinct counts, suspicion."""

from math import inf

from scoring.health.context import Context
from scoring.health.curve import Curve, CurveSegment
from scoring.health.metrics.metric import Metric


class DriftingMetric(Metric):
    """`curves` are by stage."""

    __slots__ = ("curves", "segment")

    def __init__(self, name: str, index: int, curves: list[Curve]) -> None:
        super().__init__(name, index)
        self.curves = curves
        self.segment = curves[0].first

    def drift(self, context: Context, base: float, x: float, velocity: float) -> None:
        """Sets the value: x at `base`, moving by `velocity` per operational second."""
        self.has_value = True
        self.base = base
        self.x = x
        self.velocity = velocity
        self._enter(self.curves[context.stage].first.containing(x))

    def _enter(self, segment: CurveSegment) -> None:
        """Follows this segment of the curve up to its end."""
        velocity = self.velocity
        self.segment = segment
        self.slope = segment.grade * velocity
        edge = segment.start if velocity < 0.0 else segment.end
        self.end = inf if abs(edge) == inf else self.base + (edge - self.x) / velocity

    def value_at(self, tau: float, context: Context) -> float | None:
        if not self.has_value:
            return None
        return self.curves[context.stage].value_of(self.x + self.velocity * (tau - self.base))

    def at(self, tau: float) -> float | None:
        if not self.has_value:
            return None
        x = self.x + self.velocity * (tau - self.base)
        return self.segment.containing(x).points_at(x)

    def seek(self, tau: float) -> None:
        if not self.has_value:
            self._clear()
            return
        # Most moves stay on the segment; then its slope and end hold.
        x = self.x + self.velocity * (tau - self.base)
        segment = self.segment
        if not segment.start <= x < segment.end:
            segment = segment.containing(x)
            self._enter(segment)
        self.available = True
        self.points = segment.points_at(x)

    def next_segment(self, origin: float) -> None:
        # Computed from the knot itself, so that neighbouring segments meet without a gap.
        begin = self.end
        if self.velocity < 0.0:
            points, segment = self.segment.points, self.segment.below
        else:
            points, segment = self.segment.end_points, self.segment.above
        self._enter(segment)
        self.points = points - self.slope * (begin - origin)
