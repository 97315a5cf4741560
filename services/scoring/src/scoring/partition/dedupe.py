"""Which events have been counted already: a function of the log, not of what happens to be in memory.

An id is remembered through the clock hour of its record and the 24 after it, and only while it is among the last
`limit` ids. Time is the running maximum of the partition's record times, so a restart forgets neither more nor less.

Ids are numbered in the order of the log. What is remembered at a moment are the ids whose number is at least a floor,
and the floor never falls. An id that comes again after it was forgotten has two numbers; the newer one matters.
"""

from collections import deque
from collections.abc import Iterable
from hashlib import blake2b
from itertools import chain, pairwise

import msgspec

from scoring.partition.seen.generation import DIGEST
from scoring.partition.seen.generations import Generations

HOURS = 24

_NEWEST = 1 << 11  # in a dict they take 130 bytes each
_LARGEST = 1 << 18  # a merge to this size takes 10 ms

_named = msgspec.msgpack.Encoder().encode


def digest(source: str, account_id: str, event_id: str) -> bytes:
    """128 bits that name an event in its partition. They are stored: another function would count all events anew."""
    # MessagePack says how long each part is, so no other three parts make the same bytes.
    return blake2b(_named((source, account_id, event_id)), digest_size=DIGEST).digest()


def hour_of(moment: float) -> int:
    return int(moment // 3600)


def _first_since(hour: int, hours: Iterable[tuple[int, int]], end: int) -> int:
    """The number of the first id of this hour or a later one, of (hour, number of its first id); `end` if none is."""
    return next((number for begun, number in hours if begun >= hour), end)


class Seen:
    """The ids that one partition remembers: the newest in a dict, the others in 19 bytes each.

    `newest` is how many the dict holds at most, `largest` the ids of the largest generation.
    """

    def __init__(self, limit: int, *, newest: int = _NEWEST, largest: int | None = None) -> None:
        self.hours: deque[tuple[int, int]] = deque()  # (hour, number of its first id)
        self.end = 0  # the number that the next id gets
        self._first = 0  # the number of the oldest that is remembered
        self._limit = limit
        self._most = newest
        self._newest: dict[bytes, int] = {}
        self._log = bytearray()  # the ids of the dict in the order of the log
        self._older = Generations(largest=largest or max(_LARGEST, limit // 8))

    def __len__(self) -> int:
        return self.end - self._first

    def restore(self, stored: Iterable[tuple[int, bytes]]) -> None:
        """Takes what was stored, (hour, ids) in the order of the log, as the first thing."""
        blobs = []
        for hour, ids in stored:
            self._number(hour, ids)
            blobs.append(ids)
        self._first = max(0, self.end - self._limit)
        self._older.load(self._first, memoryview(b"".join(blobs))[self._first * DIGEST :])

    def extend(self, hour: int, ids: bytes) -> None:
        """Takes the ids that were counted next, in the order of the log."""
        digests = [ids[i : i + DIGEST] for i in range(0, len(ids), DIGEST)]
        self._newest.update(zip(digests, range(self.end, self.end + len(digests)), strict=True))
        self._log += ids
        self._number(hour, ids)
        if len(self._log) >= self._most * DIGEST:
            self._older.add(self.end - len(self._log) // DIGEST, bytes(self._log))
            self._newest.clear()
            self._log.clear()

    def forget(self, hour: int) -> None:
        """Lets go of what can no longer be asked for, now that the log has reached this hour."""
        self._first = max(self._first, self.end - self._limit, self.first_since(hour - HOURS))
        self._older.forget(self._first)
        while len(self.hours) > 1 and self.hours[1][1] <= self._first:
            self.hours.popleft()
        if self._first == self.end:
            self.hours.clear()

    def oldest_hour(self) -> int | None:
        """The first hour of which no id was forgotten (it may be the one to come); None if none is remembered."""
        if not self.hours:
            return None
        hour, number = self.hours[0]
        return hour + int(self._first > number)

    def has(self, one: bytes, floor: int) -> bool:
        """Whether this id was counted and has a number of `floor` or more."""
        number = self._newest.get(one)
        return self._older.has(one, floor) if number is None else number >= floor

    def first_since(self, hour: int) -> int:
        return _first_since(hour, self.hours, self.end)

    def _number(self, hour: int, ids: bytes) -> None:
        if ids and (not self.hours or self.hours[-1][0] != hour):
            self.hours.append((hour, self.end))
        self.end += len(ids) // DIGEST


class Window:
    """A batch's view of `Seen`: what the batch itself counts is remembered too, and undone by dropping the view."""

    def __init__(self, seen: Seen, limit: int) -> None:
        self._seen = seen
        self._limit = limit
        self._ids: list[bytes] = []  # in the order of the log
        self._numbers: dict[bytes, int] = {}
        self._hours: list[tuple[int, int]] = []  # (hour, number of its first id)
        self._begun = self._next = seen.end
        self._hour: int | None = None  # the log has reached it
        self._since = 0  # the number of the first id of that hour and the 24 before it

    @property
    def counted(self) -> int:
        """How many ids this batch has counted."""
        return self._next - self._begun

    def count(self, one: bytes, hour: int) -> bool:
        """True if the id is new, and from now on remembered; False if it was counted before."""
        if hour != self._hour:
            self._turn(hour)
        number = self._next
        floor = number - self._limit
        if floor < self._since:
            floor = self._since
        mine = self._numbers.get(one)
        if mine >= floor if mine is not None else self._seen.has(one, floor):
            return False
        self._numbers[one] = number
        self._ids.append(one)
        self._next = number + 1
        return True

    def blobs(self) -> dict[int, bytes]:
        """What this batch counted, by clock hour, in the order of the log."""
        turns = pairwise([*self._hours, (0, self._next)])
        begun = self._begun
        return {hour: b"".join(self._ids[at - begun : end - begun]) for (hour, at), (_, end) in turns if end > at}

    def _turn(self, hour: int) -> None:
        self._hour = hour
        self._hours.append((hour, self._next))
        self._since = _first_since(hour - HOURS, chain(self._seen.hours, self._hours), self._next)
