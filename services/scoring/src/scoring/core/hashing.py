"""A hash that is the same in every process: samples and tie-breaks depend on it."""

from functools import lru_cache
from hashlib import blake2b

# One more than the largest hash.
SPACE = 1 << 64


@lru_cache(maxsize=1 << 16)
def hash64(text: str) -> int:
    # A lone surrogate is legal in JSON and must not stop a record.
    body = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(body, digest_size=8).digest(), "big")
