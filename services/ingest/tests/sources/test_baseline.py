"""What is learned of a source's last weeks."""

import pytest

from ingest.sources.baseline import HOURS_OF_WEEK, Baseline, hour_of_week, hours_between, learn

# A Monday 00:00 UTC, in hours since the epoch.
MONDAY = 2_900 * HOURS_OF_WEEK + 96


def learned(counts: dict[int, int]) -> Baseline:
    baseline = learn(counts, newest=max(counts))
    assert baseline is not None
    return baseline


def weeks(number: int, count: int = 100) -> dict[int, int]:
    """Working hours of so many weeks before `MONDAY`, from Monday to Friday, 9 to 17 o'clock."""
    hours = range(MONDAY - number * HOURS_OF_WEEK, MONDAY)
    return {hour: count for hour in hours if hour_of_week(hour) < 120 and 9 <= hour_of_week(hour) % 24 < 17}


def test_the_week_begins_on_monday() -> None:
    assert hour_of_week(MONDAY) == 0
    assert hour_of_week(0) == 72, "1970 began on a Thursday"


@pytest.mark.parametrize(
    ("start", "end", "shares"),
    [
        (5.0, 7.0, [(5, 1.0), (6, 1.0)]),
        (5.25, 5.5, [(5, 0.25)]),
        (5.5, 6.25, [(5, 0.5), (6, 0.25)]),
        (5.0, 5.0, []),
    ],
)
def test_an_hour_counts_by_the_share_of_it_that_is_meant(
    start: float, end: float, shares: list[tuple[int, float]]
) -> None:
    assert hours_between(start, end) == shares


def test_nothing_is_learned_of_less_than_two_weeks() -> None:
    counts = weeks(2)
    assert learn(counts, newest=max(counts)) is None
    # A source that comes back after a year is a new one.
    assert learn({MONDAY - 60 * HOURS_OF_WEEK: 5, MONDAY: 5}, newest=MONDAY) is None
    assert learn({}, newest=MONDAY) is None


def test_nights_and_weekends_are_expected_to_be_quiet() -> None:
    baseline = learned(weeks(8))
    assert baseline.quiet_days == {5, 6}
    assert baseline.expected(MONDAY + 120, MONDAY + 168) == 0
    assert baseline.expected(MONDAY, MONDAY + 24) == pytest.approx(800) == pytest.approx(baseline.day)
    assert baseline.surely_expected(MONDAY, MONDAY + 24) == 0, "a Monday may be a public holiday"


def test_one_outburst_is_not_the_measure() -> None:
    counts = weeks(8)
    usual = learned(counts)
    outburst = learned({**counts, MONDAY - 100: 1_000_000})
    # The hour of the night in which it came has an eighth of a usual hour, and the others have what they had.
    assert sum(outburst.profile) == pytest.approx(sum(usual.profile) + 100 / 8, rel=0.01)


def test_an_outage_in_the_past_lowers_the_baseline_by_its_share() -> None:
    counts = {hour: count for hour, count in weeks(8).items() if not MONDAY - 336 <= hour < MONDAY - 168}
    assert learned(counts).day == pytest.approx(800 * 7 / 8)


def test_two_gaps_of_the_past_may_be_outages_and_the_third_is_usual() -> None:
    counts = dict.fromkeys(range(MONDAY - 8 * HOURS_OF_WEEK, MONDAY), 60)
    for number, length in enumerate((30, 20, 5, 2)):
        for hour in range(length):
            del counts[MONDAY - 1_000 + 200 * number + hour]
    baseline = learned(counts)
    assert baseline.gap_hours == 6, "from the hour before to the hour after"
    assert baseline.gap_events == pytest.approx(5 * 60, rel=0.2)


def test_the_level_follows_a_source_that_dwindles() -> None:
    counts = {hour: count if hour < MONDAY - 168 else count // 20 for hour, count in weeks(8).items()}
    assert learned(counts).level == pytest.approx(0.056, abs=0.01)
    assert learned(weeks(8)).level == 1
