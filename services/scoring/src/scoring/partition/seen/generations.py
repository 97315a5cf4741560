"""The ids of a partition but its last few thousand: a handful of generations behind a sieve.

Which id stands in which generation depends on batches and restarts; what `has` answers does not.
"""

from scoring.partition.seen.generation import DIGEST, Generation, generation, merged
from scoring.partition.seen.sieve import Sieve

_DEAD = 8  # a generation is written anew when one in so many of its ids is forgotten
_SPARE = 4  # a new sieve has room for one in so many more


class Generations:
    def __init__(self, *, largest: int) -> None:
        """No merge makes a generation of more than `largest` ids: the event loop waits for it, 50 ns an id."""
        self._largest = largest
        self.all: list[Generation] = []  # oldest first; each begins where the one before ends
        self._sieve = Sieve(1)
        self._next: Sieve | None = None  # what follows a full sieve, once it holds all that is remembered
        self._copied = 0  # the number up to which it does

    def __len__(self) -> int:
        return sum(map(len, self.all))

    def has(self, one: bytes, floor: int) -> bool:
        """Whether this id is here with a number of `floor` or more."""
        if not self._sieve.may_hold(one):
            return False
        for some in reversed(self.all):
            if some.end <= floor:
                return False
            if some.has(one, floor):
                return True
        return False

    def load(self, first: int, ids: memoryview) -> None:
        """Takes what a partition remembered, as the first thing; the oldest has number `first`."""
        size = self._largest * DIGEST
        self.all = [generation(first + at // DIGEST, ids[at : at + size]) for at in range(0, len(ids), size)]
        self._sieve = self._roomier()
        for some in self.all:
            self._sieve.put(some)

    def add(self, first: int, ids: bytes) -> None:
        """Takes the ids that follow, which begin with number `first`."""
        newest = generation(first, ids)
        self._sieve.put(newest)
        at = len(self.all)
        size = len(newest)
        # Each is merged with its like, so that there are few of them and each id is moved a few times only.
        while at and len(self.all[at - 1]) <= min(size, self._largest - size):
            at -= 1
            size += len(self.all[at])
        equals = [*self.all[at:], newest]
        self.all[at:] = [merged(equals) if len(equals) > 1 else newest]
        self._renew()

    def forget(self, floor: int) -> None:
        """Lets go of ids with smaller numbers, not necessarily of all."""
        while self.all and self.all[0].end <= floor:
            del self.all[0]
        if self.all and (floor - self.all[0].first) * _DEAD > len(self.all[0]):
            self.all[0] = self.all[0].without(floor)

    def _renew(self) -> None:
        """A sieve that is full is followed by another, made one generation at a time: all at once takes too long."""
        if self._next is None:
            if self._sieve.held <= self._sieve.room:
                return
            self._next = self._roomier()
            self._copied = 0
        some = next(some for some in self.all if some.end > self._copied)
        self._next.put(some)
        self._copied = some.end
        if some is self.all[-1]:
            self._sieve, self._next = self._next, None

    def _roomier(self) -> Sieve:
        return Sieve(1 + len(self) + len(self) // _SPARE)
