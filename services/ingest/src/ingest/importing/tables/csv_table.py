"""CSV by RFC 4180. A damaged row is refused alone; the rows after it are read."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

from ingest.importing.errors import CellErrorReason, RowError, UnreadableFile
from ingest.importing.rows import FileRow, RefusedRow
from ingest.importing.tables.source_file import SourceText

_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
# Bounds a line: a file without line breaks must not be read into memory.
LINE_CHARS: Final = 1_000_000
_SHOWN_CHARS: Final = 1000


class SourceLines:
    """The lines of a text for `csv.reader`. Lines can be given back: an unclosed quote takes in the lines after it.

    `record` has the lines since `begin`; `number` is the number of the last one, from 1.
    """

    def __init__(self, path: Path, text: TextIO) -> None:
        self.number = 0
        self.record: list[str] = []
        self._path = path
        self._text = text
        self._given_back: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else self._text.readline(LINE_CHARS)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) >= LINE_CHARS:
            raise UnreadableFile(self._path, f"line {self.number} has more than {LINE_CHARS:,} characters")
        self.record.append(line)
        return line

    def begin(self) -> int:
        """Begins a record; returns the number of its first line."""
        self.record.clear()
        return self.number + 1

    def give_back(self, *, but: int) -> None:
        """Gives back the lines of the record, except the first `but`."""
        self.number -= len(self.record) - but
        self._given_back.extendleft(reversed(self.record[but:]))


class CsvSourceTable:
    """The rows of a CSV file; its first line that is not empty names the columns."""

    typed = False

    def __init__(self, path: Path, source: SourceText, *, delimiter: str | None = None) -> None:
        """Raises `UnreadableFile` if there is no header."""
        self._source = source
        self._lines = SourceLines(path, source.text)
        first = self._first_line()
        if first.lower().startswith("sep=") and len(first.strip()) == len("sep=;"):
            # Excel writes `sep=;` as a first line.
            delimiter, first = delimiter or first.strip()[-1], self._first_line()
        self._lines.give_back(but=0)
        self._delimiter = delimiter or sniff_delimiter(first)
        self._reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        self.header = self._read_header(path)

    @property
    def format(self) -> str:
        return f"CSV, {_DELIMITERS.get(self._delimiter, repr(self._delimiter))}"

    def fraction(self) -> float:
        return self._source.fraction()

    def rows(self) -> Iterator[FileRow | RefusedRow]:
        number, width, lines = 0, len(self.header), self._lines
        while True:
            line = lines.begin()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                lines.give_back(but=1)
                number += 1
                yield _damaged(FileRow(number, line, []), lines.record[0], error)
                continue
            if not any(cells):
                continue
            number += 1
            row = FileRow(number, line, cells)
            if not all(map(str.isascii, lines.record)) and (found := _undecoded(lines.record)):
                yield _refused(row, CellErrorReason.BAD_UNICODE, f"byte {found} is not UTF-8: save the file as UTF-8")
            elif len(cells) != width:
                detail = f"{len(cells)} cells, the header has {width}: a text with a delimiter in it needs quotes"
                yield _refused(row, CellErrorReason.CELL_COUNT, detail)
            else:
                yield row

    def _first_line(self) -> str:
        """The next line that is not empty."""
        while True:
            self._lines.begin()
            line = next(self._lines, "")
            if line.strip() or not line:
                return line

    def _read_header(self, path: Path) -> Sequence[str]:
        self._lines.begin()
        try:
            header = next(self._reader, [])
        except csv.Error as error:
            raise UnreadableFile(path, f"the header cannot be read: {error}") from error
        if not any(text.strip() for text in header):
            raise UnreadableFile(path, "is empty: its first line has to name the columns")
        if found := _undecoded(self._lines.record):
            raise UnreadableFile(path, f"the header is not UTF-8 (byte {found}): save the file as UTF-8")
        return header


def sniff_delimiter(header: str) -> str:
    """The delimiter that makes the most columns of the header; a comma if none makes two."""
    counts = {each: len(next(csv.reader([header], delimiter=each), [])) for each in _DELIMITERS}
    return max(counts, key=lambda each: counts[each])


def _refused(row: FileRow, reason: CellErrorReason, detail: str, text: str = "") -> RefusedRow:
    return RefusedRow(row, (RowError("", reason, detail),), text)


def _damaged(row: FileRow, line: str, error: csv.Error) -> RefusedRow:
    detail = f"its quotes do not match: a text in quotes ends before a delimiter, a quote in it is doubled ({error})"
    return _refused(row, CellErrorReason.BAD_QUOTES, detail, line.rstrip("\r\n")[:_SHOWN_CHARS])


def _undecoded(lines: Sequence[str]) -> str | None:
    """The first byte that is not UTF-8, as text: 0xE9."""
    for line in lines:
        try:
            line.encode()
        except UnicodeEncodeError as error:
            return f"0x{ord(line[error.start]) - 0xDC00:02X}"
    return None
