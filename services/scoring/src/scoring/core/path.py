"""Points as a function of time, as long as nobody does anything: lines from knot to knot.

A path is a function of state alone, never of now, so a path kept and a path made again give the same floats. Its
lines are drawn when somebody walks along it; what it is at one moment can be asked for less.
"""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from scoring.core.curve import STILL, Curve, Drift, Manners

# Knots closer than this are one: below it the difference of two moments is mostly rounding.
_FINEST = 1e-6
# Pieces that meet within this many points are one line with a knot, not a jump.
_SEAMLESS = 1e-7

Piece = tuple[float, float | None, float]


class Lines(NamedTuple):
    """Pieces that each start at a moment with points and a slope per second, and hold until the next starts.

    None means that there are no points to be had. Undefined before the first start; the last piece never ends.
    """

    starts: Sequence[float]
    points: Sequence[float | None]
    slopes: Sequence[float]

    def end_of(self, piece: int) -> float:
        """When the next piece begins; the last one never ends."""
        return self.starts[piece + 1] if piece + 1 < len(self.starts) else inf

    def piece_at(self, moment: float) -> int:
        return bisect_right(self.starts, moment) - 1


class Path(ABC):
    """`manners` hold from its first moment on. `drift` is how the value behind the points moves, if there is one."""

    __slots__ = ("_lines", "drift", "manners")

    def __init__(self, manners: Manners, *, drift: Drift | None = None, lines: Lines | None = None) -> None:
        self.manners = manners
        self.drift = drift
        self._lines = lines

    @property
    def lines(self) -> Lines:
        if self._lines is None:
            self._lines = self._draw()
        return self._lines

    @abstractmethod
    def _draw(self) -> Lines:
        """The whole of it."""

    @abstractmethod
    def at(self, moment: float) -> float | None:
        """The points at a moment, to within rounding what the lines say."""

    def manners_from(self, moment: float) -> Manners:
        """What holds from `moment` on, where what held from the start may have ended."""
        if moment < self.manners.until:
            return self.manners
        lines = self.lines
        first = lines.piece_at(moment)
        return _manners(Lines(lines.starts[first:], lines.points[first:], lines.slopes[first:]))


class Drawn(Path):
    """Lines as they are given."""

    __slots__ = ()

    def __init__(self, lines: Lines, *, manners: Manners | None = None, drift: Drift | None = None) -> None:
        super().__init__(_manners(lines) if manners is None else manners, drift=drift, lines=lines)

    def _draw(self) -> Lines:
        return self.lines

    def at(self, moment: float) -> float | None:
        lines = self.lines
        piece = lines.piece_at(moment)
        points = lines.points[piece]
        return None if points is None else points + lines.slopes[piece] * (moment - lines.starts[piece])


class Along(Path):
    """What a curve gives for a value that drifts for ever."""

    __slots__ = ("_curve", "_drift")

    def __init__(self, curve: Curve, drift: Drift) -> None:
        super().__init__(curve.manners(drift.velocity), drift=drift)
        self._curve = curve
        self._drift = drift

    def _draw(self) -> Lines:
        base, x, velocity, _ = self._drift
        knots = [(base, self._curve.read(x))]
        for passed, points in self._curve.passed(x, velocity):
            knots.append((base + (passed - x) / velocity, points))
        return _through(knots)

    def at(self, moment: float) -> float | None:
        base, x, velocity, _ = self._drift
        return self._curve.read(x + velocity * (moment - base))


class Spliced(Path):
    """`head`, flat pieces, and from `start` on the points of `tail` plus `bonus`, kept within 0 to 100."""

    __slots__ = ("_bonus", "_head", "_start", "_tail")

    def __init__(self, head: list[Piece], *, tail: Path, start: float, bonus: float, drift: Drift | None) -> None:
        manners = tail.manners
        if head:
            manners = Manners(0.0, 0.0, head[1][0] if len(head) > 1 else start)
        super().__init__(manners, drift=drift)
        self._head = head
        self._tail = tail
        self._start = start
        self._bonus = bonus

    def _draw(self) -> Lines:
        pieces = list(self._head)
        tail, start = self._tail.lines, self._start
        for index, begin in enumerate(tail.starts):
            end = tail.end_of(index)
            if end <= start:
                continue
            points, slope = tail.points[index], tail.slopes[index]
            if points is None:
                pieces.append((max(begin, start), None, 0.0))
                continue
            begin, points = max(begin, start), points + slope * (max(begin, start) - begin) + self._bonus
            pieces += _clamped((begin, points, slope), end)
        return _of(pieces)

    def at(self, moment: float) -> float | None:
        if moment >= self._start:
            points = self._tail.at(moment)
            return None if points is None else min(max(points + self._bonus, 0.0), 100.0)
        return [points for begin, points, _ in self._head if begin <= moment][-1]


