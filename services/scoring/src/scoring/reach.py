"""A connection for a moment, and what its failures mean to a worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import FAILURES
from scoring.errors import Doubt, Fenced, Unreachable


@asynccontextmanager
async def reached(engine: AsyncEngine, *, patience: float) -> AsyncIterator[AsyncConnection]:
    """For at most `patience` seconds. Raises `Unreachable`, `Fenced` or, for what nobody expected, `Doubt`."""
    try:
        async with asyncio.timeout(patience), engine.connect() as connection:
            yield connection
    except IntegrityError as error:
        # Whichever part of the statement met the other writer first: all that could conflict is keyed by seq.
        raise Fenced(str(error.orig)) from error
    except (OperationalError, InterfaceError, OSError, TimeoutError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unreachable(str(error.orig)) from error
        raise Doubt(str(error.orig)) from error
    except FAILURES as error:
        raise Unreachable(str(error)) from error
