"""A place where clients connect, for servers that go away and come back on purpose."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable

HOST = "127.0.0.1"


class TcpServer:
    """`serve` has a connection until it returns or raises `OSError`. `port` 0 takes a free one, and keeps it."""

    def __init__(self, serve: Callable[[StreamReader, StreamWriter], Awaitable[None]], *, port: int = 0) -> None:
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = port

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """All connections end, and none is taken until `start`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # One side has gone, or `stop`: either way this connection is over.
        finally:
            self._connections.discard(connection)
            writer.transport.abort()
