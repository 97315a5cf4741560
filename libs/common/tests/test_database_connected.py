"""`connected`: its timeout, and which errors mean that the database is unavailable."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import connected, engine
from common.database_errors import DatabaseUnavailable
from local.fakes.tcp_server import HOST
from local.fakes.unavailable import starting_up
from local.stack.postgres import Postgres


@pytest.fixture
async def pool(empty_database: str) -> AsyncIterator[AsyncEngine]:
    built = engine(empty_database, pool_size=1, connect_timeout=30.0)
    yield built
    await built.dispose()


async def ask(pool: AsyncEngine, statement: str, *, timeout: float = 30.0) -> object:
    async with connected(pool, timeout=timeout, service="house") as connection:
        return (await connection.execute(text(statement))).scalar_one()


async def test_a_statement_is_executed(pool: AsyncEngine) -> None:
    assert await ask(pool, "SELECT 7") == 7


async def test_a_statement_that_takes_too_long_is_ended_and_the_next_one_is_answered(pool: AsyncEngine) -> None:
    with pytest.raises(DatabaseUnavailable):
        await ask(pool, "SELECT pg_sleep(600)", timeout=0.2)
    assert await ask(pool, "SELECT 7") == 7


async def test_a_database_that_is_gone_may_come_back(pool: AsyncEngine, postgres: Postgres) -> None:
    name = await ask(pool, "SELECT current_database()")
    postgres.drop_database(str(name))
    with pytest.raises(DatabaseUnavailable):
        await ask(pool, "SELECT 7")


async def test_a_database_that_is_starting_up_is_asked_again_later() -> None:
    server = starting_up(0)
    await server.start()
    built = engine(f"postgresql+asyncpg://churn@{HOST}:{server.port}/churn", pool_size=1)
    try:
        with pytest.raises(DatabaseUnavailable, match="the database system is starting up"):
            await ask(built, "SELECT 7")
    finally:
        await built.dispose()
        await server.stop()


async def test_missing_tables_name_the_command_that_makes_them(pool: AsyncEngine) -> None:
    with pytest.raises(DatabaseUnavailable, match="python -m house migrate"):
        await ask(pool, "SELECT count(*) FROM rooms")


async def test_an_error_of_the_statement_itself_is_no_outage(pool: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="division by zero"):
        await ask(pool, "SELECT 1 / 0")
