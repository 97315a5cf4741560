"""Bands: the lines between red, yellow and green, with hysteresis."""

from collections.abc import Container
from math import inf
from typing import Final, final

from common.contracts.signals import Band

# Looked up once: reading a member of an enumeration costs more than the comparison that follows.
GREEN: Final = Band.GREEN
YELLOW: Final = Band.YELLOW
RED: Final = Band.RED
INSUFFICIENT: Final = Band.INSUFFICIENT

# What is worse than each band, the milder first. "Insufficient data" is neither better nor worse.
WORSE: Final[dict[Band, tuple[Band, ...]]] = {
    GREEN: (YELLOW, RED),
    YELLOW: (RED,),
    RED: (),
    INSUFFICIENT: (),
}
# Nearer to a line than this, the rounded score decides.
_ROUNDING: Final = 1e-6


@final
class BandLines:
    """The lines of one stage in points; `min_duration` is operational seconds."""

    __slots__ = ("hysteresis", "min_duration", "red", "yellow")

    def __init__(self, red: float, yellow: float, hysteresis: float, min_duration: float) -> None:
        self.red = red
        self.yellow = yellow
        self.hysteresis = hysteresis
        self.min_duration = min_duration

    def line(self, band: Band) -> float:
        """Below this a score is in `band`, yellow or red, or worse."""
        return self.red if band is RED else self.yellow

    def first_band(self, score: float) -> Band:
        """The band of an account that had none before."""
        if is_below(score, self.red):
            return RED
        return YELLOW if is_below(score, self.yellow) else GREEN

    def better_band(self, current: Band, score: float) -> Band:
        """The better band that a score has reached, else `current`: a band is left at its line plus hysteresis."""
        if current is GREEN or is_below(score, self.line(current) + self.hysteresis):
            return current
        return YELLOW if is_below(score, self.yellow + self.hysteresis) else GREEN

    def stable_range(self, current: Band, crossed: Container[Band]) -> tuple[float, float]:
        """While low <= score < high the score crosses no line, in either direction, and leaves no band.

        `crossed` are the worse bands whose lines are crossed already.
        """
        low, high = -inf, inf
        if current is YELLOW or current is RED:
            high = self.line(current) + self.hysteresis
        for worse in WORSE[current]:
            if worse in crossed:
                high = min(high, self.line(worse))
            else:
                low = max(low, self.line(worse))
        return low, high


def is_below(score: float, line: float) -> bool:
    """Whether the score is below a line. Scores are compared rounded to 1e-6, so that the last bits decide nothing."""
    if score < line - _ROUNDING:
        return True
    return score <= line + _ROUNDING and round(score, 6) < line
