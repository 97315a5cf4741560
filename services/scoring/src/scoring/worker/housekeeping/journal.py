"""Merges the journal: row 0 and the newest row stay, and the last row of each hour for `journal_days`.

A row may be deleted only when no writer can write it again. A writer that was paused within its statement goes on with
the snapshot of that statement. If the snapshot's newest row is 7, it writes row 8, and only an existing row 8 stops it.

So every merge begins with a mark: the newest row, and the transactions open after that row was committed. When all of
these have ended by themselves, every writer sees the marked row or a later one. No writer can then write a row before
the mark. The rule needs no time-out, and costs the writers nothing.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

import structlog
from msgspec import Struct

from scoring.partition.commit import LogPosition
from scoring.partition.dedupe import hour_of
from scoring.worker.housekeeping.rules import Counters, RetentionRules, Table

_log = structlog.get_logger()
DAY = 86_400


class Mark(Struct, frozen=True):
    """The partition's newest row, and the transactions whose snapshot may be older."""

    seq: int
    open: frozenset[str]


class MergeStep(Struct, frozen=True):
    """How many rows a step read, the last of them, and how many it deleted of those before."""

    rows: int
    last: int
    merged: int
    pruned: int


class JournalRows(Protocol):
    async def mark(self, partition: int) -> Mark | None:
        """None if the partition was never begun."""

    async def still_open(self, transactions: Collection[str]) -> dict[str, int]:
        """Those of them that have not ended, and the process ids of their sessions."""

    async def merge_journal(self, partition: int, *, first: int, below: int, floor: int, batch_rows: int) -> MergeStep:
        """Reads the next rows from `first` to `below`; deletes those of hours before `floor`, and those that are not
        the last of their hour. It never deletes row 0, nor the last row that it reads.
        """


class JournalSweep:
    """Of one assignment: each round merges up to the mark of an earlier round."""

    def __init__(
        self,
        partition: int,
        *,
        rows: JournalRows,
        rules: RetentionRules,
        counters: Counters,
        steady: Callable[[], float],
    ) -> None:
        self._partition = partition
        self._rows = rows
        self._rules = rules
        self._counters = counters
        self._steady = steady
        self._mark: Mark | None = None
        self._marked_at = 0.0
        self._is_waiting = False
        self._warned = False

    def waiting(self) -> float:
        """How long the merge has been waiting for older transactions, in seconds."""
        return self._steady() - self._marked_at if self._is_waiting else 0.0

    async def sweep(self, position: LogPosition) -> None:
        # The first round only sets a mark: the merge needs one whose older transactions have ended.
        if self._mark is not None:
            if await self._must_wait(self._mark):
                return
            await self._merge(self._mark.seq, position)
        self._mark = await self._rows.mark(self._partition)
        self._marked_at = self._steady()

    async def _must_wait(self, mark: Mark) -> bool:
        still_open = await self._rows.still_open(mark.open) if mark.open else {}
        self._is_waiting = bool(still_open)
        # Logged once for each wait.
        if still_open and not self._warned and self.waiting() >= self._rules.warn_after:
            self._warned = True
            _log.warning(
                "journal.merge_waits",
                partition=self._partition,
                seconds=round(self.waiting()),
                sessions=sorted(still_open.values()),
            )
        if not still_open:
            self._warned = False
        return self._is_waiting

    async def _merge(self, below: int, position: LogPosition) -> None:
        days = self._rules.journal_days
        floor = hour_of(position.newest - days * DAY) if days else hour_of(0.0)
        first = 1
        while True:
            step = await self._rows.merge_journal(
                self._partition, first=first, below=below, floor=floor, batch_rows=self._rules.batch_rows
            )
            self._counters.merged(Table.JOURNAL, step.merged)
            self._counters.pruned(Table.JOURNAL, step.pruned)
            if step.rows < self._rules.batch_rows:
                return
            first = step.last
            await asyncio.sleep(self._rules.pause)
