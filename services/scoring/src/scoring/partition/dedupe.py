"""Which event ids were counted already. The answer depends on the log alone, never on batches or restarts.

An id is remembered through the clock hour of its record and the 24 hours after it, if it is among the last `limit` ids.
Time is the running maximum of the partition's record times, so every reader forgets at the same record.

Ids are numbered in the order of the log. The remembered ids are those numbered at or above a floor, which never falls.
An id that comes again after it was forgotten gets a second number; the newer one counts.
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
_blake2b = blake2b(digest_size=DIGEST)  # a copy costs less than a new one


def digest(source: str, account_id: str, event_id: str) -> bytes:
    """128 bits that name an event in its partition. They are stored, so this function can never change."""
    # MessagePack writes the length of each part, so no other three parts make the same bytes.
    hasher = _blake2b.copy()
    hasher.update(_named((source, account_id, event_id)))
    return hasher.digest()


def hour_of(moment: float) -> int:
    return int(moment // 3600)


def _first_since(hour: int, hours: Iterable[tuple[int, int]], end: int) -> int:
    """The number of the first id of this hour or a later one; `end` if there is none.

    `hours` are pairs of an hour and the number of its first id.
    """
    return next((number for begun, number in hours if begun >= hour), end)


class SeenIds:
    """The ids that one partition remembers: the newest in a dict, the others at 19 bytes each.

    `newest` is the most that the dict holds, `largest` the most ids of one generation.
    """

    def __init__(self, limit: int, *, newest: int = _NEWEST, largest: int | None = None) -> None:
        self.hours: deque[tuple[int, int]] = deque()  # (hour, number of its first id)
        self.end = 0  # the number that the next id gets
        self._floor = 0  # the number of the oldest id that is remembered
        self._limit = limit
        self._max_newest = newest
        self._newest: dict[bytes, int] = {}
        self._log = bytearray()  # the ids of the dict in the order of the log
        self._older = Generations(largest=largest or max(_LARGEST, limit // 8))

    def __len__(self) -> int:
        return self.end - self._floor

    def restore(self, stored: Iterable[tuple[int, bytes]]) -> None:
        """Takes the stored ids, (hour, ids) in the order of the log; called once, on an empty object."""
        blobs = []
        for hour, ids in stored:
            self._add_hour(hour, ids)
            blobs.append(ids)
        self._floor = max(0, self.end - self._limit)
        self._older.load(self._floor, memoryview(b"".join(blobs))[self._floor * DIGEST :])

    def extend(self, hour: int, ids: bytes) -> None:
        """Adds the ids that a commit has counted, in the order of the log."""
        digests = [ids[i : i + DIGEST] for i in range(0, len(ids), DIGEST)]
        self._newest.update(zip(digests, range(self.end, self.end + len(digests)), strict=True))
        self._log += ids
        self._add_hour(hour, ids)
        if len(self._log) >= self._max_newest * DIGEST:
            self._older.add(self.end - len(self._log) // DIGEST, bytes(self._log))
            self._newest.clear()
            self._log.clear()

    def forget(self, hour: int) -> None:
        """Raises the floor, now that the log has reached this hour, and drops ids below it."""
        self._floor = max(self._floor, self.end - self._limit, self.first_since(hour - HOURS))
        self._older.forget(self._floor)
        while len(self.hours) > 1 and self.hours[1][1] <= self._floor:
            self.hours.popleft()
        if self._floor == self.end:
            self.hours.clear()

    def oldest_hour(self) -> int | None:
        """The first hour of which every id is remembered (it may be the next one); None if no id is remembered."""
        if not self.hours:
            return None
        hour, number = self.hours[0]
        return hour + int(self._floor > number)

    def has(self, event_digest: bytes, floor: int) -> bool:
        """Whether this id was counted with a number of `floor` or more."""
        number = self._newest.get(event_digest)
        return self._older.has(event_digest, floor) if number is None else number >= floor

    def number_of(self, event_digest: bytes, floor: int) -> int | None:
        """The number of an id that was counted; None if it is below `floor`. Slower than `has`."""
        number = self._newest.get(event_digest)
        return self._older.number_of(event_digest, floor) if number is None else number

    def first_since(self, hour: int) -> int:
        return _first_since(hour, self.hours, self.end)

    def _add_hour(self, hour: int, ids: bytes) -> None:
        if ids and (not self.hours or self.hours[-1][0] != hour):
            self.hours.append((hour, self.end))
        self.end += len(ids) // DIGEST


class BatchDedupe:
    """A batch's view of `SeenIds`, with the ids that the batch itself has counted. A failed batch drops its view."""

    def __init__(self, seen: SeenIds, limit: int) -> None:
        self._seen = seen
        self._limit = limit
        self._ids: list[bytes] = []  # in the order of the log
        self._numbers: dict[bytes, int] = {}
        self._hours: list[tuple[int, int]] = []  # (hour, number of its first id)
        self._begun = self._next = seen.end
        self._hour: int | None = None  # that the log has reached
        self._hours_floor = 0  # the number of the first id of that hour and the 24 before it

    @property
    def counted(self) -> int:
        """How many ids this batch has counted."""
        return self._next - self._begun

    def count_if_new(self, event_digest: bytes, hour: int) -> bool:
        """Counts the id if it is new; whether it was."""
        if hour != self._hour:
            self._enter_hour(hour)
        number = self._next
        # Both bounds hold: the last `limit` ids, and those of the last hours.
        floor = number - self._limit
        if floor < self._hours_floor:
            floor = self._hours_floor
        own = self._numbers.get(event_digest)
        if own >= floor if own is not None else self._seen.has(event_digest, floor):
            return False
        self._numbers[event_digest] = number
        self._ids.append(event_digest)
        self._next = number + 1
        return True

    def number_of(self, event_digest: bytes, floor: int) -> int | None:
        """The number of an id that was counted; None if it is below `floor`."""
        own = self._numbers.get(event_digest)
        return self._seen.number_of(event_digest, floor) if own is None else own

    def blobs(self) -> dict[int, bytes]:
        """The ids that this batch counted, by clock hour, in the order of the log."""
        hours = pairwise([*self._hours, (0, self._next)])
        begun = self._begun
        return {hour: b"".join(self._ids[at - begun : end - begun]) for (hour, at), (_, end) in hours if end > at}

    def _enter_hour(self, hour: int) -> None:
        self._hour = hour
        self._hours.append((hour, self._next))
        self._hours_floor = _first_since(hour - HOURS, chain(self._seen.hours, self._hours), self._next)
