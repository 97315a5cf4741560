"""A partition worker on the bus in memory: every record is handled once, in the order of the log, whatever happens."""

import asyncio
import random

import pytest
from bus_harness import PATIENCE
from partition_log import Log
from partition_store import Fate, StoringService, until
from structlog.testing import capture_logs

from common.bus.memory import MemoryConsumer
from common.errors import Fenced, StopWorker
from common.partition_consumer import owned_partition
from common.startup import NOT_STARTED


async def test_every_record_is_handled_once_and_in_its_order(log: Log, service: StoringService) -> None:
    log.append(20)
    async with service.running(log.consumer()):
        await until(lambda: log.is_stored(service.store))
        log.append(20)
        await until(lambda: log.is_stored(service.store))
    assert service.store.largest == service.most
    assert (service.owned_counts[0], service.owned_counts[-1]) == (2, 0)
    assert sorted(service.lost_partitions) == [0, 1]


async def test_the_next_owner_goes_on_where_the_last_one_wrote(log: Log, service: StoringService) -> None:
    log.append(10)
    for _ in range(3):
        async with service.running(log.consumer()):
            await until(lambda: log.is_stored(service.store))
        log.append(7)
    async with service.running(log.consumer()):
        await until(lambda: log.is_stored(service.store))


async def test_a_partition_that_stopped_stays_closed_and_the_others_go_on(log: Log, service: StoringService) -> None:
    service.most, service.unreadable = 1, 4  # in partition 0
    log.append(10)
    with capture_logs() as said:
        async with service.running(log.consumer()) as worker:
            await until(lambda: worker.open_count() == 1 and service.store.values[1] == log.values(1))
            log.append(10)
            await until(lambda: service.store.values[1] == log.values(1))
            handler = worker.handlers[0]
            turns = handler.turns
            await until(lambda: handler.turns > turns + 1)
            assert worker.ready() == "a newer version wrote it"
            assert len(handler.opened_at) == 1
            assert handler.position is None
    assert service.store.values[0] == [0, 2], "what comes before it was handled"
    stops = [line for line in said if line["event"] == "partition.stopped"]
    assert stops == [
        {
            "event": "partition.stopped", "log_level": "error", "partition": 0, "offset": 2,
            "reason": "a newer version wrote it",
        }
    ]  # fmt: skip
    service.unreadable = None
    async with service.running(log.consumer()):
        await until(lambda: log.is_stored(service.store))


async def test_a_full_partition_is_left_out_of_the_poll_and_the_others_go_on(log: Log, service: StoringService) -> None:
    service.full, service.max_records = 5, 5
    service.store.gate.clear()
    log.append(100, partition=0)
    async with service.running(log.consumer()) as worker:
        await until(lambda: service.store.waiting == 1 and len(worker.handlers[0].inbox) >= service.full)
        polls = len(service.polled[1])
        await until(lambda: len(service.polled[1]) > polls + 3)
        assert len(worker.handlers[0].inbox) < service.full + service.max_records
        service.store.gate.set()
        log.append(1, partition=1)
        await until(lambda: log.is_stored(service.store))


async def test_only_the_oldest_unhandled_records_are_reported_to_the_handler(log: Log, service: StoringService) -> None:
    """The age of the first of them is the lag; records that came later say nothing about it."""
    service.store.gate.clear()
    async with service.running(log.consumer()) as worker:
        await until(lambda: worker.ready() is None)
        log.append(2, partition=0)
        await until(lambda: service.store.waiting == 1)
        log.append(4, partition=0)
        await until(lambda: len(worker.handlers[0].inbox) == 4)
        assert [count for count in service.polled[0] if count] == [2]
        service.store.gate.set()
        await until(lambda: log.is_stored(service.store))


# Kafka away


async def test_a_worker_that_starts_while_kafka_is_away_waits_and_says_so(log: Log, service: StoringService) -> None:
    log.append(10)
    log.broker.go_offline()
    async with service.running(log.consumer()) as worker:
        assert worker.ready() == NOT_STARTED
        await until(lambda: worker.ready() == "the log does not answer: the broker is away")
        log.broker.go_online()
        await until(lambda: log.is_stored(service.store))
        assert worker.ready() is None


async def test_a_worker_goes_on_after_an_outage_of_kafka(log: Log, service: StoringService) -> None:
    with capture_logs() as logs:
        async with service.running(log.consumer()) as worker:
            await until(lambda: worker.ready() is None)
            log.broker.go_offline()
            await until(lambda: worker.ready() == "the log does not answer: the broker is away")
            log.append(10)
            log.broker.go_online()
            await until(lambda: log.is_stored(service.store))
            assert worker.ready() is None
    assert [line["event"] for line in logs if "available" in line["event"]] == ["log.unavailable", "log.available"]


async def test_a_worker_that_waits_for_kafka_can_be_stopped(log: Log, service: StoringService) -> None:
    log.broker.go_offline()
    async with service.running(log.consumer()) as worker:
        await until(lambda: worker.ready() != NOT_STARTED)
    assert set(service.owned_counts) == {0}


# Hand-over


