"""The housekeeping task of one assignment. Scoring never waits for it."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from common.errors import Doubt
from scoring.partition.commit import LogPosition
from scoring.worker.housekeeping.history import HistoryRows, HistorySweep
from scoring.worker.housekeeping.journal import JournalRows, JournalSweep
from scoring.worker.housekeeping.people import PeopleRows, PeopleSweep
from scoring.worker.housekeeping.rules import Counters, RetentionRules
from scoring.worker.housekeeping.seen import SeenRows, SeenSweep

_log = structlog.get_logger()


class HousekeepingStore(JournalRows, SeenRows, HistoryRows, PeopleRows, Protocol):
    """All that housekeeping asks of the database. Another owner may run the same statements at the same time."""


class Gauges(Counters, Protocol):
    def watch(self, partition: int, waiting: Callable[[], float]) -> None:
        """`waiting` is how long the journal's merge has been waiting, in seconds."""

    def lost(self, partition: int) -> None: ...


class Sweep(Protocol):
    async def sweep(self, position: LogPosition) -> None:
        """Does what is due; what fails stays due."""


class Housekeeping:
    """Two owners that run this at the same time, or one that wakes too late, do no harm."""

    def __init__(
        self,
        partition: int,
        *,
        store: HousekeepingStore,
        rules: RetentionRules,
        remembered: int,
        metrics: Gauges,
        steady: Callable[[], float],
        position: Callable[[], LogPosition | None],
    ) -> None:
        """`position` returns the last committed position, None while the partition is not open."""
        self._partition = partition
        self._every = rules.every
        self._metrics = metrics
        self._position = position
        self._journal = JournalSweep(partition, rows=store, rules=rules, counters=metrics, steady=steady)
        self._sweeps: dict[str, Sweep] = {
            "journal": self._journal,
            "seen": SeenSweep(partition, rows=store, rules=rules, counters=metrics, remembered=remembered),
            "history": HistorySweep(partition, rows=store, rules=rules, counters=metrics),
            "people": PeopleSweep(partition, rows=store, rules=rules, counters=metrics),
        }

    async def run(self) -> None:
        """Until cancelled. A failure is logged and never stops scoring; the next round tries again."""
        self._metrics.watch(self._partition, self._waiting)
        try:
            while True:
                await asyncio.sleep(self._every)
                await self.round()
        finally:
            self._metrics.lost(self._partition)

    async def round(self) -> None:
        """Runs each sweep; one that fails does not stop the others."""
        position = self._position()
        if position is None:
            return
        for name, sweep in self._sweeps.items():
            try:
                await sweep.sweep(position)
            except Doubt as doubt:
                _log.warning("housekeeping.gave_up", partition=self._partition, sweep=name, reason=str(doubt))
            except Exception:
                _log.exception("housekeeping.failed", partition=self._partition, sweep=name)

    def _waiting(self) -> float:
        """0 while the partition is not open: then no round checks whether the merge could go on."""
        return 0.0 if self._position() is None else self._journal.waiting()
