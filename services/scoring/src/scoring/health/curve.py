"""Curves: points (0 to 100) as a piecewise linear function of a metric's value, or of its logarithm.

A curve is flat outside its first and last knot.
"""

from collections.abc import Sequence
from math import exp, inf, log
from typing import Final, final

# The logarithm of the largest float, rounded down.
_LARGEST_LOG: Final = 709.78


def log_or_less(value: float) -> float:
    """The natural logarithm; minus infinity for zero and below."""
    return log(value) if value > 0.0 else -inf


@final
class CurveSegment:
    """One line of a curve: from `start` up to `end` a value x is worth `points + grade * (x - start)`.

    `below` and `above` are its neighbours. A value seldom moves far, so a search starts at the last segment.
    """

    __slots__ = ("above", "below", "end", "end_points", "grade", "points", "start")

    def __init__(self, start: float, end: float, points: float, end_points: float, grade: float) -> None:
        self.start = start
        self.end = end
        self.points = points
        self.end_points = end_points
        self.grade = grade
        self.below: CurveSegment = self
        self.above: CurveSegment = self

    def points_at(self, x: float) -> float:
        if self.grade == 0.0:
            return self.points
        return self.points + self.grade * (x - self.start)

    def containing(self, x: float) -> "CurveSegment":
        """The segment with start <= x < end."""
        found = self
        while x < found.start:
            found = found.below
        while x >= found.end:
            found = found.above
        return found


@final
class Curve:
    """Points over x, where x is the value or, if `logarithmic`, its natural logarithm.

    A value that decays exponentially moves along a line in its logarithm, so every metric moves along lines.
    """

    __slots__ = ("first", "logarithmic")

    def __init__(self, knots: Sequence[tuple[float, float]], *, logarithmic: bool) -> None:
        """`knots` are (value, points), ascending in value."""
        self.logarithmic = logarithmic
        xs = [self.x_of(float(value)) for value, _ in knots]
        points = [float(each) for _, each in knots]
        self.first = CurveSegment(-inf, xs[0], points[0], points[0], 0.0)
        below = self.first
        for k in range(len(xs)):
            last = k + 1 == len(xs)
            end = inf if last else xs[k + 1]
            end_points = points[k] if last else points[k + 1]
            grade = 0.0 if last else (end_points - points[k]) / (end - xs[k])
            segment = CurveSegment(xs[k], end, points[k], end_points, grade)
            below.above, segment.below = segment, below
            below = segment

    def x_of(self, value: float) -> float:
        return log_or_less(value) if self.logarithmic else value

    def value_of(self, x: float) -> float:
        """Clamped: dividing by a seat count near zero would overflow."""
        return exp(min(x, _LARGEST_LOG)) if self.logarithmic else x

    def points_at(self, x: float) -> float:
        return self.first.containing(x).points_at(x)
