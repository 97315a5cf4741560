"""PostgreSQL as the read API uses it: every answer comes out of one snapshot, so that its parts fit."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.contracts.signals import Facts, Signal
from common.database import connected
from scoring.api import orders, queries
from scoring.api.asof import Pulse
from scoring.api.orders import Order, Place
from scoring.api.queries import Filter
from scoring.health.view import Day
from scoring.origin import Origin

_day = msgspec.json.Decoder(Day)
_signal = msgspec.json.Decoder(Signal)


class Stored(Struct, frozen=True):
    """An account's state as it is kept; no body is left of an account whose records were all set aside."""

    account_id: str
    partition: int
    body: bytes | None


class Ranking(Struct, frozen=True):
    """A finished ranking: the moment that its scores are of, and when it was begun. Seconds since the epoch."""

    ranking_id: int
    as_of: float
    begun: float


class Row(Struct, frozen=True):
    """An account's state, and what is known of it."""

    stored: Stored
    facts: Facts


class Snapshot:
    """The tables as they were at one moment."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def origin(self) -> Origin | None:
        """None before scoring has begun."""
        rows = await self._rows(queries.origin())
        return msgspec.convert(rows[0].origin, Origin) if rows else None

    async def pulses(self, partitions: int) -> dict[int, Pulse]:
        """By partition; one that was never begun has none."""
        return {
            row.partition: Pulse(row.clock, row.at, bool(row.caught_up), row.lag_seconds or 0.0, row.newest)
            for row in await self._rows(queries.pulses(partitions))
        }

    async def count(self, wanted: Filter) -> int:
        return int((await self._rows(queries.count(wanted)))[0][0])

    async def ranking(self, ranking_id: int | None = None) -> Ranking | None:
        """The finished ranking of this number, or the newest if it is gone; None before there is any."""
        rows = await self._rows(orders.chosen(ranking_id))
        return Ranking(rows[0].ranking_id, rows[0].as_of, rows[0].begun) if rows else None

    async def page(
        self, order: Order, wanted: Filter, *, after: Place | None, limit: int, matching: int
    ) -> list[Place]:
        """The next accounts behind that place, with what they are sorted by; so many are `matching` in all."""
        conditions = queries.conditions(wanted)
        found: list[Place] = []
        if after is None or after.key is not None:
            if conditions and matching > orders.WINDOW:
                found = await self._places(orders.near(order, conditions, after=after, limit=limit))
            if len(found) < limit:
                found = await self._places(orders.with_key(order, conditions, after=after, limit=limit))
            after = None
        if len(found) < limit:
            query = orders.without_key(order, conditions, after=after, limit=limit - len(found))
            found += [Place(None, row.account_id) for row in await self._rows(query)]
        return found

    async def rows(self, account_ids: Collection[str]) -> Mapping[str, Row]:
        """By account; unknown ones are left out."""
        found = await self._rows(queries.rows(account_ids))
        return {row.account_id: Row(_stored(row), _facts(row)) for row in found}

    async def days(self, account_id: str, *, first: date | None, last: date | None, limit: int) -> tuple[Day, ...]:
        rows = await self._rows(queries.days(account_id, first=first, last=last, limit=limit))
        return tuple(_day.decode(row[0]) for row in rows)

    async def signals(
        self, account_id: str, *, since: float | None, until: float | None, limit: int
    ) -> tuple[Signal, ...]:
        rows = await self._rows(queries.signals(account_id, since=since, until=until, limit=limit))
        return tuple(_signal.decode(row[0]) for row in rows)

    async def _places(self, query: Select[Any]) -> list[Place]:
        return [Place(row.key, row.account_id) for row in await self._rows(query)]

    async def _rows(self, query: Select[Any]) -> Sequence[Any]:
        rows: Sequence[Any] = (await self._connection.execute(query)).all()
        return rows


class Tables:
    def __init__(self, engine: AsyncEngine, *, patience: float) -> None:
        """`patience` is the most that one snapshot may be held, in seconds."""
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._patience = patience

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """Raises `DatabaseUnavailable`."""
        async with connected(self._engine, timeout=self._patience, service="scoring") as connection:
            yield Snapshot(connection)


def _stored(row: Any) -> Stored:
    return Stored(row.account_id, row.partition, row.body)


def _facts(row: Any) -> Facts:
    return Facts(**{name: getattr(row, name) for name in Facts.__struct_fields__})
