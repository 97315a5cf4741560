"""Plays events along simulated time: each account in order, and time itself as records in every partition."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from common.bus.partitioner import partition_of
from common.bus.ports import Ack, Outgoing
from common.contracts.events import Announcement, Tick, encode_events_record
from local.replay.ingest_client import ClientEvent

GROUPS = 4
BATCH = 500
TICK = timedelta(hours=12)
# So that signals come in about the order of simulated time.
SYNC_INTERVAL = timedelta(days=7)


class EventPoster(Protocol):
    async def post(self, events: Sequence[ClientEvent], *, history: bool) -> None: ...


class Sender(Protocol):
    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]: ...


Progress = Callable[[datetime, int], None]
"""Called with the simulated moment that all groups have reached, and how many events are posted by then."""


class EventPlayer:
    """A task for each group of partitions posts their accounts' events up to a moment, then appends their ticks.

    So no account overtakes itself, and no tick overtakes an event that is older.
    """

    def __init__(
        self,
        poster: EventPoster,
        sender: Sender,
        *,
        topic: str,
        partitions: int,
        groups: int = GROUPS,
        tick: timedelta = TICK,
        sync_interval: timedelta = SYNC_INTERVAL,
        pace: float = 0.0,
        announcements: Sequence[tuple[datetime, Announcement]] = (),
    ) -> None:
        """Groups wait for each other after every `sync_interval`, which takes at least `pace` seconds.

        `announcements` go into every partition at their moments, which are to lie within what is played.
        """
        self._poster = poster
        self._sender = sender
        self._topic = topic
        self._partitions = partitions
        self._groups = min(groups, partitions)
        self._tick = tick
        self._sync_interval = max(1, sync_interval // tick)
        self._pace = pace
        self._posted = 0
        self._announced = [(moment, encode_events_record(said)) for moment, said in announcements]

    async def backfill(self, events: Sequence[ClientEvent], *, until: datetime) -> None:
        """`events` are in time order and before `until`, the one moment that is ticked."""
        groups = self._grouped(events)
        await _all(self._run(number, group, [until], history=True) for number, group in enumerate(groups))

    async def play(self, events: Sequence[ClientEvent], *, start: datetime, end: datetime, progress: Progress) -> None:
        """`events` are in time order and before `end`; the last tick, everywhere, is `end`."""
        groups = self._grouped(events)
        announced = [moment for moment, _ in self._announced]
        moments = sorted({*_moments(start, end, self._tick), *announced})
        for first in range(0, len(moments), self._sync_interval):
            until = moments[first : first + self._sync_interval]
            runs = [self._run(number, group, until, history=False) for number, group in enumerate(groups)]
            await _all([asyncio.sleep(self._pace), *runs])
            progress(until[-1], self._posted)

    async def _run(self, number: int, group: "_PartitionGroup", moments: Sequence[datetime], *, history: bool) -> None:
        for moment in moments:
            due = group.take(moment)
            for first in range(0, len(due), BATCH):
                batch = due[first : first + BATCH]
                await self._poster.post(batch, history=history)
                self._posted += len(batch)
            await self._sender.send(self._topic, self._ticks(number, moment))

    def _ticks(self, group: int, moment: datetime) -> list[Outgoing]:
        # An announcement is a tick, too.
        bodies = [body for at, body in self._announced if at == moment] or [encode_events_record(Tick())]
        stamp = milliseconds(moment)
        return [
            Outgoing(partition, None, body, timestamp=stamp)
            for partition in range(group, self._partitions, self._groups)
            for body in bodies
        ]

    def _grouped(self, events: Sequence[ClientEvent]) -> list["_PartitionGroup"]:
        groups: list[list[ClientEvent]] = [[] for _ in range(self._groups)]
        number: dict[str, int] = {}
        for event in events:
            account = event.account_id
            if account not in number:
                number[account] = partition_of(account.encode(), self._partitions) % self._groups
            groups[number[account]].append(event)
        return [_PartitionGroup(group) for group in groups]


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


class _PartitionGroup:
    def __init__(self, events: Sequence[ClientEvent]) -> None:
        self._events = events
        self._next = 0

    def take(self, until: datetime) -> Sequence[ClientEvent]:
        """What comes before `until` and was not taken yet."""
        end = bisect_left(self._events, until, lo=self._next, key=lambda event: event.time)
        taken = self._events[self._next : end]
        self._next = end
        return taken


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Together; the first failure ends the others, and is what is raised."""
    try:
        async with asyncio.TaskGroup() as together:
            for work in works:
                together.create_task(work)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures


def _moments(start: datetime, end: datetime, tick: timedelta) -> Iterator[datetime]:
    moment = start + tick
    while moment < end:
        yield moment
        moment += tick
    yield end
