"""A proxy before PostgreSQL that knows what a client is about to execute, and can end it there.

It speaks as much of the protocol as it needs: the statements that are prepared, and those that are executed.
"""

import asyncio
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from local.fakes.tcp_server import HOST, TcpServer

_CODE = struct.Struct(">i")
_SSL_REQUEST, _CANCEL_REQUEST = 80877103, 80877102


class End(StrEnum):
    """Where a connection ends at a statement for which a trap is set."""

    BEFORE = "the server never hears of it"
    AT_ONCE = "the server hears of it, and that the client is gone"
    AFTER = "the server has done it, its answer is lost"
    HELD = "the statement is held up until the trap is taken away, and then lost"


class Trap:
    """`words` is a part of the statement; `sprung` counts connections. It takes `most` of them."""

    def __init__(self, words: str, end: End, *, most: int = 1) -> None:
        self.words = words.encode()
        self.end = end
        self.sprung = 0
        self.first = asyncio.Event()
        self.gone = asyncio.Event()
        self._most = most

    def takes(self, statement: bytes) -> bool:
        if self.sprung >= self._most or self.words not in statement:
            return False
        self.sprung += 1
        self.first.set()
        return True


class _Cut(ConnectionError):
    pass


class _Connection:
    """One client's; `statements` are those that it has prepared, by name."""

    def __init__(self, traps: list[Trap]) -> None:
        self._traps = traps
        self._statements: dict[bytes, bytes] = {}
        self._end: End | None = None

    async def forward(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """What the client says."""
        await _greet(source, target)
        while True:
            kind = await source.readexactly(1)
            body = await _sized(source)
            if (statement := self._executed(kind, body)) is not None:
                await self._meet(statement)
            target.write(kind + body)
            await target.drain()
            if self._end is End.AT_ONCE and kind in b"SQ":
                raise _Cut

    async def answer(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """What the server says."""
        while chunk := await source.read(65536):
            if self._end is not None:
                raise _Cut
            target.write(chunk)
            await target.drain()
        raise _Cut

    def _executed(self, kind: bytes, body: bytes) -> bytes | None:
        """The statement that this message executes."""
        match kind:
            case b"Q":
                return body
            case b"P":
                name, _, rest = body[_CODE.size :].partition(b"\0")
                self._statements[name] = rest.partition(b"\0")[0]
            case b"B":
                _, _, rest = body[_CODE.size :].partition(b"\0")
                return self._statements.get(rest.partition(b"\0")[0])
        return None

    async def _meet(self, statement: bytes) -> None:
        trap = next((one for one in self._traps if one.takes(statement)), None)
        if trap is None:
            return
        if trap.end is End.HELD:
            await trap.gone.wait()
        if trap.end in (End.HELD, End.BEFORE):
            raise _Cut
        self._end = trap.end


class PostgresProxy:
    """Listens at `port` for clients of the server at `socket`."""

    def __init__(self, socket: Path, *, port: int) -> None:
        self._socket = socket
        self._listener = TcpServer(self._join, port=port)
        self._traps: list[Trap] = []

    def url(self, server_url: str) -> str:
        """This URL of the server, by way of the proxy."""
        head, _, _ = server_url.partition("?")
        return head.replace("@/", f"@{HOST}:{self._listener.port}/")

    async def start(self) -> None:
        await self._listener.start()

    async def stop(self) -> None:
        await self._listener.stop()

    @contextmanager
    def trap(self, words: str, end: End, *, most: int = 1) -> Iterator[Trap]:
        """Set until the block is left."""
        trap = Trap(words, end, most=most)
        self._traps.append(trap)
        try:
            yield trap
        finally:
            self._traps.remove(trap)
            trap.gone.set()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(str(self._socket))
        connection = _Connection(self._traps)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(connection.forward(reader, up_writer))
                both.create_task(connection.answer(up_reader, writer))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            up_writer.transport.abort()


async def _greet(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """The messages that have no kind; the server says in one byte that it has no TLS."""
    while True:
        body = await _sized(source)
        target.write(body)
        await target.drain()
        (code,) = _CODE.unpack_from(body, _CODE.size)
        if code == _CANCEL_REQUEST:
            raise _Cut
        if code != _SSL_REQUEST:
            return


async def _sized(source: asyncio.StreamReader) -> bytes:
    """With its length in front."""
    head = await source.readexactly(_CODE.size)
    (length,) = _CODE.unpack(head)
    return head + await source.readexactly(length - _CODE.size)
