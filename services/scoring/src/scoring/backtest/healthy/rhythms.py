"""The chance that one person comes on a day, in a firm that keeps to a rhythm."""

from collections.abc import Iterator
from datetime import date, timedelta

from scoring.backtest.healthy.firms import Colleague

# Of each person, on a day on which they come by their rhythm.
STEADY_CHANCE = 0.9
_TUESDAY, _THURSDAY = 1, 3


def as_they_like(day: date, number: int, person: Colleague) -> float:
    return person.zeal


def every_day(day: date, number: int, person: Colleague) -> float:
    return STEADY_CHANCE


def on_mondays(day: date, number: int, person: Colleague) -> float:
    return STEADY_CHANCE if day.weekday() == 0 else 0.0


def twice_a_week(day: date, number: int, person: Colleague) -> float:
    return STEADY_CHANCE if day.weekday() in (_TUESDAY, _THURSDAY) else 0.0


def every_other_week(day: date, number: int, person: Colleague) -> float:
    """On Tuesdays."""
    return STEADY_CHANCE if day.weekday() == _TUESDAY and day.toordinal() // 7 % 2 == 0 else 0.0


def at_month_ends(day: date, number: int, person: Colleague) -> float:
    """On the last two working days of a month."""
    return STEADY_CHANCE if day in _last_working_days(day) else 0.0


def _last_working_days(day: date) -> list[date]:
    last = (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return list(_working_days_back(last))


def _working_days_back(last: date) -> Iterator[date]:
    found = 0
    while found < 2:
        if last.weekday() < 5:
            found += 1
            yield last
        last -= timedelta(days=1)
