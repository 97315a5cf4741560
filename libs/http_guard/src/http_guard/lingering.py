"""Ends a connection so that its client can read the last answer, while it may still be sending."""

import asyncio
from typing import Protocol


class HalfCloseable(Protocol):
    """What is used of `asyncio.Transport`."""

    def can_write_eof(self) -> bool: ...

    def write_eof(self) -> None: ...

    def close(self) -> None: ...


class LingeringClose:
    """Ends the server's side of a connection, and closes it when the client has, or after `seconds`.

    The kernel resets a connection that is closed with bytes unread, and the client may lose the answer with it
    (RFC 9112, section 9.6). The owner of the connection drops what still comes. At most `most` linger, and others are
    closed at once, because each connection is an open file of the process.
    """

    def __init__(self, *, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._timers: dict[HalfCloseable, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._timers)

    def close(self, transport: HalfCloseable, *, loop: asyncio.AbstractEventLoop) -> None:
        """The owner of the connection calls `lost` when it has ended."""
        if len(self) >= self._most or not transport.can_write_eof():
            transport.close()
            return
        transport.write_eof()
        self._timers[transport] = loop.call_later(self._seconds, transport.close)

    def lost(self, transport: HalfCloseable) -> None:
        """Also for a connection that did not linger."""
        if (timer := self._timers.pop(transport, None)) is not None:
            timer.cancel()
