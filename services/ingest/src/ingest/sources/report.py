"""The answers about sources: volume by the baseline, refused items, and how late events come."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from msgspec import Struct

from common.database_errors import DATABASE_ERRORS
from common.problems import Problem, database_unavailable
from ingest.publishing.event_names import EventName, EventNames
from ingest.sources.baseline import Baseline, hour_of_week
from ingest.sources.histories import HourReading, SourceHistories, hours_of, moment_of
from ingest.sources.judgement import SourceStatus, is_low, is_silent
from ingest.sources.store import AnnouncementStatus, StoredHour, StoredSource
from ingest.sources.volumes import LAG_BOUNDS

_PATIENCE: Final = 10.0
_DAYS: Final = 14
_MOST_NAMES: Final = 10


class SourceVolume(Struct, frozen=True):
    """Whole hours. `expected` is null while the source is learned."""

    events: int
    expected: float | None


class SourceSummary(Struct, frozen=True):
    """One source. Counts are of the last 24 whole hours, unless they say otherwise.

    `last_received_at` is when its newest live event was received. `refused` counts items by reason. `not_standard`
    counts accepted events of names that the event catalogue does not have, and `unknown_names` are some of them, as
    far as the process that answers has seen them. Half of the requests came at most `lag_seconds` after their last
    event happened; null: later than a day, or none came. `silent_since` is when the last event before its silence was
    received; `announcement` is about that silence, or about the end of the last one.
    """

    source: str
    status: SourceStatus
    has_key: bool
    last_received_at: datetime | None
    last_event_at: datetime | None
    this_hour: int
    last_hour: SourceVolume
    last_day: SourceVolume
    history: int
    refused: Mapping[str, int]
    not_standard: int
    unknown_names: Sequence[EventName]
    lag_seconds: int | None
    silent_since: datetime | None
    announcement: AnnouncementStatus


class SourcesAnswer(Struct, frozen=True):
    """All sources that have a key or were heard of in ten weeks, by name. `judged` is false in stream mode."""

    as_of: datetime
    judged: bool
    sources: Sequence[SourceSummary]


class SourceHour(Struct, frozen=True):
    """`history` are events of backfills, which have no part in the baseline."""

    hour: datetime
    events: int
    expected: float | None
    history: int
    not_standard: int


class SourceAnswer(Struct, frozen=True):
    """`profile` is what each of the 168 hours of a week usually brings, from Monday 00:00 UTC; null while learned.

    `hours` are those of the last 14 days in which anything is expected or came, the oldest first.
    """

    as_of: datetime
    judged: bool
    summary: SourceSummary
    profile: Sequence[float] | None
    hours: Sequence[SourceHour]


class SourceReading(HourReading, Protocol):
    """Each raises one of `DATABASE_ERRORS`."""

    async def sources(self) -> Sequence[StoredSource]: ...

    async def refusals(self, source: str, *, after: datetime) -> Mapping[str, int]: ...


class SourceReports:
    """Reads PostgreSQL for each answer; events of the last seconds may not be written yet, and are missing."""

    def __init__(
        self,
        store: SourceReading,
        names: EventNames,
        *,
        judged: bool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._names = names
        self._judged = judged
        self._now = now
        self._histories = SourceHistories(store)

    async def all(self) -> SourcesAnswer:
        """All sources. Raises a 503 while PostgreSQL does not answer."""
        now = self._now()
        try:
            async with asyncio.timeout(_PATIENCE):
                names = self._names.answer().names
                found = [await self._summary(stored, names, now) for stored in await self._store.sources()]
        except DATABASE_ERRORS as error:
            raise database_unavailable(error) from error
        return SourcesAnswer(now, self._judged, found)

    async def one(self, source: str) -> SourceAnswer:
        """One source. Raises a 404, or a 503 while PostgreSQL does not answer."""
        now = self._now()
        try:
            async with asyncio.timeout(_PATIENCE):
                stored = next((each for each in await self._store.sources() if each.source == source), None)
                if stored is None:
                    raise Problem(404, "unknown_source", "no key has this source, and no event of it was ever taken")
                summary = await self._summary(stored, self._names.answer().names, now)
                baseline = await self._baseline(stored)
                hours = await self._store.hours(source, after=_whole_hour(now) - timedelta(days=_DAYS))
        except DATABASE_ERRORS as error:
            raise database_unavailable(error) from error
        profile = [round(mean, 2) for mean in baseline.profile] if baseline is not None else None
        return SourceAnswer(now, self._judged, summary, profile, _source_hours(hours, baseline, now))

    async def _baseline(self, stored: StoredSource) -> Baseline | None:
        return (await self._histories.of(stored.source, stored.newest)).baseline if stored.newest else None

    async def _summary(self, stored: StoredSource, names: Sequence[EventName], now: datetime) -> SourceSummary:
        this_hour = _whole_hour(now)
        after = this_hour - timedelta(days=1)
        hours = await self._store.hours(stored.source, after=after)
        baseline = await self._baseline(stored)
        until = int(hours_of(this_hour))
        whole = {hour.hour: hour.events for hour in hours if hour.hour < until}
        return SourceSummary(
            source=stored.source,
            status=_status(stored, baseline, whole, now) if self._judged else _unjudged(stored),
            has_key=stored.active,
            last_received_at=stored.newest,
            last_event_at=max((hour.newest_event_at for hour in hours if hour.newest_event_at), default=None),
            this_hour=sum(hour.events for hour in hours if hour.hour >= until),
            last_hour=_volume(baseline, whole, range(until - 1, until)),
            last_day=_volume(baseline, whole, range(until - 24, until)),
            history=sum(hour.history for hour in hours),
            refused=await self._store.refusals(stored.source, after=after),
            not_standard=sum(hour.not_standard for hour in hours),
            unknown_names=[each for each in names if not each.standard and each.sample.source == stored.source][
                :_MOST_NAMES
            ],
            lag_seconds=_median_lag(hours),
            silent_since=stored.since if stored.silent else None,
            announcement=stored.announcement,
        )


def _status(stored: StoredSource, baseline: Baseline | None, counts: Mapping[int, int], now: datetime) -> SourceStatus:
    if stored.silent:
        return SourceStatus.SILENT
    if stored.newest is None or baseline is None:
        return _unjudged(stored)
    # The next round decides it, if none has yet.
    if is_silent(baseline, newest=hours_of(stored.newest), now=hours_of(now)):
        return SourceStatus.SILENT
    return SourceStatus.LOW if is_low(baseline, counts, now=hours_of(now)) else SourceStatus.USUAL


def _unjudged(stored: StoredSource) -> SourceStatus:
    return SourceStatus.NEVER if stored.newest is None else SourceStatus.LEARNING


def _volume(baseline: Baseline | None, counts: Mapping[int, int], hours: range) -> SourceVolume:
    expected = None if baseline is None else round(baseline.expected(hours.start, hours.stop), 1)
    return SourceVolume(sum(counts.get(hour, 0) for hour in hours), expected)


def _median_lag(hours: Sequence[StoredHour]) -> int | None:
    """The smallest of `LAG_BOUNDS` that at least half of the requests do not exceed."""
    counts = [sum(hour.lags[place] for hour in hours) for place in range(len(LAG_BOUNDS) + 1)]
    below = 0
    for bound, count in zip(LAG_BOUNDS, counts, strict=False):
        below += count
        if below and 2 * below >= sum(counts):
            return bound
    return None


def _source_hours(hours: Sequence[StoredHour], baseline: Baseline | None, now: datetime) -> list[SourceHour]:
    known = {hour.hour: hour for hour in hours}
    until = int(hours_of(now))
    found = []
    for hour in range(until - 24 * _DAYS, until + 1):
        stored = known.get(hour)
        expected = None if baseline is None else round(baseline.profile[hour_of_week(hour)], 2)
        if stored is None and not expected:
            continue
        counts = (stored.events, stored.history, stored.not_standard) if stored else (0, 0, 0)
        found.append(SourceHour(moment_of(hour), counts[0], expected, counts[1], counts[2]))
    return found


def _whole_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
