"""The bus in memory, for fast tests, with faults on request. It passes the same contract tests as the Kafka adapter.

It has no thread, no background task, and no clock but the one it is given.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence

from common.bus.errors import BusUnavailable, OffsetOutOfRange, RecordRefused
from common.bus.membership import Membership
from common.bus.memory_log import MemoryLog, MemoryPartition, MemoryTopic
from common.bus.ports import Ack, Assigned, Outgoing, Record, Stamping

MAX_RECORD_BYTES = 900_000
SCAN_BATCH = 500


class MemoryBroker(MemoryLog):
    """Makes producers, consumers and admins for one log, whose faults are methods of `MemoryLog`."""

    def __init__(self, *, clock: Callable[[], float] = time.time, cluster_id: str = "memory") -> None:
        super().__init__(clock=clock)
        self._cluster_id = cluster_id
        self._groups: defaultdict[tuple[str, str], _MemoryGroup] = defaultdict(_MemoryGroup)

    def producer(self, *, deadline: float = 10.0, max_pending_bytes: int = 64 * 1024 * 1024) -> "MemoryProducer":
        return MemoryProducer(self, deadline=deadline, max_pending_bytes=max_pending_bytes)

    def consumer(self, topic: str, *, group: str) -> "MemoryConsumer":
        return MemoryConsumer(self, topic, self._groups[group, topic])

    def admin(self) -> "MemoryAdmin":
        return MemoryAdmin(self, self._cluster_id)

    async def expire_session(self, member: "MemoryConsumer") -> None:
        """Gives the member's partitions to the others. The member is not told and goes on reading."""
        await member.group.expire(member)

    async def rejoin(self, member: "MemoryConsumer") -> None:
        """An expired member learns of it: its partitions are revoked, late, and it joins again."""
        await member.group.join(member)


class MemoryProducer:
    def __init__(self, log: MemoryLog, *, deadline: float, max_pending_bytes: int) -> None:
        self._log = log
        self._deadline = deadline
        self._max_pending_bytes = max_pending_bytes
        self._pending_bytes = 0
        self._turn = asyncio.Lock()
        self._healthy = True

    @property
    def healthy(self) -> bool:
        return self._healthy

    def fail(self) -> None:
        """Simulates an error that is not retriable: nothing is sent until `recover`."""
        self._healthy = False

    def recover(self) -> None:
        self._healthy = True

    async def start(self) -> None:
        self._log.check_reachable()

    async def stop(self) -> None:
        pass

    async def probe(self, topic: str) -> None:
        self._log.check_reachable()
        if not self._healthy:
            raise BusUnavailable("the producer is being replaced")
        if topic not in self._log.topics:
            raise BusUnavailable(f"no partition of {topic} has a leader")

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        self._check(topic, records)
        size = sum(_size(record) for record in records)
        if not self._healthy:
            raise BusUnavailable("the producer is being replaced")
        if self._pending_bytes + size > self._max_pending_bytes:
            raise BusUnavailable("too many bytes are waiting for acknowledgement")
        self._pending_bytes += size
        try:
            async with asyncio.timeout(self._deadline), self._turn:
                await self._log.wait_until_online()
                acks = self._log.append(topic, records)
                await asyncio.sleep(0)
                return acks
        except TimeoutError as error:
            raise BusUnavailable(f"{topic}: not acknowledged in {self._deadline} s") from error
        finally:
            self._pending_bytes -= size

    def _check(self, topic: str, records: Sequence[Outgoing]) -> None:
        if topic not in self._log.topics:
            raise BusUnavailable(f"no topic {topic}")
        partitions = len(self._log.topics[topic].partitions)
        for record in records:
            if not 0 <= record.partition < partitions:
                raise RecordRefused(f"{topic} has no partition {record.partition}")
            if _size(record) > MAX_RECORD_BYTES:
                raise RecordRefused(f"a record of {_size(record)} bytes is over {MAX_RECORD_BYTES}")


