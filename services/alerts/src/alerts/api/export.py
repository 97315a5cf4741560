"""The parts of alerts' export: the rows of its tables."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from alerts.postgres.export import EXPORTED, merged_into
from common.erasures.erasure_key import ErasureKey
from common.exports.account_exports import AccountExports, PostgresExportLookup
from common.exports.tables import TableSection


def alerts_exports(engine: AsyncEngine, *, key: ErasureKey | None, patience: float) -> AccountExports:
    """`patience` is the most that one page may take, in seconds."""
    return AccountExports(
        "alerts",
        [TableSection(one, engine, service="alerts", patience=patience) for one in EXPORTED],
        lookup=PostgresExportLookup(
            engine, service="alerts", erasures="erased", merged=merged_into(), patience=patience
        ),
        key=key,
        now=lambda: datetime.now(UTC),
    )


def row_schemas() -> dict[str, dict[str, Any]]:
    """By section, for the OpenAPI document."""
    return {one.name: one.row_schema() for one in EXPORTED}
