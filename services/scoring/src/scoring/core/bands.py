"""Bands: the lines between them, with hysteresis, and the room in which a score moves without a word."""

from collections.abc import Container
from math import inf

from common.contracts.signals import Band
from scoring.core.card import Bands

# What is worse than each, the milder first.
WORSE: dict[Band, tuple[Band, ...]] = {
    Band.GREEN: (Band.YELLOW, Band.RED),
    Band.YELLOW: (Band.RED,),
    Band.RED: (),
}


def line(bands: Bands, band: Band) -> float:
    """Below this a score is in `band`, yellow or red, or worse."""
    return bands.red if band is Band.RED else bands.yellow


def plain(score: float, bands: Bands) -> Band:
    """The band of a score that comes from nowhere."""
    if score < bands.red:
        return Band.RED
    return Band.YELLOW if score < bands.yellow else Band.GREEN


def eased(told: Band, score: float, bands: Bands) -> Band:
    """The better band that a score has reached, or the one told: a band is left at its line plus hysteresis."""
    if told is Band.GREEN or score < line(bands, told) + bands.hysteresis:
        return told
    return Band.GREEN if score >= bands.yellow + bands.hysteresis else Band.YELLOW


def room(told: Band, waiting: Container[Band], bands: Bands) -> tuple[float, float]:
    """While low <= score < high nothing happens: no line is crossed, none crossed back, no band left.

    `waiting` are the worse bands whose lines are crossed already.
    """
    low, high = -inf, inf
    if told is not Band.GREEN:
        high = line(bands, told) + bands.hysteresis
    for worse in WORSE[told]:
        if worse in waiting:
            high = min(high, line(bands, worse))
        else:
            low = max(low, line(bands, worse))
    return low, high
