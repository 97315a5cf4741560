"""No table is forgotten in an export: each is exported, or there is a reason why it is not."""

from collections.abc import Mapping

import pytest
from sqlalchemy import text

from alerts.postgres import export as alerts
from common.database import engine
from ingest.exports import account_rows as ingest
from scoring.api import export as scoring_api
from scoring.postgres import export as scoring

# By service: the sections of its export, and the reasons of the tables that have none.
EXPORTS: Mapping[str, tuple[set[str], Mapping[str, str]]] = {
    "scoring": (set(scoring_api.row_schemas()), scoring.NOT_EXPORTED),
    "alerts": ({one.name for one in alerts.EXPORTED}, alerts.NOT_EXPORTED),
    "ingest": ({one.name for one in ingest.EXPORTED}, ingest.NOT_EXPORTED),
}
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = :schema"
# Whatever names an account or a person in a column of its own.
_NAMING = """
SELECT DISTINCT table_name FROM information_schema.columns
WHERE table_schema = :schema AND column_name IN ('account_id', 'account_ids', 'user_id', 'pseudonym', 'email')
"""


async def names(database: str, query: str, schema: str) -> set[str]:
    connected = engine(database, pool_size=1)
    try:
        async with connected.connect() as connection:
            return set((await connection.execute(text(query), {"schema": schema})).scalars())
    finally:
        await connected.dispose()


@pytest.mark.parametrize("service", EXPORTS)
async def test_every_table_is_exported_or_has_a_reason(database: str, service: str) -> None:
    exported, reasons = EXPORTS[service]
    tables = await names(database, _TABLES, service)
    assert tables - exported - reasons.keys() == set(), "a new table: export it, or say why not"
    assert exported | reasons.keys() == tables, "no table of this name"
    assert not exported & reasons.keys()
    assert all(reasons.values())
    assert await names(database, _NAMING, service) - exported == set(), "it names accounts or people"


@pytest.mark.parametrize("service", EXPORTS)
def test_the_order_of_pages_can_be_gone_on_with(service: str) -> None:
    """Pages end at a row that no other one equals, or rows would be lost between two pages."""
    for one in {"scoring": scoring, "alerts": alerts, "ingest": ingest}[service].EXPORTED:
        place = [one.table.c[name] for name in one.order]
        assert not any(column.nullable for column in place), one.name
        fixed = {"account_id"} if "account_id" in one.table.c else {"pseudonym", "partition"}
        keys = {column.name for column in one.table.primary_key}
        assert keys - fixed <= set(one.order) or one.order == ("seq",), one.name
