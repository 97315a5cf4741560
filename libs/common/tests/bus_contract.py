"""What every adapter of the bus promises: one class of tests, and what a test needs of the broker under it."""

import asyncio
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest

from common.bus.errors import OffsetLost, Refused, Unavailable
from common.bus.ports import Admin, Consumer, Outgoing, Producer, Record, Stamping

# Generous, for busy machines; nothing waits that long when all is well.
PATIENCE = 30.0


class Bus(ABC):
    """A broker with its clients and its faults, as one adapter has them."""

    stamps: ClassVar[bool] = True
    knows_its_bounds: ClassVar[bool] = True

    @abstractmethod
    def producer(self, *, deadline: float = 10.0, max_pending_bytes: int = 1 << 24) -> Producer: ...

    @abstractmethod
    def consumer(self, topic: str, *, group: str) -> Consumer: ...

    @abstractmethod
    def admin(self) -> Admin: ...

    @abstractmethod
    def lose_next_ack(self) -> None: ...

    @abstractmethod
    async def leave(self) -> None: ...

    @abstractmethod
    async def come_back(self) -> None: ...

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
    async def producing(self, *, deadline: float = 10.0, max_pending_bytes: int = 1 << 24) -> AsyncIterator[Producer]:
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

    async def poll(self, *, max_records: int = 500, timeout: float = 0.3) -> list[Record]:
        polled = await self.consumer.poll(max_records=max_records, timeout=timeout)
        fresh = [record for records in polled.values() for record in records]
        self.records += fresh
        return fresh

    async def until(self, happened: Callable[[], bool], *, max_records: int = 500) -> None:
        async with asyncio.timeout(PATIENCE):
            while not happened():
                await self.poll(max_records=max_records)

    async def read(self, count: int, *, max_records: int = 500) -> list[Record]:
        """The next `count` records, by partition and offset."""
        before = len(self.records)
        await self.until(lambda: len(self.records) >= before + count, max_records=max_records)
        return sorted(self.records[before:])


def outgoing(number: int, *, partition: int = 0) -> Outgoing:
    return Outgoing(partition, b"key", str(number).encode())


def values(records: Sequence[Record]) -> list[int]:
    return [int(record.value or b"-1") for record in records]


