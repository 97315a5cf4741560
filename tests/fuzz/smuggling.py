"""Bodies that read like requests: a server that loses count of a body's bytes executes them."""

import asyncio
from typing import Any, Final

from fuzz.connections import Caller

SMUGGLED: Final = "/smuggled/"
# What an attack without end sends at most: uvicorn alone keeps all of a head in memory.
MOST_BYTES: Final = 20_000_000


class PacedCaller(Caller):
    """Sends at most `MOST_BYTES`, in pieces between which others have their turn.

    `name` tells the requests in its bodies from those of others. `body_seconds` is how long ingest waits for a body.
    """

    def __init__(self, port: int, *, name: str, key: str, body_seconds: float) -> None:
        super().__init__(port, key=key, seed=7)
        self._smuggled = f"GET {SMUGGLED}{name} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
        self._body_seconds = body_seconds
        self._left = MOST_BYTES

    async def late_body_of_requests(self) -> None:
        """The rest of a body comes when the answer for its lateness is due, and reads like requests."""
        await self._send(self._head("content-length: 100000") + b"[")
        await self._drip(b" " * round(self._body_seconds))
        for _ in range(40):
            await self._send(self._smuggled)
            await asyncio.sleep(0.05)

    async def body_of_requests_without_a_key(self) -> None:
        """The answer comes before the body, which reads like requests."""
        await self._send(self._unauthorized("content-length: 5000000") + self._smuggled * 100)
        await asyncio.sleep(0.5)
        await self._send(self._smuggled * 100)

    async def large_body_of_requests(self) -> None:
        """Over the bound of a body by its length: the answer comes before the body, which reads like requests."""
        count = 6_000_000 // len(self._smuggled)
        await self._send(self._head(f"content-length: {count * len(self._smuggled)}"))
        for _ in range(count // 1_000):
            await self._send(self._smuggled * 1_000)

    async def large_chunks_of_requests(self) -> None:
        """Over the bound of a body by its chunks, which read like requests."""
        await self._send(self._head("transfer-encoding: chunked"))
        chunk = self._smuggled * 1_000
        for _ in range(6_000_000 // len(chunk)):
            await self._send(b"%x\r\n%b\r\n" % (len(chunk), chunk))

    async def offer_with_a_body_of_requests(self) -> None:
        """`Upgrade: h2c`, as curl and Java's client send it. Empty lines fill what is read with the head."""
        offer = ("connection: upgrade, http2-settings", "upgrade: h2c", "http2-settings: AAEAAEAAAAIAAAAA")
        lines = b"\r\n" * 300_000
        await self._send(self._head(*offer, f"content-length: {len(lines + self._smuggled)}") + lines + self._smuggled)

    def _unauthorized(self, *lines: str) -> bytes:
        return self._head(*lines).replace(b"authorization: Bearer ", b"authorization: Nothing ")

    async def _send(self, sent: bytes) -> None:
        if len(sent) > self._left:
            await asyncio.Event().wait()
        self._left -= len(sent)
        await super()._send(sent)
        await asyncio.sleep(0.002)


OFFER: Any = PacedCaller.offer_with_a_body_of_requests
SMUGGLING: tuple[Any, ...] = (
    PacedCaller.late_body_of_requests,
    PacedCaller.body_of_requests_without_a_key,
    PacedCaller.large_body_of_requests,
    PacedCaller.large_chunks_of_requests,
    OFFER,
)
