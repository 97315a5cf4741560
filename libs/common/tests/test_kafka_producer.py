"""The Kafka producer on a fake of aiokafka's, which shows its batches and fails on request."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    NotEnoughReplicasError,
)
from aiokafka.structs import RecordMetadata, TopicPartition

from common.bus import kafka_producer
from common.bus.errors import BusUnavailable, RecordRefused
from common.bus.kafka import KafkaProducer
from common.bus.ports import Outgoing

Judge = Callable[[list[bytes]], KafkaError | None]


class Batch:
    def __init__(self) -> None:
        self.values: list[bytes] = []

    def append(self, *, value: bytes, **_: Any) -> object:
        self.values.append(value)
        return object()


class Inner:
    """An aiokafka producer whose broker answers when `open` is set, and as `judge` says."""

    def __init__(self, log: list[bytes], judge: Judge) -> None:
        self.log = log
        self.judge = judge
        self.sent: list[list[bytes]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.sending = asyncio.Event()
        self.reachable = asyncio.Event()
        self.reachable.set()
        self.stopped = False
        self.client = self._sender = self
        self._sync_task = self.sender_task = None

    async def start(self) -> None:
        await self.reachable.wait()

    async def close(self) -> None: ...

    async def stop(self) -> None:
        self.stopped = True

    def create_batch(self) -> Batch:
        return Batch()

    async def partitions_for(self, topic: str) -> set[int]:
        return {0, 1}

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[RecordMetadata]:
        self.sent.append(batch.values)
        self.sending.set()
        return asyncio.ensure_future(self._answer(batch.values))

    async def _answer(self, values: list[bytes]) -> RecordMetadata:
        await self.open.wait()
        if error := self.judge(values):
            raise error
        offset = len(self.log)
        self.log.extend(values)
        return RecordMetadata("t", 0, TopicPartition("t", 0), offset, -1, 0, 0)


class Brokers:
    """Hands out inner producers: the first one judges as told, the ones after it take everything, once `back`."""

    def __init__(self, judge: Judge = lambda values: None) -> None:
        self.judge = judge
        self.log: list[bytes] = []
        self.made: list[Inner] = []
        self.back = asyncio.Event()

    def connect(self) -> Inner:
        inner = Inner(self.log, (lambda values: None) if self.made else self.judge)
        if self.made:
            inner.reachable = self.back
        self.made.append(inner)
        return inner


async def producer_on(brokers: Brokers, *, deadline: float = 5.0) -> KafkaProducer:
    producer = KafkaProducer("nowhere", deadline=deadline, connect=brokers.connect)
    await producer.start()
    return producer


def record(number: int, partition: int = 0) -> Outgoing:
    return Outgoing(partition, None, b"%d" % number)


async def test_calls_that_wait_for_the_same_partition_share_the_next_batch() -> None:
    brokers = Brokers()
    producer = await producer_on(brokers)
    inner = brokers.made[0]
    inner.open.clear()
    calls = [asyncio.create_task(producer.send("t", [record(0)]))]
    await inner.sending.wait()
    calls += [asyncio.create_task(producer.send("t", [record(n), record(n + 100)])) for n in (1, 2, 3)]
    await asyncio.sleep(0)
    inner.open.set()
    acks = await asyncio.gather(*calls)
    assert inner.sent == [[b"0"], [b"1", b"101", b"2", b"102", b"3", b"103"]]
    assert [[ack.offset for ack in call] for call in acks] == [[0], [1, 2], [3, 4], [5, 6]]
    await producer.stop()


async def test_a_queued_call_that_was_cancelled_is_not_sent() -> None:
    brokers = Brokers()
    producer = await producer_on(brokers)
    inner = brokers.made[0]
    inner.open.clear()
    first = asyncio.create_task(producer.send("t", [record(0)]))
    await inner.sending.wait()
    given_up = asyncio.create_task(producer.send("t", [record(1)]))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    inner.open.set()
    await first
    await producer.send("t", [record(2)])
    assert brokers.log == [b"0", b"2"]
    await producer.stop()


async def test_a_refused_record_fails_only_its_own_call() -> None:
    brokers = Brokers(lambda values: MessageSizeTooLargeError() if b"5" in values else None)
    producer = await producer_on(brokers)
    calls = [asyncio.create_task(producer.send("t", [record(n)])) for n in range(8)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [list] * 5 + [RecordRefused] + [list] * 2
    assert brokers.log == [b"%d" % n for n in range(8) if n != 5]
    assert producer.healthy
    assert len(brokers.made) == 1
    await producer.stop()


async def test_an_error_of_one_partition_fails_only_calls_that_wrote_to_it() -> None:
    brokers = Brokers(lambda values: NotEnoughReplicasError() if b"1" in values else None)
    producer = await producer_on(brokers)
    there, both, elsewhere = [record(1, 1)], [record(0), record(1, 1)], [record(2)]
    calls = [producer.send("t", records) for records in (there, both, elsewhere)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [BusUnavailable, BusUnavailable, list]
    assert (brokers.log, producer.healthy, len(brokers.made)) == ([b"0", b"2"], True, 1)
    await producer.stop()


async def test_a_call_is_refused_only_if_none_of_it_may_have_been_written() -> None:
    """Refused means: never send it again. Part of it is on its way, and nobody knows where it is."""
    errors = {b"0": MessageSizeTooLargeError(), b"1": NotEnoughReplicasError()}
    brokers = Brokers(lambda values: errors.get(values[0]))
    producer = await producer_on(brokers)
    with pytest.raises(BusUnavailable):
        await producer.send("t", [record(0), record(1, 1)])
    with pytest.raises(RecordRefused):
        await producer.send("t", [record(0), record(2, 1)])
    await producer.stop()


async def test_a_cancelled_caller_fails_no_other_call() -> None:
    brokers = Brokers()
    producer = await producer_on(brokers)
    inner = brokers.made[0]
    inner.open.clear()
    calls = [asyncio.create_task(producer.send("t", [record(n)])) for n in range(3)]
    await inner.sending.wait()
    calls[1].cancel()
    await asyncio.wait([calls[1]])
    inner.open.set()
    assert [ack.offset for call in (calls[0], calls[2]) for ack in await call] == [0, 2]
    assert (inner.sent, calls[1].cancelled()) == ([[b"0", b"1", b"2"]], True)
    await producer.stop()


async def test_each_call_has_its_own_deadline() -> None:
    brokers = Brokers()
    producer = await producer_on(brokers, deadline=0.2)
    inner = brokers.made[0]
    inner.open.clear()
    early = asyncio.create_task(producer.send("t", [record(0)]))
    await inner.sending.wait()
    await asyncio.sleep(0.1)
    late = asyncio.create_task(producer.send("t", [record(1)]))
    with pytest.raises(BusUnavailable, match="not acknowledged"):
        await early
    assert not late.done()
    inner.open.set()
    assert [ack.offset for ack in await late] == [1], "the first was written all the same"
    await producer.stop()


async def test_an_error_that_stays_replaces_the_producer() -> None:
    brokers = Brokers(lambda values: ClusterAuthorizationFailedError())
    producer = await producer_on(brokers)
    with pytest.raises(BusUnavailable):
        await producer.send("t", [record(1)])
    health = [producer.healthy]
    with pytest.raises(BusUnavailable, match="replaced"):
        await producer.send("t", [record(2)])
    brokers.back.set()
    async with asyncio.timeout(60):
        await producer.replaced()
    health.append(producer.healthy)
    assert health == [False, True]
    await producer.send("t", [record(3)])
    assert [inner.stopped for inner in brokers.made] == [True, False]
    assert brokers.log == [b"3"]
    await producer.stop()


async def test_cancelled_records_count_against_the_bound_until_they_are_settled() -> None:
    brokers = Brokers()
    producer = KafkaProducer("nowhere", deadline=0.05, max_pending_bytes=1_000, connect=brokers.connect)
    await producer.start()
    brokers.made[0].open.clear()
    with pytest.raises(BusUnavailable, match="not acknowledged"):
        await producer.send("t", [Outgoing(0, None, b"x" * 700)])
    with pytest.raises(BusUnavailable, match="bytes"):
        await producer.send("t", [Outgoing(0, None, b"y" * 700)])
    brokers.made[0].open.set()
    await asyncio.sleep(0.01)
    await producer.send("t", [Outgoing(0, None, b"z" * 700)])
    assert [value[:1] for value in brokers.log] == [b"x", b"z"]
    await producer.stop()


async def test_queued_calls_fail_when_the_producer_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_producer, "STOP_TIMEOUT", 0.01)
    brokers = Brokers()
    producer = await producer_on(brokers)
    brokers.made[0].open.clear()
    calls = [asyncio.create_task(producer.send("t", [record(n)])) for n in range(2)]
    await brokers.made[0].sending.wait()
    await producer.stop()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["the producer was stopped"] * 2


async def test_an_unexpected_exception_fails_the_queued_calls_and_not_the_next_one() -> None:
    brokers = Brokers(unforeseen)
    producer = await producer_on(brokers)
    # It is told to the loop too, when the task that failed is forgotten.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    with pytest.raises(BusUnavailable, match=r"t: ValueError\('unforeseen'\)"):
        await producer.send("t", [record(0)])
    brokers.made[0].judge = lambda values: None
    assert [ack.offset for ack in await producer.send("t", [record(1)])] == [0]
    assert brokers.log == [b"1"]
    await producer.stop()


def unforeseen(values: list[bytes]) -> KafkaError | None:
    raise ValueError("unforeseen")
