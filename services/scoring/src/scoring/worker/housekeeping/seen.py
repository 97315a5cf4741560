"""Merges and deletes the rows of seen event ids. The remembered ids stay, in their order, in fewer rows.

Only hours that are over are merged: commits add nothing to them. The key of a merged row has the last seq of its parts.
So a deletion up to a seq never takes an id that came after it.
"""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Protocol

from msgspec import Struct

from scoring.partition.commit import LogPosition
from scoring.partition.dedupe import HOURS, hour_of
from scoring.worker.housekeeping.rules import Counters, RetentionRules, Table

Key = tuple[int, int]
"""(hour, seq): the order of the log."""

ID = 16  # bytes
MAX_SEQ = 2**63 - 1
AFTER_ALL = (2**31 - 1, MAX_SEQ)


class Blob(Struct, frozen=True):
    hour: int
    seq: int
    ids: int


class BlobRun(Struct, frozen=True):
    """Adjacent rows of one hour that become one."""

    hour: int
    first: int
    last: int
    rows: int


class SeenRows(Protocol):
    async def blobs(self, partition: int, *, before: Key, limit: int) -> list[Blob]:
        """The next older ones, the newest first."""

    async def merge_seen(self, partition: int, run: BlobRun) -> None:
        """Raises `Fenced`, and changes nothing, if other rows are there than were planned."""

    async def delete_seen(self, partition: int, *, through: Key, limit: int) -> int:
        """Deletes the oldest rows; how many."""


def newest_forgotten(blobs: Sequence[Blob], remembered: int) -> Key | None:
    """The newest blob that holds no remembered id; `blobs` are newest first.

    One id more than the remembered ones stays: it shows whether the oldest hour is remembered whole.
    """
    held = 0
    for blob in blobs:
        if held > remembered:
            return blob.hour, blob.seq
        held += blob.ids
    return None


def plan_merges(blobs: Sequence[Blob], *, before: int, max_ids: int, max_rows: int) -> Iterator[BlobRun]:
    """The merges of hours before `before`, each of at most `max_rows` rows and `max_ids` ids.

    `blobs` are newest first.
    """
    for hour, found in groupby(blobs, key=lambda blob: blob.hour):
        if hour >= before:
            continue
        group: list[Blob] = []
        held = 0
        for blob in found:
            if held + blob.ids > max_ids or len(group) == max_rows:
                yield from _run(hour, group)
                group, held = [], 0
            group.append(blob)
            held += blob.ids
        yield from _run(hour, group)


def _run(hour: int, group: Sequence[Blob]) -> Iterator[BlobRun]:
    if len(group) > 1:
        yield BlobRun(hour=hour, first=group[-1].seq, last=group[0].seq, rows=len(group))


class SeenSweep:
    """Of one assignment. `remembered` is the most ids that dedupe remembers."""

    def __init__(
        self, partition: int, *, rows: SeenRows, rules: RetentionRules, counters: Counters, remembered: int
    ) -> None:
        self._partition = partition
        self._rows = rows
        self._rules = rules
        self._counters = counters
        self._remembered = remembered
        self._swept: int | None = None

    async def sweep(self, position: LogPosition) -> None:
        """Once an hour by the partition's record time."""
        hour = hour_of(position.newest)
        if hour == self._swept:
            return
        # Hours that the dedupe window has left.
        await self._delete((hour - HOURS - 1, MAX_SEQ))
        blobs = await self._blobs()
        # Ids beyond the last `remembered`.
        if (through := newest_forgotten(blobs, self._remembered)) is not None:
            await self._delete(through)
            blobs = [blob for blob in blobs if (blob.hour, blob.seq) > through]
        for run in plan_merges(blobs, before=hour, max_ids=self._rules.blob_ids, max_rows=self._rules.batch_rows):
            await self._rows.merge_seen(self._partition, run)
            self._counters.merged(Table.SEEN, run.rows - 1)
            await asyncio.sleep(self._rules.pause)
        self._swept = hour

    async def _blobs(self) -> list[Blob]:
        """Newest first, back to the oldest id that is remembered."""
        found: list[Blob] = []
        before = AFTER_ALL
        held = 0
        while True:
            page = await self._rows.blobs(self._partition, before=before, limit=self._rules.batch_rows)
            found += page
            held += sum(blob.ids for blob in page)
            if len(page) < self._rules.batch_rows or held - page[-1].ids > self._remembered:
                return found
            before = (page[-1].hour, page[-1].seq)

    async def _delete(self, through: Key) -> None:
        while True:
            deleted = await self._rows.delete_seen(self._partition, through=through, limit=self._rules.batch_rows)
            self._counters.pruned(Table.SEEN, deleted)
            if deleted < self._rules.batch_rows:
                return
            await asyncio.sleep(self._rules.pause)
