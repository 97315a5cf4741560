"""The table of rejects, which `GET /v1/rejects` lists."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import connected
from ingest.errors import FieldError
from ingest.rejects.rejected import Rejected
from ingest.schema import reject

_TIMEOUT = 5.0  # seconds


class RejectFilter(Struct, frozen=True, kw_only=True):
    """The filters of a list. `before` is the id at which the former page ended."""

    source: str | None = None
    reason: str | None = None
    format: str | None = None
    since: datetime | None = None
    before: int | None = None


class ListedReject(Struct, frozen=True):
    id: int
    rejected: Rejected


class RejectStore:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def insert(self, rejected: Sequence[Rejected]) -> None:
        """Raises one of `DATABASE_ERRORS`."""
        rows = [{**msgspec.structs.asdict(one), "errors": msgspec.to_builtins(one.errors)} for one in rejected]
        async with asyncio.timeout(_TIMEOUT), self._engine.begin() as connection:
            await connection.execute(insert(reject), [_storable(row) for row in rows])

    async def prune(self, keep: int) -> None:
        """Deletes all but the newest `keep`. Raises one of `DATABASE_ERRORS`."""
        newest = select(func.max(reject.c.id)).scalar_subquery()
        async with asyncio.timeout(_TIMEOUT), self._engine.begin() as connection:
            await connection.execute(delete(reject).where(reject.c.id <= newest - keep))

    async def page(self, wanted: RejectFilter, *, limit: int) -> list[ListedReject]:
        """At most `limit` rejects, the newest first. Raises `DatabaseUnavailable`."""
        query = select(reject).order_by(reject.c.id.desc()).limit(limit)
        for column, value in ((reject.c.source, wanted.source), (reject.c.reason, wanted.reason)):
            if value is not None:
                query = query.where(column == value)
        if wanted.format is not None:
            query = query.where(reject.c.format == wanted.format)
        if wanted.since is not None:
            query = query.where(reject.c.at >= wanted.since)
        if wanted.before is not None:
            query = query.where(reject.c.id < wanted.before)
        async with connected(self._engine, timeout=_TIMEOUT, service="ingest") as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [ListedReject(row["id"], _read({**row})) for row in rows]


def _storable(row: dict[str, Any]) -> dict[str, Any]:
    """The row without U+0000, which clients may send and PostgreSQL cannot store in a text."""
    errors = [_without_nul(error) for error in row["errors"]]
    return {**_without_nul(row), "errors": errors}


def _without_nul(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value.replace("\0", "?") if isinstance(value, str) else value for name, value in found.items()}


def _read(row: dict[str, object]) -> Rejected:
    row.pop("id")
    row["errors"] = msgspec.convert(row["errors"], tuple[FieldError, ...])
    return Rejected(**row)  # type: ignore[arg-type]
