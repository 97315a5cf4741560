"""Connections that are slow, endless, cut, full of garbage, or held for nothing: each as often as told."""

import asyncio
import re
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from fuzz import events
from fuzz.events import text
from fuzz.shots import request

# What ingest is told, so that minutes suffice: see `SETTINGS`.
BODY_SECONDS = 4.0
HEAD_SECONDS = 10.0
# Cores are shared; what is checked is that it ends at all.
PATIENCE = 120.0
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_JSON = {"content-type": "application/json"}


@dataclass
class Felt:
    """What was said to whom. `accepted` counts events in answers."""

    by_kind: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    violations: list[str] = field(default_factory=list)


class Caller:
    """One connection that misbehaves. `key` opens ingest; `heard` is what the other side has said so far."""

    def __init__(self, port: int, *, key: str, seed: int) -> None:
        self.heard = bytearray()
        self._port = port
        self._draw = Random(seed)
        self._key = key
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def misbehave(self, way: "Way", *, patience: float = PATIENCE) -> bytes:
        """All that was said until the other side ended the connection. Raises `TimeoutError` if it does not end."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        sending = asyncio.create_task(_ignored(way(self)))
        try:
            async with asyncio.timeout(patience):
                await self._hear()
                return bytes(self.heard)
        finally:
            sending.cancel()
            self._writer.transport.abort()

    async def slow_body(self) -> None:
        head, _, body = self._good().partition(b"\r\n\r\n")
        await self._send(head + b"\r\n\r\n")
        await self._drip(body[:-1] + b" " * 100)

    async def slow_head(self) -> None:
        await self._drip(self._good())

    async def silent(self) -> None:
        await self._send(b"P")

    async def endless_head(self) -> None:
        await self._send(b"POST /v1/events HTTP/1.1\r\nhost: h\r\n")
        while True:
            await self._send(b"x-%d: %b\r\n" % (self._draw.getrandbits(30), b"y" * 1_000))

    async def endless_header(self) -> None:
        await self._send(b"POST /v1/events HTTP/1.1\r\nx: ")
        while True:
            await self._send(b"y" * 10_000)

    async def endless_chunks(self) -> None:
        await self._send(self._head("transfer-encoding: chunked"))
        while True:
            await self._send(b"2710\r\n" + b" " * 10_000 + b"\r\n")

    async def endless_gzip(self) -> None:
        """Empty members without end: they inflate to nothing."""
        await self._send(self._head("transfer-encoding: chunked", "content-encoding: gzip"))
        empty = bytes.fromhex("1f8b08000000000000ff03000000000000000000")
        while True:
            await self._send(b"%x\r\n%b\r\n" % (len(empty) * 50, empty * 50))

    async def endless_extension(self) -> None:
        await self._send(self._head("transfer-encoding: chunked") + b"1;")
        while True:
            await self._send(b"e" * 10_000)

    async def endless_trailers(self) -> None:
        await self._send(self._head("transfer-encoding: chunked") + b"1\r\n[\r\n0\r\n")
        while True:
            await self._send(b"t: " + b"t" * 1_000 + b"\r\n")

    async def too_long_a_length(self) -> None:
        await self._send(self._head("content-length: 4000") + b"[{}]")

    async def too_short_a_length(self) -> None:
        await self._send(self._head("content-length: 4") + b"[{}]" + self._draw.randbytes(40))

    async def two_lengths(self) -> None:
        await self._send(self._head("content-length: 4", "content-length: 5") + b"[{}]")

    async def length_and_chunks(self) -> None:
        await self._send(self._head("content-length: 4", "transfer-encoding: chunked") + b"4\r\n[{}]\r\n0\r\n\r\n")

    async def no_http(self) -> None:
        await self._send(self._draw.randbytes(200) + b"\r\n\r\n")

    async def garbage_after_good(self) -> None:
        await self._send(self._good() + b"\x00garbage\r\n\r\n")

    async def many_at_once(self) -> None:
        """Thirty requests in one breath, and a head that never ends."""
        await self._send(self._good() * 30 + b"POST")

    async def reads_late(self) -> None:
        """Asks for megabytes of answers, reads them late, and ends in garbage."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]
        await self._send(request(b"[" + b"1," * 999 + b"1]", _JSON, key=self._key) * 20 + b"\x00\r\n\r\n")
        await asyncio.sleep(1.0)
        self._writer.transport.resume_reading()  # type: ignore[attr-defined]

    async def never_reads(self) -> None:
        """Asks for answers without end."""
        self._turn_away()
        while True:
            await self._send(request(b"[" + b"1," * 999 + b"1]", _JSON, key=self._key))

    async def endless_head_behind_an_answer(self) -> None:
        """An answer that fills both sockets, one that waits for it, and a head without end."""
        self._turn_away()
        faulty = b"{%b}" % b",".join(b'"%c":1' % letter for letter in b"abcdefghijklmnopqrst")
        await self._send(request(b"[" + b",".join([faulty] * 9_000) + b"]", _JSON, key=self._key))
        await asyncio.sleep(5.0)
        await self._send(request(b"1", _JSON, key=self._key))
        await asyncio.sleep(1.0)
        await self.endless_head()

    async def _hear(self) -> None:
        with suppress(ConnectionError):  # what we were still sending was refused
            while piece := await self._reader.read(65_536):
                self.heard += piece

    def _turn_away(self) -> None:
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)

    def _good(self) -> bytes:
        return request(text(events.event(self._draw)), _JSON, key=self._key)

    def _head(self, *lines: str) -> bytes:
        told = [
            "POST /v1/events HTTP/1.1",
            "host: h",
            "content-type: application/json",
            f"authorization: Bearer {self._key}",
        ]
        return "".join(f"{line}\r\n" for line in (*told, *lines, "")).encode()

    async def _drip(self, sent: bytes) -> None:
        for byte in sent:
            await self._send(bytes([byte]))
            await asyncio.sleep(1.0)

    async def _send(self, sent: bytes) -> None:
        self._writer.write(sent)
        await self._writer.drain()


