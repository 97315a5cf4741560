"""The tables that queries speak of are those that the migrations make."""

import pytest
from sqlalchemy.exc import DBAPIError

from common.testing import schema_differences
from console.postgres import schema
from support.console import ConsoleSite


async def test_the_migrations_make_the_tables_that_the_queries_name(empty_database: str) -> None:
    assert await schema_differences(empty_database, "console", schema.metadata) == []


@pytest.mark.parametrize("change", ["UPDATE {} SET who = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_audit_is_append_only(site: ConsoleSite, change: str) -> None:
    await site.user("ann@example.com")
    with pytest.raises(DBAPIError, match="append-only"):
        await site.execute(change.format("console.audit"))
    assert len(await site.rows("SELECT 1 FROM console.audit")) == 1
