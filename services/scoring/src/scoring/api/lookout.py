"""One snapshot of the tables, and an eye for the accounts in it: where every answer begins."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from common.database import DatabaseUnavailable
from common.problems import Problem
from scoring.api.asof import as_of, held
from scoring.api.eye import Eye, Unreadable
from scoring.api.metrics import ApiMetrics
from scoring.api.ruling import RulingCard
from scoring.api.tables import Snapshot, Tables

_log = structlog.get_logger()


class Lookout:
    def __init__(
        self,
        tables: Tables,
        ruling: RulingCard,
        *,
        metrics: ApiMetrics,
        fresh: float,
        clock: Callable[[], float],
    ) -> None:
        """A heartbeat counts for `fresh` seconds; `clock` is seconds since the epoch."""
        self.metrics = metrics
        self._tables = tables
        self._ruling = ruling
        self._fresh = fresh
        self._clock = clock

    @asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[Eye, Snapshot]]:
        """Raises the 503 for what will be better later."""
        ruling = self._ruling.ruling()
        # Read before the snapshot: whatever was scored until then is in it.
        now = self._clock()
        try:
            async with self._tables.snapshot() as snapshot:
                pulses = (await snapshot.pulses(ruling.partitions)).items()
                fresh = self._fresh
                moments = {n: as_of(pulse, now=now, wall=ruling.wall, fresh=fresh) for n, pulse in pulses}
                reasons = {n: held(pulse, now=now, wall=ruling.wall, fresh=fresh) for n, pulse in pulses}
                yield Eye(ruling.scorer, moments, reasons), snapshot
        except DatabaseUnavailable as error:
            _log.warning("database.unavailable", error=str(error))
            detail = "the database does not answer in time: ask again"
            raise Problem(503, "database_unavailable", detail, headers={"retry-after": "5"}) from error

    def report(self, unreadable: Unreadable) -> None:
        """For operators: an account that nobody can see."""
        self.metrics.unreadable()
        cause = unreadable.__cause__
        _log.error("state.unreadable", account_id=unreadable.account_id, error=str(unreadable), exc_info=cause)
