"""The values of twelve months as a small line. The words beside it say the same."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

WIDTH: Final = 120
HEIGHT: Final = 28
_EDGE: Final = 2


class TrendLine(Struct, frozen=True):
    """`path` is the `d` of an SVG path, in pieces between months without a value; `end` is the last point.

    A value between two months without one is no line: `path` may be empty.
    """

    path: str
    end: tuple[float, float] | None


def trend_line(values: Sequence[float | None]) -> TrendLine:
    """The oldest value first; the smallest at the bottom, the largest at the top. A level line is in the middle."""
    known = [value for value in values if value is not None]
    if not known:
        return TrendLine("", None)
    low, high = min(known), max(known)
    points = [
        None if value is None else (_x(number, len(values)), _y(value, low, high))
        for number, value in enumerate(values)
    ]
    return TrendLine("".join(_pieces(points)), next(point for point in reversed(points) if point is not None))


def _pieces(points: Sequence[tuple[float, float] | None]) -> list[str]:
    pieces: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            pieces.append([])
        else:
            pieces[-1].append(point)
    return ["M" + "L".join(f"{x:g} {y:g}" for x, y in piece) for piece in pieces if len(piece) > 1]


def _x(number: int, count: int) -> float:
    return round(number / max(count - 1, 1) * WIDTH, 1)


def _y(value: float, low: float, high: float) -> float:
    share = (value - low) / (high - low) if high > low else 0.5
    return round((1 - share) * (HEIGHT - 2 * _EDGE) + _EDGE, 1)
