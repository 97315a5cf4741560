"""JSON lines: an object a line, either an event in our own format or flat."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec

from ingest.importing.errors import CellErrorReason, RowError, UnreadableFile
from ingest.importing.rows import FileRow, RefusedRow
from ingest.importing.tables.source_file import SourceText

# How many lines, and characters of them, are read to find the names.
_SAMPLE_LINES: Final = 1000
_SAMPLE_CHARS: Final = 16_000_000
_LINE_CHARS: Final = 1_000_000
_SHOWN_CHARS: Final = 1000


class JsonLinesTable:
    """The names in the first 1,000 lines make the header; a row may have other names, too."""

    typed = True
    format = "JSON lines"

    def __init__(self, path: Path, source: SourceText) -> None:
        """Raises `UnreadableFile` if no line holds an object."""
        self._path = path
        self._source = source
        self._first = self._sample()
        names = dict.fromkeys(name for _, line in self._first for name in _names(line))
        if not names:
            raise UnreadableFile(path, "none of its first lines is a JSON object: write one object a line")
        self.header: Sequence[str] = list(names)

    def fraction(self) -> float:
        return self._source.fraction()

    def rows(self) -> Iterator[FileRow | RefusedRow]:
        known = frozenset(self.header)
        following = self._first[-1][0] + 1
        lines = chain(self._first, self._lines(following))
        for number, (line, text) in enumerate(lines, 1):
            try:
                found = msgspec.json.decode(text)
            except UnicodeEncodeError:
                yield _refused(number, line, CellErrorReason.BAD_UNICODE, "not UTF-8: save the file as UTF-8", text)
                continue
            except (msgspec.DecodeError, RecursionError) as error:
                yield _refused(number, line, CellErrorReason.MALFORMED, f"not JSON: {error}", text)
                continue
            if not isinstance(found, dict):
                yield _refused(number, line, CellErrorReason.NOT_AN_OBJECT, "a row is a JSON object", text)
                continue
            others = {name: value for name, value in found.items() if name not in known} or None
            yield FileRow(number, line, [found.get(name) for name in self.header], others)

    def _sample(self) -> list[tuple[int, str]]:
        found, chars = [], 0
        for line in self._lines(1):
            found.append(line)
            chars += len(line[1])
            if len(found) >= _SAMPLE_LINES or chars >= _SAMPLE_CHARS:
                break
        return found

    def _lines(self, first: int) -> Iterator[tuple[int, str]]:
        """The lines that are not empty, each with its number. Raises `UnreadableFile`."""
        number = first - 1
        while line := self._source.text.readline(_LINE_CHARS):
            number += 1
            if len(line) >= _LINE_CHARS:
                raise UnreadableFile(self._path, f"line {number} has more than {_LINE_CHARS:,} characters")
            if text := line.strip():
                yield number, text


def _names(line: str) -> Iterator[str]:
    try:
        found: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return
    if isinstance(found, dict):
        yield from found


def _refused(number: int, line: int, reason: CellErrorReason, detail: str, text: str) -> RefusedRow:
    return RefusedRow(FileRow(number, line, []), (RowError("", reason, detail),), text[:_SHOWN_CHARS])
