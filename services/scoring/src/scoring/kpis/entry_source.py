"""Keeps the entries in memory, and reads what commits add to them."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog
from msgspec import Struct

from scoring.kpis.entry_log import EntryLog, StoredEntry
from scoring.kpis.entry_view import EntryView

_log = structlog.get_logger()

EntryPlace = tuple[int, int]
"""(seq, n) of an entry in its partition."""
_BEGINNING: Final = (-1, -1)
_PAGE: Final = 5_000


class NewestEntries(Struct, frozen=True):
    """The place of the newest entry of each partition that has one; how many entries of erased accounts there are.

    `begun_by` names the writers that began the journals.
    """

    places: dict[int, EntryPlace]
    erased: int
    begun_by: str | None


class KpiEntryReader(Protocol):
    async def newest(self, partitions: int) -> NewestEntries: ...

    async def page(self, partition: int, *, after: EntryPlace, limit: int) -> tuple[list[StoredEntry], EntryPlace]:
        """The next entries of a partition, and the place of the last one."""

    async def erased(self) -> list[StoredEntry]: ...


class EntrySource:
    """The entries as a view. One task at a time may call `refresh`."""

    def __init__(self, reader: KpiEntryReader, *, clock: Callable[[], float]) -> None:
        """`clock` is seconds since the epoch."""
        self.view: EntryView | None = None
        self.read_at: float | None = None
        self._reader = reader
        self._clock = clock
        self._entries = EntryLog()
        self._known = NewestEntries({}, 0, None)

    async def refresh(self, partitions: int) -> int:
        """Reads what is new, all of it after an erasure or a rebuild. Returns how many entries that were."""
        begun = self._clock()
        newest = await self._reader.newest(partitions)
        if newest == self._known and self.view is not None:
            self.read_at = begun
            return 0
        entries, places = self._entries, dict(self._known.places)
        if self._must_reload(newest):
            entries, places = EntryLog(), {}
            entries.extend(await self._reader.erased())
        before = len(entries)
        for partition in newest.places:
            places[partition] = await self._read(entries, partition, places.get(partition, _BEGINNING))
        self.view = await asyncio.to_thread(_view_of, entries)
        self.read_at, self._entries, self._known = begun, entries, NewestEntries(places, newest.erased, newest.begun_by)
        found = len(entries) - before
        _log.debug("kpi_entries.read", entries=found, all=len(entries), seconds=self._clock() - begun)
        return found

    async def view_at(self, known_at: float) -> EntryView | None:
        """What was known at a moment (record time); None before the first `refresh`."""
        return None if self.view is None else await asyncio.to_thread(_known_view, self.view, known_at)

    def _must_reload(self, newest: NewestEntries) -> bool:
        """Whether entries that are in memory may be gone from the table."""
        return (newest.erased, newest.begun_by) != (self._known.erased, self._known.begun_by)

    async def _read(self, entries: EntryLog, partition: int, after: EntryPlace) -> EntryPlace:
        while True:
            page, after = await self._reader.page(partition, after=after, limit=_PAGE)
            await asyncio.to_thread(entries.extend, page)
            if len(page) < _PAGE:
                return after


def _view_of(entries: EntryLog) -> EntryView:
    return _prepared(EntryView(entries.table()))


def _known_view(view: EntryView, known_at: float) -> EntryView:
    return _prepared(EntryView(view.table, known_at=known_at))


def _prepared(view: EntryView) -> EntryView:
    """What every span needs is computed once, and not by the first request."""
    _ = view.revenue, view.terms, view.merges
    return view
