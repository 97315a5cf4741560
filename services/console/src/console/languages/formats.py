"""Numbers, dates and moments as a language writes them (by Babel)."""

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from math import inf
from typing import Final

from babel.dates import format_date, format_datetime, format_skeleton, format_timedelta
from babel.numbers import format_compact_decimal, format_decimal, format_percent

from console.languages.locale import Locale

MINUS = "−"  # noqa: RUF001 (a minus sign)
NOTHING = "–"  # noqa: RUF001 (a dash: there is no value)
# A page has some hundred numbers and dates, and another page has the same ones. Babel takes some 50 microseconds for
# each. A text takes about 100 bytes.
_KEPT: Final = 10_000


class Formats:
    """What a template writes values with. Moments are shown in `zone`."""

    def __init__(self, locale: Locale, zone: tzinfo) -> None:
        self.locale = locale
        self._zone = zone

    def number(self, value: float | None) -> str:
        return NOTHING if value is None else _decimal(round(value), "#,##0", self.locale)

    def amount(self, value: float | None) -> str:
        """Of money, in the company's currency; from a million on the digits that people read."""
        if value is None:
            return NOTHING
        if abs(value) < 1e6:
            return _decimal(round(value), "#,##0", self.locale)
        return format_compact_decimal(value, locale=self.locale, fraction_digits=1)

    def percent(self, share: float) -> str:
        return format_percent(share, locale=self.locale)

    def rate(self, share: float | None) -> str:
        """A share with a tenth of a percent."""
        return NOTHING if share is None else format_percent(share, "#,##0.0%", locale=self.locale)

    def decimal(self, value: float | None) -> str:
        """With the digits behind the point that small values need."""
        if value is None:
            return NOTHING
        return _decimal(value, "#,##0.##" if abs(value) < 10 else "#,##0.#", self.locale)

    def month(self, value: date) -> str:
        return str(format_skeleton("yMMM", value, locale=self.locale))

    def score(self, value: float | None) -> str:
        return NOTHING if value is None else _decimal(value, "0", self.locale)

    def signed(self, value: float | None) -> str:
        """Points, with their sign."""
        if value is None:
            return NOTHING
        points = round(value)
        return f"+{points}" if points > 0 else f"{MINUS}{-points}" if points < 0 else "0"

    def tenth(self, value: float | None) -> str:
        """Points to a tenth, as parts that add up are given."""
        return NOTHING if value is None else _decimal(value, "0.0", self.locale).replace("-", MINUS)

    def signed_tenth(self, value: float) -> str:
        return f"+{self.tenth(value)}" if value > 0 else self.tenth(value)

    def day(self, value: date | None) -> str:
        return NOTHING if value is None else _day(value, self.locale)

    def day_of(self, moment: datetime) -> str:
        """The day of a moment in the zone in which moments are shown."""
        return self.day(moment.astimezone(self._zone).date())

    def days_ahead(self, days: int) -> str:
        return _days_ahead(days, self.locale)

    def moment(self, value: datetime) -> str:
        """With its zone."""
        local = value.astimezone(self._zone)
        return f"{_moment(local.replace(tzinfo=None), self.locale)} {local.tzname()}"


@lru_cache(_KEPT)
def _decimal(value: float, pattern: str, locale: Locale) -> str:
    # Without a negative zero, which is equal to zero and written otherwise.
    return format_decimal(value + 0, pattern, locale=locale)


@lru_cache(_KEPT)
def _day(value: date, locale: Locale) -> str:
    return format_date(value, "medium", locale=locale)


@lru_cache(_KEPT)
def _days_ahead(days: int, locale: Locale) -> str:
    return format_timedelta(timedelta(days=days), granularity="day", threshold=inf, add_direction=True, locale=locale)


@lru_cache(_KEPT)
def _moment(local: datetime, locale: Locale) -> str:
    """Of a moment without a zone: moments of two zones are equal where the clocks show something else."""
    return format_datetime(local, "medium", locale=locale)
