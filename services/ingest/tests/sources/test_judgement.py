"""When a source is silent, low or back; and simulated years of sources that are well, and of sources that are cut."""

import os

import pytest

from ingest.sources.baseline import HOURS_OF_WEEK, learn
from ingest.sources.judgement import is_back, is_low, is_silent
from support.source_years import KINDS, SourceKind, play

MONDAY = 2_900 * HOURS_OF_WEEK + 96
STEADY = dict.fromkeys(range(MONDAY - 8 * HOURS_OF_WEEK, MONDAY), 100)
BASELINE = learn(STEADY, newest=MONDAY - 1)
# For each kind: in how many hours every cut is seen.
PROMISED = {
    "product of many countries, 20,000 events a day": 14,
    "the same, 300 a day": 60,
    "product of one country, no weekends, 5,000 a day": 5 * 24 + 12,
    "the same, 60 a day": 5 * 24 + 12,
    "machines, day and night, 2,000 a day": 3,
    "3 events a day, at any hour": 16 * 24,
    "job every hour, one run in fifty fails": 8,
    "outbursts, two a day at any hour": 10 * 24,
    # Two nights in the weeks after a change of summer time.
    "batch every night, 10,000": 50,
    "batch every night but weekends, 10,000": 5 * 24 + 12,
    "batch every week, 3,000": 15 * 24,
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_source_that_is_well_is_not_silent_for_years_and_a_cut_is_seen(kind: SourceKind) -> None:
    share = float(os.environ.get("EXAMPLES_SHARE", "1"))
    years = [play(kind, seed, cuts=5) for seed in range(max(1, round(2 * share)))]
    # Outbursts come at random, so that no gap is impossible; docs/sources.md says how often it is wrong.
    assert sum(len(year.false) for year in years) <= (1 if kind.name.startswith("outbursts") else 0)
    assert max(delay for year in years for delay in year.delays) <= PROMISED[kind.name]


@pytest.mark.parametrize(
    ("hours", "silent"),
    [
        (0.5, False),
        # An hourly job that misses a run.
        (2.2, False),
        (2.3, True),
        (500, True),
    ],
)
def test_a_steady_source_is_silent_after_more_than_two_hours(hours: float, silent: bool) -> None:
    assert BASELINE is not None
    assert is_silent(BASELINE, newest=MONDAY, now=MONDAY + hours) is silent


@pytest.mark.parametrize(
    ("come", "low"),
    [
        # Of 100 an hour, over six hours.
        (100, False),
        (30, False),
        (20, True),
        (0, True),
    ],
)
def test_a_source_is_low_below_a_quarter_of_its_usual(come: int, low: bool) -> None:
    assert BASELINE is not None
    counts = {**STEADY, **dict.fromkeys(range(MONDAY, MONDAY + 6), come)}
    assert is_low(BASELINE, counts, now=MONDAY + 6.5) is low


def test_a_source_of_a_few_events_is_never_low() -> None:
    few = learn(dict.fromkeys(range(MONDAY - 8 * HOURS_OF_WEEK, MONDAY), 1), newest=MONDAY - 1)
    assert few is not None
    assert not is_low(few, {}, now=MONDAY + 6.5)


@pytest.mark.parametrize(
    ("events", "back"),
    [
        # A test of the source by hand.
        (1, False),
        (9, False),
        (10, True),
    ],
)
def test_a_source_is_back_with_a_tenth_of_a_typical_hour(events: int, back: bool) -> None:
    assert is_back(BASELINE, events=events) is back


def test_a_source_that_is_not_known_any_more_is_back_with_three_events() -> None:
    assert not is_back(None, events=2)
    assert is_back(None, events=3)
