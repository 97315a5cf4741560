"""Faults of PostgreSQL and of the broker, and of the way to them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from random import Random

from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from chaos.plan import Strike
from chaos.postgres_proxy import End
from chaos.system_under_test import Missed, SystemUnderTest
from local.fakes.kafka_proxy import KafkaApi, ProduceRefusal

_WRITES_JOURNAL = "INSERT INTO scoring.journal"
_COMMITS = "COMMIT;"
_CUTS = (End.BEFORE, End.AT_ONCE, End.AFTER)


async def postgres_dies(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    under_test.ground.postgres.kill()
    await asyncio.sleep(strike.lasts)
    await under_test.ground.revive_postgres()


async def commit_cut(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _cut(under_test, strike, draw, _WRITES_JOURNAL)


async def decision_cut(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _cut(under_test, strike, draw, _COMMITS)


async def _cut(under_test: SystemUnderTest, strike: Strike, draw: Random, words: str) -> None:
    """One connection after the other, each at the moment of this statement."""
    until = time.monotonic() + strike.lasts
    cuts = 0
    while (left := until - time.monotonic()) > 0:
        with under_test.postgres_proxy.trap(words, draw.choice(_CUTS)) as trap:
            try:
                await asyncio.wait_for(trap.first.wait(), left)
            except TimeoutError:
                break
        cuts += 1
        await asyncio.sleep(draw.uniform(0.1, 0.6))
    if not cuts:
        raise Missed(words)


async def snapshot_held(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    """Until the camp ends: nothing that is deleted or overwritten meanwhile can be cleaned away."""
    await under_test.leaving.enter_async_context(_snapshot(under_test.system.deployment.database_url))


@asynccontextmanager
async def _snapshot(url: str) -> AsyncIterator[None]:
    """Raises `Missed` if the server is away."""
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="REPEATABLE READ")
    # It ends with the server, should that die meanwhile.
    with suppress(DBAPIError, OSError):
        async with AsyncExitStack() as ended:
            try:
                connection = await ended.enter_async_context(engine.connect())
                await connection.execute(text("SELECT count(*) FROM scoring.journal"))
            except (DBAPIError, OSError) as error:
                raise Missed from error
            yield


async def broker_dies(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _nodes_die(under_test, strike, [0])


async def leader_dies(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    """Each of three leads some of the partitions."""
    await _nodes_die(under_test, strike, [draw.randrange(3)])


async def leaderless(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    """One alone may neither lead nor write."""
    await _nodes_die(under_test, strike, draw.sample(range(3), 2))


async def _nodes_die(under_test: SystemUnderTest, strike: Strike, nodes: list[int]) -> None:
    for node in nodes:
        under_test.ground.kafka.node(node).kill()
    await asyncio.sleep(strike.lasts)
    await under_test.ground.revive_nodes(nodes)


async def broker_silent(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    assert under_test.kafka_proxy is not None
    under_test.kafka_proxy.stall()
    try:
        await asyncio.sleep(strike.lasts)
    finally:
        under_test.kafka_proxy.flow()


async def answers_lost(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    assert under_test.kafka_proxy is not None
    until = time.monotonic() + strike.lasts
    while time.monotonic() < until:
        under_test.kafka_proxy.lose_next(KafkaApi.PRODUCE)
        await asyncio.sleep(draw.uniform(0.1, 0.8))


def says_no(no: ProduceRefusal) -> Callable[[SystemUnderTest, Strike, Random], Awaitable[None]]:
    async def says_no(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
        assert under_test.kafka_proxy is not None
        under_test.kafka_proxy.refuse(no)
        try:
            await asyncio.sleep(strike.lasts)
        finally:
            under_test.kafka_proxy.refuse(None)

    return says_no
