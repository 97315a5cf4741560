"""What the worker of alerts reads ahead of what it has decided, and what that says about sending."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from alerts.metrics import AlertsMetrics
from alerts.topic.position import TopicPosition
from alerts.worker.handler import SignalsHandler
from alerts.worker.partition import DecidedBatch, SignalsPartition
from alerts.worker.send_gate import SendGate
from alerts.worker.ticks import PartitionTicks
from alerts.worker.worker import AlertsWorker
from common.bus.memory import MemoryBroker, MemoryConsumer
from common.bus.ports import Outgoing, PlainRecord, Record
from common.partition_consumer.inbox import Inbox
from common.partition_consumer.owned_partition import OwnedPartition
from common.ticks import LogTime

BEHIND_AFTER = 60.0
MAX_RECORDS = 500


class ScriptedPartition:
    """Decides nothing itself: the test says how long a batch takes, and whether more of it is left."""

    def __init__(self, *, newest: float = 0.0) -> None:
        self.position: TopicPosition | None = None
        self.newest = newest
        self.proceeds = asyncio.Event()
        self.proceeds.set()
        self.deciding = False
        self.finished = True
        self.account_waits = False
        self.earliest: float | None = None

    async def open(self) -> int:
        self.position = TopicPosition("commit", 0, None, self.newest)
        return 0

    async def decide(self, records: Sequence[Record]) -> DecidedBatch:
        if records or self.account_waits:
            self.account_waits, self.deciding = False, True
            await self.proceeds.wait()
            self.deciding = False
        if records and self.finished:
            self.position = TopicPosition("commit", records[-1].offset + 1, None, records[-1].timestamp / 1000)
        return DecidedBatch(taken=len(records) if self.finished else 0)


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def no_ticks(clock: Clock) -> PartitionTicks:
    """No timer is set, and the log's ticks are those of scoring."""
    sender = MemoryBroker().producer()
    return PartitionTicks(0, sender=sender, topic="signals", log_time=LogTime(clock), steady=clock, wall=False)


def handler_of(partition: ScriptedPartition, inbox: Inbox, clock: Clock) -> SignalsHandler:
    gate = SendGate(behind_after=BEHIND_AFTER)
    decided = cast(SignalsPartition, partition)
    return SignalsHandler(
        decided, inbox, gate, no_ticks(clock), max_records=MAX_RECORDS, clock=clock, wake=lambda: None
    )


async def test_nothing_is_sent_by_an_end_of_the_log_that_kafka_named_over_a_minute_ago() -> None:
    """Many accounts are late, each of eight transactions takes 14 s, and Kafka is away meanwhile."""
    clock, inbox, partition = Clock(1_000.0), Inbox(), ScriptedPartition()
    handler = handler_of(partition, inbox, clock)
    await handler.open()
    records = [PlainRecord(0, offset, int(clock.now * 1000), None, b"x") for offset in range(2)]
    inbox.put(records)
    inbox.read_to_end = True
    assert handler.polled(records)
    partition.finished = False
    for _ in range(8):
        await handler.handle_records()
        await handler.after_turn()
        clock.now += 14.0
    partition.finished = True
    await handler.handle_records()
    await handler.after_turn()
    assert not handler.may_send(clock.now)

    assert handler.polled(())  # Kafka answers again, and the log ends where it did
    await handler.after_turn()
    assert handler.may_send(clock.now)


class IdleReader:
    """A reader of a partition to which nothing is written."""

    def seek(self, partition: int, offset: int) -> None: ...

    def pause(self, partition: int) -> None: ...

    def at_end(self, partition: int) -> bool:
        return True


async def test_a_record_that_comes_while_an_account_is_decided_again_does_not_stop_the_sender() -> None:
    """The record read last is two hours old, the one that waits is new: nothing is behind."""
    clock = Clock(100_000.0)
    partition = ScriptedPartition(newest=clock.now - 7_200)
    states: list[bool] = []
    handlers: list[SignalsHandler] = []

    class Watched(SignalsHandler):
        async def after_turn(self) -> None:
            await super().after_turn()
            states.append(self.gate.open)

    def make(number: int, inbox: Inbox) -> SignalsHandler:
        gate = SendGate(behind_after=BEHIND_AFTER)
        decided = cast(SignalsPartition, partition)
        ticks = no_ticks(clock)
        handlers.append(Watched(decided, inbox, gate, ticks, max_records=MAX_RECORDS, clock=clock, wake=lambda: None))
        return handlers[0]

    owned = OwnedPartition(
        0,
        make_handler=make,
        reader=IdleReader(),
        steady=asyncio.get_running_loop().time,
        open_wait=0.01,
        on_failure=lambda error: None,
    )
    await until(lambda: owned.is_open)
    owned.deliver((), epoch=owned.epoch)
    await until(lambda: handlers[0].may_send(clock.now))
    partition.proceeds.clear()
    partition.account_waits = True
    await until(lambda: partition.deciding)
    states.clear()
    owned.deliver([PlainRecord(0, 0, int(clock.now * 1000), None, b"x")], epoch=owned.epoch)
    partition.proceeds.set()
    await until(lambda: len(states) >= 2)
    await owned.close()
    assert False not in states


class FetchingConsumer(MemoryConsumer):
    """A poll brings at most what a fetch of Kafka holds: 2 MB here."""

    async def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Mapping[int, Sequence[Record]]:
        return await super().poll(max_records=min(max_records, 100), timeout=timeout, only=only)


@pytest.mark.timeout(60)
async def test_what_waits_to_be_decided_is_bounded_in_bytes() -> None:
    broker = MemoryBroker()
    await broker.admin().create("signals", partitions=12, replication=1, config={})
    value = b"x" * 20_000
    for number in range(12):
        broker.append("signals", [Outgoing(number, None, value) for _ in range(500)])
    inboxes: list[Inbox] = []
    partitions: list[ScriptedPartition] = []

    def make(number: int, inbox: Inbox) -> SignalsHandler:
        inboxes.append(inbox)
        partitions.append(ScriptedPartition())
        partitions[-1].proceeds.clear()
        return handler_of(partitions[-1], inbox, Clock(1e9))

    former = broker.consumer("signals", group="alerts")
    worker = AlertsWorker(
        consumer=FetchingConsumer(former._log, former._topic, former.group),
        make_handler=make,
        metrics=AlertsMetrics(CollectorRegistry()),
        clock=Clock(1e9),
        steady=asyncio.get_running_loop().time,
        max_records=MAX_RECORDS,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await until(lambda: len(partitions) == 12 and all(partition.deciding for partition in partitions))
    largest = 0
    for _ in range(50):
        await asyncio.sleep(0.01)
        largest = max(largest, sum(inbox.size for inbox in inboxes))
    for partition in partitions:
        partition.proceeds.set()
    stop.set()
    await running
    assert 0 < largest < 30e6  # all of the topic is 120 MB, one poll brings at most 24


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.001)
