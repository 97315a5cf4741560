"""A Bloom filter of event ids. Most ids that come are new; it recognises 14 of 15 new ones without a search.

It has one byte an id, and each id sets two bits of one byte. It cannot forget, so a full one is replaced.
"""

from itertools import combinations
from struct import Struct

import numpy as np

from scoring.partition.seen.generation import Generation

_PAIRS = [1 << a | 1 << b for a, b in combinations(range(8), 2)]
_PATTERNS = bytes(_PAIRS[n % len(_PAIRS)] for n in range(256))
_PATTERN_OF = np.frombuffer(_PATTERNS, np.uint8)
_parts = Struct(">4xIB7x").unpack  # other bytes of the id than those that a generation sorts by


class BloomFilter:
    def __init__(self, capacity: int) -> None:
        """Made for `capacity` ids; with more it stays correct but lets more new ids through."""
        self.capacity = capacity
        self.count = 0
        self._slots = bytearray(capacity)

    def may_hold(self, digest: bytes) -> bool:
        """True for each id that was put in, and for one in 15 others."""
        word: int
        byte: int
        word, byte = _parts(digest)
        pattern = _PATTERNS[byte]
        return self._slots[word * self.capacity >> 32] & pattern == pattern

    def add(self, ids: Generation) -> None:
        table = ids.table()
        words = table[:, 3:7].copy().view(">u4").ravel().astype(np.uint64)
        slots = (words * np.uint64(self.capacity) >> np.uint64(32)).astype(np.intp)
        np.bitwise_or.at(np.frombuffer(self._slots, np.uint8), slots, _PATTERN_OF.take(table[:, 7]))
        self.count += len(slots)
