"""The tables that queries speak of are those that the migrations make."""

from common.testing import schema_differences
from scoring.postgres import schema


async def test_the_migrations_make_the_tables_that_the_queries_name(empty_database: str) -> None:
    assert await schema_differences(empty_database, "scoring", schema.metadata) == []
