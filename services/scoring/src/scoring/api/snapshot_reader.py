"""Opens a snapshot of the tables, and a reader of the accounts in it, for every answer."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from common.database_errors import DatabaseUnavailable
from common.problems import database_unavailable
from scoring.api.account_reader import AccountReader, UnreadableState
from scoring.api.active_card import ActiveCardReader
from scoring.api.delay import as_of, find_delay
from scoring.api.metrics import ApiMetrics
from scoring.partition.feeds import in_force
from scoring.postgres.snapshot import SnapshotSource, TableSnapshot

_log = structlog.get_logger()


class SnapshotReader:
    def __init__(
        self,
        tables: SnapshotSource,
        active_card: ActiveCardReader,
        *,
        metrics: ApiMetrics,
        fresh: float,
        clock: Callable[[], float],
    ) -> None:
        """A heartbeat counts for `fresh` seconds; `clock` is seconds since the epoch."""
        self.metrics = metrics
        self._tables = tables
        self._active_card = active_card
        self._fresh = fresh
        self._clock = clock

    @asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[AccountReader, TableSnapshot]]:
        """Raises a 503 while there is no card, or the database does not answer."""
        active_card = self._active_card.active_card()
        # Before the snapshot: it then holds all that was scored until this moment.
        now = self._clock()
        try:
            async with self._tables.snapshot() as snapshot:
                statuses = (await snapshot.statuses(active_card.partitions)).items()
                fresh = self._fresh
                moments = {n: as_of(status, now=now, wall=active_card.wall, fresh=fresh) for n, status in statuses}
                delays = {n: find_delay(status, now=now, wall=active_card.wall, fresh=fresh) for n, status in statuses}
                clocks = {n: status.clock for n, status in statuses}
                stored = (await snapshot.pauses()).items()
                pauses = {n: in_force(each, clock=clocks.get(n, 0.0)) for n, each in stored}
                yield AccountReader(active_card.scorer, moments, delays, pauses), snapshot
        except DatabaseUnavailable as error:
            raise database_unavailable(error) from error

    def report(self, unreadable: UnreadableState) -> None:
        """Counts and logs an account that no answer can show."""
        self.metrics.unreadable_state()
        cause = unreadable.__cause__
        _log.error("state.unreadable", account_id=unreadable.account_id, error=str(unreadable), exc_info=cause)
