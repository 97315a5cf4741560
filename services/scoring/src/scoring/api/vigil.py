"""How old scores and their ranking are, asked of the tables every few seconds: known though nobody works on them."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog

from common.database import DatabaseUnavailable
from common.problems import Problem
from common.stopping import stopped_within
from scoring.api.asof import Pulse, as_of
from scoring.api.metrics import ApiMetrics
from scoring.api.ruling import Ruling
from scoring.api.tables import Ranking

_log = structlog.get_logger()


class Pulses(Protocol):
    async def pulses(self, partitions: int) -> dict[int, Pulse]: ...

    async def ranking(self) -> Ranking | None:
        """The newest."""


class Book(Protocol):
    def snapshot(self) -> AbstractAsyncContextManager[Pulses]:
        """Raises `DatabaseUnavailable`."""


class Card(Protocol):
    def ruling(self) -> Ruling:
        """Raises `Problem` before scoring has begun."""


class Vigil:
    """While the database is away the last numbers stand, and grow old. All times are seconds."""

    def __init__(
        self,
        book: Book,
        card: Card,
        *,
        metrics: ApiMetrics,
        fresh: float,
        clock: Callable[[], float],
        every: float = 5.0,
    ) -> None:
        self._book = book
        self._card = card
        self._metrics = metrics
        self._fresh = fresh
        self._clock = clock
        self._every = every
        self._away = False
        self._missing_since: float | None = None  # while there is no ranking

    async def keep(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.look()
            await stopped_within(self._every, stop)

    async def look(self) -> None:
        """Once; nothing before scoring has begun."""
        now = self._clock()
        try:
            ruling = self._card.ruling()
            async with self._book.snapshot() as snapshot:
                pulses = await snapshot.pulses(ruling.partitions)
                ranking = await snapshot.ranking()
        except Problem:
            return
        except DatabaseUnavailable as error:
            if not self._away:
                _log.warning("pulses.unreadable", error=str(error))
            self._away = True
            return
        self._away = False
        if ranking is not None:
            self._missing_since = None
            self._metrics.ranking_begun(ranking.begun)
        else:
            self._missing_since = now if self._missing_since is None else self._missing_since
            self._metrics.ranking_begun(self._missing_since)
        for partition, pulse in pulses.items():
            # Before its first tick each account is spoken of as of its last record.
            moment = as_of(pulse, now=now, wall=ruling.wall, fresh=self._fresh) or pulse.newest
            # A partition without a record has no scores, and a stream's time is not ours.
            self._metrics.spoke(partition, moment if ruling.wall and moment else None)
            if pulse.beat_at is not None:
                self._metrics.beat(partition, pulse.beat_at)
