"""Guarantees 1, 2, 3, 5 and 6 on Apache Kafka: workers that die, come and go, or sleep too long, under load."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from support.audit import audit
from support.client import Client
from support.load import loaded
from support.service import Service
from support.system import COMMITS, PARTITIONS, System

pytestmark = pytest.mark.kafka

KILLS = 10
FREEZES = 12


async def test_ten_kills_under_load_leave_no_trace(kafka: System) -> None:
    draw = Random(10)
    await kafka.up("ingest", "worker")
    async with loaded(kafka, pause=0.02) as load:
        for _ in range(KILLS):
            await kafka.commits(draw.randint(1, 60))
            kafka.the("worker").kill()
            await kafka.up("worker")
        await kafka.commits(10)
    await kafka.scored()
    await kafka.told()
    await kafka.until("the journal is merged", lambda: merged(kafka))
    assert await kafka.the("worker").terminate() == 0
    found = await audit(kafka, accepted=load.accepted)
    assert found.figures.duplicates >= load.again > 0
    assert found.figures.signals > 100


async def merged(kafka: System) -> bool:
    """Whether the journal keeps fewer rows than one for each commit."""
    ((kept, commits),) = await kafka.rows(f"SELECT count(*), ({COMMITS}) FROM scoring.journal")
    return bool(kept < commits)


async def test_workers_that_come_and_go_under_load_leave_no_trace(kafka: System, http: httpx.AsyncClient) -> None:
    client = Client(kafka, http)
    _, one = await kafka.up("ingest", "worker")
    async with loaded(kafka) as load:
        await client.owns(one, PARTITIONS)
        (two,) = await kafka.up("worker")
        await shared(client, one, two)
        await kafka.commits(20)
        assert await one.terminate() == 0
        await client.owns(two, PARTITIONS)
        await kafka.commits(20)
        (three,) = await kafka.up("worker")
        await shared(client, two, three)
        await kafka.commits(20)
        two.kill()
        await client.owns(three, PARTITIONS)
        await kafka.commits(20)
    await kafka.scored()
    assert await three.terminate() == 0
    await audit(kafka, accepted=load.accepted)


async def shared(client: Client, *workers: Service) -> None:
    for worker in workers:
        await client.owns(worker, PARTITIONS // len(workers))


async def test_a_worker_that_slept_past_its_session_is_fenced_when_it_wakes(
    kafka: System, http: httpx.AsyncClient
) -> None:
    """It may wake with nothing in its hands, so it is frozen until it once had something."""
    client = Client(kafka, http)
    _, sleeper, heir = await kafka.up("ingest", "worker", "worker")
    async with loaded(kafka, pause=0.02) as load:
        for _ in range(FREEZES):
            await shared(client, sleeper, heir)
            await kafka.commits(20)
            sleeper.freeze()
            await client.owns(heir, PARTITIONS)
            await kafka.commits(20)
            sleeper.thaw()
            await shared(client, sleeper, heir)
            if sleeper.said("partition.doubted", kind="Fenced"):
                break
    await kafka.scored()
    for worker in (sleeper, heir):
        assert await worker.terminate() == 0
    await audit(kafka, accepted=load.accepted)
    assert sleeper.said("partition.doubted", kind="Fenced"), sleeper.last_words()


async def test_a_commit_under_way_when_its_worker_froze_is_found_by_the_heir(
    kafka: System, http: httpx.AsyncClient
) -> None:
    """The statement outlives the worker's session and comes to rest after the heir has opened the partition."""
    client = Client(kafka, http)
    _, sleeper = await kafka.up("ingest", "worker")
    async with loaded(kafka) as load:
        await kafka.commits(20)
        async with nobody_writes_the_journal(kafka):
            await kafka.until("commits wait", lambda: waits(kafka))
            sleeper.freeze()
            heir = kafka.start("worker")
            await heir.ready()
            await client.owns(heir, PARTITIONS)

            async def opened() -> bool:
                return len(heir.said("partition.opened")) == PARTITIONS

            await kafka.until("the heir has opened all partitions", opened)
        await kafka.commits(20)
        sleeper.thaw()
        await shared(client, sleeper, heir)
    await kafka.scored()
    for worker in (sleeper, heir):
        assert await worker.terminate() == 0
    await audit(kafka, accepted=load.accepted)
    assert heir.said("partition.doubted", kind="Fenced"), "the sleeper's statement was there first"


@asynccontextmanager
async def nobody_writes_the_journal(system: System) -> AsyncIterator[None]:
    """It can be read; writers wait, in the order in which they came."""
    engine = create_async_engine(system.deployment.database_url)
    async with engine.begin() as connection:
        await connection.execute(text("LOCK TABLE scoring.journal IN EXCLUSIVE MODE"))
        yield
    await engine.dispose()


async def waits(system: System) -> bool:
    """Whether a commit waits for the lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    (count,) = (await system.rows(query))[0]
    return bool(count > 0)
