"""Deletes days, signals, tickets and words, which only the read API needs, when they are older than `history_days`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Protocol

from scoring.partition.commit import LogPosition
from scoring.worker.housekeeping.rules import Counters, RetentionRules, Table

ACCOUNTS = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HistoryRows(Protocol):
    async def account_ids(self, partition: int, *, after: str, limit: int) -> list[str]:
        """The next ones, in order."""

    async def delete_days(self, account_ids: Sequence[str], *, before: date, limit: int) -> int:
        """How many it deleted."""

    async def delete_signals(self, account_ids: Sequence[str], *, before: float, limit: int) -> int:
        """How many it deleted; `before` is seconds since the epoch."""

    async def delete_tickets(self, account_ids: Sequence[str], *, before: float, limit: int) -> int:
        """How many of their entries it deleted."""

    async def delete_words(self, account_ids: Sequence[str], *, before: float, limit: int) -> int:
        """How many entries lost them: the scores that were given with them stay."""


class HistorySweep:
    """Of one assignment. It walks the accounts: an index by age would cost time at every new row."""

    def __init__(self, partition: int, *, rows: HistoryRows, rules: RetentionRules, counters: Counters) -> None:
        self._partition = partition
        self._rows = rows
        self._rules = rules
        self._counters = counters
        self._swept: date | None = None

    async def sweep(self, position: LogPosition) -> None:
        """Once a day by the partition's clock, which in a replay shows the time that is replayed."""
        # 0 keeps history for ever.
        if not self._rules.history_days:
            return
        oldest = (EPOCH + timedelta(seconds=position.clock)).date() - timedelta(days=self._rules.history_days)
        if oldest == self._swept:
            return
        moment = datetime(oldest.year, oldest.month, oldest.day, tzinfo=UTC).timestamp()
        after = ""
        while page := await self._rows.account_ids(self._partition, after=after, limit=ACCOUNTS):
            step = self._rules.batch_rows
            await self._delete(Table.DAY, partial(self._rows.delete_days, page, before=oldest, limit=step))
            for table, delete in (
                (Table.SIGNAL, self._rows.delete_signals),
                (Table.TICKET, self._rows.delete_tickets),
                (Table.WORDS, self._rows.delete_words),
            ):
                await self._delete(table, partial(delete, page, before=moment, limit=step))
            after = page[-1]
        self._swept = oldest

    async def _delete(self, table: Table, delete_some: Callable[[], Awaitable[int]]) -> None:
        while True:
            deleted = await delete_some()
            self._counters.pruned(table, deleted)
            await asyncio.sleep(self._rules.pause)
            if deleted < self._rules.batch_rows:
                return
