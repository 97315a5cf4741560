"""What has come so far, and a way to wait for what comes next."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


class Arrivals(Generic[T]):
    """`all` has everything, oldest first. Whoever waits is woken by each arrival."""

    def __init__(self) -> None:
        self.all: list[T] = []
        self._news = asyncio.Condition()

    async def add(self, one: T) -> None:
        self.all.append(one)
        async with self._news:
            self._news.notify_all()

    async def nth(self, n: int) -> T:
        """The n-th since the start, counted from 1; waits until so many have come."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.all) >= n)
        return self.all[n - 1]

    async def each(self, *, after: int = 0) -> AsyncIterator[T]:
        """All but the first `after`, oldest first, and then whatever comes; it never ends."""
        for n in count(after + 1):
            yield await self.nth(n)

    async def first(self, fits: Callable[[T], bool]) -> T:
        """The oldest that fits, here already or yet to come."""
        async with self._news:
            await self._news.wait_for(lambda: any(map(fits, self.all)))
        return next(filter(fits, self.all))
