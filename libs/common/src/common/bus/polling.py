"""A poll that a stop cuts short."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from common.bus.ports import Record

Polled = Mapping[int, Sequence[Record]]


async def polled_unless(stopping: "asyncio.Task[bool]", poll: Coroutine[Any, Any, Polled]) -> Polled | None:
    """What the poll answers or raises; None if the stop came first.

    What it may have taken by then is not lost to a reader that keeps its positions elsewhere: it begins there again.
    """
    polling = asyncio.create_task(poll)
    await asyncio.wait((polling, stopping), return_when=asyncio.FIRST_COMPLETED)
    if not polling.done():
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        return None
    return polling.result()
