"""How many messages are unsent or failed and how many signals wait, counted in the tables every few seconds."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import Select, func, null, select, true
from sqlalchemy.ext.asyncio import AsyncEngine

from alerts.metrics import AlertsMetrics, QueueDepth
from alerts.postgres.schema import alert, attempt, gathered, gathering, notification
from common.database_errors import DATABASE_ERRORS, error_text
from common.stopping import stopped_within

_log = structlog.get_logger()
_WEEK = 7 * 86_400.0


class QueueDepthMonitor:
    """Every replica shows the same numbers, for all count the same tables. All times are seconds."""

    def __init__(
        self,
        engine: AsyncEngine,
        metrics: AlertsMetrics,
        *,
        every: float = 5.0,
        patience: float = 5.0,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._metrics = metrics
        self._every = every
        self._patience = patience
        self._steady = steady
        self._read_at: float | None = None
        self._oldest_unsent = 0.0
        self._away = False
        metrics.watch(tables_age=self.age, oldest_unsent=self.oldest_unsent)

    def age(self) -> float:
        """Since the tables were read; infinite before the first time."""
        return float("inf") if self._read_at is None else self._steady() - self._read_at

    def oldest_unsent(self) -> float:
        """Since the oldest unsent message was first due; 0 if there was none when the tables were read."""
        return self._oldest_unsent + self.age() if self._oldest_unsent else 0.0

    async def keep(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.measure()
            await stopped_within(self._every, stop)

    async def measure(self) -> None:
        """Once. While the database is away the last numbers stay, and their age grows."""
        asked = self._steady()
        try:
            async with asyncio.timeout(self._patience), self._engine.connect() as connection:
                row = (await connection.execute(_depth())).one()
        except DATABASE_ERRORS as error:
            if not self._away:
                _log.warning("depths.unreadable", error=error_text(error))
            self._away = True
            return
        self._away, self._read_at = False, asked
        self._oldest_unsent = row.oldest
        self._metrics.measured(
            QueueDepth(unsent=row.unsent, held=row.held, gathered=row.gathered, waiting=row.waiting, failed=row.failed)
        )


def _depth() -> Select[Any]:
    now = func.extract("epoch", func.clock_timestamp())
    begun = (
        select(func.min(attempt.c.started).label("at"))
        .where(attempt.c.notification_id == notification.c.notification_id)
        .lateral()
    )
    # Before the first attempt `due` is the wall time of the decision; every retry moves it.
    first_due = func.least(notification.c.due, begun.c.at)
    pending = (
        select(
            func.count().label("unsent"),
            func.greatest(0.0, now - func.coalesce(func.min(first_due), now)).label("oldest"),
        )
        .select_from(notification.join(begun, true()))
        .where(notification.c.status == "pending")
        .subquery()
    )
    held = select(func.count()).where(notification.c.status == "held").scalar_subquery()
    waiting = select(func.count()).where(alert.c.waiting).scalar_subquery()
    gathered_now = select(func.count()).select_from(
        gathered.join(gathering, gathering.c.gathering_id == gathered.c.gathering_id)
    )
    # A message that failed with ways left, or with a fallback, was handed on.
    failed = (
        select(func.count())
        .where(
            notification.c.status == "failed",
            notification.c.done > now - _WEEK,
            func.json_array_length(notification.c.ways) <= 1,
            notification.c.fallback.is_(null()),
        )
        .scalar_subquery()
    )
    return select(
        pending.c.unsent,
        pending.c.oldest,
        held.label("held"),
        gathered_now.scalar_subquery().label("gathered"),
        waiting.label("waiting"),
        failed.label("failed"),
    )
