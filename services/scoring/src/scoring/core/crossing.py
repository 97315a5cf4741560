"""The next whole second at which anything discrete changes if nobody does anything: exact, without a search.

Every path is lines between knots, so the mean and the caps are too. The walk goes from knot to knot, meets the lines
that matter in closed form, and asks at the whole second that it found: rounding may put it one off.
"""

from collections.abc import Callable, Iterable, Iterator
from math import ceil, floor, inf

from scoring.core.moments import LAST
from scoring.core.path import Lines
from scoring.core.sight import Course, Sight

# Scores are rounded to 1e-6, so a score is over a line this much before it is.
_HALF = 5e-7
# A line that stays this far from a bound does not meet it.
_CLEAR = 1e-9
# How far from the truth the computed moment of a meeting may be.
_BLUR_POINTS = 1e-11
_BLUR_SECONDS = 1e-5
_BLUR_MOST = 8.0

# value and slope per second, as value + slope * (t - now)
_Line = tuple[float, float]


def next_due(
    course: Course,
    sight: Sight,
    *,
    room: tuple[float, float],
    moments: Iterable[float],
    differs: Callable[[float], bool],
) -> int | None:
    """The first whole second after `sight` at which `differs` is true; None if the calendar ends before.

    `room` are the scores (low <= score < high) at which nothing happens; `moments` are others at which it may.
    """
    first = asked = floor(sight.at)
    for second, sure in _Walk(course, sight, room=room, moments=moments).candidates():
        if second > LAST:
            return None
        if second > first and second != asked and (sure or differs(second)):
            return second
        asked = second
    return None


class _Walk:
    """All paths side by side, metrics first, then caps: each with its value now, its slope, its piece and next knot.

    Last comes a column without a path, whose knots are the bare moments.
    """

    def __init__(self, course: Course, sight: Sight, *, room: tuple[float, float], moments: Iterable[float]) -> None:
        self._course = course
        self._now = now = sight.at
        self._low, self._high = room[0] - _HALF, room[1] - _HALF
        self._paths: list[Lines] = [path.lines for path in (*course.paths, *course.caps)]
        self._metrics = len(course.paths)
        self._values = sight.metrics.points + sight.caps.points
        self._pieces = sight.metrics.pieces + sight.caps.pieces
        self._slopes = [path.slopes[k] for path, k in zip(self._paths, self._pieces, strict=True)]
        self._next = [path.end_of(k) for path, k in zip(self._paths, self._pieces, strict=True)]
        self._moments = sorted([moment for moment in moments if moment > now], reverse=True)
        self._next.append(self._moments[-1] if self._moments else inf)
        self._weights, self._mean, self._slope = sight.weights, sight.mean, 0.0
        self._capped = any(cap is not None for cap in sight.caps.points)
        self._jumped = False
        self._average()

    def candidates(self) -> Iterator[tuple[int, bool]]:
        """Whole seconds at which something may differ, or surely does; none is left out that lies before."""
        begin, knots = self._now, self._next
        while True:
            end = min(knots)
            if not self._uneventful(begin, end):
                yield from self._segment(begin, end)
            if end == inf:
                return
            while end in knots:
                self._pass(knots.index(end))
            if self._jumped:
                self._weigh()
            self._average()
            begin = end

    def _pass(self, column: int) -> None:
        """Goes on to the next piece of a path."""
        if column == len(self._paths):
            self._moments.pop()
            self._next[column] = self._moments[-1] if self._moments else inf
            self._jumped = True
            return
        path, before = self._paths[column], self._values[column]
        piece = self._pieces[column] = self._pieces[column] + 1
        points, slope = path.points[piece], path.slopes[piece]
        self._next[column] = path.end_of(piece)
        self._slopes[column] = slope
        self._values[column] = None if points is None else points - slope * (path.starts[piece] - self._now)
        if (before is None) is not (points is None):
            self._jumped = True

    def _weigh(self) -> None:
        """Something became available, or no longer is."""
        self._weights, self._mean = self._course.mean_of(self._values[: self._metrics])
        self._capped = any(cap is not None for cap in self._values[self._metrics :])

    def _average(self) -> None:
        """Added up anew at each knot: where values are steep, what is left of old ones would drown the rest."""
        mean = slope = 0.0
        values, slopes = self._values, self._slopes
        for index, weight in self._weights.counting:
            mean += weight * values[index]  # type: ignore[operator]
            slope += weight * slopes[index]
        if self._weights.counting:
            self._mean = mean
        self._slope = slope

    def _uneventful(self, begin: float, end: float) -> bool:
        """The mean is all there is, and it stays clear of both bounds."""
        if self._jumped or self._capped:
            return False
        low, high = self._low + _CLEAR, self._high - _CLEAR
        first = last = self._mean + self._slope * (begin - self._now)
        if self._slope:
            last = self._mean + self._slope * (end - self._now)
        return low < first < high and low < last < high

    def _segment(self, begin: float, end: float) -> Iterator[tuple[int, bool]]:
        """Between `begin` and `end` the mean and every cap are lines."""
        lines = [(self._mean, self._slope)]
        for value, slope in zip(self._values[self._metrics :], self._slopes[self._metrics :], strict=True):
            if value is not None:
                lines.append((value, slope))
        age = begin - self._now
        if self._jumped or not self._low <= min(value + slope * age for value, slope in lines) < self._high:
            yield ceil(begin), False
        self._jumped = False
        for met, blur, leaves in sorted(self._meetings(lines, begin, end)):
            # The mean alone leaves its room and is on the same line still at the second: nobody needs to ask.
            sure = leaves and not self._capped and met + blur < ceil(met - blur) < end
            for second in range(ceil(met - blur), ceil(met + blur) + 1):
                yield second, sure

    def _meetings(self, lines: list[_Line], begin: float, end: float) -> Iterator[tuple[float, float, bool]]:
        """When a line comes by a bound, how far off that may be, and whether it goes out there."""
        bounds = [bound for bound in (self._low, self._high) if abs(bound) != inf]
        for value, slope in lines:
            if slope == 0.0:
                continue
            first, last = value + slope * (begin - self._now), value + slope * (end - self._now)
            for bound in bounds:
                if min(first, last) > bound + _CLEAR or max(first, last) < bound - _CLEAR:
                    continue
                met = self._now + (bound - value) / slope
                blur = min(_BLUR_SECONDS + _BLUR_POINTS / abs(slope), _BLUR_MOST)
                if begin - blur <= met <= end + blur:
                    yield met, blur, (slope < 0.0) is (bound == self._low)
