"""How far scoring has come, asked of the database: one small query that costs the worker nothing."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from local.stack.processes import ServerError

EVERY = 0.05
_REACHED = text(
    "SELECT coalesce(sum(to_offset), 0) FROM "
    "(SELECT DISTINCT ON (partition) to_offset FROM scoring.journal ORDER BY partition, seq DESC) AS newest"
)


class Look(Struct, frozen=True):
    """`moment` is seconds by a steady clock, `done` the records committed by then, of all partitions."""

    moment: float
    done: int


class Journal:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: AsyncConnection | None = None

    async def __aenter__(self) -> Self:
        self._connection = await self._engine.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def look(self) -> Look:
        assert self._connection is not None, "not opened"
        done = int((await self._connection.execute(_REACHED)).scalar_one())
        return Look(time.monotonic(), done)

    async def until(self, done: int, *, patience: float, alive: Callable[[], None]) -> Look:
        """The first look at which so much is done. Raises `ServerError`, and what `alive` raises."""
        deadline = time.monotonic() + patience
        while (look := await self.look()).done < done:
            alive()
            if look.moment > deadline:
                raise ServerError(f"only {look.done:,} of {done:,} records were scored within {patience:.0f} s")
            await asyncio.sleep(EVERY)
        return look
