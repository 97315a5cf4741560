"""Contract tests of producers."""

import asyncio
import time

import pytest
from bus_harness import PATIENCE, Bus, answers, eventually, outgoing, taken, values

from common.bus.errors import BusUnavailable, RecordRefused
from common.bus.ports import Outgoing, Stamping


class WritingContract:
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

    async def test_a_record_over_the_limit_is_refused_and_the_next_one_is_sent(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer:
            with pytest.raises(RecordRefused):
                await producer.send(topic, [outgoing(1), Outgoing(0, None, b"x" * 2_000_000)])
            assert producer.healthy
            await producer.send(topic, [outgoing(2)])
        assert values(await bus.records(topic, 1)) == [2]

    async def test_a_partition_that_does_not_exist_is_refused(self, bus: Bus) -> None:
        topic = await bus.topic(partitions=2)
        async with bus.producing() as producer:
            with pytest.raises(RecordRefused):
                await producer.send(topic, [outgoing(1, partition=2)])

    async def test_after_a_lost_ack_a_retry_may_write_a_copy_but_loses_nothing(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing(deadline=3) as producer:
            await producer.send(topic, [outgoing(0)])
            bus.lose_next_ack()
            try:
                await producer.send(topic, [outgoing(1)])
            except BusUnavailable:
                await producer.send(topic, [outgoing(1)])
            await producer.send(topic, [outgoing(2)])
        # Both ways there are two of it: the broker had taken the one whose ack was lost.
        assert values(await bus.records(topic, 4)) == [0, 1, 1, 2]

    async def test_without_a_broker_a_send_ends_at_its_deadline_and_later_ones_work(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing(deadline=1) as producer:
            await producer.send(topic, [outgoing(0)])
            await bus.go_offline()
            with pytest.raises(BusUnavailable):
                await asyncio.wait_for(producer.send(topic, [outgoing(1)]), PATIENCE)
            await bus.go_online()
            await eventually(lambda: taken(producer, topic, outgoing(2)))

    async def test_a_probe_tells_whether_a_send_could_succeed(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer:
            await producer.probe(topic)
            await bus.go_offline()
            with pytest.raises(BusUnavailable):
                await asyncio.wait_for(producer.probe(topic), PATIENCE)
            await bus.go_online()
            await eventually(lambda: answers(producer, topic))
            acks = await producer.send(topic, [outgoing(1)])
        assert [ack.offset for ack in acks] == [0], "nothing was written before"

    async def test_bytes_without_an_ack_are_bounded(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing(deadline=1, max_pending_bytes=1_000) as producer:
            await producer.send(topic, [outgoing(0)])
            await bus.go_offline()
            waiting = asyncio.create_task(producer.send(topic, [Outgoing(0, None, b"x" * 700)]))
            await asyncio.sleep(0)
            with pytest.raises(BusUnavailable, match="bytes"):
                await producer.send(topic, [Outgoing(0, None, b"x" * 700)])
            assert not waiting.done(), "it is refused at once, not at a deadline"
            with pytest.raises(BusUnavailable):
                await waiting
            await bus.go_online()
            await eventually(lambda: taken(producer, topic, Outgoing(0, None, b"x" * 700)))
