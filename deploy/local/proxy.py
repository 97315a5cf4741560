"""A proxy before a Kafka broker that loses answers, goes silent or goes away, when a test asks it to.

It speaks as much of the protocol as it needs: frames, correlation ids, and the broker's own address in answers,
which it replaces by its own, so that clients stay with it.
"""

import asyncio
import struct
from collections import Counter
from enum import IntEnum

HOST = "127.0.0.1"


class Api(IntEnum):
    PRODUCE = 0
    METADATA = 3
    FIND_COORDINATOR = 10


class KafkaProxy:
    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._to_lose: Counter[int] = Counter()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.port = 0

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """As if the broker had gone; `start` brings it back at the same port."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    def lose_next(self, api: Api) -> None:
        """The broker does what the next request of this kind asks; its answer and the connection are lost."""
        self._to_lose[api] += 1

    def stall(self) -> None:
        """Connections stay, but nothing comes through until `flow`."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        try:
            await self._join(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # One side has gone, or `stop`: either way this connection is over.
        finally:
            self._connections.discard(connection)
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(HOST, self._upstream)
        asked: dict[int, int] = {}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(reader, up_writer, asked))
                both.create_task(self._answer(up_reader, writer, asked))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            up_writer.transport.abort()

    async def _forward(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, asked: dict[int, int]) -> None:
        while True:
            frame = await _frame(source)
            api, _, correlation = struct.unpack_from(">hhi", frame)
            asked[correlation] = api
            await self._pass_on(target, frame)

    async def _answer(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, asked: dict[int, int]) -> None:
        while True:
            frame = await _frame(source)
            api = asked.pop(struct.unpack_from(">i", frame)[0])
            if self._to_lose[api]:
                self._to_lose[api] -= 1
                raise ConnectionResetError
            if api in (Api.METADATA, Api.FIND_COORDINATOR):
                frame = frame.replace(_address(self._upstream), _address(self.port))
            await self._pass_on(target, frame)

    async def _pass_on(self, target: asyncio.StreamWriter, frame: bytes) -> None:
        await self._flowing.wait()
        target.write(struct.pack(">i", len(frame)) + frame)
        await target.drain()


async def _frame(source: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack(">i", await source.readexactly(4))
    return await source.readexactly(length)


def _address(port: int) -> bytes:
    return HOST.encode() + struct.pack(">i", port)
