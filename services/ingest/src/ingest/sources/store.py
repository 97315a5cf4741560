"""The statements about sources. Every call raises one of `DATABASE_ERRORS` while PostgreSQL does not answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ARRAY, BigInteger, DateTime, Row, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine

from ingest.sources.announcement import FeedAnnouncement, paused, resumed
from ingest.sources.outbox import enqueue
from ingest.sources.volumes import HourCounts, HourKey

KEPT: Final = timedelta(weeks=10)

_MOMENTS, _NUMBERS, _TEXTS = ARRAY(DateTime(timezone=True)), ARRAY(BigInteger), ARRAY(Text)
# Rows in one order, so that two processes cannot deadlock.
_ADD_HOURS = text("""
INSERT INTO ingest.source_hour AS known
    (source, hour, events, history, not_standard, newest_event_at, newest_received_at, lags)
SELECT source, hour, events, history, not_standard, newest_event_at, newest_received_at,
    string_to_array(lags, ',')::bigint[]
FROM unnest(:sources, :hours, :events, :history, :not_standard, :event_times, :received_times, :lags)
    AS new (source, hour, events, history, not_standard, newest_event_at, newest_received_at, lags)
ORDER BY source, hour
ON CONFLICT (source, hour) DO UPDATE SET
    events = known.events + excluded.events, history = known.history + excluded.history,
    not_standard = known.not_standard + excluded.not_standard,
    newest_event_at = greatest(known.newest_event_at, excluded.newest_event_at),
    newest_received_at = greatest(known.newest_received_at, excluded.newest_received_at),
    lags = ARRAY(SELECT one + other FROM unnest(known.lags, excluded.lags) WITH ORDINALITY AS pair (one, other, place)
                 ORDER BY place)
""").bindparams(
    bindparam("sources", type_=_TEXTS),
    bindparam("hours", type_=_MOMENTS),
    bindparam("events", type_=_NUMBERS),
    bindparam("history", type_=_NUMBERS),
    bindparam("not_standard", type_=_NUMBERS),
    bindparam("event_times", type_=_MOMENTS),
    bindparam("received_times", type_=_MOMENTS),
    bindparam("lags", type_=_TEXTS),
)
_ADD_REFUSALS = text("""
INSERT INTO ingest.source_refusal AS known (source, hour, reason, items)
SELECT * FROM unnest(:sources, :hours, :reasons, :items) AS new (source, hour, reason, items)
ORDER BY source, hour, reason
ON CONFLICT (source, hour, reason) DO UPDATE SET items = known.items + excluded.items
""").bindparams(
    bindparam("sources", type_=_TEXTS),
    bindparam("hours", type_=_MOMENTS),
    bindparam("reasons", type_=_TEXTS),
    bindparam("items", type_=_NUMBERS),
)
_PRUNE = tuple(text(f"DELETE FROM ingest.{table} WHERE hour < :before") for table in ("source_hour", "source_refusal"))
# A source with events and without any key is listed, too, as long as its rows stay.
_SOURCES = text("""
SELECT coalesce(keys.source, heard.source) AS source, coalesce(keys.active, false) AS active,
    heard.newest, state.silent, state.since, state.announcement_id, state.filed_at, outbox.n IS NOT NULL AS waits
FROM (SELECT source, bool_or(revoked_at IS NULL) AS active FROM ingest.api_key
      WHERE scopes && ARRAY['write', 'events', 'webhooks'] GROUP BY source) AS keys
FULL JOIN (SELECT source, max(newest_received_at) AS newest FROM ingest.source_hour GROUP BY source) AS heard
    USING (source)
LEFT JOIN ingest.source_state AS state ON state.source = coalesce(keys.source, heard.source)
LEFT JOIN ingest.announcement_outbox AS outbox ON outbox.id = state.announcement_id
ORDER BY 1
""")
_HOURS = text("""
SELECT extract(epoch FROM hour)::bigint / 3600 AS hour, events, history, not_standard, newest_event_at, lags
FROM ingest.source_hour WHERE source = :source AND hour >= :after ORDER BY hour
""")
_REFUSALS = text("""
SELECT reason, sum(items)::bigint AS items FROM ingest.source_refusal
WHERE source = :source AND hour >= :after GROUP BY reason ORDER BY items DESC, reason
""")
# Another process may have written newer events since the caller read, or may have decided before.
_PAUSE = text("""
INSERT INTO ingest.source_state AS known (source, silent, since, announcement_id)
SELECT :source, true, :since, :id
WHERE NOT EXISTS (SELECT 1 FROM ingest.source_hour WHERE source = :source AND newest_received_at > :since)
ON CONFLICT (source) DO UPDATE SET
    silent = true, since = excluded.since, changed_at = now(), announcement_id = excluded.announcement_id,
    filed_at = NULL
