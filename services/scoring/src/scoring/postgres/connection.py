"""A database connection for one call of a worker, with its errors as those that the worker acts on."""

from contextlib import AbstractAsyncContextManager
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import worker_connection
from common.database_errors import DatabaseFailure
from common.errors import Doubt, Fenced, Unreachable

_ERRORS: Final = {
    DatabaseFailure.UNAVAILABLE: Unreachable,
    # Any table of the statement may conflict first. All of them have seq in the key, so another writer was faster.
    DatabaseFailure.CONFLICT: Fenced,
    DatabaseFailure.MISSING_TABLE: Doubt,
    DatabaseFailure.STATEMENT: Doubt,
}


def connect(engine: AsyncEngine, *, patience: float) -> AbstractAsyncContextManager[AsyncConnection]:
    """For at most `patience` seconds. Raises `Unreachable`, `Fenced`, or `Doubt` for an unexpected error."""
    return worker_connection(engine.connect(), patience=patience, errors=_ERRORS)