async def eventually(happened: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await happened():
            pass


class BusContract:
    """Run by each adapter's test module, which gives the fixture `bus`."""

    # Writing and reading

    async def test_records_are_read_in_the_order_in_which_they_were_sent(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer:
            acks = await producer.send(topic, [outgoing(1), outgoing(2)])
            acks += await producer.send(topic, [outgoing(3)])
        assert values(await bus.records(topic, 3)) == [1, 2, 3]
        assert [(ack.partition, ack.offset) for ack in acks] == [(0, 0), (0, 1), (0, 2)]

    async def test_acks_come_in_the_order_of_the_call_whatever_the_partitions(self, bus: Bus) -> None:
        topic = await bus.topic(partitions=3)
        async with bus.producing() as producer:
            acks = await producer.send(topic, [outgoing(n, partition=n % 3) for n in range(7)])
            assert await producer.send(topic, []) == []
        assert [(ack.partition, ack.offset) for ack in acks] == [(n % 3, n // 3) for n in range(7)]

    async def test_calls_at_the_same_time_keep_their_order_in_each_partition(self, bus: Bus) -> None:
        topic = await bus.topic(partitions=2)
        async with bus.producing() as producer, bus.reading(topic) as reader:
            both = [[outgoing(n, partition=0), outgoing(n, partition=1)] for n in range(40)]
            calls = [sends for n in range(40) for sends in (both[n], [outgoing(100 + n, partition=n % 2)])]
            await asyncio.gather(*(producer.send(topic, sends) for sends in calls))
            records = await reader.read(120)
        for partition in (0, 1):
            sent = [int(record.value) for sends in calls for record in sends if record.partition == partition]
            assert values([record for record in records if record.partition == partition]) == sent

    async def test_key_value_and_headers_come_back_as_they_went(self, bus: Bus) -> None:
        topic = await bus.topic()
        sent = [
            Outgoing(0, b"account", b"\x00\xff", (("reason", b"why"), ("empty", b""))),
            Outgoing(0, None, b"", ()),
        ]
        async with bus.producing() as producer:
            await producer.send(topic, sent)
        records = await bus.records(topic, 2)
        assert [(r.key, r.value, r.headers) for r in records] == [(s.key, s.value, s.headers) for s in sent]

    async def test_the_senders_time_is_kept_where_the_topic_leaves_it_to_the_sender(self, bus: Bus) -> None:
        topic = await bus.topic(stamping=Stamping.CREATE)
        before = time.time() * 1000 - 1
        async with bus.producing() as producer:
            acks = await producer.send(topic, [Outgoing(0, None, b"then", timestamp=1_600_000_000_123)])
            acks += await producer.send(topic, [Outgoing(0, None, b"now")])
        then, now = await bus.records(topic, 2)
        assert then.timestamp == 1_600_000_000_123
        assert before <= now.timestamp <= time.time() * 1000 + 1
        assert [ack.timestamp for ack in acks] == [None, None]

    async def test_the_log_stamps_its_own_time_where_the_topic_says_so(self, bus: Bus) -> None:
        if not bus.stamps:
            pytest.skip("this broker keeps the sender's time")
        topic = await bus.topic(stamping=Stamping.LOG_APPEND)
        before = time.time() * 1000 - 1
        async with bus.producing() as producer:
            acks = await producer.send(topic, [Outgoing(0, None, b"x", timestamp=1_600_000_000_123)])
        (record,) = await bus.records(topic, 1)
        assert before <= record.timestamp <= time.time() * 1000 + 1
        assert acks[0].timestamp == record.timestamp

    async def test_a_call_of_many_megabytes_arrives_whole_and_in_order(self, bus: Bus) -> None:
        topic = await bus.topic()
        padding = bytes(range(256)) * 8
        sent = [Outgoing(0, None, b"%d:%s" % (n, padding)) for n in range(2_000)]
        async with bus.producing() as producer, bus.reading(topic) as reader:
            acks = await producer.send(topic, sent)
            records = await reader.read(2_000)
        assert [ack.offset for ack in acks] == list(range(2_000))
        assert [record.value for record in records] == [record.value for record in sent]

    async def test_a_poll_brings_no_more_than_it_was_asked_for(self, bus: Bus) -> None:
        topic = await bus.topic(partitions=2)
        async with bus.producing() as producer, bus.reading(topic) as reader:
            await producer.send(topic, [outgoing(n, partition=n % 2) for n in range(100)])
            sizes: list[int] = []
            while sum(sizes) < 100:
                sizes.append(len(await reader.poll(max_records=7)))
        assert max(sizes) == 7
        assert sorted(values(reader.records)) == list(range(100))

    async def test_the_same_record_sent_twice_is_two_records(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer:
            await producer.send(topic, [outgoing(1)])
            await producer.send(topic, [outgoing(1)])
        records = await bus.records(topic, 2)
        assert [(record.offset, record.value) for record in records] == [(0, b"1"), (1, b"1")]

    # What the log will not take, and what it may or may not have taken

    async def test_a_record_over_the_limit_is_refused_and_the_next_one_is_taken(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer:
            with pytest.raises(Refused):
                await producer.send(topic, [outgoing(1), Outgoing(0, None, b"x" * 2_000_000)])
            assert producer.healthy
            await producer.send(topic, [outgoing(2)])
        assert values(await bus.records(topic, 1)) == [2]

    async def test_a_partition_that_is_not_there_is_refused(self, bus: Bus) -> None:
        topic = await bus.topic(partitions=2)
        async with bus.producing() as producer:
            with pytest.raises(Refused):
                await producer.send(topic, [outgoing(1, partition=2)])

    async def test_a_lost_ack_may_write_twice_but_never_not_at_all(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing(deadline=3) as producer:
            await producer.send(topic, [outgoing(0)])
            bus.lose_next_ack()
            try:
                await producer.send(topic, [outgoing(1)])
            except Unavailable:
                await producer.send(topic, [outgoing(1)])
            await producer.send(topic, [outgoing(2)])
        # Both ways there are two of it: the broker had taken the one whose ack was lost.
        assert values(await bus.records(topic, 4)) == [0, 1, 1, 2]

    async def test_without_a_broker_a_send_ends_at_its_deadline_and_later_ones_work(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing(deadline=1) as producer:
            await producer.send(topic, [outgoing(0)])
            await bus.leave()
            started = time.monotonic()
            with pytest.raises(Unavailable):
                await producer.send(topic, [outgoing(1)])
            assert time.monotonic() - started < 2
            await bus.come_back()
            await eventually(lambda: _taken(producer, topic, outgoing(2)))

    async def test_bytes_without_an_ack_are_bounded(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing(deadline=1, max_pending_bytes=1_000) as producer:
            await producer.send(topic, [outgoing(0)])
            await bus.leave()
            waiting = asyncio.create_task(producer.send(topic, [Outgoing(0, None, b"x" * 700)]))
            await asyncio.sleep(0)
            started = time.monotonic()
            with pytest.raises(Unavailable, match="bytes"):
                await producer.send(topic, [Outgoing(0, None, b"x" * 700)])
            assert time.monotonic() - started < 0.5
            with pytest.raises(Unavailable):
                await waiting
            await bus.come_back()
            await eventually(lambda: _taken(producer, topic, Outgoing(0, None, b"x" * 700)))

    # Positions

    async def test_a_new_partition_is_silent_until_it_is_sought(self, bus: Bus) -> None:
        topic = await bus.topic(partitions=2)
        async with bus.producing() as producer, bus.reading(topic, start=False) as reader:
            await producer.send(topic, [outgoing(n, partition=n % 2) for n in range(4)])
            await reader.until(lambda: reader.owned == {0, 1})
            assert await reader.poll() == []
            reader.consumer.seek(1, 0)
            assert values(await reader.read(2)) == [1, 3]
            assert await reader.poll() == []

    async def test_a_seek_drops_what_had_been_fetched(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer, bus.reading(topic) as reader:
            await producer.send(topic, [outgoing(n) for n in range(20)])
            await reader.until(lambda: len(reader.records) >= 3, max_records=3)
            for position in (15, 0, 7):
                reader.consumer.seek(0, position)
                fresh = await reader.read(3, max_records=3)
                assert values(fresh) == [position, position + 1, position + 2]

    async def test_a_pause_holds_back_what_had_been_fetched_until_the_next_seek(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer, bus.reading(topic) as reader:
            await producer.send(topic, [outgoing(n) for n in range(20)])
            await reader.until(lambda: len(reader.records) >= 3, max_records=3)
            reader.consumer.pause(0)
            assert await reader.poll() == []
            reader.consumer.seek(0, 3)
            assert values(await reader.read(17)) == list(range(3, 20))

    async def test_seek_and_pause_of_a_partition_that_is_not_ours_do_nothing(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer, bus.reading(topic) as reader:
            reader.consumer.seek(5, 0)
            reader.consumer.pause(5)
            await producer.send(topic, [outgoing(1)])
            assert values(await reader.read(1)) == [1]

    async def test_level_means_that_all_that_was_there_has_been_polled(self, bus: Bus) -> None:
        topic = await bus.topic(partitions=2)
        async with bus.producing() as producer, bus.reading(topic, start=False) as reader:
            await producer.send(topic, [outgoing(n) for n in range(10)])
            await reader.until(lambda: reader.owned == {0, 1})
            assert not reader.consumer.level(0)
            for partition in (0, 1):
                reader.consumer.seek(partition, 0)
                assert not reader.consumer.level(partition)
            await reader.until(lambda: len(reader.records) >= 4, max_records=4)
            assert not reader.consumer.level(0)
            await reader.until(lambda: reader.consumer.level(0))
            assert values(reader.records) == list(range(10))
            await reader.until(lambda: reader.consumer.level(1))
            reader.consumer.seek(0, 10)
            assert not reader.consumer.level(0)
            await reader.until(lambda: reader.consumer.level(0))
            assert len(reader.records) == 10

    async def test_an_empty_poll_ends_in_time(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.reading(topic) as reader:
            await reader.until(lambda: reader.consumer.level(0))
            started = time.monotonic()
            assert await reader.poll(timeout=0.2) == []
            assert 0.15 < time.monotonic() - started < 1.5
            assert await reader.poll(timeout=0) == []

    async def test_a_poll_that_is_given_up_loses_nothing(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer, bus.reading(topic) as reader:
            await reader.until(lambda: reader.consumer.level(0))
            poll = asyncio.create_task(reader.poll(timeout=PATIENCE))
            await asyncio.sleep(0)
            poll.cancel()
            await asyncio.wait([poll])
            await producer.send(topic, [outgoing(1)])
            assert values(await reader.read(1)) == [1]

    async def test_a_reader_whose_place_was_cut_off_is_told(self, bus: Bus) -> None:
        if not bus.knows_its_bounds:
            pytest.skip("this broker does not say that an offset is outside its log")
        topic = await bus.topic()
        async with bus.producing() as producer, bus.reading(topic) as reader:
            await producer.send(topic, [outgoing(n) for n in range(10)])
            await reader.read(10)
            await bus.truncate(topic, 0, before=6)
            assert await bus.admin().earliest(topic, 0) == 6
            for lost in (5, 11):
                reader.consumer.seek(0, lost)
                with pytest.raises(OffsetLost) as caught:
                    await reader.until(lambda: False)
                assert (caught.value.partition, caught.value.offset) == (0, lost)
                assert not reader.consumer.level(0)
            reader.consumer.seek(0, 6)
            assert values(await reader.read(4)) == [6, 7, 8, 9]

    # Groups

    async def test_a_second_member_takes_over_where_the_first_was_told_to_stop(self, bus: Bus) -> None:
        topic = await bus.topic(partitions=4)
        async with bus.producing() as producer, bus.reading(topic) as first:
            await producer.send(topic, [outgoing(n, partition=n % 4) for n in range(40)])
            await first.read(40)
            second = Reader(bus.consumer(topic, group="readers"))
            second.records = list(first.records)
            joining = asyncio.create_task(second.consumer.start(assigned=second.assigned, revoked=second.revoked))
            try:
                await first.until(lambda: len(first.owned) == 2)
                await joining
                await second.until(lambda: len(second.owned) == 2)
                assert first.owned | second.owned == {0, 1, 2, 3}
                assert first.told[-2] == ("revoked", frozenset(range(4)))
                await producer.send(topic, [outgoing(n, partition=n % 4) for n in range(40, 80)])
                await first.read(20)
                await second.read(20)
            finally:
                await second.consumer.stop()
            assert second.told[-1][0] == "revoked"
            await first.until(lambda: len(first.owned) == 4)
            await first.until(lambda: len(set(first.records)) == 80)
        assert first.told[-1] == ("revoked", frozenset(range(4)))
        assert {*first.records, *second.records} == set(first.records)

    async def test_nobody_is_given_a_partition_before_its_owner_has_let_go(self, bus: Bus) -> None:
        topic = await bus.topic()
        let_go = asyncio.Event()
        first = Reader(bus.consumer(topic, group="readers"))
        second = Reader(bus.consumer(topic, group="readers"))
        revoking = asyncio.Event()

        async def revoked(partitions: frozenset[int]) -> None:
            revoking.set()
            await let_go.wait()
            assert not second.owned
            await first.revoked(partitions)

        await first.consumer.start(assigned=first.assigned, revoked=revoked)
        await first.until(lambda: first.owned == {0})
        joining = asyncio.create_task(second.consumer.start(assigned=second.assigned, revoked=second.revoked))
        stopping = None
        try:
            await asyncio.wait_for(_set_while_polling(revoking, first), PATIENCE)
            assert await first.poll() == []
            assert second.owned == set()
            let_go.set()
            await first.until(lambda: ("revoked", frozenset({0})) in first.told)
            stopping = asyncio.create_task(first.consumer.stop())
            await joining
            await second.until(lambda: second.owned == {0})
        finally:
            let_go.set()
            await (first.consumer.stop() if stopping is None else stopping)
            await second.consumer.stop()

    async def test_what_a_callback_raises_comes_out_of_the_next_poll(self, bus: Bus) -> None:
        topic = await bus.topic()
        consumer = bus.consumer(topic, group="readers")

        async def assigned(partitions: frozenset[int]) -> None:
            raise LookupError("no place to start from")

        async def revoked(partitions: frozenset[int]) -> None: ...

        await consumer.start(assigned=assigned, revoked=revoked)
        try:
            with pytest.raises(LookupError, match="no place"):
                await asyncio.wait_for(_poll_for_ever(consumer), PATIENCE)
        finally:
            await consumer.stop()

    async def test_without_a_broker_a_reader_is_told_and_goes_on_later(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer, bus.reading(topic) as reader:
            await producer.send(topic, [outgoing(1)])
            await reader.read(1)
            await bus.leave()
            with pytest.raises(Unavailable):
                await reader.until(lambda: False)
            await bus.come_back()
            await eventually(lambda: _taken(producer, topic, outgoing(2)))
            await eventually(lambda: _read_again(reader, 2))

    async def test_without_a_broker_everything_can_still_be_stopped(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing(deadline=1) as producer, bus.reading(topic) as reader:
            await producer.send(topic, [outgoing(1)])
            await reader.read(1)
            await bus.leave()
            with pytest.raises(Unavailable):
                await producer.send(topic, [outgoing(2)])
            stopping = time.monotonic()
        assert time.monotonic() - stopping < 12
        assert reader.told == [("assigned", frozenset({0})), ("revoked", frozenset({0}))]

    # Questions

    async def test_topics_are_made_once_and_described(self, bus: Bus) -> None:
        admin = bus.admin()
        topic = await bus.topic(partitions=3)
        await admin.create(topic, partitions=5, replication=1, config={})
        assert await admin.partitions(topic) == 3
        assert await admin.partitions("contract-nowhere") is None
        assert await admin.earliest(topic, 2) == 0
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
        await bus.leave()
        with pytest.raises(Unavailable):
            await admin.cluster_id()
        with pytest.raises(Unavailable):
            await admin.read(topic, 0, 0, timeout=0.5)
        with pytest.raises(Unavailable):
            await bus.producer().start()


async def _taken(producer: Producer, topic: str, record: Outgoing) -> bool:
    try:
        await producer.send(topic, [record])
    except Unavailable:
        await asyncio.sleep(0.01)
        return False
    return True


async def _read_again(reader: Reader, number: int) -> bool:
    try:
        await reader.poll()
    except Unavailable:
        return False
    return number in values(reader.records)


async def _set_while_polling(event: asyncio.Event, reader: Reader) -> None:
    while not event.is_set():
        await reader.poll()


async def _poll_for_ever(consumer: Consumer) -> None:
    while True:
        await consumer.poll(max_records=1, timeout=0.1)
