"""Hears what scoring tells, as it comes, and knows when scoring has told everything."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from alerts.topic.feed import FeedRecord
from common.contracts.signals import Signal
from local.player import milliseconds

POLL_SECONDS = 0.5


class Feed(Protocol):
    async def read(self, timeout: float) -> list[FeedRecord]: ...


class Listener:
    def __init__(self, feed: Feed, *, partitions: int, heard: Callable[[Signal], None]) -> None:
        self._feed = feed
        self._partitions = partitions
        self._heard = heard
        self._level: dict[int, int] = {}
        self._news = asyncio.Condition()
        self.signals: list[Signal] = []

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for told in await self._feed.read(POLL_SECONDS):
                if isinstance(told.message, Signal):
                    self.signals.append(told.message)
                    self._heard(told.message)
                else:
                    self._level[told.partition] = max(told.timestamp, self._level.get(told.partition, 0))
            async with self._news:
                self._news.notify_all()

    async def told_everything(self, *, until: datetime) -> None:
        """When every partition has said that it had told all that was due at `until`."""
        stamp = milliseconds(until)
        async with self._news:
            await self._news.wait_for(
                lambda: all(self._level.get(partition, -1) >= stamp for partition in range(self._partitions))
            )

    async def signal(self, fits: Callable[[Signal], bool]) -> Signal:
        """The first signal that fits, heard already or yet to come."""
        async with self._news:
            await self._news.wait_for(lambda: any(map(fits, self.signals)))
        return next(filter(fits, self.signals))
