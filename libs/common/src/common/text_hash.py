"""A 64-bit hash of text that is the same in every process, for ever: states of accounts hold it."""

from hashlib import blake2b
from typing import Final

BITS: Final = 64


def text_hash(text: str) -> int:
    """An integer from 0 to 2^64 - 1."""
    # JSON allows a lone surrogate, which UTF-8 does not; the record must still be scored.
    body = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(body, digest_size=BITS // 8).digest(), "big")
