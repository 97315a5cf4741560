"""Closing aiokafka's clients, whose own `stop` may wait for ever, or stop half-way, while no broker answers.

Shared by the producer, the consumer and the admin client.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from common.bus.aiokafka_faults import end_of_tasks

STOP_TIMEOUT = 5.0  # seconds
CANCEL_TIMEOUT = 1.0  # seconds


async def close_client(stopping: Coroutine[Any, Any, None], client: Any) -> bool:
    """Awaits `stopping` for a few seconds. If it hangs or fails, closes the client's connections and returns False."""
    # In a task of its own: aiokafka's consumer can end its own `stop` by cancelling what it awaits.
    task = asyncio.create_task(stopping)
    await asyncio.wait([task], timeout=STOP_TIMEOUT)
    if task.done() and not task.cancelled() and task.exception() is None:
        return True
    task.cancel()
    await asyncio.wait([task], timeout=CANCEL_TIMEOUT)
    if end_of_tasks([client._sync_task]) is not None:
        # `close` would raise what the task has ended by, before it closes a connection.
        client._sync_task = None
    await client.close()
    return False
