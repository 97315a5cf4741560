"""The event ids of a partition but its last few thousand: a handful of generations behind a Bloom filter.

Batches and restarts decide which generation holds an id, but never what `has` answers.
"""

from scoring.partition.seen.bloom_filter import BloomFilter
from scoring.partition.seen.generation import DIGEST, Generation, generation, merged

_DEAD = 8  # a generation is copied when more than one in so many of its ids is forgotten
_SPARE = 4  # a new filter has spare capacity for one id in so many


class Generations:
    def __init__(self, *, largest: int) -> None:
        """No merge makes more than `largest` ids: it blocks the event loop for 50 ns an id."""
        self._largest = largest
        self.all: list[Generation] = []  # oldest first, without gaps
        self._filter = BloomFilter(1)
        self._next: BloomFilter | None = None  # replaces a full filter once it holds all ids
        self._copied = 0  # the number up to which it holds them

    def __len__(self) -> int:
        return sum(map(len, self.all))

    def has(self, digest: bytes, floor: int) -> bool:
        """Whether this id is here with a number of `floor` or more."""
        if not self._filter.may_hold(digest):
            return False
        for part in reversed(self.all):
            if part.end <= floor:
                return False
            if part.has(digest, floor):
                return True
        return False

    def number_of(self, digest: bytes, floor: int) -> int | None:
        """The number of this id if a generation that reaches `floor` has it, else None. Slower than `has`."""
        for part in reversed(self.all):
            if part.end <= floor:
                return None
            if part.has(digest, part.first):
                return part.number_of(digest)
        return None

    def load(self, first: int, ids: memoryview) -> None:
        """Takes the stored ids of a partition; called once, on an empty object. The oldest has number `first`."""
        size = self._largest * DIGEST
        self.all = [generation(first + at // DIGEST, ids[at : at + size]) for at in range(0, len(ids), size)]
        self._filter = self._larger_filter()
        for part in self.all:
            self._filter.add(part)

    def add(self, first: int, ids: bytes) -> None:
        """Adds the next ids, which begin with number `first`."""
        newest = generation(first, ids)
        self._filter.add(newest)
        at = len(self.all)
        size = len(newest)
        # Merges only with generations that are not larger, so there are few and each id moves only a few times.
        while at and len(self.all[at - 1]) <= min(size, self._largest - size):
            at -= 1
            size += len(self.all[at])
        equals = [*self.all[at:], newest]
        self.all[at:] = [merged(equals) if len(equals) > 1 else newest]
        self._renew()

    def forget(self, floor: int) -> None:
        """Drops ids with smaller numbers, but not necessarily all."""
        while self.all and self.all[0].end <= floor:
            del self.all[0]
        if self.all and (floor - self.all[0].first) * _DEAD > len(self.all[0]):
            self.all[0] = self.all[0].without(floor)

    def _renew(self) -> None:
        """Replaces a full filter. The new one is filled a generation at a time: all at once would block too long."""
        if self._next is None:
            if self._filter.count <= self._filter.capacity:
                return
            self._next = self._larger_filter()
            self._copied = 0
        part = next(part for part in self.all if part.end > self._copied)
        self._next.add(part)
        self._copied = part.end
        if part is self.all[-1]:
            self._filter, self._next = self._next, None

    def _larger_filter(self) -> BloomFilter:
        return BloomFilter(1 + len(self) + len(self) // _SPARE)
