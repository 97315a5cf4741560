"""A source falls silent and comes back, on a real PostgreSQL: who decides, and what scoring is to be told."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts.events import Event
from common.keys import KeyStore, Scope
from ingest.sources.announcement import paused, resumed
from ingest.sources.metrics import SourceMetrics
from ingest.sources.store import SourceStore, StoredSource
from ingest.sources.volumes import HourCounts, HourKey, SourceVolumes
from ingest.sources.watch import SourceWatch
from support.source_rows import heard, rows

LAST = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
pytestmark = pytest.mark.servers


class CutOff(SourceStore):
    """Does not reach PostgreSQL while `away`."""

    away = False

    async def add(self, hours: Mapping[HourKey, HourCounts]) -> None:
        if self.away:
            raise ConnectionRefusedError
        await super().add(hours)

    async def sources(self) -> Sequence[StoredSource]:
        if self.away:
            raise ConnectionRefusedError
        return await super().sources()


class Process:
    """What one process of ingest has of sources, with clocks that the test sets."""

    def __init__(self, pool: AsyncEngine, *, settle: float = 0, judges: bool = True) -> None:
        self.now = LAST + timedelta(hours=3)
        self.steady = 0.0
        self.volumes = SourceVolumes()
        self.registry = CollectorRegistry()
        self.store = CutOff(pool, announces=True)
        self.watch = SourceWatch(
            self.volumes,
            self.store,
            SourceMetrics(self.registry),
            every=1,
            settle=settle,
            judges=judges,
            now=lambda: self.now,
            steady=lambda: self.steady,
        )

    def post(self, number: int) -> None:
        event = Event("e-1", "acme", "report.opened", self.now, source="web", received_at=self.now)
        self.volumes.accepted("web", [event] * number, not_standard=0)

    def gauge(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"churn_ingest_source_{name}", {"source": "web"})


async def bodies(pool: AsyncEngine) -> list[str]:
    return [row["body"] for row in await rows(pool, "SELECT body FROM ingest.announcement_outbox ORDER BY n")]


async def state(pool: AsyncEngine) -> Any:
    (row,) = await rows(pool, "SELECT silent, since FROM ingest.source_state")
    return row["silent"], row["since"]


@pytest.fixture
async def web(pool: AsyncEngine) -> None:
    """The source "web" has a key, and was heard for eight weeks until `LAST`."""
    await KeyStore(pool, schema="ingest").create(source="web", scopes=frozenset({Scope.WRITE}))
    await heard(pool, "web", last=LAST)


@pytest.mark.usefixtures("web")
async def test_two_processes_find_a_source_silent_and_one_of_them_decides(pool: AsyncEngine) -> None:
    processes = [Process(pool), Process(pool)]
    await asyncio.gather(*(each.watch.round() for each in processes * 3))
    assert await bodies(pool) == [paused("web", LAST).encoded()]
    assert await state(pool) == (True, LAST)
    for each in processes:
        await each.watch.round()
        assert each.gauge("silent") == 1
        assert each.gauge("last_event_age_seconds") == 3 * 3600
        assert each.gauge("missing_events") == pytest.approx(300)


@pytest.mark.usefixtures("web")
async def test_one_event_is_no_return_and_enough_of_them_are(pool: AsyncEngine) -> None:
    process = Process(pool)
    await process.watch.round()
    process.post(1)
    await process.watch.round()
    assert await state(pool) == (True, LAST)
    process.post(20)
    await asyncio.gather(process.watch.round(), Process(pool).watch.round())
    assert await bodies(pool) == [paused("web", LAST).encoded(), resumed("web", LAST).encoded()]
    assert (await state(pool))[0] is False
    await process.watch.round()
    assert process.gauge("silent") == 0
    # It falls silent again: another announcement.
    again, process.now = process.now, process.now + timedelta(hours=4)
    await process.watch.round()
    assert (await bodies(pool))[2:] == [paused("web", again).encoded()]


@pytest.mark.usefixtures("web")
async def test_events_that_another_process_wrote_meanwhile_prevent_the_decision(pool: AsyncEngine) -> None:
    store = SourceStore(pool, announces=True)
    await heard(pool, "web", last=LAST + timedelta(hours=3), weeks=1)
    assert not await store.pause("web", since=LAST)
    assert await bodies(pool) == []


@pytest.mark.usefixtures("web")
async def test_a_late_decision_about_an_older_silence_changes_nothing(pool: AsyncEngine) -> None:
    store = SourceStore(pool, announces=True)
    assert await store.pause("web", since=LAST)
    assert await store.resume("web", since=LAST)
    assert not await store.pause("web", since=LAST)
    assert not await store.resume("web", since=LAST)
    assert len(await bodies(pool)) == 2


@pytest.mark.usefixtures("web")
async def test_nobody_is_judged_before_clients_had_time_to_come_back(pool: AsyncEngine) -> None:
    process = Process(pool, settle=600)
    await process.watch.round()
    process.steady = 599
    await process.watch.round()
    assert await bodies(pool) == []
    process.steady = 600
    await process.watch.round()
    assert len(await bodies(pool)) == 1


@pytest.mark.usefixtures("web")
async def test_counts_survive_an_outage_of_postgresql_and_the_wait_begins_anew(pool: AsyncEngine) -> None:
    process = Process(pool, settle=600)
    await process.watch.round()
    process.store.away = True
    process.post(5)
    await process.watch.round()
    process.steady, process.store.away = 10_000, False
    await process.watch.round()
    (row,) = await rows(pool, "SELECT sum(events)::int AS events FROM ingest.source_hour")
    assert row["events"] == 8 * 168 * 100 + 5
    assert process.watch.judged_age() == float("inf"), "other processes need time to write what they kept"
    process.steady = 10_600
    await process.watch.round()
    assert process.watch.judged_age() == 0


@pytest.mark.usefixtures("web")
async def test_in_stream_mode_nothing_is_decided(pool: AsyncEngine) -> None:
    await Process(pool, judges=False).watch.round()
    assert await rows(pool, "SELECT * FROM ingest.source_state") == []


async def test_a_source_that_was_switched_off_calls_nobody(pool: AsyncEngine) -> None:
    keys = KeyStore(pool, schema="ingest")
    token = await keys.create(source="web", scopes=frozenset({Scope.WRITE}))
    await heard(pool, "web", last=LAST)
    process = Process(pool)
    await process.watch.round()
    assert process.gauge("silent") == 1
    await keys.revoke(token.split("_")[1])
    await process.watch.round()
    assert process.gauge("silent") == 0
    assert await state(pool) == (True, LAST), "its accounts must not look as if they had gone quiet"


async def test_a_young_source_is_not_judged(pool: AsyncEngine) -> None:
    await heard(pool, "web", last=LAST, weeks=1)
    process = Process(pool)
    await process.watch.round()
    assert await rows(pool, "SELECT * FROM ingest.source_state") == []


@pytest.mark.usefixtures("web")
async def test_a_low_source_is_shown_and_not_announced(pool: AsyncEngine) -> None:
    process = Process(pool)
    process.now = LAST + timedelta(minutes=30)
    for _ in range(9):
        process.post(3)
        await process.watch.round()
        process.now += timedelta(hours=1)
    await process.watch.round()
    assert (process.gauge("low"), process.gauge("silent")) == (1, 0)
    assert await bodies(pool) == []


async def test_old_hours_are_pruned(pool: AsyncEngine) -> None:
    await heard(pool, "web", last=LAST, weeks=12)
    process = Process(pool)
    await process.watch.round()
    (row,) = await rows(pool, "SELECT min(hour) AS first FROM ingest.source_hour")
    assert process.now - row["first"] <= timedelta(weeks=10)


async def test_what_was_counted_is_written_when_the_process_is_told_to_stop(pool: AsyncEngine) -> None:
    process, stop = Process(pool), asyncio.Event()
    running = asyncio.create_task(process.watch.run(stop))
    await until(lambda: process.watch.judged_age() == 0)
    process.post(7)
    stop.set()
    await running
    (row,) = await rows(pool, "SELECT events FROM ingest.source_hour")
    assert row["events"] == 7
    assert process.registry.get_sample_value("churn_ingest_source_events_total", {"source": "web"}) == 7


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - it is asked
            await asyncio.sleep(0.01)
