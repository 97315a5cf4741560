"""Counts what each source sends, by the hour, until it is written to PostgreSQL."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct, field

from common.contracts.events import Event
from ingest.errors import FieldErrorReason

# Seconds from the last event of a request until it was received; the last count has the longer ones.
LAG_BOUNDS: Final = (1, 10, 60, 300, 3600, 86_400)
# Rows that are kept while PostgreSQL is away: two days of 50 sources.
MOST_HOURS: Final = 2_400
_HOUR: Final = timedelta(hours=1)


class HourKey(Struct, frozen=True):
    """`hour` is a whole hour in UTC."""

    source: str
    hour: datetime


class HourCounts(Struct):
    """What one source sent in one hour and is not written yet.

    `events` are accepted live events, `history` those of backfills, `not_standard` accepted events of names that the
    event catalogue does not have. `refused` counts items by the reasons of their errors. `lags` counts requests, by
    `LAG_BOUNDS`: from the time of the last event until it was received.
    """

    events: int = 0
    history: int = 0
    not_standard: int = 0
    newest_event_at: datetime | None = None
    newest_received_at: datetime | None = None
    lags: list[int] = field(default_factory=lambda: [0] * (len(LAG_BOUNDS) + 1))
    refused: Counter[FieldErrorReason] = field(default_factory=Counter)

    def add(self, other: "HourCounts") -> None:
        self.events += other.events
        self.history += other.history
        self.not_standard += other.not_standard
        self.newest_event_at = _later(self.newest_event_at, other.newest_event_at)
        self.newest_received_at = _later(self.newest_received_at, other.newest_received_at)
        self.lags = [mine + more for mine, more in zip(self.lags, other.lags, strict=True)]
        self.refused.update(other.refused)


class SourceVolumes:
    """Counts for every route that takes events. Call `accepted` once for each request, `refused` for refused items.

    The number of keys bounds that of sources. While PostgreSQL is away, `most_hours` rows are kept; `dropped` counts
    the rows that were dropped for want of room.
    """

    def __init__(
        self, *, most_hours: int = MOST_HOURS, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._most_hours = most_hours
        self._now = now
        self._hours: dict[HourKey, HourCounts] = {}
        # The last hour of each source: most requests fall into the hour of the one before.
        self._newest: dict[str, tuple[datetime, HourCounts]] = {}
        self.dropped = 0

    def accepted(self, source: str, events: Sequence[Event], *, not_standard: int) -> None:
        """The acknowledged events of one request, at least one. Its cost does not depend on their number."""
        last = events[-1]
        received = last.received_at
        counts = self._at(source, received)
        counts.not_standard += not_standard
        if last.history:
            counts.history += len(events)
            return
        counts.events += len(events)
        if counts.newest_event_at is None or last.time > counts.newest_event_at:
            counts.newest_event_at = last.time
        if counts.newest_received_at is None or received > counts.newest_received_at:
            counts.newest_received_at = received
        counts.lags[bisect_left(LAG_BOUNDS, (received - last.time).total_seconds())] += 1

    def refused(self, source: str, reasons: Iterable[FieldErrorReason]) -> None:
        """One reason for each refused item."""
        self._at(source, self._now()).refused.update(reasons)

    def take(self) -> Mapping[HourKey, HourCounts]:
        """Takes the counts since the last call; the caller writes them, or gives them back."""
        taken, self._hours, self._newest = self._hours, {}, {}
        return taken

    def give_back(self, hours: Mapping[HourKey, HourCounts]) -> None:
        """Adds counts that could not be written to those that came meanwhile."""
        newer, self._hours, self._newest = self._hours, dict(hours), {}
        for key, counts in newer.items():
            if key in self._hours:
                self._hours[key].add(counts)
            else:
                self._hours[key] = counts
        while len(self._hours) > self._most_hours:
            # The oldest first: the newest say whether a source is silent.
            del self._hours[min(self._hours, key=lambda key: key.hour)]
            self.dropped += 1

    def _at(self, source: str, moment: datetime) -> HourCounts:
        newest = self._newest.get(source)
        if newest is not None and timedelta(0) <= moment - newest[0] < _HOUR:
            return newest[1]
        hour = moment.replace(minute=0, second=0, microsecond=0)
        counts = self._hours.setdefault(HourKey(source, hour), HourCounts())
        self._newest[source] = hour, counts
        return counts


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)
