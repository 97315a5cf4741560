"""A transaction on PostgreSQL that either is there in time or is `Unreachable`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alerts.errors import Unreachable
from common.database import FAILURES


@asynccontextmanager
async def transaction(engine: AsyncEngine, *, patience: float) -> AsyncIterator[AsyncConnection]:
    """At most `patience` seconds, with connecting. Raises `Unreachable`; whether it went through is then unknown."""
    try:
        async with asyncio.timeout(patience), engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise Unreachable(str(error.orig)) from error
    except FAILURES as error:  # TimeoutError is an OSError
        raise Unreachable(str(error) or type(error).__name__) from error
