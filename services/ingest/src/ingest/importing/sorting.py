"""Sorts the rows of a file by account and time, in a temporary file: the memory does not grow with the file.

So all history of an account comes together: 15 minutes after the last of it the account has its first look, and later
history makes no curve. Rows of the same account and time keep the order of the file.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Final

import msgspec

from ingest.importing.rows import EventToPost, FileRow, RefusedRow

_MANY: Final = 5000
_CACHE_KIB: Final = 64 * 1024
_TABLE: Final = "CREATE TABLE row (account TEXT, at REAL, number INTEGER, body BLOB)"
_SORTED: Final = "SELECT body FROM row ORDER BY account, at, number"
_encoder: Final = msgspec.msgpack.Encoder(decimal_format="number")
_decoder: Final = msgspec.msgpack.Decoder(FileRow)

StoredRow = tuple[str, float, int, bytes]


class RowSorter:
    """Sorts once. It reads all rows before it gives the first event; `plan` makes events of rows."""

    def __init__(
        self, rows: Iterable[FileRow | RefusedRow], plan: Callable[[FileRow], EventToPost | RefusedRow]
    ) -> None:
        self._rows = rows
        self._plan = plan
        self._stored = 0
        self._given = 0

    def fraction(self) -> float:
        """The share of events that was given, from 0 to 1."""
        return self._given / self._stored if self._given else 0.0

    def outcomes(self) -> Iterator[EventToPost | RefusedRow]:
        """First the refused rows as they come, then all events in their order."""
        # The empty name makes SQLite use a temporary file, which it deletes on closing.
        with closing(sqlite3.connect("", isolation_level=None)) as file:
            file.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            file.execute("PRAGMA journal_mode = OFF")
            file.execute(_TABLE)
            file.execute("BEGIN")
            yield from self._read_all(file)
            for (body,) in file.execute(_SORTED):
                self._given += 1
                # Stores rows and not events, which are larger.
                yield self._plan(_decoder.decode(body))

    def _read_all(self, file: sqlite3.Connection) -> Iterator[RefusedRow]:
        waiting: list[StoredRow] = []
        for row in self._rows:
            outcome = row if isinstance(row, RefusedRow) else self._plan(row)
            if isinstance(outcome, RefusedRow):
                yield outcome
                continue
            waiting.append((outcome.account_id, outcome.at, outcome.row.number, _encoder.encode(outcome.row)))
            if len(waiting) >= _MANY:
                self._store(file, waiting)
        self._store(file, waiting)

    def _store(self, file: sqlite3.Connection, waiting: list[StoredRow]) -> None:
        file.executemany("INSERT INTO row VALUES (?, ?, ?, ?)", waiting)
        self._stored += len(waiting)
        waiting.clear()
