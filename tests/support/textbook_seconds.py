"""The seconds at which an oracle evaluates: many, and those around everything that may bend a score or make it jump."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import floor

from support.textbook import Textbook

_EVERY = 100
_AROUND = 2
_BETWEEN = 7
_LAST = 253_402_300_799
# A score that is straight between two moments is on the line between them up to this.
_STRAIGHT = 2e-6


def seconds_to_try(textbook: Textbook, clock: float, *, dates: Sequence[float], until: int | None) -> list[int]:
    """In order, after `clock`, up to and with `until`. `dates` matter beside what the textbook knows."""
    now, last = floor(clock), _LAST if until is None else until
    knots = sorted({floor(knot) for knot in (*textbook.knots(), *dates) if now < knot < last - _AROUND})
    ends = [now, *knots, *([] if until is None else [until])]
    tried = {*range(now + 1, now + 1 + _EVERY), *range(last - _AROUND, last + 1)}
    tried.update(ends[-1] + 10**power for power in range(10))
    for knot in knots:
        tried.update(range(knot - _AROUND, knot + _AROUND + 2))
    for early, late in pairwise(ends):
        tried.update(early + (late - early) * step // _BETWEEN for step in range(_BETWEEN))
        tried.update(_bends(textbook, early + 1, late))
    return sorted(second for second in tried if now < second <= last)


def _bends(textbook: Textbook, early: int, late: int) -> Iterator[int]:
    """Where a score bends that has no knot, as where a cap meets the mean: halved until the rest is straight."""
    if late - early < _AROUND:
        return
    middle = (early + late) // 2
    first, half, end = (textbook.of(second).health(second).score for second in (early, middle, late))
    if abs(first + (end - first) * (middle - early) / (late - early) - half) > _STRAIGHT:
        yield from range(middle - _AROUND, middle + _AROUND + 1)
        yield from _bends(textbook, early, middle)
        yield from _bends(textbook, middle, late)
