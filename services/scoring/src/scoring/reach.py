"""A connection for a moment, and what its failures mean to a worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import DATABASE_ERRORS, error_text
from scoring.errors import Doubt, Fenced, Unreachable


@asynccontextmanager
async def reached(engine: AsyncEngine, *, patience: float) -> AsyncIterator[AsyncConnection]:
    """For at most `patience` seconds. Raises `Unreachable`, `Fenced` or, for what nobody expected, `Doubt`."""
    connected = False
    try:
        async with asyncio.timeout(patience), engine.connect() as connection:
            connected = True
            yield connection
    except IntegrityError as error:
        # Whichever part of the statement met the other writer first: all that could conflict is keyed by seq.
        raise Fenced(str(error.orig)) from error
    except (OperationalError, InterfaceError, OSError, TimeoutError) as error:
        raise Unreachable(error_text(error)) from error
    except DBAPIError as error:
        # Before there is a connection: it is starting up, has no room for another, does not know the password.
        if error.connection_invalidated or not connected:
            raise Unreachable(error_text(error)) from error
        raise Doubt(error_text(error)) from error
    except DATABASE_ERRORS as error:
        raise Unreachable(error_text(error)) from error
