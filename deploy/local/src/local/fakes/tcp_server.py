"""A place where clients connect, for servers that go away and come back on purpose."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress

HOST = "127.0.0.1"


class TcpServer:
    """`serve` has a connection until it returns or raises `OSError`. `port` 0 takes a free one, and keeps it."""

    def __init__(self, serve: Callable[[StreamReader, StreamWriter], Awaitable[None]], *, port: int = 0) -> None:
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], StreamWriter] = {}
        self.port = port

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """All connections end, and none is taken until `start`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        if connections:
            await asyncio.wait(connections)

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        if self._server is None:
            # It came while the server stopped.
            writer.transport.abort()
            return
        connection = asyncio.create_task(self._serve_one(reader, writer))
        self._connections[connection] = writer
        # Also of a task that is cancelled before it begins.
        connection.add_done_callback(self._end)

    async def _serve_one(self, reader: StreamReader, writer: StreamWriter) -> None:
        # One side has gone: this connection is over.
        with suppress(OSError, asyncio.IncompleteReadError):
            await self._serve(reader, writer)

    def _end(self, connection: asyncio.Task[None]) -> None:
        self._connections.pop(connection).transport.abort()
        if not connection.cancelled() and (error := connection.exception()) is not None:
            raise error
