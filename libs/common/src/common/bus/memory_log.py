"""The log of `common.bus.memory`: its topics and records, the readers that wait for it, and its faults."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from common.bus.errors import BusUnavailable, RecordRefused
from common.bus.ports import Ack, Outgoing, PlainRecord, Record, Stamping


@dataclass
class MemoryPartition:
    first: int = 0
    records: list[Record] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.first + len(self.records)

    def read(self, offset: int, count: int) -> list[Record]:
        start = offset - self.first
        return self.records[start : start + count]


@dataclass
class MemoryTopic:
    stamping: Stamping
    partitions: list[MemoryPartition]


class MemoryLog:
    """Topics and their records; `clock` (seconds since the epoch) gives the log's own timestamps."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changed = asyncio.Event()
        self._online = asyncio.Event()
        self._online.set()
        self._acks_to_lose = 0
        self._sends_to_refuse = 0
        self.topics: dict[str, MemoryTopic] = {}

    def records(self, topic: str, partition: int) -> list[Record]:
        return list(self.topics[topic].partitions[partition].records)

    def lose_next_ack(self) -> None:
        """The next send is written, but not acknowledged."""
        self._acks_to_lose += 1

    def refuse_next(self) -> None:
        """The next send raises `RecordRefused`; nothing of it is written."""
        self._sends_to_refuse += 1

    def truncate(self, topic: str, partition: int, *, before: int) -> None:
        """Deletes the records before this offset, as retention does."""
        log = self.topics[topic].partitions[partition]
        del log.records[: max(0, before - log.first)]
        log.first = max(log.first, before)

    def go_offline(self) -> None:
        """Until `go_online` sends wait for their deadline, and everything else raises `BusUnavailable`."""
        self._online.clear()
        self.notify_readers()

    def go_online(self) -> None:
        self._online.set()
        self.notify_readers()

    async def wait_until_online(self) -> None:
        await self._online.wait()

    async def wait_for_change(self) -> None:
        """Returns when there may be something new to read."""
        await self._changed.wait()

    def notify_readers(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def check_reachable(self) -> None:
        if not self._online.is_set():
            raise BusUnavailable("the broker is away")

    def append(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        if self._sends_to_refuse:
            self._sends_to_refuse -= 1
            raise RecordRefused(f"{topic}: refused on request")
        acks = [self._append(self.topics[topic], outgoing) for outgoing in records]
        self.notify_readers()
        if self._acks_to_lose:
            self._acks_to_lose -= 1
            raise BusUnavailable(f"{topic}: no acknowledgement")
        return acks

    def _append(self, topic: MemoryTopic, outgoing: Outgoing) -> Ack:
        partition, key, value, headers, timestamp = outgoing
        log = topic.partitions[partition]
        stamps = topic.stamping is Stamping.LOG_APPEND
        if stamps or timestamp is None:
            timestamp = round(self._clock() * 1000)
        log.records.append(PlainRecord(partition, log.end, timestamp, key, value, tuple(headers)))
        return Ack(partition, log.end - 1, timestamp if stamps else None)
