"""What happens between our producer and aiokafka's: a fake of the latter shows its batches and fails on request."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError, MessageSizeTooLargeError
from aiokafka.structs import RecordMetadata, TopicPartition

from common.bus.errors import Refused, Unavailable
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
        self.client = self

    async def start(self) -> None:
        await self.reachable.wait()

    async def close(self) -> None: ...

    async def stop(self) -> None:
        self.stopped = True

    def create_batch(self) -> Batch:
        return Batch()

    async def partitions_for(self, topic: str) -> set[int]:
        return {0}

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


def record(number: int) -> Outgoing:
    return Outgoing(0, None, b"%d" % number)


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


async def test_a_call_that_was_given_up_while_it_waited_is_not_sent() -> None:
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


async def test_one_bad_record_takes_no_other_call_down_with_it() -> None:
    brokers = Brokers(lambda values: MessageSizeTooLargeError() if b"5" in values else None)
    producer = await producer_on(brokers)
    calls = [asyncio.create_task(producer.send("t", [record(n)])) for n in range(8)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [list] * 5 + [Refused] + [list] * 2
    assert brokers.log == [b"%d" % n for n in range(8) if n != 5]
    assert producer.healthy
    assert len(brokers.made) == 1
    await producer.stop()


async def test_an_error_that_stays_replaces_the_producer() -> None:
    brokers = Brokers(lambda values: ClusterAuthorizationFailedError())
    producer = await producer_on(brokers)
    with pytest.raises(Unavailable):
        await producer.send("t", [record(1)])
    health = [producer.healthy]
    with pytest.raises(Unavailable, match="replaced"):
        await producer.send("t", [record(2)])
    brokers.back.set()
    async with asyncio.timeout(5):
        await producer.replaced()
    health.append(producer.healthy)
    assert health == [False, True]
    await producer.send("t", [record(3)])
    assert [inner.stopped for inner in brokers.made] == [True, False]
    assert brokers.log == [b"3"]
    await producer.stop()


async def test_what_was_given_up_counts_against_the_bound_until_it_is_settled() -> None:
    brokers = Brokers()
    producer = KafkaProducer("nowhere", deadline=0.05, max_pending_bytes=1_000, connect=brokers.connect)
    await producer.start()
    brokers.made[0].open.clear()
    with pytest.raises(Unavailable, match="not acknowledged"):
        await producer.send("t", [Outgoing(0, None, b"x" * 700)])
    with pytest.raises(Unavailable, match="bytes"):
        await producer.send("t", [Outgoing(0, None, b"y" * 700)])
    brokers.made[0].open.set()
    await asyncio.sleep(0.01)
    await producer.send("t", [Outgoing(0, None, b"z" * 700)])
    assert [value[:1] for value in brokers.log] == [b"x", b"z"]
    await producer.stop()
