"""The log behind `common.bus.memory`: what it holds, who waits for it, and how it can fail."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from common.bus.errors import Refused, Unavailable
from common.bus.ports import Ack, Outgoing, PlainRecord, Record, Stamping


@dataclass
class Partition:
    first: int = 0
    records: list[Record] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.first + len(self.records)

    def read(self, offset: int, count: int) -> list[Record]:
        start = offset - self.first
        return self.records[start : start + count]


@dataclass
class Topic:
    stamping: Stamping
    partitions: list[Partition]


class MemoryLog:
    """Topics and their records; `clock` (seconds since the epoch) stamps what the log stamps."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._news = asyncio.Event()
        self._here = asyncio.Event()
        self._here.set()
        self._acks_to_lose = 0
        self._sends_to_refuse = 0
        self.topics: dict[str, Topic] = {}

    def records(self, topic: str, partition: int) -> list[Record]:
        return list(self.topics[topic].partitions[partition].records)

    def lose_next_ack(self) -> None:
        """The next send is written and its sender never hears of it."""
        self._acks_to_lose += 1

    def refuse_next(self) -> None:
        """The next send is not written and never will be."""
        self._sends_to_refuse += 1

    def truncate(self, topic: str, partition: int, *, before: int) -> None:
        """As retention does: what lies before this offset is gone."""
        log = self.topics[topic].partitions[partition]
        del log.records[: max(0, before - log.first)]
        log.first = max(log.first, before)

    def leave(self) -> None:
        """Until `come_back` nothing is answered: sends wait for their deadline, all else is `Unavailable`."""
        self._here.clear()
        self.tell()

    def come_back(self) -> None:
        self._here.set()
        self.tell()

    async def back(self) -> None:
        await self._here.wait()

    async def news(self) -> None:
        """Returns when there may be something else to read."""
        await self._news.wait()

    def tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def check_reachable(self) -> None:
        if not self._here.is_set():
            raise Unavailable("the broker is away")

    def append(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        if self._sends_to_refuse:
            self._sends_to_refuse -= 1
            raise Refused(f"{topic}: refused on request")
        acks = [self._append(self.topics[topic], outgoing) for outgoing in records]
        self.tell()
        if self._acks_to_lose:
            self._acks_to_lose -= 1
            raise Unavailable(f"{topic}: no acknowledgement")
        return acks

    def _append(self, topic: Topic, outgoing: Outgoing) -> Ack:
        partition, key, value, headers, timestamp = outgoing
        log = topic.partitions[partition]
        stamps = topic.stamping is Stamping.LOG_APPEND
        if stamps or timestamp is None:
            timestamp = round(self._clock() * 1000)
        log.records.append(PlainRecord(partition, log.end, timestamp, key, value, tuple(headers)))
        return Ack(partition, log.end - 1, timestamp if stamps else None)
