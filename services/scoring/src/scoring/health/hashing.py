"""The hashes of texts that states hold, remembered: samples and tie-breaks depend on them."""

from typing import Final

from common.text_hash import BITS, text_hash

# One more than the largest hash.
SPACE: Final = 1 << BITS
_MOST_CACHED: Final = 1 << 16
_cache: Final[dict[str, int]] = {}


def hash64(text: str) -> int:
    found = _cache.get(text)
    if found is None:
        if len(_cache) >= _MOST_CACHED:
            _cache.clear()
        found = _cache[text] = text_hash(text)
    return found
