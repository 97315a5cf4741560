"""A request's body off the wire: bounded in bytes, in time, and in what all requests together may hold."""

from typing import Final

from common.patience import Patience
from common.problems import Problem
from ingest.bounds import Bounds
from ingest.faults import BodyRefused, Refusal
from ingest.inflate import decoding
from ingest.posted import Posted

# Half a body is still on its way: the connection cannot be used again.
_CLOSE = {"connection": "close"}
BUSY: Final = "busy"


class Memory:
    """What the bodies that are being worked on hold together, in bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.held = 0

    def share(self) -> "Share":
        return Share(self)

    def take(self, size: int) -> None:
        if self.held + size > self._limit:
            detail = "too many bodies are being worked on: nothing of this one was taken, send it again"
            raise Problem(503, BUSY, detail, headers={"retry-after": "1", **_CLOSE})
        self.held += size


class Share:
    """One request's part of the memory; given back when its context ends."""

    __slots__ = ("_memory", "size")

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.size = 0

    def __enter__(self) -> "Share":
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.held -= self.size

    def take(self, size: int) -> None:
        self._memory.take(size)
        self.size += size


async def read(posted: Posted, share: Share, *, bounds: Bounds, seconds: float) -> bytes:
    """The body as its sender had it before any encoding. Raises `BodyRefused` or a 408."""
    unpacking = decoding(posted.header(b"content-encoding"), limit=bounds.inflated_bytes)
    left, more = bounds.body_bytes, True
    _expect(posted.header(b"content-length"), bounds.body_bytes)
    body = bytearray()
    try:
        with Patience(seconds):
            while more:
                piece, more = await posted.piece()
                left -= len(piece)
                if left < 0:
                    raise _too_large(bounds.body_bytes)
                inflated = unpacking.feed(piece)
                share.take(len(inflated))
                body += inflated
    except TimeoutError as error:
        detail = f"the body did not come within {seconds:g} s"
        raise Problem(408, "slow_body", detail, headers=_CLOSE) from error
    unpacking.finish()
    return bytes(body)


def _expect(announced: str | None, limit: int) -> None:
    """Nothing is read of a body that is announced as too large."""
    if announced is not None and announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> BodyRefused:
    return BodyRefused(Refusal.BODY_TOO_LARGE, f"the body is over {limit} bytes: send smaller batches")
