"""The row of a person, between the workers of two partitions."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from alerts.channels.registry import Channel
from alerts.decisions.account import GatheredSignal
from alerts.decisions.first_look import tell_gathering
from alerts.postgres.decision_store import PostgresDecisionTransaction
from alerts.postgres.gatherings import PostgresGatherings
from alerts.routing.destination import Destination, Target
from alerts.topic.batch import ReadSignal
from common import database as databases
from common.bus.partitioner import partition_of
from support.alerts_decisions import WEEK
from support.alerts_first_looks import account_in, first_look

PARTITIONS = 2
QUIET = 60.0
HOME = partition_of(b"slack:desk", PARTITIONS)


def desk(name: str = "desk") -> Destination:
    return Destination(name, (Target(Channel.SLACK, name),), ("every signal",), WEEK)


def look(n: int = 0, *, to: Destination | None = None) -> GatheredSignal:
    return GatheredSignal(first_look(account_in(n % 2, n)), to or desk())


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    made = databases.engine(database, pool_size=4)
    async with made.begin() as connection:
        for partition in range(PARTITIONS):
            await connection.execute(text(f"INSERT INTO alerts.progress VALUES ({partition}, 'memory', 1, NULL, 1000)"))
    yield made
    await made.dispose()


async def gather(engine: AsyncEngine, *looks: GatheredSignal, arrived: float) -> None:
    async with engine.begin() as connection:
        rows = PostgresGatherings(connection, 0, partitions=PARTITIONS)
        await rows.gather([(one, arrived) for one in looks], quiet=QUIET)


async def close(engine: AsyncEngine) -> list[list[str]]:
    """The accounts of each gathering that is due."""
    async with engine.begin() as connection:
        rows = PostgresGatherings(connection, HOME, partitions=PARTITIONS)
        found = []
        for one in await rows.due(most=10):
            members = await rows.members(one, final=())
            await rows.close(one, tell_gathering(members))
            found.append([member.account_id for member in members])
        return found


async def record(engine: AsyncEngine, *looks: GatheredSignal) -> None:
    async with engine.begin() as connection:
        gatherings = PostgresGatherings(connection, 0, partitions=PARTITIONS)
        transaction = PostgresDecisionTransaction(connection, 0, gatherings, lambda: None)
        await transaction.record([ReadSignal(one.signal, 0.0, None) for one in looks])


async def test_whoever_tells_a_person_waits_for_an_account_that_is_being_added(engine: AsyncEngine) -> None:
    """It moves the moment; what was read before that is out of date."""
    first, second = look(0), look(1)
    await record(engine, first, second)
    await gather(engine, first, arrived=900.0)
    async with engine.begin() as connection:
        rows = PostgresGatherings(connection, 1, partitions=PARTITIONS)
        await rows.gather([(second, 990.0)], quiet=QUIET)
        closing = asyncio.create_task(close(engine))
        await asyncio.sleep(0.5)
        assert not closing.done()
    assert await closing == []
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alerts.progress SET newest = 1050"))
    assert await close(engine) == [sorted([first.signal.account_id, second.signal.account_id])]


async def test_an_account_that_comes_while_the_person_is_told_is_gathered_anew(engine: AsyncEngine) -> None:
    first, second = look(0), look(1)
    await record(engine, first, second)
    await gather(engine, first, arrived=900.0)
    async with engine.begin() as connection:
        rows = PostgresGatherings(connection, HOME, partitions=PARTITIONS)
        (due,) = await rows.due(most=10)
        adding = asyncio.create_task(gather(engine, second, arrived=1001.0))
        await asyncio.sleep(0.5)
        assert not adding.done()
        await rows.close(due, tell_gathering(await rows.members(due, final=())))
    await adding
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alerts.progress SET newest = 1061"))
    assert await close(engine) == [[second.signal.account_id]]


async def test_two_workers_that_add_for_the_same_people_never_wait_for_each_other(engine: AsyncEngine) -> None:
    """Both are under way, for a third one holds one of the people until they wait."""
    people = [desk(f"U{n:04d}") for n in range(40)]
    await gather(engine, *(look(0, to=one) for one in people), arrived=1.0)
    for _ in range(10):
        async with asyncio.timeout(60), engine.connect() as third, third.begin() as holding:
            await third.execute(text("SELECT 1 FROM alerts.gathering WHERE address_key = 'slack:U0020' FOR UPDATE"))
            adding = [
                asyncio.create_task(gather(engine, *(look(n, to=one) for one in people), arrived=1.0)) for n in range(2)
            ]
            while not any(one.done() for one in adding) and await _waiting(engine) < 2:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.002)
            await holding.rollback()
            await asyncio.gather(*adding)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM alerts.gathered")) == 80


async def _waiting(engine: AsyncEngine) -> int:
    """How many wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with engine.connect() as connection:
        return int((await connection.execute(text(query))).scalar_one())
