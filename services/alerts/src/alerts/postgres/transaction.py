"""Connections to PostgreSQL that either do what they are asked in time or raise `Unreachable`."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import worker_connection
from common.database_errors import DatabaseFailure
from common.errors import Unreachable

# Every failure undoes the transaction, and the next attempt reads anew where the partition stands.
_ERRORS: Final = dict.fromkeys(DatabaseFailure, Unreachable)


class ConnectionMode(Protocol):
    """`in_transaction` or `autocommit`."""

    def __call__(self, engine: AsyncEngine, *, patience: float) -> AbstractAsyncContextManager[AsyncConnection]: ...


def in_transaction(engine: AsyncEngine, *, patience: float) -> AbstractAsyncContextManager[AsyncConnection]:
    """At most `patience` seconds, with connecting. Raises `Unreachable`; whether it was committed is then unknown."""
    return worker_connection(engine.begin(), patience=patience, errors=_ERRORS)


@asynccontextmanager
async def autocommit(engine: AsyncEngine, *, patience: float) -> AsyncIterator[AsyncConnection]:
    """As `in_transaction`, but each statement commits by itself: that saves two round trips."""
    async with worker_connection(engine.connect(), patience=patience, errors=_ERRORS) as connection:
        yield await connection.execution_options(isolation_level="AUTOCOMMIT")
