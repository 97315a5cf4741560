import logging

from common.bus.log_filter import RepeatFilter


def line(message: str, *, level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord("aiokafka.conn", level, "conn.py", 1, message, ("node",), None)


def test_a_repeated_warning_passes_once_a_minute_and_a_repeated_info_once_a_second() -> None:
    now = 100.0
    repeats = RepeatFilter(clock=lambda: now)
    assert repeats.filter(line("lost %s"))
    assert not repeats.filter(line("lost %s"))
    assert repeats.filter(line("found %s"))
    assert repeats.filter(line("lost %s", level=logging.WARNING))
    assert repeats.filter(line("joined %s", level=logging.INFO))
    assert not repeats.filter(line("joined %s", level=logging.INFO))
    now = 101.0
    assert not repeats.filter(line("lost %s"))
    assert repeats.filter(line("joined %s", level=logging.INFO))
    now = 160.0
    assert repeats.filter(line("lost %s"))
