import pytest
from bus_contract import Bus, BusContract

from common.bus.memory import MemoryBroker, MemoryConsumer, MemoryProducer
from common.bus.ports import Admin


class MemoryBus(Bus):
    def __init__(self) -> None:
        self.broker = MemoryBroker()

    def producer(self, *, deadline: float = 10.0, max_pending_bytes: int = 1 << 24) -> MemoryProducer:
        return self.broker.producer(deadline=deadline, max_pending_bytes=max_pending_bytes)

    def consumer(self, topic: str, *, group: str) -> MemoryConsumer:
        return self.broker.consumer(topic, group=group)

    def admin(self) -> Admin:
        return self.broker.admin()

    def lose_next_ack(self) -> None:
        self.broker.lose_next_ack()

    async def leave(self) -> None:
        self.broker.leave()

    async def come_back(self) -> None:
        self.broker.come_back()

    async def truncate(self, topic: str, partition: int, *, before: int) -> None:
        self.broker.truncate(topic, partition, before=before)


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


class TestContract(BusContract):
    pass
