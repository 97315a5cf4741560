"""A service for tests of the partition worker: its handlers write what they read to a store with a fence."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

from bus_harness import PATIENCE

from common.bus.errors import OffsetOutOfRange
from common.bus.ports import Consumer, Record
from common.errors import Doubt, Fenced, PartitionStopped, StopWorker, Unreachable
from common.partition_consumer.inbox import Inbox
from common.partition_consumer.worker import PartitionWorker, PollRules


class Fate(Enum):
    """What becomes of a write."""

    WELL = "written and answered"
    LOST = "not written"
    UNANSWERED = "written, but the answer is lost"


class PartitionStore:
    """What all workers have written, by partition. `gate` holds up writes while it is not set."""

    def __init__(self) -> None:
        self.values: defaultdict[int, list[int]] = defaultdict(list)
        self.fates: list[Fate] = []  # of the next writes; all others go well
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = 0
        self.largest = 0  # values in one write
        self._offsets: defaultdict[int, int] = defaultdict(int)

    async def offset(self, partition: int) -> int:
        await asyncio.sleep(0)
        return self._offsets[partition]

    async def write(self, partition: int, values: Sequence[int], *, after: int, to: int) -> None:
        """Raises `Fenced` if another writer has moved the partition, and `Unreachable` by its fate."""
        self.waiting += 1
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
        finally:
            self.waiting -= 1
        fate = self.fates.pop(0) if self.fates else Fate.WELL
        if fate is Fate.LOST:
            raise Unreachable("the connection broke before the statement")
        if self._offsets[partition] != after:
            raise Fenced("another writer was first")
        self.values[partition] += values
        self._offsets[partition] = to
        self.largest = max(self.largest, len(values))
        if fate is Fate.UNANSWERED:
            raise Unreachable("the connection broke during COMMIT")

    def count(self) -> int:
        return sum(len(values) for values in self.values.values())


class StoringHandler:
    """Writes at most `most` records at a time. The test says what a poll answers, and what the background does."""

    def __init__(self, number: int, inbox: Inbox, service: "StoringService") -> None:
        self.number = number
        self.inbox = inbox
        self.position: int | None = None
        self.up_to_date = True
        self.closed = False
        self.doubts: list[Doubt] = []
        self.turns = 0
        self.opened_at: list[float] = []
        self._service = service

    def background_tasks(self) -> Sequence[Coroutine[Any, Any, None]]:
        return [work() for work in self._service.background]

    async def open(self) -> int:
        self.opened_at.append(asyncio.get_running_loop().time())
        if self.number in self._service.shut:
            raise Unreachable("the database does not answer")
        self.position = await self._service.store.offset(self.number)
        return self.position

    async def handle_records(self) -> None:
        records = self.inbox.take(self._service.most)
        if not records:
            return
        assert self.position is not None
        values = [int(record.value or b"-1") for record in records]
        if self._service.poison in values:
            raise StopWorker("a value that only a person can decide about")
        if self._service.unreadable in values:
            raise PartitionStopped(
                "a newer version wrote it", offset=records[values.index(self._service.unreadable)].offset
            )
        to = records[-1].offset + 1
        await self._service.store.write(self.number, values, after=self.position, to=to)
        self.position = to

    async def after_turn(self) -> None:
        self.turns += 1
        self._service.after_turn(self)

    def seconds_to_next_turn(self) -> float:
        return self._service.turn_wait

    def forget(self, doubt: Doubt) -> float:
        self.position = None
        self.doubts.append(doubt)
        return self._service.pause

    def stopped(self, stop: PartitionStopped) -> None:
        self.position = None

    def polled(self, records: Sequence[Record]) -> bool:
        up_to_date, self.up_to_date = self.up_to_date, True
        self._service.polled[self.number].append(len(records))
        return up_to_date

    def close(self) -> None:
        self.closed = True


class StoringService:
    """What the workers of a test share, and what it observes of them."""

    def __init__(self) -> None:
        self.store = PartitionStore()
        self.most = 3
        self.full = 1_000  # a partition with so many records waiting is not polled
        self.max_records = 500
        self.pause = 0.0
        self.turn_wait = 0.05
        self.poison: int | None = None
        self.unreadable: int | None = None
        self.shut: set[int] = set()  # partitions that cannot be opened
        self.background: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.stop_when_lost = True
        self.after_turn: Callable[[StoringHandler], None] = lambda handler: None
        self.polled: defaultdict[int, list[int]] = defaultdict(list)
        self.owned_counts: list[int] = []
        self.lost_partitions: list[int] = []

    def worker(self, consumer: Consumer) -> PartitionWorker[StoringHandler]:
        return PartitionWorker(
            consumer=consumer,
            make_handler=lambda number, inbox: StoringHandler(number, inbox, self),
            choose_polled=self._choose_polled,
            position_lost=self._position_lost,
            metrics=self,
            steady=asyncio.get_running_loop().time,
            rules=PollRules(max_records=self.max_records, shortest_wait=0.005, longest_wait=0.05),
        )

    @asynccontextmanager
    async def running(self, consumer: Consumer) -> AsyncIterator[PartitionWorker[StoringHandler]]:
        """A worker that is stopped at the end; what it raises is raised here."""
        worker, stop = self.worker(consumer), asyncio.Event()
        task = asyncio.create_task(worker.run(stop))
        try:
            yield worker
        finally:
            stop.set()
            await asyncio.wait_for(task, PATIENCE)

    def owned(self, count: int) -> None:
        self.owned_counts.append(count)

    def lost(self, partition: int) -> None:
        self.lost_partitions.append(partition)

    def _choose_polled(self, inboxes: Mapping[int, Inbox]) -> list[int]:
        return [number for number, inbox in inboxes.items() if len(inbox) < self.full]

    def _position_lost(self, lost: OffsetOutOfRange) -> None:
        if self.stop_when_lost:
            raise StopWorker(str(lost))


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not happened():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.001)
