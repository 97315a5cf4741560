"""The days on which the score moved, with the events and the messages of each."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from common.contracts.signals import MovingEvent
from console.clients.account import HistoryAnswer, ScoreDay, SignalInHistory

ROWS: Final = 20
# A day that moved the score by less is in the plot alone.
_LEAST: Final = 1.0
_MOST_REASONS: Final = 3
# More marks would cover the line; the table below it has all.
_MOST_MARKS: Final = 60


class NamedPoints(Struct, frozen=True):
    name: str
    points: float


class Move(Struct, frozen=True, kw_only=True):
    """A day with a message, or a move of a point or more. `before` and `after` are None of a message alone."""

    day: date
    before: float | None
    after: float | None
    reasons: tuple[NamedPoints, ...]
    events: tuple[MovingEvent, ...]
    signals: tuple[SignalInHistory, ...]


def zone_of(name: str | None) -> tzinfo:
    """An account's time zone; UTC without one."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def moves_of(history: HistoryAnswer, *, zone: tzinfo) -> list[Move]:
    """The newest first."""
    signals = signals_by_day(history, zone=zone)
    days: Mapping[date, ScoreDay] = {one.day: one for one in history.days}
    moved = {one.day for one in history.days if abs(one.after - one.before) >= _LEAST}
    return [_move(day, days.get(day), signals.get(day, ())) for day in sorted(moved | signals.keys(), reverse=True)]


class MovingDay(Struct, frozen=True):
    """The events of a day that moved the score by a point or more the same way."""

    day: date
    better: bool
    events: tuple[MovingEvent, ...]

    @property
    def points(self) -> float:
        return sum(one.points for one in self.events)


def moving_days(history: HistoryAnswer) -> list[MovingDay]:
    """Those that moved it most, the newest first."""
    found: dict[tuple[date, bool], list[MovingEvent]] = {}
    for day in history.days:
        for event in day.events:
            if abs(event.points) >= _LEAST:
                found.setdefault((day.day, event.points > 0), []).append(event)
    days = [MovingDay(day, better, tuple(events)) for (day, better), events in found.items()]
    largest = sorted(days, key=lambda one: -abs(one.points))[:_MOST_MARKS]
    return sorted(largest, key=lambda one: one.day, reverse=True)


def signals_by_day(history: HistoryAnswer, *, zone: tzinfo) -> dict[date, tuple[SignalInHistory, ...]]:
    found: dict[date, tuple[SignalInHistory, ...]] = {}
    for one in history.signals:
        day = _day(one.at, zone)
        found[day] = (*found.get(day, ()), one)
    return found


def points_by_metric(parts: Sequence[tuple[str, float]]) -> tuple[NamedPoints, ...]:
    """Silence and events of one metric are one reason. The largest first."""
    sums: dict[str, float] = {}
    for name, points in parts:
        sums[name] = sums.get(name, 0.0) + points
    found = [NamedPoints(name, round(points, 1)) for name, points in sums.items() if round(points, 1)]
    return tuple(sorted(found, key=lambda one: -abs(one.points))[:_MOST_REASONS])


def _move(day: date, scored: ScoreDay | None, signals: tuple[SignalInHistory, ...]) -> Move:
    if scored is None:
        return Move(day=day, before=None, after=None, reasons=(), events=(), signals=signals)
    return Move(
        day=day,
        before=scored.before,
        after=scored.after,
        reasons=points_by_metric([(part.metric, part.points) for part in scored.parts]),
        events=scored.events,
        signals=signals,
    )


def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()
