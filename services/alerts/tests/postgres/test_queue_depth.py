"""What is unsent, waiting and failed is read off the tables, whoever put it there."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from math import inf

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from alerts.channels.registry import Channel
from alerts.metrics import AlertsMetrics, QueueDepth
from alerts.postgres.queue_depth import QueueDepthMonitor
from alerts.routing.destination import Target
from alerts.samples import NOON, Sample
from local.stack.postgres import Postgres
from support.alerts_api import DESK, Rows, alerts_rows

HOUR, DAY = 3600.0, 86_400.0
SLACK = Target(Channel.SLACK, "U0123")


@pytest.fixture
async def rows(database: str) -> AsyncIterator[Rows]:
    async with alerts_rows(database) as built:
        yield built


class Watched(AlertsMetrics):
    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry)
        self.shown = asyncio.Event()

    def measured(self, depth: QueueDepth) -> None:
        super().measured(depth)
        self.shown.set()


class Gauges:
    def __init__(self, rows: Rows) -> None:
        self.now = 0.0
        self._registry = CollectorRegistry()
        self.metrics = Watched(self._registry)
        self.depths = QueueDepthMonitor(rows.engine, self.metrics, every=HOUR, steady=lambda: self.now)

    def of(self, name: str) -> float:
        value = self._registry.get_sample_value(f"churn_alerts_{name}")
        assert value is not None
        return value

    def counts(self) -> tuple[float, float, float]:
        return self.of("unsent"), self.of("waiting"), self.of("failed")


async def test_empty_tables_hold_nothing(rows: Rows) -> None:
    gauges = Gauges(rows)
    assert gauges.of("tables_age_seconds") == inf
    await gauges.depths.measure()
    assert gauges.counts() == (0, 0, 0)
    assert gauges.of("oldest_unsent_seconds") == 0
    assert gauges.of("tables_age_seconds") == 0


async def test_only_what_is_still_to_be_sent_is_unsent(rows: Rows) -> None:
    signal = await rows.record(Sample().build())
    for status in ("pending", "pending", "sent", "failed", "dropped"):
        await rows.message(f"{status} {time.perf_counter_ns()}", [signal], status=status)
    gauges = Gauges(rows)
    await gauges.depths.measure()
    assert gauges.of("unsent") == 2


async def test_a_message_grows_old_from_its_first_try_however_late_the_next_one_is(rows: Rows) -> None:
    signal, now = await rows.record(Sample().build()), time.time()
    await rows.message("fresh", [signal], status="pending", due=now)
    await rows.message("tried", [signal], status="pending", due=now + HOUR, attempts=2)
    await rows.attempt("tried", 1, "rate limited", started=now - HOUR)
    await rows.attempt("tried", 2, "rate limited", started=now - 60)
    gauges = Gauges(rows)
    await gauges.depths.measure()
    assert HOUR <= gauges.of("oldest_unsent_seconds") < 2 * HOUR
    await rows.message("never tried", [signal], status="pending", due=now - DAY)
    await gauges.depths.measure()
    assert DAY <= gauges.of("oldest_unsent_seconds") < DAY + HOUR


async def test_what_is_due_later_is_not_old(rows: Rows) -> None:
    signal = await rows.record(Sample().build())
    await rows.message("later", [signal], status="pending", due=time.time() + HOUR)
    gauges = Gauges(rows)
    await gauges.depths.measure()
    assert gauges.counts() == (1, 0, 0)
    assert gauges.of("oldest_unsent_seconds") == 0


async def test_a_failure_of_this_week_counts_unless_it_was_handed_on(rows: Rows) -> None:
    signal, now = await rows.record(Sample().build()), time.time()
    await rows.message("nobody was told", [signal], status="failed", done=now - 6 * DAY)
    await rows.message("another way was tried", [signal], status="failed", done=now, ways=[SLACK, DESK])
    await rows.message("long ago", [signal], status="failed", done=now - 8 * DAY)
    gauges = Gauges(rows)
    await gauges.depths.measure()
    assert gauges.counts() == (0, 0, 1)


async def test_late_signals_wait(rows: Rows) -> None:
    signal = await rows.record(Sample().build(), waiting=True)
    later = Sample(at=NOON + timedelta(hours=1)).build()
    await rows.record(msgspec.structs.replace(later, episode=signal.episode))
    gauges = Gauges(rows)
    await gauges.depths.measure()
    assert gauges.counts() == (0, 1, 0)


async def test_while_the_database_is_away_the_last_numbers_stand_and_grow_old(rows: Rows, postgres: Postgres) -> None:
    signal = await rows.record(Sample().build())
    await rows.message("m", [signal], status="pending", due=time.time() - HOUR)
    gauges = Gauges(rows)
    await gauges.depths.measure()
    oldest = gauges.of("oldest_unsent_seconds")
    postgres.drop_database(await rows.scalar("SELECT current_database()"))
    with capture_logs() as logs:
        for gauges.now in (5.0, 10.0):
            await gauges.depths.measure()
    assert (gauges.of("unsent"), gauges.of("tables_age_seconds")) == (1, 10.0)
    assert gauges.of("oldest_unsent_seconds") == oldest + 10.0, "nobody can have taken it meanwhile"
    assert [line["event"] for line in logs] == ["depths.unreadable"], "said once, not every few seconds"


async def test_it_is_measured_at_once_and_ends_when_told_to(rows: Rows) -> None:
    gauges = Gauges(rows)
    stop = asyncio.Event()
    keeping = asyncio.create_task(gauges.depths.keep(stop))
    async with asyncio.timeout(60):
        await gauges.metrics.shown.wait()
        stop.set()
        await keeping
    assert gauges.of("tables_age_seconds") == 0
