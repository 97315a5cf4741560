import asyncio
import json

import pytest

from alerts.commands.tail import tail
from alerts.samples import Sample
from alerts.topic.feed import SignalFeed
from common.bus.memory import MemoryBroker
from common.bus.ports import Outgoing
from common.contracts.signals import CaughtUp, encode_signals_record

TOPIC = "account.signals.v1"
RED, GREEN = Sample(to="red").build(), Sample(to="green").build()


@pytest.fixture
async def broker() -> MemoryBroker:
    broker = MemoryBroker()
    await broker.admin().create(TOPIC, partitions=3, replication=1, config={})
    return broker


async def publish(broker: MemoryBroker, partition: int, *bodies: bytes) -> None:
    producer = broker.producer()
    await producer.start()
    await producer.send(TOPIC, [Outgoing(partition, None, body) for body in bodies])


def feed(broker: MemoryBroker) -> SignalFeed:
    return SignalFeed(broker.consumer(TOPIC, group="tail"), broker.admin(), TOPIC)


async def test_the_tail_starts_at_the_beginning_and_ends_when_nothing_comes(broker: MemoryBroker) -> None:
    await publish(broker, 0, encode_signals_record(RED))
    await publish(broker, 2, encode_signals_record(GREEN), encode_signals_record(CaughtUp(2)))
    lines: list[str] = []

    await tail(feed(broker), write=lines.append, complain=pytest.fail, until_idle=0.05)

    assert sorted(line.split()[2] for line in lines) == ["critical", "info"]


async def test_a_signal_that_was_published_twice_is_told_once(broker: MemoryBroker) -> None:
    await publish(broker, 1, encode_signals_record(RED), encode_signals_record(RED))
    lines: list[str] = []

    await tail(feed(broker), write=lines.append, complain=pytest.fail, as_json=True, until_idle=0.05)

    assert [json.loads(line)["signal_id"] for line in lines] == [RED.signal_id]


async def test_a_record_that_cannot_be_read_is_counted_and_hides_nothing(broker: MemoryBroker) -> None:
    await publish(broker, 1, b"{", encode_signals_record(RED))
    lines: list[str] = []
    complaints: list[str] = []

    await tail(feed(broker), write=lines.append, complain=complaints.append, until_idle=0.05)

    assert len(lines) == 1
    assert complaints == ["1 records could not be read: written by another version?"]


async def test_the_tail_follows_what_comes_later(broker: MemoryBroker) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    following = asyncio.create_task(tail(feed(broker), write=heard.put_nowait, complain=pytest.fail, as_json=True))
    await publish(broker, 0, encode_signals_record(RED))
    first = await heard.get()
    await publish(broker, 0, encode_signals_record(GREEN))
    second = await heard.get()
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following

    assert [json.loads(told)["to"] for told in (first, second)] == ["red", "green"]


async def test_the_tail_waits_for_a_log_that_does_not_answer(broker: MemoryBroker) -> None:
    """It comes back by itself, and nothing has been skipped."""
    await publish(broker, 0, encode_signals_record(RED))
    lines: list[str] = []
    complaints: list[str] = []

    def complain(text: str) -> None:
        complaints.append(text)
        broker.go_online()

    reading = feed(broker)
    following = tail(reading, write=lines.append, complain=complain, until_idle=0.05, back_off=0)
    await asyncio.gather(following, leave_once_started(broker))

    assert len(complaints) == 1
    assert len(lines) == 1


async def leave_once_started(broker: MemoryBroker) -> None:
    broker.go_offline()
