import asyncio
from datetime import timedelta

import pytest

from alerts.samples import NOON, Sample
from alerts.topic.feed import FeedRecord
from common.contracts.signals import CaughtUp, Signal
from local.replay.player import milliseconds
from local.replay.signal_listener import SignalListener

END = NOON + timedelta(days=1)


class Feed:
    def __init__(self) -> None:
        self.records: asyncio.Queue[FeedRecord] = asyncio.Queue()

    def tell(self, partition: int, what: Signal | CaughtUp, *, late: timedelta = timedelta(0)) -> None:
        self.records.put_nowait(FeedRecord(partition, milliseconds(END - late), what))

    async def read(self, timeout: float) -> list[FeedRecord]:
        return [await self.records.get()]


async def test_everything_is_told_when_all_partitions_have_said_so_for_the_last_moment() -> None:
    feed = Feed()
    listener = SignalListener(feed, partitions=2, heard=lambda signal: None)
    listening = asyncio.create_task(listener.run())
    waiting = asyncio.create_task(listener.caught_up(until=END))

    feed.tell(0, CaughtUp(0))
    feed.tell(1, CaughtUp(1), late=timedelta(hours=1))
    feed.tell(0, Sample().build())
    await listener.signal(lambda signal: True)  # All before it has been heard.
    assert not waiting.done()

    feed.tell(1, CaughtUp(1))
    await waiting
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening


async def test_a_signal_is_found_whether_it_came_before_or_comes_later() -> None:
    feed = Feed()
    heard: list[Signal] = []
    listener = SignalListener(feed, partitions=1, heard=heard.append)
    listening = asyncio.create_task(listener.run())
    red, green = Sample(to="red").build(), Sample(to="green").build()

    feed.tell(0, red)
    assert await listener.signal(lambda one: one.to == "red") == red
    later = asyncio.create_task(listener.signal(lambda one: one.to == "green"))
    feed.tell(0, green)
    assert await later == green
    assert await listener.signal(lambda one: one.to == "red") == red
    assert heard == [red, green]
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
