"""The days of an account's history: calendar days in its own time zone, and none comes twice."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from scoring.health.moments import local_day, local_midnight, to_date, zone_named
from scoring.health.scorer import Scorer
from scoring.health.view import Day, Step
from support.examples import examples
from support.random_cases import RandomCase, event, random_cases
from support.scripted_account import SLIDE, card
from support.textbook_history import History

LOS_ANGELES, AUCKLAND = "America/Los_Angeles", "Pacific/Auckland"


def moment(text: str) -> float:
    """UTC unless the text has an offset."""
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


class Diary:
    """One account whose mood is read. Moments are texts; `closed` are the days that are over."""

    def __init__(self, zone: str | None, begin: str) -> None:
        self.scorer = Scorer(card(SLIDE), "card")
        self.account = self.scorer.create("acme")
        self.closed: list[Day] = []
        self._events = 0
        self.does("account.updated", begin, time_zone=zone)

    def does(self, name: str, text: str, **properties: Any) -> None:
        self._events += 1
        at = moment(text)
        self._take(self.scorer.apply(self.account, event(name, at, event_id=f"e{self._events}", **properties), at))

    def reads(self, *moments: str) -> None:
        for text in moments:
            self.does("mood.read", text, value=90)

    def moves(self, zone: str | None, text: str) -> None:
        self.does("account.updated", text, time_zone=zone)

    def waits(self, text: str) -> None:
        self._take(self.scorer.advance(self.account, moment(text)))

    def restarts(self) -> None:
        self.account = self.scorer.load("acme", self.scorer.dump(self.account))

    @property
    def today(self) -> str:
        return self._open_day().day.isoformat()

    def events(self) -> dict[str, list[str]]:
        """By day, the open one too: the moments of the events that moved the score."""
        return {
            day.day.isoformat(): sorted(f"{moving.time:%dT%H:%M:%S}" for moving in day.events)
            for day in (*self.closed, self._open_day())
        }

    def _open_day(self) -> Day:
        day = self.scorer.today(self.account)
        assert day is not None
        return day

    def _take(self, step: Step) -> None:
        self.closed += step.days


def test_a_day_in_los_angeles_ends_at_its_own_midnight() -> None:
    """Eight hours after that of UTC."""
    diary = Diary(LOS_ANGELES, "2024-01-10T12:00")
    diary.reads("2024-01-10T23:59:59", "2024-01-11T00:00", "2024-01-11T07:59:59")
    assert diary.closed == []
    diary.reads("2024-01-11T08:00", "2024-01-12T07:59:59", "2024-01-12T08:00")
    assert diary.events() == {
        "2024-01-10": ["10T23:59:59", "11T00:00:00", "11T07:59:59"],
        "2024-01-11": ["11T08:00:00", "12T07:59:59"],
        "2024-01-12": ["12T08:00:00"],
    }


def test_a_day_in_auckland_begins_before_that_of_utc() -> None:
    """Thirteen hours, in summer."""
    diary = Diary(AUCKLAND, "2024-01-10T10:00")
    diary.reads("2024-01-10T10:59:59", "2024-01-10T11:00", "2024-01-11T00:00", "2024-01-11T10:59:59")
    diary.reads("2024-01-11T11:00")
    assert diary.events() == {
        "2024-01-10": ["10T10:59:59"],
        "2024-01-11": ["10T11:00:00", "11T00:00:00", "11T10:59:59"],
        "2024-01-12": ["11T11:00:00"],
    }


@pytest.mark.parametrize("zone", [None, "UTC", "Nowhere/At_All"])
def test_without_a_zone_a_day_is_one_of_utc(zone: str | None) -> None:
    diary = Diary(zone, "2024-01-10T12:00")
    diary.reads("2024-01-10T23:59:59", "2024-01-11T00:00")
    assert diary.events() == {"2024-01-10": ["10T23:59:59"], "2024-01-11": ["11T00:00:00"]}


# The zone; the last second of the day before, the first and the last second of the day, and the first one after it.
LONG_AND_SHORT = [
    # 23 hours: the clock is put forward.
    (LOS_ANGELES, "2024-03-10T07:59:59", "2024-03-10T08:00", "2024-03-11T06:59:59", "2024-03-11T07:00"),
    # 25 hours: the clock is put back.
    (LOS_ANGELES, "2024-11-03T06:59:59", "2024-11-03T07:00", "2024-11-04T07:59:59", "2024-11-04T08:00"),
    (AUCKLAND, "2024-04-06T10:59:59", "2024-04-06T11:00", "2024-04-07T11:59:59", "2024-04-07T12:00"),
    (AUCKLAND, "2024-09-28T11:59:59", "2024-09-28T12:00", "2024-09-29T10:59:59", "2024-09-29T11:00"),
    # There is no midnight: the clock goes from there to one o'clock.
    ("Africa/Cairo", "2024-04-25T21:59:59", "2024-04-25T22:00", "2024-04-26T20:59:59", "2024-04-26T21:00"),
    # Midnight comes twice; the day begins at the first.
    ("America/Havana", "2024-11-03T03:59:59", "2024-11-03T04:00", "2024-11-04T04:59:59", "2024-11-04T05:00"),
    # Samoa had no 30 December.
    ("Pacific/Apia", "2011-12-29T09:59:59", "2011-12-29T10:00", "2011-12-30T09:59:59", "2011-12-30T10:00"),
]


@pytest.mark.parametrize(("zone", "before", "first", "last", "after"), LONG_AND_SHORT)
def test_a_day_is_as_long_as_the_clocks_of_its_zone_make_it(
    zone: str, before: str, first: str, last: str, after: str
) -> None:
    diary = Diary(zone, before)
    diary.reads(before, first, last, after)
    assert [len(moments) for moments in diary.events().values()] == [1, 2, 1]


def test_a_midnight_is_the_first_moment_of_its_day() -> None:
    """In every zone of some variety, on every day of fifty years."""
    for name in ("America/Los_Angeles", "Pacific/Apia", "Africa/Cairo", "America/Havana", "America/St_Johns", "UTC"):
        zone = zone_named(name)
        for day in range(0, 50 * 365):
            begin = local_midnight(day, zone)
            assert local_day(begin - 1, zone) < day <= local_day(begin, zone), (name, to_date(day))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
def test_days_reach_both_ends_of_the_calendar(zone: str) -> None:
    found = zone_named(zone)
    for end in (date.min, date.max):
        day = (end - date(1970, 1, 1)).days
        begin = local_midnight(day, found)
        assert to_date(local_day(begin, found)) == end
        assert local_midnight(day + 1, found) > begin


def test_a_day_that_was_closed_does_not_come_back_with_another_zone() -> None:
    """From Auckland to Los Angeles, where it is still the tenth, and back, where it is the thirteenth by then."""
    diary = Diary(AUCKLAND, "2024-01-10T10:00")
    diary.reads("2024-01-10T11:00")
    assert diary.today == "2024-01-11"
    diary.moves(LOS_ANGELES, "2024-01-10T12:00")
    diary.reads("2024-01-11T08:00", "2024-01-12T07:59:59")
    assert diary.today == "2024-01-11"
    diary.reads("2024-01-12T08:00")
    assert diary.today == "2024-01-12"
    diary.moves(AUCKLAND, "2024-01-12T12:00")
    assert diary.today == "2024-01-12", "what closes a day is the next look"
    diary.reads("2024-01-12T12:00:01")
    assert diary.today == "2024-01-13"
    assert [day.day.isoformat() for day in diary.closed] == ["2024-01-10", "2024-01-11", "2024-01-12"]


def test_a_zone_that_goes_back_and_forth_at_once_opens_one_day_at_the_most() -> None:
    diary = Diary(LOS_ANGELES, "2024-01-10T12:00")
    diary.moves(AUCKLAND, "2024-01-10T12:01")
    diary.moves(LOS_ANGELES, "2024-01-10T12:02")
    diary.moves(AUCKLAND, "2024-01-10T12:03")
    diary.reads("2024-01-10T12:04")
    assert diary.today == "2024-01-11"
    assert [day.day.isoformat() for day in diary.closed] == ["2024-01-10"]


def test_an_hour_that_the_clock_repeats_belongs_to_the_day_that_it_had_begun() -> None:
    """St. John's put its clock back a minute after midnight, to the evening before."""
    diary = Diary("America/St_Johns", "2010-11-07T02:00")
    diary.reads("2010-11-07T02:30:30", "2010-11-07T02:45", "2010-11-07T12:00")
    assert diary.events() == {
        "2010-11-06": [],
        "2010-11-07": ["07T02:30:30", "07T02:45:00", "07T12:00:00"],
    }


