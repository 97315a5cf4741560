"""The partitions that a group member owns, and its rebalance callbacks. Both consumer adapters use it."""

import asyncio
from collections.abc import Awaitable

from common.bus.ports import Assigned


class Membership:
    """Rebalances are eager: all partitions are revoked, then assigned anew.

    `assigned` runs as a task beside the reader, so that a slow callback delays no heartbeat. It has returned before
    `revoked` is called the next time. `check` raises what a callback has raised.
    """

    def __init__(self, *, assigned: Assigned, revoked: Assigned) -> None:
        self._assigned = assigned
        self._revoked = revoked
        self._announcing: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._ended = False
        self.owned: frozenset[int] = frozenset()

    def assign(self, partitions: frozenset[int]) -> None:
        if self._ended:
            return
        self.owned = partitions
        if partitions:
            self._announcing = asyncio.create_task(_awaited(self._assigned(partitions)))
            self._announcing.add_done_callback(self._note_failure)

    async def revoke(self) -> None:
        """Nothing is owned from here on. Returns when the `revoked` callback has returned."""
        taken, self.owned = self.owned, frozenset()
        if self._announcing is not None:
            await asyncio.wait([self._announcing])
        if taken:
            # In a task of its own: an exception must not break off a rebalance that concerns other members too.
            revoking = asyncio.create_task(_awaited(self._revoked(taken)))
            revoking.add_done_callback(self._note_failure)
            await asyncio.wait([revoking])

    async def end(self) -> None:
        """Revokes. What aiokafka still assigns while it leaves the group is nobody's."""
        self._ended = True
        await self.revoke()

    def check(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._failure = self._failure or task.exception()


async def _awaited(call: Awaitable[None]) -> None:
    await call
