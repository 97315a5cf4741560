"""A time limit for a client to read what the server has written to it."""

import asyncio
from collections.abc import Callable
from typing import Any


class WriteTimeoutTransport:
    """A transport that calls `on_timeout` once if written bytes stay in its buffer for too long.

    The timer starts with a write that leaves bytes in the buffer, and gives `seconds` for all bytes written so far.
    Bytes written meanwhile get a timer of their own after it. So no byte waits longer than twice `seconds`, and a
    client that keeps up with the writes keeps its connection.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        loop: asyncio.AbstractEventLoop,
        seconds: float,
        on_timeout: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._seconds = seconds
        self._on_timeout = on_timeout
        self._written = 0
        self._timer: asyncio.TimerHandle | None = None
        self._write = transport.write
        self.get_write_buffer_size = transport.get_write_buffer_size
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._written += len(data)
        self._write(data)
        if self._timer is None:
            self._start_timer()

    def cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start_timer(self) -> None:
        if self.get_write_buffer_size():
            self._timer = self._loop.call_later(self._seconds, self._check, self._written)

    def _check(self, written: int) -> None:
        """`written` is the byte count when the timer started."""
        self._timer = None
        if self._written - self.get_write_buffer_size() < written:
            self._on_timeout()
        else:
            self._start_timer()
