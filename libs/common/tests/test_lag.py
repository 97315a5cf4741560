"""Consumer lag: exact where the oldest unread record is known, else an upper bound."""

from math import inf

from common.bus.ports import PlainRecord
from common.lag import POLL_VALID_SECONDS, Lag


def record(at: float) -> PlainRecord:
    return PlainRecord(0, 0, round(at * 1000), None, None)


def reader(newest: float, *, level: bool, now: float) -> Lag:
    """One that has just opened its partition, and polled once."""
    lag = Lag()
    lag.polled([], now=now)
    lag.read(newest, at_end=level)
    return lag


def test_before_anything_is_known_of_the_log_the_lag_has_no_bound() -> None:
    lag = Lag()
    assert lag.seconds(1000.0) == inf
    lag.polled([record(990.0)], now=1000.0)  # polled before the partition was opened: they come again
    lag.read(None, at_end=False)
    assert lag.seconds(1000.0) == inf
    lag.read(0.0, at_end=False)  # opened, and nothing of it was ever read
    assert lag.seconds(1000.0) == inf


def test_a_log_without_records_is_not_behind_once_it_was_polled() -> None:
    assert reader(0.0, level=True, now=1000.0).seconds(1000.0) == 0.0


def test_a_new_reader_begins_with_the_age_of_the_last_record_read() -> None:
    lag = reader(795.0, level=False, now=1000.0)
    assert [lag.seconds(now) for now in (1000.0, 1003.0)] == [205.0, 208.0]


def test_the_first_record_that_is_polled_makes_the_lag_exact() -> None:
    lag = reader(100.0, level=False, now=1000.0)
    lag.polled([record(970.0), record(980.0)], now=1001.0)
    assert [lag.seconds(now) for now in (1001.0, 1020.0)] == [31.0, 50.0], "while it is read, too"
    lag.read(980.0, at_end=False)
    assert lag.seconds(1020.0) == 40.0, "the next one is no older than the last of them"
    lag.polled([record(990.0)], now=1020.0)
    lag.read(990.0, at_end=True)
    assert lag.seconds(1020.0) == 0.0


def test_after_a_quiet_night_the_lag_is_the_age_of_the_first_new_record() -> None:
    lag = reader(1000.0, level=True, now=30_000.0)
    lag.polled([record(30_001.0)], now=30_001.5)
    assert lag.seconds(30_001.5) == 0.5
    lag = reader(1000.0, level=True, now=30_000.0)
    lag.polled([], now=30_000.5)
    lag.read(1000.0, at_end=False)  # there is something, and it was not polled yet
    assert lag.seconds(30_001.0) == 1.0, "it came after the poll that found nothing"


def test_what_came_during_a_long_turn_counts_from_its_poll() -> None:
    lag = reader(1000.0, level=True, now=1000.0)
    lag.polled([record(1001.0)], now=1001.0)
    lag.read(1001.0, at_end=True)  # twelve seconds later: the poll knew nothing of what came meanwhile
    assert lag.seconds(1013.0) == 12.0


def test_the_lag_of_a_reader_that_hangs_grows() -> None:
    lag = reader(1000.0, level=True, now=1000.0)
    assert lag.seconds(1000.0 + POLL_VALID_SECONDS - 0.1) == 0.0
    assert [lag.seconds(1000.0 + seconds) for seconds in (POLL_VALID_SECONDS, 60.0)] == [POLL_VALID_SECONDS, 60.0]


def test_a_closed_partition_keeps_its_lag_until_it_is_opened_at_its_stored_position() -> None:
    lag = reader(1000.0, level=True, now=1000.0)
    lag.polled([record(1010.0)], now=1012.0)
    lag.read(None, at_end=False)
    lag.polled([], now=1030.0)
    lag.read(None, at_end=False)
    assert lag.seconds(1030.0) == 20.0
    lag.polled([], now=1031.0)
    lag.read(400.0, at_end=False)  # the tables were restored: much is unread again
    assert lag.seconds(1031.0) == 631.0


def test_a_log_whose_clock_is_ahead_is_not_behind() -> None:
    assert reader(1070.0, level=False, now=1000.0).seconds(1000.0) == 0.0
