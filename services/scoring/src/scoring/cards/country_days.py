"""Weekends and public holidays by country, from the package `holidays`. Its version is part of a card's id."""

import warnings
from functools import cache

import holidays

from scoring.health.calendar.definition import FIRST_YEAR, LAST_YEAR, CountryDays
from scoring.health.moments import day_number


@cache
def country_days(country: str) -> CountryDays | None:
    """The days of a country by its two letters; None for an unknown one. Takes 10 to 200 ms once."""
    with warnings.catch_warnings():
        # The package warns of years for which it has no holidays of a country.
        warnings.simplefilter("ignore")
        try:
            calendar = holidays.country_holidays(country, years=range(FIRST_YEAR, LAST_YEAR + 1))
        except NotImplementedError:
            return None
    return CountryDays(frozenset(calendar.weekend), frozenset(map(day_number, calendar)))
