"""What a group member was given, and the callbacks that go with it: the part that both consumers share."""

import asyncio
from collections.abc import Awaitable

from common.bus.ports import Assigned


class Membership:
    """Rebalances are eager: everything is taken back, then everything is given anew.

    `assigned` runs beside the reader, so that a slow one costs no heartbeats, and is over before the next
    `revoked` starts. What a callback raises is raised by the next `check`.
    """

    def __init__(self, *, assigned: Assigned, revoked: Assigned) -> None:
        self._assigned = assigned
        self._revoked = revoked
        self._announcing: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self.owned: frozenset[int] = frozenset()

    def give(self, partitions: frozenset[int]) -> None:
        self.owned = partitions
        if partitions:
            self._announcing = asyncio.create_task(_awaited(self._assigned(partitions)))
            self._announcing.add_done_callback(self._note)

    async def take_back(self) -> None:
        """From here on the partitions are not ours; returns when `revoked` has returned."""
        taken, self.owned = self.owned, frozenset()
        if self._announcing is not None:
            await asyncio.wait([self._announcing])
        if taken:
            # A task of its own: what it raises must not unwind a rebalance that concerns others too.
            revoking = asyncio.create_task(_awaited(self._revoked(taken)))
            revoking.add_done_callback(self._note)
            await asyncio.wait([revoking])

    def check(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _note(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._failure = self._failure or task.exception()


async def _awaited(call: Awaitable[None]) -> None:
    await call