Way = Callable[[Caller], Coroutine[None, None, None]]
_CUT = ""

# By way, what may be said last: a status, or nothing where the rest of what we sent may keep it from us.
ENDS: Mapping[Way, tuple[str, ...]] = {
    Caller.slow_body: ("408",),
    Caller.slow_head: ("408",),
    Caller.silent: ("408",),
    Caller.endless_head: ("431", _CUT),
    Caller.endless_header: ("431", _CUT),
    Caller.endless_chunks: ("413", _CUT),
    Caller.endless_gzip: ("400", _CUT),
    Caller.endless_extension: ("431", _CUT),
    Caller.endless_trailers: ("431", _CUT),
    Caller.too_long_a_length: ("408",),
    Caller.too_short_a_length: ("400", "408", "422"),
    Caller.two_lengths: ("400",),
    Caller.length_and_chunks: ("400",),
    Caller.no_http: ("400",),
    Caller.garbage_after_good: ("202", "400"),
    Caller.many_at_once: ("202", "408"),
    Caller.reads_late: ("400", "422"),
}  # fmt: skip
# Each holds its connection as long as it is let: more than a minute. What is said is not heard.
HELD: tuple[Way, ...] = (Caller.never_reads, Caller.endless_head_behind_an_answer)
# The slow ones come in crowds: each holds a connection for seconds and costs nothing else.
CROWD: Mapping[Way, int] = {
    Caller.slow_body: 60,
    Caller.slow_head: 60,
    Caller.silent: 100,
    Caller.too_long_a_length: 20,
}


async def torment(port: int, *, key: str, seed: int, felt: Felt, stop: asyncio.Event) -> None:
    """Every way again and again, at least once each, until told to stop; beside them, once, those that take longer."""
    async with asyncio.TaskGroup() as beside:
        for n, way in enumerate(HELD):
            caller = Caller(port, key=key, seed=hash((seed, n)))
            beside.create_task(_one(caller, way, felt))
        await _rounds(port, key=key, seed=seed, felt=felt, stop=stop)


async def _rounds(port: int, *, key: str, seed: int, felt: Felt, stop: asyncio.Event) -> None:
    round_ = 0
    while not stop.is_set() or round_ == 0:
        for n, way in enumerate(ENDS):
            crowd = range(CROWD.get(way, 2))
            callers = [Caller(port, key=key, seed=hash((seed, round_, n, m))) for m in crowd]
            await asyncio.gather(*(_one(caller, way, felt) for caller in callers))
        round_ += 1


async def _one(caller: Caller, way: Way, felt: Felt) -> None:
    name = way.__name__.replace("_", " ")
    felt.by_kind[name] += 1
    try:
        heard = await caller.misbehave(way)
    except TimeoutError:
        felt.violations.append(f"{name}: not ended after {PATIENCE:g} s")
        return
    said = statuses(heard)
    felt.accepted += heard.count(b'"status":"accepted"')
    felt.said.update(said or ["ended"])
    last = said[-1] if said else _CUT
    if last not in ENDS.get(way, (_CUT,)) or any(status[0] == "5" for status in said):
        felt.violations.append(f"{name}: {heard[-300:]!r}")


def statuses(heard: bytes) -> list[str]:
    return [status.decode() for status in _STATUS.findall(heard)]


async def _ignored(sending: Coroutine[None, None, None]) -> None:
    with suppress(ConnectionError):  # the other side has ended it, as it should
        await sending
