"""For the tests of every service: whether its migrations make the tables that its queries name."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData

from common.database import engine, migrate


async def schema_differences(url: str, service: str, metadata: MetaData) -> list[Any]:
    """What alembic would have to change after all migrations of an empty database; nothing if all is well."""
    await migrate(url, service)
    connected = engine(url)
    try:
        async with connected.connect() as connection:
            return await connection.run_sync(_compared, service, metadata)
    finally:
        await connected.dispose()


def _compared(connection: Connection, service: str, metadata: MetaData) -> list[Any]:
    options = {
        "include_schemas": True,
        "compare_type": True,
        # The keys and the version are common's.
        "include_name": lambda name, kind, _: (
            name == service if kind == "schema" else name not in ("api_key", "schema_version")
        ),
    }
    found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    return found
