import io
import re
import time

from local.terminal import Terminal


def lines(seconds: float, out: io.StringIO) -> list[str]:
    """What is said of itself within so many seconds."""
    before = len(out.getvalue())
    time.sleep(seconds)
    return out.getvalue()[before:].splitlines()


def test_what_goes_on_is_said_again_while_nothing_else_is() -> None:
    out = io.StringIO()
    terminal = Terminal(out, quiet_seconds=0.2)
    with terminal.never_silent():
        terminal.status("waiting for PostgreSQL")
        assert out.getvalue() == ""
        deadline = time.monotonic() + 30
        while out.getvalue().count("\n") < 3:
            assert time.monotonic() < deadline, out.getvalue()
            time.sleep(0.05)
        said = out.getvalue().splitlines()
        terminal.done()
        assert lines(0.5, out) == []
    assert all(re.fullmatch(r"\.\.\. waiting for PostgreSQL \(\d+ s\)", line) for line in said)


def test_nothing_is_said_between_lines_that_come_often_enough() -> None:
    out = io.StringIO()
    terminal = Terminal(out, quiet_seconds=0.5)
    with terminal.never_silent():
        terminal.status("posting events")
        for _ in range(10):
            terminal.line("a message")
            time.sleep(0.1)
    assert out.getvalue() == 10 * "a message\n"


def test_after_the_block_nobody_speaks() -> None:
    out = io.StringIO()
    terminal = Terminal(out, quiet_seconds=0.1)
    with terminal.never_silent():
        terminal.status("ending")
    before = out.getvalue()
    time.sleep(0.4)
    assert out.getvalue() == before
