"""Decodes a body's Content-Encoding chunk by chunk, so that a decompression bomb is refused before it is inflated."""

import zlib
from typing import Protocol

from ingest.errors import BodyErrorReason, BodyRefused

# For each gzip member the rest of the chunk is copied: thousands of empty members would take seconds of CPU time.
_MAX_GZIP_MEMBERS = 100


class BodyDecoder(Protocol):
    def feed(self, chunk: bytes) -> bytes:
        """The decoded bytes of this chunk. Raises `BodyRefused`."""

    def finish(self) -> None:
        """Raises `BodyRefused` if the encoded data is incomplete."""


def body_decoder(content_encoding: str | None, *, limit: int) -> BodyDecoder:
    """The decoder for a Content-Encoding header. It decodes at most `limit` bytes."""
    name = (content_encoding or "identity").strip().lower()
    if name in ("identity", ""):
        return _IdentityDecoder()
    if name in ("gzip", "x-gzip"):
        return _GzipDecoder(limit)
    detail = f"Content-Encoding {name[:40]!r} is not known here: gzip or none"
    raise BodyRefused(BodyErrorReason.UNKNOWN_ENCODING, detail)


class _IdentityDecoder:
    def feed(self, chunk: bytes) -> bytes:
        return chunk

    def finish(self) -> None:
        pass


class _GzipDecoder:
    """Decodes one gzip member after the other: RFC 1952 allows several in one file."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit
        self._member = zlib.decompressobj(wbits=31)
        self._members = 0

    def feed(self, chunk: bytes) -> bytes:
        decoded = []
        while chunk:
            if self._members == 0 or self._member.eof:
                self._begin_member()
            decoded.append(self._inflate(chunk))
            chunk = self._member.unused_data
        return b"".join(decoded)

    def _begin_member(self) -> None:
        self._members += 1
        if self._members > _MAX_GZIP_MEMBERS:
            detail = f"more than {_MAX_GZIP_MEMBERS} gzip members in one body"
            raise BodyRefused(BodyErrorReason.BAD_COMPRESSION, detail)
        self._member = zlib.decompressobj(wbits=31)

    def _inflate(self, chunk: bytes) -> bytes:
        try:
            # One byte more than allowed is enough to see that the body is too large.
            inflated = self._member.decompress(chunk, self._left + 1)
        except zlib.error as error:
            raise BodyRefused(BodyErrorReason.BAD_COMPRESSION, f"the body is not gzip: {error}") from error
        self._left -= len(inflated)
        if self._left < 0:
            raise BodyRefused(
                BodyErrorReason.INFLATED_TOO_LARGE,
                f"the inflated body is over {self._limit} bytes: send smaller batches",
            )
        return inflated

    def finish(self) -> None:
        if self._members and not self._member.eof:
            raise BodyRefused(BodyErrorReason.BAD_COMPRESSION, "the gzip body ends too early")
