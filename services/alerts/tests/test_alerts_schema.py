"""The tables that queries speak of are those that the migrations make."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from alerts import schema
from common.database import engine, migrate


def differences(connection: Connection) -> list[Any]:
    options = {
        "include_schemas": True,
        "compare_type": True,
        # The keys and the version are common's.
        "include_name": lambda name, kind, _: (
            name == schema.SCHEMA if kind == "schema" else name not in ("api_key", "schema_version")
        ),
    }
    found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata)
    return found


async def test_the_migrations_make_the_tables_that_the_queries_name(database: str) -> None:
    await migrate(database, "alerts")
    connected = engine(database)
    try:
        async with connected.connect() as connection:
            assert await connection.run_sync(differences) == []
    finally:
        await connected.dispose()
