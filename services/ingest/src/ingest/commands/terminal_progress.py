"""How far an import has come, as a line on the terminal; in a log a line every ten seconds."""

import time
from collections.abc import Callable
from typing import Final, TextIO

from ingest.importing.importer import ImportProgress

_TERMINAL_SECONDS: Final = 0.5
_LOG_SECONDS: Final = 10.0
_WIDTH: Final = 100


class TerminalProgress:
    """Prints progress; `show` may be called at any rate and prints only now and then."""

    def __init__(self, out: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._is_terminal = out.isatty()
        self._next = clock() + (0.0 if self._is_terminal else _LOG_SECONDS)
        self._open = False

    def __enter__(self) -> "TerminalProgress":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._open:
            self._out.write("\n")

    def show(self, progress: ImportProgress) -> None:
        if self._clock() < self._next:
            return
        self._next = self._clock() + (_TERMINAL_SECONDS if self._is_terminal else _LOG_SECONDS)
        line = progress_line(progress)
        self._out.write(f"\r{line:{_WIDTH}}" if self._is_terminal else f"{line}\n")
        self._out.flush()
        self._open = self._is_terminal


def progress_line(progress: ImportProgress) -> str:
    """Rows, rate, refused rows, and the remaining time, estimated from the read part of the file."""
    state, rate = progress.state, progress.rows / max(progress.seconds, 0.001)
    line = f"{state.done:,} rows ({progress.fraction:.0%}), {rate:,.0f} rows/s, {state.refused:,} refused"
    if progress.seconds <= 0 or progress.fraction <= 0:
        return line
    left = progress.seconds / progress.fraction * (1 - progress.fraction)
    return f"{line}, {left // 60:.0f} min {left % 60:.0f} s left" if left >= 1 else line
