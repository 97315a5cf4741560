"""Connections for the console's tables: each call is one transaction, bounded in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import connected
from common.database_errors import DatabaseUnavailable
from common.startup import NOT_STARTED
from common.stopping import stopped_within
from console.postgres.schema import console_user


class ConsoleTables:
    def __init__(self, engine: AsyncEngine, *, patience: float) -> None:
        """`patience` is the most that one transaction may take, in seconds."""
        self._engine = engine
        self._patience = patience

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Committed at the end of the block. Raises `DatabaseUnavailable`."""
        async with (
            connected(self._engine, timeout=self._patience, service="console") as connection,
            connection.begin(),
        ):
            yield connection


class DatabaseWatch:
    """Whether the database answers, for readiness: asked every few seconds, and not by each request."""

    def __init__(self, tables: ConsoleTables, *, every: float = 2.0) -> None:
        self._tables = tables
        self._every = every
        self._reason: str | None = NOT_STARTED

    def not_ready_reason(self) -> str | None:
        return self._reason

    async def keep(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with self._tables.transaction() as connection:
                    await connection.execute(select(console_user.c.user_id).limit(1))
                self._reason = None
            except DatabaseUnavailable as error:
                self._reason = str(error)
            await stopped_within(self._every, stop)
