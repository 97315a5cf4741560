"""A server behind the guard, on a port of its own, and what tests say to it as bytes."""

import asyncio
import gc
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from http_guard.limits import ConnectionLimits
from http_guard.protocol import BoundedHttpProtocol, protocol_factory
from http_guard.refusals import ConnectionEnd, Refusal, RefusalAnswer
from support.uvicorn_in_loop import serving

LIMITS = ConnectionLimits(
    connections=3, head_bytes=2_000, head_seconds=0.2, idle_seconds=1, linger_seconds=0.5, lingering=2
)
PATIENCE = 60.0
HEAD = b"POST /%b HTTP/1.1\r\nHost: h\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
CLOSE = b"Connection: close\r\nContent-Length: 0\r\n\r\n"
ASK = HEAD + b"Content-Length: 0\r\n\r\n"
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"
LARGE = b"a" * 16_000_000
ENDLESS = 40_000_000
LAST = HEAD % b"x" + CLOSE
TOO_LARGE = HEAD % b"x" + b"x: %b\r\n" % (b"y" * 2 * LIMITS.head_bytes)


class Server:
    """Says back what it was sent; `/early` does not wait for the body, `/held` waits until it is let go, `/large` says
    more than two sockets hold, `/brimful` a little more. It also counts refused and ended connections by reason.
    """

    def __init__(self) -> None:
        self.port = 0
        self.held = asyncio.Event()
        self.let_go = asyncio.Event()
        self.ended: Counter[str] = Counter()
        self.clients: set[str | None] = set()

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        body, more = b"", scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            more = message["more_body"]
        if scope["path"] == "/held":
            self.held.set()
            await self.let_go.wait()
        if scope["path"] == "/brimful":
            await brimful(scope, send)
            return
        answer = LARGE if scope["path"] == "/large" else b"got " + body
        length = str(len(answer)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": answer})

    def connection_ended(self, reason: ConnectionEnd, client: str | None) -> None:
        self.ended[reason] += 1
        self.clients.add(client)

    def answer(self, refusal: Refusal) -> RefusalAnswer:
        told = {"status": refusal.status, "reason": refusal.reason, "detail": refusal.detail}
        body = json.dumps(told | {"retry_after": refusal.retry_after}).encode()
        return RefusalAnswer([(b"content-type", b"text/json"), (b"content-length", b"%d" % len(body))], body)

    async def connect(self, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        return reader, writer

    async def unread(self, sent: bytes) -> socket.socket:
        """A connection on which nothing is read, with as little room for answers as there is."""
        silent = socket.socket()
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        silent.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(silent, ("127.0.0.1", self.port))
        await loop.sock_sendall(silent, sent)
        return silent

    async def answers_again(self) -> None:
        """Once there is a place: all were taken."""
        said = b""
        async with asyncio.timeout(PATIENCE):
            while not said.startswith(b"HTTP/1.1 200"):
                # A connection without a place is refused, and reset if the request comes after that.
                with suppress(ConnectionResetError):
                    said = await self.last_words(LAST)

    async def last_words(self, sent: bytes) -> bytes:
        """All that is said until the connection is ended from the other side."""
        reader, writer = await self.connect(sent)
        try:
            return await rest(reader)
        finally:
            writer.close()


@asynccontextmanager
async def serving_with(limits: ConnectionLimits) -> AsyncIterator[Server]:
    built = Server()
    async with serving(built, http=protocol_factory(limits, built)) as built.port:
        try:
            yield built
        finally:
            built.let_go.set()


async def rest(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await reader.read()


def held_open() -> list[BoundedHttpProtocol]:
    """Nobody hands them out."""
    return [one for one in gc.get_objects() if type(one) is BoundedHttpProtocol and not one.transport.is_closing()]


async def brimful(scope, send) -> None:  # type: ignore[no-untyped-def]
    """Until the socket takes no more; what is left is too little for the server to stop writing."""
    (transport,) = (one.transport for one in held_open() if one.client == scope["client"])
    await send({"type": "http.response.start", "status": 200})
    # A small write waits for the next one, so it says nothing of the socket.
    while transport.get_write_buffer_size() < 20_000:
        await send({"type": "http.response.body", "body": b"a" * 1_000, "more_body": True})
    await send({"type": "http.response.body"})


def refusal(answer: bytes) -> tuple[int, str]:
    """Status and reason; it must be an answer in full."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: text/json" in head
    assert b"connection: close" in head
    told = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % told["status"])
    assert told["detail"]
    assert told["retry_after"] == (1 if told["status"] == 503 else None)
    return told["status"], told["reason"]
