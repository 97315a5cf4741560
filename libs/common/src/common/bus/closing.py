"""Closing aiokafka's clients, which without a broker may wait for ever, or stop half-way."""

import asyncio
from collections.abc import Coroutine
from typing import Any

STOP_TIMEOUT = 5.0
CANCEL_TIMEOUT = 1.0


async def close(stopping: Coroutine[Any, Any, None], client: Any) -> bool:
    """Awaits `stopping`, at most for some seconds. If it does not end well: closes the client's connections, and False.

    In a task of its own: aiokafka's consumer can end its own `stop` by cancelling what it awaits.
    """
    task = asyncio.create_task(stopping)
    await asyncio.wait([task], timeout=STOP_TIMEOUT)
    if task.done() and not task.cancelled() and task.exception() is None:
        return True
    task.cancel()
    await asyncio.wait([task], timeout=CANCEL_TIMEOUT)
    await client.close()
    return False
