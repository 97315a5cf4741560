import pytest

from common.testing import schema_differences
from ingest.schema import METADATA

pytestmark = pytest.mark.servers


async def test_migrations_make_the_tables_that_queries_name(empty_database: str) -> None:
    assert await schema_differences(empty_database, "ingest", METADATA) == []
