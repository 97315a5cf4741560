"""History, which only readers want: days and signals go when they are older than anybody compares."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Protocol

from scoring.partition.commit import LogPosition
from scoring.worker.housekeeping.rules import Counters, Keep, Table

ACCOUNTS = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HistoryRows(Protocol):
    async def accounts(self, partition: int, *, after: str, limit: int) -> list[str]:
        """The next ones, by id."""

    async def forget_days(self, account_ids: Sequence[str], *, before: date, limit: int) -> int:
        """How many went."""

    async def forget_signals(self, account_ids: Sequence[str], *, before: float, limit: int) -> int:
        """How many went; `before` is seconds since the epoch."""


class HistorySweep:
    """Of one assignment. Walks the accounts, so that no index is needed that every new row would pay for."""

    def __init__(self, partition: int, *, rows: HistoryRows, keep: Keep, counters: Counters) -> None:
        self._partition = partition
        self._rows = rows
        self._keep = keep
        self._counters = counters
        self._swept: date | None = None

    async def sweep(self, position: LogPosition) -> None:
        """Once a day of the partition's own clock, which a replay sets to the time it plays."""
        if not self._keep.history_days:
            return
        oldest = (EPOCH + timedelta(seconds=position.clock)).date() - timedelta(days=self._keep.history_days)
        if oldest == self._swept:
            return
        moment = datetime(oldest.year, oldest.month, oldest.day, tzinfo=UTC).timestamp()
        after = ""
        while page := await self._rows.accounts(self._partition, after=after, limit=ACCOUNTS):
            step = self._keep.step
            await self._forget(Table.DAY, partial(self._rows.forget_days, page, before=oldest, limit=step))
            await self._forget(Table.SIGNAL, partial(self._rows.forget_signals, page, before=moment, limit=step))
            after = page[-1]
        self._swept = oldest

    async def _forget(self, table: Table, some: Callable[[], Awaitable[int]]) -> None:
        while True:
            gone = await some()
            self._counters.pruned(table, gone)
            await asyncio.sleep(self._keep.pause)
            if gone < self._keep.step:
                return
