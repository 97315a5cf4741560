"""The ids seen: what can be asked for stays, to the bit and in its order, in fewer rows.

Only hours that are over are merged, for nothing is added to them any more. A merged row is keyed by the last seq that
it holds, so whoever deletes up to a seq never deletes what came after it.
"""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Protocol

from msgspec import Struct

from scoring.partition.commit import LogPosition
from scoring.partition.dedupe import HOURS, hour_of
from scoring.worker.housekeeping.rules import Counters, Keep, Table

Key = tuple[int, int]
"""(hour, seq): the order of the log."""

ID = 16  # bytes
LAST = 2**63 - 1  # no seq is later
NEWEST = (2**31 - 1, LAST)


class Blob(Struct, frozen=True):
    hour: int
    seq: int
    ids: int


class BlobRun(Struct, frozen=True):
    """Rows of one hour that follow each other and become one."""

    hour: int
    first: int
    last: int
    rows: int


class SeenRows(Protocol):
    async def blobs(self, partition: int, *, before: Key, limit: int) -> list[Blob]:
        """The next older ones, newest first."""

    async def merge_seen(self, partition: int, run: BlobRun) -> None:
        """Raises `Fenced`, and changes nothing, if these rows are not exactly those that were planned."""

    async def forget_seen(self, partition: int, *, through: Key, limit: int) -> int:
        """Deletes the oldest; how many."""


def beyond(blobs: Sequence[Blob], remembered: int) -> Key | None:
    """The newest blob of which no id is remembered any more; `blobs` are newest first.

    One id more than are remembered stays: it tells whether an hour is remembered whole.
    """
    held = 0
    for blob in blobs:
        if held > remembered:
            return blob.hour, blob.seq
        held += blob.ids
    return None


def runs(blobs: Sequence[Blob], *, before: int, most: int, step: int) -> Iterator[BlobRun]:
    """What can be merged of the hours before `before`: to at most `most` ids, of at most `step` rows.

    `blobs` are newest first.
    """
    for hour, found in groupby(blobs, key=lambda blob: blob.hour):
        if hour >= before:
            continue
        group: list[Blob] = []
        held = 0
        for blob in found:
            if held + blob.ids > most or len(group) == step:
                yield from _run(hour, group)
                group, held = [], 0
            group.append(blob)
            held += blob.ids
        yield from _run(hour, group)


def _run(hour: int, group: Sequence[Blob]) -> Iterator[BlobRun]:
    if len(group) > 1:
        yield BlobRun(hour=hour, first=group[-1].seq, last=group[0].seq, rows=len(group))


class SeenSweep:
    """Of one assignment. `remembered` is how many ids dedupe knows at most."""

    def __init__(self, partition: int, *, rows: SeenRows, keep: Keep, counters: Counters, remembered: int) -> None:
        self._partition = partition
        self._rows = rows
        self._keep = keep
        self._counters = counters
        self._remembered = remembered
        self._swept: int | None = None

    async def sweep(self, position: LogPosition) -> None:
        """Once an hour of the partition's own time."""
        hour = hour_of(position.newest)
        if hour == self._swept:
            return
        await self._forget((hour - HOURS - 1, LAST))
        blobs = await self._blobs()
        if (through := beyond(blobs, self._remembered)) is not None:
            await self._forget(through)
            blobs = [blob for blob in blobs if (blob.hour, blob.seq) > through]
        for run in runs(blobs, before=hour, most=self._keep.blob, step=self._keep.step):
            await self._rows.merge_seen(self._partition, run)
            self._counters.merged(Table.SEEN, run.rows - 1)
            await asyncio.sleep(self._keep.pause)
        self._swept = hour

    async def _blobs(self) -> list[Blob]:
        """Newest first, as far back as anything is remembered."""
        found: list[Blob] = []
        before = NEWEST
        held = 0
        while True:
            page = await self._rows.blobs(self._partition, before=before, limit=self._keep.step)
            found += page
            held += sum(blob.ids for blob in page)
            if len(page) < self._keep.step or held - page[-1].ids > self._remembered:
                return found
            before = (page[-1].hour, page[-1].seq)

    async def _forget(self, through: Key) -> None:
        while True:
            gone = await self._rows.forget_seen(self._partition, through=through, limit=self._keep.step)
            self._counters.pruned(Table.SEEN, gone)
            if gone < self._keep.step:
                return
            await asyncio.sleep(self._keep.pause)
