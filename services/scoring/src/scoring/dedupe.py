"""Which events have been counted already: a function of the log, not of what happens to be in memory.

An id is remembered through the clock hour of its record and the 24 after it, and only while it is among the last
`limit` ids. Time is the running maximum of the partition's record times, so a restart forgets neither more nor less.
"""

from collections import deque
from collections.abc import Iterable
from hashlib import blake2b

HOURS = 24
DIGEST = 16


def digest(source: str, account_id: str, event_id: str) -> bytes:
    """128 bits that name an event in its partition."""
    parts = (source.encode(), account_id.encode(), event_id.encode())
    return blake2b(b"".join(len(p).to_bytes(4, "big") + p for p in parts), digest_size=DIGEST).digest()


def hour_of(moment: float) -> int:
    return int(moment // 3600)


class Seen:
    """The ids that one partition remembers, oldest first, numbered in the order of the log."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._number: dict[bytes, int] = {}
        self._order: deque[bytes] = deque()
        self._hours: deque[tuple[int, int]] = deque()  # (hour, number of its first id)
        self._next = 0

    def __len__(self) -> int:
        return len(self._order)

    def restore(self, hour: int, digests: bytes) -> None:
        """Takes one stored blob; blobs come in the order in which they were written."""
        self.extend(hour, (digests[i : i + DIGEST] for i in range(0, len(digests), DIGEST)))

    def extend(self, hour: int, digests: Iterable[bytes]) -> None:
        for one in digests:
            if not self._hours or self._hours[-1][0] != hour:
                self._hours.append((hour, self._next))
            self._number[one] = self._next
            self._order.append(one)
            self._next += 1

    def forget(self, hour: int) -> None:
        """Lets go of what can no longer be asked for, now that the log has reached this hour."""
        floor = self._floor(hour, 0)
        first = self._next - len(self._order)
        for number in range(first, min(floor, self._next)):
            one = self._order.popleft()
            if self._number[one] == number:
                del self._number[one]
        while len(self._hours) > 1 and self._hours[1][1] <= floor:
            self._hours.popleft()
        if not self._order:
            self._hours.clear()

    def oldest_hour(self) -> int | None:
        """The first hour of which no id was forgotten (it may be the one to come); None if none is remembered."""
        if not self._hours:
            return None
        hour, number = self._hours[0]
        return hour + int(self._next - len(self._order) > number)

    def has(self, one: bytes, *, hour: int, fresh: int) -> bool:
        """Whether an id is remembered at `hour`, with `fresh` more ids counted since the last `extend`."""
        number = self._number.get(one)
        return number is not None and number >= self._floor(hour, fresh)

    def _floor(self, hour: int, fresh: int) -> int:
        floor = max(0, self._next + fresh - self._limit)
        for start, number in self._hours:
            if start >= hour - HOURS:
                return max(floor, number)
        return max(floor, self._next) if self._hours else floor


class Window:
    """A batch's view of `Seen`: what the batch itself counts is remembered too, and undone by dropping the view."""

    def __init__(self, seen: Seen, limit: int) -> None:
        self._seen = seen
        self._limit = limit
        self._log: list[tuple[bytes, int]] = []  # (id, its hour), in the order of the log
        self._place: dict[bytes, int] = {}

    def count(self, one: bytes, hour: int) -> bool:
        """True if the id is new, and from now on remembered; False if it was counted before."""
        fresh = len(self._log)
        if self._seen.has(one, hour=hour, fresh=fresh):
            return False
        place = self._place.get(one)
        if place is not None and place >= fresh - self._limit and self._log[place][1] >= hour - HOURS:
            return False
        self._place[one] = fresh
        self._log.append((one, hour))
        return True

    def blobs(self) -> dict[int, bytes]:
        """What this batch counted, by clock hour, in the order of the log."""
        hours: dict[int, list[bytes]] = {}
        for one, hour in self._log:
            hours.setdefault(hour, []).append(one)
        return {hour: b"".join(ids) for hour, ids in hours.items()}
