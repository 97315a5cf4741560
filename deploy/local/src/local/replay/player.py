"""Plays events along simulated time: each account in order, and time itself as records in every partition."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from common.bus.partitioner import partition_of
from common.bus.ports import Ack, Outgoing
from common.contracts.events import Tick, encode_events_record
from local.happenings import Happening

LANES = 4
BATCH = 500
TICK = timedelta(hours=12)
# So that signals come in about the order of simulated time.
STRETCH = timedelta(days=7)


class Mailbox(Protocol):
    async def post(self, happenings: Sequence[Happening], *, history: bool) -> None: ...


class Sender(Protocol):
    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]: ...


Progress = Callable[[datetime, int], None]
"""Told the simulated moment that all lanes have reached, and how many events are posted by then."""


class Player:
    """Each lane owns some partitions: it posts their accounts' events up to a moment, then appends their ticks.

    So no account overtakes itself, and no tick overtakes an event that is older.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        sender: Sender,
        *,
        topic: str,
        partitions: int,
        lanes: int = LANES,
        tick: timedelta = TICK,
        stretch: timedelta = STRETCH,
        pace: float = 0.0,
    ) -> None:
        """Lanes wait for each other after every `stretch`, which takes at least `pace` seconds."""
        self._mailbox = mailbox
        self._sender = sender
        self._topic = topic
        self._partitions = partitions
        self._lanes = min(lanes, partitions)
        self._tick = tick
        self._stretch = max(1, stretch // tick)
        self._pace = pace
        self._posted = 0

    async def backfill(self, happenings: Sequence[Happening], *, until: datetime) -> None:
        """`happenings` are in time order and before `until`, the one moment that is ticked."""
        lanes = self._in_lanes(happenings)
        await _all(self._run(number, lane, [until], history=True) for number, lane in enumerate(lanes))

    async def play(
        self, happenings: Sequence[Happening], *, start: datetime, end: datetime, progress: Progress
    ) -> None:
        """`happenings` are in time order and before `end`; the last tick, everywhere, is `end`."""
        lanes = self._in_lanes(happenings)
        moments = list(_moments(start, end, self._tick))
        for first in range(0, len(moments), self._stretch):
            until = moments[first : first + self._stretch]
            runs = [self._run(number, lane, until, history=False) for number, lane in enumerate(lanes)]
            await _all([asyncio.sleep(self._pace), *runs])
            progress(until[-1], self._posted)

    async def _run(self, number: int, lane: "_Lane", moments: Sequence[datetime], *, history: bool) -> None:
        for moment in moments:
            due = lane.take(moment)
            for first in range(0, len(due), BATCH):
                batch = due[first : first + BATCH]
                await self._mailbox.post(batch, history=history)
                self._posted += len(batch)
            await self._sender.send(self._topic, self._ticks(number, moment))

    def _ticks(self, lane: int, moment: datetime) -> list[Outgoing]:
        body = encode_events_record(Tick())
        stamp = milliseconds(moment)
        return [
            Outgoing(partition, None, body, timestamp=stamp) for partition in range(lane, self._partitions, self._lanes)
        ]

    def _in_lanes(self, happenings: Sequence[Happening]) -> list["_Lane"]:
        lanes: list[list[Happening]] = [[] for _ in range(self._lanes)]
        number: dict[str, int] = {}
        for happening in happenings:
            account = happening.account_id
            if account not in number:
                number[account] = partition_of(account.encode(), self._partitions) % self._lanes
            lanes[number[account]].append(happening)
        return [_Lane(lane) for lane in lanes]


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


class _Lane:
    def __init__(self, happenings: Sequence[Happening]) -> None:
        self._happenings = happenings
        self._next = 0

    def take(self, until: datetime) -> Sequence[Happening]:
        """What comes before `until` and was not taken yet."""
        end = bisect_left(self._happenings, until, lo=self._next, key=lambda happening: happening.time)
        taken = self._happenings[self._next : end]
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
