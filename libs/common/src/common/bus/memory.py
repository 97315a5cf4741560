"""A log in memory that keeps the promises of `common.bus.ports`: for fast tests, with faults on request.

Nothing happens by itself: no thread, no background work, no clock but the one it is given.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from common.bus.errors import OffsetLost, Refused, Unavailable
from common.bus.membership import Membership
from common.bus.memory_log import MemoryLog, Partition, Topic
from common.bus.ports import Ack, Assigned, Outgoing, Record, Stamping

MAX_RECORD_BYTES = 900_000


class MemoryBroker(MemoryLog):
    """The one place where the log's clients come from; the faults of the log itself are `MemoryLog`'s."""

    def __init__(self, *, clock: Callable[[], float] = time.time, cluster_id: str = "memory") -> None:
        super().__init__(clock=clock)
        self._cluster_id = cluster_id
        self._groups: defaultdict[tuple[str, str], _Group] = defaultdict(_Group)

    def producer(self, *, deadline: float = 10.0, max_pending_bytes: int = 64 * 1024 * 1024) -> "MemoryProducer":
        return MemoryProducer(self, deadline=deadline, max_pending_bytes=max_pending_bytes)

    def consumer(self, topic: str, *, group: str) -> "MemoryConsumer":
        return MemoryConsumer(self, topic, self._groups[group, topic])

    def admin(self) -> "MemoryAdmin":
        return MemoryAdmin(self, self._cluster_id)

    async def expire(self, member: "MemoryConsumer") -> None:
        """As when its session times out: its partitions go to the others, and it goes on reading unawares."""
        await member.group.forget(member)

    async def wake(self, member: "MemoryConsumer") -> None:
        """A member that had expired learns of it: its partitions are revoked, late, and it joins anew."""
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
        """As a non-retriable error does: nothing is sent until `recover`."""
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
            raise Unavailable("the producer is being replaced")
        if topic not in self._log.topics:
            raise Unavailable(f"no partition of {topic} has a leader")

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        self._check(topic, records)
        size = sum(_size(record) for record in records)
        if not self._healthy:
            raise Unavailable("the producer is being replaced")
        if self._pending_bytes + size > self._max_pending_bytes:
            raise Unavailable("too many bytes are waiting for acknowledgement")
        self._pending_bytes += size
        try:
            async with asyncio.timeout(self._deadline), self._turn:
                await self._log.back()
                acks = self._log.append(topic, records)
                await asyncio.sleep(0)
                return acks
        except TimeoutError as error:
            raise Unavailable(f"{topic}: not acknowledged in {self._deadline} s") from error
        finally:
            self._pending_bytes -= size

    def _check(self, topic: str, records: Sequence[Outgoing]) -> None:
        if topic not in self._log.topics:
            raise Unavailable(f"no topic {topic}")
        partitions = len(self._log.topics[topic].partitions)
        for record in records:
            if not 0 <= record.partition < partitions:
                raise Refused(f"{topic} has no partition {record.partition}")
            if _size(record) > MAX_RECORD_BYTES:
                raise Refused(f"a record of {_size(record)} bytes is over {MAX_RECORD_BYTES}")


class MemoryConsumer:
    def __init__(self, log: MemoryLog, topic: str, group: "_Group") -> None:
        self._log = log
        self._topic = topic
        self._membership: Membership | None = None
        self._positions: dict[int, int] = {}
        self._level: set[int] = set()
        self._turn = 0
        self.group = group

    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None:
        self._log.check_reachable()
        if self._topic not in self._log.topics:
            raise Unavailable(f"no topic {self._topic}")
        self._membership = Membership(assigned=assigned, revoked=revoked)
        await self.group.join(self)

    async def stop(self) -> None:
        if self._membership is not None:
            await self.group.leave(self)
            self._membership = None

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        await asyncio.sleep(0)  # A reader with a full log must not starve the others.
        try:
            async with asyncio.timeout(timeout):
                while not (taken := self._take(max_records, only)):
                    await self._log.news()
        except TimeoutError:
            return {}
        return taken

    def seek(self, partition: int, offset: int) -> None:
        if self._membership is not None and partition in self._membership.owned:
            self._positions[partition] = offset
            self._level.discard(partition)
            self._log.tell()

    def pause(self, partition: int) -> None:
        self._positions.pop(partition, None)

    def level(self, partition: int) -> bool:
        return partition in self._level

    def give(self, index: int, members: int) -> None:
        assert self._membership is not None
        partitions = range(index, len(self._log.topics[self._topic].partitions), members)
        self._membership.give(frozenset(partitions))

    async def take_back(self) -> None:
        assert self._membership is not None
        self._positions.clear()
        self._level.clear()
        await self._membership.take_back()

    def _take(self, max_records: int, only: Collection[int] | None) -> dict[int, Sequence[Record]]:
        if self._membership is not None:
            self._membership.check()
        self._log.check_reachable()
        taken: dict[int, Sequence[Record]] = {}
        lost: OffsetLost | None = None
        for partition in self._in_turn():
            if only is not None and partition not in only:
                continue
            log = self._log.topics[self._topic].partitions[partition]
            position = self._positions[partition]
            if not log.first <= position <= log.end:
                lost = lost or OffsetLost(partition, position)
                continue
            if records := log.read(position, max_records):
                max_records -= len(records)
                taken[partition] = records
                self._positions[partition] = position = records[-1].offset + 1
            (self._level.add if position == log.end else self._level.discard)(partition)
        if lost is not None and not taken:
            raise lost
        return taken

    def _in_turn(self) -> list[int]:
        """Another partition first each time, so that a busy one starves none."""
        partitions = sorted(self._positions)
        self._turn += 1
        shift = self._turn % len(partitions) if partitions else 0
        return partitions[shift:] + partitions[:shift]


class _Group:
    """Members in the order in which they joined; partition n belongs to member n modulo their number."""

    def __init__(self) -> None:
        self._members: list[MemoryConsumer] = []
        self._rebalancing = asyncio.Lock()

    async def join(self, member: MemoryConsumer) -> None:
        await self._rebalance(member, told=True, stays=True)

    async def leave(self, member: MemoryConsumer) -> None:
        await self._rebalance(member, told=True, stays=False)

    async def forget(self, member: MemoryConsumer) -> None:
        await self._rebalance(member, told=False, stays=False)

    async def _rebalance(self, member: MemoryConsumer, *, told: bool, stays: bool) -> None:
        async with self._rebalancing:
            others = [other for other in self._members if other is not member]
            revoked = [*others, member] if told else others
            await asyncio.gather(*(reader.take_back() for reader in revoked))
            self._members = [*others, member] if stays else others
            for index, reader in enumerate(self._members):
                reader.give(index, len(self._members))


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
        self._log.topics.setdefault(topic, Topic(stamping, [Partition() for _ in range(partitions)]))

    async def earliest(self, topic: str, partition: int) -> int:
        self._log.check_reachable()
        return self._log.topics[topic].partitions[partition].first

    async def read(self, topic: str, partition: int, offset: int, *, timeout: float) -> Record | None:
        self._log.check_reachable()
        log = self._log.topics[topic].partitions[partition]
        return log.read(offset, 1)[0] if log.first <= offset < log.end else None


def _size(record: Outgoing) -> int:
    return len(record.value) + len(record.key or b"") + sum(len(k) + len(v) for k, v in record.headers)
