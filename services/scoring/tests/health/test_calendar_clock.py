"""The clocks of a calendar: what a day counts, and that a moment goes there and back.

Other clocks, which bend the hours of a day, are in `test_clock`.
"""

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from math import inf
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts.signals import Facts
from scoring.health.calendar.choice import ClockChoice
from scoring.health.calendar.definition import CalendarRules, Closure, CountryDays
from scoring.health.clock import WALL_CLOCK, Clock
from scoring.health.moments import day_number, local_midnight
from support.examples import examples
from support.textbook_clock import DAY, TextbookClock

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/Sao_Paulo")
AROUND = (date(2023, 1, 1), date(2026, 12, 31))
WEEKENDS = (frozenset({5, 6}), frozenset({4, 5}), frozenset({6}))
# In seconds: far less than one. What the additions of 15,000 days round is within it.
EXACT = 1e-3

Closed = Sequence[tuple[date, date]]


def days(first: date = AROUND[0], last: date = AROUND[1]) -> st.SearchStrategy[date]:
    return st.dates(first + timedelta(40), last - timedelta(60))


def closures() -> st.SearchStrategy[list[tuple[date, date]]]:
    spans = st.tuples(days(), st.integers(0, 20)).map(lambda span: (span[0], span[0] + timedelta(span[1])))
    return st.lists(spans, max_size=6)


def numbered(closed: Closed) -> list[tuple[int, int]]:
    return [(day_number(first), day_number(last)) for first, last in closed]


@st.composite
def calendars(draw: st.DrawFn) -> tuple[CalendarRules, CountryDays, frozenset[date]]:
    rules = CalendarRules(
        profile="business",
        floor=draw(st.sampled_from([0.02, 0.03, 0.05, 0.5])),
        holiday_factor=draw(st.sampled_from([0.0, 0.1, 1.0])),
    )
    holidays = draw(st.frozensets(days(), max_size=12))
    weekend = draw(st.sampled_from(WEEKENDS))
    return rules, CountryDays(weekend, frozenset(map(day_number, holidays))), holidays


def clock_of(rules: CalendarRules, country: CountryDays, *, zone: str, closed: Closed = ()) -> Clock:
    choice = ClockChoice(rules, lambda name: country, WALL_CLOCK)
    return choice.clock_of(Facts(country="DE", time_zone=zone), numbered(closed), WALL_CLOCK)


