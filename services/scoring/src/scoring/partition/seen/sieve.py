"""Most ids that come were never counted; a sieve knows that of 14 in 15 without looking for them.

A Bloom filter of one byte an id: each sets two bits of one byte. It forgets nothing, so a full one is made anew.
"""

from itertools import combinations
from struct import Struct

import numpy as np

from scoring.partition.seen.generation import Generation

_PAIRS = [1 << a | 1 << b for a, b in combinations(range(8), 2)]
_PATTERNS = bytes(_PAIRS[n % len(_PAIRS)] for n in range(256))
_PATTERN_OF = np.frombuffer(_PATTERNS, np.uint8)
_parts = Struct(">4xIB7x").unpack  # bytes of the id that its place in a generation does not depend on


class Sieve:
    def __init__(self, room: int) -> None:
        """Takes `room` ids; with more it still never denies one, but is of less use."""
        self.room = room
        self.held = 0
        self._slots = bytearray(room)

    def may_hold(self, one: bytes) -> bool:
        """True of each id that was put in, and of one in 15 others."""
        word: int
        byte: int
        word, byte = _parts(one)
        pattern = _PATTERNS[byte]
        return self._slots[word * self.room >> 32] & pattern == pattern

    def put(self, ids: Generation) -> None:
        table = ids.table()
        words = table[:, 3:7].copy().view(">u4").ravel().astype(np.uint64)
        slots = (words * np.uint64(self.room) >> np.uint64(32)).astype(np.intp)
        np.bitwise_or.at(np.frombuffer(self._slots, np.uint8), slots, _PATTERN_OF.take(table[:, 7]))
        self.held += len(slots)
