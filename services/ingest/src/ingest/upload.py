"""A request's body off the wire: bounded in bytes, in time, and in what all requests together may hold."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from starlette.requests import Request

from common.problems import Problem
from ingest.bounds import Bounds
from ingest.faults import BodyRefused, Refusal
from ingest.inflate import decoding

# Half a body is still on its way: the connection cannot be used again.
_CLOSE = {"connection": "close"}


class Memory:
    """What the bodies that are being worked on hold together, in bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.held = 0

    @contextmanager
    def share(self) -> Iterator["Share"]:
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.size

    def take(self, size: int) -> None:
        if self.held + size > self._limit:
            detail = "too many bodies are being worked on: nothing of this one was taken, send it again"
            raise Problem(503, "busy", detail, headers={"retry-after": "1", **_CLOSE})
        self.held += size


class Share:
    """One request's part of the memory; given back when its context ends."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.size = 0

    def take(self, size: int) -> None:
        self._memory.take(size)
        self.size += size


async def read(request: Request, share: Share, *, bounds: Bounds, seconds: float) -> bytes:
    """The body as its sender had it before any encoding. Raises `BodyRefused` or a 408."""
    unpacking = decoding(request.headers.get("content-encoding"), limit=bounds.inflated_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in _pieces(request, bounds.body_bytes):
                inflated = unpacking.feed(piece)
                share.take(len(inflated))
                body += inflated
    except TimeoutError as error:
        detail = f"the body did not come within {seconds:g} s"
        raise Problem(408, "slow_body", detail, headers=_CLOSE) from error
    unpacking.finish()
    return bytes(body)


async def _pieces(request: Request, limit: int) -> AsyncIterator[bytes]:
    announced = request.headers.get("content-length", "")
    left = limit - (int(announced) if announced.isdecimal() else 0)
    if left >= 0:
        left = limit
        async for piece in request.stream():
            left -= len(piece)
            if left < 0:
                break
            yield piece
    if left < 0:
        detail = f"the body is over {limit} bytes: send smaller batches"
        raise BodyRefused(Refusal.BODY_TOO_LARGE, detail)
