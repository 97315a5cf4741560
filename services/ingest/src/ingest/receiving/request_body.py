"""Reads a request's body: bounded in bytes, in time, and in the memory that all requests hold together."""

from typing import Final

from common.problems import Problem, unavailable
from common.timeout import Timeout
from ingest.errors import BodyErrorReason, BodyRefused
from ingest.receiving.bounds import Bounds
from ingest.receiving.content_encoding import body_decoder
from ingest.receiving.post_request import PostRequest

BUSY: Final = "busy"


class BodyMemory:
    """The memory bound for the bodies of all requests in progress, in bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.held = 0

    def reserve(self, size: int) -> None:
        """Raises a 503 if the bound is reached."""
        if self.held + size > self._limit:
            detail = "too many bodies are being worked on: nothing of this one was taken, send it again"
            raise unavailable(BUSY, detail, retry_after=1)
        self.held += size


class BodyReservation:
    """What one request holds of the memory. It is released when the context ends."""

    __slots__ = ("_memory", "size")

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self.size = 0

    def __enter__(self) -> "BodyReservation":
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.held -= self.size

    def grow(self, size: int) -> None:
        self._memory.reserve(size)
        self.size += size


async def read_body(request: PostRequest, reservation: BodyReservation, *, bounds: Bounds, seconds: float) -> bytes:
    """The decoded body. Raises `BodyRefused`, or a 408 after so many seconds."""
    decoder = body_decoder(request.header(b"content-encoding"), limit=bounds.inflated_bytes)
    left, more = bounds.body_bytes, True
    _check_content_length(request.header(b"content-length"), bounds.body_bytes)
    body = bytearray()
    try:
        with Timeout(seconds, request.loop):
            while more:
                chunk, more = await request.next_chunk()
                left -= len(chunk)
                if left < 0:
                    raise _too_large(bounds.body_bytes)
                # Reserved chunk by chunk: a Content-Length does not tell the size of a compressed body.
                decoded = decoder.feed(chunk)
                reservation.grow(len(decoded))
                body += decoded
    except TimeoutError as error:
        detail = f"the body did not come within {seconds:g} s"
        # A body that stopped coming may never end. Other refusals leave the connection open: the guard drops the rest
        # of the body for some seconds, and a proxy that is still sending it gets the answer instead of an error.
        raise Problem(408, "slow_body", detail, headers={"connection": "close"}) from error
    decoder.finish()
    return bytes(body)


def _check_content_length(announced: str | None, limit: int) -> None:
    """Refuses a body by its Content-Length, before any of it is read."""
    if announced is not None and announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> BodyRefused:
    return BodyRefused(BodyErrorReason.BODY_TOO_LARGE, f"the body is over {limit} bytes: send smaller batches")
