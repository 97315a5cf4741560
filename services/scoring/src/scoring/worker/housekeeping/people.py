"""Keeps the newest people of each account."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from scoring.health.moments import DAY
from scoring.partition.commit import LogPosition
from scoring.worker.housekeeping.rules import Counters, RetentionRules, Table

ACCOUNTS: Final = 200


class PeopleRows(Protocol):
    async def account_ids(self, partition: int, *, after: str, limit: int) -> list[str]:
        """The next ones, in order."""

    async def delete_people(self, account_ids: Sequence[str], *, limit: int) -> int:
        """Deletes those beyond the newest of each account; how many it deleted."""


class PeopleSweep:
    """Of one assignment. A commit does not count people: that would cost time at every new one."""

    def __init__(self, partition: int, *, rows: PeopleRows, rules: RetentionRules, counters: Counters) -> None:
        self._partition = partition
        self._rows = rows
        self._rules = rules
        self._counters = counters
        self._swept: int | None = None

    async def sweep(self, position: LogPosition) -> None:
        """Once a day by the newest record of the partition."""
        today = int(position.newest // DAY)
        if today == self._swept:
            return
        after = ""
        while page := await self._rows.account_ids(self._partition, after=after, limit=ACCOUNTS):
            deleted = self._rules.batch_rows
            while deleted >= self._rules.batch_rows:
                deleted = await self._rows.delete_people(page, limit=self._rules.batch_rows)
                self._counters.pruned(Table.PERSON, deleted)
                await asyncio.sleep(self._rules.pause)
            after = page[-1]
        self._swept = today
