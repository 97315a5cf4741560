from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sdk.client_time import our_time, parse_time, time_or_none

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("time", "sent_at", "expected"),
    [
        # Nothing is known of the client's clock.
        (NOW - HOUR, None, NOW - HOUR),
        (None, NOW, None),
        # The clock is right, but for the way of the request.
        (NOW - HOUR, NOW - 2 * SECOND, NOW - HOUR),
        # A day fast: the message was an hour in the client's queue.
        (NOW + DAY - HOUR, NOW + DAY, NOW - HOUR),
        # A day slow.
        (NOW - DAY - HOUR, NOW - DAY, NOW - HOUR),
        # A clock that begins in 1970 at each start.
        (datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC), datetime(1970, 1, 1, 0, 0, 8, tzinfo=UTC), NOW - 3 * SECOND),
        # An import of last year by a client whose clock is wrong: nothing was queued for a year.
        (NOW - 365 * DAY, NOW + DAY, NOW - 365 * DAY),
        # A time long after it was sent is of another clock.
        (NOW, datetime(1970, 1, 1, tzinfo=UTC), NOW),
        # Within a second a clock may step back.
        (NOW + DAY + SECOND, NOW + DAY, NOW),
    ],
)
def test_how_long_a_message_waited_is_told_by_the_clients_clock(
    time: datetime | None, sent_at: datetime | None, expected: datetime | None
) -> None:
    assert our_time(time, sent_at=sent_at, received_at=NOW) == expected


@given(ahead=st.timedeltas(timedelta(days=-400), timedelta(days=400)), queued=st.timedeltas(0 * SECOND, 29 * DAY))
def test_however_wrong_a_clock_is_an_event_is_never_off_by_more_than_a_minute(
    ahead: timedelta, queued: timedelta
) -> None:
    happened = NOW - queued
    told = our_time(happened + ahead, sent_at=NOW + ahead, received_at=NOW)
    assert told is not None
    assert abs(told - happened) <= timedelta(minutes=1)


def test_a_message_that_is_sent_again_keeps_its_time_to_the_microsecond() -> None:
    time = NOW - timedelta(seconds=5, microseconds=17)
    copies = {our_time(time, sent_at=NOW, received_at=NOW + late * SECOND) for late in (0, 1, 40)}
    assert copies == {time}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-31T12:00:00Z", NOW),
        ("2026-01-31T13:00:00.000+01:00", NOW),
        # Without a zone.
        ("2026-01-31T12:00:00", NOW),
        # Seconds, and milliseconds.
        (1769860800, NOW),
        (1769860800.0, NOW),
        (1769860800000, NOW),
        (None, None),
    ],
)
def test_moments_come_as_text_or_as_numbers(value: object, expected: datetime | None) -> None:
    assert parse_time(value) == expected


@pytest.mark.parametrize("value", ["yesterday", "", {}, [], True, 1e300, float("inf"), float("nan"), 10**400])
def test_what_is_no_moment_is_an_error_of_its_own(value: object) -> None:
    with pytest.raises(ValueError, match=r"expected ISO 8601|beyond what can be told"):
        parse_time(value)
    assert time_or_none(value) is None
