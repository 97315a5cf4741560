"""PostgreSQL for the API: every answer is read from one snapshot, so its parts are consistent."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alerts.api import queries
from alerts.api.filter import AlertFilter
from alerts.postgres.resend import resend_failed
from alerts.signals.score import SEVERITY_RANK
from common.database import connected

Rows = Sequence[Any]
_BY_RANK = {rank: severity for severity, rank in SEVERITY_RANK.items()}


class AlertsSnapshot:
    """The tables as they were at one moment. Rows have the columns of `queries`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def alerts(self, wanted: AlertFilter, *, before: int | None, limit: int) -> Rows:
        return await self._rows(queries.alerts(wanted, before=before, limit=limit))

    async def owners(self, wanted: AlertFilter, *, limit: int) -> Rows:
        return await self._rows(queries.owners(wanted, limit=limit))

    async def alert(self, signal_id: str) -> Any | None:
        rows = await self._rows(queries.one(signal_id))
        return rows[0] if rows else None

    async def episode(self, account_id: str, name: str) -> tuple[str, ...]:
        """The ids of its newest alerts, in the order in which they were recorded."""
        return tuple(row.signal_id for row in reversed(await self._rows(queries.episode(account_id, name))))

    async def decisions(self, signal_ids: Collection[str]) -> Rows:
        return await self._rows(queries.decisions(signal_ids)) if signal_ids else ()

    async def notifications(self, account_ids: Collection[str], signal_ids: Collection[str]) -> Rows:
        return await self._rows(queries.notifications(account_ids, signal_ids)) if signal_ids else ()

    async def last_failures(self, notification_ids: Collection[str]) -> Rows:
        return await self._rows(queries.last_failures(notification_ids)) if notification_ids else ()

    async def attempts(self, notification_ids: Collection[str]) -> Rows:
        return await self._rows(queries.attempts(notification_ids)) if notification_ids else ()

    async def _rows(self, query: Select[Any]) -> Rows:
        rows: Rows = (await self._connection.execute(query)).all()
        return rows


class AlertsDatabase:
    def __init__(self, engine: AsyncEngine, *, patience: float) -> None:
        """`patience` is the most that one request may hold a connection, in seconds."""
        self._engine = engine
        self._reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._patience = patience

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AlertsSnapshot]:
        """Raises `DatabaseUnavailable`."""
        async with connected(self._reading, timeout=self._patience, service="alerts") as connection:
            yield AlertsSnapshot(connection)

    async def acknowledge(self, signal_id: str, *, by: str, note: str | None) -> Any | None:
        """The acknowledgement of the alert's episode, None if there is no such alert. Raises `DatabaseUnavailable`.

        The first acknowledgement stays until something worse has been told.
        """
        async with (
            connected(self._engine, timeout=self._patience, service="alerts") as connection,
            connection.begin(),
        ):
            alert = (await connection.execute(queries.one(signal_id))).one_or_none()
            if alert is None:
                return None
            account_id, episode = alert.account_id, alert.episode
            worst = (await connection.execute(queries.worst(account_id, episode, signal_id=signal_id))).scalar_one()
            insert = queries.acknowledge(
                account_id, episode, signal_id=signal_id, severity=_BY_RANK[worst].value, by=by, note=note
            )
            acknowledgement = (await connection.execute(insert)).one_or_none()
            if acknowledgement is None:
                acknowledgement = (await connection.execute(queries.acknowledgements(account_id, episode))).one()
            return acknowledgement

    async def resend(self, signal_id: str, *, by: str | None) -> Sequence[str] | None:
        """The ids of the alert's failed messages, which are sent again; None if there is no such alert.

        Raises `DatabaseUnavailable`.
        """
        async with (
            connected(self._engine, timeout=self._patience, service="alerts") as connection,
            connection.begin(),
        ):
            if (await connection.execute(queries.one(signal_id))).one_or_none() is None:
                return None
            return await resend_failed(connection, alerts=(signal_id,), by=by)
