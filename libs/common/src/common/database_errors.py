"""Errors of PostgreSQL, as SQLAlchemy and asyncpg raise them, by what the caller can do about them."""

from enum import Enum

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError

# SQLAlchemy wraps errors of statements only. Errors of connecting come as asyncpg raised them. TimeoutError is an
# OSError.
DATABASE_ERRORS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)

_UNDEFINED_TABLE = "42P01"


class DatabaseUnavailable(Exception):
    """The database does not answer in time: ask again later."""


class DatabaseFailure(Enum):
    UNAVAILABLE = "it does not answer, or not in time: ask again later"
    CONFLICT = "a constraint refused the statement: another writer was first"
    MISSING_TABLE = "its tables were not made yet"
    STATEMENT = "it cannot do this statement: asking again changes nothing"


def classify(error: BaseException, *, connected: bool) -> DatabaseFailure:
    """What one of `DATABASE_ERRORS` means. `connected`: a statement raised it, not the attempt to connect."""
    if isinstance(error, IntegrityError):
        return DatabaseFailure.CONFLICT
    if isinstance(error, DBAPIError) and not isinstance(error, OperationalError | InterfaceError):
        if getattr(error.orig, "sqlstate", None) == _UNDEFINED_TABLE:
            return DatabaseFailure.MISSING_TABLE
        # While it connects: PostgreSQL is starting, has too many connections, or refuses the password.
        if connected and not error.connection_invalidated:
            return DatabaseFailure.STATEMENT
    return DatabaseFailure.UNAVAILABLE


def error_text(error: BaseException) -> str:
    """The text of one of `DATABASE_ERRORS`, without what SQLAlchemy adds to it."""
    if isinstance(error, DBAPIError):
        error = error.orig or error
    if isinstance(error, TimeoutError):
        return str(error) or "no answer in time"
    return str(error) or type(error).__name__
