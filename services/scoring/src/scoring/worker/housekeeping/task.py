"""The task of one assignment that keeps its partition's tables small: rarely, after the scoring, and never for it."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from scoring.errors import Doubt
from scoring.partition.commit import LogPosition
from scoring.worker.housekeeping.history import HistoryRows, HistorySweep
from scoring.worker.housekeeping.journal import JournalRows, JournalSweep
from scoring.worker.housekeeping.rules import Counters, Keep
from scoring.worker.housekeeping.seen import SeenRows, SeenSweep

_log = structlog.get_logger()


class Storage(JournalRows, SeenRows, HistoryRows, Protocol):
    """All that keeping small asks of the database. Its statements may meet those of another owner."""


class Gauges(Counters, Protocol):
    def watch(self, partition: int, waiting: Callable[[], float]) -> None:
        """`waiting` is how long the journal's merge has been waiting, in seconds."""

    def lost(self, partition: int) -> None: ...


class Sweep(Protocol):
    async def sweep(self, position: LogPosition) -> None:
        """What is due of it; what fails is due again."""


class Housekeeping:
    """Whoever else does the same at the same time, or wakes too late and does it again, does no harm."""

    def __init__(
        self,
        partition: int,
        *,
        storage: Storage,
        keep: Keep,
        remembered: int,
        metrics: Gauges,
        steady: Callable[[], float],
        position: Callable[[], LogPosition | None],
    ) -> None:
        """`position` is what was committed last, None while the partition is not open."""
        self._partition = partition
        self._every = keep.every
        self._metrics = metrics
        self._position = position
        self._journal = JournalSweep(partition, rows=storage, keep=keep, counters=metrics, steady=steady)
        self._sweeps: dict[str, Sweep] = {
            "journal": self._journal,
            "seen": SeenSweep(partition, rows=storage, keep=keep, counters=metrics, remembered=remembered),
            "history": HistorySweep(partition, rows=storage, keep=keep, counters=metrics),
        }

    async def run(self) -> None:
        """Until cancelled. Nothing that fails here may stand in the way of scoring: the next round tries again."""
        self._metrics.watch(self._partition, self._waiting)
        try:
            while True:
                await asyncio.sleep(self._every)
                await self.round()
        finally:
            self._metrics.lost(self._partition)

    async def round(self) -> None:
        """Each sweep for itself: what fails in one, however often, keeps none of the others from its rows."""
        position = self._position()
        if position is None:
            return
        for name, one in self._sweeps.items():
            await self._try(name, one, position)

    def _waiting(self) -> float:
        """Not of a partition that is not open: nobody looks there whether the merge could go on."""
        return 0.0 if self._position() is None else self._journal.waiting()

    async def _try(self, name: str, one: Sweep, position: LogPosition) -> None:
        try:
            await one.sweep(position)
        except Doubt as doubt:
            _log.warning("housekeeping.gave_up", partition=self._partition, sweep=name, reason=str(doubt))
        except Exception:
            _log.exception("housekeeping.failed", partition=self._partition, sweep=name)
