"""What was written to a client and not taken by it: for how long it may wait."""

import asyncio
from collections.abc import Callable
from typing import Any


class Watched:
    """A transport all of whose bytes must be taken in time, by the client or by what the two systems hold for it.

    What waits when nobody watches has `seconds` to be taken in whole, and whatever was written meanwhile has as long
    again. So no byte waits for twice that, and whoever keeps up with what is written keeps the connection. `late` is
    called once.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        loop: asyncio.AbstractEventLoop,
        seconds: float,
        late: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._seconds = seconds
        self._late = late
        self._written = 0
        self._watch: asyncio.TimerHandle | None = None
        self._write = transport.write
        self.get_write_buffer_size = transport.get_write_buffer_size
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._written += len(data)
        self._write(data)
        if self._watch is None:
            self._watch_what_waits()

    def unwatch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _watch_what_waits(self) -> None:
        if self.get_write_buffer_size():
            self._watch = self._loop.call_later(self._seconds, self._look, self._written)

    def _look(self, written: int) -> None:
        """`written` was all there was when the watch began."""
        self._watch = None
        if self._written - self.get_write_buffer_size() < written:
            self._late()
        else:
            self._watch_what_waits()
