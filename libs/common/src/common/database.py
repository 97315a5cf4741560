"""PostgreSQL: the engine of a process, and the migrations of each service in a schema of its own.

A service keeps `migrations/` (env.py, script.py.mako, versions/) in its package; its env.py only calls
`run_migrations()`. All steps run in one transaction, so a failed migration leaves nothing behind.
Only a migration imports Alembic: every other process would keep its 13 MB.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

# What goes wrong while connecting comes as asyncpg raised it: SQLAlchemy wraps only what comes later.
FAILURES = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)

_QUEUE_TIMEOUT = "60s"
# A migration that waits for a table lock makes every later query on that table wait behind it.
_LOCK_TIMEOUT = "3s"
_MIGRATE_CONNECT = 10.0  # seconds
_UNDEFINED_TABLE = "42P01"


class Unavailable(Exception):
    """The database does not answer in time: ask again later."""


def reason(failure: BaseException) -> str:
    """What one of `FAILURES` says, in the database's own words where it said something."""
    if isinstance(failure, DBAPIError):
        failure = failure.orig or failure
    if isinstance(failure, TimeoutError):
        return str(failure) or "no answer in time"
    return str(failure) or type(failure).__name__


def engine(
    url: str,
    *,
    pool_size: int = 5,
    connect_timeout: float = 3.0,
    patience: float | None = None,
    pre_ping: bool = True,
) -> AsyncEngine:
    """A pool of at most `pool_size` connections; connecting takes at most `connect_timeout` seconds.

    `patience` is how long a caller may wait for its turn, in seconds; as long as for connecting unless given. If the
    process falls asleep in the middle of a transaction, the database ends that after as long: whoever takes over must
    not wait for its locks.
    `pre_ping` asks each connection whether it lives before it is used: a round trip that a caller which expects
    failures can save.
    """
    idle = {} if patience is None else {"idle_in_transaction_session_timeout": str(round(patience * 1000))}
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=connect_timeout if patience is None else patience,
        pool_pre_ping=pre_ping,
        connect_args={"timeout": connect_timeout, "server_settings": idle},
    )


@asynccontextmanager
async def connected(engine: AsyncEngine, *, patience: float, service: str) -> AsyncIterator[AsyncConnection]:
    """A connection for at most `patience` seconds, for a request that somebody waits for. Raises `Unavailable`.

    What is wrong with a statement itself is raised as it is.
    """
    reached = False
    try:
        async with asyncio.timeout(patience), engine.connect() as connection:
            reached = True
            yield connection
    except (OperationalError, InterfaceError, OSError) as error:  # TimeoutError is an OSError
        raise Unavailable(reason(error)) from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _UNDEFINED_TABLE:
            raise Unavailable(f"its tables are missing: `python -m {service} migrate` makes them") from error
        if reached and not error.connection_invalidated:
            raise
        raise Unavailable(reason(error)) from error
    except FAILURES as error:
        raise Unavailable(reason(error)) from error


async def migrate(url: str, service: str) -> None:
    """Brings the schema named like the service to its newest version; a second caller waits for the first.

    Gives up with one of `FAILURES`, and changes nothing, if a table stays locked by others for 3 seconds, or if the
    database does not answer within 10.
    """
    once = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": _MIGRATE_CONNECT})
    try:
        async with once.begin() as connection:
            await connection.run_sync(_upgrade, service)
    finally:
        await once.dispose()


def _upgrade(connection: Connection, service: str) -> None:
    from alembic import command
    from alembic.config import Config

    connection.execute(text(f"SET LOCAL lock_timeout = '{_QUEUE_TIMEOUT}'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"migrate {service}"})
    connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{service}"'))
    config = Config()
    config.set_main_option("script_location", f"{service}:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["schema"] = service
    command.upgrade(config, "head")


def run_migrations() -> None:
    """What a service's `migrations/env.py` calls: the missing steps, on the connection of `migrate`."""
    from alembic import context

    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        version_table="schema_version",
        version_table_schema=attributes["schema"],
    )
    with context.begin_transaction():
        context.run_migrations()
