"""The proxy before PostgreSQL, with the driver that the services use."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chaos.postgres_proxy import End, PostgresProxy
from local.stack.postgres import Postgres
from local.stack.processes import free_port

INSERTS = "INSERT INTO taken"


@pytest.fixture
async def direct(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE taken (n int)"))
    yield engine
    await engine.dispose()


@pytest.fixture
async def proxy(postgres: Postgres) -> AsyncIterator[PostgresProxy]:
    made = PostgresProxy(postgres.socket, port=free_port())
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def by_proxy(proxy: PostgresProxy, database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(proxy.url(database), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    yield engine
    await engine.dispose()


async def insert(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text(f"{INSERTS} VALUES (:n)"), {"n": 1})


async def rows(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM taken"))).scalar_one())


async def until_rows(engine: AsyncEngine, count: int) -> None:
    async with asyncio.timeout(60):
        while await rows(engine) != count:  # noqa: ASYNC110 - a table tells nobody that it changed
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("direct")
async def test_what_no_trap_is_set_for_passes(by_proxy: AsyncEngine, proxy: PostgresProxy) -> None:
    with proxy.trap("DELETE FROM taken", End.BEFORE) as trap:
        await insert(by_proxy)
    assert (await rows(by_proxy), trap.sprung) == (1, 0)


async def test_a_statement_cut_before_was_never_made(
    by_proxy: AsyncEngine, proxy: PostgresProxy, direct: AsyncEngine
) -> None:
    with proxy.trap(INSERTS, End.BEFORE), pytest.raises(DBAPIError):
        await insert(by_proxy)
    assert await rows(direct) == 0


@pytest.mark.parametrize("end", [End.AFTER, End.AT_ONCE])
async def test_a_statement_cut_after_was_made_and_its_client_does_not_know(
    by_proxy: AsyncEngine, proxy: PostgresProxy, direct: AsyncEngine, end: End
) -> None:
    with proxy.trap(INSERTS, end) as trap:
        with pytest.raises(DBAPIError):
            await insert(by_proxy)
        assert trap.sprung == 1
        await until_rows(direct, 1)
        await insert(by_proxy)
    assert await rows(direct) == 2


async def test_a_statement_that_is_held_is_lost_with_its_client(
    by_proxy: AsyncEngine, proxy: PostgresProxy, direct: AsyncEngine
) -> None:
    with proxy.trap(INSERTS, End.HELD) as trap:
        inserting = asyncio.create_task(insert(by_proxy))
        await asyncio.wait_for(trap.first.wait(), 20)
        assert not inserting.done()
    with pytest.raises(DBAPIError):
        await inserting
    assert await rows(direct) == 0
