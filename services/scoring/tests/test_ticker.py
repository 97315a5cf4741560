"""When the owner of a partition writes a tick."""

from scoring.ticker import LogTime, Ticker


def test_nothing_due_costs_no_tick() -> None:
    ticker = Ticker()
    assert not ticker.wants(earliest=None, now=100.0)
    assert not ticker.wants(earliest=101, now=100.0)


def test_a_due_timer_is_asked_about_once_until_its_tick_is_read_back() -> None:
    ticker = Ticker()
    assert ticker.wants(earliest=100, now=100.0)
    ticker.wrote(offset=7, now=100.0)
    assert not ticker.wants(earliest=100, now=105.0), "a backlog must not fill with ticks"
    assert not ticker.read(offset=6)
    assert ticker.read(offset=7)
    assert ticker.wants(earliest=100, now=105.0), "the log's time was not there yet: ask again"


def test_at_most_one_tick_a_second() -> None:
    ticker = Ticker()
    ticker.wrote(offset=7, now=100.0)
    ticker.read(offset=7)
    assert not ticker.wants(earliest=100, now=100.9)
    assert ticker.wants(earliest=100, now=101.0)


def test_a_tick_that_never_came_back_is_written_again() -> None:
    ticker = Ticker()
    ticker.wrote(offset=7, now=100.0)
    assert ticker.wants(earliest=100, now=110.0)


def test_a_tick_that_could_not_be_written_is_tried_again_a_second_later() -> None:
    ticker = Ticker()
    ticker.failed(now=100.0)
    assert not ticker.wants(earliest=100, now=100.5)
    assert ticker.wants(earliest=100, now=101.0)


def test_the_log_corrects_the_worker() -> None:
    log_time = LogTime()
    log_time.read_back(sent=100.0, stamped=97.0)
    assert log_time.now(200.0) == 197.0
