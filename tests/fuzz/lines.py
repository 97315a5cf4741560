"""Connections that are used again and again, one request at a time, as fast as answers come."""

import asyncio
from collections.abc import Callable

import httptools

from fuzz.answers import Answer
from fuzz.shots import Shot

PATIENCE = 60.0


class Line(asyncio.Protocol):
    """One connection. `answer` of the request under way is set when it is whole, or the connection has ended."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self._type = ""
        self._answer: asyncio.Future[Answer] | None = None
        self.transport: asyncio.Transport | None = None
        self.open = False

    async def ask(self, request: bytes) -> Answer:
        """Status 0 if the connection ends without an answer."""
        assert self.transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        async with asyncio.timeout(PATIENCE):
            return await self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]
        self.open = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._set(Answer(0))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-type":
            self._type = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.open = False
        answer = Answer(self._parser.get_status_code(), self._type, bytes(self._body))
        self._body.clear()
        self._type = ""
        if self._parser.get_status_code() != 100:
            self._set(answer)

    def _set(self, answer: Answer) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)


async def connected(port: int) -> Line:
    _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", port)
    return line


async def throw(port: int, draw: Callable[[], Shot | None], take: Callable[[Shot, Answer], None]) -> None:
    """Until there is no shot left."""
    line = await connected(port)
    try:
        while (shot := draw()) is not None:
            if not line.open:
                _close(line)
                line = await connected(port)
            take(shot, await line.ask(shot.request))
    finally:
        _close(line)


def _close(line: Line) -> None:
    if line.transport is not None:
        line.transport.abort()
