"""A database connection for one call of a worker, with its errors as those that the worker acts on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import DATABASE_ERRORS, error_text
from common.errors import Doubt, Fenced, Unreachable


@asynccontextmanager
async def connect(engine: AsyncEngine, *, patience: float) -> AsyncIterator[AsyncConnection]:
    """For at most `patience` seconds. Raises `Unreachable`, `Fenced`, or `Doubt` for an unexpected error."""
    connected = False
    try:
        async with asyncio.timeout(patience), engine.connect() as connection:
            connected = True
            yield connection
    except IntegrityError as error:
        # Any table of the statement may conflict first. All of them have seq in the key, so another writer was faster.
        raise Fenced(str(error.orig)) from error
    except (OperationalError, InterfaceError, OSError, TimeoutError) as error:
        raise Unreachable(error_text(error)) from error
    except DBAPIError as error:
        # An error while connecting: PostgreSQL is starting, has too many connections, or refuses the password.
        if error.connection_invalidated or not connected:
            raise Unreachable(error_text(error)) from error
        raise Doubt(error_text(error)) from error
    except DATABASE_ERRORS as error:
        raise Unreachable(error_text(error)) from error
