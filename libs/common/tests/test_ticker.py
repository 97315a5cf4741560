"""When the owner of a partition writes a tick."""

from common.ticks import LogTime, Ticker

DAY = 86_400.0


def test_nothing_due_costs_no_tick() -> None:
    ticker = Ticker()
    assert not ticker.is_due(earliest=None, now=100.0, steady=100.0)
    assert not ticker.is_due(earliest=101, now=100.0, steady=100.0)


def test_a_due_timer_is_asked_about_once_until_its_tick_is_read_back() -> None:
    ticker = Ticker()
    assert ticker.is_due(earliest=100, now=100.0, steady=100.0)
    ticker.sent(offset=7, steady=100.0)
    assert not ticker.is_due(earliest=100, now=105.0, steady=105.0), "a backlog must not fill with ticks"
    assert not ticker.read_back(offset=6)
    assert ticker.read_back(offset=7)
    assert ticker.is_due(earliest=100, now=105.0, steady=105.0), "the log's time was not there yet: ask again"


def test_at_most_one_tick_a_second() -> None:
    ticker = Ticker()
    ticker.sent(offset=7, steady=100.0)
    ticker.read_back(offset=7)
    assert not ticker.is_due(earliest=100, now=100.9, steady=100.9)
    assert ticker.is_due(earliest=100, now=101.0, steady=101.0)


def test_a_tick_that_never_came_back_is_written_again() -> None:
    ticker = Ticker()
    ticker.sent(offset=7, steady=100.0)
    assert ticker.is_due(earliest=100, now=110.0, steady=110.0)


def test_a_tick_that_could_not_be_written_is_tried_again_a_second_later() -> None:
    ticker = Ticker()
    ticker.failed(steady=100.0)
    assert not ticker.is_due(earliest=100, now=100.5, steady=100.5)
    assert ticker.is_due(earliest=100, now=101.0, steady=101.0)


def test_the_log_paces_nothing() -> None:
    """A worker a year ahead of the log asks a second later too, and one a year behind no sooner."""
    for off in (-365 * DAY, 365 * DAY):
        ticker = Ticker()
        ticker.sent(offset=7, steady=100.0)
        ticker.read_back(offset=7)
        assert not ticker.is_due(earliest=100, now=365 * DAY + off + 200.0, steady=100.9)
        assert ticker.is_due(earliest=100, now=365 * DAY + off + 200.0, steady=101.0)


def test_the_log_corrects_the_worker() -> None:
    clock = Hand(100.0)
    log_time = LogTime(clock)
    assert log_time.now() == 100.0
    log_time.correct(sent=log_time.clock_readings(), stamped=97.0)
    clock.at = 200.0
    assert log_time.now() == 197.0


def test_neither_a_clock_set_back_nor_one_that_slept_makes_a_tick_late() -> None:
    wall, steady = Hand(1000.0), Hand(5.0)
    log_time = LogTime(wall, steady)
    log_time.correct(sent=log_time.clock_readings(), stamped=1001.0)
    wall.at, steady.at = 1060.0 - 3600.0, 65.0  # set back by an hour after a minute
    assert log_time.now() == 1061.0
    wall.at, steady.at = 1000.0 + 7200.0, 65.0  # the machine slept for two hours
    assert log_time.now() == 8201.0
    log_time.correct(sent=log_time.clock_readings(), stamped=5000.0)
    assert log_time.now() == 5000.0


class Hand:
    """A clock that is moved by hand."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at
