"""The contract tests that every adapter of the bus passes."""

from contextlib import aclosing

import pytest
from bus_harness import PATIENCE, Bus, outgoing, values
from bus_reading import ReadingContract
from bus_writing import WritingContract

from common.bus.errors import BusUnavailable
from common.bus.ports import Admin, Record, Stamping


class BusContract(WritingContract, ReadingContract):
    """Run by each adapter's test module, which gives the fixture `bus`."""

    async def test_topics_are_made_once_and_described(self, bus: Bus) -> None:
        admin = bus.admin()
        topic = await bus.topic(partitions=3)
        await admin.create(topic, partitions=5, replication=1, config={})
        assert await admin.partitions(topic) == 3
        assert await admin.partitions("contract-nowhere") is None
        assert (await admin.earliest(topic, 2), await admin.latest(topic, 2)) == (0, 0)
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
        assert (await admin.latest(topic, 1), await admin.latest(topic, 0)) == (5, 0)

    async def test_a_scan_brings_all_records_from_its_start_to_the_end(self, bus: Bus) -> None:
        topic, admin = await bus.topic(partitions=2), bus.admin()
        async with bus.producing() as producer:
            await producer.send(topic, [outgoing(n, partition=1) for n in range(1_200)])
            assert values(await scanned(admin, topic, 1)) == list(range(1_200))
            assert values(await scanned(admin, topic, 1, start=1_190)) == list(range(1_190, 1_200))
            assert await scanned(admin, topic, 1, start=1_200) == []
            # Such as the position of a letter in a topic that was made anew.
            assert await scanned(admin, topic, 1, start=10**15) == []
            assert await scanned(admin, topic, 0) == []

    async def test_a_scan_ends_where_the_log_ended_when_it_began(self, bus: Bus) -> None:
        topic, admin = await bus.topic(), bus.admin()
        async with bus.producing() as producer:
            await producer.send(topic, [outgoing(n) for n in range(1_100)])
            seen: list[Record] = []
            async with aclosing(admin.scan(topic, 0)) as scan:
                async for records in scan:
                    seen += records
                    await producer.send(topic, [outgoing(9_999)])
            assert values(seen) == list(range(1_100))

    async def test_a_scan_passes_over_what_retention_deleted(self, bus: Bus) -> None:
        if not bus.knows_its_bounds:
            pytest.skip("this broker does not say that an offset is outside its log")
        topic, admin = await bus.topic(), bus.admin()
        async with bus.producing() as producer:
            await producer.send(topic, [outgoing(n) for n in range(10)])
        await bus.truncate(topic, 0, before=6)
        assert values(await scanned(admin, topic, 0, start=2)) == [6, 7, 8, 9]

    async def test_without_a_broker_no_question_is_answered(self, bus: Bus) -> None:
        topic = await bus.topic()
        admin = bus.admin()
        await bus.go_offline()
        with pytest.raises(BusUnavailable):
            await admin.cluster_id()
        with pytest.raises(BusUnavailable):
            await admin.read(topic, 0, 0, timeout=0.5)
        with pytest.raises(BusUnavailable):
            await scanned(admin, topic, 0)
        with pytest.raises(BusUnavailable):
            await bus.producer().start()


async def scanned(admin: Admin, topic: str, partition: int, *, start: int = 0) -> list[Record]:
    async with aclosing(admin.scan(topic, partition, start=start)) as scan:
        return [record async for records in scan for record in records]
