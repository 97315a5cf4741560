from typing import cast

import pytest
from bus_contract import BusContract
from bus_harness import Bus, outgoing, values

from common.bus.errors import BusUnavailable, RecordRefused
from common.bus.memory import MemoryBroker, MemoryConsumer, MemoryProducer
from common.bus.ports import Admin, Outgoing, Stamping


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

    async def go_offline(self) -> None:
        self.broker.go_offline()

    async def go_online(self) -> None:
        self.broker.go_online()

    async def truncate(self, topic: str, partition: int, *, before: int) -> None:
        self.broker.truncate(topic, partition, before=before)


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


class TestContract(BusContract):
    pass


async def test_an_expired_member_reads_on_until_it_rejoins(bus: MemoryBus) -> None:
    topic = await bus.topic(partitions=2)
    producer = bus.producer()
    async with bus.reading(topic) as zombie, bus.reading(topic) as heir:
        await zombie.until(lambda: len(zombie.owned) == 1)
        await bus.broker.expire_session(cast(MemoryConsumer, zombie.consumer))
        await heir.until(lambda: heir.owned == {0, 1})
        (still,) = zombie.owned
        await producer.send(topic, [outgoing(1, partition=still)])
        assert values(await zombie.read(1)) == values(await heir.read(1)) == [1]
        unawares = len(zombie.told)
        await bus.broker.rejoin(cast(MemoryConsumer, zombie.consumer))
        await heir.until(lambda: len(heir.owned) == 1)
        await zombie.until(lambda: zombie.owned.isdisjoint(heir.owned) and bool(zombie.owned))
        assert zombie.told[unawares - 1] == ("assigned", frozenset({still}))
        assert zombie.told[unawares] == ("revoked", frozenset({still}))


async def test_a_refused_send_is_not_written(bus: MemoryBus) -> None:
    topic = await bus.topic()
    bus.broker.refuse_next()
    with pytest.raises(RecordRefused):
        await bus.producer().send(topic, [outgoing(1)])
    await bus.producer().send(topic, [outgoing(2)])
    assert values(bus.broker.records(topic, 0)) == [2]


async def test_a_lost_ack_means_written_but_reported_as_unavailable(bus: MemoryBus) -> None:
    topic = await bus.topic()
    bus.lose_next_ack()
    with pytest.raises(BusUnavailable):
        await bus.producer().send(topic, [outgoing(1)])
    assert values(bus.broker.records(topic, 0)) == [1]


async def test_a_failed_producer_sends_nothing_until_it_is_replaced(bus: MemoryBus) -> None:
    topic = await bus.topic()
    producer = bus.producer()
    producer.fail()
    assert not producer.healthy
    with pytest.raises(BusUnavailable):
        await producer.send(topic, [outgoing(1)])
    producer.recover()
    await producer.send(topic, [outgoing(2)])
    assert values(bus.broker.records(topic, 0)) == [2]


async def test_the_log_stamps_by_the_clock_it_is_given() -> None:
    broker = MemoryBroker(clock=lambda: 1_700_000_000.25)
    config = {"message.timestamp.type": Stamping.LOG_APPEND}
    await broker.admin().create("t", partitions=1, replication=1, config=config)
    (ack,) = await broker.producer().send("t", [Outgoing(0, None, b"x", timestamp=1)])
    assert ack.timestamp == broker.records("t", 0)[0].timestamp == 1_700_000_000_250