class MemoryConsumer:
    def __init__(self, log: MemoryLog, topic: str, group: "_MemoryGroup") -> None:
        self._log = log
        self._topic = topic
        self._membership: Membership | None = None
        self._positions: dict[int, int] = {}
        self._at_end: set[int] = set()
        self._turn = 0
        self.group = group

    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None:
        self._log.check_reachable()
        if self._topic not in self._log.topics:
            raise BusUnavailable(f"no topic {self._topic}")
        self._membership = Membership(assigned=assigned, revoked=revoked)
        await self.group.join(self)

    async def stop(self) -> None:
        if self._membership is not None:
            await self.group.leave(self)
            self._membership = None

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        # A reader of a full log must not starve the other tasks.
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(timeout):
                while not (taken := self._take(max_records, only)):
                    await self._log.wait_for_change()
        except TimeoutError:
            return {}
        return taken

    def seek(self, partition: int, offset: int) -> None:
        if self._membership is not None and partition in self._membership.owned:
            self._positions[partition] = offset
            self._at_end.discard(partition)
            self._log.notify_readers()

    def pause(self, partition: int) -> None:
        self._positions.pop(partition, None)

    def at_end(self, partition: int) -> bool:
        return partition in self._at_end

    def assign(self, index: int, members: int) -> None:
        assert self._membership is not None
        partitions = range(index, len(self._log.topics[self._topic].partitions), members)
        self._membership.assign(frozenset(partitions))

    async def revoke(self) -> None:
        assert self._membership is not None
        self._positions.clear()
        self._at_end.clear()
        await self._membership.revoke()

    def _take(self, max_records: int, only: Collection[int] | None) -> dict[int, Sequence[Record]]:
        if self._membership is not None:
            self._membership.check()
        self._log.check_reachable()
        taken: dict[int, Sequence[Record]] = {}
        out_of_range: OffsetOutOfRange | None = None
        for partition in self._rotated_partitions():
            if only is not None and partition not in only:
                continue
            log = self._log.topics[self._topic].partitions[partition]
            position = self._positions[partition]
            if not log.first <= position <= log.end:
                out_of_range = out_of_range or OffsetOutOfRange(partition, position)
                continue
            if records := log.read(position, max_records):
                max_records -= len(records)
                taken[partition] = records
                self._positions[partition] = position = records[-1].offset + 1
            (self._at_end.add if position == log.end else self._at_end.discard)(partition)
        if out_of_range is not None and not taken:
            raise out_of_range
        return taken

    def _rotated_partitions(self) -> list[int]:
        """Begins with another partition each time, so that a busy one does not starve the others."""
        partitions = sorted(self._positions)
        self._turn += 1
        shift = self._turn % len(partitions) if partitions else 0
        return partitions[shift:] + partitions[:shift]


class _MemoryGroup:
    """The members in the order in which they joined; member i owns the partitions n with n % members == i."""

    def __init__(self) -> None:
        self._members: list[MemoryConsumer] = []
        self._rebalancing = asyncio.Lock()

    async def join(self, member: MemoryConsumer) -> None:
        await self._rebalance(member, revoked=True, stays=True)

    async def leave(self, member: MemoryConsumer) -> None:
        await self._rebalance(member, revoked=True, stays=False)

    async def expire(self, member: MemoryConsumer) -> None:
        await self._rebalance(member, revoked=False, stays=False)

    async def _rebalance(self, member: MemoryConsumer, *, revoked: bool, stays: bool) -> None:
        async with self._rebalancing:
            others = [other for other in self._members if other is not member]
            told = [*others, member] if revoked else others
            await asyncio.gather(*(reader.revoke() for reader in told))
            self._members = [*others, member] if stays else others
            for index, reader in enumerate(self._members):
                reader.assign(index, len(self._members))


class MemoryAdmin:
    def __init__(self, log: MemoryLog, cluster_id: str) -> None:
        self._log = log
        self._cluster_id = cluster_id

    async def cluster_id(self) -> str:
        self._log.check_reachable()
        return self._cluster_id

    async def partitions(self, topic: str) -> int | None:
        self._log.check_reachable()
        return len(self._log.topics[topic].partitions) if topic in self._log.topics else None

    async def stamping(self, topic: str) -> Stamping | None:
        self._log.check_reachable()
        return self._log.topics[topic].stamping if topic in self._log.topics else None

    async def create(self, topic: str, *, partitions: int, replication: int, config: Mapping[str, str]) -> None:
        self._log.check_reachable()
        stamping = Stamping(config.get("message.timestamp.type", Stamping.CREATE))
        self._log.topics.setdefault(topic, MemoryTopic(stamping, [MemoryPartition() for _ in range(partitions)]))

    async def earliest(self, topic: str, partition: int) -> int:
        self._log.check_reachable()
        return self._log.topics[topic].partitions[partition].first

    async def latest(self, topic: str, partition: int) -> int:
        self._log.check_reachable()
        return self._log.topics[topic].partitions[partition].end

    async def read(self, topic: str, partition: int, offset: int, *, timeout: float) -> Record | None:
        self._log.check_reachable()
        log = self._log.topics[topic].partitions[partition]
        return log.read(offset, 1)[0] if log.first <= offset < log.end else None

    async def scan(self, topic: str, partition: int, *, start: int = 0) -> AsyncGenerator[Sequence[Record], None]:
        log = self._log.topics[topic].partitions[partition]
        at, end = max(start, log.first), log.end
        self._log.check_reachable()
        while at < end:
            self._log.check_reachable()
            batch = log.read(at, min(SCAN_BATCH, end - at))
            yield batch
            at += len(batch)


def _size(record: Outgoing) -> int:
    return len(record.value) + len(record.key or b"") + sum(len(k) + len(v) for k, v in record.headers)
