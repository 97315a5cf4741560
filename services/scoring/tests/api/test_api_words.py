from datetime import UTC, datetime, timedelta

from common.contracts.signals import Band, Forecast
from scoring.api.forecast_words import forecast_in_words

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

FORECASTS = [
    # ahead, zone, words
    (timedelta(days=3, hours=4), None, "red on Thursday 13:30 without activity"),
    (timedelta(days=3, hours=4), "Asia/Tokyo", "red on Thursday 22:30 without activity"),
    (timedelta(days=3, hours=8), "Asia/Tokyo", "red on Friday 02:30 without activity"),
    (timedelta(hours=1), "No/Where", "red on Monday 10:30 without activity"),  # read as UTC, as the core does
    (timedelta(days=7), None, "red on 9 March 09:30 without activity"),  # "on Monday" would be today
    (timedelta(days=400), None, "red on 6 April 2027 09:30 without activity"),
]


def test_a_forecast_speaks_of_the_accounts_own_clock() -> None:
    for ahead, zone, words in FORECASTS:
        forecast = Forecast(band=Band.RED, at=MONDAY + ahead)
        assert forecast_in_words(forecast, as_of=MONDAY, time_zone=zone) == words


def test_a_band_without_evidence_is_told_in_words_too() -> None:
    forecast = Forecast(band=Band.INSUFFICIENT, at=MONDAY)
    words = forecast_in_words(forecast, as_of=MONDAY, time_zone=None)
    assert words == "insufficient data on Monday 09:30 without activity"


def test_the_last_moment_of_the_calendar_has_no_other_zone() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    words = forecast_in_words(Forecast(band=Band.GREEN, at=last), as_of=MONDAY, time_zone="Asia/Tokyo")
    assert words == "green on 31 December 9999 23:59 without activity"
