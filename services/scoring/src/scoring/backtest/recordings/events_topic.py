"""The running system's own events, read from their topic: whole, and outside the group of the workers."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from common.bus.ports import Admin, Consumer, Record
from common.contracts.events import Erasure, Event, Lifting, decode_events_record
from scoring.backtest.errors import TooFewEvents
from scoring.backtest.recordings.erased_in_log import ErasedInLog
from scoring.backtest.recordings.recording import Recording, RecordingBuilder

_POLL_SECONDS = 0.5
_MOST_RECORDS = 10_000
_ERASURE = (b'{"type":"eras', b'{"type":"user.eras')  # how records of erasures and their liftings begin


class Log(Protocol):
    """Makes the two clients of one broker."""

    def consumer(self, topic: str) -> Consumer:
        """In a group of its own, so that the workers keep their partitions."""

    def admin(self) -> Admin: ...


async def read_events_topic(
    log: Log,
    topic: str,
    *,
    since: float,
    until: float,
    decisions: Iterable[tuple[str, float]] = (),
    progress: Callable[[int], None] = lambda count: None,
) -> Recording:
    """All events with a record time from `since` on (UTC), up to the end that each partition has when it is reached.

    Time passes to `until`, or to the newest record if that is later. `decisions` say who left, and when (UTC).
    Raises `BusUnavailable`, or `TooFewEvents` if there is no such topic or event.
    """
    partitions = await log.admin().partitions(topic)
    if partitions is None:
        raise TooFewEvents(f"the broker has no topic {topic}")
    erased = ErasedInLog()
    reading = await _read(log, topic, partitions, _Reading(since, note=erased.note), progress)
    # An erasure stands behind the records that it takes away, so they are left out when all of it is known.
    if erased:
        reading = await _read(log, topic, partitions, _Reading(since, as_counted=erased.as_counted), progress)
    for account_id, at in decisions:
        reading.builder.decide(account_id, at)
    return reading.builder.build(end=max(until, reading.newest))


async def _read(
    log: Log, topic: str, partitions: int, reading: "_Reading", progress: Callable[[int], None]
) -> "_Reading":
    """The topic from its beginning up to the end that each partition has when it is reached."""
    consumer, assigned = log.consumer(topic), asyncio.Event()

    async def on_assigned(given: frozenset[int]) -> None:
        for partition in given:
            consumer.seek(partition, await log.admin().earliest(topic, partition))
        assigned.set()

    async def on_revoked(taken: frozenset[int]) -> None:
        """Nobody else is in this group."""

    await consumer.start(assigned=on_assigned, revoked=on_revoked)
    try:
        while not assigned.is_set() or not all(consumer.at_end(partition) for partition in range(partitions)):
            polled = await consumer.poll(max_records=_MOST_RECORDS, timeout=_POLL_SECONDS)
            for records in polled.values():
                for record in records:
                    reading.take(record)
            progress(len(reading.builder))
    finally:
        await consumer.stop()
    return reading


class _Reading:
    """`note` hears of erasures and their liftings; `as_counted` says what an event counts as."""

    def __init__(
        self,
        since: float,
        *,
        note: Callable[[int, int, Erasure | Lifting], None] = lambda *said: None,
        as_counted: Callable[[int, int, Event], Event | None] = lambda partition, offset, event: event,
    ) -> None:
        self._since = since
        self._note = note
        self._as_counted = as_counted
        self.builder = RecordingBuilder()
        self.newest = since

    def take(self, record: Record) -> None:
        at, value = record.timestamp / 1000, record.value or b""
        # An erasure may be older than what it is asked of here, and in stream mode it has no time.
        if at < self._since and not value.startswith(_ERASURE):
            return
        # Ticks and cards say how far time has passed.
        self.newest = max(self.newest, at)
        try:
            decoded = decode_events_record(value)
        except msgspec.DecodeError:
            self.builder.unreadable += 1
            return
        if isinstance(decoded, Erasure | Lifting):
            self._note(record.partition, record.offset, decoded)
        if type(decoded) is Event and (event := self._as_counted(record.partition, record.offset, decoded)) is not None:
            # An import comes all at once, but what it says happened day by day.
            moment = event.time.timestamp()
            self.builder.add(event, min(moment, at) if event.history else at)
