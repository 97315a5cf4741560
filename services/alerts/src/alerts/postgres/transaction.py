"""Connections to PostgreSQL that either do what they are asked in time or raise `Unreachable`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import DATABASE_ERRORS, error_text
from common.errors import Unreachable


class ConnectionMode(Protocol):
    """`in_transaction` or `autocommit`."""

    def __call__(self, engine: AsyncEngine, *, patience: float) -> AbstractAsyncContextManager[AsyncConnection]: ...


@asynccontextmanager
async def in_transaction(engine: AsyncEngine, *, patience: float) -> AsyncIterator[AsyncConnection]:
    """At most `patience` seconds, with connecting. Raises `Unreachable`; whether it was committed is then unknown."""
    async with _in_time(patience), engine.begin() as connection:
        yield connection


@asynccontextmanager
async def autocommit(engine: AsyncEngine, *, patience: float) -> AsyncIterator[AsyncConnection]:
    """As `in_transaction`, but each statement commits by itself: that saves two round trips."""
    async with _in_time(patience), engine.connect() as connection:
        yield await connection.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def _in_time(patience: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(patience):
            yield
    except DATABASE_ERRORS as error:  # TimeoutError is an OSError
        raise Unreachable(error_text(error)) from error
