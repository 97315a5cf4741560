"""A log in memory for tests of the partition worker."""

from collections.abc import Collection, Mapping, Sequence

from bus_harness import outgoing
from partition_store import PartitionStore

from common.bus.memory import MemoryBroker, MemoryConsumer
from common.bus.ports import Record

TOPIC = "records"


class Log:
    """A topic of numbered records, and its consumers."""

    def __init__(self, partitions: int) -> None:
        self.broker = MemoryBroker()
        self.partitions = partitions
        self.written = 0

    async def create(self) -> None:
        await self.broker.admin().create(TOPIC, partitions=self.partitions, replication=1, config={})

    def append(self, count: int, *, partition: int | None = None) -> None:
        """To one partition, or to each in turn."""
        for number in range(self.written, self.written + count):
            self.broker.append(
                TOPIC, [outgoing(number, partition=number % self.partitions if partition is None else partition)]
            )
        self.written += count

    def consumer(self, *, group: str = "workers") -> MemoryConsumer:
        return self.broker.consumer(TOPIC, group=group)

    def values(self, partition: int) -> list[int]:
        return [int(record.value or b"-1") for record in self.broker.records(TOPIC, partition)]

    def is_stored(self, store: PartitionStore) -> bool:
        """Whether the store holds every record once and in its order."""
        return all(store.values[number] == self.values(number) for number in range(self.partitions))


class CountingConsumer(MemoryConsumer):
    """Counts the records of partition 0 that its polls bring."""

    brought = 0

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        polled = await super().poll(max_records=max_records, timeout=timeout, only=only)
        self.brought += len(polled.get(0, ()))
        return polled