async def test_a_partition_is_handed_over_after_the_write_under_way(log: Log, service: StoringService) -> None:
    log.append(40)
    service.store.gate.clear()
    async with service.running(log.consumer()) as first:
        await until(lambda: service.store.waiting == 2)
        handlers = list(first.handlers.values())
        joining = log.consumer()
        async with service.running(joining) as second:
            await until(lambda: not first.handlers)
            assert not any(handler.closed for handler in handlers)
            assert not second.handlers, "the first one's writes are not over"
            service.store.gate.set()
            await until(lambda: log.is_stored(service.store))
            assert all(handler.closed for handler in handlers)
            assert not any(handler.doubts for handler in handlers), "its writes were in time"
            await until(lambda: len(first.handlers) == len(second.handlers) == 1)


async def test_a_write_that_takes_too_long_is_handed_over_late_and_fenced(
    log: Log, service: StoringService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owned_partition, "HANDOVER_TIMEOUT", 0.02)
    log.append(8)
    heir = StoringService()
    heir.store.values, heir.store._offsets = service.store.values, service.store._offsets
    service.store.gate.clear()
    with capture_logs() as logs:
        async with service.running(log.consumer()) as slow:
            await until(lambda: service.store.waiting == 2)
            late = list(slow.handlers.values())
            async with heir.running(log.consumer()):
                await until(lambda: log.is_stored(service.store) or len(slow.handlers) == 1)
                await until(lambda: not any(one in slow.handlers.values() for one in late))
                await until(lambda: heir.store.count() > 0)
                service.store.gate.set()
                await until(lambda: log.is_stored(service.store))
                await until(lambda: any(handler.doubts for handler in late))
    assert {type(doubt) for handler in late for doubt in handler.doubts} == {Fenced}
    assert {line["partition"] for line in logs if line["event"] == "partition.handed_over_late"} == {0, 1}


async def test_a_stop_lets_the_write_under_way_finish(log: Log, service: StoringService) -> None:
    log.append(2, partition=0)
    service.store.gate.clear()
    worker, stop = service.worker(log.consumer()), asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await until(lambda: service.store.waiting == 1)
    stop.set()
    await asyncio.sleep(0.02)
    assert not running.done()
    service.store.gate.set()
    await running
    assert log.is_stored(service.store)


async def test_a_cancellation_cuts_the_write_under_way_short(log: Log, service: StoringService) -> None:
    log.append(2, partition=0)
    service.store.gate.clear()
    worker = service.worker(log.consumer())
    running = asyncio.create_task(worker.run(asyncio.Event()))
    await until(lambda: service.store.waiting == 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, PATIENCE)
    assert (service.store.waiting, service.store.count()) == (0, 0)


# Failures


async def test_what_a_handler_raises_ends_the_worker_and_its_other_partitions(
    log: Log, service: StoringService
) -> None:
    service.poison = 6
    log.append(10)
    with pytest.raises(StopWorker, match="only a person"):
        async with service.running(log.consumer()):
            await until(lambda: service.lost_partitions == [0, 1])
    assert service.store.values[0] == [0, 2, 4][: len(service.store.values[0])]


async def test_what_runs_beside_a_partition_ends_with_it_and_ends_the_worker_if_it_fails(
    log: Log, service: StoringService
) -> None:
    ended, break_it = list[str](), asyncio.Event()

    async def relay() -> None:
        try:
            await break_it.wait()
            raise LookupError("no outbox")
        finally:
            ended.append("relay")

    service.background = [relay]
    async with service.running(log.consumer()) as worker:
        await until(lambda: worker.ready() is None)
        assert ended == []
    assert ended == ["relay", "relay"]
    break_it.set()
    with pytest.raises(LookupError, match="no outbox"):
        async with service.running(log.consumer()):
            await until(lambda: len(ended) == 4)


# All of it at once


@pytest.mark.parametrize("seed", range(12))
async def test_whoever_dies_sleeps_or_doubts_every_record_is_written_once_in_its_order(seed: int) -> None:
    draw = random.Random(seed)
    log, service = Log(partitions=4), StoringService()
    await log.create()
    service.max_records, service.full, service.turn_wait = draw.choice((2, 5, 500)), 9, 0.002
    running: list[tuple[asyncio.Task[None], asyncio.Event, MemoryConsumer]] = []

    def start() -> None:
        consumer, stop = log.consumer(), asyncio.Event()
        running.append((asyncio.create_task(service.worker(consumer).run(stop)), stop, consumer))

    async def end(victim: tuple[asyncio.Task[None], asyncio.Event, MemoryConsumer]) -> None:
        task, stop, consumer = victim
        if draw.random() < 0.5:
            # It sleeps past its session, and others have its partitions when it goes on.
            await log.broker.expire_session(consumer)
            await asyncio.sleep(0.005)
        task.cancel() if draw.random() < 0.5 else stop.set()
        await asyncio.wait([task])

    for _ in range(25):
        log.append(draw.randrange(20))
        if len(running) < 3 and draw.random() < 0.5:
            start()
        service.store.fates += draw.choices((Fate.WELL, Fate.LOST, Fate.UNANSWERED), weights=(8, 1, 1), k=5)
        await asyncio.sleep(draw.random() * 0.01)
        if running and draw.random() < 0.3:
            await end(running.pop(draw.randrange(len(running))))
    start()
    await until(lambda: log.is_stored(service.store))
    for _, stop, _ in running:
        stop.set()
    await asyncio.gather(*(task for task, _, _ in running))
