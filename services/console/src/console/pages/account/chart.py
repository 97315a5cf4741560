"""The score over time as SVG. The words beside it, and the table below it, say the same."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from console.clients.account import ScoreDay

WIDTH: Final = 960
HEIGHT: Final = 240
LEFT: Final = 36
TOP: Final = 12
RIGHT: Final = 948
BOTTOM: Final = 212
_MOST_TICKS: Final = 8


class DateTick(Struct, frozen=True):
    """A label on an axis; `at` are units of the drawing."""

    at: float
    day: date


class ChartMark(Struct, frozen=True):
    """A signal on the line; `name` is its band or its kind."""

    x: float
    y: float
    name: str
    words: str


class EventMark(Struct, frozen=True):
    """A day's events that moved the score the same way: up if `better`."""

    x: float
    y: float
    better: bool
    words: str


class ScorePoint(Struct, frozen=True):
    day: date
    score: float


class ScoreChart(Struct, frozen=True):
    """`path` is the `d` of an SVG path: days from left to right, scores 0 to 100 from bottom to top."""

    path: str
    ticks: tuple[DateTick, ...]
    marks: tuple[ChartMark, ...]
    events: tuple[EventMark, ...]
    first: ScorePoint
    last: ScorePoint
    lowest: ScorePoint
    highest: ScorePoint


class MarkedDay(Struct, frozen=True):
    day: date
    name: str
    words: str


class DayOfEvents(Struct, frozen=True):
    day: date
    better: bool
    words: str


def chart_of(
    days: Sequence[ScoreDay], marked: Iterable[MarkedDay], events: Iterable[DayOfEvents] = ()
) -> ScoreChart | None:
    """`days` are the newest first. None without days: then there is nothing to draw."""
    points = points_of(days)
    if not points:
        return None
    first, last = points[0].day, points[-1].day
    path = "M" + "L".join(f"{_x(one.day, first, last):g} {_y(one.score):g}" for one in points)
    scores = {one.day: one.score for one in points}
    marks = tuple(
        ChartMark(_x(one.day, first, last), _y(scores[one.day]), one.name, one.words)
        for one in marked
        if one.day in scores
    )
    moved = tuple(
        EventMark(_x(one.day, first, last), _y(scores[one.day]), one.better, one.words)
        for one in events
        if one.day in scores
    )
    return ScoreChart(
        path,
        tuple(_ticks(first, last)),
        marks,
        moved,
        points[0],
        points[-1],
        min(points, key=lambda one: one.score),
        max(points, key=lambda one: one.score),
    )


def points_of(days: Sequence[ScoreDay]) -> list[ScorePoint]:
    """The oldest first: where the first day began, and where each day ended."""
    ordered = sorted(days, key=lambda one: one.day)
    if not ordered:
        return []
    begin = ScorePoint(ordered[0].day - timedelta(days=1), ordered[0].before)
    return [begin, *(ScorePoint(one.day, one.after) for one in ordered)]


def grid() -> tuple[tuple[int, float], ...]:
    """The scores that have a line across, and where."""
    return tuple((score, _y(score)) for score in (0, 25, 50, 75, 100))


def _ticks(first: date, last: date) -> Iterable[DateTick]:
    step = max(1, -(-(last - first).days // (_MOST_TICKS - 1)))
    day = first
    while day <= last:
        yield DateTick(_x(day, first, last), day)
        day += timedelta(days=step)


def _x(day: date, first: date, last: date) -> float:
    span = max(1, (last - first).days)
    return round(LEFT + (day - first).days / span * (RIGHT - LEFT), 1)


def _y(score: float) -> float:
    return round(BOTTOM - min(100.0, max(0.0, score)) / 100 * (BOTTOM - TOP), 1)
