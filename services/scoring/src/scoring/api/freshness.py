"""Watches how old scores and the ranking are. It reads the tables, so it also sees partitions without an owner."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

import structlog

from common.database_errors import DatabaseUnavailable
from common.problems import Problem
from scoring.api.active_card import ActiveCard
from scoring.api.delay import as_of
from scoring.api.metrics import ApiMetrics
from scoring.postgres.snapshot import Ranking
from scoring.worker.heartbeat import PartitionStatus

_log = structlog.get_logger()


class StatusReader(Protocol):
    async def statuses(self, partitions: int) -> dict[int, PartitionStatus]: ...

    async def ranking(self) -> Ranking | None:
        """The newest."""


class StatusStore(Protocol):
    def snapshot(self) -> AbstractAsyncContextManager[StatusReader]:
        """Raises `DatabaseUnavailable`."""


class ActiveCardSource(Protocol):
    def active_card(self) -> ActiveCard:
        """Raises `Problem` before scoring has begun."""


class FreshnessMonitor:
    """While the database is away, the ages grow from the last known moments. All times are seconds."""

    def __init__(
        self,
        store: StatusStore,
        card: ActiveCardSource,
        *,
        metrics: ApiMetrics,
        fresh: float,
        clock: Callable[[], float],
        every: float = 5.0,
    ) -> None:
        self._store = store
        self._card = card
        self._metrics = metrics
        self._fresh = fresh
        self._clock = clock
        self._every = every
        self._database_away = False
        self._missing_since: float | None = None  # while there is no ranking

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.check()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._every)

    async def check(self) -> None:
        """Reads the tables once; does nothing before scoring has begun."""
        now = self._clock()
        try:
            active_card = self._card.active_card()
            async with self._store.snapshot() as snapshot:
                statuses = await snapshot.statuses(active_card.partitions)
                ranking = await snapshot.ranking()
        except Problem:
            return
        except DatabaseUnavailable as error:
            if not self._database_away:
                _log.warning("statuses.unreadable", error=str(error))
            self._database_away = True
            return
        self._database_away = False
        if ranking is not None:
            self._missing_since = None
            self._metrics.ranking_begun(ranking.begun)
        else:
            self._missing_since = now if self._missing_since is None else self._missing_since
            self._metrics.ranking_begun(self._missing_since)
        for partition, status in statuses.items():
            # Before the first tick the partition has no clock: each account is read as of its last record.
            moment = as_of(status, now=now, wall=active_card.wall, fresh=self._fresh) or status.newest
            # No age without a record, for there are no scores; none in stream mode, where time is not ours.
            self._metrics.scores_as_of(partition, moment if active_card.wall and moment else None)
            if status.heartbeat_at is not None:
                self._metrics.heartbeat_at(partition, status.heartbeat_at)
