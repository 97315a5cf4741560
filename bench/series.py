"""Medians, ranges, percentiles and slopes: all that is said of a series of figures."""

from collections.abc import Sequence
from statistics import linear_regression, median

from msgspec import Struct


class Spread(Struct, frozen=True):
    """Of one figure over the rounds."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Raises `ValueError` without any."""
    if not values:
        raise ValueError("no figure was taken")
    return Spread(median(values), min(values), max(values))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed. Raises `ValueError` without any."""
    if not values:
        raise ValueError("no figure was taken")
    ordered = sorted(values)
    place = -int(-share * len(ordered) // 1) - 1  # rounded up, counted from 0
    return ordered[min(max(place, 0), len(ordered) - 1)]


def slope(moments: Sequence[float], values: Sequence[float]) -> float:
    """How much the values grow by each unit of the moments, by least squares."""
    return linear_regression(moments, values).slope


def regained(moments: Sequence[float], done: Sequence[float], *, speed: float, window: float) -> float | None:
    """The beginning of the first `window` in which as much was done as at this speed; None if it never came.

    `done` is what had been done in all at each moment.
    """
    start = 0
    for end, moment in enumerate(moments):
        while start < end and moment - moments[start + 1] >= window:
            start += 1
        length = moment - moments[start]
        if length >= window and done[end] - done[start] >= speed * length:
            return moments[start]
    return None
