"""Work that ends when a process is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from common.bus.ports import Record

T = TypeVar("T")
PolledRecords = Mapping[int, Sequence[Record]]
Task = Callable[[asyncio.Event], Awaitable[None]]
"""Works until the event is set, then finishes what it has begun and returns."""


async def stopped_within(seconds: float, stop: asyncio.Event) -> bool:
    """Waits so many seconds; True at once when the stop comes."""
    try:
        async with asyncio.timeout(seconds):
            return await stop.wait()
    except TimeoutError:
        return False


async def run_until_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work returns or raises; None if the stop came first, which cancels the work."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        working.cancel()
        # The work may still clean up; its caller must not go on before.
        await asyncio.wait((working,))
    return None if working.cancelled() else working.result()


async def poll_until_stopped(
    stopping: "asyncio.Task[bool]", poll: Coroutine[Any, Any, PolledRecords]
) -> PolledRecords | None:
    """What the poll returns or raises; None if the stop came first.

    A cancelled poll may have moved the consumer's position. That is safe only for a consumer whose positions are
    stored elsewhere and sought anew.
    """
    # As `run_until_stopped`, but with the caller's one task for the stop: workers poll hundreds of times a second.
    polling = asyncio.create_task(poll)
    await asyncio.wait((polling, stopping), return_when=asyncio.FIRST_COMPLETED)
    if not polling.done():
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        return None
    return polling.result()
