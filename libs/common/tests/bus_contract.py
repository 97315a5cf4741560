"""The contract tests that every adapter of the bus passes."""

import pytest
from bus_harness import PATIENCE, Bus, outgoing
from bus_reading import ReadingContract
from bus_writing import WritingContract

from common.bus.errors import BusUnavailable
from common.bus.ports import Stamping


class BusContract(WritingContract, ReadingContract):
    """Run by each adapter's test module, which gives the fixture `bus`."""

    async def test_topics_are_made_once_and_described(self, bus: Bus) -> None:
        admin = bus.admin()
        topic = await bus.topic(partitions=3)
        await admin.create(topic, partitions=5, replication=1, config={})
        assert await admin.partitions(topic) == 3
        assert await admin.partitions("contract-nowhere") is None
        assert await admin.earliest(topic, 2) == 0
        assert await admin.stamping(topic) in (None, Stamping.CREATE)
        assert await admin.cluster_id() == await bus.admin().cluster_id() != ""

    async def test_one_record_can_be_read_by_its_offset(self, bus: Bus) -> None:
        topic = await bus.topic(partitions=2)
        admin = bus.admin()
        async with bus.producing() as producer:
            await producer.send(topic, [outgoing(n, partition=1) for n in range(5)])
        record = await admin.read(topic, 1, 3, timeout=PATIENCE)
        assert record is not None
        assert (record.partition, record.offset, record.key, record.value) == (1, 3, b"key", b"3")
        assert await admin.read(topic, 1, 5, timeout=0.5) is None
        assert await admin.read(topic, 0, 0, timeout=0.5) is None

    async def test_without_a_broker_no_question_is_answered(self, bus: Bus) -> None:
        topic = await bus.topic()
        admin = bus.admin()
        await bus.go_offline()
        with pytest.raises(BusUnavailable):
            await admin.cluster_id()
        with pytest.raises(BusUnavailable):
            await admin.read(topic, 0, 0, timeout=0.5)
        with pytest.raises(BusUnavailable):
            await bus.producer().start()