class Cap(Path):
    """No points until `since`, then `cap` rising by `slope`, until `end`."""

    __slots__ = ("_base", "_cap", "_end", "_since", "_slope")

    def __init__(self, base: float, *, since: float, end: float, cap: float, slope: float) -> None:
        super().__init__(Manners(0.0, 0.0, since) if base < since else Manners(0.0, slope, end))
        self._base = base
        self._since = since
        self._end = end
        self._cap = cap
        self._slope = slope

    def _draw(self) -> Lines:
        pieces: list[Piece] = [(self._base, None, 0.0)] if self._base < self._since else []
        pieces.append((self._since, self._cap, self._slope))
        return _of(pieces if self._end == inf else [*pieces, (self._end, None, 0.0)])

    def at(self, moment: float) -> float | None:
        if self._since <= moment < self._end:
            return self._cap + self._slope * (moment - self._since)
        return None


NEVER = Drawn(Lines((-inf,), (None,), (0.0,)), manners=STILL)


def flat(start: float, points: float, *, drift: Drift | None = None) -> Path:
    return Drawn(Lines((start,), (points,), (0.0,)), manners=STILL, drift=drift)


def of_pieces(pieces: Sequence[Piece], *, drift: Drift | None = None) -> Path:
    return Drawn(_of(pieces), drift=drift)


def through(knots: Iterable[tuple[float, float]], *, drift: Drift | None = None) -> Path:
    """The lines through (moment, points), in order of time; flat after the last."""
    return Drawn(_through(knots), drift=drift)


def _of(pieces: Sequence[Piece]) -> Lines:
    return Lines(*zip(*pieces, strict=True))


def _through(knots: Iterable[tuple[float, float]]) -> Lines:
    starts: list[float] = []
    points: list[float | None] = []
    slopes: list[float] = []
    last = 0.0
    for moment, value in knots:
        if starts and moment - starts[-1] < _FINEST:
            points[-1] = last = value
            continue
        if starts:
            slopes.append((value - last) / (moment - starts[-1]))
        starts.append(moment)
        points.append(value)
        last = value
    slopes.append(0.0)
    return Lines(starts, points, slopes)


def _clamped(piece: tuple[float, float, float], end: float) -> Iterator[Piece]:
    start, points, slope = piece
    bounds = [start + (bound - points) / slope for bound in (0.0, 100.0)] if slope else []
    cuts = [start, *sorted(cut for cut in bounds if start < cut < end)]
    for begin, until in zip(cuts, [*cuts[1:], end], strict=True):
        middle = points + slope * ((begin + until) / 2 - start) if slope else points
        if 0.0 <= middle <= 100.0:
            yield begin, points + slope * (begin - start), slope
        else:
            yield begin, min(max(middle, 0.0), 100.0), 0.0


def _manners(lines: Lines) -> Manners:
    """Up to the first seam that shows."""
    starts, points, slopes = lines
    lowest, highest, until = min(slopes[0], 0.0), max(slopes[0], 0.0), inf
    for piece in range(1, len(starts)):
        before, here = points[piece - 1], points[piece]
        if before is None or here is None:
            seam = before is not here
        else:
            end = before + slopes[piece - 1] * (starts[piece] - starts[piece - 1])
            seam = abs(end - here) > _SEAMLESS
        if seam:
            until = starts[piece]
            break
        lowest, highest = min(lowest, slopes[piece]), max(highest, slopes[piece])
    return Manners(-lowest, highest, until)