def test_a_restart_forgets_neither_the_day_nor_its_end() -> None:
    diary = Diary(AUCKLAND, "2024-01-10T10:00")
    diary.moves(LOS_ANGELES, "2024-01-10T10:30")
    diary.restarts()
    diary.reads("2024-01-11T07:59:59")
    assert diary.today == "2024-01-10"
    diary.restarts()
    diary.reads("2024-01-11T08:00")
    assert diary.today == "2024-01-11"


def test_what_falls_due_after_the_midnight_of_a_silent_account_closes_its_day() -> None:
    """From 90 it slides over the line of yellow in 22 days, 5 hours and 20 minutes."""
    for zone, begin, fell_due, first, second in (
        (LOS_ANGELES, "2024-01-10T21:00", "2024-02-02T02:20:01", "2024-01-10", "2024-02-01"),
        (AUCKLAND, "2024-01-10T10:00", "2024-02-01T15:20:01", "2024-01-10", "2024-02-02"),
        (None, "2024-01-10T10:00", "2024-02-01T15:20:01", "2024-01-10", "2024-02-01"),
    ):
        diary = Diary(zone, begin)
        diary.reads(begin)
        diary.waits("2024-02-03T00:00")
        assert diary.account.clock == moment(fell_due)
        assert [day.day.isoformat() for day in diary.closed] == [first]
        assert diary.today == second


def test_what_falls_due_before_that_midnight_leaves_the_day_open() -> None:
    """By then it is the next day in UTC."""
    diary = Diary(LOS_ANGELES, "2024-01-10T21:00")
    diary.reads("2024-01-10T21:00")
    diary.does("nobody.listens", "2024-02-01T23:00")
    diary.waits("2024-02-03T00:00")
    assert diary.account.clock == moment("2024-02-02T02:20:01")
    assert [day.day.isoformat() for day in diary.closed] == ["2024-01-10"]
    assert diary.today == "2024-02-01"


@settings(
    deadline=None, max_examples=examples(300), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(random_cases(most=20))
def test_the_open_day_is_the_latest_that_any_record_had_where_the_account_was(case: RandomCase) -> None:
    """By hand: the zone that was known before each record, its calendar, and the latest of all dates."""
    scorer, history = Scorer(case.card, "card"), History(case.card, case.moments)
    account = scorer.create("acme")
    expected, closed = date.min, list[date]()
    for place, record in enumerate(case.moments):
        # The first record opens the day by the zone that it brings.
        zone = history.zone_at(place or 1)
        step = scorer.apply(account, record.event, record.at)
        expected = max(expected, datetime.fromtimestamp(record.at, zone).date())
        today = scorer.today(account)
        assert today is not None
        assert today.day == expected
        closed += [day.day for day in step.days]
        assert closed == sorted(set(closed))
        assert closed[-1:] < [expected]
