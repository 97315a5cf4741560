"""Writes the counts of sources, and decides which source fell silent or is back."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import structlog

from common.database_errors import DATABASE_ERRORS
from common.retry import Outage
from common.stopping import stopped_within
from ingest.sources.baseline import Baseline
from ingest.sources.histories import HourReading, SourceHistories, hours_of
from ingest.sources.judgement import is_back, is_low, is_silent
from ingest.sources.metrics import SourceGauges, SourceMetrics
from ingest.sources.store import StoredSource
from ingest.sources.volumes import HourCounts, HourKey, SourceVolumes

_log = structlog.get_logger()
_PATIENCE: Final = 15.0
_PRUNE_SECONDS: Final = 3600.0
_HOUR: Final = timedelta(hours=1)


class SourceDecisions(HourReading, Protocol):
    """Each raises one of `DATABASE_ERRORS`."""

    async def add(self, hours: Mapping[HourKey, HourCounts]) -> None: ...

    async def prune(self, now: datetime) -> None: ...

    async def sources(self) -> Sequence[StoredSource]: ...

    async def pause(self, source: str, *, since: datetime) -> bool: ...

    async def resume(self, source: str, *, since: datetime) -> bool: ...


class SourceWatch:
    """One round every `every` seconds. `judges` is False in stream mode, where the replay decides.

    It judges when PostgreSQL has answered for `settle` seconds. After a start clients first have to come back; after an
    outage other processes first have to write the counts that they kept.
    """

    def __init__(
        self,
        volumes: SourceVolumes,
        store: SourceDecisions,
        metrics: SourceMetrics,
        *,
        every: float,
        settle: float,
        judges: bool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._volumes = volumes
        self._store = store
        self._metrics = metrics
        self._every = every
        self._settle = settle
        self._judges = judges
        self._now = now
        self._steady = steady
        self._histories = SourceHistories(store)
        self._outage = Outage("database")
        self._answers_since: float | None = None
        self._judged_at: float | None = None
        self._pruned_at = float("-inf")
        metrics.watch(judged_age=self.judged_age, dropped=lambda: volumes.dropped)

    def judged_age(self) -> float:
        """Seconds since the sources were judged; infinite before the first time."""
        return float("inf") if self._judged_at is None else self._steady() - self._judged_at

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until `stop`, and then writes the last counts."""
        while not stop.is_set():
            await self.round()
            await stopped_within(self._every, stop)
        await self._answered(self._write)

    async def round(self) -> None:
        if not await self._answered(self._write_and_judge):
            self._answers_since = None

    async def _answered(self, work: Callable[[], Awaitable[None]]) -> bool:
        """False if PostgreSQL did not answer in time."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await work()
        except DATABASE_ERRORS as error:
            self._outage.report(error)
            return False
        self._outage.end()
        return True

    async def _write_and_judge(self) -> None:
        await self._write()
        stored = await self._store.sources()
        if self._answers_since is None:
            self._answers_since = self._steady()
        if self._judges and self._steady() - self._answers_since >= self._settle:
            self._metrics.judged([await self._judge(each, each.newest) for each in stored if each.newest])
            self._judged_at = self._steady()

    async def _write(self) -> None:
        taken = self._volumes.take()
        try:
            if taken:
                await self._store.add(taken)
        except BaseException:
            # Also when it is cancelled.
            self._volumes.give_back(taken)
            raise
        written = Counter[str]()
        for key, counts in taken.items():
            written[key.source] += counts.events
        self._metrics.written(written)
        if self._steady() - self._pruned_at >= _PRUNE_SECONDS:
            await self._store.prune(self._now())
            self._pruned_at = self._steady()

    async def _judge(self, stored: StoredSource, newest: datetime) -> SourceGauges:
        history = await self._histories.of(stored.source, newest)
        baseline, last, now = history.baseline, hours_of(newest), hours_of(self._now())
        silent, low = stored.silent, False
        if stored.silent and stored.since is not None:
            silent = not await self._end_silence(stored.source, stored.since, baseline)
        elif baseline is not None and is_silent(baseline, newest=last, now=now):
            silent = await self._begin_silence(stored.source, newest, missing=baseline.expected(last, now))
        elif baseline is not None:
            low = is_low(baseline, history.counts, now=now)
        expected = baseline.expected(last, now) if baseline is not None else 0.0
        # A source without an active key was switched off on purpose, so it is not called silent.
        return SourceGauges(stored.source, (now - last) * 3600, expected, silent and stored.active, low)

    async def _begin_silence(self, source: str, since: datetime, *, missing: float) -> bool:
        if await self._store.pause(source, since=since):
            _log.warning("source.silent", source=source, since=since.isoformat(), missing=round(missing))
            return True
        # Another process has decided, or written newer events; the next round reads that.
        return False

    async def _end_silence(self, source: str, since: datetime, baseline: Baseline | None) -> bool:
        """Ends the silence if enough events have come; returns whether it did."""
        after = since.replace(minute=0, second=0, microsecond=0) + _HOUR
        events = sum(hour.events for hour in await self._store.hours(source, after=after))
        if not events or not is_back(baseline, events=events):
            return False
        if await self._store.resume(source, since=since):
            _log.info("source.back", source=source, silent_since=since.isoformat())
        return True
