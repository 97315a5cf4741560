"""The table of announcements: filed once each, never revised, read in the order in which they were filed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, bindparam, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import connected
from scoring.postgres import schema

# The lock makes announcements commit in the order of their numbers: a reader that saw one number saw all before it.
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('scoring announcement', 0))")
_FILE: Final = text(
    "INSERT INTO scoring.announcement (id, body) VALUES (:id, :body) ON CONFLICT (id) DO NOTHING"
).bindparams(bindparam("id"), bindparam("body"))


class AnnouncementRow(Struct, frozen=True):
    id: str
    number: int
    body: str
    filed_at: datetime
    applied: int  # the number of partitions in which it took effect


class AnnouncementTable:
    """The table for the read API. All methods raise `DatabaseUnavailable`."""

    def __init__(self, engine: AsyncEngine, *, patience: float) -> None:
        """`patience` is the most that one call may take, in seconds."""
        self._engine = engine
        self._patience = patience

    async def file(self, announcement_id: str, body: str) -> AnnouncementRow:
        """Stores an announcement. Returns the row of its id, which is the older one if there was one."""
        async with connected(self._engine, timeout=self._patience, service="scoring") as connection:
            async with connection.begin():
                await connection.execute(_LOCK)
                await connection.execute(_FILE, {"id": announcement_id, "body": body})
            found = await connection.execute(_rows().where(schema.announcement.c.id == announcement_id))
            return _row(found.one())

    async def newest(self, *, before: int | None, limit: int) -> Sequence[AnnouncementRow]:
        """The newest first; with `before` only those with a smaller number."""
        number = schema.announcement.c.number
        query = _rows().order_by(number.desc()).limit(limit)
        if before is not None:
            query = query.where(number < before)
        async with connected(self._engine, timeout=self._patience, service="scoring") as connection:
            return [_row(one) for one in await connection.execute(query)]


def newest_number() -> Select[Any]:
    return select(func.coalesce(func.max(schema.announcement.c.number), 0))


def unread(partition: int, *, after: int, limit: int) -> Select[Any]:
    """Announcements after a number that have not taken effect in the partition, in the order of their numbers."""
    row, applied = schema.announcement.c, schema.applied.c
    took_effect = exists().where(applied.partition == partition, applied.id == row.id)
    query = select(row.number, row.body).where(row.number > after, ~took_effect)
    return query.order_by(row.number).limit(limit)


def _rows() -> Select[Any]:
    row, applied, journal = schema.announcement, schema.applied.c, schema.journal.c
    # By partition, for the key of `applied` begins with it.
    partitions = select(journal.partition).where(journal.seq == 0).scalar_subquery()
    took_effect = select(func.count()).where(applied.partition.in_(partitions), applied.id == row.c.id)
    return select(row, took_effect.scalar_subquery().label("applied"))


def _row(row: Any) -> AnnouncementRow:
    return AnnouncementRow(row.id, row.number, row.body, row.filed_at, row.applied)
