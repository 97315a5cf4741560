"""The refused rows as a CSV to correct and import again: first the reason, then the cells of the row."""

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Final

from ingest.importing.columns import REPORT_PREFIX
from ingest.importing.errors import ImportFailed
from ingest.importing.rows import RefusedRow, cell_text

_COLUMNS: Final = tuple(f"{REPORT_PREFIX}{name}" for name in ("row", "line", "field", "reason", "detail", "text"))
_BOM: Final = b"\xef\xbb\xbf"


class RefusedReport:
    """Writes one line for each refused row, however many errors it has, so that it counts once when imported.

    The file is created with the first refused row. Bytes beyond `kept` are cut off: their rows are sent again.
    """

    def __init__(self, path: Path, header: Sequence[str], *, kept: int) -> None:
        """Raises `ImportFailed`."""
        self._path = path
        self._header = header
        self.bytes = kept
        try:
            if kept == 0:
                path.unlink(missing_ok=True)
            elif path.exists() and path.stat().st_size >= kept:
                with path.open("r+b") as file:
                    file.truncate(kept)
            else:
                self.bytes = 0
        except OSError as error:
            raise ImportFailed(f"{path}: cannot be written: {error.strerror}") from error

    def add(self, refused: Sequence[RefusedRow]) -> None:
        """Returns when the rows are in the file. Raises `ImportFailed`."""
        if not refused:
            return
        text = StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        if self.bytes == 0:
            writer.writerow([*_COLUMNS, *self._header])
        writer.writerows(map(_line, refused))
        # Writes bytes that were not UTF-8 as they came.
        content = text.getvalue().encode("utf-8", "surrogateescape")
        try:
            with self._path.open("ab") as file:
                file.write(content if self.bytes else _BOM + content)
                self.bytes = file.tell()
        except OSError as error:
            raise ImportFailed(f"{self._path}: cannot be written: {error.strerror}") from error


def _line(refused: RefusedRow) -> list[str]:
    row, errors = refused.row, refused.errors
    said = [
        str(row.number),
        "" if row.line is None else str(row.line),
        "; ".join(error.field for error in errors),
        "; ".join(error.reason for error in errors),
        "; ".join(error.detail for error in errors),
        refused.text,
    ]
    return [*said, *map(cell_text, row.cells)]
