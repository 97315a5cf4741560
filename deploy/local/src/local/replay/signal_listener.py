"""Collects signals as scoring publishes them, and knows when it has published everything."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from alerts.topic.feed import FeedRecord
from common.contracts.signals import CaughtUp, Signal
from local.replay.player import milliseconds

POLL_SECONDS = 0.5


class SignalSource(Protocol):
    async def read(self, timeout: float) -> list[FeedRecord]: ...


class SignalListener:
    def __init__(self, feed: SignalSource, *, partitions: int, heard: Callable[[Signal], None]) -> None:
        self._feed = feed
        self._partitions = partitions
        self._heard = heard
        self._level: dict[int, int] = {}
        self._news = asyncio.Condition()
        self.signals: list[Signal] = []

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for record in await self._feed.read(POLL_SECONDS):
                if isinstance(record.message, Signal):
                    self.signals.append(record.message)
                    self._heard(record.message)
                elif isinstance(record.message, CaughtUp):
                    self._level[record.partition] = max(record.timestamp, self._level.get(record.partition, 0))
            async with self._news:
                self._news.notify_all()

    async def caught_up(self, *, until: datetime) -> None:
        """Returns when every partition has published all that was due at `until`."""
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
