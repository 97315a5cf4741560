"""Which clock an account has: by its time zone, its country, and the days on which it is closed."""

from array import array
from collections.abc import Sequence
from datetime import date, timedelta, tzinfo
from typing import Final, final

from common.contracts.signals import Facts
from scoring.health.calendar.clock import CalendarClock, ClosedClock, Interval
from scoring.health.calendar.definition import (
    ACCOUNT,
    FIRST_YEAR,
    LAST_YEAR,
    NONE,
    CalendarDay,
    CalendarRules,
    Closure,
    CountryCalendars,
    CountryDays,
    Days,
)
from scoring.health.clock import Clock
from scoring.health.moments import DAY, day_number, end_of_day, local_midnight, zone_named

_WEEK: Final = 7
# For accounts whose country is not known.
_UNKNOWN: Final = CountryDays(frozenset([5, 6]), frozenset())
_FIRST_DAY: Final = day_number(date(FIRST_YEAR, 1, 1))
_AFTER_LAST: Final = day_number(date(LAST_YEAR + 1, 1, 1))
# The epoch was a Thursday.
_EPOCH_WEEKDAY: Final = 3


@final
class ClockChoice:
    """One clock for each time zone and country, shared by their accounts, and one for each account with closures.

    Without `rules` all accounts have `otherwise`. Raises `ValueError` if `rules` ask for holidays and nobody gives
    `calendars`.
    """

    def __init__(self, rules: CalendarRules | None, calendars: CountryCalendars | None, otherwise: Clock) -> None:
        if rules is not None and rules.holidays != NONE and calendars is None:
            raise ValueError("the card's clock counts public holidays, and nobody gives their days")
        self._rules = rules
        self._calendars = calendars
        self._otherwise = otherwise
        self._midnights: dict[str, Sequence[float]] = {}
        self._counted: dict[str, Sequence[float]] = {}
        self._clocks: dict[tuple[str, str], Clock] = {}

    def clock_of(self, facts: Facts, closed: Sequence[Days], present: Clock) -> Clock:
        """The clock of an account with these facts and closures; `present` itself if that is still right."""
        rules = self._rules
        if rules is None:
            return self._otherwise
        zone = facts.time_zone if rules.timezone == ACCOUNT else rules.timezone
        country = facts.country if rules.holidays == ACCOUNT else rules.holidays
        base = self._shared(rules, zone or "", "" if country is None or country == NONE else country)
        if not closed:
            return base
        intervals = _intervals(closed, zone_named(facts.time_zone))
        if isinstance(present, ClosedClock) and present.base is base and present.closed == intervals:
            return present
        return ClosedClock(base, intervals, rules.floor)

    def _shared(self, rules: CalendarRules, zone: str, country: str) -> Clock:
        clock = self._clocks.get((zone, country))
        if clock is None:
            if zone not in self._midnights:
                self._midnights[zone] = _midnights(zone_named(zone or None))
            if country not in self._counted:
                calendars = self._calendars
                days = calendars(country) if country and calendars is not None else None
                self._counted[country] = _counted(rules, country, _UNKNOWN if days is None else days)
            clock = self._clocks[zone, country] = CalendarClock(self._midnights[zone], self._counted[country])
        return clock


def _midnights(zone: tzinfo) -> Sequence[float]:
    # An array takes a quarter of the memory of a list.
    return array("d", [local_midnight(day, zone) for day in range(_FIRST_DAY, _AFTER_LAST + 1)])


def _counted(rules: CalendarRules, country: str, days: CountryDays) -> Sequence[float]:
    """The operational time at each midnight, from _FIRST_DAY on; there it is UTC."""
    weekend: frozenset[int] = days.weekend if rules.profile == "business" else frozenset()
    free = len(weekend)
    # Working days count what the weekend leaves over, so that a half-life is as long as on a wall clock.
    working = (_WEEK - free * rules.floor) / (_WEEK - free) if free < _WEEK else 1.0
    off = days.holidays | _closed_days(rules.closures, country)
    tau = _FIRST_DAY * DAY
    counted = [tau]
    for day in range(_FIRST_DAY, _AFTER_LAST):
        weight = rules.floor if (day + _EPOCH_WEEKDAY) % _WEEK in weekend and free < _WEEK else working
        if day in off:
            weight = max(weight * rules.holiday_factor, rules.floor)
        tau += weight * DAY
        counted.append(tau)
    return array("d", counted)


def _closed_days(closures: Sequence[Closure], country: str) -> frozenset[int]:
    found: set[int] = set()
    for closure in closures:
        if closure.country is not None and closure.country != country:
            continue
        if closure.first[0] != 0:
            found.update(range(_day(closure.first, 0), _day(closure.until, 0) + 1))
            continue
        # A closure whose end is before its beginning goes over New Year.
        over = 1 if closure.until < closure.first else 0
        for year in range(FIRST_YEAR - 1, LAST_YEAR + 1):
            found.update(range(_day(closure.first, year), _day(closure.until, year + over) + 1))
    return frozenset(found)


def _day(day: CalendarDay, year: int) -> int:
    """Whole days since the epoch. A day of every year is taken in `year`; 29 February is the day after the 28th."""
    named, month, of_month = day
    return day_number(date(named or year, month, 1) + timedelta(days=of_month - 1))


def _intervals(closed: Sequence[Days], zone: tzinfo) -> list[Interval]:
    """In UTC, in order; days that overlap or follow each other are one interval."""
    merged: list[Days] = []
    for first, last in sorted(closed):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return [(local_midnight(first, zone), end_of_day(last, zone)) for first, last in merged]
