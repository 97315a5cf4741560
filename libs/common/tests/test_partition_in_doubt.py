"""A partition worker whose writes are in doubt, or whose log shows records twice: it opens the partition again."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import pytest
from partition_log import TOPIC, CountingConsumer, Log
from partition_store import Fate, PartitionStore, StoringHandler, StoringService, until

from common.bus.memory import MemoryConsumer
from common.bus.ports import Record
from common.errors import StopWorker, Unreachable
from common.partition_consumer import owned_partition
from common.partition_consumer.owned_partition import OwnedPartition


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.UNANSWERED])
async def test_a_write_in_doubt_is_neither_lost_nor_made_twice(log: Log, service: StoringService, fate: Fate) -> None:
    log.append(30)
    service.store.fates = [Fate.WELL, fate, Fate.WELL, fate, fate]
    async with service.running(log.consumer()) as worker:
        await until(lambda: log.is_stored(service.store))
        doubts = [doubt for handler in worker.handlers.values() for doubt in handler.doubts]
    assert [type(doubt) for doubt in doubts] == [Unreachable] * 3


class Holding(MemoryConsumer):
    """The first poll that brings records while a write waits is answered when the gate opens."""

    def __init__(self, inner: MemoryConsumer, store: PartitionStore) -> None:
        super().__init__(inner._log, inner._topic, inner.group)
        self._store = store
        self.gate = asyncio.Event()
        self.held: Mapping[int, Sequence[Record]] = {}

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        polled = await super().poll(max_records=max_records, timeout=timeout, only=only)
        if polled and self._store.waiting and not self.held:
            self.held = polled
            await self.gate.wait()
        return polled


async def test_what_a_poll_brings_that_began_before_a_doubt_is_dropped_and_polled_again(
    log: Log, service: StoringService
) -> None:
    consumer = Holding(log.consumer(), service.store)
    service.store.gate.clear()
    service.store.fates = [Fate.LOST]
    log.append(3, partition=0)
    async with service.running(consumer) as worker:
        await until(lambda: service.store.waiting == 1)
        log.append(3, partition=0)
        await until(lambda: bool(consumer.held))
        service.store.gate.set()
        # Open again, at the first record; the poll holds the fourth.
        await until(lambda: len(worker.handlers[0].opened_at) == 2 and worker.ready() is None)
        consumer.gate.set()
        await until(lambda: log.is_stored(service.store))


async def test_a_partition_in_doubt_is_opened_again_after_the_pause_of_its_handler(
    log: Log, service: StoringService
) -> None:
    service.shut, service.pause = {0}, 0.1
    async with service.running(log.consumer()) as worker:
        await until(lambda: worker.ready() == "partitions not open: [0]")
        await until(lambda: len(worker.handlers[0].opened_at) == 4)
        moments = worker.handlers[0].opened_at
        assert worker.open_count() == 1
        log.append(9, partition=1)
        await until(lambda: service.store.values[1] == log.values(1))
        service.shut.clear()
        await until(lambda: worker.ready() is None)
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert min(pauses) >= 0.099


async def test_a_partition_in_doubt_is_not_read_until_it_is_opened_again(log: Log, service: StoringService) -> None:
    inner = log.consumer()
    consumer = CountingConsumer(inner._log, inner._topic, inner.group)
    service.store.fates, service.pause = [Fate.LOST], 0.2
    log.append(2, partition=0)
    async with service.running(consumer) as worker:
        await until(lambda: bool(worker.handlers) and bool(worker.handlers[0].doubts))
        log.append(9, partition=0)
        brought, polls = consumer.brought, len(service.polled[0])
        await until(lambda: len(service.polled[0]) > polls + 3)
        assert (consumer.brought, worker.ready()) == (brought, "partitions not open: [0]")
        await until(lambda: log.is_stored(service.store))


class Repeating(MemoryConsumer):
    """Each poll repeats the last record of the one before."""

    last: Mapping[int, Record] = {}

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        polled = await super().poll(max_records=max_records, timeout=timeout, only=only)
        repeated = {n: [*([self.last[n]] if n in self.last else ()), *records] for n, records in polled.items()}
        self.last = {**self.last, **{number: records[-1] for number, records in polled.items()}}
        return repeated


async def test_a_record_that_comes_twice_is_handled_once(log: Log, service: StoringService) -> None:
    inner = log.consumer()
    service.max_records = 4
    log.append(30)
    async with service.running(Repeating(inner._log, inner._topic, inner.group)):
        await until(lambda: log.is_stored(service.store))


class Dawdling(MemoryConsumer):
    """It knows that it has read to the end for some time before it returns what it has read."""

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        polled = await super().poll(max_records=max_records, timeout=timeout, only=only)
        await asyncio.sleep(0.005)
        return polled


async def test_a_partition_is_at_the_logs_end_only_when_what_was_polled_is_handled(
    log: Log, service: StoringService
) -> None:
    """Else a partition that was just opened would count as read to its end before anything of it is read."""
    inner = log.consumer()
    stored: list[int] = []  # how many records, whenever the partition was at the log's end

    def look(handler: StoringHandler) -> None:
        if handler.number == 0 and handler.inbox.at_log_end:
            stored.append(len(service.store.values[0]))

    service.after_turn, service.turn_wait = look, 0.0005
    log.append(5, partition=0)
    async with service.running(Dawdling(inner._log, inner._topic, inner.group)):
        await until(lambda: bool(stored))
    assert stored[0] == 5


async def test_a_handler_that_finds_its_knowledge_out_of_date_is_opened_again(
    log: Log, service: StoringService
) -> None:
    log.append(10)
    async with service.running(log.consumer()) as worker:
        await until(lambda: log.is_stored(service.store))
        handler = worker.handlers[0]
        handler.up_to_date = False
        log.append(10)
        await until(lambda: log.is_stored(service.store))
        assert len(handler.opened_at) == 2
        assert not handler.doubts


async def test_a_position_that_the_log_lost_stops_the_worker_if_the_service_says_so(
    log: Log, service: StoringService
) -> None:
    log.append(10, partition=0)
    log.broker.truncate(TOPIC, 0, before=5)
    with pytest.raises(StopWorker, match="does not hold offset 0"):
        async with service.running(log.consumer()):
            await asyncio.sleep(0.2)


async def test_a_position_that_the_log_lost_is_opened_again_if_the_service_goes_on(
    log: Log, service: StoringService
) -> None:
    service.stop_when_lost = False
    log.append(10, partition=0)
    log.broker.truncate(TOPIC, 0, before=5)
    async with service.running(log.consumer()) as worker:
        await until(lambda: bool(worker.handlers) and len(worker.handlers[0].opened_at) >= 2)
        service.store._offsets[0] = 5
        await until(lambda: log.is_stored(service.store))


class Seeks:
    """A reader that keeps what it is told."""

    def __init__(self) -> None:
        self.seeks: list[tuple[int, int]] = []

    def seek(self, partition: int, offset: int) -> None:
        self.seeks.append((partition, offset))

    def pause(self, partition: int) -> None: ...

    def at_end(self, partition: int) -> bool:
        return False


async def test_a_partition_that_was_lost_while_it_was_opened_moves_no_reader(
    service: StoringService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next assignment of the partition to this worker may read by then."""
    monkeypatch.setattr(owned_partition, "HANDOVER_TIMEOUT", 0.02)
    answer, reader = asyncio.Event(), Seeks()

    async def offset(partition: int) -> int:
        await answer.wait()
        return 7

    service.store.offset = offset  # type: ignore[method-assign]
    owned = OwnedPartition(
        0,
        make_handler=lambda number, inbox: StoringHandler(number, inbox, service),
        reader=reader,
        steady=asyncio.get_running_loop().time,
        open_wait=0.005,
        on_failure=lambda error: None,
    )
    await until(lambda: bool(owned.handler.opened_at))
    await owned.close()
    answer.set()
    await until(lambda: owned.handler.position == 7)
    await asyncio.sleep(0.01)
    assert reader.seeks == []
