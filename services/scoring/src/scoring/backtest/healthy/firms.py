"""Simulated firms, and on which days each of their people is at work."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from msgspec import Struct

from scoring.cards.country_days import country_days
from scoring.health.moments import day_number

# The run-in gives every account a habit before anything is counted.
OPENS = date(2025, 11, 3)
YEAR = date(2026, 1, 1)
NEW_YEAR = date(2027, 1, 1)
CLOSES = date(2027, 4, 1)

_COUNTRIES = {"US": "America/New_York", "DE": "Europe/Berlin"}
# The chance to look in all the same on a weekend, also one within a leave, or a holiday; and between Christmas and New
# Year.
_DAY_OFF = 0.02
_CHRISTMAS = 0.08
LEAVE = timedelta(days=14)
_WEEK = timedelta(days=7)


class AbsenceReason(StrEnum):
    """Why somebody is not at work on a working day."""

    CHRISTMAS = "Christmas"
    CLOSED = "closed together"
    LEAVE = "leave in August"
    WEEK_OFF = "a week off"
    HOLIDAY = "public holiday"
    CHANCE = "chance"


class Colleague(Struct, frozen=True):
    """Comes on a working day with the chance `zeal`, unless something keeps them away."""

    user_id: str
    zeal: float
    leave: date
    week_off: date


class Firm(Struct, frozen=True):
    """`closed_together`: all take their leave at the same time."""

    account_id: str
    country: str
    time_zone: str
    closed_together: bool
    people: tuple[Colleague, ...]


class Attendance(Struct, frozen=True):
    """Who was at work on a day, and for all others why not."""

    day: date
    present: tuple[str, ...]
    absent: Mapping[AbsenceReason, int]


Zeal = Callable[[date, int, Colleague], float]
"""The chance of a person (and its number) to be at work on a day on which nothing keeps it away."""


def make_firm(random: Random, account_id: str, users: int, *, number: int) -> Firm:
    """Every second firm is in the other country; of two in the same country one closes in August."""
    country = list(_COUNTRIES)[number % len(_COUNTRIES)]
    together = number // len(_COUNTRIES) % 2 == 0
    closing = _day_in_august(random)
    people = [
        Colleague(
            user_id=f"{account_id}-{index}",
            zeal=random.uniform(0.5, 0.95),
            leave=closing if together else _day_in_august(random),
            week_off=_week_outside_august(random),
        )
        for index in range(users)
    ]
    return Firm(account_id, country, _COUNTRIES[country], together, tuple(people))


def attendances(random: Random, firm: Firm, *, until: date, zeal: Zeal, leave: bool = True) -> Iterator[Attendance]:
    """Each day from OPENS to the day before `until`. Without `leave` nobody takes any."""
    calendar = country_days(firm.country)
    holidays = frozenset[int]() if calendar is None else calendar.holidays
    day = OPENS
    while day < until:
        present, absent = [], dict.fromkeys(AbsenceReason, 0)
        working = day.weekday() < 5
        holiday = day_number(day) in holidays
        for number, person in enumerate(firm.people):
            reason = _reason(firm, person, day, holiday=holiday, leave=leave)
            if random.random() < _chance(reason, zeal(day, number, person), working=working):
                present.append(person.user_id)
            elif working:
                absent[reason or AbsenceReason.CHANCE] += 1
        yield Attendance(day, tuple(present), absent)
        day += timedelta(days=1)


def _chance(reason: AbsenceReason | None, zeal: float, *, working: bool) -> float:
    # Whoever never comes on such a day does not look in on it either.
    if not working or reason is AbsenceReason.HOLIDAY:
        return min(_DAY_OFF, zeal)
    match reason:
        case None:
            return zeal
        case AbsenceReason.CHRISTMAS:
            return min(_CHRISTMAS, zeal)
        case _:
            return 0.0


def _reason(firm: Firm, person: Colleague, day: date, *, holiday: bool, leave: bool) -> AbsenceReason | None:
    if leave and person.leave <= day < person.leave + LEAVE:
        return AbsenceReason.CLOSED if firm.closed_together else AbsenceReason.LEAVE
    if leave and person.week_off <= day < person.week_off + _WEEK:
        return AbsenceReason.WEEK_OFF
    if (day.month, day.day) >= (12, 24) or (day.month, day.day) == (1, 1):
        return AbsenceReason.CHRISTMAS
    return AbsenceReason.HOLIDAY if holiday else None


def _day_in_august(random: Random) -> date:
    """A Monday from which 14 days lie in August."""
    mondays = [day for day in (date(2026, 8, 1) + timedelta(days=n) for n in range(18)) if day.weekday() == 0]
    return random.choice(mondays)


def _week_outside_august(random: Random) -> date:
    mondays = [YEAR + timedelta(days=n) for n in range(340) if (YEAR + timedelta(days=n)).weekday() == 0]
    return random.choice([day for day in mondays if day.month != 8])
