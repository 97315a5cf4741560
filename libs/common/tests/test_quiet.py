import logging

from common.bus.quiet import OncePerSecond


def line(message: str, *, level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord("aiokafka.conn", level, "conn.py", 1, message, ("node",), None)


def test_a_line_that_repeats_is_let_through_once_a_second() -> None:
    now = 100.0
    quiet = OncePerSecond(clock=lambda: now)
    assert quiet.filter(line("lost %s"))
    assert not quiet.filter(line("lost %s"))
    assert quiet.filter(line("found %s"))
    assert quiet.filter(line("lost %s", level=logging.WARNING))
    now = 101.0
    assert quiet.filter(line("lost %s"))
