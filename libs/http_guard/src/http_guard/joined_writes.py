"""Sends the head of a small answer together with its body, in one system call."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from http_guard.write_timeout import WriteTimeoutTransport

# The head of an answer is smaller. Joining copies, which for larger data costs more than a system call.
_MOST_BYTES: Final = 16_384


class JoinedWritesTransport:
    """A transport that holds a small write until the next one, and writes both at once.

    uvicorn writes the body of an answer right after its head. What nothing follows is written in the loop's next turn.
    `close` ends the transport below; it may linger, but for whoever asks this one is closing then.
    """

    def __init__(
        self, transport: WriteTimeoutTransport, *, loop: asyncio.AbstractEventLoop, close: Callable[[], None]
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._close = close
        self._held = b""
        self._write = transport.write
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if len(data) > _MOST_BYTES:
            self._flush()
            self._write(data)
        elif self._held:
            held, self._held = self._held, b""
            self._write(held + data)
        elif data:
            self._held = bytes(data)
            self._loop.call_soon(self._flush)

    def writelines(self, data: list[bytes]) -> None:
        self._flush()
        self._transport.writelines(data)

    def get_write_buffer_size(self) -> int:
        return len(self._held) + int(self._transport.get_write_buffer_size())

    def write_eof(self) -> None:
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        self._flush()
        self.is_closing = _always
        self._write = _drop
        self._close()

    def abort(self) -> None:
        self._held = b""
        self._transport.abort()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._write(held)


def _always() -> bool:
    return True


def _drop(data: bytes) -> None:
    """As transports do with what is written after they were closed."""
