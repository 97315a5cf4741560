"""Moments and calendar days. A moment is float seconds since the epoch (UTC)."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from math import floor
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY: Final = 86_400.0
# The first and the last moment that have a date. A due moment after the last one never comes.
FIRST: Final = -62_135_596_800
LAST: Final = 253_402_300_799
# A zone may push a moment of the first or the last year out of the calendar; these days are counted in UTC.
_FIRST_LOCAL: Final = FIRST + 2 * DAY
_LAST_LOCAL: Final = LAST - 2 * DAY
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()


def to_datetime(moment: float) -> datetime:
    return _EPOCH + timedelta(seconds=moment)


def midnight(day: date) -> float:
    return day_number(day) * DAY


def day_number(day: date) -> int:
    """Whole days since the epoch."""
    return day.toordinal() - _EPOCH_ORDINAL


def to_date(day: int) -> date:
    return date.fromordinal(_EPOCH_ORDINAL + day)


def month_of(day: int) -> tuple[int, int]:
    """Year and month of a day, which is counted since the epoch."""
    found = to_date(day)
    return found.year, found.month


def first_of_next_month(day: int) -> int:
    """The first day of the month after that of a day; both are counted since the epoch."""
    year, month = month_of(day)
    return day_number(date(year + month // 12, month % 12 + 1, 1))


def local_day(moment: float, zone: tzinfo) -> int:
    """Whole days since the epoch on the calendar of a time zone."""
    if zone is UTC or not _FIRST_LOCAL <= moment <= _LAST_LOCAL:
        return floor(moment / DAY)
    return datetime.fromtimestamp(moment, zone).toordinal() - _EPOCH_ORDINAL


def local_midnight(day: int, zone: tzinfo) -> float:
    """The first moment of a day, which is counted since the epoch, on the calendar of a time zone."""
    in_utc = day * DAY
    if zone is UTC or not _FIRST_LOCAL <= in_utc <= _LAST_LOCAL:
        return in_utc
    begin = to_date(day)
    # Where the clock skips midnight it is the moment of the skip, where midnight comes twice the first.
    return datetime(begin.year, begin.month, begin.day, tzinfo=zone).timestamp()


def end_of_day(day: int, zone: tzinfo) -> float:
    """The first moment of the day after it; this day is over then."""
    return local_midnight(day + 1, zone)


@lru_cache(maxsize=1024)
def zone_named(name: str | None) -> tzinfo:
    """UTC for a name that no zone has."""
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def parse_day(value: object) -> int | None:
    """Reads a date without a time, as whole days since the epoch; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        return day_number(date.fromisoformat(value))
    except ValueError:
        return None


def parse_moment(value: object) -> float | None:
    """Reads RFC 3339, a date (its midnight, UTC) or seconds since the epoch; None for anything else."""
    if isinstance(value, str):
        return _parse_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if FIRST <= value <= LAST else None


def _parse_text(text: str) -> float | None:
    try:
        parsed = datetime.fromisoformat(text)
        moment = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    # A zone may push it over an edge of the calendar.
    return moment if FIRST <= moment <= LAST else None
