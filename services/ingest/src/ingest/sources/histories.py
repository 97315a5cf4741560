"""The last weeks of each source with its baseline; read again when a new hour has events."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from msgspec import Struct

from ingest.sources.baseline import WEEKS, Baseline, learn
from ingest.sources.store import StoredHour


class HourReading(Protocol):
    async def hours(self, source: str, *, after: datetime) -> Sequence[StoredHour]:
        """The stored hours after a moment, in order. Raises one of `DATABASE_ERRORS`."""


class SourceHistory(Struct, frozen=True):
    """`counts` are live events by hour since the epoch, up to `newest`, the hour of the newest event."""

    newest: int
    counts: Mapping[int, int]
    baseline: Baseline | None


class SourceHistories:
    """Holds one history for each source, of about 100 kB."""

    def __init__(self, store: HourReading) -> None:
        self._store = store
        self._known: dict[str, SourceHistory] = {}

    async def of(self, source: str, newest: datetime) -> SourceHistory:
        """The history of a source; `newest` is when its newest event was received."""
        hour = int(hours_of(newest))
        known = self._known.get(source)
        if known is None or known.newest != hour:
            rows = await self._store.hours(source, after=newest - timedelta(weeks=WEEKS, hours=1))
            counts = {row.hour: row.events for row in rows if row.events}
            known = self._known[source] = SourceHistory(hour, counts, learn(counts, newest=hour))
        return known


def hours_of(moment: datetime) -> float:
    """Hours since the epoch."""
    return moment.timestamp() / 3600


def moment_of(hour: float) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC)
