"""Plain text for people: at most 100 columns, colour and a moving line only on a terminal."""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TextIO

from alerts.messages.wrapping import columns

WIDTH = 100
# After so long without a line it is said again what goes on.
QUIET_SECONDS = 3.5
LOOK_SECONDS = 0.5


class Colour(StrEnum):
    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    GREY = "90"
    BOLD = "1"


class Terminal:
    """Prints lines above one line of progress. Where it is no terminal, progress is a line at every tenth.

    `quiet_seconds` is how long nothing may come while it is `never_silent`.
    """

    def __init__(self, out: TextIO | None = None, *, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._out = sys.stdout if out is None else out
        self._moving = self._out.isatty()
        self._quiet_seconds = quiet_seconds
        self._progress = ""
        self._tenth = 0
        # What goes on, and since when; a thread of its own says so again while nothing else is said.
        self._activity = ""
        self._since = self._written = time.monotonic()
        self._lock = threading.RLock()

    @contextmanager
    def never_silent(self) -> Iterator[None]:
        """Inside the block what `status` was last called with is said again, with its seconds, when nothing else is."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(min(LOOK_SECONDS, self._quiet_seconds / 2)):
                self._break_silence()

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def line(self, text: str = "", colour: Colour | None = None) -> None:
        self._write(self.paint(cut(text, WIDTH).rstrip(), colour) + "\n")

    def copied(self, text: str) -> None:
        """A line to be copied, so it is whole, however long."""
        self._write(text + "\n")

    def headline(self, text: str) -> None:
        self.line()
        self.line(text, Colour.BOLD)

    def status(self, text: str) -> None:
        """What goes on right now: shown to those who watch, and a line if nothing else comes for some seconds."""
        with self._lock:
            self._activity, self._since = text, time.monotonic()
            self._show(text)

    def progress(self, share: float, text: str) -> None:
        """`share` is 0 to 1 and never falls within one stretch of work."""
        filled = round(share * 20)
        with self._lock:
            self.status(f"[{'#' * filled}{'.' * (20 - filled)}] {text}" if self._moving else text)
            if not self._moving and int(share * 10) > self._tenth:
                self._tenth = int(share * 10)
                self._write(f"... {share:.0%} {text}\n"[:WIDTH])

    def done(self) -> None:
        """Takes the progress away."""
        with self._lock:
            self._wipe()
            self._progress = self._activity = ""
            self._tenth = 0
            self._out.flush()

    def paint(self, text: str, colour: Colour | None) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._moving and colour else text

    def _break_silence(self) -> None:
        with self._lock:
            now = time.monotonic()
            if not self._activity or now - self._written < self._quiet_seconds:
                return
            text = f"{self._activity} ({now - self._since:.0f} s)"
            if self._moving:
                self._show(text)
            else:
                self._write(f"... {text}\n")

    def _show(self, text: str) -> None:
        if self._moving:
            self._wipe()
            self._progress = cut(text, WIDTH - 1)
            self._redraw()

    def _write(self, line: str) -> None:
        with self._lock:
            self._wipe()
            self._out.write(line)
            self._written = time.monotonic()
            self._redraw()

    def _wipe(self) -> None:
        if self._progress:
            self._out.write("\r\x1b[K")

    def _redraw(self) -> None:
        self._out.write(self._progress)
        self._out.flush()


def cut(text: str, width: int) -> str:
    """As much of it as fits into so many columns."""
    while columns(text) > width:
        text = text[:-1]
    return text


def fitted(text: str, width: int) -> str:
    """In so many columns, at least one of them blank."""
    text = cut(text, width - 1)
    return text + " " * (width - columns(text))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as they need, numbers to the right, the last column cut at the width."""
    widths = [max(columns(row[column]) for row in (head, *rows)) for column in range(len(head))]
    numeric = [bool(rows) and all(_is_number(row[column]) for row in rows) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = []
        for cell, width, right in zip(row, widths, numeric, strict=True):
            blank = " " * (width - columns(cell))
            cells.append(blank + cell if right else cell + blank)
        return cut("  ".join(cells).rstrip(), WIDTH)

    return [line(row) for row in (head, ["-" * width for width in widths], *rows)]


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.replace(".", "").replace(",", "").removeprefix("-").isdigit()
