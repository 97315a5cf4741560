"""The next whole second at which anything discrete changes if nobody does anything: exact, without a search.

Every path is lines between knots, so the mean and the caps are too. The walk goes from knot to knot, meets the lines
that matter in closed form, and asks at the whole second that it found: rounding may put it one off.
"""

from collections.abc import Callable, Iterable, Iterator
from math import ceil, floor, inf

from scoring.core.moments import LAST
from scoring.core.path import Path
from scoring.core.sight import Course, mask_of, weighted

# Scores are rounded to 1e-6, so a score is over a line this much before it is.
_HALF = 5e-7
# How far from the truth the computed moment of a meeting may be.
_BLUR_POINTS = 1e-11
_BLUR_SECONDS = 1e-5
_BLUR_MOST = 8.0


def next_due(
    course: Course,
    *,
    now: float,
    room: tuple[float, float],
    moments: Iterable[float],
    differs: Callable[[float], bool],
) -> int | None:
    """The first whole second after `now` at which `differs` is true; None if there is none before the year 10000.

    `room` are the scores (low <= score < high) at which nothing happens; `moments` are others at which it may.
    """
    asked = floor(now)
    for second in _Walk(course, now=now, room=room, moments=moments).candidates():
        if second > LAST:
            return None
        if second != asked and differs(second):
            return second
        asked = second
    return None


class _Walk:
    """Lines are held as value + slope * (t - now), None where there are no points; metrics first, then caps."""

    def __init__(
        self, course: Course, *, now: float, room: tuple[float, float], moments: Iterable[float]
    ) -> None:
        low, high = room
        self._course, self._now = course, now
        self._bounds = [bound - _HALF for bound in (low, high) if abs(bound) != inf]
        self._low, self._high = low - _HALF, high - _HALF
        self._values: list[float | None] = []
        self._slopes: list[float] = []
        self._knots: list[tuple[float, int, int]] = [(moment, -1, 0) for moment in moments if moment > now]
        self._paths = (*course.paths, *course.caps)
        for index, path in enumerate(self._paths):
            self._start(index, path)
        self._knots.sort()
        self._metrics = len(course.paths)
        self._jumped = False
        self._weigh()

    def _start(self, index: int, path: Path) -> None:
        piece = path.piece(self._now)
        self._values.append(None)
        self._slopes.append(0.0)
        self._take(index, piece)
        self._knots += [(start, index, k) for k, start in enumerate(path.starts) if k > piece]

    def _take(self, index: int, piece: int) -> None:
        path = self._paths[index]
        points, slope = path.points[piece], path.slopes[piece]
        self._slopes[index] = slope
        self._values[index] = None if points is None else points - slope * (path.starts[piece] - self._now)

    def _weigh(self) -> None:
        course, values = self._course, self._values[: self._metrics]
        weights = course.weights.of(mask_of(values))
        slope = 0.0
        for weight, own in zip(weights.values, self._slopes, strict=False):
            slope += weight * own
        self._mean = (course.reference if weights.nothing else weighted(weights.values, values), slope)

    def candidates(self) -> Iterator[int]:
        """Whole seconds after now; none is left out that lies before one given."""
        first, begin = floor(self._now) + 1, self._now
        for moment, index, piece in self._knots:
            if moment > begin:
                yield from (max(second, first) for second in self._segment(begin, moment))
                begin = moment
            self._pass(index, piece)
        yield from (max(second, first) for second in self._segment(begin, inf))

    def _pass(self, index: int, piece: int) -> None:
        if index < 0:
            self._jumped = True
            return
        before = self._values[index]
        self._take(index, piece)
        if (before is None) is not (self._values[index] is None):
            self._jumped = True
        if index < self._metrics:
            self._weigh()

    def _segment(self, begin: float, end: float) -> Iterator[int]:
        """No knot lies between `begin` and `end`."""
        age = begin - self._now
        lines = [self._mean]
        for value, slope in zip(self._values[self._metrics :], self._slopes[self._metrics :], strict=True):
            if value is not None:
                lines.append((value, slope))
        score = min(value + slope * age for value, slope in lines)
        if self._jumped or not self._low <= score < self._high:
            yield ceil(begin)
        self._jumped = False
        for met, blur in sorted(self._meetings(lines, begin, end)):
            yield from range(ceil(met - blur), ceil(met + blur) + 1)

    def _meetings(
        self, lines: list[tuple[float, float]], begin: float, end: float
    ) -> Iterator[tuple[float, float]]:
        for value, slope in lines:
            if slope == 0.0:
                continue
            blur = min(_BLUR_SECONDS + _BLUR_POINTS / abs(slope), _BLUR_MOST)
            for bound in self._bounds:
                met = self._now + (bound - value) / slope
                if begin - blur <= met <= end + blur:
                    yield met, blur