WHERE NOT known.silent AND known.since < excluded.since
RETURNING source
""")
_RESUME = text("""
UPDATE ingest.source_state SET silent = false, changed_at = now(), announcement_id = :id, filed_at = NULL
WHERE source = :source AND silent AND since = :since
RETURNING source
""")


class AnnouncementStatus(StrEnum):
    """Whether scoring was told of a source's silence, or of its end."""

    NONE = "none"  # the source has never been silent
    NOT_CONFIGURED = "not_configured"  # only operators are told
    WAITING = "waiting"
    FILED = "filed"
    REFUSED = "refused"  # scoring will never accept it


class StoredSource(Struct, frozen=True):
    """`active`: it has a key that may post and is not revoked. `since` and `announcement` are of the last decision."""

    source: str
    active: bool
    newest: datetime | None
    silent: bool
    since: datetime | None
    announcement: AnnouncementStatus


class StoredHour(Struct, frozen=True):
    """`hour` is in hours since the epoch."""

    hour: int
    events: int
    history: int
    not_standard: int
    newest_event_at: datetime | None
    lags: Sequence[int]


class SourceStore:
    """The tables about sources. `announces`: decisions are sent to scoring, too."""

    def __init__(self, engine: AsyncEngine, *, announces: bool) -> None:
        self._engine = engine
        self._announces = announces

    async def add(self, hours: Mapping[HourKey, HourCounts]) -> None:
        """Adds counts to the stored ones, in one transaction."""
        async with self._engine.begin() as connection:
            await connection.execute(_ADD_HOURS, _hour_parameters(hours))
            if refusals := _refusal_parameters(hours):
                await connection.execute(_ADD_REFUSALS, refusals)

    async def prune(self, now: datetime) -> None:
        async with self._engine.begin() as connection:
            for statement in _PRUNE:
                await connection.execute(statement, {"before": now - KEPT})

    async def sources(self) -> Sequence[StoredSource]:
        """All sources that have a key or sent events, by name."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_SOURCES)).all()
        return [
            StoredSource(
                source=row.source,
                active=row.active,
                newest=row.newest,
                silent=bool(row.silent),
                since=row.since,
                announcement=_announcement(row),
            )
            for row in rows
        ]

    async def hours(self, source: str, *, after: datetime) -> Sequence[StoredHour]:
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_HOURS, {"source": source, "after": after})).all()
        return [StoredHour(*row) for row in rows]

    async def refusals(self, source: str, *, after: datetime) -> Mapping[str, int]:
        """Refused items by reason, the most frequent first."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_REFUSALS, {"source": source, "after": after})).all()
        return Counter({row.reason: row.items for row in rows})

    async def pause(self, source: str, *, since: datetime) -> bool:
        """Stores a pause with its announcement; True for the one process whose decision counts."""
        return await self._decide(_PAUSE, paused(source, since), source, since)

    async def resume(self, source: str, *, since: datetime) -> bool:
        """The same for the end of the pause that began at `since`."""
        return await self._decide(_RESUME, resumed(source, since), source, since)

    async def _decide(self, decision: Any, announcement: FeedAnnouncement, source: str, since: datetime) -> bool:
        parameters = {"source": source, "since": since, "id": announcement.id if self._announces else None}
        async with self._engine.begin() as connection:
            if (await connection.execute(decision, parameters)).first() is None:
                return False
            if self._announces:
                await enqueue(connection, announcement)
        return True


def _announcement(row: Row[Any]) -> AnnouncementStatus:
    if row.since is None:
        return AnnouncementStatus.NONE
    if row.announcement_id is None:
        return AnnouncementStatus.NOT_CONFIGURED
    if row.filed_at is not None:
        return AnnouncementStatus.FILED
    return AnnouncementStatus.WAITING if row.waits else AnnouncementStatus.REFUSED


def _hour_parameters(hours: Mapping[HourKey, HourCounts]) -> dict[str, Any]:
    counts = list(hours.values())
    return {
        "sources": [key.source for key in hours],
        "hours": [key.hour for key in hours],
        "events": [each.events for each in counts],
        "history": [each.history for each in counts],
        "not_standard": [each.not_standard for each in counts],
        "event_times": [each.newest_event_at for each in counts],
        "received_times": [each.newest_received_at for each in counts],
        # As texts, because unnest would flatten arrays of arrays.
        "lags": [",".join(map(str, each.lags)) for each in counts],
    }


def _refusal_parameters(hours: Mapping[HourKey, HourCounts]) -> dict[str, Any]:
    rows = [(key, reason, items) for key, counts in hours.items() for reason, items in counts.refused.items()]
    if not rows:
        return {}
    return {
        "sources": [key.source for key, _, _ in rows],
        "hours": [key.hour for key, _, _ in rows],
        "reasons": [reason.value for _, reason, _ in rows],
        "items": [items for _, _, items in rows],
    }
