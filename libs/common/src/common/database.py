"""PostgreSQL: connection pools, and the migrations of each service in a schema of its own.

A service keeps `migrations/` (env.py, script.py.mako, versions/) in its package; its env.py only calls
`run_migrations()`. All steps run in one transaction, so a failed migration changes nothing.
Only a migration imports Alembic: in every other process its 13 MB would be wasted.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy import Connection, NullPool, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from common.database_errors import DATABASE_ERRORS, DatabaseFailure, DatabaseUnavailable, classify, error_text
from common.errors import WorkerError

# A second migration waits this long for the first one.
_MIGRATION_LOCK_TIMEOUT = "60s"
# While a migration waits for a table lock, PostgreSQL queues every later query on that table behind it.
_TABLE_LOCK_TIMEOUT = "3s"
_MIGRATION_CONNECT_TIMEOUT = 10.0  # seconds


def engine(
    url: str,
    *,
    pool_size: int = 5,
    connect_timeout: float = 3.0,
    pool_timeout: float | None = None,
    pre_ping: bool = True,
) -> AsyncEngine:
    """A pool of at most `pool_size` connections; connecting takes at most `connect_timeout` seconds.

    `pool_timeout` (seconds, `connect_timeout` by default) bounds how long a caller waits for a free connection. If it
    is given, PostgreSQL also ends a transaction that stays idle for so long. A worker that takes over partitions must
    not wait for the locks of a process that hangs.
    `pre_ping` tests each connection before it is used. A caller that retries anyway can save this round trip.
    """
    settings = {}
    if pool_timeout is not None:
        settings["idle_in_transaction_session_timeout"] = str(round(pool_timeout * 1000))
    return create_async_engine(
        url,
        pool_size=pool_size,
        # A fixed number of connections for each process, so that all of them fit into max_connections.
        max_overflow=0,
        pool_timeout=connect_timeout if pool_timeout is None else pool_timeout,
        pool_pre_ping=pre_ping,
        connect_args={"timeout": connect_timeout, "server_settings": settings},
    )


@asynccontextmanager
async def connected(engine: AsyncEngine, *, timeout: float, service: str) -> AsyncIterator[AsyncConnection]:
    """A connection that serves one API request, for at most `timeout` seconds. Raises `DatabaseUnavailable`.

    Errors of a statement itself (a bug) are raised as they are.
    """
    reached = False
    try:
        async with asyncio.timeout(timeout), engine.connect() as connection:
            reached = True
            yield connection
    except DATABASE_ERRORS as error:
        match classify(error, connected=reached):
            case DatabaseFailure.UNAVAILABLE:
                raise DatabaseUnavailable(error_text(error)) from error
            case DatabaseFailure.MISSING_TABLE:
                missing = f"its tables are missing: `python -m {service} migrate` makes them"
                raise DatabaseUnavailable(missing) from error
            case _:
                raise


@asynccontextmanager
async def worker_connection(
    connecting: AbstractAsyncContextManager[AsyncConnection],
    *,
    patience: float,
    errors: Mapping[DatabaseFailure, type[WorkerError]],
) -> AsyncIterator[AsyncConnection]:
    """A connection for one call of a worker, for at most `patience` seconds, with connecting.

    Raises the error that `errors` names for each failure. Whether anything was committed is then unknown, unless
    the database refused the statement.
    """
    reached = False
    try:
        async with asyncio.timeout(patience), connecting as connection:
            reached = True
            yield connection
    except DATABASE_ERRORS as error:
        raise errors[classify(error, connected=reached)](error_text(error)) from error


async def migrate(url: str, service: str) -> None:
    """Migrates the schema named like the service to its newest version; a second caller waits for the first.

    Raises one of `DATABASE_ERRORS`, and changes nothing, if others keep a table locked for 3 seconds, or if PostgreSQL
    does not answer within 10.
    """
    once = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": _MIGRATION_CONNECT_TIMEOUT})
    try:
        async with once.begin() as connection:
            await connection.run_sync(_upgrade, service)
    finally:
        await once.dispose()


def _upgrade(connection: Connection, service: str) -> None:
    from alembic import command
    from alembic.config import Config

    connection.execute(text(f"SET LOCAL lock_timeout = '{_MIGRATION_LOCK_TIMEOUT}'"))
    # Held until the end of the transaction, so that replicas that start together migrate one after the other.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"migrate {service}"})
    connection.execute(text(f"SET LOCAL lock_timeout = '{_TABLE_LOCK_TIMEOUT}'"))
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{service}"'))
    config = Config()
    config.set_main_option("script_location", f"{service}:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["schema"] = service
    command.upgrade(config, "head")


def run_migrations() -> None:
    """For a service's `migrations/env.py`: runs the missing steps on the connection of `migrate`."""
    from alembic import context

    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        version_table="schema_version",
        version_table_schema=attributes["schema"],
    )
    with context.begin_transaction():
        context.run_migrations()
