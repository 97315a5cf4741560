"""Bands: the lines between red, yellow and green, with hysteresis."""

from collections.abc import Container
from math import inf
from typing import Final, final

from common.contracts.signals import Band

# Looked up once: the attribute of an enumeration costs more than what is done with it.
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
        """The band of a score that comes from none."""
        if below(score, self.red):
            return RED
        return YELLOW if below(score, self.yellow) else GREEN

    def better_band(self, told: Band, score: float) -> Band:
        """The better band that a score has reached, else the one told: a band is left at its line plus hysteresis."""
        if told is GREEN or below(score, self.line(told) + self.hysteresis):
            return told
        return YELLOW if below(score, self.yellow + self.hysteresis) else GREEN

    def stable_range(self, told: Band, waiting: Container[Band]) -> tuple[float, float]:
        """While low <= score < high no line is crossed, none is crossed back and no band is left.

        `waiting` are the worse bands whose lines are crossed already.
        """
        low, high = -inf, inf
        if told is YELLOW or told is RED:
            high = self.line(told) + self.hysteresis
        for worse in WORSE[told]:
            if worse in waiting:
                high = min(high, self.line(worse))
            else:
                low = max(low, self.line(worse))
        return low, high


def below(score: float, line: float) -> bool:
    """Whether the score, rounded to 1e-6, is below a line: the last bits of a float decide nothing."""
    if score < line - _ROUNDING:
        return True
    return score <= line + _ROUNDING and round(score, 6) < line
