"""Whether a source is silent, low or back, against its baseline. Pure. Times are hours since the epoch, in UTC."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from ingest.sources.baseline import HOURS_OF_WEEK, Baseline, hour_of_week, hours_between

# Hours: an hourly job may miss one run, and be a quarter of an hour late with the next.
_SHORTEST: Final = 2.25
# How many events must be missing at least; and how many times the longest usual gap, plus this share of a typical hour.
_MISSING: Final = 20.0
_GAP_FACTOR: Final = 3.0
_BATCH_SHARE: Final = 0.75
# A public holiday may have a quarter of the quietest day of a usual week.
_HOLIDAY_SHARE: Final = 0.25
# Working days for which public holidays may silence a source, within a week and around a weekend.
_HOLIDAY: Final = 1.25
_HOLIDAYS_AND_WEEKEND: Final = 2.25
# With fewer days of the week than this, working days are not counted.
_WORKING_DAYS: Final = 3
_RARE_FACTOR: Final = 1.5

LOW_HOURS: Final = 6
_LOW_SHARE: Final = 0.25
_LOW_MISSING: Final = 50.0

# How many events make a source be back: a share of a typical hour, between these two numbers.
_BACK_SHARE: Final = 0.1
_BACK_LEAST: Final = 3
_BACK_MOST: Final = 500


class SourceStatus(StrEnum):
    """The status of a source, by its own baseline."""

    NEVER = "never"  # has a key, and no event has come
    LEARNING = "learning"  # its first event is less than two weeks old
    USUAL = "usual"
    LOW = "low"
    SILENT = "silent"


def is_silent(baseline: Baseline, *, newest: float, now: float) -> bool:
    """Whether the silence since `newest` is longer than the source's gaps, its nights and holidays explain."""
    start, end = newest + baseline.slack, now - baseline.slack
    if end - start < _SHORTEST:
        return False
    missing = baseline.expected(start, end)
    if missing < _GAP_FACTOR * baseline.gap_events + _BATCH_SHARE * baseline.typical:
        return False
    if baseline.level * missing < _MISSING:
        return False
    if baseline.level * _HOLIDAY_SHARE * baseline.surely_expected(start, end) >= _MISSING:
        return True
    # From here on the silence may be that of public holidays.
    if HOURS_OF_WEEK // 24 - len(baseline.quiet_days) < _WORKING_DAYS:
        return now - newest > _RARE_FACTOR * baseline.gap_hours
    return _working_days(baseline, start, end) > _allowed_days(baseline, start, end)


def is_low(baseline: Baseline, counts: Mapping[int, int], *, now: float) -> bool:
    """Whether the last six whole hours had less than a quarter of the usual, where at least 50 events are usual."""
    hours = range(int(now) - LOW_HOURS, int(now))
    usual = baseline.expected(hours.start, hours.stop)
    return usual >= _LOW_MISSING and sum(counts.get(hour, 0) for hour in hours) < _LOW_SHARE * usual


def is_back(baseline: Baseline | None, *, events: int) -> bool:
    """Whether this many events since the silence began are enough to end it, and more than a test by hand."""
    usual = _BACK_SHARE * baseline.typical if baseline is not None else 0.0
    return events >= min(max(usual, _BACK_LEAST), _BACK_MOST)


def _working_days(baseline: Baseline, start: float, end: float) -> float:
    usual = sum(
        share * baseline.profile[hour_of_week(hour)]
        for hour, share in hours_between(start, end)
        if not _is_year_end(hour)
    )
    return usual / baseline.day


def _allowed_days(baseline: Baseline, start: float, end: float) -> float:
    touched = {hour_of_week(hour) // 24 for hour, _ in hours_between(start, end)}
    return _HOLIDAYS_AND_WEEKEND if touched & baseline.quiet_days else _HOLIDAY


def _is_year_end(hour: int) -> bool:
    """24 December to 1 January, when companies are closed in many countries."""
    day = datetime.fromtimestamp(hour * 3600, UTC)
    return (day.month, day.day) >= (12, 24) or (day.month, day.day) == (1, 1)
