"""Lists alerts, shows one in full, acknowledges an episode."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from alerts.api import answers, from_rows
from alerts.api.database import AlertsDatabase, AlertsSnapshot
from alerts.api.from_rows import UNREADABLE, AlertRows
from alerts.api.parameters import Acknowledge, AlertListParameters, AlertOwnersParameters, cursor
from common.database_errors import DatabaseUnavailable
from common.problems import Problem, database_unavailable

_log = structlog.get_logger()


class AlertsService:
    """Raises `Problem`: 404 for an unknown alert, 500 for an unreadable one, 503 while the database is away."""

    def __init__(self, tables: AlertsDatabase) -> None:
        self._tables = tables

    async def alerts(self, asked: AlertListParameters) -> answers.Alerts:
        wanted, before = asked.wanted(), asked.before()
        async with _unavailable_as_503(), self._tables.snapshot() as snapshot:
            rows = await snapshot.alerts(wanted, before=before, limit=asked.limit + 1)
            shown = rows[: asked.limit]
            loaded = await _load(snapshot, shown)
        return answers.Alerts(
            alerts=tuple(_summary(one) for one in loaded),
            next_cursor=cursor(shown[-1].seq) if len(rows) > len(shown) else None,
        )

    async def owners(self, asked: AlertOwnersParameters) -> answers.AlertOwners:
        async with _unavailable_as_503(), self._tables.snapshot() as snapshot:
            rows = await snapshot.owners(asked.wanted(), limit=asked.limit + 1)
        found = tuple(from_rows.owner_alerts(row) for row in rows[: asked.limit])
        return answers.AlertOwners(owners=found, more=len(rows) > len(found))

    async def alert(self, signal_id: str) -> answers.Alert:
        async with _unavailable_as_503(), self._tables.snapshot() as snapshot:
            row = await snapshot.alert(signal_id)
            if row is None:
                raise _unknown()
            (loaded,) = await _load(snapshot, [row], every_attempt=True)
            episode = await snapshot.episode(row.account_id, row.episode)
        try:
            return from_rows.alert_detail(loaded, episode=episode)
        except UNREADABLE as error:
            _report(loaded, error)
            detail = "this version of alerts cannot read the alert; it has been logged"
            raise Problem(500, "alert_unreadable", detail) from error

    async def acknowledge(self, signal_id: str, request: Acknowledge) -> answers.Acknowledgement:
        async with _unavailable_as_503():
            row = await self._tables.acknowledge(signal_id, by=request.by, note=request.note or None)
        acknowledgement = None if row is None else from_rows.acknowledgement(row)
        if acknowledgement is None:
            raise _unknown()
        _log.info("episode.acknowledged", account_id=acknowledgement.account_id, episode=acknowledgement.episode)
        return acknowledgement

    async def resend(self, signal_id: str, *, by: str | None) -> answers.Resent:
        """Raises `Problem` 409 if no message of it has failed for good."""
        async with _unavailable_as_503():
            resent = await self._tables.resend(signal_id, by=by)
        if resent is None:
            raise _unknown()
        if not resent:
            raise Problem(409, "nothing_failed", "no message of this alert has failed for good")
        _log.info("messages.resent", signal_id=signal_id, notifications=resent)
        return answers.Resent(alert_id=signal_id, notification_ids=tuple(resent))


@asynccontextmanager
async def _unavailable_as_503() -> AsyncIterator[None]:
    try:
        yield
    except DatabaseUnavailable as error:
        raise database_unavailable(error) from error


async def _load(snapshot: AlertsSnapshot, rows: Sequence[Any], *, every_attempt: bool = False) -> list[AlertRows]:
    """In the order of the rows; without `every_attempt` only the last failure of each message."""
    ids = [row.signal_id for row in rows]
    decisions = _by("signal_id", await snapshot.decisions(ids))
    notifications = await snapshot.notifications({row.account_id for row in rows}, ids)
    names = [one.notification_id for one in notifications]
    tried = await (snapshot.attempts(names) if every_attempt else snapshot.last_failures(names))
    attempts = _by("notification_id", tried)
    return [
        AlertRows(
            row,
            decisions.get(row.signal_id, ()),
            [one for one in notifications if row.signal_id in (one.others or one.signals)],
            attempts,
        )
        for row in rows
    ]


def _by(name: str, rows: Iterable[Any]) -> dict[str, Sequence[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return dict(found)


def _summary(rows: AlertRows) -> answers.AlertSummary:
    """An alert that cannot be read is listed with an error, so that it hides no other."""
    try:
        return from_rows.alert_summary(rows)
    except UNREADABLE as error:
        _report(rows, error)
        return from_rows.unreadable_summary(rows, error=f"another version of alerts wrote it: {error}")


def _report(rows: AlertRows, error: Exception) -> None:
    _log.error("alert.unreadable", signal_id=rows.alert.signal_id, error=str(error), exc_info=error)


def _unknown() -> Problem:
    return Problem(404, "unknown_alert", "there is no alert with this id")
