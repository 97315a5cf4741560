"""What happened to alerts: many at a glance, one in full, and taken in hand."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from alerts.api import answers, telling
from alerts.api.parameters import Acknowledge, ListParameters, cursor
from alerts.api.tables import Snapshot, Tables
from alerts.api.telling import UNREADABLE, File
from common.database import DatabaseUnavailable
from common.problems import Problem

_log = structlog.get_logger()


class Reading:
    """Raises the 404 of an unknown alert, the 500 of one that cannot be read, the 503 of a database that is away."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def alerts(self, asked: ListParameters) -> answers.Alerts:
        wanted, before = asked.wanted(), asked.before()
        async with _reached(), self._tables.snapshot() as snapshot:
            rows = await snapshot.alerts(wanted, before=before, limit=asked.limit + 1)
            shown = rows[: asked.limit]
            files = await _files(snapshot, shown)
        return answers.Alerts(
            alerts=tuple(_listed(file) for file in files),
            next_cursor=cursor(shown[-1].seq) if len(rows) > len(shown) else None,
        )

    async def alert(self, signal_id: str) -> answers.Alert:
        async with _reached(), self._tables.snapshot() as snapshot:
            row = await snapshot.alert(signal_id)
            if row is None:
                raise _unknown()
            (file,) = await _files(snapshot, [row], every_attempt=True)
            episode = await snapshot.episode(row.account_id, row.episode)
        try:
            return telling.alert(file, episode=episode)
        except UNREADABLE as error:
            _report(file, error)
            detail = "this version of alerts cannot read the alert; it has been logged"
            raise Problem(500, "alert_unreadable", detail) from error

    async def acknowledge(self, signal_id: str, taken: Acknowledge) -> answers.Acknowledgement:
        async with _reached():
            row = await self._tables.acknowledge(signal_id, by=taken.by, note=taken.note or None)
        acknowledgement = None if row is None else telling.acknowledgement(row)
        if acknowledgement is None:
            raise _unknown()
        _log.info("episode.acknowledged", account_id=acknowledgement.account_id, episode=acknowledgement.episode)
        return acknowledgement


@asynccontextmanager
async def _reached() -> AsyncIterator[None]:
    try:
        yield
    except DatabaseUnavailable as error:
        _log.warning("database.unavailable", error=str(error))
        detail = "the database does not answer in time: ask again"
        raise Problem(503, "database_unavailable", detail, headers={"retry-after": "5"}) from error


async def _files(snapshot: Snapshot, rows: Sequence[Any], *, every_attempt: bool = False) -> list[File]:
    """In the order of the rows; without `every_attempt` each message brings its last failure only."""
    ids = [row.signal_id for row in rows]
    decisions = _by("signal_id", await snapshot.decisions(ids))
    notifications = await snapshot.notifications({row.account_id for row in rows}, ids)
    names = [one.notification_id for one in notifications]
    tried = await (snapshot.attempts(names) if every_attempt else snapshot.last_failures(names))
    attempts = _by("notification_id", tried)
    return [
        File(
            row,
            decisions.get(row.signal_id, ()),
            [one for one in notifications if row.signal_id in one.signals],
            attempts,
        )
        for row in rows
    ]


def _by(name: str, rows: Iterable[Any]) -> dict[str, Sequence[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return dict(found)


def _listed(file: File) -> answers.Listed:
    """One alert that cannot be read hides no other."""
    try:
        return telling.listed(file)
    except UNREADABLE as error:
        _report(file, error)
        return telling.unreadable(file, error=f"another version of alerts wrote it: {error}")


def _report(file: File, error: Exception) -> None:
    _log.error("alert.unreadable", signal_id=file.alert.signal_id, error=str(error), exc_info=error)


def _unknown() -> Problem:
    return Problem(404, "unknown_alert", "there is no alert with this id")
