"""Text files as they are, or gzipped. Every error names the file and the line."""

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple, TextIO
from zlib import error as zlib_error

from scoring.backtest.errors import InvalidRecording

_GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """UTF-8, with or without a byte order mark; gzip is known by its first bytes. Raises `InvalidRecording`."""
    try:
        with path.open("rb") as raw:
            compressed = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            with TextIOWrapper(gzip.open(raw) if compressed else raw, encoding="utf-8-sig", newline="") as text:
                yield text
    except (OSError, EOFError, zlib_error) as error:
        raise InvalidRecording(path, f"cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise InvalidRecording(path, f"is not UTF-8 text: {error}") from error


class CsvRow(NamedTuple):
    line: int
    fields: list[str]


class CsvTable:
    """The rows of a CSV file. `columns` are those of its header."""

    def __init__(self, path: Path, text: TextIO) -> None:
        """Raises `InvalidRecording` if there is no header."""
        self.path = path
        self._reader = csv.reader(text)
        self.columns: list[str] = next(self._reader, [])
        if not self.columns:
            raise InvalidRecording(path, "is empty: its first line has to name the columns")

    def index_of(self, column: str) -> int:
        """Raises `InvalidRecording` if there is no such column."""
        if column not in self.columns:
            raise InvalidRecording(self.path, f"has no column '{column}', only {', '.join(self.columns)}", line=1)
        return self.columns.index(column)

    def rows(self) -> Iterator[CsvRow]:
        """Raises `InvalidRecording` for a row of another length than the header. Empty lines are left out."""
        width = len(self.columns)
        try:
            for fields in self._reader:
                if len(fields) != width:
                    if not fields:
                        continue
                    reason = f"has {len(fields)} fields, the header {width}"
                    raise InvalidRecording(self.path, reason, line=self._reader.line_num)
                yield CsvRow(self._reader.line_num, fields)
        except csv.Error as error:
            raise InvalidRecording(self.path, str(error), line=self._reader.line_num) from error
