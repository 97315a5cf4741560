"""A proxy before a Kafka broker that loses answers, says no, goes silent or goes away, when a test asks it to.

It speaks as much of the protocol as it needs: frames, correlation ids, and the broker's own address in answers,
which it replaces by its own, so that clients stay with it.
"""

import asyncio
import struct
from collections import Counter
from enum import IntEnum
from typing import NamedTuple

from local.fakes import produce_protocol
from local.fakes.tcp_server import HOST, TcpServer


class KafkaApi(IntEnum):
    PRODUCE = 0
    METADATA = 3
    FIND_COORDINATOR = 10


class ProduceRefusal(NamedTuple):
    """What every produce request is answered with: Kafka's error `code`, and whether it was `written` all the same.

    With a `partition` only that one's part of what was written.
    """

    code: int
    written: bool
    partition: int | None = None


class _Asked(NamedTuple):
    api: int
    version: int


class KafkaProxy:
    def __init__(self, upstream: int, *, port: int = 0) -> None:
        self._upstream = upstream
        self._listener = TcpServer(self._join, port=port)
        self._to_lose: Counter[int] = Counter()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._no: ProduceRefusal | None = None
        self._answers_left: int | None = None

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    async def start(self) -> None:
        await self._listener.start()

    async def stop(self) -> None:
        """As if the broker had gone; `start` brings it back at the same port."""
        await self._listener.stop()

    def lose_next(self, api: KafkaApi) -> None:
        """The broker does what the next request of this kind asks; its answer and the connection are lost."""
        self._to_lose[api] += 1

    def cut_after(self, answers: int | None) -> None:
        """So many come through, then each is lost with its connection; None: all is well again."""
        self._answers_left = answers

    def stall(self) -> None:
        """Connections stay, but nothing comes through until `flow`."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    def refuse(self, no: ProduceRefusal | None) -> None:
        """From now on; None: all is well again."""
        self._no = no

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(HOST, self._upstream)
        asked: dict[int, _Asked] = {}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(reader, up_writer, asked, back=writer))
                both.create_task(self._answer(up_reader, writer, asked))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            up_writer.transport.abort()

    async def _forward(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        asked: dict[int, _Asked],
        *,
        back: asyncio.StreamWriter,
    ) -> None:
        while True:
            frame = await _frame(source)
            api, version, correlation = struct.unpack_from(">hhi", frame)
            if api == KafkaApi.PRODUCE and self._no is not None and not self._no.written:
                await self._pass_on(back, produce_protocol.refusal(frame, self._no.code))
                continue
            asked[correlation] = _Asked(api, version)
            await self._pass_on(target, frame)

    async def _answer(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, asked: dict[int, _Asked]
    ) -> None:
        while True:
            frame = await _frame(source)
            api, version = asked.pop(struct.unpack_from(">i", frame)[0])
            if self._answers_left is not None:
                if self._answers_left == 0:
                    raise ConnectionResetError
                self._answers_left -= 1
            if self._to_lose[api]:
                self._to_lose[api] -= 1
                raise ConnectionResetError
            if api in (KafkaApi.METADATA, KafkaApi.FIND_COORDINATOR):
                frame = frame.replace(_address(self._upstream), _address(self.port))
            if api == KafkaApi.PRODUCE and self._no is not None:
                frame = produce_protocol.denial(frame, version, self._no.code, partition=self._no.partition)
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
