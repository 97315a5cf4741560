"""Content encodings, undone piece by piece, so that a bomb is seen before it has gone off."""

import zlib
from typing import Protocol

from ingest.faults import BodyRefused, Refusal

# Each member copies what is left of its piece: thousands of empty ones would burn seconds.
_MEMBERS = 100


class Decoding(Protocol):
    def feed(self, piece: bytes) -> bytes:
        """What this piece adds to the body. Raises `BodyRefused`."""

    def finish(self) -> None:
        """Raises `BodyRefused` if the body ended before its encoding did."""


def decoding(content_encoding: str | None, *, limit: int) -> Decoding:
    """For the value of a Content-Encoding header; at most `limit` bytes come out."""
    name = (content_encoding or "identity").strip().lower()
    if name in ("identity", ""):
        return _Identity()
    if name in ("gzip", "x-gzip"):
        return _Gzip(limit)
    raise BodyRefused(Refusal.UNKNOWN_ENCODING, f"Content-Encoding {name[:40]!r} is not known here: gzip or none")


class _Identity:
    def feed(self, piece: bytes) -> bytes:
        return piece

    def finish(self) -> None:
        pass


class _Gzip:
    """One member after the other, as RFC 1952 allows."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit
        self._member = zlib.decompressobj(wbits=31)
        self._members = 0

    def feed(self, piece: bytes) -> bytes:
        pieces = []
        while piece:
            if self._members == 0 or self._member.eof:
                self._begin()
            pieces.append(self._inflate(piece))
            piece = self._member.unused_data
        return b"".join(pieces)

    def _begin(self) -> None:
        self._members += 1
        if self._members > _MEMBERS:
            raise BodyRefused(Refusal.BAD_COMPRESSION, f"more than {_MEMBERS} gzip members in one body")
        self._member = zlib.decompressobj(wbits=31)

    def _inflate(self, piece: bytes) -> bytes:
        try:
            inflated = self._member.decompress(piece, self._left + 1)
        except zlib.error as error:
            raise BodyRefused(Refusal.BAD_COMPRESSION, f"the body is not gzip: {error}") from error
        self._left -= len(inflated)
        if self._left < 0:
            raise BodyRefused(
                Refusal.INFLATED_TOO_LARGE,
                f"the inflated body is over {self._limit} bytes: send smaller batches",
            )
        return inflated

    def finish(self) -> None:
        if self._members and not self._member.eof:
            raise BodyRefused(Refusal.BAD_COMPRESSION, "the gzip body ends too early")
