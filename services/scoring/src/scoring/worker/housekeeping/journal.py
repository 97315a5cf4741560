"""The journal by the hour: row 0 and the newest row stay, of what lies between the last row of each hour for a while.

A row may go only when nobody can write it again. A writer that was paused in the middle of its statement goes on with
what it saw when the statement began: if that was seq 7 it writes row 8, and only the row 8 that is there already stops
it. So every merge begins with a mark: the newest row, and the transactions that were under way when that row had been
committed. When the last of those has ended, by itself, whoever writes has seen the marked row or a later one, and the
rows before it are nobody's next row any more. No time-out is hoped for, and the writers do nothing for it.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

import structlog
from msgspec import Struct

from scoring.partition.commit import LogPosition
from scoring.partition.dedupe import hour_of
from scoring.worker.housekeeping.rules import Counters, Keep, Table

_log = structlog.get_logger()
DAY = 86_400


class Mark(Struct, frozen=True):
    """The partition's newest row, and the transactions that may not have seen it."""

    seq: int
    open: frozenset[str]


class MergeStep(Struct, frozen=True):
    """One step: how many rows it looked at, the last of them, and what went of those before."""

    rows: int
    last: int
    merged: int
    pruned: int


class JournalRows(Protocol):
    async def mark(self, partition: int) -> Mark | None:
        """None if the partition was never begun."""

    async def still_open(self, transactions: Collection[str]) -> dict[str, int]:
        """Those of them that have not ended, and the process ids of their sessions."""

    async def merge_journal(self, partition: int, *, first: int, below: int, floor: int, step: int) -> MergeStep:
        """Looks at the next rows from `first` up to `below`, and deletes those of hours before `floor` and those that
        are not the last of their hour; never the last row it looks at, and never row 0.
        """


class JournalSweep:
    """Of one assignment: a round uses the mark that an earlier one made."""

    def __init__(
        self, partition: int, *, rows: JournalRows, keep: Keep, counters: Counters, steady: Callable[[], float]
    ) -> None:
        self._partition = partition
        self._rows = rows
        self._keep = keep
        self._counters = counters
        self._steady = steady
        self._mark: Mark | None = None
        self._marked_at = 0.0
        self._waits = False
        self._told = False

    def waiting(self) -> float:
        """How long the merge has been waiting for older transactions, in seconds."""
        return self._steady() - self._marked_at if self._waits else 0.0

    async def sweep(self, position: LogPosition) -> None:
        if self._mark is not None:
            if await self._must_wait(self._mark):
                return
            await self._merge(self._mark.seq, position)
        self._mark = await self._rows.mark(self._partition)
        self._marked_at = self._steady()

    async def _must_wait(self, mark: Mark) -> bool:
        left = await self._rows.still_open(mark.open) if mark.open else {}
        self._waits = bool(left)
        if left and not self._told and self.waiting() >= self._keep.long:
            self._told = True
            _log.warning(
                "journal.merge_waits",
                partition=self._partition,
                seconds=round(self.waiting()),
                sessions=sorted(left.values()),
            )
        if not left:
            self._told = False
        return self._waits

    async def _merge(self, below: int, position: LogPosition) -> None:
        days = self._keep.journal_days
        floor = hour_of(position.newest - days * DAY) if days else hour_of(0.0)
        first = 1
        while True:
            look = await self._rows.merge_journal(
                self._partition, first=first, below=below, floor=floor, step=self._keep.step
            )
            self._counters.merged(Table.JOURNAL, look.merged)
            self._counters.pruned(Table.JOURNAL, look.pruned)
            if look.rows < self._keep.step:
                return
            first = look.last
            await asyncio.sleep(self._keep.pause)
