"""Notices of other processes that there are timers to look at: PostgreSQL's NOTIFY, on a connection of its own."""

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from alerts.postgres.gathering_statements import CHANNEL
from common.database_errors import DATABASE_ERRORS, error_text
from common.stopping import stopped_within

_log = structlog.get_logger()

RETRY = 5.0  # seconds before the connection is opened again
CHECK = 30.0  # seconds between two questions whether the connection is still there


class TimerNotices:
    """What is missed while the connection is away is found by the owners' own looks, some seconds later."""

    def __init__(self, engine: AsyncEngine) -> None:
        """`engine` needs one connection."""
        self._engine = engine

    async def keep(self, stop: asyncio.Event, *, heard: Callable[[], None]) -> None:
        """Calls `heard` at each notice, until `stop` is set."""
        while not stop.is_set():
            try:
                await self._listen(stop, heard)
            except DATABASE_ERRORS as error:
                _log.warning("notices.unreachable", error=error_text(error))
                await stopped_within(RETRY, stop)

    async def _listen(self, stop: asyncio.Event, heard: Callable[[], None]) -> None:
        async with self._engine.connect() as connection:
            autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
            driver = (await autocommit.get_raw_connection()).driver_connection
            assert driver is not None

            def on_notice(*_: object) -> None:
                heard()

            await driver.add_listener(CHANNEL, on_notice)
            try:
                heard()  # what was missed meanwhile
                while not await stopped_within(CHECK, stop):
                    await autocommit.execute(text("SELECT 1"))
            finally:
                await driver.remove_listener(CHANNEL, on_notice)
