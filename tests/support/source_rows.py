"""Rows of sources as a test puts them into PostgreSQL, and a source that was heard for weeks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.sources.store import SourceStore
from ingest.sources.volumes import HourCounts, HourKey


def hours(source: str, *, last: datetime, weeks: int, count: int = 100) -> Mapping[HourKey, HourCounts]:
    """So many events in each hour, day and night, until `last`."""
    whole = last.replace(minute=0, second=0, microsecond=0)
    moments = [whole - timedelta(hours=back) for back in range(weeks * 168)]
    return {
        HourKey(source, hour): HourCounts(
            events=count, newest_event_at=(at := min(last, hour + timedelta(minutes=59))), newest_received_at=at
        )
        for hour in moments
    }


async def heard(pool: AsyncEngine, source: str, *, last: datetime, weeks: int = 8, count: int = 100) -> None:
    await SourceStore(pool, announces=False).add(hours(source, last=last, weeks=weeks, count=count))


async def rows(pool: AsyncEngine, query: str) -> Sequence[dict[str, Any]]:
    async with pool.connect() as connection:
        return [dict(row) for row in (await connection.execute(text(query))).mappings()]
