"""Contract tests of consumers: positions, groups, rebalances, and the workers that read through them."""

import asyncio
import time

import pytest
from bus_harness import PATIENCE, Bus, Reader, eventually, outgoing, place, taken, values
from partition_store import Fate, StoringService, until

from common.bus.errors import BusUnavailable, OffsetOutOfRange
from common.bus.ports import Consumer, Producer
from common.errors import StopWorker


class ReadingContract:
    # Positions

    async def test_a_new_partition_brings_no_records_until_a_seek(self, bus: Bus) -> None:
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

    async def test_a_poll_of_some_partitions_keeps_what_came_for_the_others(self, bus: Bus) -> None:
        topic = await bus.topic(partitions=2)
        async with bus.producing() as producer, bus.reading(topic) as reader:
            await producer.send(topic, [outgoing(n, partition=n % 2) for n in range(20)])
            await reader.until(lambda: len(reader.records) >= 1, max_records=1)
            seen = len(reader.records)
            await reader.until(lambda: reader.next(1) == 10, only={1})
            assert [record.partition for record in reader.records[seen:]] == [1] * len(reader.records[seen:])
            assert await reader.poll(only={1}) == []
            await reader.until(lambda: reader.next(0) == 10)
            assert sorted(values(reader.records)) == list(range(20))

    async def test_seek_and_pause_of_a_partition_that_is_not_ours_do_nothing(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer, bus.reading(topic) as reader:
            reader.consumer.seek(5, 0)
            reader.consumer.pause(5)
            await producer.send(topic, [outgoing(1)])
            assert values(await reader.read(1)) == [1]

    async def test_at_end_means_that_all_known_records_were_polled(self, bus: Bus) -> None:
        topic = await bus.topic(partitions=2)
        async with bus.producing() as producer, bus.reading(topic, start=False) as reader:
            await producer.send(topic, [outgoing(n) for n in range(10)])
            await reader.until(lambda: reader.owned == {0, 1})
            assert not reader.consumer.at_end(0)
            for partition in (0, 1):
                reader.consumer.seek(partition, 0)
                assert not reader.consumer.at_end(partition)
            await reader.until(lambda: len(reader.records) >= 4, max_records=4)
            assert not reader.consumer.at_end(0)
            await reader.until(lambda: reader.consumer.at_end(0))
            assert values(reader.records) == list(range(10))
            await reader.until(lambda: reader.consumer.at_end(1))
            reader.consumer.seek(0, 10)
            assert not reader.consumer.at_end(0)
            await reader.until(lambda: reader.consumer.at_end(0))
            assert len(reader.records) == 10

    async def test_an_empty_poll_ends_in_time(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.reading(topic) as reader:
            await reader.until(lambda: reader.consumer.at_end(0))
            started = time.monotonic()
            assert await asyncio.wait_for(reader.poll(timeout=0.2), PATIENCE) == []
            assert time.monotonic() - started > 0.15
            assert await reader.poll(timeout=0) == []

    async def test_a_cancelled_poll_loses_no_record(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer, bus.reading(topic) as reader:
            await reader.until(lambda: reader.consumer.at_end(0))
            poll = asyncio.create_task(reader.poll(timeout=PATIENCE))
            await asyncio.sleep(0)
            poll.cancel()
            await asyncio.wait([poll])
            await producer.send(topic, [outgoing(1)])
            assert values(await reader.read(1)) == [1]

    async def test_a_position_that_retention_deleted_is_out_of_range(self, bus: Bus) -> None:
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
                with pytest.raises(OffsetOutOfRange) as caught:
                    await reader.until(lambda: False)
                assert (caught.value.partition, caught.value.offset) == (0, lost)
                assert not reader.consumer.at_end(0)
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
            await first.until(lambda: len(set(map(place, first.records))) == 80)
        assert first.told[-1] == ("revoked", frozenset(range(4)))
        assert set(map(place, second.records)) <= set(map(place, first.records))

    async def test_a_partition_is_assigned_only_after_its_owner_gave_it_up(self, bus: Bus) -> None:
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

    async def test_the_next_poll_raises_what_a_callback_raised(self, bus: Bus) -> None:
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

    async def test_a_reader_survives_a_broker_outage(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing() as producer, bus.reading(topic) as reader:
            await producer.send(topic, [outgoing(1)])
            await reader.read(1)
            await bus.go_offline()
            with pytest.raises(BusUnavailable):
                await reader.until(lambda: False)
            await bus.go_online()
            await eventually(lambda: taken(producer, topic, outgoing(2)))
            await eventually(lambda: _read_again(reader, 2))

    async def test_without_a_broker_everything_can_still_be_stopped(self, bus: Bus) -> None:
        topic = await bus.topic()
        async with bus.producing(deadline=1) as producer, bus.reading(topic) as reader:
            await producer.send(topic, [outgoing(1)])
            await reader.read(1)
            await bus.go_offline()
            with pytest.raises(BusUnavailable):
                await producer.send(topic, [outgoing(2)])
        assert reader.told == [("assigned", frozenset({0})), ("revoked", frozenset({0}))]

    # Partition workers

    async def test_workers_that_share_a_group_handle_every_record_once_and_in_order(self, bus: Bus) -> None:
        topic, service = await bus.topic(partitions=4), StoringService()
        sent: list[list[int]] = [[] for _ in range(4)]

        async def send(producer: Producer, first: int) -> None:
            await producer.send(topic, [outgoing(n, partition=n % 4) for n in range(first, first + 40)])
            for number in range(first, first + 40):
                sent[number % 4].append(number)

        def all_stored() -> bool:
            return [service.store.values[number] for number in range(4)] == sent

        async with bus.producing() as producer, service.running(bus.consumer(topic, group="workers")) as first:
            await send(producer, 0)
            await until(all_stored)
            async with service.running(bus.consumer(topic, group="workers")) as second:
                await send(producer, 40)
                await until(lambda: len(first.handlers) == len(second.handlers) == 2)
                service.store.fates = [Fate.UNANSWERED, Fate.LOST]
                await send(producer, 80)
                await until(all_stored)
            await until(lambda: len(first.handlers) == 4 and first.ready() is None)
            await send(producer, 120)
            await until(all_stored)
            await until(lambda: all(handler.inbox.at_log_end for handler in first.handlers.values()))

    async def test_a_worker_whose_position_the_log_lost_is_told(self, bus: Bus) -> None:
        if not bus.knows_its_bounds:
            pytest.skip("this broker does not say that an offset is outside its log")
        topic, service = await bus.topic(), StoringService()
        async with bus.producing() as producer:
            await producer.send(topic, [outgoing(n) for n in range(10)])
        await bus.truncate(topic, 0, before=6)
        with pytest.raises(StopWorker, match="does not hold offset 0"):
            async with service.running(bus.consumer(topic, group="workers")):
                await until(lambda: bool(service.lost_partitions))


async def _read_again(reader: Reader, number: int) -> bool:
    try:
        await reader.poll()
    except BusUnavailable:
        return False
    return number in values(reader.records)


async def _set_while_polling(event: asyncio.Event, reader: Reader) -> None:
    while not event.is_set():
        await reader.poll()


async def _poll_for_ever(consumer: Consumer) -> None:
    while True:
        await consumer.poll(max_records=1, timeout=0.1)
