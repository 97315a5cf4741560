"""The requests in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import func, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import connected
from ingest.erasures.erasure import AskedErasure, StoredErasure
from ingest.erasures.schema import SCHEMA, erasure

_COLUMNS = [erasure.c[name] for name in StoredErasure.__struct_fields__]


class ErasureStore:
    """Every method raises `DatabaseUnavailable` if PostgreSQL does not answer within `patience` seconds."""

    def __init__(self, engine: AsyncEngine, *, patience: float = 10.0) -> None:
        self._engine = engine
        self._patience = patience

    async def file(self, asked: AskedErasure) -> StoredErasure:
        """The request that is in force for the account: this one, or the one before it."""
        new = insert(erasure).values(msgspec.structs.asdict(asked))
        unless_in_force = new.on_conflict_do_nothing(
            index_elements=[erasure.c.pseudonym], index_where=erasure.c.lifted_at.is_(None)
        )
        async with self._begun() as connection:
            await connection.execute(unless_in_force)
            query = select(*_COLUMNS).where(erasure.c.pseudonym == asked.pseudonym, erasure.c.lifted_at.is_(None))
            return _stored((await connection.execute(query)).one())

    async def find(self, erasure_id: str) -> StoredErasure | None:
        async with self._begun() as connection:
            query = select(*_COLUMNS).where(erasure.c.erasure_id == erasure_id)
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _stored(row)

    async def in_force(self, *, most: int) -> Sequence[StoredErasure]:
        """Those that are not lifted, the oldest first."""
        query = select(*_COLUMNS).where(erasure.c.lifted_at.is_(None)).order_by(erasure.c.filed_at).limit(most)
        async with self._begun() as connection:
            return [_stored(row) for row in await connection.execute(query)]

    async def newest(self, *, most: int) -> Sequence[StoredErasure]:
        """The newest first."""
        query = select(*_COLUMNS).order_by(erasure.c.filed_at.desc()).limit(most)
        async with self._begun() as connection:
            return [_stored(row) for row in await connection.execute(query)]

    async def announced(self, erasure_id: str) -> None:
        """The log has the announcement, so the account's id goes."""
        await self._set(erasure_id, announced_at=func.coalesce(erasure.c.announced_at, func.now()), account_id=null())

    async def ask_to_lift(self, erasure_id: str, *, by: str) -> None:
        """The first who asks counts."""
        await self._set(
            erasure_id,
            lift_asked_at=func.coalesce(erasure.c.lift_asked_at, func.now()),
            lift_asked_by=func.coalesce(erasure.c.lift_asked_by, by),
        )

    async def lifted(self, erasure_id: str) -> None:
        """The log has the lifting."""
        await self._set(erasure_id, lifted_at=func.coalesce(erasure.c.lifted_at, func.now()))

    async def _set(self, erasure_id: str, **values: Any) -> None:
        async with self._begun() as connection:
            await connection.execute(update(erasure).where(erasure.c.erasure_id == erasure_id).values(values))

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[AsyncConnection]:
        async with (
            connected(self._engine, timeout=self._patience, service=SCHEMA) as connection,
            connection.begin(),
        ):
            yield connection


def _stored(row: Any) -> StoredErasure:
    return StoredErasure(**row._mapping)
