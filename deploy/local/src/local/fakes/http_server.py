"""Just enough of an HTTP server to misbehave on purpose: it can stay silent, or cut the connection, when it likes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from enum import Enum
from http import HTTPStatus
from http.client import HTTPException, parse_headers
from io import BytesIO

HOST = "127.0.0.1"
LARGEST_HEAD = 64 * 1024


class Ending(Enum):
    """In the place of an answer."""

    SILENCE = "the connection stays open and nothing is said"
    CUT = "the connection is cut"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int = 200
    body: str = ""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeHttpServer:
    """In the running loop, on this machine only. `port` 0 takes a free one; once started, `port` says which."""

    def __init__(self, answer: Callable[[Request], Awaitable[Reply | Ending]], *, port: int = 0) -> None:
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.port = port

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self.port, limit=LARGEST_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Whoever still waits for an answer meets the end of the connection."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for writer in self._connections.values():
            writer.transport.abort()
        await asyncio.gather(*self._connections)
        await server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:
            # It came while the server stopped.
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections[task] = writer
        task.add_done_callback(self._end)

    def _end(self, connection: asyncio.Task[None]) -> None:
        writer = self._connections.pop(connection)
        if connection.cancelled():
            # It may not have begun.
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await _read(reader)
                reply = Reply(status=400) if request is None else await self._answer(request)
                if reply is Ending.SILENCE:
                    await reader.read()
                if isinstance(reply, Ending):
                    writer.transport.abort()
                    return
                writer.write(_rendered(reply))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client has gone, as it may
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """None for what is not a request."""
    head = BytesIO(await reader.readuntil(b"\r\n\r\n"))
    try:
        method, path, _ = head.readline().decode("ascii").split(" ", 2)
        headers = parse_headers(head)
        length = int(headers.get("Content-Length", "0"))
    except (ValueError, HTTPException):
        return None
    return Request(method, path, headers, await reader.readexactly(length))


def _rendered(reply: Reply) -> bytes:
    body = reply.body.encode()
    head = {
        "Content-Type": f"{reply.content_type}; charset=utf-8",
        "Content-Length": str(len(body)),
        **reply.headers,
    }
    first = f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n"
    return (first + "".join(f"{name}: {value}\r\n" for name, value in head.items()) + "\r\n").encode() + body