@settings(_RELAXED, max_examples=examples(80))
@given(calendars(), st.sampled_from(ZONES), closures(), st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_a_clock_is_the_sum_of_its_days(
    calendar: tuple[CalendarRules, CountryDays, frozenset[date]], zone: str, closed: Closed, places: list[float]
) -> None:
    rules, country, holidays = calendar
    clock = clock_of(rules, country, zone=zone, closed=closed)
    own = TextbookClock(
        floor=rules.floor,
        holiday_factor=rules.holiday_factor,
        free=country.weekend,
        holidays=holidays,
        closed=closed,
        zone=ZoneInfo(zone),
        around=AROUND,
    )
    begin, length = own.midnights[0], own.midnights[-1] - own.midnights[0]
    moments = [begin + place * length for place in places]
    for moment in moments:
        counted = clock.operational(moment) - clock.operational(begin)
        assert abs(counted - (own.operational(moment) - own.operational(begin))) < EXACT


@settings(_RELAXED, max_examples=examples(200))
@given(
    calendars(),
    st.sampled_from(ZONES),
    closures(),
    st.lists(st.floats(-5e9, 2e10) | st.floats(1.67e9, 1.8e9), min_size=1, max_size=20),
)
def test_there_and_back_is_the_same_moment(
    calendar: tuple[CalendarRules, CountryDays, frozenset[date]], zone: str, closed: Closed, moments: list[float]
) -> None:
    rules, country, _ = calendar
    clock = clock_of(rules, country, zone=zone, closed=closed)
    for moment in moments:
        assert abs(clock.wall(clock.operational(moment)) - moment) < EXACT
        assert clock.operational(moment) < clock.operational(moment + 1.0) < clock.operational(moment + 2.0)
    for first, last in closed:
        for edge in (local_midnight(day_number(first), ZoneInfo(zone)), local_midnight(day_number(last) + 1, UTC)):
            for near in (-1.0, 0.0, 1.0):
                assert abs(clock.wall(clock.operational(edge + near)) - edge - near) < EXACT
    assert [clock.operational(moment) for moment in (-inf, inf)] == [-inf, inf]
    assert [clock.wall(tau) for tau in (-inf, inf)] == [-inf, inf]


def test_an_ordinary_week_counts_seven_days() -> None:
    monday = local_midnight(day_number(date(2026, 6, 8)), UTC)
    for weekend in WEEKENDS:
        clock = clock_of(CalendarRules(profile="business"), CountryDays(weekend, frozenset()), zone="UTC")
        assert clock.operational(monday + 7 * DAY) - clock.operational(monday) == pytest.approx(7 * DAY)
        assert clock.days_between(day_number(date(2026, 6, 8)), day_number(date(2026, 6, 15)), UTC) == pytest.approx(7)


def counted(rules: CalendarRules, day: date, *, country: str = "DE") -> float:
    """How much a day counts, in days."""
    holidays = frozenset([day_number(date(2026, 5, 1))])
    choice = ClockChoice(
        rules, lambda name: CountryDays(frozenset({5, 6}), holidays) if name == "DE" else None, WALL_CLOCK
    )
    clock = choice.clock_of(Facts(country=country), (), WALL_CLOCK)
    begin = local_midnight(day_number(day), UTC)
    return (clock.operational(begin + DAY) - clock.operational(begin)) / DAY


WORKING = (7 - 2 * 0.03) / 5
CHRISTMAS = Closure(first=(0, 12, 24), until=(0, 1, 1))
OBON = Closure(first=(2026, 8, 11), until=(2026, 8, 12), country="JP")


@pytest.mark.parametrize(
    ("day", "country", "weight"),
    [
        (date(2026, 4, 30), "DE", WORKING),
        (date(2026, 5, 1), "DE", WORKING * 0.1),  # a public holiday
        (date(2026, 5, 1), "FR", WORKING),  # of another country
        (date(2026, 5, 2), "DE", 0.03),  # a Saturday
        (date(2026, 12, 23), "DE", WORKING),
        (date(2026, 12, 24), "DE", WORKING * 0.1),  # a closure of the card, of all countries and years
        (date(2027, 1, 1), "FR", WORKING * 0.1),
        (date(2027, 1, 4), "FR", WORKING),
        (date(2026, 8, 11), "JP", WORKING * 0.1),  # one of a country and a year
        (date(2026, 8, 11), "DE", WORKING),
        (date(2025, 8, 11), "JP", WORKING),
        (date(2026, 12, 26), "DE", 0.03),  # nothing counts less than the floor
        (date(2009, 5, 2), "DE", 1.0),  # before the years of the calendar
        (date(2050, 1, 1), "DE", 1.0),  # and after them
    ],
)
def test_what_a_day_counts(day: date, country: str, weight: float) -> None:
    rules = CalendarRules(profile="business", closures=(CHRISTMAS, OBON))
    assert counted(rules, day, country=country) == pytest.approx(weight)


def test_daily_means_that_a_weekend_counts_like_any_day() -> None:
    assert counted(CalendarRules(profile="daily"), date(2026, 5, 2)) == pytest.approx(1.0)
    assert counted(CalendarRules(profile="daily"), date(2026, 5, 1)) == pytest.approx(0.1)


def test_accounts_share_a_clock_until_one_is_closed() -> None:
    choice = ClockChoice(CalendarRules(profile="business"), lambda name: None, WALL_CLOCK)
    german, other = Facts(country="DE", time_zone="Europe/Berlin"), Facts(country="DE", time_zone="Europe/Paris")
    shared = choice.clock_of(german, (), WALL_CLOCK)
    assert choice.clock_of(german, (), WALL_CLOCK) is shared
    assert choice.clock_of(other, (), shared) is not shared
    closed = choice.clock_of(german, [(20_000, 20_010)], shared)
    assert closed is not shared
    # The same days, told in another way, are the same clock.
    assert choice.clock_of(german, [(20_000, 20_004), (20_005, 20_010)], closed) is closed
    assert choice.clock_of(german, [(20_000, 20_011)], closed) is not closed


def test_one_zone_and_one_country_for_all() -> None:
    asked = []

    def days_of(country: str) -> CountryDays | None:
        asked.append(country)
        return None

    choice = ClockChoice(CalendarRules(profile="business", timezone="Asia/Tokyo", holidays="JP"), days_of, WALL_CLOCK)
    one = choice.clock_of(Facts(country="DE", time_zone="Europe/Berlin"), (), WALL_CLOCK)
    assert choice.clock_of(Facts(), (), WALL_CLOCK) is one
    assert asked == ["JP"]
    # A Saturday begins in Tokyo nine hours before it does in Greenwich.
    saturday = local_midnight(day_number(date(2026, 5, 2)), ZoneInfo("Asia/Tokyo"))
    assert one.operational(saturday + 3600) - one.operational(saturday) == pytest.approx(3600 * 0.03)


def test_a_card_whose_clock_counts_holidays_is_given_their_days() -> None:
    with pytest.raises(ValueError, match="counts public holidays, and nobody gives their days"):
        ClockChoice(CalendarRules(profile="business"), None, WALL_CLOCK)
    ClockChoice(CalendarRules(profile="business", holidays="none"), None, WALL_CLOCK)
