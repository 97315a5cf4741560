"""A 64-bit hash of text that is the same in every process: samples and tie-breaks depend on it."""

from hashlib import blake2b
from typing import Final

# One more than the largest hash.
SPACE: Final = 1 << 64
_MOST_CACHED: Final = 1 << 16
_cache: Final[dict[str, int]] = {}


def hash64(text: str) -> int:
    found = _cache.get(text)
    if found is None:
        if len(_cache) >= _MOST_CACHED:
            _cache.clear()
        # JSON allows a lone surrogate, which UTF-8 does not; the record must still be scored.
        body = text.encode("utf-8", "surrogatepass")
        found = _cache[text] = int.from_bytes(blake2b(body, digest_size=8).digest(), "big")
    return found
