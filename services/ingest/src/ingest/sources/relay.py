"""Sends announcements about sources to scoring: the oldest first, and again until scoring has accepted it."""

import asyncio
from enum import StrEnum
from typing import Protocol

import structlog

from common.database_errors import DATABASE_ERRORS
from common.retry import Outage
from common.stopping import stopped_within
from ingest.sources.outbox import ClaimedAnnouncement

_log = structlog.get_logger()


class FilingOutcome(StrEnum):
    """What became of one attempt to file an announcement."""

    FILED = "filed"
    REFUSED = "refused"  # would be refused again, so ingest gives it up
    KEY_REFUSED = "key_refused"
    NO_ROUTE = "no_route"  # another service, or an older release of scoring
    BUSY = "busy"
    UNREACHABLE = "unreachable"


class AnnouncementFiling(Protocol):
    async def file(self, body: str) -> FilingOutcome:
        """One attempt, with a timeout."""


class AnnouncementQueue(Protocol):
    """Each raises one of `DATABASE_ERRORS`."""

    async def claim(self) -> ClaimedAnnouncement | None: ...

    async def filed(self, announcement: ClaimedAnnouncement) -> None: ...

    async def give_up(self, announcement: ClaimedAnnouncement) -> None: ...

    async def retry(self, announcement: ClaimedAnnouncement) -> None: ...

    async def oldest_waiting(self) -> float: ...


class RelayMetrics(Protocol):
    def attempted(self, outcome: FilingOutcome) -> None: ...

    def waiting(self, seconds: float) -> None: ...


class AnnouncementRelay:
    """Sends what waits. Scoring knows announcements by id, so a repeated attempt after a crash changes nothing."""

    def __init__(
        self, queue: AnnouncementQueue, scoring: AnnouncementFiling, metrics: RelayMetrics, *, every: float
    ) -> None:
        self._queue = queue
        self._scoring = scoring
        self._metrics = metrics
        self._every = every
        self._outage = Outage("database")

    async def run(self, stop: asyncio.Event) -> None:
        """Looks every so many seconds."""
        while not stop.is_set():
            try:
                while not stop.is_set() and await self._file_oldest():
                    pass
                self._metrics.waiting(await self._queue.oldest_waiting())
                self._outage.end()
            except DATABASE_ERRORS as error:
                self._outage.report(error)
            await stopped_within(self._every, stop)

    async def _file_oldest(self) -> bool:
        """Sends the oldest; returns False if none is due, or the attempt failed."""
        announcement = await self._queue.claim()
        if announcement is None:
            return False
        outcome = await self._scoring.file(announcement.body)
        self._metrics.attempted(outcome)
        about = {"announcement": announcement.body, "attempts": announcement.attempts}
        match outcome:
            case FilingOutcome.FILED:
                await self._queue.filed(announcement)
                _log.info("announcement.filed", **about)
            case FilingOutcome.REFUSED:
                await self._queue.give_up(announcement)
                _log.error("announcement.refused", **about)
            case _:
                await self._queue.retry(announcement)
                _log.warning("announcement.waits", reason=outcome.value, **about)
                return False
        return True
