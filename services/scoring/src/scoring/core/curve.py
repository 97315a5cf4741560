"""Curves: points over a value; and drifts: how that value moves while nobody does anything.

Where a value halves with time both are read in log2(value), so that every drift is a line.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from math import inf, log2, nextafter
from typing import NamedTuple

from scoring.core import card

# log2 of the largest float, or a hair less.
_MOST = nextafter(1024.0, 0.0)


class Drift(NamedTuple):
    """x(t) = x + velocity * (t - base), velocity per second, until `until`; after that there is no value."""

    base: float
    x: float
    velocity: float = 0.0
    until: float = inf

    def at(self, moment: float) -> float | None:
        return self.x + self.velocity * (moment - self.base) if moment < self.until else None

    def holds(self, op: str, bound: float) -> tuple[float, float] | None:
        """From when until when x(t) `op` bound is true, from the base on; None if it never is."""
        above, touching = op in (">", ">="), op in (">=", "<=")
        if self.velocity == 0.0 or abs(self.x) == inf:
            true = (self.x > bound) == above if self.x != bound else touching
            return (self.base, self.until) if true else None
        crossing = self.base + (bound - self.x) / self.velocity
        after = above == (self.velocity > 0.0)
        if touching != after:
            # The crossing itself belongs to the other side.
            crossing = nextafter(crossing, inf)
        start, end = (crossing, self.until) if after else (self.base, min(crossing, self.until))
        return (max(start, self.base), end) if max(start, self.base) < end else None


class Manners(NamedTuple):
    """How fast points fall and rise at most, in points per second, and until when they do nothing else.

    At `until` they jump, come or go.
    """

    fall: float
    rise: float
    until: float


STILL = Manners(0.0, 0.0, inf)


class Curve:
    """Points by linear interpolation over x, which is the value or its log2; flat outside."""

    __slots__ = ("_asked", "_down", "_grades", "_up", "logarithmic", "points", "xs")

    def __init__(self, curve: card.Curve, *, logarithmic: bool) -> None:
        self.logarithmic = logarithmic
        self.xs = xs = tuple(self.x_of(value) for value, _ in curve)
        self.points = tuple(float(points) for _, points in curve)
        pairs = range(len(curve) - 1)
        self._grades = tuple((self.points[i + 1] - self.points[i]) / (xs[i + 1] - xs[i]) for i in pairs)
        self._asked = 0.0, STILL
        self._up, self._down = max(0.0, *self._grades, 0.0), max(0.0, *(-grade for grade in self._grades), 0.0)

    def x_of(self, value: float) -> float:
        return log2_or_less(value) if self.logarithmic else float(value)

    def value_of(self, x: float) -> float:
        """No value is larger than a float can be: of hardly a seat anybody is that many times as much."""
        return 2.0 ** min(x, _MOST) if self.logarithmic else x

    def read(self, x: float) -> float:
        xs, points = self.xs, self.points
        above = bisect_right(xs, x)
        if above == 0:
            return points[0]
        if above == len(xs):
            return points[-1]
        return points[above - 1] + self._grades[above - 1] * (x - xs[above - 1])

    def manners(self, velocity: float) -> Manners:
        """Of points while x moves at `velocity`, per second. Most metrics always ask for the same one."""
        known, manners = self._asked
        if velocity != known:
            up, down = self._up * abs(velocity), self._down * abs(velocity)
            manners = Manners(down, up, inf) if velocity > 0.0 else Manners(up, down, inf)
            self._asked = velocity, manners
        return manners

    def passed(self, x: float, velocity: float) -> Iterator[tuple[float, float]]:
        """The (x, points) of this curve that a value comes by from `x` on, in that order."""
        if velocity > 0.0:
            first = bisect_right(self.xs, x)
            return zip(self.xs[first:], self.points[first:], strict=True)
        last = bisect_left(self.xs, x) if velocity else 0
        return zip(self.xs[:last][::-1], self.points[:last][::-1], strict=True)


def log2_or_less(value: float) -> float:
    """log2, and minus infinity for nothing."""
    return log2(value) if value > 0.0 else -inf
