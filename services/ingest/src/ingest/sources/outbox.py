"""Announcements that scoring has not accepted yet. Every call may raise one of `DATABASE_ERRORS`."""

from typing import Final

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ingest.sources.announcement import FeedAnnouncement

# Longer than an attempt takes: after it the process that claimed the row has failed or died.
_CLAIM_SECONDS: Final = 60
_LONGEST_PAUSE: Final = 300

_ENQUEUE = text("""
INSERT INTO ingest.announcement_outbox (id, body) VALUES (:id, :body) ON CONFLICT (id) DO NOTHING
""")
# Only the oldest one is sent, so that scoring gets a pause before its end.
_CLAIM = text("""
UPDATE ingest.announcement_outbox
SET attempts = attempts + 1, retry_at = now() + make_interval(secs => :seconds)
WHERE n = (SELECT n FROM ingest.announcement_outbox ORDER BY n LIMIT 1 FOR UPDATE) AND retry_at <= now()
RETURNING n, id, body, attempts
""")
_FILED = (
    text("UPDATE ingest.source_state SET filed_at = now() WHERE announcement_id = :id AND filed_at IS NULL"),
    text("DELETE FROM ingest.announcement_outbox WHERE id = :id"),
)
_REMOVE = text("DELETE FROM ingest.announcement_outbox WHERE id = :id")
_RETRY = text("""
UPDATE ingest.announcement_outbox SET retry_at = now() + make_interval(secs => least(:longest, power(2, :attempts)))
WHERE id = :id
""")
_WAITING = text("""
SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float FROM ingest.announcement_outbox
""")


class ClaimedAnnouncement(Struct, frozen=True):
    id: str
    body: str
    attempts: int


async def enqueue(connection: AsyncConnection, announcement: FeedAnnouncement) -> None:
    """Call it in the transaction of the decision. An id that waits already is not changed."""
    await connection.execute(_ENQUEUE, {"id": announcement.id, "body": announcement.encoded()})


class AnnouncementOutbox:
    """The queue of all processes: only one process at a time gets an announcement."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def claim(self) -> ClaimedAnnouncement | None:
        """The oldest announcement, if it is due. No other process gets it for a minute."""
        async with self._engine.begin() as connection:
            row = (await connection.execute(_CLAIM, {"seconds": _CLAIM_SECONDS})).first()
        return ClaimedAnnouncement(row.id, row.body, row.attempts) if row else None

    async def filed(self, announcement: ClaimedAnnouncement) -> None:
        async with self._engine.begin() as connection:
            for statement in _FILED:
                await connection.execute(statement, {"id": announcement.id})

    async def give_up(self, announcement: ClaimedAnnouncement) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(_REMOVE, {"id": announcement.id})

    async def retry(self, announcement: ClaimedAnnouncement) -> None:
        """Makes it due again after a pause that doubles with each attempt, up to five minutes."""
        pause = {"id": announcement.id, "attempts": min(announcement.attempts, 30), "longest": _LONGEST_PAUSE}
        async with self._engine.begin() as connection:
            await connection.execute(_RETRY, pause)

    async def oldest_waiting(self) -> float:
        """Seconds since the oldest waiting announcement was decided; 0 if none waits."""
        async with self._engine.connect() as connection:
            return float((await connection.execute(_WAITING)).scalar_one())
