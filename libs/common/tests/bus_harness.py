"""What the contract tests need of a broker, and how they read from one."""

import asyncio
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

from common.bus.errors import BusUnavailable
from common.bus.ports import Admin, Consumer, Outgoing, ProbedProducer, Record, Stamping

# Generous, for busy machines; nothing waits that long when all is well.
PATIENCE = 60.0


class Bus(ABC):
    """A broker with its clients and its faults, as one adapter has them."""

    stamps: ClassVar[bool] = True
    knows_its_bounds: ClassVar[bool] = True

    @abstractmethod
    def producer(self, *, deadline: float = 10.0, max_pending_bytes: int = 1 << 24) -> ProbedProducer: ...

    @abstractmethod
    def consumer(self, topic: str, *, group: str) -> Consumer: ...

    @abstractmethod
    def admin(self) -> Admin: ...

    @abstractmethod
    def lose_next_ack(self) -> None: ...

    @abstractmethod
    async def go_offline(self) -> None: ...

    @abstractmethod
    async def go_online(self) -> None: ...

    @abstractmethod
    async def truncate(self, topic: str, partition: int, *, before: int) -> None: ...

    async def topic(self, *, partitions: int = 1, stamping: Stamping = Stamping.CREATE) -> str:
        name = f"contract-{uuid.uuid4().hex}"
        config = {"message.timestamp.type": stamping}
        await self.admin().create(name, partitions=partitions, replication=1, config=config)
        return name

    async def records(self, topic: str, count: int) -> list[Record]:
        """The first records of partition 0, without the wait for a group to form."""
        admin = self.admin()
        found = [await admin.read(topic, 0, offset, timeout=PATIENCE) for offset in range(count)]
        return [record for record in found if record is not None]

    @asynccontextmanager
    async def producing(
        self, *, deadline: float = 10.0, max_pending_bytes: int = 1 << 24
    ) -> AsyncIterator[ProbedProducer]:
        producer = self.producer(deadline=deadline, max_pending_bytes=max_pending_bytes)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    @asynccontextmanager
    async def reading(self, topic: str, *, group: str = "readers", start: bool = True) -> AsyncIterator["Reader"]:
        reader = Reader(self.consumer(topic, group=group), start=start)
        await reader.consumer.start(assigned=reader.assigned, revoked=reader.revoked)
        try:
            yield reader
        finally:
            await reader.consumer.stop()


class Reader:
    """A consumer that opens what it is given where it last was, and keeps what it reads."""

    def __init__(self, consumer: Consumer, *, start: bool = True) -> None:
        self.consumer = consumer
        self._start = start
        self.owned: set[int] = set()
        self.told: list[tuple[str, frozenset[int]]] = []
        self.records: list[Record] = []

    async def assigned(self, partitions: frozenset[int]) -> None:
        self.told.append(("assigned", partitions))
        self.owned |= partitions
        if self._start:
            for partition in partitions:
                self.consumer.seek(partition, self.next(partition))

    async def revoked(self, partitions: frozenset[int]) -> None:
        self.told.append(("revoked", partitions))
        self.owned -= partitions

    def next(self, partition: int) -> int:
        return max((record.offset + 1 for record in self.records if record.partition == partition), default=0)

    async def poll(
        self, *, max_records: int = 500, timeout: float = 0.3, only: Collection[int] | None = None
    ) -> list[Record]:
        polled = await self.consumer.poll(max_records=max_records, timeout=timeout, only=only)
        fresh = [record for records in polled.values() for record in records]
        self.records += fresh
        return fresh

    async def until(
        self, happened: Callable[[], bool], *, max_records: int = 500, only: Collection[int] | None = None
    ) -> None:
        async with asyncio.timeout(PATIENCE):
            while not happened():
                await self.poll(max_records=max_records, only=only)

    async def read(self, count: int, *, max_records: int = 500) -> list[Record]:
        """The next `count` records, by partition and offset."""
        before = len(self.records)
        await self.until(lambda: len(self.records) >= before + count, max_records=max_records)
        return sorted(self.records[before:], key=place)


def outgoing(number: int, *, partition: int = 0) -> Outgoing:
    return Outgoing(partition, b"key", str(number).encode())


def place(record: Record) -> tuple[int, int]:
    """Its partition and offset."""
    return record.partition, record.offset


def values(records: Sequence[Record]) -> list[int]:
    return [int(record.value or b"-1") for record in records]


async def eventually(happened: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await happened():
            pass


async def answers(producer: ProbedProducer, topic: str) -> bool:
    try:
        await producer.probe(topic)
    except BusUnavailable:
        await asyncio.sleep(0.01)
        return False
    return True


async def taken(producer: ProbedProducer, topic: str, record: Outgoing) -> bool:
    try:
        await producer.send(topic, [record])
    except BusUnavailable:
        await asyncio.sleep(0.01)
        return False
    return True
