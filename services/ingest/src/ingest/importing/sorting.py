"""Sorts the events of a file by account and time, in a temporary file: memory is bounded, whatever the file's size.

By account, so that all of its history comes at once: its first look waits 15 minutes for more, and what comes after
that makes no curve. Events of the same account and time keep the order of the file.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, Final

import msgspec

from ingest.importing.rows import EventToPost, FileRow, RefusedRow, cell_text

_MANY: Final = 5000
_CACHE_KIB: Final = 64 * 1024
_TABLE: Final = (
    "CREATE TABLE event (account TEXT, at REAL, number INTEGER, line INTEGER, name TEXT, body BLOB, cells BLOB)"
)
_SORTED: Final = "SELECT account, at, number, line, name, body, cells FROM event ORDER BY account, at, number"
_cells: msgspec.msgpack.Decoder[list[str]] = msgspec.msgpack.Decoder(list[str])

StoredEvent = tuple[str, float, int, int | None, str, bytes, bytes]


class EventSorter:
    """Sorts once. All outcomes are read before the first event is given."""

    def __init__(self, outcomes: Iterable[EventToPost | RefusedRow]) -> None:
        self._outcomes = outcomes
        self._stored = 0
        self._given = 0

    def fraction(self) -> float:
        """How many of the events have been given, from 0 to 1."""
        return self._given / self._stored if self._given else 0.0

    def sorted(self) -> Iterator[EventToPost | RefusedRow]:
        """First the refused rows as they come, then all events in their order. Cells become texts."""
        # The empty name is a file in the temporary directory that is gone when it is closed.
        with closing(sqlite3.connect("", isolation_level=None)) as file:
            file.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            file.execute("PRAGMA journal_mode = OFF")
            file.execute(_TABLE)
            file.execute("BEGIN")
            waiting: list[StoredEvent] = []
            for outcome in self._outcomes:
                if isinstance(outcome, RefusedRow):
                    yield outcome
                    continue
                waiting.append(_stored(outcome))
                if len(waiting) >= _MANY:
                    self._store(file, waiting)
            self._store(file, waiting)
            for stored in file.execute(_SORTED):
                self._given += 1
                yield _event(stored)

    def _store(self, file: sqlite3.Connection, waiting: list[StoredEvent]) -> None:
        file.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", waiting)
        self._stored += len(waiting)
        waiting.clear()


def _stored(event: EventToPost) -> StoredEvent:
    cells = msgspec.msgpack.encode([cell_text(cell) for cell in event.row.cells])
    return event.account_id, event.at, event.row.number, event.row.line, event.name, event.body, cells


def _event(stored: Any) -> EventToPost:
    account_id, at, number, line, name, body, cells = stored
    return EventToPost(FileRow(number, line, _cells.decode(cells)), account_id, name, at, body)
