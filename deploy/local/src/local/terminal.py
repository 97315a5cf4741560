"""Plain text for people: at most 100 columns, colour and a moving line only on a terminal."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TextIO

from alerts.messages.wrapping import columns

WIDTH = 100


class Colour(StrEnum):
    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    GREY = "90"
    BOLD = "1"


class Terminal:
    """Prints lines above one line of progress. Where it is no terminal, progress is a line at every tenth."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = sys.stdout if out is None else out
        self._moving = self._out.isatty()
        self._progress = ""
        self._tenth = 0

    def line(self, text: str = "", colour: Colour | None = None) -> None:
        self._wipe()
        self._out.write(self.paint(cut(text, WIDTH).rstrip(), colour) + "\n")
        self._redraw()

    def copied(self, text: str) -> None:
        """A line to be copied, so it is whole, however long."""
        self._wipe()
        self._out.write(text + "\n")
        self._redraw()

    def headline(self, text: str) -> None:
        self.line()
        self.line(text, Colour.BOLD)

    def status(self, text: str) -> None:
        """What goes on right now; only for those who watch."""
        if self._moving:
            self._wipe()
            self._progress = cut(text, WIDTH - 1)
            self._redraw()

    def progress(self, share: float, text: str) -> None:
        """`share` is 0 to 1 and never falls within one stretch of work."""
        filled = round(share * 20)
        self.status(f"[{'#' * filled}{'.' * (20 - filled)}] {text}")
        if self._moving:
            return
        if int(share * 10) > self._tenth:
            self._tenth = int(share * 10)
            self._out.write(f"... {share:.0%} {text}\n"[:WIDTH])
            self._out.flush()

    def done(self) -> None:
        """Takes the progress away."""
        self._wipe()
        self._progress = ""
        self._tenth = 0
        self._out.flush()

    def paint(self, text: str, colour: Colour | None) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._moving and colour else text

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
