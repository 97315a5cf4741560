"""Two faults of aiokafka 0.14 that would leave a client alive and of no use.

A request on a connection that has just gone: between its loss and the moment when aiokafka notices it, asyncio's own
transport takes a write and drops it, but uvloop's raises `RuntimeError`. aiokafka expects `OSError` there (its issue
1038), so the error would end whichever task made the request.

A task of a client that has ended by an error: nothing starts it again. Without its synchronizer, for example, a client
never learns of another leader.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_aiokafka_send = AIOKafkaConnection.send


def _send(self: Any, request: Any, expect_response: bool = True) -> Any:
    try:
        return _aiokafka_send(self, request, expect_response=expect_response)
    except RuntimeError as error:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error


def expect_closed_transports() -> None:
    """From now on a request on a closed connection raises `KafkaConnectionError`, in the whole process."""
    AIOKafkaConnection.send = _send


def end_of_tasks(tasks: "Iterable[asyncio.Task[None] | None]") -> str | None:
    """What one of a client's tasks has ended by, None while all that were started still run or were cancelled."""
    for task in tasks:
        if task is not None and task.done() and not task.cancelled():
            return repr(task.exception())
    return None
