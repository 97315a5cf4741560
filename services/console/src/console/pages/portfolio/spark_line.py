"""The scores of four weeks as a small line. The words beside it say the same; the line itself is decoration."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from console.clients.scoring import DayScore

WIDTH: Final = 120
HEIGHT: Final = 28
DAYS: Final = 28
CHANGE_DAYS: Final = 14


def path_of(trend: Sequence[DayScore], *, today: date) -> str:
    """The `d` of an SVG path: days from left to right, scores 0 to 100 from bottom to top. Empty for one score."""
    first = today - timedelta(days=DAYS)
    points = [(_x(one.day, first), _y(one.score)) for one in trend if one.day >= first]
    if len(points) < 2:
        return ""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def end_of(trend: Sequence[DayScore], *, today: date) -> tuple[float, float] | None:
    """Where the line ends."""
    if not trend:
        return None
    return _x(trend[-1].day, today - timedelta(days=DAYS)), _y(trend[-1].score)


def score_on(trend: Sequence[DayScore], day: date) -> float | None:
    """The score at the end of a day: between two known days on the line between them. None before the first."""
    before = [one for one in trend if one.day <= day]
    after = [one for one in trend if one.day > day]
    if not before:
        return None
    if not after or before[-1].day == day:
        return before[-1].score
    left, right = before[-1], after[0]
    share = (day - left.day) / (right.day - left.day)
    return left.score + (right.score - left.score) * share


def change(trend: Sequence[DayScore], *, today: date) -> float | None:
    """Points over 14 days, up to the last score; None for an account that is younger."""
    before = score_on(trend, today - timedelta(days=CHANGE_DAYS))
    return None if before is None or not trend else trend[-1].score - before


def _x(day: date, first: date) -> float:
    return round((day - first).days / DAYS * WIDTH, 1)


def _y(score: float) -> float:
    return round((1 - score / 100) * (HEIGHT - 4) + 2, 1)
