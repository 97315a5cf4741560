"""Moments and forecasts in words, on the account's own clock."""

from datetime import UTC, datetime, timedelta, tzinfo

from common.contracts.signals import Band, Forecast
from scoring.health.moments import zone_named

# Longer than this ahead, "on Thursday" would be any Thursday.
_THIS_WEEK = timedelta(days=6)


def forecast_in_words(forecast: Forecast, *, as_of: datetime, time_zone: str | None) -> str:
    """`red on Thursday 14:00 without activity`, further ahead `red on 3 May 14:00 without activity`."""
    zone = zone_named(time_zone)
    at, now = local(forecast.at, zone), local(as_of, zone)
    return f"{band_in_words(forecast.band)} on {_day(at, now)} {at:%H:%M} without activity"


def band_in_words(band: Band) -> str:
    return band.replace("_", " ")


def local(moment: datetime, zone: tzinfo) -> datetime:
    """UTC where the zone would push it out of the calendar."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment.astimezone(UTC)


def _day(at: datetime, now: datetime) -> str:
    if at - now <= _THIS_WEEK:
        return f"{at:%A}"
    return f"{at.day} {at:%B}" if at.year == now.year else f"{at.day} {at:%B} {at.year}"
