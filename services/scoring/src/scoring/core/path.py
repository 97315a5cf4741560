"""Points as a function of time, as long as nobody does anything: lines from knot to knot.

A path is a function of state alone, never of now, so a path kept and a path made again give the same floats.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import inf

from scoring.core.curve import Curve, Drift

# Knots closer than this are one: below it the difference of two moments is mostly rounding.
_FINEST = 1e-6

Piece = tuple[float, float | None, float]


class Path:
    """Pieces that each start at a moment with points and a slope per second, and hold until the next starts.

    None means that there are no points to be had. Undefined before the first start; the last piece never ends.
    """

    __slots__ = ("points", "slopes", "starts")

    def __init__(self, starts: Sequence[float], points: Sequence[float | None], slopes: Sequence[float]) -> None:
        self.starts = starts
        self.points = points
        self.slopes = slopes

    def end_of(self, piece: int) -> float:
        """When the next piece begins; the last one never ends."""
        return self.starts[piece + 1] if piece + 1 < len(self.starts) else inf


NEVER = Path((-inf,), (None,), (0.0,))


def flat(start: float, points: float) -> Path:
    return Path((start,), (points,), (0.0,))


def of_pieces(pieces: Sequence[Piece]) -> Path:
    starts, points, slopes = zip(*pieces, strict=True)
    return Path(starts, points, slopes)


def through(knots: Iterable[tuple[float, float]]) -> Path:
    """The lines through (moment, points), in order of time; flat after the last."""
    starts: list[float] = []
    points: list[float] = []
    slopes: list[float] = []
    for moment, value in knots:
        if starts and moment - starts[-1] < _FINEST:
            points[-1] = value
            continue
        if starts:
            slopes.append((value - points[-1]) / (moment - starts[-1]))
        starts.append(moment)
        points.append(value)
    slopes.append(0.0)
    return Path(starts, points, slopes)


def along(curve: Curve, drift: Drift) -> Path:
    """What `curve` gives for a value that drifts."""
    base, x, velocity, _ = drift
    knots = [(base, curve.read(x))]
    for passed, points in curve.passed(x, velocity):
        knots.append((base + (passed - x) / velocity, points))
    return through(knots)


def spliced(head: list[Piece], *, tail: Path, start: float, bonus: float) -> Path:
    """`head`, and from `start` on the points of `tail` plus `bonus`, kept within 0 to 100."""
    pieces = list(head)
    for index, begin in enumerate(tail.starts):
        end = tail.end_of(index)
        if end <= start:
            continue
        points, slope = tail.points[index], tail.slopes[index]
        if points is None:
            pieces.append((max(begin, start), None, 0.0))
            continue
        begin, points = max(begin, start), points + slope * (max(begin, start) - begin) + bonus
        pieces += _clamped((begin, points, slope), end)
    return of_pieces(pieces)


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
