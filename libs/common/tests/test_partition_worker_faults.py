"""A partition worker whose transactions hang, end late or are cancelled, while its partitions come and go."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import pytest
from partition_log import CountingConsumer, Log
from partition_store import PartitionStore, StoringHandler, StoringService, until
from structlog.testing import capture_logs

from common.bus.memory import MemoryConsumer
from common.bus.ports import Record
from common.errors import Unreachable
from common.partition_consumer import owned_partition


class WatchedConsumer(CountingConsumer):
    """Like aiokafka it learns at any poll where every partition ends."""

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        polled = await super().poll(max_records=max_records, timeout=timeout, only=only)
        for partition, position in self._positions.items():
            at_end = position == self._log.topics[self._topic].partitions[partition].end
            (self._at_end.add if at_end else self._at_end.discard)(partition)
        return polled


def watched(consumer: MemoryConsumer) -> WatchedConsumer:
    return WatchedConsumer(consumer._log, consumer._topic, consumer.group)


class FirstHangs(PartitionStore):
    """What the first owner of partition 0 asks hangs as on a dead connection, until that is given up."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.given_up = asyncio.Event()
        self.hanging = self._hung = False
        self._what = what

    async def offset(self, partition: int) -> int:
        await self._hang_once("open", partition)
        return await super().offset(partition)

    async def write(self, partition: int, values: Sequence[int], *, after: int, to: int) -> None:
        await self._hang_once("write", partition)
        await super().write(partition, values, after=after, to=to)

    async def _hang_once(self, what: str, partition: int) -> None:
        if what != self._what or partition != 0 or self._hung:
            return
        self.hanging = self._hung = True
        await self.given_up.wait()
        self.hanging = False
        raise Unreachable("no answer within the patience")


@pytest.mark.parametrize("what", ["write", "open"])
async def test_a_late_doubt_of_a_former_assignment_does_not_pause_the_next_one(
    log: Log, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A member joins while the database hangs; the worker gets the partition back, and only then the database fails."""
    monkeypatch.setattr(owned_partition, "HANDOVER_TIMEOUT", 0.02)
    service, other = StoringService(), StoringService()
    service.store = other.store = store = FirstHangs(what)
    log.append(3, partition=0)
    async with service.running(log.consumer()) as worker:
        await until(lambda: store.hanging)
        former = worker.handlers[0]
        async with other.running(log.consumer()):
            await until(lambda: worker.handlers.get(0) not in (None, former) and store.values[0] == log.values(0))
            store.given_up.set()
            await until(lambda: bool(former.doubts))
            log.append(2, partition=0)
            await until(lambda: store.values[0] == log.values(0))
            assert worker.handlers[0].doubts == []


class SlowToOpen(PartitionStore):
    """From the second look at the position on, it answers when told."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()
        self._looks = 0

    async def offset(self, partition: int) -> int:
        if partition == 0:
            self._looks += 1
            if self._looks > 1:
                await self.answers.wait()
        return await super().offset(partition)


async def test_a_partition_that_is_opened_again_is_not_read_meanwhile(log: Log) -> None:
    service, consumer = StoringService(), watched(log.consumer())
    service.store = store = SlowToOpen()
    service.most = 5_000
    log.append(1, partition=0)
    async with service.running(consumer) as worker:
        await until(lambda: store.values[0] == log.values(0))
        handler = worker.handlers[0]
        handler.up_to_date = False  # as after a suspension
        log.append(20_000, partition=0)
        await until(lambda: len(handler.opened_at) == 2)
        brought = consumer.brought
        log.append(1, partition=1)
        await until(lambda: store.values[1] == log.values(1))
        assert consumer.brought == brought
        store.answers.set()
        await until(lambda: store.values[0] == log.values(0))


async def test_a_partition_that_polls_leave_out_is_not_at_an_end_that_has_moved(log: Log) -> None:
    service, consumer = StoringService(), watched(log.consumer())
    service.full = service.most = 3
    service.store.gate.clear()
    too_early: list[int] = []

    def look(handler: StoringHandler) -> None:
        if handler.number == 0 and handler.inbox.at_log_end and not consumer.at_end(0):
            too_early.append(len(service.store.values[0]))

    service.after_turn = look
    log.append(1, partition=0)
    async with service.running(consumer) as worker:
        await until(lambda: service.store.waiting == 1)
        log.append(3, partition=0)
        await until(lambda: len(worker.handlers[0].inbox) == 3)
        log.append(2, partition=0)
        await until(lambda: not consumer.at_end(0))
        service.store.gate.set()
        await until(lambda: service.store.values[0] == log.values(0))
    assert too_early == []


class Broken(PartitionStore):
    """A write fails by a bug, or ends by a cancellation that nobody asked for."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    async def write(self, partition: int, values: Sequence[int], *, after: int, to: int) -> None:
        self.waiting += 1
        await self.gate.wait()
        raise self._error


async def test_a_turn_that_fails_while_its_partition_is_closed_is_logged(log: Log) -> None:
    service, stop, closing = StoringService(), asyncio.Event(), asyncio.Event()

    async def until_closed() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            closing.set()

    service.background = [until_closed]
    service.store = Broken(LookupError("a bug"))
    service.store.gate.clear()
    log.append(1, partition=0)
    with capture_logs() as said:
        running = asyncio.create_task(service.worker(log.consumer()).run(stop))
        await until(lambda: service.store.waiting == 1)
        stop.set()
        await closing.wait()
        service.store.gate.set()
        await running
    assert [str(line["exc_info"]) for line in said if line["event"] == "partition.failed_late"] == ["a bug"]


async def test_a_turn_that_ends_by_a_stray_cancellation_ends_the_worker(log: Log) -> None:
    service = StoringService()
    service.store = Broken(asyncio.CancelledError())
    log.append(1, partition=0)
    with pytest.raises(RuntimeError, match="a task of partition 0 was cancelled"):
        await service.worker(log.consumer()).run(asyncio.Event())


async def test_a_cancellation_after_a_stop_cuts_the_transaction_short_and_leaves_the_group(log: Log) -> None:
    service, stop, consumer = StoringService(), asyncio.Event(), log.consumer()
    service.store.gate.clear()
    log.append(1, partition=0)
    running = asyncio.create_task(service.worker(consumer).run(stop))
    await until(lambda: service.store.waiting == 1)
    stop.set()
    await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await until(lambda: service.store.waiting == 0)
    heir = StoringService()
    async with heir.running(log.consumer()) as worker:
        await until(lambda: worker.open_count() == 2)
